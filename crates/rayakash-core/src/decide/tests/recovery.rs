//! A key that is not safe, and what was adopted.

use akash_types::{Dec, Height};

use super::world::{World, bidding, closing, leased, leased_with, lost, offer, provider};
use crate::act::{Act, Row, Waiting, Why};
use crate::view::{Escrow, Frozen, Loss};

#[test]
fn r3_with_a_key_that_is_not_safe_nothing_is_spent_and_everything_closes() {
    let (height, why) = (Height(100), "deployment 5 is not in it".to_owned());
    for frozen in [
        Frozen::ForeignSigner { height, sequence: 7, tx: None },
        Frozen::Restored { height, why },
        Frozen::TwoFunders { funders: vec![provider(1), provider(2)] },
    ] {
        let told = Some(Waiting::Frozen(frozen.clone()));
        let with = |world: World| world.view(|v| v.frozen = Some(frozen.clone()));
        let order = with(World::new()).decide();
        assert_eq!((order.row, order.acts.len(), order.waiting), (Row(3), 0, told.clone()));
        let lease = with(World::new()).height(110).place(1, bidding(100, vec![offer(1, 50)])).decide();
        assert_eq!((lease.acts.len(), lease.waiting), (0, told.clone()));
        let running = with(World::new()).place(1, leased(1)).probed().decide();
        assert_eq!(
            (running.row, running.waiting),
            (Row(19), told),
            "it goes on, and says why nobody tops it up"
        );
        let closes = with(World::new().unwanted()).place(1, leased(1)).decide();
        assert_eq!((closes.row, closes.acts.iter().any(Act::signs)), (Row(23), true));
    }
}

#[test]
fn r26_what_was_adopted_is_kept_as_it_is_until_a_wish_or_a_down() {
    let adopted = || World::new().unwanted().view(|v| v.history.adopted = true);
    let dry = leased_with(1, |l| l.escrow = Escrow::Open(Dec::ZERO));
    for at in [leased(1), dry, bidding(100, vec![offer(1, 50)])] {
        let kept = adopted().height(110).place(1, at).decide();
        assert_eq!((kept.row, kept.acts.len(), kept.waiting), (Row(26), 0, Some(Waiting::Adopted)));
    }
    let lost = adopted().place(1, lost(1, Loss::Unstable)).decide();
    assert!(matches!(lost.acts.as_slice(), [Act::CloseDeployment { why: Why::GivenUp(_), .. }]), "{lost:?}");
    let closed = adopted().place(1, closing(1, true)).decide();
    assert!(matches!(closed.acts.as_slice(), [Act::Finish { .. }]), "{closed:?}");
    assert_eq!(adopted().decide().row, Row(1), "nothing is there any more");
    assert_eq!(World::new().unwanted().place(1, leased(1)).decide().row, Row(23), "down");
    let wished = World::new().view(|v| v.history.adopted = true).place(1, leased(1)).ready().decide();
    assert_eq!(wished.row, Row(19), "a wish speaks for itself");
}
