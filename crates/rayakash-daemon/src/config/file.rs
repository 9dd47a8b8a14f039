//! The configuration file: TOML, all optional, unknown keys refused.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;

/// The file as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// The context in use when no flag names one.
    pub(super) context: Option<String>,
    /// The service.
    #[serde(default)]
    pub(super) daemon: Daemon,
    /// What may be spent.
    #[serde(default)]
    pub(super) wallet: Wallet,
    /// Contexts beside the built-in ones, or changes to those.
    #[serde(default)]
    pub(super) contexts: BTreeMap<String, ContextFile>,
}

/// The service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Daemon {
    pub(super) log: Option<String>,
    pub(super) log_json: Option<bool>,
    pub(super) ready_minutes: Option<u64>,
    pub(super) fee_reserve_uakt: Option<u64>,
}

/// What all clusters of a context together may spend.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wallet {
    pub(super) max_usd_per_day: Option<String>,
    pub(super) max_fees_uakt_per_day: Option<u64>,
}

/// A context.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContextFile {
    pub(super) network: Option<String>,
    pub(super) endpoints: Option<Vec<String>>,
    pub(super) key: Option<String>,
    pub(super) funder: Option<String>,
}

impl File {
    /// Reads the file; one that is not there says nothing.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        Self::parse(&text).map_err(|problem| format!("{}: {problem}", path.display()))
    }

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commented_example_is_a_valid_file_and_names_every_key() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/rayakash.toml");
        let text = std::fs::read_to_string(path).unwrap();
        File::parse(&text).unwrap();
        // With every commented key switched on it must still be one.
        let all: String = text
            .lines()
            .map(|line| match line.strip_prefix("#") {
                Some(rest) if rest.starts_with('[') || rest.contains(" = ") && !rest.starts_with(' ') => rest,
                _ => line,
            })
            .map(|line| format!("{line}\n"))
            .collect();
        let file = File::parse(&all).unwrap();
        assert!(file.context.is_some() && file.daemon.log.is_some() && file.daemon.log_json.is_some());
        assert!(file.daemon.ready_minutes.is_some() && file.daemon.fee_reserve_uakt.is_some());
        assert!(file.wallet.max_usd_per_day.is_some() && file.wallet.max_fees_uakt_per_day.is_some());
        let any = |has: fn(&ContextFile) -> bool| file.contexts.values().any(has);
        assert!(any(|c| c.network.is_some() && c.endpoints.is_some() && c.key.is_some()));
        assert!(any(|c| c.funder.is_some()));
    }

    #[test]
    fn an_unknown_key_is_an_error_with_its_line() {
        let error = File::parse("contxt = \"a\"\n").unwrap_err();
        assert!(error.contains("line 1") && error.contains("contxt"), "{error}");
    }
}
