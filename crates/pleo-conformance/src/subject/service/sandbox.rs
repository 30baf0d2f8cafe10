//! A sandbox as a service.

use std::io;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Request, Response, header};
use pleo_client::HttpConfig;
use pleo_sandbox::{Grant, Handler, OAuthClient, Sandbox, Server};
use uuid::Uuid;

use super::{Service, Wanted, http_client::Http};

/// A sandbox as a service, over HTTP.
pub struct SandboxService {
    sandbox: Sandbox,
    /// Where the other environment's credentials are made.
    production: Sandbox,
    http: Http,
    made: u32,
    _server: Server,
}

impl SandboxService {
    /// The sandbox of a staging environment.
    ///
    /// # Errors
    /// When a socket, a thread or the HTTP client cannot be made.
    pub fn start() -> io::Result<Self> {
        Self::start_with(|sandbox| sandbox)
    }

    /// The same with something between it and the requests: for services that are faulty on purpose.
    ///
    /// # Errors
    /// When a socket, a thread or the HTTP client cannot be made.
    pub fn start_with<H: Handler>(handler: impl FnOnce(Sandbox) -> H) -> io::Result<Self> {
        let sandbox = Sandbox::with_seed(pleo_sandbox::Environment::Staging, 1);
        sandbox.set_limit(None);
        let production = Sandbox::with_seed(pleo_sandbox::Environment::Production, 1);
        production.set_limit(None);
        let server = Server::start(handler(sandbox.clone()))?;
        Ok(Self {
            sandbox,
            production,
            http: Http::new(server.url(), HttpConfig::TIMEOUT)?,
            made: 0,
            _server: server,
        })
    }
}

/// Whether a key opens a sandbox: what is refused elsewhere has to be good for something.
fn works(sandbox: &Sandbox, key: &str) -> bool {
    let authorization = format!("Basic {}", STANDARD.encode(format!("{key}:")));
    let request = Request::get("/v1/introspect").header(header::AUTHORIZATION, authorization);
    request.body(Bytes::new()).is_ok_and(|request| sandbox.handle(&request).response.status().is_success())
}

impl Service for SandboxService {
    fn name_and_version(&self) -> (String, String) {
        ("pleo-sandbox".to_owned(), env!("CARGO_PKG_VERSION").to_owned())
    }

    fn answer(&mut self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        self.http.send(request)
    }

    fn credential(&mut self, wanted: &Wanted) -> Option<String> {
        let company = *self.sandbox.companies().first()?;
        self.made += 1;
        let secret = format!("FAKE-{:08}-credential", self.made);
        let key = Grant::standalone_key(company);
        let grant = match wanted {
            Wanted::Key => key,
            Wanted::Token => Grant::access_token(company),
            Wanted::Unknown => return Some(secret),
            Wanted::OtherEnvironment => {
                let secret = format!("FAKE-{:08}-production", self.made);
                self.production.admit(&secret, key);
                return works(&self.production, &secret).then_some(secret);
            }
            Wanted::Expired => Grant { expires_at: Some(self.sandbox.now()), ..key },
            Wanted::Revoked => Grant { revoked: true, ..key },
            Wanted::Legacy => {
                self.sandbox.admit_legacy(&secret);
                return Some(secret);
            }
            Wanted::Granted(grant) => grant.clone(),
        };
        self.sandbox.admit(&secret, grant);
        Some(secret)
    }

    fn register(&mut self, client: OAuthClient) -> bool {
        self.sandbox.register(client);
        true
    }

    fn companies(&self) -> Vec<Uuid> {
        self.sandbox.companies()
    }

    fn is_live(&self) -> bool {
        false
    }
}
