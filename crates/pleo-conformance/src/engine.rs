//! Judges clients and services by rules.

use std::{
    fmt, io,
    time::{Duration, Instant, SystemTime},
};

use pleo::Environment as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    rules::{Check, Rule},
    subject::{
        OurClient, ProcessSubject, Subject, SubjectError,
        service::{LiveError, LiveService, SandboxService, Service, target},
    },
    trial::{ClientTrial, ServiceTrial, TestServers, listen},
    verdict::Verdict,
};

pub use crate::trial::{Listen, Options, TestServer};

/// What is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectUnderTest {
    /// Our client and our sandbox, in this process.
    InProcess,
    /// A client: a program that speaks the suite's protocol.
    Program {
        /// The program and its arguments.
        command: Vec<String>,
        /// How long one answer of it may take.
        timeout: Duration,
    },
    /// A live service. Its credentials come from the environment, see [`LiveService::from_env`].
    Service {
        /// Its base URL.
        base_url: String,
        /// How long one response of it may take.
        timeout: Duration,
    },
}

/// Where a client or service under test runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectKind {
    /// Our client, in the runner's process.
    InProcess,
    /// A program that the runner started.
    Program,
    /// A service.
    Service,
}

impl fmt::Display for SubjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InProcess => "in process",
            Self::Program => "program",
            Self::Service => "service",
        })
    }
}

/// What was run, and what came of it.
#[derive(Debug)]
pub struct Run {
    /// The name of what was judged.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it runs.
    pub kind: SubjectKind,
    /// How the run went.
    pub options: Options,
    /// When it began.
    pub started_at: SystemTime,
    /// How long it took.
    pub duration: Duration,
    /// What came of each rule, in the order in which they were run.
    pub outcomes: Vec<RuleOutcome>,
}

/// What came of a rule.
#[derive(Debug)]
pub struct RuleOutcome {
    /// The rule.
    pub rule: &'static Rule,
    /// What was found.
    pub verdict: Verdict,
    /// How long it took.
    pub duration: Duration,
}

/// How far a run is.
#[derive(Debug, Clone, Copy)]
pub enum Progress {
    /// A rule's turn has come.
    Began(&'static Rule),
    /// A rule is done.
    Ended(&'static Rule),
}

/// Why rules could not be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The test servers could not be started.
    #[error("the test servers could not be started: {0}; are there free ports on 127.0.0.1?")]
    Start(#[from] io::Error),
    /// The client could not be greeted.
    #[error("{0}; start it by hand and give it a hello, see docs/conformance-protocol.md")]
    Subject(#[from] SubjectError),
    /// The live service could not be prepared.
    #[error(transparent)]
    Live(#[from] LiveError),
}

/// Judges a client, a service or both by these rules.
///
/// # Errors
/// When the client under test or the test servers cannot be started. Whatever goes wrong later is a verdict.
pub fn run(
    rules: &[&'static Rule],
    subject: SubjectUnderTest,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Run, RunError> {
    match subject {
        SubjectUnderTest::InProcess => {
            let (mut client, mut sandbox) = (OurClient::new()?, SandboxService::start()?);
            let kind = SubjectKind::InProcess;
            judge(
                rules,
                Judged { client: Some(&mut client), service: Some(&mut sandbox), kind },
                options,
                progress,
            )
        }
        SubjectUnderTest::Program { command, timeout } => {
            let mut client = ProcessSubject::start(command, timeout)?;
            let kind = SubjectKind::Program;
            judge(rules, Judged { client: Some(&mut client), service: None, kind }, options, progress)
        }
        SubjectUnderTest::Service { base_url, timeout } => {
            let mut live = LiveService::from_env(&base_url, timeout)?;
            let kind = SubjectKind::Service;
            // Where requests are few, one case a rule is enough: the credential is always the same.
            let options = &Options { cases: 1, ..*options };
            judge(rules, Judged { client: None, service: Some(&mut live), kind }, options, progress)
        }
    }
}

/// What a live service would be asked for these rules, one line a request.
///
/// # Errors
/// When the address is none that credentials may be sent to.
pub fn plan(rules: &[&'static Rule], base_url: &str) -> Result<Vec<String>, LiveError> {
    let environment = target(base_url)?;
    let base_url = environment.base_url();
    let live = rules.iter().filter_map(|rule| match rule.check {
        Check::Service { live: Some(request), .. } => Some((rule, request)),
        _ => None,
    });
    Ok(live.map(|(rule, request)| format!("{}: GET {base_url}/v1/introspect {request}", rule.id)).collect())
}

/// A client, a service, or both.
pub struct Judged<'a> {
    /// Rules about clients are asked of this one.
    pub client: Option<&'a mut dyn Subject>,
    /// Rules about the service are asked of this one.
    pub service: Option<&'a mut dyn Service>,
    /// Where they run.
    pub kind: SubjectKind,
}

/// Judges a client, a service, or both by these rules.
///
/// # Errors
/// When the servers cannot be started, or the client not greeted. Whatever goes wrong later is a verdict.
pub fn judge(
    rules: &[&'static Rule],
    judged: Judged<'_>,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Run, RunError> {
    judge_on(listen, rules, judged, options, progress)
}

/// As [`judge`], with test servers of another HTTP implementation. A service that is judged has its own.
///
/// # Errors
/// When the servers cannot be started, or the client not greeted. Whatever goes wrong later is a verdict.
pub fn judge_on(
    listen: Listen,
    rules: &[&'static Rule],
    judged: Judged<'_>,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Run, RunError> {
    let (started_at, started) = (SystemTime::now(), Instant::now());
    let Judged { client, service, kind } = judged;
    let mut client = match client {
        Some(client) => Some(ClientTrial::begin(client, TestServers::start(listen)?, *options)?),
        None => None,
    };
    let mut service = service.map(|service| ServiceTrial::new(service, *options));
    let mut outcomes = Vec::with_capacity(rules.len());
    for &rule in rules {
        progress(Progress::Began(rule));
        let began = Instant::now();
        let skip = || Verdict::Skip { reason: format!("it is about the {}'s side", rule.side()) };
        let verdict = match rule.check {
            Check::Client { needs, check } => {
                client.as_mut().map_or_else(skip, |trial| trial.judge(rule.id, needs, check))
            }
            Check::Service { live, check } => {
                service.as_mut().map_or_else(skip, |trial| trial.judge(rule.id, live.is_some(), check))
            }
        };
        outcomes.push(RuleOutcome { rule, verdict, duration: began.elapsed() });
        progress(Progress::Ended(rule));
    }
    let (name, version) = match (&client, &service) {
        (Some(trial), _) => (trial.introduction().name.clone(), trial.introduction().version.clone()),
        (None, Some(trial)) => trial.name_and_version(),
        (None, None) => Default::default(),
    };
    Ok(Run { name, version, kind, options: *options, started_at, duration: started.elapsed(), outcomes })
}
