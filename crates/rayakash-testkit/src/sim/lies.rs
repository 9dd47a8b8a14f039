//! What a byzantine node says.

use akash_proto::akash::market::v1beta5::QueryBidsResponse;
use akash_proto::cosmos::tx::v1beta1::GetTxResponse;
use cosmos_sdk_proto::cosmos::auth::v1beta1::{BaseAccount, QueryAccountResponse};
use cosmos_sdk_proto::cosmos::bank::v1beta1::QueryBalanceResponse;
use prost::Message as _;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{StdError, http};

use super::fault::Fault;
use super::stage::Stage;
use super::wire::rewrite;

/// The answer, or what this node makes of it.
pub(crate) async fn tell(
    stage: &Stage,
    node: usize,
    path: &str,
    response: http::Response<Body>,
) -> Result<http::Response<Body>, StdError> {
    let lies = |about: fn(usize) -> Fault| {
        let fault = about(node);
        stage
            .faults
            .find(|active| (*active == fault).then(|| fault.name()))
            .inspect(|name| stage.faults.hit(name))
            .is_some()
    };
    if path.ends_with("auth.v1beta1.Query/Account") && lies(|node| Fault::LiesSequence { node }) {
        let more = stage.chance.permille(500);
        return rewrite(response, |answer| Ok(other_sequence(answer, more))).await;
    }
    if path.ends_with("Service/GetTx") && lies(|node| Fault::LiesResult { node }) {
        return rewrite::<GetTxResponse>(response, |_| Err(Status::not_found("tx not found"))).await;
    }
    if path.ends_with("bank.v1beta1.Query/Balance") && lies(|node| Fault::LiesBalance { node }) {
        let zero = stage.chance.permille(500);
        return rewrite(response, |answer| Ok(other_balance(answer, zero))).await;
    }
    if path.ends_with("market.v1beta5.Query/Bids") && lies(|node| Fault::LiesPrice { node }) {
        return rewrite(response, |answer| Ok(cheaper(answer))).await;
    }
    Ok(response)
}

fn other_sequence(mut answer: QueryAccountResponse, more: bool) -> QueryAccountResponse {
    if let Some(any) = &mut answer.account
        && let Ok(mut account) = BaseAccount::decode(any.value.as_slice())
    {
        let wrong =
            if more { account.sequence.saturating_add(1) } else { account.sequence.saturating_sub(1) };
        account.sequence = wrong;
        any.value = account.encode_to_vec();
    }
    answer
}

fn other_balance(mut answer: QueryBalanceResponse, zero: bool) -> QueryBalanceResponse {
    if let Some(coin) = &mut answer.balance {
        coin.amount = if zero { "0".to_owned() } else { format!("{}0", coin.amount) };
    }
    answer
}

/// Every bid at a thousandth of its price.
fn cheaper(mut answer: QueryBidsResponse) -> QueryBidsResponse {
    for bid in answer.bids.iter_mut().filter_map(|bid| bid.bid.as_mut()) {
        if let Some(price) = &mut bid.price {
            let kept = price.amount.len().saturating_sub(3).max(1);
            price.amount.truncate(kept);
        }
    }
    answer
}
