//! A client that keeps every rule, written by hand down to the bytes, which can be told to do one thing
//! wrong or otherwise.

mod authorization;
mod company;
mod delivery;
mod encoding;
mod flaw;
mod keeper;
mod leak;
mod oauth;
mod request;
mod shown;
mod spelling;
mod token;
mod variation;
mod wire;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use pleo_conformance::{
    protocol::{
        self, Action, Answer, Authorize, Call, CallResult, Capability, Credential, CredentialKind, Finish,
        Hello, Introduction, Refusal, Send, Tokens,
    },
    subject::{Outcome, Subject, SubjectError},
};

use self::{
    delivery::{Known, Request, Source},
    keeper::Keeper,
    oauth::Pending,
    shown::{Learned, Told},
};
pub(crate) use self::{
    flaw::{FLAWS, Flaw, also_caught_by},
    variation::{CONDUCT, VARIATIONS, Variation},
};

/// The client.
#[derive(Debug, Default)]
pub(crate) struct Reference {
    deviation: Deviation,
    hello: Option<Hello>,
    /// Only the last session is kept: its name, and what its calls share.
    session: (String, Session),
    /// The names of all sessions.
    sessions: BTreeSet<String>,
}

/// What this client does otherwise than the correct one, and how long it waits.
#[derive(Debug, Clone, Copy, Default)]
struct Deviation {
    flaw: Option<Flaw>,
    variation: Option<Variation>,
    /// How long a server may take, if a user has said it.
    time_limit: Option<Duration>,
}

impl Deviation {
    fn flaw(self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    fn variation(self, variation: Variation) -> bool {
        self.variation == Some(variation)
    }
}

/// What the calls of a session share.
#[derive(Debug, Default)]
struct Session {
    before: Before,
    pending: Option<Pending>,
    /// The states and scopes of earlier authorisations, for the flaws that do not forget them.
    states: Vec<String>,
    scopes: Vec<String>,
    /// The tokens of the last `finish` in each environment.
    granted: BTreeMap<String, Arc<Keeper>>,
    /// The tokens that calls brought, with their environment and what became of them; the last ones used are
    /// at the end.
    brought: Vec<(String, Tokens, Arc<Keeper>)>,
}

/// The calls that came before, for the flaws that do not let go of them.
#[derive(Debug, Default)]
struct Before {
    first: Option<Send>,
    last: Option<Send>,
    /// How many calls were sent.
    sent: usize,
    /// The last call that was refused.
    refused: Option<Send>,
    /// Whether a call was answered with 401.
    unauthorized: bool,
    /// Whether the last call was answered with 5xx.
    unavailable: bool,
    /// Whether tokens were renewed.
    renewed: bool,
    /// Where a redirect led, for the flaw that goes on there.
    moved: Arc<Mutex<Option<String>>>,
    /// The last call of the session that came in between, if this one is taken up again.
    between: Option<Send>,
}

/// What a call came to, without its number.
type Done = Result<CallResult, String>;

impl Reference {
    /// A client with this flaw.
    pub(crate) fn with_flaw(flaw: Flaw) -> Self {
        Self { deviation: Deviation { flaw: Some(flaw), ..Deviation::default() }, ..Self::default() }
    }

    /// A correct client that does one thing otherwise.
    pub(crate) fn with_variation(variation: Variation) -> Self {
        Self {
            deviation: Deviation { variation: Some(variation), ..Deviation::default() },
            ..Self::default()
        }
    }
}

impl Subject for Reference {
    fn hello(&mut self, hello: &Hello) -> Result<Introduction, SubjectError> {
        self.hello = Some(hello.clone());
        let in_capitals = self.deviation.variation(Variation::BaseUrlInCapitals);
        let production = match self.deviation.flaw {
            Some(Flaw::BuiltInHttp) => "http://external.pleo.io",
            Some(Flaw::BuiltInLookalike) => "https://external-pleo.io",
            _ if in_capitals => "HTTPS://External.Pleo.IO",
            _ => "https://external.pleo.io",
        };
        let staging =
            if in_capitals { "HTTPS://EXTERNAL.STAGING.PLEO.IO" } else { "https://external.staging.pleo.io" };
        let mut built_in = BTreeMap::from([("staging", staging), ("production", production)]);
        if self.deviation.flaw(Flaw::BuiltInElsewhere) {
            built_in.insert("sandbox", "https://pleo.example.com");
        }
        if self.deviation.variation(Variation::MoreBuiltIn) {
            built_in.extend([
                ("default", "https://external.pleo.io:443/"),
                ("local", "http://localhost:8080"),
                ("test", "http://127.0.0.1:8080"),
            ]);
        }
        Ok(Introduction {
            protocol: protocol::VERSION,
            name: "reference client".to_owned(),
            version: "1".to_owned(),
            capabilities: Capability::ALL.into(),
            operations: None,
            base_urls: built_in.into_iter().map(|(name, url)| (name.to_owned(), url.to_owned())).collect(),
        })
    }

    fn call(&mut self, call: &Call) -> Result<Outcome, SubjectError> {
        let hello =
            self.hello.clone().ok_or_else(|| SubjectError::Nonsense("a call before hello".to_owned()))?;
        let (name, session) = &mut self.session;
        if *name != call.session {
            let between = session.before.last.take().filter(|_| self.sessions.contains(&call.session));
            (*name, *session) = (call.session.clone(), Session::default());
            session.before.between = between;
            self.sessions.insert(call.session.clone());
        }
        let time_limit = call.time_limit_ms.map(|limit| Duration::from_millis(limit.into()));
        let deviation = Deviation { time_limit, ..self.deviation };
        let mut client = Client { deviation, hello: &hello, session, learned: Learned::default() };
        let done = match &call.action {
            _ if self.deviation.flaw(Flaw::RefusesEverything) => Err("not today".to_owned()),
            Action::Send(send) => client.send(send),
            Action::Authorize(authorize) => client.authorize(authorize),
            Action::Finish(finish) => client.finish(finish),
        };
        let learned = client.learned;
        let told = Told { deviation: self.deviation, call, done: &done, learned: &learned };
        let (id, shown) = (call.id, told.shown());
        Ok(match &done {
            Ok(result) => Outcome::Result(CallResult { id, shown, ..result.clone() }),
            Err(reason) => {
                Outcome::Refuse(Refusal { id, reason: told.reason(reason), unsupported: false, shown })
            }
        })
    }
}

/// The environment that was chosen, or the other one.
fn chosen(environment: &str, elsewhere: bool) -> &str {
    match (environment, elsewhere) {
        ("staging", true) => "production",
        (_, true) => "staging",
        (environment, false) => environment,
    }
}

/// The client during one call.
struct Client<'a> {
    deviation: Deviation,
    hello: &'a Hello,
    session: &'a mut Session,
    learned: Learned,
}

impl Client<'_> {
    fn send(&mut self, send: &Send) -> Done {
        let last = self.session.before.last.as_ref().and_then(|last| last.credential.secret.clone());
        self.learned.old_secret = last.filter(|last| Some(last) != send.credential.secret.as_ref());
        let requests =
            self.requests(send).inspect_err(|_| self.session.before.refused = Some(send.clone()))?;
        let before = &mut self.session.before;
        let is_first = before.first.is_none();
        before.first.get_or_insert_with(|| send.clone());
        before.last = Some(send.clone());
        before.sent += 1;
        let Some(first) = requests.first() else { return Ok(CallResult::default()) };
        if matches!(first.source, Source::Key(_)) && self.deviation.flaw(Flaw::KeyExchanged) {
            let server = self.authorization_server(&send.credential.environment)?;
            token::ask_for_token(self.deviation, server);
        }
        if is_first {
            first.ask_first();
        }
        let one_by_one = requests.len() == 1
            || matches!(
                self.deviation.variation,
                Some(Variation::OneAfterAnother | Variation::RenewedWhenRefused)
            );
        let delivered: Vec<Result<Answer, String>> = if one_by_one {
            requests.iter().map(Request::deliver).collect()
        } else {
            thread::scope(|scope| {
                let threads: Vec<_> =
                    requests.iter().map(|request| scope.spawn(|| request.deliver())).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            })
        };
        if let Source::Kept(turn) = &first.source {
            self.learned.renewed = turn.renewed();
        }
        let before = &mut self.session.before;
        before.renewed |= self.learned.renewed.is_some();
        before.unauthorized |= delivered.contains(&Ok(Answer::Status(401)));
        before.unavailable = delivered.iter().any(|answer| matches!(answer, Ok(Answer::Status(500..))));
        if let Some(Err(reason)) = delivered.first()
            && delivered.iter().all(Result::is_err)
        {
            return Err(reason.clone());
        }
        let answers = delivered.into_iter().map(|answer| answer.unwrap_or_else(Answer::Failure)).collect();
        Ok(CallResult { answers, ..CallResult::default() })
    }

    /// The requests of a call.
    fn requests(&mut self, send: &Send) -> Result<Vec<Request>, String> {
        let (deviation, hello) = (self.deviation, self.hello);
        let kind = send.credential.kind;
        let is_kept = matches!(kind, CredentialKind::OauthTokens | CredentialKind::OauthSession);
        // Whatever is refused is refused before the tokens are touched.
        request::build(deviation, hello, &self.session.before, send, false)?;
        let source = self.source(&send.credential)?;
        let before = &self.session.before;
        if let (Source::Kept(turn), Some(last)) = (&source, &before.last) {
            let renews = match deviation.flaw {
                Some(Flaw::RenewedForEachCompany) => last.company != send.company,
                Some(Flaw::RenewedInCallAfter5xx) => before.unavailable,
                _ => false,
            };
            if renews {
                turn.another_access_token(&turn.access_token()?);
            }
        }
        let known = Known {
            base_url: request::destination(deviation, hello, before, send)?.to_owned(),
            other_environment: hello
                .environments
                .get(chosen(&send.credential.environment, true))
                .map_or_else(String::new, |other| other.base_url.clone()),
            legacy: hello.legacy_base_url.clone(),
            moved: Arc::clone(&before.moved),
            old_secret: before
                .first
                .as_ref()
                .filter(|first| first.credential.kind == kind)
                .and_then(|first| first.credential.secret.clone()),
        };
        let bare = request::build(deviation, hello, before, send, true)?;
        let request = |index: u32| {
            let without_company = (index > 0 && deviation.flaw(Flaw::LaterCompanyMissing))
                || (is_kept && deviation.flaw(Flaw::KeptCompanyMissing))
                || (before.sent >= 2 && deviation.flaw(Flaw::CompanyLostAtThirdCall));
            let message = request::build(deviation, hello, before, send, without_company)?;
            let second = delivery::second(deviation, &message, &bare, before.first.as_ref(), send);
            let (source, known) = (source.clone(), known.clone());
            let bare = bare.clone();
            Ok(Request { deviation, message, second, bare, source, kind, index, known })
        };
        let times = if self.deviation.flaw(Flaw::OneOfSeveralSent) { 1 } else { send.times };
        (0..times).map(request).collect()
    }

    fn authorize(&mut self, authorize: &Authorize) -> Done {
        let mut asked = authorize.clone();
        if self.deviation.flaw(Flaw::ScopesAccumulated) {
            asked.scopes.extend(self.session.scopes.iter().cloned());
        }
        self.session.scopes.extend(authorize.scopes.iter().cloned());
        let elsewhere = self.deviation.flaw(Flaw::AuthorizedElsewhere);
        let server = self.authorization_server(chosen(&authorize.environment, elsewhere))?;
        let (url, pending) = Pending::begin(self.deviation, server, &asked, &self.session.states);
        self.learned.app = Some(pending.app.clone());
        self.learned.verifier = Some(pending.verifier.clone());
        self.session.states.push(pending.state.clone());
        self.session.pending = Some(pending);
        Ok(CallResult { url: Some(url), ..CallResult::default() })
    }

    fn finish(&mut self, finish: &Finish) -> Done {
        let stays = self.deviation.flaw(Flaw::CodeExchangedByEachFinish)
            || self.deviation.flaw(Flaw::RefusedCodeExchangedLater)
            || self.deviation.flaw(Flaw::WrongStateTakenSecondTime);
        if let Some(pending) = &mut self.session.pending {
            pending.brought += 1;
        }
        let pending = if stays { self.session.pending.clone() } else { self.session.pending.take() };
        let pending = pending.ok_or("no authorisation is under way")?;
        self.learned.app = Some(pending.app.clone());
        self.learned.verifier = Some(pending.verifier.clone());
        let environment = pending.environment.clone();
        let elsewhere = self.deviation.flaw(Flaw::ExchangedElsewhere);
        let server = self.authorization_server(chosen(&environment, elsewhere))?;
        let renewal_server = self.renewal_server(&environment)?;
        let other_server = self.authorization_server(chosen(&environment, true))?;
        let servers = (server, renewal_server, other_server);
        let keeper = pending.finish(self.deviation, servers, &self.session.states, &finish.redirect)?;
        self.learned.granted = Some(keeper.tokens());
        if !self.deviation.flaw(Flaw::CodeExchangedByEachFinish) {
            self.session.pending = None;
        }
        if !(self.deviation.flaw(Flaw::SecondAuthorisationIgnored)
            && self.session.granted.contains_key(&environment))
        {
            self.session.granted.insert(environment, Arc::new(keeper));
        }
        Ok(CallResult::default())
    }

    fn authorization_server(&self, environment: &str) -> Result<&str, String> {
        let addresses = self.hello.environments.get(environment);
        let addresses = addresses.ok_or("the environment is unknown")?;
        Ok(&addresses.authorization_server)
    }

    fn renewal_server(&self, environment: &str) -> Result<&str, String> {
        let elsewhere = self.deviation.flaw(Flaw::RefreshElsewhere);
        self.authorization_server(if elsewhere { "staging" } else { environment })
    }

    /// What the requests of a call authenticate with.
    fn source(&mut self, credential: &Credential) -> Result<Source, String> {
        match credential.kind {
            CredentialKind::StandaloneApiKey | CredentialKind::IntegratedApiKey => {
                Ok(Source::Key(self.secret(credential)?))
            }
            CredentialKind::AccessToken | CredentialKind::LegacyToken => {
                Ok(Source::Token(self.secret(credential)?))
            }
            CredentialKind::OauthTokens => Ok(Source::Kept(self.brought(credential)?.turn())),
            CredentialKind::OauthSession => match self.session.granted.get(&credential.environment) {
                Some(keeper) => Ok(Source::Kept(keeper.turn())),
                None if self.deviation.flaw(Flaw::SessionTokensInOtherEnvironment) => {
                    let keeper = self.session.granted.values().next();
                    keeper.map(|keeper| Source::Kept(keeper.turn())).ok_or_else(|| "no tokens".to_owned())
                }
                None => Err("the app was not authorised in this session and environment".to_owned()),
            },
        }
    }

    /// The secret to send for this credential.
    fn secret(&self, credential: &Credential) -> Result<String, String> {
        let between = self.session.before.between.as_ref().map(|between| &between.credential);
        if let Some(other) = between.filter(|between| between.kind == credential.kind)
            && self.deviation.flaw(Flaw::KeyOfAnotherSession)
            && credential.kind != CredentialKind::AccessToken
        {
            return other.secret.clone().ok_or_else(|| "the credential has no secret".to_owned());
        }
        let last = self.session.before.last.as_ref().map(|last| &last.credential);
        let is_moved =
            |last: &&Credential| last.kind == credential.kind && last.environment != credential.environment;
        if let Some(last) = last.filter(is_moved)
            && self.session.before.sent > 1
            && self.deviation.flaw(Flaw::SecondCredentialKept)
        {
            return last.secret.clone().ok_or_else(|| "the credential has no secret".to_owned());
        }
        let first = self.session.before.first.as_ref().map_or(credential, |first| &first.credential);
        let same_environment = first.environment == credential.environment;
        let kept = first.kind == credential.kind
            && match self.deviation.flaw {
                Some(Flaw::KeyCached) => same_environment,
                Some(Flaw::KeyCachedByBeginning) => {
                    let beginning = |credential: &Credential| {
                        credential.secret.as_deref().map(|secret| secret.chars().take(10).collect::<String>())
                    };
                    beginning(first) == beginning(credential)
                }
                Some(Flaw::EnvironmentSwitchedWithoutCredential) => !same_environment,
                _ => false,
            };
        let secret = if kept { &first.secret } else { &credential.secret };
        let secret = secret.as_deref().ok_or("the credential has no secret")?;
        request::check_secret(self.deviation, credential.kind, secret)?;
        Ok(secret.to_owned())
    }

    /// What has become of the tokens that this credential brings, or brought earlier in the session.
    fn brought(&mut self, credential: &Credential) -> Result<Arc<Keeper>, String> {
        let environment = &credential.environment;
        let has_ended = self.session.brought.last().is_some_and(|(_, _, keeper)| keeper.has_ended());
        let ignores_new = self.deviation.flaw(Flaw::NewPairIgnored)
            || (has_ended && self.deviation.flaw(Flaw::NewPairIgnoredAfterEnd));
        let is_meant = |(known, tokens, _): &(String, Tokens, Arc<Keeper>)| {
            known == environment
                && (ignores_new || credential.tokens.as_ref().is_none_or(|new| new == tokens))
        };
        let brought = match self.session.brought.iter().rposition(is_meant) {
            Some(known) => self.session.brought.remove(known),
            None => {
                let tokens = credential.tokens.as_ref().ok_or("the session has no tokens")?;
                request::check_secret(self.deviation, credential.kind, &tokens.access_token)?;
                let other_server = self.authorization_server(chosen(environment, true))?;
                let servers = (self.renewal_server(environment)?, other_server);
                let scopes = credential.scopes.clone().unwrap_or_default();
                let keeper = Keeper::keep(self.deviation, servers, tokens.clone(), scopes);
                (environment.clone(), tokens.clone(), Arc::new(keeper))
            }
        };
        let keeper = Arc::clone(&brought.2);
        self.session.brought.push(brought);
        Ok(keeper)
    }
}
