//! Markdown tables: a row of headings, and rows that begin with their name.

use std::{collections::BTreeSet, fmt, str::FromStr};

/// A table in which every row has a cell for each heading, and no row or column has another's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// Why a text is not the table that it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// No headings, or no line below them.
    #[error("there is no table; it begins with a row of headings and a line such as `|---|---:|`")]
    Missing,
    /// A line that is no row.
    #[error("`{0}` is not a row of the table; each begins and ends with `|`")]
    NotARow(String),
    /// More or fewer cells than headings.
    #[error("row `{row}` has {cells} cells below {headings} headings; give it as many")]
    Ragged {
        /// The row's name.
        row: String,
        /// How many cells it has.
        cells: usize,
        /// How many headings there are.
        headings: usize,
    },
    /// Two rows or two columns of one name.
    #[error("`{0}` is the name of two rows or of two columns; rename one")]
    Twice(String),
    /// A cell without the figure that its column asks for.
    #[error(
        "row `{row}`, column `{column}`: `{cell}` does not begin with a number; write it as in `4.2 s`, \
         without thousands separators, or `–` for what is not measured"
    )]
    NoNumber {
        /// The row's name.
        row: String,
        /// The column's heading.
        column: String,
        /// What stands there.
        cell: String,
    },
}

impl Table {
    /// A table of headings and rows.
    ///
    /// # Errors
    /// [`TableError::Missing`], [`TableError::Ragged`] or [`TableError::Twice`].
    pub fn new(head: Vec<String>, rows: Vec<Vec<String>>) -> Result<Self, TableError> {
        if head.is_empty() {
            return Err(TableError::Missing);
        }
        if let Some(row) = rows.iter().find(|row| row.len() != head.len()) {
            let name = row.first().cloned().unwrap_or_default();
            return Err(TableError::Ragged { row: name, cells: row.len(), headings: head.len() });
        }
        different(&head)?;
        different(rows.iter().flat_map(|row| row.first()))?;
        Ok(Self { head, rows })
    }

    /// The headings, that of the rows' names first.
    pub fn head(&self) -> &[String] {
        &self.head
    }

    /// The rows; the first cell of each is its name.
    pub fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }
}

fn different<'a>(names: impl IntoIterator<Item = &'a String>) -> Result<(), TableError> {
    let mut seen = BTreeSet::new();
    match names.into_iter().find(|name| !seen.insert(*name)) {
        Some(name) => Err(TableError::Twice(name.clone())),
        None => Ok(()),
    }
}

impl FromStr for Table {
    type Err = TableError;

    /// Reads a text that holds one table and nothing else.
    fn from_str(text: &str) -> Result<Self, TableError> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(cells);
        let (Some(head), Some(rule)) = (lines.next().transpose()?, lines.next().transpose()?) else {
            return Err(TableError::Missing);
        };
        let is_rule = |cell: &String| cell.contains('-') && cell.chars().all(|c| c == '-' || c == ':');
        if rule.len() != head.len() || !rule.iter().all(is_rule) {
            return Err(TableError::Missing);
        }
        Self::new(head, lines.collect::<Result<_, _>>()?)
    }
}

fn cells(line: &str) -> Result<Vec<String>, TableError> {
    let inner = line.strip_prefix('|').and_then(|line| line.strip_suffix('|'));
    let inner = inner.ok_or_else(|| TableError::NotARow(line.to_owned()))?;
    Ok(inner.split('|').map(|cell| cell.trim().to_owned()).collect())
}

impl fmt::Display for Table {
    /// As the benches print it: names to the left, figures to the right.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| {} |", self.head.join(" | "))?;
        writeln!(f, "|---|{}", "---:|".repeat(self.head.len() - 1))?;
        for row in &self.rows {
            writeln!(f, "| {} |", row.join(" | "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "| request | typed client | to floor |\n|---|---:|---:|\n\
                         | a GET, key | 310 ns, 3 | 1.40 |\n| b GET, token | 420 ns, 4 | 1.80 |\n";

    fn parsed(text: &str) -> Result<Table, TableError> {
        text.parse()
    }

    #[test]
    fn a_table_is_written_as_it_was_read() {
        let table = parsed(TABLE).unwrap();
        assert_eq!(table.head(), ["request", "typed client", "to floor"]);
        assert_eq!(table.rows()[1], ["b GET, token", "420 ns, 4", "1.80"]);
        assert_eq!(table.to_string(), TABLE);
        assert_eq!(parsed(&TABLE.replace('\n', "\r\n\r\n")).unwrap(), table);
    }

    #[test]
    fn a_table_may_have_no_rows_yet() {
        let table = parsed("| page | to Value |\n|---|---:|").unwrap();
        assert!(table.rows().is_empty());
    }

    #[test]
    fn a_text_without_a_table_is_refused() {
        for text in ["", "\n\n", "| a |", "| a |\n| b |", "| a | b |\n|---|", "| a |\n|:|\n", "| a |\n||"] {
            assert_eq!(parsed(text), Err(TableError::Missing), "{text:?}");
        }
        assert_eq!(Table::new(vec![], vec![]), Err(TableError::Missing));
    }

    #[test]
    fn a_line_that_is_no_row_is_named() {
        for line in ["not measured yet", "| a GET, key | 1.0", "|"] {
            assert_eq!(parsed(&format!("{TABLE}{line}")), Err(TableError::NotARow(line.to_owned())));
        }
    }

    #[test]
    fn a_row_with_more_or_fewer_cells_is_named() {
        for (row, cells) in [("| c POST | 1 |", 2), ("| c POST | 1 | 2 | 3 |", 4)] {
            let error = TableError::Ragged { row: "c POST".to_owned(), cells, headings: 3 };
            assert_eq!(parsed(&format!("{TABLE}{row}")), Err(error));
        }
    }

    #[test]
    fn two_rows_or_columns_of_one_name_are_refused() {
        let row = format!("{TABLE}| a GET, key | 1 | 2 |");
        assert_eq!(parsed(&row), Err(TableError::Twice("a GET, key".to_owned())));
        let column = TABLE.replace("typed client", "to floor");
        assert_eq!(parsed(&column), Err(TableError::Twice("to floor".to_owned())));
    }
}
