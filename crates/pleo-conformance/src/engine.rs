//! Runs rules on subjects: many cases each, shrunk to the smallest that fails.

use std::{
    cell::RefCell,
    fmt::Debug,
    io,
    time::{Duration, Instant, SystemTime},
};

use proptest::{
    prelude::Strategy,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    client_trial::ClientTrial,
    evidence::{Finding, Judgement},
    report::{Report, RuleResult, SubjectInfo, SubjectKind, Summary, Verdict},
    rule::{Check, Rule, Side},
    service::{Service, ServiceTrial},
    subject::{Subject, SubjectError},
};

/// How often a case is made smaller at most.
const SHRINKS: u32 = 512;

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
pub enum SubjectUnderTest<'a> {
    /// A client, and where it runs.
    Client(&'a mut dyn Subject, SubjectKind),
    /// A service.
    Service(&'a mut dyn Service),
}

/// What has happened in a run so far.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// A rule begins.
    Begins(&'static Rule),
    /// A rule is done.
    Done(&'a RuleResult),
}

/// Why a run could not begin.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The servers of the lab could not be started.
    #[error("the servers that stand in for Pleo could not be started: {0}; are there free ports on 127.0.0.1?")]
    Lab(#[from] io::Error),
    /// The subject could not be greeted.
    #[error("{0}; start it by hand and give it a hello, see docs/conformance-protocol.md")]
    Subject(#[from] SubjectError),
}

/// Judges a subject by these rules.
///
/// # Errors
/// When the lab cannot be started, or the subject not greeted. Whatever goes wrong later is a verdict.
pub fn run(
    rules: &[&'static Rule],
    subject: SubjectUnderTest<'_>,
    options: Options,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Report, RunError> {
    let began = (SystemTime::now(), Instant::now());
    let mut results = Vec::with_capacity(rules.len());
    let mut judge = |judge: &mut dyn FnMut(&'static Rule) -> Verdict| {
        for &rule in rules {
            progress(Progress::Begins(rule));
            let began = Instant::now();
            let verdict = judge(rule);
            let result = RuleResult::new(rule, verdict, milliseconds(began.elapsed()));
            progress(Progress::Done(&result));
            results.push(result);
        }
    };
    let skip = |side: Side| Verdict::Skip { reason: format!("it is about the {side}'s side") };
    let subject = match subject {
        SubjectUnderTest::Client(subject, kind) => {
            let mut trial = ClientTrial::begin(subject, options)?;
            judge(&mut |rule| match rule.check {
                Check::Client { needs, check } => trial.judge(rule, needs, check),
                Check::Service { .. } => skip(Side::Service),
            });
            let introduction = trial.introduction();
            SubjectInfo { name: introduction.name.clone(), version: introduction.version.clone(), kind }
        }
        SubjectUnderTest::Service(service) => {
            let mut trial = ServiceTrial::new(service, options);
            judge(&mut |rule| match rule.check {
                Check::Service { check } => trial.judge(rule, check),
                Check::Client { .. } => skip(Side::Client),
            });
            trial.info()
        }
    };
    Ok(Report {
        format: 1,
        suite: concat!("pleo-conformance ", env!("CARGO_PKG_VERSION")).to_owned(),
        subject,
        seed: options.seed,
        cases: options.cases,
        started_at: chrono::DateTime::<chrono::Utc>::from(began.0)
            .to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
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

/// Judges cases until one breaks the rule, and then looks for the smallest that does.
///
/// `judge` says what it called for and what that shows. It is called anew for every attempt to make a case
/// smaller.
pub(crate) fn findings<S: Strategy>(
    rule: &str,
    options: Options,
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
        error: Option<String>,
    }
    // Each rule has cases of its own, whatever other rules are run.
    let seed = Sha256::digest(format!("{rule} {}", options.seed));
    let config = Config {
        cases: options.cases,
        max_shrink_iters: SHRINKS,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let state =
        RefCell::new(State { judge, kept: 0, unclear: String::new(), broken: None, error: None });
    let outcome = runner.run(&strategy, |case| {
        let state = &mut *state.borrow_mut();
        if state.error.is_some() {
            return Ok(());
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
        (None, None, Err(TestError::Abort(reason))) => Findings::Error(reason.to_string()),
        (None, None, _) if kept > 0 => Findings::Kept(kept),
        _ => Findings::Unclear(unclear),
    }
}
