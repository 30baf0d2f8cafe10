//! What the fake Pleo knows of companies, and what it answers to a request that is in order.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Response, StatusCode};
use pleo_client::Operation;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answer;

/// A request that is in order: known, authorised, and as the document says.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    /// The operation.
    pub(crate) operation: &'static Operation,
    /// Path parameters, decoded, by name.
    pub(crate) path: BTreeMap<&'a str, String>,
    /// Query parameters, decoded, in their order.
    pub(crate) query: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Option<Value>,
    /// The companies whose data the credential may reach (Z38).
    pub(crate) reachable: Vec<Uuid>,
    /// The company that the request names, one of the reachable (Z39).
    pub(crate) company: Option<Uuid>,
    /// The time by the sandbox's clock.
    pub(crate) now: DateTime<Utc>,
}

/// The data of one environment.
#[derive(Debug)]
pub(crate) struct Data {
    /// All companies with the organisation that each belongs to.
    companies: Vec<(Uuid, Uuid)>,
}

impl Data {
    /// The seeded data.
    pub(crate) fn new() -> Self {
        let id = |n: u128| Uuid::from_u128(0x1111_1111_2222_4333_8444_5555_5555_5550 + n);
        Self { companies: vec![(id(1), id(8)), (id(2), id(8)), (id(3), id(8)), (id(4), id(9))] }
    }

    /// All companies with the organisation that each belongs to.
    pub(crate) fn companies(&self) -> &[(Uuid, Uuid)] {
        &self.companies
    }

    /// Answers a request that is in order.
    pub(crate) fn answer(&mut self, input: &Input<'_>) -> Response<Bytes> {
        let _ = input;
        answer::json(StatusCode::OK, &json!({}))
    }
}
