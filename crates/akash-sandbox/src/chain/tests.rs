//! What outlives a killed process.

use std::io::Write as _;

use akash_types::{Address, Coin, UAKT};
use akash_wallet::{Allowed, Draft};
use cosmos_sdk_proto::cosmos::tx::v1beta1::{AuthInfo, SignDoc, TxRaw};
use cosmos_sdk_proto::tendermint::google::protobuf::Timestamp;
use k256::ecdsa::signature::Signer as _;
use k256::ecdsa::{Signature, SigningKey};
use prost::Message as _;

use super::*;
use crate::market::{Holder, Keyholder};

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
    let draft = Draft { sequence, ..draft(node, address(&TREASURY), 4) };
    crate::key(&TREASURY).unwrap().sign(&draft, "local", &Allowed::treasury()).unwrap().bytes
}

/// One uakt to somebody else.
fn draft(node: &Node, from: Address, account_number: u64) -> Draft {
    let send = akash_types::msg::Send { from, to: address(&OTHER), amount: vec![Coin::uakt(1)] };
    Draft {
        messages: vec![send.into()],
        memo: String::new(),
        timeout_height: node.state().height.plus(20),
        gas: 200_000,
        fee: Coin::uakt(5_000),
        account_number,
        sequence: 0,
        granter: None,
    }
}

/// The same without a sequence, which our wallet never signs: by a key of this test, whose account is the genesis' last.
fn unordered_payment(node: &Node, key: &SigningKey) -> Vec<u8> {
    let public = public(key);
    let account_number = Keyholder::ALL.len().try_into().unwrap();
    let draft = draft(node, akash_wallet::address_of(&public).unwrap(), account_number);
    let TxRaw { mut body_bytes, auth_info_bytes, .. } =
        TxRaw::decode(draft.for_simulation(public).as_slice()).unwrap();
    let soon = node.state().time_ms / 1_000 + 60;
    let timeout = Timestamp { seconds: soon.try_into().unwrap(), nanos: 7 }.encode_to_vec();
    // Fields 4 and 5 of the body, which the generated type does not know: unordered, and the timeout that goes with it.
    body_bytes.extend([4 << 3, 1, (5 << 3) | 2, timeout.len().try_into().unwrap()]);
    body_bytes.extend(timeout);
    let mut auth = AuthInfo::decode(auth_info_bytes.as_slice()).unwrap();
    let fee = auth.fee.as_mut().unwrap();
    (fee.amount, fee.gas_limit) = (vec![(&draft.fee).into()], draft.gas);
    let (auth_info_bytes, chain_id) = (auth.encode_to_vec(), "local".to_owned());
    let document = SignDoc { body_bytes, auth_info_bytes, chain_id, account_number };
    let signature: Signature = key.sign(&document.encode_to_vec());
    let SignDoc { body_bytes, auth_info_bytes, .. } = document;
    TxRaw { body_bytes, auth_info_bytes, signatures: vec![signature.to_bytes().to_vec()] }.encode_to_vec()
}

fn public(key: &SigningKey) -> [u8; 33] {
    key.verifying_key().to_sec1_bytes().as_ref().try_into().unwrap()
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

/// The hashes that the mempool has seen are in memory; sequences and the timeouts of what has none are in the state.
#[test]
fn what_a_block_has_is_refused_differently_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let key = SigningKey::from_slice(&[7; 32]).unwrap();
    let address = akash_wallet::address_of(&public(&key)).unwrap();
    let open = || {
        let mut genesis = Genesis::sandbox("local", clock::unix_millis());
        let coins = vec![Coin::uakt(1_000_000)];
        genesis.accounts.push(Holder { address: address.clone(), coins, sequence: 0 });
        Node::open(folder.path(), genesis, BLOCK_TIME).unwrap()
    };
    let node = open();
    let both = [payment(&node, 0), unordered_payment(&node, &key)];
    let hashes = both.each_ref().map(|bytes| node.check(bytes).unwrap());
    let refusals = |node: &Node| both.each_ref().map(|bytes| node.check(bytes).unwrap_err());
    let codes = |node: &Node| refusals(node).map(|r| (r.codespace, r.code));
    let sdk = |code: u32| ("sdk".to_owned(), code);
    assert_eq!(codes(&node), [sdk(19), sdk(19)], "they wait");
    node.make_block().unwrap();
    assert_eq!(received(&node), 2);
    assert_eq!(codes(&node), [sdk(19), sdk(19)], "a block has them");
    assert!(refusals(&node).iter().all(|r| r.log.is_empty()));
    drop(node);

    let node = open();
    assert!(hashes.iter().all(|hash| node.tx(hash).is_some()), "they can still be looked up");
    assert_eq!(codes(&node), [sdk(32), sdk(18)]);
    let [ordered, unordered] = refusals(&node).map(|r| r.log);
    assert_eq!(ordered, "account sequence mismatch, expected 1, got 0: incorrect account sequence");
    let used = format!("failed to add unordered nonce: sender {address} has already used timeout ");
    assert!(unordered.starts_with(&used) && unordered.ends_with("000000007: invalid request"), "{unordered}");
    node.make_block().unwrap();
    assert_eq!(received(&node), 2, "once is all");
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
    node.inner().log = Some(read_only);
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
