//! Several reports side by side: one column per client, one row per rule.

pub mod badge;
pub mod html;
pub mod markdown;
pub mod terminal;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{
    Report, RuleResult, Standing,
    text::{one_line, shortened},
};
use crate::{verdict::Level, words::counted};

/// How much of a client's name is shown, in characters: names head columns.
const NAME: usize = 40;

/// What several runs found, side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// One for each report, in the order of the reports.
    pub clients: Vec<Client>,
    /// The rules by area, in the order in which the reports have them.
    pub areas: Vec<Area>,
    /// How the runs differ, apart from their outcomes: the less alike they are, the less the columns compare.
    pub differences: Vec<String>,
}

/// A column: the client of one report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its name in one line, as the client gives it.
    pub name: String,
    /// Name and version in one line, and a number if another client has the same ones.
    pub title: String,
    /// Where it ran, the suite, the seed and the number of cases, each by name.
    pub run: Vec<(&'static str, String)>,
    /// The areas that have no result, see [`Report::unlearnt`].
    pub unlearnt: Vec<String>,
}

/// The rules of one area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    /// What the ids of its rules begin with.
    pub name: String,
    /// Its rules.
    pub rows: Vec<Row>,
}

/// How each client stands with one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The rule's id.
    pub id: String,
    /// Its title, in the first report that has the rule.
    pub title: String,
    /// How strictly it is asked for, in the first report that has the rule.
    pub level: Level,
    /// One for each client; nothing where the report does not have the rule.
    pub standings: Vec<Option<Standing>>,
}

/// How many rules passed, of those that were asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Total {
    /// Rules that passed, expectedly or not.
    pub passed: usize,
    /// Rules that the report has and that were not skipped.
    pub asked: usize,
}

/// As in `12/14`.
impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.passed, self.asked)
    }
}

impl Comparison {
    /// The reports side by side.
    pub fn of(reports: &[Report]) -> Self {
        let clients = clients(reports);
        let by_id: Vec<_> = reports.iter().map(Report::by_id).collect();
        let mut areas: Vec<Area> = Vec::new();
        let (mut seen, mut partial, mut unlike) = (BTreeSet::new(), 0, Vec::new());
        for result in reports.iter().flat_map(|report| &report.results) {
            if !seen.insert(&result.id) {
                continue;
            }
            let found: Vec<Option<&RuleResult>> =
                by_id.iter().map(|results| results.get(&*result.id).copied()).collect();
            partial += usize::from(found.contains(&None));
            if found.iter().flatten().any(|other| asks(other) != asks(result)) {
                unlike.push(result.id.as_str());
            }
            let row = Row {
                id: result.id.clone(),
                title: result.title.clone(),
                level: result.level,
                standings: found.into_iter().map(|result| result.map(RuleResult::standing)).collect(),
            };
            match areas.iter_mut().find(|area| area.name == result.area()) {
                Some(area) => area.rows.push(row),
                None => areas.push(Area { name: result.area().to_owned(), rows: vec![row] }),
            }
        }
        let differences = differences(&clients, partial, &unlike);
        Self { clients, areas, differences }
    }

    /// How many rules of a level passed for the client in this column.
    pub fn total(&self, column: usize, level: Level) -> Total {
        total(self.areas.iter().flat_map(|area| &area.rows), column, level)
    }

    /// How many cells have this sign for the client in this column.
    fn count(&self, column: usize, wanted: &str) -> usize {
        let rows = self.areas.iter().flat_map(|area| &area.rows);
        rows.filter(|row| row.standings.get(column).is_some_and(|&standing| sign(standing) == wanted)).count()
    }

    /// The signs in the table and what they mean, each once.
    fn legend(&self) -> Vec<Option<Standing>> {
        let rows = self.areas.iter().flat_map(|area| &area.rows);
        let there: BTreeSet<_> = rows.flat_map(|row| row.standings.iter().copied()).collect();
        let mut signs = BTreeSet::new();
        // What is not in a report sorts first and is told last.
        let (last, first): (Vec<_>, Vec<_>) = there.into_iter().partition(Option::is_none);
        first.into_iter().chain(last).filter(|&standing| signs.insert(sign(standing))).collect()
    }

    /// What there is to say about each client as a whole: a name, and a value for each client. It has only what
    /// is true of a client.
    fn overview(&self) -> Vec<(String, Vec<String>)> {
        let of_each = |value: &dyn Fn(usize) -> String| (0..self.clients.len()).map(value).collect();
        let mut rows: Vec<(String, Vec<String>)> = Vec::new();
        for level in [Level::Must, Level::Should] {
            rows.push((format!("{level} passed"), of_each(&|column| self.total(column, level).to_string())));
        }
        for standing in self.legend() {
            if standing != Some(Standing::Passed) {
                let count = |column| self.count(column, sign(standing)).to_string();
                rows.push((word(standing).to_owned(), of_each(&count)));
            }
        }
        if self.clients.iter().any(|client| !client.unlearnt.is_empty()) {
            let unlearnt = |column: usize| match &*self.clients[column].unlearnt {
                [] => "–".to_owned(),
                areas => areas.join(", "),
            };
            rows.push(("no result for".to_owned(), of_each(&unlearnt)));
        }
        for index in 0..self.clients.first().map_or(0, |client| client.run.len()) {
            let name = self.clients[0].run[index].0.to_owned();
            rows.push((name, of_each(&|column| self.clients[column].run[index].1.clone())));
        }
        rows
    }

    /// The heading of the whole.
    fn heading(&self) -> String {
        format!("Conformance of {}", counted(self.clients.len(), "client"))
    }
}

impl Area {
    /// How many rules of a level passed, for each client; nothing if the area has no rule of it.
    fn totals(&self, level: Level) -> Option<Vec<Total>> {
        let clients = self.rows.iter().find(|row| row.level == level)?.standings.len();
        Some((0..clients).map(|column| total(&self.rows, column, level)).collect())
    }
}

fn total<'a>(rows: impl IntoIterator<Item = &'a Row>, column: usize, level: Level) -> Total {
    let mut total = Total::default();
    for row in rows.into_iter().filter(|row| row.level == level) {
        let Some(Some(standing)) = row.standings.get(column) else { continue };
        total.asked += usize::from(*standing != Standing::Skipped);
        total.passed += usize::from(matches!(standing, Standing::Passed | Standing::UnexpectedPass));
    }
    total
}

/// A sign for what is in a cell.
fn sign(standing: Option<Standing>) -> &'static str {
    standing.map_or("·", Standing::sign)
}

/// What a sign means, without the rule's level.
const fn word(standing: Option<Standing>) -> &'static str {
    match standing {
        Some(Standing::Passed) => "passed",
        Some(Standing::FailedMust | Standing::FailedShould) => "failed",
        Some(Standing::ExpectedFailure) => "failed as expected",
        Some(Standing::UnexpectedPass) => "passed unexpectedly",
        Some(Standing::Skipped) => "skipped",
        Some(Standing::Inconclusive) => "inconclusive",
        Some(Standing::Error) => "error",
        None => "not run",
    }
}

/// What makes a rule the same one in two reports.
fn asks(result: &RuleResult) -> (Level, &str, &str) {
    (result.level, &result.title, &result.statement)
}

fn clients(reports: &[Report]) -> Vec<Client> {
    let mut titles = BTreeSet::new();
    let client = |report: &Report| {
        let name = shortened(&one_line(&report.subject.name), NAME);
        let full = one_line(&format!("{name} {}", shortened(&one_line(&report.subject.version), NAME)));
        let numbered = (2..).map(|number| format!("{full} ({number})"));
        let title = [full.clone()].into_iter().chain(numbered).find(|title| titles.insert(title.clone()));
        Client {
            name,
            title: title.unwrap_or(full),
            run: vec![
                ("judged as", report.subject.kind.to_string()),
                ("suite", shortened(&one_line(&report.suite), NAME)),
                ("seed", report.seed.to_string()),
                ("cases per rule", report.cases.to_string()),
            ],
            unlearnt: report.unlearnt().into_iter().map(one_line).collect(),
        }
    };
    reports.iter().map(client).collect()
}

/// In what the runs differ; `partial` rules are not in every report, `unlike` ones are not the same everywhere.
fn differences(clients: &[Client], partial: usize, unlike: &[&str]) -> Vec<String> {
    let mut differences = Vec::new();
    for what in ["suite", "seed", "cases per rule"] {
        let mut who: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for client in clients {
            let of_client = client.run.iter().filter(|(name, _)| *name == what);
            of_client.for_each(|(_, value)| who.entry(value).or_default().push(&client.title));
        }
        if who.len() > 1 {
            let who: Vec<_> =
                who.iter().map(|(value, clients)| format!("{value} for {}", clients.join(", "))).collect();
            differences.push(format!("{what}: {}", who.join("; ")));
        }
    }
    if partial > 0 {
        let are = if partial == 1 { "is" } else { "are" };
        differences.push(format!("{} {are} not in every report", counted(partial, "rule")));
    }
    if !unlike.is_empty() {
        let rules = one_line(&unlike.join(", "));
        differences.push(format!("text or level of {rules}: the table has the first report's"));
    }
    differences
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::{Area, Client, Comparison, Row, Total};
    use crate::{
        report::{Report, Standing, sample},
        verdict::{Level, Verdict},
    };

    /// The sample, and another client that passes everything.
    pub(crate) fn two() -> [Report; 2] {
        let mut other = sample::report();
        other.subject.name = "other-client".to_owned();
        for result in &mut other.results {
            result.verdict = Verdict::Pass { conclusive: 256 };
            result.expected_failure = None;
        }
        [sample::report(), other]
    }

    /// Reports with hostile text in every field, side by side.
    pub(crate) fn any_comparison() -> impl Strategy<Value = Comparison> {
        vec(sample::any_report(), 0..4).prop_map(|reports| Comparison::of(&reports))
    }

    /// The comparison with the same shape and every text replaced by a harmless one.
    pub(crate) fn harmless(comparison: &Comparison) -> Comparison {
        let x = || "harmless".to_owned();
        let client = |client: &Client| Client {
            name: x(),
            title: x(),
            run: client.run.iter().map(|(name, _)| (*name, x())).collect(),
            unlearnt: client.unlearnt.iter().map(|_| x()).collect(),
        };
        let row = |row: &Row| Row { id: x(), title: x(), ..row.clone() };
        let area = |area: &Area| Area { name: x(), rows: area.rows.iter().map(row).collect() };
        Comparison {
            clients: comparison.clients.iter().map(client).collect(),
            areas: comparison.areas.iter().map(area).collect(),
            differences: comparison.differences.iter().map(|_| x()).collect(),
        }
    }

    #[test]
    fn every_rule_has_one_row_with_a_standing_for_each_client() {
        let comparison = Comparison::of(&two());
        let areas: Vec<_> = comparison.areas.iter().map(|area| (&*area.name, area.rows.len())).collect();
        assert_eq!(areas, [("AUTH", 4), ("ENV", 5)]);
        let row = &comparison.areas[0].rows[1];
        assert_eq!((&*row.id, &*row.title), ("AUTH-2", "The key is the user name"));
        assert_eq!(row.standings, [Some(Standing::FailedMust), Some(Standing::Passed)]);
        assert_eq!(comparison.differences, [""; 0]);
    }

    #[test]
    fn totals_are_of_rules_that_were_asked_and_an_expected_failure_is_not_a_pass() {
        let comparison = Comparison::of(&two());
        // Of eight MUST rules one is skipped; two pass, and one does so unexpectedly.
        assert_eq!(comparison.total(0, Level::Must), Total { passed: 3, asked: 7 });
        assert_eq!(comparison.total(0, Level::Should), Total { passed: 0, asked: 1 });
        assert_eq!(comparison.total(1, Level::Must).to_string(), "8/8");
        let of_area = comparison.areas[0].totals(Level::Must).unwrap();
        assert_eq!(of_area, [Total { passed: 1, asked: 2 }, Total { passed: 3, asked: 3 }]);
        assert_eq!(comparison.areas[1].totals(Level::Should), None);
    }

    #[test]
    fn clients_of_one_name_and_version_are_numbered() {
        let mut reports: Vec<_> = std::iter::repeat_n(sample::report(), 4).collect();
        reports[1].subject.name = " example-client\n".to_owned();
        reports[2].subject.version = "1.2.3 (2)".to_owned();
        let comparison = Comparison::of(&reports);
        let titles: Vec<_> = comparison.clients.iter().map(|client| &*client.title).collect();
        assert_eq!(
            titles,
            [
                "example-client 1.2.3",
                "example-client 1.2.3 (2)",
                "example-client 1.2.3 (2) (2)",
                "example-client 1.2.3 (3)"
            ]
        );
    }

    #[test]
    fn runs_that_are_not_alike_are_told() {
        let [one, mut other] = two();
        other.suite = "pleo-conformance 0.2.0".to_owned();
        (other.seed, other.cases) = (2, 32);
        other.results[0].level = Level::Should;
        other.results[5].statement.push('!');
        let extra = other.results.pop().unwrap();
        let comparison = Comparison::of(&[one, other]);
        assert_eq!(
            comparison.differences,
            [
                "suite: pleo-conformance 0.1.0 for example-client 1.2.3; pleo-conformance 0.2.0 for other-client 1.2.3",
                "seed: 1 for example-client 1.2.3; 2 for other-client 1.2.3",
                "cases per rule: 256 for example-client 1.2.3; 32 for other-client 1.2.3",
                "1 rule is not in every report",
                "text or level of AUTH-1, ENV-2: the table has the first report's",
            ]
        );
        let row = comparison.areas[1].rows.iter().find(|row| row.id == extra.id).unwrap();
        assert_eq!(row.standings[1], None);
        assert_eq!(comparison.total(1, Level::Must).asked, 7);
    }

    #[test]
    fn a_rule_of_a_later_report_only_joins_its_area() {
        let [mut one, other] = two();
        one.results.remove(1);
        let comparison = Comparison::of(&[one, other]);
        let ids: Vec<_> = comparison.areas[0].rows.iter().map(|row| &*row.id).collect();
        assert_eq!(ids, ["AUTH-1", "AUTH-3", "AUTH-4", "AUTH-2"]);
    }

    #[test]
    fn an_area_without_a_result_is_named_in_the_overview() {
        let mut report = sample::report();
        for result in &mut report.results[..4] {
            result.verdict = Verdict::Inconclusive { reason: "it got nowhere".to_owned() };
        }
        let overview = Comparison::of(&[report, two()[1].clone()]).overview();
        let row = overview.iter().find(|(name, _)| name == "no result for").unwrap();
        assert_eq!(row.1, ["AUTH", "–"]);
    }

    proptest! {
        #[test]
        fn every_rule_of_every_report_is_counted_once(reports in vec(sample::any_report(), 1..4)) {
            let comparison = Comparison::of(&reports);
            for (column, report) in reports.iter().enumerate() {
                let signs: std::collections::BTreeSet<_> =
                    comparison.legend().into_iter().flatten().map(Standing::sign).collect();
                let counted: usize = signs.into_iter().map(|sign| comparison.count(column, sign)).sum();
                prop_assert_eq!(counted, report.by_id().len());
            }
            let titles: std::collections::BTreeSet<_> =
                comparison.clients.iter().map(|client| &client.title).collect();
            prop_assert_eq!(titles.len(), reports.len());
        }
    }
}
