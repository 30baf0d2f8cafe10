//! The same function behind httpmock, for people whose tests have it already.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use ::httpmock::{HttpMockRequest, MockServer};
use bytes::Bytes;
use http::Request;

use crate::support::{key, sandbox};

#[test]
fn a_sandbox_answers_inside_httpmock() {
    let (sandbox, company) = sandbox();
    let server = MockServer::start();
    server.mock(|when, then| {
        when.any_request();
        then.respond_with(move |request: &HttpMockRequest| {
            let request: Request<Bytes> = request.into();
            sandbox.handle(&request).response.into()
        });
    });
    let ask = |authorization: &str| {
        let request =
            format!("GET /v1/introspect HTTP/1.0\r\nHost: x\r\nAuthorization: {authorization}\r\n\r\n");
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        // httpmock gives up when a client ends its side; it ends the connection itself after HTTP/1.0.
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let answer = ask(&key());
    assert!(answer.contains(" 200 ") && answer.contains(&company.to_string()), "{answer}");
    assert!(ask("Bearer FAKE-UNKNOWN").contains(" 401 "));
}
