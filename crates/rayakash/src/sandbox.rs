//! The sandbox as this program runs it, and whether it answers.

use crate::failure::Failure;
use crate::{log, runtime, spawn};
use akash_sandbox::control::{Client, ControlError};
use akash_sandbox::{Config, Error, Info, NoNamespaces, Pods, Visit};
use rayakash_api::error::{Code, Exit, Problem};
use rayakash_daemon::Paths;
use std::path::Path;
use std::time::Duration;

/// What can be set for a start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) block_time: Duration,
    pub(crate) providers: usize,
    pub(crate) pods: Pods,
    pub(crate) detached: bool,
    pub(crate) verbose: u8,
}

/// `sandbox run`: runs until it is asked to stop.
pub(crate) fn run(paths: &Paths, settings: Settings, on_ready: impl FnOnce(&Info)) -> Result<Exit, Failure> {
    if settings.detached {
        spawn::leave_session()?;
    }
    log::start(log::filter("info", settings.verbose), false);
    let mut config = Config::new(paths.sandbox(), paths.cache());
    config.block_time = settings.block_time;
    config.providers = settings.providers;
    config.pods = settings.pods;
    runtime::service(async {
        akash_sandbox::run(config, on_ready, runtime::asked_to_stop()).await.map_err(|error| ended(&error))
    })?;
    Ok(Exit::Ok)
}

/// `sandbox run --providers-only`: the providers on the chain of another node, until they are asked to stop.
pub(crate) fn visit(
    paths: &Paths,
    settings: Settings,
    node: &str,
    on_ready: impl FnOnce(&Visit),
) -> Result<Exit, Failure> {
    if settings.providers == 0 {
        return Err(Failure::new(Code::BadRequest, "--providers-only with no provider runs nothing"));
    }
    if settings.detached {
        spawn::leave_session()?;
    }
    log::start(log::filter("info", settings.verbose), false);
    let mut config = Config::new(paths.visiting_providers(), paths.cache());
    config.providers = settings.providers;
    config.pods = settings.pods;
    runtime::service(async {
        let visit = akash_sandbox::run_providers(config, node, on_ready, runtime::asked_to_stop());
        visit.await.map_err(|error| ended(&error))
    })?;
    Ok(Exit::Ok)
}

/// Why it does not run, or not any more.
fn ended(error: &Error) -> Failure {
    let code = match error {
        Error::Running { .. } => Code::Conflict,
        Error::Log { .. } | Error::OtherVersion { .. } => Code::StateDamaged,
        Error::PublicNetwork { .. } => Code::WrongNetwork,
        Error::Node { .. } => Code::Unreachable,
        Error::Namespaces(NoNamespaces::Programs { .. }) => Code::MissingProgram,
        Error::Namespaces(NoNamespaces::Forbidden { .. }) => Code::Forbidden,
        Error::File { .. }
        | Error::Listen { .. }
        | Error::Descriptors(_)
        | Error::Serve(_)
        | Error::Closed
        | Error::Key { .. }
        | Error::Provider { .. } => Code::Internal,
    };
    let failure = Failure::from(Problem::from_error(code, error));
    if let Error::Namespaces(why) = error { failure.hint(why.remedy()) } else { failure }
}

/// The running sandbox of a folder: what it says about itself, and its controls. None when none answers.
pub(crate) async fn running(home: &Path) -> Option<(Info, Client)> {
    let info = Info::read(home)?;
    let client = Client::new(info.control);
    client.status().await.ok().map(|_| (info, client))
}

/// A failure to talk to the controls.
pub(crate) fn failed(error: &ControlError) -> Failure {
    let code = match error {
        ControlError::Unreachable { .. } => Code::Unreachable,
        ControlError::Refused { .. } => Code::BadRequest,
        ControlError::Foreign { .. } => Code::Internal,
    };
    Problem::from_error(code, error).into()
}
