//! Who asks, and what it may see.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
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
use crate::provider::facts::Signer;

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
            Err(Refusal::Token(problem)) => return reply::message(problem.status(), &problem.to_string()),
            Err(Refusal::HangUp) => return reply::hang_up(),
            Err(Refusal::Silence) => return std::future::pending().await,
        },
    };
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// Why nobody is let in.
enum Refusal {
    Token(TokenError),
    /// The connection ends without a byte.
    HangUp,
    /// Nothing ever comes.
    Silence,
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
    /// As the real provider does, broken ways included: a token of an account that never signed ends the connection, one of an account
    /// that the chain does not know is refused, and after that every account that had not been looked up before waits for ever.
    async fn verify(&self, token: &str) -> Result<Verified, Refusal> {
        let key = match issuer(token) {
            Some(issuer) => Some(self.public_key(&issuer).await?),
            None => None,
        };
        token::verify(token, unix_millis() / 1000, |_| key).map_err(Refusal::Token)
    }

    /// The key of an account that was looked up before.
    fn known(&self, account: &Address) -> Option<[u8; 33]> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).get(account).copied()
    }

    async fn public_key(&self, account: &Address) -> Result<[u8; 33], Refusal> {
        if let Some(key) = self.known(account) {
            return Ok(key);
        }
        if self.stuck.load(Ordering::Acquire) {
            return Err(Refusal::Silence);
        }
        match self.facts.signer(account).await {
            Ok(Signer::Key(key)) => {
                self.keys.lock().unwrap_or_else(PoisonError::into_inner).insert(account.clone(), key);
                Ok(key)
            }
            Ok(Signer::Silent) => Err(Refusal::HangUp),
            Ok(Signer::Unknown) => {
                tracing::warn!(%account, "a token of an account that the chain does not know: no other is looked up any more");
                self.stuck.store(true, Ordering::Release);
                Err(Refusal::Token(TokenError::Invalid))
            }
            Err(problem) => {
                tracing::warn!(%account, %problem, "account not looked up");
                Err(Refusal::Token(TokenError::Invalid))
            }
        }
    }

    /// Looks an account up before it asks: the real provider does so for the owners of the leases that it has when it starts.
    pub(crate) async fn remember(&self, account: &Address) {
        if let Ok(Signer::Key(key)) = self.facts.signer(account).await {
            self.keys.lock().unwrap_or_else(PoisonError::into_inner).insert(account.clone(), key);
        }
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
