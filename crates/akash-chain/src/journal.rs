//! Where attempts are written down before they are sent.

use std::sync::{Mutex, PoisonError};

use akash_types::Address;
use akash_wallet::TxHash;
use async_trait::async_trait;

use crate::{Attempt, End};

/// What a journal says when it cannot write or read.
pub type JournalError = Box<dyn std::error::Error + Send + Sync>;

/// The memory of a [`crate::Sender`]. A returned write is durable: it is there after a power cut.
#[async_trait]
pub trait Journal: Send + Sync {
    /// The attempts of a signer that have no end, oldest first.
    async fn open(&self, signer: &Address) -> Result<Vec<Attempt>, JournalError>;

    /// Every attempt of an intent, oldest first.
    async fn of_intent(&self, intent: &str) -> Result<Vec<Attempt>, JournalError>;

    /// Writes a new attempt. Nothing has left the machine yet.
    async fn attempted(&self, attempt: &Attempt) -> Result<(), JournalError>;

    /// Notes what nodes answered to it: a text for people.
    async fn answered(&self, hash: &TxHash, answer: &str) -> Result<(), JournalError>;

    /// Writes how it ended.
    async fn ended(&self, hash: &TxHash, end: &End) -> Result<(), JournalError>;
}

/// Ended attempts that a [`MemoryJournal`] keeps.
const REMEMBERED: usize = 1000;

/// A journal that lives as long as the process, and forgets the oldest of many ended attempts. For senders whose messages may be sent again after a crash, such as a test
/// provider's; never for one that pays.
#[derive(Debug, Default)]
pub struct MemoryJournal(Mutex<Vec<Attempt>>);

impl MemoryJournal {
    fn select(&self, which: impl Fn(&Attempt) -> bool) -> Vec<Attempt> {
        let attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.iter().filter(|attempt| which(attempt)).cloned().collect()
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn open(&self, signer: &Address) -> Result<Vec<Attempt>, JournalError> {
        Ok(self.select(|attempt| attempt.end.is_none() && &attempt.signer == signer))
    }

    async fn of_intent(&self, intent: &str) -> Result<Vec<Attempt>, JournalError> {
        Ok(self.select(|attempt| attempt.intent == intent))
    }

    async fn attempted(&self, attempt: &Attempt) -> Result<(), JournalError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(attempt.clone());
        Ok(())
    }

    async fn answered(&self, _: &TxHash, _: &str) -> Result<(), JournalError> {
        Ok(())
    }

    async fn ended(&self, hash: &TxHash, end: &End) -> Result<(), JournalError> {
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for attempt in attempts.iter_mut().filter(|attempt| &attempt.hash == hash) {
            attempt.end = Some(end.clone());
        }
        if attempts.len() > REMEMBERED
            && let Some(oldest) = attempts.iter().position(|attempt| attempt.end.is_some())
        {
            attempts.remove(oldest);
        }
        Ok(())
    }
}
