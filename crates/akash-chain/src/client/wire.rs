//! The answers about transactions, with texts as bytes.
//!
//! Some logs hold raw address bytes (sdk/38, feegrant/2, authz/2 on node v2.1.0-rc12), which Go sends as they are and prost refuses in a
//! `string` field together with the whole answer. `bytes` is the same on the wire.

/// `cosmos.tx.v1beta1.BroadcastTxResponse`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct BroadcastTxResponse {
    #[prost(message, optional, tag = "1")]
    pub(super) tx_response: Option<TxResponse>,
}

/// `cosmos.tx.v1beta1.GetTxResponse`, without the transaction itself.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct GetTxResponse {
    #[prost(message, optional, tag = "2")]
    pub(super) tx_response: Option<TxResponse>,
}

/// `cosmos.base.abci.v1beta1.TxResponse`, the fields that are read.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct TxResponse {
    #[prost(int64, tag = "1")]
    pub(super) height: i64,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) codespace: Vec<u8>,
    #[prost(uint32, tag = "4")]
    pub(super) code: u32,
    #[prost(bytes = "vec", tag = "6")]
    pub(super) raw_log: Vec<u8>,
    #[prost(int64, tag = "10")]
    pub(super) gas_used: i64,
}
