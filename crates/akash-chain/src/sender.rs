//! The one writer of a key.

mod follow;
mod plan;

use std::sync::Arc;
use std::time::Duration;

use akash_types::{Address, Height, Msg};
use akash_wallet::{Allowed, Key, Refused, TxHash};

use crate::decision::{Begin, begin};
use crate::pace::Pace;
use crate::turn::Turns;
use crate::{Attempt, ChainError, Class, Client, End, Journal, JournalError, Policy, Recovery, TooDear};
use plan::{Planned, Wanted};

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
    granter: Option<Address>,
    state: Turns<State>,
}

/// What is known only while the process lives.
#[derive(Default)]
struct State {
    pace: Pace,
    /// The newest height seen, of which the block was read too: a node below it is behind and is not believed.
    floor: Option<Height>,
    /// A node asked for a higher fee at the last broadcast.
    too_cheap: bool,
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
        Self {
            client,
            key,
            allowed,
            chain_id: chain_id.into(),
            journal,
            policy,
            granter: None,
            state: Turns::default(),
        }
    }

    /// The same sender, whose fees another account pays by its allowance.
    #[must_use]
    pub fn paid_by(self, granter: Option<Address>) -> Self {
        Self { granter, ..self }
    }

    /// Whose transactions these are.
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// Brings about an intent: all `messages` in one transaction. One at a time; of those who wait, what stops payments goes first, then deposits,
    /// leases, updates, creates, and the rest.
    ///
    /// Finishes first what the journal has open. An attempt of this very intent among that is its end, whatever it was, and
    /// an attempt that landed before is not repeated; otherwise a new one is simulated, signed, journalled, sent and
    /// followed. One that nodes find too cheap is followed by a dearer one with the same sequence number; one that ran out of gas in a
    /// block by one with more gas, three times at most. Dropping the future stops at any point, and leaves the rest to the next call.
    pub async fn carry_out(
        &self,
        intent: &str,
        messages: Vec<Msg>,
        class: Class,
        memo: &str,
    ) -> Result<End, Unsettled> {
        let mut state = self.state.take(class.lane()).await;
        self.finish_others(intent, &mut state).await?;
        let mut last = None;
        loop {
            let known = self.known(intent).await?;
            let starved = match begin(&known) {
                Begin::Done(end) => return Ok(end),
                Begin::Follow(attempts) => return self.follow(attempts, None, &mut state).await,
                Begin::Plan { out_of_gas } => known.iter().find(|attempt| Some(attempt.hash) == out_of_gas),
            };
            if let (Some(end), None) = (last, starved) {
                return Ok(end);
            }
            let what =
                Wanted { intent, class, memo, least_gas: starved.map_or(0, |a| Policy::more_gas(a.gas())) };
            last = match self.plan(&what, messages.clone(), &mut state).await? {
                Planned::Attempt(attempt) => Some(self.set_out(*attempt, &mut state).await?),
                Planned::Refused(rejection) => {
                    return Ok(End::Failed { height: None, rejection, fee: None, hash: None });
                }
            };
        }
    }

    /// Follows an intent that was journalled earlier to its end; `None`: it never came so far that anything left the machine.
    pub async fn pursue(&self, intent: &str) -> Result<Option<End>, Unsettled> {
        let mut state = self.state.take(Class::Close.lane()).await;
        let known = self.known(intent).await?;
        match begin(&known) {
            Begin::Done(end) => Ok(Some(end)),
            Begin::Follow(attempts) => self.follow(attempts, None, &mut state).await.map(Some),
            Begin::Plan { .. } => Ok(known.into_iter().next_back().and_then(|attempt| attempt.end)),
        }
    }

    /// Every open attempt of other intents of the key, to its end: no new sequence number is used while one of them may live.
    async fn finish_others(&self, intent: &str, state: &mut State) -> Result<(), Unsettled> {
        let open = self.journal.open(self.key.address()).await;
        let open = open.map_err(journal(intent, "read the open attempts"))?;
        let same = |a: &Attempt, b: &Attempt| (&a.intent, a.sequence) == (&b.intent, b.sequence);
        for attempts in open.chunk_by(same).filter(|attempts| attempts.iter().all(|a| a.intent != intent)) {
            let followed = self.follow(attempts.to_vec(), None, state).await;
            followed.map_err(|source| Unsettled::Blocked {
                intent: intent.to_owned(),
                source: Box::new(source),
            })?;
        }
        Ok(())
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
