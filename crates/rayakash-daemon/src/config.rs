//! What the daemon was told: a file, under `RAYAKASH_*`, under flags. The environment is read here and nowhere else.

mod file;
mod paths;

use std::collections::BTreeMap;
use std::path::PathBuf;

use akash_types::Address;
use secrecy::SecretString;

pub use paths::Paths;

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
    /// uakt that stay in the wallet for closing what is open.
    pub fee_reserve: u128,
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
                fee_reserve: u128::from(file.daemon.fee_reserve_uakt.unwrap_or(100_000)),
                passphrase: None,
            }),
            _ => Err(BadConfig { problems }),
        }
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
        let text = "[contexts.a]\nnetwork = \"moon\"\n[contexts.mainnet]\nendpoints = [\"grpc:1\"]\n";
        let problems = config(text, Some("b")).unwrap_err().problems;
        assert_eq!(problems.len(), 3, "{problems:?}");
    }
}
