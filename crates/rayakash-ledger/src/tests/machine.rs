//! On a machine that somebody stands in for.

use std::io;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rayakash_engine::machine::{Machine, Write};

use super::*;
use crate::LedgerError;

/// Refuses writes, or loses the answers to them.
#[derive(Default)]
struct Odd {
    mode: AtomicU8,
    told: Mutex<Vec<String>>,
}

const REFUSES: u8 = 1;
const LOSES_ANSWERS: u8 = 2;

impl Odd {
    fn fails(&self, mode: u8) -> io::Result<()> {
        if self.mode.load(Ordering::Relaxed) == mode { Err(io::Error::from_raw_os_error(28)) } else { Ok(()) }
    }
}

impl Machine for Odd {
    fn before(&self, write: &Write<'_>) -> io::Result<()> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push(write.what().to_owned());
        self.fails(REFUSES)
    }

    fn after(&self, _: &Write<'_>) -> io::Result<()> {
        self.fails(LOSES_ANSWERS)
    }

    fn random(&self, bytes: &mut [u8]) {
        bytes.fill(0xab);
    }

    fn unix_ms(&self) -> u64 {
        1_700_000_000_123
    }
}

#[tokio::test]
async fn every_write_is_told_and_one_that_is_refused_is_not_there() {
    let home = tempfile::tempdir().unwrap();
    let odd = Arc::new(Odd::default());
    let ledger = Ledger::open_on(odd.clone(), &home.path().join("ledger"), read_wish).unwrap();
    let paused = || async { ledger.store.read("look", |tx| Ok(crate::wishes::paused(tx)?)).await.unwrap() };
    odd.mode.store(REFUSES, Ordering::Relaxed);
    let refused = ledger.set_paused(true).await.unwrap_err();
    assert!(matches!(refused, LedgerError::Disk { .. }), "{refused:?}");
    assert!(!paused().await);
    odd.mode.store(LOSES_ANSWERS, Ordering::Relaxed);
    ledger.set_paused(true).await.unwrap_err();
    assert!(paused().await);
    assert_eq!(*odd.told.lock().unwrap(), ["make the tables", "pause spending", "pause spending"]);
    let at: i64 = ledger
        .store
        .with_writer(|file| file.query_row("SELECT unix_ms FROM records", [], |row| row.get(0)).unwrap());
    assert_eq!(at, 1_700_000_000_123);
}
