//! The document with the committed tables, each between two markers.

use std::{collections::BTreeMap, fs, io, ops::Range, path::Path};

use super::{
    DOCUMENT, MeasureError, Subject,
    compare::Figures,
    table::{Table, TableError},
};
use xtask_tree as tree;

const BEGIN: &str = "<!-- measure: ";
const END: &str = "<!-- /measure -->";

/// The document, and where in it the tables stand.
#[derive(Debug, Clone)]
pub struct Document {
    text: String,
    places: BTreeMap<Subject, Range<usize>>,
}

/// Why a table cannot be found in the document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// No such marker.
    #[error("`{0}` is missing; put it before the table, and `{END}` behind it")]
    Missing(String),
    /// The same marker twice.
    #[error("`{0}` stands there twice; take one of them away")]
    Twice(String),
    /// A marker without its end.
    #[error("`{0}` is not closed; put `{END}` behind its table")]
    NotClosed(String),
    /// An end without a beginning.
    #[error("`{END}` in line {0} closes nothing; take it away")]
    ClosesNothing(usize),
    /// A marker that names nothing that is measured.
    #[error("`{0}` names nothing that is measured; correct or remove it")]
    Unknown(String),
    /// A damaged table.
    #[error("below `{marker}`: {error}")]
    Table {
        /// The table's marker.
        marker: String,
        /// What is wrong with it.
        error: TableError,
    },
}

fn marker(subject: Subject) -> String {
    format!("{BEGIN}{} -->", subject.name())
}

impl Document {
    /// Reads the document below `root`.
    ///
    /// # Errors
    /// When it cannot be read, or its markers do not come in pairs.
    pub fn read(root: &Path) -> Result<Self, MeasureError> {
        let path = root.join(DOCUMENT);
        let text = fs::read_to_string(&path).map_err(|error| MeasureError::file(&path, error))?;
        Ok(Self::parse(text)?)
    }

    /// Finds the tables in a text.
    ///
    /// # Errors
    /// When the markers do not come in pairs.
    pub fn parse(text: String) -> Result<Self, DocumentError> {
        let mut places = BTreeMap::new();
        let mut open: Option<(Subject, usize)> = None;
        let mut end = 0;
        for (index, line) in text.split_inclusive('\n').enumerate() {
            let begin = end;
            end += line.len();
            let line = line.trim();
            if line.starts_with(BEGIN) {
                if let Some((subject, _)) = open {
                    return Err(DocumentError::NotClosed(marker(subject)));
                }
                let subject = Subject::ALL.into_iter().find(|subject| marker(*subject) == line);
                let subject = subject.ok_or_else(|| DocumentError::Unknown(line.to_owned()))?;
                open = Some((subject, end));
            } else if line == END {
                let (subject, from) = open.take().ok_or(DocumentError::ClosesNothing(index + 1))?;
                if places.insert(subject, from..begin).is_some() {
                    return Err(DocumentError::Twice(marker(subject)));
                }
            }
        }
        match open {
            Some((subject, _)) => Err(DocumentError::NotClosed(marker(subject))),
            None => Ok(Self { text, places }),
        }
    }

    fn place(&self, subject: Subject) -> Result<&Range<usize>, DocumentError> {
        self.places.get(&subject).ok_or_else(|| DocumentError::Missing(marker(subject)))
    }

    /// The table of a subject.
    ///
    /// # Errors
    /// When its marker is missing, or it is damaged.
    pub fn table(&self, subject: Subject) -> Result<Table, DocumentError> {
        let text = self.text.get(self.place(subject)?.clone()).unwrap_or_default();
        text.parse().map_err(|error| DocumentError::Table { marker: marker(subject), error })
    }

    /// The figures in the table of a subject.
    ///
    /// # Errors
    /// As [`table`](Self::table), and when a compared cell holds no figure.
    pub fn figures(&self, subject: Subject) -> Result<Figures, DocumentError> {
        Figures::of(subject, &self.table(subject)?)
            .map_err(|error| DocumentError::Table { marker: marker(subject), error })
    }

    /// The document's text with another table of a subject; everything else stays byte for byte.
    ///
    /// # Errors
    /// When its marker is missing.
    pub fn with(&self, subject: Subject, table: &Table) -> Result<String, DocumentError> {
        let mut text = self.text.clone();
        text.replace_range(self.place(subject)?.clone(), &table.to_string());
        Ok(text)
    }

    /// Puts a table in the place of the committed one, in the document as it is on disk now.
    ///
    /// # Errors
    /// When the document cannot be read or written, or has no place for the table.
    pub fn write(root: &Path, subject: Subject, table: &Table) -> Result<(), MeasureError> {
        let text = Self::read(root)?.with(subject, table)?;
        let path = root.join(DOCUMENT);
        tree::write(&path, text.as_bytes()).map_err(|error: io::Error| MeasureError::file(&path, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Measurements\r\n\n| other | table |\n|---|---|\n\n<!-- measure: build -->\n\
        | features | check |\n|---|---:|\n| full | 4.2 s |\n<!-- /measure -->\ntext\n\n\
        <!-- measure: end-to-end -->\n\n| list | to bare |\n|---|---:|\n\n<!-- /measure -->\nend, no newline";

    fn parse(text: &str) -> Result<Document, DocumentError> {
        Document::parse(text.to_owned())
    }

    fn edited(from: &str, to: &str) -> Result<Figures, DocumentError> {
        assert!(TEXT.contains(from), "{from}");
        parse(&TEXT.replace(from, to))?.figures(Subject::Build)
    }

    fn build() -> String {
        marker(Subject::Build)
    }

    #[test]
    fn tables_are_found_between_their_markers() {
        let document = parse(TEXT).unwrap();
        assert_eq!(document.table(Subject::Build).unwrap().rows(), [["full", "4.2 s"]]);
        assert_eq!(document.table(Subject::EndToEnd).unwrap().head(), ["list", "to bare"]);
        let missing = DocumentError::Missing("<!-- measure: decoding -->".to_owned());
        assert_eq!(document.table(Subject::Decoding), Err(missing.clone()));
        assert_eq!(document.with(Subject::Decoding, &"| a |\n|---|".parse().unwrap()), Err(missing));
    }

    #[test]
    fn another_table_leaves_the_rest_byte_for_byte() {
        let table = "| features | check |\n|---|---:|\n| full | 3.9 s |\n| tags | 0.8 s |\n";
        let written = parse(TEXT).unwrap().with(Subject::Build, &table.parse().unwrap()).unwrap();
        let old = "| features | check |\n|---|---:|\n| full | 4.2 s |\n";
        assert_eq!(written, TEXT.replace(old, table));
        assert_ne!(written, TEXT);
    }

    #[test]
    fn markers_that_are_no_pairs_are_named() {
        let closed_by_next = edited("<!-- /measure -->\ntext", "text");
        assert_eq!(closed_by_next, Err(DocumentError::NotClosed(build())));
        let open_at_the_end = parse(TEXT.strip_suffix("<!-- /measure -->\nend, no newline").unwrap());
        let error = open_at_the_end.map(drop).unwrap_err();
        assert_eq!(error, DocumentError::NotClosed(marker(Subject::EndToEnd)));
        let closed_twice = edited("text\n", "<!-- /measure -->\n");
        assert_eq!(closed_twice, Err(DocumentError::ClosesNothing(11)));
        let twice = edited("end-to-end", "build");
        assert_eq!(twice, Err(DocumentError::Twice(build())));
        let unknown = edited("measure: end-to-end", "measure: endtoend");
        assert_eq!(unknown, Err(DocumentError::Unknown("<!-- measure: endtoend -->".to_owned())));
    }

    #[test]
    fn a_damaged_table_is_named_by_its_marker() {
        let damaged = |error| Err(DocumentError::Table { marker: build(), error });
        let ragged = TableError::Ragged { row: "full".to_owned(), cells: 1, headings: 2 };
        assert_eq!(edited("| full | 4.2 s |", "| full |"), damaged(ragged));
        assert_eq!(
            edited("| features | check |\n|---|---:|\n| full | 4.2 s |\n", ""),
            damaged(TableError::Missing)
        );
        let (row, column, cell) = ("full".to_owned(), "check".to_owned(), "soon".to_owned());
        assert_eq!(edited("4.2 s", "soon"), damaged(TableError::NoNumber { row, column, cell }));
    }

    #[test]
    fn errors_name_file_and_marker() {
        let error = MeasureError::from(edited("4.2 s", "soon").unwrap_err()).to_string();
        assert!(
            error.starts_with("docs/measurements.md: below `<!-- measure: build -->`: row `full`"),
            "{error}"
        );
    }
}
