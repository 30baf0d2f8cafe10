//! `cargo xtask measure`: which rows there are, and how many crates their programs are made of. No
//! build is timed here.

use std::{collections::BTreeMap, fs, process::Command};

use serde_json::{Map, Value};
use xtask_openapi::walk;
use xtask_testing::root;

fn measure(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).arg("measure").args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_program_has_at_most_15_percent_more_crates_than_one_with_bare_reqwest() {
    let (code, table, said) = measure(&["--crates"]);
    assert_eq!(code, 0, "{said}");
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("| features | crates | crates to bare |"));
    assert_eq!(lines.next(), Some("|---|---:|---:|"));
    let rows: Vec<(&str, usize)> = lines
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            (cells[1], cells[2].parse().unwrap())
        })
        .collect();

    let openapi = fs::read_to_string(root().join("spec/openapi.json")).unwrap();
    let openapi: Value = serde_json::from_str(&openapi).unwrap();
    let mut families: BTreeMap<&str, Vec<&Map<String, Value>>> = BTreeMap::new();
    for (_, operation) in walk::operations(&openapi) {
        families.entry(operation["x-pleo-family"].as_str().unwrap()).or_default().push(operation);
    }
    let names: Vec<&str> = rows.iter().map(|row| row.0).collect();
    let expected: Vec<&str> =
        ["full", "default"].into_iter().chain(families.keys().copied()).chain(["bare"]).collect();
    assert_eq!(names, expected);

    let bare = rows.last().unwrap().1;
    assert!(bare > 50, "{bare} crates");
    for (name, crates) in &rows[..rows.len() - 1] {
        assert!(
            bare < *crates && crates * 100 <= bare * 115,
            "{name} has {crates} crates, bare reqwest {bare}"
        );
    }
    for (family, operations) in families {
        let source = root().join("target/measure/programs").join(family).join("src/main.rs");
        let source = fs::read_to_string(source).unwrap();
        let called: Vec<_> = operations
            .iter()
            .filter(|operation| {
                source.contains(&format!("client.{}()", operation["operationId"].as_str().unwrap()))
            })
            .collect();
        assert_eq!(called.len(), 1, "{family}: {source}");
    }
}

#[test]
fn a_row_that_does_not_exist_is_refused_before_anything_is_printed() {
    let (code, table, said) = measure(&["tags", "no-such-family"]);
    assert_eq!((code, table.as_str()), (1, ""));
    let expected =
        "error: there is no row `no-such-family`; choose from: full, default, accounting-entries, ";
    assert!(said.starts_with(expected) && said.ends_with(", webhooks, bare\n"), "{said}");
}

#[test]
fn contradicting_arguments_are_wrong_usage() {
    for arguments in [&["--runs", "0"][..], &["--crates", "--runs", "2"], &["--cold", "--runs", "2"]] {
        assert_eq!(measure(arguments).0, 2, "{arguments:?}");
    }
}
