//! Providers on the market, one look per block: they bid, withdraw, watch for manifests, and leave when they are told to.

use std::collections::BTreeMap;

use akash_sandbox::market::State;
use akash_types::escrow::Funding;
use akash_types::msg::{CloseBid, CreateBid, StartReclaim, WithdrawLease};
use akash_types::{
    BidState, CloseReason, Coin, DecCoin, Lease, LeaseState, Msg, Order, OrderState, ResourceOffer,
    ResourceUnit,
};
use akash_wallet::Allowed;

use super::fault::Fault;
use super::sign::send;
use super::stage::{Stage, Trader};

/// A lease without a manifest for so long is closed.
const MANIFEST_MS: u64 = 300_000;
/// What was earned is taken so often.
const WITHDRAW_MS: u64 = 600_000;
/// What a bid deposits, uact.
const DEPOSIT: u128 = 500_000;

/// What providers remember between blocks.
#[derive(Debug, Default)]
pub(crate) struct Traders {
    withdrawn_ms: BTreeMap<usize, u64>,
}

impl Traders {
    /// Everybody does what the newest block gives him to do.
    pub(crate) fn trade(&mut self, stage: &Stage) {
        let state = stage.node.state();
        let open: Vec<&Order> = state.orders.iter().map(|(_, order)| order).filter(is_open).collect();
        let live: Vec<&Lease> = state.leases.iter().map(|(_, lease)| lease).filter(lives).collect();
        stage.pods().retain(|id, _| live.iter().any(|lease| &lease.id == id));
        for (number, trader) in stage.providers.iter().enumerate() {
            let mut txs: Vec<Vec<Msg>> = Vec::new();
            txs.extend(open.iter().filter_map(|order| bid(stage, &state, (number, trader), order)));
            txs.extend(lost(&state, trader));
            let mine: Vec<&Lease> =
                live.iter().copied().filter(|lease| &lease.id.provider == trader.key.address()).collect();
            let (ends, stays): (Vec<_>, Vec<_>) = mine
                .iter()
                .map(|lease| (*lease, leaves(stage, number, lease)))
                .partition(|(_, end)| end.is_some());
            txs.extend(ends.into_iter().filter_map(|(_, end)| end).map(|message| vec![message]));
            txs.extend(self.withdraw(stage, number, stays.into_iter().map(|(lease, _)| lease)));
            for (ahead, messages) in (0..).zip(txs) {
                if let Err(error) = send(&stage.node, (&trader.key, &Allowed::provider()), messages, ahead) {
                    stage.say(&format!("provider {number}: {error}"));
                    break;
                }
            }
        }
    }

    fn withdraw<'a>(
        &mut self,
        stage: &Stage,
        number: usize,
        leases: impl Iterator<Item = &'a Lease>,
    ) -> Option<Vec<Msg>> {
        let now_ms = stage.clock.elapsed_ms();
        let last = self.withdrawn_ms.entry(number).or_default();
        if now_ms.saturating_sub(*last) < WITHDRAW_MS {
            return None;
        }
        *last = now_ms;
        let all: Vec<Msg> = leases.map(|lease| WithdrawLease { id: lease.id.clone() }.into()).collect();
        (!all.is_empty()).then_some(all)
    }
}

fn is_open(order: &&Order) -> bool {
    order.state == OrderState::Open
}

fn lives(lease: &&Lease) -> bool {
    matches!(lease.state, LeaseState::Active | LeaseState::Reclaiming)
}

/// A bid on an order, from the block after it on; none from who is silent.
fn bid(stage: &Stage, state: &State, (number, trader): (usize, &Trader), order: &Order) -> Option<Vec<Msg>> {
    let id = order.id.bid(trader.key.address().clone());
    let is = |fault: &Fault| matches!(fault, Fault::ProviderDown { provider } | Fault::ProviderSilent { provider } if *provider == number);
    let away = stage.faults.find(|fault| is(fault).then_some(()));
    if away.is_some() || state.bids.contains(&id) || order.created_at == state.height {
        return None;
    }
    let ceiling = order.spec.ceiling()?;
    let odd = stage.faults.find(|fault| {
        let Fault::PriceChange { provider, permille } = fault else { return None };
        (*provider == number).then_some(*permille)
    });
    if odd.is_some() {
        stage.faults.hit("price change");
    }
    let price = trader.price.saturating_mul(odd.unwrap_or(1_000)) / 1_000;
    let amount = ceiling.amount.checked_mul(price.min(1_000))?.checked_div(1_000)?;
    let all = |unit: &ResourceUnit| ResourceOffer { resources: unit.resources.clone(), count: unit.count };
    let offer = order.spec.units.iter().map(all).collect();
    let price = DecCoin { denom: ceiling.denom, amount };
    let deposit = Funding::from_balance(Coin::uact(DEPOSIT));
    Some(vec![CreateBid { id, price, deposit, offer, reclamation_window: trader.notice }.into()])
}

/// Takes back a bid on an order that is no longer open: on this chain it would stay open for ever.
fn lost(state: &State, trader: &Trader) -> Option<Vec<Msg>> {
    let me = trader.key.address();
    let open = state.bids.iter().filter(|bid| &bid.id.provider == me && bid.state == BidState::Open);
    let over = |bid: &&akash_types::Bid| {
        state.orders.get(&bid.id.order).is_none_or(|order| order.state != OrderState::Open)
    };
    let all: Vec<Msg> = open
        .filter(over)
        .map(|bid| CloseBid { id: bid.id.clone(), reason: CloseReason::Unspecified }.into())
        .collect();
    (!all.is_empty()).then_some(all)
}

/// Why a provider leaves a lease in this block, or gives notice.
fn leaves(stage: &Stage, number: usize, lease: &Lease) -> Option<Msg> {
    let state = stage.node.state();
    let close = |reason| Msg::from(CloseBid { id: lease.id.bid(), reason });
    if let Some(notice) = lease.reclamation {
        let is = |fault: &Fault, who| matches!(fault, Fault::ProviderReclaims { provider } | Fault::ProviderCloses { provider } if *provider == who);
        if lease.state == LeaseState::Reclaiming {
            return (state.time_ms / 1_000 >= notice.deadline).then(|| close(CloseReason::Unspecified));
        }
        let give = || StartReclaim { id: lease.id.clone(), reason: CloseReason::Unspecified }.into();
        return stage.provider_fault(number, is).then(give);
    }
    let since = state.height.since(lease.created_at);
    let age_ms = since.saturating_mul(super::stage::BLOCK_MS);
    if age_ms >= MANIFEST_MS && !stage.pods().contains_key(&lease.id) {
        return Some(close(CloseReason::ManifestTimeout));
    }
    let is = |fault: &Fault, who| matches!(fault, Fault::ProviderCloses { provider } if *provider == who);
    stage.provider_fault(number, is).then(|| close(CloseReason::Unstable))
}
