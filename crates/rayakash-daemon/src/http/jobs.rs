//! Ray jobs, through the gate.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use ray_client::{Error, Job, JobInfo, JobStatus, Ray};
use rayakash_api::error::{Code, Problem};
use rayakash_api::v1;
use serde::Deserialize;

use super::failure::{Answer, Failure, name};
use super::reach;
use crate::clock::SystemClock;
use crate::providers::chain_of;
use crate::service::Service;

async fn ray(service: &Service, text: &str) -> Answer<Ray> {
    let name = name(text)?;
    let gate = reach::gate(service, &name).await?;
    Ok(service.world().heads.ray(&name, &gate)?)
}

fn failed(error: &Error) -> Failure {
    let code = match error {
        Error::NotFound { .. } => Code::JobNotFound,
        Error::JobExists { .. } => Code::Conflict,
        Error::Refused { .. } => Code::BadRequest,
        Error::Connect { .. }
        | Error::Cut { .. }
        | Error::Timeout { .. }
        | Error::TooLarge { .. }
        | Error::Unauthorized { .. }
        | Error::Failed { .. }
        | Error::Unreadable { .. }
        | Error::NoProbe { .. } => Code::NotReady,
    };
    Problem::new(code, chain_of(error)).into()
}

pub(crate) async fn submit(
    State(service): State<Arc<Service>>,
    Path(text): Path<String>,
    Json(submit): Json<v1::Submit>,
) -> Answer<(StatusCode, Json<v1::JobId>)> {
    let ray = ray(&service, &text).await?;
    let id = format!("job-{}-{:08x}", SystemClock.now_ms(), rand::random::<u32>());
    let job = Job {
        entrypoint: submit.entrypoint,
        submission_id: id.clone(),
        env: submit.env,
        metadata: std::collections::BTreeMap::new(),
    };
    ray.submit(&job).await.map_err(|error| failed(&error))?;
    Ok((StatusCode::CREATED, Json(v1::JobId { id })))
}

pub(crate) async fn job(
    State(service): State<Arc<Service>>,
    Path((text, id)): Path<(String, String)>,
) -> Answer<Json<v1::Job>> {
    let found = ray(&service, &text).await?.job(&id).await.map_err(|error| failed(&error))?;
    Ok(Json(shown(id, found)))
}

pub(crate) async fn stop(
    State(service): State<Arc<Service>>,
    Path((text, id)): Path<(String, String)>,
) -> Answer<Json<v1::Job>> {
    let ray = ray(&service, &text).await?;
    ray.stop_job(&id).await.map_err(|error| failed(&error))?;
    let found = ray.job(&id).await.map_err(|error| failed(&error))?;
    Ok(Json(shown(id, found)))
}

#[derive(Deserialize)]
pub(crate) struct Follow {
    #[serde(default)]
    follow: bool,
}

pub(crate) async fn logs(
    State(service): State<Arc<Service>>,
    Path((text, id)): Path<(String, String)>,
    Query(query): Query<Follow>,
) -> Answer<Response> {
    let ray = ray(&service, &text).await?;
    // A job that is not known is an answer, not the end of a stream.
    ray.job(&id).await.map_err(|error| failed(&error))?;
    if !query.follow {
        let text = ray.job_logs(&id).await.map_err(|error| failed(&error))?;
        return Ok(lines(Body::from(line(&v1::JobLog { text }))));
    }
    let pieces = ray.follow(&id).map(|piece| {
        Ok::<_, std::convert::Infallible>(match piece {
            Ok(text) => line(&v1::JobLog { text }),
            Err(error) => last_line(&failed(&error).0),
        })
    });
    Ok(lines(Body::from_stream(pieces)))
}

/// One JSON value and its line end.
pub(super) fn line<T: serde::Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string(value).unwrap_or_default();
    text.push('\n');
    text
}

/// Ends an answer that has begun: a problem in the place of a value says why there are no more.
pub(super) fn last_line(problem: &Problem) -> String {
    line(problem)
}

/// An answer of one JSON value per line.
pub(super) fn lines(body: Body) -> Response {
    ([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response()
}

fn shown(id: String, info: JobInfo) -> v1::Job {
    let state = match info.status {
        JobStatus::Pending => v1::JobState::Pending,
        JobStatus::Running | JobStatus::Unrecognised(_) => v1::JobState::Running,
        JobStatus::Stopped => v1::JobState::Stopped,
        JobStatus::Succeeded => v1::JobState::Succeeded,
        JobStatus::Failed => v1::JobState::Failed,
    };
    v1::Job { id, state, entrypoint: info.entrypoint, message: info.message }
}
