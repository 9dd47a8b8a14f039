//! Sends an attempt, again and again, until its end is proven.

use akash_types::{Height, Rejection};
use akash_wallet::TxHash;
use cosmos_sdk_proto::cosmos::crypto::secp256k1::PubKey;
use cosmos_sdk_proto::cosmos::tx::v1beta1::{AuthInfo, TxRaw};
use prost::Message as _;

use super::{Sender, State, Unsettled, journal};
use crate::decision::{Flight, Outset, Rules, Scan, Seen, Step, View, Witness, believed, next};
use crate::error::with_sources;
use crate::pace::Patience;
use crate::{Answer, At, Attempt, BlockTx, Broadcast, ChainError, Client, End};

/// Refusals by a node's check (codespace `sdk`) that waiting does not change: malformed, unauthorized, too poor, bad key, no such account,
/// bad coins, out of gas, memo too long, fee too low, invalid, too large, too late. Not among them: 19 (the node has it
/// already), 20 (mempool full), and 32 (the number is or will be used, by whom must be read from the blocks). 18 also says of a transaction
/// without a number that its block is behind us; ours all have one.
const TERMINAL: [u32; 12] = [2, 4, 5, 8, 9, 10, 11, 12, 13, 18, 21, 30];

fn is_terminal(rejection: &Rejection) -> bool {
    rejection.codespace == "sdk" && TERMINAL.contains(&rejection.code)
}

/// True when a node asks for a higher fee: it does not have the transaction, and will not take it.
fn is_too_cheap(broadcast: &Broadcast) -> bool {
    let cheap = |answer: &Answer| match answer {
        Answer::Rejected(rejection) => rejection.is(Rejection::INSUFFICIENT_FEE),
        Answer::Accepted | Answer::Silent { .. } => false,
    };
    broadcast.answers.iter().any(|(_, answer)| cheap(answer))
}

impl Sender {
    /// Writes a new attempt down, sends it for the first time, and follows it.
    ///
    /// A terminal refusal ends it at once, under one condition: these bytes were never given to anybody before, and every node
    /// that they were given to now refused them. Then no node has them. A refusal of a later broadcast, or by one node of
    /// several, says nothing about the mempools that took the bytes earlier; such an attempt is followed to its proof.
    pub(super) async fn set_out(&self, attempt: Attempt, state: &mut State) -> Result<End, Unsettled> {
        let mut refused = None;
        for first in Rules::ADVISED.outset {
            match first {
                Outset::Record => self.record(&attempt).await?,
                Outset::Broadcast => {
                    let broadcast = self.send(&attempt).await;
                    refused = broadcast.refused_by_all(is_terminal).cloned();
                    state.too_cheap = is_too_cheap(&broadcast);
                }
            }
        }
        if let Some(rejection) = refused {
            let end = End::Failed { height: None, rejection, fee: None, hash: Some(attempt.hash) };
            return self.conclude(&attempt.intent, vec![(attempt.hash, end)]).await;
        }
        let sent = Some(attempt.planned);
        self.follow(vec![attempt], sent, state).await
    }

    /// Follows attempts of one intent and one number until they have all ended; the end is that of the one that happened, if one
    /// did. `sent` is the height of their last broadcast by this process.
    pub(super) async fn follow(
        &self,
        mut attempts: Vec<Attempt>,
        mut sent: Option<Height>,
        state: &mut State,
    ) -> Result<End, Unsettled> {
        let mut patience = Patience::new(self.policy.patience);
        state.too_cheap &= sent.is_some();
        loop {
            let Some(newest) = attempts.last().cloned() else { return Err(self.nothing_to_follow()) };
            let flight = Flight { attempts: &attempts, sent, every: self.policy.rebroadcast };
            let timeout = flight.timeout();
            let asked = self.client.preferred();
            let why = match self.look(&self.client, flight, state).await {
                Ok((height, step)) => {
                    // Long after the timeout more blocks bring no more proof.
                    if height <= timeout.plus(self.policy.window) {
                        patience.progressed(height);
                    }
                    match step {
                        Step::End(ends) => match self.objection(flight, &ends, asked).await {
                            None => return self.conclude(&newest.intent, ends).await,
                            Some(why) => why,
                        },
                        Step::Replace => match self.replacement(&newest, height).await {
                            Ok(dearer) => {
                                self.record(&dearer).await?;
                                attempts.push(dearer);
                                (sent, state.too_cheap) = (None, false);
                                continue;
                            }
                            Err(why) => why,
                        },
                        Step::Broadcast => {
                            sent = Some(height);
                            let broadcast = self.send(&newest).await;
                            state.too_cheap = is_too_cheap(&broadcast);
                            broadcast.summary()
                        }
                        Step::Wait(why) => why.to_owned(),
                        Step::Scan => "the blocks could not be read".to_owned(),
                    }
                }
                Err(error) => with_sources(&error),
            };
            if patience.is_over() {
                let Attempt { intent, hash, .. } = newest;
                return Err(Unsettled::Doubt { intent, hash, timeout, why });
            }
            tokio::time::sleep(state.pace.interval()).await;
        }
    }

    /// Why an end is not believed yet. `asked` is the endpoint that the first look began with; every other one looks by itself and
    /// from the start.
    async fn objection(&self, flight: Flight<'_>, ends: &[(TxHash, End)], asked: usize) -> Option<String> {
        if self.client.is_single() {
            return None;
        }
        let others = self.client.others(asked);
        if others.is_empty() {
            return Some("the endpoint that was asked changed meanwhile".to_owned());
        }
        let mut witnesses = Vec::new();
        let mut words = String::new();
        for other in others {
            // Its own floor: how far the first one is says nothing about this one.
            let alone = Flight { sent: None, ..flight };
            let (witness, word) = match self.look(&other, alone, &mut State::default()).await {
                Ok((height, step)) => (Witness::Shows(height, step.clone()), said(height, &step)),
                Err(error) => (Witness::Silent, with_sources(&error)),
            };
            witnesses.push(witness);
            words = word;
        }
        believed(&Rules::ADVISED, ends, &witnesses).map(|why| format!("{why}: {words}"))
    }

    /// One look at the chain, and what follows from it. The height is read first, then the account at this height, then, when they
    /// leave a choice, the results and the blocks.
    async fn look(
        &self,
        client: &Client,
        flight: Flight<'_>,
        state: &mut State,
    ) -> Result<(Height, Step), ChainError> {
        let Some(newest) = flight.attempts.last() else {
            return Ok((Height::default(), Step::End(Vec::new())));
        };
        let Some(height) = self.height(client, state).await? else {
            let floor = state.floor.unwrap_or_default();
            return Ok((floor, Step::Wait("the node is behind what was seen before")));
        };
        let Some(account) = client.account(&newest.signer, At::Height(height)).await? else {
            return Ok((height, Step::Wait("the node does not know the account")));
        };
        let sequence = account.sequence;
        let too_cheap = state.too_cheap;
        let mut view = View { height, sequence, too_cheap, ..View::default() };
        if sequence > newest.sequence || height > flight.timeout() {
            for attempt in flight.attempts {
                if let Some(seen) = result(client, attempt).await? {
                    view.results.insert(attempt.hash, seen);
                }
            }
        }
        let mut step = next(&Rules::ADVISED, flight, &view);
        if step == Step::Scan {
            view.scan = Some(self.scan(client, flight, height).await?);
            step = next(&Rules::ADVISED, flight, &view);
        }
        Ok((height, step))
    }

    /// The newest height of the right chain; `None` when it is below what was seen before.
    ///
    /// A new height is believed when its block can be read: a node that names an absurd one must not make all others look behind.
    pub(super) async fn height(
        &self,
        client: &Client,
        state: &mut State,
    ) -> Result<Option<Height>, ChainError> {
        let tip = client.tip().await?;
        if Some(tip.height) < state.floor {
            client.turn();
            return Ok(None);
        }
        if Some(tip.height) > state.floor {
            let block = client.block(tip.height).await.inspect_err(|_| client.turn())?;
            if block.chain_id != self.chain_id {
                client.turn();
                return Err(ChainError::WrongChain {
                    endpoint: "the node that answers".to_owned(),
                    expected: self.chain_id.clone(),
                    found: block.chain_id,
                });
            }
            state.floor = Some(tip.height);
            state.pace.saw(&tip);
        }
        Ok(Some(tip.height))
    }

    /// Reads every block that could hold one of the attempts.
    async fn scan(&self, client: &Client, flight: Flight<'_>, seen_at: Height) -> Result<Scan, ChainError> {
        let (from, to) = flight.span(seen_at);
        let mut scan = Scan::default();
        for height in from.0..=to.0 {
            let block = client.block(Height(height)).await?;
            for tx in &block.txs {
                if flight.attempts.iter().any(|attempt| attempt.hash == tx.hash) {
                    scan.ours.insert(tx.hash, block.height);
                } else if scan.other.is_none()
                    && flight.attempts.iter().any(|attempt| self.uses(tx, attempt.sequence))
                {
                    scan.other = Some((block.height, tx.hash));
                }
            }
        }
        Ok(scan)
    }

    /// True when a transaction names this key and this sequence number.
    fn uses(&self, tx: &BlockTx, sequence: u64) -> bool {
        let Ok(raw) = TxRaw::decode(tx.bytes.as_slice()) else { return false };
        let Ok(auth) = AuthInfo::decode(raw.auth_info_bytes.as_slice()) else { return false };
        auth.signer_infos.iter().any(|signer| {
            let key = signer.public_key.as_ref().and_then(|any| PubKey::decode(any.value.as_slice()).ok());
            signer.sequence == sequence && key.is_some_and(|key| key.key == self.key.public_key())
        })
    }

    async fn record(&self, attempt: &Attempt) -> Result<(), Unsettled> {
        self.journal.attempted(attempt).await.map_err(journal(&attempt.intent, "write the attempt"))
    }

    /// Writes all ends down, and gives the first. Who dies in between finds that one, or all of them open again.
    async fn conclude(&self, intent: &str, ends: Vec<(TxHash, End)>) -> Result<End, Unsettled> {
        for (hash, end) in &ends {
            self.journal.ended(hash, end).await.map_err(journal(intent, "write the end"))?;
        }
        ends.into_iter().next().map(|(_, end)| end).ok_or_else(|| self.nothing_to_follow())
    }

    fn nothing_to_follow(&self) -> Unsettled {
        let (intent, what) = (self.key.address().to_string(), "find the attempt");
        Unsettled::Journal { intent, what, source: "there is none".into() }
    }

    /// Gives the bytes to every node. The answers are journalled for people; what counts is read from blocks. A journal that
    /// cannot take them fails at the end too.
    async fn send(&self, attempt: &Attempt) -> Broadcast {
        let broadcast = self.client.broadcast(&attempt.bytes).await;
        if let Err(error) = self.journal.answered(&attempt.hash, &broadcast.summary()).await {
            tracing::warn!(tx = %attempt.hash, error, "a broadcast's answer was not journalled");
        }
        broadcast
    }
}

/// What a second endpoint shows, for people.
fn said(height: Height, step: &Step) -> String {
    match step {
        Step::Wait(why) => (*why).to_owned(),
        Step::End(_) => "it ended in another way there".to_owned(),
        Step::Broadcast | Step::Replace | Step::Scan => format!("it may still happen, at height {height}"),
    }
}

async fn result(client: &Client, attempt: &Attempt) -> Result<Option<Seen>, ChainError> {
    let Some(result) = client.tx(&attempt.hash).await? else { return Ok(None) };
    let sequence_after = if result.rejection.is_some() {
        match client.account(&attempt.signer, At::Height(result.height)).await {
            Ok(account) => account.map(|account| account.sequence),
            // A node that no longer keeps that height; the decision then rests on the newest number.
            Err(ChainError::Refused { .. }) => None,
            Err(error) => return Err(error),
        }
    } else {
        None
    };
    Ok(Some(Seen {
        height: result.height,
        rejection: result.rejection,
        gas_used: result.gas_used,
        sequence_after,
    }))
}
