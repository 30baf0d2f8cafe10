//! Judging a client: what it is called for, and what arrives in the lab.

use std::{collections::BTreeSet, fmt::Debug};

use http::{HeaderMap, header};
use proptest::prelude::Strategy;
use serde_json::Value;

use super::{
    case::{Case, Cases, cases},
    evidence::{Judgement, evidence},
    lab::{Arrival, Lab, Site},
    mask::Mask,
    search::{Findings, Options, SHRINKS, findings},
};
use crate::{
    protocol::{Action, Answer, Call, CallResult, Capability, Introduction, Refusal, Send, VERSION},
    subject::{Outcome, Subject, SubjectError},
    verdict::Verdict,
};

/// How often a subject may break down before the run asks no more of it.
const BREAKDOWNS: u32 = 3;

/// A client on trial.
pub struct ClientTrial<'a> {
    subject: &'a mut dyn Subject,
    lab: Lab,
    introduction: Introduction,
    options: Options,
    rule: &'static str,
    calls: u64,
    breakdowns: u32,
}

impl<'a> ClientTrial<'a> {
    /// Greets the subject.
    ///
    /// # Errors
    /// When it does not answer as the protocol says, or can do nothing that is asked for.
    pub(crate) fn begin(
        subject: &'a mut dyn Subject,
        lab: Lab,
        options: Options,
    ) -> Result<Self, SubjectError> {
        let introduction = subject.hello(&lab.hello())?;
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
        Ok(Self { subject, lab, introduction, options, rule: "", calls: 0, breakdowns: 0 })
    }

    /// What the subject says of itself.
    pub(crate) fn introduction(&self) -> &Introduction {
        &self.introduction
    }

    /// Cases of all operations, with every kind of credential that the subject can send.
    pub(crate) fn cases(&self) -> Cases {
        let can = |capability| self.introduction.capabilities.contains(&capability);
        match (can(Capability::ApiKeys), can(Capability::AccessTokens)) {
            (true, false) => cases().with_keys(),
            (false, true) => cases().with_tokens(),
            _ => cases(),
        }
    }

    /// Asks a rule, if the subject can do what it needs.
    pub(crate) fn judge(
        &mut self,
        rule: &'static str,
        needs: &[Capability],
        check: fn(&mut Self) -> Verdict,
    ) -> Verdict {
        let missing: BTreeSet<_> =
            needs.iter().filter(|need| !self.introduction.capabilities.contains(need)).collect();
        if !missing.is_empty() {
            let names: Vec<String> = missing.iter().map(|capability| name(**capability)).collect();
            return Verdict::Skip {
                reason: format!("the client does not claim to have: {}", names.join(", ")),
            };
        }
        if self.breakdowns >= BREAKDOWNS {
            return Verdict::Error { reason: format!("the subject broke down {BREAKDOWNS} times before") };
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
        let mut mask = Mask::default();
        let found = findings(rule, options, SHRINKS, strategy, |case| {
            let mut conversation = Conversation::new(self);
            let judged = judge(&mut conversation, case);
            let called = std::mem::take(&mut conversation.called);
            let masked = std::mem::take(&mut conversation.mask);
            match judged {
                Ok(judgement) => {
                    if matches!(judgement, Judgement::Broken(_)) {
                        mask = masked;
                    }
                    Ok((Value::Array(called), judgement))
                }
                Err(Stop::Unclear(reason)) => Ok((Value::Null, Judgement::Unclear(masked.apply(&reason)))),
                Err(Stop::Subject(error)) => {
                    self.breakdowns += 1;
                    // What it left behind is not the next call's.
                    self.lab.take_arrivals();
                    Err(masked.apply(&error.to_string()))
                }
            }
        });
        let late = self.nothing_came_late();
        match found {
            Findings::Kept(_) | Findings::Unclear(_) if late.is_err() => {
                self.breakdowns += 1;
                Verdict::Error { reason: late.err().map_or_else(String::new, |error| error.to_string()) }
            }
            found => found.verdict(rule, &mask),
        }
    }

    /// A client answers when its requests are through: what comes later could not be told from the next call's.
    fn nothing_came_late(&self) -> Result<(), SubjectError> {
        match self.lab.take_arrivals().first() {
            None => Ok(()),
            Some(arrival) => Err(SubjectError::Nonsense(format!(
                "a request arrived after the call was answered: {} {}",
                arrival.exchange.request.method(),
                arrival.exchange.request.uri().path()
            ))),
        }
    }

    /// Judges what needs no case.
    pub(crate) fn once(&mut self, judge: impl Fn(&Self) -> Judgement) -> Verdict {
        match judge(self) {
            Judgement::Kept => Verdict::Pass { conclusive: 1 },
            Judgement::Broken(finding) => {
                let evidence = evidence(self.rule, &finding, &Value::Null, &Mask::default());
                Verdict::Fail { evidence: Box::new(evidence) }
            }
            Judgement::Unclear(reason) => Verdict::Inconclusive { reason },
        }
    }
}

fn name(capability: Capability) -> String {
    match serde_json::to_value(capability) {
        Ok(Value::String(name)) => name,
        _ => format!("{capability:?}"),
    }
}

/// Why a case cannot be judged.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It does not get so far.
    Unclear(String),
    /// The subject broke down.
    Subject(SubjectError),
}

impl From<SubjectError> for Stop {
    fn from(error: SubjectError) -> Self {
        Self::Subject(error)
    }
}

/// One case: the calls in it, and what comes of them.
pub(crate) struct Conversation<'t, 'a> {
    trial: &'t mut ClientTrial<'a>,
    session: String,
    called: Vec<Value>,
    mask: Mask,
}

impl<'t, 'a> Conversation<'t, 'a> {
    fn new(trial: &'t mut ClientTrial<'a>) -> Self {
        let mut mask = Mask::default();
        for site in Site::ALL {
            mask.address(&trial.lab.url(site), site.name());
        }
        let session = format!("{}-{}", trial.rule, trial.calls);
        Self { trial, session, called: Vec::new(), mask }
    }

    /// The lab.
    pub(crate) fn lab(&self) -> &Lab {
        &self.trial.lab
    }

    /// From now on this is shown as `<name>`.
    pub(crate) fn keep_secret(&mut self, secret: &str, name: &str) {
        self.mask.secret(secret, name);
    }

    /// Makes the credential of a case good, and has the client send it.
    pub(crate) fn send(&mut self, case: &Case) -> Result<Seen, Stop> {
        self.admit(case);
        let send = case.send(self.lab());
        self.send_call(send)
    }

    /// Makes the credential of a case good.
    pub(crate) fn admit(&mut self, case: &Case) {
        self.keep_secret(&case.secret, "secret");
        let lab = self.lab();
        lab.sandbox(case.site).admit(&case.secret, case.grant(lab));
    }

    /// Has the client send something.
    pub(crate) fn send_call(&mut self, send: Send) -> Result<Seen, Stop> {
        self.act(Action::Send(Box::new(send)))
    }

    /// Has something done in a session of its own, which evidence does not tell of.
    pub(crate) fn aside<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> T {
        let session = format!("{}-aside", self.session);
        let (session, called) = (std::mem::replace(&mut self.session, session), self.called.clone());
        let done = act(self);
        (self.session, self.called) = (session, called);
        done
    }

    /// Has the client do something, in the session of this case.
    pub(crate) fn act(&mut self, action: Action) -> Result<Seen, Stop> {
        let id = self.trial.calls;
        self.trial.calls += 1;
        // The number and the session differ with the cases before.
        self.called.push(serde_json::to_value(&action).unwrap_or_default());
        let call = Call { id, session: self.session.clone(), action };
        self.trial.nothing_came_late()?;
        let outcome = self.trial.subject.call(&call)?;
        let arrivals = self.trial.lab.take_arrivals();
        if let Outcome::Refuse(Refusal { unsupported: true, reason, .. }) = &outcome {
            return Err(Stop::Unclear(format!("the client cannot do it: {reason}")));
        }
        Ok(Seen { outcome, arrivals })
    }
}

/// What came of a call.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) outcome: Outcome,
    pub(crate) arrivals: Vec<Arrival>,
}

impl Seen {
    /// What arrived that is none of the authorisation server's business.
    pub(crate) fn api(&self) -> impl Iterator<Item = &Arrival> {
        self.arrivals.iter().filter(|arrival| !is_oauth(arrival))
    }

    /// What arrived at the authorisation server.
    pub(crate) fn oauth(&self) -> impl Iterator<Item = &Arrival> {
        self.arrivals.iter().filter(|arrival| is_oauth(arrival))
    }

    /// The first request to the API.
    pub(crate) fn first(&self) -> Result<&Arrival, Stop> {
        self.api().next().ok_or_else(|| Stop::Unclear(format!("no request arrived: {}", self.told())))
    }

    /// What the subject says came of it.
    pub(crate) fn told(&self) -> String {
        match &self.outcome {
            Outcome::Refuse(refusal) => format!("the client refused: {}", refusal.reason),
            Outcome::Result(CallResult { answers, .. }) => format!("the client says {answers:?}"),
        }
    }

    /// All texts that the client shows of it, by place.
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
        shown.iter().map(|(place, text)| (place.clone(), text.clone())).chain(reasons).collect()
    }

    /// Whether the client declined.
    pub(crate) fn refused(&self) -> bool {
        matches!(self.outcome, Outcome::Refuse(_))
    }

    /// The scheme and the rest of the only `Authorization` header of the first request.
    pub(crate) fn authorization(&self) -> Result<Authorization<'_>, Stop> {
        let arrival = self.first()?;
        let values = authorizations(arrival.exchange.request.headers());
        let [value] = values.as_slice() else {
            return Err(Stop::Unclear(format!("the request has {} Authorization headers", values.len())));
        };
        let (scheme, credentials) = value.split_once(' ').unwrap_or((value, ""));
        Ok(Authorization {
            arrival,
            scheme: scheme.to_owned(),
            credentials: credentials.trim_start_matches(' ').to_owned(),
        })
    }
}

/// An `Authorization` header.
pub(crate) struct Authorization<'s> {
    pub(crate) arrival: &'s Arrival,
    pub(crate) scheme: String,
    pub(crate) credentials: String,
}

impl Authorization<'_> {
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

fn is_oauth(arrival: &Arrival) -> bool {
    arrival.exchange.request.uri().path().contains("/oauth/")
}
