//! The only place of the sandbox that reads a clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, from the machine's clock; it may jump, so block times never follow it backwards.
#[expect(clippy::disallowed_methods, reason = "the sandbox's one look at the machine's clock")]
pub(crate) fn unix_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Waits; tests that pause tokio's clock pause this too.
pub(crate) async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}
