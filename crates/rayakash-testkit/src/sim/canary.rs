//! Secrets that can be recognised wherever they turn up.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rayakash_core::Secret;
use rayakash_core::blueprint::Keys;
use rayakash_daemon::MakeKeys;

use super::chance::Chance;

/// Stands in every secret of every cluster.
pub(crate) const MARK: &str = "cAnArY5inGs";

/// True once a secret was logged by this process.
static LOGGED: AtomicBool = AtomicBool::new(false);

/// Makes keys by a seed, each secret with the mark in it.
pub(crate) fn keys(chance: Chance) -> MakeKeys {
    let text = move || {
        let mut bytes = [0; 24];
        chance.fill(&mut bytes);
        format!("{MARK}{}", hex::encode(bytes))
    };
    Arc::new(move |operation| {
        Ok(Keys {
            operation,
            gate_certificate: hex::encode(text()),
            gate_key: Secret::new(text()),
            gate_token: Secret::new(text()),
            ray_token: Secret::new(text()),
        })
    })
}

/// True when a secret stands in these bytes.
pub(crate) fn sings(bytes: &[u8]) -> bool {
    bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes())
}

/// Reads everything that this process logs, from now on. Once is enough; a second call changes nothing.
pub fn listen() {
    let logs = tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::INFO);
    // Somebody listens already.
    let _set = logs.with_ansi(false).with_writer(|| Ear).try_init();
}

/// True when a secret was ever logged.
pub(crate) fn logged() -> bool {
    LOGGED.load(Ordering::Relaxed)
}

struct Ear;

impl io::Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if sings(bytes) {
            LOGGED.store(true, Ordering::Relaxed);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
