//! What is refused before a message runs.

use akash_types::msg::CloseDeployment;
use cosmos_sdk_proto::Any;
use cosmos_sdk_proto::cosmos::tx::v1beta1::{TxBody, TxRaw};
use k256::ecdsa::Signature;
use prost::Message as _;

use super::*;

fn message(w: &World) -> Msg {
    CloseDeployment { id: w.deployment(1_781_208_250_001) }.into()
}

#[test]
fn the_table_of_the_mempool() {
    let mut w = World::new();
    // The account's first transaction makes its key known.
    let _first = w.send(TENANT, vec![message(&w)]).unwrap();
    let height = w.height().0;
    let draft = |change: &dyn Fn(&mut Draft)| {
        let mut draft = w.draft(TENANT, vec![message(&w)]);
        change(&mut draft);
        w.sign(TENANT, &draft)
    };
    let no_signature = |number| {
        format!(
            "signature verification failed; please verify account number ({number}) and chain-id (local): (unable to verify \
             single signer signature): unauthorized"
        )
    };
    let other_chain = {
        let draft = w.draft(TENANT, vec![message(&w)]);
        w.keys[TENANT].sign(&draft, "another", &Allowed::tenant()).unwrap().bytes
    };
    let short_of_gas = draft(&|d| d.gas = 20_000);
    let burnt = gas::ANTE + gas::BYTE * u64::try_from(short_of_gas.len()).unwrap();
    let rows: [(Vec<u8>, (&str, u32), String); 9] = [
        (
            draft(&|d| d.sequence = 6),
            ("sdk", 32),
            "account sequence mismatch, expected 1, got 6: incorrect account sequence".into(),
        ),
        (
            draft(&|d| d.sequence = 0),
            ("sdk", 32),
            "account sequence mismatch, expected 1, got 0: incorrect account sequence".into(),
        ),
        (draft(&|d| d.account_number = 9), ("sdk", 4), no_signature(1)),
        (other_chain, ("sdk", 4), no_signature(1)),
        (
            draft(&|d| d.fee = Coin::uakt(800)),
            ("sdk", 13),
            "insufficient fees; got: 800uakt required: 2000uakt: insufficient fee".into(),
        ),
        (
            draft(&|d| d.fee = Coin::uact(20_000)),
            ("sdk", 13),
            "insufficient fees; got: 20000uact required: 2000uakt: insufficient fee".into(),
        ),
        (
            draft(&|d| d.fee = Coin::uakt(200_000_000_000)),
            ("sdk", 5),
            "spendable balance 99999980000uakt is smaller than 200000000000uakt: insufficient funds: insufficient funds".into(),
        ),
        (
            draft(&|d| d.timeout_height = Height(height - 1)),
            ("sdk", 30),
            format!("block height: {height}, timeout height: {}: tx timeout height", height - 1),
        ),
        (
            short_of_gas,
            ("sdk", 11),
            format!("out of gas in location: WriteFlat; gasWanted: 20000, gasUsed: {burnt}: out of gas"),
        ),
    ];
    for (bytes, wanted, log) in rows {
        let refusal = w.chain.check(&bytes).unwrap_err();
        assert_eq!((code(&refusal), refusal.log.as_str()), (wanted, log.as_str()));
    }
    assert_eq!(w.chain.waiting(), 0);
    assert_eq!(w.uakt(TENANT), 100_000_000_000 - FEE, "nothing refused here costs anything");
}

/// A signed transaction, taken apart and put together again.
fn raw(w: &World, change: impl FnOnce(&mut TxRaw)) -> Vec<u8> {
    let draft = w.draft(TENANT, vec![message(w)]);
    let mut raw = TxRaw::decode(w.sign(TENANT, &draft).as_slice()).unwrap();
    change(&mut raw);
    raw.encode_to_vec()
}

fn body(raw: &mut TxRaw, change: impl FnOnce(&mut TxBody)) {
    let mut body = TxBody::decode(raw.body_bytes.as_slice()).unwrap();
    change(&mut body);
    raw.body_bytes = body.encode_to_vec();
}

#[test]
fn bytes_that_no_honest_client_sends() {
    let mut w = World::new();
    let high_s = raw(&w, |r| {
        let (x, s) = Signature::from_slice(&r.signatures[0]).unwrap().split_scalars();
        r.signatures[0] = Signature::from_scalars(x, -s).unwrap().to_bytes().to_vec();
    });
    let unknown = Any { type_url: "/akash.foo.v1.MsgNope".into(), value: vec![] };
    let rows: [(Vec<u8>, (&str, u32)); 9] = [
        (vec![0xff; 10], ("sdk", 2)),
        (raw(&w, |r| body(r, |b| b.messages = vec![unknown])), ("sdk", 2)),
        (raw(&w, |r| r.body_bytes.extend([0x9a, 0x06, 0x01, 0x78])), ("sdk", 2)),
        (raw(&w, |r| body(r, |b| b.messages.clear())), ("sdk", 18)),
        (raw(&w, |r| body(r, |b| b.memo = "x".repeat(257))), ("sdk", 12)),
        (raw(&w, |r| r.signatures[0][5] ^= 1), ("sdk", 4)),
        (high_s, ("sdk", 4)),
        (raw(&w, |r| r.signatures.clear()), ("sdk", 15)),
        // Field 1100 is not critical: only the signature does not fit any more.
        (raw(&w, |r| r.body_bytes.extend([0xe2, 0x44, 0x01, 0x78])), ("sdk", 4)),
    ];
    for (bytes, wanted) in rows {
        let refusal = w.chain.check(&bytes).unwrap_err();
        assert_eq!(code(&refusal), wanted, "{}", refusal.log);
    }
    // Somebody else's key for the tenant's deployment.
    let foreign = {
        let own = w.draft(
            TREASURY,
            vec![
                CloseDeployment { id: DeploymentId::new(w.address(TREASURY), Dseq::new(1).unwrap()) }.into(),
            ],
        );
        let mut raw = TxRaw::decode(w.sign(TREASURY, &own).as_slice()).unwrap();
        body(&mut raw, |b| b.messages = vec![message(&w).to_any()]);
        raw.encode_to_vec()
    };
    let refusal = w.chain.check(&foreign).unwrap_err();
    let tenant = w.address(TENANT);
    assert_eq!(
        (code(&refusal), refusal.log.clone()),
        (
            ("sdk", 8),
            format!("pubKey does not match signer address {tenant} with signer index: 0: invalid pubkey")
        )
    );
}

#[test]
fn ids_that_cannot_be() {
    let mut w = World::new();
    let any = message(&w).to_any();
    // The number of the deployment is the last field of the id: cut it off, and it reads as 0.
    let owner = w.address(TENANT);
    let wire = akash_proto::akash::deployment::v1beta4::MsgCloseDeployment {
        id: Some(akash_proto::akash::deployment::v1::DeploymentId { owner: owner.to_string(), dseq: 0 }),
    };
    let zero = Any { type_url: any.type_url, value: wire.encode_to_vec() };
    let bytes = raw(&w, |r| body(r, |b| b.messages = vec![zero]));
    let refusal = w.chain.check(&bytes).unwrap_err();
    let log = "DeploymentID: Invalid Deployment Sequence: invalid sequence";
    assert_eq!((code(&refusal), refusal.log.as_str()), (("sdk", 3), log));
}

#[test]
fn the_same_bytes_twice_and_two_in_one_block() {
    let mut w = World::new();
    let first = w.draft(TENANT, vec![message(&w)]);
    let second = Draft { sequence: 1, memo: "the second".into(), ..first.clone() };
    let (first, second) = (w.sign(TENANT, &first), w.sign(TENANT, &second));
    let early = w.chain.check(&second).unwrap_err();
    assert_eq!(code(&early), ("sdk", 32), "out of order there is no queueing");
    w.chain.check(&first).unwrap();
    w.chain.check(&second).unwrap();
    let again = w.chain.check(&first).unwrap_err();
    assert_eq!((code(&again), again.log.as_str()), (("sdk", 19), ""));
    w.blocks(1);
    let block = w.chain.block(w.height()).unwrap();
    assert_eq!(block.txs.len(), 2);
    // Both failed, so the mempool has forgotten them; their sequence is used.
    assert_eq!(code(&w.chain.check(&first).unwrap_err()), ("sdk", 32));
}

#[test]
fn a_failed_message_costs_its_fee_and_running_out_of_gas_too() {
    let mut w = World::new();
    let mut draft = w.draft(TENANT, vec![creation(&w.deployment(1_781_208_250_001), 5_000_000).into()]);
    draft.gas = 90_000;
    draft.fee = Coin::uakt(2_250);
    let bytes = w.sign(TENANT, &draft);
    let hash = w.chain.check(&bytes).unwrap();
    w.blocks(1);
    let outcome = w.outcome(&hash);
    let refusal = outcome.rejection.unwrap();
    assert_eq!(code(&refusal), ("sdk", 11));
    assert!(
        refusal.log.starts_with("out of gas in location: Has; gasWanted: 90000, gasUsed: "),
        "{}",
        refusal.log
    );
    assert!(outcome.gas_used > 90_000);
    assert_eq!(w.uakt(TENANT), 100_000_000_000 - 2_250);
    assert_eq!(w.uact(TENANT), 1_000_000_000_000);
    let kinds: Vec<&str> = outcome.events.iter().map(|e| e.kind).collect();
    assert_eq!(kinds, ["coin_spent", "coin_received", "transfer", "message", "tx", "tx", "tx"]);
}

#[test]
fn what_waits_past_its_timeout_is_dropped() {
    let mut w = World::new();
    let mut draft = w.draft(TENANT, vec![message(&w)]);
    draft.timeout_height = w.height().plus(1);
    let bytes = w.sign(TENANT, &draft);
    w.chain.check(&bytes).unwrap();
    // Another chain's block comes first: the transaction was not in it.
    let empty = |w: &mut World| {
        let block = w.chain.replay(w.chain.state().time_ms + BLOCK_MS, &[]).unwrap();
        w.chain.commit(block);
        w.chain.waiting()
    };
    // A node looks with the height of its newest block: this one cannot land any more, and still waits.
    assert_eq!(empty(&mut w), 1);
    assert_eq!(empty(&mut w), 0);
    assert_eq!(
        code(&w.chain.check(&bytes).unwrap_err()),
        ("sdk", 30),
        "it was forgotten, so this is no sdk/19"
    );
}
