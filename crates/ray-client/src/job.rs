//! Jobs: submit, look, stop, read their output.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use crate::{Error, Ray};

/// A job to submit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// A shell command, run on the head.
    pub entrypoint: String,
    /// The caller's own id, so that a submission whose answer was lost can be looked up.
    pub submission_id: String,
    /// Environment variables of the job and of its tasks (`runtime_env.env_vars`).
    pub env: BTreeMap<String, String>,
    /// Free words kept with the job.
    pub metadata: BTreeMap<String, String>,
}

/// What Ray says of a job. Programs that a user started by hand are in the list too, without a submission id.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct JobInfo {
    /// The id of its submission.
    pub submission_id: Option<String>,
    /// Ray's own id, once its driver has connected.
    pub job_id: Option<String>,
    /// How it stands.
    pub status: JobStatus,
    /// The command.
    #[serde(default)]
    pub entrypoint: String,
    /// Ray's words about the status; after a failure with the end of the output.
    #[serde(default)]
    pub message: Option<String>,
    /// The command's exit code, once it ended by itself.
    pub driver_exit_code: Option<i32>,
    /// When it began, Unix milliseconds.
    pub start_time: Option<u64>,
    /// When it ended, Unix milliseconds.
    pub end_time: Option<u64>,
    /// The words given with it.
    #[serde(default)]
    pub metadata: Option<BTreeMap<String, String>>,
}

/// How a job stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum JobStatus {
    /// Waits for its environment or for resources.
    Pending,
    /// Its command runs.
    Running,
    /// Ended on request.
    Stopped,
    /// Ended with exit code 0.
    Succeeded,
    /// Ended otherwise, or never began.
    Failed,
    /// A word that this crate does not know.
    Unrecognised(String),
}

impl From<String> for JobStatus {
    fn from(word: String) -> Self {
        match word.as_str() {
            "PENDING" => Self::Pending,
            "RUNNING" => Self::Running,
            "STOPPED" => Self::Stopped,
            "SUCCEEDED" => Self::Succeeded,
            "FAILED" => Self::Failed,
            _ => Self::Unrecognised(word),
        }
    }
}

impl JobStatus {
    /// Whether nothing more will happen.
    #[must_use]
    pub fn terminal(&self) -> bool {
        matches!(self, Self::Stopped | Self::Succeeded | Self::Failed)
    }
}

impl std::fmt::Display for JobStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Stopped => "STOPPED",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Unrecognised(word) => word,
        })
    }
}

#[derive(Deserialize)]
struct Submitted {}

#[derive(Deserialize)]
struct StopAnswer {
    stopped: bool,
}

#[derive(Deserialize)]
struct Logs {
    logs: Option<String>,
}

impl Ray {
    /// Submits a job.
    ///
    /// # Errors
    /// [`Error::JobExists`] when the id is taken: after an answer that was lost, that is success.
    pub async fn submit(&self, job: &Job) -> Result<(), Error> {
        let mut body = json!({"entrypoint": job.entrypoint, "submission_id": job.submission_id, "metadata": job.metadata});
        if let (false, Some(object)) = (job.env.is_empty(), body.as_object_mut()) {
            object.insert("runtime_env".to_owned(), json!({"env_vars": job.env}));
        }
        match self.post::<Submitted>("/api/jobs/", &body).await {
            Ok(Submitted {}) => Ok(()),
            // Ray 2.60 says this with a 500; there is no code for it.
            Err(Error::Failed { message, .. } | Error::Refused { message, .. })
                if message.contains("already exists") =>
            {
                Err(Error::JobExists { submission_id: job.submission_id.clone() })
            }
            Err(e) => Err(e),
        }
    }

    /// One job by its submission id.
    ///
    /// # Errors
    /// [`Error::NotFound`] when Ray knows no such job.
    pub async fn job(&self, submission_id: &str) -> Result<JobInfo, Error> {
        self.get(&job_path(submission_id, "")).await
    }

    /// All jobs that the head remembers.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn jobs(&self) -> Result<Vec<JobInfo>, Error> {
        self.get("/api/jobs/").await
    }

    /// Asks a job to stop; false when it had ended already. Its status changes some seconds later.
    ///
    /// # Errors
    /// [`Error::NotFound`] when Ray knows no such job.
    pub async fn stop_job(&self, submission_id: &str) -> Result<bool, Error> {
        let answer: StopAnswer = self.post(&job_path(submission_id, "/stop"), &json!({})).await?;
        Ok(answer.stopped)
    }

    /// The job's whole output so far. It begins with a line or two of Ray's own.
    ///
    /// # Errors
    /// [`Error::TooLarge`] above 16 MiB.
    pub async fn job_logs(&self, submission_id: &str) -> Result<String, Error> {
        let answer: Logs = self.get(&job_path(submission_id, "/logs")).await?;
        Ok(answer.logs.unwrap_or_default())
    }
}

/// Ids come from users: whatever is no plain character is escaped, so that it cannot name another path.
fn job_path(submission_id: &str, rest: &str) -> String {
    let mut path = String::from("/api/jobs/");
    for byte in submission_id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
    path + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> JobInfo {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn jobs_of_a_real_head() {
        let good = read(include_str!("../tests/fixtures/job-succeeded.json"));
        assert_eq!((good.status, good.driver_exit_code), (JobStatus::Succeeded, Some(0)));
        assert_eq!(good.metadata, Some(BTreeMap::from([("a".to_owned(), "b".to_owned())])));
        let bad = read(include_str!("../tests/fixtures/job-failed.json"));
        assert_eq!((bad.status, bad.driver_exit_code), (JobStatus::Failed, Some(7)));
        assert!(bad.message.unwrap().starts_with("Job entrypoint command failed with exit code 7"));
        let running = read(include_str!("../tests/fixtures/job-running.json"));
        assert_eq!((running.status.terminal(), running.end_time), (false, None));
        let stopped = read(include_str!("../tests/fixtures/job-stopped.json"));
        assert_eq!((stopped.status, stopped.driver_exit_code), (JobStatus::Stopped, None));
        let unknown = read(
            r#"{"submission_id":null,"job_id":"01","status":"DREAMING","driver_exit_code":null,"start_time":null,"end_time":null}"#,
        );
        assert_eq!((unknown.status.to_string(), unknown.status.terminal()), ("DREAMING".to_owned(), false));
        let all: Vec<JobInfo> = serde_json::from_str(include_str!("../tests/fixtures/jobs.json")).unwrap();
        assert_eq!(all.iter().filter(|j| j.status == JobStatus::Succeeded).count(), 1);
    }

    #[test]
    fn ids_stay_inside_their_path() {
        assert_eq!(job_path("up-1_a", "/logs"), "/api/jobs/up-1_a/logs");
        assert_eq!(job_path("../v0/x?y#\n", ""), "/api/jobs/%2E%2E%2Fv0%2Fx%3Fy%23%0A");
    }
}
