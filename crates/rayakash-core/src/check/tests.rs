//! Each thing that must never be done, and that it is found.

use akash_types::{Coin, Dec, Dseq};

use super::*;
use crate::act::Why;
use crate::decide::tests::world::{World, bidding, groups, lease_of, leased, offer, version};
use crate::view::Doubt;

fn opens(generation: u32, dseq: u64) -> Act {
    let mut id = lease_of(1).deployment().clone();
    id.dseq = Dseq::new(dseq).unwrap();
    Act::OpenDeployment {
        id,
        generation,
        groups: groups(),
        version: version(1),
        deposit: Coin::uact(500_000),
    }
}

fn accepts(price: u64) -> Act {
    let bid = offer(1, 1).bid.id;
    Act::AcceptBid { bid, price: DecCoin::uact(Dec::from_int(price)), considered: vec![] }
}

fn closes() -> Act {
    Act::CloseDeployment { id: lease_of(1).deployment().clone(), why: Why::Asked }
}

fn tops_up(amount: u128) -> Act {
    Act::TopUp { id: lease_of(1).deployment().clone(), amount: Coin::uact(amount) }
}

const NEW: u64 = 1_790_000_000_000;

#[test]
fn every_violation_is_found() {
    let world = || World::new().place(1, leased(1));
    let doubt = Doubt { intent: String::new(), act: String::new(), tx: None, dead_at: None };
    let third = world().place(2, leased(2));
    let capped = world().wish(|w| w.cluster.budget.max_total = Some(7));
    let table = [
        (world().place(2, Placement::InDoubt(doubt)), vec![closes()], "an act in doubt"),
        (world().view(|v| v.wallet.locked_since_ms = Some(1)), vec![closes()], "nothing may be signed"),
        (world().view(|v| v.tip.stalled_since_ms = Some(1)), vec![closes()], "nothing may be signed"),
        (world().view(|v| v.wallet.paused = true), vec![tops_up(1)], "while it is paused"),
        (world().view(|v| v.unknown = Some("v9".to_owned())), vec![tops_up(1)], "not known"),
        (world().unwanted(), vec![tops_up(1)], "going down"),
        (third, vec![opens(3, NEW)], "more than two generations"),
        (world().place(1, leased(1)), vec![], "two live placements"),
        (world(), vec![closes(), closes()], "two closes"),
        (world().view(|v| v.wallet.uact = 9), vec![tops_up(10)], "the wallet's balance"),
        (capped, vec![tops_up(4), tops_up(4)], "rest of budget.max_usd_total"),
        (World::new().place(1, bidding(100, vec![])), vec![accepts(30_001)], "above the ceiling"),
        (world(), vec![accepts(1)], "above the ceiling"),
        (World::new(), vec![opens(1, 999_999_999_999)], "not 13 digits long"),
        (World::new(), vec![opens(1, 12_345_678)], "not 13 digits long"),
        (World::new().view(|v| v.history.last_dseq = Dseq::new(NEW)), vec![opens(1, NEW)], "is not new"),
    ];
    for (world, acts, wanted) in table {
        let found = world.check(acts.clone()).map_err(|violation| violation.to_string());
        assert!(found.as_ref().is_err_and(|found| found.contains(wanted)), "{wanted}: {found:?} of {acts:?}");
    }
}

#[test]
fn what_is_decided_in_good_order_passes() {
    let bids = World::new().place(1, bidding(100, vec![]));
    assert_eq!(bids.check(vec![accepts(30_000)]), Ok(()));
    assert_eq!(World::new().check(vec![opens(1, NEW)]), Ok(()));
    let locked = World::new().place(1, leased(1)).view(|v| v.wallet.paused = true);
    assert_eq!(locked.check(vec![closes()]), Ok(()), "a close passes though spending is paused");
}
