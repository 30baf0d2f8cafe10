//! Things of one kind that belong to companies.

use std::sync::Arc;

use http::StatusCode;
use serde_json::Value;
use uuid::Uuid;

use crate::answer::Refusal;

/// All things of one kind.
///
/// A value holds everything that any answer shows of the thing, under Pleo's names, and its `id`.
#[derive(Debug, Clone)]
pub(super) struct Table {
    what: &'static str,
    not_found: &'static str,
    /// Shared by all sandboxes that have not changed it.
    rows: Arc<Vec<Row>>,
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
        Self { what, not_found: "not_found", rows: Arc::default() }
    }

    /// The same with this error type for things that are not there.
    pub(super) fn not_found_as(self, not_found: &'static str) -> Self {
        Self { not_found, ..self }
    }

    pub(super) fn insert(&mut self, company: Uuid, value: Value) -> &Value {
        let rows = Arc::make_mut(&mut self.rows);
        rows.push(Row { company, value });
        &rows[rows.len() - 1].value
    }

    /// The things of these companies, in the order in which they came.
    pub(super) fn of<'a>(&'a self, companies: &[Uuid]) -> impl Iterator<Item = &'a Row> {
        self.rows.iter().filter(|row| companies.contains(&row.company))
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
        let mut rows = self.iter_mut();
        rows.find(|row| companies.contains(&row.company) && row.id() == id).ok_or(absent)
    }

    /// # Errors
    /// 404 when these companies have no such thing.
    pub(super) fn remove(&mut self, companies: &[Uuid], id: &str) -> Result<Row, Refusal> {
        let found = self.rows.iter().position(|row| companies.contains(&row.company) && row.id() == id);
        found.map(|index| Arc::make_mut(&mut self.rows).remove(index)).ok_or_else(|| self.absent())
    }

    pub(super) fn remove_where(&mut self, mut unwanted: impl FnMut(&Value) -> bool) {
        Arc::make_mut(&mut self.rows).retain(|row| !unwanted(&row.value));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Row> {
        Arc::make_mut(&mut self.rows).iter_mut()
    }

    /// Says the same of what does not exist and of what belongs to another company (K2).
    fn absent(&self) -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, self.not_found, format!("there is no such {}", self.what))
    }
}
