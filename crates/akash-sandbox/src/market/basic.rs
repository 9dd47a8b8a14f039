//! What a node checks of a message before it looks at any state.

use akash_proto::akash::deployment::v1beta4::{MsgCreateDeployment, MsgUpdateDeployment};
use akash_proto::akash::market::v1::BidId as WireBidId;
use akash_types::msg::{CreateBid, CreateDeployment, Unreadable};
use akash_types::{BidId, CloseReason, Malformed, Msg, Rejection};
use cosmos_sdk_proto::Any;
use prost::{Message, Name as _};

use super::bme;
use super::deposit;
use super::group_limits;
use super::refuse::{
    BID_ZERO_PRICE, CONFLICT, EMPTY_HASH, ESCROW_INVALID_DEPOSIT, INVALID_ADDRESS, INVALID_CLOSE_REASON,
    INVALID_COINS, INVALID_DEPOSIT, INVALID_GROUPS, INVALID_HASH, INVALID_RECLAMATION, INVALID_SEQUENCE,
    NOT_ABSOLUTE_URI, TX_PARSE, plain,
};
use super::registry;

/// The messages of the market begin with the id of a bid or a lease.
#[derive(Clone, PartialEq, Message)]
struct AboutBid {
    #[prost(message, optional, tag = "1")]
    id: Option<WireBidId>,
}

/// Reads a message and checks it alone.
pub(crate) fn read(any: &Any) -> Result<Msg, Rejection> {
    let message = match Msg::from_any(any) {
        Ok(message) => message,
        Err(Unreadable::UnknownType { type_url }) => {
            return Err(TX_PARSE.because(format!("unable to resolve type URL {type_url}: tx parse error")));
        }
        Err(Unreadable::Undecodable { problem, .. }) => {
            return Err(TX_PARSE.because(format!("{problem}: tx parse error")));
        }
        Err(Unreadable::Malformed(malformed)) => return Err(explain(any, &malformed)),
    };
    if any.type_url.starts_with("/akash.market.") {
        check_bid_sequence(any)?;
    }
    Ok(message)
}

/// Checks a message that could be read.
pub(crate) fn check(message: &Msg) -> Result<(), Rejection> {
    match message {
        Msg::CreateDeployment(m) => create_deployment(m),
        Msg::CreateBid(m) => create_bid(m),
        Msg::CloseBid(m) => not_self(&m.id).and_then(|()| provider_reason(m.reason)),
        Msg::CreateLease(m) => not_self(&m.bid),
        Msg::CloseLease(m) => not_self(&m.id.bid()),
        Msg::WithdrawLease(m) => not_self(&m.id.bid()),
        Msg::StartReclaim(m) => not_self(&m.id.bid()).and_then(|()| provider_reason(m.reason)),
        Msg::AccountDeposit(m) => {
            deposit::check(&m.deposit)?;
            if m.deposit.amount.amount == 0 { Err(ESCROW_INVALID_DEPOSIT.into()) } else { Ok(()) }
        }
        Msg::CreateCertificate(m) => registry::read_certificate(m).map(drop),
        Msg::CreateProvider(m) => provider_uri(&m.provider.host_uri),
        Msg::UpdateProvider(m) => provider_uri(&m.provider.host_uri),
        Msg::Send(m) => {
            if m.amount.is_empty() || m.amount.iter().any(|c| c.amount == 0) {
                let shown = super::event::coins(&m.amount);
                return Err(INVALID_COINS.because(shown));
            }
            Ok(())
        }
        Msg::UpdateDeployment(_)
        | Msg::CloseDeployment(_)
        | Msg::CloseGroup(_)
        | Msg::PauseGroup(_)
        | Msg::StartGroup(_)
        | Msg::DeleteProvider(_)
        | Msg::SignProviderAttributes(_)
        | Msg::DeleteProviderAttributes(_)
        | Msg::GrantDeposits(_)
        | Msg::Revoke(_)
        | Msg::GrantAllowance(_)
        | Msg::RevokeAllowance(_)
        | Msg::AddPriceEntry(_)
        | Msg::RevokeCertificate(_) => Ok(()),
        Msg::MintAct(m) => bme::check(&m.owner, &m.to, &m.burn),
        Msg::BurnAct(m) => bme::check(&m.owner, &m.to, &m.burn),
    }
}

fn create_deployment(m: &CreateDeployment) -> Result<(), Rejection> {
    deposit::check(&m.deposit)?;
    if m.groups.is_empty() {
        return Err(INVALID_GROUPS.into());
    }
    for group in &m.groups {
        group_limits::check(group)?;
        let (deposit, price) = (&m.deposit.amount.denom, group.units.first().map(|u| &u.price.denom));
        if let Some(price) = price.filter(|p| *p != deposit) {
            return Err(INVALID_DEPOSIT.because(format!("Mismatched denominations ({deposit} != {price})")));
        }
    }
    Ok(())
}

fn create_bid(m: &CreateBid) -> Result<(), Rejection> {
    not_self(&m.id)?;
    deposit::check(&m.deposit)?;
    if m.price.amount.is_zero() { Err(BID_ZERO_PRICE.into()) } else { Ok(()) }
}

fn not_self(id: &BidId) -> Result<(), Rejection> {
    if id.order.deployment().owner == id.provider { Err(CONFLICT.because("BidID: self-bid")) } else { Ok(()) }
}

fn provider_reason(reason: CloseReason) -> Result<(), Rejection> {
    let number = reason.to_wire();
    if (10_000..20_000).contains(&number) {
        return Ok(());
    }
    Err(INVALID_CLOSE_REASON.because(format!("value \"{number}\" range 10000..19999")))
}

fn provider_uri(uri: &str) -> Result<(), Rejection> {
    let absolute = uri.split_once("://").is_some_and(|(scheme, host)| !scheme.is_empty() && !host.is_empty());
    if absolute {
        Ok(())
    } else {
        Err(NOT_ABSOLUTE_URI.because(format!("validating \"{uri}\" for absolute URI")))
    }
}

fn check_bid_sequence(any: &Any) -> Result<(), Rejection> {
    let about = AboutBid::decode(any.value.as_slice()).unwrap_or_default();
    if about.id.is_some_and(|id| id.bseq != 0) {
        Err(CONFLICT.because("BidID: invalid bseq"))
    } else {
        Ok(())
    }
}

/// A malformed field in the chain's own words.
fn explain(any: &Any, malformed: &Malformed) -> Rejection {
    match malformed.field {
        "dseq" => INVALID_SEQUENCE.because("DeploymentID: Invalid Deployment Sequence"),
        "hash" if hash_length(any) == 0 => EMPTY_HASH.into(),
        "hash" => INVALID_HASH.into(),
        "owner" | "provider" | "signer" | "from_address" | "to_address" => {
            INVALID_ADDRESS.because(&malformed.problem)
        }
        "min_window" => INVALID_RECLAMATION.because("min_window must not be negative"),
        "amount" => INVALID_COINS.because(&malformed.problem),
        _ => plain(malformed.to_string()),
    }
}

fn hash_length(any: &Any) -> usize {
    let bytes = any.value.as_slice();
    if any.type_url == MsgUpdateDeployment::type_url() {
        return MsgUpdateDeployment::decode(bytes).map_or(0, |m| m.hash.len());
    }
    MsgCreateDeployment::decode(bytes).map_or(0, |m| m.hash.len())
}
