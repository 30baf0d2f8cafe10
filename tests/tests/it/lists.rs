//! Lists are read page by page.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use pleo_auth::{Client, CompanyId, Secret, Session, Staging, StandaloneApiKey};
use pleo_client::{
    Body, BoxFuture, Call, Error, Items, ListCall, ListPage, Operation, ParameterLocation, Transport,
    accounting_entries::types::{AccountingEntryBaseSearchRequest, ReceiptSearchRequest},
    accounts::types::BookkeepingAccountSearchRequestV1,
    bookkeeping::types::BookkeepingAccountSearchRequestV4,
    export::types::SearchExportJobItemsRequest,
    operations,
    vendors::types::{SearchCsvImportJobsRequestV1, VendorSearchRequestV1},
};
use pleo_sandbox::{Environment, Grant, Sandbox};

const KEY: &str = "FAKE-KEY-OF-LISTS";

/// A sandbox in this process, and the queries that it was sent.
#[derive(Clone)]
struct InProcess {
    sandbox: Sandbox,
    queries: Arc<Mutex<Vec<String>>>,
}

impl Transport for InProcess {
    fn send<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<http::Response<Body>, Error>> {
        Box::pin(async move {
            let request = call.into_authorized().await?;
            self.queries.lock().unwrap().push(request.uri().query().unwrap_or_default().to_owned());
            let response = self.sandbox.handle(&request).response;
            Ok(response.map(|body: Bytes| Full::new(body).map_err(|never| match never {}).boxed_unsync()))
        })
    }
}

/// A client of a sandbox in this process.
fn client() -> (Client<Staging>, InProcess) {
    let sandbox = Sandbox::with_seed(Environment::Staging, 1);
    sandbox.set_limit(None);
    let company = sandbox.companies()[0];
    sandbox.admit(KEY, Grant::standalone_key(company));
    let transport = InProcess { sandbox, queries: Arc::default() };
    let key = StandaloneApiKey::new(Staging, Secret::from(KEY)).unwrap();
    let session = Session::new(key).with_company(CompanyId::from(company));
    (Client::with_transport(session, transport.clone()).unwrap(), transport)
}

/// The entries, as their debugging output, and the cursors that the requests had.
async fn read<C>(transport: &InProcess, items: Items<'_, C>) -> (Vec<String>, usize)
where
    C: ListCall<Page: ListPage<Item: std::fmt::Debug>>,
{
    transport.queries.lock().unwrap().clear();
    let all = items.all(usize::MAX).await.unwrap();
    let queries = transport.queries.lock().unwrap();
    let (first, later) = queries.split_first().unwrap();
    let has_cursor = |query: &String| query.split('&').any(|pair| pair.starts_with("after="));
    assert!(!has_cursor(first) && later.iter().all(has_cursor), "{queries:?}");
    (all.iter().map(|item| format!("{item:?}")).collect(), queries.len())
}

#[tokio::test]
async fn a_list_has_the_same_entries_in_pages_of_any_size() {
    let (client, transport) = client();
    let (employees, requests) = read(&transport, client.list_employees().limit(100).items()).await;
    assert!(employees.len() > 2 && requests == 1, "{requests}: {employees:?}");
    for limit in 1..=employees.len() {
        let items = client.list_employees().limit(i32::try_from(limit).unwrap()).items();
        let (entries, requests) = read(&transport, items).await;
        assert_eq!((entries, requests), (employees.clone(), employees.len().div_ceil(limit)));
    }
}

/// The body goes with each request.
#[tokio::test]
async fn a_search_is_the_same_search_on_every_page() {
    let (client, transport) = client();
    let search = || client.search_vendors().body(VendorSearchRequestV1::builder());
    let (vendors, _) = read(&transport, search().items()).await;
    assert!(vendors.len() > 1, "{vendors:?}");
    assert_eq!(read(&transport, search().limit(1).items()).await, (vendors.clone(), vendors.len()));
}

#[tokio::test]
async fn a_list_that_starts_at_an_offset_goes_on_by_cursor() {
    let (client, transport) = client();
    let (employees, _) = read(&transport, client.list_employees().items()).await;
    let (rest, _) = read(&transport, client.list_employees().offset(1).limit(1).items()).await;
    assert_eq!(rest, employees[1..]);
    let queries = transport.queries.lock().unwrap();
    assert!(queries.iter().skip(1).all(|query| !query.contains("offset=")), "{queries:?}");
}

/// A call of each of these operations is one whose pages can be read as a stream; it would not compile otherwise.
#[test]
fn every_operation_that_takes_a_cursor_can_be_read_to_its_end() {
    fn is_list<C: ListCall>(call: C) -> &'static str {
        call.operation().id
    }
    let (client, _) = client();
    let id = uuid::Uuid::nil();
    #[expect(deprecated, reason = "deprecated operations page as well")]
    let mut lists = vec![
        is_list(client.search_aggregated_tags()),
        is_list(client.list_export_items_v0()),
        is_list(client.list_export_jobs_v0()),
        is_list(client.list_export_job_items_v0(id)),
        is_list(client.list_tags(id)),
        is_list(client.search_tags_by_query()),
        is_list(client.search_tags()),
        is_list(client.search_tax_codes()),
        is_list(client.search_accounts_v1_beta(BookkeepingAccountSearchRequestV4::builder())),
        is_list(client.search_core_accounting_entries(AccountingEntryBaseSearchRequest::builder())),
        is_list(client.search_receipts(ReceiptSearchRequest::builder())),
        is_list(client.list_receipts(id)),
        is_list(client.search_accounting_entries(AccountingEntryBaseSearchRequest::builder())),
        is_list(client.search_accounts_v1(BookkeepingAccountSearchRequestV1::builder())),
        is_list(client.list_companies()),
        is_list(client.list_export_items_v1()),
        is_list(client.list_export_jobs_v1()),
        is_list(client.list_export_job_items_v1(id)),
        is_list(client.list_subscriptions()),
        is_list(client.list_subscription_activities(id)),
        is_list(client.list_csv_import_job_errors(id)),
        is_list(client.search_csv_import_jobs(SearchCsvImportJobsRequestV1::builder())),
        is_list(client.search_vendors()),
        is_list(client.list_employees()),
        is_list(client.list_export_items_v2()),
        is_list(client.list_export_jobs_v2()),
        is_list(client.list_export_job_items_v2(id)),
        is_list(client.list_export_items_v3()),
        is_list(client.search_export_job_items(SearchExportJobItemsRequest::builder())),
        is_list(client.list_export_jobs_v3()),
        is_list(client.list_export_job_items_v3(id)),
    ];
    lists.sort_unstable();
    let takes_cursor = |operation: &&Operation| {
        let mut parameters = operation.parameters.iter();
        parameters
            .any(|parameter| parameter.name == "after" && parameter.location == ParameterLocation::Query)
    };
    let mut expected: Vec<&str> =
        operations::all().filter(takes_cursor).map(|operation| operation.id).collect();
    expected.sort_unstable();
    assert_eq!(lists, expected);
    assert_eq!(lists.len(), 31);
}
