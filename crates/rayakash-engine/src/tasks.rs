//! The one place where the product starts tasks: named, tracked, cancelled together.

use std::future::Future;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks of one daemon.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    cancel: CancellationToken,
}

impl Tasks {
    /// No tasks yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a task. It is dropped at its next await when [`Self::stop`] is called.
    pub fn start(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let cancel = self.cancel.clone();
        let _handle = self.tracker.spawn(async move {
            match cancel.run_until_cancelled(task).await {
                Some(()) => tracing::debug!(task = name, "task ended"),
                None => tracing::debug!(task = name, "task cancelled"),
            }
        });
    }

    /// A token that is cancelled with the tasks, for what wants to end by itself.
    pub fn token(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// Cancels all tasks and waits until they are gone.
    pub async fn stop(&self) {
        self.cancel.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}
