//! The money of somebody else that a key may use: a deposit grant and an allowance for fees.

use akash_chain::{At, ChainError, Client, Grant, Granted};
use akash_types::escrow::Scope;
use akash_types::msg::{Allowance, DepositAuthorization};
use akash_types::{Address, Coin, Denom, Height, Time, UACT, UAKT};
use rayakash_core::view::Frozen;
use rayakash_engine::ports::Unavailable;

use super::ChainAdapter;

/// What a funder lets the key use. An amount is the smaller of what is left of the grant and what the funder has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Funding {
    /// For deposits into deployments.
    pub(crate) uact: u128,
    /// For fees.
    pub(crate) uakt: u128,
    /// The deposit grant, when there is one.
    pub(crate) deposits: Option<(DepositAuthorization, Option<Time>)>,
    /// The allowance for fees, when there is one of a kind that is known.
    pub(crate) fees: Option<Allowance>,
}

impl Funding {
    /// What an endpoint shows of it.
    pub(super) async fn shown_by(
        client: &Client,
        (owner, funder): (&Address, &Address),
        at: At,
    ) -> Result<Self, ChainError> {
        let granted = client.granted_to(owner, at).await?;
        let deposits =
            granted.into_iter().filter(|one| one.granter == *funder).find_map(|one| match one.grant {
                Grant::Deposits(authorization) => Some((authorization, one.expires)),
                Grant::Other(_) => None,
            });
        let allowances = client.allowances_of(owner, at).await?;
        let fees = allowances.into_iter().find(|one| one.granter == *funder).and_then(|one| one.allowance);
        let has = async |denom| client.balance(funder, denom, at).await;
        let (uact, uakt) = (has(&UACT).await?, has(&UAKT).await?);
        let now = Time::from_millis(client.tip().await?.time_unix_ms);
        Ok(Self {
            uact: deposits.as_ref().map_or(0, |(grant, expires)| {
                if pays(grant) && lives(*expires, now) { left(&grant.limits, &UACT).min(uact) } else { 0 }
            }),
            uakt: fees.as_ref().map_or(0, |fees| {
                let unlimited = fees.limits.is_empty();
                let left = if unlimited { u128::MAX } else { left(&fees.limits, &UAKT) };
                if lives(fees.expires, now) { left.min(uakt) } else { 0 }
            }),
            deposits,
            fees,
        })
    }
}

impl ChainAdapter {
    /// What the funder lets the key use.
    pub(crate) async fn funding(
        &self,
        owner: &Address,
        funder: &Address,
        at: At,
    ) -> Result<Funding, ChainError> {
        Funding::shown_by(&self.client, (owner, funder), at).await
    }

    /// The chain takes a deposit out of any grant that fits, so with two of them the money of both would be mixed.
    pub(super) async fn two_funders(
        &self,
        owner: &Address,
        height: Height,
    ) -> Result<Option<Frozen>, Unavailable> {
        if self.funder.is_none() {
            return Ok(None);
        }
        let granted = self.client.granted_to(owner, At::Height(height)).await;
        let funders = funders(&granted.map_err(|error| self.unavailable(&error))?);
        Ok((funders.len() > 1).then_some(Frozen::TwoFunders { funders }))
    }
}

/// Who lets the key pay deposits into deployments.
pub(crate) fn funders(granted: &[Granted]) -> Vec<Address> {
    let pay = |one: &&Granted| matches!(&one.grant, Grant::Deposits(grant) if pays(grant));
    granted.iter().filter(pay).map(|one| one.granter.clone()).collect()
}

fn pays(grant: &DepositAuthorization) -> bool {
    grant.scopes.contains(&Scope::Deployment)
}

fn lives(expires: Option<Time>, now: Time) -> bool {
    expires.is_none_or(|end| end > now)
}

fn left(limits: &[Coin], denom: &Denom) -> u128 {
    limits.iter().find(|coin| coin.denom == *denom).map_or(0, |coin| coin.amount)
}
