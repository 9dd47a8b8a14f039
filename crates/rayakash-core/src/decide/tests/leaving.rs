//! R20, and what else holds for a lease whose provider has given notice.

use super::*;

/// A ready lease with a job, whose provider leaves in so long.
fn leaving(in_ms: u64) -> World {
    let world = World::new().place(1, leased(1)).ready();
    let deadline_ms = world.now_ms() + in_ms;
    world.lease(|l| {
        l.leaves_ms = Some(deadline_ms);
        l.ray = Ray::Probed { nodes: 3, idle_since_ms: None };
    })
}

const HOUR_MS: u64 = 3_600_000;

#[test]
fn r20_opens_a_replacement_elsewhere_when_the_provider_leaves_and_drains_before_the_deadline() {
    let early = leaving(HOUR_MS).decide();
    assert_eq!(early.row, Row(20));
    let [Act::Avoid { provider, .. }, Act::OpenDeployment { generation: 2, .. }] = early.acts.as_slice()
    else {
        panic!("{early:?}")
    };
    assert_eq!(*provider, lease_of(1).provider);
    let late = leaving(30_000).decide();
    assert!(matches!(
        late.acts.as_slice(),
        [Act::DrainJobs { .. }, Act::CloseDeployment { why: Why::Lost(_), .. }]
    ));
}

#[test]
fn r20_without_replacements_waits_and_gives_up() {
    let never = |w: &mut Wanted| w.cluster.recovery.replace = false;
    let early = leaving(HOUR_MS).wish(never).decide();
    assert!(matches!(early.waiting, Some(Waiting::Draining { .. })), "{early:?}");
    let given_up = |decision: Decision| {
        assert!(
            matches!(
                decision.acts.as_slice(),
                [Act::DrainJobs { .. }, Act::CloseDeployment { why: Why::GivenUp(_), .. }]
            ),
            "{decision:?}"
        );
    };
    given_up(leaving(30_000).wish(never).decide());
    let often = |v: &mut View| v.history.replacements_ms = vec![v.tip.time_ms - 1_000; 3];
    assert!(leaving(HOUR_MS).view(often).decide().acts.is_empty());
    given_up(leaving(30_000).view(often).decide());
}

#[test]
fn r20_an_idle_or_old_cluster_ends_rather_than_moves() {
    let old = leaving(HOUR_MS).wish(|w| w.cluster.lifetime.max = Some(0)).decide();
    assert!(matches!(old.acts.as_slice(), [Act::DropWish { .. }]), "{old:?}");
}

#[test]
fn r20_sends_no_manifest_to_a_provider_that_leaves() {
    let unsent = leaving(HOUR_MS).lease(|l| l.manifest = Manifest::Unsent).decide();
    assert!(unsent.acts.iter().all(|act| !matches!(act, Act::SendManifest { .. })), "{unsent:?}");
}

#[test]
fn r20_the_old_one_goes_at_its_deadline_though_its_successor_is_not_ready() {
    let both = |in_ms| leaving(in_ms).place(2, leased(2)).decide();
    assert_eq!(both(HOUR_MS).row, Row(15));
    let due = both(30_000);
    let [Act::DrainJobs { lease }, Act::CloseDeployment { id, why: Why::Lost(_) }] = due.acts.as_slice()
    else {
        panic!("{due:?}")
    };
    assert_eq!((lease, id), (&lease_of(1), lease_of(1).deployment()));
    // One that is gone already is not paid for until the successor is ready.
    let lost = World::new().place(1, lost(1, Loss::Expired)).place(2, leased(2)).decide();
    assert!(
        matches!(lost.acts.as_slice(), [Act::CloseDeployment { id, .. }] if id == lease_of(1).deployment())
    );
}

#[test]
fn r14_fills_a_lease_whose_provider_leaves() {
    let low = leaving(HOUR_MS).lease(|l| l.escrow = Escrow::Open(Dec::from_int(1_000)));
    let alone = low.wish(|w| w.cluster.recovery.replace = false).decide();
    assert!(matches!(alone.acts.as_slice(), [Act::TopUp { .. }]), "{alone:?}");
}

#[test]
fn r13_a_lease_whose_provider_leaves_counts_under_the_hourly_cap() {
    let capped = |cap| {
        let cheap = leaving(HOUR_MS).wish(|w| {
            w.ceiling = DecCoin::uact(Dec::from_int(100));
            w.cluster.budget.max_per_hour = Some(cap);
        });
        cheap.decide().acts.iter().any(|act| matches!(act, Act::OpenDeployment { .. }))
    };
    assert!(capped(120_000));
    assert!(!capped(119_000));
}
