//! One test per row of `docs/lifecycle.md`. `check` runs on every decision that is made here.

mod escrow;
mod leaving;
mod recovery;
pub(crate) mod world;

use akash_types::{CloseReason, Coin, Dec, Height};

use self::world::{World, bidding, closing, lease_of, leased, lost, offer, provider, version};
use super::*;
use crate::act::Row;
use crate::view::{Doubt, Escrow, Loss, Manifest, Ray, Try};

#[test]
fn r1_nothing_wanted_and_nothing_there() {
    let decision = World::new().unwanted().decide();
    assert_eq!((decision.row, decision.acts.len(), decision.words().as_str()), (Row(1), 0, "gone"));
}

#[test]
fn r2_in_doubt_nothing_is_done() {
    let doubt = Doubt {
        intent: "i-1".to_owned(),
        act: "open-deployment".to_owned(),
        tx: Some("AB".to_owned()),
        dead_at: Some(Height(120)),
    };
    for world in [World::new(), World::new().unwanted()] {
        let decision = world.place(1, Placement::InDoubt(doubt.clone())).decide();
        assert_eq!(decision.row, Row(2));
        assert!(decision.acts.is_empty());
        assert_eq!(decision.words(), "settling: open-deployment");
    }
}

#[test]
fn r3_paused_spends_nothing_and_closes() {
    let paused = |world: World| world.view(|v| v.wallet.paused = true);
    assert_eq!(paused(World::new()).decide().waiting, Some(Waiting::Paused));
    let closes = paused(World::new().unwanted()).place(1, leased(1)).decide();
    assert_eq!(closes.row, Row(23));
}

#[test]
fn r3_on_a_chain_that_is_not_known_nothing_is_opened_or_paid_in_and_everything_closes() {
    let why = "the node is version v3.0.0".to_owned();
    let told = Some(Waiting::UnknownVersion { why: why.clone() });
    let unknown = |world: World| world.view(|v| v.unknown = Some(why.clone()));
    let order = unknown(World::new()).decide();
    assert_eq!((order.row, order.acts.len(), order.waiting), (Row(3), 0, told.clone()));
    let lease = unknown(World::new()).height(110).place(1, bidding(100, vec![offer(1, 50)])).decide();
    assert_eq!((lease.acts.len(), lease.waiting), (0, told.clone()));
    let collecting = unknown(World::new()).height(101).place(1, bidding(100, vec![offer(1, 50)])).decide();
    assert_eq!((collecting.row, collecting.waiting), (Row(8), told.clone()));
    let running = unknown(World::new()).place(1, leased(1)).probed().decide();
    assert_eq!((running.row, running.waiting), (Row(19), told), "it goes on, and says why nobody tops it up");
    let closes = unknown(World::new().unwanted()).place(1, leased(1)).decide();
    assert_eq!((closes.row, closes.acts.iter().any(Act::signs)), (Row(23), true));
    let lost = unknown(World::new()).place(1, lost(1, Loss::Unstable)).decide();
    assert!(lost.acts.iter().any(|act| matches!(act, Act::CloseDeployment { .. })), "{lost:?}");
}

#[test]
fn r3_locked_or_stalled_signs_nothing() {
    let locked = World::new().view(|v| v.wallet.locked_since_ms = Some(5));
    assert_eq!(locked.decide().waiting, Some(Waiting::Locked { since_ms: 5 }));
    for world in [World::new(), World::new().unwanted().place(1, leased(1))] {
        let stalled = world.view(|v| v.tip.stalled_since_ms = Some(7));
        assert_eq!(stalled.decide().waiting, Some(Waiting::ChainStalled { since_ms: 7 }));
    }
}

#[test]
fn r3_a_chain_that_stands_still_freezes_deadlines() {
    let late = World::new().height(10_000).place(1, leased(1)).view(|v| v.tip.stalled_since_ms = Some(7));
    assert_eq!(late.decide().waiting, Some(Waiting::ChainStalled { since_ms: 7 }));
}

#[test]
fn r4_a_cap_or_the_balance_forbids() {
    let cap = |world: World| match world.decide() {
        Decision { row: Row(4), waiting: Some(Waiting::Budget { cap, .. }), acts } if acts.is_empty() => cap,
        other => panic!("{other:?}"),
    };
    assert_eq!(cap(World::new().view(|v| v.wallet.uact = 1)), "wallet balance");
    assert_eq!(cap(World::new().view(|v| v.wallet.uakt = 1)), "fee reserve");
    assert_eq!(cap(World::new().wish(|w| w.cluster.budget.max_total = Some(1))), "budget.max_usd_total");
    assert_eq!(
        cap(World::new().wish(|w| w.cluster.budget.max_per_hour = Some(1))),
        "budget.max_usd_per_hour"
    );
}

#[test]
fn r5_backs_off_longer_after_each_try() {
    let failed = |times: usize| {
        let world = World::new();
        let at_ms = world.now_ms();
        world.view(|v| v.history.tries = vec![Try { at_ms, why: "no bids".to_owned() }; times]).decide()
    };
    let until = |decision: Decision| match decision.waiting {
        Some(Waiting::BackOff { until_ms, .. }) => until_ms - World::new().now_ms(),
        other => panic!("{other:?}"),
    };
    assert_eq!(until(failed(1)), 10_000);
    assert_eq!(until(failed(2)), 20_000);
    assert_eq!(until(failed(60)), 900_000);
}

#[test]
fn r5_given_up_and_nothing_is_tried() {
    let gave_up = World::new().view(|v| v.history.gave_up = Some("lost three times".to_owned()));
    assert_eq!(gave_up.decide().words(), "given up: lost three times");
}

#[test]
fn r6_opens_a_deployment_with_a_new_dseq_and_the_runway_as_deposit() {
    let decision = World::new().decide();
    assert_eq!((decision.row, decision.words().as_str()), (Row(6), "ordering"));
    let [Act::OpenDeployment { id, generation: 1, version: v, deposit, .. }] = decision.acts.as_slice()
    else {
        panic!("{decision:?}");
    };
    assert_eq!(id.dseq.get(), World::new().now_ms());
    assert_eq!(*v, version(1));
    // 6 h at 6 s blocks, three nodes at 10,000 uact each.
    assert_eq!(*deposit, Coin::uact(3_600 * 30_000));
}

#[test]
fn r6_never_reuses_a_dseq_when_the_clock_goes_back() {
    let ahead = akash_types::Dseq::new(World::new().now_ms() + 1_000).unwrap();
    let decision = World::new().view(|v| v.history.last_dseq = Some(ahead)).decide();
    let [Act::OpenDeployment { id, .. }] = decision.acts.as_slice() else { panic!("{decision:?}") };
    assert_eq!(id.dseq, ahead.next());
}

#[test]
fn r7_accepts_the_cheapest_acceptable_bid() {
    let world =
        World::new().height(110).place(1, bidding(100, vec![offer(1, 50), offer(2, 40), offer(3, 99_999)]));
    let decision = world.decide();
    assert_eq!(decision.row, Row(7));
    let [Act::AcceptBid { bid, considered, .. }] = decision.acts.as_slice() else { panic!("{decision:?}") };
    assert_eq!(bid.provider, provider(2));
    let against: Vec<_> = considered.iter().map(|c| c.against).collect();
    assert_eq!(against, [None, None, Some("its price is above the ceiling")]);
}

#[test]
fn r7_audited_providers_come_first_unless_price_alone_counts() {
    let offers = || {
        let mut audited = offer(1, 50);
        audited.auditors = vec!["auditor".to_owned()];
        bidding(100, vec![audited, offer(2, 40)])
    };
    let winner = |world: World| match world.decide().acts.as_slice() {
        [Act::AcceptBid { bid, .. }] => bid.provider.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(winner(World::new().height(110).place(1, offers())), provider(1));
    let cheapest = World::new().height(110).place(1, offers());
    assert_eq!(
        winner(cheapest.wish(|w| w.cluster.market.select = crate::spec::Select::Cheapest)),
        provider(2)
    );
}

#[test]
fn r8_waits_while_the_window_is_open() {
    let none = World::new().height(105).place(1, bidding(100, vec![])).decide();
    assert_eq!((none.row, none.words().as_str()), (Row(8), "collecting bids (0)"));
    // A fresh bid may be followed by a better one.
    let mut fresh = offer(1, 50);
    fresh.bid.created_at = Height(101);
    let young = World::new().height(101).place(1, bidding(100, vec![fresh]));
    assert_eq!(young.decide().row, Row(8));
}

#[test]
fn r9_closes_when_no_bid_would_do() {
    let decision = World::new().height(200).place(1, bidding(100, vec![offer(1, 99_999)])).decide();
    assert_eq!(decision.row, Row(9));
    assert!(decision.words().contains("its price is above the ceiling"), "{}", decision.words());
    let empty = World::new().height(200).place(1, bidding(100, vec![])).decide();
    assert!(empty.words().contains("no provider bid"), "{}", empty.words());
}

#[test]
fn r9_an_avoided_provider_does_not_win() {
    let world = World::new().height(200).place(1, bidding(100, vec![offer(1, 40)]));
    let avoided = world.view(|v| v.history.avoided.insert(provider(1), u64::MAX));
    assert_eq!(avoided.decide().row, Row(9));
}

#[test]
fn r10_sends_the_manifest_and_once_more_after_fifteen_seconds() {
    let unsent = World::new().place(1, world::leased_with(1, |l| l.manifest = Manifest::Unsent));
    assert_eq!(unsent.decide().words(), "sending manifest");
    let other = World::new().place(1, world::leased_with(1, |l| l.manifest = Manifest::Accepted(version(9))));
    assert_eq!(other.decide().row, Row(10));
    let sent = |ago_ms: u64, times: usize| {
        let world = World::new().place(1, leased(1));
        let at_ms = world.now_ms() - ago_ms;
        world.facts(|f| f.sends = vec![(version(1), at_ms); times]).decide().row
    };
    assert_eq!(sent(14_000, 1), Row(15));
    assert_eq!(sent(15_000, 1), Row(10));
    assert_eq!(sent(15_000, 2), Row(15));
    // The provider's own deadline is over: whatever it did of that, it has done.
    assert_eq!(sent(239_000, 1), Row(10));
    assert_eq!(sent(240_000, 1), Row(15));
}

#[test]
fn r11_leaves_a_provider_that_refuses_the_manifest() {
    let refused = world::leased_with(1, |l| l.manifest = Manifest::Refused("no".to_owned()));
    let decision = World::new().place(1, refused).decide();
    assert_eq!(decision.row, Row(11));
    assert!(matches!(decision.acts.as_slice(), [Act::Avoid { .. }, Act::CloseDeployment { .. }]));
}

#[test]
fn r12_updates_in_place_with_consent() {
    let changed = |restart| {
        World::new().place(1, leased(1)).ready().wish(|w| {
            w.here.version = version(2);
            w.restart = restart;
        })
    };
    assert!(
        matches!(changed(true).decide().acts.as_slice(), [Act::UpdateDeployment { version: v, .. }] if *v == version(2))
    );
    assert_eq!(changed(false).decide().row, Row(19));
}

#[test]
fn r13_opens_a_replacement_beside_it_and_closes_the_old_one_when_it_is_ready() {
    let bigger = |w: &mut Wanted| {
        w.here.version = version(2);
        w.restart = true;
        w.here.groups[0].units[0].count = 5;
    };
    let opens = World::new().place(1, leased(1)).ready().wish(bigger).decide();
    assert_eq!(opens.row, Row(13));
    assert!(matches!(opens.acts.as_slice(), [Act::OpenDeployment { generation: 2, .. }]));

    let both = World::new().place(1, leased(1)).place(2, leased(2)).ready();
    let decision = both.decide();
    assert_eq!(decision.row, Row(13));
    let [Act::CloseDeployment { id, why: Why::Replaced }] = decision.acts.as_slice() else {
        panic!("{decision:?}")
    };
    assert_eq!(id, lease_of(1).deployment());
}

#[test]
fn r15_waits_for_the_first_start() {
    let starting =
        world::leased_with(1, |l| l.ray = Ray::Starting { nodes: 2, phase: "ray starting".to_owned() });
    let decision = World::new().place(1, starting).decide();
    assert_eq!((decision.row, decision.words().as_str()), (Row(15), "starting: 2/3 nodes, ray starting"));
}

#[test]
fn r16_gives_up_at_the_deadline_and_avoids_the_provider() {
    // Twenty minutes after the manifest, and as many in blocks since the lease.
    let world = World::new().height(400).place(1, leased(1));
    let at_ms = world.now_ms() - 1_200_000;
    let stood_still = World::new().place(1, leased(1)).facts(|f| f.sends = vec![(version(1), 0); 2]);
    assert_eq!(stood_still.decide().row, Row(15));
    let decision = world.facts(|f| f.sends = vec![(version(1), at_ms); 2]).decide();
    assert_eq!(decision.row, Row(16));
    assert!(matches!(
        decision.acts.as_slice(),
        [Act::Avoid { .. }, Act::CloseDeployment { why: Why::NotReady(_), .. }]
    ));
}

#[test]
fn r17_lets_ray_heal_itself_for_the_grace_and_no_longer() {
    let degraded = |ago_ms: u64| {
        let world = World::new().place(1, leased(1)).ready();
        let since = world.now_ms() - ago_ms;
        world
            .facts(|f| f.unready_since_ms = Some(since))
            .lease(|l| l.ray = Ray::Starting { nodes: 2, phase: "ray down".to_owned() })
            .decide()
    };
    assert_eq!(degraded(1_000).words(), "degraded 2/3");
    assert!(degraded(599_000).acts.is_empty());
    assert!(matches!(degraded(600_000).acts.as_slice(), [Act::Avoid { .. }, Act::CloseDeployment { .. }]));
}

#[test]
fn r17_a_silent_gateway_is_no_lost_lease() {
    let world =
        World::new().place(1, leased(1)).ready().lease(|l| l.ray = Ray::Unreachable("timed out".to_owned()));
    let decision = world.decide();
    assert_eq!((decision.row, decision.acts.len()), (Row(17), 0));
}

#[test]
fn r13_never_a_third_generation_nor_without_the_back_off() {
    let bigger = |w: &mut Wanted| {
        w.here.version = version(2);
        w.restart = true;
        w.here.groups[0].units[0].count = 5;
    };
    let two = World::new().place(1, leased(1)).place(2, leased(2)).wish(bigger).decide();
    assert!(two.acts.iter().all(|act| !matches!(act, Act::OpenDeployment { .. })), "{two:?}");
    let world = World::new().place(1, leased(1)).ready().wish(bigger);
    let at_ms = world.now_ms();
    let failed = world.view(|v| v.history.tries = vec![Try { at_ms, why: "no bids".to_owned() }]);
    let held = failed.decide();
    assert_eq!(held.row, Row(19));
    assert!(matches!(held.waiting, Some(Waiting::BackOff { .. })), "{held:?}");
}

#[test]
fn r13_both_generations_together_stay_under_the_hourly_cap() {
    // Two leases of 100 uact per block are 120,000 uact an hour at 6 s.
    let capped = |cap| {
        let world = World::new().place(1, leased(1)).ready().wish(|w| {
            w.here.version = version(2);
            w.restart = true;
            w.here.groups[0].units[0].count = 5;
            w.ceiling = DecCoin::uact(Dec::from_int(100));
            w.cluster.budget.max_per_hour = Some(cap);
        });
        world.decide()
    };
    assert_eq!(capped(120_000).row, Row(13));
    let held = capped(119_000);
    assert_eq!(held.row, Row(19));
    assert!(matches!(held.waiting, Some(Waiting::Budget { cap: "budget.max_usd_per_hour", .. })), "{held:?}");
}

#[test]
fn r13_a_replacement_s_ceiling_is_what_the_hourly_cap_leaves() {
    // A lease of 100 uact per block is 60,000 uact an hour at 6 s.
    let ceiling = |cap: u128, market: Option<u128>| {
        let world = World::new().place(1, leased(1)).wish(|w| {
            w.cluster.budget.max_per_hour = Some(cap);
            w.cluster.market.max_price_per_hour = market;
        });
        world.ceiling_beside()
    };
    assert_eq!(ceiling(150_000, None), Dec::from_int(150));
    assert_eq!(ceiling(150_000, Some(30_000)), Dec::from_int(50));
    assert_eq!(ceiling(60_000, None), Dec::ZERO);
    assert_eq!(ceiling(10_000, None), Dec::ZERO);
    let nothing_left = World::new().place(1, leased(1)).ready().wish(|w| {
        w.here.version = version(2);
        w.restart = true;
        w.here.groups[0].units[0].count = 5;
        w.ceiling = DecCoin::uact(Dec::ZERO);
        w.cluster.budget.max_per_hour = Some(60_000);
    });
    let held = nothing_left.decide().waiting;
    let Some(Waiting::Budget { need, have, .. }) = held else { panic!("{held:?}") };
    assert_eq!((need.amount, have.amount), (60_001, 60_000));
}

#[test]
fn r17_without_replacements_gives_up() {
    let world = World::new().place(1, leased(1)).ready().wish(|w| w.cluster.recovery.replace = false);
    let since = world.now_ms() - 600_000;
    let decision = world
        .facts(|f| f.unready_since_ms = Some(since))
        .lease(|l| l.ray = Ray::Unreachable("refused".to_owned()))
        .decide();
    assert!(matches!(
        decision.acts.as_slice(),
        [Act::Avoid { .. }, Act::CloseDeployment { why: Why::GivenUp(_), .. }]
    ));
}

#[test]
fn r18_goes_down_when_it_is_old_or_idle() {
    let old = World::new().place(1, leased(1)).ready().wish(|w| w.cluster.lifetime.max = Some(0)).decide();
    assert!(matches!(old.acts.as_slice(), [Act::DropWish { .. }]));
    let idle = |ago_ms: u64| {
        let world =
            World::new().place(1, leased(1)).ready().wish(|w| w.cluster.lifetime.idle_down = Some(60));
        let since = world.now_ms() - ago_ms;
        world.lease(|l| l.ray = Ray::Probed { nodes: 3, idle_since_ms: Some(since) }).decide().row
    };
    assert_eq!(idle(59_000), Row(19));
    assert_eq!(idle(60_000), Row(18));
}

#[test]
fn r19_ready_and_nothing_to_do() {
    let first = World::new().place(1, leased(1)).probed().decide();
    assert_eq!((first.row, first.words().as_str()), (Row(19), "ready"));
    let changed = World::new().place(1, leased(1)).ready().wish(|w| w.here.version = version(2)).decide();
    assert_eq!(changed.words(), "ready (change waits for up --restart)");
    assert!(changed.acts.is_empty());
}

#[test]
fn r21_a_loss_too_many_is_not_replaced() {
    let world = World::new().place(1, lost(1, Loss::Unstable));
    let recent = vec![world.now_ms() - 1_000; 3];
    let decision = world.view(|v| v.history.replacements_ms = recent).decide();
    assert_eq!(decision.row, Row(21));
    assert!(matches!(decision.acts.as_slice(), [Act::CloseDeployment { .. }]));
    let never = World::new().place(1, lost(1, Loss::Unstable)).wish(|w| w.cluster.recovery.replace = false);
    assert_eq!(never.decide().row, Row(21));
}

#[test]
fn r22_a_loss_is_closed_and_its_provider_avoided() {
    let decision = World::new().place(1, lost(1, Loss::ClosedByProvider(CloseReason::Decommission))).decide();
    assert_eq!(decision.row, Row(22));
    assert!(matches!(decision.acts.as_slice(), [Act::Avoid { .. }, Act::CloseDeployment { .. }]));
    let long_ago =
        World::new().place(1, lost(1, Loss::Unstable)).view(|v| v.history.replacements_ms = vec![1; 9]);
    assert_eq!(long_ago.decide().row, Row(22));
    // Nobody is avoided for what he did not do.
    for loss in [Loss::ClosedByOwner, Loss::Unfunded] {
        let decision = World::new().place(1, lost(1, loss)).decide();
        assert!(matches!(decision.acts.as_slice(), [Act::CloseDeployment { .. }]), "{decision:?}");
    }
}

#[test]
fn r23_down_closes_everything_that_lives() {
    let all = [bidding(100, vec![]), leased(1), lost(1, Loss::Unstable)];
    for placement in all {
        let decision = World::new().unwanted().place(1, placement).decide();
        assert_eq!((decision.row, decision.words().as_str()), (Row(23), "closing"));
        assert!(matches!(decision.acts.as_slice(), [Act::CloseDeployment { why: Why::Asked, .. }]));
    }
    let two = World::new().unwanted().place(1, bidding(100, vec![])).place(2, leased(2)).decide();
    assert_eq!(two.acts.len(), 2);
}

#[test]
fn r23_running_jobs_are_drained_first() {
    let busy = leased(1);
    let world = World::new().unwanted().place(1, busy);
    let decision = world.lease(|l| l.ray = Ray::Probed { nodes: 3, idle_since_ms: None }).decide();
    assert!(matches!(decision.acts.as_slice(), [Act::DrainJobs { .. }, Act::CloseDeployment { .. }]));
}

#[test]
fn r24_a_closed_deployment_goes_into_the_books() {
    for world in [World::new(), World::new().unwanted()] {
        let decision = world.place(1, closing(1, true)).decide();
        assert_eq!((decision.row, decision.words().as_str()), (Row(24), "closed"));
        assert!(matches!(decision.acts.as_slice(), [Act::Finish { cost, .. }] if *cost == Coin::uact(400)));
    }
}

#[test]
fn r25_waits_until_the_chain_shows_it_closed() {
    for world in [World::new(), World::new().unwanted()] {
        let decision = world.place(1, closing(1, false)).decide();
        assert_eq!((decision.row, decision.words().as_str()), (Row(25), "closing"));
    }
}

mod property {
    use proptest::prelude::*;

    use super::escrow::units;
    use super::world::START_MS;
    use super::*;

    fn placement() -> impl Strategy<Value = Placement> {
        let manifests = prop_oneof![
            Just(Manifest::Unsent),
            Just(Manifest::Accepted(version(1))),
            Just(Manifest::Refused("no".to_owned()))
        ];
        let rays = prop_oneof![
            Just(Ray::Unreachable("x".to_owned())),
            Just(Ray::Starting { nodes: 1, phase: "x".to_owned() }),
            Just(Ray::Joined { nodes: 3, trouble: None }),
            Just(Ray::Probed { nodes: 3, idle_since_ms: None }),
        ];
        let escrows = prop_oneof![
            Just(Escrow::Frozen),
            (-2_000_000_i64..2_000_000).prop_map(|whole| Escrow::Open(units(whole))),
        ];
        prop_oneof![
            Just(bidding(100, vec![])),
            Just(bidding(100, vec![offer(1, 40), offer(2, 99_999)])),
            (manifests, rays, escrows, proptest::option::of(0_u64..99_999_999)).prop_map(
                |(manifest, ray, escrow, leaves)| {
                    world::leased_with(1, |l| {
                        l.manifest = manifest.clone();
                        l.ray = ray.clone();
                        l.escrow = escrow;
                        l.leaves_ms = leaves.map(|ms| START_MS + ms);
                    })
                }
            ),
            Just(lost(1, Loss::Unfunded)),
            Just(closing(1, true)),
            Just(closing(1, false)),
        ]
    }

    proptest! {
        /// Whatever is seen, the decision passes `check`, and either acts, waits, or is at rest.
        #[test]
        fn every_decision_is_permitted_and_explained(
            wish in any::<bool>(),
            at in proptest::option::of(placement()),
            paused in any::<bool>(),
            unknown in any::<bool>(),
            locked in any::<bool>(),
            stalled in any::<bool>(),
            height in 100_u64..20_000,
        ) {
            let mut world = World::new().height(height);
            if !wish { world = world.unwanted(); }
            if let Some(at) = at { world = world.place(1, at); }
            let world = world.view(|v| {
                v.wallet.paused = paused;
                v.unknown = unknown.then(|| "v3".to_owned());
                v.wallet.locked_since_ms = locked.then_some(1);
                v.tip.stalled_since_ms = stalled.then_some(1);
            });
            let decision = world.decide();
            let at_rest = matches!(decision.row, Row(1 | 19));
            prop_assert!(!decision.acts.is_empty() || decision.waiting.is_some() || at_rest, "{decision:?}");
        }
    }
}
