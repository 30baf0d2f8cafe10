//! The README.

use std::fmt::Write as _;

use pleo_sandbox::ASSUMPTIONS;

#[test]
fn the_readme_shows_all_assumptions() {
    let mut table = String::from("| name | not documented | the sandbox | because of |\n|---|---|---|---|\n");
    for row in ASSUMPTIONS {
        writeln!(table, "| `{}` | {} | {} | {} |", row.id, row.about, row.behaviour, row.basis).unwrap();
    }
    let readme = include_str!("../../README.md");
    let shown = readme.split("<!-- assumptions -->\n").nth(1).unwrap_or_default();
    assert_eq!(shown, table, "put this table between the marks in the README:\n{table}");
}

#[test]
fn every_assumption_has_its_own_name_and_says_something() {
    let names: std::collections::BTreeSet<&str> = ASSUMPTIONS.iter().map(|row| row.id).collect();
    assert_eq!(names.len(), ASSUMPTIONS.len());
    assert!(ASSUMPTIONS.len() > 20);
    for row in ASSUMPTIONS {
        for text in [row.about, row.behaviour, row.basis] {
            assert!(!text.is_empty() && !text.contains('|') && !text.contains('\n'), "{}", row.id);
        }
    }
}
