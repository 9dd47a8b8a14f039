//! The one place where the product reads a clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use rayakash_engine::ports::Clock;

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemClock;

impl SystemClock {
    /// Unix milliseconds.
    pub(crate) fn now_ms(self) -> u64 {
        #[expect(clippy::disallowed_methods, reason = "the one place where the clock is read")]
        let now = SystemTime::now();
        let since = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// Unix seconds.
    pub(crate) fn now_secs(self) -> u64 {
        self.now_ms() / 1_000
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn unix_ms(&self) -> u64 {
        self.now_ms()
    }

    async fn sleep_ms(&self, millis: u64) {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}
