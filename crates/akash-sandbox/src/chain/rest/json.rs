//! Messages as JSON, the way a Cosmos node writes and reads them.
//!
//! Names are those of the proto files, 64-bit numbers are text, every field is written, a missing message is `null`, and an `Any` shows
//! what is in it under `@type`. A node's Go types change the text of some fields; [`Text`] lists them.

use akash_types::Dec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cosmos_sdk_proto::Any;
use prost::Message as _;
use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor,
    ReflectMessage as _, Value as Field,
};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::market::refuse::go_text;

/// A text is no message.
#[derive(Debug, thiserror::Error)]
#[error("{at}: {problem}")]
pub(crate) struct Unreadable {
    at: String,
    problem: String,
}

/// Fields whose JSON is not that of their type on the wire, because a node keeps them in a type of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    /// `LegacyDec`: a whole number of 10⁻¹⁸ on the wire, a decimal with 18 places in JSON.
    Decimal,
    /// Bytes that are a text: on the wire they need not be UTF-8.
    Lossy,
}

fn text_of(field: &FieldDescriptor) -> Option<Text> {
    const DECIMALS: [&str; 12] = [
        "akash.bme.v1.CoinPrice.price",
        "akash.bme.v1.QueryStatusResponse.collateral_ratio",
        "akash.bme.v1.QueryStatusResponse.halt_threshold",
        "akash.bme.v1.QueryStatusResponse.warn_threshold",
        "akash.escrow.types.v1.Balance.amount",
        "akash.oracle.v2.AggregatedPrice.max_price",
        "akash.oracle.v2.AggregatedPrice.median_price",
        "akash.oracle.v2.AggregatedPrice.min_price",
        "akash.oracle.v2.AggregatedPrice.twap",
        "akash.oracle.v2.MsgAddPriceEntry.price",
        "akash.oracle.v2.PriceDataState.price",
        "cosmos.base.v1beta1.DecCoin.amount",
    ];
    const TEXTS: [&str; 3] = [
        "akash.base.resources.v1beta4.ResourceValue.val",
        "cosmos.base.abci.v1beta1.TxResponse.info",
        "cosmos.base.abci.v1beta1.TxResponse.raw_log",
    ];
    let name = field.full_name();
    if DECIMALS.contains(&name) {
        Some(Text::Decimal)
    } else if TEXTS.contains(&name) {
        Some(Text::Lossy)
    } else {
        None
    }
}

/// How many messages may be packed in each other. Each is decoded on its own, so that no decoder counts them.
const MAX_PACKED: usize = 32;

/// Writes a message. What is packed too deep stays bytes.
pub(crate) fn write(message: &DynamicMessage) -> Value {
    write_in(message, 0)
}

/// Writes a message that is packed in so many others.
fn write_in(message: &DynamicMessage, packed: usize) -> Value {
    let descriptor = message.descriptor();
    match descriptor.full_name() {
        "google.protobuf.Timestamp" => return Value::String(write_time(message)),
        "google.protobuf.Duration" => return Value::String(write_duration(message)),
        "google.protobuf.Any" => return write_any(message, packed),
        _ => {}
    }
    let mut object = Map::new();
    for field in descriptor.fields() {
        if field.supports_presence() && !message.has_field(&field) {
            if field.containing_oneof().is_none() {
                object.insert(field.name().to_owned(), Value::Null);
            }
            continue;
        }
        object.insert(field.name().to_owned(), write_field(&field, &message.get_field(&field), packed));
    }
    Value::Object(object)
}

fn write_field(field: &FieldDescriptor, value: &Field, packed: usize) -> Value {
    match value {
        Field::List(items) => items.iter().map(|item| write_field(field, item, packed)).collect(),
        Field::Bool(yes) => json!(yes),
        Field::I32(number) => json!(number),
        Field::U32(number) => json!(number),
        Field::I64(number) => json!(number.to_string()),
        Field::U64(number) => json!(number.to_string()),
        Field::F32(number) => json!(number),
        Field::F64(number) => json!(number),
        Field::String(text) if text_of(field) == Some(Text::Decimal) => {
            json!(Dec::from_wire(text).map_or_else(|_| text.clone(), |dec| format!("{dec:.18}")))
        }
        Field::String(text) => json!(text),
        Field::Bytes(bytes) if text_of(field) == Some(Text::Lossy) => json!(go_text(bytes)),
        // Go's nil and empty bytes are one on the wire; a node has decoded nil.
        Field::Bytes(bytes) if bytes.is_empty() => Value::Null,
        Field::Bytes(bytes) => json!(STANDARD.encode(bytes)),
        Field::EnumNumber(number) => {
            let kind = field.kind();
            let value = kind.as_enum().and_then(|names| names.get_value(*number));
            value.map_or_else(|| json!(number), |value| json!(value.name()))
        }
        Field::Message(message) => write_in(message, packed),
        // None of the chain's messages has one.
        Field::Map(_) => Value::Null,
    }
}

fn number(message: &DynamicMessage, name: &str) -> i64 {
    match message.get_field_by_name(name).as_deref() {
        Some(Field::I64(number)) => *number,
        Some(Field::I32(number)) => i64::from(*number),
        _ => 0,
    }
}

fn write_time(message: &DynamicMessage) -> String {
    let nanos = time::Duration::nanoseconds(number(message, "nanos"));
    let at = OffsetDateTime::from_unix_timestamp(number(message, "seconds")).ok();
    let at = at.and_then(|at| at.checked_add(nanos)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    at.format(&Rfc3339).unwrap_or_default()
}

fn write_duration(message: &DynamicMessage) -> String {
    let (seconds, nanos) = (number(message, "seconds"), number(message, "nanos"));
    if nanos == 0 {
        return format!("{seconds}s");
    }
    let fraction = format!("{:09}", nanos.unsigned_abs());
    format!("{seconds}.{}s", fraction.trim_end_matches('0'))
}

fn write_any(message: &DynamicMessage, packed: usize) -> Value {
    let text = match message.get_field_by_name("type_url").as_deref() {
        Some(Field::String(text)) => text.clone(),
        _ => String::new(),
    };
    let bytes = match message.get_field_by_name("value").as_deref() {
        Some(Field::Bytes(bytes)) => bytes.clone(),
        _ => prost::bytes::Bytes::new(),
    };
    let pool = message.descriptor().parent_pool().clone();
    let known = named(&pool, &text).filter(|_| packed < MAX_PACKED);
    let inner = known.and_then(|d| DynamicMessage::decode(d, bytes.clone()).ok());
    let mut object = match inner.map(|inner| write_in(&inner, packed.saturating_add(1))) {
        Some(Value::Object(object)) => object,
        Some(other) => Map::from_iter([("value".to_owned(), other)]),
        None => Map::from_iter([("value".to_owned(), json!(STANDARD.encode(&bytes)))]),
    };
    object.insert("@type".to_owned(), json!(text));
    Value::Object(object)
}

/// The description of a type by its URL.
fn named(pool: &DescriptorPool, type_url: &str) -> Option<MessageDescriptor> {
    pool.get_message_by_name(type_url.rsplit('/').next()?)
}

/// Writes packed messages.
pub(in crate::chain) fn packed(messages: &[Any]) -> Result<Value, prost_reflect::DescriptorError> {
    let pool = DescriptorPool::decode(akash_proto::DESCRIPTORS)?;
    let of_any = pool.get_message_by_name("google.protobuf.Any");
    let written = messages.iter().filter_map(|any| {
        let message = DynamicMessage::decode(of_any.clone()?, any.encode_to_vec().as_slice()).ok()?;
        Some(write(&message))
    });
    Ok(written.collect())
}

/// Reads a message. Numbers may be text, names may be those of proto or of JavaScript; a name that is not there is refused.
pub(crate) fn read(descriptor: &MessageDescriptor, value: &Value) -> Result<DynamicMessage, Unreadable> {
    let mut message = DynamicMessage::new(descriptor.clone());
    let wrong = |problem: &str| Unreadable {
        at: descriptor.full_name().to_owned(),
        problem: format!("{problem}: {value}"),
    };
    match (descriptor.full_name(), value) {
        ("google.protobuf.Timestamp", Value::String(text)) => {
            let at = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| wrong("no time of RFC 3339"))?;
            set_time(&mut message, at.unix_timestamp(), at.nanosecond());
            return Ok(message);
        }
        ("google.protobuf.Duration", Value::String(text)) => {
            let (seconds, nanos) = read_duration(text).ok_or_else(|| wrong("no duration in seconds"))?;
            set_time(&mut message, seconds, nanos);
            return Ok(message);
        }
        ("google.protobuf.Any", Value::Object(object)) => return read_any(message, object),
        _ => {}
    }
    let object = value.as_object().ok_or_else(|| wrong("no object"))?;
    for (name, value) in object {
        let field = descriptor.get_field_by_name(name).or_else(|| descriptor.get_field_by_json_name(name));
        let field = field.ok_or_else(|| wrong(&format!("unknown field \"{name}\"")))?;
        if value.is_null() {
            continue;
        }
        message.set_field(&field, read_field(&field, value)?);
    }
    Ok(message)
}

fn set_time(message: &mut DynamicMessage, seconds: i64, nanos: u32) {
    message.set_field_by_name("seconds", Field::I64(seconds));
    message.set_field_by_name("nanos", Field::I32(i32::try_from(nanos).unwrap_or(0)));
}

/// `5s`, `0.25s`.
fn read_duration(text: &str) -> Option<(i64, u32)> {
    let number = text.strip_suffix('s')?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let nanos = format!("{fraction:0<9}");
    Some((whole.parse().ok()?, nanos.get(..9)?.parse().ok()?))
}

fn read_any(mut message: DynamicMessage, object: &Map<String, Value>) -> Result<DynamicMessage, Unreadable> {
    let pool = message.descriptor().parent_pool().clone();
    let unknown = |problem: String| Unreadable { at: "google.protobuf.Any".to_owned(), problem };
    let text = object.get("@type").and_then(Value::as_str).unwrap_or_default();
    let descriptor =
        named(&pool, text).ok_or_else(|| unknown(format!("unable to resolve type URL {text}")))?;
    let fields = object.iter().filter(|(name, _)| *name != "@type");
    let fields: Map<String, Value> = fields.map(|(k, v)| (k.clone(), v.clone())).collect();
    let inner = read(&descriptor, &Value::Object(fields))?;
    message.set_field_by_name("type_url", Field::String(text.to_owned()));
    message.set_field_by_name("value", Field::Bytes(inner.encode_to_vec().into()));
    Ok(message)
}

fn read_field(field: &FieldDescriptor, value: &Value) -> Result<Field, Unreadable> {
    if field.cardinality() != Cardinality::Repeated {
        return read_value(field, value);
    }
    let one = std::slice::from_ref(value);
    let items = value.as_array().map_or(one, Vec::as_slice);
    items.iter().map(|item| read_value(field, item)).collect::<Result<_, _>>().map(Field::List)
}

fn read_value(field: &FieldDescriptor, value: &Value) -> Result<Field, Unreadable> {
    let wrong =
        || Unreadable { at: field.full_name().to_owned(), problem: format!("cannot be read from {value}") };
    let text = value.as_str();
    match (text_of(field), text) {
        (Some(Text::Decimal), Some(text)) => {
            let dec: Dec = text.parse().map_err(|_| wrong())?;
            return Ok(Field::String(dec.to_wire()));
        }
        (Some(Text::Lossy), Some(text)) => return Ok(Field::Bytes(text.as_bytes().to_vec().into())),
        _ => {}
    }
    let read = match field.kind() {
        Kind::Message(descriptor) => return read(&descriptor, value).map(Field::Message),
        Kind::Enum(names) => read_enum(&names, value).map(Field::EnumNumber),
        Kind::String => text.map(|t| Field::String(t.to_owned())),
        Kind::Bytes => text.and_then(|t| STANDARD.decode(t).ok()).map(|b| Field::Bytes(b.into())),
        Kind::Bool => value.as_bool().or_else(|| text?.parse().ok()).map(Field::Bool),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => parse(value).map(Field::I64),
        Kind::Uint64 | Kind::Fixed64 => parse(value).map(Field::U64),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => parse(value).map(Field::I32),
        Kind::Uint32 | Kind::Fixed32 => parse(value).map(Field::U32),
        Kind::Float => parse(value).map(Field::F32),
        Kind::Double => parse(value).map(Field::F64),
    };
    read.ok_or_else(wrong)
}

fn read_enum(names: &EnumDescriptor, value: &Value) -> Option<i32> {
    let named = value.as_str().and_then(|text| names.get_value_by_name(text));
    named.map(|value| value.number()).or_else(|| parse(value))
}

/// A number, or a text that is one.
fn parse<T: std::str::FromStr>(value: &Value) -> Option<T> {
    match value.as_number() {
        Some(number) => number.to_string().parse().ok(),
        None => value.as_str()?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(name: &str, value: &Value) -> Value {
        let pool = DescriptorPool::decode(akash_proto::DESCRIPTORS).unwrap();
        let descriptor = pool.get_message_by_name(name).unwrap();
        let message = read(&descriptor, value).unwrap();
        let bytes = message.encode_to_vec();
        write(&DynamicMessage::decode(descriptor, bytes.as_slice()).unwrap())
    }

    #[test]
    fn decimals_numbers_and_resources_are_texts() {
        let coin = json!({ "denom": "uact", "amount": "10.000000000000000000" });
        assert_eq!(round_trip("cosmos.base.v1beta1.DecCoin", &coin), coin);
        let value = json!({ "val": "500" });
        assert_eq!(round_trip("akash.base.resources.v1beta4.ResourceValue", &value), value);
        let id = json!({ "owner": "akash1", "dseq": "18446744073709551615" });
        assert_eq!(round_trip("akash.deployment.v1.DeploymentID", &id), id);
    }

    #[test]
    fn what_is_not_there_is_written_and_a_choice_is_not() {
        let written = round_trip("akash.bme.v1.QueryLedgerRecordEntry", &json!({}));
        assert_eq!(written, json!({ "id": null, "status": "ledger_record_status_invalid" }));
    }

    #[test]
    fn an_any_shows_what_is_in_it_and_times_are_texts() {
        let grant = json!({
            "authorization": {
                "@type": "/akash.escrow.v1.DepositAuthorization",
                "spend_limit": { "denom": "uakt", "amount": "0" },
                "scopes": ["deployment"],
                "spend_limits": [{ "denom": "uact", "amount": "2000000" }],
            },
            "expiration": "2026-11-24T18:46:31.25Z",
        });
        assert_eq!(round_trip("cosmos.authz.v1beta1.Grant", &grant), grant);
    }

    #[test]
    fn what_is_packed_too_deep_stays_bytes() {
        let pool = DescriptorPool::decode(akash_proto::DESCRIPTORS).unwrap();
        let descriptor = pool.get_message_by_name("google.protobuf.Any").unwrap();
        let mut packed = Any { type_url: "/google.protobuf.Any".to_owned(), value: Vec::new() };
        for _ in 0..5_000 {
            packed.value = packed.encode_to_vec();
        }
        let message = DynamicMessage::decode(descriptor, packed.encode_to_vec().as_slice()).unwrap();
        // What is packed shows its fields beside `@type`, so those of the deepest that was read are here.
        let Value::String(rest) = &write(&message)["value"] else { panic!("no bytes are left") };
        assert!(STANDARD.decode(rest).unwrap().len() > 1_000);
    }

    #[test]
    fn a_time_that_no_calendar_has_is_no_panic() {
        let pool = DescriptorPool::decode(akash_proto::DESCRIPTORS).unwrap();
        let mut time = DynamicMessage::new(pool.get_message_by_name("google.protobuf.Timestamp").unwrap());
        time.set_field_by_name("seconds", Field::I64(253_402_300_799));
        time.set_field_by_name("nanos", Field::I32(1_500_000_000));
        assert_eq!(write(&time), json!("1970-01-01T00:00:00Z"));
    }

    #[test]
    fn a_name_that_is_not_there_is_refused() {
        let pool = DescriptorPool::decode(akash_proto::DESCRIPTORS).unwrap();
        let descriptor = pool.get_message_by_name("cosmos.base.v1beta1.Coin").unwrap();
        let error = read(&descriptor, &json!({ "denomination": "uakt" })).unwrap_err();
        assert!(error.to_string().contains("unknown field \"denomination\""), "{error}");
    }

    #[test]
    fn durations_keep_their_fraction() {
        let request = |window: &str| json!({ "window": window, "started_at": "0", "deadline": "0", "reason": "lease_closed_invalid" });
        for window in ["5s", "0.25s"] {
            assert_eq!(round_trip("akash.market.v1.Reclamation", &request(window)), request(window));
        }
    }
}
