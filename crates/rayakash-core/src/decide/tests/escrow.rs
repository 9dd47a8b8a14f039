//! R14: top-ups.

use super::*;

#[test]
fn r14_tops_up_to_the_target_and_says_when_it_may_not() {
    let low = |world: World| {
        world.place(1, world::leased_with(1, |l| l.escrow = Escrow::Open(Dec::from_int(1_000)))).ready()
    };
    let decision = low(World::new()).decide();
    assert_eq!(decision.row, Row(14));
    // 12 h at 6 s blocks and 100 uact, less what is left.
    assert!(
        matches!(decision.acts.as_slice(), [Act::TopUp { amount, .. }] if *amount == Coin::uact(7_200 * 100 - 1_000))
    );
    let poor = low(World::new().view(|v| v.wallet.uact = 5)).decide();
    assert!(matches!(poor.waiting, Some(Waiting::Budget { cap: "wallet balance", .. })));
    let paused = low(World::new().view(|v| v.wallet.paused = true)).decide();
    assert!(paused.acts.is_empty());
}

#[test]
fn r14_is_added_to_whatever_else_is_decided_but_not_to_a_close() {
    let low = |l: &mut crate::view::Leased| l.escrow = Escrow::Open(Dec::from_int(1_000));
    let starting = World::new().place(
        1,
        world::leased_with(1, |l| {
            low(l);
            l.ray = Ray::Unreachable("refused".to_owned());
        }),
    );
    let decision = starting.decide();
    assert_eq!(decision.row, Row(15));
    assert!(matches!(decision.acts.as_slice(), [Act::TopUp { .. }]));
    let late = World::new().height(10_000).place(1, world::leased_with(1, low));
    assert!(late.decide().acts.iter().all(|act| !matches!(act, Act::TopUp { .. })));
}

#[test]
fn r14_deposits_of_one_look_share_the_wallet_and_come_before_an_opening() {
    let low = |generation| world::leased_with(generation, |l| l.escrow = Escrow::Open(Dec::from_int(1_000)));
    let both = World::new().place(1, low(1)).place(2, low(2)).view(|v| v.wallet.uact = 1_000_000).decide();
    assert!(matches!(both.acts.as_slice(), [Act::TopUp { .. }]), "{both:?}");

    let opening = |uact| {
        let bigger = World::new().place(1, low(1)).ready().wish(|w| {
            w.here.version = version(2);
            w.restart = true;
            w.here.groups[0].units[0].count = 5;
        });
        bigger.view(|v| v.wallet.uact = uact).decide()
    };
    let enough = opening(200_000_000);
    assert!(matches!(enough.acts.as_slice(), [Act::OpenDeployment { .. }, Act::TopUp { .. }]), "{enough:?}");
    // Enough for either, not for both.
    let short = opening(108_100_000);
    assert_eq!(short.row, Row(14));
    assert!(matches!(short.acts.as_slice(), [Act::TopUp { .. }]), "{short:?}");
}

#[test]
fn r14_counts_what_the_lease_has_already_cost() {
    let spent = |spent| {
        World::new()
            .wish(|w| w.cluster.budget.max_total = Some(1_000_000))
            .place(1, world::leased_with(1, |l| l.escrow = Escrow::Open(Dec::from_int(1_000))))
            .ready()
            .view(|v| v.history.spent = spent)
    };
    assert!(matches!(spent(200_000).decide().acts.as_slice(), [Act::TopUp { .. }]));
    let over = spent(990_000).decide();
    assert!(matches!(over.waiting, Some(Waiting::Budget { cap: "budget.max_usd_total", .. })));
    let ends = spent(990_000).wish(|w| w.cluster.budget.on_limit = crate::spec::OnLimit::Down).decide();
    assert!(matches!(ends.acts.as_slice(), [Act::DropWish { .. }]));
}

/// So many micro-units, also below zero.
pub(super) fn units(whole: i64) -> Dec {
    let size = Dec::from_int(whole.unsigned_abs());
    if whole < 0 { Dec::ZERO.checked_sub(size).unwrap() } else { size }
}

#[test]
fn r14_pays_what_is_overdue_and_the_target_before_anybody_settles() {
    let overdue = |whole| {
        let decision = World::new()
            .place(1, world::leased_with(1, |l| l.escrow = Escrow::Open(units(whole))))
            .ready()
            .decide();
        let [Act::TopUp { amount, .. }] = decision.acts.as_slice() else { panic!("{decision:?}") };
        amount.clone()
    };
    assert_eq!(overdue(0), Coin::uact(7_200 * 100));
    assert_eq!(overdue(-1_000), Coin::uact(7_200 * 100 + 1_000));
}

#[test]
fn r14_a_frozen_account_gets_nothing() {
    let frozen = World::new().place(1, world::leased_with(1, |l| l.escrow = Escrow::Frozen)).ready().decide();
    assert_eq!((frozen.row, frozen.acts.len()), (Row(19), 0), "{frozen:?}");
}
