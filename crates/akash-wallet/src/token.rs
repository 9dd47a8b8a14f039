//! Tokens for providers: JWTs signed with the account's own key (AEP-64).
//!
//! A provider takes its tenant's public key from the chain, so the account must have signed a transaction before.

mod verify;
mod wire;

pub use verify::{TokenError, Verified, adr36, issuer, verify};

use std::fmt;

use akash_types::{Address, Dseq};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::Key;

/// The longest life of a token that a [`Key`] makes, in seconds.
pub const MAX_LIFETIME: u64 = 15 * 60;

/// Clocks differ: a token counts from this many seconds before it was made, since providers allow no leeway.
const BACKDATED: u64 = 30;

/// What a token opens: one provider, one deployment, the actions named, for minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The provider.
    pub provider: Address,
    /// The deployment.
    pub dseq: Dseq,
    /// The actions. Providers refuse an empty list.
    pub scopes: Vec<Scope>,
    /// The services. The format demands at least one name, though providers (0.16) never compare it.
    pub services: Vec<String>,
    /// Now, in Unix seconds.
    pub issued_at: u64,
    /// Seconds to live; more than [`MAX_LIFETIME`] counts as that.
    pub lifetime: u64,
}

/// An action at a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Send or replace the manifest.
    SendManifest,
    /// Read the manifest back.
    GetManifest,
    /// Read the services' output.
    Logs,
    /// Run commands in containers.
    Shell,
    /// Read Kubernetes events.
    Events,
    /// Read the lease's status.
    Status,
    /// Restart services.
    Restart,
    /// Move host names between deployments.
    HostnameMigrate,
    /// Move addresses between deployments.
    IpMigrate,
    /// Ask for a hardware attestation.
    Attestation,
}

impl Scope {
    /// Every action.
    pub const ALL: [Self; 10] = [
        Self::SendManifest,
        Self::GetManifest,
        Self::Logs,
        Self::Shell,
        Self::Events,
        Self::Status,
        Self::Restart,
        Self::HostnameMigrate,
        Self::IpMigrate,
        Self::Attestation,
    ];

    /// Its name in tokens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SendManifest => "send-manifest",
            Self::GetManifest => "get-manifest",
            Self::Logs => "logs",
            Self::Shell => "shell",
            Self::Events => "events",
            Self::Status => "status",
            Self::Restart => "restart",
            Self::HostnameMigrate => "hostname-migrate",
            Self::IpMigrate => "ip-migrate",
            Self::Attestation => "attestation",
        }
    }

    /// By its name in tokens.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// A signed token: whoever has it may do what it says.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// The value of the `Authorization` header: `Bearer …`.
    pub fn header_value(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("Bearer {}", *self.0))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Key {
    /// A token with these claims: granular access, `iat = nbf =` 30 seconds ago.
    pub fn token(&self, claims: &Claims) -> Token {
        let from = claims.issued_at.saturating_sub(BACKDATED);
        let until = claims.issued_at.saturating_add(claims.lifetime.min(MAX_LIFETIME));
        let deployment = wire::Deployment {
            scope: claims.scopes.iter().map(|scope| scope.name().to_owned()).collect(),
            dseq: claims.dseq.get(),
            gseq: 0,
            oseq: 0,
            services: claims.services.clone(),
        };
        let payload = wire::Payload {
            iss: self.address().to_string(),
            exp: Some(until.into()),
            nbf: Some(from.into()),
            iat: Some(from.into()),
            version: wire::VERSION.to_owned(),
            leases: wire::Leases {
                access: wire::GRANULAR.to_owned(),
                scope: Vec::new(),
                permissions: vec![wire::Permission {
                    provider: claims.provider.to_string(),
                    access: wire::GRANULAR.to_owned(),
                    scope: Vec::new(),
                    deployments: vec![deployment],
                }],
            },
        };
        self.encode(&payload)
    }

    fn encode(&self, payload: &wire::Payload) -> Token {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256K","typ":"JWT"}"#);
        let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload.to_json()));
        let signature = URL_SAFE_NO_PAD.encode(self.sign_bytes(signed.as_bytes()));
        Token(Zeroizing::new(format!("{signed}.{signature}")))
    }
}

#[cfg(test)]
mod tests;
