//! What the daemon was told: a file, under `RAYAKASH_*`, under flags. The environment is read here and nowhere else.

mod file;
mod paths;

use std::collections::BTreeMap;
use std::path::PathBuf;

use akash_types::Address;
use secrecy::SecretString;

pub use paths::Paths;

use rayakash_api::file::usd_to_uact;
use rayakash_core::reserve::Limits;

use crate::network::Network;
use file::File;

/// What flags say. Each is `None` when it was not given.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--context`.
    pub context: Option<String>,
    /// Another place for everything but the cache, as `RAYAKASH_HOME`.
    pub home: Option<PathBuf>,
}

/// Everything that the daemon needs to know, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where things lie.
    pub paths: Paths,
    /// The context in use.
    pub context: Context,
    /// The log's filter, as `tracing` reads it.
    pub log: String,
    /// Logs as JSON.
    pub log_json: bool,
    /// Milliseconds that a cluster may take from the lease until it is ready.
    pub ready_ms: u64,
    /// What all clusters together may spend.
    pub limits: Limits,
    /// Opens the key when the daemon starts; set by who starts it.
    pub passphrase: Option<SecretString>,
}

/// A network, its endpoints and the key that pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Its name.
    pub name: String,
    /// What it stands for.
    pub network: Network,
    /// gRPC endpoints; empty for the sandbox, which says itself where it listens.
    pub endpoints: Vec<String>,
    /// The key's name; none for the sandbox, whose key is public.
    pub key: Option<String>,
    /// Who pays deposits and fees by grants, when the key itself owns nothing.
    pub funder: Option<Address>,
}

/// All that is wrong with the configuration, at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", problems.join("\n"))]
pub struct BadConfig {
    /// One sentence each, with the place.
    pub problems: Vec<String>,
}

/// A variable of the environment; an empty one is none.
#[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Config {
    /// Reads the file, the environment and the flags.
    pub fn load(overrides: &Overrides) -> Result<Self, BadConfig> {
        let fail = |problem: String| BadConfig { problems: vec![problem] };
        let paths = Paths::find(overrides.home.clone(), &variable).map_err(fail)?;
        let file = File::read(&paths.config_file()).map_err(fail)?;
        let wanted = overrides.context.clone().or_else(|| variable("RAYAKASH_CONTEXT"));
        let mut config = Self::of(file, paths, wanted)?;
        if let Some(log) = variable("RAYAKASH_LOG") {
            config.log = log;
        }
        Ok(config)
    }

    /// A context of a network on this machine, all below one directory.
    #[cfg(test)]
    pub(crate) fn localnet(home: &std::path::Path, endpoint: &str) -> Self {
        let paths = Paths::find(Some(home.to_owned()), &|_| None).unwrap();
        let text = format!("[contexts.localnet]\nendpoints = [\"{endpoint}\"]\n");
        Self::of(File::parse(&text).unwrap(), paths, Some("localnet".to_owned())).unwrap()
    }

    fn of(file: File, paths: Paths, wanted: Option<String>) -> Result<Self, BadConfig> {
        let mut problems = Vec::new();
        let contexts = contexts(&file, &mut problems);
        // The sandbox is the default until the user makes another context.
        let name = wanted.or_else(|| file.context.clone()).unwrap_or_else(|| "sandbox".to_owned());
        let limits = limits(&file, &mut problems);
        let context = contexts.get(&name).cloned();
        if context.is_none() {
            let known = contexts.keys().cloned().collect::<Vec<_>>().join(", ");
            problems.push(format!("there is no context `{name}`; there are: {known}"));
        }
        match context {
            Some(context) if problems.is_empty() => Ok(Self {
                paths,
                context,
                log: file.daemon.log.unwrap_or_else(|| "info".to_owned()),
                log_json: file.daemon.log_json.unwrap_or(false),
                ready_ms: file.daemon.ready_minutes.unwrap_or(20).saturating_mul(60_000),
                limits,
                passphrase: None,
            }),
            _ => Err(BadConfig { problems }),
        }
    }
}

/// A cap that cannot be read is a problem, and never no cap.
fn limits(file: &File, problems: &mut Vec<String>) -> Limits {
    let default = Limits::default();
    let max_per_day = file.wallet.max_usd_per_day.as_ref().and_then(|text| {
        let cap = usd_to_uact(text);
        if cap.is_none() {
            problems.push(format!(
                "wallet.max_usd_per_day: `{text}` is no amount of US dollars, such as \"10\" or \"2.50\""
            ));
        }
        cap
    });
    let or = |given: Option<u64>, default| given.map_or(default, u128::from);
    Limits {
        max_per_day,
        max_fees_per_day: or(file.wallet.max_fees_uakt_per_day, default.max_fees_per_day),
        fee_reserve: or(file.daemon.fee_reserve_uakt, default.fee_reserve),
    }
}

fn contexts(file: &File, problems: &mut Vec<String>) -> BTreeMap<String, Context> {
    let built_in = |network: Network| Context {
        name: network.name().to_owned(),
        network,
        endpoints: network.endpoints().iter().map(ToString::to_string).collect(),
        key: (network != Network::Sandbox).then(|| "default".to_owned()),
        funder: None,
    };
    let mut contexts: BTreeMap<String, Context> =
        Network::ALL.into_iter().map(|network| (network.name().to_owned(), built_in(network))).collect();
    for (name, given) in &file.contexts {
        let Some(network) = Network::named(given.network.as_deref().unwrap_or(name)) else {
            let known = Network::ALL.map(Network::name).join(", ");
            problems.push(format!(
                "contexts.{name}.network: `{}` is none of {known}",
                given.network.as_deref().unwrap_or(name)
            ));
            continue;
        };
        let mut context = Context { name: name.clone(), ..built_in(network) };
        if let Some(endpoints) = &given.endpoints {
            for endpoint in
                endpoints.iter().filter(|e| !e.starts_with("http://") && !e.starts_with("https://"))
            {
                problems.push(format!(
                    "contexts.{name}.endpoints: `{endpoint}` must start with http:// or https://"
                ));
            }
            context.endpoints.clone_from(endpoints);
        }
        if given.key.is_some() {
            context.key.clone_from(&given.key);
        }
        match given.funder.as_deref().map(str::parse).transpose() {
            Ok(funder) => context.funder = funder,
            Err(error) => problems.push(format!("contexts.{name}.funder: {error}")),
        }
        contexts.insert(name.clone(), context);
    }
    contexts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str, wanted: Option<&str>) -> Result<Config, BadConfig> {
        let fail = |problem| BadConfig { problems: vec![problem] };
        let paths = Paths::find(Some(PathBuf::from("/tmp/x")), &|_| None).map_err(fail)?;
        Config::of(File::parse(text).map_err(fail)?, paths, wanted.map(str::to_owned))
    }

    #[test]
    fn without_a_file_it_is_the_sandbox() {
        let config = config("", None).unwrap();
        assert_eq!(config.context.network, Network::Sandbox);
        assert_eq!(config.context.key, None);
    }

    #[test]
    fn a_context_is_a_network_with_other_endpoints_and_key() {
        let text = "context = \"main\"\n[contexts.main]\nnetwork = \"mainnet\"\nendpoints = [\"https://a\"]\nkey = \"team\"\n";
        let config = config(text, None).unwrap();
        assert_eq!(config.context.endpoints, ["https://a"]);
        assert_eq!(config.context.key.as_deref(), Some("team"));
        assert!(config.context.network.real_money());
    }

    #[test]
    fn limits_are_exact() {
        assert_eq!(config("", None).unwrap().limits, Limits::default());
        let text = "[daemon]\nfee_reserve_uakt = 7\n[wallet]\nmax_usd_per_day = \"2.500001\"\nmax_fees_uakt_per_day = 9\n";
        let limits = Limits { max_per_day: Some(2_500_001), max_fees_per_day: 9, fee_reserve: 7 };
        assert_eq!(config(text, None).unwrap().limits, limits);
    }

    #[test]
    fn a_funder_is_an_address() {
        let text = |funder| format!("[contexts.hot]\nnetwork = \"localnet\"\nfunder = \"{funder}\"\n");
        let address = "akash1vtad8680vhdfqvxx0f2yaxa6agdylelm443h3v";
        let funder = config(&text(address), Some("hot")).unwrap().context.funder;
        assert_eq!(funder.as_ref().map(Address::as_str), Some(address));
        let problems = config(&text("akash1x"), Some("hot")).unwrap_err().problems;
        assert!(problems[0].starts_with("contexts.hot.funder: "), "{problems:?}");
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let text = "[wallet]\nmax_usd_per_day = \"ten\"\n[contexts.a]\nnetwork = \"moon\"\n[contexts.mainnet]\nendpoints = [\"grpc:1\"]\n";
        let problems = config(text, Some("b")).unwrap_err().problems;
        assert_eq!(problems.len(), 4, "{problems:?}");
    }
}
