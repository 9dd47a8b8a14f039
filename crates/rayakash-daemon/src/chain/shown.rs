//! What the books are compared with: the wallet and escrows, all at one height.

use akash_chain::{At, ChainError, Client};
use akash_types::{Dec, DeploymentId, DeploymentState, UACT};
use rayakash_engine::ports::Unavailable;
use rayakash_ledger::{EscrowShown, Shown};

use super::ChainAdapter;

impl ChainAdapter {
    /// The wallet, and the escrows of those deployments that are open; `None` while no key was ever chosen.
    pub(crate) async fn shown(&self, deployments: &[DeploymentId]) -> Result<Option<Shown>, Unavailable> {
        if self.owner().is_none() {
            return Ok(None);
        }
        let shown = self.try_shown(deployments).await;
        shown.map(Some).map_err(|error| self.unavailable(&error))
    }

    /// A difference stops spending, or counts as a gift: one endpoint's word is not enough for either, when there are several.
    async fn try_shown(&self, deployments: &[DeploymentId]) -> Result<Shown, ChainError> {
        let tip = self.tip().await?;
        let at = At::Height(tip.height);
        let read = |client: Client| async move {
            let escrows = escrows(&client, deployments, at).await?;
            Ok((self.wallet(&client, at).await?, escrows))
        };
        let (wallet, escrows) = self.client().agreed("the wallet and the escrows", tip.height, read).await?;
        Ok(Shown { tip, wallet, escrows })
    }
}

async fn escrows(
    client: &Client,
    deployments: &[DeploymentId],
    at: At,
) -> Result<Vec<EscrowShown>, ChainError> {
    let mut escrows = Vec::new();
    for id in deployments {
        let Some(found) = client.deployment(id, at).await? else { continue };
        // One that is closed gave back what was left; the books close with it.
        if found.deployment.state != DeploymentState::Active {
            continue;
        }
        let paid = found.escrow.transferred.iter().find(|coin| coin.denom == UACT);
        escrows.push(EscrowShown {
            deployment: id.clone(),
            held: found.escrow.funds_in(&UACT),
            paid: paid.map_or(Dec::ZERO, |coin| coin.amount),
        });
    }
    Ok(escrows)
}
