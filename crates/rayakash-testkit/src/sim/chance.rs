//! Chance that a seed decides: each use has a stream of its own, so that one draw more in one place moves nothing elsewhere.

use std::sync::{Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng as _, RngCore as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};

/// One stream of chance.
#[derive(Debug)]
pub(crate) struct Chance(Mutex<StdRng>);

impl Chance {
    /// The stream of a seed and a use.
    pub(crate) fn new(seed: u64, what: &str) -> Self {
        let mut digest = Sha256::new();
        digest.update(seed.to_be_bytes());
        digest.update(what);
        Self(Mutex::new(StdRng::from_seed(digest.finalize().into())))
    }

    fn with<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        draw(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&self, low: u64, high: u64) -> u64 {
        self.with(|chance| chance.gen_range(low..=high.max(low)))
    }

    /// True so often in a thousand.
    pub(crate) fn permille(&self, often: u64) -> bool {
        often > 0 && self.between(1, 1_000) <= often
    }

    /// Fills bytes.
    pub(crate) fn fill(&self, bytes: &mut [u8]) {
        self.with(|chance| chance.fill_bytes(bytes));
    }
}
