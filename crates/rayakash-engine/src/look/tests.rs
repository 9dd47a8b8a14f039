//! What the chain shows, and what it means for a cluster.

use akash_types::{
    Bid, Coin, DecCoin, Deployment, DeploymentId, Dseq, Group, GroupSpec, Height, Order,
    PlacementRequirements, Reclamation,
};
use rayakash_core::view::LeaseFacts;

use super::*;
use crate::ports::ProviderFacts;

fn account(n: u8) -> Address {
    Address::from_bytes(&[n; 20]).unwrap()
}

fn deployment() -> DeploymentId {
    DeploymentId::new(account(200), Dseq::new(1_781_208_244_926).unwrap())
}

fn lease_of(oseq: u32) -> LeaseId {
    deployment().group(1).order(oseq).bid(account(1)).lease()
}

fn units(whole: i64) -> Dec {
    let size = Dec::from_int(whole.unsigned_abs());
    if whole < 0 { Dec::ZERO.checked_sub(size).unwrap() } else { size }
}

fn spec() -> GroupSpec {
    let requirements = PlacementRequirements::default();
    GroupSpec { name: "ray".to_owned(), requirements, units: vec![] }
}

fn leased() -> Lease {
    Lease {
        id: lease_of(1),
        state: LeaseState::Active,
        price: DecCoin::uact(units(100)),
        created_at: Height(100),
        closed_on: Height(0),
        reason: CloseReason::None,
        reclamation: None,
    }
}

/// A leased deployment that was settled in block 100 and has so much, at 100 uact a block.
fn record(funds: i64) -> Record {
    let group =
        Group { id: deployment().group(1), state: GroupState::Open, spec: spec(), created_at: Height(90) };
    Record {
        deployment: Deployment {
            id: deployment(),
            state: DeploymentState::Active,
            hash: [1; 32],
            created_at: Height(90),
            reclamation: None,
        },
        groups: vec![group],
        escrow: escrow::Account {
            id: escrow::AccountId::of_deployment(&deployment()),
            owner: account(200),
            state: escrow::State::Open,
            transferred: vec![DecCoin::uact(units(400))],
            settled_at: Height(100),
            funds: vec![DecCoin::uact(units(funds))],
            deposits: vec![],
        },
        order: None,
        bids: vec![],
        lease: Some(leased()),
        providers: BTreeMap::from([(
            account(1),
            ProviderFacts { host_uri: Some("https://one".to_owned()), audits: vec![], certified: true },
        )]),
    }
}

fn tip(height: u64) -> Tip {
    Tip { height: Height(height), time_ms: height * 6_000, block_ms: 6_000, stalled_since_ms: None }
}

fn opened() -> Opened {
    Opened { id: deployment(), generation: 1, deposited: 1_000, finished: None }
}

/// Settlement is lazy, so the figure on chain is old: what counts is the height.
#[test]
fn what_is_left_is_told_by_the_height_and_not_by_the_figure() {
    for (height, left) in [(90, 1_000), (100, 1_000), (101, 900), (110, 0), (115, -500)] {
        assert_eq!(escrow(&record(1_000), &leased(), &tip(height)), Escrow::Open(units(left)), "{height}");
    }
}

#[test]
fn funds_below_zero_are_frozen_and_overdue_is_not() {
    assert_eq!(escrow(&record(-500_000), &leased(), &tip(100)), Escrow::Frozen);
    assert_eq!(escrow(&record(-500_000), &leased(), &tip(900)), Escrow::Frozen);
    assert_eq!(escrow(&record(0), &leased(), &tip(101)), Escrow::Open(units(-100)));
}

#[test]
fn an_overdraft_is_a_dry_end_though_its_debt_was_paid_later() {
    let end = |change: fn(&mut Record)| {
        let mut record = record(-300);
        change(&mut record);
        let Placement::Closing { closed: Some(end), .. } = closed(&record, &opened()) else {
            panic!("not closed")
        };
        (end.dry, end.cost, end.refund)
    };
    let money = (Coin::uact(400), Coin::uact(600));
    let overdrawn = |record: &mut Record| record.escrow.state = escrow::State::Overdrawn;
    assert_eq!(end(overdrawn), (true, money.0.clone(), money.1.clone()));
    let paid = |record: &mut Record| {
        record.escrow.state = escrow::State::Closed;
        record.groups[0].state = GroupState::InsufficientFunds;
    };
    assert_eq!(end(paid), (true, money.0.clone(), money.1.clone()));
    let by_us = |record: &mut Record| {
        record.escrow.state = escrow::State::Closed;
        record.groups[0].state = GroupState::Closed;
    };
    assert_eq!(end(by_us), (false, money.0, money.1));
}

#[test]
fn a_lease_that_ended_under_an_active_deployment_is_lost_and_says_why() {
    let notice = |deadline| {
        Some(Reclamation { window: 60, started_at: Height(1), deadline, reason: CloseReason::Decommission })
    };
    let table = [
        (LeaseState::InsufficientFunds, CloseReason::InsufficientFunds, None, Loss::Unfunded),
        // Whoever settled it closed it with a reason of his own.
        (LeaseState::Closed, CloseReason::InsufficientFunds, None, Loss::Unfunded),
        (LeaseState::Closed, CloseReason::ManifestTimeout, None, Loss::ManifestLate),
        (LeaseState::Closed, CloseReason::Unstable, None, Loss::Unstable),
        (LeaseState::Closed, CloseReason::Owner, None, Loss::ClosedByOwner),
        (LeaseState::Closed, CloseReason::Decommission, notice(9), Loss::Expired),
        // Notice was promised and not given.
        (
            LeaseState::Closed,
            CloseReason::Decommission,
            notice(0),
            Loss::ClosedByProvider(CloseReason::Decommission),
        ),
        // So ends a lease whose number begins another one's, too.
        (
            LeaseState::Closed,
            CloseReason::Unspecified,
            None,
            Loss::ClosedByProvider(CloseReason::Unspecified),
        ),
    ];
    for (state, reason, reclamation, wanted) in table {
        let lease = Lease { state, reason, reclamation, ..leased() };
        let Placement::Lost { provider, loss, .. } = lost(&opened(), Some(&lease)) else {
            panic!("not lost")
        };
        assert_eq!((loss, provider), (wanted, Some(account(1))), "{state:?} {reason:?}");
    }
}

/// The chain leaves all losing bids but one open, for ever.
#[test]
fn an_open_bid_of_an_earlier_order_is_no_offer() {
    let mut record = record(1_000);
    record.order = Some(Order {
        id: deployment().group(1).order(2),
        state: OrderState::Open,
        spec: spec(),
        created_at: Height(120),
        reclamation: None,
    });
    let state_of = |oseq| {
        let bid = Bid {
            id: deployment().group(1).order(oseq).bid(account(1)),
            state: BidState::Open,
            price: DecCoin::uact(units(1)),
            created_at: Height(101),
            offer: vec![],
            reclamation_window: None,
        };
        offer(&bid, &record).bid.state
    };
    assert_eq!((state_of(1), state_of(2)), (BidState::Closed, BidState::Open));
}

/// A provider keeps a manifest for the deployment and runs it under the next lease too, then closes that one: it wants it again.
#[test]
fn what_was_sent_under_another_lease_was_not_sent_under_this() {
    let sends = vec![([1; 32], 5)];
    let facts = LeaseFacts { sends, ..LeaseFacts::default() };
    let history = History { leases: BTreeMap::from([(lease_of(1), facts)]), ..History::default() };
    assert_eq!(manifest(&history, &lease_of(1)), Manifest::Accepted([1; 32]));
    assert_eq!(manifest(&history, &lease_of(2)), Manifest::Unsent);
}

#[test]
fn a_provider_that_leaves_says_when() {
    let notice = Reclamation {
        window: 3_600,
        started_at: Height(100),
        deadline: 4_200,
        reason: CloseReason::Decommission,
    };
    let leaving = Lease { state: LeaseState::Reclaiming, reclamation: Some(notice), ..leased() };
    assert_eq!(leaves_ms(&leaving, &tip(100)), Some(4_200_000));
    // Promised is not given.
    let promised = Lease { reclamation: Some(notice), ..leased() };
    assert_eq!(leaves_ms(&promised, &tip(100)), None);
}
