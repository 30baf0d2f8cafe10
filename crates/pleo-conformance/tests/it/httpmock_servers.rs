//! Test servers on httpmock, and what they cannot show.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    panic,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response, Uri};
use httpmock::{HttpMockRequest, MockServer};
use pleo_conformance::engine::TestServer;
use pleo_sandbox::{Exchange, Extent, Handler, Reply, Server};

/// The longest delay of a response that a responder waits for.
const LONGEST_DELAY: Duration = Duration::from_secs(1);

/// A server of httpmock's, which is lent from its pool.
struct Lent {
    server: MockServer,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    refuses: Arc<AtomicBool>,
}

impl TestServer for Lent {
    fn url(&self) -> String {
        self.server.base_url()
    }

    fn take_exchanges(&self) -> Vec<Exchange> {
        std::mem::take(&mut *self.exchanges.lock().unwrap())
    }

    /// A server of the pool listens on: what it receives meanwhile gets no response and is not kept, which is the same
    /// to rules.
    fn set_refusing(&self, refusing: bool) -> io::Result<()> {
        self.refuses.store(refusing, Ordering::Relaxed);
        Ok(())
    }
}

/// Starts a server of httpmock's.
///
/// httpmock lends 25 at most and lets others wait, so no more than four sets of test servers may be in use at
/// the same time.
pub(crate) fn listen(host: Ipv4Addr, handler: Arc<dyn Handler>) -> io::Result<Box<dyn TestServer>> {
    if host != Ipv4Addr::LOCALHOST {
        return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, "httpmock serves on 127.0.0.1 only"));
    }
    let server = MockServer::start();
    let exchanges = Arc::<Mutex<Vec<_>>>::default();
    let kept = Arc::clone(&exchanges);
    let refuses = Arc::<AtomicBool>::default();
    let is_refused = Arc::clone(&refuses);
    server.mock(|when, then| {
        when.any_request();
        then.respond_with(move |request| {
            let drop_connection = || panic::resume_unwind(Box::new("the connection is dropped on purpose"));
            if is_refused.load(Ordering::Relaxed) {
                drop_connection();
            }
            let (received_at, request) = (Instant::now(), received(request));
            let reply = handler.handle(&request);
            let Reply { response, extent, delay, .. } = reply.clone();
            kept.lock().unwrap().push(Exchange { request, reply, received_at });
            // A responder that is silent blocks a thread of all servers. The client gets no response either way.
            if delay > LONGEST_DELAY {
                drop_connection();
            }
            thread::sleep(delay);
            match extent {
                Extent::Whole => response.into(),
                // A responder has no say in how its response travels, but the connection ends with its task. A
                // body that is cut cannot be told from that here.
                Extent::Dropped | Extent::Reset | Extent::CutBody => drop_connection(),
            }
        });
    });
    Ok(Box::new(Lent { server, exchanges, refuses }))
}

/// The request as our server would show it, as far as httpmock tells: httpmock makes every target an absolute one, and
/// its own conversion panics where a header has several lines.
fn received(request: &HttpMockRequest) -> Request<Bytes> {
    let mut received = Request::new(request.body_bytes());
    let target = request.uri().path_and_query().cloned();
    *received.method_mut() = request.method();
    *received.uri_mut() = target.map(Uri::from).unwrap_or_default();
    *received.version_mut() = request.version();
    *received.headers_mut() = request.headers();
    received
}

/// Requests that both servers show alike.
const ALIKE: &[(&str, &[u8])] = &[
    ("a header of several lines", b"GET /a HTTP/1.1\r\nHost: h\r\nX: 1\r\nx: 2\r\nX: 1\r\nConnection: close\r\n\r\n"),
    ("a body in chunks", b"POST /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
    ("a body that is not text", b"POST /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2\r\n\r\n\xe9\0"),
    ("HEAD", b"HEAD /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
    ("OPTIONS", b"OPTIONS /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
    ("a path that could be made another", b"GET //a/../%2e/%2F/b;c HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
    ("a query that could be made another", b"GET /a?b=%7e+%20&b=&=c&? HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
    ("an empty query", b"GET /a? HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
    ("white space around a value", b"GET /a HTTP/1.1\r\nHost: h\r\nX:\t  1 2 \t\r\nConnection: close\r\n\r\n"),
    ("HTTP/1.0", b"GET /a HTTP/1.0\r\nHost: h\r\n\r\n"),
];

/// Requests that httpmock does not show, or not as they were sent, each with the reason. A client that sends one is
/// judged on our own server only.
const UNLIKE: &[(&str, &[u8], &str)] = &[
    (
        "a target with scheme and host",
        b"GET http://h/a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        "it gives every target a scheme and a host, so nobody can tell which had them",
    ),
    (
        "a value beyond ASCII",
        b"GET /a HTTP/1.1\r\nHost: h\r\nX: \xe9\r\nConnection: close\r\n\r\n",
        "it keeps header values as ASCII, and answers 500 before any responder is asked",
    ),
    (
        "a request without Host",
        b"GET /a HTTP/1.0\r\n\r\n",
        "it cannot make the target an absolute one, and answers 500",
    ),
    (
        "a target that is the server",
        b"OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        "it cannot make the target an absolute one, and answers 500",
    ),
    (
        "CONNECT",
        b"CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\nConnection: close\r\n\r\n",
        "it answers 200 as a proxy would, and keeps nothing",
    ),
    (
        "a path of its own",
        b"GET /__httpmock__/ping HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        "it answers paths below /__httpmock__/ itself",
    ),
];

fn httpmock(reply: Reply) -> Box<dyn TestServer> {
    listen(Ipv4Addr::LOCALHOST, Arc::new(move |_: &Request<Bytes>| reply.clone())).unwrap()
}

fn ours(reply: Reply) -> Server {
    Server::start(move |_: &Request<Bytes>| reply.clone()).unwrap()
}

/// Sends this, and reads until the server ends the connection.
fn send(url: &str, bytes: &[u8]) -> String {
    let address = url.replace("http://", "");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

/// What a server of httpmock's shows of a request.
fn shown(server: &dyn TestServer, bytes: &[u8]) -> Vec<String> {
    send(&server.url(), bytes);
    requests(server.take_exchanges())
}

/// What our server shows of it.
fn shown_by_ours(server: &Server, bytes: &[u8]) -> Vec<String> {
    send(&server.url(), bytes);
    requests(server.take_exchanges())
}

fn requests(exchanges: Vec<Exchange>) -> Vec<String> {
    exchanges.iter().map(|exchange| format!("{:?}", exchange.request)).collect()
}

#[test]
fn httpmock_shows_requests_as_our_server_does_but_for_those_that_it_cannot() {
    let reply = Reply::from(Response::new(Bytes::from_static(b"{}")));
    let (ours, httpmock) = (ours(reply.clone()), httpmock(reply));
    for (name, bytes) in ALIKE {
        let expected = shown_by_ours(&ours, bytes);
        assert_eq!(expected.len(), 1, "{name}");
        assert_eq!(shown(&*httpmock, bytes), expected, "{name}");
    }
    for (name, bytes, reason) in UNLIKE {
        let ours = shown_by_ours(&ours, bytes);
        assert_eq!(ours.len(), 1, "{name}");
        assert_ne!(shown(&*httpmock, bytes), ours, "{name} is shown now, although {reason}");
    }
}

#[test]
fn httpmock_drops_a_connection_and_goes_on() {
    let response = Response::new(Bytes::from_static(b"{}"));
    let dropped = Reply { extent: Extent::Dropped, ..response.into() };
    let server = httpmock(dropped);
    for _ in 0..3 {
        assert_eq!(send(&server.url(), b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"), "");
        assert_eq!(server.take_exchanges().len(), 1);
    }
}
