//! The books beside the chain.

use akash_types::Dec;

use super::*;
use crate::{EscrowShown, Reconciled, Shown};

const FIRST: u64 = 1_700_000_000_001;

/// What the chain shows at a height: the wallet, and one escrow.
fn shown(height: u64, (uact, uakt): (u128, u128), held: &str, paid: &str) -> Shown {
    let dec = |text: &str| text.parse::<Dec>().unwrap();
    let escrow = EscrowShown { deployment: deployment(FIRST), held: dec(held), paid: dec(paid) };
    Shown { tip: tip(height), wallet: Wallet { uact, uakt, ..wallet() }, escrows: vec![escrow] }
}

/// 1000 uact and 1 AKT at first; 600 uact in escrow since block 11, and a fee of 5000 uakt.
async fn desk() -> Desk {
    let desk = Desk::wanting("demo").await;
    let wallet = Wallet { uact: 1_000, uakt: 1_000_000, ..wallet() };
    let act = opening(FIRST, 600);
    let intended = desk.ledger.intend(&name("demo"), &act, &tip(10), &wallet).await.unwrap();
    assert!(matches!(intended, Intended::Written(_)));
    let intent = desk.books("demo").await.open[0].clone();
    let under_way = shown(11, (1_000, 1_000_000), "0", "0");
    assert_eq!(desk.ledger.reconcile(&under_way).await.unwrap(), Reconciled::Later, "an intent is open");
    desk.settle(&intent, &Outcome::Done(landed("AA", 11))).await.unwrap();
    desk
}

#[tokio::test]
async fn what_agrees_stops_nothing_and_what_was_earned_is_booked() {
    let desk = desk().await;
    let asked = async |shown: Shown| desk.ledger.reconcile(&shown).await.unwrap();
    assert_eq!(
        asked(shown(10, (1_000, 1_000_000), "0", "0")).await,
        Reconciled::Later,
        "older than the books"
    );
    let none = Shown { escrows: Vec::new(), ..shown(12, (400, 995_000), "0", "0") };
    assert_eq!(asked(none).await, Reconciled::Later, "an open deployment is not in it");
    for (height, held, paid, earned) in
        [(12, "600", "0", 0), (20, "587.5", "12.5", 12), (30, "587.5", "12.5", 12), (40, "500.1", "99.9", 99)]
    {
        assert_eq!(asked(shown(height, (400, 995_000), held, paid)).await, Reconciled::Agrees, "{height}");
        assert_eq!(desk.booked("providers/%", "uact"), earned);
        assert_eq!(desk.booked("escrow/%", "uact"), 600 - earned);
    }
    desk.ledger.enter(&name("demo"), &finishing(FIRST, 110, false), &tip(41)).await.unwrap();
    assert_eq!(desk.booked("providers/%", "uact"), 110);
    assert_eq!(
        (desk.booked("foreign", "uact"), desk.booked("%", "uact")),
        (100, 0),
        "it brings 390 of 500 back"
    );
}

#[tokio::test]
async fn dust_of_strangers_is_foreign_and_no_alarm() {
    let desk = desk().await;
    for (height, wallet, held, foreign) in
        [(12, (400, 995_000), "607", -7), (13, (403, 995_000), "607", -10), (14, (403, 995_001), "607", -10)]
    {
        let asked = desk.ledger.reconcile(&shown(height, wallet, held, "0")).await.unwrap();
        assert_eq!(asked, Reconciled::Agrees, "{height}");
        assert_eq!(desk.booked("foreign", "uact"), foreign);
    }
    assert_eq!(desk.booked("foreign", "uakt"), -1);
    assert!(desk.books("demo").await.stopped.is_none());
}

#[tokio::test]
async fn a_rounding_of_one_uact_is_none_and_two_stop_spending() {
    let desk = desk().await;
    let asked = desk.ledger.reconcile(&shown(12, (400, 995_000), "500.2", "99.7")).await.unwrap();
    assert_eq!(asked, Reconciled::Agrees);
    let asked = desk.ledger.reconcile(&shown(13, (400, 995_000), "500.2", "98.7")).await.unwrap();
    assert!(matches!(asked, Reconciled::Less { .. }), "{asked:?}");
}

#[tokio::test]
async fn what_is_missing_stops_spending_until_it_is_accepted() {
    for (wallet, held, words) in [
        ((399, 995_000), "600", "1uact less in wallet"),
        ((400, 994_999), "600", "1uakt less in wallet"),
        ((400, 995_000), "598", "2uact less in escrow/"),
    ] {
        let desk = desk().await;
        let less = shown(12, wallet, held, "0");
        let Reconciled::Less { why } = desk.ledger.reconcile(&less).await.unwrap() else { panic!("{words}") };
        assert!(why.contains(words) && why.ends_with("since block 12"), "{why}");
        // It outlives a restart, is told once, and keeps its first figures.
        let again = open(&desk.path());
        assert_eq!(again.reconcile(&less).await.unwrap(), Reconciled::Less { why: why.clone() });
        assert_eq!(desk.kinds().await.iter().filter(|kind| **kind == "phase").count(), 1);
        let books = desk.books("demo").await;
        assert!(books.stopped.as_ref().is_some_and(|stopped| stopped.why == why), "{books:?}");
        let refusal = desk.begin("demo", &topping_up(FIRST, 5)).await.unwrap_err();
        assert!(refusal.why.contains("spending is stopped"), "{refusal}");
        let close = desk.begin("demo", &closing(FIRST, Why::Asked)).await.unwrap();
        let close = Intent { id: close, ..desk.books("demo").await.open[0].clone() };
        desk.settle(&close, &not_started()).await.unwrap();

        assert_eq!(desk.ledger.accept_difference(&less).await.unwrap(), Reconciled::Agrees);
        assert!(desk.books("demo").await.stopped.is_none());
        assert!(desk.booked("foreign", "uact") + desk.booked("foreign", "uakt") > 0);
        assert_eq!((desk.booked("%", "uact"), desk.booked("%", "uakt")), (0, 0));
        assert_eq!(desk.ledger.reconcile(&less).await.unwrap(), Reconciled::Agrees);
        assert!(desk.begin("demo", &topping_up(FIRST, 5)).await.is_ok());
    }
}
