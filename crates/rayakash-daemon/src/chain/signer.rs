//! Whether all that the key did is in the ledger: the account's sequence number against what the ledger explains.
//!
//! More than that was used by another program with the same key, or by this one after the ledger was copied that has been put back.

use akash_chain::{At, Client, Used};
use akash_types::{Address, DeploymentState, Height, Rejection};
use rayakash_core::Mark;
use rayakash_core::view::Frozen;
use rayakash_engine::ports::{Receipt, Unavailable};
use rayakash_ledger::Explained;

use super::ChainAdapter;
use super::perform::MEMO_MARK;
use crate::providers::chain_of;

/// So many numbers are looked into; what comes behind them changes nothing.
const MOST: u64 = 32;

/// What a transaction did that the ledger does not know of.
pub(super) enum Unseen {
    /// It succeeded.
    Landed(Receipt),
    /// It failed, and was paid for.
    Failed(Rejection, Receipt),
}

impl ChainAdapter {
    /// Why nothing may be spent, as of a block. What is new of that is written down.
    pub(super) async fn frozen(&self, tip: Height) -> Result<Option<Frozen>, Unavailable> {
        let Some(owner) = self.owner() else { return Ok(None) };
        // The chain before the ledger: whatever we sign is in the ledger before it is anywhere else.
        let account = self.client.account(&owner, At::Height(tip)).await;
        let used = account.map_err(|error| self.unavailable(&error))?.map_or(0, |account| account.sequence);
        if let Some(frozen) = self.journal.frozen().await? {
            return Ok(Some(frozen));
        }
        if let Some(frozen) = self.two_funders(&owner, tip).await? {
            return Ok(Some(frozen));
        }
        let frozen = match self.journal.explained(&owner).await? {
            Some(explained) if used <= explained.sequence => return Ok(None),
            Some(explained) => {
                // One endpoint's word stops nothing for good. Until a second one shows the same, nothing is signed anyway.
                let Ok(used) = self.sequence(&owner, tip).await else { return Ok(None) };
                if used <= explained.sequence {
                    return Ok(None);
                }
                Some(self.unexplained(&owner, explained, (used, tip)).await?)
            }
            None => {
                let used = self.sequence(&owner, tip).await?;
                let stranger = self.stranger(&owner, tip).await?;
                self.journal.meet_signer(&owner, used, tip).await?;
                stranger
            }
        };
        if let Some(frozen) = &frozen {
            tracing::warn!(seen = %frozen.seen(), "spending is {}", frozen.words());
            self.journal.freeze(frozen).await?;
        }
        Ok(frozen)
    }

    /// The account's next sequence number, as of a block, as two endpoints show it when there are several.
    pub(crate) async fn sequence(&self, owner: &Address, at: Height) -> Result<u64, Unavailable> {
        let read = |client: Client| {
            let owner = owner.clone();
            async move { client.account(&owner, At::Height(at)).await }
        };
        let account = self.client.agreed("the account", at, read).await;
        Ok(account.map_err(|error| self.unavailable(&error))?.map_or(0, |account| account.sequence))
    }

    /// Who used a number that the ledger does not explain.
    async fn unexplained(
        &self,
        owner: &Address,
        explained: Explained,
        (used, height): (u64, Height),
    ) -> Result<Frozen, Unavailable> {
        let mut ours = None;
        for sequence in explained.sequence..used.min(explained.sequence.saturating_add(MOST)) {
            let found = self.find(owner, sequence, (explained.since, height)).await?;
            match found {
                Some(found) if found.memo.starts_with(MEMO_MARK) => ours = ours.or(Some(found)),
                found => {
                    let tx = found.map(|found| found.hash.to_string());
                    return Ok(Frozen::ForeignSigner { height, sequence, tx });
                }
            }
        }
        let which = ours.map_or_else(String::new, |found| format!(" {}", found.hash));
        let why = format!(
            "transaction{which} bears this program's mark and is not in the ledger, which may be an older copy, or not the only one"
        );
        Ok(Frozen::Restored { height, why })
    }

    /// A key that was never seen here, and deployments of it that bear our mark: the ledger was lost.
    async fn stranger(&self, owner: &Address, height: Height) -> Result<Option<Frozen>, Unavailable> {
        let active = self.client.deployments(owner, Some(DeploymentState::Active), At::Height(height)).await;
        let active = active.map_err(|error| self.unavailable(&error))?;
        let held = self.journal.held().await?;
        let marked =
            active.iter().filter(|one| one.groups.iter().any(|g| Mark::read(&g.spec.name).is_some()));
        let mut unknown = marked.filter(|one| held.iter().all(|held| held.id != one.deployment.id));
        let Some(first) = unknown.next() else { return Ok(None) };
        let more = match unknown.count() {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let dseq = first.deployment.id.dseq;
        let why = format!("deployment {dseq}{more} bears this program's mark and is not in the ledger");
        Ok(Some(Frozen::Restored { height, why }))
    }

    async fn find(
        &self,
        owner: &Address,
        sequence: u64,
        (since, tip): (Height, Height),
    ) -> Result<Option<Used>, Unavailable> {
        // The block of the last known transaction may hold one more.
        let after = Height(since.0.saturating_sub(1));
        self.client.used(owner, sequence, (after, tip)).await.map_err(|error| self.unavailable(&error))
    }

    /// What became of an intent by a transaction that is not in the ledger; an error when that cannot be told.
    pub(super) async fn landed_unseen(&self, intent: &str) -> Result<Option<Unseen>, String> {
        let told = |error: Unavailable| error.to_string();
        let Some(owner) = self.owner() else { return Ok(None) };
        let tip = self.tip().await.map_err(|error| chain_of(&error))?.height;
        let used = self.sequence(&owner, tip).await.map_err(told)?;
        let explained = self.journal.explained(&owner).await.map_err(|error| error.to_string())?;
        let Some(explained) = explained else { return Ok(None) };
        let memo = format!("{MEMO_MARK}{intent}");
        for sequence in explained.sequence..used {
            let found = self.find(&owner, sequence, (explained.since, tip)).await.map_err(told)?;
            let Some(found) = found else {
                // Nodes forget. Then only the user can tell, and is asked: the look that would notice does not come while this is in doubt.
                let frozen = self.frozen(tip).await.map_err(told)?;
                let remedy = frozen.map_or("", |frozen| frozen.remedy());
                return Err(format!(
                    "sequence number {sequence} was used, and no node tells any more by what; {remedy}"
                ));
            };
            if found.memo == memo {
                let result = self.client.tx(&found.hash).await.map_err(|error| chain_of(&error))?;
                let result = result.ok_or_else(|| format!("no node has the result of {}", found.hash))?;
                let receipt =
                    Receipt { tx: Some(found.hash.to_string()), height: Some(result.height), fee: found.fee };
                return Ok(Some(match result.rejection {
                    Some(rejection) => Unseen::Failed(rejection, receipt),
                    None => Unseen::Landed(receipt),
                }));
            }
        }
        Ok(None)
    }
}
