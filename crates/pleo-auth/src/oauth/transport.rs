//! Sends requests to the authorisation server.

use bytes::Bytes;
use pleo_client::{BoxFuture, TransportError};

/// Sends one request to the authorisation server. It follows no redirect and repeats nothing.
///
/// With the feature `reqwest`, `pleo_client::ReqwestTransport` is one. If you write another, you are
/// responsible for where it sends requests: in a sandbox, do not look `localhost` up, and give plain http to no
/// proxy.
pub trait OAuthTransport: Send + Sync {
    /// Sends the request and reads the whole response. Of a body that is longer than 64 KiB
    /// the rest need not be kept.
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>>;
}

/// How much of a response is read, in bytes.
pub(crate) const BODY_LIMIT: usize = 64 * 1024;

/// Sends over the same connections, and with the same settings, as the API's calls. Plain http is for this
/// machine only (A34).
#[cfg(feature = "reqwest")]
impl OAuthTransport for pleo_client::ReqwestTransport {
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        use bytes::BytesMut;
        use http_body_util::BodyExt as _;
        use pleo_client::TransportErrorKind;

        Box::pin(async move {
            let (head, mut body) = self.execute(request).await?.into_parts();
            let mut read = BytesMut::new();
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|error| TransportError::new(TransportErrorKind::Body, error))?;
                if let Ok(data) = frame.into_data() {
                    read.extend_from_slice(&data);
                }
                if read.len() > BODY_LIMIT {
                    break;
                }
            }
            Ok(http::Response::from_parts(head, read.freeze()))
        })
    }
}
