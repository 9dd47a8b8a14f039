use std::collections::BTreeMap;

use akash_types::{Coin, Height, Rejection};
use akash_wallet::TxHash;

use super::*;
use crate::{Attempt, End, Evidence};

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
    View { height: Height(height), sequence, ..View::default() }
}

fn ok(height: u64) -> BTreeMap<TxHash, Seen> {
    let seen = Seen { height: Height(height), rejection: None, gas_used: 9, sequence_after: None };
    BTreeMap::from([(OURS, seen)])
}

fn rejected(height: u64, reason: (&str, u32), sequence_after: Option<u64>) -> BTreeMap<TxHash, Seen> {
    let rejection = Some(Rejection::new(reason.0, reason.1, "log"));
    BTreeMap::from([(OURS, Seen { height: Height(height), rejection, gas_used: 9, sequence_after })])
}

fn scan(ours: Option<u64>) -> Option<Scan> {
    Some(Scan { ours: ours.map(|height| (OURS, Height(height))).into_iter().collect(), other: None })
}

fn decide(view: &View) -> Step {
    decide_of(&[attempt()], view)
}

fn decide_of(attempts: &[Attempt], view: &View) -> Step {
    next(&Rules::ADVISED, Flight { attempts, sent: Some(Height(PLANNED)), every: 2 }, view)
}

fn ended(end: End) -> Step {
    Step::End(vec![(OURS, end)])
}

fn only(step: Step) -> End {
    let Step::End(ends) = step else { panic!("{step:?}") };
    let [(_, end)] = ends.try_into().unwrap();
    end
}

fn waits(view: &View) -> bool {
    matches!(decide(view), Step::Wait(_))
}

#[test]
fn the_bytes_go_out_at_once_and_each_second_block_until_the_timeout() {
    let broadcasts = |sent: Option<u64>, height: u64| {
        let flight = Flight { attempts: &[attempt()], sent: sent.map(Height), every: 2 };
        next(&Rules::ADVISED, flight, &view(height, S)) == Step::Broadcast
    };
    assert!(broadcasts(None, 100));
    assert!(!broadcasts(Some(100), 100));
    assert!(!broadcasts(Some(100), 101));
    assert!(broadcasts(Some(100), 102));
    assert!(broadcasts(Some(117), 119));
    assert!(broadcasts(None, 119));
    assert!(!broadcasts(None, 120), "the next block is too late");
    assert!(!broadcasts(Some(110), 90), "a node that is behind is not trusted with anything");
}

#[test]
fn landed_is_a_block_with_success_and_a_used_number() {
    let landed = End::Landed { height: Height(105), hash: OURS, fee: Coin::uakt(5_000), gas_used: 9 };
    for height in [105, 120, 500] {
        let seen = View { results: ok(105), ..view(height, S + 1) };
        assert_eq!(decide(&seen), ended(landed.clone()));
    }
    // The result was read after the account: it may be of a later block, which the next look shows whole.
    assert!(waits(&View { results: ok(105), ..view(104, S) }));
    assert!(waits(&View { results: ok(105), ..view(104, S + 1) }));
}

#[test]
fn contradictions_end_nothing() {
    for contradiction in [
        View { results: ok(105), ..view(106, S) },
        View { results: ok(100), ..view(106, S + 1) },
        View { results: ok(121), ..view(130, S + 1) },
        view(99, S),
        view(110, S - 1),
        View { results: ok(105), ..view(130, S) },
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
        let seen = View { results: rejected(105, closed, after), ..view(106, S + 1) };
        let seen = if after.is_none() { View { scan: scan(Some(105)), ..seen } } else { seen };
        let End::Failed { height, fee, hash, rejection } = only(decide(&seen)) else { panic!() };
        assert_eq!((height, fee, hash), (Some(Height(105)), Some(Coin::uakt(5_000)), Some(OURS)));
        assert!(rejection.is(closed));
    }
}

#[test]
fn a_code_in_a_block_that_did_not_use_the_number_ends_nothing_before_the_timeout() {
    let not_charged = rejected(105, Rejection::INSUFFICIENT_FUNDS, Some(S));
    assert!(waits(&View { results: not_charged.clone(), ..view(101, S) }));
    assert_eq!(decide(&View { results: not_charged.clone(), ..view(106, S) }), Step::Broadcast);
    let late = View { results: not_charged.clone(), ..view(121, S) };
    assert!(matches!(only(decide(&late)), End::Dead { evidence: Evidence::Expired { .. }, .. }));
    // Somebody else used the number afterwards: not this attempt's failure, and no fee of its.
    let foreign = View { results: not_charged, scan: scan(Some(105)), ..view(110, S + 1) };
    assert!(matches!(only(decide(&foreign)), End::Dead { evidence: Evidence::SequenceUsed { .. }, .. }));
    // A later block holds it too, and the node's result is still that of the earlier one.
    assert!(waits(&View { scan: scan(Some(109)), ..foreign }));
}

#[test]
fn a_wrong_number_in_a_block_means_that_another_used_it() {
    let wrong = View { results: rejected(105, Rejection::WRONG_SEQUENCE, Some(S + 1)), ..view(106, S + 1) };
    assert_eq!(decide(&wrong), Step::Scan);
    let seen = View { scan: scan(Some(105)), ..wrong };
    assert!(matches!(only(decide(&seen)), End::Dead { evidence: Evidence::SequenceUsed { .. }, .. }));
}

#[test]
fn a_number_unused_past_the_timeout_is_death_and_needs_no_block() {
    assert!(waits(&view(120, S)), "the timeout's block may hold it, and its result not be known yet");
    for height in [121, 100_000] {
        let evidence = Evidence::Expired { from: Height(100), to: Height(120), seen_at: Height(height) };
        assert_eq!(decide(&view(height, S)), ended(End::Dead { hash: OURS, evidence }));
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
    let found = Scan { other: Some((Height(104), THEIRS)), ..Scan::default() };
    let evidence = Evidence::SequenceUsed {
        from: Height(100),
        to: Height(106),
        seen_at: Height(106),
        by: Some((Height(104), THEIRS)),
    };
    let dead = decide(&View { scan: Some(found), ..view(106, S + 1) });
    assert_eq!(dead, ended(End::Dead { hash: OURS, evidence }));
    // Long after, only blocks up to the timeout count.
    let late = decide(&View { scan: scan(None), ..view(500, S + 1) });
    let evidence =
        Evidence::SequenceUsed { from: Height(100), to: Height(120), seen_at: Height(500), by: None };
    assert_eq!(late, ended(End::Dead { hash: OURS, evidence }));
}

/// The attempt, and a dearer one that was made at block 104.
fn replaced() -> [Attempt; 2] {
    let dearer = Attempt {
        hash: DEARER,
        planned: Height(104),
        timeout: Height(124),
        fee: Coin::uakt(7_500),
        ..attempt()
    };
    [attempt(), dearer]
}

const DEARER: TxHash = TxHash([3; 32]);

#[test]
fn what_is_too_cheap_is_replaced_at_the_same_number_three_times_at_most_and_not_at_the_last_moment() {
    let cheap = |height| View { too_cheap: true, ..view(height, S) };
    assert_eq!(decide(&cheap(104)), Step::Replace);
    assert_eq!(decide_of(&replaced(), &cheap(104)), Step::Replace);
    let four = [replaced(), replaced()].concat();
    assert_eq!(decide_of(&four, &cheap(104)), Step::Broadcast);
    assert_eq!(decide(&cheap(119)), Step::Replace);
    assert!(waits(&cheap(120)));
    assert_eq!(decide(&View { too_cheap: true, ..view(106, S + 1) }), Step::Scan);
}

#[test]
fn when_one_of_a_number_happens_the_others_are_dead_by_it() {
    for (happens, other) in [(OURS, DEARER), (DEARER, OURS)] {
        let seen = Seen { height: Height(110), rejection: None, gas_used: 9, sequence_after: None };
        let seen = View { results: BTreeMap::from([(happens, seen)]), ..view(111, S + 1) };
        let Step::End(ends) = decide_of(&replaced(), &seen) else { panic!() };
        let [(first, landed), (second, dead)] = ends.try_into().unwrap();
        assert_eq!((first, second), (happens, other));
        assert!(landed.is_landed());
        let evidence = Evidence::SequenceUsed {
            from: Height(100),
            to: Height(111),
            seen_at: Height(111),
            by: Some((Height(110), happens)),
        };
        assert_eq!(dead, End::Dead { hash: other, evidence });
    }
}

#[test]
fn a_number_with_two_attempts_is_dead_after_the_later_timeout_only() {
    assert!(matches!(decide_of(&replaced(), &view(121, S)), Step::Broadcast));
    assert!(matches!(decide_of(&replaced(), &view(124, S)), Step::Wait(_)));
    let Step::End(ends) = decide_of(&replaced(), &view(125, S)) else { panic!() };
    assert_eq!(ends.len(), 2);
    assert!(ends.iter().all(|(_, end)| end.is_dead()));
}

#[test]
fn a_failure_is_not_final_while_a_sibling_may_have_used_the_number() {
    // The first one failed before it was charged, the second one was executed, and the index does not have it yet.
    for after in [Some(S + 1), None] {
        let results = rejected(105, Rejection::INSUFFICIENT_FUNDS, after);
        let seen = View { results, ..view(110, S + 1) };
        assert_eq!(decide_of(&replaced(), &seen), Step::Scan);
        let ours = BTreeMap::from([(OURS, Height(105)), (DEARER, Height(109))]);
        let seen = View { scan: Some(Scan { ours, other: None }), ..seen };
        assert!(matches!(decide_of(&replaced(), &seen), Step::Wait(_)), "{after:?}");
    }
}

#[test]
fn a_failure_whose_block_the_node_no_longer_knows_is_read_from_the_blocks() {
    let seen = View { results: rejected(105, Rejection::DEPLOYMENT_CLOSED, None), ..view(500, S + 1) };
    assert_eq!(decide(&seen), Step::Scan);
    assert!(matches!(only(decide(&View { scan: scan(Some(105)), ..seen.clone() })), End::Failed { .. }));
    let other = Scan { other: Some((Height(106), THEIRS)), ..scan(Some(105)).unwrap() };
    assert!(only(decide(&View { scan: Some(other), ..seen })).is_dead());
}

#[test]
fn an_intent_begins_where_its_attempts_stand() {
    let with = |end: Option<End>| Attempt { end, ..attempt() };
    let landed = End::Landed { height: Height(105), hash: OURS, fee: Coin::uakt(1), gas_used: 9 };
    let failed = |reason: (&str, u32)| {
        let rejection = Rejection::new(reason.0, reason.1, "log");
        with(Some(End::Failed { height: Some(Height(105)), rejection, fee: None, hash: Some(OURS) }))
    };
    let starved = failed(Rejection::OUT_OF_GAS);
    assert_eq!(begin(&[]), Begin::Plan { out_of_gas: None });
    assert_eq!(begin(&[starved.clone(), with(Some(landed.clone()))]), Begin::Done(landed));
    assert_eq!(begin(&[starved.clone(), with(None)]), Begin::Follow(vec![with(None)]));
    assert_eq!(begin(std::slice::from_ref(&starved)), Begin::Plan { out_of_gas: Some(OURS) });
    assert_eq!(begin(&[starved.clone(), failed(Rejection::UNAUTHORIZED)]), Begin::Plan { out_of_gas: None });
    let too_often = [starved.clone(), starved.clone(), starved];
    assert_eq!(begin(&too_often), Begin::Plan { out_of_gas: None });
}

#[test]
fn a_death_takes_two_endpoints_and_what_happened_takes_none_that_contradicts() {
    let evidence = Evidence::Expired { from: Height(100), to: Height(120), seen_at: Height(121) };
    let dead = vec![(OURS, End::Dead { hash: OURS, evidence })];
    let landed =
        vec![(OURS, End::Landed { height: Height(105), hash: OURS, fee: Coin::uakt(1), gas_used: 9 })];
    let shows = |height, step: &Step| Witness::Shows(Height(height), step.clone());
    let (is_dead, is_landed) = (Step::End(dead.clone()), Step::End(landed.clone()));
    let believes =
        |ends: &[(TxHash, End)], others: &[Witness]| believed(&Rules::ADVISED, ends, others).is_none();
    for (others, death, landing) in [
        (vec![], true, true),
        (vec![Witness::Silent], false, true),
        (vec![shows(121, &is_dead)], true, false),
        (vec![Witness::Silent, shows(121, &is_dead)], true, false),
        (vec![shows(121, &is_landed)], false, true),
        (vec![shows(121, &is_dead), shows(121, &is_landed)], true, true),
        (vec![shows(104, &Step::Broadcast)], false, true),
        (vec![shows(105, &Step::Broadcast)], false, false),
        (vec![shows(200, &Step::Wait("why"))], false, false),
    ] {
        assert_eq!((believes(&dead, &others), believes(&landed, &others)), (death, landing), "{others:?}");
    }
    let alone = Rules { witnesses: Witnesses::One, ..Rules::ADVISED };
    assert!(believed(&alone, &dead, &[Witness::Silent]).is_none());
}

#[test]
fn a_failure_in_a_block_past_the_timeout_is_nothing() {
    // Taken just before the timeout, held by the block after it, refused there.
    for after in [Some(S), None] {
        let late = View { results: rejected(121, Rejection::TIMED_OUT, after), ..view(121, S) };
        assert!(matches!(only(decide(&late)), End::Dead { evidence: Evidence::Expired { .. }, .. }));
        let used = View { results: rejected(121, Rejection::TIMED_OUT, after), ..view(125, S + 1) };
        assert_eq!(decide(&used), Step::Scan);
        assert!(only(decide(&View { scan: scan(None), ..used })).is_dead());
    }
    assert!(waits(&View { results: ok(121), ..view(125, S + 1) }), "executed there is not possible");
}
