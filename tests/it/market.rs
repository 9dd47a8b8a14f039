//! A wish, from the file to the chain and back, as far as it goes without a container.

use std::time::Duration;

use rayakash_testkit::{Chain, Ledger, until};

use crate::home::{home, must};

/// A cluster that nobody offers at this price.
const CHEAP: &str = "\
apiVersion: rayakash/v1
cluster_name: cheap
head_node_type: head
available_node_types:
  head: { resources: { CPU: 1, memory: 2Gi } }
budget: { max_usd_per_hour: 0.0001 }
";
/// Windows for bids: one that is over soon, and one that is longer than a test.
const SHORT: &str = "market: { bid_window: { min: 1s, max: 3s } }\n";
const LONG: &str = "market: { bid_window: { min: 60s, max: 120s } }\n";

#[tokio::test]
async fn a_price_that_nobody_offers_ends_with_8_and_the_deposit_back() {
    let home = home();
    let sandbox = home.start_sandbox().await.unwrap();
    let daemon = home.start_daemon().await.unwrap();
    let chain = Chain::of(&home).unwrap();
    let before = chain.look().await.unwrap();
    let file = home.write("cheap.yaml", &format!("{CHEAP}{SHORT}")).unwrap().display().to_string();

    let plan = must(home.run(&["plan", &file, "-o", "json"]).await, 20).json().unwrap();
    assert_eq!(plan["changes"][0]["act"], "open_deployment");
    assert_eq!(chain.look().await.unwrap().uakt, before.uakt, "a plan changes nothing");
    must(home.run(&["status", "cheap"]).await, 12);
    must(home.run(&["token", "cheap"]).await, 12);

    let up = must(home.run(&["up", &file]).await, 8);
    assert!(up.err.contains("error[no-bid]") && up.err.contains("collecting bids"), "{}", up.err);
    let down = must(home.run(&["down", "cheap"]).await, 0);
    assert!(down.out.contains("cheap: closed, cost 0 uact"), "{}", down.out);
    must(home.run(&["down", "cheap"]).await, 0);

    let after = chain.look().await.unwrap();
    let books = Ledger::open(&home.ledger()).unwrap().unwrap().books().unwrap();
    assert_eq!(after.open().count(), 0);
    assert!(!after.opened_since(&before).is_empty(), "an order is how bids are asked for");
    assert_eq!(after.uact, before.uact, "nothing was bought");
    assert_eq!(books.refund, books.deposited);
    assert_eq!(before.uakt - after.uakt, books.fees);
    let events = must(home.run(&["events", "cheap", "-o", "jsonl"]).await, 0);
    assert!(events.out.lines().all(|line| line.starts_with('{')) && events.out.contains("open-deployment"));
    daemon.stop().await.unwrap();
    sandbox.stop().await.unwrap();
}

#[tokio::test]
async fn a_daemon_that_is_killed_while_it_orders_orders_once() {
    let home = home();
    let sandbox = home.start_sandbox().await.unwrap();
    let daemon = home.start_daemon().await.unwrap();
    let chain = Chain::of(&home).unwrap();
    let before = chain.look().await.unwrap();
    let file = home.write("cheap.yaml", &format!("{CHEAP}{LONG}")).unwrap().display().to_string();
    let ledger = until("the ledger is made", Duration::from_secs(10), async || Ledger::open(&home.ledger()));
    let ledger = ledger.await.unwrap();
    let up = async { must(home.run(&["up", &file, "--timeout", "1s"]).await, 11) };
    let killed = async {
        until("it has signed", Duration::from_secs(20), async || {
            Ok(ledger.since(0)?.iter().any(|record| record.kind == "attempt").then_some(()))
        })
        .await
        .unwrap();
        daemon.kill().await.unwrap();
        home.start_daemon().await.unwrap()
    };
    let (daemon, _late) = tokio::join!(killed, up);
    until("the order is on the chain", Duration::from_secs(20), async || {
        Ok((chain.look().await?.open().count() == 1).then_some(()))
    })
    .await
    .unwrap();
    must(home.run(&["down", "cheap"]).await, 0);
    let after = chain.look().await.unwrap();
    assert_eq!((after.opened_since(&before).len(), after.open().count()), (1, 0));
    assert_eq!(before.uakt - after.uakt, ledger.books().unwrap().fees);
    daemon.stop().await.unwrap();
    sandbox.stop().await.unwrap();
}

#[tokio::test]
async fn two_up_at_once_make_one_wish() {
    let home = home();
    let sandbox = home.start_sandbox().await.unwrap();
    let daemon = home.start_daemon().await.unwrap();
    let chain = Chain::of(&home).unwrap();
    let before = chain.look().await.unwrap();
    let file = home.write("cheap.yaml", &format!("{CHEAP}{LONG}")).unwrap().display().to_string();
    let words = ["up", &file, "--timeout", "3s"];
    let (one, other) = tokio::join!(home.run(&words), home.run(&words));
    must(one, 11);
    must(other, 11);
    assert_eq!(chain.look().await.unwrap().opened_since(&before).len(), 1);
    must(home.run(&["down", "--all"]).await, 0);
    assert_eq!(chain.look().await.unwrap().open().count(), 0);
    daemon.stop().await.unwrap();
    sandbox.stop().await.unwrap();
}
