//! A connection to the head, as raw bytes, after an HTTP upgrade.

use std::error::Error as _;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use rayakash_api::error::{Code, Problem};
use rayakash_api::routes::TUNNEL_PROTOCOL;

use super::failure::{Answer, name};
use super::reach;
use crate::gate::Target;
use crate::service::Service;

pub(crate) async fn tunnel(
    State(service): State<Arc<Service>>,
    Path((text, port)): Path<(String, u16)>,
    mut request: Request,
) -> Answer<Response> {
    let upgrade = upgrade(&mut request)?;
    let name = name(&text)?;
    let target = Target::at_port(port).ok_or_else(|| {
        Problem::new(Code::NotFound, format!("port {port} of the head is not reachable"))
            .hint("8265 is Ray's dashboard, 10001 its client server")
    })?;
    let gate = reach::gate(&service, &name).await?;
    let client = service.world().heads.gate(&name)?;
    let mut inside = client.open(&gate, target).await.map_err(|error| {
        Problem::new(Code::NotReady, format!("port {port} of `{name}`: {error}")).because(error.source())
    })?;
    service.tasks.start("tunnel", async move {
        match upgrade.await {
            Ok(outside) => {
                let mut outside = TokioIo::new(outside);
                // Either side may end it at any time, with or without a goodbye.
                let _ended = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            }
            Err(error) => tracing::debug!(error = %error, "the caller did not upgrade"),
        }
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static(TUNNEL_PROTOCOL));
    Ok(response)
}

/// The caller's side of the tunnel. Whoever did not ask for it would not know what to do with the bytes.
fn upgrade(request: &mut Request) -> Answer<OnUpgrade> {
    let asked = request.headers().get(header::UPGRADE).is_some_and(|asked| asked == TUNNEL_PROTOCOL);
    request.extensions_mut().remove::<OnUpgrade>().filter(|_| asked).ok_or_else(|| {
        let detail = format!("a tunnel needs `Connection: Upgrade` and `Upgrade: {TUNNEL_PROTOCOL}`");
        let status = StatusCode::UPGRADE_REQUIRED.as_u16();
        Problem { status, ..Problem::new(Code::BadRequest, detail) }.into()
    })
}
