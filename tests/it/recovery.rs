//! What is lost, old or shared: the ledger, a copy of it, the key. As far as it goes without a container.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use akash_chain::{Class, MemoryJournal, Policy, Sender};
use akash_types::Coin;
use akash_types::escrow::{AccountId, Funding};
use akash_types::msg::AccountDeposit;
use akash_wallet::{Allowed, Key, Mnemonic};
use rayakash_testkit::{Chain, Home, Ledger, until};

use crate::home::{home, must};

/// A cluster that nobody offers at this price, and whose order stays open for longer than a test.
pub(crate) fn file(home: &Home, name: &str) -> String {
    let text = format!(
        "apiVersion: rayakash/v1\ncluster_name: {name}\nhead_node_type: head\navailable_node_types:\n  head: {{ resources: {{ CPU: 1, memory: 2Gi }} }}\n\
         budget: {{ max_usd_per_hour: 0.0001 }}\nmarket: {{ bid_window: {{ min: 300s, max: 600s }} }}\n"
    );
    home.write(&format!("{name}.yaml"), &text).unwrap().display().to_string()
}

/// Orders, without waiting for what comes of it.
pub(crate) async fn order(home: &Home, chain: &Chain, name: &str) {
    let open = deployments(chain).await;
    must(home.run(&["up", &file(home, name), "--timeout", "2s"]).await, 11);
    until("the order is on the chain", Duration::from_secs(20), async || {
        Ok((chain.look().await?.open().count() > open).then_some(()))
    })
    .await
    .unwrap();
    // The intent is settled as well.
    until("it collects bids", Duration::from_secs(20), async || {
        let said = home.run(&["status", name]).await?;
        Ok(said.out.contains("collecting bids").then_some(()))
    })
    .await
    .unwrap();
}

/// How many deployments are open.
pub(crate) async fn deployments(chain: &Chain) -> usize {
    chain.look().await.unwrap().open().count()
}

/// The files of the ledger, which are closed.
fn ledger_files(home: &Home) -> Vec<PathBuf> {
    let ledger = home.ledger().display().to_string();
    ["", "-wal", "-shm"]
        .map(|end| PathBuf::from(format!("{ledger}{end}")))
        .into_iter()
        .filter(|p| p.exists())
        .collect()
}

fn wipe(home: &Home) {
    for file in ledger_files(home) {
        std::fs::remove_file(file).unwrap();
    }
    let keys = home.ledger().parent().unwrap().join("clusters");
    if keys.exists() {
        std::fs::remove_dir_all(keys).unwrap();
    }
}

fn books(home: &Home) -> rayakash_testkit::Books {
    Ledger::open(&home.ledger()).unwrap().unwrap().books().unwrap()
}

/// The state directory is lost, the key is not: nothing is spent until what is there is entered, with names from the files.
#[tokio::test]
async fn a_wiped_ledger_spends_nothing_until_what_is_there_is_adopted() {
    let home = home();
    let sandbox = home.start_sandbox().await.unwrap();
    let daemon = home.start_daemon().await.unwrap();
    let chain = Chain::of(&home).unwrap();
    order(&home, &chain, "first").await;
    order(&home, &chain, "second").await;
    order(&home, &chain, "forgotten").await;
    let before = books(&home);
    daemon.stop().await.unwrap();
    wipe(&home);

    let daemon = home.start_daemon().await.unwrap();
    must(home.run(&["up", &file(&home, "first")]).await, 6);
    let refused = must(home.run(&["up", &file(&home, "third")]).await, 6);
    assert!(
        refused.err.contains("error[frozen]") && refused.err.contains("is not in the ledger"),
        "{}",
        refused.err
    );
    assert_eq!(deployments(&chain).await, 3, "nothing was opened");
    let told = must(home.run(&["status", "third"]).await, 10);
    assert!(told.out.contains("frozen: the ledger does not know all that this key did"), "{}", told.out);

    let list = must(home.run(&["gc", "--list"]).await, 0);
    assert_eq!(list.out.lines().filter(|line| line.contains("order open")).count(), 3, "{}", list.out);
    let adopted = must(home.run(&["adopt", "--file", &file(&home, "second"), "-o", "json"]).await, 0);
    let adopted = adopted.json().unwrap();
    let clusters: Vec<&str> = adopted["deployments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["cluster"].as_str().unwrap())
        .collect();
    let dseq = adopted["deployments"][2]["dseq"].as_u64().unwrap();
    assert_eq!(
        clusters,
        ["first", "second", format!("adopted-{dseq}").as_str()],
        "by wish, by file, by number"
    );
    assert!(adopted["deployments"].as_array().unwrap().iter().all(|one| one["done"] == "adopted"));
    assert_eq!(books(&home).deposited, before.deposited, "to the micro-unit");
    let again = must(home.run(&["adopt", "-o", "json"]).await, 0).json().unwrap();
    assert!(again["deployments"].as_array().unwrap().iter().all(|one| one["done"].is_null()), "{again}");

    // What was adopted is kept, also over a start; spending goes on.
    daemon.kill().await.unwrap();
    let daemon = home.start_daemon().await.unwrap();
    until("it is kept", Duration::from_secs(20), async || {
        let said = home.run(&["status", "second"]).await?;
        Ok((said.code == Some(10) && said.out.contains("adopted: it is kept as it is")).then_some(()))
    })
    .await
    .unwrap();
    order(&home, &chain, "fourth").await;
    assert_eq!(
        deployments(&chain).await,
        3 + 2,
        "third and fourth beside those that were adopted: first is not made again"
    );
    for name in ["second", clusters[2]] {
        let down = must(home.run(&["down", name]).await, 0);
        assert!(down.out.contains("closed, cost 0 uact"), "{}", down.out);
    }
    must(home.run(&["down", "--all"]).await, 0);
    let after = books(&home);
    assert_eq!((after.refund, after.unfinished), (after.deposited, 0));
    daemon.stop().await.unwrap();
    sandbox.stop().await.unwrap();
}

/// What is paid for and belongs to nothing is listed and closed; what somebody wants is left alone.
#[tokio::test]
async fn gc_closes_what_belongs_to_nothing() {
    let home = home();
    let sandbox = home.start_sandbox().await.unwrap();
    let daemon = home.start_daemon().await.unwrap();
    let chain = Chain::of(&home).unwrap();
    order(&home, &chain, "lost").await;
    daemon.stop().await.unwrap();
    wipe(&home);
    let daemon = home.start_daemon().await.unwrap();
    let closed = must(home.run(&["gc"]).await, 0);
    assert!(closed.out.contains("closed") && closed.out.contains("gc-"), "{}", closed.out);
    assert_eq!(deployments(&chain).await, 0);
    assert_eq!(must(home.run(&["gc"]).await, 0).out, "nothing\n");
    order(&home, &chain, "wanted").await;
    assert_eq!(
        must(home.run(&["gc"]).await, 0).out,
        "nothing\n",
        "somebody wants it, and nothing is frozen any more"
    );
    let open = chain.look().await.unwrap();
    let dseq = open.open().next().unwrap().deployment.id.dseq.to_string();
    let refused = must(home.run(&["gc", &dseq]).await, 13);
    assert!(refused.err.contains("rayakash down wanted"), "{}", refused.err);
    must(home.run(&["gc", "17"]).await, 12);
    must(home.run(&["down", "wanted"]).await, 0);
    daemon.stop().await.unwrap();
    sandbox.stop().await.unwrap();
}

/// An old copy of the ledger is put back: the deployment that was made since is not made again, and is in the books afterwards.
#[tokio::test]
async fn an_old_copy_of_the_ledger_is_recognised_and_repeats_nothing() {
    let home = home();
    let sandbox = home.start_sandbox().await.unwrap();
    let daemon = home.start_daemon().await.unwrap();
    let chain = Chain::of(&home).unwrap();
    order(&home, &chain, "old").await;
    daemon.stop().await.unwrap();
    let copies: Vec<(PathBuf, Vec<u8>)> =
        ledger_files(&home).into_iter().map(|path| (path.clone(), std::fs::read(&path).unwrap())).collect();
    let daemon = home.start_daemon().await.unwrap();
    order(&home, &chain, "new").await;
    must(home.run(&["down", "old"]).await, 0);
    let real = books(&home);
    daemon.stop().await.unwrap();
    for file in ledger_files(&home) {
        std::fs::remove_file(file).unwrap();
    }
    for (path, bytes) in &copies {
        std::fs::write(path, bytes).unwrap();
    }

    let daemon = home.start_daemon().await.unwrap();
    let refused = must(home.run(&["up", &file(&home, "new")]).await, 6);
    assert!(refused.err.contains("bears this program's mark and is not in the ledger"), "{}", refused.err);
    assert_eq!(deployments(&chain).await, 1, "it is not ordered twice");
    let adopted = must(home.run(&["adopt"]).await, 0);
    assert!(adopted.out.contains("new") && adopted.out.contains("adopted"), "{}", adopted.out);
    assert!(adopted.err.contains("old: the chain shows it closed"), "{}", adopted.err);
    // The wish was written before the adoption, so the cluster goes on as it was.
    let goes_on = until("it goes on", Duration::from_secs(20), async || {
        let said = home.run(&["status", "new"]).await?;
        Ok(said.out.contains("collecting bids").then_some(()))
    });
    goes_on.await.unwrap();
    assert_eq!(deployments(&chain).await, 1);
    must(home.run(&["down", "--all"]).await, 0);
    let after = books(&home);
    assert_eq!((after.deposited, after.unfinished), (real.deposited, 0));
    assert_eq!(after.refund, after.deposited);
    daemon.stop().await.unwrap();
    sandbox.stop().await.unwrap();
}

/// Somebody else signs with our key: nothing more is spent, closes go on, and a claim lets it go on.
#[tokio::test]
async fn a_foreign_signer_freezes_spending_until_the_wallet_is_claimed() {
    let home = home();
    let sandbox = home.start_sandbox().await.unwrap();
    let daemon = home.start_daemon().await.unwrap();
    let chain = Chain::of(&home).unwrap();
    order(&home, &chain, "ours").await;
    assert!(must(home.run(&["wallet", "claim"]).await, 0).out.contains("nothing is frozen"));
    let hash = deposit_elsewhere(&chain).await;
    let frozen = until("it is noticed", Duration::from_secs(20), async || {
        let said = home.run(&["status", "ours"]).await?;
        Ok(said.out.contains("frozen: another program signs with this key").then_some(said))
    });
    assert!(frozen.await.unwrap().out.contains(&hash), "it names the transaction");
    must(home.run(&["up", &file(&home, "more")]).await, 6);
    must(home.run(&["adopt"]).await, 0);
    must(home.run(&["up", &file(&home, "more")]).await, 6);
    must(home.run(&["down", "ours"]).await, 0);
    assert_eq!(deployments(&chain).await, 0, "closes go on, and nothing was opened");
    let claimed = must(home.run(&["wallet", "claim"]).await, 0);
    assert!(
        claimed.err.contains(&hash) && claimed.out.contains("spending goes on"),
        "{}{}",
        claimed.err,
        claimed.out
    );
    until("it is ordered", Duration::from_secs(20), async || {
        Ok((chain.look().await?.open().count() == 1).then_some(()))
    })
    .await
    .unwrap();
    must(home.run(&["down", "--all"]).await, 0);
    daemon.stop().await.unwrap();
    sandbox.stop().await.unwrap();
}

/// Another program puts a micro-ACT into our deployment.
async fn deposit_elsewhere(chain: &Chain) -> String {
    let words = format!("{} art", ["abandon"; 23].join(" "));
    let key = Key::derive(&Mnemonic::parse(&words).unwrap(), 1).unwrap();
    let signer = key.address().clone();
    let id = chain.look().await.unwrap().open().next().unwrap().deployment.id.clone();
    let deposit = Funding::from_balance(Coin::uact(1));
    let message = AccountDeposit { signer, id: AccountId::of_deployment(&id), deposit };
    let journal = Arc::new(MemoryJournal::default());
    let (client, policy) = (chain.client().clone(), Policy::default());
    let sender = Sender::new(client, (key, Allowed::tenant()), "rayakash-sandbox", journal, policy);
    let end = sender.carry_out("x", vec![message.into()], Class::Deposit, "a wallet").await.unwrap();
    let akash_chain::End::Landed { hash, .. } = end else { panic!("{end:?}") };
    hash.to_string()
}

/// Two daemons on different machines with one key: the first that looks after the other has spent notices.
#[tokio::test]
async fn a_second_daemon_with_the_same_key_elsewhere_is_noticed() {
    let (here, there) = (home(), home());
    let sandbox = here.start_sandbox().await.unwrap();
    there.borrow_sandbox(&here).unwrap();
    let chain = Chain::of(&here).unwrap();
    let one = here.start_daemon().await.unwrap();
    order(&here, &chain, "one").await;
    let two = there.start_daemon().await.unwrap();
    let refused = must(there.run(&["up", &file(&there, "two")]).await, 6);
    assert!(refused.err.contains("bears this program's mark"), "{}", refused.err);
    must(there.run(&["wallet", "claim"]).await, 0);
    let frozen = until("it is noticed", Duration::from_secs(30), async || {
        let said = here.run(&["status", "one"]).await?;
        Ok(said.out.contains("frozen: ").then_some(()))
    });
    frozen.await.unwrap();
    assert_eq!(deployments(&chain).await, 2);
    must(there.run(&["down", "--all"]).await, 0);
    must(here.run(&["down", "--all"]).await, 0);
    assert_eq!(deployments(&chain).await, 0);
    for service in [one, two, sandbox] {
        service.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_second_daemon_on_one_state_directory_is_refused_and_names_the_first() {
    let home = home();
    let sandbox = home.start_sandbox().await.unwrap();
    let daemon = home.start_daemon().await.unwrap();
    let pid = home.api().version().await.unwrap().pid;
    let second = must(home.run(&["daemon", "run"]).await, 7);
    assert!(second.err.contains(&format!("another daemon (process {pid}) uses ")), "{}", second.err);
    daemon.stop().await.unwrap();
    sandbox.stop().await.unwrap();
}
