//! How a service is asked.

use std::{error::Error as _, io, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use pleo_client::{HttpConfig, ReqwestTransport, TransportError, TransportErrorKind};
use tokio::runtime::{self, Runtime};

/// The longest response that is read, in bytes.
const MAX_RESPONSE: usize = 1 << 20;

/// Sends requests as the client does: no redirect is followed, and plain http is for this machine only.
pub(super) struct Http {
    pub(super) base_url: String,
    runtime: Runtime,
    transport: ReqwestTransport,
}

impl Http {
    pub(super) fn new(base_url: String, timeout: Duration) -> io::Result<Self> {
        let config = HttpConfig::default().with_timeout(timeout);
        Ok(Self {
            base_url,
            runtime: runtime::Builder::new_current_thread().enable_all().build()?,
            transport: ReqwestTransport::with_config(config).map_err(io::Error::other)?,
        })
    }

    pub(super) fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let (mut head, body) = request.into_parts();
        let url = format!("{}{}", self.base_url, head.uri);
        head.uri = url.parse().map_err(|_| format!("{} is not an address", self.base_url))?;
        self.runtime.block_on(async {
            let response = self.transport.execute(Request::from_parts(head, body)).await;
            let (head, body) = response.map_err(|error| told(&error))?.into_parts();
            let body = Limited::new(body, MAX_RESPONSE).collect().await.map_err(|error| {
                if error.is::<LengthLimitError>() {
                    return format!("a response is longer than {MAX_RESPONSE} bytes");
                }
                told(&TransportError::new(TransportErrorKind::Body, error))
            })?;
            let mut made = Response::new(body.to_bytes());
            *made.status_mut() = head.status;
            *made.headers_mut() = head.headers;
            Ok(made)
        })
    }
}

/// What happened, with all reasons behind it: the innermost is the one that tells what to do. The client's errors hold
/// neither URLs nor headers.
fn told(error: &TransportError) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}
