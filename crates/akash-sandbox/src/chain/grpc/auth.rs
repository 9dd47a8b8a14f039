//! Queries about accounts.

use akash_types::Address;
use cosmos_sdk_proto::Any;
use cosmos_sdk_proto::cosmos::auth::v1beta1::query_server::Query;
use cosmos_sdk_proto::cosmos::auth::v1beta1::{
    self as proto, BaseAccount, QueryAccountInfoRequest, QueryAccountInfoResponse, QueryAccountRequest,
    QueryAccountResponse,
};
use cosmos_sdk_proto::cosmos::crypto::secp256k1::PubKey;
use prost::{Message as _, Name as _};
use tonic::{Request, Response, Status};

use super::answer;
use crate::market::State;

super::serve! {
    impl Query {
        async fn account(&self, request: Request<QueryAccountRequest>) -> Result<Response<QueryAccountResponse>, Status> {
            let state = self.state(&request)?;
            let account = base_account(&state, &request.into_inner().address)?;
            let any = Any { type_url: BaseAccount::type_url(), value: account.encode_to_vec() };
            Ok(answer(&state, QueryAccountResponse { account: Some(any) }))
        }

        async fn account_info(
            &self,
            request: Request<QueryAccountInfoRequest>,
        ) -> Result<Response<QueryAccountInfoResponse>, Status> {
            let state = self.state(&request)?;
            let account = base_account(&state, &request.into_inner().address)?;
            Ok(answer(&state, QueryAccountInfoResponse { info: Some(account) }))
        }
    }
    unserved {
        accounts(proto::QueryAccountsRequest) -> proto::QueryAccountsResponse;
        account_address_by_id(proto::QueryAccountAddressByIdRequest) -> proto::QueryAccountAddressByIdResponse;
        params(proto::QueryParamsRequest) -> proto::QueryParamsResponse;
        module_accounts(proto::QueryModuleAccountsRequest) -> proto::QueryModuleAccountsResponse;
        module_account_by_name(proto::QueryModuleAccountByNameRequest) -> proto::QueryModuleAccountByNameResponse;
        bech32_prefix(proto::Bech32PrefixRequest) -> proto::Bech32PrefixResponse;
        address_bytes_to_string(proto::AddressBytesToStringRequest) -> proto::AddressBytesToStringResponse;
        address_string_to_bytes(proto::AddressStringToBytesRequest) -> proto::AddressStringToBytesResponse;
    }
}

fn base_account(state: &State, text: &str) -> Result<BaseAccount, Status> {
    let address: Address = text.parse().map_err(|e| Status::invalid_argument(format!("{e}")))?;
    let account = state.accounts.get(&address);
    let account = account.ok_or_else(|| Status::not_found(format!("account {text} not found")))?;
    let key = |key: &[u8; 33]| Any {
        type_url: PubKey::type_url(),
        value: PubKey { key: key.to_vec() }.encode_to_vec(),
    };
    Ok(BaseAccount {
        address: text.to_owned(),
        pub_key: account.public_key.as_ref().map(key),
        account_number: account.number,
        sequence: account.sequence,
    })
}
