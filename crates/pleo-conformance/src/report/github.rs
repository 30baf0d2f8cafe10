//! The report as annotations of a GitHub workflow: one for each rule that needs attention.

use std::fmt::Write as _;

use super::{Report, Standing, text::visible};

/// The workflow commands, one a line.
pub fn render(report: &Report) -> String {
    let mut commands = String::new();
    for result in &report.results {
        let standing = result.standing();
        let command = match standing {
            Standing::FailedMust | Standing::UnexpectedPass | Standing::Error => "error",
            Standing::FailedShould | Standing::Inconclusive => "warning",
            Standing::Passed | Standing::ExpectedFailure | Standing::Skipped => continue,
        };
        let title = format!("{} {}", result.id, result.title);
        let message = match result.evidence() {
            Some(evidence) => format!(
                "{}\nexpected: {}\nreceived: {}",
                evidence.message, evidence.expected, evidence.received
            ),
            None => format!("{standing}: {}", result.note()),
        };
        // Writing into a string does not fail.
        let _ = writeln!(commands, "::{command} title={}::{}", property(&title), data(&message));
    }
    commands
}

/// The message of a workflow command, as `@actions/core` escapes it.
fn data(text: &str) -> String {
    visible(text).replace('%', "%25").replace('\n', "%0A")
}

/// A property of a workflow command, as `@actions/core` escapes it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::sample, render};

    #[test]
    fn whatever_needs_attention_is_annotated_and_nothing_else() {
        let commands = render(&sample::report());
        let beginnings: Vec<_> = commands
            .lines()
            .map(|line| line.split_once("::").unwrap().1.split_once("::").unwrap().0)
            .collect();
        assert_eq!(
            beginnings,
            [
                "error title=AUTH-2 The key is the user name",
                "warning title=AUTH-4 Base64%2C padded%3A always",
                "error title=ENV-3 Mended",
                "warning title=ENV-4 A key works in one environment",
                "error title=ENV-5 Broken down",
            ]
        );
        assert!(
            commands.contains("::the key is in the password%0Aexpected: Basic KEY:%0Areceived: Basic :KEY\n")
        );
    }

    #[test]
    fn a_percent_sign_is_not_taken_for_an_escape() {
        let mut report = sample::report();
        report.results[7].title = "100%0A, or: more".to_owned();
        let commands = render(&report);
        assert!(commands.contains(" title=ENV-4 100%250A%2C or%3A more::inconclusive: "), "{commands}");
    }

    proptest! {
        #[test]
        fn no_text_begins_a_command_of_its_own(report in sample::any_report()) {
            let attention = report.results.iter().filter(|result| result.standing().needs_attention()).count();
            let commands = render(&report);
            prop_assert_eq!(commands.matches('\n').count(), attention);
            prop_assert!(commands.lines().all(|line| line.starts_with("::error title=") || line.starts_with("::warning title=")));
            for line in commands.lines() {
                let title = line.split_once("title=").unwrap().1.split_once("::").unwrap().0;
                prop_assert!(!title.contains([':', ',', '\r']));
            }
        }
    }
}
