//! Queries about accounts.

use akash_types::{Address, BadAddress};
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
    let address: Address = text.parse().map_err(|e: BadAddress| Status::unknown(bad_address(text, &e)))?;
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

/// What a node says of a text that is no address: of a wrong checksum, which one it expected.
fn bad_address(text: &str, error: &BadAddress) -> String {
    const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let value = |c: u8| LETTERS.iter().position(|l| *l == c).and_then(|n| u8::try_from(n).ok());
    let split = text.split_once('1').and_then(|(prefix, data)| {
        let values = data.bytes().map(value).collect::<Option<Vec<u8>>>()?;
        let end = values.len().checked_sub(6)?;
        Some((prefix, data.get(end..)?, values.get(..end)?.to_vec()))
    });
    let Some((prefix, given, values)) = split else {
        return format!("decoding bech32 failed: {}", error.problem);
    };
    let expected: String = checksum(prefix, &values)
        .iter()
        .filter_map(|v| LETTERS.get(usize::from(*v)))
        .map(|l| char::from(*l))
        .collect();
    format!("decoding bech32 failed: invalid checksum (expected {expected} got {given})")
}

/// The checksum of bech32 (BIP 173).
fn checksum(prefix: &str, values: &[u8]) -> [u8; 6] {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let high = prefix.bytes().map(|b| b >> 5);
    let low = prefix.bytes().map(|b| b & 31);
    let all = high.chain([0]).chain(low).chain(values.iter().copied()).chain([0; 6]);
    let mut sum: u32 = 1;
    for value in all {
        let top = sum >> 25;
        sum = ((sum & 0x01ff_ffff) << 5) ^ u32::from(value);
        for (n, part) in GENERATOR.iter().enumerate() {
            if (top >> n) & 1 == 1 {
                sum ^= part;
            }
        }
    }
    sum ^= 1;
    [25, 20, 15, 10, 5, 0].map(|shift| u8::try_from((sum >> shift) & 31).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_checksum_is_told_with_the_right_one() {
        let text = "akash1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqjk8lkm";
        let error = text.parse::<Address>().unwrap_err();
        // As a real node says it (25-more).
        let told = "decoding bech32 failed: invalid checksum (expected 7cdc78 got jk8lkm)";
        assert_eq!(bad_address(text, &error), told);
        let error = "akash".parse::<Address>().unwrap_err();
        assert!(bad_address("akash", &error).starts_with("decoding bech32 failed: "));
    }
}
