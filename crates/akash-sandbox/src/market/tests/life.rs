//! A deployment from its order to its refund.

use akash_types::msg::{
    CloseBid, CloseDeployment, CloseLease, PauseGroup, StartGroup, StartReclaim, UpdateDeployment,
    WithdrawLease,
};
use akash_types::{BidState, CloseReason, DeploymentState, GroupState, LeaseState, OrderState};

use super::*;

fn kinds(outcome: &Outcome) -> Vec<&str> {
    outcome
        .events
        .iter()
        .filter_map(|e| e.kind.strip_prefix("akash."))
        .filter_map(|k| k.rsplit('.').next())
        .collect()
}

#[test]
fn a_lease_is_paid_per_block_and_the_rest_comes_back() {
    let mut w = World::with_providers();
    let (tenant, provider) = (w.uact(TENANT), w.uact(PROVIDER));
    let lease = w.lease(1_781_208_244_926, 5_000_000, "2");
    assert_eq!(w.uact(TENANT), tenant - 5_000_000);
    assert_eq!(w.uact(PROVIDER), provider - 500_000);
    let start = w.height();
    w.blocks(10);
    let out = w.ok(PROVIDER, WithdrawLease { id: lease.clone() });
    let withdrawn = 2 * u128::from(w.height().since(start));
    assert_eq!(withdrawn, 22);
    assert_eq!(w.uact(PROVIDER), provider - 500_000 + withdrawn);
    assert!(kinds(&out).is_empty(), "withdrawing says nothing of its own");
    let payment = w.chain.state().payment_of(&lease).unwrap().clone();
    assert_eq!(payment.withdrawn, Coin::uact(withdrawn));

    let out = w.ok(TENANT, CloseDeployment { id: lease.deployment().clone() });
    assert_eq!(
        kinds(&out),
        [
            "EventDeploymentClosed",
            "EventGroupClosed",
            "EventOrderClosed",
            "EventBidClosed",
            "EventLeaseClosed"
        ]
    );
    let cost = 2 * u128::from(w.height().since(start));
    assert_eq!(w.uact(TENANT), tenant - cost, "the tenant pays for the blocks and nothing else");
    assert_eq!(w.uact(PROVIDER), provider + cost, "the provider has its deposit back and the pay");
    let state = w.chain.state();
    let ended = state.leases.get(&lease).unwrap();
    assert_eq!((ended.state, ended.reason), (LeaseState::Closed, CloseReason::Owner));
    assert_eq!(ended.closed_on, w.height());
    assert_eq!(state.deployments.get(lease.deployment()).unwrap().state, DeploymentState::Closed);
    assert_eq!(state.groups_of(lease.deployment())[0].state, GroupState::Closed);
    let escrow: Address = genesis::ESCROW.parse().unwrap();
    assert_eq!(state.balance(&escrow, &UACT), 0, "nothing stays behind");
}

#[test]
fn the_first_loser_is_refunded_and_further_ones_are_not() {
    let mut w = World::with_providers();
    let third = w.provider(TREASURY);
    w.ok(TREASURY, CreateProvider { provider: third });
    let id = w.create(1_781_208_244_926, 5_000_000);
    let winner = w.bid(PROVIDER, &id, "2");
    // In the order of their addresses: treasury akash10r…, provider-2 akash16n…, provider akash1pd….
    let before = (w.uact(TREASURY), w.uact(PROVIDER_2));
    let first = w.bid(TREASURY, &id, "3");
    let second = w.bid(PROVIDER_2, &id, "4");
    let out = w.ok(TENANT, CreateLease { bid: winner });
    assert_eq!(kinds(&out), ["EventLeaseCreated"]);
    let state = |w: &World, bid: &BidId| w.chain.state().bids.get(bid).unwrap().state;
    assert_eq!((state(&w, &first), w.uact(TREASURY)), (BidState::Lost, before.0));
    assert_eq!((state(&w, &second), w.uact(PROVIDER_2)), (BidState::Open, before.1 - 500_000));
    let refusal = w.delivered_refusal(TREASURY, CloseBid { id: first, reason: CloseReason::Unspecified });
    assert_eq!(code(&refusal), ("market", 8));
    w.ok(PROVIDER_2, CloseBid { id: second, reason: CloseReason::Unspecified });
    assert_eq!(w.uact(PROVIDER_2), before.1);
}

#[test]
fn the_close_of_a_deployment_ends_and_refunds_what_was_left_open() {
    let mut w = World::with_providers();
    let third = w.provider(TREASURY);
    w.ok(TREASURY, CreateProvider { provider: third });
    let id = w.create(1_781_208_244_926, 5_000_000);
    let winner = w.bid(PROVIDER, &id, "2");
    let before = (w.uact(TREASURY), w.uact(PROVIDER_2));
    w.bid(TREASURY, &id, "3");
    let left = w.bid(PROVIDER_2, &id, "4");
    w.ok(TENANT, CreateLease { bid: winner.clone() });
    assert_eq!(w.chain.state().bids.get(&left).unwrap().state, BidState::Open, "nobody has refunded it");
    let out = w.ok(TENANT, CloseDeployment { id });
    assert_eq!(
        kinds(&out),
        [
            "EventDeploymentClosed",
            "EventGroupClosed",
            "EventOrderClosed",
            "EventBidClosed",
            "EventBidClosed",
            "EventLeaseClosed"
        ],
        "the lost bid was over before"
    );
    let state = |bid: &BidId| w.chain.state().bids.get(bid).unwrap().state;
    assert_eq!((state(&left), state(&winner)), (BidState::Closed, BidState::Closed));
    assert_eq!((w.uact(TREASURY), w.uact(PROVIDER_2)), before, "nobody is refunded twice");
    let escrow: Address = genesis::ESCROW.parse().unwrap();
    assert_eq!(w.chain.state().balance(&escrow, &UACT), 0, "nothing stays behind");
}

#[test]
fn notice_is_given_waited_for_and_over() {
    const WINDOW: u64 = 3_600;
    let mut w = World::with_providers();
    let id = w.create(1_781_208_244_926, 5_000_000);
    let bid = id.group(1).order(1).bid(w.address(PROVIDER));
    w.ok(PROVIDER, CreateBid { reclamation_window: Some(WINDOW), ..offer(&bid, "2") });
    w.ok(TENANT, CreateLease { bid: bid.clone() });
    let lease = bid.lease();
    let end = CloseBid { id: bid.clone(), reason: CloseReason::Unstable };
    assert_eq!(code(&w.delivered_refusal(PROVIDER, end.clone())), ("market", 37), "not without notice");

    let notice = StartReclaim { id: lease.clone(), reason: CloseReason::Decommission };
    let out = w.ok(PROVIDER, notice.clone());
    assert_eq!(kinds(&out), ["EventLeaseReclaimStarted"]);
    let deadline = w.chain.state().time_ms / 1_000 + WINDOW;
    let told = |w: &World| w.chain.state().leases.get(&lease).unwrap().clone();
    let reclamation = told(&w).reclamation.unwrap();
    assert_eq!((reclamation.started_at, reclamation.deadline), (w.height(), deadline), "in Unix seconds");
    assert_eq!((reclamation.window, reclamation.reason), (WINDOW, CloseReason::Decommission));
    assert_eq!((told(&w).state, told(&w).reason), (LeaseState::Reclaiming, CloseReason::None));
    assert_eq!(w.chain.state().bids.get(&bid).unwrap().state, BidState::Active);
    assert_eq!(code(&w.delivered_refusal(PROVIDER, notice)), ("market", 10));
    assert_eq!(code(&w.delivered_refusal(PROVIDER, end.clone())), ("market", 38));

    // It runs and is paid as before, until the deadline.
    w.ok(PROVIDER, WithdrawLease { id: lease.clone() });
    let before = w.uact(PROVIDER);
    let funds = w.funds(&id);
    w.blocks(4);
    w.top_up(&id, 1_000_000);
    w.ok(PROVIDER, WithdrawLease { id: lease.clone() });
    assert_eq!(w.uact(PROVIDER), before + 2 * 6);
    assert_eq!(w.funds(&id), funds + 1_000_000 - 2 * 6);
    while w.chain.state().time_ms / 1_000 + BLOCK_MS / 1_000 < deadline - BLOCK_MS / 1_000 {
        w.blocks(1);
    }
    assert_eq!(code(&w.delivered_refusal(PROVIDER, end.clone())), ("market", 38), "seconds are missing");
    assert!(w.chain.state().time_ms / 1_000 < deadline);
    let out = w.ok(PROVIDER, end);
    assert!(w.chain.state().time_ms / 1_000 >= deadline);
    assert_eq!(kinds(&out), ["EventGroupPaused", "EventLeaseClosed", "EventBidClosed", "EventOrderClosed"]);
    assert_eq!((told(&w).state, told(&w).reason), (LeaseState::Closed, CloseReason::Unstable));
    assert_eq!(told(&w).reclamation.unwrap().reason, CloseReason::Decommission, "the first reason stays");
}

#[test]
fn a_closed_lease_opens_the_next_order_and_a_closed_bid_pauses_the_group() {
    let mut w = World::with_providers();
    let lease = w.lease(1_781_208_244_926, 5_000_000, "2");
    let out = w.ok(TENANT, CloseLease { id: lease.clone() });
    assert_eq!(
        kinds(&out),
        ["EventLeaseClosed", "EventBidClosed", "EventOrderClosed", "EventOrderCreated"],
        "as a real node orders them"
    );
    let group = lease.order.group;
    let bid = group.order(2).bid(w.address(PROVIDER));
    w.ok(PROVIDER, offer(&bid, "2.5"));
    w.ok(TENANT, CreateLease { bid: bid.clone() });
    let out = w.ok(PROVIDER, CloseBid { id: bid.clone(), reason: CloseReason::Unstable });
    assert_eq!(kinds(&out), ["EventGroupPaused", "EventLeaseClosed", "EventBidClosed", "EventOrderClosed"]);
    let state = w.chain.state();
    assert_eq!(state.groups.get(&group).unwrap().state, GroupState::Paused);
    assert_eq!(state.leases.get(&bid.lease()).unwrap().reason, CloseReason::Unstable);
    let out = w.ok(TENANT, StartGroup { id: group.clone() });
    assert_eq!(kinds(&out), ["EventGroupStarted", "EventOrderCreated"]);
    assert_eq!(w.chain.state().orders.get(&group.order(3)).unwrap().state, OrderState::Open);
    let out = w.ok(TENANT, PauseGroup { id: group });
    assert_eq!(kinds(&out), ["EventGroupPaused", "EventOrderClosed"]);
}

#[test]
fn an_update_changes_the_version_only() {
    let mut w = World::new();
    let id = w.create(1_781_208_244_926, 500_000);
    let out = w.ok(TENANT, UpdateDeployment { id: id.clone(), hash: [8; 32] });
    assert_eq!(kinds(&out), ["EventDeploymentUpdated"]);
    let event = out.events.iter().find(|e| e.kind.starts_with("akash.")).unwrap();
    let hash = ("hash", "\"CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=\"".to_owned());
    assert_eq!(event.attributes[0], hash);
    let owner = w.address(TENANT);
    assert_eq!(event.attributes[1], ("id", format!(r#"{{"owner":"{owner}","dseq":"1781208244926"}}"#)));
    assert_eq!(event.attributes[2], ("msg_index", "0".to_owned()));
    assert_eq!(w.chain.state().deployments.get(&id).unwrap().hash, [8; 32]);
}

/// Figures recorded from a real node; the model may differ by a quarter.
#[test]
fn gas_is_close_to_a_real_node_and_simulation_tells_it() {
    let mut w = World::with_providers();
    let id = w.deployment(1_781_208_244_926);
    let bid = id.group(1).order(1).bid(w.address(PROVIDER));
    let lease = bid.lease();
    let steps: [(usize, Msg, u64); 5] = [
        (TENANT, creation(&id, 5_000_000).into(), 159_040),
        (PROVIDER, offer(&bid, "2").into(), 121_441),
        (TENANT, CreateLease { bid }.into(), 164_000),
        (PROVIDER, WithdrawLease { id: lease }.into(), 101_339),
        (TENANT, CloseDeployment { id }.into(), 270_000),
    ];
    for (who, message, real) in steps {
        // A simulation runs at the height of the newest block: in the block of another settlement a withdrawal panics.
        w.blocks(1);
        let draft = w.draft(who, vec![message.clone()]);
        let simulated = w.chain.simulate(&draft.for_simulation(w.keys[who].public_key())).unwrap();
        let used = w.send(who, vec![message.clone()]).unwrap().gas_used;
        let fits = |gas: u64| gas.abs_diff(real) < real / 4;
        assert!(fits(used) && fits(simulated.gas_used), "{message:?}: {used}, {}", simulated.gas_used);
        assert!(simulated.gas_used <= used && used - simulated.gas_used < 2_000);
    }
}
