//! What containers print.

use std::sync::Arc;

use akash_provider::{LogFilter, StreamEnd};
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use futures_util::StreamExt as _;
use rayakash_api::error::{Code, Problem};
use rayakash_api::v1;
use serde::Deserialize;

use super::failure::{Answer, name};
use super::jobs::{last_line, line, lines};
use super::reach;
use crate::service::Service;
use crate::status::PodNames;

#[derive(Deserialize)]
pub(crate) struct Which {
    node: Option<String>,
    #[serde(default)]
    follow: bool,
}

pub(crate) async fn logs(
    State(service): State<Arc<Service>>,
    Path(text): Path<String>,
    Query(which): Query<Which>,
) -> Answer<Response> {
    let name = name(&text)?;
    let near = reach::near(&service, &name).await?;
    if service.world().chain.key().is_none() {
        let detail = "the key signs the provider's token for the logs, and it is locked";
        return Err(Problem::new(Code::Locked, detail).hint("rayakash keys unlock KEY").into());
    }
    let filter = LogFilter { services: Vec::new(), follow: which.follow, tail: None };
    let names = PodNames::of(&near);
    let stream = service.world().gateways.logs(&near.lease, &near.host_uri, &filter).await?;
    let shown = stream.filter_map(move |item| {
        let text = match item {
            Ok(printed) => {
                let node = names.shown(&printed.name).to_owned();
                let wanted = which.node.as_ref();
                let wanted = wanted.is_none_or(|wanted| *wanted == node || *wanted == printed.name);
                wanted.then(|| line(&v1::LogLine { node, text: printed.message }))
            }
            Err(end) => Some(last_line(&Problem::from_error(code(&end), &end))),
        };
        async move { text.map(Ok::<_, std::convert::Infallible>) }
    });
    Ok(lines(Body::from_stream(shown)))
}

const fn code(end: &StreamEnd) -> Code {
    match end {
        StreamEnd::NoPods | StreamEnd::NotReady | StreamEnd::NoLease => Code::NotReady,
        StreamEnd::ClusterDown
        | StreamEnd::Lost { .. }
        | StreamEnd::Silent
        | StreamEnd::Unreadable { .. } => Code::Unreachable,
    }
}
