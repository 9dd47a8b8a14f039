//! What each call does to the books.

use rayakash_engine::facts::{Fact, Finished};

use super::*;
use crate::EventKind;

const FIRST: u64 = 1_700_000_000_001;

#[tokio::test]
async fn a_wish_keeps_the_text_of_its_file() {
    let desk = Desk::new();
    let first = desk.ledger.write_wish(&name("demo"), "demo\n", false, 5).await.unwrap();
    let second = desk.ledger.write_wish(&name("demo"), "demo\n", true, 6).await.unwrap();
    assert!(second > first);
    assert_eq!(desk.ledger.wish_text(&name("demo")).await.unwrap().as_deref(), Some("demo\n"));
    let wish = desk.books("demo").await.wish.unwrap();
    assert_eq!((wish.cluster.name, wish.restart, wish.written_ms), (name("demo"), true, 6));
    let written = |at_ms| Fact::WishWritten { at_ms };
    assert_eq!(desk.books("demo").await.facts, [written(5), written(6)]);

    assert!(desk.ledger.drop_wish(&name("demo"), 7).await.unwrap().is_some());
    assert!(desk.ledger.drop_wish(&name("demo"), 8).await.unwrap().is_none());
    assert!(desk.books("demo").await.wish.is_none());
    assert_eq!(desk.ledger.wish_text(&name("demo")).await.unwrap(), None);
    assert_eq!(desk.kinds().await, ["wish", "wish", "down"]);
}

#[tokio::test]
async fn a_wish_that_could_not_be_read_back_is_refused() {
    let desk = Desk::new();
    for (file, problem) in [("no end of line", "no line"), ("other\n", "is of cluster other")] {
        let refusal = desk.ledger.write_wish(&name("demo"), file, false, 5).await.unwrap_err();
        assert!(refusal.to_string().contains(problem), "{refusal}");
    }
    assert!(desk.kinds().await.is_empty());
}

#[tokio::test]
async fn an_intent_is_open_until_its_end_is_certain() {
    let desk = Desk::wanting("demo").await;
    let intent = desk.intend("demo", &opening(FIRST, 500_000)).await;
    assert_eq!(intent.id.len(), 20);
    assert!(intent.id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let expected = Intent {
        id: intent.id.clone(),
        cluster: "demo".to_owned(),
        act: "open-deployment".to_owned(),
        deployment: Some(deployment(FIRST)),
        generation: 1,
        signs: true,
    };
    assert_eq!(intent, expected);
    desk.settle(&intent, &in_doubt()).await.unwrap();
    assert_eq!(desk.books("demo").await.open, [expected]);
    desk.settle(&intent, &Outcome::Done(landed("AA", 11))).await.unwrap();
    let books = desk.books("demo").await;
    assert!(books.open.is_empty());
    assert_eq!(books.opened.len(), 1);
    assert_eq!((books.opened[0].deposited, books.fees), (500_000, 5_000));
    assert_eq!(desk.kinds().await, ["wish", "intent", "phase", "settled"]);
}

#[tokio::test]
async fn an_end_counts_once_and_does_not_change() {
    let desk = Desk::wanting("demo").await;
    desk.carry_out("demo", &opening(FIRST, 500_000), &done()).await;
    let intent = desk.intend("demo", &topping_up(FIRST, 70)).await;
    for _ in 0..2 {
        desk.settle(&intent, &Outcome::Done(landed("BB", 11))).await.unwrap();
    }
    let change = desk.settle(&intent, &not_started()).await.unwrap_err();
    assert!(change.why.contains("is done, it cannot be not-started"), "{change}");
    let books = desk.books("demo").await;
    assert_eq!((books.opened[0].deposited, books.fees), (500_070, 5_000));
}

#[tokio::test]
async fn what_follows_from_an_end() {
    let failed = |why: &str| Fact::Failed { at_ms: 12_000, why: why.to_owned() };
    let replaced = Fact::Replaced { at_ms: 12_000 };
    let text = |text: &str| text.to_owned();
    let cases = [
        (opening(FIRST, 1), refused("no money"), vec![failed("no money")]),
        (opening(FIRST, 1), not_started(), vec![]),
        (accepting(FIRST), done(), vec![]),
        (
            accepting(FIRST),
            refused("gone"),
            vec![Fact::Avoided { provider: address(2), until_ms: 612_000, why: text("gone") }],
        ),
        (
            sending(FIRST),
            done(),
            vec![Fact::ManifestSent { lease: lease(FIRST), version: [7; 32], at_ms: 12_000 }],
        ),
        (
            sending(FIRST),
            refused("bad image"),
            vec![Fact::ManifestRefused { lease: lease(FIRST), why: text("bad image") }],
        ),
        (sending(FIRST), not_started(), vec![]),
        (updating(FIRST), done(), vec![]),
        (Act::DrainJobs { lease: lease(FIRST) }, done(), vec![]),
        (closing(FIRST, Why::Asked), done(), vec![]),
        (closing(FIRST, Why::Replaced), done(), vec![]),
        (closing(FIRST, Why::NoBid(text("dear"))), done(), vec![failed("no acceptable bid: dear")]),
        (closing(FIRST, Why::Refused(text("x"))), done(), vec![failed("provider refused: x")]),
        (closing(FIRST, Why::NotReady(text("slow"))), done(), vec![failed("did not start: slow")]),
        (
            closing(FIRST, Why::Broken(text("2/3"))),
            done(),
            vec![failed("broke and did not heal: 2/3"), replaced.clone()],
        ),
        (closing(FIRST, Why::Lost(text("left"))), done(), vec![failed("lost: left, replacing"), replaced]),
        (
            closing(FIRST, Why::GivenUp(text("left"))),
            done(),
            vec![failed("lost: left, not replaced"), Fact::GaveUp { at_ms: 12_000, why: text("left") }],
        ),
        (closing(FIRST, Why::Lost(text("left"))), refused("no"), vec![]),
    ];
    for (act, outcome, facts) in cases {
        let desk = Desk::wanting("demo").await;
        desk.carry_out("demo", &act, &outcome).await;
        let books = desk.books("demo").await;
        assert_eq!(books.facts[1..], facts, "{act:?} {outcome:?}");
        assert!(books.open.is_empty());
        let sent = matches!((&act, &outcome), (Act::SendManifest { .. }, Outcome::Done(_)));
        let last = desk.ledger.events(0, None, u32::MAX).await.unwrap().pop().unwrap();
        assert_eq!(last.kind, if sent { EventKind::Manifest } else { EventKind::Settled });
        assert_eq!(last.seq, *desk.ledger.subscribe().borrow());
    }
}

#[tokio::test]
async fn no_intent_without_a_place_in_the_books() {
    let desk = Desk::wanting("demo").await;
    desk.want("other", false, 5).await;
    desk.carry_out("demo", &opening(FIRST, 1), &not_started()).await;
    let akt = Act::TopUp { id: deployment(FIRST), amount: Coin::uakt(5) };
    let large = opening(FIRST + 1, u128::from(u64::MAX));
    let cases = [
        ("other", opening(FIRST, 1), "was used before"),
        ("demo", topping_up(FIRST, 5), "is not in the books of demo"),
        ("demo", akt, "funded in uact"),
        ("demo", large, "wallet balance"),
        ("demo", dropping(5), "nothing to be done"),
    ];
    let before = desk.kinds().await;
    for (cluster, act, why) in cases {
        let refusal = desk.begin(cluster, &act).await.unwrap_err();
        assert!(refusal.why.contains(why), "{refusal}");
        assert!(desk.books(cluster).await.open.is_empty());
    }
    assert_eq!(desk.kinds().await, before);
    let unknown = Intent { id: "00".to_owned(), ..desk.intend("demo", &opening(FIRST + 2, 1)).await };
    assert!(desk.settle(&unknown, &done()).await.unwrap_err().why.contains("there is no intent 00"));
}

#[tokio::test]
async fn acts_that_are_records_are_entered() {
    let desk = Desk::wanting("demo").await;
    let cluster = name("demo");
    desk.carry_out("demo", &opening(FIRST, 500), &done()).await;
    let enter = async |act: Act| desk.ledger.enter(&cluster, &act, &tip(13)).await;
    let until_ms = 99;
    enter(Act::Avoid { provider: address(3), until_ms, why: "slow".to_owned() }).await.unwrap();
    enter(dropping(5)).await.unwrap();
    for _ in 0..2 {
        enter(finishing(FIRST, 120, false)).await.unwrap();
    }
    assert!(enter(finishing(FIRST, 121, false)).await.unwrap_err().why.contains("with a cost of 120uact"));
    assert!(enter(sending(FIRST)).await.unwrap_err().why.contains("more than a record"));
    let books = desk.books("demo").await;
    assert!(books.wish.is_none());
    let avoided = Fact::Avoided { provider: address(3), until_ms, why: "slow".to_owned() };
    assert_eq!(books.facts.last(), Some(&avoided));
    let finished = Finished { refund: Coin::uact(380), cost: Coin::uact(120) };
    assert_eq!(books.opened[0].finished, Some(finished));
    assert_eq!((books.cost(), books.refund()), (120, 380));
    assert_eq!(desk.kinds().await, ["wish", "intent", "settled", "fact", "down", "finish"]);
}

#[tokio::test]
async fn nothing_is_spent_unless_it_is_wanted_and_spending_goes_on() {
    let desk = Desk::wanting("demo").await;
    desk.carry_out("demo", &opening(FIRST, 500), &done()).await;
    let spending = [opening(FIRST + 1, 1), accepting(FIRST), updating(FIRST), topping_up(FIRST, 5)];
    let other = [sending(FIRST), Act::DrainJobs { lease: lease(FIRST) }, closing(FIRST, Why::Asked)];
    // What was begun before it was forbidden still finds its way into the books.
    let begun = desk.intend("demo", &topping_up(FIRST, 70)).await;
    let forbidden = async || {
        let before = desk.kinds().await;
        for act in &spending {
            let refusal = desk.begin("demo", act).await.unwrap_err();
            assert!(refusal.why.contains("not wanted any more, or spending is stopped"), "{refusal}");
        }
        assert_eq!(desk.kinds().await, before);
        for act in &other {
            desk.carry_out("demo", act, &not_started()).await;
        }
    };
    desk.ledger.set_paused(true).await.unwrap();
    forbidden().await;
    desk.ledger.set_paused(false).await.unwrap();
    desk.ledger.drop_wish(&name("demo"), 7).await.unwrap();
    // The wish of another cluster allows nothing.
    desk.want("other", false, 8).await;
    forbidden().await;
    desk.settle(&begun, &done()).await.unwrap();
    assert_eq!(desk.books("demo").await.opened[0].deposited, 570);

    desk.want("demo", false, 9).await;
    for act in &spending {
        desk.carry_out("demo", act, &not_started()).await;
    }
}

#[tokio::test]
async fn consent_to_a_restart_is_for_one_change() {
    let cases = [
        (opening(FIRST + 1, 1), done(), false),
        (updating(FIRST), done(), false),
        (opening(FIRST + 1, 1), refused("no"), true),
        (updating(FIRST), refused("no"), true),
        (updating(FIRST), not_started(), true),
        (updating(FIRST), in_doubt(), true),
        (topping_up(FIRST, 5), done(), true),
        (accepting(FIRST), done(), true),
        (closing(FIRST, Why::Replaced), done(), true),
    ];
    for (act, outcome, restart) in cases {
        let desk = Desk::wanting("demo").await;
        desk.carry_out("demo", &opening(FIRST, 500), &done()).await;
        desk.want("demo", true, 6).await;
        desk.want("other", true, 7).await;
        desk.carry_out("demo", &act, &outcome).await;
        let wish = desk.books("demo").await.wish.unwrap();
        assert_eq!((wish.restart, wish.written_ms), (restart, 6), "{act:?} {outcome:?}");
        assert!(desk.books("other").await.wish.unwrap().restart);
    }
}

#[tokio::test]
async fn a_newer_wish_outlives_the_end_of_an_older_one() {
    let desk = Desk::wanting("demo").await;
    desk.want("other", false, 5).await;
    desk.want("demo", false, 6).await;
    let drop = async |written_ms| {
        desk.ledger.enter(&name("demo"), &dropping(written_ms), &tip(13)).await.unwrap();
        desk.books("demo").await.wish.map(|wish| wish.written_ms)
    };
    assert_eq!(drop(5).await, Some(6));
    assert_eq!(desk.kinds().await, ["wish", "wish", "wish"]);
    for _ in 0..2 {
        assert_eq!(drop(6).await, None);
    }
    assert_eq!(desk.kinds().await, ["wish", "wish", "wish", "down"]);
    assert!(desk.books("other").await.wish.is_some());
}

#[tokio::test]
async fn a_dry_escrow_is_one_failed_try() {
    let desk = Desk::wanting("demo").await;
    desk.carry_out("demo", &opening(FIRST, 500), &done()).await;
    let enter = async |act: Act, height| {
        desk.ledger.enter(&name("demo"), &act, &tip(height)).await.map_err(|no| no.why)
    };
    for height in [13, 14] {
        enter(finishing(FIRST, 500, true), height).await.unwrap();
    }
    enter(finishing(FIRST, 499, true), 15).await.unwrap_err();
    enter(finishing(FIRST + 1, 500, true), 15).await.unwrap_err();
    let failed = Fact::Failed { at_ms: 13_000, why: "the escrow ran dry".to_owned() };
    assert_eq!(desk.books("demo").await.facts[1..], [failed]);
    assert_eq!(desk.kinds().await, ["wish", "intent", "settled", "finish", "fact"]);
}

#[tokio::test]
async fn every_fact_comes_back_as_it_was() {
    let desk = Desk::new();
    let (lease, version, why) = (lease(FIRST), [9; 32], "why\nnot \u{1f600} ' \"".to_owned());
    let facts = [
        Fact::WishWritten { at_ms: 1 },
        Fact::ManifestSent { lease: lease.clone(), version, at_ms: 2 },
        Fact::ManifestRefused { lease: lease.clone(), why: why.clone() },
        Fact::Ready { lease: lease.clone(), version, at_ms: 3 },
        Fact::Unready { lease, at_ms: 4 },
        Fact::Failed { at_ms: 5, why: why.clone() },
        Fact::Replaced { at_ms: 6 },
        Fact::GaveUp { at_ms: 7, why: why.clone() },
        Fact::Avoided { provider: address(4), until_ms: 8, why },
    ];
    for fact in &facts {
        desk.ledger.note(&name("demo"), fact).await.unwrap();
    }
    assert_eq!(desk.books("demo").await.facts, facts);
    assert!(desk.books("other").await.facts.is_empty());
}

#[tokio::test]
async fn events_resume_behind_a_number() {
    let desk = Desk::new();
    let mut newest = desk.ledger.subscribe();
    for words in ["ordering", "leasing"] {
        desk.ledger.say(&name("demo"), words, "deployment 5").await.unwrap();
        desk.ledger.say(&name("other"), words, "").await.unwrap();
    }
    newest.changed().await.unwrap();
    let all = desk.ledger.events(0, None, 10).await.unwrap();
    assert_eq!(all.len(), 4);
    assert_eq!(*newest.borrow(), all[3].seq);
    // The clock of the machine that wrote it: after 2023, and in order.
    assert!(all[0].unix_ms > 1_700_000_000_000 && all[0].unix_ms <= all[3].unix_ms);
    assert_eq!((all[0].data.as_str(), all[1].data.as_str()), (r#"{"detail":"deployment 5"}"#, "{}"));
    assert_eq!(desk.ledger.events(all[1].seq, None, 10).await.unwrap(), all[2..]);
    assert_eq!(desk.ledger.events(0, Some("demo"), 1).await.unwrap(), all[..1]);
    assert_eq!(desk.ledger.events(all[0].seq, Some("demo"), 10).await.unwrap(), all[2..3]);
    assert!(desk.ledger.events(u64::MAX, None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn clusters_are_wanted_present_or_history() {
    let desk = Desk::new();
    for (cluster, at_ms) in [("one", 1), ("two", 2), ("three", 3)] {
        desk.ledger.write_wish(&name(cluster), &format!("{cluster}\n"), false, at_ms).await.unwrap();
    }
    desk.carry_out("one", &opening(FIRST, 500), &done()).await;
    desk.ledger.drop_wish(&name("one"), 4).await.unwrap();
    desk.ledger.drop_wish(&name("two"), 5).await.unwrap();
    let rows = desk.ledger.clusters().await.unwrap();
    let brief: Vec<_> =
        rows.iter().map(|row| (row.name.as_str(), row.wanted, row.present, row.written_ms)).collect();
    assert_eq!(
        brief,
        [("one", false, true, Some(1)), ("three", true, false, Some(3)), ("two", false, false, Some(2))]
    );
    assert_eq!(rows.iter().map(super::super::ClusterRow::is_live).collect::<Vec<_>>(), [true, true, false]);
}

#[tokio::test]
async fn a_pause_holds_for_all_clusters() {
    let desk = Desk::new();
    for (to, records) in [(true, 1), (true, 1), (false, 2)] {
        desk.ledger.set_paused(to).await.unwrap();
        assert_eq!(desk.books("demo").await.paused, to);
        assert_eq!(desk.books("other").await.paused, to);
        assert_eq!(desk.kinds().await.len(), records);
    }
}
