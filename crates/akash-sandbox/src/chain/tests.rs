//! What outlives a killed process.

use std::io::Write as _;

use akash_types::{Address, Coin, UAKT};
use akash_wallet::{Allowed, Draft};

use super::*;
use crate::market::Keyholder;

const BLOCK_TIME: Duration = Duration::from_millis(500);
const TREASURY: Keyholder = Keyholder::ALL[4];
const OTHER: Keyholder = Keyholder::ALL[6];

fn named(folder: &Path, chain_id: &str) -> Result<Node, Error> {
    Node::open(folder, Genesis::sandbox(chain_id, clock::unix_millis()), BLOCK_TIME)
}

fn open(folder: &Path) -> Node {
    named(folder, "local").unwrap()
}

fn address(holder: &Keyholder) -> Address {
    holder.address.parse().unwrap()
}

/// One uakt from the treasury to somebody else.
fn payment(node: &Node, sequence: u64) -> Vec<u8> {
    let send =
        akash_types::msg::Send { from: address(&TREASURY), to: address(&OTHER), amount: vec![Coin::uakt(1)] };
    let draft = Draft {
        messages: vec![send.into()],
        memo: String::new(),
        timeout_height: node.state().height.plus(20),
        gas: 200_000,
        fee: Coin::uakt(5_000),
        account_number: 4,
        sequence,
        granter: None,
    };
    crate::key(&TREASURY).unwrap().sign(&draft, "local", &Allowed::treasury()).unwrap().bytes
}

fn received(node: &Node) -> u128 {
    node.state().balance(&address(&OTHER), &UAKT) - 1_000_000
}

#[test]
fn every_block_that_was_seen_is_there_again_and_the_mempool_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let node = open(folder.path());
    let first = node.check(&payment(&node, 0)).unwrap();
    node.make_block().unwrap();
    node.make_block().unwrap();
    let waiting = payment(&node, 1);
    node.check(&waiting).unwrap();
    let (height, time) = (node.state().height, node.state().time_ms);
    let hash = node.block(height).unwrap().app_hash;
    // A killed process runs no destructor of its own either: nothing is written at the end.
    drop(node);

    let node = open(folder.path());
    assert_eq!((node.state().height, node.state().time_ms), (height, time));
    assert_eq!(node.block(height).unwrap().app_hash, hash);
    assert_eq!((received(&node), node.waiting()), (1, 0));
    let (block, place) = node.tx(&first).unwrap();
    assert_eq!((block.height, place), (Height(1), 0));
    assert_eq!(block.txs[0].outcome.rejection, None);
    node.check(&waiting).expect("the same bytes are welcome again");
    node.make_block().unwrap();
    assert_eq!(received(&node), 2);
}

#[test]
fn a_line_that_was_not_written_to_its_end_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join(LOG);
    let node = open(folder.path());
    node.make_block().unwrap();
    let whole = std::fs::read(&log).unwrap();
    node.check(&payment(&node, 0)).unwrap();
    node.make_block().unwrap();
    drop(node);
    let full = std::fs::read(&log).unwrap();
    for end in [whole.len() + 1, whole.len() + 20, full.len() - 1] {
        std::fs::write(&log, &full[..end]).unwrap();
        let node = open(folder.path());
        assert_eq!((node.state().height, received(&node)), (Height(1), 0), "cut at {end}");
        node.make_block().unwrap();
        drop(node);
        assert_eq!(open(folder.path()).state().height, Height(2), "and the log is sound again");
    }
}

#[test]
fn a_damaged_log_is_no_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join(LOG);
    let node = open(folder.path());
    for _ in 0..3 {
        node.make_block().unwrap();
    }
    drop(node);
    let text = std::fs::read_to_string(&log).unwrap();
    let refused = |text: &str, chain: &str| {
        std::fs::write(&log, text).unwrap();
        named(folder.path(), chain).unwrap_err().to_string()
    };
    let bad = refused(&text.replacen("\n2 ", "\n7 ", 1), "local");
    assert!(bad.contains("line 3: its checksum is wrong"), "{bad}");
    let bad = refused(&text, "another");
    assert!(bad.contains("line 1: it is no log of a chain another"), "{bad}");
    // A sound line about another block: what a change of the rules looks like.
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.remove(2);
    let bad = refused(&(lines.join("\n") + "\n"), "local");
    assert!(bad.contains("block 3 now does something else"), "{bad}");
}

#[test]
fn a_full_disk_makes_no_block() {
    let folder = tempfile::tempdir().unwrap();
    let node = open(folder.path());
    node.make_block().unwrap();
    // A log that cannot be written to stands for the disk.
    let path = folder.path().join(LOG);
    let (_, _, records) = BlockLog::open(&path, "local", 0).unwrap();
    assert_eq!(records.len(), 1);
    let read_only = BlockLog::read_only(&path).unwrap();
    node.inner().log = read_only;
    node.check(&payment(&node, 0)).unwrap();
    assert!(node.make_block().is_err());
    assert_eq!((node.state().height, node.waiting()), (Height(1), 1), "nothing is seen of it");
}

#[test]
fn time_runs_forwards_only_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let node = open(folder.path());
    node.make_block().unwrap();
    let now = node.state().time_ms;
    assert!(!node.set_time(now));
    let year = now + 365 * 86_400_000;
    assert!(node.set_time(year));
    node.make_block().unwrap();
    assert!(node.state().time_ms >= year);
    drop(node);
    let node = open(folder.path());
    node.make_block().unwrap();
    assert!(node.state().time_ms > year);
    let before = node.state();
    assert_eq!(node.advance(10).unwrap(), before.height.plus(10));
    assert_eq!(node.state().time_ms, before.time_ms + 10 * 500);
}

#[test]
fn the_newest_500_states_can_be_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let node = open(folder.path());
    node.check(&payment(&node, 0)).unwrap();
    node.advance(499).unwrap();
    let before = node.state_at(Height(0)).unwrap();
    assert_eq!(before.balance(&address(&OTHER), &UAKT), 1_000_000);
    assert_eq!(node.state_at(Height(1)).unwrap().balance(&address(&OTHER), &UAKT), 1_000_001);
    node.advance(1).unwrap();
    assert!(node.state_at(Height(0)).is_none());
    assert_eq!(node.earliest(), Height(1));
    assert!(node.state_at(Height(501)).is_none());
}

#[test]
fn a_torn_first_line_is_a_new_chain() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = std::fs::File::create(folder.path().join(LOG)).unwrap();
    log.write_all(b"rayakash-sandb").unwrap();
    assert_eq!(open(folder.path()).state().height, Height(0));
    assert_eq!(open(folder.path()).state().height, Height(0));
}
