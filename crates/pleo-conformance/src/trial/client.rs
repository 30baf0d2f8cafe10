//! Judging a client: what it is called for, and what the test servers receive.

use std::{collections::BTreeSet, fmt::Debug, io, ops::Range, time::Duration};

use http::{HeaderMap, Method, header};
use pleo_client::Operation;
use pleo_sandbox::Fault;
use proptest::{prelude::Strategy, strategy::Just};
use serde_json::Value;

use super::{
    case::{Case, Cases, Event, cases},
    evidence::Judgement,
    mask::Mask,
    search::{Attempt, Options, Stop, each},
    servers::{ReceivedRequest, Site, TestServers},
    tokens::{Pair, issued, verifier},
};
use crate::{
    protocol::{
        Action, Answer, Call, CallResult, Capability, CredentialKind, Introduction, Refusal, Send, VERSION,
    },
    subject::{Outcome, Subject, SubjectError},
    verdict::Verdict,
    words::{beginning, counted},
};

/// How often a client may break down before the run asks no more of it.
const BREAKDOWNS: u32 = 3;

/// The time limit of a client whose server is silent, in milliseconds.
pub(crate) const TIME_LIMIT_MS: u32 = 30;

/// How long a silent server waits: longer than any client with this time limit. It keeps the connection as long, and a
/// server has a thousand at most.
pub(crate) const SILENCE: Duration = Duration::from_secs(10);

/// What the name of a session ends with that is not the one in question.
const OTHER_SESSION: &str = "-other";

/// What clients may ask about themselves before a request, as Pleo has it (Z94).
const PREPARATIONS: [&str; 2] = ["/v1/introspect", "/v1/installations/me"];

/// A client on trial.
pub struct ClientTrial<'a> {
    subject: &'a mut dyn Subject,
    servers: TestServers,
    introduction: Introduction,
    options: Options,
    rule: &'static str,
    calls: u64,
    breakdowns: u32,
}

impl<'a> ClientTrial<'a> {
    /// Greets the client.
    ///
    /// # Errors
    /// When it does not answer as the protocol says, or can do nothing that is asked for.
    pub(crate) fn begin(
        subject: &'a mut dyn Subject,
        servers: TestServers,
        options: Options,
    ) -> Result<Self, SubjectError> {
        let introduction = subject.hello(&servers.hello())?;
        if introduction.protocol != VERSION {
            let found = introduction.protocol;
            let reason =
                format!("it speaks version {found} of the protocol, and the suite version {VERSION}");
            return Err(SubjectError::Nonsense(reason));
        }
        if ![Capability::ApiKeys, Capability::AccessTokens]
            .iter()
            .any(|any| introduction.capabilities.contains(any))
        {
            let reason = "it claims neither `api_keys` nor `access_tokens`, so there is nothing to ask of it";
            return Err(SubjectError::Nonsense(reason.to_owned()));
        }
        Ok(Self { subject, servers, introduction, options, rule: "", calls: 0, breakdowns: 0 })
    }

    /// What the client says of itself.
    pub(crate) fn introduction(&self) -> &Introduction {
        &self.introduction
    }

    /// Whether the client claims to be able to do something.
    pub(crate) fn can(&self, capability: Capability) -> bool {
        self.introduction.capabilities.contains(&capability)
    }

    /// Cases of all operations, with every kind of credential that the client can send, in every circumstance
    /// that it can be in.
    pub(crate) fn cases(&self) -> Cases {
        let kinds = [
            (Capability::ApiKeys, CredentialKind::StandaloneApiKey),
            (Capability::ApiKeys, CredentialKind::IntegratedApiKey),
            (Capability::AccessTokens, CredentialKind::AccessToken),
            (Capability::Refresh, CredentialKind::OauthTokens),
            (Capability::Oauth, CredentialKind::OauthSession),
        ];
        let kinds = kinds.into_iter().filter(|(capability, _)| self.can(*capability));
        cases()
            .with_kinds(kinds.map(|(_, kind)| kind).collect())
            .in_parallel(self.can(Capability::Parallel))
            .in_sessions(self.events())
            .naming_companies(!self.can(Capability::Companies))
            .supported(self.introduction.operations.as_ref())
    }

    /// What may happen in the sessions of this client.
    fn events(&self) -> Vec<Event> {
        let companies = [Event::OtherCompany, Event::NoCompany];
        let environments = [Event::Astray, Event::OtherEnvironment];
        let mut events = Vec::new();
        if self.can(Capability::Sessions) {
            events.extend(Event::ALWAYS);
            events.extend(companies.into_iter().filter(|_| self.can(Capability::Companies)));
            events.extend(environments.into_iter().filter(|_| self.can(Capability::Environments)));
        }
        events
    }

    /// Asks a rule, if the client can do what it needs.
    pub(crate) fn judge(
        &mut self,
        rule: &'static str,
        needs: &[Capability],
        check: fn(&mut Self) -> Verdict,
    ) -> Verdict {
        let missing: BTreeSet<_> = needs.iter().filter(|need| !self.can(**need)).collect();
        if !missing.is_empty() {
            let names: Vec<String> = missing.iter().map(|capability| name(**capability)).collect();
            return Verdict::Skip {
                reason: format!("the client does not claim to have: {}", names.join(", ")),
            };
        }
        if self.breakdowns >= BREAKDOWNS {
            return Verdict::Error { reason: format!("the client broke down {BREAKDOWNS} times before") };
        }
        self.rule = rule;
        check(self)
    }

    /// Judges many cases of a strategy.
    pub(crate) fn each<S: Strategy>(
        &mut self,
        strategy: S,
        judge: impl Fn(&mut Conversation<'_, 'a>, &S::Value) -> Result<Judgement, Stop>,
    ) -> Verdict
    where
        S::Value: Clone + Debug,
    {
        let (rule, options) = (self.rule, self.options);
        each(rule, options, strategy, |case| {
            // What a case has created does not slow down the next ones, nor fill the sandbox.
            self.servers.restore_data();
            let mut conversation = Conversation::new(self);
            let judged = judge(&mut conversation, case);
            // A client answers when its requests are through: what comes later could not be told from those of
            // the next call.
            let late = conversation.late();
            let broke_down = matches!(judged, Err(Stop::Error(_))) || late.is_some();
            let Conversation { called, mask, untrue, .. } = conversation;
            let judged = match (judged, late.map(Stop::Error).or(untrue.map(Stop::Contradicted))) {
                (
                    Ok(Judgement::Pass | Judgement::Inconclusive(_))
                    | Err(Stop::Inconclusive(_) | Stop::Unsupported(_) | Stop::Lost(_)),
                    Some(stop),
                ) => Err(stop),
                (judged, _) => judged,
            };
            if broke_down {
                self.breakdowns += 1;
                // What it left behind does not belong to the next call.
                self.servers.take_received();
            }
            Attempt { called: Value::Array(called), mask, judged }
        })
    }

    /// Judges what needs no case.
    pub(crate) fn once(&mut self, judge: impl Fn(&Self) -> Result<Judgement, Stop>) -> Verdict {
        let options = Options { cases: 1, ..self.options };
        each(self.rule, options, Just(()), |()| Attempt {
            called: Value::Null,
            mask: Mask::default(),
            judged: judge(self),
        })
    }
}

fn name(capability: Capability) -> String {
    match serde_json::to_value(capability) {
        Ok(Value::String(name)) => name,
        _ => format!("{capability:?}"),
    }
}

impl From<SubjectError> for Stop {
    fn from(error: SubjectError) -> Self {
        Self::Error(error.to_string())
    }
}

/// One case: the calls in it, and what comes of them.
pub(crate) struct Conversation<'t, 'a> {
    trial: &'t mut ClientTrial<'a>,
    session: String,
    called: Vec<Value>,
    mask: Mask,
    /// What authorisation servers have issued to the client, the oldest first.
    issued: Vec<Pair>,
    /// The access tokens of the pairs that are good, or were before they were renewed, and where.
    pub(super) admitted: BTreeSet<(Site, String)>,
    /// What the adapter said that the test servers saw otherwise.
    untrue: Option<String>,
    /// The time limit for the requests of each call, in milliseconds; the client's own if it is not set.
    time_limit_ms: Option<u32>,
}

impl<'t, 'a> Conversation<'t, 'a> {
    fn new(trial: &'t mut ClientTrial<'a>) -> Self {
        let mut mask = Mask::default();
        for site in Site::ALL {
            let url = trial.servers.url(site);
            mask.address(&url, site.name());
            // Other spellings of this machine's address.
            for host in ["localhost", "127.1"] {
                mask.address(&url.replace("127.0.0.1", host), &format!("{} as {host}", site.name()));
            }
        }
        let session = format!("{}-{}", trial.rule, trial.calls);
        Self {
            trial,
            session,
            called: Vec::new(),
            mask,
            issued: Vec::new(),
            admitted: BTreeSet::new(),
            untrue: None,
            time_limit_ms: None,
        }
    }

    /// From now on the client gets a time limit so short that a server's silence ends soon. What a server responds to
    /// within it depends on the machine, so no verdict may depend on a response.
    pub(crate) fn limit_time(&mut self) {
        self.time_limit_ms = Some(TIME_LIMIT_MS);
    }

    /// The test servers.
    pub(crate) fn servers(&self) -> &TestServers {
        &self.trial.servers
    }

    /// A part of a text and what is around it, with everything replaced that evidence does not show.
    pub(crate) fn excerpt(&self, text: &str, part: &Range<usize>) -> String {
        const AROUND: usize = 120;
        self.mask.excerpt(text, part, AROUND)
    }

    /// From now on this is shown as `<name>`.
    pub(crate) fn keep_secret(&mut self, secret: &str, name: &str) {
        self.mask.secret(secret, name);
    }

    /// What authorisation servers have issued to the client, the oldest first.
    pub(crate) fn issued(&self) -> &[Pair] {
        &self.issued
    }

    /// The keys or access tokens that the client may send for a case by now, the newest last.
    pub(crate) fn credentials(&self, case: &Case) -> Vec<String> {
        let given = (case.kind != CredentialKind::OauthSession).then(|| case.secret.clone());
        let issued = self.issued.iter().map(|pair| pair.access_token.clone());
        given.into_iter().chain(issued).collect()
    }

    /// Has the service refuse the newest access token that the client may send for a case.
    pub(crate) fn revoke_newest(&self, case: &Case) {
        if let Some(newest) = self.credentials(case).last() {
            self.servers().sandbox(case.site).revoke(newest);
        }
    }

    /// Does something with the credential of somebody else, who has tokens of their own.
    pub(super) fn of_somebody_else<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> T {
        let issued = std::mem::take(&mut self.issued);
        let done = act(self);
        self.issued = issued;
        done
    }

    /// As [`of_somebody_else`](Self::of_somebody_else), in a session of theirs.
    pub(super) fn in_other_session<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> T {
        let session = self.session.clone() + OTHER_SESSION;
        let session = std::mem::replace(&mut self.session, session);
        let done = self.of_somebody_else(act);
        self.session = session;
        done
    }

    /// As [`call`](Self::call), but one request after the other goes wrong in these ways.
    pub(crate) fn call_into(
        &mut self,
        case: &Case,
        faults: impl IntoIterator<Item = Fault>,
    ) -> Result<Seen, Stop> {
        let seen = self.with_faults(case.site, case.path_prefix(), faults, |talk| talk.call(case))?;
        self.insist(case, seen, |talk| talk.call(case))
    }

    /// Does something while one request after the other to paths of a site that begin like this goes wrong in these
    /// ways. Afterwards nothing goes wrong any more.
    pub(crate) fn with_faults<T>(
        &mut self,
        site: Site,
        path: &str,
        faults: impl IntoIterator<Item = Fault>,
        act: impl FnOnce(&mut Self) -> T,
    ) -> T {
        for fault in faults {
            self.servers().sandbox(site).inject(path, fault);
        }
        let done = act(self);
        self.servers().sandbox(site).clear_faults();
        done
    }

    /// Does something while a site refuses connections.
    pub(crate) fn without_server<T>(
        &mut self,
        site: Site,
        act: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let failed = |error: io::Error| {
            Stop::Error(format!("the test server {} cannot be stopped and started: {error}", site.name()))
        };
        self.servers().set_refusing(site, true).map_err(failed)?;
        let done = act(self);
        self.servers().set_refusing(site, false).map_err(failed)?;
        done
    }

    /// Has the client send the request of a case, whose credential is as good as it is by now.
    pub(crate) fn call(&mut self, case: &Case) -> Result<Seen, Stop> {
        let send = case.send(self.servers());
        self.send_call(send)
    }

    /// Has the client send something.
    pub(crate) fn send_call(&mut self, send: Send) -> Result<Seen, Stop> {
        self.act(Action::Send(Box::new(send)))
    }

    /// Has the client send what it should refuse, in some cases once more after it has refused it.
    pub(crate) fn dare(&mut self, case: &Case, send: Send) -> Result<Seen, Stop> {
        let seen = self.send_call(send.clone())?;
        self.insist(case, seen, |talk| talk.send_call(send))
    }

    /// Does something once more in a case whose client has refused it, if somebody insists there.
    fn insist(
        &mut self,
        case: &Case,
        seen: Seen,
        act: impl FnOnce(&mut Self) -> Result<Seen, Stop>,
    ) -> Result<Seen, Stop> {
        if !(case.circumstances.insists && seen.refused()) {
            return Ok(seen);
        }
        let again = act(self)?;
        Ok(again.after(seen))
    }

    /// Has something done in a session of its own, which evidence does not tell of.
    pub(crate) fn aside<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> T {
        let session = format!("{}-aside", self.session);
        let (session, called) = (std::mem::replace(&mut self.session, session), self.called.clone());
        let issued = std::mem::take(&mut self.issued);
        let done = act(self);
        (self.session, self.called, self.issued) = (session, called, issued);
        done
    }

    /// Has the client do something, in the session of this case.
    pub(crate) fn act(&mut self, action: Action) -> Result<Seen, Stop> {
        let id = self.trial.calls;
        self.trial.calls += 1;
        // The number and the session differ with the cases before.
        let mut called = serde_json::to_value(&action).unwrap_or_default();
        if let Some(limit) = self.time_limit_ms {
            called["time_limit_ms"] = limit.into();
        }
        if self.session.ends_with(OTHER_SESSION) {
            called["session"] = "another".into();
        }
        self.called.push(called);
        let call = Call { id, session: self.session.clone(), time_limit_ms: self.time_limit_ms, action };
        if let Some(late) = self.late() {
            return Err(Stop::Error(late));
        }
        let outcome = self.trial.subject.call(&call)?;
        let lost = self.trial.subject.lost() > 0;
        let received = self.trial.servers.take_received();
        if self.time_limit_ms.is_some() {
            // A client that has given up cannot see to it that the server has read what it sent.
            self.trial.servers.drain();
        }
        for verifier in received.iter().filter_map(verifier) {
            self.keep_secret(&verifier, "code verifier");
        }
        for pair in received.iter().filter_map(issued) {
            self.keep_secret(&pair.access_token, "new access token");
            self.keep_secret(&pair.refresh_token, "new refresh token");
            self.issued.push(pair);
        }
        if let Outcome::Refuse(Refusal { unsupported: true, reason, .. }) = &outcome {
            return Err(Stop::Unsupported(told(reason).to_owned()));
        }
        let seen = Seen { outcome, received, lost, before: Vec::new() };
        self.untrue = self.untrue.take().or_else(|| seen.untrue());
        Ok(seen)
    }

    /// What was received after the call before was answered.
    fn late(&self) -> Option<String> {
        let late = self.trial.servers.take_received();
        late.first().map(|received| {
            let request = &received.exchange.request;
            let (method, path) = (request.method(), request.uri().path());
            format!("the adapter answered before its requests were through: {method} {path} came later")
        })
    }
}

/// What came of a call.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) outcome: Outcome,
    pub(crate) received: Vec<ReceivedRequest>,
    /// Whether a part of what the client wrote to its standard error was not kept.
    lost: bool,
    /// The texts of a refusal before it, by place.
    before: Vec<(String, String)>,
}

impl Seen {
    /// The same, with what the same call came to before, when it was refused.
    fn after(mut self, mut refused: Self) -> Self {
        self.before = refused.texts();
        refused.received.append(&mut self.received);
        Self { received: refused.received, lost: self.lost || refused.lost, ..self }
    }

    /// What a judgement of standard error is worth: what fails the rule may be in what was lost.
    pub(crate) fn with_loss(&self, judgement: Judgement) -> Result<Judgement, Stop> {
        match judgement {
            Judgement::Pass | Judgement::Inconclusive(_) if self.lost => Err(Stop::Lost(
                "the client writes more to standard error in one call than the runner keeps (8 MiB), and a secret \
                 may be in the rest"
                    .to_owned(),
            )),
            judgement => Ok(judgement),
        }
    }

    /// What was received that has nothing to do with authorisation.
    pub(crate) fn api(&self) -> impl Iterator<Item = &ReceivedRequest> {
        self.received.iter().filter(|received| !is_oauth(received))
    }

    /// What was received that has to do with authorisation, wherever that was.
    pub(crate) fn oauth(&self) -> impl Iterator<Item = &ReceivedRequest> {
        self.received.iter().filter(|received| is_oauth(received))
    }

    /// The requests that are those of the case: not what a client may ask before it.
    pub(crate) fn requests(&self, case: &Case) -> Vec<&ReceivedRequest> {
        let mut requests: Vec<_> = self.api().filter(|received| !prepares(received, case)).collect();
        // Where the operation is one of those, the same request may have been made beforehand.
        if may_prepare(case.operation) && requests.len() > case.circumstances.times as usize {
            requests.remove(0);
        }
        requests
    }

    /// The first request of the case.
    pub(crate) fn first(&self, case: &Case) -> Result<&ReceivedRequest, Stop> {
        self.requests(case)
            .into_iter()
            .next()
            .ok_or_else(|| Stop::Inconclusive(format!("no request was received: {}", self.told())))
    }

    /// What the client says came of it.
    pub(crate) fn told(&self) -> String {
        match &self.outcome {
            Outcome::Refuse(refusal) => format!("the client refused: {}", told(&refusal.reason)),
            Outcome::Result(CallResult { answers, .. }) => {
                format!("the client says {}", told(&format!("{answers:?}")))
            }
        }
    }

    /// What the adapter says that is not true: that a client declined which has sent something, or that a
    /// response came which did not.
    fn untrue(&self) -> Option<String> {
        match &self.outcome {
            Outcome::Refuse(refusal) => {
                self.api().find(|received| !asks_about_itself(received)).map(|received| {
                    let request = &received.exchange.request;
                    format!(
                        "the adapter says that the client refused ({}), but {} {} was received",
                        told(&refusal.reason),
                        request.method(),
                        request.uri().path()
                    )
                })
            }
            Outcome::Result(result) => result.answers.iter().find_map(|answer| {
                let Answer::Status(status) = answer else { return None };
                let mut statuses = self.received.iter().map(|sent| sent.exchange.reply.response.status());
                let true_status = statuses.any(|sent| sent == *status);
                (!true_status)
                    .then(|| format!("the adapter says that the status is {status}, which no response had"))
            }),
        }
    }

    /// All texts that the client shows of it, by place. An empty text shows nothing, not even that nothing is
    /// shown.
    pub(crate) fn texts(&self) -> Vec<(String, String)> {
        let (shown, reasons) = match &self.outcome {
            Outcome::Refuse(refusal) => {
                (&refusal.shown, vec![("the reason of the refusal", &refusal.reason)])
            }
            Outcome::Result(result) => {
                let reasons = result.answers.iter().filter_map(|answer| match answer {
                    Answer::Failure(reason) => Some(("the reason of the failure", reason)),
                    Answer::Status(_) => None,
                });
                (&result.shown, reasons.collect())
            }
        };
        let reasons = reasons.into_iter().map(|(place, text)| (place.to_owned(), text.clone()));
        let shown = shown.iter().map(|(place, text)| (place.clone(), text.clone()));
        let all = self.before.iter().cloned().chain(shown).chain(reasons);
        all.filter(|(_, text)| !text.trim().is_empty()).collect()
    }

    /// Whether the client declined.
    pub(crate) fn refused(&self) -> bool {
        matches!(self.outcome, Outcome::Refuse(_))
    }
}

/// As much as anybody reads of a client's reason, which may be of any length.
fn told(reason: &str) -> &str {
    beginning(reason, 1000)
}

/// Whether a request of this operation may also be one that a client makes before another.
pub(crate) fn may_prepare(operation: &Operation) -> bool {
    PREPARATIONS.contains(&operation.path)
}

/// Whether a request is one that a client may make before that of the case.
fn prepares(received: &ReceivedRequest, case: &Case) -> bool {
    let request = &received.exchange.request;
    let is_the_operation =
        case.operation.method == *request.method() && case.operation.path == request.uri().path();
    asks_about_itself(received) && !is_the_operation
}

/// Whether a request finds out what the server takes, or what its credential is good for.
fn asks_about_itself(received: &ReceivedRequest) -> bool {
    let request = &received.exchange.request;
    let explores = [Method::OPTIONS, Method::HEAD].contains(request.method());
    explores || (*request.method() == Method::GET && PREPARATIONS.contains(&request.uri().path()))
}

/// An `Authorization` header.
pub(crate) struct Authorization<'s> {
    pub(crate) received: &'s ReceivedRequest,
    pub(crate) scheme: String,
    pub(crate) credentials: String,
}

impl<'s> Authorization<'s> {
    /// The only `Authorization` header of a request.
    pub(crate) fn of(received: &'s ReceivedRequest) -> Result<Self, String> {
        let values = authorizations(received.exchange.request.headers());
        let [value] = values.as_slice() else {
            return Err(format!("the request has {}", counted(values.len(), "Authorization header")));
        };
        let (scheme, credentials) = value.split_once(' ').unwrap_or((value, ""));
        Ok(Authorization {
            received,
            scheme: scheme.to_owned(),
            credentials: credentials.trim_start_matches(' ').to_owned(),
        })
    }

    /// Whether it is of this scheme; upper and lower case are the same (RFC 9110, section 11.1).
    pub(crate) fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// The whole value.
    pub(crate) fn value(&self) -> String {
        format!("{} {}", self.scheme, self.credentials)
    }
}

/// The values of all `Authorization` headers.
pub(crate) fn authorizations(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(header::AUTHORIZATION)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect()
}

/// Whether a request has to do with authorisation. Its path says so: a request for an operation that goes to an
/// authorisation server is one that went astray.
pub(crate) fn is_oauth(received: &ReceivedRequest) -> bool {
    received.exchange.request.uri().path().starts_with("/oauth/")
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::{Ipv4Addr, TcpStream},
        sync::{
            Arc, Mutex,
            atomic::{AtomicBool, Ordering},
        },
        thread,
    };

    use bytes::Bytes;
    use http::Request;
    use pleo_sandbox::{Handler, Reply};
    use proptest::{
        strategy::{Strategy as _, ValueTree as _},
        test_runner::TestRunner,
    };

    use super::*;
    use crate::{
        protocol::Hello,
        trial::servers::{self, TestServer},
    };

    /// No server responds to `/v1/late` meanwhile.
    static BUSY: AtomicBool = AtomicBool::new(false);

    struct Busy(Arc<dyn Handler>);

    impl Handler for Busy {
        fn handle(&self, request: &Request<Bytes>) -> Reply {
            while request.uri().path() == "/v1/late" && BUSY.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(1));
            }
            self.0.handle(request)
        }
    }

    fn listen(host: Ipv4Addr, handler: Arc<dyn Handler>) -> io::Result<Box<dyn TestServer>> {
        servers::listen(host, Arc::new(Busy(handler)))
    }

    /// Sends a request, or all but its end, and does not wait for a response.
    #[derive(Default)]
    struct GivesUp {
        server: String,
        whole: bool,
        request: Arc<Mutex<Option<TcpStream>>>,
    }

    impl Subject for GivesUp {
        fn hello(&mut self, hello: &Hello) -> Result<Introduction, SubjectError> {
            self.server = hello.environments["staging"].base_url.replace("http://", "");
            Ok(Introduction {
                protocol: VERSION,
                name: "gives up".to_owned(),
                version: String::new(),
                capabilities: Capability::ALL.into(),
                operations: None,
                base_urls: Default::default(),
            })
        }

        fn call(&mut self, call: &Call) -> Result<Outcome, SubjectError> {
            if call.id == 0 {
                let mut stream = TcpStream::connect(&self.server).unwrap();
                let end = if self.whole { END } else { "" };
                write!(stream, "GET /v1/late HTTP/1.1\r\nhost: {}\r\n{end}", self.server).unwrap();
                *self.request.lock().unwrap() = Some(stream);
            }
            let answers = vec![Answer::Failure("no response in time".to_owned())];
            Ok(Outcome::Result(CallResult { id: call.id, answers, url: None, shown: Default::default() }))
        }
    }

    /// The end of a request's head.
    const END: &str = "\r\n";

    /// What comes of a call after one whose request has come late, and what was received in it. With a time limit a busy
    /// server has not answered the request yet; without one, it has not been sent to its end.
    fn after_a_late_request(limited: bool) -> Result<usize, Stop> {
        BUSY.store(limited, Ordering::Relaxed);
        let mut client = GivesUp { whole: limited, ..GivesUp::default() };
        let request = Arc::clone(&client.request);
        let servers = TestServers::start(listen).unwrap();
        let options = Options { cases: 1, ..Options::default() };
        let mut trial = ClientTrial::begin(&mut client, servers, options).unwrap();
        let case = trial.cases().strategy().new_tree(&mut TestRunner::deterministic()).unwrap().current();
        let mut talk = Conversation::new(&mut trial);
        let first = thread::scope(|scope| {
            if limited {
                talk.limit_time();
                // The runner waits for the server.
                scope.spawn(|| {
                    thread::sleep(Duration::from_millis(50));
                    BUSY.store(false, Ordering::Relaxed);
                });
            }
            talk.call(&case)
        });
        first?;
        let mut stream = request.lock().unwrap().take().unwrap();
        if !limited {
            write!(stream, "{END}").unwrap();
        }
        assert_eq!(stream.read(&mut [0]).unwrap(), 1);
        talk.call(&case).map(|seen| seen.received.len())
    }

    #[test]
    fn a_request_that_comes_after_its_call_is_the_adapters_error_unless_the_runner_has_set_a_time_limit() {
        let Err(Stop::Error(error)) = after_a_late_request(false) else { panic!("it is let pass") };
        assert!(error.ends_with("GET /v1/late came later"), "{error}");
        assert!(matches!(after_a_late_request(true), Ok(0)));
    }
}
