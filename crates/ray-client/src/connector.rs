//! Where the bytes come from.

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

/// A connection to the head's dashboard, whatever it runs over.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Opens connections to the head's dashboard. Encryption, if any, is the connector's.
#[async_trait]
pub trait Connector: Send + Sync {
    /// A fresh connection on which HTTP/1.1 can be spoken at once.
    ///
    /// # Errors
    /// Whatever keeps the dashboard from being reached; it becomes the source of [`crate::Error::Connect`].
    async fn connect(&self) -> std::io::Result<Box<dyn Stream>>;
}
