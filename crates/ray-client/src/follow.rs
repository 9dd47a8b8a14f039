//! A job's output as it comes.

use std::time::Duration;

use async_stream::try_stream;
use tokio::time::{Instant, sleep};

use crate::{Error, Ray, Recovery};

/// How often a job is looked at, and how seldom once its output is long: every look reads all of it.
const LOOK: Duration = Duration::from_millis(500);
const SELDOM: Duration = Duration::from_secs(3);
const LONG: usize = 1 << 20;

/// How long a head may be away, for a restart in place, before its silence is an error.
const PATIENCE: Duration = Duration::from_secs(90);

impl Ray {
    /// The job's output in pieces, from its beginning; ends when the job has ended and all was given.
    ///
    /// Polls, since Ray's own tail is a WebSocket that proxies cut when it is idle. A head that
    /// restarts in place is waited for; an error is the last item.
    pub fn follow(
        &self,
        submission_id: &str,
    ) -> impl futures_util::Stream<Item = Result<String, Error>> + Send + 'static {
        let (ray, id) = (self.clone(), submission_id.to_owned());
        try_stream! {
            let mut given = 0;
            let mut since = Instant::now();
            loop {
                // The status first: what is written before the end is then in the output read after it.
                let look = async { Ok::<_, Error>((ray.job(&id).await?.status.terminal(), ray.job_logs(&id).await?)) };
                let (ended, text) = match look.await {
                    Ok(seen) => seen,
                    Err(e) => match e.recovery() {
                        Recovery::Retry { after } if since.elapsed() < PATIENCE => { sleep(after).await; continue; }
                        _ => Err(e)?,
                    },
                };
                since = Instant::now();
                // An output that became shorter is another one, of a head that lost the first.
                let fresh = text.get(given..).unwrap_or(&text).to_owned();
                given = text.len();
                if !fresh.is_empty() {
                    yield fresh;
                }
                if ended {
                    return;
                }
                sleep(if given > LONG { SELDOM } else { LOOK }).await;
            }
        }
    }
}
