//! Our typed client.

use std::{
    fmt::Debug,
    future::{Future, pending},
    pin::pin,
    task::{Context, Poll, Waker},
};

use http::{HeaderValue, header};
use pleo_auth::{AccessToken, Session, Staging, StandaloneApiKey};
use pleo_client::{
    Body, BoxFuture, Call, Client, Error, Transport, Unauthenticated,
    accounting_entries::types::{AccountingEntryBaseSearchRequest, AccountingEntryFamily, ExportStatus},
    chrono::{DateTime, FixedOffset},
    common::types::PageOrder,
    export::types::{ExportJobItemFailureReasonType, ExportJobItemStatus, UpdateExportJobItemV3},
};

use super::{
    BASE_URL, COMPANY, CURSOR, Credential, EMAIL, EMPLOYEES, ENTRY, Items, JOB, LIMIT, Ready, SORTING_KEY,
    Way, period, progress, send, sent,
};

/// Starts a call, which ends neither well nor badly: no answer is made, so none is measured.
pub(super) fn begin<T, E: Debug>(call: impl Future<Output = Result<T, E>>) {
    if let Poll::Ready(ended) = pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        panic!("the call ended before it was sent: {:?}", ended.err());
    }
}

/// Takes the request, or what reqwest makes of it.
struct Take {
    for_reqwest: bool,
}

impl Transport for Take {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
        Box::pin(async move {
            send(if self.for_reqwest {
                Ready::Reqwest(call.into_reqwest().await?)
            } else {
                Ready::Http(call.into_authorized().await?)
            });
            pending().await
        })
    }
}

pub(super) struct Typed {
    client: Client,
    items: Vec<UpdateExportJobItemV3>,
    period: (DateTime<FixedOffset>, DateTime<FixedOffset>),
}

impl Typed {
    pub(super) fn new(credential: Credential, secret: &str) -> Self {
        Self::over(Take { for_reqwest: false }, credential, secret)
    }

    pub(super) fn for_reqwest(credential: Credential, secret: &str) -> Self {
        Self::over(Take { for_reqwest: true }, credential, secret)
    }

    pub(super) fn without_credential() -> Self {
        Self::of(Client::new(BASE_URL, Unauthenticated, Take { for_reqwest: false }).unwrap())
    }

    fn over(transport: Take, credential: Credential, secret: &str) -> Self {
        let session = match credential {
            Credential::Key => Session::new(StandaloneApiKey::new(Staging, secret).unwrap()),
            Credential::Token => Session::new(AccessToken::new(Staging, secret).unwrap()),
        };
        Self::of(Client::clone(&pleo_auth::Client::with_transport(session, transport).unwrap()))
    }

    fn of(client: Client) -> Self {
        let item = |progress: super::Progress| {
            let item = UpdateExportJobItemV3::builder()
                .accounting_entry_id(progress.entry)
                .exported_at(progress.exported_at);
            match progress.outcome {
                Ok((id, url)) => {
                    item.external_id(id).external_url(url).status(ExportJobItemStatus::Successful)
                }
                Err(reason) => item
                    .failure_reason(reason)
                    .failure_reason_type(ExportJobItemFailureReasonType::AccountUnknown)
                    .status(ExportJobItemStatus::Failed),
            }
            .try_into()
            .unwrap()
        };
        Self { client, items: progress().into_iter().map(item).collect(), period: period() }
    }

    /// The header that the session attaches.
    pub(super) fn authorization(&self) -> HeaderValue {
        self.get();
        match sent() {
            Ready::Http(request) => request.headers()[header::AUTHORIZATION].clone(),
            Ready::Reqwest(request) => request.headers()[header::AUTHORIZATION].clone(),
        }
    }
}

impl Way for Typed {
    fn get(&self) {
        begin(self.client.get_accounting_entry(ENTRY).send());
    }

    fn list(&self) {
        begin(
            self.client
                .list_employees()
                .company_id(COMPANY)
                .email(EMAIL)
                .after(CURSOR)
                .limit(LIMIT)
                .sorting_keys([SORTING_KEY.to_owned()])
                .sorting_order([PageOrder::Asc])
                .send(),
        )
    }

    fn search(&self) {
        let (start, end) = self.period;
        let body = AccountingEntryBaseSearchRequest::builder()
            .include_deleted(false)
            .performed_at_start(start)
            .performed_at_end(end)
            .families([AccountingEntryFamily::CardPurchase, AccountingEntryFamily::OutOfPocket])
            .export_status([ExportStatus::NotExported])
            .employee_ids(EMPLOYEES);
        let call = self.client.search_accounting_entries(body);
        let call = call.company_id(COMPANY).after(CURSOR).limit(LIMIT);
        begin(call.send())
    }

    fn items(&self) -> Items {
        Items::Typed(self.items.clone())
    }

    fn update(&self, items: Items) {
        let Items::Typed(items) = items else { unreachable!("items of another way") };
        begin(self.client.update_export_job_items_v3(JOB, items).send())
    }
}
