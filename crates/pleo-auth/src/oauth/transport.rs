//! Sends requests to the authorisation server.

use bytes::Bytes;
use pleo_client::{BoxFuture, TransportError};

/// Sends one request to the authorisation server. It follows no redirect and repeats nothing.
pub trait OAuthTransport: Send + Sync {
    /// Sends the request and reads the whole answer. Of a body that is longer than 64 KiB
    /// the rest need not be kept.
    fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>>;
}

/// How much of an answer is read, in bytes.
pub(crate) const BODY_LIMIT: usize = 64 * 1024;

#[cfg(feature = "reqwest")]
pub use over_reqwest::ReqwestOAuthTransport;

#[cfg(feature = "reqwest")]
mod over_reqwest {
    use bytes::{Bytes, BytesMut};
    use http_body_util::BodyExt as _;
    use pleo_client::{BoxFuture, TransportError, TransportErrorKind, reqwest};

    use super::{BODY_LIMIT, OAuthTransport};
    use crate::Environment;

    /// Sends over reqwest.
    #[derive(Debug, Clone)]
    pub struct ReqwestOAuthTransport(reqwest::Client);

    impl ReqwestOAuthTransport {
        /// A transport to the authorisation server of an environment: HTTPS only, but for a sandbox,
        /// where no proxy is asked either (A34).
        ///
        /// # Errors
        /// When the TLS library finds no root certificates or no provider.
        pub fn new(environment: &impl Environment) -> Result<Self, TransportError> {
            let builder = reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .connect_timeout(pleo_client::ReqwestTransport::CONNECT_TIMEOUT);
            let builder =
                if environment.is_loopback() { builder.no_proxy() } else { builder.https_only(true) };
            builder.build().map(Self).map_err(TransportError::from)
        }
    }

    impl OAuthTransport for ReqwestOAuthTransport {
        fn send(
            &self,
            request: http::Request<Bytes>,
        ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
            Box::pin(async move {
                let request = reqwest::Request::try_from(request)?;
                let response = self.0.execute(request).await?;
                let (head, mut body) = http::Response::<reqwest::Body>::from(response).into_parts();
                let mut read = BytesMut::new();
                while let Some(frame) = body.frame().await {
                    let frame = frame.map_err(|error| {
                        TransportError::new(TransportErrorKind::Body, error.without_url())
                    })?;
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
}
