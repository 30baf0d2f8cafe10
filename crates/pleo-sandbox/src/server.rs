//! Serving a [`Handler`] over HTTP on loopback.

use std::{
    convert::Infallible,
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, runtime, sync::oneshot};

/// The largest request body that a server reads, in bytes.
pub const MAX_BODY: usize = 8 << 20;

/// The most exchanges that a server keeps, so that a client gone wild does not take all memory.
const MAX_KEPT: usize = 10_000;

/// The most bytes of bodies that it keeps with them.
const MAX_KEPT_BYTES: usize = 64 << 20;

/// Answers requests.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request.
    fn handle(&self, request: &Request<Bytes>) -> Reply;
}

impl<F: Fn(&Request<Bytes>) -> Reply + Send + Sync + 'static> Handler for F {
    fn handle(&self, request: &Request<Bytes>) -> Reply {
        self(request)
    }
}

/// An answer, and how it gets to the client.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The answer.
    pub response: Response<Bytes>,
    /// How much of it arrives.
    pub delivery: Delivery,
    /// How long the client waits for it.
    pub delay: Duration,
}

/// How much of an answer arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// All of it.
    Whole,
    /// Head and half of the body; then the connection ends.
    CutBody,
    /// Nothing: the connection ends.
    Dropped,
}

impl From<Response<Bytes>> for Reply {
    fn from(response: Response<Bytes>) -> Self {
        Self { response, delivery: Delivery::Whole, delay: Duration::ZERO }
    }
}

/// A request that arrived, and the answer it got.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The request as it arrived: HTTP version, raw path and query, every header line.
    pub request: Request<Bytes>,
    /// The answer.
    pub reply: Reply,
    /// When the request had arrived. It tells in which order several servers got theirs.
    pub received_at: Instant,
}

/// A running server on a port of its own, which ends when it is dropped.
///
/// It keeps what arrived, see [`take_exchanges`](Self::take_exchanges).
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    handler: Arc<dyn Handler>,
    keep: bool,
    journal: Mutex<Journal>,
}

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
    /// When no socket or thread is to be had.
    pub fn start(handler: impl Handler) -> io::Result<Self> {
        Self::bind((Ipv4Addr::LOCALHOST, 0).into(), Arc::new(handler), true)
    }

    /// Serves on this address, which has to be one of loopback, and keeps exchanges only if asked to.
    ///
    /// # Errors
    /// When the address is not on loopback or in use, or no thread is to be had.
    pub fn bind(address: SocketAddr, handler: Arc<dyn Handler>, keep: bool) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{address} is not on loopback; a sandbox is for this machine only"),
            ));
        }
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { handler, keep, journal: Mutex::default() });
        let (stop, stopped) = oneshot::channel();
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let served = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name(format!("sandbox {address}")).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
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
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, say: others close in a moment.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        // Without it, small answers wait for the client's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&shared)));
            // What a client does to its connection is the client's business.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                // A client of a few shell commands ends its side as soon as it has asked.
                .half_close(true)
                .header_read_timeout(Duration::from_secs(30))
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// The connection is to end without an answer.
#[derive(Debug)]
struct Hangup;

impl fmt::Display for Hangup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is dropped on purpose")
    }
}

impl std::error::Error for Hangup {}

async fn answer(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Response<Payload>, Hangup> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
        let mut response = Response::new(Payload::whole(Bytes::new()));
        *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(response);
    };
    let request = Request::from_parts(head, body.to_bytes());
    let reply = {
        // Held while the handler runs, so that exchanges stand in the order of their arrival.
        let mut journal = shared.journal.lock().unwrap_or_else(PoisonError::into_inner);
        let received_at = Instant::now();
        let reply = shared.handler.handle(&request);
        let bytes = request.body().len() + reply.response.body().len();
        if shared.keep && journal.exchanges.len() < MAX_KEPT && journal.bytes + bytes <= MAX_KEPT_BYTES {
            journal.bytes += bytes;
            journal.exchanges.push(Exchange { request, reply: reply.clone(), received_at });
        }
        reply
    };
    if !reply.delay.is_zero() {
        tokio::time::sleep(reply.delay).await;
    }
    match reply.delivery {
        Delivery::Whole => Ok(reply.response.map(Payload::whole)),
        Delivery::CutBody => Ok(reply.response.map(Payload::cut)),
        Delivery::Dropped => Err(Hangup),
    }
}

/// The body of an answer, which may break off.
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
                _ if *flushed => Poll::Ready(Some(Err(Hangup))),
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
