//! Which message an act is, and which end of it counts as done.

use akash_types::escrow::Source;
use akash_types::{Address, Coin, DeploymentId, Dseq, Height};
use akash_wallet::TxHash;
use rayakash_core::Why;

use super::*;

fn owner() -> Address {
    Address::from_bytes(&[1; 20]).unwrap()
}

fn id() -> DeploymentId {
    DeploymentId::new(owner(), Dseq::new(1_781_208_244_926).unwrap())
}

fn failed((codespace, code): (&str, u32)) -> End {
    let rejection = Rejection { codespace: codespace.to_owned(), code, log: "no".to_owned() };
    let (height, fee) = (Some(Height(7)), Some(Coin::uakt(3)));
    End::Failed { height, rejection, fee, hash: Some(TxHash::of(b"x")) }
}

/// What the chain takes only once was taken, whoever did it; of everything else a refusal is one. The fee is in the books either way.
#[test]
fn it_is_so_already_is_success_for_an_opening_and_a_close_and_for_nothing_else() {
    let acts = ["open-deployment", "accept-bid", "update-deployment", "top-up", "close-deployment"];
    let done = |rejection, act| match outcome(failed(rejection), act) {
        Outcome::Done(receipt) => (true, receipt.fee),
        Outcome::Refused { receipt, .. } => (false, receipt.fee),
        other @ (Outcome::NotStarted { .. } | Outcome::InDoubt { .. }) => panic!("{other:?}"),
    };
    for (rejection, counts_for) in [
        (Rejection::DEPLOYMENT_EXISTS, "open-deployment"),
        (Rejection::DEPLOYMENT_CLOSED, "close-deployment"),
        (("sdk", 5), "nothing"),
    ] {
        for act in acts {
            let wanted = (act == counts_for, Some(Coin::uakt(3)));
            assert_eq!(done(rejection, act), wanted, "{rejection:?} of {act}");
        }
    }
}

/// Money of a grant comes back to whoever granted it: the two are never mixed.
#[test]
fn deposits_come_from_the_balance_alone_and_with_a_funder_from_the_grant_alone() {
    for (granted, source) in [(false, Source::Balance), (true, Source::Grant)] {
        deposits_come_from(granted, source);
    }
}

fn deposits_come_from(granted: bool, source: Source) {
    let message = |act: &Act| message(act, &owner(), granted);
    let top_up = Act::TopUp { id: id(), amount: Coin::uact(5) };
    let Some((Msg::AccountDeposit(deposit), _)) = message(&top_up) else { panic!("no deposit") };
    assert_eq!((deposit.deposit.sources, deposit.deposit.amount), (vec![source], Coin::uact(5)));
    let open = Act::OpenDeployment {
        id: id(),
        generation: 1,
        groups: vec![],
        version: [7; 32],
        deposit: Coin::uact(9),
    };
    let Some((Msg::CreateDeployment(create), _)) = message(&open) else { panic!("no deployment") };
    assert_eq!((create.deposit.sources, create.deposit.amount), (vec![source], Coin::uact(9)));
}

#[test]
fn a_close_is_one_message_and_ends_the_whole_deployment() {
    let close = Act::CloseDeployment { id: id(), why: Why::Asked };
    let Some((Msg::CloseDeployment(sent), Class::Close)) = message(&close, &owner(), false) else {
        panic!("no close")
    };
    assert_eq!(sent.id, id());
}
