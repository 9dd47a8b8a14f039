//! Broadcasting, simulating and finding transactions.

use akash_proto::cosmos::base::abci::v1beta1::{GasInfo, Result as Tried, TxMsgData, TxResponse};
use akash_proto::cosmos::tx::v1beta1::service_server::Service;
use akash_proto::cosmos::tx::v1beta1::{
    self as proto, AuthInfo, BroadcastTxRequest, BroadcastTxResponse, GetTxRequest, GetTxResponse,
    SimulateRequest, SimulateResponse, TxBody, TxDecodeRequest, TxDecodeResponse, TxEncodeRequest,
    TxEncodeResponse, TxRaw,
};
use akash_types::Time;
use cosmos_sdk_proto::Any;
use cosmos_sdk_proto::tendermint::abci;
use prost::Message as _;
use tonic::{Request, Response, Status};

use crate::chain::faults::Answer;
use crate::clock;
use crate::market::{Block, Delivered, Event, TxHash, event, refuse};

const SYNC: i32 = 2;
const ASYNC: i32 = 3;

super::serve! {
    impl Service {
        async fn simulate(&self, request: Request<SimulateRequest>) -> Result<Response<SimulateResponse>, Status> {
            let state = self.state(&request)?;
            let bytes = request.into_inner().tx_bytes;
            let tried = self.node.simulate(&bytes).map_err(|(rejection, used)| {
                let log = refuse::shown(&rejection.log);
                Status::unknown(format!("{log} [sandbox] with gas used: '{used}'"))
            })?;
            let responses = TxMsgData::decode(tried.data.as_slice()).unwrap_or_default().msg_responses;
            let result = Tried {
                data: tried.data,
                events: events(&tried.events, false),
                msg_responses: responses,
                ..Tried::default()
            };
            let gas = GasInfo { gas_wanted: u64::MAX, gas_used: tried.gas_used };
            Ok(super::answer(&state, SimulateResponse { gas_info: Some(gas), result: Some(result) }))
        }

        async fn broadcast_tx(
            &self,
            request: Request<BroadcastTxRequest>,
        ) -> Result<Response<BroadcastTxResponse>, Status> {
            let asked = request.into_inner();
            if !matches!(asked.mode, SYNC | ASYNC) {
                return Err(Status::unknown("unsupported return type unspecified; supported types: sync, async"));
            }
            let delay = self.node.faults().take_delay();
            if let Some(delay) = delay {
                clock::sleep(delay).await;
            }
            if self.node.faults().take_refusal() {
                return Err(Status::unavailable("a fault of the sandbox refuses this broadcast"));
            }
            let response = self.take_in(&asked.tx_bytes, asked.mode);
            let fate = self.node.faults().take_answer();
            if fate == Answer::DroppedAfterCommit && response.code == 0 {
                self.committed(&TxHash::of(&asked.tx_bytes)).await;
            }
            if fate != Answer::Given {
                return Err(Status::unavailable("a fault of the sandbox drops this answer"));
            }
            Ok(Response::new(BroadcastTxResponse { tx_response: Some(response) }))
        }

        async fn get_tx(&self, request: Request<GetTxRequest>) -> Result<Response<GetTxResponse>, Status> {
            let text = request.into_inner().hash;
            let hash = read_hash(&text)?;
            let missing = || Status::not_found(format!("tx not found: {}", text.to_uppercase()));
            let (block, place) = self.node.tx(&hash).ok_or_else(missing)?;
            let delivered = block.txs.get(place).ok_or_else(missing)?;
            let tx = decoded(&delivered.tx.bytes)?;
            Ok(Response::new(GetTxResponse { tx: Some(tx), tx_response: Some(result(&block, delivered)) }))
        }

        async fn tx_encode(
            &self,
            request: Request<TxEncodeRequest>,
        ) -> Result<Response<TxEncodeResponse>, Status> {
            let tx = request.into_inner().tx;
            let tx = tx.ok_or_else(|| Status::invalid_argument("invalid empty tx"))?;
            let raw = TxRaw {
                body_bytes: tx.body.unwrap_or_default().encode_to_vec(),
                auth_info_bytes: tx.auth_info.unwrap_or_default().encode_to_vec(),
                signatures: tx.signatures,
            };
            Ok(Response::new(TxEncodeResponse { tx_bytes: raw.encode_to_vec() }))
        }

        async fn tx_decode(
            &self,
            request: Request<TxDecodeRequest>,
        ) -> Result<Response<TxDecodeResponse>, Status> {
            let tx = decoded(&request.into_inner().tx_bytes)?;
            Ok(Response::new(TxDecodeResponse { tx: Some(tx) }))
        }
    }
    unserved {
        get_txs_event(proto::GetTxsEventRequest) -> proto::GetTxsEventResponse;
    }
}

impl super::Api {
    fn take_in(&self, bytes: &[u8], mode: i32) -> TxResponse {
        let mut response = TxResponse { txhash: TxHash::of(bytes).to_string(), ..TxResponse::default() };
        if let Err(rejection) = self.node.check(bytes)
            && mode == SYNC
        {
            response.codespace = rejection.codespace;
            response.code = rejection.code;
            response.raw_log = refuse::wire(&rejection.log);
        }
        response
    }

    /// Waits until a transaction is in a block.
    async fn committed(&self, hash: &TxHash) {
        // Not `wait_for`: its closure would hold the channel's lock while it asks for the chain's, and a block takes them the other
        // way round.
        let mut tip = self.node.tip();
        while self.node.tx(hash).is_none() && tip.changed().await.is_ok() {}
    }
}

fn read_hash(text: &str) -> Result<TxHash, Status> {
    if let Some(odd) = text.chars().find(|c| !c.is_ascii_hexdigit()) {
        return Err(Status::unknown(format!("encoding/hex: invalid byte: U+{:04X} '{odd}'", u32::from(odd))));
    }
    let bytes = hex::decode(text).map_err(|_| Status::unknown("encoding/hex: odd length hex string"))?;
    let missing = || Status::not_found(format!("tx not found: {}", text.to_uppercase()));
    Ok(TxHash(bytes.try_into().map_err(|_| missing())?))
}

/// A transaction's parts. Their bytes are read one by one: a node accepts what is signed, not what it would write itself.
fn decoded(bytes: &[u8]) -> Result<proto::Tx, Status> {
    let unreadable = |e: prost::DecodeError| Status::unknown(format!("{e}: tx parse error"));
    let raw = TxRaw::decode(bytes).map_err(unreadable)?;
    Ok(proto::Tx {
        body: Some(TxBody::decode(raw.body_bytes.as_slice()).map_err(unreadable)?),
        auth_info: Some(AuthInfo::decode(raw.auth_info_bytes.as_slice()).map_err(unreadable)?),
        signatures: raw.signatures,
    })
}

/// A transaction's result, as GetTx tells it.
fn result(block: &Block, delivered: &Delivered) -> TxResponse {
    let outcome = &delivered.outcome;
    let signed = |gas: u64| i64::try_from(gas).unwrap_or(i64::MAX);
    let mut response = TxResponse {
        height: block.height.to_wire(),
        txhash: delivered.tx.hash.to_string(),
        data: hex::encode_upper(&outcome.data),
        gas_wanted: signed(outcome.gas_wanted),
        gas_used: signed(outcome.gas_used),
        tx: Some(Any { type_url: "/cosmos.tx.v1beta1.Tx".to_owned(), value: delivered.tx.bytes.clone() }),
        timestamp: event::rfc3339(Time::from_millis(block.time_ms / 1000 * 1000)),
        events: events(&outcome.events, true),
        ..TxResponse::default()
    };
    if let Some(rejection) = &outcome.rejection {
        response.codespace.clone_from(&rejection.codespace);
        response.code = rejection.code;
        response.raw_log = refuse::wire(&rejection.log);
    }
    response
}

/// Events as the wire has them. Only those of a block are in a node's index.
pub(in crate::chain) fn events(events: &[Event], index: bool) -> Vec<abci::Event> {
    let attribute = |(key, value): &(&str, String)| abci::EventAttribute {
        key: (*key).to_owned(),
        value: value.clone(),
        index,
    };
    let event = |e: &Event| abci::Event {
        r#type: e.kind.to_owned(),
        attributes: e.attributes.iter().map(attribute).collect(),
    };
    events.iter().map(event).collect()
}
