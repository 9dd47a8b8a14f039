//! Signed transactions in the journal.

use akash_types::Rejection;

use super::*;
use crate::EndRow;

fn failed(height: Option<u64>, fee: Option<u128>) -> EndRow {
    let rejection = Rejection::new("market", 12, "bid not open");
    EndRow::Failed { height: height.map(Height), rejection, fee: fee.map(Coin::uakt) }
}

#[tokio::test]
async fn every_end_comes_back_as_it_was() {
    let by = Some((Height(15), "FF".to_owned()));
    let (from, to, seen_at) = (Height(11), Height(30), Height(31));
    let ends = [
        EndRow::Landed { height: Height(12), fee: Coin::uakt(5_000), gas_used: 120_000 },
        failed(Some(12), Some(700)),
        failed(None, None),
        EndRow::Expired { from, to, seen_at },
        EndRow::SequenceUsed { from, to, seen_at, by },
        EndRow::SequenceUsed { from, to, seen_at, by: None },
    ];
    let desk = Desk::wanting("demo").await;
    let intent = desk.intend("demo", &opening(1, 1)).await;
    let mut expected = Vec::new();
    for (number, end) in (0..).zip(&ends) {
        let hash = format!("A{number}");
        let open = attempt(&intent.id, &hash, number);
        desk.ledger.attempt_add(&open).await.unwrap();
        assert_eq!(desk.ledger.attempts_open(&address(1)).await.unwrap(), std::slice::from_ref(&open));
        assert!(desk.ledger.attempts_open(&address(2)).await.unwrap().is_empty());
        desk.ledger.attempt_answered(&hash, "in the mempool").await.unwrap();
        for _ in 0..2 {
            desk.ledger.attempt_ended(&hash, end).await.unwrap();
        }
        expected.push(AttemptRow {
            end: Some(end.clone()),
            answer: Some("in the mempool".to_owned()),
            ..open
        });
    }
    assert!(desk.ledger.attempts_open(&address(1)).await.unwrap().is_empty());
    assert_eq!(desk.ledger.attempts_of(&intent.id).await.unwrap(), expected);
    assert!(desk.ledger.attempts_of("other").await.unwrap().is_empty());
    assert_eq!(desk.books("demo").await.fees, 5_700);
    let once = ["attempt", "broadcast", "ended"].repeat(ends.len());
    assert_eq!(desk.kinds().await[2..], once);
}

#[tokio::test]
async fn nothing_is_signed_without_an_open_intent() {
    let desk = Desk::wanting("demo").await;
    let intent = desk.intend("demo", &opening(1, 1)).await;
    desk.settle(&intent, &not_started()).await.unwrap();
    for id in ["unknown", &intent.id] {
        let refusal = desk.ledger.attempt_add(&attempt(id, "AA", 1)).await.unwrap_err();
        assert!(refusal.to_string().contains("there is no open intent"), "{refusal}");
    }
    assert!(desk.ledger.attempt_answered("AA", "?").await.is_err());
    assert!(desk.ledger.attempt_ended("AA", &failed(None, None)).await.is_err());
    assert_eq!(desk.kinds().await, ["wish", "intent", "settled"]);
}

#[tokio::test]
async fn an_intent_stays_open_while_its_transaction_may_be_executed() {
    let desk = Desk::wanting("demo").await;
    let intent = desk.intend("demo", &opening(1, 900)).await;
    desk.ledger.attempt_add(&attempt(&intent.id, "AA", 1)).await.unwrap();
    for outcome in [not_started(), refused("no"), done()] {
        let early = desk.settle(&intent, &outcome).await.unwrap_err();
        assert!(early.why.contains("transaction AA"), "{early}");
    }
    desk.settle(&intent, &in_doubt()).await.unwrap();
    let end = EndRow::Landed { height: Height(12), fee: Coin::uakt(5_000), gas_used: 1 };
    desk.ledger.attempt_ended("AA", &end).await.unwrap();
    let other = desk.ledger.attempt_ended("AA", &failed(None, None)).await.unwrap_err();
    assert!(other.to_string().contains("ended with Landed"), "{other}");
    // The fee of the transaction and that of the receipt are the same one.
    desk.settle(&intent, &Outcome::Done(landed("aa", 12))).await.unwrap();
    let books = desk.books("demo").await;
    assert_eq!((books.opened[0].deposited, books.fees), (900, 5_000));
}

#[tokio::test]
async fn a_hash_is_written_down_once() {
    let desk = Desk::wanting("demo").await;
    let intent = desk.intend("demo", &opening(1, 1)).await;
    desk.ledger.attempt_add(&attempt(&intent.id, "AA", 1)).await.unwrap();
    assert!(desk.ledger.attempt_add(&attempt(&intent.id, "AA", 2)).await.is_err());
    assert_eq!(desk.ledger.attempts_of(&intent.id).await.unwrap().len(), 1);
}
