//! Serving a [`Handler`] over HTTP on loopback.

use std::{
    convert::Infallible,
    error::Error as _,
    fmt, io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Version, header, request, uri::Authority};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::TcpListener,
    runtime,
    sync::{Semaphore, oneshot},
};

use crate::{answer::Refusal, log, webhook};

/// The largest request body that a server reads, in bytes.
pub const MAX_BODY: usize = 8 << 20;

/// How long a client may take for the head of a request, and how long for the body.
const PATIENCE: Duration = Duration::from_secs(30);

/// The most connections at once; further ones wait.
const MOST_CONNECTIONS: usize = 1_000;

/// The most exchanges that a server keeps, so that a client gone wild does not take all memory.
const MAX_KEPT: usize = 10_000;

/// The most bytes of bodies that it keeps with them.
const MAX_KEPT_BYTES: usize = 64 << 20;

/// Answers requests.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request.
    fn handle(&self, request: &Request<Bytes>) -> Reply;

    /// Takes the webhook deliveries that are to be sent again by now. A [`Server`] asks for them all the time.
    fn due_webhooks(&self) -> Vec<Request<Bytes>> {
        Vec::new()
    }

    /// Notes what became of a delivery with this `webhook-id`: whether its endpoint responded with success.
    fn webhook_settled(&self, _id: &str, _accepted: bool) {}
}

impl<F: Fn(&Request<Bytes>) -> Reply + Send + Sync + 'static> Handler for F {
    fn handle(&self, request: &Request<Bytes>) -> Reply {
        self(request)
    }
}

/// A response, and how it gets to the client.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The response.
    pub response: Response<Bytes>,
    /// How much of it arrives.
    pub extent: Extent,
    /// How long the client waits for it.
    pub delay: Duration,
    /// What goes to webhook endpoints because of the request. A [`Server`] sends those whose endpoint is on this machine
    /// and speaks plain http; nothing leaves the machine.
    pub webhooks: Vec<Request<Bytes>>,
}

/// How much of a response arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Extent {
    /// All of it.
    Whole,
    /// Head and half of the body; then the connection ends.
    CutBody,
    /// Nothing: the connection ends.
    Dropped,
    /// Nothing: the connection is reset.
    Reset,
}

impl From<Response<Bytes>> for Reply {
    fn from(response: Response<Bytes>) -> Self {
        Self { response, extent: Extent::Whole, delay: Duration::ZERO, webhooks: Vec::new() }
    }
}

/// A request that arrived, and the response it got.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The request as it arrived: HTTP version, raw path and query, every header line.
    pub request: Request<Bytes>,
    /// The response.
    pub reply: Reply,
    /// When the request had arrived. It tells in which order several servers got theirs.
    pub received_at: Instant,
}

/// A running server on a port of its own, which ends when it is dropped.
///
/// It keeps what arrived, see [`take_exchanges`](Self::take_exchanges).
///
/// A web page can make a browser send requests to this machine under a name of its own (DNS rebinding). So a request
/// whose `Host` is not a name or address of this machine's loopback interface gets 421, and one of HTTP/1.1 without
/// exactly one valid `Host` gets 400 (RFC 9112, section 3.2). The handler does not see them. A client that takes more
/// than 30 seconds for the head or the body of a request is disconnected, for the body after a 408.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    handler: Arc<dyn Handler>,
    address: SocketAddr,
    keep: bool,
    journal: Mutex<Journal>,
    log: Option<Log>,
}

type Log = Box<dyn Fn(&str) + Send + Sync>;

/// What has arrived since somebody looked.
#[derive(Default)]
struct Journal {
    exchanges: Vec<Exchange>,
    /// The bytes of all their bodies.
    bytes: usize,
}

impl Server {
    /// Serves on a free port of 127.0.0.1 and keeps all exchanges.
    ///
    /// # Errors
    /// When no socket or thread is available.
    pub fn start(handler: impl Handler) -> io::Result<Self> {
        Self::bind((Ipv4Addr::LOCALHOST, 0).into(), Arc::new(handler), true)
    }

    /// Serves on this address, which has to be one of loopback, and keeps exchanges only if asked to.
    ///
    /// # Errors
    /// When the address is not on loopback or in use, or no thread can be started.
    pub fn bind(address: SocketAddr, handler: Arc<dyn Handler>, keep: bool) -> io::Result<Self> {
        Self::serve(address, handler, keep, None)
    }

    /// Serves on this address, which has to be one of loopback, and keeps nothing. `log` gets a line for each exchange:
    /// method, path, status and milliseconds. The line has no query, and nothing else that could be a secret.
    ///
    /// # Errors
    /// When the address is not on loopback or in use, or no thread can be started.
    pub fn bind_with_log(
        address: SocketAddr,
        handler: Arc<dyn Handler>,
        log: impl Fn(&str) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::serve(address, handler, false, Some(Box::new(log)))
    }

    fn serve(
        address: SocketAddr,
        handler: Arc<dyn Handler>,
        keep: bool,
        log: Option<Log>,
    ) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{address} is not on loopback; a sandbox is for this machine only"),
            ));
        }
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { handler, address, keep, journal: Mutex::default(), log });
        let (stop, stopped) = oneshot::channel();
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let served = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name(format!("sandbox {address}")).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = deliver_again(Arc::clone(&served.handler)) => {}
                    () = accept(listener, served) => {}
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Self { address, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// The address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes the exchanges since the last time, in the order in which the requests arrived: the first 10,000
    /// of them, with 64 MiB of bodies at most.
    pub fn take_exchanges(&self) -> Vec<Exchange> {
        std::mem::take(&mut *self.shared.journal.lock().unwrap_or_else(PoisonError::into_inner)).exchanges
    }

    /// Waits until the server ends, which it does not by itself.
    pub fn join(mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic there was printed already.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread may have ended already.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        // The semaphore is never closed.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, say: others close in a moment.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        // Without it, small answers wait for the client's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let _place = place;
            let service = service_fn(move |request| answer(request, Arc::clone(&shared)));
            let mut connection = http1::Builder::new()
                .timer(TokioTimer::new())
                // A client of a few shell commands ends its side as soon as it has asked.
                .half_close(true)
                .header_read_timeout(PATIENCE)
                .serve_connection(TokioIo::new(stream), service);
            // What a client does to its connection is the client's business.
            if let Err(error) = (&mut connection).await
                && error.source().is_some_and(|cause| matches!(cause.downcast_ref(), Some(Hangup::Reset)))
            {
                // A socket that does not linger is reset when it is closed.
                let _ = connection.into_parts().io.into_inner().set_zero_linger();
            }
        });
    }
}

/// How often the server looks for deliveries that are due again.
const LOOK: Duration = Duration::from_millis(50);

/// Sends deliveries again when they are due by the handler's clock, which may be moved at any time.
async fn deliver_again(handler: Arc<dyn Handler>) {
    loop {
        for webhook in handler.due_webhooks() {
            tokio::spawn(deliver(webhook, Arc::clone(&handler)));
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn deliver(webhook: Request<Bytes>, handler: Arc<dyn Handler>) {
    let id =
        webhook.headers().get(webhook::ID).and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    let accepted = webhook::send(webhook).await;
    handler.webhook_settled(&id, accepted);
}

/// How the connection is to end without a response.
#[derive(Debug)]
enum Hangup {
    Close,
    Reset,
}

impl fmt::Display for Hangup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is dropped on purpose")
    }
}

impl std::error::Error for Hangup {}

async fn answer(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Response<Payload>, Hangup> {
    let begun = Instant::now();
    let logged =
        shared.log.as_ref().map(|log| (log, request.method().clone(), request.uri().path().to_owned()));
    let mut reply = reply(request, &shared).await;
    for webhook in reply.webhooks.drain(..) {
        tokio::spawn(deliver(webhook, Arc::clone(&shared.handler)));
    }
    if !reply.delay.is_zero() {
        tokio::time::sleep(reply.delay).await;
    }
    if let Some((log, method, path)) = logged {
        let outcome = match reply.extent {
            Extent::Whole => reply.response.status().as_str().to_owned(),
            Extent::CutBody => format!("{} cut", reply.response.status().as_str()),
            Extent::Dropped => "dropped".to_owned(),
            Extent::Reset => "reset".to_owned(),
        };
        log(&log::line(&method, &path, &outcome, begun.elapsed()));
    }
    match reply.extent {
        Extent::Whole => Ok(reply.response.map(Payload::whole)),
        Extent::CutBody => Ok(reply.response.map(Payload::cut)),
        Extent::Dropped => Err(Hangup::Close),
        Extent::Reset => Err(Hangup::Reset),
    }
}

async fn reply(request: Request<Incoming>, shared: &Shared) -> Reply {
    let (head, body) = request.into_parts();
    let misdirected = misdirected(&head, shared.address.ip());
    let request = match read(body).await {
        Ok(body) => Request::from_parts(head, body),
        Err(refusal) => return Response::from(refusal).into(),
    };
    // Held while the handler runs, so that exchanges stand in the order of their arrival.
    let mut journal = shared.journal.lock().unwrap_or_else(PoisonError::into_inner);
    let received_at = Instant::now();
    let reply = match misdirected {
        Some(refusal) => Response::from(refusal).into(),
        None => shared.handler.handle(&request),
    };
    let bytes = request.body().len() + reply.response.body().len();
    if shared.keep && journal.exchanges.len() < MAX_KEPT && journal.bytes + bytes <= MAX_KEPT_BYTES {
        journal.bytes += bytes;
        journal.exchanges.push(Exchange { request, reply: reply.clone(), received_at });
    }
    reply
}

/// The bytes of a body, if it is not too large and comes in time.
async fn read(
    body: impl Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
) -> Result<Bytes, Refusal> {
    match tokio::time::timeout(PATIENCE, Limited::new(body, MAX_BODY).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if !error.is::<LengthLimitError>() => {
            Err(Refusal::bad_request("the body is broken off or not encoded as the head says"))
        }
        Ok(Err(_)) => {
            let message = format!("the body is larger than {MAX_BODY} bytes");
            Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "content_too_large", message))
        }
        Err(_) => {
            let message = format!("the body did not arrive within {} seconds", PATIENCE.as_secs());
            let refusal = Refusal::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", message);
            // RFC 9110, section 15.5.9.
            Err(refusal.with_header(header::CONNECTION, HeaderValue::from_static("close")))
        }
    }
}

/// Why a request is not for this server, by its `Host` and its target (RFC 9110, section 7.4).
fn misdirected(head: &request::Parts, own: IpAddr) -> Option<Refusal> {
    let hosts: Vec<_> = head.headers.get_all(header::HOST).iter().collect();
    let named = match hosts.as_slice() {
        [host] => Authority::try_from(host.as_bytes()).ok().filter(|host| !host.as_str().contains('@')),
        _ => None,
    };
    if named.is_none() && !(hosts.is_empty() && head.version < Version::HTTP_11) {
        return Some(Refusal::bad_request(
            "the request has to have one Host header, with a host and maybe a port",
        ));
    }
    let mut names = named.iter().chain(head.uri.authority()).map(Authority::host);
    if names.all(|name| is_own(name, own)) {
        return None;
    }
    let message = "the Host is not this machine's loopback interface; a sandbox is for this machine only";
    Some(Refusal::new(StatusCode::MISDIRECTED_REQUEST, "misdirected_request", message))
}

/// Whether a host is the server's address or another name or address of loopback (RFC 6761, section 6.3).
fn is_own(host: &str, own: IpAddr) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    match address {
        Ok(address) => address == own || address.to_canonical().is_loopback(),
        Err(_) => name == "localhost" || name.ends_with(".localhost"),
    }
}

/// The body of a response, which may break off.
enum Payload {
    Whole(Full<Bytes>),
    Cut { half: Option<Bytes>, flushed: bool, promised: u64 },
}

impl Payload {
    fn whole(bytes: Bytes) -> Self {
        Self::Whole(Full::new(bytes))
    }

    fn cut(mut bytes: Bytes) -> Self {
        // An empty body cannot be cut: it promises a byte that never comes.
        let promised = (bytes.len() as u64).max(1);
        bytes.truncate(bytes.len() / 2);
        Self::Cut { half: Some(bytes), flushed: false, promised }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Hangup;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Hangup>>> {
        match self.get_mut() {
            Self::Whole(full) => {
                Pin::new(full).poll_frame(context).map_err(|never: Infallible| match never {})
            }
            Self::Cut { half, flushed, .. } => match half.take() {
                Some(bytes) if !bytes.is_empty() => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                _ if *flushed => Poll::Ready(Some(Err(Hangup::Close))),
                // An error makes hyper forget what it has not yet sent; when the body pauses, it sends.
                _ => {
                    *flushed = true;
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(full) if full.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(full) => full.size_hint(),
            Self::Cut { promised, .. } => SizeHint::with_exact(*promised),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body of which a byte comes and then nothing more.
    struct Slow(Option<Bytes>);

    impl Body for Slow {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.0.take().map_or(Poll::Pending, |bytes| Poll::Ready(Some(Ok(Frame::data(bytes)))))
        }
    }

    fn status(refusal: Refusal) -> u16 {
        Response::from(refusal).status().as_u16()
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_end_is_given_up() {
        let begun = tokio::time::Instant::now();
        let response = Response::from(read(Slow(Some(Bytes::from_static(b"{")))).await.unwrap_err());
        assert_eq!(
            (response.status().as_u16(), &response.headers()["connection"]),
            (408, &"close".parse().unwrap())
        );
        assert_eq!(begun.elapsed(), PATIENCE);
    }

    #[tokio::test]
    async fn a_body_has_a_largest_size() {
        let body = |bytes: usize| Full::new(Bytes::from(vec![b' '; bytes]));
        assert_eq!(read(body(MAX_BODY)).await.unwrap().len(), MAX_BODY);
        assert_eq!(status(read(body(MAX_BODY + 1)).await.unwrap_err()), 413);
    }

    fn judged(target: &str, version: Version, hosts: &[&str]) -> Option<u16> {
        let mut request = Request::builder().uri(target).version(version);
        for host in hosts {
            request = request.header("host", *host);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        misdirected(&head, Ipv4Addr::new(127, 0, 0, 2).into()).map(status)
    }

    #[test]
    fn a_host_that_is_not_loopback_is_refused() {
        for host in [
            "127.0.0.1",
            "127.0.0.2:8080",
            "127.255.0.9:1",
            "localhost",
            "LocalHost:80",
            "localhost.",
            "pleo.localhost:8080",
            "[::1]",
            "[::1]:8080",
            "[::ffff:127.0.0.1]",
        ] {
            assert_eq!(judged("/", Version::HTTP_11, &[host]), None, "{host}");
        }
        for host in [
            "external.pleo.io",
            "localhost.example.test",
            "notlocalhost",
            "127.0.0.1.example.test",
            "192.0.2.1",
            "0.0.0.0",
            "[::]",
            "[2001:db8::1]:80",
        ] {
            assert_eq!(judged("/", Version::HTTP_11, &[host]), Some(421), "{host}");
            let absolute = format!("http://{host}/v1/introspect");
            assert_eq!(judged(&absolute, Version::HTTP_11, &["localhost"]), Some(421), "{host}");
        }
    }

    #[test]
    fn a_request_has_one_host() {
        for hosts in [
            &[][..],
            &["localhost", "localhost"],
            &[""],
            &["local host"],
            &["localhost/"],
            &["FAKE-KEY@localhost"],
        ] {
            assert_eq!(judged("/", Version::HTTP_11, hosts), Some(400), "{hosts:?}");
        }
        assert_eq!(judged("/", Version::HTTP_10, &[]), None);
        assert_eq!(judged("/", Version::HTTP_10, &["a", "b"]), Some(400));
        assert_eq!(judged("/", Version::HTTP_10, &["external.pleo.io"]), Some(421));
    }
}
