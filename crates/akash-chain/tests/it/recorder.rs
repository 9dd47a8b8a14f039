//! A journal that logs the order of things beside the node's own log.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use akash_chain::{Attempt, End, Journal, JournalError, MemoryJournal};
use akash_types::Address;
use akash_wallet::TxHash;
use async_trait::async_trait;

pub(crate) struct Recorder {
    inner: MemoryJournal,
    log: Arc<Mutex<Vec<String>>>,
    hashes: Mutex<Vec<(String, TxHash)>>,
    pub(crate) full: AtomicBool,
}

impl Recorder {
    pub(crate) fn new(log: Arc<Mutex<Vec<String>>>) -> Arc<Self> {
        Arc::new(Self {
            inner: MemoryJournal::default(),
            log,
            hashes: Mutex::default(),
            full: AtomicBool::new(false),
        })
    }

    /// Every attempt, in the order in which they were written down.
    pub(crate) async fn all(&self) -> Vec<Attempt> {
        let hashes = self.hashes.lock().unwrap().clone();
        let mut all = Vec::new();
        for (intent, hash) in hashes {
            let known = self.inner.of_intent(&intent).await.unwrap();
            all.extend(known.into_iter().filter(|attempt| attempt.hash == hash));
        }
        all
    }

    fn write(&self, line: String) -> Result<(), JournalError> {
        if self.full.load(Ordering::Relaxed) {
            return Err("no space left on device".into());
        }
        self.log.lock().unwrap().push(line);
        Ok(())
    }
}

#[async_trait]
impl Journal for Recorder {
    async fn open(&self, signer: &Address) -> Result<Vec<Attempt>, JournalError> {
        self.inner.open(signer).await
    }

    async fn of_intent(&self, intent: &str) -> Result<Vec<Attempt>, JournalError> {
        self.inner.of_intent(intent).await
    }

    async fn attempted(&self, attempt: &Attempt) -> Result<(), JournalError> {
        self.write(format!("attempted {}", attempt.hash))?;
        self.hashes.lock().unwrap().push((attempt.intent.clone(), attempt.hash));
        self.inner.attempted(attempt).await
    }

    async fn answered(&self, hash: &TxHash, _: &str) -> Result<(), JournalError> {
        self.write(format!("answered {hash}"))
    }

    async fn ended(&self, hash: &TxHash, end: &End) -> Result<(), JournalError> {
        self.write(format!("ended {hash}"))?;
        self.inner.ended(hash, end).await
    }
}
