//! Tries many cases of a rule and finds the smallest that breaks it.

use std::{cell::RefCell, fmt::Debug};

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
use crate::verdict::Verdict;

/// How often a case is made smaller at most.
pub(crate) const SHRINKS: u32 = 128;

/// How a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The seed of all cases.
    pub seed: u64,
    /// The number of cases for each rule.
    pub cases: u32,
}

impl Default for Options {
    /// 256 cases, and always the same ones.
    fn default() -> Self {
        Self { seed: 1, cases: 256 }
    }
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
