//! `cargo xtask diff`: its sides, its formats, its exit codes.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json};
use xtask_drift::{
    Level, Report,
    api::{Prose, compare},
    render,
    rust::{Bump, Comparison, RustFinding},
};
use xtask_openapi::Document;
use xtask_testing::{published, root};

const TRITON: &str = "spec/published/triton.yaml";

/// A repository that holds the published documents and the overlays.
struct Repository(tempfile::TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        for folder in ["spec/published", "spec/overlays"] {
            fs::create_dir_all(repository.path().join(folder)).unwrap();
            for entry in fs::read_dir(root().join(folder)).unwrap() {
                let from = entry.unwrap().path();
                fs::copy(&from, repository.path().join(folder).join(from.file_name().unwrap())).unwrap();
            }
        }
        repository.git(&["init", "--quiet"]);
        repository.commit();
        repository
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn git(&self, arguments: &[&str]) {
        let names =
            ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.com", "-c", "commit.gpgsign=false"];
        let output =
            Command::new("git").arg("-C").arg(self.path()).args(names).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn commit(&self) {
        self.git(&["add", "."]);
        self.git(&["commit", "--quiet", "--message", "Documents"]);
    }

    /// Edits Triton's document.
    fn edit(&self, from: &str, to: &str) {
        let path = self.path().join(TRITON);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{from:?} is not there once");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    fn diff(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .arg("--root")
            .arg(self.path())
            .arg("diff")
            .args(arguments)
            .current_dir(self.path())
            .output()
            .unwrap();
        (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }
}

/// Requires another property in the body of Triton's only operation.
const OTHER_REQUIRED: (&str, &str) = ("        - receipts\n", "        - tags\n");

#[test]
fn by_default_the_committed_documents_are_compared_with_those_on_disk() {
    let repository = Repository::new();
    assert_eq!(repository.diff(&["--fail-on", "any"]), (Some(0), "no change\n".to_owned(), String::new()));
    repository.edit(OTHER_REQUIRED.0, OTHER_REQUIRED.1);
    let (code, said, _) = repository.diff(&[]);
    assert_eq!(code, Some(0));
    assert_eq!(
        said,
        "Triton API\n  \
           breaking\n    \
             request: property became required: AccountingEntryEnrichmentV2BodyRequest.tags (false became true)  \
             [request-property-became-required]\n      \
               POST /v2/accounting-entries:enrich\n  \
           additive\n    \
             request: property became optional: AccountingEntryEnrichmentV2BodyRequest.receipts (true became false)  \
             [request-property-became-optional]\n      \
               POST /v2/accounting-entries:enrich\n\n\
         What this does to the Rust API (version: major)\n  \
           breaking: pleo_client::enrichment::types::AccountingEntryEnrichmentV2BodyRequest::receipts  \
           [field-became-optional]\n    \
             - Vec<String>\n    \
             + Option<Vec<String>>\n  \
           breaking: pleo_client::enrichment::types::AccountingEntryEnrichmentV2BodyRequest::tags  \
           [field-became-required]\n    \
             - Option<Vec<uuid::Uuid>>\n    \
             + Vec<uuid::Uuid>\n  \
           additive: pleo_client::enrichment::types::builder::AccountingEntryEnrichmentV2BodyRequest::receipts  \
           [setter-became-optional]\n  \
           possibly breaking: pleo_client::enrichment::types::builder::AccountingEntryEnrichmentV2BodyRequest::tags  \
           [setter-became-required]\n  \
           2 breaking, 1 possibly breaking, 1 additive\n\n\
         1 breaking, 1 additive\n"
    );
}

#[test]
fn documents_that_give_no_client_leave_the_rest_of_the_report_as_it_is() {
    let repository = Repository::new();
    repository.edit("        receipts:\n", "        receipts:\n          surprise: 1\n");
    for (format, place) in [
        ("text", "the Rust API could not be compared: the new documents: `surprise`"),
        ("markdown", "```text\nthe Rust API could not be compared: the new documents: `surprise`"),
        ("github", "::warning title=What this does to the Rust API::the Rust API could not be compared"),
        ("json", "\"rust_problem\": \"the Rust API could not be compared"),
    ] {
        let (code, said, _) = repository.diff(&["--format", format]);
        assert_eq!(code, Some(0));
        assert!(said.contains(place), "{said}");
        assert!(said.contains("a keyword that is not looked into changed"), "{said}");
    }
    for (fail_on, expected) in [("breaking", 3), ("possibly", 1)] {
        assert_eq!(repository.diff(&["--fail-on", fail_on]).0, Some(expected), "{fail_on}");
    }
}

#[test]
fn a_side_is_a_folder_a_file_or_a_revision() {
    let repository = Repository::new();
    repository.edit("version: 8.6.1", "version: 8.7.0");
    repository.commit();
    let copy = repository.path().join("copy.json");
    let document = published().into_iter().find(|document| document.name == "triton.yaml").unwrap();
    fs::write(&copy, document.value.to_string()).unwrap();
    for (sides, changed) in [
        (vec![], false),
        (vec!["HEAD"], false),
        (vec!["HEAD~1"], true),
        (vec!["HEAD~1", "HEAD"], true),
        (vec!["HEAD", "spec/published"], false),
        (vec!["HEAD~1", "spec/published"], true),
        (vec!["copy.json", TRITON], true),
        (vec![TRITON, TRITON], false),
    ] {
        let (code, said, error) = repository.diff(&[sides.clone(), vec!["--fail-on", "any"]].concat());
        assert_eq!(code, Some(i32::from(changed)), "{sides:?}: {said}{error}");
        assert_eq!(said.contains("[api-version-changed]"), changed, "{sides:?}: {said}");
    }
}

#[test]
fn the_exit_code_says_whether_a_change_is_as_grave_as_asked() {
    let repository = Repository::new();
    let code = |arguments: &[&str]| repository.diff(arguments).0;
    for (from, to, breaking, possibly, any) in [
        ("version: 8.6.1", "version: 8.7.0", 0, 0, 1),
        ("      summary: Attach", "      x-exclude: 'true'\n      summary: Attach", 0, 1, 1),
        (OTHER_REQUIRED.0, OTHER_REQUIRED.1, 1, 1, 1),
    ] {
        repository.edit(from, to);
        assert_eq!(code(&[]), Some(0), "{to}");
        assert_eq!(code(&["--fail-on", "breaking"]), Some(breaking), "{to}");
        assert_eq!(code(&["--fail-on", "possibly"]), Some(possibly), "{to}");
        assert_eq!(code(&["--fail-on", "any"]), Some(any), "{to}");
    }
    assert_eq!(code(&["--fail-on", "sometimes"]), Some(2));
    assert_eq!(code(&["--format", "telegram"]), Some(2));
}

#[test]
fn a_side_that_cannot_be_read_is_named_with_what_to_do_and_exit_code_3() {
    let repository = Repository::new();
    fs::create_dir(repository.path().join("empty")).unwrap();
    fs::write(repository.path().join("swagger.yaml"), "swagger: '2.0'\n").unwrap();
    fs::write(repository.path().join("cut.yaml"), "openapi: 3.0.1\npaths: [\n").unwrap();
    for (arguments, said) in [
        (&["no-such-thing"][..], "neither a folder, nor a file, nor a revision"),
        (&["--", "--output=x"], "neither a folder, nor a file, nor a revision"),
        (&["HEAD", "empty"], "holds no document"),
        (&["HEAD", "swagger.yaml"], "does not say `openapi: 3.…`"),
        (&["cut.yaml"], "not YAML"),
    ] {
        let (code, out, error) = repository.diff(arguments);
        assert_eq!((code, out.as_str()), (Some(3), ""), "{arguments:?}");
        assert!(error.starts_with("error: ") && error.contains(said), "{arguments:?}: {error}");
    }
    repository.git(&["rm", "--quiet", "-r", "spec"]);
    repository.git(&["commit", "--quiet", "--message", "Nothing"]);
    let (code, _, error) = repository.diff(&["HEAD", "swagger.yaml"]);
    assert!(code == Some(3) && error.contains("holds no document below spec/published"), "{error}");
}

#[test]
fn a_reader_that_has_had_enough_is_no_failure() {
    let repository = Repository::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("--root")
        .arg(repository.path())
        .arg("diff")
        .stdout(writer)
        .output()
        .unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap()), (Some(0), String::new()));
}

#[test]
fn words_are_reported_when_they_are_asked_for() {
    let repository = Repository::new();
    repository.edit("summary: Attach receipts and tags to entry", "summary: Other words");
    assert_eq!(repository.diff(&["--fail-on", "any"]).0, Some(0));
    let (code, said, _) = repository.diff(&["--with-docs", "--fail-on", "any"]);
    assert!(code == Some(1) && said.contains("[operation-summary-changed]"), "{said}");
}

/// A report with much in it: every operation of the old side is new on the other, and more.
fn report() -> Report {
    let old = published();
    let mut new = old.clone();
    for document in &mut new {
        let text = document.value.to_string().replace("\"uuid\"", "\"u<uid\"").replace("\"/v", "\"/w");
        document.value = serde_json::from_str(&text).unwrap();
    }
    let vendors = new.iter_mut().find(|document| document.name == "vendors.yaml").unwrap();
    vendors.value["paths"] =
        old.iter().find(|document| document.name == "vendors.yaml").unwrap().value["paths"].clone();
    vendors.value["info"]["version"] = json!("1\n::error::%0A `a` | <b>,:");
    let mut report = Report::of_api(compare(&old, &new, Prose::LeftOut).unwrap());
    let finding = |index: usize| RustFinding {
        kind: "method-removed",
        level: Level::Breaking,
        item: format!("export::Client::method_{index}"),
        before: Some("pub fn `method`(&self)".to_owned()),
        after: None,
    };
    let findings = (0..20).map(finding).collect();
    report.rust = Some(Comparison { bump: Bump::Minor, findings, notes: vec!["a note".to_owned()] });
    report
}

#[test]
fn the_json_form_is_valid_under_its_schema_and_loses_nothing() {
    let schema = fs::read_to_string(root().join("xtask/drift/schemas/diff.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut report = report();
    for _ in 0..2 {
        let form: Value = serde_json::from_str(&render::json(&report).unwrap()).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&form)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
        assert_eq!(form["findings"].as_array().unwrap().len(), report.findings.len());
        assert_eq!(form["counts"]["breaking"], report.counts().breaking);
        let mut other = form.clone();
        other["findings"][0]["fingerprint"] = json!("none");
        assert!(!validator.is_valid(&other), "the schema takes anything");
        report.rust = None;
    }
}

#[test]
fn fingerprints_are_unique_and_do_not_depend_on_words_or_order() {
    let report = report();
    let mut prints: Vec<&str> = report.findings.iter().map(|finding| finding.fingerprint.as_str()).collect();
    assert!(prints.len() > 100);
    prints.sort_unstable();
    let all = prints.len();
    prints.dedup();
    assert_eq!(prints.len(), all);

    let document = |words: &str, parameters: Value| Document {
        name: format!("{words}.yaml"),
        value: json!({
            "openapi": "3.0.0",
            "info": { "title": "A", "version": "1", "description": words },
            "paths": { "/a": { "get": { "summary": words, "parameters": parameters, "responses": {} } } },
        }),
    };
    let a = |format: &str| json!({ "in": "query", "name": "a", "schema": { "type": "string", "format": format } });
    let b = || json!({ "in": "query", "name": "b", "schema": { "type": "string" } });
    let print = |old: Document, new: Document| {
        let findings = compare(&[old], &[new], Prose::LeftOut).unwrap();
        assert_eq!(findings.len(), 1);
        findings[0].fingerprint.clone()
    };
    let one = print(document("one", json!([a("x"), b()])), document("one", json!([a("y"), b()])));
    let other = print(document("two", json!([b(), a("x")])), document("three", json!([a("y"), b()])));
    assert_eq!(one, other);
    assert_ne!(one, print(document("one", json!([a("x"), b()])), document("one", json!([a("z"), b()]))));
}

#[test]
fn markdown_shows_the_gravest_first_and_stays_within_what_github_takes() {
    let mut report = report();
    let findings = report.rust.as_mut().map(|rust| &mut rust.findings).unwrap();
    *findings = std::iter::repeat_n(findings[0].clone(), 2_000).collect();
    let shown = render::markdown(&report);
    assert!(shown.chars().count() <= render::MARKDOWN_LIMIT, "{} characters", shown.chars().count());
    assert!(shown.contains("more findings are left out"), "{}", &shown[shown.len() - 300..]);
    assert!(shown.find("### Breaking").unwrap() < shown.find("### Possibly breaking").unwrap());
    assert_eq!(shown.matches("<details>").count(), shown.matches("</details>").count());
    assert!(
        shown.contains("| Vendors API |")
            && shown.contains("**minor**")
            && shown.contains("`POST /v1/vendors`")
    );
    assert!(
        !shown.contains("u<uid") || shown.matches("u<uid").count() == shown.matches("`\"u<uid\"`").count()
    );

    // What comes first is kept by whole lines, and never more than half of the body.
    let first = "## First\n".to_owned() + &"- `a line`\n".repeat(20_000);
    let shown = render::markdown_after(&first, &report);
    assert!(shown.chars().count() <= render::MARKDOWN_LIMIT, "{} characters", shown.chars().count());
    let (before, after) =
        shown.split_once("- `a line`\n- and more\n\n## What changed in Pleo's API\n").unwrap();
    assert!(before.starts_with("## First\n") && before.len() < render::MARKDOWN_LIMIT / 2);
    assert!(after.contains("more findings are left out"));
    assert_eq!(after.matches("<details>").count(), after.matches("</details>").count());

    let short =
        Report { findings: report.findings.into_iter().take(3).collect(), rust: None, rust_problem: None };
    let shown = render::markdown(&short);
    assert!(!shown.contains("left out") && !shown.contains("<details>"), "{shown}");
    let nothing = render::markdown(&Report { findings: Vec::new(), rust: None, rust_problem: None });
    assert_eq!(nothing, "No change of Pleo's API.\n");
    let nothing = render::markdown_after("## First\n", &Report::of_api(Vec::new()));
    assert_eq!(nothing, "## First\n\nNo change of Pleo's API.\n");
}

#[test]
fn what_changes_in_the_rust_api_is_in_every_format() {
    let mut report = report();
    report.findings.clear();
    for shown in [render::text(&report), render::markdown(&report), render::github(&report, |_| None)] {
        assert!(shown.contains("What this does to the Rust API"), "{shown}");
        assert!(shown.contains("export::Client::method_7"), "{shown}");
    }
    assert!(render::json(&report).unwrap().contains("export::Client::method_7"));
    assert_eq!(report.gravest(), Some(Level::Breaking));
}

#[test]
fn annotations_name_file_and_line_and_nothing_in_them_can_be_a_command() {
    let repository = Repository::new();
    repository.edit(OTHER_REQUIRED.0, OTHER_REQUIRED.1);
    let (code, said, _) = repository.diff(&["--format", "github"]);
    assert_eq!(code, Some(0));
    let text = fs::read_to_string(repository.path().join(TRITON)).unwrap();
    let start = text.find("AccountingEntryEnrichmentV2BodyRequest:\n").unwrap();
    let line = text[..start + text[start..].find("tags:").unwrap()].lines().count();
    let expected = format!(
        "::error file={TRITON},line={line},title=breaking%3A request-property-became-required::Triton API, request: "
    );
    assert!(said.starts_with(&expected), "{said}\ninstead of\n{expected}");

    let odd = Document {
        name: "odd.yaml".to_owned(),
        value: json!({
            "openapi": "3.0.1", "info": { "title": "Odd\n::error::a", "version": "1" },
            "paths": { "/odd\r\n::error::b": { "get": { "responses": {} } } },
        }),
    };
    let shown = render::text(&Report::of_api(compare(&[], &[odd], Prose::LeftOut).unwrap()));
    assert!(shown.contains("::error::a") && shown.contains("::error::b"), "{shown}");
    assert!(shown.lines().all(|line| !line.trim_start().starts_with("::")), "{shown}");

    let report = report();
    let shown = render::github(&report, |finding| Some((format!("a,b:{}", finding.api), Some(1))));
    let annotations: Vec<&str> = shown.lines().filter(|line| line.starts_with("::")).collect();
    assert!(annotations.len() >= 100 && annotations.len() <= 201, "{} annotations", annotations.len());
    for line in annotations.iter().filter(|line| !line.contains("title=What this does")) {
        let (properties, _) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
        assert!(properties.contains(" file=a%2Cb%3A") && properties.contains(",line=1,title="), "{line}");
    }
    assert!(shown.contains("more that are breaking are left out"), "{shown}");
}
