//! What a container says, line by line, read back from its file.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio::time::sleep;

use super::pod::{Phase, Pod};

/// A pod's stream ends at a line longer than this, as a real provider's does.
const LONGEST: usize = 64 * 1024;
/// How far back `tail` looks.
const WINDOW: u64 = 4 * 1024 * 1024;
/// How often a followed file is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// The lines of one container, from its start or the last few on.
#[derive(Debug)]
pub(crate) struct Tail {
    pod: Arc<Pod>,
    path: PathBuf,
    file: File,
    follow: bool,
    /// Read but not told yet.
    pending: Vec<u8>,
    ended: bool,
}

impl Tail {
    /// The lines of the pod's present container; `last` limits them. `None` when it never started.
    pub(crate) async fn open(pod: &Arc<Pod>, last: Option<usize>, follow: bool) -> Option<Self> {
        let path = pod.log()?;
        let file = File::open(&path).await.ok()?;
        let mut tail = Self { pod: Arc::clone(pod), path, file, follow, pending: Vec::new(), ended: false };
        if let Some(last) = last {
            tail.skip_to(last).await.ok()?;
        }
        Some(tail)
    }

    async fn skip_to(&mut self, last: usize) -> std::io::Result<()> {
        let length = self.file.metadata().await?.len();
        self.file.seek(std::io::SeekFrom::Start(length.saturating_sub(WINDOW))).await?;
        let mut window = Vec::new();
        (&mut self.file).take(WINDOW).read_to_end(&mut window).await?;
        let breaks: Vec<usize> =
            window.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1).collect();
        let partial = usize::from(!window.is_empty() && window.last() != Some(&b'\n'));
        let lines = breaks.len() + partial;
        let from = match lines.checked_sub(last) {
            None | Some(0) => 0,
            Some(skipped) => breaks.get(skipped - 1).copied().unwrap_or(window.len()),
        };
        self.pending = window.split_off(from);
        Ok(())
    }

    /// The next line, without its end; `None` after the last.
    pub(crate) async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.pending.iter().position(|b| *b == b'\n') {
                let rest = self.pending.split_off(at + 1);
                let mut line = std::mem::replace(&mut self.pending, rest);
                line.pop();
                return (line.len() <= LONGEST).then(|| String::from_utf8_lossy(&line).into_owned());
            }
            if self.pending.len() > LONGEST {
                return None;
            }
            // Asked before reading: what was written before the end is read after it.
            let over = self.is_over();
            let mut chunk = vec![0; 32 * 1024];
            match self.file.read(&mut chunk).await.ok()? {
                0 if self.ended => return None,
                0 if over => {
                    self.ended = true;
                    let rest = std::mem::take(&mut self.pending);
                    return (!rest.is_empty()).then(|| String::from_utf8_lossy(&rest).into_owned());
                }
                0 => sleep(LOOK).await,
                read => self.pending.extend_from_slice(chunk.get(..read).unwrap_or_default()),
            }
        }
    }

    fn is_over(&self) -> bool {
        let same = self.pod.log().as_ref() == Some(&self.path);
        !self.follow || !same || !matches!(self.pod.phase(), Phase::Running | Phase::Ending)
    }
}
