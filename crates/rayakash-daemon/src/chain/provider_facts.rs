//! What the chain says of providers, remembered for a while: it hardly changes, and is asked for at every look.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use akash_chain::{At, ChainError, Client};
use akash_types::{Address, CertificateState};
use rayakash_engine::ports::ProviderFacts;

/// How long an answer is good.
const FRESH_MS: u64 = 60_000;

/// Answers of the chain.
#[derive(Default)]
pub(super) struct ProviderCache(Mutex<BTreeMap<Address, (u64, ProviderFacts)>>);

impl ProviderCache {
    pub(super) async fn facts(
        &self,
        client: &Client,
        owner: &Address,
        (at, now_ms): (At, u64),
    ) -> Result<ProviderFacts, ChainError> {
        if let Some(facts) = self.fresh(owner, now_ms) {
            return Ok(facts);
        }
        let entry = client.provider(owner, at).await?;
        let certificates = client.certificates(owner, None, Some(CertificateState::Valid), at).await?;
        let facts = ProviderFacts {
            host_uri: entry.map(|entry| entry.host_uri),
            audits: client.audited(owner, at).await?,
            certified: !certificates.is_empty(),
        };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(owner.clone(), (now_ms, facts.clone()));
        Ok(facts)
    }

    fn fresh(&self, owner: &Address, now_ms: u64) -> Option<ProviderFacts> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at_ms, facts) = known.get(owner)?;
        (now_ms.saturating_sub(*at_ms) < FRESH_MS).then(|| facts.clone())
    }
}
