//! What the guides say of options and statements is what the programs and the library have.

use std::collections::BTreeSet;

use pleo::stores::PostgresTokens;
use pleo_conformance::cli::command_line;

#[test]
fn the_guides_commands_and_options_are_those_that_there_are() {
    const GUIDE: &str = include_str!("../../../docs/conformance.md");
    let mut commands = 0;
    for line in GUIDE.lines().filter_map(|line| line.strip_prefix("cargo run --bin pleo-conformance -- ")) {
        let words = shlex::split(line.split(" #").next().unwrap()).unwrap();
        let parsed =
            command_line().try_get_matches_from(["pleo-conformance".to_owned()].into_iter().chain(words));
        assert!(parsed.is_ok(), "{line}: {:?}", parsed.err());
        commands += 1;
    }
    assert!(commands >= 8);

    let documented: BTreeSet<_> = GUIDE
        .lines()
        .filter_map(|line| line.strip_prefix("| `--"))
        .map(|rest| rest.split([' ', '`']).next().unwrap())
        .collect();
    let command = command_line();
    let run = command.find_subcommand("run").unwrap();
    // That one belongs to --target.
    let options: BTreeSet<_> = run
        .get_arguments()
        .filter_map(|argument| argument.get_long())
        .filter(|&long| long != "yes-call-it")
        .collect();
    assert_eq!(documented, options);
}

#[test]
fn the_guide_shows_the_statement_that_creates_the_table_of_tokens() {
    assert!(include_str!("../../../docs/token-stores.md").contains(PostgresTokens::CREATE_TABLE));
}
