//! Looks at leases' statuses while a recording is taken again.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::mint::LIFETIME;
use crate::observed::{Phase, note};

/// How often a status is looked at.
const LOOK: Duration = Duration::from_millis(15);

/// A look at a lease's status that does not end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch(Arc<Mutex<(Vec<Phase>, BTreeSet<String>)>>);

impl Watch {
    /// Looks for ever, with a token that is minted when it is needed.
    pub(crate) async fn look(
        self,
        http: reqwest::Client,
        (gateway, path): (Arc<Mutex<String>>, String),
        mint: impl Fn() -> String,
    ) {
        let mut pass = Pass::new(mint);
        loop {
            let url = format!("{}{path}", gateway.lock().unwrap_or_else(PoisonError::into_inner));
            let authorization = pass.at(Instant::now());
            let asked = http.get(&url).header("Authorization", authorization).send().await;
            if let Ok(answer) = asked {
                let status = u64::from(answer.status().as_u16());
                let body = answer.text().await.unwrap_or_default();
                let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let (phases, names) = &mut *seen;
                note(phases, names, status, &body);
            }
            sleep(LOOK).await;
        }
    }

    /// Whether this lease had all these names, one of which no other lease has.
    pub(crate) fn has(&self, names: &BTreeSet<String>) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !names.is_empty() && names.is_subset(&seen.1)
    }

    /// Whether this lease told no name at all.
    pub(crate) fn is_nameless(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.is_empty()
    }

    /// What was seen so far.
    pub(crate) fn phases(&self) -> Vec<Phase> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Whether the lease went through these phases, one after the other.
    pub(crate) fn went_through(&self, phases: &[Phase]) -> bool {
        self.phases().windows(phases.len().max(1)).any(|part| part == phases)
    }
}

/// A token that is minted anew before it ends: a replay may take longer than one lives.
struct Pass<F> {
    mint: F,
    minted: Option<(Instant, String)>,
}

impl<F: Fn() -> String> Pass<F> {
    const fn new(mint: F) -> Self {
        Self { mint, minted: None }
    }

    fn at(&mut self, now: Instant) -> &str {
        let minted = self.minted.take().filter(|(since, _)| now.duration_since(*since) < LIFETIME / 2);
        &self.minted.insert(minted.unwrap_or_else(|| (now, (self.mint)()))).1
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_lease_went_through_phases_in_one_piece() {
        let up = r#"{"services":{"web":{"total":1,"available":1,"ready_replicas":1,"updated_replicas":1,"uris":["a.b"]}}}"#;
        let coming = r#"{"services":{"web":{"total":1}}}"#;
        let watch = Watch::default();
        assert!(watch.is_nameless());
        for (code, body) in [(404, ""), (200, up), (200, coming), (200, up)] {
            let mut seen = watch.0.lock().unwrap();
            let (phases, names) = &mut *seen;
            note(phases, names, code, body);
        }
        assert!(watch.went_through(&[Phase::Ready, Phase::Coming, Phase::Ready]));
        assert!(!watch.went_through(&[Phase::Absent, Phase::Coming]));
        assert!(watch.has(&BTreeSet::from(["a.b".to_owned()])) && !watch.has(&BTreeSet::new()));
    }

    #[test]
    fn a_token_is_minted_anew_before_it_ends() {
        let count = Cell::new(0);
        let mut pass = Pass::new(|| {
            count.set(count.get() + 1);
            count.get().to_string()
        });
        let start = Instant::now();
        assert_eq!(pass.at(start), "1");
        assert_eq!(pass.at(start + LIFETIME / 3), "1");
        assert_eq!(pass.at(start + LIFETIME), "2");
        assert_eq!(pass.at(start + LIFETIME), "2");
    }
}
