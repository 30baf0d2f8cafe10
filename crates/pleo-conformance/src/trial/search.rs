//! Tries many cases of a rule and finds the smallest that fails it.

use std::{cell::RefCell, collections::BTreeMap, fmt::Debug};

use proptest::{
    prelude::Strategy,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    evidence::{Finding, Judgement, evidence},
    mask::Mask,
};
use crate::{verdict::Verdict, words::counted};

/// A rule passes only if at least one case in so many was conclusive.
const ONE_CONCLUSIVE_IN: u32 = 4;

/// How a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The seed of all cases.
    pub seed: u64,
    /// The number of cases for each rule.
    pub cases: u32,
    /// How many smaller cases are tried at most, once a case has failed. With 0 the evidence is about the first that
    /// failed. A live service is never asked again.
    pub shrinks: u32,
}

impl Default for Options {
    /// 256 cases, and always the same ones; 128 smaller ones after a failure.
    fn default() -> Self {
        Self { seed: 1, cases: 256, shrinks: 128 }
    }
}

/// Why a case cannot be judged.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It did not get so far.
    Inconclusive(String),
    /// The client has no way to do what it was called for, which shows nothing of it. Why not.
    Unsupported(String),
    /// The run lacks what the rule needs.
    Skip(String),
    /// The client or service broke down.
    Error(String),
    /// The adapter said what the test servers saw otherwise. Other cases may still fail the rule.
    Contradicted(String),
    /// The case shows nothing that would fail the rule, but not all that would had to be kept. Other cases may
    /// still fail it; none lets it pass.
    Lost(String),
}

/// One case that was tried.
pub(crate) struct Attempt {
    /// What was called for.
    pub(crate) called: Value,
    /// What must not be shown of it.
    pub(crate) mask: Mask,
    /// What it shows.
    pub(crate) judged: Result<Judgement, Stop>,
}

/// What the cases have shown so far.
#[derive(Default)]
struct Tally {
    conclusive: u32,
    /// How often, by reason.
    inconclusive: BTreeMap<String, u32>,
    unsupported: Option<String>,
    failed: Option<(Box<Finding>, Value, Mask)>,
    tried_smaller: u32,
    contradicted: Option<String>,
    lost: Option<String>,
    /// What ends the search.
    ended: Option<Verdict>,
}

impl Tally {
    /// Counts an attempt; whether the search goes on as if the case had passed.
    fn count(&mut self, attempt: Attempt) -> bool {
        let Attempt { called, mask, judged } = attempt;
        match judged {
            Ok(Judgement::Pass) => self.conclusive += 1,
            Ok(Judgement::Inconclusive(reason)) | Err(Stop::Inconclusive(reason)) => {
                *self.inconclusive.entry(mask.apply(&reason)).or_default() += 1;
            }
            Err(Stop::Lost(reason)) => self.lost = Some(reason),
            // The last of them is the smallest: a case is made smaller only where that still fails.
            Ok(Judgement::Fail(finding)) => {
                self.failed = Some((finding, called, mask));
                return false;
            }
            Err(Stop::Unsupported(reason)) => self.unsupported = Some(mask.apply(&reason)),
            Err(Stop::Skip(reason)) => self.ended = Some(Verdict::Skip { reason }),
            Err(Stop::Contradicted(reason)) => {
                self.contradicted.get_or_insert_with(|| mask.apply(&reason));
            }
            Err(Stop::Error(reason)) => self.ended = Some(Verdict::Error { reason: mask.apply(&reason) }),
        }
        self.ended.is_none()
    }

    fn verdict(self, rule: &str) -> Verdict {
        let Self { conclusive, inconclusive, unsupported, failed, contradicted, lost, ended, .. } = self;
        if let Some((finding, called, mask)) = failed {
            return Verdict::Fail { evidence: Box::new(evidence(rule, &finding, &called, &mask)) };
        }
        if let Some(verdict) = ended.or(contradicted.map(|reason| Verdict::Error { reason })) {
            return verdict;
        }
        if let Some(reason) = lost {
            return Verdict::Inconclusive { reason };
        }
        if let (Some(reason), 0, true) = (unsupported, conclusive, inconclusive.is_empty()) {
            let reason = format!("the client supports nothing that the rule could be asked with: {reason}");
            return Verdict::Skip { reason };
        }
        let cases = conclusive + inconclusive.values().sum::<u32>();
        let most_frequent = inconclusive.into_iter().max_by_key(|(_, count)| *count);
        match most_frequent {
            Some((reason, _)) if conclusive == 0 => Verdict::Inconclusive { reason },
            Some((reason, count)) if conclusive.saturating_mul(ONE_CONCLUSIVE_IN) < cases => {
                let were = if conclusive == 1 { "was" } else { "were" };
                let in_how_many = counted(count, "case");
                let reason = format!(
                    "only {conclusive} of {cases} cases {were} conclusive; the most frequent reason, in \
                     {in_how_many}: {reason}"
                );
                Verdict::Inconclusive { reason }
            }
            _ => Verdict::Pass { conclusive },
        }
    }
}

/// Judges cases until one fails the rule, and then looks for the smallest that does.
///
/// `judge` is called anew for every attempt to make a case smaller.
pub(crate) fn each<S: Strategy>(
    rule: &str,
    options: Options,
    strategy: S,
    judge: impl FnMut(&S::Value) -> Attempt,
) -> Verdict
where
    S::Value: Clone + Debug,
{
    // Each rule has cases of its own, whatever other rules are run.
    let seed = Sha256::digest(format!("{rule} {}", options.seed));
    let config = Config {
        cases: options.cases,
        // Counted below, since proptest prints a line when it is the one to stop; `u32::MAX` would be its word
        // for four times the number of cases.
        max_shrink_iters: u32::MAX - 1,
        max_shrink_time: 0,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let state = RefCell::new((Tally::default(), judge));
    let outcome = runner.run(&strategy, |case| {
        let (tally, judge) = &mut *state.borrow_mut();
        if tally.ended.is_some() {
            return Ok(());
        }
        if tally.failed.is_some() {
            if tally.tried_smaller == options.shrinks {
                return Ok(());
            }
            tally.tried_smaller += 1;
        }
        match tally.count(judge(&case)) {
            true => Ok(()),
            false => Err(TestCaseError::fail("this case fails the rule")),
        }
    });
    let (tally, _) = state.into_inner();
    match outcome {
        // Neither is the client's doing: a check that panicked, or cases that could not be made.
        Err(TestError::Abort(reason) | TestError::Fail(reason, _))
            if tally.failed.is_none() && tally.ended.is_none() =>
        {
            Verdict::Error { reason: format!("the check itself failed: {reason}") }
        }
        _ => tally.verdict(rule),
    }
}
