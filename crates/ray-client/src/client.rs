//! The client itself: token in, JSON out.

use std::sync::Arc;

use http::{HeaderValue, Method};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::member::NodesAnswer;
use crate::{Connector, Error, Instance, Request, http1};

/// A Ray head, asked over HTTP. Cheap to clone; holds no connection.
#[derive(Clone)]
pub struct Ray {
    connector: Arc<dyn Connector>,
    token: SecretString,
}

impl std::fmt::Debug for Ray {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ray").field("token", &"***").finish_non_exhaustive()
    }
}

/// What the head says of itself (`GET /api/version`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Version {
    /// Ray's version, such as `2.60.0`.
    #[serde(rename = "ray_version")]
    pub ray: String,
    /// Names one life of the head's store: a new session is a new cluster.
    #[serde(rename = "session_name", default)]
    pub session: String,
}

impl Ray {
    /// A client of the head behind `connector`, with the cluster's `RAY_AUTH_TOKEN`.
    #[must_use]
    pub fn new(connector: Arc<dyn Connector>, token: SecretString) -> Self {
        Self { connector, token }
    }

    /// Ray's version. An answer means that the dashboard is up and the token right, and no more.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::Connect`] while the head starts.
    pub async fn version(&self) -> Result<Version, Error> {
        self.get("/api/version").await
    }

    /// Every node that the head remembers, dead ones included.
    ///
    /// Empty for about a second after a head's start, which says nothing about its nodes.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn instances(&self) -> Result<Vec<Instance>, Error> {
        let path = "/api/v0/nodes?detail=1&limit=10000";
        let answer: NodesAnswer = self.get(path).await?;
        answer.into_instances().map_err(|message| Error::Failed { request: get(path), status: 200, message })
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.ask(get(path), None).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<T, Error> {
        let request = Request { method: Method::POST, path: path.to_owned() };
        self.ask(request, Some(body.to_string().into_bytes())).await
    }

    async fn ask<T: DeserializeOwned>(&self, request: Request, body: Option<Vec<u8>>) -> Result<T, Error> {
        // A token that is no header value is one that Ray cannot have.
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", self.token.expose_secret()))
            .map_err(|_| Error::Unauthorized { request: request.clone(), status: 401 })?;
        authorization.set_sensitive(true);
        let (status, bytes) = http1::exchange(&*self.connector, &request, &authorization, body).await?;
        if status.is_success() {
            return serde_json::from_slice(&bytes).map_err(|source| Error::Unreadable { request, source });
        }
        let (code, message) = (status.as_u16(), last_line(&bytes));
        Err(match code {
            401 | 403 => Error::Unauthorized { request, status: code },
            404 => Error::NotFound { request },
            400..=499 => Error::Refused { request, status: code, message },
            _ => Error::Failed { request, status: code, message },
        })
    }
}

fn get(path: &str) -> Request {
    Request { method: Method::GET, path: path.to_owned() }
}

/// Ray answers its own faults with a Python traceback: the reason is the last line that says something.
fn last_line(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let line = text.lines().rev().map(str::trim).find(|l| l.len() > 1).unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_of_a_traceback_is_its_last_line() {
        let check = |body: &[u8], want: &str| assert_eq!(last_line(body), want);
        check(b"Traceback (most recent call last):\n  File x\nValueError: Job with submission_id a already exists.\n.\n", "ValueError: Job with submission_id a already exists.");
        check(b"", "");
        check(b"\xff\x1b[31mred\n\n", "\u{fffd}[31mred");
        check("é".repeat(600).as_bytes(), &"é".repeat(500));
    }

    #[test]
    fn the_token_is_not_shown() {
        struct Nowhere;
        #[async_trait::async_trait]
        impl Connector for Nowhere {
            async fn connect(&self) -> std::io::Result<Box<dyn crate::Stream>> {
                Err(std::io::ErrorKind::NotFound.into())
            }
        }
        let ray = Ray::new(Arc::new(Nowhere), "geheim".to_owned().into());
        assert!(!format!("{ray:?}").contains("geheim"));
    }
}
