//! Transactions as bytes.

use akash_types::{Address, Coin, Msg, Rejection, Time};
use akash_wallet::TxHash;
use cosmos_sdk_proto::Any;
use cosmos_sdk_proto::cosmos::tx::v1beta1::{AuthInfo, SignerInfo, TxRaw};
use cosmos_sdk_proto::tendermint::google::protobuf::Timestamp;
use prost::Message;
use prost::encoding::{DecodeContext, decode_key, decode_varint, skip_field};

use super::basic;
use super::refuse::{INVALID_COINS, INVALID_REQUEST, TX_PARSE};

/// The body with the fields of SDK 0.53, which the generated type does not know yet.
#[derive(Clone, PartialEq, Message)]
struct Body {
    #[prost(message, repeated, tag = "1")]
    messages: Vec<Any>,
    #[prost(string, tag = "2")]
    memo: String,
    #[prost(uint64, tag = "3")]
    timeout_height: u64,
    #[prost(bool, tag = "4")]
    unordered: bool,
    #[prost(message, optional, tag = "5")]
    timeout_timestamp: Option<Timestamp>,
}

/// The body's fields; others are refused unless their number has the bit that marks them as not critical.
const BODY_FIELDS: [u32; 7] = [1, 2, 3, 4, 5, 1023, 2047];

/// A transaction that could be read.
#[derive(Clone, Debug)]
pub struct Tx {
    /// As it was sent.
    pub bytes: Vec<u8>,
    /// SHA-256 of the bytes.
    pub hash: TxHash,
    /// What it does, in order.
    pub messages: Vec<Msg>,
    /// A remark.
    pub memo: String,
    /// The last height whose block may contain it; 0: any.
    pub timeout_height: u64,
    /// The most gas that it may burn.
    pub gas_limit: u64,
    /// What it offers for that.
    pub fee: Vec<Coin>,
    /// It has no sequence; its timeout makes it unique.
    pub unordered: bool,
    /// The time after which no block may contain it.
    pub timeout: Option<Time>,
    pub(crate) payer: String,
    pub(crate) granter: String,
    pub(crate) signer_infos: Vec<SignerInfo>,
    pub(crate) signatures: Vec<Vec<u8>>,
    pub(crate) body_bytes: Vec<u8>,
    pub(crate) auth_info_bytes: Vec<u8>,
}

impl Tx {
    /// Reads a transaction and checks its messages alone.
    pub fn decode(bytes: &[u8]) -> Result<Self, Rejection> {
        let unreadable = |e: prost::DecodeError| TX_PARSE.because(format!("{e}: tx parse error"));
        refuse_odd_frame(bytes)?;
        let raw = TxRaw::decode(bytes).map_err(unreadable)?;
        refuse_unknown_fields(&raw.body_bytes)?;
        let body = Body::decode(raw.body_bytes.as_slice()).map_err(unreadable)?;
        let auth = AuthInfo::decode(raw.auth_info_bytes.as_slice()).map_err(unreadable)?;
        if body.messages.is_empty() {
            return Err(INVALID_REQUEST.because("must contain at least one message"));
        }
        let messages = body.messages.iter().map(basic::read).collect::<Result<Vec<_>, _>>()?;
        messages.iter().try_for_each(basic::check)?;
        let fee = auth.fee.unwrap_or_default();
        let coins = fee.amount.into_iter().map(Coin::try_from).collect::<Result<_, _>>();
        Ok(Self {
            hash: TxHash::of(bytes),
            bytes: bytes.to_vec(),
            messages,
            memo: body.memo,
            timeout_height: body.timeout_height,
            gas_limit: fee.gas_limit,
            fee: coins.map_err(|e| INVALID_COINS.because(e.to_string()))?,
            unordered: body.unordered,
            timeout: body.timeout_timestamp.and_then(timeout),
            payer: fee.payer,
            granter: fee.granter,
            signer_infos: auth.signer_infos,
            signatures: raw.signatures,
            body_bytes: raw.body_bytes,
            auth_info_bytes: raw.auth_info_bytes,
        })
    }

    /// Who must sign, each once, in the order of the messages; the first pays.
    pub fn signers(&self) -> Vec<&Address> {
        let mut signers = Vec::new();
        for message in &self.messages {
            if !signers.contains(&message.signer()) {
                signers.push(message.signer());
            }
        }
        signers
    }
}

/// When a transaction is too late. Go's zero time is none; one that nanoseconds cannot tell is as far away as can be told.
fn timeout(t: Timestamp) -> Option<Time> {
    const GO_ZERO: i64 = -62_135_596_800;
    let far = Time(if t.seconds < 0 { i64::MIN } else { i64::MAX });
    let none = t.seconds == GO_ZERO && t.nanos == 0;
    (!none).then(|| Time::try_from(t).unwrap_or(far))
}

/// A transaction has one encoding only: fields of bytes, in ascending order (Cosmos ADR 27).
fn refuse_odd_frame(bytes: &[u8]) -> Result<(), Rejection> {
    const BYTES: u64 = 2;
    let refused = |why: String| Err(TX_PARSE.because(format!("{why}: tx parse error")));
    let mut rest = bytes;
    let mut before = 0;
    while !rest.is_empty() {
        let Ok(key) = decode_varint(&mut rest) else {
            return refused("invalid length; unexpected EOF".to_owned());
        };
        let (tag, wire_type) = (key >> 3, key & 7);
        if wire_type != BYTES {
            return refused(format!("expected {BYTES} wire type, got {wire_type}"));
        }
        if tag < before {
            return refused(format!("txRaw must follow ADR-027, got tagNum {tag} after tagNum {before}"));
        }
        before = tag;
        let length = decode_varint(&mut rest).ok().and_then(|n| usize::try_from(n).ok());
        match length.and_then(|n| rest.get(n..)) {
            Some(left) => rest = left,
            None => return refused("invalid length; unexpected EOF".to_owned()),
        }
    }
    Ok(())
}

fn refuse_unknown_fields(body: &[u8]) -> Result<(), Rejection> {
    let mut rest = body;
    while !rest.is_empty() {
        let unreadable = |e: prost::DecodeError| TX_PARSE.because(format!("{e}: tx parse error"));
        let (tag, wire_type) = decode_key(&mut rest).map_err(unreadable)?;
        skip_field(wire_type, tag, &mut rest, DecodeContext::default()).map_err(unreadable)?;
        if !BODY_FIELDS.contains(&tag) && tag & 1024 == 0 {
            let kind = match wire_type {
                prost::encoding::WireType::LengthDelimited => "bytes",
                prost::encoding::WireType::Varint => "varint",
                prost::encoding::WireType::SixtyFourBit => "fixed64",
                prost::encoding::WireType::ThirtyTwoBit => "fixed32",
                prost::encoding::WireType::StartGroup | prost::encoding::WireType::EndGroup => "group",
            };
            return Err(TX_PARSE.because(format!(
                "errUnknownField \"*tx.TxBody\": {{TagNum: {tag}, WireType:\"{kind}\"}}: tx parse error"
            )));
        }
    }
    Ok(())
}
