//! Our own client as the client under test, in this process.

mod call;
#[rustfmt::skip]
mod calls;

use std::{
    collections::BTreeMap,
    error::Error as StdError,
    fmt::Debug,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use futures_util::future::join_all;
use pleo::{
    AccessToken, Client, ClientBuilder, CompanyId, Credential, Environment as _, Error, HttpConfig,
    IntegratedApiKey, IntoCredential as _, LegacyToken, Pace, RequestRefused, ReqwestTransport, RetryPolicy,
    Sandbox, ScopeSet, Secret, StandaloneApiKey, advice,
    oauth::{
        MemoryStore, OAuthApp, PendingAuthorization, RefreshPolicy, RefreshingToken, Tokens as OAuthTokens,
    },
};
use serde_json::Value;
use tokio::runtime::{self, Runtime};
use tracing::Dispatch;

pub use self::{
    call::{Answer, Arguments, CallError},
    calls::call,
};
use super::{Outcome, Subject, SubjectError};
use crate::protocol::{
    self, Action, App, Authorize, Call, CallResult, Capability, CredentialKind, Finish, Hello, Introduction,
    Refusal, Send, Tokens, VERSION,
};

/// How tokens are renewed here: as by default, but without pauses that somebody would have to wait for.
fn policy() -> RefreshPolicy {
    RefreshPolicy::default()
        .with_backoff(Duration::from_millis(1))
        .with_settle_after(Duration::from_millis(1))
}

/// How calls are sent again here: as by default, but with waits that nobody notices.
fn retry() -> RetryPolicy {
    RetryPolicy::default().with_waits(Duration::from_millis(1), Duration::from_millis(1))
}

/// The pace of many thousands of requests.
const PACE: Pace = Pace::per_minute(1_000_000);

/// Our client, set up by each call as a program would set it up.
///
/// Whether something is refused is the client's decision wherever it can be asked: credentials are put into
/// sessions, sessions are moved to other credentials and addresses, and what comes of it is told.
pub struct OurClient {
    runtime: Runtime,
    log: Log,
    dispatch: Dispatch,
    /// What sends the requests of calls without a time limit, of those with the last limit that there was, and of the
    /// current one.
    unlimited: ReqwestTransport,
    limited: Option<(u32, ReqwestTransport)>,
    http: ReqwestTransport,
    hello: Option<Hello>,
    session: Option<Live>,
}

/// What lasts from call to call of a session.
struct Live {
    name: String,
    client: Option<Client<Sandbox>>,
    /// The time limit of the client's requests, where it is not our own.
    time_limit_ms: Option<u32>,
    /// What the client's credential was made from.
    credential: Option<protocol::Credential>,
    flow: Option<(Authorize, PendingAuthorization<Sandbox>)>,
    /// The credential that the flow has led to.
    flowed: Option<Credential<Sandbox>>,
}

/// Why a call came to nothing.
enum Stop {
    /// The client declined.
    Refused(String),
    /// There is no way to ask the client for it.
    Unsupported(String),
    /// It was tried, and failed.
    Failed(String),
}

impl Stop {
    fn refused(error: impl StdError) -> Self {
        Self::Refused(told(&error))
    }
}

impl OurClient {
    /// Our client, with connections of its own.
    ///
    /// # Errors
    /// When the runtime or the HTTP client cannot be made.
    pub fn new() -> Result<Self, SubjectError> {
        let start = |error: &dyn StdError| SubjectError::Start(told(error));
        let log = Log::default();
        let http = ReqwestTransport::new().map_err(|error| start(&error))?;
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .without_time()
            .with_writer(log.clone())
            .finish();
        Ok(Self {
            runtime: runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| start(&error))?,
            dispatch: Dispatch::new(subscriber),
            log,
            unlimited: http.clone(),
            limited: None,
            http,
            hello: None,
            session: None,
        })
    }

    /// What sends requests within this limit, in milliseconds. Making one takes as long as a few requests.
    fn transport(&mut self, time_limit_ms: Option<u32>) -> Result<ReqwestTransport, SubjectError> {
        let Some(limit) = time_limit_ms else { return Ok(self.unlimited.clone()) };
        match &self.limited {
            Some((known, transport)) if *known == limit => Ok(transport.clone()),
            _ => {
                let config = HttpConfig::default().with_timeout(Duration::from_millis(limit.into()));
                let transport = ReqwestTransport::with_config(config)
                    .map_err(|error| SubjectError::Start(told(&error)))?;
                self.limited = Some((limit, transport.clone()));
                Ok(transport)
            }
        }
    }

    fn environment(&self, name: &str) -> Result<Sandbox, Stop> {
        let hello = self.hello.as_ref().ok_or_else(|| Stop::Unsupported("no hello came".to_owned()))?;
        let addresses = hello.environments.get(name);
        let addresses =
            addresses.ok_or_else(|| Stop::Unsupported(format!("no environment is called {name}")))?;
        Sandbox::new(&addresses.base_url)
            .and_then(|sandbox| sandbox.with_authorization_server(&addresses.authorization_server))
            .map_err(Stop::refused)
    }

    fn app(&self, environment: Sandbox, app: &App) -> Result<OAuthApp<Sandbox>, Stop> {
        OAuthApp::with_transport(environment, &app.client_id, &app.redirect_uri, self.http.clone())
            .and_then(|made| made.with_client_secret(app.client_secret.as_str()))
            .map_err(Stop::refused)
    }

    /// The credential of a call, as our types take it.
    fn credential(
        &self,
        live: &Live,
        credential: &protocol::Credential,
    ) -> Result<Credential<Sandbox>, Stop> {
        let secret = credential.secret.as_deref().unwrap_or_default();
        if credential.kind == CredentialKind::LegacyToken {
            // There is nothing in our API that would take one.
            return Err(Stop::Refused(LegacyToken::new(secret).advice().to_string()));
        }
        if credential.kind == CredentialKind::OauthSession {
            let flowed = live.flowed.clone();
            return flowed.ok_or_else(|| Stop::Refused("no authorisation was finished".to_owned()));
        }
        let environment = self.environment(&credential.environment)?;
        let made = match credential.kind {
            CredentialKind::StandaloneApiKey => {
                StandaloneApiKey::new(environment, secret).map(|key| key.into_credential())
            }
            CredentialKind::IntegratedApiKey => {
                IntegratedApiKey::new(environment, secret).map(|key| key.into_credential())
            }
            CredentialKind::AccessToken => {
                AccessToken::new(environment, secret).map(|token| token.into_credential())
            }
            _ => return self.kept_tokens(environment, credential.tokens.as_ref()),
        };
        made.map_err(Stop::refused)
    }

    fn kept_tokens(
        &self,
        environment: Sandbox,
        tokens: Option<&Tokens>,
    ) -> Result<Credential<Sandbox>, Stop> {
        let tokens = tokens.ok_or_else(|| Stop::Unsupported("the tokens are missing".to_owned()))?;
        let app = self.app(environment.clone(), &tokens.app)?;
        let expires_at = SystemTime::now() + Duration::from_secs(tokens.expires_in);
        let refresh = Secret::from(tokens.refresh_token.as_str());
        let pair =
            OAuthTokens::new(environment, tokens.access_token.as_str(), Some(refresh), Some(expires_at));
        RefreshingToken::new(app, pair, MemoryStore::new(None), policy())
            .map(|token| token.into_credential())
            .map_err(Stop::refused)
    }

    /// The session's client, with this call's credential.
    fn client(
        &self,
        live: &mut Live,
        send: &Send,
        time_limit_ms: Option<u32>,
    ) -> Result<Client<Sandbox>, Stop> {
        let made = |credential: Credential<Sandbox>| {
            let builder = ClientBuilder::new(credential).transport(self.http.clone());
            builder.retry(retry()).pace(PACE).build().map_err(Stop::refused)
        };
        let client = match (&live.client, &live.credential) {
            (Some(client), Some(before)) if same(before, &send.credential) => {
                match live.time_limit_ms == time_limit_ms {
                    true => client.clone(),
                    false => made(client.session().credential())?,
                }
            }
            (Some(client), _) if live.time_limit_ms == time_limit_ms => {
                let credential = self.credential(live, &send.credential)?;
                match client.session().replace_credential(credential.clone()) {
                    Ok(_) => client.clone(),
                    // The other environment's credential needs the other environment's client.
                    Err(_) => made(credential)?,
                }
            }
            _ => made(self.credential(live, &send.credential)?)?,
        };
        live.client = Some(client.clone());
        live.time_limit_ms = time_limit_ms;
        live.credential = Some(send.credential.clone());
        if let Some(scopes) = &send.credential.scopes {
            let scopes: ScopeSet = scopes.join(" ").parse().map_err(Stop::refused)?;
            // Clones share what is known of the credential.
            let _ = client.session().clone().with_scopes(scopes);
        }
        match &send.company {
            Some(company) => {
                let company: CompanyId = company.parse().map_err(Stop::refused)?;
                Ok(client.for_company(company))
            }
            None => Ok(client),
        }
    }

    async fn send(
        &self,
        live: &mut Live,
        send: &Send,
        time_limit_ms: Option<u32>,
        shown: &mut Shown,
    ) -> Result<CallResult, Stop> {
        let client = self.client(live, send, time_limit_ms)?;
        shown.debug(&client);
        shown.debug(client.session());
        shown.debug(&client.session().credential());
        let arguments = arguments(send)?;
        let environment = client.session().environment();
        let own = Sandbox::new(&send.base_url).is_ok_and(|asked| asked.base_url() == environment.base_url());
        let api: pleo_client::Client = if own {
            (*client).clone()
        } else {
            // Only the low-level client can be pointed elsewhere; the session still decides.
            let (session, transport) = (client.session().clone(), self.http.clone());
            pleo_client::Client::new(&send.base_url, session, transport).map_err(Stop::refused)?
        };
        shown.debug(&api);
        let calls = (0..send.times).map(|_| call(&api, &send.operation.id, &arguments));
        let mut result = CallResult::default();
        let mut refused = None;
        for answer in join_all(calls).await {
            result.answers.push(match answer {
                Ok(answer) => protocol::Answer::Status(answer.status.as_u16()),
                Err(CallError::Failed(error)) => {
                    shown.error(&error);
                    match &error {
                        Error::Refused { .. } | Error::InvalidArgument { .. } => {
                            refused = Some(told(&error));
                            protocol::Answer::Failure("refused".to_owned())
                        }
                        _ => match error.api_error() {
                            Some(answer) => protocol::Answer::Status(answer.status().as_u16()),
                            None => protocol::Answer::Failure(told(&error)),
                        },
                    }
                }
                Err(other) => return Err(Stop::Unsupported(told(&other))),
            });
        }
        let all_refused = result
            .answers
            .iter()
            .all(|answer| matches!(answer, protocol::Answer::Failure(reason) if reason == "refused"));
        match refused {
            Some(reason) if all_refused => Err(Stop::Refused(reason)),
            _ => Ok(result),
        }
    }

    fn authorize(
        &self,
        live: &mut Live,
        authorize: &Authorize,
        shown: &mut Shown,
    ) -> Result<CallResult, Stop> {
        let app = self.app(self.environment(&authorize.environment)?, &authorize.app)?;
        let scopes: ScopeSet = authorize.scopes.join(" ").parse().map_err(Stop::refused)?;
        let start = app.authorize(&scopes).map_err(Stop::refused)?;
        shown.debug(&app);
        shown.debug(&start);
        live.flow = Some((authorize.clone(), start.pending));
        Ok(CallResult { url: Some(start.url), ..CallResult::default() })
    }

    async fn finish(&self, live: &mut Live, finish: &Finish, shown: &mut Shown) -> Result<CallResult, Stop> {
        let (begun, pending) =
            live.flow.take().ok_or_else(|| Stop::Refused("no authorisation was begun".to_owned()))?;
        let code = pending.finish(&finish.redirect).map_err(|error| {
            shown.error(&error);
            Stop::refused(error)
        })?;
        // Its requests have the time limit of this call.
        let app = self.app(self.environment(&begun.environment)?, &begun.app)?;
        let tokens = app.exchange(code).await.map_err(|error| {
            shown.error(&error);
            Stop::Failed(told(&error))
        })?;
        shown.debug(&tokens);
        let token =
            RefreshingToken::new(app, tokens, MemoryStore::new(None), policy()).map_err(Stop::refused)?;
        live.flowed = Some(token.into_credential());
        // What is called the same from now on is another credential.
        live.credential = live.credential.take().filter(|before| before.kind != CredentialKind::OauthSession);
        Ok(CallResult::default())
    }
}

/// Whether two calls of a session mean the same credential. A pair that was given before is the same one, even if
/// the client has renewed it since.
fn same(before: &protocol::Credential, now: &protocol::Credential) -> bool {
    fn given(credential: &protocol::Credential) -> impl PartialEq + '_ {
        let tokens = credential.tokens.as_ref();
        let pair = tokens.map(|tokens| (&tokens.access_token, &tokens.refresh_token));
        (credential.kind, &credential.environment, &credential.secret, pair)
    }
    given(before) == given(now)
}

/// The arguments of a call, by the parameters' names. Where our types take one value, there is no way to give two.
fn arguments(send: &Send) -> Result<Arguments, Stop> {
    let mut parameters: BTreeMap<String, Value> = BTreeMap::new();
    let query = send.query.iter().map(|parameter| (&parameter.name, &parameter.value));
    for (name, value) in send.path.iter().chain(query) {
        let value = Value::String(value.clone());
        let list = pleo_client::operations::find(&send.operation.id).is_some_and(|operation| {
            operation.parameters.iter().any(|known| known.name == name && known.list)
        });
        if list {
            let values = parameters.entry(name.clone()).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(values) = values {
                values.push(value);
            }
        } else if parameters.insert(name.clone(), value).is_some() {
            return Err(Stop::Unsupported(format!("{name} takes one value")));
        }
    }
    Ok(Arguments { parameters, body: send.body.clone() })
}

/// An error with all that lies behind it.
fn told(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    text
}

/// What a program might print of a call.
#[derive(Default)]
struct Shown(BTreeMap<String, String>);

impl Shown {
    fn add(&mut self, place: &str, text: &str) {
        let texts = self.0.entry(place.to_owned()).or_default();
        texts.push_str(text);
        texts.push('\n');
    }

    fn debug(&mut self, value: &dyn Debug) {
        self.add("debug", &format!("{value:?}\n{value:#?}"));
    }

    fn error(&mut self, error: &(dyn StdError + 'static)) {
        self.add("error", &format!("{}\n{error:?}", told(error)));
        if let Some(error) = error.downcast_ref::<Error>() {
            if let Some(refused) = RequestRefused::of(error) {
                self.add("error", &format!("{refused}\n{refused:?}"));
            }
            if let Some(advice) = advice::explain(error) {
                self.add("error", &advice.to_string());
            }
        }
    }
}

/// Collects what is logged.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl tracing_subscriber::fmt::MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Subject for OurClient {
    fn hello(&mut self, hello: &Hello) -> Result<Introduction, SubjectError> {
        self.hello = Some(hello.clone());
        self.session = None;
        Ok(Introduction {
            protocol: VERSION,
            name: "pleo-auth".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities: Capability::ALL.into(),
            operations: None,
            base_urls: [
                ("production".to_owned(), pleo::Production.base_url().to_owned()),
                ("staging".to_owned(), pleo::Staging.base_url().to_owned()),
            ]
            .into(),
        })
    }

    fn call(&mut self, call: &Call) -> Result<Outcome, SubjectError> {
        self.http = self.transport(call.time_limit_ms)?;
        let live = self.session.take().filter(|live| live.name == call.session);
        let mut live = live.unwrap_or_else(|| Live {
            name: call.session.clone(),
            client: None,
            time_limit_ms: None,
            credential: None,
            flow: None,
            flowed: None,
        });
        let mut shown = Shown::default();
        self.log.take();
        let done = tracing::dispatcher::with_default(&self.dispatch, || {
            self.runtime.block_on(async {
                match &call.action {
                    Action::Send(send) => self.send(&mut live, send, call.time_limit_ms, &mut shown).await,
                    Action::Authorize(authorize) => self.authorize(&mut live, authorize, &mut shown),
                    Action::Finish(finish) => self.finish(&mut live, finish, &mut shown).await,
                }
            })
        });
        self.session = Some(live);
        let mut shown = shown.0;
        shown.insert("log".to_owned(), self.log.take());
        let refuse = |reason: String, unsupported, shown| {
            Ok(Outcome::Refuse(Refusal { id: call.id, reason, unsupported, shown }))
        };
        match done {
            Ok(result) => Ok(Outcome::Result(CallResult { id: call.id, shown, ..result })),
            Err(Stop::Refused(reason)) => refuse(reason, false, shown),
            Err(Stop::Unsupported(reason)) => refuse(reason, true, shown),
            Err(Stop::Failed(reason)) => {
                let answers = vec![protocol::Answer::Failure(reason)];
                Ok(Outcome::Result(CallResult { id: call.id, answers, url: None, shown }))
            }
        }
    }
}
