use akash_types::Coin;

use super::*;

const S: u64 = 7;
const PLANNED: u64 = 100;
const TIMEOUT: u64 = 120;
const OURS: TxHash = TxHash([1; 32]);
const THEIRS: TxHash = TxHash([2; 32]);

fn attempt() -> Attempt {
    Attempt {
        intent: "i".into(),
        signer: "akash1vtad8680vhdfqvxx0f2yaxa6agdylelm443h3v".parse().unwrap(),
        account_number: 4,
        sequence: S,
        planned: Height(PLANNED),
        timeout: Height(TIMEOUT),
        hash: OURS,
        bytes: vec![],
        fee: Coin::uakt(5_000),
        end: None,
    }
}

fn view(height: u64, sequence: u64) -> View {
    View { height: Height(height), sequence, result: None, scan: None }
}

fn ok(height: u64) -> Option<Seen> {
    Some(Seen { height: Height(height), rejection: None, gas_used: 9, sequence_after: None })
}

fn rejected(height: u64, reason: (&str, u32), sequence_after: Option<u64>) -> Option<Seen> {
    let rejection = Some(Rejection::new(reason.0, reason.1, "log"));
    Some(Seen { height: Height(height), rejection, gas_used: 9, sequence_after })
}

fn scan(ours: Option<u64>) -> Option<Scan> {
    Some(Scan { ours: ours.map(Height), other: None })
}

fn decide(view: &View) -> Step {
    next(&attempt(), Some(Height(PLANNED)), 2, view)
}

fn waits(view: &View) -> bool {
    matches!(decide(view), Step::Wait(_))
}

#[test]
fn the_bytes_go_out_at_once_and_each_second_block_until_the_timeout() {
    let broadcasts = |sent: Option<u64>, height: u64| {
        next(&attempt(), sent.map(Height), 2, &view(height, S)) == Step::Broadcast
    };
    assert!(broadcasts(None, 100));
    assert!(!broadcasts(Some(100), 100));
    assert!(!broadcasts(Some(100), 101));
    assert!(broadcasts(Some(100), 102));
    assert!(broadcasts(Some(118), 120));
    assert!(broadcasts(None, 120));
    assert!(!broadcasts(None, 121), "past the timeout it could only be refused");
    assert!(!broadcasts(Some(110), 90), "a node that is behind is not trusted with anything");
}

#[test]
fn landed_is_a_block_with_success_and_a_used_number() {
    let landed = End::Landed { height: Height(105), hash: OURS, fee: Coin::uakt(5_000), gas_used: 9 };
    for height in [105, 120, 500] {
        let seen = View { result: ok(105), ..view(height, S + 1) };
        assert_eq!(decide(&seen), Step::End(landed.clone()));
    }
    // The result was read after the account: it may be of a later block, which the next look shows whole.
    assert!(waits(&View { result: ok(105), ..view(104, S) }));
    assert!(waits(&View { result: ok(105), ..view(104, S + 1) }));
}

#[test]
fn contradictions_end_nothing() {
    for contradiction in [
        View { result: ok(105), ..view(106, S) },
        View { result: ok(100), ..view(106, S + 1) },
        View { result: ok(121), ..view(130, S + 1) },
        view(99, S),
        view(110, S - 1),
        View { result: ok(105), ..view(130, S) },
        View { scan: scan(None), ..view(130, S - 1) },
        view(130, S - 1),
    ] {
        assert!(waits(&contradiction), "{contradiction:?}");
    }
}

#[test]
fn failed_is_a_block_with_a_code_that_used_the_number() {
    let closed = Rejection::DEPLOYMENT_CLOSED;
    for after in [Some(S + 1), None] {
        let seen = View { result: rejected(105, closed, after), ..view(106, S + 1) };
        let Step::End(End::Failed { height, fee, hash, rejection }) = decide(&seen) else {
            panic!("{:?}", decide(&seen))
        };
        assert_eq!((height, fee, hash), (Some(Height(105)), Some(Coin::uakt(5_000)), Some(OURS)));
        assert!(rejection.is(closed));
    }
}

#[test]
fn a_code_in_a_block_that_did_not_use_the_number_ends_nothing_before_the_timeout() {
    let not_charged = rejected(105, Rejection::INSUFFICIENT_FUNDS, Some(S));
    assert!(waits(&View { result: not_charged.clone(), ..view(101, S) }));
    assert_eq!(decide(&View { result: not_charged.clone(), ..view(106, S) }), Step::Broadcast);
    let late = View { result: not_charged.clone(), ..view(121, S) };
    assert!(matches!(decide(&late), Step::End(End::Dead { evidence: Evidence::Expired { .. }, .. })));
    // Somebody else used the number afterwards: not this attempt's failure, and no fee of its.
    let foreign = View { result: not_charged, scan: scan(Some(105)), ..view(110, S + 1) };
    assert!(matches!(decide(&foreign), Step::End(End::Dead { evidence: Evidence::SequenceUsed { .. }, .. })));
    // A later block holds it too, and the node's result is still that of the earlier one.
    assert!(waits(&View { scan: scan(Some(109)), ..foreign }));
}

#[test]
fn a_wrong_number_in_a_block_means_that_another_used_it() {
    let wrong = View { result: rejected(105, Rejection::WRONG_SEQUENCE, Some(S + 1)), ..view(106, S + 1) };
    assert_eq!(decide(&wrong), Step::Scan);
    let seen = View { scan: scan(Some(105)), ..wrong };
    assert!(matches!(decide(&seen), Step::End(End::Dead { evidence: Evidence::SequenceUsed { .. }, .. })));
}

#[test]
fn a_number_unused_past_the_timeout_is_death_and_needs_no_block() {
    assert_eq!(
        decide(&view(120, S)),
        Step::Broadcast,
        "the timeout's block may be followed by none that holds it"
    );
    for height in [121, 100_000] {
        let evidence = Evidence::Expired { from: Height(100), to: Height(120), seen_at: Height(height) };
        assert_eq!(decide(&view(height, S)), Step::End(End::Dead { hash: OURS, evidence }));
    }
}

#[test]
fn a_block_that_holds_it_forbids_death_while_the_result_is_unknown() {
    for height in [106, 121] {
        assert!(waits(&View { scan: scan(Some(105)), ..view(height, S + 1) }), "{height}");
    }
}

#[test]
fn a_number_used_by_another_is_death_before_the_timeout_with_the_other_as_evidence() {
    assert_eq!(decide(&view(106, S + 1)), Step::Scan);
    let found = Scan { ours: None, other: Some((Height(104), THEIRS)) };
    let evidence = Evidence::SequenceUsed {
        from: Height(100),
        to: Height(106),
        seen_at: Height(106),
        by: Some((Height(104), THEIRS)),
    };
    let dead = decide(&View { scan: Some(found), ..view(106, S + 1) });
    assert_eq!(dead, Step::End(End::Dead { hash: OURS, evidence }));
    // Long after, only blocks up to the timeout count.
    let late = decide(&View { scan: scan(None), ..view(500, S + 1) });
    let evidence =
        Evidence::SequenceUsed { from: Height(100), to: Height(120), seen_at: Height(500), by: None };
    assert_eq!(late, Step::End(End::Dead { hash: OURS, evidence }));
}
