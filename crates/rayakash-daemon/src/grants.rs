//! Grants for a hot key, signed by the key that pays. What is granted always has a limit and an end.

use std::sync::Arc;

use akash_chain::{At, ChainError, Class, Client, End, MemoryJournal, Policy, Sender, Unsettled};
use akash_types::escrow::Scope;
use akash_types::msg::{
    Allowance, DEPOSIT_URL, DepositAuthorization, GrantAllowance, GrantDeposits, Revoke, RevokeAllowance,
    service_messages,
};
use akash_types::{Address, Coin, Msg, Time};
use akash_wallet::{Allowed, Key};

use crate::chain::{Funding, funders};

/// What is granted to whom.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) grantee: Address,
    /// For deposits into deployments, uact.
    pub(crate) deposits: u128,
    /// For fees, uakt.
    pub(crate) fees: u128,
    pub(crate) expires: Time,
}

/// Why nothing was granted, or nobody knows whether it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GrantError {
    #[error("{funder} pays for this key already, and the chain would mix the money of two")]
    TwoFunders { funder: Address },
    #[error("there is nothing to take back")]
    Nothing,
    #[error("the chain refused it: {0}")]
    Refused(String),
    #[error("the chain cannot be read")]
    Chain(#[from] ChainError),
    #[error("it is not known whether it happened; doing it again is safe")]
    Unsettled(#[from] Unsettled),
}

/// One account that pays for others, and the chain that it does so on.
pub(crate) struct Funder {
    pub(crate) client: Client,
    pub(crate) chain_id: &'static str,
    pub(crate) key: Key,
}

impl Funder {
    /// Grants deposits and fees. What was granted before is replaced, so doing it again changes nothing.
    pub(crate) async fn grant(&self, terms: &Terms) -> Result<(), GrantError> {
        let others = funders(&self.client.granted_to(&terms.grantee, At::Latest).await?);
        if let Some(funder) = others.into_iter().find(|other| other != self.key.address()) {
            return Err(GrantError::TwoFunders { funder });
        }
        let (granter, grantee) = (self.key.address().clone(), terms.grantee.clone());
        let authorization =
            DepositAuthorization::new(vec![Scope::Deployment], vec![Coin::uact(terms.deposits)]);
        let allowance = Allowance {
            messages: service_messages(),
            limits: vec![Coin::uakt(terms.fees)],
            expires: Some(terms.expires),
        };
        // A deposit grant replaces the one before; an allowance has to be taken back first.
        let mut messages: Vec<Msg> = self.allowance(&grantee).await?.into_iter().collect();
        let expires = Some(terms.expires);
        let deposits =
            GrantDeposits { granter: granter.clone(), grantee: grantee.clone(), authorization, expires };
        messages.push(deposits.into());
        messages.push(GrantAllowance { granter, grantee, allowance }.into());
        self.send(messages).await
    }

    /// Takes back what there is of both. What was paid with it goes on, and its refunds come back.
    pub(crate) async fn revoke(&self, grantee: &Address) -> Result<(), GrantError> {
        let (granter, ours) = (self.key.address().clone(), self.key.address());
        let mut messages: Vec<Msg> = self.allowance(grantee).await?.into_iter().collect();
        if funders(&self.client.granted_to(grantee, At::Latest).await?).contains(ours) {
            let type_url = DEPOSIT_URL.to_owned();
            messages.push(Revoke { granter, grantee: grantee.clone(), type_url }.into());
        }
        if messages.is_empty() {
            return Err(GrantError::Nothing);
        }
        self.send(messages).await
    }

    /// What takes back the allowance for fees, when there is one.
    async fn allowance(&self, grantee: &Address) -> Result<Option<Msg>, GrantError> {
        let granter = self.key.address();
        let all = self.client.allowances_of(grantee, At::Latest).await?;
        let ours = all.iter().any(|one| one.granter == *granter);
        let (granter, grantee) = (granter.clone(), grantee.clone());
        Ok(ours.then(|| RevokeAllowance { granter, grantee }.into()))
    }

    /// All or nothing. Sending it twice leaves the same grants, so nothing of it needs to outlive this process.
    async fn send(&self, messages: Vec<Msg>) -> Result<(), GrantError> {
        let journal = Arc::new(MemoryJournal::default());
        let key = (self.key.clone(), Allowed::funder());
        let sender = Sender::new(self.client.clone(), key, self.chain_id, journal, Policy::default());
        match sender.carry_out("grants", messages, Class::Update, "").await? {
            End::Landed { .. } => Ok(()),
            End::Failed { rejection, .. } => Err(GrantError::Refused(rejection.to_string())),
            End::Dead { .. } => Err(GrantError::Refused("it came too late; do it again".to_owned())),
        }
    }
}

/// For the answer.
pub(crate) fn shown((funder, grantee): (&Address, &Address), funding: &Funding) -> rayakash_api::v1::Funding {
    use rayakash_api::v1::Micro;
    rayakash_api::v1::Funding {
        funder: funder.to_string(),
        grantee: grantee.to_string(),
        deposits_uact: funding.deposits.as_ref().map(|_| Micro(funding.uact)),
        deposits_until: funding.deposits.as_ref().and_then(|(_, end)| Some((*end)?.seconds())),
        fees_uakt: funding.fees.as_ref().map(|_| Micro(funding.uakt)),
        fees_until: funding.fees.as_ref().and_then(|fees| Some(fees.expires?.seconds())),
    }
}
