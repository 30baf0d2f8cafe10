//! reqwest, as a careful person writes it: one pass over the query, values borrowed where they can be.

use http::{HeaderValue, header};
use pleo_client::chrono::{DateTime, FixedOffset};
use reqwest::{Client, RequestBuilder};
use serde::Serialize;
use uuid::Uuid;

use super::{
    BASE_URL, COMPANY, CURSOR, Credential, EMAIL, EMPLOYEES, ENTRY, Items, JOB, LIMIT, Progress, Ready,
    SORTING_KEY, Way, period, progress, send,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Search<'a> {
    employee_ids: &'a [Uuid],
    export_status: &'a [&'a str],
    families: &'a [&'a str],
    include_deleted: bool,
    performed_at_end: DateTime<FixedOffset>,
    performed_at_start: DateTime<FixedOffset>,
}

impl Search<'_> {
    pub(super) fn between((start, end): (DateTime<FixedOffset>, DateTime<FixedOffset>)) -> Self {
        Self {
            employee_ids: &EMPLOYEES,
            export_status: &["NOT_EXPORTED"],
            families: &["CARD_PURCHASE", "OUT_OF_POCKET"],
            include_deleted: false,
            performed_at_end: end,
            performed_at_start: start,
        }
    }
}

/// An item of the PUT.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    accounting_entry_id: Uuid,
    exported_at: DateTime<FixedOffset>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason_type: Option<Reason>,
    status: Status,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Reason {
    AccountUnknown,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Failed,
    Successful,
}

impl From<Progress> for Item {
    fn from(progress: Progress) -> Self {
        let (ids, failure_reason) = match progress.outcome {
            Ok(ids) => (Some(ids), None),
            Err(reason) => (None, Some(reason)),
        };
        let (external_id, external_url) = ids.unzip();
        Self {
            accounting_entry_id: progress.entry,
            exported_at: progress.exported_at,
            external_id,
            external_url,
            failure_reason_type: failure_reason.as_ref().map(|_| Reason::AccountUnknown),
            status: if failure_reason.is_some() { Status::Failed } else { Status::Successful },
            failure_reason,
        }
    }
}

pub(super) struct ByHand {
    client: Client,
    credential: Credential,
    secret: String,
    items: Vec<Item>,
    period: (DateTime<FixedOffset>, DateTime<FixedOffset>),
}

impl ByHand {
    pub(super) fn new(credential: Credential, secret: String) -> Self {
        let items = progress().into_iter().map(Item::from).collect();
        Self { client: Client::new(), credential, secret, items, period: period() }
    }

    fn ready(&self, request: RequestBuilder) {
        let request = match self.credential {
            Credential::Key => request.basic_auth(&self.secret, None::<&str>),
            Credential::Token => request.bearer_auth(&self.secret),
        };
        let accept = HeaderValue::from_static("application/json");
        send(Ready::Reqwest(request.header(header::ACCEPT, accept).build().unwrap()));
    }
}

impl Way for ByHand {
    fn get(&self) {
        self.ready(self.client.get(format!("{BASE_URL}/v1/accounting-entries/{ENTRY}")))
    }

    fn list(&self) {
        let (company, limit) = (COMPANY.to_string(), LIMIT.to_string());
        self.ready(self.client.get(format!("{BASE_URL}/v2/employees")).query(&[
            ("companyId", company.as_str()),
            ("email", EMAIL),
            ("after", CURSOR),
            ("limit", &limit),
            ("sorting_keys", SORTING_KEY),
            ("sorting_order", "ASC"),
        ]))
    }

    fn search(&self) {
        let (company, limit) = (COMPANY.to_string(), LIMIT.to_string());
        let request = self
            .client
            .post(format!("{BASE_URL}/v1/accounting-entries:search"))
            .query(&[("company_id", company.as_str()), ("after", CURSOR), ("limit", &limit)])
            .json(&Search::between(self.period));
        self.ready(request)
    }

    fn items(&self) -> Items {
        Items::ByHand(self.items.clone())
    }

    fn update(&self, items: Items) {
        let Items::ByHand(items) = items else { unreachable!("items of another way") };
        self.ready(self.client.put(format!("{BASE_URL}/v3/export-jobs/{JOB}/items")).json(&items))
    }
}
