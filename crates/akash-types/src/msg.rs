//! The messages that a transaction carries.
//!
//! [`Msg`] is every message that this repository signs or executes. What is not in it is refused before signing.

mod bank;
mod deployment;
mod escrow;
mod grant;
mod market;
mod mint;
mod registry;

pub use bank::Send;
pub use deployment::{
    CloseDeployment, CloseGroup, CreateDeployment, PauseGroup, StartGroup, UpdateDeployment,
};
pub use escrow::AccountDeposit;
pub use grant::{
    Allowance, DEPOSIT_URL, DepositAuthorization, GrantAllowance, GrantDeposits, Revoke, RevokeAllowance,
    service_messages,
};
pub use market::{CloseBid, CloseLease, CreateBid, CreateLease, StartReclaim, WithdrawLease};
pub use mint::{AddPriceEntry, BurnAct, MintAct};
pub use registry::{
    CreateCertificate, CreateProvider, DeleteProvider, DeleteProviderAttributes, RevokeCertificate,
    SignProviderAttributes, UpdateProvider,
};

use cosmos_sdk_proto::Any;
use prost::{Message as _, Name as _};

use crate::{Address, Malformed};

/// A message cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Its type is not one of [`Msg`]'s.
    #[error("`{type_url}` is not a message that this program knows")]
    UnknownType {
        /// The type named in the transaction.
        type_url: String,
    },
    /// Its bytes are no message of that type.
    #[error("{type_url} cannot be decoded: {problem}")]
    Undecodable {
        /// The type named in the transaction.
        type_url: String,
        /// Why.
        problem: String,
    },
    /// A field is wrong.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// One enum, its type URLs and both conversions, from one list.
macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident($ty:ty) = $wire:ty, signed by $($signer:ident).+;)+) => {
        /// A message of a transaction.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Msg {
            $($(#[$doc])* $name($ty),)+
        }

        impl Msg {
            /// The message's type as transactions name it: `/akash.market.v1beta5.MsgCreateLease`.
            pub fn type_url(&self) -> String {
                match self {
                    $(Self::$name(_) => <$wire>::type_url(),)+
                }
            }

            /// Who must sign it.
            pub const fn signer(&self) -> &Address {
                match self {
                    $(Self::$name(m) => &m.$($signer).+,)+
                }
            }

            /// As it stands in a transaction's body.
            pub fn to_any(&self) -> Any {
                let value = match self {
                    $(Self::$name(m) => <$wire>::from(m).encode_to_vec(),)+
                };
                Any { type_url: self.type_url(), value }
            }

            /// Reads one from a transaction's body.
            pub fn from_any(any: &Any) -> Result<Self, Unreadable> {
                $(if any.type_url == <$wire>::type_url() {
                    let wire = <$wire>::decode(any.value.as_slice()).map_err(|e| Unreadable::Undecodable {
                        type_url: any.type_url.clone(),
                        problem: e.to_string(),
                    })?;
                    return Ok(Self::$name(wire.try_into()?));
                })+
                Err(Unreadable::UnknownType { type_url: any.type_url.clone() })
            }
        }

        $(impl From<$ty> for Msg {
            fn from(message: $ty) -> Self {
                Self::$name(message)
            }
        })+
    };
}

use akash_proto::akash as wire;
use cosmos_sdk_proto::cosmos;

messages! {
    /// Opens a deployment with its groups, and funds its escrow.
    CreateDeployment(CreateDeployment) = wire::deployment::v1beta4::MsgCreateDeployment, signed by id.owner;
    /// Replaces a deployment's version hash.
    UpdateDeployment(UpdateDeployment) = wire::deployment::v1beta4::MsgUpdateDeployment, signed by id.owner;
    /// Ends a deployment and returns what is left of its deposit.
    CloseDeployment(CloseDeployment) = wire::deployment::v1beta4::MsgCloseDeployment, signed by id.owner;
    /// Ends a group; the deposit stays locked.
    CloseGroup(CloseGroup) = wire::deployment::v1beta4::MsgCloseGroup, signed by id.deployment.owner;
    /// Ends a group's lease until it is started again.
    PauseGroup(PauseGroup) = wire::deployment::v1beta4::MsgPauseGroup, signed by id.deployment.owner;
    /// Opens a new order for a paused group.
    StartGroup(StartGroup) = wire::deployment::v1beta4::MsgStartGroup, signed by id.deployment.owner;
    /// A provider offers.
    CreateBid(CreateBid) = wire::market::v1beta5::MsgCreateBid, signed by id.provider;
    /// A provider withdraws its offer, or leaves its lease.
    CloseBid(CloseBid) = wire::market::v1beta5::MsgCloseBid, signed by id.provider;
    /// A tenant accepts a bid.
    CreateLease(CreateLease) = wire::market::v1beta5::MsgCreateLease, signed by bid.order.group.deployment.owner;
    /// A tenant ends a lease; the group's next order opens at once.
    CloseLease(CloseLease) = wire::market::v1beta5::MsgCloseLease, signed by id.order.group.deployment.owner;
    /// A provider takes what it has earned.
    WithdrawLease(WithdrawLease) = wire::market::v1beta5::MsgWithdrawLease, signed by id.provider;
    /// A provider gives notice.
    StartReclaim(StartReclaim) = wire::market::v1beta5::MsgLeaseStartReclaim, signed by id.provider;
    /// Puts money into escrow. The one message here that repeating would pay twice.
    AccountDeposit(AccountDeposit) = wire::escrow::v1::MsgAccountDeposit, signed by signer;
    /// Publishes a certificate.
    CreateCertificate(CreateCertificate) = wire::cert::v1::MsgCreateCertificate, signed by owner;
    /// Takes a certificate back.
    RevokeCertificate(RevokeCertificate) = wire::cert::v1::MsgRevokeCertificate, signed by owner;
    /// Registers a provider.
    CreateProvider(CreateProvider) = wire::provider::v1beta4::MsgCreateProvider, signed by provider.owner;
    /// Changes a provider's entry.
    UpdateProvider(UpdateProvider) = wire::provider::v1beta4::MsgUpdateProvider, signed by provider.owner;
    /// Asks to have a provider's entry taken away; the chain does not do that.
    DeleteProvider(DeleteProvider) = wire::provider::v1beta4::MsgDeleteProvider, signed by owner;
    /// An auditor vouches for a provider.
    SignProviderAttributes(SignProviderAttributes) = wire::audit::v1::MsgSignProviderAttributes, signed by audited.auditor;
    /// An auditor takes back what it vouched for.
    DeleteProviderAttributes(DeleteProviderAttributes) = wire::audit::v1::MsgDeleteProviderAttributes, signed by auditor;
    /// Sends coins to another account.
    Send(Send) = cosmos::bank::v1beta1::MsgSend, signed by from;
    /// Lets another account pay deposits with one's coins.
    GrantDeposits(GrantDeposits) = cosmos::authz::v1beta1::MsgGrant, signed by granter;
    /// Takes a grant back.
    Revoke(Revoke) = cosmos::authz::v1beta1::MsgRevoke, signed by granter;
    /// Lets another account pay fees with one's coins.
    GrantAllowance(GrantAllowance) = cosmos::feegrant::v1beta1::MsgGrantAllowance, signed by granter;
    /// Takes an allowance for fees back.
    RevokeAllowance(RevokeAllowance) = cosmos::feegrant::v1beta1::MsgRevokeAllowance, signed by granter;
    /// Turns uakt into uact.
    MintAct(MintAct) = wire::bme::v1::MsgMintAct, signed by owner;
    /// Turns uact into uakt.
    BurnAct(BurnAct) = wire::bme::v1::MsgBurnAct, signed by owner;
    /// An oracle's price.
    AddPriceEntry(AddPriceEntry) = wire::oracle::v2::MsgAddPriceEntry, signed by signer;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Coin, DeploymentId, Dseq, escrow::Funding};

    #[test]
    fn a_message_survives_the_wire() {
        let owner: Address = "akash1vtad8680vhdfqvxx0f2yaxa6agdylelm443h3v".parse().unwrap();
        let id = DeploymentId::new(owner.clone(), Dseq::new(1_781_208_244_926).unwrap());
        let messages = [
            Msg::from(CreateDeployment {
                id: id.clone(),
                groups: vec![],
                hash: [7; 32],
                deposit: Funding::from_balance(Coin::uact(500_000)),
                reclamation: Some(3_600),
            }),
            Msg::from(UpdateDeployment { id: id.clone(), hash: [8; 32] }),
            Msg::from(CloseDeployment { id: id.clone() }),
            Msg::from(CreateLease { bid: id.group(1).order(1).bid(owner.clone()) }),
        ];
        for message in messages {
            assert_eq!(message.signer(), &owner);
            assert_eq!(Msg::from_any(&message.to_any()).unwrap(), message);
        }
    }

    #[test]
    fn the_hash_of_an_update_is_field_three() {
        let owner: Address = "akash1vtad8680vhdfqvxx0f2yaxa6agdylelm443h3v".parse().unwrap();
        let id = DeploymentId::new(owner, Dseq::new(1).unwrap());
        let bytes = Msg::from(UpdateDeployment { id, hash: [8; 32] }).to_any().value;
        let tail = &bytes[bytes.len() - 34..];
        assert_eq!(tail[..2], [3 << 3 | 2, 32]);
    }

    #[test]
    fn what_is_not_on_the_list_is_refused() {
        let any = Any { type_url: "/cosmos.gov.v1.MsgVote".into(), value: vec![] };
        assert!(matches!(Msg::from_any(&any), Err(Unreadable::UnknownType { .. })));
    }
}
