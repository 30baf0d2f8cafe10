//! Runs rules on subjects: many cases each, shrunk to the smallest that fails.

use std::{
    cell::RefCell,
    fmt::Debug,
    io,
    time::{Duration, Instant, SystemTime},
};

use chrono::{DateTime, SecondsFormat, Utc};
use proptest::{
    prelude::Strategy,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    client_trial::ClientTrial,
    evidence::{Finding, Judgement, evidence},
    mask::Mask,
    report::{Report, RuleResult, SubjectInfo, SubjectKind, Summary},
    rule::{Check, Rule},
    service::{self, LiveError, LiveService, SandboxService, Service, ServiceTrial},
    subject::{OurClient, ProcessSubject, Subject, SubjectError},
    verdict::Verdict,
};

/// How often a case is made smaller at most.
pub(crate) const SHRINKS: u32 = 128;

/// How a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The seed of all cases.
    pub seed: u64,
    /// The number of cases a rule.
    pub cases: u32,
}

impl Default for Options {
    /// 256 cases, and always the same ones.
    fn default() -> Self {
        Self { seed: 1, cases: 256 }
    }
}

/// What is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectUnderTest {
    /// Our client and our sandbox, in this process.
    InProcess,
    /// A client: a program that speaks the suite's protocol.
    Program {
        /// The program and its arguments.
        command: Vec<String>,
        /// How long it may take for one answer.
        timeout: Duration,
    },
    /// A live service. Its credentials come from the environment, see [`LiveService::from_env`].
    Service {
        /// Its base URL.
        base_url: String,
        /// How long it may take for one answer.
        timeout: Duration,
    },
}

/// How far a run is.
#[derive(Debug, Clone, Copy)]
pub enum Progress {
    /// A rule's turn has come.
    Began(&'static Rule),
    /// A rule is done.
    Ended(&'static Rule),
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// What stands in for Pleo could not be started.
    #[error("what stands in for Pleo could not be started: {0}; are there free ports on 127.0.0.1?")]
    Start(#[from] io::Error),
    /// The client could not be greeted.
    #[error("{0}; start it by hand and give it a hello, see docs/conformance-protocol.md")]
    Subject(#[from] SubjectError),
    /// The live service could not be prepared.
    #[error(transparent)]
    Live(#[from] LiveError),
}

/// Judges a subject by these rules.
///
/// # Errors
/// When the subject, or what stands in for Pleo, cannot be started. Whatever goes wrong later is a verdict.
pub fn run(
    rules: &[&'static Rule],
    subject: SubjectUnderTest,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, RunError> {
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

/// What a live service would be asked, one line a request.
///
/// # Errors
/// When the address is none that credentials may be sent to.
pub fn plan(rules: &[&'static Rule], base_url: &str) -> Result<Vec<String>, LiveError> {
    service::plan(rules, base_url)
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
/// When the lab cannot be started, or the client not greeted. Whatever goes wrong later is a verdict.
pub fn judge(
    rules: &[&'static Rule],
    judged: Judged<'_>,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, RunError> {
    let began = (SystemTime::now(), Instant::now());
    let Judged { client, service, kind } = judged;
    let mut client = client.map(|client| ClientTrial::begin(client, *options)).transpose()?;
    let mut service = service.map(|service| ServiceTrial::new(service, *options));
    let mut results = Vec::with_capacity(rules.len());
    for &rule in rules {
        progress(Progress::Began(rule));
        let began = Instant::now();
        let skip = || Verdict::Skip { reason: format!("it is about the {}'s side", rule.side()) };
        let verdict = match rule.check {
            Check::Client { needs, check } => {
                client.as_mut().map_or_else(skip, |trial| trial.judge(rule, needs, check))
            }
            Check::Service { live, check } => {
                service.as_mut().map_or_else(skip, |trial| trial.judge(rule, live.is_some(), check))
            }
        };
        results.push(RuleResult::new(rule, verdict, milliseconds(began.elapsed())));
        progress(Progress::Ended(rule));
    }
    let (name, version) = match (&client, &service) {
        (Some(trial), _) => (trial.introduction().name.clone(), trial.introduction().version.clone()),
        (None, Some(trial)) => trial.name_and_version(),
        (None, None) => Default::default(),
    };
    Ok(Report {
        format: 1,
        suite: concat!("pleo-conformance ", env!("CARGO_PKG_VERSION")).to_owned(),
        subject: SubjectInfo { name, version, kind },
        seed: options.seed,
        cases: options.cases,
        started_at: DateTime::<Utc>::from(began.0).to_rfc3339_opts(SecondsFormat::Secs, true),
        duration_ms: milliseconds(began.1.elapsed()),
        summary: Summary::of(&results),
        results,
    })
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What many cases show of a rule.
pub(crate) enum Findings {
    /// The rule is kept in so many cases.
    Kept(u32),
    /// This breaks it, in the smallest such case that was found.
    Broken(Box<Finding>, Value),
    /// No case got so far; this is why the last one did not.
    Unclear(String),
    /// It could not be found out.
    Error(String),
}

impl Findings {
    /// What they say of the rule; the mask is that of the case that broke it.
    pub(crate) fn verdict(self, rule: &str, mask: &Mask) -> Verdict {
        match self {
            Self::Kept(conclusive) => Verdict::Pass { conclusive },
            Self::Broken(finding, case) => {
                Verdict::Fail { evidence: Box::new(evidence(rule, &finding, &case, mask)) }
            }
            Self::Unclear(reason) => Verdict::Inconclusive { reason },
            Self::Error(reason) => Verdict::Error { reason },
        }
    }
}

/// Judges cases until one breaks the rule, and then looks for the smallest that does.
///
/// `judge` says what it called for and what that shows. It is called anew for every attempt to make a case
/// smaller.
pub(crate) fn findings<S: Strategy>(
    rule: &str,
    options: Options,
    shrinks: u32,
    strategy: S,
    judge: impl FnMut(&S::Value) -> Result<(Value, Judgement), String>,
) -> Findings
where
    S::Value: Clone + Debug,
{
    struct State<J> {
        judge: J,
        kept: u32,
        unclear: String,
        broken: Option<(Box<Finding>, Value)>,
        tried_smaller: u32,
        error: Option<String>,
    }
    // Each rule has cases of its own, whatever other rules are run.
    let seed = Sha256::digest(format!("{rule} {}", options.seed));
    let config = Config {
        cases: options.cases,
        // Counted below: proptest prints a line when it is the one to stop.
        max_shrink_iters: u32::MAX,
        max_shrink_time: 0,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let state = RefCell::new(State {
        judge,
        kept: 0,
        unclear: String::new(),
        broken: None,
        tried_smaller: 0,
        error: None,
    });
    let outcome = runner.run(&strategy, |case| {
        let state = &mut *state.borrow_mut();
        if state.error.is_some() {
            return Ok(());
        }
        if state.broken.is_some() {
            if state.tried_smaller == shrinks {
                return Ok(());
            }
            state.tried_smaller += 1;
        }
        match (state.judge)(&case) {
            Ok((_, Judgement::Kept)) => state.kept += 1,
            Ok((_, Judgement::Unclear(reason))) => state.unclear = reason,
            Ok((called, Judgement::Broken(finding))) => {
                // The last of them is the smallest: a case is made smaller only where that still fails.
                let message = finding.message;
                state.broken = Some((finding, called));
                return Err(TestCaseError::fail(message));
            }
            Err(error) => {
                state.error = Some(error);
                return Err(TestCaseError::fail("error"));
            }
        }
        Ok(())
    });
    let State { kept, unclear, broken, error, .. } = state.into_inner();
    match (broken, error, outcome) {
        (Some((finding, case)), ..) => Findings::Broken(finding, case),
        (None, Some(error), _) => Findings::Error(error),
        // Neither is ours: a check that panicked, or cases that could not be made.
        (None, None, Err(TestError::Abort(reason) | TestError::Fail(reason, _))) => {
            Findings::Error(format!("the check itself failed: {reason}"))
        }
        (None, None, _) if kept > 0 => Findings::Kept(kept),
        _ => Findings::Unclear(unclear),
    }
}
