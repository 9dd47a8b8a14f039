//! The ledger, as the engine knows it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use rayakash_core::Act;
use rayakash_core::reserve::{Limits, Short};
use rayakash_core::spec::{Cluster, Name};
use rayakash_core::view::{Tip, Wallet};
use rayakash_engine::facts::{Books, Fact, Finished, Intent};
use rayakash_engine::machine::Machine;
use rayakash_engine::ports::{self, Intended, Outcome, Unavailable};
use serde_json::json;
use tokio::sync::watch;

use crate::error::{Fault, LedgerError};
use crate::funds::Asking;
use crate::records::{EventKind, Record};
use crate::store::Store;
use crate::{books, deployments, entries, facts, funds, intents, records, wishes};

/// Reads a cluster file; the error is for people.
pub type ReadWish = Arc<dyn Fn(&str) -> Result<Cluster, String> + Send + Sync>;

/// The ledger of one wallet. Clones are the same ledger.
///
/// A write is durable when its call returns, and is not undone when the call is dropped. Methods need a Tokio runtime.
#[derive(Clone)]
pub struct Ledger {
    pub(crate) store: Arc<Store>,
    pub(crate) read_wish: ReadWish,
    pub(crate) limits: Limits,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").finish_non_exhaustive()
    }
}

impl Ledger {
    /// Opens the ledger's file, or makes it: mode 0600, in a folder of mode 0700 if that is made too. `read_wish` turns the text of a
    /// cluster file into a wish. Blocks for some milliseconds, so call it when the program starts.
    ///
    /// A file that is damaged, of a newer format, or not a ledger is refused and left as it is.
    pub fn open(
        path: &Path,
        read_wish: impl Fn(&str) -> Result<Cluster, String> + Send + Sync + 'static,
    ) -> Result<Self, LedgerError> {
        Self::over(Store::open(path, None)?, read_wish)
    }

    /// The same on a machine that somebody stands in for: each write is told to it, and what is done is done in place, not on a
    /// thread beside.
    pub fn open_on(
        machine: Arc<dyn Machine>,
        path: &Path,
        read_wish: impl Fn(&str) -> Result<Cluster, String> + Send + Sync + 'static,
    ) -> Result<Self, LedgerError> {
        Self::over(Store::open(path, Some(machine))?, read_wish)
    }

    fn over(
        store: Store,
        read_wish: impl Fn(&str) -> Result<Cluster, String> + Send + Sync + 'static,
    ) -> Result<Self, LedgerError> {
        Ok(Self { store: Arc::new(store), read_wish: Arc::new(read_wish), limits: Limits::default() })
    }

    /// The same ledger with these limits of the wallet instead of [`Limits::default`].
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// What is damaged in the file; none when it is sound.
    pub async fn soundness(&self) -> Result<Option<String>, LedgerError> {
        self.store
            .read("check the ledger", |tx| {
                let said: String = tx.pragma_query_value(None, "integrity_check", |row| row.get(0))?;
                let loose: bool = tx.prepare("SELECT 1 FROM pragma_foreign_key_check")?.exists([])?;
                Ok(match (said.as_str(), loose) {
                    ("ok", false) => None,
                    ("ok", true) => Some("a row of the ledger belongs to one that is not there".to_owned()),
                    (damage, _) => Some(damage.to_owned()),
                })
            })
            .await
    }

    /// The number of the newest event, whenever there is one more. It is behind what is durable, never ahead of it.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.store.subscribe()
    }
}

#[async_trait]
impl ports::Ledger for Ledger {
    async fn books(&self, cluster: &Name) -> Result<Books, Unavailable> {
        let (name, read_wish) = (cluster.to_string(), Arc::clone(&self.read_wish));
        let read = self.store.read("read the books", move |tx| books::read(tx, &name, &read_wish));
        Ok(read.await?)
    }

    async fn afford(
        &self,
        cluster: &Name,
        act: &Act,
        tip: &Tip,
        wallet: &Wallet,
    ) -> Result<Option<Short>, Unavailable> {
        let (name, act, tip, wallet) = (cluster.to_string(), act.clone(), *tip, wallet.clone());
        let (limits, read_wish) = (self.limits, Arc::clone(&self.read_wish));
        let read = self.store.read("ask for money", move |tx| {
            let asking = Asking { cluster: &name, act: &act, tip: &tip, wallet: &wallet };
            funds::cover(tx, &asking, &limits, &read_wish)
        });
        Ok(read.await?)
    }

    async fn intend(
        &self,
        cluster: &Name,
        act: &Act,
        tip: &Tip,
        wallet: &Wallet,
    ) -> Result<Intended, Unavailable> {
        let (name, act, tip, wallet) = (cluster.to_string(), act.clone(), *tip, wallet.clone());
        let (limits, read_wish) = (self.limits, Arc::clone(&self.read_wish));
        let write = self.store.write("write down an intent", move |tx| {
            let asking = Asking { cluster: &name, act: &act, tip: &tip, wallet: &wallet };
            let kept = intents::admit(tx, &name, &act)?;
            if let Some(short) = funds::cover(tx, &asking, &limits, &read_wish)? {
                return Ok(Intended::Short(short));
            }
            entries::open(tx, &wallet, &tip)?;
            Ok(Intended::Written(intents::intend(tx, &asking, &kept)?))
        });
        Ok(write.await?)
    }

    async fn settle(&self, intent: &Intent, outcome: &Outcome, tip: &Tip) -> Result<(), Unavailable> {
        let (id, outcome, tip) = (intent.id.clone(), outcome.clone(), *tip);
        let write = self.store.write("settle an intent", move |tx| intents::settle(tx, &id, &outcome, &tip));
        Ok(write.await?)
    }

    async fn enter(&self, cluster: &Name, act: &Act, tip: &Tip) -> Result<(), Unavailable> {
        let (name, act, tip) = (cluster.to_string(), act.clone(), *tip);
        let write = self.store.write("enter an act", move |tx| match act {
            Act::DropWish { written_ms, why } => wishes::outlive(tx, &name, written_ms, &why),
            Act::Avoid { provider, until_ms, why } => {
                Ok(facts::note(tx, &name, &Fact::Avoided { provider, until_ms, why })?)
            }
            Act::Finish { id, refund, cost, dry } => {
                let new = deployments::finish(tx, &name, &id, &Finished { refund, cost }, &tip)?;
                if new && dry {
                    let why = "the escrow ran dry".to_owned();
                    facts::note(tx, &name, &Fact::Failed { at_ms: tip.time_ms, why })?;
                }
                Ok(())
            }
            Act::OpenDeployment { .. }
            | Act::AcceptBid { .. }
            | Act::SendManifest { .. }
            | Act::UpdateDeployment { .. }
            | Act::TopUp { .. }
            | Act::DrainJobs { .. }
            | Act::CloseDeployment { .. } => {
                Err(Fault::refused(format!("{} is more than a record", act.name())))
            }
        });
        Ok(write.await?)
    }

    async fn note(&self, cluster: &Name, fact: &Fact) -> Result<(), Unavailable> {
        let (name, fact) = (cluster.to_string(), fact.clone());
        let write = self.store.write("write down a fact", move |tx| Ok(facts::note(tx, &name, &fact)?));
        Ok(write.await?)
    }

    async fn say(&self, cluster: &Name, words: &str, detail: &str) -> Result<(), Unavailable> {
        let (name, words, detail) = (cluster.to_string(), words.to_owned(), detail.to_owned());
        let write = self.store.write("write down an event", move |tx| {
            let data = if detail.is_empty() { json!({}) } else { json!({ "detail": detail }) };
            let (kind, cluster) = (EventKind::Phase, Some(name.as_str()));
            records::add(tx, Record { kind, cluster, intent: None, text: &words, data })?;
            Ok(())
        });
        Ok(write.await?)
    }
}
