//! The command line as a shell has it: colour, and what is piped.

use std::process::Command;

use pleo_conformance::cli::coverage::table;

/// What the runner prints, with these variables of the environment, if nothing is a terminal.
fn printed(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pleo-conformance"));
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(name);
    }
    let output = command.args(arguments).envs(variables.iter().copied()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

const HELP: &[&str] = &["run", "--help"];
const RUN: &[&str] = &["run", "--only", "AUTH-001", "--cases", "1"];

#[test]
fn colour_is_for_terminals_and_for_those_who_ask_for_it() {
    for arguments in [HELP, RUN] {
        let has_colour = |variables| printed(arguments, variables).contains("\x1b[");
        assert!(!has_colour(&[]), "{arguments:?}");
        assert!(!has_colour(&[("TERM", "xterm-256color"), ("CLICOLOR", "1")]), "{arguments:?}");
        assert!(has_colour(&[("CLICOLOR_FORCE", "1")]), "{arguments:?}");
        assert!(!has_colour(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]), "{arguments:?}");
    }
}

#[test]
fn what_is_piped_is_neither_cut_nor_wrapped() {
    let help = printed(HELP, &[("COLUMNS", "40")]);
    assert!(help.lines().any(|line| line.len() > 120), "{help}");
    assert!(printed(RUN, &[("COLUMNS", "10")]).contains("AUTH-001  "));
    // What it says of a rule is longer than a terminal is wide.
    let skipped = printed(&["run", "--only", "SEC-004", "--cases", "1", "--client", TALKATIVE], &[]);
    assert!(skipped.contains(&"the reason ".repeat(50)), "{skipped}");
}

/// An adapter that says at length why it can do nothing.
const TALKATIVE: &str = r#"sh -c 'read -r hello
    echo "{\"type\":\"hello\",\"protocol\":1,\"name\":\"x\",\"capabilities\":[\"api_keys\"]}"
    reason=$(yes "the reason" | head -n 60 | tr "\n" " ")
    while read -r call; do
        id=${call#*\"id\":}
        echo "{\"type\":\"refuse\",\"id\":${id%%,*},\"unsupported\":true,\"reason\":\"$reason\"}"
    done'"#;

#[test]
fn coverage_prints_the_table() {
    let rows: String = table().iter().map(|row| format!("{row}\n")).collect();
    assert_eq!(printed(&["coverage"], &[]), format!("{rows}99 of 99 statements are accounted for\n"));
}
