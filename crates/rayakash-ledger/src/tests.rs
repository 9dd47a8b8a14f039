//! Tests of the ledger as a whole: what goes in comes out, whatever happens in between.

mod attempts;
mod crash;
mod file;
mod machine;
mod model;
mod money;
mod reconcile;
mod recovery;
mod rules;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use akash_types::{Address, Coin, DecCoin, DeploymentId, Dseq, Height, LeaseId};
use rayakash_core::spec::{
    Budget, Cluster, Escrow, Lifetime, Market, Name, NodeType, Ray, Recovery, Setup, TypeName,
};
use rayakash_core::view::{Tip, Wallet};
use rayakash_core::{Act, Why};
use rayakash_engine::facts::{Books, Intent};
use rayakash_engine::ports::{Intended, Ledger as _, Outcome, Receipt, Unavailable};
use tempfile::TempDir;

use crate::{AttemptRow, Ledger};

/// A ledger in a folder of its own.
struct Desk {
    ledger: Ledger,
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { ledger: open(&folder.path().join("state/ledger.db")), folder }
    }

    /// Without a wish nothing can be opened.
    async fn wanting(cluster: &str) -> Self {
        let desk = Self::new();
        desk.want(cluster, false, 5).await;
        desk
    }

    async fn want(&self, cluster: &str, restart: bool, at_ms: u64) {
        let file = format!("{cluster}\n");
        self.ledger.write_wish(&name(cluster), &file, restart, at_ms).await.unwrap();
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("state/ledger.db")
    }

    async fn books(&self, cluster: &str) -> Books {
        self.ledger.books(&name(cluster)).await.unwrap()
    }

    async fn intend(&self, cluster: &str, act: &Act) -> Intent {
        let id = self.begin(cluster, act).await.unwrap();
        let open = self.books(cluster).await.open;
        open.into_iter().find(|intent| intent.id == id).unwrap()
    }

    /// The id of what was written down; what there is no money for is an error here.
    async fn begin(&self, cluster: &str, act: &Act) -> Result<String, Unavailable> {
        begin(&self.ledger, cluster, act).await
    }

    async fn settle(&self, intent: &Intent, outcome: &Outcome) -> Result<(), Unavailable> {
        self.ledger.settle(intent, outcome, &tip(12)).await
    }

    /// Writes an act down and what became of it.
    async fn carry_out(&self, cluster: &str, act: &Act, outcome: &Outcome) {
        let intent = self.intend(cluster, act).await;
        self.settle(&intent, outcome).await.unwrap();
    }

    /// What stands in the accounts of a pattern.
    fn booked(&self, account: &str, denom: &str) -> i128 {
        let sql = "SELECT coalesce(sum(amount), 0) FROM entries WHERE account LIKE ?1 AND denom = ?2";
        let sum: i64 = self
            .ledger
            .store
            .with_writer(|writer| writer.query_row(sql, [account, denom], |row| row.get(0)))
            .unwrap();
        i128::from(sum)
    }

    /// The kinds of all records, in order.
    async fn kinds(&self) -> Vec<&'static str> {
        let events = self.ledger.events(0, None, 1_000).await.unwrap();
        events.iter().map(|event| event.kind.word()).collect()
    }
}

fn open(path: &Path) -> Ledger {
    Ledger::open(path, read_wish).unwrap()
}

/// The stand-in for a cluster file is the cluster's name in a line of its own.
fn read_wish(text: &str) -> Result<Cluster, String> {
    let name: Name = text.strip_suffix('\n').ok_or("no line")?.parse().map_err(|bad| format!("{bad}"))?;
    let node = NodeType {
        cpus: 1,
        gpus: 0,
        gpu_models: Vec::new(),
        memory: 1 << 30,
        storage: 1 << 30,
        object_store: 1 << 27,
        min_workers: 0,
        max_workers: 0,
        labels: BTreeMap::new(),
        env: BTreeMap::new(),
    };
    let head: TypeName = "head".parse().map_err(|bad| format!("{bad}"))?;
    Ok(Cluster {
        name,
        ray: Ray::default(),
        types: BTreeMap::from([(head.clone(), node)]),
        head,
        max_workers: 0,
        env: BTreeMap::new(),
        setup: Setup::default(),
        market: Market::default(),
        budget: Budget::default(),
        escrow: Escrow::default(),
        lifetime: Lifetime::default(),
        recovery: Recovery::default(),
        public_dashboard: false,
    })
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn tip(height: u64) -> Tip {
    Tip { height: Height(height), time_ms: height * 1_000, block_ms: 1_000, stalled_since_ms: None }
}

async fn begin(ledger: &Ledger, cluster: &str, act: &Act) -> Result<String, Unavailable> {
    match ledger.intend(&name(cluster), act, &tip(10), &wallet()).await? {
        Intended::Written(id) => Ok(id),
        Intended::Short(short) => Err(Unavailable { what: short.cap.to_owned(), why: format!("{short:?}") }),
    }
}

/// More than anything takes.
fn wallet() -> Wallet {
    Wallet { owner: address(1), uact: 1 << 60, uakt: 1 << 60, locked_since_ms: None, paused: false }
}

/// A transaction that is about to be sent.
fn attempt(intent: &str, hash: &str, sequence: u64) -> AttemptRow {
    AttemptRow {
        intent: intent.to_owned(),
        signer: address(1),
        account_number: 4,
        sequence,
        planned: Height(10),
        timeout: Height(30),
        hash_hex: hash.to_owned(),
        bytes: vec![0, 1, 255],
        fee: Coin::uakt(6_000),
        end: None,
        answer: None,
    }
}

fn address(byte: u8) -> Address {
    Address::from_bytes(&[byte; 20]).unwrap()
}

fn deployment(dseq: u64) -> DeploymentId {
    DeploymentId::new(address(1), Dseq::new(dseq).unwrap())
}

fn lease(dseq: u64) -> LeaseId {
    deployment(dseq).group(1).order(1).bid(address(2)).lease()
}

fn opening(dseq: u64, deposit: u128) -> Act {
    let deposit = Coin::uact(deposit);
    Act::OpenDeployment { id: deployment(dseq), generation: 1, groups: Vec::new(), version: [7; 32], deposit }
}

fn accepting(dseq: u64) -> Act {
    let price = DecCoin::uact("1.5".parse().unwrap());
    Act::AcceptBid { bid: lease(dseq).bid(), price, considered: Vec::new() }
}

fn topping_up(dseq: u64, amount: u128) -> Act {
    Act::TopUp { id: deployment(dseq), amount: Coin::uact(amount) }
}

fn sending(dseq: u64) -> Act {
    Act::SendManifest { lease: lease(dseq), version: [7; 32] }
}

fn updating(dseq: u64) -> Act {
    Act::UpdateDeployment { id: deployment(dseq), version: [8; 32] }
}

fn finishing(dseq: u64, cost: u128, dry: bool) -> Act {
    Act::Finish { id: deployment(dseq), refund: Coin::uact(500 - cost), cost: Coin::uact(cost), dry }
}

fn dropping(written_ms: u64) -> Act {
    Act::DropWish { written_ms, why: "idle 45m".to_owned() }
}

fn closing(dseq: u64, why: Why) -> Act {
    Act::CloseDeployment { id: deployment(dseq), why }
}

/// A transaction that landed at a height and cost a fee of 5000 uakt.
fn landed(tx: &str, height: u64) -> Receipt {
    Receipt { tx: Some(tx.to_owned()), height: Some(Height(height)), fee: Some(Coin::uakt(5_000)) }
}

fn done() -> Outcome {
    Outcome::Done(Receipt::default())
}

fn refused(why: &str) -> Outcome {
    Outcome::Refused { why: why.to_owned(), receipt: Receipt::default() }
}

fn not_started() -> Outcome {
    Outcome::NotStarted { why: "interrupted".to_owned() }
}

fn in_doubt() -> Outcome {
    Outcome::InDoubt { why: "no answer".to_owned(), tx: Some("AB".to_owned()), dead_at: Some(Height(40)) }
}
