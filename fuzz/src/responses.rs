//! Responses of the API.

use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt as _, Full};
use pleo_auth::pleo_client::{
    Body, BoxFuture, Call, Client, Error, ResponseValue, Transport, Unauthenticated,
};
use serde::Serialize;
use serde_json::Value;

use crate::shows_nothing_private;

/// Answers every call with this.
struct Canned(StatusCode, Bytes);

impl Transport for Canned {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
        Box::pin(async move {
            call.into_authorized().await?;
            let body = Full::new(self.1.clone()).map_err(|never| match never {}).boxed_unsync();
            let mut response = http::Response::new(body);
            *response.status_mut() = self.0;
            Ok(response)
        })
    }
}

fn client(status: StatusCode, body: Vec<u8>) -> Client {
    Client::new("http://127.0.0.1", Unauthenticated, Canned(status, body.into())).unwrap()
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

pub(crate) fn error_body(status: u8, body: &[u8]) {
    let status = StatusCode::from_u16(300 + u16::from(status)).unwrap();
    let error = block_on(client(status, body.to_vec()).list_employees().send()).unwrap_err();
    shows_nothing_private(&error, &error);
    let error = error.api_error().unwrap_or_else(|| panic!("{error:?}"));
    assert_eq!((error.status(), error.body().as_ref(), error.is_truncated()), (status, body, false));
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let member = |name: &str| json.get(name).and_then(Value::as_str);
    assert_eq!((error.kind(), error.message()), (member("type"), member("message")));
    if let Err(error) = error.decode::<Vec<String>>() {
        shows_nothing_private(&error, &error);
    }
}

/// What was decoded is encoded as something that decodes to the same.
fn comes_back<T: Serialize>(
    result: Result<ResponseValue<T>, Error>,
    again: impl FnOnce(Vec<u8>) -> Result<ResponseValue<T>, Error>,
) {
    match result {
        Ok(page) => {
            let json = serde_json::to_string(&*page).unwrap();
            let second = again(json.clone().into_bytes()).unwrap_or_else(|error| panic!("{error:?}: {json}"));
            assert_eq!(serde_json::to_string(&*second).unwrap(), json);
        }
        Err(error) => {
            assert!(matches!(error, Error::Decode(_)), "{error:?}");
            shows_nothing_private(&error, &error);
        }
    }
}

fn employees(body: Vec<u8>) -> Result<ResponseValue<impl Serialize>, Error> {
    block_on(client(StatusCode::OK, body).list_employees().send())
}

fn export_jobs(body: Vec<u8>) -> Result<ResponseValue<impl Serialize>, Error> {
    block_on(client(StatusCode::OK, body).list_export_jobs_v3().send())
}

pub(crate) fn page(_: u8, body: &[u8]) {
    comes_back(employees(body.to_vec()), employees);
    comes_back(export_jobs(body.to_vec()), export_jobs);
}

/// Whether a body decodes as a page of employees, and whether as one of export jobs.
#[cfg(test)]
pub(crate) fn decodes_as_page(body: &str) -> (bool, bool) {
    (employees(body.into()).is_ok(), export_jobs(body.into()).is_ok())
}
