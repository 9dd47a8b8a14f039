//! The ledger, as the engine knows it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use rayakash_core::Act;
use rayakash_core::spec::{Cluster, Name};
use rayakash_core::view::Tip;
use rayakash_engine::facts::{Books, Fact, Finished, Intent};
use rayakash_engine::ports::{self, Outcome, Unavailable};
use serde_json::json;
use tokio::sync::watch;

use crate::error::{Fault, LedgerError};
use crate::records::{EventKind, Record};
use crate::store::Store;
use crate::{books, deployments, facts, intents, records, wishes};

/// Reads a cluster file; the error is for people.
pub type ReadWish = Arc<dyn Fn(&str) -> Result<Cluster, String> + Send + Sync>;

/// The ledger of one wallet. Clones are the same ledger.
///
/// A write is durable when its call returns, and is not undone when the call is dropped. Methods need a Tokio runtime.
#[derive(Clone)]
pub struct Ledger {
    pub(crate) store: Arc<Store>,
    pub(crate) read_wish: ReadWish,
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
        Ok(Self { store: Arc::new(Store::open(path)?), read_wish: Arc::new(read_wish) })
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

    async fn intend(&self, cluster: &Name, act: &Act, tip: &Tip) -> Result<String, Unavailable> {
        let (name, act, tip) = (cluster.to_string(), act.clone(), *tip);
        let write =
            self.store.write("write down an intent", move |tx| intents::intend(tx, &name, &act, &tip));
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
                let new = deployments::finish(tx, &name, &id, &Finished { refund, cost })?;
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
