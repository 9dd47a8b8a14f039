//! Who pays for an account: deposits (authz) and fees (feegrant).

use akash_types::msg::{Allowance, DepositAuthorization};
use akash_types::{Address, Time};
use cosmos_sdk_proto::cosmos::authz::v1beta1 as authz;
use cosmos_sdk_proto::cosmos::feegrant::v1beta1 as feegrant;

use super::{At, Client, page, read};
use crate::ChainError;

/// Something that an account may do with another one's leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// Whose leave.
    pub granter: Address,
    /// What for.
    pub grant: Grant,
    /// Until when; `None`: until it is taken back.
    pub expires: Option<Time>,
}

/// What one account may do with the leave of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// Pay deposits with its coins.
    Deposits(DepositAuthorization),
    /// Something else, by the type of the authorization: generic ones have no limit.
    Other(String),
}

/// An allowance for fees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeAllowance {
    /// Who pays.
    pub granter: Address,
    /// How much; `None`: limited in a way that is not known here.
    pub allowance: Option<Allowance>,
}

impl Client {
    /// What was granted to an account, and has not expired.
    pub async fn granted_to(&self, grantee: &Address, at: At) -> Result<Vec<Granted>, ChainError> {
        let what = "list the grants";
        let answers = page::all(what, |pagination| {
            let query = authz::QueryGranteeGrantsRequest { grantee: grantee.to_string(), pagination };
            async move {
                let answer = self
                    .ask(what, at, query, |channel, query| async move {
                        authz::query_client::QueryClient::new(channel).grantee_grants(query).await
                    })
                    .await?;
                Ok((answer.grants, answer.pagination))
            }
        })
        .await?;
        answers
            .into_iter()
            .map(|answer| {
                let any = answer.authorization.unwrap_or_default();
                let url = any.type_url.clone();
                Ok(Granted {
                    granter: address(what, &answer.granter)?,
                    grant: any.try_into().map_or(Grant::Other(url), Grant::Deposits),
                    expires: read(what, answer.expiration.map(Time::try_from).transpose())?,
                })
            })
            .collect()
    }

    /// Who pays fees for an account. Those that have expired may be among them.
    pub async fn allowances_of(&self, grantee: &Address, at: At) -> Result<Vec<FeeAllowance>, ChainError> {
        let what = "list the allowances for fees";
        let answers = page::all(what, |pagination| {
            let query = feegrant::QueryAllowancesRequest { grantee: grantee.to_string(), pagination };
            async move {
                let answer = self
                    .ask(what, at, query, |channel, query| async move {
                        feegrant::query_client::QueryClient::new(channel).allowances(query).await
                    })
                    .await?;
                Ok((answer.allowances, answer.pagination))
            }
        })
        .await?;
        answers
            .into_iter()
            .map(|answer| {
                let granter = address(what, &answer.granter)?;
                Ok(FeeAllowance { granter, allowance: answer.allowance.and_then(|any| any.try_into().ok()) })
            })
            .collect()
    }
}

fn address(what: &'static str, text: &str) -> Result<Address, ChainError> {
    read(what, text.parse().map_err(|error| akash_types::Malformed::new("Grant", "granter", error)))
}
