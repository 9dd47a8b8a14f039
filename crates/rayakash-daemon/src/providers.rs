//! The engine's provider port: gateways, each proven to be the provider before a byte leaves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use akash_chain::{At, Client};
use akash_provider::{
    ChainCertificates, Event, Gateway, GatewayError, Identity, LeaseStatus, LogFilter, LogLine, PutError,
    StreamEnd,
};
use akash_types::{Address, Certificate, CertificateState, LeaseId};
use akash_wallet::Token;
use akash_wallet::token::{Claims, MAX_LIFETIME, Scope};
use async_trait::async_trait;
use futures_util::{Stream, StreamExt as _};
use rayakash_core::blueprint::{GATE_PORT, HEAD_SERVICE};
use rayakash_core::view::Version;
use rayakash_engine::ports::{LeaseLook, Outcome, Providers, Receipt, Unavailable};

use crate::chain::ChainAdapter;
use crate::clock::SystemClock;
use crate::vault::FileVault;

/// A look must not hold up the loop: a gateway that takes longer is silent.
const LOOK_PATIENCE: Duration = Duration::from_secs(15);
/// Within that, events may take this long: they are worth having, not worth waiting for.
const EVENTS_PATIENCE: Duration = Duration::from_secs(5);
/// So many events are read; a provider decides how many it sends.
const MOST_EVENTS: usize = 200;
/// The longest complaint, in characters.
const LONGEST_COMPLAINT: usize = 200;
/// How often a manifest is sent when the provider is not yet where we are.
const MANIFEST_TRIES: u32 = 5;
/// So many complaints are shown.
const MOST_COMPLAINTS: usize = 5;

/// Gateways of all providers.
pub(crate) struct Gateways {
    chain: Arc<ChainAdapter>,
    vault: FileVault,
    identity: Identity,
    known: Mutex<BTreeMap<(Address, String), Gateway>>,
}

/// Certificates, read from the chain when a provider shows one.
struct OnChain(Client);

#[async_trait]
impl ChainCertificates for OnChain {
    async fn certificates(&self, owner: &Address) -> Result<Vec<Certificate>, akash_provider::BoxError> {
        Ok(self.0.certificates(owner, None, Some(CertificateState::Valid), At::Latest).await?)
    }
}

impl Gateways {
    pub(crate) fn new(chain: Arc<ChainAdapter>, vault: FileVault) -> Self {
        let identity = Identity::new(Arc::new(OnChain(chain.client().clone())));
        Self { chain, vault, identity, known: Mutex::default() }
    }

    fn gateway(&self, provider: &Address, host_uri: &str) -> Result<Gateway, GatewayError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (provider.clone(), host_uri.to_owned());
        if let Some(gateway) = known.get(&place) {
            return Ok(gateway.clone());
        }
        let gateway = Gateway::new(host_uri, provider.clone(), &self.identity)?;
        known.insert(place, gateway.clone());
        Ok(gateway)
    }

    /// A token for one provider and one deployment; none while the key is locked.
    fn token(&self, lease: &LeaseId, scopes: &[Scope]) -> Result<Token, Unavailable> {
        let locked = || Unavailable { what: "the key".to_owned(), why: "it is locked".to_owned() };
        let key = self.chain.key().ok_or_else(locked)?;
        Ok(key.token(&Claims {
            provider: lease.provider.clone(),
            dseq: lease.deployment().dseq,
            scopes: scopes.to_vec(),
            services: vec![HEAD_SERVICE.to_owned()],
            issued_at: SystemClock.now_secs(),
            lifetime: MAX_LIFETIME,
        }))
    }

    /// Lines that the containers of a lease print.
    pub(crate) async fn logs(
        &self,
        lease: &LeaseId,
        host_uri: &str,
        filter: &LogFilter,
    ) -> Result<impl Stream<Item = Result<LogLine, StreamEnd>> + Send + use<>, Unavailable> {
        let gateway = self.gateway(&lease.provider, host_uri).map_err(|e| silent(host_uri, &e))?;
        let token = self.token(lease, &[Scope::Logs])?;
        gateway.logs(lease, filter, &token).await.map_err(|e| silent(host_uri, &e))
    }

    async fn complaints(&self, gateway: &Gateway, lease: &LeaseId) -> Result<Vec<String>, Unavailable> {
        let token = self.token(lease, &[Scope::Events])?;
        let read = async {
            let events = gateway.events(lease, false, &token).await.ok()?;
            Some(events.filter_map(|event| async { event.ok() }).take(MOST_EVENTS).collect::<Vec<_>>().await)
        };
        let events = tokio::time::timeout(EVENTS_PATIENCE, read).await.ok().flatten().unwrap_or_default();
        Ok(complaints_of(&events))
    }

    async fn try_look(&self, lease: &LeaseId, host_uri: &str) -> Result<LeaseLook, Unavailable> {
        let gateway = self.gateway(&lease.provider, host_uri).map_err(|e| silent(host_uri, &e))?;
        let token = self.token(lease, &[Scope::Status])?;
        let look = match gateway.lease_status(lease, &token).await {
            Ok(status) => look_of(&status, host_uri),
            Err(error) => return nothing_yet(host_uri, &error),
        };
        let starting = look.available.values().any(|count| *count == 0) || look.available.is_empty();
        let complaints = if starting { self.complaints(&gateway, lease).await? } else { Vec::new() };
        Ok(LeaseLook { complaints, ..look })
    }

    /// Sends until the provider has it, or says no. An interruption costs nothing: sending again is harmless.
    async fn send(&self, gateway: &Gateway, lease: &LeaseId, manifest: &akash_sdl::Manifest) -> Outcome {
        let mut last = String::new();
        for _ in 0..MANIFEST_TRIES {
            let token = match self.token(lease, &[Scope::SendManifest]) {
                Ok(token) => token,
                Err(locked) => return Outcome::NotStarted { why: locked.to_string() },
            };
            let error = match gateway.put_manifest(lease.deployment().dseq, manifest, &token).await {
                Ok(()) => return Outcome::Done(Receipt::default()),
                Err(error) => error,
            };
            last = chain_of(&error);
            match error {
                PutError::Refused { .. } => {
                    return Outcome::Refused { why: last, receipt: Receipt::default() };
                }
                // The provider has not seen the block that we have seen.
                PutError::NoLease { .. } | PutError::Version => {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                PutError::Gateway { .. } => break,
            }
        }
        Outcome::NotStarted { why: last }
    }
}

#[async_trait]
impl Providers for Gateways {
    async fn look(&self, lease: &LeaseId, host_uri: &str) -> Result<LeaseLook, Unavailable> {
        let late = |_| Unavailable {
            what: format!("the gateway at {host_uri}"),
            why: "it takes too long".to_owned(),
        };
        tokio::time::timeout(LOOK_PATIENCE, self.try_look(lease, host_uri)).await.map_err(late)?
    }

    async fn send_manifest(
        &self,
        cluster: &rayakash_core::spec::Name,
        lease: &LeaseId,
        host_uri: &str,
        version: Version,
    ) -> Outcome {
        let manifest = match self.vault.manifest(cluster, version) {
            Ok(manifest) => manifest,
            Err(error) => return Outcome::NotStarted { why: error.to_string() },
        };
        match self.gateway(&lease.provider, host_uri) {
            Ok(gateway) => self.send(&gateway, lease, &manifest).await,
            Err(error) => Outcome::NotStarted { why: chain_of(&error) },
        }
    }
}

/// What events complain about, newest last, each bounded.
fn complaints_of(events: &[Event]) -> Vec<String> {
    let complaint = |event: &Event| -> String {
        let text = format!("{}: {} ({})", event.reason, event.note, event.object.name);
        text.chars().take(LONGEST_COMPLAINT).collect()
    };
    let mut texts: Vec<String> = events.iter().filter(|e| e.kind == "Warning").map(complaint).collect();
    texts.dedup();
    texts.split_off(texts.len().saturating_sub(MOST_COMPLAINTS))
}

/// The provider's public host; when it names none, the host of its address on chain.
fn host_of(host: &str, host_uri: &str) -> String {
    if !host.is_empty() {
        return host.to_owned();
    }
    let authority = host_uri.trim_start_matches("https://").trim_end_matches('/');
    authority.rsplit_once(':').map_or(authority, |(host, _)| host).to_owned()
}

fn silent(host_uri: &str, error: &dyn std::error::Error) -> Unavailable {
    Unavailable { what: format!("the gateway at {host_uri}"), why: chain_of(error) }
}

/// An error with its causes, in one line.
pub(crate) fn chain_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// A status, as far as it matters. Its counts say which containers run, and not of which version, nor whether Ray does.
fn look_of(status: &LeaseStatus, host_uri: &str) -> LeaseLook {
    let count = |n: i32| u32::try_from(n).unwrap_or(0);
    let running = |(name, service): (&String, &akash_provider::lease::ServiceStatus)| {
        (name.clone(), count(service.ready_replicas))
    };
    let ports = status.forwarded_ports.get(HEAD_SERVICE);
    let port = ports.and_then(|ports| ports.iter().find(|port| port.port == GATE_PORT));
    LeaseLook {
        available: status.services.iter().map(running).collect(),
        gate: port.map(|port| (host_of(&port.host, host_uri), port.external_port)),
        complaints: Vec::new(),
    }
}

/// An error instead of a status. A 404, whatever its text, says that the provider has the manifest and has not deployed it yet; or that
/// the lease has ended, which only the chain is believed.
fn nothing_yet(host_uri: &str, error: &GatewayError) -> Result<LeaseLook, Unavailable> {
    if let GatewayError::NotThere { .. } = error {
        Ok(LeaseLook::default())
    } else {
        Err(silent(host_uri, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_there_is_nothing_yet_and_any_other_error_is_silence() {
        let what = || "GET /lease/1/1/1/status".to_owned();
        for problem in ["", "kube: lease not found", "kube: no deployments for lease"] {
            let error = GatewayError::NotThere { what: what(), problem: problem.to_owned() };
            assert_eq!(nothing_yet("https://p", &error), Ok(LeaseLook::default()), "{problem}");
        }
        let failing = GatewayError::Failing { what: what(), status: 503, problem: "busy".to_owned() };
        let silent = nothing_yet("https://p", &failing).unwrap_err();
        assert!(silent.to_string().contains("503"), "{silent}");
    }

    #[test]
    fn complaints_are_the_last_warnings_and_short() {
        let event = |kind: &str, note: String| Event {
            kind: kind.to_owned(),
            reason: "Failed".to_owned(),
            note,
            ..Event::default()
        };
        let mut events: Vec<Event> = (0..9).map(|n| event("Warning", n.to_string())).collect();
        events.push(event("Normal", "pulled".to_owned()));
        events.push(event("Warning", "x".repeat(10_000)));
        let texts = complaints_of(&events);
        assert_eq!(texts.len(), MOST_COMPLAINTS);
        assert!(texts.iter().all(|text| text.len() <= LONGEST_COMPLAINT));
        assert_eq!(texts.first().map(String::as_str), Some("Failed: 5 ()"));
    }

    #[test]
    fn the_gate_is_at_the_public_host_or_at_the_gateway_s() {
        assert_eq!(host_of("p.example", "https://q:8443"), "p.example");
        assert_eq!(host_of("", "https://q:8443/"), "q");
        assert_eq!(host_of("", "https://[::1]:8443"), "[::1]");
    }
}
