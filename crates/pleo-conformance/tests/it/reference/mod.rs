//! A client that keeps every rule, written by hand down to the bytes, which can be told to do one thing
//! wrong or otherwise.

mod flaw;
mod oauth;
mod request;
mod variation;
mod wire;

use std::{collections::BTreeMap, sync::Arc, thread};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use pleo_conformance::{
    protocol::{
        self, Action, Answer, Authorize, Call, CallResult, Capability, Credential, CredentialKind, Finish,
        Hello, Introduction, Refusal, Send, Tokens,
    },
    subject::{Outcome, Subject, SubjectError},
};

use self::oauth::{Keeper, Pending, Turn};
pub(crate) use self::{
    flaw::{FLAWS, Flaw},
    variation::{CONDUCT, VARIATIONS, Variation},
};

/// The client.
#[derive(Debug, Default)]
pub(crate) struct Reference {
    deviation: Deviation,
    hello: Option<Hello>,
    /// Only the last session is kept: its name, and what its calls share.
    session: (String, Session),
}

/// What this client does otherwise than the correct one.
#[derive(Debug, Clone, Copy, Default)]
struct Deviation {
    flaw: Option<Flaw>,
    variation: Option<Variation>,
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
    /// The first credential, for the flaws that do not let go of it.
    first: Option<Credential>,
    pending: Option<Pending>,
    /// The tokens of the last `finish`, and their environment.
    granted: Option<(String, Arc<Keeper>)>,
    /// The tokens that a call brought, with their environment and what became of them.
    brought: Option<(String, Tokens, Arc<Keeper>)>,
}

/// What a call came to, without its number.
type Done = Result<CallResult, String>;

impl Reference {
    /// A client with this flaw.
    pub(crate) fn with_flaw(flaw: Flaw) -> Self {
        Self { deviation: Deviation { flaw: Some(flaw), variation: None }, ..Self::default() }
    }

    /// A correct client that does one thing otherwise.
    pub(crate) fn with_variation(variation: Variation) -> Self {
        Self { deviation: Deviation { flaw: None, variation: Some(variation) }, ..Self::default() }
    }
}

impl Subject for Reference {
    fn hello(&mut self, hello: &Hello) -> Result<Introduction, SubjectError> {
        self.hello = Some(hello.clone());
        let production = match self.deviation.flaw {
            Some(Flaw::BuiltInHttp) => "http://external.pleo.io",
            Some(Flaw::BuiltInLookalike) => "https://external-pleo.io",
            _ => "https://external.pleo.io",
        };
        let mut built_in =
            BTreeMap::from([("staging", "https://external.staging.pleo.io"), ("production", production)]);
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
            base_urls: built_in.into_iter().map(|(name, url)| (name.to_owned(), url.to_owned())).collect(),
        })
    }

    fn call(&mut self, call: &Call) -> Result<Outcome, SubjectError> {
        let hello =
            self.hello.clone().ok_or_else(|| SubjectError::Nonsense("a call before hello".to_owned()))?;
        let (name, session) = &mut self.session;
        if *name != call.session {
            (*name, *session) = (call.session.clone(), Session::default());
        }
        let mut client = Client { deviation: self.deviation, hello: &hello, session };
        let done = match &call.action {
            _ if self.deviation.flaw(Flaw::RefusesEverything) => Err("not today".to_owned()),
            Action::Send(send) => client.send(send),
            Action::Authorize(authorize) => client.authorize(authorize),
            Action::Finish(finish) => client.finish(finish),
        };
        let (id, shown) = (call.id, shown(self.deviation, call, &done));
        let told = secret_of(call).filter(|_| self.deviation.flaw(Flaw::SecretInRefusal));
        Ok(match done {
            Ok(result) => Outcome::Result(CallResult { id, shown, ..result }),
            Err(reason) => {
                let reason = told.map_or_else(|| reason.clone(), |secret| format!("{reason}: {secret}"));
                Outcome::Refuse(Refusal { id, reason, unsupported: false, shown })
            }
        })
    }
}

/// The API key or access token that a call brings.
fn secret_of(call: &Call) -> Option<&str> {
    match &call.action {
        Action::Send(send) => send.credential.secret.as_deref(),
        Action::Authorize(_) | Action::Finish(_) => None,
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

/// What the client writes about a call.
fn shown(deviation: Deviation, call: &Call, done: &Done) -> BTreeMap<String, String> {
    let (what, who) = match &call.action {
        Action::Send(send) => (send.operation.id.as_str(), format!("{:?}", send.credential.kind)),
        Action::Authorize(_) => ("authorize", "App".to_owned()),
        Action::Finish(_) => ("finish", "App".to_owned()),
    };
    let error = match done {
        Ok(result) => result.answers.iter().find_map(|answer| match answer {
            Answer::Status(status @ 400..) => Some(format!("the service answered {status}")),
            Answer::Status(_) => None,
            Answer::Failure(reason) => Some(reason.clone()),
        }),
        Err(reason) => Some(reason.clone()),
    };
    let mut shown = BTreeMap::from([("debug", format!("Client {{ credential: {who}, .. }}"))]);
    shown.insert("log", format!("{what}: {}", error.as_deref().unwrap_or("done")));
    let unavailable = error.as_ref().is_some_and(|error| error.contains("is not available"));
    let failed = error.is_some();
    if let Some(error) = error {
        shown.insert("error", error);
    }
    if let Some(secret) = secret_of(call) {
        let leak = match deviation.flaw {
            Some(Flaw::SecretInDebug) => Some(("debug", secret.to_owned())),
            Some(Flaw::SecretInError) if done.is_ok() => Some(("error", secret.to_owned())),
            Some(Flaw::SecretInLog) => Some(("log", secret.to_owned())),
            Some(Flaw::EncodedSecretInLog) => Some(("log", STANDARD.encode(format!("{secret}:")))),
            _ => None,
        };
        if let Some((place, text)) = leak
            && let Some(written) = shown.get_mut(place)
        {
            written.push_str(&format!(" ({text})"));
        }
    }
    if let Action::Send(send) = &call.action
        && let Some(tokens) = &send.credential.tokens
    {
        let leak = match deviation.flaw {
            Some(Flaw::RefreshTokenInLog) => Some(("log", &tokens.refresh_token)),
            Some(Flaw::RefreshTokenInLogOfSuccess) if !failed => Some(("log", &tokens.refresh_token)),
            Some(Flaw::RefreshTokenInLogOfTrouble) if unavailable => Some(("log", &tokens.refresh_token)),
            Some(Flaw::ClientSecretInDebug) => Some(("debug", &tokens.app.client_secret)),
            _ => None,
        };
        if let Some((place, text)) = leak {
            shown.entry(place).or_default().push_str(&format!(" ({text})"));
        }
    }
    shown.into_iter().map(|(place, text)| (place.to_owned(), text)).collect()
}

/// The client during one call.
struct Client<'a> {
    deviation: Deviation,
    hello: &'a Hello,
    session: &'a mut Session,
}

impl Client<'_> {
    fn send(&mut self, send: &Send) -> Done {
        let deviation = self.deviation;
        let begun_in = self.session.first.as_ref().map(|first| first.environment.as_str());
        let message = request::build(deviation, self.hello, begun_in, send)?;
        let source = self.source(&send.credential)?;
        if matches!(source, Source::Key(_)) && deviation.flaw(Flaw::KeyExchanged) {
            oauth::ask_for_token(deviation, self.authorization_server(&send.credential.environment)?);
        }
        let request = Request { deviation, message, source };
        let delivered: Vec<Result<Answer, String>> = if send.times == 1 {
            vec![request.deliver()]
        } else {
            thread::scope(|scope| {
                let threads: Vec<_> = (0..send.times).map(|_| scope.spawn(|| request.deliver())).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            })
        };
        if let Some(Err(reason)) = delivered.first()
            && delivered.iter().all(Result::is_err)
        {
            return Err(reason.clone());
        }
        let answers = delivered.into_iter().map(|answer| answer.unwrap_or_else(Answer::Failure)).collect();
        Ok(CallResult { answers, ..CallResult::default() })
    }

    fn authorize(&mut self, authorize: &Authorize) -> Done {
        let elsewhere = self.deviation.flaw(Flaw::AuthorizedElsewhere);
        let server = self.authorization_server(chosen(&authorize.environment, elsewhere))?;
        let (url, pending) = Pending::begin(self.deviation, server, authorize);
        self.session.pending = Some(pending);
        Ok(CallResult { url: Some(url), ..CallResult::default() })
    }

    fn finish(&mut self, finish: &Finish) -> Done {
        let pending = self.session.pending.take().ok_or("no authorisation is under way")?;
        let environment = pending.environment.clone();
        let elsewhere = self.deviation.flaw(Flaw::ExchangedElsewhere);
        let server = self.authorization_server(chosen(&environment, elsewhere))?;
        let renewal_server = self.renewal_server(&environment)?;
        let keeper = pending.finish(self.deviation, server, renewal_server, &finish.redirect)?;
        self.session.granted = Some((environment, Arc::new(keeper)));
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
            CredentialKind::OauthSession => match &self.session.granted {
                Some((environment, keeper)) if *environment == credential.environment => {
                    Ok(Source::Kept(keeper.turn()))
                }
                _ => Err("the app was not authorised in this session and environment".to_owned()),
            },
        }
    }

    /// The secret to send for this credential.
    fn secret(&mut self, credential: &Credential) -> Result<String, String> {
        let first = self.session.first.get_or_insert_with(|| credential.clone());
        let same_environment = first.environment == credential.environment;
        let kept = first.kind == credential.kind
            && match self.deviation.flaw {
                Some(Flaw::KeyCached) => same_environment,
                Some(Flaw::EnvironmentSwitchedWithoutCredential) => !same_environment,
                _ => false,
            };
        let secret = if kept { &first.secret } else { &credential.secret };
        let secret = secret.as_deref().ok_or("the credential has no secret")?;
        request::check_secret(self.deviation, credential.kind, secret)?;
        Ok(secret.to_owned())
    }

    /// What has become of the tokens that this credential brings, or brought earlier in the session.
    fn brought(&mut self, credential: &Credential) -> Result<&Arc<Keeper>, String> {
        let environment = &credential.environment;
        let is_known = matches!(&self.session.brought, Some((known, tokens, _))
            if known == environment && credential.tokens.as_ref().is_none_or(|new| new == tokens));
        if !is_known {
            let tokens = credential.tokens.as_ref().ok_or("the session has no tokens")?;
            request::check_secret(self.deviation, credential.kind, &tokens.access_token)?;
            let keeper = Keeper::keep(self.deviation, self.renewal_server(environment)?, tokens.clone());
            self.session.brought = Some((environment.clone(), tokens.clone(), Arc::new(keeper)));
        }
        let brought = self.session.brought.as_ref().ok_or("the session has no tokens")?;
        Ok(&brought.2)
    }
}

/// What a request authenticates with.
#[derive(Debug)]
enum Source {
    Key(String),
    Token(String),
    Kept(Turn),
}

/// A request that is ready but for its credential.
struct Request {
    deviation: Deviation,
    message: wire::Message,
    source: Source,
}

impl Request {
    /// Sends it; the error is a reason for which nothing was sent.
    fn deliver(&self) -> Result<Answer, String> {
        let secret = match &self.source {
            Source::Key(secret) | Source::Token(secret) => secret.clone(),
            Source::Kept(turn) => turn.access_token()?,
        };
        let mut answer = self.exchange(&secret);
        if let (Answer::Status(401), Source::Kept(turn)) = (&answer, &self.source) {
            if matches!(self.message.method.as_str(), "GET" | "PUT" | "DELETE") {
                if let Some(another) = turn.another_access_token(&secret) {
                    answer = self.exchange(&another);
                }
            } else {
                turn.give_up(&secret);
            }
        }
        let again = match answer {
            Answer::Status(403) => self.deviation.flaw(Flaw::ForbiddenRetried),
            Answer::Status(200..300) => self.deviation.flaw(Flaw::SentTwice),
            Answer::Status(404 | 500..) => {
                self.deviation.variation(Variation::FailureTriedAgain) && self.message.method == "GET"
            }
            _ => false,
        };
        Ok(if again { self.exchange(&secret) } else { answer })
    }

    fn exchange(&self, secret: &str) -> Answer {
        let mut message = self.message.clone();
        message.headers = self.headers(secret);
        if let Some(name) = self.query_leak() {
            let separator = if message.url.contains('?') { '&' } else { '?' };
            let secret = utf8_percent_encode(secret, NON_ALPHANUMERIC);
            message.url = format!("{}{separator}{name}={secret}", message.url);
        }
        let mut reply = wire::exchange(&message, self.deviation.variation);
        if self.deviation.flaw(Flaw::RedirectFollowed)
            && let Ok(wire::Reply { status: 300..400, location: Some(location), .. }) = &reply
        {
            message.url.clone_from(location);
            reply = wire::exchange(&message, self.deviation.variation);
        }
        match reply {
            Ok(reply) => Answer::Status(reply.status),
            Err(reason) => Answer::Failure(reason),
        }
    }

    /// The name of a query parameter that gives the secret away.
    fn query_leak(&self) -> Option<&'static str> {
        match (self.deviation.flaw, &self.source) {
            (Some(Flaw::KeyInQuery), Source::Key(_)) => Some("api_key"),
            (Some(Flaw::TokenInQuery), Source::Token(_)) => Some("access_token"),
            _ => None,
        }
    }

    fn headers(&self, secret: &str) -> Vec<(&'static str, String)> {
        let Deviation { flaw, variation } = self.deviation;
        let user_agent = match (flaw, &self.source) {
            (Some(Flaw::KeyInUserAgent), Source::Key(_)) => format!("reference/1 ({secret})"),
            _ if variation == Some(Variation::OtherUserAgent) => "Mozilla/5.0 (X11; Linux)".to_owned(),
            _ => "reference/1".to_owned(),
        };
        let accept = match variation {
            Some(Variation::AcceptWithCharset) => "application/json;charset=utf-8, */*;q=0.1",
            _ => "application/json",
        };
        let mut headers = Vec::new();
        if variation != Some(Variation::NoUserAgent) {
            headers.push(("User-Agent", user_agent));
        }
        headers.push(("Accept", accept.to_owned()));
        if variation == Some(Variation::ExtraHeaders) {
            headers.push(("Accept-Language", "da, en;q=0.5".to_owned()));
            headers.push(("X-Request-Id", "1".to_owned()));
        }
        // Only given credentials go wrong: what a renewed one looks like is a matter of other rules.
        let is_given = !matches!(self.source, Source::Kept(_));
        let times = match flaw {
            Some(Flaw::HeaderMissing) if is_given => 0,
            Some(Flaw::HeaderTwice) if is_given => 2,
            _ => 1,
        };
        headers.extend(std::iter::repeat_n(("Authorization", self.authorization(secret)), times));
        if matches!(self.source, Source::Key(_)) {
            match flaw {
                Some(Flaw::KeyInCookie) => headers.push(("Cookie", format!("key={secret}"))),
                Some(Flaw::KeyInOwnHeader) => headers.push(("X-Api-Key", secret.to_owned())),
                _ => {}
            }
        }
        headers.extend(self.message.headers.iter().cloned());
        headers
    }

    /// The value of the `Authorization` header.
    fn authorization(&self, secret: &str) -> String {
        let flaw = self.deviation.flaw;
        let user = format!("{secret}:");
        let (scheme, credentials) = match &self.source {
            Source::Key(_) => match flaw {
                Some(Flaw::KeyAsBearer) => ("Bearer", secret.to_owned()),
                Some(Flaw::KeyUnencoded) => ("Basic", user),
                Some(Flaw::KeyWithoutColon) => ("Basic", STANDARD.encode(secret)),
                Some(Flaw::KeyUnpadded) => ("Basic", STANDARD_NO_PAD.encode(user)),
                Some(Flaw::KeyBase64Url) => ("Basic", URL_SAFE.encode(user)),
                Some(Flaw::KeyAsPassword) => ("Basic", STANDARD.encode(format!(":{secret}"))),
                Some(Flaw::KeyInBothFields) => ("Basic", STANDARD.encode(format!("{secret}:{secret}"))),
                _ => ("Basic", STANDARD.encode(user)),
            },
            Source::Token(_) => match flaw {
                Some(Flaw::TokenAsBasic) => ("Basic", STANDARD.encode(user)),
                Some(Flaw::TokenCut) => ("Bearer", secret[..secret.len() - 1].to_owned()),
                Some(Flaw::TokenReencoded) => ("Bearer", reencoded(secret)),
                _ => ("Bearer", secret.to_owned()),
            },
            Source::Kept(_) => ("Bearer", secret.to_owned()),
        };
        let scheme = match self.deviation.variation {
            Some(Variation::SchemeLowerCase) => scheme.to_ascii_lowercase(),
            Some(Variation::SchemeUpperCase) => scheme.to_ascii_uppercase(),
            _ => scheme.to_owned(),
        };
        format!("{scheme} {credentials}")
    }
}

/// A token as it looks in a URL.
fn reencoded(token: &str) -> String {
    let encode = |character: char| match character {
        '+' | '/' | '=' | '~' => format!("%{:02X}", u32::from(character)),
        other => other.to_string(),
    };
    token.chars().map(encode).collect()
}
