//! The parameters of a request. In JSON: numbers as texts, bytes in base64 or hex. In an address: texts in quotes, bytes as `0x…`.

use std::collections::BTreeMap;
use std::fmt::Display;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::envelope::Failure;

/// The parameters of one request.
#[derive(Debug)]
pub(super) enum Args {
    Json(Map<String, Value>),
    Address(BTreeMap<String, String>),
}

/// How JSON writes the bytes of a parameter.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bytes {
    Base64,
    Hex,
}

impl Args {
    /// The parameters of a JSON request: by name, or in the order of `names`.
    pub(super) fn listed(params: Value, names: &[&str]) -> Result<Self, Failure> {
        match params {
            Value::Null => Ok(Self::Json(Map::new())),
            Value::Object(params) => Ok(Self::Json(params)),
            Value::Array(params) if params.is_empty() => Ok(Self::Json(Map::new())),
            Value::Array(params) if params.len() == names.len() => {
                Ok(Self::Json(names.iter().map(ToString::to_string).zip(params).collect()))
            }
            Value::Array(params) => Err(json_wrong(format_args!(
                "expected {} parameters ([{}]), got {}",
                names.len(),
                names.join(" "),
                params.len()
            ))),
            other @ (Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
                Err(json_wrong(format_args!("unknown type for JSON params: {other}")))
            }
        }
    }

    /// A number; none when it is not given.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Failure> {
        let (text, wrong): (String, fn(String) -> Failure) = match self {
            Self::Json(params) => match params.get(name) {
                None | Some(Value::Null) => return Ok(None),
                Some(Value::String(text)) => (text.clone(), json_wrong),
                Some(other) => (other.to_string(), json_wrong),
            },
            Self::Address(params) => match params.get(name) {
                None => return Ok(None),
                Some(text) => (text.trim_matches('"').to_owned(), address_wrong),
            },
        };
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|error| wrong(format!("{name}: {error}")))
    }

    /// A text; empty when it is not given.
    pub(super) fn text(&self, name: &str) -> Result<String, Failure> {
        match self {
            Self::Json(params) => match params.get(name) {
                None | Some(Value::Null) => Ok(String::new()),
                Some(Value::String(text)) => Ok(text.clone()),
                Some(_) => Err(json_wrong(format_args!("{name}: not a text"))),
            },
            Self::Address(params) => {
                let bytes = params.get(name).map(|text| from_address(name, text)).transpose()?;
                String::from_utf8(bytes.unwrap_or_default())
                    .map_err(|e| address_wrong(format_args!("{name}: {e}")))
            }
        }
    }

    /// Yes or no; no when it is not given.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Failure> {
        match self {
            Self::Json(params) => match params.get(name) {
                None | Some(Value::Null) => Ok(false),
                Some(Value::Bool(flag)) => Ok(*flag),
                Some(_) => Err(json_wrong(format_args!("{name}: neither true nor false"))),
            },
            Self::Address(params) => {
                params.get(name).filter(|text| !text.is_empty()).map_or(Ok(false), |text| {
                    text.parse().map_err(|error| address_wrong(format_args!("{name}: {error}")))
                })
            }
        }
    }

    /// Bytes; none when they are not given.
    pub(super) fn bytes(&self, name: &str, written: Bytes) -> Result<Vec<u8>, Failure> {
        if let Self::Address(params) = self {
            return params.get(name).map_or(Ok(Vec::new()), |text| from_address(name, text));
        }
        let text = self.text(name)?;
        let wrong = |error: &dyn Display| json_wrong(format_args!("{name}: {error}"));
        match written {
            Bytes::Base64 => STANDARD.decode(text).map_err(|error| wrong(&error)),
            Bytes::Hex => hex::decode(text).map_err(|error| wrong(&error)),
        }
    }
}

/// `0x…` are bytes, `"…"` is a text.
fn from_address(name: &str, text: &str) -> Result<Vec<u8>, Failure> {
    if let Some(digits) = text.strip_prefix("0x") {
        return hex::decode(digits).map_err(|error| address_wrong(format_args!("{name}: {error}")));
    }
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let quoted: Result<String, _> = serde_json::from_str(text);
    quoted.map(String::into_bytes).map_err(|_| {
        address_wrong(format_args!(
            "{name}: a text is written in quotes and bytes as 0x…, and this is neither: {text}"
        ))
    })
}

fn json_wrong(what: impl Display) -> Failure {
    Failure::bad_params(format!("error converting json params to arguments: {what}"))
}

fn address_wrong(what: impl Display) -> Failure {
    Failure::bad_params(format!("error converting http params to arguments: {what}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_ways_of_writing_say_the_same() {
        let names = ["height", "query", "prove", "hash"];
        let list = json!(["5", "tx.height=1", true, "q80="]);
        let named = json!({ "height": 5, "query": "tx.height=1", "prove": true, "hash": "q80=" });
        let address = [("height", "5"), ("query", "\"tx.height=1\""), ("prove", "true"), ("hash", "0xABCD")];
        let address = address.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        let ways = [
            Args::listed(list, &names).unwrap(),
            Args::listed(named, &names).unwrap(),
            Args::Address(address),
        ];
        for args in ways {
            assert_eq!(args.number("height"), Ok(Some(5)), "{args:?}");
            assert_eq!(args.text("query"), Ok("tx.height=1".to_owned()), "{args:?}");
            assert_eq!(args.flag("prove"), Ok(true), "{args:?}");
            assert_eq!(args.bytes("hash", Bytes::Base64), Ok(vec![0xab, 0xcd]), "{args:?}");
        }
    }

    #[test]
    fn what_is_not_given_is_not_wrong_and_what_is_wrong_is_named() {
        for args in [Args::listed(Value::Null, &[]).unwrap(), Args::Address(BTreeMap::new())] {
            assert_eq!((args.number("height"), args.flag("prove")), (Ok(None), Ok(false)));
            assert_eq!((args.text("query"), args.bytes("tx", Bytes::Hex)), (Ok(String::new()), Ok(vec![])));
        }
        assert!(Args::listed(json!(["1", "2"]), &["height"]).is_err());
        let args = Args::Address([("path".to_owned(), "/bare".to_owned())].into());
        assert!(format!("{:?}", args.text("path")).contains("path: a text is written in quotes"));
    }
}
