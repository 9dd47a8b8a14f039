//! A provider's gateway.

use std::sync::Arc;
use std::time::Duration;

use akash_sdl::Manifest;
use akash_types::{Address, Dseq, LeaseId};
use akash_wallet::Token;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Url};
use rustls::ClientConfig;
use serde::Deserialize;

use crate::http::Ask;
use crate::identity::{Expected, Identity};
use crate::verifier::NotTheProvider;
use crate::{BoxError, GatewayError, LeaseStatus, ProviderStatus, PutError};

/// How long a provider may take over a manifest; it gives up itself after 120 s.
const MANIFEST_PATIENCE: Duration = Duration::from_secs(60);

/// A provider's gateway. Cheap to clone; clones share connections and what is known of the provider's certificates.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    provider: Address,
    base: Url,
    host: String,
    expected: Expected,
    client: Client,
    tls: Arc<ClientConfig>,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("provider", &self.0.provider).field("host", &self.0.host).finish()
    }
}

impl Gateway {
    /// The gateway at the address that `provider` published on chain. Connects to nothing yet.
    pub fn new(host_uri: &str, provider: Address, identity: &Identity) -> Result<Self, GatewayError> {
        let base = parse(host_uri)?;
        let expected = Expected::new(provider.clone(), identity);
        let tls = expected.tls(identity)?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls.clone())
            .http1_only()
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(10))
            .pool_idle_timeout(Duration::from_secs(60))
            .build()
            .map_err(|source| GatewayError::Tls { source: source.into() })?;
        let host = base.host_str().map(str::to_owned).unwrap_or_default();
        let host = format!("{host}:{}", base.port_or_known_default().unwrap_or(443));
        Ok(Self(Arc::new(Inner { provider, base, host, expected, client, tls: Arc::new(tls) })))
    }

    /// The account that the gateway says it belongs to: always the expected one, else it is an error.
    pub async fn address(&self) -> Result<Address, GatewayError> {
        #[derive(Deserialize)]
        struct Answer {
            address: String,
        }
        let answer: Answer = self.read(Ask::get("/address".to_owned(), None)).await?;
        if answer.address == self.0.provider.as_str() {
            return Ok(self.0.provider.clone());
        }
        Err(self.stranger(&NotTheProvider::Name { found: crate::error::printable(&answer.address) }, None))
    }

    /// What the provider says of itself to everybody.
    pub async fn status(&self) -> Result<ProviderStatus, GatewayError> {
        self.read(Ask::get("/status".to_owned(), None)).await
    }

    /// Sends the manifest of a deployment; the whole one, whatever this provider leases of it.
    ///
    /// Success means that the provider will try, not that anything runs. The token needs `send-manifest`.
    /// Send it once more some seconds later: a provider that accepts before its own event loop has seen the lease closes the
    /// lease after five minutes for want of a manifest. An identical one restarts nothing.
    pub async fn put_manifest(&self, dseq: Dseq, manifest: &Manifest, token: &Token) -> Result<(), PutError> {
        let ask = Ask {
            method: Method::PUT,
            path: format!("/deployment/{dseq}/manifest"),
            token: Some(token),
            body: Some(manifest.to_json()),
            patience: MANIFEST_PATIENCE,
        };
        self.send(ask).await.map(drop).map_err(PutError::from)
    }

    /// What runs of a lease. [`GatewayError::NotThere`] until some seconds after the manifest, and after the end. The
    /// token needs `status`.
    pub async fn lease_status(&self, lease: &LeaseId, token: &Token) -> Result<LeaseStatus, GatewayError> {
        self.read(Ask::get(lease_path(lease, "status"), Some(token))).await
    }

    pub(crate) fn host(&self) -> &str {
        &self.0.host
    }

    pub(crate) fn base(&self) -> &Url {
        &self.0.base
    }

    pub(crate) fn client(&self) -> &Client {
        &self.0.client
    }

    pub(crate) fn tls(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0.tls)
    }

    pub(crate) fn expected(&self) -> &Expected {
        &self.0.expected
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        let mut url = self.0.base.clone();
        url.set_path(path);
        url
    }

    pub(crate) fn stranger(&self, why: &NotTheProvider, source: Option<BoxError>) -> GatewayError {
        let (host, provider) = (self.0.host.clone(), self.0.provider.clone());
        GatewayError::Stranger { host, provider, problem: why.to_string(), source }
    }
}

/// A path of a lease. Neither owner nor provider stand in it: the token and the server say who they are.
pub(crate) fn lease_path(lease: &LeaseId, what: &str) -> String {
    let order = &lease.order;
    format!("/lease/{}/{}/{}/{what}", order.group.deployment.dseq, order.group.gseq, order.oseq)
}

/// Published addresses are strangers' texts.
fn parse(uri: &str) -> Result<Url, GatewayError> {
    let shown = crate::error::printable(uri);
    let bad = |problem: &str| GatewayError::BadUri { uri: shown.clone(), problem: problem.to_owned() };
    let url = Url::parse(uri).map_err(|error| bad(&error.to_string()))?;
    if url.scheme() != "https" || url.host_str().is_none() {
        return Err(bad("it must begin with https:// and name a host"));
    }
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if !plain || url.fragment().is_some() || !["", "/"].contains(&url.path()) {
        return Err(bad("it must consist of host and port alone"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_addresses_are_host_and_port() {
        for good in ["https://provider.example.com:8443", "https://10.0.0.1:8443/", "https://[::1]:8443"] {
            assert!(parse(good).is_ok(), "{good}");
        }
        let bad = [
            "",
            "provider:8443",
            "http://a:8443",
            "https://a/b",
            "https://u:p@a",
            "https://a?b",
            "file:///etc",
        ];
        for bad in bad {
            assert!(matches!(parse(bad), Err(GatewayError::BadUri { .. })), "{bad}");
        }
    }
}
