//! Rows of a deployment that takes bids: R7 to R9.

use super::{Look, close};
use crate::act::{Act, Decision, Waiting, Why};
use crate::choose::choose;
use crate::spec::Wait;
use crate::view::Bidding;

/// Bids that came no later than this many blocks ago may be followed by more.
const QUIET_BLOCKS: u64 = 2;

pub(super) fn rows(look: &Look<'_>, bidding: &Bidding) -> Decision {
    let tip = &look.seen.tip;
    let market = &look.wanted.cluster.market;
    let choice = choose(bidding, market, &look.seen.history.avoided, tip.time_ms);
    let open_ms = tip.since_ms(bidding.opened);
    let over = open_ms >= market.window_max_ms;
    match choice.winner.clone() {
        Some((bid, price)) if over || enough(look, bidding, choice.acceptable()) => {
            Decision::act(7, vec![Act::AcceptBid { bid, price, considered: choice.considered }])
        }
        None if over => Decision::act(9, vec![close(&bidding.deployment, Why::NoBid(choice.refusals()))]),
        _ => Decision::wait(
            8,
            Waiting::Bids {
                seen: u32::try_from(bidding.offers.len()).unwrap_or(u32::MAX),
                acceptable: choice.acceptable(),
                until_ms: tip.time_ms.saturating_add(market.window_max_ms.saturating_sub(open_ms)),
            },
        ),
    }
}

/// The minimum window is over, and there are `min_bids` acceptable ones or no new bid for two blocks.
fn enough(look: &Look<'_>, bidding: &Bidding, acceptable: u32) -> bool {
    let tip = &look.seen.tip;
    let market = &look.wanted.cluster.market;
    let past_minimum = match market.window_min.unwrap_or(look.policy.bid_window_min) {
        Wait::Millis(millis) => tip.since_ms(bidding.opened) >= millis,
        Wait::Blocks(blocks) => tip.height.since(bidding.opened) >= blocks,
    };
    let newest = bidding.offers.iter().map(|offer| offer.bid.created_at).max().unwrap_or(bidding.opened);
    let quiet = tip.height.since(newest) >= QUIET_BLOCKS;
    past_minimum && (acceptable >= market.min_bids.unwrap_or(look.policy.min_bids) || quiet)
}
