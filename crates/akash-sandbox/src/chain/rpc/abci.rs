//! Questions to the application: the chain's gRPC services by another road.

use akash_proto::cosmos::tx::v1beta1::{SimulateRequest, SimulateResponse};
use prost::Message as _;
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::args::{self, Args};
use super::envelope::Failure;
use super::{Rpc, block, tx};
use crate::chain::grpc::inside;
use crate::chain::rest;

const SIMULATE: &str = "/cosmos.tx.v1beta1.Service/Simulate";
/// The SDK's own errors that queries end in.
const UNAUTHORIZED: u32 = 4;
const UNKNOWN_REQUEST: u32 = 6;
const INVALID_REQUEST: u32 = 18;
const KEY_NOT_FOUND: u32 = 22;
const INVALID_HEIGHT: u32 = 26;

/// What the application says about itself.
pub(super) fn info(rpc: &Rpc) -> Value {
    let state = rpc.node.state();
    let hash = rpc.node.block(state.height).map(|block| block.app_hash);
    json!({ "response": {
        "data": "akash",
        "version": rpc.node.version(),
        "last_block_height": state.height.to_string(),
        "last_block_app_hash": tx::base64(&hash.unwrap_or_default()),
    } })
}

/// `abci_query`: a gRPC method by its path, or one of the SDK's `/app/…`.
pub(super) async fn query(rpc: &Rpc, args: &Args) -> Result<Value, Failure> {
    let (path, data) = (args.text("path")?, args.bytes("data", args::Bytes::Hex)?);
    let tip = rpc.node.state().height.0;
    let asked = args.number("height")?.unwrap_or(0);
    let asked = u64::try_from(asked).map_err(|_| Failure::internal("height cannot be negative"))?;
    let height = if asked == 0 { tip } else { asked };
    let answer = if height > tip {
        let log = "cannot query with height in the future; please provide a valid height: invalid height";
        Err(Refusal { code: INVALID_HEIGHT, log: log.to_owned() })
    } else {
        match path.as_str() {
            "/app/version" => Ok(rpc.node.version().into_bytes()),
            "/app/simulate" => simulate(rpc, data).await.map_err(|status| refusal(&status)),
            _ => rpc.service(&path, data, height).await.map_err(|status| refusal(&status)),
        }
    };
    let (code, log, codespace) = match &answer {
        Ok(_) => (0, "", ""),
        Err(refusal) => (refusal.code, refusal.log.as_str(), "sdk"),
    };
    let value = answer.as_ref().ok().map(|bytes| tx::base64(bytes));
    Ok(json!({ "response": {
        "code": code,
        "log": log,
        "info": "",
        "index": "0",
        "key": null,
        "value": value,
        "proofOps": null,
        "height": if code == 0 { height.to_string() } else { "0".to_owned() },
        "codespace": codespace,
    } }))
}

/// `/app/simulate` answers with JSON, and wants the bytes of the transaction alone.
async fn simulate(rpc: &Rpc, tx_bytes: Vec<u8>) -> Result<Vec<u8>, Status> {
    let request = SimulateRequest { tx_bytes, ..SimulateRequest::default() };
    let answer = rpc.service(SIMULATE, request.encode_to_vec(), 0).await?;
    let answer = SimulateResponse::decode(answer.as_slice()).unwrap_or_default();
    let (gas, result) = (answer.gas_info.unwrap_or_default(), answer.result.unwrap_or_default());
    let responses = rest::json::packed(&result.msg_responses).map_err(|e| Status::internal(e.to_string()))?;
    let value = json!({
        "gas_info": { "gas_wanted": gas.gas_wanted.to_string(), "gas_used": gas.gas_used.to_string() },
        "result": { "data": null, "log": result.log, "events": result.events, "msg_responses": responses },
    });
    Ok(value.to_string().into_bytes())
}

/// Why the application does not answer; always one of the SDK's own errors.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    code: u32,
    log: String,
}

/// A gRPC error as the application tells it over this road.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the SDK names four codes and has one answer for all others"
)]
fn refusal(status: &Status) -> Refusal {
    if status.code() == Code::Unimplemented && status.message().is_empty() {
        return Refusal { code: UNKNOWN_REQUEST, log: "unknown query path: unknown request".to_owned() };
    }
    let (code, name) = match status.code() {
        Code::NotFound => (KEY_NOT_FOUND, "key not found"),
        Code::InvalidArgument | Code::FailedPrecondition => (INVALID_REQUEST, "invalid request"),
        Code::Unauthenticated => (UNAUTHORIZED, "unauthorized"),
        _ => (UNKNOWN_REQUEST, "unknown request"),
    };
    // A module's own error says its number over gRPC only.
    let text = status.message();
    let own = text.strip_prefix("codespace ").and_then(|rest| rest.split_once(": ")).map(|(_, own)| own);
    let text =
        own.map_or_else(|| format!("rpc error: code = {:?} desc = {text}", status.code()), str::to_owned);
    Refusal { code, log: format!("{text}: {name}") }
}

impl Rpc {
    /// Calls a gRPC method of the chain. Height 0 is the newest.
    pub(super) async fn service(&self, path: &str, body: Vec<u8>, height: u64) -> Result<Vec<u8>, Status> {
        inside::ask(&self.services, path, body, height).await
    }

    /// A block's height, or why it has none.
    pub(super) fn height(&self, args: &Args) -> Result<akash_types::Height, Failure> {
        block::height(self, args.number("height")?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_lose_their_numbers_on_this_road() {
        let table = [
            (
                Status::not_found("codespace deployment code 4: Deployment not found"),
                22,
                "Deployment not found: key not found",
            ),
            (
                Status::not_found("account a not found"),
                22,
                "rpc error: code = NotFound desc = account a not found: key not found",
            ),
            (
                Status::invalid_argument("invalid state value"),
                18,
                "rpc error: code = InvalidArgument desc = invalid state value: invalid request",
            ),
            (Status::unimplemented(""), 6, "unknown query path: unknown request"),
        ];
        for (status, code, log) in table {
            assert_eq!(refusal(&status), Refusal { code, log: log.to_owned() });
        }
    }
}
