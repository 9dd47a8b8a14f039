//! One request and its answer, bounded in time and size.

use std::time::Duration;

use akash_wallet::Token;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;

use crate::GatewayError;
use crate::gateway::Gateway;
use crate::verifier::{NotTheProvider, verdict};

/// The longest answer read, in bytes.
const LONGEST: usize = 1 << 20;
/// The longest error text read, in bytes.
const LONGEST_ERROR: usize = 4096;
/// How long a question may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request.
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) token: Option<&'a Token>,
    pub(crate) body: Option<String>,
    pub(crate) patience: Duration,
}

impl<'a> Ask<'a> {
    pub(crate) const fn get(path: String, token: Option<&'a Token>) -> Self {
        Self { method: Method::GET, path, token, body: None, patience: PATIENCE }
    }

    pub(crate) fn what(&self, gateway: &Gateway) -> String {
        format!("{} {} at {}", self.method, self.path, gateway.host())
    }
}

/// The header's value, marked so that nothing logs it.
pub(crate) fn authorization(token: &Token, what: &str) -> Result<HeaderValue, GatewayError> {
    let mut value = HeaderValue::from_str(&token.header_value()).map_err(|_| GatewayError::Unreadable {
        what: what.to_owned(),
        problem: "the token is no header".to_owned(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}

impl Gateway {
    /// Sends a request and reads a JSON answer.
    pub(crate) async fn read<T: DeserializeOwned>(&self, ask: Ask<'_>) -> Result<T, GatewayError> {
        let what = ask.what(self);
        let body = self.send(ask).await?;
        serde_json::from_slice(&body)
            .map_err(|error| GatewayError::Unreadable { what, problem: error.to_string() })
    }

    /// Sends a request and gives the body of a successful answer, all within the request's patience.
    pub(crate) async fn send(&self, ask: Ask<'_>) -> Result<Vec<u8>, GatewayError> {
        let what = ask.what(self);
        match tokio::time::timeout(ask.patience, self.exchange(&ask, &what)).await {
            Ok(answered) => answered,
            Err(source) => Err(GatewayError::Unreachable { what, source: source.into() }),
        }
    }

    /// A certificate that is not known yet makes it ask the chain again, once.
    async fn exchange(&self, ask: &Ask<'_>, what: &str) -> Result<Vec<u8>, GatewayError> {
        let answer = match self.attempt(ask, false).await {
            Err(error) if verdict(&error) == Some(NotTheProvider::Unpublished) => {
                self.attempt(ask, true).await
            }
            other => other,
        };
        let mut answer = answer.map_err(|error| self.failure(what.to_owned(), error))?;
        let status = answer.status();
        if status.is_success() {
            return body(&mut answer, what, LONGEST).await;
        }
        let text = body(&mut answer, what, LONGEST_ERROR).await.unwrap_or_default();
        Err(GatewayError::from_answer(what.to_owned(), status.as_u16(), &text))
    }

    async fn attempt(&self, ask: &Ask<'_>, again: bool) -> Result<Response, Attempt> {
        let chain = self.expected().prepare(again).await.err();
        let request = self.request(ask).map_err(Attempt::Ours)?;
        request.send().await.map_err(|source| Attempt::Sent { source, chain })
    }

    fn request(&self, ask: &Ask<'_>) -> Result<RequestBuilder, GatewayError> {
        let mut request = self.client().request(ask.method.clone(), self.url(&ask.path));
        if let Some(token) = ask.token {
            request = request.header(AUTHORIZATION, authorization(token, &ask.path)?);
        }
        if let Some(body) = &ask.body {
            request = request.header("content-type", "application/json").body(body.clone());
        }
        Ok(request)
    }

    fn failure(&self, what: String, error: Attempt) -> GatewayError {
        match (verdict(&error), error) {
            (Some(why), Attempt::Sent { chain, .. }) => self.stranger(&why, chain),
            (_, Attempt::Ours(error)) => error,
            (None, Attempt::Sent { source, .. }) => {
                GatewayError::Unreachable { what, source: source.without_url().into() }
            }
        }
    }
}

/// A request that got no answer.
#[derive(Debug, thiserror::Error)]
enum Attempt {
    #[error("the request cannot be made")]
    Ours(#[source] GatewayError),
    #[error("the request failed")]
    Sent {
        source: reqwest::Error,
        /// Why the chain could not be asked.
        chain: Option<crate::BoxError>,
    },
}

/// Reads a body up to a limit.
async fn body(answer: &mut Response, what: &str, limit: usize) -> Result<Vec<u8>, GatewayError> {
    let mut body = vec![];
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > limit => {
                let problem = format!("it is longer than {limit} bytes");
                return Err(GatewayError::Unreadable { what: what.to_owned(), problem });
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) => {
                let source = error.without_url().into();
                return Err(GatewayError::Unreachable { what: what.to_owned(), source });
            }
        }
    }
}
