//! A badge for each client: the JSON that an endpoint badge of shields.io reads
//! (<https://shields.io/badges/endpoint-badge>).

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Comparison, Standing};
use crate::verdict::Level;

/// The longest name of a file, without its ending, in characters.
const NAME: usize = 60;

/// What shields.io shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Badge {
    schema_version: u32,
    label: &'static str,
    message: String,
    color: &'static str,
    is_error: bool,
}

/// The badges of all clients, each with a name for its file: lower-case ASCII letters, digits, `-`, `_` and the
/// ending `.json`, no name twice.
pub fn badges(comparison: &Comparison) -> Vec<(String, Badge)> {
    let mut names = BTreeSet::new();
    let with_name = |(column, client): (usize, &super::Client)| {
        let name = file_name(&client.name);
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let free = [name.clone()].into_iter().chain(numbered).find(|name| names.insert(name.clone()));
        (free.unwrap_or(name) + ".json", badge(comparison, column))
    };
    comparison.clients.iter().enumerate().map(with_name).collect()
}

/// The badge of the client in this column. Only MUST rules count, and an expected failure is a failure.
fn badge(comparison: &Comparison, column: usize) -> Badge {
    let rows = comparison.areas.iter().flat_map(|area| &area.rows).filter(|row| row.level == Level::Must);
    let standings: Vec<_> = rows.filter_map(|row| row.standings.get(column).copied().flatten()).collect();
    let total = comparison.total(column, Level::Must);
    let skipped = standings.iter().filter(|&&standing| standing == Standing::Skipped).count();
    let is_error = standings.iter().any(|standing| {
        matches!(standing, Standing::FailedMust | Standing::ExpectedFailure | Standing::Error)
    });
    let color = if is_error {
        "red"
    } else if total.asked == 0 {
        "lightgrey"
    } else if total.passed < total.asked {
        "yellow"
    } else if skipped > 0 {
        "green"
    } else {
        "brightgreen"
    };
    let mut message = format!("{total} MUST");
    if skipped > 0 {
        message += &format!(", {skipped} skipped");
    }
    Badge { schema_version: 1, label: "Pleo conformance", message, color, is_error }
}

/// The name with nothing in it that means something to a file system.
fn file_name(name: &str) -> String {
    let safe = |character: char| match character {
        'a'..='z' | '0'..='9' | '_' => character,
        'A'..='Z' => character.to_ascii_lowercase(),
        _ => '-',
    };
    let safe: String = name.chars().take(NAME).map(safe).collect();
    let safe = safe.trim_matches('-');
    if safe.is_empty() { "client".to_owned() } else { safe.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::{
        super::{
            Comparison,
            tests::{any_comparison, two},
        },
        badges, file_name,
    };
    use crate::{
        report::{Report, sample},
        verdict::Verdict,
    };

    fn message_and_color(report: Report) -> (String, &'static str, bool) {
        let (_, badge) = badges(&Comparison::of(&[report])).remove(0);
        (badge.message, badge.color, badge.is_error)
    }

    #[test]
    fn a_badge_is_what_shields_reads() {
        let badges = badges(&Comparison::of(&two()));
        assert_eq!(
            badges.iter().map(|(name, _)| &**name).collect::<Vec<_>>(),
            ["example-client.json", "other-client.json"]
        );
        assert_eq!(
            serde_json::to_value(&badges[1].1).unwrap(),
            json!({
                "schemaVersion": 1,
                "label": "Pleo conformance",
                "message": "8/8 MUST",
                "color": "brightgreen",
                "isError": false,
            })
        );
    }

    #[test]
    fn the_colour_is_that_of_the_worst_must() {
        assert_eq!(message_and_color(sample::report()), ("3/7 MUST, 1 skipped".to_owned(), "red", true));
        let with = |verdict: Verdict, expected: Option<&str>| {
            let [_, mut report] = two();
            report.results[0].verdict = verdict;
            report.results[0].expected_failure = expected.map(str::to_owned);
            let (message, color, is_error) = message_and_color(report);
            assert_eq!(is_error, color == "red");
            (message, color)
        };
        let reason = || "why".to_owned();
        let failed = sample::report().results[1].verdict.clone();
        let seven = "7/8 MUST".to_owned();
        assert_eq!(with(failed.clone(), None), (seven.clone(), "red"));
        assert_eq!(with(failed, Some("known")), (seven.clone(), "red"));
        assert_eq!(with(Verdict::Error { reason: reason() }, None), (seven.clone(), "red"));
        assert_eq!(with(Verdict::Inconclusive { reason: reason() }, None), (seven, "yellow"));
        let skipped = "7/7 MUST, 1 skipped".to_owned();
        assert_eq!(with(Verdict::Skip { reason: reason() }, None), (skipped, "green"));
    }

    #[test]
    fn a_broken_should_does_not_show_and_nothing_asked_is_grey() {
        let [_, mut report] = two();
        report.results[3].verdict = sample::report().results[3].verdict.clone();
        assert_eq!(message_and_color(report.clone()).1, "brightgreen");
        report.results.clear();
        assert_eq!(message_and_color(report), ("0/0 MUST".to_owned(), "lightgrey", false));
    }

    #[test]
    fn names_that_are_paths_or_nothing_become_names_of_files() {
        for (name, file) in [
            ("../../etc/passwd", "etc-passwd"),
            ("", "client"),
            (".", "client"),
            ("C:\\con", "c--con"),
            ("Ünïcode Client", "n-code-client"),
            ("a_b-1", "a_b-1"),
        ] {
            assert_eq!(file_name(name), file);
        }
        assert_eq!(file_name(&"x".repeat(999)).len(), 60);
        let reports = ["../a", "a", "A"].map(|name| {
            let mut report = sample::report();
            report.subject.name = name.to_owned();
            report
        });
        let names: Vec<_> = badges(&Comparison::of(&reports)).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a.json", "a-2.json", "a-3.json"]);
    }

    proptest! {
        #[test]
        fn every_client_has_a_file_of_its_own(comparison in any_comparison()) {
            let names: std::collections::BTreeSet<_> =
                badges(&comparison).into_iter().map(|(name, _)| name).collect();
            prop_assert_eq!(names.len(), comparison.clients.len());
            for name in names {
                let stem = name.strip_suffix(".json").unwrap();
                prop_assert!(!stem.is_empty() && !stem.starts_with('-') && stem.len() < 80);
                let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
                prop_assert!(stem.bytes().all(plain), "{}", name);
            }
        }
    }
}
