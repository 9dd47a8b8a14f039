//! Caps, the stop of spending, and the books, from outside.

use std::time::Duration;

use rayakash_core::usd;
use rayakash_testkit::{Chain, Home, until};
use serde_json::Value;

use crate::home::{home, must};

/// A cluster that nobody offers at this price, so that it collects bids for longer than a test.
const PATIENT: &str = "\
apiVersion: rayakash/v1
cluster_name: patient
head_node_type: head
available_node_types:
  head: { resources: { CPU: 1, memory: 2Gi } }
market: { bid_window: { min: 60s, max: 120s } }
budget: { max_usd_per_hour: 0.0001 }
";

async fn open(chain: &Chain, count: usize) {
    until("so many deployments are open", Duration::from_secs(30), async || {
        Ok((chain.look().await?.open().count() == count).then_some(()))
    })
    .await
    .unwrap();
}

fn number(value: &Value) -> u128 {
    value.as_str().unwrap().parse().unwrap()
}

/// A wish that its cap forbids by one micro-unit: `up` ends with 9, and says need, have and cap.
async fn refused(home: &Home, arguments: &[&str], (need, cap): (u128, &str)) {
    let up = must(home.run(arguments).await, 9);
    let words = format!("{cap} (needs {need}uact, has {}uact)", need - 1);
    assert!(up.err.contains("error[over-budget]") && up.err.contains(&words), "{words}: {}", up.err);
}

#[tokio::test]
async fn a_cap_one_micro_unit_too_small_is_refused_before_any_transaction() {
    let home = home();
    let sandbox = home.start_sandbox().await.unwrap();
    let daemon = home.start_daemon().await.unwrap();
    let chain = Chain::of(&home).unwrap();
    let before = chain.look().await.unwrap();
    let file = home.write("patient.yaml", PATIENT).unwrap().display().to_string();
    let plan = must(home.run(&["plan", &file, "-o", "json"]).await, 20).json().unwrap();
    let need = number(&plan["deposit_uact"]);
    let (short, enough) = (usd(need - 1), usd(need));

    refused(&home, &["up", &file, "--max-usd", &short], (need, "budget.max_usd_total")).await;
    must(home.run(&["down", "patient"]).await, 0);
    let capped = PATIENT.replace("0.0001 }", &format!("0.0001, max_usd_total: {short} }}"));
    let capped = home.write("capped.yaml", &capped).unwrap().display().to_string();
    let plan = must(home.run(&["plan", &capped]).await, 9);
    assert!(plan.out.contains(&format!("(needs {need}uact, has {}uact)", need - 1)), "{}", plan.out);
    must(home.run(&["budget", "set", "--max-usd-per-day", &short]).await, 0);
    must(home.run(&["plan", &file]).await, 9);
    refused(&home, &["up", &file], (need, "wallet.max_usd_per_day")).await;
    let after = chain.look().await.unwrap();
    assert_eq!((after.uact, after.uakt), (before.uact, before.uakt), "nothing was signed");
    assert!(after.opened_since(&before).is_empty());

    // With that one micro-unit it goes on by itself.
    must(home.run(&["budget", "set", "--max-usd-per-day", &enough]).await, 0);
    must(home.run(&["up", &file, "--max-usd", &enough, "--timeout", "1s"]).await, 11);
    open(&chain, 1).await;
    let budget = must(home.run(&["budget", "show", "-o", "json"]).await, 0).json().unwrap();
    assert_eq!((number(&budget["today_uact"]), number(&budget["left_uact"])), (need, 0), "{budget}");
    must(home.run(&["down", "patient"]).await, 0);
    daemon.stop().await.unwrap();
    sandbox.stop().await.unwrap();
}

#[tokio::test]
async fn a_pause_stops_spending_at_once_and_lets_closes_pass_and_the_books_agree() {
    let home = home();
    let sandbox = home.start_sandbox().await.unwrap();
    let daemon = home.start_daemon().await.unwrap();
    let chain = Chain::of(&home).unwrap();
    let file = home.write("patient.yaml", PATIENT).unwrap().display().to_string();
    let other = home.write("other.yaml", &PATIENT.replace("patient", "other")).unwrap().display().to_string();
    must(home.run(&["up", &file, "--timeout", "1s"]).await, 11);
    open(&chain, 1).await;

    let paused = must(home.run(&["budget", "pause"]).await, 0);
    assert!(paused.out.contains("paused; closes go on"), "{}", paused.out);
    let up = must(home.run(&["up", &other]).await, 9);
    assert!(up.err.contains("paused"), "{}", up.err);
    assert_eq!(chain.look().await.unwrap().open().count(), 1);
    must(home.run(&["down", "patient"]).await, 0);
    assert_eq!(chain.look().await.unwrap().open().count(), 0);
    must(home.run(&["budget", "resume"]).await, 0);
    open(&chain, 1).await;
    must(home.run(&["down", "other"]).await, 0);

    let history = must(home.run(&["wallet", "history", "-o", "json"]).await, 0).json().unwrap();
    let last = |denom: &str| {
        let of = history["postings"].as_array().unwrap().iter().rev();
        of.clone().find(|one| one["denom"] == denom).map(|one| number(&one["balance"]))
    };
    let now = chain.look().await.unwrap();
    assert_eq!((last("uact"), last("uakt")), (Some(now.uact), Some(now.uakt)), "{history}");
    for by in ["cluster", "node", "day", "tx"] {
        let cost = must(home.run(&["cost", "--by", by, "-o", "json"]).await, 0).json().unwrap();
        let fees: u128 = cost["rows"].as_array().unwrap().iter().map(|row| number(&row["fees_uakt"])).sum();
        let paid = history["postings"].as_array().unwrap().iter().filter(|one| one["what"] == "fee");
        let paid: i128 = paid.map(|one| one["amount"].as_str().unwrap().parse::<i128>().unwrap()).sum();
        assert_eq!(i128::try_from(fees).unwrap(), -paid, "{by}");
    }
    daemon.stop().await.unwrap();
    sandbox.stop().await.unwrap();
}
