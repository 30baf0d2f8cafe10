//! Judging a service: a sandbox, or a live one.

use std::{env, error::Error as _, fmt::Debug, io, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use pleo_auth::{AnyEnvironment, Environment as _, Secret, SecretError};
use pleo_client::{HttpConfig, Operation, ReqwestTransport, TransportError, TransportErrorKind};
use pleo_sandbox::{Grant, Handler, OAuthClient, Sandbox, Server};
use proptest::prelude::Strategy;
use serde_json::Value;
use tokio::runtime::{self, Runtime};
use uuid::Uuid;

use crate::{
    case::{Cases, cases},
    engine::{Options, SHRINKS, findings},
    evidence::Judgement,
    lab::{Arrival, Site},
    mask::Mask,
    rule::{Check, Rule},
    verdict::Verdict,
};

/// The most requests that a live service gets in one run.
pub const LIVE_REQUESTS: u32 = 30;

/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 1 << 20;

/// The operation by which live services are judged: it reads, needs no scope, and is about nobody's data.
const LIVE_OPERATION: &str = "introspect_authentication";

/// A service that is judged.
pub trait Service {
    /// Its name and version.
    fn name_and_version(&self) -> (String, String);

    /// Its answer to a request, whose URL is relative.
    ///
    /// # Errors
    /// When there is none; the text says why, without a secret.
    fn answer(&mut self, request: Request<Bytes>) -> Result<Response<Bytes>, String>;

    /// A credential of this sort, if the service has one that a rule may use.
    fn credential(&mut self, wanted: &Wanted) -> Option<String>;

    /// Registers an app, if the service lets rules do so.
    fn register(&mut self, client: OAuthClient) -> bool;

    /// The companies in its data, if rules may know them.
    fn companies(&self) -> Vec<Uuid>;

    /// Whether it is a live service, which gets few requests that only read.
    fn is_live(&self) -> bool;
}

/// A credential that a rule asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// A standalone key that works.
    Key,
    /// An access token that works.
    Token,
    /// A key that was never made.
    Unknown,
    /// A key that has expired.
    Expired,
    /// A key that was revoked.
    Revoked,
    /// A key of the other environment.
    OtherEnvironment,
    /// A token of the legacy API.
    Legacy,
    /// A key of this company, or one with these scopes only.
    Granted(Grant),
}

/// Sends requests as the client does: no redirect is followed, and plain http is for this machine only.
struct Http {
    base_url: String,
    runtime: Runtime,
    transport: ReqwestTransport,
}

impl Http {
    fn new(base_url: String, timeout: Duration) -> io::Result<Self> {
        let config = HttpConfig::default().with_timeout(timeout);
        Ok(Self {
            base_url,
            runtime: runtime::Builder::new_current_thread().enable_all().build()?,
            transport: ReqwestTransport::with_config(config).map_err(io::Error::other)?,
        })
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let (mut head, body) = request.into_parts();
        let url = format!("{}{}", self.base_url, head.uri);
        head.uri = url.parse().map_err(|_| format!("{} is not an address", self.base_url))?;
        self.runtime.block_on(async {
            let response = self.transport.execute(Request::from_parts(head, body)).await;
            let (head, body) = response.map_err(|error| told(&error))?.into_parts();
            let body = Limited::new(body, MAX_ANSWER).collect().await.map_err(|error| {
                if error.is::<LengthLimitError>() {
                    return format!("an answer is longer than {MAX_ANSWER} bytes");
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

/// What happened, with the reason behind it.
fn told(error: &TransportError) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

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
    /// When no socket, thread or HTTP client is to be had.
    pub fn start() -> io::Result<Self> {
        Self::start_with(|sandbox| sandbox)
    }

    /// The same with something between it and the requests: for services that are faulty on purpose.
    ///
    /// # Errors
    /// When no socket, thread or HTTP client is to be had.
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

/// A live service, which gets at most [`LIVE_REQUESTS`] requests, all of them
/// `GET /v1/introspect`.
pub struct LiveService {
    http: Http,
    key: Option<Secret>,
    token: Option<Secret>,
    left: u32,
}

/// Why a live service cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The address is none of Pleo's, and not on this machine. It is not shown: it may hold a credential.
    #[error("the target is neither one of Pleo's base URLs nor an address of this machine; nothing was sent")]
    Address,
    /// The credentials in the environment are for another one (Z10).
    #[error("PLEO_ENVIRONMENT says that the credentials are not for {target}; nothing was sent")]
    OtherEnvironment {
        /// The target's environment.
        target: String,
    },
    /// A variable holds something that is no credential.
    #[error("{variable}: {source}; nothing was sent")]
    Credential {
        /// The variable.
        variable: &'static str,
        /// What is wrong with it.
        source: SecretError,
    },
    /// There is no HTTP client to be had.
    #[error("no HTTP client is to be had: {0}")]
    Http(#[from] io::Error),
}

impl LiveService {
    /// The service at this address, with the key in `PLEO_API_KEY` and the token in `PLEO_ACCESS_TOKEN`,
    /// where they are set.
    ///
    /// # Errors
    /// When the address is none that credentials may be sent to, or a variable cannot be read.
    pub fn from_env(base_url: &str, timeout: Duration) -> Result<Self, LiveError> {
        let environment = target(base_url)?;
        // What is bound to one environment is not sent to another, by this suite least of all.
        if let Ok(bound) = env::var("PLEO_ENVIRONMENT")
            && bound.parse::<AnyEnvironment>().ok().as_ref() != Some(&environment)
        {
            return Err(LiveError::OtherEnvironment { target: environment.to_string() });
        }
        let secret = |variable: &'static str| match env::var_os(variable) {
            None => Ok(None),
            Some(_) => match Secret::from_env(variable) {
                Ok(secret) => Ok(Some(secret)),
                Err(source) => Err(LiveError::Credential { variable, source }),
            },
        };
        Ok(Self {
            key: secret("PLEO_API_KEY")?,
            token: secret("PLEO_ACCESS_TOKEN")?,
            http: Http::new(environment.base_url().to_owned(), timeout)?,
            left: LIVE_REQUESTS,
        })
    }
}

impl Service for LiveService {
    fn name_and_version(&self) -> (String, String) {
        (self.http.base_url.clone(), String::new())
    }

    fn answer(&mut self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => return Err(format!("it has got {LIVE_REQUESTS} requests, which is enough")),
        }
        self.http.send(request)
    }

    fn credential(&mut self, wanted: &Wanted) -> Option<String> {
        match wanted {
            Wanted::Key => self.key.as_ref().map(|key| key.expose().to_owned()),
            Wanted::Token => self.token.as_ref().map(|token| token.expose().to_owned()),
            Wanted::Unknown => Some("FAKE-00000000-credential".to_owned()),
            _ => None,
        }
    }

    fn register(&mut self, _: OAuthClient) -> bool {
        false
    }

    fn companies(&self) -> Vec<Uuid> {
        Vec::new()
    }

    fn is_live(&self) -> bool {
        true
    }
}

/// What a live service would be asked for these rules, one line a request.
pub(crate) fn plan(rules: &[&'static Rule], base_url: &str) -> Result<Vec<String>, LiveError> {
    let environment = target(base_url)?;
    let base_url = environment.base_url();
    let live = rules.iter().filter_map(|rule| match rule.check {
        Check::Service { live: Some(request), .. } => Some((rule, request)),
        _ => None,
    });
    Ok(live.map(|(rule, request)| format!("{}: GET {base_url}/v1/introspect {request}", rule.id)).collect())
}

/// The environment that a base URL belongs to.
fn target(base_url: &str) -> Result<AnyEnvironment, LiveError> {
    base_url.parse().map_err(|_| LiveError::Address)
}

/// A service on trial.
pub struct ServiceTrial<'a> {
    service: &'a mut dyn Service,
    options: Options,
    rule: &'static str,
}

/// Why a case cannot be judged.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The service has nothing that the rule could be asked with.
    Lacking(&'static str),
    /// It does not get so far.
    Unclear(String),
    /// There is no answer.
    Silent(String),
}

impl<'a> ServiceTrial<'a> {
    pub(crate) fn new(service: &'a mut dyn Service, options: Options) -> Self {
        Self { service, options, rule: "" }
    }

    /// The service's name and version.
    pub(crate) fn name_and_version(&self) -> (String, String) {
        self.service.name_and_version()
    }

    /// Whether the service is a live one.
    pub(crate) fn is_live(&self) -> bool {
        self.service.is_live()
    }

    /// Asks a rule, which may or may not be asked of a live service.
    pub(crate) fn judge(
        &mut self,
        rule: &'static Rule,
        may_be_live: bool,
        check: fn(&mut Self) -> Verdict,
    ) -> Verdict {
        if self.is_live() && !may_be_live {
            return Verdict::Skip { reason: "it is not asked of a live service".to_owned() };
        }
        self.rule = rule.id;
        check(self)
    }

    /// Cases of the operations that the service may be judged by.
    pub(crate) fn cases(&self) -> Cases {
        let live = self.service.is_live();
        cases().of(|operation: &Operation| !live || operation.id == LIVE_OPERATION)
    }

    /// Judges many cases of a strategy.
    pub(crate) fn each<S: Strategy>(
        &mut self,
        strategy: S,
        judge: impl Fn(&mut Inquiry<'_, 'a>, &S::Value) -> Result<Judgement, Stop>,
    ) -> Verdict
    where
        S::Value: Clone + Debug,
    {
        let (rule, options) = (self.rule, self.options);
        // What has failed once with a live service has failed; a smaller case is not worth its requests.
        let shrinks = if self.is_live() { 0 } else { SHRINKS };
        let mut mask = Mask::default();
        let mut lacking = None;
        let found = findings(rule, options, shrinks, strategy, |case| {
            let mut inquiry = Inquiry { trial: self, mask: Mask::default() };
            let judged = judge(&mut inquiry, case);
            let masked = inquiry.mask;
            match judged {
                Ok(judgement) => {
                    if matches!(judgement, Judgement::Broken(_)) {
                        mask = masked;
                    }
                    Ok((Value::Null, judgement))
                }
                Err(Stop::Unclear(reason)) => Ok((Value::Null, Judgement::Unclear(masked.apply(&reason)))),
                Err(Stop::Lacking(what)) => {
                    lacking = Some(what);
                    Err(String::new())
                }
                Err(Stop::Silent(reason)) => Err(masked.apply(&reason)),
            }
        });
        match lacking {
            Some(what) => Verdict::Skip { reason: format!("the run has no {what}") },
            None => found.verdict(rule, &mask),
        }
    }
}

/// One case: requests and their answers.
pub(crate) struct Inquiry<'t, 'a> {
    trial: &'t mut ServiceTrial<'a>,
    mask: Mask,
}

impl Inquiry<'_, '_> {
    /// A credential of this sort.
    pub(crate) fn credential(&mut self, wanted: &Wanted, what: &'static str) -> Result<String, Stop> {
        let secret = self.trial.service.credential(wanted).ok_or(Stop::Lacking(what))?;
        self.mask.secret(&secret, "secret");
        Ok(secret)
    }

    /// Registers an app.
    pub(crate) fn register(&mut self, client: OAuthClient) -> Result<(), Stop> {
        match self.trial.service.register(client) {
            true => Ok(()),
            false => Err(Stop::Lacking("app that it could register")),
        }
    }

    /// A company, and all others.
    pub(crate) fn companies(&self) -> Result<(Uuid, Vec<Uuid>), Stop> {
        match self.trial.service.companies().as_slice() {
            [own, others @ ..] if !others.is_empty() => Ok((*own, others.to_vec())),
            _ => Err(Stop::Lacking("two companies that it may ask about")),
        }
    }

    /// The answer to a request, with the request as evidence shows it.
    pub(crate) fn ask(&mut self, request: Request<Bytes>) -> Result<Asked, Stop> {
        let response = self.trial.service.answer(request.clone()).map_err(Stop::Silent)?;
        let exchange = pleo_sandbox::Exchange { request, reply: response.into() };
        Ok(Asked { arrival: Arrival { site: Site::Service, exchange } })
    }
}

/// A request and its answer.
pub(crate) struct Asked {
    pub(crate) arrival: Arrival,
}

impl Asked {
    /// The answer.
    pub(crate) fn response(&self) -> &Response<Bytes> {
        &self.arrival.exchange.reply.response
    }

    /// The answer's status.
    pub(crate) fn status(&self) -> u16 {
        self.response().status().as_u16()
    }

    /// Whether the answer is a success.
    pub(crate) fn succeeded(&self) -> bool {
        self.response().status().is_success()
    }
}
