//! Transactions that were signed and sent elsewhere, and what a real node answered.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::*;

const RECORDED: &str = include_str!("../../../../../tests/fixtures/real-node/raw-tx.jsonl");

fn text<'a>(answer: &'a Value, field: &str) -> &'a str {
    answer[field].as_str().unwrap()
}

fn number(answer: &Value) -> u32 {
    u32::try_from(answer["code"].as_u64().unwrap()).unwrap()
}

#[test]
fn a_real_nodes_answers_to_signed_bytes() {
    let mut genesis = Genesis::sandbox("local", 1_000_000);
    // There the tenant's account had number 4.
    let tenant = genesis.accounts.remove(TENANT);
    genesis.accounts.insert(4, tenant);
    let mut chain = Chain::new(&genesis);
    for line in RECORDED.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let name = text(&row, "name");
        let bytes = STANDARD.decode(text(&row, "tx")).unwrap();
        let check = &row["check"];
        assert_eq!(TxHash::of(&bytes).to_string(), text(check, "txhash"));
        let answer = chain.check(&bytes);
        let (codespace, number_, log) =
            answer.as_ref().map_or_else(|r| (r.codespace.as_str(), r.code, r.log.as_str()), |_| ("", 0, ""));
        assert_eq!((codespace, number_), (text(check, "codespace"), number(check)), "{name}: {log}");
        // Where gas runs out in the checks differs: the model counts them as one.
        if number_ != 11 {
            assert_eq!(log, text(check, "raw_log"), "{name}");
        }
        let Ok(hash) = answer else { continue };
        let proposal = chain.propose(0);
        chain.commit(proposal);
        compare(name, &chain.tx(&hash).unwrap().1.outcome, &row["result"]);
    }
}

fn compare(name: &str, outcome: &Outcome, recorded: &Value) {
    assert_eq!(outcome.rejection.as_ref().map_or(0, |r| r.code), number(recorded), "{name}");
    assert_eq!(hex::encode_upper(&outcome.data), text(recorded, "data"), "{name}");
    let gas: u64 = text(recorded, "gas_used").parse().unwrap();
    assert!(outcome.gas_used.abs_diff(gas) < gas / 4, "{name}: {} for {gas}", outcome.gas_used);
    let ours: Vec<(&str, Vec<(&str, &str)>)> = outcome
        .events
        .iter()
        .filter(|e| e.kind.starts_with("akash."))
        .map(|e| (e.kind, e.attributes.iter().map(|(k, v)| (*k, v.as_str())).collect()))
        .collect();
    let theirs: Vec<(&str, Vec<(&str, &str)>)> = recorded["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| {
            let attributes = e["attributes"].as_array().unwrap();
            (text(e, "type"), attributes.iter().map(|a| (text(a, "key"), text(a, "value"))).collect())
        })
        .collect();
    assert_eq!(ours, theirs, "{name}");
}
