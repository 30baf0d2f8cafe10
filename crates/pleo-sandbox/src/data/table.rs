//! Things of one kind that belong to companies.

use std::{collections::HashSet, sync::Arc};

use http::StatusCode;
use pleo_client::operations;
use serde_json::{Value, json};
use uuid::Uuid;

use super::shape;
use crate::{
    answer::Refusal,
    document::{self, Mismatch},
};

/// All things of one kind.
///
/// A value holds everything that any response shows of the thing, under Pleo's names, and its `id`.
#[derive(Debug, Clone)]
pub(super) struct Table {
    what: &'static str,
    not_found: &'static str,
    /// The operations that show one thing.
    shown_by: &'static [&'static str],
    /// Shared, and so is each row, until it is changed: a copy of a table costs little.
    rows: Arc<Vec<Arc<Row>>>,
}

/// One thing.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) company: Uuid,
    pub(super) value: Value,
}

impl Row {
    pub(super) fn id(&self) -> &str {
        self.value["id"].as_str().unwrap_or_default()
    }
}

impl Table {
    /// No things yet; `what` is their kind in messages.
    pub(super) fn new(what: &'static str) -> Self {
        Self { what, not_found: "not_found", shown_by: &[], rows: Arc::default() }
    }

    /// The same with the operations that show one thing, whose schemas everything in the table has to fit.
    pub(super) fn shown_by(self, shown_by: &'static [&'static str]) -> Self {
        Self { shown_by, ..self }
    }

    /// The same with this error type for things that are not there.
    pub(super) fn not_found_as(self, not_found: &'static str) -> Self {
        Self { not_found, ..self }
    }

    pub(super) fn insert(&mut self, company: Uuid, value: Value) -> &Value {
        let rows = Arc::make_mut(&mut self.rows);
        rows.push(Arc::new(Row { company, value }));
        &rows[rows.len() - 1].value
    }

    /// The things of these companies, in the order in which they came.
    pub(super) fn of<'a>(&'a self, companies: &[Uuid]) -> impl Iterator<Item = &'a Row> {
        self.iter().filter(|row| companies.contains(&row.company))
    }

    pub(super) fn values(&self, companies: &[Uuid]) -> Vec<Value> {
        self.of(companies).map(|row| row.value.clone()).collect()
    }

    /// # Errors
    /// 404 when these companies have no such thing.
    pub(super) fn get(&self, companies: &[Uuid], id: &str) -> Result<&Row, Refusal> {
        self.of(companies).find(|row| row.id() == id).ok_or_else(|| self.absent())
    }

    /// # Errors
    /// 404 when these companies have no such thing.
    pub(super) fn get_mut(&mut self, companies: &[Uuid], id: &str) -> Result<&mut Row, Refusal> {
        let absent = self.absent();
        self.find_mut(|row| companies.contains(&row.company) && row.id() == id).ok_or(absent)
    }

    /// The first thing that is wanted.
    pub(super) fn find_mut(&mut self, wanted: impl Fn(&Row) -> bool) -> Option<&mut Row> {
        let index = self.iter().position(wanted)?;
        Arc::make_mut(&mut self.rows).get_mut(index).map(Arc::make_mut)
    }

    /// # Errors
    /// 404 when these companies have no such thing.
    pub(super) fn remove(&mut self, companies: &[Uuid], id: &str) -> Result<Row, Refusal> {
        let found = self.iter().position(|row| companies.contains(&row.company) && row.id() == id);
        let index = found.ok_or_else(|| self.absent())?;
        Ok(Arc::unwrap_or_clone(Arc::make_mut(&mut self.rows).remove(index)))
    }

    pub(super) fn remove_where(&mut self, mut unwanted: impl FnMut(&Value) -> bool) {
        Arc::make_mut(&mut self.rows).retain(|row| !unwanted(&row.value));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().map(Arc::as_ref)
    }

    /// How many things there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether what is new or changed since then can be shown as the document says.
    ///
    /// # Errors
    /// The first difference between such a thing and its schema.
    pub(super) fn check_changes(&self, before: &Self) -> Result<(), Mismatch> {
        if self.shown_by.is_empty() || Arc::ptr_eq(&self.rows, &before.rows) {
            return Ok(());
        }
        let known: HashSet<_> = before.rows.iter().map(Arc::as_ptr).collect();
        for row in self.rows.iter().filter(|row| !known.contains(&Arc::as_ptr(row))) {
            for operation in self.shown_by.iter().filter_map(|id| operations::find(id)) {
                let shown = json!({ "data": shape::fit(&row.value, shape::data(operation)) });
                document::conforms(operation, shape::success(operation).as_u16(), Some(&shown))?;
            }
        }
        Ok(())
    }

    /// Says the same of what does not exist and of what belongs to another company (K2).
    fn absent(&self) -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, self.not_found, format!("there is no such {}", self.what))
    }
}
