//! The one place that says yes to money, and the double entry behind it.

use rayakash_core::reserve::{Limits, Short};

use super::*;
use crate::{AttemptRow, EndRow};

const FIRST: u64 = 1_700_000_000_001;
const DAY_MS: u64 = 86_400_000;

fn purse(uact: u128) -> Wallet {
    Wallet { uact, ..wallet() }
}

/// The refusal, if it was one.
async fn ask(
    ledger: &Ledger,
    cluster: &str,
    act: &Act,
    at: u64,
    uact: u128,
) -> Result<String, (u128, u128, &'static str)> {
    match ledger.intend(&name(cluster), act, &tip(at), &purse(uact)).await.unwrap() {
        Intended::Written(id) => Ok(id),
        Intended::Short(Short { need, have, cap }) => Err((need.amount, have.amount, cap)),
    }
}

/// The refusal, asked in a thread of its own; none when it was granted.
fn ask_apart(ledger: &Ledger, cluster: &str, dseq: u64) -> Option<(u128, u128, &'static str)> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(ask(ledger, cluster, &opening(dseq, 600), 10, 1_000)).err()
}

#[tokio::test]
async fn of_many_that_race_for_the_same_money_one_gets_it() {
    for round in 0..20 {
        let desk = Desk::new();
        let names: Vec<String> = (0..6).map(|n| format!("c{n}")).collect();
        for cluster in &names {
            desk.want(cluster, false, 5).await;
        }
        let asked: Vec<_> = std::thread::scope(|scope| {
            let ledger = &desk.ledger;
            let all = names.iter().zip(FIRST..);
            let started: Vec<_> =
                all.map(|(cluster, dseq)| scope.spawn(move || ask_apart(ledger, cluster, dseq))).collect();
            started.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let short = asked.iter().filter(|one| **one == Some((600, 400, "wallet balance"))).count();
        let granted = asked.iter().filter(|one| one.is_none()).count();
        assert_eq!((granted, short), (1, 5), "round {round}: {asked:?}");
        assert_eq!(desk.kinds().await.iter().filter(|kind| **kind == "intent").count(), 1);
    }
}

#[tokio::test]
async fn what_landed_after_the_look_is_not_spent_again() {
    let desk = Desk::wanting("demo").await;
    desk.want("other", false, 5).await;
    let id = ask(&desk.ledger, "demo", &opening(FIRST, 600), 10, 1_000).await.unwrap();
    let intent = desk.books("demo").await.open[0].clone();
    assert_eq!(intent.id, id);
    // On its way, then landed in block 11: a look at block 10 does not show it, one at block 11 does.
    let other = opening(FIRST + 1, 600);
    let short = Err((600, 400, "wallet balance"));
    assert_eq!(ask(&desk.ledger, "other", &other, 10, 1_000).await, short);
    desk.settle(&intent, &Outcome::Done(landed("AA", 11))).await.unwrap();
    assert_eq!(ask(&desk.ledger, "other", &other, 10, 1_000).await, short);
    assert_eq!(ask(&desk.ledger, "other", &other, 11, 400).await, short);
    assert!(ask(&desk.ledger, "other", &opening(FIRST + 1, 400), 11, 400).await.is_ok());
}

#[tokio::test]
async fn what_was_refused_is_free_again() {
    let desk = Desk::wanting("demo").await;
    for (dseq, outcome) in [(FIRST, refused("no")), (FIRST + 1, not_started())] {
        let id = ask(&desk.ledger, "demo", &opening(dseq, 900), 10, 1_000).await.unwrap();
        let intent = desk.books("demo").await.open[0].clone();
        assert_eq!(intent.id, id);
        assert!(ask(&desk.ledger, "demo", &opening(FIRST + 9, 900), 10, 1_000).await.is_err());
        desk.settle(&intent, &outcome).await.unwrap();
    }
    assert!(ask(&desk.ledger, "demo", &opening(FIRST + 9, 900), 10, 1_000).await.is_ok());
}

#[tokio::test]
async fn the_cap_per_day_is_of_the_last_day_of_chain_time() {
    let desk = Desk::wanting("demo").await;
    let limits = Limits { max_per_day: Some(1_000), ..Limits::default() };
    let ledger = desk.ledger.clone().with_limits(limits);
    let at = |height: u64, time_ms: u64| Tip { time_ms, ..tip(height) };
    let day = async |dseq, amount, tip: Tip| {
        let act = opening(dseq, amount);
        let intended = ledger.intend(&name("demo"), &act, &tip, &wallet()).await.unwrap();
        let Intended::Written(id) = intended else { return Some(intended) };
        let intent = desk.books("demo").await.open[0].clone();
        assert_eq!(intent.id, id);
        ledger.settle(&intent, &Outcome::Done(Receipt::default()), &tip).await.unwrap();
        None
    };
    let short = |need, have| {
        let (need, have) = (Coin::uact(need), Coin::uact(have));
        Some(Intended::Short(Short { need, have, cap: "wallet.max_usd_per_day" }))
    };
    assert_eq!(day(FIRST, 700, at(10, DAY_MS)).await, None);
    assert_eq!(day(FIRST + 1, 301, at(11, DAY_MS + 1)).await, short(301, 300));
    assert_eq!(day(FIRST + 1, 300, at(11, DAY_MS + 1)).await, None);
    assert_eq!(day(FIRST + 2, 1, at(12, 2 * DAY_MS - 1)).await, short(1, 0));
    assert_eq!(day(FIRST + 2, 700, at(13, 2 * DAY_MS)).await, None, "the first is a day old");
    // Of what is configured and what was set, the smaller holds.
    ledger.set_max_per_day(Some(5_000)).await.unwrap();
    assert_eq!(ledger.funds(&at(14, 2 * DAY_MS)).await.unwrap().limits.max_per_day, Some(1_000));
    ledger.set_max_per_day(Some(999)).await.unwrap();
    let funds = ledger.funds(&at(14, 2 * DAY_MS)).await.unwrap();
    assert_eq!((funds.limits.max_per_day, funds.set_per_day), (Some(999), Some(999)));
    assert_eq!((funds.spoken.today, funds.spoken.open), (1_000, 3));
    ledger.set_max_per_day(None).await.unwrap();
    assert_eq!(ledger.funds(&at(14, 2 * DAY_MS)).await.unwrap().limits.max_per_day, Some(1_000));
    // A close passes.
    assert!(desk.begin("demo", &closing(FIRST, Why::Asked)).await.is_ok());
}

#[tokio::test]
async fn an_act_that_cannot_be_afforded_leaves_nothing_behind() {
    let desk = Desk::wanting("demo").await;
    let before = desk.kinds().await;
    let act = opening(FIRST, 1_001);
    let short = Short { need: Coin::uact(1_001), have: Coin::uact(1_000), cap: "wallet balance" };
    let asked = desk.ledger.afford(&name("demo"), &act, &tip(10), &purse(1_000)).await.unwrap();
    assert_eq!(asked, Some(short.clone()));
    let intended = desk.ledger.intend(&name("demo"), &act, &tip(10), &purse(1_000)).await.unwrap();
    assert_eq!(intended, Intended::Short(short));
    assert_eq!(desk.kinds().await, before);
    assert!(desk.books("demo").await.last_dseq.is_none());
}

#[tokio::test]
async fn a_deposit_is_booked_once_when_its_transaction_lands() {
    let desk = Desk::wanting("demo").await;
    let intent = desk.intend("demo", &opening(FIRST, 900)).await;
    let attempt = AttemptRow {
        intent: intent.id.clone(),
        signer: address(1),
        account_number: 4,
        sequence: 1,
        planned: Height(10),
        timeout: Height(30),
        hash_hex: "AA".to_owned(),
        bytes: vec![7],
        fee: Coin::uakt(5_000),
        end: None,
        answer: None,
    };
    desk.ledger.attempt_add(&attempt).await.unwrap();
    let funds = desk.ledger.funds(&tip(10)).await.unwrap().spoken;
    assert_eq!((funds.promised, funds.fees_promised, funds.fees_today), (900, 5_000, 5_000));
    let fee = Coin::uakt(5_000);
    let end = EndRow::Landed { height: Height(12), fee, gas_used: 1 };
    desk.ledger.attempt_ended("AA", &end).await.unwrap();
    let book = || (desk.booked("escrow/%", "uact"), desk.booked("fees", "uakt"));
    assert_eq!(book(), (900, 5_000));
    desk.settle(&intent, &Outcome::Done(landed("AA", 12))).await.unwrap();
    assert_eq!(book(), (900, 5_000));
    let funds = desk.ledger.funds(&tip(12)).await.unwrap().spoken;
    assert_eq!((funds.promised, funds.fees_promised, funds.fees_today), (0, 0, 5_000));
    desk.ledger.enter(&name("demo"), &finishing(FIRST, 120, false), &tip(13)).await.unwrap();
    // `finishing` brings 380 back of 500; what is left of the 900 was not ours.
    assert_eq!((desk.booked("providers/%", "uact"), desk.booked("foreign", "uact")), (120, 400));
    assert_eq!(desk.booked("%", "uact"), 0);
}

#[tokio::test]
async fn lines_are_only_added() {
    let desk = Desk::wanting("demo").await;
    desk.carry_out("demo", &opening(FIRST, 900), &done()).await;
    for sql in ["UPDATE entries SET amount = 1", "DELETE FROM entries"] {
        let refusal = desk.ledger.store.with_writer(|writer| writer.execute(sql, [])).unwrap_err();
        assert!(refusal.to_string().contains("only added"), "{refusal}");
    }
}
