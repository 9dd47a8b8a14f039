//! Accounts and balances.

use akash_types::{Address, Denom, Malformed};
use cosmos_sdk_proto::Any;
use cosmos_sdk_proto::cosmos::auth::v1beta1::query_client::QueryClient as AuthClient;
use cosmos_sdk_proto::cosmos::auth::v1beta1::{BaseAccount, QueryAccountInfoRequest, QueryAccountRequest};
use cosmos_sdk_proto::cosmos::bank::v1beta1::QueryBalanceRequest;
use cosmos_sdk_proto::cosmos::bank::v1beta1::query_client::QueryClient as BankClient;
use cosmos_sdk_proto::cosmos::crypto::secp256k1::PubKey;
use prost::{Message as _, Name as _};

use super::{At, Client, optional, read, required};
use crate::ChainError;

/// An account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its number, part of what is signed.
    pub number: u64,
    /// How many ordered transactions of it were executed: the next one's number.
    pub sequence: u64,
    /// Its compressed secp256k1 key; `None` until it has signed a first transaction.
    pub public_key: Option<[u8; 33]>,
}

impl Client {
    /// An account; `None` when it has never received anything.
    pub async fn account(&self, address: &Address, at: At) -> Result<Option<Account>, ChainError> {
        let what = "read the account";
        let query = QueryAccountRequest { address: address.to_string() };
        let answer =
            self.ask(what, at, query, |channel, query| async move {
                AuthClient::new(channel).account(query).await
            })
            .await;
        let Some(answer) = optional(answer)? else { return Ok(None) };
        let any = required(what, answer.account, "QueryAccountResponse", "account")?;
        let base = if any.type_url == BaseAccount::type_url() {
            let base = BaseAccount::decode(any.value.as_slice());
            read(what, base.map_err(|e| Malformed::new("BaseAccount", "value", e)))?
        } else {
            // A vesting or module account wraps the same four fields; the node unwraps them.
            let query = QueryAccountInfoRequest { address: address.to_string() };
            let answer = self
                .ask(what, at, query, |channel, query| async move {
                    AuthClient::new(channel).account_info(query).await
                })
                .await?;
            required(what, answer.info, "QueryAccountInfoResponse", "info")?
        };
        Ok(Some(Account {
            number: base.account_number,
            sequence: base.sequence,
            public_key: base.pub_key.and_then(|any| secp256k1(&any)),
        }))
    }

    /// What an account has of a currency, in its smallest unit; 0 for accounts that do not exist.
    pub async fn balance(&self, address: &Address, denom: &Denom, at: At) -> Result<u128, ChainError> {
        let what = "read the balance";
        let query = QueryBalanceRequest { address: address.to_string(), denom: denom.to_string() };
        let answer =
            self.ask(what, at, query, |channel, query| async move {
                BankClient::new(channel).balance(query).await
            })
            .await?;
        let amount = answer.balance.map_or_else(|| "0".to_owned(), |coin| coin.amount);
        read(what, amount.parse().map_err(|e| Malformed::new("QueryBalanceResponse", "balance", e)))
    }
}

/// The key of an account that signs with secp256k1, as every account of Akash's tools does.
fn secp256k1(any: &Any) -> Option<[u8; 33]> {
    if any.type_url != PubKey::type_url() {
        return None;
    }
    PubKey::decode(any.value.as_slice()).ok()?.key.try_into().ok()
}
