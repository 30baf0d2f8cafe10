//! The commands, run on copies of the project's spec/ and generated files.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use xtask_codegen::{CLIENT, OPENAPI};
use xtask_testing::{MANIFESTS, operations, published};

/// A copy of what the commands read and write.
struct Copy(tempfile::TempDir);

impl Copy {
    fn new() -> Self {
        let copy = Self(tempfile::tempdir().unwrap());
        xtask_testing::copy_project(copy.0.path());
        copy
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn edit(&self, file: &str, edit: impl FnOnce(String) -> String) {
        let path = self.path(file);
        let text = fs::read_to_string(&path).unwrap();
        let edited = edit(text.clone());
        assert_ne!(edited, text, "the edit of {file} changed nothing");
        fs::write(path, edited).unwrap();
    }

    fn run(&self, command: &str) -> Output {
        self.run_with(&[command])
    }

    fn run_with(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(["--root"])
            .arg(self.0.path())
            .args(arguments)
            .output()
            .unwrap()
    }

    /// Runs a command that has to fail and returns what it says.
    fn fails(&self, command: &str) -> String {
        let output = self.run(command);
        assert_eq!(output.status.code(), Some(1), "{command} did not fail");
        String::from_utf8(output.stderr).unwrap()
    }

    fn succeeds(&self, command: &str) -> String {
        let output = self.run(command);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn snapshot(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        files_below(self.0.path()).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn the_committed_files_are_what_spec_makes_them() {
    let said = Copy::new().succeeds("check");
    let operations = format!("{} operations", operations(&published()));
    assert!(said.contains(&operations) && said.contains("in sync"), "{said}");
}

#[test]
fn the_generated_code_stays_below_35_000_lines() {
    let lines: usize = files_below(&xtask_testing::root().join(CLIENT))
        .into_iter()
        .map(|file| fs::read_to_string(file).unwrap().lines().count())
        .sum();
    assert!((10_000..35_000).contains(&lines), "{lines} lines");
}

#[test]
fn a_hand_edited_missing_or_stale_file_is_named_with_the_command_that_fixes_it() {
    let copy = Copy::new();
    let edited = format!("{CLIENT}/tags/builder.rs");
    let stale = format!("{CLIENT}/tags/more.rs");
    copy.edit(&edited, |text| text.replace("Sends the call.", "Sends the call!"));
    fs::remove_file(copy.path(OPENAPI)).unwrap();
    fs::write(copy.path(&stale), "").unwrap();
    let said = copy.fails("check");
    for line in [
        format!("changed  {edited}"),
        format!("missing  {OPENAPI}"),
        format!("stale    {stale}"),
        "cargo xtask generate".to_owned(),
    ] {
        assert!(said.contains(&line), "{line} is not in:\n{said}");
    }
    copy.succeeds("generate");
    copy.succeeds("check");
    assert!(!copy.path(&stale).exists());
}

#[test]
fn a_change_of_the_documents_or_overlays_is_drift() {
    let copy = Copy::new();
    copy.edit("spec/published/oberon.yaml", |text| text.replace("jobTitle:", "jobName:"));
    assert!(copy.fails("check").contains("employees/types.rs"));
    let copy = Copy::new();
    copy.edit("spec/overlays/oberon.yaml", |text| text.replace("list_companies", "list_all_companies"));
    assert!(copy.fails("check").contains("companies/mod.rs"));
}

#[test]
fn a_new_family_becomes_a_feature() {
    let copy = Copy::new();
    copy.edit("spec/overlays/triton.yaml", |text| {
        text.replacen("x-pleo-family: enrichment", "x-pleo-family: card-payments", 1)
    });
    let said = copy.fails("check");
    assert!(MANIFESTS.iter().all(|manifest| said.contains(&format!("changed  {manifest}"))), "{said}");
    copy.succeeds("generate");
    for (manifest, feature) in MANIFESTS.iter().zip([
        "card-payments = []",
        "card-payments = [\"pleo-client/card-payments\"]",
        "card-payments = [\"pleo-auth/card-payments\"]",
    ]) {
        let features = fs::read_to_string(copy.path(manifest)).unwrap();
        assert!(features.lines().any(|line| line == feature), "{features}");
        assert!(features.contains("    \"card-payments\",\n"), "{features}");
        assert!(!features.contains("enrichment"), "{features}");
    }
}

#[test]
fn a_manifest_without_a_place_for_the_features_is_named_with_what_to_add() {
    let copy = Copy::new();
    copy.edit(MANIFESTS[1], |text| text.replace("# End of the generated part.\n", ""));
    let before = copy.snapshot();
    let said = copy.fails("generate");
    assert!(said.contains(MANIFESTS[1]) && said.contains("\n# End of the generated part.\n"), "{said}");
    assert_eq!(copy.snapshot(), before);
}

#[test]
fn a_malformed_file_is_named_with_line_and_column_and_nothing_changes() {
    let copy = Copy::new();
    copy.edit("spec/published/triton.yaml", |text| text.replacen("info:\n", "info:\n  title: [\n", 1));
    let before = copy.snapshot();
    let said = copy.fails("generate");
    assert!(said.contains("triton.yaml") && said.contains("line ") && said.contains("column "), "{said}");
    assert_eq!(copy.snapshot(), before);
}

#[test]
fn a_refused_construct_changes_nothing() {
    let copy = Copy::new();
    copy.edit("spec/published/triton.yaml", |text| {
        text.replacen("explode: true", "explode: true\n          surprise: 1", 1)
    });
    let before = copy.snapshot();
    let said = copy.fails("generate");
    for part in ["triton.yaml", "POST /v2/accounting-entries:enrich", "/parameters/0/surprise"] {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
    assert_eq!(copy.snapshot(), before);
}

#[test]
fn a_client_that_does_not_compile_is_taken_back() {
    let copy = Copy::new();
    copy.edit("spec/overlays/oberon.yaml", |text| text.replace("list_companies", "list_all_companies"));
    let before = copy.snapshot();
    // The copy is not a Cargo workspace, so that verifying it fails.
    let said = copy.fails("sync");
    assert!(said.contains("the tree is as it was") && said.contains("cargo xtask generate"), "{said}");
    fs::remove_dir_all(copy.path("target")).unwrap();
    assert_eq!(copy.snapshot(), before);
}

#[test]
fn an_overlay_whose_target_is_gone_is_refused() {
    let copy = Copy::new();
    copy.edit("spec/overlays/triton.yaml", |text| text.replacen("$.paths['/v2/", "$.paths['/v9/", 1));
    let said = copy.fails("generate");
    assert!(said.contains("matches nothing"), "{said}");
}

/// What Pleo would publish next: another version, and one more property.
fn next_documents(copy: &Copy) -> String {
    let next = copy.path("next");
    fs::create_dir_all(&next).unwrap();
    for file in files_below(&copy.path("spec/published")) {
        fs::copy(&file, next.join(file.file_name().unwrap())).unwrap();
    }
    copy.edit("next/triton.yaml", |text| text.replace("version: 8.6.1", "version: 8.7.0"));
    next.to_string_lossy().into_owned()
}

#[test]
fn documents_whose_client_cannot_be_verified_are_taken_back_with_it() {
    let copy = Copy::new();
    let next = next_documents(&copy);
    let before = copy.snapshot();
    let (report, message) = (copy.path("target/report.md"), copy.path("target/message.txt"));
    // The copy is not a Cargo workspace, so that verifying it fails.
    let output = copy.run_with(&[
        "sync",
        "--fetch",
        "--from",
        &next,
        "--report",
        &report.to_string_lossy(),
        "--message",
        &message.to_string_lossy(),
    ]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    for part in ["taken back", "cargo xtask fetch", "docs/regenerating.md"] {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
    // What changed is known all the same.
    assert!(fs::read_to_string(report).unwrap().contains("Triton API"));
    let message = fs::read_to_string(message).unwrap();
    assert!(message.starts_with("Follow Pleo's API: "), "{message}");
    assert!(message.contains("- Triton API 8.6.1 to 8.7.0"), "{message}");
    fs::remove_dir_all(copy.path("target")).unwrap();
    assert_eq!(copy.snapshot(), before);
}

#[test]
fn the_main_command_says_what_it_compiles_and_ends_with_the_summary() {
    let copy = Copy::new();
    let package = |name: &str, rest: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n{rest}")
    };
    // The lines between which the features are generated, in a package that is compiled at once.
    let features = fs::read_to_string(copy.path(MANIFESTS[0])).unwrap();
    let (first, end) = (features.find("# Generated by").unwrap(), "# End of the generated part.\n");
    let features = &features[first..features.find(end).unwrap() + end.len()];
    let client = package("pleo-client", &format!("[lib]\npath = \"src/stub.rs\"\n\n[features]\n{features}"));
    for (path, text) in [
        (
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"crates/pleo-client\", \"crates/pleo-conformance\"]\n",
        ),
        (MANIFESTS[0], &client),
        ("crates/pleo-client/src/stub.rs", ""),
        (
            "crates/pleo-conformance/Cargo.toml",
            &package("pleo-conformance", "[dependencies]\npleo-client.path = \"../pleo-client\"\n"),
        ),
        ("crates/pleo-conformance/src/main.rs", "fn main() { println!(\"all rules pass\") }\n"),
    ] {
        fs::write(copy.path(path), text).unwrap();
    }
    let output = copy.run("sync");
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{out}{err}");
    let said: Vec<&str> = err.lines().collect();
    for line in [
        "verify     Compiling pleo-client v0.0.0 (",
        "verify     Compiling pleo-conformance v0.0.0 (",
        "judge      Running `",
    ] {
        assert_eq!(said.iter().filter(|said| said.starts_with(line)).count(), 1, "{line}\n{err}");
    }
    assert!(out.ends_with("\nall rules pass\n"), "{out}");
}

#[test]
fn a_fetch_that_is_refused_stops_the_main_command_with_its_exit_code() {
    let copy = Copy::new();
    let next = next_documents(&copy);
    fs::remove_file(copy.path("next/vendors.yaml")).unwrap();
    let before = copy.snapshot();
    let output = copy.run_with(&["sync", "--fetch", "--from", &next]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("--allow-removals"));
    let output = copy.run_with(&["sync", "--fetch", "--from", "no/such/folder"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(copy.snapshot(), before);
}

#[test]
fn flags_of_fetching_need_fetching() {
    let copy = Copy::new();
    for arguments in [&["sync", "--allow-removals"][..], &["sync", "--report", "report.md"]] {
        let output = copy.run_with(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8(output.stderr).unwrap().contains("--fetch"), "{arguments:?}");
    }
}
