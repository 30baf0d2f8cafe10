//! What progenitor generates by itself, with `progenitor-client`. A hook attaches a header that was
//! made once, which is the cheapest that it offers.

use std::future::pending;

use http::{HeaderValue, header};
use pleo_client::chrono::{DateTime, FixedOffset, Utc};
use progenitor_client::{ClientHooks, Error, OperationInfo};

use super::{
    BASE_URL, COMPANY, CURSOR, EMAIL, EMPLOYEES, ENTRY, Items, JOB, LIMIT, Progress, Ready, SORTING_KEY, Way,
    period, progress, send, typed::begin,
};
use generated::types;
pub(super) use generated::types::UpdateExportJobItemV3 as Item;

#[rustfmt::skip]
#[allow(clippy::all, missing_docs, rust_2018_idioms, unreachable_pub, reason = "generated")]
#[allow(dead_code, private_interfaces, reason = "more is generated than is measured")]
mod generated;

/// What the hook attaches.
#[derive(Debug, Clone)]
pub(super) struct Credential(HeaderValue);

impl ClientHooks<Credential> for generated::Client {
    async fn pre<E>(&self, request: &mut reqwest::Request, _: &OperationInfo) -> Result<(), Error<E>> {
        request.headers_mut().insert(header::AUTHORIZATION, self.inner.0.clone());
        Ok(())
    }

    async fn exec(&self, request: reqwest::Request, _: &OperationInfo) -> reqwest::Result<reqwest::Response> {
        send(Ready::Reqwest(request));
        pending().await
    }
}

pub(super) struct Stock {
    client: generated::Client,
    items: Vec<types::UpdateExportJobItemV3>,
    period: (DateTime<FixedOffset>, DateTime<FixedOffset>),
}

impl Stock {
    pub(super) fn new(authorization: HeaderValue) -> Self {
        Self {
            client: generated::Client::new(BASE_URL, Credential(authorization)),
            items: progress().into_iter().map(item).collect(),
            period: period(),
        }
    }
}

fn item(progress: Progress) -> types::UpdateExportJobItemV3 {
    let (ids, failure_reason) = match progress.outcome {
        Ok(ids) => (Some(ids), None),
        Err(reason) => (None, Some(reason)),
    };
    let (external_id, external_url) = ids.unzip();
    types::UpdateExportJobItemV3 {
        accounting_entry_id: progress.entry,
        exported_at: Some(progress.exported_at.to_utc()),
        external_id,
        external_url,
        failure_reason_type: failure_reason
            .as_ref()
            .map(|_| types::ExportJobItemFailureReasonType::AccountUnknown),
        status: if failure_reason.is_some() {
            types::ExportJobItemStatus::Failed
        } else {
            types::ExportJobItemStatus::Successful
        },
        failure_reason,
    }
}

impl Way for Stock {
    fn get(&self) {
        begin(self.client.get_accounting_entry(&ENTRY, None))
    }

    fn list(&self) {
        let keys = vec![SORTING_KEY.to_owned()];
        let order = vec![types::PageOrder::Asc];
        begin(self.client.list_employees(
            Some(CURSOR),
            None,
            None,
            Some(&COMPANY),
            Some(EMAIL),
            Some(LIMIT),
            None,
            Some(&keys),
            Some(&order),
        ))
    }

    fn search(&self) {
        let (start, end): (DateTime<Utc>, DateTime<Utc>) = (self.period.0.to_utc(), self.period.1.to_utc());
        let body = types::AccountingEntryBaseSearchRequest {
            employee_ids: EMPLOYEES.to_vec(),
            export_status: vec![types::ExportStatus::NotExported],
            families: vec![
                types::AccountingEntryFamily::CardPurchase,
                types::AccountingEntryFamily::OutOfPocket,
            ],
            include_deleted: false,
            performed_at_end: Some(end),
            performed_at_start: Some(start),
            account_ids: Vec::new(),
            bookkeeping_date_end: None,
            bookkeeping_date_start: None,
            foreign_extension_ids: Vec::new(),
            has_account: None,
            has_bookkeeping_date: None,
            has_note: None,
            review_status: Vec::new(),
            settled: None,
            settled_at_end: None,
            settled_at_start: None,
            status: Vec::new(),
            sub_families: Vec::new(),
            tag_group_ids_unset: Vec::new(),
            tag_row_ids: Vec::new(),
            tax_code_ids: None,
            team_ids: Vec::new(),
            transaction_value_currencies: Vec::new(),
        };
        let limit = u32::try_from(LIMIT).ok().and_then(std::num::NonZeroU32::new);
        begin(self.client.search_accounting_entries(
            Some(CURSOR),
            None,
            Some(&COMPANY),
            limit,
            None,
            None,
            None,
            &body,
        ))
    }

    fn items(&self) -> Items {
        Items::Stock(self.items.clone())
    }

    fn update(&self, items: Items) {
        let Items::Stock(items) = items else { unreachable!("items of another way") };
        begin(self.client.update_export_job_items_v3(&JOB, &items))
    }
}
