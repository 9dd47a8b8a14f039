//! The daemon as this program runs it: where it is, and its `main`.

use crate::args::{DaemonRun, Global};
use crate::failure::Failure;
use crate::{file, log, runtime, spawn};
use rayakash_api::error::{Code, Exit, Problem};
use rayakash_daemon::{Config, Network, Overrides, RunError};
use secrecy::SecretString;
use std::path::PathBuf;

/// What file, environment and flags say.
pub(crate) fn config(global: &Global) -> Result<Config, Failure> {
    let overrides = Overrides { context: global.context.clone(), home: global.home.clone() };
    Config::load(&overrides).map_err(|bad| {
        let problem = Problem::new(Code::BadRequest, "the configuration is wrong");
        Problem { cause: bad.problems, ..problem }.into()
    })
}

/// Whether the context's network is the embedded one of this home; endpoints name another sandbox, which is not ours to start.
pub(crate) fn is_sandbox(config: &Config) -> bool {
    config.context.network == Network::Sandbox && config.context.endpoints.is_empty()
}

/// `daemon run`: serves until it is asked to stop.
pub(crate) fn run(global: &Global, run: &DaemonRun) -> Result<Exit, Failure> {
    if run.detached {
        spawn::leave_session()?;
    }
    let mut config = config(global)?;
    let from = run
        .passphrase_fd
        .map(|number| PathBuf::from(format!("/dev/fd/{number}")))
        .or(run.passphrase_file.clone());
    if let Some(path) = from {
        config.passphrase = Some(SecretString::from(file::secret(&path)?.expose().to_owned()));
    }
    log::start(log::filter(&config.log, global.verbose), config.log_json);
    let served = async {
        rayakash_daemon::run(config, runtime::asked_to_stop()).await.map_err(|error| failed(&error))
    };
    runtime::service(served)?;
    Ok(Exit::Ok)
}

/// Why it does not run.
fn failed(error: &RunError) -> Failure {
    let (code, hint) = match error {
        RunError::InUse { .. } => (Code::StateInUse, Some("rayakash daemon status, rayakash daemon stop")),
        RunError::NoSandbox { .. } => (Code::Unreachable, Some("rayakash sandbox run")),
        RunError::Io { .. } | RunError::Ledger(_) => (Code::StateDamaged, None),
        RunError::Chain(_) => (Code::Unreachable, None),
        RunError::Key(_) => (Code::WrongPassphrase, None),
    };
    let failure = Failure::from(Problem::from_error(code, error));
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
