//! A second opinion before money is spent: what an act rests on is read again, and two endpoints have to show it alike.

use akash_chain::{At, ChainError, Client, MarketFilter};
use akash_types::{Bid, BidId, BidState, DecCoin, DeploymentId, DeploymentState, Height, UACT, UAKT};
use rayakash_core::Act;

use super::ChainAdapter;

impl ChainAdapter {
    /// Why an act must not be carried out now, though it was decided: the endpoints do not agree on what it rests on, or that changed since.
    /// With one endpoint its word is enough, but it is asked again.
    pub(super) async fn agree(&self, act: &Act) -> Result<(), String> {
        self.try_agree(act).await.map_err(|error| error.gist())?
    }

    async fn try_agree(&self, act: &Act) -> Result<Result<(), String>, ChainError> {
        let height = self.tip().await?.height;
        match act {
            Act::OpenDeployment { id, .. } => {
                self.balances(height).await?;
                let there = self.state_of(id, height).await?;
                Ok(there.map_or(Ok(()), |_| Err(format!("deployment {} is there already", id.dseq))))
            }
            Act::AcceptBid { bid, price, .. } => Ok(acceptable(self.bid(bid, height).await?.as_ref(), price)),
            Act::TopUp { id, .. } => {
                self.balances(height).await?;
                Ok(active(id, self.state_of(id, height).await?))
            }
            Act::UpdateDeployment { id, .. } => Ok(active(id, self.state_of(id, height).await?)),
            Act::CloseDeployment { .. }
            | Act::SendManifest { .. }
            | Act::DrainJobs { .. }
            | Act::DropWish { .. }
            | Act::Avoid { .. }
            | Act::Finish { .. } => Ok(Ok(())),
        }
    }

    /// What the account that pays holds, as two show it.
    async fn balances(&self, height: Height) -> Result<(), ChainError> {
        let Some(owner) = self.funder.clone().or_else(|| self.owner()) else { return Ok(()) };
        let at = At::Height(height);
        let read = |client: Client| {
            let owner = owner.clone();
            async move { Ok((client.balance(&owner, &UACT, at).await?, client.balance(&owner, &UAKT, at).await?)) }
        };
        self.client.agreed("the wallet's balance", height, read).await.map(drop)
    }

    /// How a deployment and its escrow stand, as two show it.
    async fn state_of(
        &self,
        id: &DeploymentId,
        height: Height,
    ) -> Result<Option<DeploymentState>, ChainError> {
        let read = |client: Client| async move {
            let found = client.deployment(id, At::Height(height)).await?;
            Ok(found.map(|found| (found.deployment.state, found.escrow)))
        };
        let found = self.client.agreed("a deployment", height, read).await?;
        Ok(found.map(|(state, _)| state))
    }

    /// A bid, as two show it.
    async fn bid(&self, id: &BidId, height: Height) -> Result<Option<Bid>, ChainError> {
        let read = |client: Client| async move {
            client.bids(&MarketFilter::order(&id.order), None, At::Height(height)).await
        };
        let bids = self.client.agreed("the bids", height, read).await?;
        Ok(bids.into_iter().find(|bid| &bid.id == id))
    }
}

fn acceptable(bid: Option<&Bid>, price: &DecCoin) -> Result<(), String> {
    match bid {
        None => Err("the bid is gone".to_owned()),
        Some(bid) if bid.state != BidState::Open => Err("the bid is not open any more".to_owned()),
        // A lease message names no price: whatever the bid says is paid.
        Some(bid) if &bid.price != price => Err(format!("the bid is at {}, and not at {price}", bid.price)),
        Some(_) => Ok(()),
    }
}

fn active(id: &DeploymentId, state: Option<DeploymentState>) -> Result<(), String> {
    if state == Some(DeploymentState::Active) {
        return Ok(());
    }
    Err(format!("deployment {} is not open any more", id.dseq))
}

#[cfg(test)]
mod tests {
    use akash_types::{Address, Dseq};

    use super::*;

    #[test]
    fn a_bid_is_accepted_only_as_it_was_decided_on() {
        let account = |byte| Address::from_bytes(&[byte; 20]).unwrap();
        let deployment = DeploymentId::new(account(1), Dseq::new(1_781_208_244_926).unwrap());
        let id = deployment.group(1).order(1).bid(account(2));
        let price = DecCoin::uact("3.5".parse().unwrap());
        let bid = |state, amount: &str| Bid {
            id: id.clone(),
            state,
            price: DecCoin::uact(amount.parse().unwrap()),
            created_at: Height(7),
            offer: Vec::new(),
            reclamation_window: None,
        };
        assert_eq!(acceptable(Some(&bid(BidState::Open, "3.5")), &price), Ok(()));
        for (bid, why) in [
            (None, "the bid is gone"),
            (Some(bid(BidState::Closed, "3.5")), "the bid is not open any more"),
            (Some(bid(BidState::Open, "3.6")), "the bid is at 3.6uact, and not at 3.5uact"),
        ] {
            assert_eq!(acceptable(bid.as_ref(), &price), Err(why.to_owned()));
        }
    }
}
