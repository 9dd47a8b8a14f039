//! Grants for a hot key, by the key that pays.

use std::sync::Arc;

use akash_chain::At;
use akash_types::{Address, Time};
use axum::Json;
use axum::extract::State;
use rayakash_api::error::{Code, Problem};
use rayakash_api::v1;
use rayakash_core::Secret;

use super::failure::{Answer, Failure};
use super::keys;
use crate::clock::SystemClock;
use crate::grants::{self, Funder, GrantError, Terms};
use crate::service::Service;

/// The longest that a grant may last.
const LONGEST_S: i64 = 366 * 86_400;

pub(crate) async fn grant(
    State(service): State<Arc<Service>>,
    Json(request): Json<v1::GrantRequest>,
) -> Answer<Json<v1::Funding>> {
    let network = service.context.network;
    if network.real_money() && !request.yes {
        let detail = "this lets another key spend real money, and nobody agreed to it";
        return Err(Problem::new(Code::NotApproved, detail).into());
    }
    let terms = terms(&request)?;
    let funder = funder(&service, &request.key, request.passphrase.as_ref()).await?;
    if funder.key.address() == &terms.grantee {
        return Err(bad("a key cannot pay for itself by a grant"));
    }
    funder.grant(&terms).await.map_err(|error| refused(&error))?;
    service.clusters.nudge_all();
    now(&service, funder.key.address(), &terms.grantee).await
}

pub(crate) async fn revoke(
    State(service): State<Arc<Service>>,
    Json(request): Json<v1::RevokeRequest>,
) -> Answer<Json<v1::Funding>> {
    let grantee = address(&request.grantee)?;
    let funder = funder(&service, &request.key, request.passphrase.as_ref()).await?;
    funder.revoke(&grantee).await.map_err(|error| refused(&error))?;
    service.clusters.nudge_all();
    now(&service, funder.key.address(), &grantee).await
}

/// On the chain no limit means without one, and no end for ever: neither is granted.
fn terms(request: &v1::GrantRequest) -> Answer<Terms> {
    let now_s = i64::try_from(SystemClock.now_ms() / 1_000).unwrap_or(0);
    let lasts = request.expires.saturating_sub(now_s);
    if request.deposits_uact.0 == 0 || request.fees_uakt.0 == 0 {
        return Err(bad("a grant needs a limit above nothing, for deposits and for fees"));
    }
    if !(60..=LONGEST_S).contains(&lasts) {
        return Err(bad("a grant needs an end, from a minute to a year from now"));
    }
    Ok(Terms {
        grantee: address(&request.grantee)?,
        deposits: request.deposits_uact.0,
        fees: request.fees_uakt.0,
        expires: Time::from_millis(u64::try_from(request.expires).unwrap_or(0).saturating_mul(1_000)),
    })
}

async fn funder(service: &Service, key: &str, passphrase: Option<&Secret>) -> Answer<Funder> {
    let key = keys::any(service, key, passphrase).await?;
    let context = &service.context;
    let own = service.world().chain.owner();
    if own.as_ref() == Some(key.address()) {
        let hint = "the key that pays grants to another key, which the service works with";
        let problem = Problem::new(Code::Conflict, "this is the key that the service itself signs with");
        return Err(problem.hint(hint).into());
    }
    let client = service.world().chain.client().clone();
    Ok(Funder { client, chain_id: context.network.chain_id(), key })
}

/// What the chain has now.
async fn now(service: &Service, funder: &Address, grantee: &Address) -> Answer<Json<v1::Funding>> {
    let chain = &service.world().chain;
    let funding = chain.funding(grantee, funder, At::Latest).await;
    let funding = funding.map_err(|error| chain.unavailable(&error))?;
    Ok(Json(grants::shown((funder, grantee), &funding)))
}

fn address(text: &str) -> Answer<Address> {
    text.parse().map_err(|error: akash_types::BadAddress| {
        Failure::from(Problem::from_error(Code::BadRequest, &error))
    })
}

fn bad(detail: &str) -> Failure {
    Problem::new(Code::BadRequest, detail).into()
}

fn refused(error: &GrantError) -> Failure {
    let code = match error {
        GrantError::TwoFunders { .. } => Code::Conflict,
        GrantError::Nothing => Code::NotFound,
        GrantError::Refused(_) => Code::Rejected,
        GrantError::Chain(_) | GrantError::Unsettled(_) => Code::Unreachable,
    };
    Problem::from_error(code, error).into()
}
