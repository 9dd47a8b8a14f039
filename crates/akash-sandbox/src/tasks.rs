//! The only place of the sandbox that spawns: every task has a name, is counted, and ends when the sandbox stops.

use std::future::Future;
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks of one sandbox, or of one part of it. Clones share the same tasks.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    cancel: CancellationToken,
}

impl Tasks {
    /// An empty set with its own cancellation.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty set that also ends when `cancel` does.
    pub fn under(cancel: &CancellationToken) -> Self {
        Self { tracker: TaskTracker::new(), cancel: cancel.child_token() }
    }

    /// Cancelled when the set is to end.
    pub const fn token(&self) -> &CancellationToken {
        &self.cancel
    }

    /// Runs a future until it ends or the set is cancelled, whichever is first.
    pub fn spawn<F>(&self, name: &'static str, future: F) -> AbortHandle
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let cancel = self.cancel.clone();
        self.run(name, async move {
            tokio::select! {
                () = cancel.cancelled() => {}
                () = future => {}
            }
        })
    }

    /// Runs a future that watches [`Self::token`] by itself, for what needs an orderly end.
    pub fn spawn_graceful<F>(&self, name: &'static str, future: F) -> AbortHandle
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.run(name, future)
    }

    fn run<F>(&self, name: &'static str, future: F) -> AbortHandle
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let task = self.tracker.spawn(async move {
            tracing::debug!(task = name, "started");
            future.await;
            tracing::debug!(task = name, "ended");
        });
        task.abort_handle()
    }

    /// Cancels the set and waits until its tasks have ended; false when some had not after `patience`.
    pub async fn stop(&self, patience: Duration) -> bool {
        self.cancel.cancel();
        self.tracker.close();
        tokio::time::timeout(patience, self.tracker.wait()).await.is_ok()
    }
}
