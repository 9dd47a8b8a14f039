//! What services write about themselves, to stderr.

use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// These write whole requests at their finer levels, and with them bearer tokens. Whatever the filter says, they do not.
const WIRE: [&str; 6] = ["tungstenite", "tokio_tungstenite", "h2", "hyper", "reqwest", "rustls"];

/// The filter of the configuration, unless `-v` asks for more.
pub(crate) fn filter(configured: &str, verbose: u8) -> &str {
    match verbose {
        0 => configured,
        1 => "info,rayakash_engine=debug,rayakash_daemon=debug,akash_sandbox=debug",
        2.. => "trace",
    }
}

/// Starts logging: a level, or targets such as `info,rayakash_engine=debug`.
pub(crate) fn start(filter: &str, json: bool) {
    let builder = tracing_subscriber::fmt().with_env_filter(safe(filter)).with_writer(std::io::stderr);
    let builder = builder.with_ansi(std::io::stderr().is_terminal());
    // A second start in one process keeps the first.
    let _first = if json { builder.json().try_init() } else { builder.try_init() };
}

/// A filter without the secrets of the wire.
fn safe(filter: &str) -> EnvFilter {
    let wanted = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    if wanted.max_level_hint().is_some_and(|most| most <= LevelFilter::INFO) {
        return wanted;
    }
    // Finer directives, such as `hyper::proto=trace`, would win over a crate's own.
    let names_wire = |part: &&str| !WIRE.iter().any(|name| part.trim().starts_with(name));
    let rest = filter.split(',').filter(names_wire).map(str::to_owned);
    let all = rest.chain(WIRE.map(|name| format!("{name}=info"))).collect::<Vec<_>>().join(",");
    EnvFilter::try_new(all).unwrap_or_else(|_| EnvFilter::new("info"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::{Arc, Mutex, PoisonError};
    use tracing_subscriber::fmt::MakeWriter;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Kept {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn no_filter_lets_the_wire_talk() {
        let table = [
            ("trace", "ours"),
            ("debug,tungstenite=trace,hyper::proto=trace", ""),
            ("info", ""),
            ("error,rayakash=trace", "ours"),
            ("trace,h2[stream]=trace", "ours"),
            ("nonsense=nonsense=", ""),
        ];
        for (filter, expected) in table {
            let kept = Kept::default();
            let subscriber =
                tracing_subscriber::fmt().with_env_filter(safe(filter)).with_writer(kept.clone());
            tracing::subscriber::with_default(subscriber.finish(), || {
                tracing::trace!(target: "rayakash", "ours");
                tracing::trace!(target: "tungstenite::handshake::client", "Bearer");
                tracing::debug!(target: "hyper::proto::h1", "Bearer");
                tracing::trace!(target: "h2::codec", "Bearer");
            });
            let said = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
            assert!(said.contains(expected) && !said.contains("Bearer"), "{filter}: {said}");
        }
    }
}
