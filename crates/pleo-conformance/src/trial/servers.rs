//! The test servers: what a client under test meets instead of Pleo.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use pleo_sandbox::{Environment, Exchange, Handler, Reply, Sandbox, Server};
use serde::{Deserialize, Serialize};
use tokio::net::TcpSocket;

use crate::protocol::{Addresses, Hello, VERSION};

/// What the authorisation servers' codes and tokens are made from, so that runs can be repeated.
const SEED: u64 = 1;

/// A server of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Site {
    /// Instead of `https://external.staging.pleo.io`.
    Staging,
    /// Instead of `https://external.pleo.io`.
    Production,
    /// Instead of `https://auth.staging.pleo.io`.
    StagingAuthorization,
    /// Instead of `https://auth.pleo.io`.
    ProductionAuthorization,
    /// Instead of the legacy API.
    Legacy,
    /// A server that is not Pleo's, where nothing may ever be sent.
    Untrusted,
    /// Not a test server: a service that is judged itself.
    Service,
}

impl Site {
    /// All test servers.
    pub(crate) const ALL: [Self; 6] = [
        Self::Staging,
        Self::Production,
        Self::StagingAuthorization,
        Self::ProductionAuthorization,
        Self::Legacy,
        Self::Untrusted,
    ];

    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Production => "production",
            Self::StagingAuthorization => "staging authorization",
            Self::ProductionAuthorization => "production authorization",
            Self::Legacy => "legacy",
            Self::Untrusted => "untrusted",
            Self::Service => "service",
        }
    }

    /// The address that it is served at. As with Pleo, the environments' hosts differ, and that of the legacy API.
    const fn host(self) -> Ipv4Addr {
        match self {
            Self::Production => Ipv4Addr::new(127, 0, 0, 2),
            Self::Legacy => Ipv4Addr::new(127, 0, 0, 3),
            _ => Ipv4Addr::LOCALHOST,
        }
    }

    /// The other environment of Pleo's two.
    #[must_use]
    pub(crate) const fn other_environment(self) -> Self {
        match self {
            Self::Staging => Self::Production,
            _ => Self::Staging,
        }
    }

    /// The authorisation server of an environment.
    #[must_use]
    pub(crate) const fn authorization_server(self) -> Self {
        match self {
            Self::Production => Self::ProductionAuthorization,
            _ => Self::StagingAuthorization,
        }
    }

    /// Whether it belongs to an environment: its API, or its authorisation server.
    pub(crate) fn is_of(self, environment: Self) -> bool {
        [environment, environment.authorization_server()].contains(&self)
    }

    /// Whether it is an authorisation server.
    pub(crate) const fn is_authorization_server(self) -> bool {
        matches!(self, Self::StagingAuthorization | Self::ProductionAuthorization)
    }
}

/// A request that a test server received.
#[derive(Debug, Clone)]
pub(crate) struct ReceivedRequest {
    /// Where.
    pub(crate) site: Site,
    /// The request and its response.
    pub(crate) exchange: Exchange,
}

/// An HTTP server on loopback that has a handler answer what it receives, and keeps it.
pub trait TestServer: Send {
    /// Its base URL, without a slash at its end.
    fn url(&self) -> String;

    /// Takes the exchanges since the last time, in the order in which the requests arrived. An exchange is kept
    /// before its response is sent, so that a client which has its response finds nothing missing here.
    fn take_exchanges(&self) -> Vec<Exchange>;

    /// Has the server refuse every connection and end those that it has, or accept connections again, at the same
    /// address.
    ///
    /// # Errors
    /// When the address cannot be used again.
    fn set_refusing(&self, refusing: bool) -> io::Result<()>;
}

/// A server of the sandbox's crate, which can be stopped and started.
struct Restartable {
    address: SocketAddr,
    handler: Arc<dyn Handler>,
    state: Mutex<State>,
}

enum State {
    Serving(Server),
    /// The socket keeps the port from others. Nobody listens on it, so connections to it are refused.
    Refusing {
        _port: Option<TcpSocket>,
    },
}

impl Restartable {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep_port(&self) -> io::Result<TcpSocket> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(self.address)?;
        Ok(socket)
    }
}

impl TestServer for Restartable {
    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn take_exchanges(&self) -> Vec<Exchange> {
        match &*self.state() {
            State::Serving(server) => server.take_exchanges(),
            State::Refusing { .. } => Vec::new(),
        }
    }

    fn set_refusing(&self, refusing: bool) -> io::Result<()> {
        let mut state = self.state();
        // What has the port lets go of it first.
        *state = State::Refusing { _port: None };
        *state = match refusing {
            true => State::Refusing { _port: self.keep_port().ok() },
            false => State::Serving(Server::bind(self.address, self.handler.clone(), true)?),
        };
        Ok(())
    }
}

/// Starts a server on a free port of an address.
///
/// If it fails with another address than 127.0.0.1, it is asked for that one instead.
pub type Listen = fn(Ipv4Addr, Arc<dyn Handler>) -> io::Result<Box<dyn TestServer>>;

/// Starts a server of the sandbox's crate, see [`Server`].
///
/// # Errors
/// When a socket or a thread cannot be made.
pub(crate) fn listen(host: Ipv4Addr, handler: Arc<dyn Handler>) -> io::Result<Box<dyn TestServer>> {
    let server = Server::bind((host, 0).into(), handler.clone(), true)?;
    Ok(Box::new(Restartable {
        address: server.address(),
        handler,
        state: Mutex::new(State::Serving(server)),
    }))
}

/// Two environments with an API and an authorisation server each, a legacy API, and an untrusted site.
pub(crate) struct TestServers {
    staging: Sandbox,
    production: Sandbox,
    /// In the order of [`Site::ALL`].
    servers: Vec<Box<dyn TestServer>>,
}

impl TestServers {
    /// Starts all servers.
    ///
    /// # Errors
    /// When one of them cannot be started.
    pub(crate) fn start(listen: Listen) -> io::Result<Self> {
        let sandbox = |environment| {
            let sandbox = Sandbox::with_seed(environment, SEED);
            sandbox.set_limit(None);
            sandbox
        };
        let (staging, production) = (sandbox(Environment::Staging), sandbox(Environment::Production));
        let servers = Site::ALL.into_iter().map(|site| {
            let sandbox = match site {
                Site::Staging | Site::StagingAuthorization => Some(staging.clone()),
                Site::Production | Site::ProductionAuthorization => Some(production.clone()),
                Site::Legacy | Site::Untrusted | Site::Service => None,
            };
            let responder = Arc::new(Responder { site, sandbox });
            // Not every system has more than one address for itself.
            listen(site.host(), responder.clone()).or_else(|_| listen(Ipv4Addr::LOCALHOST, responder))
        });
        let servers = servers.collect::<Result<_, _>>()?;
        Ok(Self { staging, production, servers })
    }

    /// The sandbox of an environment; that of staging for any other site.
    pub(crate) fn sandbox(&self, site: Site) -> &Sandbox {
        match site {
            Site::Production | Site::ProductionAuthorization => &self.production,
            _ => &self.staging,
        }
    }

    /// Gives both environments the data that they had at first.
    pub(crate) fn restore_data(&self) {
        self.staging.restore_data();
        self.production.restore_data();
    }

    /// The address of a site, without a slash at its end.
    pub(crate) fn url(&self, site: Site) -> String {
        self.servers.get(site as usize).map(|server| server.url()).unwrap_or_default()
    }

    /// Has a site refuse every connection, or accept connections again.
    ///
    /// # Errors
    /// When its address cannot be used again.
    pub(crate) fn set_refusing(&self, site: Site, refusing: bool) -> io::Result<()> {
        self.servers.get(site as usize).map_or(Ok(()), |server| server.set_refusing(refusing))
    }

    /// Waits until the servers have read what was sent to them by now, and throws it away.
    ///
    /// Each reads its connections in turn, so it has read all others when it responds to a new one.
    pub(crate) fn drain(&self) {
        for server in &self.servers {
            // One that refuses connections has nothing to read, and for one that is stuck nothing can be done.
            let _ = probe(server.url().trim_start_matches("http://"));
        }
        self.take_received();
    }

    /// What the runner tells an adapter about the servers.
    pub(crate) fn hello(&self) -> Hello {
        let addresses = |site: Site| Addresses {
            base_url: self.url(site),
            authorization_server: self.url(site.authorization_server()),
        };
        Hello {
            protocol: VERSION,
            environments: [Site::Staging, Site::Production]
                .map(|site| (site.name().to_owned(), addresses(site)))
                .into(),
            legacy_base_url: self.url(Site::Legacy),
        }
    }

    /// Takes what was received since the last time, in the order in which it was, whichever server it was.
    pub(crate) fn take_received(&self) -> Vec<ReceivedRequest> {
        let at = Site::ALL.into_iter().zip(&self.servers);
        let mut received: Vec<ReceivedRequest> = at
            .flat_map(|(site, server)| {
                let exchanges = server.take_exchanges().into_iter();
                exchanges.map(move |exchange| ReceivedRequest { site, exchange })
            })
            .collect();
        received.sort_by_key(|received| received.exchange.received_at);
        received
    }
}

/// How long a server may take to respond to a request that costs it nothing.
const PROBE_LIMIT: Duration = Duration::from_secs(5);

/// Sends a request that means nothing, and waits for the response.
fn probe(address: &str) -> io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PROBE_LIMIT))?;
    write!(stream, "OPTIONS * HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    stream.read_to_end(&mut Vec::new()).map(drop)
}

/// Responds as a site does.
struct Responder {
    site: Site,
    sandbox: Option<Sandbox>,
}

impl Handler for Responder {
    /// An API has no authorisation endpoints, and an authorisation server has nothing else.
    ///
    /// No operation is asked for by OPTIONS or HEAD, so what is to go wrong with one does not go wrong with them.
    fn handle(&self, request: &Request<Bytes>) -> Reply {
        if [Method::OPTIONS, Method::HEAD].contains(request.method()) {
            return empty(StatusCode::METHOD_NOT_ALLOWED);
        }
        let is_oauth = request.uri().path().starts_with("/oauth/");
        match &self.sandbox {
            Some(sandbox) if is_oauth == self.site.is_authorization_server() => sandbox.handle(request),
            Some(_) => empty(StatusCode::NOT_FOUND),
            None => empty(StatusCode::OK),
        }
    }
}

fn empty(status: StatusCode) -> Reply {
    let mut response = Response::new(Bytes::from_static(b"{}"));
    *response.status_mut() = status;
    response.into()
}
