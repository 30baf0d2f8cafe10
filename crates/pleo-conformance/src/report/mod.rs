//! What a run found, and the forms in which it is shown.

pub mod comparison;
pub mod github;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
#[cfg(test)]
pub(crate) mod sample;
pub mod terminal;
pub(crate) mod text;

use std::{collections::BTreeMap, fmt, time::Duration};

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::engine::SubjectKind;
use crate::{
    engine::{RuleOutcome, Run},
    rules::Rule,
    verdict::{Evidence, Level, Side, Verdict},
    words::counted,
};

/// The version of the report's form.
const FORMAT: u32 = 1;

/// What explains a failure, for a report that shows several.
const EXPLAIN: &str = "pleo-conformance explain RULE";

/// What a run found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The version of the report's form: 1.
    pub format: u32,
    /// The suite and its version.
    pub suite: String,
    /// What was judged.
    pub subject: SubjectInfo,
    /// The seed of all cases.
    pub seed: u64,
    /// The number of cases for each rule.
    pub cases: u32,
    /// When the run began, as RFC 3339 says.
    pub started_at: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How many rules have which verdict.
    pub summary: Summary,
    /// One for each rule that was selected, in the order of the catalogue.
    pub results: Vec<RuleResult>,
}

impl Report {
    /// The areas of which too little was learnt for a result: half of their MUST rules that were asked, or more,
    /// are inconclusive. A client that never gets through an authorisation has not shown how it authorises.
    pub fn unlearnt(&self) -> Vec<&str> {
        let mut areas: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        let musts = self.results.iter().filter(|result| result.level == Level::Must);
        for result in musts {
            let (asked, inconclusive) = areas.entry(result.area()).or_default();
            *asked += usize::from(result.standing() != Standing::Skipped);
            *inconclusive += usize::from(result.standing() == Standing::Inconclusive);
        }
        let little =
            areas.into_iter().filter(|(_, (asked, inconclusive))| *asked > 0 && inconclusive * 2 >= *asked);
        little.map(|(area, _)| area).collect()
    }
}

/// The report on a run.
impl From<Run> for Report {
    fn from(run: Run) -> Self {
        let Run { name, version, kind, options, started_at, duration, outcomes } = run;
        let results: Vec<RuleResult> = outcomes.into_iter().map(RuleResult::from).collect();
        Self {
            format: FORMAT,
            suite: concat!("pleo-conformance ", env!("CARGO_PKG_VERSION")).to_owned(),
            subject: SubjectInfo { name, version, kind },
            seed: options.seed,
            cases: options.cases,
            started_at: DateTime::<Utc>::from(started_at).to_rfc3339_opts(SecondsFormat::Secs, true),
            duration_ms: milliseconds(duration),
            summary: Summary::of(&results),
            results,
        }
    }
}

impl From<RuleOutcome> for RuleResult {
    fn from(outcome: RuleOutcome) -> Self {
        Self::new(outcome.rule, outcome.verdict, milliseconds(outcome.duration))
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SubjectInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it runs.
    pub kind: SubjectKind,
}

/// How many rules have which verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Rules that passed.
    pub passed: u32,
    /// MUST rules that failed.
    pub failed_must: u32,
    /// SHOULD rules that failed.
    pub failed_should: u32,
    /// Rules that failed, as the file of expected failures says.
    pub expected_failures: u32,
    /// Rules that passed, against the file of expected failures.
    pub unexpected_passes: u32,
    /// Skipped rules: they are not asked of this client or service.
    pub skipped: u32,
    /// Inconclusive rules: nothing was learnt.
    pub inconclusive: u32,
    /// Rules in error: the client or service under test broke down.
    pub errors: u32,
}

/// What was found about one rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RuleResult {
    /// The rule's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How strictly it is asked for.
    pub level: Level,
    /// Who has to follow it.
    pub side: Side,
    /// The statements that it comes from, such as `Z25`.
    pub sources: Vec<String>,
    /// The documents and headings where they stand.
    pub headings: Vec<String>,
    /// What the rule asks for.
    pub statement: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// What was found.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Why the file of expected failures has this rule, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_failure: Option<String>,
}

/// How a rule stands in the end: the verdict, in the light of the rule's level and of the file of expected
/// failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// The rule passed.
    Passed,
    /// A MUST rule failed.
    FailedMust,
    /// A SHOULD rule failed.
    FailedShould,
    /// It failed, as the file of expected failures says.
    ExpectedFailure,
    /// It passed, against the file of expected failures.
    UnexpectedPass,
    /// It is not asked of this client or service.
    Skipped,
    /// Nothing was learnt.
    Inconclusive,
    /// The client or service under test broke down.
    Error,
}

impl Standing {
    /// Whether somebody has to look at it.
    pub const fn needs_attention(self) -> bool {
        !matches!(self, Self::Passed | Self::ExpectedFailure | Self::Skipped)
    }

    /// A sign for it that needs no colour.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Passed => "✓",
            Self::FailedMust | Self::FailedShould => "✗",
            Self::ExpectedFailure => "≈",
            Self::UnexpectedPass => "!",
            Self::Skipped => "-",
            Self::Inconclusive => "?",
            Self::Error => "E",
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "passed",
            Self::FailedMust => "failed",
            Self::FailedShould => "failed (SHOULD)",
            Self::ExpectedFailure => "failed as expected",
            Self::UnexpectedPass => "passed unexpectedly",
            Self::Skipped => "skipped",
            Self::Inconclusive => "inconclusive",
            Self::Error => "error",
        })
    }
}

impl RuleResult {
    /// The result of a rule.
    pub fn new(rule: &Rule, verdict: Verdict, duration_ms: u64) -> Self {
        let owned = |list: &[&str]| list.iter().map(|&item| item.to_owned()).collect();
        Self {
            id: rule.id.to_owned(),
            title: rule.title.to_owned(),
            level: rule.level,
            side: rule.side(),
            sources: owned(rule.sources),
            headings: owned(rule.headings),
            statement: rule.statement.to_owned(),
            duration_ms,
            verdict,
            expected_failure: None,
        }
    }

    /// How the rule stands.
    pub const fn standing(&self) -> Standing {
        match (&self.verdict, &self.expected_failure, self.level) {
            (Verdict::Pass { .. }, None, _) => Standing::Passed,
            (Verdict::Pass { .. }, Some(_), _) => Standing::UnexpectedPass,
            (Verdict::Fail { .. }, Some(_), _) => Standing::ExpectedFailure,
            (Verdict::Fail { .. }, None, Level::Must) => Standing::FailedMust,
            (Verdict::Fail { .. }, None, Level::Should) => Standing::FailedShould,
            (Verdict::Skip { .. }, ..) => Standing::Skipped,
            (Verdict::Inconclusive { .. }, ..) => Standing::Inconclusive,
            (Verdict::Error { .. }, ..) => Standing::Error,
        }
    }

    /// The area that the rule belongs to: what its id begins with, such as `AUTH`.
    pub fn area(&self) -> &str {
        self.id.split_once('-').map_or(&*self.id, |(area, _)| area)
    }

    /// How the rule failed, if it did.
    pub fn evidence(&self) -> Option<&Evidence> {
        match &self.verdict {
            Verdict::Fail { evidence } => Some(evidence),
            _ => None,
        }
    }

    /// What there is to say about the standing in one sentence.
    fn note(&self) -> String {
        match (&self.verdict, &self.expected_failure) {
            (Verdict::Pass { conclusive }, None) => counted(*conclusive, "conclusive case"),
            (Verdict::Pass { .. }, Some(reason)) => {
                format!("the file of expected failures still has it: {reason}")
            }
            (Verdict::Fail { .. }, Some(reason)) => reason.clone(),
            (Verdict::Fail { evidence }, None) => evidence.message.clone(),
            (Verdict::Skip { reason } | Verdict::Inconclusive { reason } | Verdict::Error { reason }, _) => {
                reason.clone()
            }
        }
    }
}

impl Summary {
    /// Counts how rules stand.
    pub fn of(results: &[RuleResult]) -> Self {
        let mut summary = Self::default();
        for result in results {
            *match result.standing() {
                Standing::Passed => &mut summary.passed,
                Standing::FailedMust => &mut summary.failed_must,
                Standing::FailedShould => &mut summary.failed_should,
                Standing::ExpectedFailure => &mut summary.expected_failures,
                Standing::UnexpectedPass => &mut summary.unexpected_passes,
                Standing::Skipped => &mut summary.skipped,
                Standing::Inconclusive => &mut summary.inconclusive,
                Standing::Error => &mut summary.errors,
            } += 1;
        }
        summary
    }
}

/// As in `57 passed, 1 failed, 2 skipped, 0 inconclusive`; what else there is follows.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped, {} inconclusive",
            self.passed, self.failed_must, self.skipped, self.inconclusive
        )?;
        for (count, what) in [
            (self.failed_should, "failed (SHOULD)"),
            (self.expected_failures, "failed as expected"),
            (self.unexpected_passes, "passed unexpectedly"),
            (self.errors, "in error"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}

/// A form in which a report is written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// [`json`].
    Json,
    /// [`junit`].
    Junit,
    /// [`markdown`].
    Markdown,
    /// [`html`].
    Html,
}

/// Why a report cannot be written in some form. No report is known with which that happens.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// As JSON.
    #[error("the report cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// As JUnit XML.
    #[error("the report cannot be written as JUnit XML: {0}")]
    Junit(#[from] quick_junit::SerializeError),
}

/// The report in a form.
///
/// # Errors
/// When the form cannot hold the report.
pub fn render(report: &Report, format: Format) -> Result<String, RenderError> {
    Ok(match format {
        Format::Json => json::render(report)?,
        Format::Junit => junit::render(report)?,
        Format::Markdown => markdown::render(report),
        Format::Html => html::render(report),
    })
}

impl Report {
    /// Whether the report shows the evidence of a failure.
    fn shows_a_failure(&self) -> bool {
        self.results.iter().any(|result| result.evidence().is_some())
    }

    /// The results by id.
    pub fn by_id(&self) -> BTreeMap<&str, &RuleResult> {
        self.results.iter().map(|result| (result.id.as_str(), result)).collect()
    }

    /// The report in one line.
    pub fn summary_line(&self) -> String {
        let cases = counted(self.cases, "case");
        let mut line = format!("conformance  {} (seed {}, {cases} per rule)", self.summary, self.seed);
        let unlearnt = self.unlearnt();
        if !unlearnt.is_empty() {
            let areas = text::one_line(&unlearnt.join(", "));
            let their = if unlearnt.len() == 1 { "its" } else { "their" };
            line += &format!("; no result for {areas}: too many of {their} rules are inconclusive");
        }
        line
    }

    /// The same report as if it had been made in no time in 1970: two runs with the same seed then are equal.
    #[must_use]
    pub fn without_times(mut self) -> Self {
        self.started_at = "1970-01-01T00:00:00Z".to_owned();
        self.duration_ms = 0;
        for result in &mut self.results {
            result.duration_ms = 0;
        }
        self
    }

    /// How a rule stands, and how many do: only what there is, in the order of [`Standing`].
    fn standings(&self) -> BTreeMap<Standing, usize> {
        let mut standings = BTreeMap::new();
        for result in &self.results {
            *standings.entry(result.standing()).or_default() += 1;
        }
        standings
    }

    /// The results by area, in the order in which the areas come first, each with its place in `results`.
    fn areas(&self) -> Vec<(&str, Vec<(usize, &RuleResult)>)> {
        let mut areas: Vec<(&str, Vec<(usize, &RuleResult)>)> = Vec::new();
        for (place, result) in self.results.iter().enumerate() {
            match areas.iter_mut().find(|(area, _)| *area == result.area()) {
                Some((_, results)) => results.push((place, result)),
                None => areas.push((result.area(), vec![(place, result)])),
            }
        }
        areas
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Format, Report, Standing, Summary, render, sample};

    #[test]
    fn the_sample_has_every_standing_and_they_are_counted() {
        let report = sample::report();
        assert_eq!(report.standings().len(), 8);
        let Summary {
            passed,
            failed_must,
            failed_should,
            expected_failures,
            unexpected_passes,
            skipped,
            inconclusive,
            errors,
        } = report.summary;
        assert_eq!(
            [
                passed,
                failed_must,
                failed_should,
                expected_failures,
                unexpected_passes,
                skipped,
                inconclusive,
                errors
            ],
            [2, 1, 1, 1, 1, 1, 1, 1]
        );
        assert_eq!(report.standings()[&Standing::Passed], 2);
    }

    #[test]
    fn the_summary_line_is_one_that_people_grep_for() {
        let mut report = sample::report();
        report.results.retain(|result| ["AUTH-1", "AUTH-2", "AUTH-3", "ENV-1"].contains(&&*result.id));
        report.summary = Summary::of(&report.results);
        assert_eq!(
            report.summary_line(),
            "conformance  2 passed, 1 failed, 1 skipped, 0 inconclusive (seed 1, 256 cases per rule)"
        );
    }

    #[test]
    fn only_times_are_taken_out() {
        let report = sample::report();
        let mut slower = report.clone();
        slower.started_at = "2027-01-01T00:00:00Z".to_owned();
        slower.duration_ms += 1;
        slower.results[0].duration_ms += 1;
        assert_ne!(slower, report);
        assert_eq!(slower.clone().without_times(), report.clone().without_times());
        slower.results[0].title.push('x');
        assert_ne!(slower.without_times(), report.without_times());
    }

    proptest! {
        #[test]
        fn equal_reports_are_written_byte_for_byte_the_same(report in sample::any_report()) {
            for format in [Format::Json, Format::Junit, Format::Markdown, Format::Html] {
                let again: Report = serde_json::from_str(&render(&report, Format::Json).unwrap()).unwrap();
                prop_assert_eq!(render(&report, format).unwrap(), render(&again, format).unwrap());
            }
        }

        #[test]
        fn every_rule_is_counted_once(report in sample::any_report()) {
            let Summary {
                passed,
                failed_must,
                failed_should,
                expected_failures,
                unexpected_passes,
                skipped,
                inconclusive,
                errors,
            } = report.summary;
            let all = passed
                + failed_must
                + failed_should
                + expected_failures
                + unexpected_passes
                + skipped
                + inconclusive
                + errors;
            prop_assert_eq!(all as usize, report.results.len());
            prop_assert_eq!(report.areas().iter().map(|(_, results)| results.len()).sum::<usize>(), report.results.len());
        }
    }
}
