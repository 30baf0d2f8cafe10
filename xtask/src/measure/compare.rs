//! The figures of two tables of one form: what got worse, what got better, what came and went.

use std::fmt;

use super::{
    Subject,
    table::{Table, TableError},
};

/// From which change on a figure is named, as a part of what it was.
const LIMIT: f64 = 0.15;
/// Figures are decimal and change by exactly the limit; the difference of two floats may miss it.
const ROUNDING: f64 = 1e-9;

/// Which of two figures is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// The lower one, as of times and sizes.
    Lower,
    /// The higher one, as of rates.
    Higher,
}

/// What of a table is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    rows: Vec<String>,
    columns: Vec<String>,
    cells: Vec<Figure>,
}

#[derive(Debug, Clone, PartialEq)]
struct Figure {
    row: String,
    column: String,
    better: Better,
    text: String,
    /// `None` for what is not measured.
    number: Option<f64>,
}

impl Figures {
    /// The figures of a subject's table.
    ///
    /// # Errors
    /// [`TableError::NoNumber`] for a cell of a compared column that neither begins with a number nor
    /// is `–`.
    pub fn of(subject: Subject, table: &Table) -> Result<Self, TableError> {
        let mut cells = Vec::new();
        for row in table.rows() {
            let Some((name, texts)) = row.split_first() else { continue };
            for (column, text) in table.head().iter().skip(1).zip(texts) {
                let Some(better) = subject.better(column) else { continue };
                let number = match number(text) {
                    Some(number) => Some(number),
                    None if text == "–" => None,
                    None => {
                        let (row, column, cell) = (name.clone(), column.clone(), text.clone());
                        return Err(TableError::NoNumber { row, column, cell });
                    }
                };
                let (row, column, text) = (name.clone(), column.clone(), text.clone());
                cells.push(Figure { row, column, better, text, number });
            }
        }
        let rows = table.rows().iter().flat_map(|row| row.first()).cloned().collect();
        Ok(Self { rows, columns: table.head().to_vec(), cells })
    }

    /// The figures of these rows and no others.
    pub fn only(mut self, rows: &[String]) -> Self {
        self.rows.retain(|row| rows.contains(row));
        self.cells.retain(|figure| rows.contains(&figure.row));
        self
    }

    fn find(&self, row: &str, column: &str) -> Option<&Figure> {
        self.cells.iter().find(|figure| figure.row == row && figure.column == column)
    }

    /// Rows and columns, as they are named when they come or go.
    fn names(&self) -> Vec<String> {
        let rows = self.rows.iter().map(|row| format!("row `{row}`"));
        rows.chain(self.columns.iter().map(|column| format!("column `{column}`"))).collect()
    }
}

/// The number at the beginning of a cell, which ends there or at a space.
fn number(cell: &str) -> Option<f64> {
    let number = cell.split(' ').next()?;
    // Floats may be written in more ways, such as `inf` and `1e3`.
    if number.chars().all(|c| c.is_ascii_digit() || c == '.') { number.parse().ok() } else { None }
}

/// A figure that got worse or better.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    row: String,
    column: String,
    before: String,
    now: String,
    /// The change as a part of what the figure was.
    change: f64,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { row, column, before, now, change } = self;
        write!(f, "{row}, {column}: {before} before, {now} now ({:+.0} %)", change * 100.0)
    }
}

/// How one table differs from another.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Comparison {
    /// How many figures stand in both.
    pub compared: usize,
    /// Those that got worse by more than 15 %.
    pub worse: Vec<Change>,
    /// Those that got better by more than 15 %.
    pub better: Vec<Change>,
    /// Rows, columns and figures that only the new table has.
    pub came: Vec<String>,
    /// Rows, columns and figures that only the old table has.
    pub went: Vec<String>,
}

/// Compares the figures of two tables.
pub fn compare(before: &Figures, now: &Figures) -> Comparison {
    let (old, new) = (before.names(), now.names());
    let mut comparison = Comparison {
        came: new.iter().filter(|name| !old.contains(name)).cloned().collect(),
        went: old.into_iter().filter(|name| !new.contains(name)).collect(),
        ..Comparison::default()
    };
    for figure in &now.cells {
        // Else its row or column came.
        let Some(old) = before.find(&figure.row, &figure.column) else { continue };
        let Figure { row, column, .. } = figure;
        match (old.number, figure.number) {
            (None, None) => {}
            (None, Some(_)) => comparison.came.push(format!("{row}, {column}")),
            (Some(_), None) => comparison.went.push(format!("{row}, {column}")),
            (Some(old_number), Some(number)) => {
                comparison.compared += 1;
                let change = (number - old_number) / old_number;
                let list = match (figure.better, change) {
                    (_, change) if change.abs() <= LIMIT + ROUNDING => continue,
                    (Better::Lower, change) if change > 0.0 => &mut comparison.worse,
                    (Better::Higher, change) if change < 0.0 => &mut comparison.worse,
                    // Zero before and after.
                    (_, change) if change.is_nan() => continue,
                    _ => &mut comparison.better,
                };
                let (row, column) = (row.clone(), column.clone());
                list.push(Change { row, column, before: old.text.clone(), now: figure.text.clone(), change });
            }
        }
    }
    comparison
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changed = self.worse.len() + self.better.len();
        let percent = LIMIT * 100.0;
        write!(
            f,
            "compared   {} figures, of which {changed} changed by more than {percent:.0} %",
            self.compared
        )?;
        for (word, changes) in [("worse", &self.worse), ("better", &self.better)] {
            for change in changes {
                write!(f, "\n{word:<10} {change}")?;
            }
        }
        for (word, names) in [("new", &self.came), ("gone", &self.went)] {
            for name in names {
                write!(f, "\n{word:<10} {name}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(subject: Subject, text: &str) -> Figures {
        Figures::of(subject, &text.parse().unwrap()).unwrap()
    }

    /// How one figure of a column changes.
    fn of(subject: Subject, column: &str, before: &str, now: &str) -> Comparison {
        let table = |cell| figures(subject, &format!("| what | {column} |\n|---|---:|\n| x | {cell} |"));
        compare(&table(before), &table(now))
    }

    fn said(changes: &[Change]) -> Vec<String> {
        changes.iter().map(Change::to_string).collect()
    }

    #[test]
    fn a_figure_beyond_15_percent_is_named_with_both_values() {
        let comparison = of(Subject::Build, "check", "3.1 s", "4.2 s");
        assert_eq!(said(&comparison.worse), ["x, check: 3.1 s before, 4.2 s now (+35 %)"]);
        assert!(comparison.better.is_empty());
        let comparison = of(Subject::Build, "check", "4.2 s", "3.1 s");
        assert_eq!(said(&comparison.better), ["x, check: 4.2 s before, 3.1 s now (-26 %)"]);
        assert!(comparison.worse.is_empty());
    }

    #[test]
    fn a_change_of_exactly_15_percent_is_not_named_and_a_little_more_is() {
        for hundredths in 1..=2_000_u32 {
            // In steps of 0.20, 15 % are whole hundredths.
            let (before, now) = (f64::from(hundredths) * 0.2, f64::from(hundredths) * 0.23);
            let comparison = of(Subject::Build, "check", &format!("{before:.2}"), &format!("{now:.2}"));
            assert_eq!((comparison.worse, comparison.compared), (Vec::new(), 1), "{before} {now}");
        }
        assert_eq!(of(Subject::Build, "check", "1000", "1151").worse.len(), 1);
        assert_eq!(of(Subject::Build, "check", "1000", "850").better.len(), 0);
        assert_eq!(of(Subject::Build, "check", "1000", "849").better.len(), 1);
    }

    #[test]
    fn a_rate_gets_worse_when_it_falls() {
        let column = "requests per second, to bare";
        assert_eq!(of(Subject::EndToEnd, column, "1.00", "0.80").worse.len(), 1);
        assert_eq!(of(Subject::EndToEnd, column, "1.00", "1.20").better.len(), 1);
        assert_eq!(of(Subject::EndToEnd, "processor time, to bare", "1.00", "1.20").worse.len(), 1);
    }

    #[test]
    fn what_rises_from_nothing_got_worse_and_what_stays_nothing_did_not() {
        assert_eq!(of(Subject::Build, "check", "0", "1").worse.len(), 1);
        let comparison = of(Subject::Build, "check", "0", "0");
        assert_eq!((comparison.worse.len(), comparison.better.len(), comparison.compared), (0, 0, 1));
    }

    #[test]
    fn times_of_a_bench_are_not_compared() {
        let comparison = of(Subject::Requests, "typed client", "100 ns, 3", "900 ns, 9");
        assert_eq!(comparison, Comparison::default());
    }

    #[test]
    fn rows_columns_and_figures_that_come_or_go_are_named() {
        let before = "| what | check | size |\n|---|---:|---:|\n| x | 1 | – |\n| y | 1 | 1 |\n| z | 1 | 1 |";
        let now = "| what | size | lines |\n|---|---:|---:|\n| x | 1 | 9 |\n| w | 1 | 1 |\n| z | – | 1 |";
        let comparison = compare(&figures(Subject::Build, before), &figures(Subject::Build, now));
        assert_eq!(comparison.came, ["row `w`", "column `lines`", "x, size"]);
        assert_eq!(comparison.went, ["row `y`", "column `check`", "z, size"]);
        assert_eq!(comparison.compared, 0);
        let shown = comparison.to_string();
        assert!(shown.contains("\nnew        row `w`") && shown.contains("\ngone       z, size"), "{shown}");
    }

    #[test]
    fn a_row_that_is_not_wanted_is_not_compared() {
        let table = "| what | check |\n|---|---:|\n| x | 1 |\n| y | 1 |";
        let only = figures(Subject::Build, table).only(&["y".to_owned(), "z".to_owned()]);
        assert_eq!(only, figures(Subject::Build, "| what | check |\n|---|---:|\n| y | 1 |"));
    }

    #[test]
    fn a_compared_cell_needs_a_number() {
        for (cell, found) in [
            ("4.2 s", true),
            ("0.53", true),
            ("1234", true),
            ("–", true),
            ("", false),
            ("s 4.2", false),
            ("1,234", false),
            ("4.2s", false),
            ("1.2.3", false),
            (".", false),
            ("-1", false),
            ("NaN", false),
            ("inf", false),
            ("1e3", false),
        ] {
            let table: Table = format!("| what | check |\n|---|---:|\n| x | {cell} |").parse().unwrap();
            let (row, column, cell) = ("x".to_owned(), "check".to_owned(), cell.to_owned());
            match Figures::of(Subject::Build, &table) {
                Ok(_) => assert!(found, "{cell:?}"),
                Err(error) => {
                    assert!(!found, "{cell:?}");
                    assert_eq!(error, TableError::NoNumber { row, column, cell });
                }
            }
        }
    }
}
