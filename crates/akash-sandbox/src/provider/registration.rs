//! The provider's entries on chain: its certificate and where its gateway is.

use std::path::Path;
use std::time::Duration;

use akash_chain::{At, ChainError, Class, Client, End, Sender};
use akash_types::msg::{CreateCertificate, CreateProvider, UpdateProvider};
use akash_types::{Address, CertificateState, Msg, Provider, ProviderInfo};
use akash_wallet::certificate::{Identity, generate};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::offer::attributes;
use super::{Error, ProviderConfig};
use crate::clock::unix_millis;
use crate::private;

/// How long a node may take to come up.
const PATIENCE: Duration = Duration::from_secs(30);
/// A certificate is good for this many seconds: ten years.
const VALIDITY: u64 = 10 * 365 * 86_400;

/// A certificate with its key, as it is kept in the provider's folder (0600).
#[derive(Serialize, Deserialize)]
struct Kept {
    cert_pem: String,
    public_key_pem: String,
    cert_der: String,
    key_pkcs8_der: String,
}

/// The provider's certificate: the one kept in its folder, or a new one that is kept there from now on.
pub(super) fn identity(home: &Path, me: &Address) -> Result<Identity, Error> {
    let path = home.join("certificate.json");
    let file = |action| {
        let path = path.clone();
        move |source| Error::File { action, path, source }
    };
    if let Some(kept) = private::load::<Kept>(&path).map_err(file("read"))? {
        return kept.identity().map_err(|e| Error::Certificate { provider: me.clone(), source: e.into() });
    }
    let now = unix_millis();
    let (serial, since) = (now.saturating_mul(1_000_000), now / 1000);
    let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
    let identity = generate(me, serial, since.saturating_sub(60), since.saturating_add(VALIDITY), &names)
        .map_err(|e| Error::Certificate { provider: me.clone(), source: e.into() })?;
    private::save(&path, &Kept::of(&identity)).map_err(file("write"))?;
    Ok(identity)
}

impl Kept {
    fn of(identity: &Identity) -> Self {
        Self {
            cert_pem: identity.cert_pem.clone(),
            public_key_pem: identity.public_key_pem.clone(),
            cert_der: STANDARD.encode(&identity.cert_der),
            key_pkcs8_der: STANDARD.encode(&*identity.key_pkcs8_der),
        }
    }

    fn identity(self) -> Result<Identity, base64::DecodeError> {
        Ok(Identity {
            cert_der: STANDARD.decode(&self.cert_der)?,
            key_pkcs8_der: STANDARD.decode(&self.key_pkcs8_der)?.into(),
            cert_pem: self.cert_pem,
            public_key_pem: self.public_key_pem,
        })
    }
}

/// Puts on chain what is missing there. Waits half a minute for a node that does not answer yet.
pub(super) async fn register(
    config: &ProviderConfig,
    client: &Client,
    sender: &Sender,
    (identity, host_uri): (&Identity, &str),
) -> Result<(), Error> {
    let me = config.key.address();
    let wanted = Provider {
        owner: me.clone(),
        host_uri: host_uri.to_owned(),
        attributes: attributes(&config.name),
        info: ProviderInfo::default(),
    };
    let error = |source| Error::Chain { provider: me.clone(), node: config.node.clone(), source };
    let deadline = Instant::now() + PATIENCE;
    loop {
        let problem = match missing(client, identity, &wanted).await {
            Ok(messages) if messages.is_empty() => return Ok(()),
            Ok(messages) => {
                let intent = format!("register {me} at {host_uri}");
                match sender.carry_out(&intent, messages, Class::Other, "").await {
                    Ok(End::Landed { .. }) => return Ok(()),
                    Ok(End::Failed { rejection, .. }) => {
                        let (provider, node) = (me.clone(), config.node.clone());
                        return Err(Error::Refused { provider, node, rejection });
                    }
                    Ok(End::Dead { .. }) => "the registration came into no block".into(),
                    Err(problem) => problem.into(),
                }
            }
            Err(problem) => problem.into(),
        };
        if Instant::now() > deadline {
            return Err(error(problem));
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// The messages that are needed.
async fn missing(client: &Client, identity: &Identity, wanted: &Provider) -> Result<Vec<Msg>, ChainError> {
    let me = &wanted.owner;
    let valid = client.certificates(me, None, Some(CertificateState::Valid), At::Latest).await?;
    let mut messages = Vec::new();
    if !valid.iter().any(|certificate| certificate.cert == identity.cert_pem.as_bytes()) {
        messages.push(Msg::from(CreateCertificate {
            owner: me.clone(),
            cert: identity.cert_pem.clone().into_bytes(),
            public_key: identity.public_key_pem.clone().into_bytes(),
        }));
    }
    match client.provider(me, At::Latest).await? {
        Some(found) if &found == wanted => {}
        Some(_) => messages.push(UpdateProvider { provider: wanted.clone() }.into()),
        None => messages.push(CreateProvider { provider: wanted.clone() }.into()),
    }
    Ok(messages)
}
