//! Waiting on a predicate.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::Error;

const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Looks until there is something to see. [`Error::Late`] names `what` when there is nothing for as long as `patience`.
pub async fn until<T>(
    what: &str,
    patience: Duration,
    mut look: impl AsyncFnMut() -> Result<Option<T>, Error>,
) -> Result<T, Error> {
    let end = Instant::now() + patience;
    loop {
        if let Some(seen) = look().await? {
            return Ok(seen);
        }
        if Instant::now() >= end {
            return Err(Error::Late { what: what.to_owned(), patience });
        }
        sleep(LOOK_AGAIN).await;
    }
}
