//! Who asks, and what it may see.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use akash_types::{Address, DeploymentId, Dseq, LeaseId};
use akash_wallet::Scope;
use akash_wallet::token::{self, TokenError, Verified};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, header};

use super::{Gateway, go, reply};
use crate::clock::unix_millis;

/// Who asks: nobody in particular, or the issuer of a good token.
#[derive(Clone, Debug)]
pub(super) struct Caller(Option<Arc<Verified>>);

/// Runs before every route, the public ones too: a bad header is refused everywhere.
pub(super) async fn authenticate(
    State(gateway): State<Arc<Gateway>>,
    mut request: Request,
    next: Next,
) -> Response {
    let token = match bearer(request.headers()) {
        Ok(token) => token.map(str::to_owned),
        Err(refusal) => return refusal,
    };
    let caller = match token {
        None => Caller(None),
        Some(token) => match gateway.verify(&token).await {
            Ok(verified) => Caller(Some(Arc::new(verified))),
            Err(problem) => return reply::message(problem.status(), &problem.to_string()),
        },
    };
    request.extensions_mut().insert(caller);
    next.run(request).await
}

#[expect(clippy::result_large_err, reason = "the answer is made once and sent")]
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Response> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let words: Vec<&str> = value.to_str().unwrap_or_default().split_whitespace().collect();
    match words.as_slice() {
        [scheme, token] if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token)),
        _ => Err(reply::message(400, "invalid authorization header")),
    }
}

impl Gateway {
    /// A token of an account that the chain does not know, or that never signed, is invalid. (A real provider breaks on
    /// both.)
    async fn verify(&self, token: &str) -> Result<Verified, TokenError> {
        let key = match issuer(token) {
            Some(issuer) => self.public_key(&issuer).await,
            None => None,
        };
        token::verify(token, unix_millis() / 1000, |_| key)
    }

    async fn public_key(&self, account: &Address) -> Option<[u8; 33]> {
        let known = self.keys.lock().unwrap_or_else(PoisonError::into_inner).get(account).copied();
        if known.is_some() {
            return known;
        }
        let found = self.facts.public_key(account).await.unwrap_or_else(|problem| {
            tracing::warn!(%account, %problem, "account not looked up");
            None
        });
        if let Some(key) = found {
            self.keys.lock().unwrap_or_else(PoisonError::into_inner).insert(account.clone(), key);
        }
        found
    }
}

/// Whom a token names as its issuer, not verified.
fn issuer(token: &str) -> Option<Address> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&payload).ok()?;
    claims.get("iss")?.as_str()?.parse().ok()
}

/// The numbers in a route.
pub(super) type Numbers = BTreeMap<String, String>;

impl Caller {
    /// The deployment that a route names, if the caller may do `scope` to it. `None` in it: a number that is no
    /// deployment's.
    #[expect(clippy::result_large_err, reason = "the answer is made once and sent")]
    pub(super) fn deployment(
        &self,
        me: &Address,
        numbers: &Numbers,
        scope: Scope,
    ) -> Result<Option<DeploymentId>, Response> {
        let (verified, dseq) = (self.verified()?, number(numbers, "dseq", u64::MAX)?);
        let Some(dseq) = Dseq::new(dseq) else { return Ok(None) };
        if !verified.allows(me, dseq, (0, 0), scope) {
            return Err(unauthorized());
        }
        Ok(Some(DeploymentId::new(verified.issuer.clone(), dseq)))
    }

    /// The same for a lease; any scope of the list does.
    #[expect(clippy::result_large_err, reason = "the answer is made once and sent")]
    pub(super) fn lease(
        &self,
        me: &Address,
        numbers: &Numbers,
        scopes: &[Scope],
    ) -> Result<Option<LeaseId>, Response> {
        let small = |name| number(numbers, name, u64::from(u32::MAX)).map(|n| u32::try_from(n).unwrap_or(0));
        let verified = self.verified()?;
        let (dseq, gseq, oseq) = (number(numbers, "dseq", u64::MAX)?, small("gseq")?, small("oseq")?);
        let Some(dseq) = Dseq::new(dseq) else { return Ok(None) };
        if !scopes.iter().any(|scope| verified.allows(me, dseq, (gseq, oseq), *scope)) {
            return Err(unauthorized());
        }
        let deployment = DeploymentId::new(verified.issuer.clone(), dseq);
        Ok(Some(deployment.group(gseq).order(oseq).bid(me.clone()).lease()))
    }

    #[expect(clippy::result_large_err, reason = "the answer is made once and sent")]
    fn verified(&self) -> Result<&Verified, Response> {
        self.0.as_deref().ok_or_else(unauthorized)
    }
}

fn unauthorized() -> Response {
    reply::message(401, "unauthorized access")
}

#[expect(clippy::result_large_err, reason = "the answer is made once and sent")]
fn number(numbers: &Numbers, name: &str, max: u64) -> Result<u64, Response> {
    let text = numbers.get(name).map(String::as_str).unwrap_or_default();
    go::unsigned(text, max).map_err(|problem| reply::text(400, &problem))
}
