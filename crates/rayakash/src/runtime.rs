//! The outer world: the one place that builds runtimes, reads the clock, and asks the process about itself.

use crate::failure::Failure;
use rayakash_api::error::Code;
use std::future::Future;
use std::path::PathBuf;
use tokio::runtime::Builder;

/// Runs a command: one thread, until it ends or somebody presses Ctrl-C.
pub(crate) fn command<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::select! {
            done = work => done,
            pressed = tokio::signal::ctrl_c() => match pressed {
                Ok(()) => Err(Failure::new(Code::Interrupted, "interrupted")),
                Err(error) => Err(error.into()),
            },
        }
    })
}

/// Runs a service: many threads, until it ends by itself.
pub(crate) fn service<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    // Whoever was first has installed the same.
    let _first = rustls::crypto::ring::default_provider().install_default();
    Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// Ends when the system or the terminal asks the service to stop.
pub(crate) async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => signals.recv().await,
            // Without the handler the signal ends the process by itself.
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = terminate => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

/// This program.
pub(crate) fn program() -> Result<PathBuf, Failure> {
    std::env::current_exe()
        .map_err(|error| Failure::because(Code::Internal, "this program does not find itself", &error))
}

/// Whether colour is unwanted (`NO_COLOR`).
#[expect(
    clippy::disallowed_methods,
    reason = "NO_COLOR is about this process's own terminal, not a setting of the daemon"
)]
pub(crate) fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Unix seconds, to say how long ago something was.
#[expect(clippy::disallowed_methods, reason = "only text is made of it")]
pub(crate) fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.ok().and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or_default()
}
