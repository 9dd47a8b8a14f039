//! Ray jobs, and the token of the cluster.

use super::secret;
use rayakash_core::Secret;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Body of `POST /v1/clusters/{name}/jobs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Submit {
    /// A line for the shell on the head.
    pub entrypoint: String,
    /// Environment of the job.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
}

/// A job that was submitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobId {
    /// Ray's id for it.
    pub id: String,
}

/// A job as Ray sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// Ray's id for it.
    pub id: String,
    /// How it stands.
    pub state: JobState,
    /// The line that runs.
    #[serde(default)]
    pub entrypoint: String,
    /// Ray's explanation, such as the end of the output of a failed job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// How a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits for its driver to start.
    Pending,
    /// It runs.
    Running,
    /// It ended with 0.
    Succeeded,
    /// It ended with another code, or did not start.
    Failed,
    /// It was stopped.
    Stopped,
}

/// A piece of a job's output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobLog {
    /// As it was printed, line ends included.
    pub text: String,
}

/// Ray's token for a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// What Ray wants in `RAY_AUTH_TOKEN`, or behind `Authorization: Bearer`.
    #[serde(with = "secret")]
    #[schema(value_type = String)]
    pub token: Secret,
}
