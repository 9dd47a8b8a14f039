//! Acting: an act becomes messages, and what became of them an outcome.

use akash_chain::{Class, End, Evidence, Unsettled};
use akash_types::escrow::{AccountId, Funding};
use akash_types::msg::{AccountDeposit, CloseDeployment, CreateDeployment, CreateLease, UpdateDeployment};
use akash_types::{Msg, Rejection};
use rayakash_core::Act;
use rayakash_engine::facts::Intent;
use rayakash_engine::ports::{Outcome, Receipt};

use super::ChainAdapter;
use super::signer::Unseen;
use crate::providers::chain_of;

/// Marks our transactions, with the intent behind it: enough to find them again from the chain alone.
pub(super) const MEMO_MARK: &str = "rk1:";

impl ChainAdapter {
    pub(super) async fn carry_out(&self, intent: &str, act: &Act) -> Outcome {
        let Some(sender) = self.sender() else { return locked() };
        let Some((message, class)) = message(act, sender.key().address(), self.funder().is_some()) else {
            return Outcome::NotStarted { why: format!("{} is no transaction", act.name()) };
        };
        if let Err(why) = self.permit(class).await {
            return Outcome::NotStarted { why };
        }
        if act.spends()
            && let Err(why) = self.agree(act).await
        {
            return Outcome::NotStarted { why };
        }
        let memo = format!("{MEMO_MARK}{intent}");
        match sender.carry_out(intent, vec![message], class, &memo).await {
            Ok(end) => self.ended(end, act.name()),
            Err(unsettled) => doubt(&unsettled),
        }
    }

    pub(super) async fn take_up(&self, intent: &Intent) -> Outcome {
        let Some(sender) = self.sender() else {
            // The key's actor alone may pronounce, and it has no key.
            return Outcome::InDoubt { why: "the key is locked".to_owned(), tx: None, dead_at: None };
        };
        match sender.pursue(&intent.id).await {
            Ok(Some(end @ End::Dead { .. })) => {
                let dead = self.ended(end, &intent.act);
                self.unseen(intent).await.unwrap_or(dead)
            }
            Ok(Some(end)) => self.ended(end, &intent.act),
            Ok(None) => self.unseen(intent).await.unwrap_or_else(|| Outcome::NotStarted {
                why: "nothing was signed before the interruption".to_owned(),
            }),
            Err(unsettled) => match doubt(&unsettled) {
                // Not tried this time says nothing of what happened before.
                Outcome::NotStarted { why } => Outcome::InDoubt { why, tx: None, dead_at: None },
                told @ (Outcome::Done(_) | Outcome::Refused { .. } | Outcome::InDoubt { .. }) => told,
            },
        }
    }

    /// What a transaction of this intent did that the ledger does not know of: it was made after the ledger was copied that was put back.
    async fn unseen(&self, intent: &Intent) -> Option<Outcome> {
        match self.landed_unseen(&intent.id).await {
            Ok(None) => None,
            Ok(Some(Unseen::Landed(receipt))) => Some(Outcome::Done(receipt)),
            Ok(Some(Unseen::Failed(rejection, receipt))) if already(&rejection, &intent.act) => {
                Some(Outcome::Done(receipt))
            }
            Ok(Some(Unseen::Failed(rejection, receipt))) => {
                Some(Outcome::Refused { why: rejection.to_string(), receipt })
            }
            Err(why) => Some(Outcome::InDoubt { why, tx: None, dead_at: None }),
        }
    }

    /// No look from now on may be older than the block that the transaction is in.
    fn ended(&self, end: End, act: &str) -> Outcome {
        match &end {
            End::Landed { height, .. } | End::Failed { height: Some(height), .. } => {
                self.pace.landed(*height);
            }
            End::Failed { height: None, .. } | End::Dead { .. } => {}
        }
        outcome(end, act)
    }
}

fn locked() -> Outcome {
    Outcome::NotStarted { why: "the key is locked".to_owned() }
}

/// `granted`: deposits are paid out of a grant, and of nothing else.
fn message(act: &Act, owner: &akash_types::Address, granted: bool) -> Option<(Msg, Class)> {
    let fund = if granted { Funding::from_grant } else { Funding::from_balance };
    Some(match act {
        Act::OpenDeployment { id, groups, version, deposit, .. } => {
            let deposit = fund(deposit.clone());
            let (id, groups, hash) = (id.clone(), groups.clone(), *version);
            let create = CreateDeployment { id, groups, hash, deposit, reclamation: None };
            (create.into(), Class::Create)
        }
        Act::AcceptBid { bid, .. } => (CreateLease { bid: bid.clone() }.into(), Class::Lease),
        Act::UpdateDeployment { id, version } => {
            (UpdateDeployment { id: id.clone(), hash: *version }.into(), Class::Update)
        }
        Act::TopUp { id, amount } => {
            let deposit = fund(amount.clone());
            let id = AccountId::of_deployment(id);
            (AccountDeposit { signer: owner.clone(), id, deposit }.into(), Class::Deposit)
        }
        Act::CloseDeployment { id, .. } => (CloseDeployment { id: id.clone() }.into(), Class::Close),
        Act::SendManifest { .. }
        | Act::DrainJobs { .. }
        | Act::DropWish { .. }
        | Act::Avoid { .. }
        | Act::Finish { .. } => return None,
    })
}

/// "It is so already" is success for what the chain takes only once.
fn already(rejection: &Rejection, act: &str) -> bool {
    let closed = rejection.is(Rejection::DEPLOYMENT_CLOSED);
    let opened = rejection.is(Rejection::DEPLOYMENT_EXISTS);
    (closed && act == "close-deployment") || (opened && act == "open-deployment")
}

fn outcome(end: End, act: &str) -> Outcome {
    match end {
        End::Landed { height, hash, fee, .. } => {
            Outcome::Done(Receipt { tx: Some(hash.to_string()), height: Some(height), fee: Some(fee) })
        }
        End::Failed { height, rejection, fee, hash } => {
            let receipt = Receipt { tx: hash.map(|hash| hash.to_string()), height, fee };
            if already(&rejection, act) {
                return Outcome::Done(receipt);
            }
            Outcome::Refused { why: rejection.to_string(), receipt }
        }
        End::Dead { evidence, .. } => Outcome::NotStarted { why: died(&evidence) },
    }
}

fn died(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Expired { to, .. } => {
            format!("the transaction was not executed up to block {to}, the last that could hold it")
        }
        Evidence::SequenceUsed { by, .. } => {
            let by =
                by.as_ref().map_or_else(String::new, |(height, hash)| format!(" ({hash} in block {height})"));
            format!("another program signs with this key and used our sequence number{by}")
        }
    }
}

fn doubt(unsettled: &Unsettled) -> Outcome {
    let why = chain_of(unsettled);
    match unsettled.at_stake() {
        Some((hash, timeout)) => {
            Outcome::InDoubt { why, tx: Some(hash.to_string()), dead_at: Some(timeout.plus(1)) }
        }
        None if matches!(unsettled, Unsettled::Journal { .. }) => {
            Outcome::InDoubt { why, tx: None, dead_at: None }
        }
        None => Outcome::NotStarted { why },
    }
}

#[cfg(test)]
mod tests;
