//! `cargo xtask measure`: the committed tables, and the command on a workspace whose bench prints what
//! it is told. No build is timed here.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use xtask::measure::{
    DOCUMENT, Subject,
    build::{HEADINGS, selections},
    document::Document,
    program::Program,
};
use xtask_codegen::{CLIENT, OPENAPI};
use xtask_openapi::{names, walk};
use xtask_testing::root;

const BEFORE: &str = "| request | typed client | reqwest by hand | to by hand | to floor |\n\
                      |---|---:|---:|---:|---:|\n\
                      | a GET, key | 500 ns, 3 | 1000 ns, 9 | 0.50 | 1.60 |\n\
                      | b GET, key | 500 ns, 3 | 1000 ns, 9 | 0.50 | 1.60 |\n";
const AFTER: &str = "| request | typed client | reqwest by hand | to by hand | to floor |\n\
                     |---|---:|---:|---:|---:|\n\
                     | a GET, key | 1200 ns, 3 | 2000 ns, 9 | 0.60 | 1.60 |\n\
                     | c PUT, key | 500 ns, 3 | 1000 ns, 9 | 0.50 | 1.20 |\n";

/// A workspace with one bench, and a document with one table.
struct Workspace(tempfile::TempDir);

impl Workspace {
    fn new() -> Self {
        let workspace = Self(tempfile::tempdir().unwrap());
        workspace.write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"benches\"]\n");
        workspace.write(
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"pleo-benches\"\nversion = \"0.0.0\"\n",
        );
        workspace.write(
            "benches/Cargo.toml",
            "[package]\nname = \"pleo-benches\"\nedition = \"2024\"\n\n\
             [[bench]]\nname = \"request_building\"\nharness = false\n",
        );
        workspace.write("benches/src/lib.rs", "");
        workspace.write(
            "benches/benches/request_building.rs",
            "fn main() { print!(\"{}\", std::fs::read_to_string(\"printed\").unwrap()) }\n",
        );
        workspace.prints(&format!("Benchmarking a GET, key\n\n{AFTER}"));
        workspace.write(DOCUMENT, &document(BEFORE));
        workspace
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn prints(&self, text: &str) {
        self.write("benches/printed", text);
    }

    fn document(&self) -> String {
        fs::read_to_string(self.path(DOCUMENT)).unwrap()
    }

    /// The exit code, what is printed, and what is said on standard error.
    fn measure(&self, arguments: &[&str]) -> (i32, String, String) {
        said(&measure(self.0.path(), arguments))
    }
}

/// A document with a table of request building, and other things around it.
fn document(table: &str) -> String {
    format!(
        "# Measurements\r\n\n| other | table |\n|---|---|\n\n<!-- measure: requests -->\n{table}\
         <!-- /measure -->\n\n  the end, without a newline"
    )
}

fn measure(root: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("--root")
        .arg(root)
        .arg("measure")
        .args(arguments)
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .unwrap()
}

fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_ratio_that_got_worse_is_named_and_fails_only_where_that_is_asked_for() {
    let workspace = Workspace::new();
    let (code, printed, _) = workspace.measure(&["requests"]);
    assert_eq!(code, 0, "{printed}");
    let end = format!(
        "\n{AFTER}\ncompared   2 figures, of which 1 changed by more than 15 %\n\
         worse      a GET, key, to by hand: 0.50 before, 0.60 now (+20 %)\n\
         new        row `c PUT, key`\ngone       row `b GET, key`\n"
    );
    assert!(printed.starts_with("Benchmarking a GET, key\n"), "{printed}");
    assert!(printed.ends_with(&end), "{printed}");
    assert_eq!(workspace.document(), document(BEFORE));

    let (code, printed, _) = workspace.measure(&["requests", "--fail-on-worse"]);
    assert_eq!(code, 1, "{printed}");
    workspace.prints(BEFORE);
    let (code, printed, _) = workspace.measure(&["requests", "--fail-on-worse"]);
    assert_eq!(code, 0, "{printed}");
    assert!(printed.ends_with("compared   4 figures, of which 0 changed by more than 15 %\n"), "{printed}");
}

#[test]
fn writing_changes_the_table_and_nothing_else() {
    let workspace = Workspace::new();
    let (code, printed, said) = workspace.measure(&["requests", "--write"]);
    assert_eq!(code, 0, "{printed}{said}");
    assert_eq!(workspace.document(), document(AFTER));
}

#[test]
fn what_could_not_be_measured_is_named_and_changes_nothing() {
    let workspace = Workspace::new();
    let command = "cargo bench --package pleo-benches --bench request_building --locked";
    for (printed, problem) in [
        ("Benchmarking a GET, key\n".to_owned(), "there is no table"),
        (AFTER.replace("| 1.20 |", "|"), "row `c PUT, key` has 4 cells below 5 headings"),
        (AFTER.replace("1.20", "less"), "`less` does not begin with a number"),
    ] {
        workspace.prints(&printed);
        let (code, _, said) = workspace.measure(&["requests", "--write"]);
        assert_eq!(code, 3, "{said}");
        assert!(said.contains("error: requests: ") && said.contains(problem), "{said}");
    }
    fs::remove_file(workspace.path("benches/printed")).unwrap();
    let (code, _, said) = workspace.measure(&["requests", "--write"]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains(&format!("error: requests: `{command}` failed")), "{said}");
    assert_eq!(workspace.document(), document(BEFORE));
}

#[test]
fn a_damaged_document_is_named_before_anything_is_measured() {
    let workspace = Workspace::new();
    for (from, to, problem) in [
        ("<!-- measure: requests -->", "", "line 11 closes nothing"),
        ("<!-- /measure -->", "", "`<!-- measure: requests -->` is not closed"),
        ("measure: requests", "measure: decoding", "`<!-- measure: requests -->` is missing"),
        (
            "0.50 | 1.60 |\n| b",
            "0.50 |\n| b",
            "below `<!-- measure: requests -->`: row `a GET, key` has 4 cells",
        ),
    ] {
        let damaged = document(BEFORE).replacen(from, to, 1);
        assert_ne!(damaged, document(BEFORE), "{from}");
        workspace.write(DOCUMENT, &damaged);
        let (code, printed, said) = workspace.measure(&["requests", "--write"]);
        assert_eq!((code, printed.as_str()), (3, ""), "{said}");
        assert!(said.starts_with(&format!("error: {DOCUMENT}: ")), "{said}");
        assert_eq!(said.matches(problem).count(), 1, "{said}");
        assert_eq!(workspace.document(), damaged);
    }
}

#[test]
fn wrong_usage_says_so() {
    let (code, _, text) = said(&measure(&root(), &["requests", "--only", "tags"]));
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("--only chooses rows of `build` and `cold`"), "{text}");
    for arguments in [&["build", "--runs", "0"][..], &["--only", "tags"], &["everything"]] {
        assert_eq!(said(&measure(&root(), arguments)).0, 2, "{arguments:?}");
    }
    let (code, _, text) = said(&measure(&root(), &["build", "--only", "tags,no such family"]));
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("there is no row \"no such family\"; there are: full, default, "), "{text}");
}

#[test]
fn the_committed_document_has_a_table_for_everything_that_is_measured() {
    let document = Document::read(&root()).unwrap();
    for subject in Subject::ALL {
        let table = document.table(subject).unwrap();
        assert!(document.figures(subject).is_ok(), "{}", subject.name());
        let compared = table.head()[1..].iter().filter(|heading| subject.better(heading).is_some()).count();
        assert!(compared >= 2, "{} compares {compared} columns", subject.name());
        match subject {
            Subject::Build => assert_eq!(table.head(), HEADINGS),
            Subject::Cold => assert_eq!(table.head(), &HEADINGS[..5]),
            _ => {}
        }
    }
}

#[test]
fn every_family_is_measured_alone_by_a_call_of_its_own() {
    let openapi: Value = serde_json::from_str(&fs::read_to_string(root().join(OPENAPI)).unwrap()).unwrap();
    let families: BTreeSet<&str> = walk::operations(&openapi)
        .map(|(_, operation)| operation["x-pleo-family"].as_str().unwrap())
        .collect();
    let selections = selections(&root()).unwrap();
    let (both, alone) = selections.split_at(2);
    assert_eq!(both.iter().map(|all| all.name()).collect::<Vec<_>>(), ["full", "default"]);
    assert_eq!(alone.iter().map(|family| family.name()).collect::<BTreeSet<_>>(), families);

    let all: usize = alone.iter().map(|family| family.lines()).sum();
    assert!(both.iter().all(|selection| selection.lines() > all), "{all} of {}", both[0].lines());
    for family in alone {
        let module = root().join(CLIENT).join(names::snake(family.name())).join("mod.rs");
        let module = fs::read_to_string(module).unwrap();
        let method = format!("pub fn {}(", family.operation());
        assert!(module.contains(&method), "{method}");
        assert!(family.lines() > module.lines().count(), "{} has {} lines", family.name(), family.lines());
        assert_eq!(family.features().unwrap(), &["rustls".to_owned(), family.name().to_owned()]);
    }
}

#[test]
fn a_program_has_at_most_a_tenth_more_crates_than_one_with_bare_reqwest() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("measure");
    let bare = Program::with_bare_reqwest(&root(), &folder.join("bare")).unwrap().crates();
    assert!(bare > 50, "{bare} crates");
    for selection in selections(&root()).unwrap() {
        let program = Program::with_pleo(&root(), &folder.join(selection.name()), &selection).unwrap();
        let crates = program.crates();
        assert!(
            bare < crates && crates * 10 <= bare * 11,
            "{} has {crates} crates, bare reqwest {bare}",
            selection.name()
        );
    }
}
