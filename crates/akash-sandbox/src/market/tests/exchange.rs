//! AKT into ACT, and what happens while that is halted.

use akash_types::LeaseState;
use akash_types::escrow::{AccountId, State as Flow};
use akash_types::msg::{AccountDeposit, AddPriceEntry, BurnAct, CloseDeployment, MintAct, WithdrawLease};

use super::super::chain::end;
use super::*;

fn who(index: usize) -> Address {
    Keyholder::ALL[index].address.parse().unwrap()
}

const FEEDER: usize = 5;

/// A state with a price of half a dollar, and a vault of so many uakt.
fn priced(vault: u128) -> State {
    let mut genesis = Genesis::sandbox("local", 1_000_000);
    genesis.oracle.sources = vec![who(FEEDER)];
    genesis.exchange.min_epoch_blocks = 2;
    genesis.vault = vec![Coin::uakt(vault)];
    genesis.providers = vec![Provider {
        owner: who(PROVIDER),
        host_uri: "https://h".into(),
        attributes: vec![],
        info: ProviderInfo::default(),
    }];
    let mut state = genesis.state();
    state.height = Height(1);
    let price = AddPriceEntry {
        signer: who(FEEDER),
        denom: "akt".into(),
        base_denom: "usd".into(),
        price: dec("0.5"),
        at: state.time(),
    };
    blocks(done(&state, price), 2)
}

fn done(state: &State, message: impl Into<Msg>) -> State {
    apply(state, &message.into()).unwrap()
}

/// Lets blocks pass.
fn blocks(mut state: State, count: u64) -> State {
    for _ in 0..count {
        state = end(state).0;
        state.height = state.height.plus(1);
        state.time_ms += 1_000;
    }
    state
}

#[test]
fn what_is_asked_for_comes_blocks_later_less_the_spread() {
    let mut state = priced(100_000_000_000_000);
    let me = who(TENANT);
    let before = (state.balance(&me, &UACT), state.balance(&me, &UAKT));
    state = done(&state, MintAct { owner: me.clone(), to: me.clone(), burn: Coin::uakt(100_000_000) });
    assert_eq!(state.balance(&me, &UACT), before.0);
    state = blocks(state, 3);
    assert_eq!(state.balance(&me, &UACT), before.0 + 49_875_000);
    state = done(&state, BurnAct { owner: me.clone(), to: me.clone(), burn: Coin::uact(5_000_000) });
    state = blocks(state, 3);
    assert_eq!(state.balance(&me, &UAKT), before.1 - 100_000_000 + 10_000_000);
    // Too little comes back.
    let had = state.balance(&me, &UAKT);
    state = done(&state, MintAct { owner: me.clone(), to: me.clone(), burn: Coin::uakt(5_000_000) });
    assert_eq!(blocks(state, 3).balance(&me, &UAKT), had);
}

#[test]
fn without_enough_in_the_vault_no_act_is_made() {
    let state = priced(1_000_000_000);
    let me = who(TENANT);
    let refusal = apply(&state, &MintAct { owner: me.clone(), to: me, burn: Coin::uakt(100_000_000) }.into())
        .unwrap_err();
    assert_eq!(code(&refusal), ("bme", 6));
}

/// As a real node did it: 500000 uact of funds, 5 AKT put in, 100000 a block, ten blocks.
#[test]
fn an_account_that_runs_dry_is_paid_in_akt_once_and_freezes() {
    let mut state = priced(1_000_000_000);
    let id = DeploymentId::new(who(TENANT), Dseq::new(1_781_208_244_926).unwrap());
    let bid = id.group(1).order(1).bid(who(PROVIDER));
    state = done(&state, creation(&id, 500_000));
    state = done(&state, offer(&bid, "100000"));
    state = done(&state, CreateLease { bid: bid.clone() });
    let account = AccountId::of_deployment(&id);
    let deposit = Funding::from_balance(Coin::uakt(5_000_000));
    state = done(&state, AccountDeposit { signer: who(TENANT), id: account.clone(), deposit });
    let before = (state.balance(&who(PROVIDER), &UACT), state.balance(&who(PROVIDER), &UAKT));
    state.height = state.height.plus(10);
    state = done(&state, WithdrawLease { id: bid.lease() });
    let paid = |state: &State| {
        (state.balance(&who(PROVIDER), &UACT) - before.0, state.balance(&who(PROVIDER), &UAKT) - before.1)
    };
    assert_eq!(paid(&state), (500_000, 1_000_000));
    let funds = |state: &State| state.escrow_account(&account).unwrap().funds_in(&UACT);
    assert_eq!(funds(&state), dec("-500000"));
    // From now on nothing is owed any more, and the lease goes on.
    let settled = state.escrow_account(&account).unwrap().settled_at;
    state.height = state.height.plus(10);
    state = done(&state, WithdrawLease { id: bid.lease() });
    assert_eq!((paid(&state), funds(&state)), ((500_000, 1_000_000), dec("-500000")));
    assert_eq!(state.escrow_account(&account).unwrap().settled_at, settled);
    assert_eq!(state.leases.get(&bid.lease()).unwrap().state, LeaseState::Active);
    let had = state.balance(&who(TENANT), &UAKT);
    state = done(&state, CloseDeployment { id });
    assert_eq!(state.balance(&who(TENANT), &UAKT), had + 4_000_000);
    assert_eq!(state.payment_of(&bid.lease()).unwrap().state, Flow::Open);
}
