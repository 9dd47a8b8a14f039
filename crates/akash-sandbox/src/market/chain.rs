//! A chain of one validator, without a network, a disk or a clock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use akash_types::{Height, Rejection};
use akash_wallet::TxHash;
use sha2::{Digest as _, Sha256};

use super::event::Event;
use super::execute::{self, Outcome, Simulated};
use super::genesis::Genesis;
use super::refuse::{TX_IN_MEMPOOL, TX_TOO_LARGE};
use super::run::Run;
use super::state::State;
use super::tx::Tx;

/// States of so many heights can be asked for.
const KEPT_STATES: usize = 500;
/// CometBFT's limit for one transaction.
const MAX_TX_BYTES: usize = 1 << 20;
/// The mempool remembers so many hashes, to refuse the same bytes twice.
const KEPT_HASHES: usize = 10_000;

/// A transaction in a block.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// The transaction.
    pub tx: Tx,
    /// What became of it.
    pub outcome: Outcome,
}

/// A block.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its height.
    pub height: Height,
    /// Its time, milliseconds since 1970; later than the block before.
    pub time_ms: u64,
    /// Its transactions.
    pub txs: Vec<Delivered>,
    /// What happened besides its transactions, at its end.
    pub events: Vec<Event>,
    /// Depends on everything that the blocks so far did.
    pub app_hash: [u8; 32],
}

/// A block that was made and is not part of the chain yet: first it is written down.
#[derive(Clone, Debug)]
pub struct Proposal {
    block: Block,
    state: State,
}

impl Proposal {
    /// The block.
    pub const fn block(&self) -> &Block {
        &self.block
    }
}

/// What a node is between two system calls.
#[derive(Debug)]
pub struct Chain {
    state: State,
    /// What the mempool would make of it. Its height is that of the newest block, as on a real node: a transaction whose timeout is
    /// that height is taken in, and no block will have it.
    checked: State,
    mempool: VecDeque<Tx>,
    seen: Seen,
    /// The height of the first block.
    first: Height,
    blocks: Vec<Arc<Block>>,
    index: BTreeMap<TxHash, (usize, usize)>,
    history: VecDeque<State>,
    spoilt: BTreeSet<TxHash>,
}

/// The hashes that the mempool has seen. In memory only: a restart forgets them, as a real node does.
#[derive(Debug, Default)]
struct Seen {
    set: BTreeSet<TxHash>,
    order: VecDeque<TxHash>,
}

impl Seen {
    fn insert(&mut self, hash: TxHash) {
        if self.set.insert(hash) {
            self.order.push_back(hash);
        }
        if self.order.len() > KEPT_HASHES
            && let Some(oldest) = self.order.pop_front()
        {
            self.set.remove(&oldest);
        }
    }

    fn remove(&mut self, hash: &TxHash) {
        self.set.remove(hash);
        self.order.retain(|h| h != hash);
    }
}

impl Chain {
    /// A chain before its first block.
    pub fn new(genesis: &Genesis) -> Self {
        let state = genesis.state();
        Self {
            checked: state.clone(),
            history: VecDeque::from([state.clone()]),
            state,
            mempool: VecDeque::new(),
            seen: Seen::default(),
            first: genesis.initial_height,
            blocks: Vec::new(),
            index: BTreeMap::new(),
            spoilt: BTreeSet::new(),
        }
    }

    /// The newest state.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The state after a block, for the newest 500; `None` for others.
    pub fn state_at(&self, height: Height) -> Option<&State> {
        let first = self.history.front()?.height;
        let offset = height.0.checked_sub(first.0)?;
        self.history.get(usize::try_from(offset).ok()?)
    }

    /// The oldest height that [`Self::state_at`] knows.
    pub fn earliest(&self) -> Height {
        self.history.front().map_or(self.state.height, |s| s.height)
    }

    /// A block by its height.
    pub fn block(&self, height: Height) -> Option<&Arc<Block>> {
        self.blocks.get(usize::try_from(height.0.checked_sub(self.first.0)?).ok()?)
    }

    /// The height of the first block.
    pub const fn first(&self) -> Height {
        self.first
    }

    /// The blocks from a height on, oldest first.
    pub fn blocks_from(&self, height: Height) -> &[Arc<Block>] {
        let skipped = usize::try_from(height.since(self.first)).unwrap_or(usize::MAX);
        self.blocks.get(skipped..).unwrap_or_default()
    }

    /// A transaction by its hash, with its block and its place in it.
    pub fn tx(&self, hash: &TxHash) -> Option<(&Arc<Block>, &Delivered)> {
        let (block, place) = self.index.get(hash)?;
        let block = self.blocks.get(*block)?;
        Some((block, block.txs.get(*place)?))
    }

    /// How many transactions wait for a block.
    pub fn waiting(&self) -> usize {
        self.mempool.len()
    }

    /// Takes a transaction into the mempool, or says why not.
    pub fn check(&mut self, bytes: &[u8]) -> Result<TxHash, Rejection> {
        if bytes.len() > MAX_TX_BYTES {
            return Err(TX_TOO_LARGE.because(format!("max size is {MAX_TX_BYTES}, but got {}", bytes.len())));
        }
        let hash = TxHash::of(bytes);
        if self.seen.set.contains(&hash) {
            // Over gRPC a real node says this with an empty text.
            return Err(Rejection { log: String::new(), ..TX_IN_MEMPOOL.into() });
        }
        let tx = Tx::decode(bytes)?;
        self.checked = execute::check(&self.checked, &tx)?;
        self.seen.insert(hash);
        self.mempool.push_back(tx);
        Ok(hash)
    }

    /// The next block that has this transaction has it too early: it fails before its messages, which uses no sequence and takes
    /// no fee, so the same bytes may come again. A proposer does that when another transaction of the account comes late.
    pub fn spoil(&mut self, hash: TxHash) {
        self.spoilt.insert(hash);
    }

    /// Tries a transaction out on the state of the mempool; an error comes with the gas burnt so far.
    pub fn simulate(&self, bytes: &[u8]) -> Result<Simulated, (Rejection, u64)> {
        let tx = Tx::decode(bytes).map_err(|rejection| (rejection, 0))?;
        execute::simulate(&self.checked, &tx)
    }

    /// Makes the next block of everything in the mempool. Its time is `time_ms`, or just after the block before.
    pub fn propose(&self, time_ms: u64) -> Proposal {
        self.make(time_ms, self.mempool.iter().cloned().collect())
    }

    /// Makes the next block of given transactions: how a chain is built again from what was written down. A transaction that
    /// cannot be read makes the whole block unreadable.
    pub fn replay(&self, time_ms: u64, txs: &[Vec<u8>]) -> Result<Proposal, Rejection> {
        let txs = txs.iter().map(|bytes| Tx::decode(bytes)).collect::<Result<_, _>>()?;
        Ok(self.make(time_ms, txs))
    }

    fn make(&self, time_ms: u64, txs: Vec<Tx>) -> Proposal {
        let mut state = next(&self.state);
        state.time_ms = time_ms.max(self.state.time_ms.saturating_add(1));
        let mut delivered = Vec::with_capacity(txs.len());
        let mut digest = Sha256::new();
        digest.update(self.blocks.last().map_or([0; 32], |b| b.app_hash));
        digest.update(state.height.0.to_be_bytes());
        digest.update(state.time_ms.to_be_bytes());
        for tx in txs {
            let outcome = if self.spoilt.contains(&tx.hash) {
                execute::too_early(&tx)
            } else {
                let (after, outcome) = execute::deliver(&state, &tx);
                state = after;
                outcome
            };
            digest.update(tx.hash.0);
            digest.update(format!("{outcome:?}"));
            delivered.push(Delivered { tx, outcome });
        }
        let (state, events) = end(state);
        if !events.is_empty() {
            digest.update(format!("{events:?}"));
        }
        let block = Block {
            height: state.height,
            time_ms: state.time_ms,
            txs: delivered,
            events,
            app_hash: digest.finalize().into(),
        };
        Proposal { block, state }
    }

    /// Makes a block part of the chain, and checks again what still waits.
    pub fn commit(&mut self, proposal: Proposal) -> Arc<Block> {
        let block = Arc::new(proposal.block);
        for (place, delivered) in block.txs.iter().enumerate() {
            let hash = delivered.tx.hash;
            self.index.insert(hash, (self.blocks.len(), place));
            self.mempool.retain(|tx| tx.hash != hash);
            self.spoilt.remove(&hash);
            // What failed may be sent again; it will fail for its sequence.
            if delivered.outcome.rejection.is_some() {
                self.seen.remove(&hash);
            }
        }
        self.blocks.push(Arc::clone(&block));
        self.state = proposal.state;
        self.history.push_back(self.state.clone());
        if self.history.len() > KEPT_STATES {
            self.history.pop_front();
        }
        self.check_again();
        block
    }

    fn check_again(&mut self) {
        self.checked = self.state.clone();
        for tx in std::mem::take(&mut self.mempool) {
            match execute::check(&self.checked, &tx) {
                Ok(checked) => {
                    self.checked = checked;
                    self.mempool.push_back(tx);
                }
                Err(_) => self.seen.remove(&tx.hash),
            }
        }
    }
}

/// What the end of a block does: the price is made after what goes by it, as on a real node, and timeouts that are over are forgotten.
pub(crate) fn end(state: State) -> (State, Vec<Event>) {
    let mut run = Run::new(state);
    let before = run.state.clone();
    if run.end_exchange().is_err() {
        run = Run::new(before);
    }
    run.aggregate_price();
    let now = run.state.time();
    let over: Vec<_> =
        run.state.nonces.iter().filter(|((_, end), ())| *end < now).map(|(key, ())| key.clone()).collect();
    for nonce in over {
        run.state.nonces.remove(&nonce);
    }
    for event in &mut run.events {
        event.attributes.push(("mode", "EndBlock".to_owned()));
    }
    (run.state, run.events)
}

/// The state in which the next block's transactions run.
fn next(state: &State) -> State {
    let mut next = state.clone();
    next.height = state.height.plus(1);
    next
}
