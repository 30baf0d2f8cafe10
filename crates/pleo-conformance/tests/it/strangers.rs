//! Whole runs on programs: the adapters, copies of them with one mistake each, and programs that break down.

use std::{fs, path::Path, process::Command, time::Duration};

use pleo_conformance::{
    catalogue,
    cli::exit::Exit,
    engine::{RunError, SubjectUnderTest, run},
    report::{Report, Standing},
    verdict::Verdict,
};

use super::support::{
    adapters::{Adapter, CURL, GO, HTTPX, JAVA, NODE, PYTHON, REQUESTS},
    without_search,
};

/// A run over the whole catalogue.
fn judged(command: Vec<String>, cases: u32, seconds: u64) -> Result<Report, RunError> {
    let rules: Vec<_> = catalogue().iter().collect();
    let subject = SubjectUnderTest::Program { command, timeout: Duration::from_secs(seconds) };
    run(&rules, subject, &without_search(cases), &mut |_| {}).map(Report::from)
}

fn ids(report: &Report, standing: Standing) -> Vec<&str> {
    let results = report.results.iter().filter(|result| result.standing() == standing);
    results.map(|result| result.id.as_str()).collect()
}

/// How long an answer of an adapter may take, in seconds: some are compiled before they can say hello.
const PATIENCE: u64 = 120;

/// An adapter comes to the end of the suite, fails no rule, and passes at least so many. Of some it shows
/// nothing.
fn passes_what_it_claims(adapter: &Adapter, cases: u32, at_least: usize, inconclusive: &[&str]) {
    if !adapter.is_available() {
        return;
    }
    let report = judged(adapter.command(), cases, PATIENCE).unwrap();
    assert_eq!(report.results.len(), catalogue().len());
    for standing in [Standing::FailedMust, Standing::FailedShould, Standing::Error] {
        assert_eq!(ids(&report, standing), [""; 0], "{:#?}", report.results);
    }
    assert_eq!(ids(&report, Standing::Inconclusive), inconclusive);
    let passed = ids(&report, Standing::Passed).len();
    assert!(passed >= at_least, "{passed} rules passed");
    assert_eq!(Exit::of(&report, false), Exit::Passed);
}

/// A copy of an adapter with one mistake fails exactly the rule about it.
fn is_caught_by(adapter: &Adapter, cases: u32, rule: &str) {
    if !adapter.is_available() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let report = judged(adapter.command_with_mistake(folder.path()), cases, PATIENCE).unwrap();
    assert_eq!(ids(&report, Standing::FailedMust), [rule]);
    assert_eq!(ids(&report, Standing::FailedShould), [""; 0]);
    assert_eq!(Exit::of(&report, false), Exit::Failed);
}

#[test]
fn the_curl_adapter_keeps_every_rule_that_it_claims_to() {
    // It has no addresses of its own, and nothing to print for debugging.
    passes_what_it_claims(&CURL, 8, 42, &["SEC-003"]);
}

#[test]
fn the_python_adapter_keeps_every_rule() {
    passes_what_it_claims(&PYTHON, 32, 70, &[]);
}

#[test]
fn the_requests_adapter_keeps_every_rule_that_it_claims_to() {
    passes_what_it_claims(&REQUESTS, 16, 44, &[]);
}

#[test]
fn the_httpx_adapter_keeps_every_rule_that_it_claims_to() {
    passes_what_it_claims(&HTTPX, 16, 42, &[]);
}

#[test]
fn the_node_adapter_keeps_every_rule_that_it_claims_to() {
    passes_what_it_claims(&NODE, 16, 44, &[]);
}

#[test]
fn the_java_adapter_keeps_every_rule_that_it_claims_to() {
    passes_what_it_claims(&JAVA, 20, 30, &["SEC-003"]);
}

#[test]
fn the_go_adapter_keeps_every_rule_that_it_claims_to() {
    passes_what_it_claims(&GO, 20, 30, &["SEC-003"]);
}

#[test]
fn a_key_as_password_in_the_curl_adapter_is_caught() {
    is_caught_by(&CURL, 8, "AUTH-003");
}

#[test]
fn a_misspelled_company_in_the_python_adapter_is_caught() {
    is_caught_by(&PYTHON, 8, "CMP-003");
}

#[test]
fn a_query_that_the_requests_adapter_does_not_encode_is_caught() {
    is_caught_by(&REQUESTS, 32, "URL-004");
}

#[test]
fn base64_for_urls_in_the_httpx_adapter_is_caught() {
    is_caught_by(&HTTPX, 8, "AUTH-002");
}

#[test]
fn a_key_in_the_log_of_the_node_adapter_is_caught() {
    is_caught_by(&NODE, 8, "SEC-005");
}

#[test]
fn a_redirect_that_the_java_adapter_follows_is_caught() {
    is_caught_by(&JAVA, 8, "SEC-006");
}

#[test]
fn a_missing_colon_in_the_go_adapter_is_caught() {
    is_caught_by(&GO, 8, "AUTH-002");
}

/// The table of adapters is right about each of them, and all but the full one stay short.
#[test]
fn adapters_to_copy_are_short_and_their_table_is_right() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    let table = fs::read_to_string(folder.join("README.md")).unwrap();
    let mut seen = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if ["README.md", "requirements.txt"].contains(&&*name) {
            continue;
        }
        let lines = fs::read_to_string(folder.join(&name)).unwrap().lines().count();
        let is_to_copy = !["python_client.py", "python_generated.py"].contains(&&*name);
        assert!(lines < 150 || !is_to_copy, "{name} has {lines} lines");
        let row = table.lines().find(|line| line.starts_with(&format!("| [`{name}`]({name}) |"))).unwrap();
        assert_eq!(row.split(" | ").nth(2).unwrap(), lines.to_string(), "{row}");
        seen += 1;
    }
    assert_eq!(seen, 8);
}

const HELLO: &str = r#"read line; printf '%s\n' '{"type":"hello","protocol":1,"name":"x","capabilities":["api_keys","sessions","environments","companies"]}'"#;

/// A run on a shell script that greets and then does this, within so many seconds.
fn script(rest: &str, seconds: u64) -> Report {
    let command = ["sh", "-c", &format!("{HELLO}; {rest}")].map(str::to_owned).to_vec();
    judged(command, 4, seconds).unwrap()
}

/// The run came to its end, says of every rule that was asked that the client under test broke down, and how.
fn broke_down(report: &Report, how: &str) {
    assert_eq!(report.results.len(), catalogue().len());
    let errors: Vec<&String> = report
        .results
        .iter()
        .filter_map(|result| match &result.verdict {
            Verdict::Error { reason } => Some(reason),
            _ => None,
        })
        .collect();
    assert!(errors.len() > 20, "{report:#?}");
    assert!(errors[0].contains(how), "{}", errors[0]);
    assert_eq!(ids(report, Standing::Passed), [""; 0]);
    assert_eq!(Exit::of(report, false), Exit::NoResult);
}

#[test]
fn a_program_that_hangs_is_reported_and_the_run_ends() {
    broke_down(&script("sleep 600", 3), "did not respond within 3 seconds");
}

#[test]
fn a_program_that_dies_is_reported_and_the_run_ends() {
    broke_down(&script("read line; exit 7", 30), "7");
}

#[test]
fn a_program_that_talks_nonsense_is_reported_and_the_run_ends() {
    broke_down(&script("while read line; do echo nonsense; done", 30), "unexpected");
}

#[test]
fn a_program_that_floods_its_output_is_reported_and_the_run_ends() {
    broke_down(&script("read line; yes | tr -d '\\n'", 30), "bytes in one line");
}

#[test]
fn a_program_that_never_greets_is_an_error_before_the_run() {
    let silent = judged(["sh", "-c", "sleep 600"].map(str::to_owned).to_vec(), 4, 1);
    assert!(matches!(silent, Err(RunError::Subject(_))), "{silent:?}");
}

#[test]
fn a_program_that_refuses_everything_is_not_taken_for_a_good_one() {
    let refuse = r#"while read line; do
        id=$(printf '%s' "$line" | sed 's/^{"type":"call","id":\([0-9]*\).*/\1/')
        printf '{"type":"refuse","id":%s,"reason":"no"}\n' "$id"
    done"#;
    let report = script(refuse, 30);
    assert_eq!(ids(&report, Standing::FailedMust), ["URL-006"]);
    // Its reasons, at least, show no credential.
    assert_eq!(ids(&report, Standing::Passed), ["SEC-004"]);
}

#[test]
fn nothing_but_the_report_is_printed_while_a_smaller_case_is_searched_for() {
    if !PYTHON.is_available() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let client = PYTHON.command_with_mistake(folder.path());
    let client = shlex::try_join(client.iter().map(String::as_str)).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pleo-conformance"))
        .args(["run", "--only", "CMP-003", "--cases", "4", "--client", &client])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap()), (Some(1), String::new()));
    assert!(text.starts_with("conformance of ") && !text.contains("proptest"), "{text}");
    assert!(text.contains("next: pleo-conformance explain CMP-003"), "{text}");
}
