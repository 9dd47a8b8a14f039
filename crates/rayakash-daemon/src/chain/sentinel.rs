//! Whether the chain is one that this program knows: asked at the first look, now and then, and anew before anything is spent.

use std::sync::{Arc, Mutex, PoisonError};

use akash_chain::{About, ChainError, Class, Client, Compatibility};

use super::ChainAdapter;

/// How long an answer is good for looking. Nodes are upgraded while clusters run.
const FRESH_MS: u64 = 10_000;

/// What the node said last, and what follows from it.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) about: About,
    pub(crate) compatibility: Compatibility,
}

/// The newest verdict, and when it was given.
#[derive(Default)]
pub(super) struct Sentinel(Mutex<Option<(u64, Arc<Verdict>)>>);

impl Sentinel {
    /// A verdict that is at most so old.
    async fn verdict(&self, client: &Client, now_ms: u64, age_ms: u64) -> Result<Arc<Verdict>, ChainError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, verdict)) = known.as_ref().filter(|(at_ms, _)| now_ms.saturating_sub(*at_ms) < age_ms)
        {
            return Ok(Arc::clone(verdict));
        }
        let about = client.about().await?;
        let verdict = Arc::new(Verdict { compatibility: Compatibility::of(&about), about });
        if known.is_none_or(|(_, before)| before.compatibility != verdict.compatibility) {
            announce(&verdict);
        }
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now_ms, Arc::clone(&verdict)));
        Ok(verdict)
    }
}

fn announce(verdict: &Verdict) {
    let (version, chain) = (&verdict.about.node_version, &verdict.about.chain_id);
    tracing::info!(%version, %chain, "the node");
    for unknown in verdict.compatibility.unknown() {
        if unknown.is_harmless() {
            tracing::info!(%unknown, "not known of the node");
        } else {
            tracing::warn!(%unknown, "the chain is not known: only closes are signed");
        }
    }
}

impl ChainAdapter {
    /// What the node says of itself, as it was a few seconds ago at most.
    pub(crate) async fn verdict(&self) -> Result<Arc<Verdict>, ChainError> {
        self.sentinel.verdict(&self.client, self.clock.unix_ms(), FRESH_MS).await
    }

    /// Why only closes may be signed; `None` when anything may.
    pub(crate) async fn closes_only(&self) -> Result<Option<String>, ChainError> {
        self.verdict().await.map(|verdict| verdict.compatibility.closes_only())
    }

    /// The one place where a message is refused because its chain is not known. Closes pass unasked: nothing may stand in their way.
    pub(super) async fn permit(&self, class: Class) -> Result<(), String> {
        if class == Class::Close {
            return Ok(());
        }
        let verdict = self
            .sentinel
            .verdict(&self.client, self.clock.unix_ms(), 0)
            .await
            .map_err(|error| error.gist())?;
        verdict.compatibility.closes_only().map_or(Ok(()), Err)
    }
}
