//! Entries of lists: as a table, as CSV, or as JSON, one at a time.

use std::{
    collections::{HashMap, HashSet},
    io,
};

use comfy_table::{ContentArrangement, Table, presets::NOTHING};
use serde_json::value::RawValue;

use super::{Format, Output, json, json::Level, shown, style, written};
use crate::{exit::Exit, failure::Failure};

/// How many entries are looked at before the columns of CSV are chosen.
const LOOK_AHEAD: usize = 1_000;
/// How many levels of objects become columns.
const DEEPEST: usize = 8;
/// How many columns a table has at most.
const TABLE_COLUMNS: usize = 8;
/// How wide a column should be at least, in characters.
const COLUMN_WIDTH: usize = 16;
/// The fields that come first in a table, because people look for them.
const FIRST: [&str; 4] = ["id", "name", "code", "status"];

/// Prints entries as they come, without keeping more of them than the format needs.
///
/// CSV of entries as they came has the columns of the first thousand. A value that a later entry has beyond them is an
/// error, so that nothing is lost silently. A table needs all entries before it can be laid out.
pub(crate) struct Records {
    format: Format,
    output: Output,
    count: usize,
    columns: Vec<String>,
    /// Whether the columns are those of all entries to come.
    fixed: bool,
    /// Entries that are not printed yet.
    waiting: Vec<Vec<(String, String)>>,
}

impl Records {
    /// Entries whose columns are those that they have.
    pub(crate) fn new(format: Format) -> Self {
        let (columns, waiting) = (Vec::new(), Vec::new());
        Self { format, output: Output::new(), count: 0, columns, fixed: false, waiting }
    }

    /// Entries with these columns.
    pub(crate) fn with_columns(format: Format, columns: &[&str]) -> Result<Self, Failure> {
        let mut records = Self::new(format);
        records.columns = columns.iter().map(|column| (*column).to_owned()).collect();
        records.fixed = true;
        if format == Format::Csv {
            records.csv(&records.columns.clone())?;
        }
        Ok(records)
    }

    /// Prints an entry as it came.
    pub(crate) fn raw(&mut self, entry: &RawValue) -> Result<(), Failure> {
        match self.format {
            Format::Json => self.element(&json::pretty(entry)),
            Format::Ndjson => self.output.line(&json::compact(entry)),
            Format::Csv | Format::Table => {
                let mut cells = Vec::new();
                flatten("", entry, &mut cells);
                self.cells(cells)
            }
        }
    }

    /// Prints an entry by its values, in the order of the columns.
    pub(crate) fn row<const N: usize>(&mut self, values: [String; N]) -> Result<(), Failure> {
        match self.format {
            Format::Csv => self.csv(&values),
            Format::Table => {
                self.waiting.push(self.columns.iter().cloned().zip(values).collect());
                Ok(())
            }
            Format::Json | Format::Ndjson => {
                let members = self.columns.iter().cloned().zip(values.map(serde_json::Value::from));
                let object = serde_json::Value::Object(members.collect());
                match self.format {
                    Format::Json => self.element(&format!("{object:#}")),
                    _ => self.output.line(&object.to_string()),
                }
            }
        }
    }

    fn element(&mut self, text: &str) -> Result<(), Failure> {
        let before = if self.count == 0 { "[\n" } else { ",\n" };
        self.count += 1;
        let indented = text.replace('\n', "\n  ");
        self.output.text(&format!("{before}  {indented}"))
    }

    fn cells(&mut self, cells: Vec<(String, String)>) -> Result<(), Failure> {
        if self.fixed && self.format == Format::Csv {
            return self.csv_entry(cells);
        }
        self.waiting.push(cells);
        if self.format == Format::Csv && self.waiting.len() == LOOK_AHEAD { self.fix() } else { Ok(()) }
    }

    /// Chooses the columns, and prints what has waited for them.
    fn fix(&mut self) -> Result<(), Failure> {
        let waiting = std::mem::take(&mut self.waiting);
        self.columns = columns(&waiting);
        self.fixed = true;
        if !waiting.is_empty() {
            self.csv(&self.columns.clone())?;
        }
        waiting.into_iter().try_for_each(|cells| self.csv_entry(cells))
    }

    fn csv_entry(&mut self, cells: Vec<(String, String)>) -> Result<(), Failure> {
        let beyond = cells.iter().find(|(name, value)| !value.is_empty() && !self.columns.contains(name));
        if let Some((name, _)) = beyond {
            return Err(Failure::new(
                Exit::Local,
                format!(
                    "an entry has the field `{}`, which the first {LOOK_AHEAD} entries lack, so CSV has no column \
                     for it",
                    shown(name)
                ),
            )
            .help("Use --output ndjson, which keeps every field."));
        }
        let row = row(&self.columns, cells);
        self.csv(&row)
    }

    fn csv(&mut self, cells: &[String]) -> Result<(), Failure> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        written(writer.write_record(cells).map_err(io::Error::from))?;
        let record = writer.into_inner().unwrap_or_default();
        self.output.text(&String::from_utf8_lossy(&record))
    }

    /// Prints what is still kept back.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        match self.format {
            Format::Json if self.count == 0 => self.output.line("[]")?,
            Format::Json => self.output.line("\n]")?,
            Format::Csv if !self.fixed => self.fix()?,
            Format::Table => self.table()?,
            Format::Ndjson | Format::Csv => {}
        }
        self.output.finish()
    }

    fn table(&mut self) -> Result<(), Failure> {
        let waiting = std::mem::take(&mut self.waiting);
        let mut names = if self.fixed { self.columns.clone() } else { columns(&waiting) };
        let all = names.len();
        if !self.fixed {
            // What is empty everywhere, and lists, make a table wide and say little.
            let says_something = |name: &String| {
                let mut values = waiting.iter().flatten().filter(|(column, _)| column == name);
                values.any(|(_, value)| !value.is_empty() && !value.starts_with(['[', '{']))
            };
            names.retain(says_something);
            names.sort_by_key(|name| FIRST.iter().position(|first| first == name).unwrap_or(FIRST.len()));
            let room = Table::new().width().map_or(usize::MAX, |width| usize::from(width) / COLUMN_WIDTH);
            names.truncate(room.clamp(1, TABLE_COLUMNS));
        }
        let rows = waiting.into_iter().map(|cells| row(&names, cells)).collect();
        self.output.line(&table(&names, rows))?;
        self.output.write_back()?;
        if names.len() < all {
            let hint = style::hint();
            anstream::eprintln!(
                "{hint}hint:{hint:#} {} of {all} fields are shown; --output json has all of them",
                names.len()
            );
        }
        Ok(())
    }
}

/// The names of all cells, in the order in which they first come.
fn columns(entries: &[Vec<(String, String)>]) -> Vec<String> {
    let mut seen = HashSet::new();
    let names = entries.iter().flatten().map(|(name, _)| name);
    names.filter(|name| seen.insert(*name)).cloned().collect()
}

/// The values of an entry in the order of the columns.
fn row(columns: &[String], cells: Vec<(String, String)>) -> Vec<String> {
    let mut values: HashMap<_, _> = cells.into_iter().collect();
    columns.iter().map(|column| values.remove(column).unwrap_or_default()).collect()
}

/// Prints one value: as JSON, or its fields below each other.
pub(crate) fn print_value(format: Format, value: &RawValue) -> Result<(), Failure> {
    let mut output = Output::new();
    match format {
        Format::Json => output.line(&json::pretty(value))?,
        Format::Ndjson => output.line(&json::compact(value))?,
        Format::Csv => {
            let mut records = Records::new(format);
            records.raw(value)?;
            return records.finish();
        }
        Format::Table => {
            let mut cells = Vec::new();
            flatten("", value, &mut cells);
            let rows = cells.into_iter().map(|(name, value)| vec![name, value]).collect();
            output.line(&table(&["field".to_owned(), "value".to_owned()], rows))?;
        }
    }
    output.finish()
}

/// A table as wide as the terminal, or as its content where there is none.
pub(crate) fn table(columns: &[String], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(columns.iter().map(|column| shown(column).to_uppercase()));
    for row in rows {
        table.add_row(row.iter().map(|cell| shown(cell).into_owned()));
    }
    table.trim_fmt()
}

/// The scalars of a value by the path to each, such as `address.city`. An array is one cell of JSON.
fn flatten(path: &str, value: &RawValue, cells: &mut Vec<(String, String)>) {
    let depth = path.split('.').count();
    match Level::of(value) {
        Level::Object(members) if !members.is_empty() && depth <= DEEPEST => {
            for (name, value) in members {
                let path = if path.is_empty() { name } else { format!("{path}.{name}") };
                flatten(&path, value, cells);
            }
        }
        Level::Scalar(scalar) => cells.push((path_or_value(path), json::text(scalar))),
        Level::Object(_) | Level::Array(_) => cells.push((path_or_value(path), json::compact(value))),
    }
}

fn path_or_value(path: &str) -> String {
    if path.is_empty() { "value".to_owned() } else { path.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_become_columns_and_arrays_stay_json() {
        let value =
            r#"{"id":"1","money":{"value":1.10,"currency":"DKK"},"tags":[1, 2],"none":null,"empty":{}}"#;
        let value = RawValue::from_string(value.to_owned()).unwrap();
        let mut cells = Vec::new();
        flatten("", &value, &mut cells);
        let cells: Vec<_> = cells.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected = [
            ("id", "1"),
            ("money.value", "1.10"),
            ("money.currency", "DKK"),
            ("tags", "[1,2]"),
            ("none", ""),
            ("empty", "{}"),
        ];
        assert_eq!(cells, expected);
    }
}
