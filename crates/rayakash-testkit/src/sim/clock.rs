//! Time, as the runtime's paused clock has it; and the daemon's wall clock, which may jump.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use rayakash_engine::ports::Clock;
use tokio::time::Instant;

/// The moment at which every simulation begins: 2026-01-01, Unix milliseconds.
pub(crate) const BEGIN_MS: u64 = 1_767_225_600_000;

/// Time in a simulation.
#[derive(Debug)]
pub(crate) struct SimClock {
    origin: Instant,
    jumped_ms: AtomicI64,
}

impl SimClock {
    /// Time begins now. Needs a Tokio runtime.
    pub(crate) fn start() -> Self {
        Self { origin: Instant::now(), jumped_ms: AtomicI64::new(0) }
    }

    /// Milliseconds since the simulation began.
    pub(crate) fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// What the time is, Unix milliseconds; blocks are dated by it.
    pub(crate) fn true_ms(&self) -> u64 {
        BEGIN_MS.saturating_add(self.elapsed_ms())
    }

    /// The daemon's wall clock goes wrong by so much more.
    pub(crate) fn jump(&self, by_ms: i64) {
        self.jumped_ms.fetch_add(by_ms, Ordering::Relaxed);
    }
}

#[async_trait]
impl Clock for SimClock {
    fn unix_ms(&self) -> u64 {
        self.true_ms().saturating_add_signed(self.jumped_ms.load(Ordering::Relaxed))
    }

    async fn sleep_ms(&self, millis: u64) {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}
