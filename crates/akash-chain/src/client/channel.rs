//! What carries questions to a node.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, StdError, http};
use tonic::transport;

/// A node that is reached without a socket: its gRPC services in this process, or whatever stands for them.
pub trait Nearby: Send + Sync {
    /// Answers one call, as HTTP/2 would carry it.
    fn answer(&self, call: http::Request<Body>) -> BoxFuture<http::Response<Body>, StdError>;
}

/// What carries questions to one node. Clones are the same way.
#[derive(Clone)]
pub(crate) enum Channel {
    /// Over a connection.
    Far(transport::Channel),
    /// By a call.
    Near(Arc<dyn Nearby>),
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Far(_) => "Far",
            Self::Near(_) => "Near",
        })
    }
}

impl Service<http::Request<Body>> for Channel {
    type Response = http::Response<Body>;
    type Error = StdError;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), StdError>> {
        match self {
            Self::Far(channel) => channel.poll_ready(context).map_err(Into::into),
            Self::Near(_) => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, call: http::Request<Body>) -> Self::Future {
        match self {
            Self::Far(channel) => {
                let answer = channel.call(call);
                Box::pin(async move { Ok(answer.await?) })
            }
            Self::Near(node) => node.answer(call),
        }
    }
}
