//! The report as JUnit XML, for what shows test results: nextest's consumers, GitHub's and others.
//!
//! An area is a test suite, and the class name of its rules; a rule is a test case. A skipped rule and one of
//! which nothing was learnt are skipped, with the reason; so is one that fails as expected. An unexpected pass
//! is a failure.

use std::time::Duration;

use chrono::DateTime;
use quick_junit::{NonSuccessKind, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::{
    Report, RuleResult, Standing,
    text::{one_line, visible},
};

/// The report as JUnit XML.
///
/// # Errors
/// None are known: every report can be written.
pub fn render(report: &Report) -> Result<String, SerializeError> {
    let mut junit = quick_junit::Report::new(one_line(&format!("conformance of {}", report.subject.name)));
    junit.set_time(Duration::from_millis(report.duration_ms));
    if let Ok(started_at) = DateTime::parse_from_rfc3339(&report.started_at) {
        junit.set_timestamp(started_at);
    }
    for (area, results) in report.areas() {
        let mut suite = TestSuite::new(one_line(area));
        suite.set_time(Duration::from_millis(results.iter().map(|(_, result)| result.duration_ms).sum()));
        suite.add_test_cases(results.into_iter().map(|(_, result)| test_case(result)));
        junit.add_test_suite(suite);
    }
    junit.to_string()
}

fn test_case(result: &RuleResult) -> TestCase {
    let mut case = TestCase::new(one_line(&format!("{} {}", result.id, result.title)), status(result));
    case.set_classname(one_line(result.area()));
    case.set_time(Duration::from_millis(result.duration_ms));
    case
}

fn status(result: &RuleResult) -> TestCaseStatus {
    let standing = result.standing();
    let mut status = match standing {
        Standing::Passed => return TestCaseStatus::success(),
        Standing::FailedMust | Standing::FailedShould | Standing::UnexpectedPass => {
            TestCaseStatus::non_success(NonSuccessKind::Failure)
        }
        Standing::Error => TestCaseStatus::non_success(NonSuccessKind::Error),
        Standing::ExpectedFailure | Standing::Skipped | Standing::Inconclusive => TestCaseStatus::skipped(),
    };
    status.set_message(one_line(&match standing {
        Standing::FailedMust | Standing::FailedShould => result.note(),
        _ => format!("{standing}: {}", result.note()),
    }));
    if let Some(evidence) = result.evidence() {
        let mut description = format!(
            "{} {}\n{}\n\nexpected:\n{}\n\nreceived:\n{}\n",
            result.level, result.statement, evidence.message, evidence.expected, evidence.received
        );
        for (name, text) in evidence.details() {
            description.push_str(&format!("\n{name}:\n{text}\n"));
        }
        description.push_str(&format!("\nnext: pleo-conformance explain {}\n", result.id));
        status.set_type(result.level.to_string());
        status.set_description(visible(&description));
    }
    status
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quick_junit::{NonSuccessKind, TestCaseStatus};

    use super::{super::sample, render};

    fn read(xml: &str) -> quick_junit::Report {
        quick_junit::Report::deserialize_from_str(xml).unwrap()
    }

    #[test]
    fn areas_are_suites_and_rules_are_cases_with_their_counts() {
        let junit = read(&render(&sample::report()).unwrap());
        assert_eq!((junit.tests, junit.failures, junit.errors), (9, 3, 1));
        let suites: Vec<_> = junit
            .test_suites
            .iter()
            .map(|suite| (suite.name.as_str(), suite.tests, suite.failures, suite.errors, suite.skipped))
            .collect();
        assert_eq!(suites, [("AUTH", 4, 2, 0, 1), ("ENV", 5, 1, 1, 2)]);
        for suite in &junit.test_suites {
            for case in &suite.test_cases {
                assert_eq!(case.classname.as_ref(), Some(&suite.name));
                assert!(case.name.as_str().starts_with(suite.name.as_str()));
                assert!(case.time.is_some());
            }
        }
        assert_eq!(
            junit.timestamp.map(|time| time.to_rfc3339()).as_deref(),
            Some("2026-01-02T03:04:05+00:00")
        );
    }

    #[test]
    fn whoever_reads_it_learns_what_was_expected_and_received() {
        let junit = read(&render(&sample::report()).unwrap());
        let TestCaseStatus::NonSuccess { kind: NonSuccessKind::Failure, message, ty, description, .. } =
            &junit.test_suites[0].test_cases[1].status
        else {
            panic!("AUTH-2 did not fail");
        };
        assert_eq!(message.as_ref().unwrap().as_str(), "the key is in the password");
        assert_eq!(ty.as_ref().unwrap().as_str(), "MUST");
        let description = description.as_ref().unwrap().as_str();
        for part in [
            "Basic KEY:",
            "Basic :KEY",
            "\"operation\": \"list_employees\"",
            "GET http://127.0.0.1",
            "curl -u",
        ] {
            assert!(description.contains(part), "{part}");
        }
        let last = description.trim_end().lines().last();
        assert_eq!(last, Some("next: pleo-conformance explain AUTH-2"));
    }

    #[test]
    fn what_is_neither_passed_nor_failed_has_its_reason() {
        let xml = render(&sample::report()).unwrap();
        for message in [
            r#"<error message="error: it did not respond"/>"#,
            r#"<skipped message="skipped: the client has no OAuth"/>"#,
            r#"<skipped message="inconclusive: only 401 was ever seen"/>"#,
            r#"<skipped message="failed as expected: known since May" type="MUST">"#,
            r#"<failure message="passed unexpectedly: the file of expected failures still has it: mended in June"/>"#,
        ] {
            assert!(xml.contains(message), "{message} in {xml}");
        }
    }

    proptest! {
        #[test]
        fn any_report_is_well_formed_and_keeps_its_counts(report in sample::any_report()) {
            let xml = render(&report).unwrap();
            let mut reader = quick_xml::Reader::from_str(&xml);
            reader.config_mut().enable_all_checks(true);
            let mut cases = 0;
            loop {
                match reader.read_event().unwrap() {
                    quick_xml::events::Event::Eof => break,
                    quick_xml::events::Event::Start(tag) | quick_xml::events::Event::Empty(tag) => {
                        cases += usize::from(tag.name().as_ref() == b"testcase");
                        prop_assert!(["testsuites", "testsuite", "testcase", "error", "failure", "skipped"]
                            .contains(&str::from_utf8(tag.name().as_ref()).unwrap()));
                    }
                    quick_xml::events::Event::End(_)
                    | quick_xml::events::Event::Decl(_)
                    | quick_xml::events::Event::GeneralRef(_)
                    | quick_xml::events::Event::Text(_) => {}
                    other => prop_assert!(false, "{other:?}"),
                }
            }
            prop_assert_eq!(cases, report.results.len());
            let junit = read(&xml);
            let summary = report.summary;
            prop_assert_eq!(junit.tests, report.results.len());
            prop_assert_eq!(junit.failures, (summary.failed_must + summary.failed_should + summary.unexpected_passes) as usize);
            // What XML cannot hold was spelled out, not left out.
            let fits = |c: char| matches!(c, '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
            prop_assert!(xml.chars().all(fits));
        }
    }
}
