//! One account pays for another: deposits (authz) and fees (feegrant).

use akash_proto::akash::{
    deployment::v1beta4 as deployment, escrow::v1 as escrow, market::v1beta5 as market,
};
use cosmos_sdk_proto::Any;
use cosmos_sdk_proto::cosmos::authz::v1beta1 as authz;
use cosmos_sdk_proto::cosmos::feegrant::v1beta1 as feegrant;
use prost::{Message as _, Name as _};

use crate::escrow::Scope;
use crate::malformed::{Field as _, all, required};
use crate::{Address, Coin, Malformed, Time, UAKT};

/// The type URL that a deposit grant is filed under. It serves deposits of every kind.
pub const DEPOSIT_URL: &str = "/akash.escrow.v1.MsgAccountDeposit";

/// Lets the grantee pay deposits with the granter's coins. There is one per pair: the next replaces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantDeposits {
    /// Whose coins.
    pub granter: Address,
    /// Who may use them.
    pub grantee: Address,
    /// For what, and how much.
    pub authorization: DepositAuthorization,
    /// Until when; `None`: until it is revoked.
    pub expires: Option<Time>,
}

/// What deposits a grant pays for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepositAuthorization {
    /// A limit of an older version, which must still be there: [`DepositAuthorization::new`] writes 0 uakt. The chain refuses a
    /// grant without it (sdk/10).
    pub old_limit: Option<Coin>,
    /// Deployments, bids, or both.
    pub scopes: Vec<Scope>,
    /// What is left of it. Refunds of what it paid raise it again.
    pub limits: Vec<Coin>,
}

impl DepositAuthorization {
    /// One that the chain accepts.
    pub fn new(scopes: Vec<Scope>, limits: Vec<Coin>) -> Self {
        Self { old_limit: Some(Coin { denom: UAKT, amount: 0 }), scopes, limits }
    }
}

/// The types of messages that the service of a tenant signs: what an allowance for its fees has to pay for, and nothing more.
pub fn service_messages() -> Vec<String> {
    vec![
        deployment::MsgCreateDeployment::type_url(),
        deployment::MsgUpdateDeployment::type_url(),
        deployment::MsgCloseDeployment::type_url(),
        market::MsgCreateLease::type_url(),
        escrow::MsgAccountDeposit::type_url(),
    ]
}

/// Takes a grant back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoke {
    /// Who gave it.
    pub granter: Address,
    /// Who had it.
    pub grantee: Address,
    /// What it was for.
    pub type_url: String,
}

/// Lets the grantee pay fees with the granter's coins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantAllowance {
    /// Whose coins.
    pub granter: Address,
    /// Who may use them.
    pub grantee: Address,
    /// How much.
    pub allowance: Allowance,
}

/// How much of somebody's coins may go into fees, and of which transactions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The types of messages that it pays for, and no others; empty: all.
    pub messages: Vec<String>,
    /// What is left; empty: no limit.
    pub limits: Vec<Coin>,
    /// Until when; `None`: until it is revoked.
    pub expires: Option<Time>,
}

/// Takes an allowance for fees back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokeAllowance {
    /// Who gave it.
    pub granter: Address,
    /// Who had it.
    pub grantee: Address,
}

/// What is in an `Any`, when it is of the one type that this program knows there.
fn unpack<M: prost::Message + prost::Name + Default>(
    any: Option<Any>,
    message: &'static str,
    field: &'static str,
) -> Result<M, Malformed> {
    let any = required(any, message, field)?;
    if any.type_url != M::type_url() {
        return Err(Malformed::new(message, field, format!("{} is not known", any.type_url)));
    }
    M::decode(any.value.as_slice()).field(message, field)
}

impl From<&DepositAuthorization> for Any {
    fn from(a: &DepositAuthorization) -> Self {
        let wire = escrow::DepositAuthorization {
            spend_limit: a.old_limit.as_ref().map(Into::into),
            scopes: a.scopes.iter().map(|s| s.to_wire()).collect(),
            spend_limits: a.limits.iter().map(Into::into).collect(),
        };
        Self { type_url: escrow::DepositAuthorization::type_url(), value: wire.encode_to_vec() }
    }
}

impl From<&Allowance> for Any {
    fn from(a: &Allowance) -> Self {
        let wire = feegrant::BasicAllowance {
            spend_limit: a.limits.iter().map(Into::into).collect(),
            expiration: a.expires.map(Into::into),
        };
        let basic = Self { type_url: feegrant::BasicAllowance::type_url(), value: wire.encode_to_vec() };
        if a.messages.is_empty() {
            return basic;
        }
        let wire =
            feegrant::AllowedMsgAllowance { allowance: Some(basic), allowed_messages: a.messages.clone() };
        Self { type_url: feegrant::AllowedMsgAllowance::type_url(), value: wire.encode_to_vec() }
    }
}

impl TryFrom<Any> for Allowance {
    type Error = Malformed;

    /// One that is limited in another way, such as per period, is not known.
    fn try_from(any: Any) -> Result<Self, Malformed> {
        let (messages, basic) = if any.type_url == feegrant::AllowedMsgAllowance::type_url() {
            let wire: feegrant::AllowedMsgAllowance = unpack(Some(any), "Grant", "allowance")?;
            (wire.allowed_messages, wire.allowance)
        } else {
            (Vec::new(), Some(any))
        };
        let wire: feegrant::BasicAllowance = unpack(basic, "Grant", "allowance")?;
        let expires = wire.expiration.map(Time::try_from).transpose()?;
        Ok(Self { messages, limits: all(wire.spend_limit)?, expires })
    }
}

impl TryFrom<Any> for DepositAuthorization {
    type Error = Malformed;

    fn try_from(any: Any) -> Result<Self, Malformed> {
        let wire: escrow::DepositAuthorization = unpack(Some(any), "Grant", "authorization")?;
        Ok(Self {
            // Whether it is valid is the chain's to say, not the wire's.
            old_limit: wire.spend_limit.and_then(|c| c.try_into().ok()),
            scopes: wire.scopes.into_iter().map(Scope::from_wire).collect(),
            limits: all(wire.spend_limits)?,
        })
    }
}

impl TryFrom<authz::MsgGrant> for GrantDeposits {
    type Error = Malformed;

    fn try_from(m: authz::MsgGrant) -> Result<Self, Malformed> {
        let grant = required(m.grant, "MsgGrant", "grant")?;
        let authorization = required(grant.authorization, "MsgGrant", "grant.authorization")?;
        Ok(Self {
            granter: m.granter.parse().field("MsgGrant", "granter")?,
            grantee: m.grantee.parse().field("MsgGrant", "grantee")?,
            authorization: authorization.try_into()?,
            expires: grant.expiration.map(Time::try_from).transpose()?,
        })
    }
}

impl From<&GrantDeposits> for authz::MsgGrant {
    fn from(m: &GrantDeposits) -> Self {
        let grant = authz::Grant {
            authorization: Some((&m.authorization).into()),
            expiration: m.expires.map(Into::into),
        };
        Self { granter: m.granter.to_string(), grantee: m.grantee.to_string(), grant: Some(grant) }
    }
}

impl TryFrom<authz::MsgRevoke> for Revoke {
    type Error = Malformed;

    fn try_from(m: authz::MsgRevoke) -> Result<Self, Malformed> {
        Ok(Self {
            granter: m.granter.parse().field("MsgRevoke", "granter")?,
            grantee: m.grantee.parse().field("MsgRevoke", "grantee")?,
            type_url: m.msg_type_url,
        })
    }
}

impl From<&Revoke> for authz::MsgRevoke {
    fn from(m: &Revoke) -> Self {
        Self {
            granter: m.granter.to_string(),
            grantee: m.grantee.to_string(),
            msg_type_url: m.type_url.clone(),
        }
    }
}

impl TryFrom<feegrant::MsgGrantAllowance> for GrantAllowance {
    type Error = Malformed;

    fn try_from(m: feegrant::MsgGrantAllowance) -> Result<Self, Malformed> {
        Ok(Self {
            granter: m.granter.parse().field("MsgGrantAllowance", "granter")?,
            grantee: m.grantee.parse().field("MsgGrantAllowance", "grantee")?,
            allowance: required(m.allowance, "MsgGrantAllowance", "allowance")?.try_into()?,
        })
    }
}

impl From<&GrantAllowance> for feegrant::MsgGrantAllowance {
    fn from(m: &GrantAllowance) -> Self {
        Self {
            granter: m.granter.to_string(),
            grantee: m.grantee.to_string(),
            allowance: Some((&m.allowance).into()),
        }
    }
}

impl TryFrom<feegrant::MsgRevokeAllowance> for RevokeAllowance {
    type Error = Malformed;

    fn try_from(m: feegrant::MsgRevokeAllowance) -> Result<Self, Malformed> {
        Ok(Self {
            granter: m.granter.parse().field("MsgRevokeAllowance", "granter")?,
            grantee: m.grantee.parse().field("MsgRevokeAllowance", "grantee")?,
        })
    }
}

impl From<&RevokeAllowance> for feegrant::MsgRevokeAllowance {
    fn from(m: &RevokeAllowance) -> Self {
        Self { granter: m.granter.to_string(), grantee: m.grantee.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Msg;

    #[test]
    fn a_deposit_is_among_what_a_service_signs() {
        assert!(service_messages().contains(&DEPOSIT_URL.to_owned()));
    }

    #[test]
    fn an_allowance_for_some_messages_is_read_as_it_is_written() {
        let limits = vec![Coin { denom: UAKT, amount: 5 }];
        for messages in [vec![], vec![DEPOSIT_URL.to_owned(), "/b".to_owned()]] {
            let allowance =
                Allowance { messages, limits: limits.clone(), expires: Some(Time::from_millis(7_000)) };
            assert_eq!(Allowance::try_from(Any::from(&allowance)).unwrap(), allowance);
        }
        let other = Any { type_url: "/cosmos.feegrant.v1beta1.PeriodicAllowance".to_owned(), value: vec![] };
        assert!(Allowance::try_from(other).is_err());
    }

    /// A chain refuses a deposit grant without the limit of the older version, also when the newer one has all that is meant.
    #[test]
    fn the_old_limit_is_on_the_wire() {
        let [granter, grantee] = [1, 2].map(|n| Address::from_bytes(&[n; 20]).unwrap());
        let authorization = DepositAuthorization::new(vec![Scope::Deployment], vec![Coin::uact(5)]);
        let grant = Msg::from(GrantDeposits { granter, grantee, authorization, expires: None });
        assert_eq!(Msg::from_any(&grant.to_any()).unwrap(), grant);
        let wire = authz::MsgGrant::decode(&*grant.to_any().value).unwrap();
        let inner = wire.grant.unwrap().authorization.unwrap().value;
        // Field 1, ten bytes: {1: "uakt", 2: "0"}.
        let limit = b"\x0a\x09\x0a\x04uakt\x12\x010";
        assert!(inner.starts_with(limit), "{inner:?}");
    }
}
