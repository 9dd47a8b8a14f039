//! Carrying out a transaction.

use akash_types::{Coin, Msg, Rejection};
use cosmos_sdk_proto::Any;
use cosmos_sdk_proto::cosmos::base::abci::v1beta1::TxMsgData;
use prost::Message as _;

use super::ante::{self, Mode};
use super::event::Event;
use super::gas;
use super::refuse::{PROVIDER_INTERNAL, WRONG_SEQUENCE};
use super::run::Run;
use super::state::State;
use super::tx::Tx;

/// What became of a transaction in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Why it failed; its fee is taken and its sequence used all the same, unless it failed before its messages.
    pub rejection: Option<Rejection>,
    /// Its gas limit.
    pub gas_wanted: u64,
    /// What it burnt.
    pub gas_used: u64,
    /// The fee taken.
    pub fee: Vec<Coin>,
    /// What happened.
    pub events: Vec<Event>,
    /// The answers of its messages, as protobuf `TxMsgData`.
    pub data: Vec<u8>,
}

/// What a transaction would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulated {
    /// What it would burn.
    pub gas_used: u64,
    /// What would happen.
    pub events: Vec<Event>,
    /// The answers of its messages, as protobuf `TxMsgData`.
    pub data: Vec<u8>,
}

/// Carries out one message on a state, with no transaction around it: no fee, no signature, no gas. What simulations of a market
/// call. The state's height and time are those of the block that the message would be in.
pub fn apply(state: &State, message: &Msg) -> Result<State, Rejection> {
    let mut run = Run::quiet(state.clone());
    one(&mut run, message)?;
    Ok(run.state)
}

/// A transaction in a block before its turn: its sequence is not the account's yet.
pub(crate) fn too_early(tx: &Tx) -> Outcome {
    Outcome { rejection: Some(WRONG_SEQUENCE.because("account sequence mismatch")), ..nothing_yet(tx) }
}

fn nothing_yet(tx: &Tx) -> Outcome {
    let (fee, events, data) = (Vec::new(), Vec::new(), Vec::new());
    Outcome { rejection: None, gas_wanted: tx.gas_limit, gas_used: 0, fee, events, data }
}

/// Carries out a transaction of a block.
pub(crate) fn deliver(state: &State, tx: &Tx) -> (State, Outcome) {
    let mut outcome = nothing_yet(tx);
    let mut run = Run::new(state.clone());
    if let Err(rejection) = ante::run(&mut run, tx, Mode::Deliver) {
        outcome.gas_used = run.gas;
        outcome.rejection = Some(rejection);
        return (state.clone(), outcome);
    }
    outcome.fee = tx.fee.clone();
    outcome.events = std::mem::take(&mut run.events);
    let charged = run.state.clone();
    let done = messages(&mut run, tx, true);
    outcome.gas_used = run.gas;
    match done {
        Ok(data) => {
            outcome.data = data;
            outcome.events.append(&mut run.events);
            (run.state, outcome)
        }
        Err(rejection) => {
            outcome.rejection = Some(rejection);
            (charged, outcome)
        }
    }
}

/// Looks whether a transaction may enter the mempool; the state with its fee and sequence taken.
pub(crate) fn check(state: &State, tx: &Tx) -> Result<State, Rejection> {
    let mut run = Run::quiet(state.clone());
    ante::run(&mut run, tx, Mode::Check)?;
    Ok(run.state)
}

/// Tries a transaction out; with the gas burnt until it failed.
pub(crate) fn simulate(state: &State, tx: &Tx) -> Result<Simulated, (Rejection, u64)> {
    let mut run = Run::new(state.clone());
    let done = ante::run(&mut run, tx, Mode::Simulate).and_then(|()| messages(&mut run, tx, false));
    let gas_used = run.gas;
    done.map(|data| Simulated { gas_used, events: run.events, data })
        .map_err(|rejection| (rejection, gas_used))
}

fn messages(run: &mut Run, tx: &Tx, limited: bool) -> Result<Vec<u8>, Rejection> {
    let mut answers = Vec::new();
    for (index, message) in tx.messages.iter().enumerate() {
        let before = run.events.len();
        let type_url = message.type_url();
        let module = type_url.split('.').nth(1).unwrap_or_default();
        run.emit_with("message", || {
            let (action, sender) = (type_url.clone(), message.signer().to_string());
            [("action", action), ("sender", sender), ("module", module.to_owned())]
        });
        run.burn(gas::of(message));
        let answer = match one(run, message) {
            Ok(answer) => answer,
            Err(rejection) => {
                run.gas = run.gas.saturating_sub(gas::of(message)).saturating_add(gas::FAILURE);
                return Err(in_message(index, rejection));
            }
        };
        if limited {
            ante::within_limit(run, tx, "Has")?;
        }
        let numbered = run.events.split_off(before).into_iter().map(|e| e.of_message(index));
        run.events.extend(numbered);
        answers.push(Any { type_url: format!("{type_url}Response"), value: answer });
    }
    Ok(TxMsgData { msg_responses: answers, ..TxMsgData::default() }.encode_to_vec())
}

/// Carries out one message; its answer, for most an empty one.
fn one(run: &mut Run, message: &Msg) -> Result<Vec<u8>, Rejection> {
    let done = match message {
        Msg::CreateDeployment(m) => run.create_deployment(m),
        Msg::UpdateDeployment(m) => run.update_deployment(m),
        Msg::CloseDeployment(m) => run.close_deployment(m),
        Msg::CloseGroup(m) => run.close_group(m),
        Msg::PauseGroup(m) => run.pause_group(m),
        Msg::StartGroup(m) => run.start_group(m),
        Msg::CreateBid(m) => run.create_bid(m),
        Msg::CloseBid(m) => run.close_bid(m),
        Msg::CreateLease(m) => run.create_lease(m),
        Msg::CloseLease(m) => run.close_lease(m),
        Msg::WithdrawLease(m) => run.withdraw_lease(m),
        Msg::StartReclaim(m) => run.start_reclaim(m),
        Msg::AccountDeposit(m) => run.account_deposit(m),
        Msg::CreateCertificate(m) => run.create_certificate(m),
        Msg::RevokeCertificate(m) => run.revoke_certificate(m),
        Msg::CreateProvider(m) => run.create_provider(m),
        Msg::UpdateProvider(m) => run.update_provider(m),
        Msg::DeleteProvider(_) => Err(PROVIDER_INTERNAL.because("NOTIMPLEMENTED")),
        Msg::SignProviderAttributes(m) => run.sign_attributes(&m.audited),
        Msg::DeleteProviderAttributes(m) => run.delete_attributes(m),
        Msg::Send(m) => run.send(m),
        Msg::GrantDeposits(m) => run.grant_deposits(m),
        Msg::Revoke(m) => run.revoke(m),
        Msg::GrantAllowance(m) => run.grant_allowance(m),
        Msg::RevokeAllowance(m) => run.revoke_allowance(m),
        Msg::MintAct(m) => return run.mint(m),
        Msg::BurnAct(m) => return run.burn_act(m),
        Msg::AddPriceEntry(m) => run.add_price(m),
    };
    done.map(|()| Vec::new())
}

/// A refusal says which message it is about; a panic does not.
fn in_message(index: usize, rejection: Rejection) -> Rejection {
    if rejection.is(("undefined", 111_222)) {
        return rejection;
    }
    let log = format!("failed to execute message; message index: {index}: {}", rejection.log);
    Rejection { log, ..rejection }
}
