//! JSON-RPC 2.0 around requests and answers.

use std::fmt::Display;

use serde::Deserialize;
use serde_json::{Value, json};

/// Why a request has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    code: i64,
    message: &'static str,
    data: String,
}

impl Failure {
    const fn new(code: i64, message: &'static str, data: String) -> Self {
        Self { code, message, data }
    }

    /// The node could not: by far the most frequent.
    pub(super) fn internal(data: impl Display) -> Self {
        Self::new(-32603, "Internal error", data.to_string())
    }

    pub(super) fn bad_params(data: impl Display) -> Self {
        Self::new(-32602, "Invalid params", data.to_string())
    }

    pub(super) const fn no_method() -> Self {
        Self::new(-32601, "Method not found", String::new())
    }

    pub(super) fn bad_request(data: impl Display) -> Self {
        Self::new(-32600, "Invalid Request", data.to_string())
    }

    pub(super) fn unreadable(error: &serde_json::Error) -> Self {
        Self::new(-32700, "Parse error. Invalid JSON", format!("error unmarshalling request: {error}"))
    }
}

/// A request with an id.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) id: Value,
    pub(super) method: String,
    pub(super) params: Value,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    method: String,
    #[serde(default)]
    params: Value,
}

impl Request {
    /// `None` is a notification: nobody waits for an answer, and nodes do nothing then.
    pub(super) fn read(value: Value) -> Result<Option<Self>, Failure> {
        let Raw { id, method, params } =
            serde_json::from_value(value).map_err(|error| Failure::bad_request(&error))?;
        match id {
            Value::Null => Ok(None),
            Value::String(_) | Value::Number(_) => Ok(Some(Self { id, method, params })),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                Err(Failure::bad_request("the id is neither a text nor a number"))
            }
        }
    }
}

/// A response.
pub(super) fn response(id: &Value, answer: Result<Value, Failure>) -> Value {
    match answer {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(Failure { code, message, data }) => {
            let mut error = json!({ "code": code, "message": message });
            if !data.is_empty()
                && let Some(fields) = error.as_object_mut()
            {
                fields.insert("data".to_owned(), data.into());
            }
            json!({ "jsonrpc": "2.0", "id": id, "error": error })
        }
    }
}
