//! Asking the chain's gRPC services in this process, by a method's path and bytes.

use prost::bytes::{Buf as _, BufMut as _, Bytes};
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::service::Routes;
use tonic::{Request, Status};

/// Calls `/package.Service/Method`, whichever it is, about the state of a height; 0 is the newest.
pub(crate) async fn ask(
    services: &Routes,
    path: &str,
    body: Vec<u8>,
    height: u64,
) -> Result<Vec<u8>, Status> {
    let path = path.parse::<PathAndQuery>().map_err(|_| Status::unimplemented(""))?;
    let mut request = Request::new(Bytes::from(body));
    request.metadata_mut().insert(super::HEIGHT, height.into());
    let mut client = Grpc::new(services.clone());
    client.ready().await.map_err(|error| Status::internal(error.to_string()))?;
    Ok(client.unary(request, path, Plain).await?.into_inner().to_vec())
}

/// Messages as the bytes that they are.
#[derive(Clone, Copy, Debug)]
struct Plain;

impl Codec for Plain {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(item);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
