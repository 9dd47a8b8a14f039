//! The chain's REST, as a recording's steps ask it.

use std::error::Error;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// An answer: the HTTP status, and the body as JSON.
pub(crate) type Answer = (u16, Value);

/// A client of one node.
pub(crate) struct Rest {
    http: reqwest::Client,
    base: String,
}

impl Rest {
    pub(crate) fn new(node: SocketAddr) -> Result<Self, Box<dyn Error>> {
        // Nothing here is encrypted, but the client wants to know whom it could ask. Set already: as good.
        let _set_before = rustls::crypto::ring::default_provider().install_default();
        Ok(Self { http: reqwest::Client::builder().no_proxy().build()?, base: format!("http://{node}") })
    }

    /// Asks a path.
    pub(crate) async fn get(&self, path: &str) -> Result<Answer, Box<dyn Error>> {
        let answer = self.http.get(format!("{}{path}", self.base)).send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    /// Sends a body to another address; the answer's body, whatever its status.
    pub(crate) async fn post_to(&self, url: &str, body: &Value) -> Result<Value, Box<dyn Error>> {
        Ok(self.http.post(url).json(body).send().await?.json().await?)
    }

    /// Sends a body to a path.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Answer, Box<dyn Error>> {
        let answer = self.http.post(format!("{}{path}", self.base)).json(body).send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    /// Encodes a transaction.
    pub(crate) async fn encode(&self, tx: &Value) -> Result<Vec<u8>, Box<dyn Error>> {
        let (status, body) = self.post("/cosmos/tx/v1beta1/encode", &json!({ "tx": tx })).await?;
        let text = body.get("tx_bytes").and_then(Value::as_str);
        let text = text.ok_or_else(|| format!("the transaction cannot be encoded ({status}): {body}"))?;
        Ok(STANDARD.decode(text)?)
    }

    /// Broadcasts a transaction.
    pub(crate) async fn broadcast(&self, tx: &[u8], mode: &str) -> Result<Answer, Box<dyn Error>> {
        let body = json!({ "tx_bytes": STANDARD.encode(tx), "mode": mode });
        self.post("/cosmos/tx/v1beta1/txs", &body).await
    }

    /// Tries a transaction out.
    pub(crate) async fn simulate(&self, tx: &[u8]) -> Result<Answer, Box<dyn Error>> {
        self.post("/cosmos/tx/v1beta1/simulate", &json!({ "tx_bytes": STANDARD.encode(tx) })).await
    }

    /// The result of a transaction.
    pub(crate) async fn tx(&self, hash: &str) -> Result<Answer, Box<dyn Error>> {
        self.get(&format!("/cosmos/tx/v1beta1/txs/{hash}")).await
    }

    /// An account's number and sequence.
    pub(crate) async fn account(&self, address: &str) -> Result<(u64, u64), Box<dyn Error>> {
        let (status, body) = self.get(&format!("/cosmos/auth/v1beta1/accounts/{address}")).await?;
        let account =
            body.get("account").ok_or_else(|| format!("no account {address} ({status}): {body}"))?;
        let number = |key| crate::recording::number(account, key);
        Ok((number("account_number"), number("sequence")))
    }
}
