//! The official binaries, where the environment says that they are.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// What there is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binaries {
    /// The `akash` node.
    pub(crate) akash: PathBuf,
    /// The `provider-services` daemon, and the Kubernetes that it deploys to.
    pub(crate) provider: Option<Provider>,
    /// How long one command, or a start, may take.
    pub(crate) patience: Duration,
}

/// The real provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Provider {
    pub(crate) binary: PathBuf,
    pub(crate) kubeconfig: PathBuf,
}

/// There is no binary: one line, and how to end. Nobody's build fails because it is missing, and nobody takes it for a success by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) line: String,
    pub(crate) exit_code: u8,
}

#[expect(clippy::disallowed_methods, reason = "a harness is told by its environment where the binaries are")]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

impl Binaries {
    pub(crate) fn of_environment(patience: Duration) -> Result<Self, Missing> {
        Self::of(&variable, patience)
    }

    fn of(variable: &dyn Fn(&str) -> Option<OsString>, patience: Duration) -> Result<Self, Missing> {
        let Some(akash) = variable("AKASH_BIN").map(PathBuf::from) else {
            let under_ci = variable("CI").is_some();
            let end = if under_ci { "skipped" } else { "nothing was done" };
            let line = format!(
                "localnet: AKASH_BIN names no akash binary, {end}; `cargo xtask localnet test --sandbox` needs none"
            );
            return Err(Missing { line, exit_code: if under_ci { 0 } else { 2 } });
        };
        let provider = variable("PROVIDER_SERVICES_BIN")
            .zip(variable("KUBECONFIG"))
            .map(|(binary, kubeconfig)| Provider { binary: binary.into(), kubeconfig: kubeconfig.into() });
        Ok(Self { akash, provider, patience })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(set: &[(&str, &str)]) -> Result<Binaries, Missing> {
        let variable =
            |name: &str| set.iter().find(|(n, _)| *n == name).map(|(_, value)| OsString::from(value));
        Binaries::of(&variable, Duration::from_secs(1))
    }

    #[test]
    fn without_a_binary_one_line_says_so_and_only_ci_goes_on() {
        let by_hand = of(&[]).unwrap_err();
        assert_eq!((by_hand.exit_code, by_hand.line.lines().count()), (2, 1));
        let ci = of(&[("CI", "true"), ("PROVIDER_SERVICES_BIN", "p")]).unwrap_err();
        assert_eq!((ci.exit_code, ci.line.contains("AKASH_BIN")), (0, true));
    }

    #[test]
    fn the_real_provider_needs_its_binary_and_a_kubernetes() {
        let provider = |set| of(set).unwrap().provider.is_some();
        assert!(!provider(&[("AKASH_BIN", "a"), ("PROVIDER_SERVICES_BIN", "p")]));
        assert!(!provider(&[("AKASH_BIN", "a"), ("KUBECONFIG", "k")]));
        assert!(provider(&[("AKASH_BIN", "a"), ("PROVIDER_SERVICES_BIN", "p"), ("KUBECONFIG", "k")]));
    }
}
