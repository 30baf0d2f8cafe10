//! Transports that send nothing, so that nothing is measured but the client.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use pleo_client::{Body, BoxFuture, Call, Error, Transport};

/// Authorises a call, sends it nowhere and answers 204.
#[derive(Debug, Clone, Copy)]
pub struct Nowhere;

impl Transport for Nowhere {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
        Box::pin(async move {
            call.into_authorized().await?;
            let empty = Full::new(Bytes::new()).map_err(|never| match never {});
            let mut answer = http::Response::new(empty.boxed_unsync());
            *answer.status_mut() = http::StatusCode::NO_CONTENT;
            Ok(answer)
        })
    }
}
