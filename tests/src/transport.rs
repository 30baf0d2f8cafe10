//! A transport that answers without a network.

use std::sync::Mutex;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt as _, Full};
use pleo_client::{Body, BoxFuture, Call, Client, Error, Transport, Unauthenticated};

/// Answers every call with the same status and body.
#[derive(Debug)]
pub struct Canned {
    answer: Mutex<(StatusCode, Bytes)>,
}

impl Canned {
    /// A client that is answered so.
    pub fn client(status: u16, body: impl Into<Bytes>) -> Client {
        let answer = Mutex::new((StatusCode::from_u16(status).unwrap(), body.into()));
        Client::new("http://127.0.0.1", Unauthenticated, Self { answer }).unwrap()
    }
}

impl Transport for Canned {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
        Box::pin(async move {
            call.into_authorized().await?;
            let (status, body) = self.answer.lock().unwrap().clone();
            let mut response =
                http::Response::new(Full::new(body).map_err(|never| match never {}).boxed_unsync());
            *response.status_mut() = status;
            Ok(response)
        })
    }
}
