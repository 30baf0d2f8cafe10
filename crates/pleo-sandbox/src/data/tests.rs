//! All operations, called as the front calls them.

use std::collections::BTreeSet;

use chrono::Duration;
use fastrand::Rng;
use pleo_client::{CompanyPlace, operations};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{Optional, Sampler, document};

/// The data, with a credential for some of its companies and a clock.
struct Api {
    data: Data,
    reachable: Vec<Uuid>,
    now: DateTime<Utc>,
}

/// A request.
#[derive(Debug, Clone, Default)]
struct Call {
    path: Vec<(&'static str, String)>,
    query: Vec<(String, String)>,
    body: Option<Value>,
}

fn call() -> Call {
    Call::default()
}

impl Call {
    fn path(mut self, name: &'static str, value: &Value) -> Self {
        self.path.push((name, value.as_str().unwrap().to_owned()));
        self
    }

    fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }
}

impl Api {
    /// The first company's.
    fn new() -> Self {
        let data = Data::new();
        let reachable = vec![data.companies()[0].0];
        Self { data, reachable, now: "2026-05-04T10:00:00Z".parse().unwrap() }
    }

    fn reaching(reachable: &[usize]) -> Self {
        let api = Self::new();
        let reachable = reachable.iter().map(|index| api.data.companies()[*index].0).collect();
        Self { reachable, ..api }
    }

    fn company(&self) -> Value {
        json!(self.reachable[0])
    }

    /// The status and the body, which is `null` when it is empty.
    fn send(&mut self, id: &str, call: &Call) -> (u16, Value) {
        let operation = operations::find(id).unwrap();
        let company = match operation.company {
            CompanyPlace::Nowhere => None,
            CompanyPlace::Query { name, .. } => {
                call.query.iter().find(|(other, _)| other == name).map(|(_, company)| company.clone())
            }
            CompanyPlace::Body { name, .. } => {
                call.body.as_ref().and_then(|body| body[name].as_str().map(str::to_owned))
            }
        };
        let input = Input {
            operation,
            path: call.path.iter().map(|(name, value)| (*name, value.clone())).collect(),
            query: call.query.clone(),
            body: call.body.clone(),
            reachable: self.reachable.clone(),
            company: company.map(|company| company.parse().unwrap()),
            now: self.now,
        };
        let response = self.data.answer(&input);
        let body = response.body();
        let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(body).unwrap() };
        (response.status().as_u16(), body)
    }

    /// The body of a success that is as the document says.
    #[track_caller]
    fn ok(&mut self, id: &str, call: &Call) -> Value {
        let (status, body) = self.send(id, call);
        let operation = operations::find(id).unwrap();
        assert!((200..300).contains(&status), "{id} {call:?}: {status} {body}");
        let conforms = document::conforms(operation, status, Some(&body).filter(|body| !body.is_null()));
        assert_eq!(conforms, Ok(()), "{id} {call:?}: {status} {body}");
        body
    }

    /// The status and type of an error with `type` and `message`.
    #[track_caller]
    fn refused(&mut self, id: &str, call: &Call) -> (u16, String) {
        let (status, body) = self.send(id, call);
        assert!(status >= 400, "{id} {call:?}: {status} {body}");
        assert!(body["message"].is_string(), "{id}: {body}");
        (status, body["type"].as_str().unwrap().to_owned())
    }

    fn all(&self, table: fn(&Data) -> &Table) -> Vec<Value> {
        table(&self.data).values(&self.reachable)
    }

    /// Members of the things, such as their ids.
    fn entry_ids(&self, range: std::ops::Range<usize>) -> Vec<Value> {
        self.all(|data| &data.entries)[range].iter().map(|entry| entry["id"].clone()).collect()
    }

    fn create_job(&mut self, entries: &[Value]) -> Value {
        let body = json!({ "companyId": self.company(), "accountingEntryIds": entries });
        self.ok("create_export_job_v3", &call().body(body))["data"].clone()
    }

    fn event(&mut self, job: &Value, event: &str) -> (u16, Value) {
        self.send("create_export_job_event_v3", &call().body(json!({ "jobId": job["id"], "event": event })))
    }

    fn job(&mut self, job: &Value) -> Value {
        self.ok("get_export_job_v3", &call().path("jobId", &job["id"]))["data"].clone()
    }

    /// A request that is in order and has to succeed, from a seed.
    fn valid(&mut self, operation: &Operation, seed: u64) -> Call {
        let mut rng = Rng::with_seed(seed);
        let sampler = Sampler::new(seed);
        let mut call = call();
        let company = self.reachable[rng.usize(..self.reachable.len())];
        let companies = [company];
        let any = |rng: &mut Rng, table: &Table| rng.choice(table.values(&companies)).unwrap();

        let group = any(&mut rng, &self.data.tag_groups);
        let mut dimensions = self.data.tag_dimensions.values(&companies);
        dimensions.retain(|dimension| dimension["groupId"] == group["id"]);
        let dimension = rng.choice(dimensions).unwrap();
        let mut tags = self.data.tags.values(&companies);
        tags.retain(|tag| tag["groupId"] == group["id"]);
        let tag = rng.choice(&tags).unwrap().clone();
        let receipt = any(&mut rng, &self.data.receipts);
        let mut job = any(&mut rng, &self.data.export_jobs);
        let entries: Vec<_> =
            self.data.entries.values(&companies)[1..7].iter().map(|entry| entry["id"].clone()).collect();
        if operation.id.starts_with("update_export_job_items") || operation.id.contains("job_event") {
            let create = json!({ "companyId": company, "accountingEntryIds": entries });
            job = self.ok("create_export_job_v3", &super::tests::call().body(create))["data"].clone();
        }
        if operation.id.starts_with("update_export_job_items") {
            assert_eq!(self.event(&job, "started").0, 202);
        }
        if ["get", "update", "delete"]
            .iter()
            .any(|verb| operation.id == format!("{verb}_tag_dimension_value"))
        {
            let value = super::tests::call().path("tagId", &tag["id"]).path("dimensionId", &dimension["id"]);
            self.ok("create_tag_dimension_value", &value.body(json!({ "value": "Berlin" })));
        }
        let mut accounts = self.data.accounts.values(&companies);
        if operation.id.starts_with("delete_account") {
            // The first ones are in use.
            accounts.drain(..5);
        }

        for parameter in operation.parameters {
            match (parameter.location, parameter.name) {
                (ParameterLocation::Header, _) => {}
                (ParameterLocation::Path, name) => {
                    let id = match (operation.family, name) {
                        (_, "groupId") => &group["id"],
                        (_, "dimensionId") => &dimension["id"],
                        (_, "tagId") => &tag["id"],
                        (_, "taxCodeId") => &any(&mut rng, &self.data.tax_codes)["id"],
                        (_, "accountId") => &rng.choice(&accounts).unwrap()["id"],
                        (_, "companyId") => &json!(company),
                        (_, "employeeId") => &any(&mut rng, &self.data.employees)["id"],
                        (_, "accountingEntryId") if operation.id == "get_receipt" => {
                            &receipt["accountingEntryId"]
                        }
                        (_, "accountingEntryId") => rng.choice(&entries).unwrap(),
                        (_, "receiptId") => &receipt["id"],
                        ("export", "jobId") => &job["id"],
                        ("vendors", "id") => &any(&mut rng, &self.data.vendors)["id"],
                        (_, "id") => &any(&mut rng, &self.data.subscriptions)["id"],
                        _ => &sampler.parameter(operation, name).unwrap(),
                    };
                    call = call.path(name, id);
                }
                // How a list is paged and sorted has tests of its own.
                (_, "before" | "after" | "offset" | "sorting_keys" | "sorting_order" | "organization_id") => {
                }
                (_, "company_id" | "companyId") => call = call.query(parameter.name, company),
                (_, "job_id") => call = call.query("job_id", job["id"].as_str().unwrap()),
                (_, "accounting_entry_id") => {
                    let items = self.data.export_items.values(&companies);
                    call = call.query("accounting_entry_id", items[0]["accountingEntryId"].as_str().unwrap());
                }
                (_, name) if parameter.required || rng.bool() => {
                    let value = sampler.parameter(operation, name).unwrap();
                    let values = value.as_array().cloned().unwrap_or_else(|| vec![value]);
                    for value in values.iter().filter(|value| !value.is_null()) {
                        call =
                            call.query(name, value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                    }
                }
                _ => {}
            }
        }
        if let Some(mut body) = sampler.body(operation) {
            if let Some(members) = body.as_object_mut() {
                if members.contains_key("companyId") {
                    members.insert("companyId".to_owned(), json!(company));
                }
                if members.contains_key("tagIds") && operation.id != "search_tags" {
                    members.insert("tagIds".to_owned(), json!([tag["id"]]));
                }
                if operation.id.starts_with("create_export_job_v") {
                    members.insert("accountingEntryIds".to_owned(), json!(entries));
                }
                if operation.id.contains("job_event") {
                    members.insert("jobId".to_owned(), job["id"].clone());
                    let events = ["started", "failed"];
                    members.insert("event".to_owned(), json!(events[rng.usize(..2)]));
                }
            }
            for (item, entry) in body.as_array_mut().into_iter().flatten().zip(&entries) {
                item["accountingEntryId"] = entry.clone();
            }
            call = call.body(body);
        }
        call
    }
}

#[test]
fn every_operation_answers_what_the_document_describes() {
    let mut operations = 0;
    for operation in operations::all() {
        operations += 1;
        for seed in 0..8 {
            for reachable in [&[0][..], &[3], &[0, 1, 2]] {
                let mut api = Api::reaching(reachable);
                let call = api.valid(operation, seed);
                if let Some(body) = &call.body {
                    let valid = document::check(&document::body_pointer(operation), body);
                    assert_eq!(valid, Ok(()), "{} {body}", operation.id);
                }
                let body = api.ok(operation.id, &call);
                assert_eq!(body.is_null(), !operation.answers_json, "{}", operation.id);
            }
        }
    }
    assert_eq!(operations, 114);
}

#[test]
fn the_status_of_a_success_is_the_documents() {
    for (id, status) in [
        ("create_vendor", 201),
        ("create_account_v1", 201),
        ("create_accounts", 201),
        ("create_tag", 201),
        ("create_export_job_v0", 200),
        ("create_export_job_v2", 201),
        ("create_export_job_event_v1", 200),
        ("create_export_job_event_v3", 202),
        ("create_subscription", 200),
        ("delete_tags", 204),
        ("delete_tag", 200),
        ("archive_vendor", 204),
        ("enrich_accounting_entry", 200),
        ("list_employees", 200),
    ] {
        assert_eq!(shape::success(operations::find(id).unwrap()).as_u16(), status, "{id}");
    }
}

#[test]
fn answers_hold_only_members_that_the_document_knows() {
    let known = &document::root()["components"]["schemas"]["AccountingEntryV1"]["properties"];
    let mut api = Api::new();
    let company = api.company();
    let search =
        call().query("company_id", company.as_str().unwrap()).body(json!({ "includeDeleted": false }));
    let entries = api.ok("search_accounting_entries", &search);
    for entry in entries["data"].as_array().unwrap() {
        for member in entry.as_object().unwrap().keys() {
            assert!(known.get(member).is_some(), "{member}");
        }
    }
}

// Paging

/// A page.
#[derive(Debug)]
struct Page {
    ids: Vec<String>,
    pagination: Value,
}

impl Api {
    #[track_caller]
    fn page(&mut self, id: &str, call: &Call) -> Page {
        let body = self.ok(id, call);
        let ids = body["data"].as_array().unwrap().iter();
        let ids = ids.map(|item| item["id"].as_str().unwrap().to_owned()).collect();
        for cursor in ["startCursor", "endCursor"] {
            if let Some(cursor) = body["pagination"][cursor].as_str() {
                assert!(!cursor.is_empty());
                assert!(cursor.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7' | b'=' | b'~')));
            }
        }
        Page { ids, pagination: body["pagination"].clone() }
    }
}

const ORDERS: [&str; 6] =
    ["ASC", "ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC", "DESC_NULLS_FIRST", "DESC_NULLS_LAST"];

fn sortings() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let key = prop::sample::select(vec!["settledAt", "performedAt", "id", "bookkeepingDate"]);
    prop::collection::vec((key, prop::sample::select(&ORDERS[..])), 0..3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pages_of_any_size_and_order_show_everything_once(
        limit in 1_usize..90,
        sorting in sortings(),
    ) {
        let mut api = Api::reaching(&[0, 1, 2]);
        let mut all = call().query("organization_id", api.data.companies()[0].1);
        for (key, order) in &sorting {
            all = all.query("sorting_keys", key).query("sorting_order", order);
        }
        let all = all.body(json!({ "includeDeleted": true }));
        let everything = SEEDED * 3;
        let search = "search_accounting_entries";

        let (mut forwards, mut after) = (Vec::new(), None::<String>);
        loop {
            let mut next = all.clone().query("limit", limit);
            if let Some(after) = &after {
                next = next.query("after", after);
            }
            let page = api.page(search, &next);
            prop_assert_eq!(&page.pagination["total"], &json!(everything));
            prop_assert_eq!(&page.pagination["hasPreviousPage"], &json!(after.is_some()));
            prop_assert!(page.ids.len() == limit || page.pagination["hasNextPage"] == false);
            forwards.extend(page.ids);
            after = page.pagination["endCursor"].as_str().map(str::to_owned);
            if page.pagination["hasNextPage"] == false {
                break;
            }
            prop_assert!(forwards.len() < everything);
        }
        prop_assert_eq!(forwards.len(), everything);
        prop_assert_eq!(forwards.iter().collect::<BTreeSet<_>>().len(), everything);

        // Backwards from the last entry, which is not shown again.
        let mut backwards = vec![forwards[everything - 1].clone()];
        let last = all.clone().query("limit", 1).query("after", cursor_before_last(&mut api, search, &all));
        let mut before = api.page(search, &last).pagination["startCursor"].as_str().unwrap().to_owned();
        loop {
            let page = api.page(search, &all.clone().query("limit", limit).query("before", &before));
            prop_assert_eq!(&page.pagination["hasNextPage"], &json!(true));
            backwards.splice(0..0, page.ids);
            if page.pagination["hasPreviousPage"] == false {
                break;
            }
            before = page.pagination["startCursor"].as_str().unwrap().to_owned();
        }
        prop_assert_eq!(&backwards, &forwards);
    }

    #[test]
    fn offsets_show_the_same_order_as_cursors(limit in 1_usize..30, offset in 0_usize..90) {
        let mut api = Api::reaching(&[0, 1, 2]);
        let all = api.page("list_employees", &call().query("limit", 100)).ids;
        let page = api.page("list_employees", &call().query("limit", limit).query("offset", offset));
        let start = offset.min(all.len());
        let end = (offset + limit).min(all.len());
        prop_assert_eq!(&page.ids[..], &all[start..end]);
        prop_assert_eq!(&page.pagination["hasNextPage"], &json!(end < all.len()));
        prop_assert_eq!(&page.pagination["hasPreviousPage"], &json!(start > 0));
    }

    #[test]
    fn no_cursor_makes_it_panic(cursor in "[A-Z2-7=~]{1,60}") {
        let mut api = Api::new();
        let (status, _) = api.send("list_employees", &call().query("after", &cursor));
        prop_assert!(status == 400 || status == 200);
    }
}

fn cursor_before_last(api: &mut Api, id: &str, all: &Call) -> String {
    let first = api.page(id, &all.clone().query("limit", SEEDED * 3 - 1));
    first.pagination["endCursor"].as_str().unwrap().to_owned()
}

#[test]
fn sorting_puts_entries_in_the_order_of_the_key_and_nulls_where_asked() {
    let mut api = Api::new();
    for order in ORDERS {
        let search = call()
            .query("company_id", api.reachable[0])
            .query("limit", 100)
            .query("sorting_keys", "settledAt")
            .query("sorting_order", order)
            .body(json!({ "includeDeleted": true }));
        let body = api.ok("search_accounting_entries", &search);
        let settled: Vec<_> =
            body["data"].as_array().unwrap().iter().map(|it| it["settledAt"].as_str()).collect();
        let nulls_first = order.ends_with("NULLS_FIRST") || order == "DESC";
        assert_eq!(settled[0].is_none(), nulls_first, "{order}");
        assert_eq!(settled[SEEDED - 1].is_none(), !nulls_first, "{order}");
        let times: Vec<_> = settled.iter().flatten().collect();
        let ascending = times.is_sorted();
        let descending = times.iter().rev().is_sorted();
        assert_eq!(
            (ascending, descending),
            (!order.starts_with("DESC"), order.starts_with("DESC")),
            "{order}"
        );
        assert_eq!(body["pagination"]["currentRequestPagination"]["sortingKeys"], json!(["settledAt"]));
        assert_eq!(body["pagination"]["currentRequestPagination"]["sortingOrder"], json!([order]));
    }
}

#[test]
fn paging_that_makes_no_sense_is_refused() {
    let mut api = Api::new();
    let page = api.page("list_employees", &call().query("limit", 3));
    let cursor = page.pagination["endCursor"].as_str().unwrap().to_owned();
    let bad = (400, "bad_request".to_owned());
    for wrong in [
        call().query("after", "ABC"),
        call().query("before", "ABC"),
        call().query("after", "~"),
        call().query("after", &cursor).query("before", &cursor),
        call().query("after", &cursor).query("offset", 1),
        call().query("offset", -1),
        call().query("limit", -1),
        call().query("limit", "many"),
        call().query("sorting_keys", "noSuchMember"),
        call().query("sorting_keys", "email").query("sorting_order", "ASC").query("sorting_order", "DESC"),
        // The cursor of a list that is sorted in another way.
        call().query("after", &cursor).query("sorting_keys", "email"),
    ] {
        assert_eq!(api.refused("list_employees", &wrong), bad, "{wrong:?}");
    }
    api.ok("list_employees", &call().query("after", &cursor));
}

#[test]
fn the_page_size_has_the_documents_default_and_maximum() {
    let mut api = Api::new();
    let entry = api.entry_ids(1..2)[0].clone();
    let receipts = call().path("accountingEntryId", &entry);
    for (id, call, size) in [
        ("list_receipts", receipts.clone(), 10),
        ("list_receipts", receipts.query("limit", 11), 11),
        ("list_employees", call(), 20),
        ("list_employees", call().query("limit", 0), 0),
        ("list_employees", call().query("limit", 1_000_000), 25),
    ] {
        let page = api.page(id, &call);
        assert_eq!(page.ids.len(), size, "{id}");
        let shown = page.pagination["currentRequestPagination"]["limit"].as_u64().unwrap();
        assert!(shown == u64::try_from(size).unwrap() || shown == 100, "{shown}");
    }
}

#[test]
fn a_cursor_outlives_the_thing_that_it_names() {
    let mut api = Api::new();
    let search = call().body(json!({ "companyId": api.company() }));
    let all = api.page("search_accounts_v1", &search.clone().query("limit", 100)).ids;
    let first = api.page("search_accounts_v1", &search.clone().query("limit", 10));
    api.data.accounts.remove_where(|account| account["id"] == first.ids[9].as_str());
    let cursor = first.pagination["endCursor"].as_str().unwrap();
    let rest = api.page("search_accounts_v1", &search.query("limit", 100).query("after", cursor));
    assert_eq!(rest.ids, all[10..]);
}

#[test]
fn tag_groups_come_without_pagination() {
    let mut api = Api::new();
    let groups = api.ok("list_tag_groups", &call().query("company_id", api.reachable[0]));
    assert_eq!(groups.as_object().unwrap().keys().collect::<Vec<_>>(), ["data"]);
    assert_eq!(groups["data"].as_array().unwrap().len(), 2);
}

// Companies and scope

#[test]
fn a_list_without_a_company_shows_all_that_can_be_reached() {
    for (reachable, total) in [(&[0][..], SEEDED), (&[0, 1, 2], 3 * SEEDED), (&[3], SEEDED)] {
        let mut api = Api::reaching(reachable);
        let page = api.page("list_employees", &call());
        assert_eq!(page.pagination["total"], json!(total));
        assert_eq!(api.page("list_companies", &call()).ids.len(), reachable.len());
    }
    let mut api = Api::reaching(&[0, 1, 2]);
    let second = api.data.companies()[1].0;
    let page = api.page("list_employees", &call().query("companyId", second));
    assert_eq!(page.pagination["total"], json!(SEEDED));
}

#[test]
fn an_organisation_narrows_companies_and_the_company_wins() {
    let mut api = Api::reaching(&[0, 1, 2, 3]);
    let (company, organization) = api.data.companies()[1];
    let other = api.data.companies()[3].1;
    for (organization, companies) in [(organization, 3), (other, 1), (Uuid::nil(), 0)] {
        let page = api.page("list_companies", &call().query("organization_id", organization));
        assert_eq!(page.ids.len(), companies);
    }
    let both = call().query("organization_id", organization).query("company_id", company);
    let groups = api.ok("list_tag_groups", &both);
    assert!(groups["data"].as_array().unwrap().iter().all(|group| group["companyId"] == json!(company)));
}

#[test]
fn tags_and_entries_need_a_company_or_an_organisation() {
    let mut api = Api::reaching(&[0, 1, 2]);
    let body = json!({ "includeDeleted": false });
    for id in [
        "list_tag_groups",
        "list_aggregated_tag_groups",
        "search_tags",
        "search_accounting_entries",
        "search_core_accounting_entries",
        "search_receipts",
    ] {
        let refused = api.refused(id, &call().body(body.clone()));
        assert_eq!(refused, (400, "bad_request".to_owned()), "{id}");
        let organization = api.data.companies()[0].1;
        api.ok(id, &call().query("organization_id", organization).body(body.clone()));
    }
}

#[test]
fn what_is_created_goes_to_one_company() {
    let mut api = Api::reaching(&[0, 1, 2]);
    let body = json!({ "archived": false, "code": "N", "name": "New" });
    let refused = api.refused("create_tag_group", &call().body(body.clone()));
    assert_eq!(refused, (400, "required_parameter_missing".to_owned()));
    let second = api.data.companies()[1].0;
    let group = api.ok("create_tag_group", &call().query("company_id", second).body(body));
    assert_eq!(group["data"]["companyId"], json!(second));
}

/// All ids that things of these companies hold.
fn ids_of(data: &Data, companies: &[Uuid]) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for table in tables(data) {
        for value in table.values(companies) {
            collect_ids(&value, &mut ids);
        }
    }
    for (_, organization) in data.companies() {
        ids.remove(&organization.to_string());
    }
    ids
}

fn collect_ids(value: &Value, ids: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if Uuid::parse_str(text).is_ok() => {
            ids.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| collect_ids(item, ids)),
        Value::Object(members) => members.values().for_each(|member| collect_ids(member, ids)),
        _ => {}
    }
}

fn tables(data: &Data) -> [&Table; 15] {
    [
        &data.company_details,
        &data.employees,
        &data.tag_groups,
        &data.tag_dimensions,
        &data.tags,
        &data.tag_values,
        &data.tax_codes,
        &data.accounts,
        &data.vendors,
        &data.entries,
        &data.receipts,
        &data.subscriptions,
        &data.activities,
        &data.export_jobs,
        &data.export_items,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// A credential of one company sends what another company's credential could send.
    #[test]
    fn no_answer_shows_or_changes_another_companys_things(
        operation in 0_usize..114,
        seed in any::<u64>(),
        own in 0_usize..4,
        other in 0_usize..4,
    ) {
        let operation = operations::all().nth(operation).unwrap();
        let mut api = Api::reaching(&[other]);
        let mut call = api.valid(operation, seed);
        api.reachable = vec![api.data.companies()[own].0];
        let (owner, foreign): (Vec<_>, Vec<_>) =
            api.data.companies().iter().map(|(company, _)| *company).partition(|it| *it == api.reachable[0]);

        // The front lets only the credential's own company through.
        for (name, value) in &mut call.query {
            if name == "company_id" || name == "companyId" {
                *value = owner[0].to_string();
            }
        }
        if let Some(company) = call.body.as_mut().and_then(|body| body.get_mut("companyId")) {
            *company = json!(owner[0]);
        }

        let secret = ids_of(&api.data, &foreign);
        let before: Vec<_> = tables(&api.data).iter().map(|table| table.values(&foreign)).collect();
        let (status, body) = api.send(operation.id, &call);
        let after: Vec<_> = tables(&api.data).iter().map(|table| table.values(&foreign)).collect();
        prop_assert_eq!(before, after);

        let mut shown = BTreeSet::new();
        collect_ids(&body, &mut shown);
        let mut sent = BTreeSet::new();
        collect_ids(&json!([call.body, call.query]), &mut sent);
        for id in shown.difference(&sent) {
            prop_assert!(!secret.contains(id), "{} shows {id}: {body}", operation.id);
        }
        let names_foreign = call.path.iter().any(|(_, id)| secret.contains(id));
        prop_assert!(!names_foreign || status == 404 || status == 413, "{}: {status} {body}", operation.id);
    }
}
