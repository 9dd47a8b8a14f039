//! The chain at work: the pure model, the log that outlives it, the time, and the faults that tests ask for.
//!
//! A block is written to the log before anybody can see it. The log is flushed to the operating system, not to the disk: a
//! killed process loses nothing, a power cut may lose the last blocks of a development chain. A start executes the log again:
//! 100,000 blocks without transactions are 4.6 MB; executing, hashing and signing 20,000 takes a development build 3.5 seconds.

mod faults;
#[expect(clippy::result_large_err, reason = "tonic's error type, as tonic's traits want it")]
pub(crate) mod grpc;
mod log;
pub(crate) mod rest;
pub(crate) mod rpc;
mod seal;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use akash_types::{Height, Rejection};
use tokio::sync::watch;

pub use faults::Fault;
use faults::Faults;
use log::BlockLog;
use seal::{Sealed, Seals};

use crate::clock;
use crate::error::Error;
use crate::market::{Block, Chain, Genesis, Simulated, State, TxHash};

/// The name of the log in the sandbox's folder.
const LOG: &str = "blocks.log";

/// A chain of one validator on this machine. Harnesses read it directly; everything else goes through gRPC and RPC.
#[derive(Debug)]
pub struct Node {
    inner: Mutex<Inner>,
    faults: Mutex<Faults>,
    seals: Seals,
    tip: watch::Sender<Height>,
    block_time: Duration,
}

#[derive(Debug)]
struct Inner {
    chain: Chain,
    /// None: the chain ends with the process.
    log: Option<BlockLog>,
    /// How far the chain's time is ahead of the machine's clock, milliseconds.
    ahead_ms: u64,
    /// No more blocks: the folder belongs to somebody else from now on.
    closed: bool,
}

impl Node {
    /// Opens the chain of a folder, or begins one.
    pub(crate) fn open(folder: &Path, genesis: Genesis, block_time: Duration) -> Result<Self, Error> {
        let now = clock::unix_millis();
        let path = folder.join(LOG);
        let (log, start, records) = BlockLog::open(&path, &genesis.chain_id, genesis.time_ms)?;
        let mut chain = Chain::new(&Genesis { time_ms: start, ..genesis });
        for record in records {
            let proposal = chain.replay(record.time_ms, &record.txs);
            let same = proposal.is_ok_and(|proposal| {
                let same = record.describes(proposal.block());
                let _block = chain.commit(proposal);
                same
            });
            if !same {
                return Err(Error::OtherVersion { path, height: record.height });
            }
        }
        let ahead_ms = chain.state().time_ms.saturating_sub(now);
        let height = chain.state().height;
        let node = Self::of(Inner { chain, log: Some(log), ahead_ms, closed: false }, block_time);
        let _sealed = node.sealed(height);
        Ok(node)
    }

    /// A chain that nothing is kept of, and whose time is what blocks are given: for harnesses that make its blocks.
    pub fn in_memory(genesis: &Genesis, block_time: Duration) -> Self {
        Self::of(Inner { chain: Chain::new(genesis), log: None, ahead_ms: 0, closed: false }, block_time)
    }

    fn of(inner: Inner, block_time: Duration) -> Self {
        let (tip, _) = watch::channel(inner.chain.state().height);
        let seals = Seals::new(&inner.chain.state().chain_id, inner.chain.first());
        Self { inner: Mutex::new(inner), faults: Mutex::default(), seals, tip, block_time }
    }

    /// The chain's gRPC services, to be asked in this process.
    pub fn services(self: &Arc<Self>) -> tonic::service::Routes {
        grpc::services(self)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest state. A copy, and cheap.
    pub fn state(&self) -> State {
        self.inner().chain.state().clone()
    }

    /// The state after a block, for the newest 500.
    pub fn state_at(&self, height: Height) -> Option<State> {
        self.inner().chain.state_at(height).cloned()
    }

    /// The oldest height that can be asked for.
    pub fn earliest(&self) -> Height {
        self.inner().chain.earliest()
    }

    /// A block.
    pub fn block(&self, height: Height) -> Option<Arc<Block>> {
        self.inner().chain.block(height).cloned()
    }

    /// A block with everything that CometBFT adds to it.
    fn sealed(&self, height: Height) -> Option<Sealed> {
        self.seals.seal(height, |height| self.block(height))
    }

    /// The height of the first block.
    pub fn first(&self) -> Height {
        self.inner().chain.first()
    }

    /// The blocks from a height on, oldest first.
    pub fn blocks_from(&self, height: Height) -> Vec<Arc<Block>> {
        self.inner().chain.blocks_from(height).to_vec()
    }

    /// The block with a transaction, and its place in it.
    pub fn tx(&self, hash: &TxHash) -> Option<(Arc<Block>, usize)> {
        let inner = self.inner();
        let (block, _) = inner.chain.tx(hash)?;
        let place = block.txs.iter().position(|d| &d.tx.hash == hash)?;
        Some((Arc::clone(block), place))
    }

    /// How many transactions wait for a block.
    pub fn waiting(&self) -> usize {
        self.inner().chain.waiting()
    }

    /// Takes a transaction into the mempool, as a node does when it is broadcast.
    pub fn check(&self, bytes: &[u8]) -> Result<TxHash, Rejection> {
        self.inner().chain.check(bytes)
    }

    /// The next block that has this transaction has it before its turn ([`Chain::spoil`]).
    pub fn spoil(&self, hash: TxHash) {
        self.inner().chain.spoil(hash);
    }

    /// Tries a transaction out.
    pub fn simulate(&self, bytes: &[u8]) -> Result<Simulated, (Rejection, u64)> {
        self.inner().chain.simulate(bytes)
    }

    /// Tells of every new block.
    pub fn tip(&self) -> watch::Receiver<Height> {
        self.tip.subscribe()
    }

    /// The time between blocks.
    pub const fn block_time(&self) -> Duration {
        self.block_time
    }

    /// Waits until a block is there.
    pub async fn reached(&self, height: Height) {
        let mut tip = self.tip();
        // The sender lives as long as this node.
        let _reached = tip.wait_for(|now| *now >= height).await;
    }

    /// Makes a block now.
    pub fn make_block(&self) -> Result<Arc<Block>, Error> {
        let mut inner = self.inner();
        let time = clock::unix_millis().saturating_add(inner.ahead_ms);
        let block = inner.append(time)?;
        self.tip.send_replace(block.height);
        drop(inner);
        // Now, and not when somebody asks: after many blocks that would take longer than askers wait.
        let _sealed = self.sealed(block.height);
        Ok(block)
    }

    /// Makes a block with a time of its own, milliseconds since 1970; the chain's time goes on from there.
    pub fn make_block_at(&self, time_ms: u64) -> Result<Arc<Block>, Error> {
        let mut inner = self.inner();
        let block = inner.append(time_ms)?;
        inner.ahead_ms = block.time_ms.saturating_sub(clock::unix_millis());
        self.tip.send_replace(block.height);
        Ok(block)
    }

    /// Makes blocks at once, each one block time after the one before; the chain's time runs ahead from then on.
    pub fn advance(&self, blocks: u64) -> Result<Height, Error> {
        let step = u64::try_from(self.block_time.as_millis()).unwrap_or(u64::MAX);
        for _ in 0..blocks {
            let mut inner = self.inner();
            let now = clock::unix_millis();
            let time = inner.chain.state().time_ms.saturating_add(step).max(now);
            let block = inner.append(time)?;
            inner.ahead_ms = inner.ahead_ms.max(block.time_ms.saturating_sub(now));
            self.tip.send_replace(block.height);
            drop(inner);
            let _sealed = self.sealed(block.height);
        }
        Ok(*self.tip.borrow())
    }

    /// Sets the time of the next block, milliseconds since 1970. Time never runs backwards: false when that would.
    pub fn set_time(&self, unix_ms: u64) -> bool {
        let mut inner = self.inner();
        let possible = unix_ms > inner.chain.state().time_ms;
        if possible {
            inner.ahead_ms = unix_ms.saturating_sub(clock::unix_millis());
        }
        possible
    }

    /// Asks for a fault.
    pub fn fault(&self, fault: Fault) {
        self.faults().ask(fault);
    }

    /// True while no blocks are made because a fault says so.
    pub fn halted(&self) -> bool {
        self.faults().halted
    }

    /// The version that the node says it is; the model follows v2.1.
    pub(crate) fn version(&self) -> String {
        let own = concat!("v2.1.0+rayakash-sandbox.", env!("CARGO_PKG_VERSION"));
        self.faults().version.clone().unwrap_or_else(|| own.to_owned())
    }

    /// Makes no more blocks. Answers go on.
    pub(crate) fn close(&self) {
        self.inner().closed = true;
    }

    /// Makes a block every block time, until the chain is closed.
    pub(crate) async fn tick(&self) {
        loop {
            clock::sleep(self.block_time).await;
            if self.halted() {
                continue;
            }
            match self.make_block() {
                Ok(_) => {}
                Err(Error::Closed) => return,
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "no block could be written");
                }
            }
        }
    }
}

impl Inner {
    fn append(&mut self, time_ms: u64) -> Result<Arc<Block>, Error> {
        if self.closed {
            return Err(Error::Closed);
        }
        let proposal = self.chain.propose(time_ms);
        if let Some(log) = &mut self.log {
            log.append(proposal.block())?;
        }
        Ok(self.chain.commit(proposal))
    }
}
