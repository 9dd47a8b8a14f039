//! What the ledger does in a second when every write waits for the disk, and how long a daemon with many clusters takes to start.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use akash_types::{Address, Coin, DeploymentId, Dseq, Height};
use rayakash_api::v1::{Apply, ClusterStatus};
use rayakash_core::Act;
use rayakash_core::view::{Tip, Wallet};
use rayakash_engine::ports::{Intended, Ledger as _, Outcome, Receipt};
use rayakash_ledger::Ledger;
use rayakash_testkit::{Chain, Home, Program, resident_kib, until};
use rayakash_tests::report::say;
use rusqlite::Connection;
use tokio::time::Instant;

const CLUSTERS: u32 = 1_000;
/// So many writes of each kind are timed.
const WRITES: u32 = 1_000;
/// The first dseq; all have as many digits.
const DSEQ: u64 = 1_900_000_000_000;
/// Putting so many clusters on the chain takes a block each.
const FILLING: Duration = Duration::from_secs(1_200);

/// How many clusters were asked for, and whether the released program is measured; `None`: the words are not about this bench.
pub(crate) fn wanted(words: &[&str]) -> Option<(u32, bool)> {
    match words {
        ["ledger"] => Some((CLUSTERS, false)),
        ["ledger", "--release"] => Some((CLUSTERS, true)),
        ["ledger", "--clusters", number] => number.parse().ok().filter(|n| *n > 0).map(|n| (n, false)),
        ["ledger", "--clusters", number, "--release"] => {
            number.parse().ok().filter(|n| *n > 0).map(|n| (n, true))
        }
        _ => None,
    }
}

/// Measures, and prints a line for each figure.
pub(crate) async fn bench((clusters, release): (u32, bool)) -> Result<bool, Box<dyn Error>> {
    crate::machine(release);
    writes().await?;
    restart(clusters, release).await?;
    Ok(true)
}

/// Of a cluster that nobody offers: it collects bids as long as it is measured, and no container runs.
fn file(number: u32) -> (String, String) {
    let name = format!("c{number}");
    let text = format!(
        "apiVersion: rayakash/v1\ncluster_name: {name}\nhead_node_type: head\navailable_node_types:\n  head: {{ resources: {{ CPU: 1, memory: 2Gi }} }}\n\
         market: {{ bid_window: {{ min: 10h, max: 20h }} }}\nbudget: {{ max_usd_per_hour: 0.0001, max_usd_total: 1 }}\n"
    );
    (name, text)
}

/// On the disk of this program, which is a real one where a temporary folder may not be.
async fn writes() -> Result<(), Box<dyn Error>> {
    let own = std::env::current_exe()?;
    let folder = tempfile::tempdir_in(own.parent().ok_or("this program lies nowhere")?)?;
    let plain = plain(&folder.path().join("plain.db"))?;
    say(&format!("one row into plain SQLite, with its fsync        {plain:>8} a second"));
    let read = |text: &str| rayakash_api::file::parse(text).map_err(|invalid| invalid.to_string());
    let ledger = Ledger::open(&folder.path().join("ledger.db"), read)?;
    let (name, text) = file(1);
    ledger
        .write_wish(&name.parse()?, &text.replace("max_usd_total: 1", "max_usd_total: 1000000"), false, 5)
        .await?;
    for tasks in [1, 8] {
        let intents = intents(&ledger, tasks).await?;
        let percent = intents.saturating_mul(100).checked_div(plain).unwrap_or(0);
        say(&format!(
            "an intent, granted and written, {tasks} at a time         {intents:>8} a second, {percent} % of that"
        ));
    }
    Ok(())
}

/// Rows a second, each in a transaction that waits for the disk, by the settings of the ledger.
fn plain(path: &Path) -> Result<u64, Box<dyn Error>> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.execute_batch("CREATE TABLE rows (seq INTEGER PRIMARY KEY, text TEXT NOT NULL)")?;
    let text = "x".repeat(300);
    let begin = Instant::now();
    for _ in 0..WRITES {
        connection.execute("INSERT INTO rows (text) VALUES (?1)", [&text])?;
    }
    Ok(per_second(WRITES, begin.elapsed()))
}

fn per_second(count: u32, took: Duration) -> u64 {
    let micros = took.as_micros().max(1);
    u64::try_from(u128::from(count).saturating_mul(1_000_000) / micros).unwrap_or(u64::MAX)
}

/// Intents a second: the file's cap read, sums made, the intent and its record written. Settling them is not counted.
async fn intents(ledger: &Ledger, tasks: u32) -> Result<u64, Box<dyn Error>> {
    let mut took = Duration::ZERO;
    let rounds = WRITES / tasks;
    for round in 0..rounds {
        let first = u64::from(round) * u64::from(tasks) + u64::from(tasks) * 1_000_000;
        let begin = Instant::now();
        let asked = (0..u64::from(tasks)).map(|n| intend(ledger, DSEQ + first + n));
        let ids = futures_util::future::join_all(asked).await;
        took += begin.elapsed();
        for id in ids {
            settle(ledger, &id?).await?;
        }
    }
    Ok(per_second(rounds * tasks, took))
}

fn tip() -> Tip {
    Tip { height: Height(10), time_ms: 10_000, block_ms: 1_000, stalled_since_ms: None }
}

async fn intend(ledger: &Ledger, dseq: u64) -> Result<String, String> {
    let owner = Address::from_bytes(&[1; 20]).map_err(|error| error.to_string())?;
    let dseq = Dseq::new(dseq).ok_or("a dseq")?;
    let id = DeploymentId::new(owner.clone(), dseq);
    let deposit = Coin::uact(1);
    let act = Act::OpenDeployment { id, generation: 1, groups: Vec::new(), version: [7; 32], deposit };
    let wallet = Wallet { owner, uact: 1 << 60, uakt: 1 << 60, locked_since_ms: None, paused: false };
    let name = "c1".parse().map_err(|error| format!("{error}"))?;
    match ledger.intend(&name, &act, &tip(), &wallet).await {
        Ok(Intended::Written(id)) => Ok(id),
        Ok(Intended::Short(short)) => Err(format!("there is no money: {short:?}")),
        Err(error) => Err(error.to_string()),
    }
}

async fn settle(ledger: &Ledger, id: &str) -> Result<(), Box<dyn Error>> {
    let name = "c1".parse()?;
    let open = ledger.books(&name).await?.open;
    let intent = open.into_iter().find(|intent| intent.id == id).ok_or("the intent is not open")?;
    let refused = Outcome::Refused { why: "measured".to_owned(), receipt: Receipt::default() };
    Ok(ledger.settle(&intent, &refused, &tip()).await?)
}

/// Many clusters on the chain, all collecting bids; then the daemon starts anew.
async fn restart(clusters: u32, release: bool) -> Result<(), Box<dyn Error>> {
    let program = if release { Program::released()? } else { Program::beside()? };
    let home = Home::new(program)?;
    home.write("config/rayakash.toml", "[wallet]\nmax_fees_uakt_per_day = 1000000000\n")?;
    let sandbox = home.start_sandbox_with(&["--block-time", "50ms"]).await?;
    let daemon = home.start_daemon().await?;
    let chain = Chain::of(&home)?;
    let measured = async {
        let (name, text) = file(0);
        home.api().apply(&name, &Apply { file: text, ..Apply::default() }).await?;
        converged(&home, 1).await?;
        let small = resident_kib(daemon.process()).ok_or("the daemon does not run")?;
        for number in 1..clusters {
            let (name, text) = file(number);
            home.api().apply(&name, &Apply { file: text, ..Apply::default() }).await?;
        }
        let all = usize::try_from(clusters)?;
        until("all deployments are open", FILLING, async || {
            Ok((chain.look().await?.open().count() == all).then_some(()))
        })
        .await?;
        Ok::<_, Box<dyn Error>>(small)
    }
    .await;
    daemon.kill().await?;
    let small = measured?;
    let begin = Instant::now();
    let daemon = home.start_daemon().await?;
    let answers = begin.elapsed();
    let looked = converged(&home, clusters).await;
    let took = begin.elapsed();
    let large = resident_kib(daemon.process()).unwrap_or(0);
    let stopped = (daemon.stop().await, sandbox.stop().await);
    looked?;
    stopped.0?;
    stopped.1?;
    say(&format!("from the start of the daemon until it answers       {:>8} ms", answers.as_millis()));
    say(&format!(
        "until each of {clusters} clusters, all collecting bids, was looked at {:>8} ms",
        took.as_millis()
    ));
    let each = large.saturating_sub(small).checked_div(u64::from(clusters)).unwrap_or(0);
    say(&format!(
        "resident memory with 1 and with {clusters} clusters {small:>8} and {large} KiB, {each} KiB each"
    ));
    Ok(())
}

/// Waits until every cluster was looked at: its phase is that of the chain.
async fn converged(home: &Home, clusters: u32) -> Result<(), Box<dyn Error>> {
    let settled = |one: &ClusterStatus| one.phase.starts_with("collecting bids");
    let all = usize::try_from(clusters)?;
    until("every cluster was looked at", FILLING, async || {
        let Ok(list) = home.api().clusters().await else { return Ok(None) };
        Ok((list.clusters.iter().filter(|one| settled(one)).count() == all).then_some(()))
    })
    .await?;
    Ok(())
}
