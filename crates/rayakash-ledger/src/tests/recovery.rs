//! What an older copy and a second signer are recognised by, and what adopting enters.

use akash_types::UACT;
use rayakash_core::view::Frozen;

use super::*;
use crate::{EndRow, Entered, Explained, Found};

fn found(dseq: u64, deposited: u128) -> Found {
    let lease = Some((lease(dseq), 3_000, [7; 32]));
    Found { id: deployment(dseq), generation: 2, deposited, lease }
}

fn foreign() -> Frozen {
    Frozen::ForeignSigner { height: Height(20), sequence: 7, tx: Some("AB".to_owned()) }
}

async fn attempt(desk: &Desk, hash: &str, sequence: u64) {
    let intent = desk.begin("demo", &closing(1, Why::Asked)).await.unwrap();
    let row = super::attempt(&intent, hash, sequence);
    desk.ledger.attempt_add(&row).await.unwrap();
}

#[tokio::test]
async fn a_key_is_explained_by_the_first_look_and_by_what_used_a_number_or_still_may() {
    let desk = Desk::wanting("demo").await;
    let explained = async || desk.ledger.explained(&address(1)).await.unwrap();
    assert_eq!(explained().await, None);
    desk.ledger.meet_signer(&address(1), 5, Height(9)).await.unwrap();
    desk.ledger.meet_signer(&address(1), 8, Height(11)).await.unwrap();
    assert_eq!(explained().await, Some(Explained { sequence: 5, since: Height(9) }), "the first look counts");
    attempt(&desk, "A5", 5).await;
    assert_eq!(explained().await, Some(Explained { sequence: 6, since: Height(9) }), "it may still happen");
    let from = Height(10);
    let expired = EndRow::Expired { from, to: Height(30), seen_at: Height(31) };
    desk.ledger.attempt_ended("A5", &expired).await.unwrap();
    assert_eq!(explained().await.unwrap().sequence, 5, "it used nothing");
    attempt(&desk, "B5", 5).await;
    let used = EndRow::SequenceUsed { from, to: Height(30), seen_at: Height(31), by: None };
    desk.ledger.attempt_ended("B5", &used).await.unwrap();
    assert_eq!(explained().await.unwrap().sequence, 5, "somebody else did");
    attempt(&desk, "C6", 6).await;
    let landed = EndRow::Landed { height: Height(14), fee: Coin::uakt(1), gas_used: 1 };
    desk.ledger.attempt_ended("C6", &landed).await.unwrap();
    assert_eq!(explained().await, Some(Explained { sequence: 7, since: Height(14) }));
    desk.ledger.claim(&address(1), 9, Height(40), "claimed").await.unwrap();
    assert_eq!(explained().await, Some(Explained { sequence: 9, since: Height(40) }));
    assert_eq!(desk.ledger.explained(&address(2)).await.unwrap(), None);
}

#[tokio::test]
async fn while_frozen_nothing_is_spent_and_closes_are_written_down() {
    let desk = Desk::wanting("demo").await;
    desk.carry_out("demo", &opening(1, 500), &done()).await;
    desk.ledger.freeze(&foreign()).await.unwrap();
    let restored = Frozen::Restored { height: Height(30), why: "deployment 9 is not in it".to_owned() };
    desk.ledger.freeze(&restored).await.unwrap();
    assert_eq!(desk.ledger.frozen().await.unwrap(), Some(foreign()), "what was seen first stays");
    for spending in [opening(2, 5), accepting(1), topping_up(1, 5), updating(1)] {
        let refusal = desk.begin("demo", &spending).await.unwrap_err();
        assert!(refusal.why.contains("frozen"), "{refusal}");
    }
    desk.begin("demo", &closing(1, Why::Asked)).await.unwrap();
    let again = open(&desk.path());
    assert_eq!(again.frozen().await.unwrap(), Some(foreign()), "it outlives the daemon");
    desk.ledger.claim(&address(1), 8, Height(40), "claimed").await.unwrap();
    assert_eq!(desk.ledger.frozen().await.unwrap(), None);
    desk.begin("demo", &topping_up(1, 5)).await.unwrap();
    desk.ledger.freeze(&restored).await.unwrap();
    assert_eq!(desk.ledger.frozen().await.unwrap(), Some(restored));
}

#[tokio::test]
async fn what_is_adopted_is_booked_once_whoever_paid_it_in() {
    let desk = Desk::new();
    let held = || {
        desk.ledger.store.with_writer(|connection| {
            let account = crate::entries::escrow(&deployment(1).to_string());
            crate::entries::balance(connection, &account, &UACT).unwrap()
        })
    };
    for (deposited, at) in [(500, 50), (500, 51), (700, 52), (700, 53)] {
        desk.ledger.adopt(&name("demo"), &found(1, deposited), &tip(at), true).await.unwrap();
        assert_eq!(held(), i128::try_from(deposited).unwrap());
    }
}

#[tokio::test]
async fn what_is_adopted_is_in_the_books_and_kept_until_a_wish_or_a_down() {
    let desk = Desk::new();
    let adopt = async |found: &Found| desk.ledger.adopt(&name("demo"), found, &tip(50), true).await.unwrap();
    assert_eq!(adopt(&found(1, 500)).await, Entered::New);
    assert_eq!(adopt(&found(1, 500)).await, Entered::Known);
    assert_eq!(adopt(&found(1, 700)).await, Entered::Corrected(500));
    let books = desk.books("demo").await;
    assert!(books.adopted && books.wish.is_none() && books.open.is_empty());
    assert_eq!(books.opened.iter().map(|o| (o.generation, o.deposited)).collect::<Vec<_>>(), [(2, 700)]);
    assert_eq!(books.last_dseq, Dseq::new(1), "its number is not used again");
    let facts = &books.history().leases[&lease(1)];
    assert_eq!((facts.sends.as_slice(), facts.ready.len()), (&[([7; 32], 3_000)][..], 1));
    assert!(desk.ledger.held().await.unwrap().iter().all(|held| held.kept));
    let spend = desk.begin("demo", &topping_up(1, 5)).await;
    assert!(spend.is_err(), "nobody asked for that");
    desk.want("demo", false, 60).await;
    assert!(!desk.books("demo").await.adopted, "the wish speaks now");
    desk.ledger.drop_wish(&name("demo"), 70).await.unwrap();
    assert!(!desk.ledger.held().await.unwrap()[0].kept);

    desk.ledger.adopt(&name("other"), &found(2, 5), &tip(50), true).await.unwrap();
    assert!(desk.ledger.drop_wish(&name("other"), 70).await.unwrap().is_some(), "down ends the keeping");
    assert!(!desk.books("other").await.adopted);
    desk.ledger.adopt(&name("third"), &found(3, 5), &tip(50), false).await.unwrap();
    assert!(!desk.books("third").await.adopted, "only to be taken down");
}

#[tokio::test]
async fn what_no_act_of_the_ledger_closed_is_told() {
    let desk = Desk::wanting("open").await;
    desk.want("closed", false, 5).await;
    desk.want("new", false, 5).await;
    desk.carry_out("open", &opening(1, 500), &done()).await;
    desk.carry_out("closed", &opening(2, 500), &done()).await;
    desk.carry_out("closed", &closing(2, Why::NotReady("x".to_owned())), &done()).await;
    let told = async || desk.ledger.never_closed().await.unwrap();
    assert_eq!(told().await, ["open"]);
    desk.ledger.enter(&name("open"), &finishing(1, 100, false), &tip(60)).await.unwrap();
    assert_eq!(told().await, ["open"], "the chain shows it closed, and not by us");
    desk.ledger.drop_wish(&name("open"), 70).await.unwrap();
    assert!(told().await.is_empty());
}

#[tokio::test]
async fn an_opening_that_did_land_is_that_and_not_a_second_one() {
    let desk = Desk::wanting("demo").await;
    let intent = desk.intend("demo", &opening(1, 500)).await;
    assert_eq!(desk.ledger.held().await.unwrap().len(), 1, "it may be there");
    desk.ledger.adopt(&name("demo"), &found(1, 500), &tip(50), true).await.unwrap();
    let books = desk.books("demo").await;
    assert_eq!((books.open.len(), books.opened.len()), (0, 1), "{}", intent.id);
    assert!(!books.adopted, "there is a wish");
    desk.ledger.adopt(&name("other"), &found(1, 500), &tip(50), true).await.unwrap_err();
    desk.ledger.enter(&name("demo"), &finishing(1, 100, false), &tip(60)).await.unwrap();
    desk.ledger.adopt(&name("demo"), &found(1, 500), &tip(70), true).await.unwrap_err();
}
