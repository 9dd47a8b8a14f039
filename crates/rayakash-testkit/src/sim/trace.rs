//! What happened, as a hash of all of it and the last lines in words.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

/// So many lines are kept.
const KEPT: usize = 600;

/// The trace of a run: two runs of a seed have the same.
#[derive(Debug, Default)]
pub(crate) struct Trace(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    digest: Sha256,
    last: VecDeque<String>,
    count: u64,
}

impl Trace {
    /// Something happened at a time.
    pub(crate) fn note(&self, at_ms: u64, line: &str) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.digest.update(at_ms.to_be_bytes());
        inner.digest.update(line);
        inner.digest.update([0]);
        inner.count = inner.count.saturating_add(1);
        if inner.last.len() >= KEPT {
            inner.last.pop_front();
        }
        inner.last.push_back(format!("{:>9}.{:03} {line}", at_ms / 1_000, at_ms % 1_000));
    }

    /// Something happened that is not worth a line.
    pub(crate) fn count(&self, at_ms: u64, bytes: &[u8]) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.digest.update(at_ms.to_be_bytes());
        inner.digest.update(bytes);
        inner.count = inner.count.saturating_add(1);
    }

    /// The hash so far.
    pub(crate) fn hash(&self) -> String {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = hex::encode(inner.digest.clone().finalize());
        hash.get(..16).unwrap_or_default().to_owned()
    }

    /// The last lines.
    pub(crate) fn last(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).last.iter().cloned().collect()
    }
}
