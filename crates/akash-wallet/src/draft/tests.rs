use akash_types::msg::{CloseDeployment, CreateBid, Send};
use akash_types::{DeploymentId, Dseq};
use base64::Engine as _;

use super::*;
use crate::key::tests::local;
use crate::signature;

/// A transaction that a real node executed (akash v2.1.0-rc12, chain `local`, account 4, sequence 0), encoded and signed by an
/// independent program.
const EXECUTED: &str = include_str!("../../../../tests/fixtures/chain/raw-tx.b64");

fn close(owner: &Address) -> Msg {
    let id = DeploymentId::new(owner.clone(), Dseq::new(1_781_208_330_001).unwrap());
    CloseDeployment { id }.into()
}

fn draft(messages: Vec<Msg>) -> Draft {
    Draft {
        messages,
        memo: "rk1:test".into(),
        timeout_height: Height(120),
        gas: 200_000,
        fee: Coin::uakt(5_000),
        account_number: 4,
        sequence: 9,
        granter: None,
    }
}

#[test]
fn bytes_are_those_that_a_node_executed() {
    let executed = base64::engine::general_purpose::STANDARD.decode(EXECUTED.trim()).unwrap();
    let theirs = TxRaw::decode(executed.as_slice()).unwrap();
    let body = TxBody::decode(theirs.body_bytes.as_slice()).unwrap();
    let draft = Draft {
        messages: body.messages.iter().map(|any| Msg::from_any(any).unwrap()).collect(),
        memo: body.memo,
        timeout_height: Height(body.timeout_height),
        gas: 400_000,
        fee: Coin::uakt(10_000),
        account_number: 4,
        sequence: 0,
        granter: None,
    };
    let tenant = local(1);
    let document = SignDoc {
        body_bytes: draft.body().encode_to_vec(),
        auth_info_bytes: draft.auth_info(tenant.public_key()).encode_to_vec(),
        chain_id: "local".into(),
        account_number: 4,
    };
    assert_eq!(document.body_bytes, theirs.body_bytes);
    assert_eq!(document.auth_info_bytes, theirs.auth_info_bytes);
    let document = document.encode_to_vec();
    assert!(signature::verify(&tenant.public_key(), &document, &theirs.signatures[0]));
    assert_eq!(tenant.sign_bytes(&document).to_vec(), theirs.signatures[0]);
    assert_eq!(
        TxHash::of(&executed).to_string(),
        "08E31D247C2E6AD956CED1F1DA74143B50D0ED9C0CA346AF09AE5FF464A0549D"
    );
}

#[test]
fn a_signed_transaction_verifies_and_carries_the_draft() {
    let key = local(1);
    let draft = draft(vec![close(key.address())]);
    let signed = key.sign(&draft, "local", &Allowed::tenant()).unwrap();
    let raw = TxRaw::decode(signed.bytes.as_slice()).unwrap();
    let document = SignDoc {
        body_bytes: raw.body_bytes,
        auth_info_bytes: raw.auth_info_bytes,
        chain_id: "local".into(),
        account_number: 4,
    };
    assert!(signature::verify(&key.public_key(), &document.encode_to_vec(), &raw.signatures[0]));
    assert_eq!(signed, key.sign(&draft, "local", &Allowed::tenant()).unwrap());
    assert_ne!(signed.hash, key.sign(&draft, "other", &Allowed::tenant()).unwrap().hash);
}

#[test]
fn what_is_not_on_the_list_is_not_signed() {
    let key = local(1);
    let me = key.address().clone();
    let other = local(2).address().clone();
    let send = Send { from: me.clone(), to: other.clone(), amount: vec![Coin::uakt(1)] };
    type Check = fn(&Refused) -> bool;
    let cases: [(Vec<Msg>, Check); 4] = [
        (vec![], |r| matches!(r, Refused::Empty)),
        (vec![close(&me), send.into()], |r| matches!(r, Refused::NotAllowed { index: 1, .. })),
        (vec![close(&other)], |r| matches!(r, Refused::ForeignSigner { index: 0, .. })),
        (vec![close(&me), close(&other)], |r| matches!(r, Refused::ForeignSigner { index: 1, .. })),
    ];
    for (messages, expected) in cases {
        let refused = key.sign(&draft(messages), "local", &Allowed::tenant()).unwrap_err();
        assert!(expected(&refused), "{refused:?}");
    }
    let close = draft(vec![close(&me)]);
    assert!(key.sign(&close, "local", &Allowed::tenant()).is_ok());
    for allowed in [Allowed::provider(), Allowed::treasury()] {
        assert!(matches!(key.sign(&close, "local", &allowed), Err(Refused::NotAllowed { .. })));
    }
    assert!(!Allowed::tenant().permits(&bid(me)));
}

fn bid(provider: Address) -> Msg {
    let id = DeploymentId::new(local(1).address().clone(), Dseq::new(1).unwrap()).group(1).order(1);
    CreateBid {
        id: id.bid(provider),
        price: akash_types::DecCoin::uact(akash_types::Dec::from_int(1)),
        deposit: akash_types::escrow::Funding::from_balance(Coin::uact(500_000)),
        offer: Vec::new(),
        reclamation_window: None,
    }
    .into()
}

#[test]
fn an_endless_transaction_is_not_signed() {
    let key = local(1);
    let mut endless = draft(vec![close(key.address())]);
    endless.timeout_height = Height(0);
    assert_eq!(key.sign(&endless, "local", &Allowed::tenant()), Err(Refused::NoTimeout));
    let mut long = draft(vec![close(key.address())]);
    long.memo = "x".repeat(257);
    assert_eq!(key.sign(&long, "local", &Allowed::tenant()), Err(Refused::MemoTooLong { length: 257 }));
}

#[test]
fn a_simulation_has_the_real_body_and_one_empty_signature() {
    let key = local(1);
    let draft = draft(vec![close(key.address())]);
    let real =
        TxRaw::decode(key.sign(&draft, "local", &Allowed::tenant()).unwrap().bytes.as_slice()).unwrap();
    let trial = TxRaw::decode(draft.for_simulation(key.public_key()).as_slice()).unwrap();
    assert_eq!(trial.body_bytes, real.body_bytes);
    assert_eq!(trial.signatures, vec![Vec::<u8>::new()]);
    let auth = AuthInfo::decode(trial.auth_info_bytes.as_slice()).unwrap();
    assert_eq!(auth.signer_infos[0].sequence, 9);
    assert!(auth.fee.unwrap().amount.is_empty());
}
