//! Escrow to the micro-unit, as observed on a real node.

use akash_types::escrow::{AccountId, State as Flow};
use akash_types::msg::{AccountDeposit, CloseDeployment, CloseLease, StartGroup, WithdrawLease};
use akash_types::{BidState, CloseReason, DeploymentState, GroupState, LeaseState, OrderState};

use super::*;

impl World {
    pub(super) fn account(&self, id: &DeploymentId) -> akash_types::escrow::Account {
        self.chain.state().escrow_account(&AccountId::of_deployment(id)).unwrap().clone()
    }

    /// What an account has left as of its last settlement, in whole uact.
    pub(super) fn funds(&self, id: &DeploymentId) -> u128 {
        self.account(id).funds_in(&UACT).trunc().unwrap()
    }

    pub(super) fn top_up(&mut self, id: &DeploymentId, amount: u128) {
        let deposit = Funding::from_balance(Coin::uact(amount));
        self.ok(
            TENANT,
            AccountDeposit { signer: self.address(TENANT), id: AccountId::of_deployment(id), deposit },
        );
    }
}

#[test]
fn every_settlement_truncates() {
    let mut w = World::with_providers();
    let lease = w.lease(1_781_208_244_926, 5_000_000, "2.5");
    let mut taken = Vec::new();
    for idle in [3, 4, 4] {
        let before = w.uact(PROVIDER);
        w.blocks(idle);
        w.ok(PROVIDER, WithdrawLease { id: lease.clone() });
        taken.push(w.uact(PROVIDER) - before);
    }
    assert_eq!(taken, [10, 12, 12], "4 blocks, 5 blocks, 5 blocks at 2.5");
}

#[test]
fn funds_that_are_used_up_exactly_overdraw_nothing_yet() {
    let mut w = World::with_providers();
    let lease = w.lease(1_781_208_244_926, 500_000, "50000");
    w.blocks(9);
    w.ok(PROVIDER, WithdrawLease { id: lease.clone() });
    let account = w.account(lease.deployment());
    assert_eq!((account.state, account.funds_in(&UACT)), (Flow::Open, Dec::ZERO));
    w.ok(PROVIDER, WithdrawLease { id: lease.clone() });
    assert_eq!(w.account(lease.deployment()).state, Flow::Overdrawn);
}

#[test]
fn an_overdraft_closes_everything_and_a_later_deposit_only_pays_the_debt() {
    let mut w = World::with_providers();
    let before = w.uact(PROVIDER);
    let lease = w.lease(1_781_208_244_926, 500_000, "100000");
    w.blocks(6);
    assert_eq!(w.account(lease.deployment()).state, Flow::Open, "nobody has settled");
    let out = w.ok(PROVIDER, WithdrawLease { id: lease.clone() });
    let kinds: Vec<&str> = out.events.iter().filter_map(|e| e.kind.strip_prefix("akash.")).collect();
    assert_eq!(
        kinds,
        [
            "deployment.v1.EventDeploymentClosed",
            "deployment.v1.EventGroupClosed",
            "market.v1.EventOrderClosed",
            "market.v1.EventBidClosed",
            "market.v1.EventLeaseClosed"
        ]
    );
    let state = w.chain.state();
    let id = lease.deployment().clone();
    assert_eq!(state.deployments.get(&id).unwrap().state, DeploymentState::Closed);
    assert_eq!(state.groups_of(&id)[0].state, GroupState::InsufficientFunds);
    assert_eq!(state.orders.get(&lease.order).unwrap().state, OrderState::Closed);
    assert_eq!(state.bids.get(&lease.bid()).unwrap().state, BidState::Closed);
    let ended = state.leases.get(&lease).unwrap();
    assert_eq!((ended.state, ended.reason), (LeaseState::InsufficientFunds, CloseReason::InsufficientFunds));
    let payment = state.payment_of(&lease).unwrap();
    assert_eq!((payment.state, payment.unsettled.amount), (Flow::Overdrawn, dec("200000")));
    assert_eq!(w.uact(PROVIDER), before + 500_000, "what was there, and the bid's deposit");
    let account = w.account(&id);
    assert_eq!((account.state, account.funds_in(&UACT)), (Flow::Overdrawn, dec("-200000")));

    assert_eq!(code(&w.delivered_refusal(TENANT, CloseDeployment { id: id.clone() })), ("deployment", 5));
    let tenant = w.uact(TENANT);
    w.top_up(&id, 150_000);
    assert_eq!(w.account(&id).funds_in(&UACT), dec("-50000"));
    w.top_up(&id, 300_000);
    let account = w.account(&id);
    assert_eq!((account.state, account.funds_in(&UACT)), (Flow::Closed, Dec::ZERO));
    assert_eq!(w.uact(TENANT), tenant - 200_000, "the debt, and the rest is back at once");
    assert_eq!(w.uact(PROVIDER), before + 700_000);
    assert_eq!(w.chain.state().deployments.get(&id).unwrap().state, DeploymentState::Closed);
    w.ok(TENANT, StartGroup { id: id.group(1) });
}

#[test]
fn a_late_top_up_before_any_settlement_saves_the_deployment() {
    let mut w = World::with_providers();
    let before = w.uact(PROVIDER);
    let lease = w.lease(1_781_208_244_926, 500_000, "100000");
    let start = w.height();
    w.blocks(8);
    w.top_up(lease.deployment(), 5_000_000);
    w.ok(PROVIDER, WithdrawLease { id: lease.clone() });
    assert_eq!(w.account(lease.deployment()).state, Flow::Open);
    let earned = 100_000 * u128::from(w.height().since(start));
    assert_eq!(w.uact(PROVIDER), before - 500_000 + earned, "the arrears are paid from the new money");
}

#[test]
fn a_lease_closed_when_the_money_is_gone_is_closed_and_nothing_is_ordered() {
    let mut w = World::with_providers();
    let lease = w.lease(1_781_208_244_926, 500_000, "100000");
    w.blocks(6);
    w.ok(TENANT, CloseLease { id: lease.clone() });
    let state = w.chain.state();
    assert_eq!(state.leases.get(&lease).unwrap().reason, CloseReason::Owner);
    assert_eq!(state.groups_of(lease.deployment())[0].state, GroupState::InsufficientFunds);
    assert_eq!(state.orders_of(&lease.order.group).len(), 1);
}

#[test]
fn two_leases_that_run_dry_are_served_in_the_order_of_their_keys() {
    let mut w = World::with_providers();
    let id = w.deployment(1_781_208_244_926);
    let mut creation = creation(&id, 500_000);
    creation.groups.push(group("g2", 100_000));
    w.ok(TENANT, creation);
    let bids =
        [id.group(1).order(1).bid(w.address(PROVIDER)), id.group(2).order(1).bid(w.address(PROVIDER_2))];
    w.ok(PROVIDER, offer(&bids[0], "100000"));
    w.ok(PROVIDER_2, offer(&bids[1], "50000"));
    let leases = bids.iter().map(|bid| CreateLease { bid: bid.clone() }.into()).collect();
    assert_eq!(w.send(TENANT, leases).unwrap().rejection, None);
    let providers = |w: &World| (w.uact(PROVIDER), w.uact(PROVIDER_2));
    let before = providers(&w);
    w.blocks(8);
    w.ok(PROVIDER, WithdrawLease { id: bids[0].lease() });
    let unsettled =
        |w: &World, n: usize| w.chain.state().payment_of(&bids[n].lease()).unwrap().unsettled.amount;
    assert_eq!((unsettled(&w, 0), unsettled(&w, 1)), (dec("400000"), dec("450000")));
    // Both have their bids' deposits back; all that there was went to the first.
    assert_eq!(providers(&w), (before.0 + 500_000 + 500_000, before.1 + 500_000));
    assert_eq!(w.account(&id).funds_in(&UACT), dec("-850000"));
    for bid in &bids {
        let lease = w.chain.state().leases.get(&bid.lease()).unwrap();
        assert_eq!(
            (lease.state, lease.reason),
            (LeaseState::InsufficientFunds, CloseReason::InsufficientFunds),
            "{bid}"
        );
    }
    w.top_up(&id, 300_000);
    assert_eq!((unsettled(&w, 0), unsettled(&w, 1)), (dec("100000"), dec("450000")), "the first debt again");
    assert_eq!(providers(&w), (before.0 + 1_300_000, before.1 + 500_000));
    assert_eq!(w.account(&id).funds_in(&UACT), dec("-550000"));
}

#[test]
fn a_lease_cannot_be_made_when_the_money_is_gone_and_nothing_is_closed() {
    let mut w = World::with_providers();
    let id = w.deployment(1_781_208_244_926);
    let mut creation = creation(&id, 500_000);
    creation.groups.push(group("g2", 100_000));
    w.ok(TENANT, creation);
    let first = id.group(1).order(1).bid(w.address(PROVIDER));
    let second = id.group(2).order(1).bid(w.address(PROVIDER_2));
    w.ok(PROVIDER, offer(&first, "100000"));
    w.ok(PROVIDER_2, offer(&second, "50000"));
    w.ok(TENANT, CreateLease { bid: first });
    w.blocks(8);
    let refusal = w.delivered_refusal(TENANT, CreateLease { bid: second });
    assert_eq!(code(&refusal), ("escrow", 4));
    assert_eq!(w.account(&id).state, Flow::Open);
}

/// Defects of a real node that its clients have to live with.
#[test]
fn a_second_settlement_in_a_block_finds_no_open_payment() {
    let mut w = World::with_providers();
    let lease = w.lease(1_781_208_244_926, 5_000_000, "10");
    let twice = vec![WithdrawLease { id: lease.clone() }.into(), WithdrawLease { id: lease.clone() }.into()];
    let refusal = w.send(PROVIDER, twice).unwrap().rejection.unwrap();
    assert_eq!(code(&refusal), ("undefined", 111_222));
    assert!(refusal.log.starts_with("recovered: couldn't find payment"), "{}", refusal.log);

    // The provider withdraws and the tenant closes in the same block: the payment survives its lease.
    let withdrawal = w.broadcast(PROVIDER, vec![WithdrawLease { id: lease.clone() }.into()]).unwrap();
    let end = w.broadcast(TENANT, vec![CloseLease { id: lease.clone() }.into()]).unwrap();
    w.blocks(1);
    assert_eq!((w.outcome(&withdrawal).rejection, w.outcome(&end).rejection), (None, None));
    let state = w.chain.state();
    assert_eq!(state.leases.get(&lease).unwrap().state, LeaseState::Closed);
    assert_eq!(state.payment_of(&lease).unwrap().state, Flow::Open);
}

#[test]
fn a_number_that_begins_another_ends_the_other_lease_too() {
    let mut w = World::with_providers();
    let short = w.create(12, 5_000_000);
    let long = w.lease(123, 5_000_000, "10");
    let provider = w.uact(PROVIDER);
    w.blocks(3);
    let out = w.ok(TENANT, CloseDeployment { id: short.clone() });
    let kinds: Vec<&str> = out.events.iter().filter_map(|e| e.kind.strip_prefix("akash.")).collect();
    assert_eq!(
        kinds,
        [
            "deployment.v1.EventDeploymentClosed",
            "deployment.v1.EventGroupClosed",
            "market.v1.EventOrderClosed",
            "market.v1.EventOrderClosed",
            "market.v1.EventBidClosed",
            "market.v1.EventLeaseClosed"
        ],
        "its own group and order, and what is the other's"
    );
    let about = |kind: &str| {
        let ended = out.events.iter().filter(|e| e.kind.ends_with(kind));
        let ids = ended.filter_map(|e| e.attributes.iter().find(|(name, _)| *name == "id"));
        ids.filter(|(_, id)| id.contains(r#""dseq":"123""#)).count()
    };
    let of_the_other = ["EventOrderClosed", "EventBidClosed", "EventLeaseClosed", "EventDeploymentClosed"];
    assert_eq!(of_the_other.map(about), [1, 1, 1, 0], "in the same transaction");

    let state = w.chain.state();
    let lease = state.leases.get(&long).unwrap();
    assert_eq!((lease.state, lease.reason), (LeaseState::Closed, CloseReason::Unspecified));
    assert_eq!(state.orders.get(&long.order).unwrap().state, OrderState::Closed);
    assert_eq!(state.bids.get(&long.bid()).unwrap().state, BidState::Closed);
    assert_eq!(state.deployments.get(long.deployment()).unwrap().state, DeploymentState::Active);
    assert_eq!(state.groups_of(long.deployment())[0].state, GroupState::Open);

    // The short number pays for the long one's lease, and for blocks before there was one: they count from its own start.
    let blocks = u128::from(w.height().since(state.deployments.get(&short).unwrap().created_at));
    assert_eq!(w.uact(PROVIDER), provider + 500_000 + 10 * blocks, "the bid's deposit, and the pay");
    let (charged, spared) = (w.account(&short), w.account(long.deployment()));
    let transferred = |account: &akash_types::escrow::Account| account.transferred[0].amount;
    assert_eq!((transferred(&charged), transferred(&spared)), (dec(&(10 * blocks).to_string()), Dec::ZERO));
    assert_eq!((spared.state, spared.funds_in(&UACT)), (Flow::Open, dec("5000000")));
}
