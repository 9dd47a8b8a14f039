//! The provider's side: is a token genuine, and what does it open?

use std::collections::BTreeSet;

use akash_types::{Address, Dseq};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::Scope;
use super::wire::{Date, Deployment, FULL, GRANULAR, Leases, Payload, Permission, SCOPED, VERSION};
use crate::signature;

/// Why a token is refused. The texts are those of Akash's provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is no token, its issuer is unknown, or the signature is not the issuer's: HTTP 401.
    #[error("JWT is invalid")]
    Invalid,
    /// It is the issuer's, but it is expired, not yet valid, or its claims make no sense: HTTP 400.
    #[error("JWT has invalid claims")]
    InvalidClaims,
}

impl TokenError {
    /// The HTTP status that a provider answers with.
    pub const fn status(self) -> u16 {
        match self {
            Self::Invalid => 401,
            Self::InvalidClaims => 400,
        }
    }
}

/// A genuine token that is valid now.
#[derive(Clone, Debug)]
pub struct Verified {
    /// Whose it is: the owner in every request that carries it.
    pub issuer: Address,
    leases: Leases,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

/// Checks a token (the text after `Bearer `) at Unix second `now`. `lookup` gives the public key that the chain has for an account.
pub fn verify(
    text: &str,
    now: u64,
    lookup: impl Fn(&Address) -> Option<[u8; 33]>,
) -> Result<Verified, TokenError> {
    let (signed, signature) = text.rsplit_once('.').ok_or(TokenError::Invalid)?;
    let (header, payload) = signed.split_once('.').ok_or(TokenError::Invalid)?;
    let header: Header = json(header)?;
    let payload: Payload = json(payload)?;
    let issuer: Address = payload.iss.parse().map_err(|_| TokenError::Invalid)?;
    let public_key = lookup(&issuer).ok_or(TokenError::Invalid)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenError::Invalid)?;
    let message = match header.alg.as_str() {
        "ES256K" => signed.to_owned(),
        "ES256KADR36" => adr36(signed, &payload.iss),
        _ => return Err(TokenError::Invalid),
    };
    if !signature::verify(&public_key, message.as_bytes(), &signature) {
        return Err(TokenError::Invalid);
    }
    if !is_current(&payload, now) || payload.version != VERSION || !is_sound(&payload.leases) {
        return Err(TokenError::InvalidClaims);
    }
    Ok(Verified { issuer, leases: payload.leases })
}

/// Whose a token claims to be, for looking up the key before [`verify`]. Nothing is checked yet.
pub fn issuer(text: &str) -> Result<Address, TokenError> {
    let payload = text.split('.').nth(1).ok_or(TokenError::Invalid)?;
    let payload: Payload = json(payload)?;
    payload.iss.parse().map_err(|_| TokenError::Invalid)
}

impl Verified {
    /// True when it opens `scope` on this lease of the issuer. Requests that name no group and order pass `(0, 0)`.
    pub fn allows(&self, provider: &Address, dseq: Dseq, (gseq, oseq): (u32, u32), scope: Scope) -> bool {
        let lists = |scopes: &[String]| scopes.iter().any(|s| s == scope.name());
        let fits = |claimed: u32, asked: u32| claimed == 0 || asked == 0 || claimed == asked;
        let here = |d: &Deployment| {
            d.dseq == dseq.get() && fits(d.gseq, gseq) && fits(d.oseq, oseq) && lists(&d.scope)
        };
        match self.leases.access.as_str() {
            FULL => true,
            SCOPED => lists(&self.leases.scope),
            _ => self.leases.permissions.iter().filter(|p| p.provider == provider.as_str()).any(|p| match p
                .access
                .as_str()
            {
                FULL => true,
                SCOPED => lists(&p.scope),
                _ => p.deployments.iter().any(here),
            }),
        }
    }
}

fn json<T: for<'a> Deserialize<'a>>(segment: &str) -> Result<T, TokenError> {
    let bytes = URL_SAFE_NO_PAD.decode(segment).map_err(|_| TokenError::Invalid)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenError::Invalid)
}

/// What a browser wallet signs instead of the token itself (`ES256KADR36`): a sign document without fee, chain or sequence.
pub fn adr36(signed: &str, issuer: &str) -> String {
    format!(
        concat!(
            r#"{{"account_number":"0","chain_id":"","fee":{{"amount":[],"gas":"0"}},"memo":"","msgs":"#,
            r#"[{{"type":"sign/MsgSignData","value":{{"data":"{}","signer":"{}"}}}}],"sequence":"0"}}"#
        ),
        STANDARD.encode(signed),
        issuer
    )
}

/// All three dates are demanded, two are compared, without leeway; `iat` may lie ahead.
fn is_current(payload: &Payload, now: u64) -> bool {
    let seconds = |date: &Option<Date>| date.as_ref().and_then(Date::seconds);
    match (seconds(&payload.exp), seconds(&payload.nbf), seconds(&payload.iat)) {
        (Some(exp), Some(nbf), Some(_)) => nbf <= now && now < exp,
        _ => false,
    }
}

fn is_sound(leases: &Leases) -> bool {
    match leases.access.as_str() {
        FULL => leases.scope.is_empty() && leases.permissions.is_empty(),
        SCOPED => are_scopes(&leases.scope) && leases.permissions.is_empty(),
        GRANULAR => {
            leases.scope.is_empty()
                && are_some_and_unique(leases.permissions.iter().map(|p| &p.provider))
                && leases.permissions.iter().all(is_sound_permission)
        }
        _ => false,
    }
}

fn is_sound_permission(permission: &Permission) -> bool {
    let deployment = |d: &Deployment| {
        are_scopes(&d.scope)
            && d.dseq != 0
            && (d.oseq == 0 || d.gseq != 0)
            && are_some_and_unique(d.services.iter())
    };
    permission.provider.parse::<Address>().is_ok()
        && match permission.access.as_str() {
            FULL => permission.scope.is_empty() && permission.deployments.is_empty(),
            SCOPED => are_scopes(&permission.scope) && permission.deployments.is_empty(),
            GRANULAR => {
                permission.scope.is_empty()
                    && !permission.deployments.is_empty()
                    && permission.deployments.iter().all(deployment)
            }
            _ => false,
        }
}

fn are_scopes(scopes: &[String]) -> bool {
    are_some_and_unique(scopes.iter()) && scopes.iter().all(|scope| Scope::from_name(scope).is_some())
}

fn are_some_and_unique<'a>(names: impl Iterator<Item = &'a String>) -> bool {
    let mut seen = BTreeSet::new();
    let mut all_new = true;
    for name in names {
        all_new &= seen.insert(name);
    }
    all_new && !seen.is_empty()
}
