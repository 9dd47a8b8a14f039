//! The process is killed while it writes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use super::*;
use crate::{AttemptRow, EndRow};

/// The child's file is told from the names of tests by its ending.
const ENDING: &str = ".crash.db";
const THIS: &str = "tests::crash::what_was_acknowledged_survives_kill_9";

/// Writes whole lives of deployments, one after the other, and says so after each write.
async fn write_for_ever(path: &Path) {
    let ledger = open(path);
    let cluster = name("demo");
    let mut out = std::io::stdout();
    let mut acknowledge = |what: &str| {
        writeln!(out, "ack {what}").unwrap();
        out.flush().unwrap();
    };
    ledger.write_wish(&cluster, "demo\n", false, 5).await.unwrap();
    let first = ledger.books(&cluster).await.unwrap().last_dseq.map_or(1, |dseq| dseq.get() + 1);
    for dseq in first.. {
        let id = begin(&ledger, "demo", &opening(dseq, 1_000)).await.unwrap();
        acknowledge(&format!("intent {id}"));
        let attempt = AttemptRow {
            intent: id.clone(),
            signer: address(1),
            account_number: 4,
            sequence: dseq,
            planned: Height(10),
            timeout: Height(30),
            hash_hex: format!("{dseq:X}"),
            bytes: vec![7; 700],
            fee: Coin::uakt(5_000),
            end: None,
            answer: None,
        };
        ledger.attempt_add(&attempt).await.unwrap();
        acknowledge(&format!("attempt {id}"));
        let end = EndRow::Landed { height: Height(11), fee: Coin::uakt(5_000), gas_used: 1 };
        ledger.attempt_ended(&attempt.hash_hex, &end).await.unwrap();
        let intent = Intent {
            id,
            cluster: cluster.to_string(),
            act: "open-deployment".to_owned(),
            deployment: Some(deployment(dseq)),
            generation: 1,
            signs: true,
        };
        ledger.settle(&intent, &Outcome::Done(landed(&attempt.hash_hex, 11)), &tip(12)).await.unwrap();
        acknowledge(&format!("opened {dseq}"));
    }
}

/// Lets a child write until it has acknowledged so many writes, kills it, and gives all that it acknowledged.
fn write_and_kill(path: &Path, writes: usize) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", THIS, "--nocapture"])
        .arg(path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let acks = lines.by_ref().filter_map(|line| line.strip_prefix("ack ").map(str::to_owned));
    let mut acknowledged: Vec<String> = acks.take(writes).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    // What it still said before the kill arrived; the last line may be cut.
    acknowledged.extend(lines.filter_map(|line| line.strip_prefix("ack ").map(str::to_owned)));
    assert!(acknowledged.len() >= writes, "the child ended by itself: {acknowledged:?}");
    acknowledged
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    if let Some(path) = std::env::args().find(|argument| argument.ends_with(ENDING)) {
        return write_for_ever(Path::new(&path)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("ledger{ENDING}"));
    let mut open_before = 0;
    for writes in [1, 2, 3, 40, 161, 5] {
        let acknowledged = write_and_kill(&path, writes);
        let ledger = open(&path);
        let books = ledger.books(&name("demo")).await.unwrap();
        let of = |word: &str| -> Vec<&str> {
            acknowledged.iter().filter_map(|line| line.strip_prefix(word)).collect()
        };
        for id in of("intent ").into_iter().chain(of("attempt ")) {
            let events = ledger.events(0, None, 10_000).await.unwrap();
            assert!(events.iter().any(|event| event.intent.as_deref() == Some(id)), "intent {id}");
        }
        for id in of("attempt ") {
            assert_eq!(ledger.attempts_of(id).await.unwrap().len(), 1, "attempt of {id}");
        }
        for dseq in of("opened ").iter().filter_map(|dseq| dseq.parse().ok()) {
            assert!(books.opened.iter().any(|opened| opened.id == deployment(dseq)), "deployment {dseq}");
        }
        // All or nothing: a deployment, its fee and the end of its intent stand or fall together.
        let deployments = u128::try_from(books.opened.len()).unwrap();
        let landed = deployments + u128::try_from(ended_but_open(&ledger, &books).await).unwrap();
        assert_eq!(books.fees, landed * 5_000);
        assert!(books.open.len() <= open_before + 1, "{:?}", books.open);
        assert!(books.opened.iter().all(|opened| opened.deposited == 1_000));
        open_before = books.open.len();
    }
}

/// Intents whose transaction has an end that was not settled any more.
async fn ended_but_open(ledger: &Ledger, books: &Books) -> usize {
    let mut count = 0;
    for intent in &books.open {
        let attempts = ledger.attempts_of(&intent.id).await.unwrap();
        count += attempts.iter().filter(|attempt| attempt.end.is_some()).count();
    }
    count
}
