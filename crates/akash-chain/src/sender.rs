//! The one writer of a key.

mod follow;
mod plan;

use std::sync::Arc;
use std::time::Duration;

use akash_types::{Height, Msg};
use akash_wallet::{Allowed, Key, Refused, TxHash};
use tokio::sync::Mutex;

use crate::pace::Pace;
use crate::{Attempt, ChainError, Class, Client, End, Journal, JournalError, Policy, Recovery, TooDear};
use plan::Planned;

/// Sends the transactions of one key, one after the other, and tells how each ended.
///
/// There must be no other sender for the key, in this process or elsewhere: a second one is noticed (its transactions use
/// sequence numbers), but makes both fail often.
pub struct Sender {
    client: Client,
    key: Key,
    allowed: Allowed,
    chain_id: String,
    journal: Arc<dyn Journal>,
    policy: Policy,
    state: Mutex<State>,
}

/// What is known only while the process lives.
#[derive(Default)]
struct State {
    pace: Pace,
    /// The newest height seen, of which the block was read too: a node below it is behind and is not believed.
    floor: Option<Height>,
}

/// An intent whose fate could not be told. Ask again: [`Sender::carry_out`] and [`Sender::pursue`] take up what is open.
#[derive(Debug, thiserror::Error)]
pub enum Unsettled {
    /// Nothing of this intent has left the machine; it may be dropped or tried again.
    #[error("`{intent}` was not tried: the chain could not be read")]
    Stalled {
        /// The intent.
        intent: String,
        /// Why.
        source: ChainError,
    },
    /// Nothing of this intent has left the machine: the node shows an older state than was seen before.
    #[error(
        "`{intent}` was not tried: the node stays behind height {floor} or the account's last transaction"
    )]
    Behind {
        /// The intent.
        intent: String,
        /// The height that was seen before.
        floor: Height,
    },
    /// Nothing of this intent has left the machine: an earlier one of the same key is still open.
    #[error("`{intent}` was not tried: an earlier transaction of the key is not settled")]
    Blocked {
        /// The intent.
        intent: String,
        /// The one in the way.
        source: Box<Self>,
    },
    /// It was sent, and no proof of its end was found in time.
    #[error(
        "it is not known whether `{intent}` (transaction {hash}) happened: {why}; it is decided after height {timeout}"
    )]
    Doubt {
        /// The intent.
        intent: String,
        /// The transaction.
        hash: TxHash,
        /// The last block that can hold it.
        timeout: Height,
        /// What stands in the way of a proof.
        why: String,
    },
    /// The journal failed. What it was told before may be there or not: look again.
    #[error("cannot {what} of `{intent}` in the journal")]
    Journal {
        /// The intent.
        intent: String,
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: JournalError,
    },
    /// The key refused to sign. Nothing has left the machine, and trying again changes nothing.
    #[error("`{intent}` was not signed")]
    Refused {
        /// The intent.
        intent: String,
        /// Why not.
        source: Refused,
    },
    /// Nothing of this intent has left the machine but its simulation: the node asks for more than a fee may be.
    #[error("`{intent}` was not tried: its fee would be too high")]
    TooDear {
        /// The intent.
        intent: String,
        /// What was asked for, and the limit.
        source: TooDear,
    },
}

impl Unsettled {
    /// The transaction of this very intent that may still happen, if there is one.
    pub const fn at_stake(&self) -> Option<(TxHash, Height)> {
        match self {
            Self::Doubt { hash, timeout, .. } => Some((*hash, *timeout)),
            Self::Stalled { .. }
            | Self::Behind { .. }
            | Self::Blocked { .. }
            | Self::Journal { .. }
            | Self::Refused { .. }
            | Self::TooDear { .. } => None,
        }
    }

    /// What to do about it.
    pub fn recovery(&self) -> Recovery {
        match self {
            Self::Stalled { source, .. } => source.recovery(),
            Self::Behind { .. } => Recovery::Retry { after: Duration::from_secs(1) },
            // Another node may ask for less.
            Self::TooDear { .. } => Recovery::Retry { after: Duration::from_secs(30) },
            Self::Blocked { .. } | Self::Doubt { .. } | Self::Journal { .. } => Recovery::Look,
            Self::Refused { .. } => Recovery::GiveUp,
        }
    }
}

impl Sender {
    /// A sender of `key` on the chain `chain_id`, for the messages on the list.
    pub fn new(
        client: Client,
        (key, allowed): (Key, Allowed),
        chain_id: impl Into<String>,
        journal: Arc<dyn Journal>,
        policy: Policy,
    ) -> Self {
        Self { client, key, allowed, chain_id: chain_id.into(), journal, policy, state: Mutex::default() }
    }

    /// Whose transactions these are.
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// Brings about an intent: all `messages` in one transaction. One at a time; the others wait.
    ///
    /// Finishes first what the journal has open. An attempt of this very intent among that is its end, whatever it was, and
    /// an attempt that landed before is not repeated; otherwise a new one is simulated, signed, journalled, sent and
    /// followed. Dropping the future stops at any point, and leaves the rest to the next call.
    pub async fn carry_out(
        &self,
        intent: &str,
        messages: Vec<Msg>,
        class: Class,
        memo: &str,
    ) -> Result<End, Unsettled> {
        let mut state = self.state.lock().await;
        if let Some(end) = self.finish_open(intent, &mut state).await? {
            return Ok(end);
        }
        if let Some(end) = self.known(intent).await?.into_iter().filter_map(|a| a.end).find(End::is_landed) {
            return Ok(end);
        }
        let attempt = match self.plan(intent, messages, (class, memo), &mut state).await? {
            Planned::Attempt(attempt) => attempt,
            Planned::Refused(rejection) => {
                return Ok(End::Failed { height: None, rejection, fee: None, hash: None });
            }
        };
        self.journal.attempted(&attempt).await.map_err(journal(intent, "write the attempt"))?;
        self.first_broadcast(&attempt, &mut state).await
    }

    /// Follows an intent that was journalled earlier to its end; `None`: it never came so far that anything left the machine.
    pub async fn pursue(&self, intent: &str) -> Result<Option<End>, Unsettled> {
        let mut state = self.state.lock().await;
        let attempts = self.known(intent).await?;
        let mut last = None;
        for attempt in attempts {
            let end = match attempt.end.clone() {
                Some(end) => end,
                None => self.follow(&attempt, None, &mut state).await?,
            };
            if end.is_landed() {
                return Ok(Some(end));
            }
            last = Some(end);
        }
        Ok(last)
    }

    /// Every open attempt of the key, to its end: no new sequence number is used while one of them may live.
    async fn finish_open(&self, intent: &str, state: &mut State) -> Result<Option<End>, Unsettled> {
        let open = self.journal.open(self.key.address()).await;
        let open = open.map_err(journal(intent, "read the open attempts"))?;
        let mut own = None;
        for attempt in open {
            let followed = self.follow(&attempt, None, state).await;
            if attempt.intent == intent {
                own = Some(followed?);
            } else {
                followed.map_err(|source| Unsettled::Blocked {
                    intent: intent.to_owned(),
                    source: Box::new(source),
                })?;
            }
        }
        Ok(own)
    }

    async fn known(&self, intent: &str) -> Result<Vec<Attempt>, Unsettled> {
        self.journal.of_intent(intent).await.map_err(journal(intent, "read the attempts"))
    }
}

/// Names what was tried in a journal's error.
fn journal(intent: &str, what: &'static str) -> impl FnOnce(JournalError) -> Unsettled {
    let intent = intent.to_owned();
    move |source| Unsettled::Journal { intent, what, source }
}
