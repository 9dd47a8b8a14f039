//! Sends an attempt, again and again, until its end is proven.

use akash_types::{Height, Rejection};
use cosmos_sdk_proto::cosmos::crypto::secp256k1::PubKey;
use cosmos_sdk_proto::cosmos::tx::v1beta1::{AuthInfo, TxRaw};
use prost::Message as _;

use super::{Sender, State, Unsettled, journal};
use crate::error::with_sources;
use crate::next::{Scan, Seen, Step, View, next};
use crate::pace::Patience;
use crate::{At, Attempt, BlockTx, Broadcast, ChainError, Client, End};

/// Refusals by a node's check (codespace `sdk`) that waiting does not change: malformed, unauthorized, too poor, bad key, no such account,
/// bad coins, out of gas, memo too long, fee too low, invalid, too large, too late. Not among them: 19 (the node has it
/// already), 20 (mempool full), and 32 (the number is or will be used, by whom must be read from the blocks). 18 also says of a transaction
/// without a number that its block is behind us; ours all have one.
const TERMINAL: [u32; 12] = [2, 4, 5, 8, 9, 10, 11, 12, 13, 18, 21, 30];

fn is_terminal(rejection: &Rejection) -> bool {
    rejection.codespace == "sdk" && TERMINAL.contains(&rejection.code)
}

impl Sender {
    /// Sends a new attempt for the first time, and follows it.
    ///
    /// A terminal refusal ends it at once, under one condition: these bytes were never given to anybody before, and every node
    /// that they were given to now refused them. Then no node has them. A refusal of a later broadcast, or by one node of
    /// several, says nothing about the mempools that took the bytes earlier; such an attempt is followed to its proof.
    pub(super) async fn first_broadcast(
        &self,
        attempt: &Attempt,
        state: &mut State,
    ) -> Result<End, Unsettled> {
        let broadcast = self.send(attempt).await;
        if let Some(rejection) = broadcast.refused_by_all(is_terminal) {
            let (rejection, hash) = (rejection.clone(), Some(attempt.hash));
            return self.conclude(attempt, End::Failed { height: None, rejection, fee: None, hash }).await;
        }
        self.follow(attempt, Some(attempt.planned), state).await
    }

    /// Follows an attempt; `sent` is the height of its last broadcast by this process.
    pub(super) async fn follow(
        &self,
        attempt: &Attempt,
        mut sent: Option<Height>,
        state: &mut State,
    ) -> Result<End, Unsettled> {
        let mut patience = Patience::new(self.policy.patience);
        loop {
            let asked = self.client.preferred();
            let why = match self.look(&self.client, attempt, sent, state).await {
                Ok((height, step)) => {
                    // Long after the timeout more blocks bring no more proof.
                    if height <= attempt.timeout.plus(self.policy.window) {
                        patience.progressed(height);
                    }
                    match step {
                        Step::End(end) => match self.objection(attempt, &end, asked).await {
                            None => return self.conclude(attempt, end).await,
                            Some(why) => why,
                        },
                        Step::Broadcast => {
                            sent = Some(height);
                            self.send(attempt).await.summary()
                        }
                        Step::Wait(why) => why.to_owned(),
                        Step::Scan => "the blocks could not be read".to_owned(),
                    }
                }
                Err(error) => with_sources(&error),
            };
            if patience.is_over() {
                return Err(Unsettled::Doubt {
                    intent: attempt.intent.clone(),
                    hash: attempt.hash,
                    timeout: attempt.timeout,
                    why,
                });
            }
            tokio::time::sleep(state.pace.interval()).await;
        }
    }

    /// Why an end is not believed yet. A death sets a number free for another transaction, and one endpoint can be wrong about what
    /// it has: when there are several, a second one has to see a death too, by itself and from the start. `asked` is the
    /// endpoint that the first look began with.
    async fn objection(&self, attempt: &Attempt, end: &End, asked: usize) -> Option<String> {
        if !matches!(end, End::Dead { .. }) || self.client.is_single() {
            return None;
        }
        let mut why = "the endpoint that was asked changed meanwhile".to_owned();
        for other in self.client.others(asked) {
            // Its own floor: how far the first one is says nothing about this one.
            why = match self.look(&other, attempt, None, &mut State::default()).await {
                Ok((_, Step::End(End::Dead { .. }))) => return None,
                Ok((_, Step::Wait(why))) => why.to_owned(),
                Ok((_, Step::End(_))) => "it ended in another way there".to_owned(),
                Ok((height, Step::Broadcast | Step::Scan)) => {
                    format!("it may still happen, at height {height}")
                }
                Err(error) => with_sources(&error),
            };
        }
        Some(format!("one endpoint shows that it is dead, and no other agrees: {why}"))
    }

    /// One look at the chain, and what follows from it. The height is read first, then the account at this height, then, when they
    /// leave a choice, the result and the blocks.
    async fn look(
        &self,
        client: &Client,
        attempt: &Attempt,
        sent: Option<Height>,
        state: &mut State,
    ) -> Result<(Height, Step), ChainError> {
        let Some(height) = self.height(client, state).await? else {
            let floor = state.floor.unwrap_or_default();
            return Ok((floor, Step::Wait("the node is behind what was seen before")));
        };
        let Some(account) = client.account(&attempt.signer, At::Height(height)).await? else {
            return Ok((height, Step::Wait("the node does not know the account")));
        };
        let open = account.sequence <= attempt.sequence && height <= attempt.timeout;
        let result = if open { None } else { result(client, attempt).await? };
        let mut view = View { height, sequence: account.sequence, result, scan: None };
        let mut step = next(attempt, sent, self.policy.rebroadcast, &view);
        if step == Step::Scan {
            view.scan = Some(self.scan(client, attempt, &view).await?);
            step = next(attempt, sent, self.policy.rebroadcast, &view);
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

    /// Reads every block that could hold the attempt.
    async fn scan(&self, client: &Client, attempt: &Attempt, view: &View) -> Result<Scan, ChainError> {
        let (from, to) = view.span(attempt);
        let mut scan = Scan { ours: None, other: None };
        for height in from.0..=to.0 {
            let block = client.block(Height(height)).await?;
            for tx in &block.txs {
                if tx.hash == attempt.hash {
                    scan.ours = Some(block.height);
                } else if scan.other.is_none() && self.uses(tx, attempt.sequence) {
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

    async fn conclude(&self, attempt: &Attempt, end: End) -> Result<End, Unsettled> {
        let written = self.journal.ended(&attempt.hash, &end).await;
        written.map_err(journal(&attempt.intent, "write the end"))?;
        Ok(end)
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
