//! Where things lie: XDG directories, or all below `RAYAKASH_HOME`.

use std::path::{Path, PathBuf};

/// The longest path that a unix socket takes, its closing zero included.
const SOCKET_PATH_LIMIT: usize = 107;

/// Where things lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    config: PathBuf,
    state: PathBuf,
    runtime: PathBuf,
    cache: PathBuf,
}

impl Paths {
    /// From the flag, `RAYAKASH_HOME`, or XDG's variables. `RAYAKASH_CACHE` alone moves the cache: it holds nothing that belongs to a
    /// home, and is large.
    pub(super) fn find(
        home: Option<PathBuf>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let given = |name: &str| variable(name).map(PathBuf::from);
        let user = || given("HOME").ok_or_else(|| "neither HOME nor RAYAKASH_HOME is set".to_owned());
        let xdg = |name: &str, below: &str| match given(name) {
            Some(dir) => Ok(dir.join("rayakash")),
            None => user().map(|home| home.join(below).join("rayakash")),
        };
        let cache = match given("RAYAKASH_CACHE") {
            Some(cache) => cache,
            None => xdg("XDG_CACHE_HOME", ".cache").or_else(|problem| {
                home.clone().or_else(|| given("RAYAKASH_HOME")).map(|home| home.join("cache")).ok_or(problem)
            })?,
        };
        let paths = match home.or_else(|| given("RAYAKASH_HOME")) {
            Some(home) => Self {
                config: home.join("config"),
                state: home.join("state"),
                runtime: home.join("run"),
                cache,
            },
            None => {
                let state = xdg("XDG_STATE_HOME", ".local/state")?;
                let runtime =
                    given("XDG_RUNTIME_DIR").map_or_else(|| state.join("run"), |dir| dir.join("rayakash"));
                Self { config: xdg("XDG_CONFIG_HOME", ".config")?, state, runtime, cache }
            }
        };
        let length = paths.socket().as_os_str().len();
        if length >= SOCKET_PATH_LIMIT {
            return Err(format!(
                "{} is {length} bytes long; a unix socket takes {SOCKET_PATH_LIMIT}: set RAYAKASH_HOME to a shorter path",
                paths.socket().display()
            ));
        }
        Ok(paths)
    }

    /// The configuration file.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("rayakash.toml")
    }

    /// Encrypted key files.
    pub fn keys(&self) -> PathBuf {
        self.config.join("keys")
    }

    /// What must not be lost.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The ledger of a context: money of one network never mixes with that of another.
    pub fn ledger(&self, context: &str) -> PathBuf {
        self.state.join(context).join("ledger.sqlite")
    }

    /// Keys of clusters and their manifests.
    pub fn clusters(&self, context: &str) -> PathBuf {
        self.state.join(context).join("clusters")
    }

    /// The lock that one daemon holds.
    pub fn lock(&self) -> PathBuf {
        self.state.join("daemon.lock")
    }

    /// The daemon's log when it was started by the command line.
    pub fn daemon_log(&self) -> PathBuf {
        self.state.join("daemon.log")
    }

    /// The sandbox's own state.
    pub fn sandbox(&self) -> PathBuf {
        self.state.join("sandbox")
    }

    /// The state of the sandbox's providers when they run without its chain.
    pub fn visiting_providers(&self) -> PathBuf {
        self.sandbox().join("visiting")
    }

    /// The sandbox's log when it was started by the command line.
    pub fn sandbox_log(&self) -> PathBuf {
        self.state.join("sandbox.log")
    }

    /// Where the daemon listens.
    pub fn socket(&self) -> PathBuf {
        self.runtime.join("daemon.sock")
    }

    /// What can be made anew: Python environments.
    pub fn cache(&self) -> &Path {
        &self.cache
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn home_moves_everything_but_the_cache() {
        let env = |name: &str| match name {
            "RAYAKASH_HOME" => Some("/h".to_owned()),
            "HOME" => Some("/u".to_owned()),
            _ => None,
        };
        let paths = Paths::find(None, &env).unwrap();
        assert_eq!(paths.ledger("sandbox"), Path::new("/h/state/sandbox/ledger.sqlite"));
        assert_eq!(paths.cache(), Path::new("/u/.cache/rayakash"));
    }

    #[test]
    fn a_socket_path_that_is_too_long_is_refused() {
        let home = PathBuf::from(format!("/{}", "x".repeat(120)));
        let error = Paths::find(Some(home), &|_| Some("/u".to_owned())).unwrap_err();
        assert!(error.contains("shorter"), "{error}");
    }
}
