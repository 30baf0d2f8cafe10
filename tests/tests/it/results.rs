//! The table in `docs/conformance-results.md`, as far as it is about our client.

use std::{fs, path::Path};

use pleo_conformance::{
    catalogue,
    engine::{Options, SubjectUnderTest, run},
    report::{
        Report,
        comparison::{Comparison, badge::badges},
    },
    verdict::{Level, Side},
};
use pulldown_cmark::{Event, Options as Extensions, Parser, Tag, TagEnd};
use serde_json::Value;

const PAGE: &str = include_str!("../../../docs/conformance-results.md");

/// The page's tables, row by row and cell by cell.
fn rows() -> Vec<Vec<String>> {
    let (mut rows, mut inside) = (Vec::new(), false);
    for event in Parser::new_ext(PAGE, Extensions::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::TableHead | Tag::TableRow) => rows.push(Vec::new()),
            Event::Start(Tag::TableCell) => {
                inside = true;
                rows.last_mut().unwrap().push(String::new());
            }
            Event::End(TagEnd::TableCell) => inside = false,
            Event::Text(text) if inside => rows.last_mut().unwrap().last_mut().unwrap().push_str(&text),
            _ => {}
        }
    }
    rows
}

#[test]
fn the_results_of_our_client_are_what_the_suite_says_now() {
    let rules: Vec<_> = catalogue().iter().filter(|rule| rule.side() == Side::Client).collect();
    let report = Report::from(
        run(&rules, SubjectUnderTest::InProcess, &Options { cases: 4, ..Options::default() }, &mut |_| {})
            .unwrap(),
    );
    let now: Vec<_> = report
        .results
        .iter()
        .map(|result| {
            let name = format!("{} {}", result.id, result.title);
            [name, result.level.to_string(), result.standing().sign().to_owned()]
        })
        .collect();

    let rows = rows();
    // Our client's is the first column after the rule and its level.
    let ours = format!("{} {}", report.subject.name, report.subject.version);
    assert!(rows.iter().filter(|row| row[0] == "rule").all(|row| row[2] == ours), "{ours} comes first");
    let is_rule = |row: &&Vec<String>| row.len() > 3 && row[0].contains('-');
    let published: Vec<_> =
        rows.iter().filter(is_rule).map(|row| [&row[0], &row[1], &row[2]].map(Clone::clone)).collect();
    const ANEW: &str = "to make the page and the badges anew, run:  cargo xtask compare-clients";
    assert_eq!(published, now, "{ANEW}");

    let comparison = Comparison::of(&[report]);
    for (level, label) in [(Level::Must, "MUST passed"), (Level::Should, "SHOULD passed")] {
        let row = rows.iter().find(|row| row[0] == label).unwrap();
        assert_eq!(row[1], comparison.total(0, level).to_string(), "{ANEW}");
    }
    let (name, badge) = badges(&comparison).remove(0);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/conformance-badges").join(name);
    let written: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(written, serde_json::to_value(badge).unwrap(), "{ANEW}");
}
