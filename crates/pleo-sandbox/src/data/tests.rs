//! All operations, called as the front calls them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use fastrand::Rng;
use http::Request;
use pleo_client::{CompanyLocation, operations};
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
            CompanyLocation::Nowhere => None,
            CompanyLocation::Query { name, .. } => {
                call.query.iter().find(|(other, _)| other == name).map(|(_, company)| company.clone())
            }
            CompanyLocation::Body { name, .. } => {
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
    for operation in operations::all() {
        for seed in 0..8 {
            for reachable in [&[0][..], &[3], &[0, 1, 2]] {
                let mut api = Api::reaching(reachable);
                let call = api.valid(operation, seed);
                if let Some(body) = &call.body {
                    let valid = document::check(&document::body_pointer(operation), body);
                    assert_eq!(valid, Ok(()), "{} {body}", operation.id);
                }
                let body = api.ok(operation.id, &call);
                assert_eq!(body.is_null(), !operation.responds_with_json, "{}", operation.id);
            }
        }
    }
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
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 32, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn pages_of_any_size_and_order_show_everything_once(
        limit in 1_usize..90,
        sorting in sortings(),
    ) {
        let mut api = Api::reaching(&[0, 1, 2]);
        let mut all = call();
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
            prop_assert!(backwards.len() < everything);
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
    for table in data.tables() {
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

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 32, ..ProptestConfig::with_cases(512) })]

    /// A credential of one company sends what another company's credential could send.
    #[test]
    fn no_answer_shows_or_changes_another_companys_things(
        operation in 0..operations::all().count(),
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
        let before: Vec<_> = api.data.tables().iter().map(|table| table.values(&foreign)).collect();
        let (status, body) = api.send(operation.id, &call);
        let after: Vec<_> = api.data.tables().iter().map(|table| table.values(&foreign)).collect();
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

// Lives

fn absent(kind: &str) -> (u16, String) {
    (404, kind.to_owned())
}

#[test]
fn tag_groups_and_tags_live() {
    let mut api = Api::new();
    let company = api.company();
    let of_company = || call().query("company_id", company.as_str().unwrap());
    let body = json!({ "archived": false, "code": "CC", "name": "Cost centres" });
    let group = api.ok("create_tag_group", &of_company().body(body))["data"].clone();
    assert_eq!((&group["metadata"], &group["companyId"]), (&json!({}), &company));
    let in_group = || call().path("groupId", &group["id"]);

    let update = json!({ "archived": false, "code": "CC2", "name": "Centres", "metadata": { "a": "b" } });
    let updated = api.ok("update_tag_group", &in_group().body(update))["data"].clone();
    assert_eq!((&updated["code"], &updated["metadata"]), (&json!("CC2"), &json!({ "a": "b" })));
    assert_eq!(api.ok("get_tag_group", &in_group())["data"], updated);

    let body = json!({ "archived": false, "code": "100", "name": "Sales" });
    let tag = api.ok("create_tag", &in_group().body(body.clone()))["data"].clone();
    assert_eq!(api.refused("create_tag", &in_group().body(body)), (409, "tag_already_exists".to_owned()));
    let of_tag = call().path("tagId", &tag["id"]);
    let update = json!({ "archived": true, "code": "100" });
    let updated = api.ok("update_tag", &of_tag.clone().body(update))["data"].clone();
    assert_eq!((&updated["archived"], updated.get("name")), (&json!(true), None));
    assert_eq!(api.page("list_tags", &in_group()).ids.len(), 0);
    assert_eq!(api.page("list_tags", &in_group().query("include_archived", true)).ids.len(), 1);

    let archive = json!({ "archived": false, "companyId": company, "tagIds": [tag["id"]] });
    let restored = api.ok("archive_tags", &call().body(archive));
    assert_eq!(restored["data"][0]["archived"], json!(false));
    let counted = api.ok("list_tag_groups", &of_company().query("include_tags_count", true));
    let counts: Vec<_> = counted["data"].as_array().unwrap().iter().map(|it| &it["totalTagsCount"]).collect();
    assert_eq!(counts, [SEEDED, 4, 1].map(|count| json!(count)).iter().collect::<Vec<_>>());

    api.ok("delete_tag_group", &in_group());
    assert_eq!(api.refused("get_tag_group", &in_group()), absent("not_found"));
    assert_eq!(api.refused("get_tag", &of_tag), absent("not_found"));
}

#[test]
fn deleting_several_tags_deletes_all_or_none() {
    let mut api = Api::new();
    let tags: Vec<_> = api.all(|data| &data.tags).iter().map(|tag| tag["id"].clone()).collect();
    let body = |ids: &[Value]| json!({ "companyId": tags[0], "tagIds": ids });
    let mut delete = |ids: &[Value]| {
        let company = api.company();
        let request = call().body(with_company(body(ids), &company));
        (api.send("delete_tags", &request).0, api.all(|data| &data.tags).len())
    };
    let total = tags.len();
    assert_eq!(delete(&[tags[0].clone(), json!(Uuid::nil())]), (404, total));
    assert_eq!(delete(&[]), (400, total));
    assert_eq!(delete(&vec![tags[0].clone(); 101]), (400, total));
    assert_eq!(delete(&[tags[0].clone(), tags[1].clone(), tags[0].clone()]), (204, total - 2));
}

fn with_company(mut body: Value, company: &Value) -> Value {
    body["companyId"] = company.clone();
    body
}

#[test]
fn tags_are_found_by_group_text_and_archive() {
    let mut api = Api::new();
    let company = api.company();
    let groups = api.all(|data| &data.tag_groups);
    let mut found = |body: Value| {
        let search = call().query("company_id", company.as_str().unwrap()).query("limit", 100).body(body);
        api.page("search_tags", &search).ids.len()
    };
    // Of 25 tags three are archived, in the first group.
    for (body, count) in [
        (json!({}), 28),
        (json!({ "includeArchived": true }), 31),
        (json!({ "archived": true }), 3),
        (json!({ "archived": false }), 28),
        (json!({ "tagGroupIds": [groups[1]["id"]] }), 4),
        (json!({ "tagGroupIds": [] }), 28),
        (json!({ "textSearch": "pROJECT 3" }), 1),
        (json!({ "textSearch": "t201" }), 1),
        (json!({ "tagIds": [Uuid::nil()] }), 0),
    ] {
        assert_eq!(found(body.clone()), count, "{body}");
    }
}

#[test]
fn dimensions_and_their_values_live() {
    let mut api = Api::new();
    let group = api.all(|data| &data.tag_groups)[0].clone();
    let in_group = || call().path("groupId", &group["id"]);
    let body = json!({ "code": "REGION", "name": "Region", "visible": true });
    let dimension = api.ok("create_tag_group_dimension", &in_group().body(body))["data"].clone();
    assert_eq!(dimension["displayOrder"], json!(2));
    let tag = json!({ "archived": false, "code": "N1", "otherDimensionValues": ["Ada", "Malmö", "North"] });
    let tag = api.ok("create_tag", &in_group().body(tag))["data"].clone();
    let of_tag = || call().path("tagId", &tag["id"]);
    let value = || of_tag().path("dimensionId", &dimension["id"]);
    assert_eq!(api.ok("get_tag_dimension_value", &value())["data"]["value"], json!("North"));
    let body = json!({ "value": "South" });
    let refused = api.refused("create_tag_dimension_value", &value().body(body.clone()));
    assert_eq!(refused, (409, "dimension_value_already_exists".to_owned()));
    api.ok("update_tag_dimension_value", &value().body(body));

    let company = api.reachable[0];
    let search = call().query("company_id", company).body(json!({ "tagIds": [tag["id"]] }));
    let aggregated = api.ok("search_aggregated_tags", &search)["data"][0].clone();
    let values: Vec<_> = aggregated["dimensions"].as_array().unwrap().iter().map(|it| &it["value"]).collect();
    assert_eq!(values, ["Ada", "Malmö", "South"]);
    assert_eq!(aggregated["group"]["id"], group["id"]);

    api.ok("delete_tag_dimension_value", &value());
    assert_eq!(api.refused("get_tag_dimension_value", &value()), absent("not_found"));
    let of_dimension = in_group().path("dimensionId", &dimension["id"]);
    api.ok("delete_tag_group_dimension", &of_dimension);
    assert_eq!(api.refused("get_tag_group_dimension", &of_dimension), absent("not_found"));
    assert_eq!(api.ok("list_tag_dimension_values", &of_tag())["data"].as_array().unwrap().len(), 2);

    // A dimension of another group is not there.
    let other = api.all(|data| &data.tag_groups)[1].clone();
    let own = api.all(|data| &data.tag_dimensions)[0].clone();
    let crossed = call().path("groupId", &other["id"]).path("dimensionId", &own["id"]);
    assert_eq!(api.refused("get_tag_group_dimension", &crossed), absent("not_found"));
}

#[test]
fn tag_usage_counts_entries() {
    let mut api = Api::new();
    let group = api.all(|data| &data.tag_groups)[0].clone();
    let usage = api.ok("get_tag_group_usage", &call().path("groupId", &group["id"]));
    let counts = usage["data"]["usages"].as_array().unwrap().iter().map(|it| it["count"].as_u64().unwrap());
    let counts: Vec<_> = counts.collect();
    assert_eq!((counts.len(), counts.iter().sum::<u64>()), (SEEDED, 25));
    assert_eq!((counts[0], counts[9], counts[10]), (3, 2, 0));
}

#[test]
fn tax_codes_live() {
    let mut api = Api::new();
    let company = api.company();
    let body = json!({
        "companyId": company, "name": "New", "rate": 0.07, "type": "inclusive", "archived": false, "code": "N7",
    });
    let tax_code = api.ok("create_tax_code", &call().body(body.clone()))["data"].clone();
    let of_code = call().path("taxCodeId", &tax_code["id"]);
    assert_eq!(api.ok("get_tax_code", &of_code)["data"], tax_code);
    api.now += Duration::seconds(90);
    let update =
        json!({ "companyId": company, "name": "Newer", "rate": 0.08, "type": "reverse", "archived": true });
    let updated = api.ok("update_tax_code", &of_code.clone().body(update))["data"].clone();
    assert_eq!((&updated["rate"], updated.get("code")), (&json!(0.08), None));
    assert_eq!(updated["createdAt"], tax_code["createdAt"]);
    assert_eq!(updated["updatedAt"], json!("2026-05-04T10:01:30Z"));
    let search = |filter: Value| call().query("company_id", company.as_str().unwrap()).body(filter);
    let archived = api.page("search_tax_codes", &search(json!({ "archived": true })));
    assert_eq!(archived.pagination["total"], json!(3));
    api.ok("delete_tax_code", &of_code);
    assert_eq!(api.refused("delete_tax_code", &of_code), absent("not_found"));
}

#[test]
fn accounts_live_in_both_versions() {
    for version in ["v1", "v1_beta"] {
        let mut api = Api::new();
        let name = |verb: &str| format!("{verb}_account_{version}");
        let body = json!({
            "companyId": api.company(), "externalId": "new", "name": "New", "archived": false, "code": "9000",
        });
        let account = api.ok(&name("create"), &call().body(body.clone()))["data"].clone();
        assert_eq!(
            api.refused(&name("create"), &call().body(body)),
            (409, "account_already_exists".to_owned())
        );
        let of_account = call().path("accountId", &account["id"]);
        let update = json!({ "name": "Newer", "archived": true });
        let updated = api.ok(&name("update"), &of_account.clone().body(update))["data"].clone();
        assert_eq!((&updated["externalId"], &updated["name"]), (&json!("new"), &json!("Newer")));
        assert_eq!(api.ok(&name("get"), &of_account)["data"], updated);
        api.ok(&name("delete"), &of_account);
        assert_eq!(api.refused(&name("get"), &of_account), absent("not_found"));

        let used = api.all(|data| &data.accounts)[0].clone();
        let used = call().path("accountId", &used["id"]);
        assert_eq!(api.refused(&name("delete"), &used), (409, "account_in_use".to_owned()));
    }
}

#[test]
fn a_batch_of_accounts_fails_in_parts() {
    let mut api = Api::new();
    let item = |id: &str, name: &str| json!({ "externalId": id, "name": name, "archived": false });
    let items =
        [item("b-1", "One"), item("acc-4000", "Known"), item("b-2", ""), item("b-1", ""), item("b-3", "3")];
    let body = json!({ "companyId": api.company(), "items": items });
    let answer = api.ok("create_accounts", &call().body(body))["data"].clone();
    let created: Vec<_> = answer["created"].as_array().unwrap().iter().map(|it| &it["externalId"]).collect();
    assert_eq!(created, ["b-1", "b-3"]);
    let reasons: Vec<_> =
        answer["failed"].as_array().unwrap().iter().map(|it| it["reasons"].clone()).collect();
    let known = "EXTERNAL_ID_ALREADY_EXISTS";
    assert_eq!(reasons, [json!([known]), json!(["NAME_EMPTY"]), json!([known, "NAME_EMPTY"])]);
    assert_eq!(answer["failed"][0]["request"], items[1]);
    assert_eq!(api.all(|data| &data.accounts).len(), SEEDED + 2);
}

#[test]
fn a_thousand_accounts_go_into_one_batch() {
    let mut api = Api::new();
    let item = |id: usize| json!({ "externalId": format!("b-{id}"), "name": "N", "archived": false });
    let items: Vec<_> = (0..1_000).map(item).collect();
    let body = json!({ "companyId": api.company(), "items": items });
    let answer = api.ok("create_accounts", &call().body(body));
    assert_eq!(answer["data"]["created"].as_array().unwrap().len(), 1_000);
}

#[test]
fn vendors_live() {
    let mut api = Api::new();
    let company = api.company();
    let body = json!({ "companyId": company, "name": "New", "defaultCurrency": "EUR", "externalId": "new" });
    let vendor = api.ok("create_vendor", &call().body(body.clone()))["data"].clone();
    assert_eq!(vendor["state"], json!("DRAFT"));
    let known = (409, "vendor_already_exists".to_owned());
    assert_eq!(api.refused("create_vendor", &call().body(body)), known);
    let same_id =
        json!({ "companyId": company, "name": "Other", "defaultCurrency": "EUR", "externalId": "new" });
    assert_eq!(api.refused("create_vendor", &call().body(same_id)), known);

    let of_vendor = call().path("id", &vendor["id"]);
    let activate = json!({ "externalId": "erp-7", "code": "77" });
    assert_eq!(api.ok("activate_vendor", &of_vendor.clone().body(activate)), Value::Null);
    let active = api.ok("get_vendor", &of_vendor)["data"].clone();
    assert_eq!([&active["state"], &active["externalId"], &active["code"]], ["ACTIVE", "erp-7", "77"]);
    api.ok("archive_vendor", &of_vendor);
    let search = call().query("company_id", company.as_str().unwrap());
    let search = search.body(json!({ "states": ["ARCHIVED"], "externalIds": ["erp-7", "ven-504"] }));
    assert_eq!(api.page("search_vendors", &search).ids.len(), 2);

    let update = |name: &str| {
        json!({
            "companyId": company, "name": name, "defaultCurrency": "EUR", "externalId": "erp-8",
            "state": "ACTIVE",
        })
    };
    let taken = api.all(|data| &data.vendors)[0]["name"].as_str().unwrap().to_owned();
    assert_eq!(api.refused("update_vendor", &of_vendor.clone().body(update(&taken))), known);
    let updated = api.ok("update_vendor", &of_vendor.body(update("New")))["data"].clone();
    assert_eq!((&updated["state"], updated.get("code")), (&json!("ACTIVE"), None));
}

#[test]
fn what_an_update_leaves_out_is_gone() {
    let mut api = Api::new();
    let first = |api: &Api, table: fn(&Data) -> &Table| api.all(table)[0]["id"].clone();
    let group = first(&api, |data| &data.tag_groups);
    let dimension = json!({ "code": "D", "name": "Place", "visible": true, "displayOrder": 1 });
    api.ok("create_tag_group_dimension", &call().path("groupId", &group).body(dimension));
    let tag = json!({ "code": "G", "archived": false, "name": "Gone", "otherDimensionValues": ["Malmö"] });
    let tag = api.ok("create_tag", &call().path("groupId", &group).body(tag))["data"]["id"].clone();
    let of_tag = call().path("tagId", &tag);
    assert_eq!(api.ok("list_tag_dimension_values", &of_tag)["data"].as_array().unwrap().len(), 1);

    for (update, parameter, id) in [
        ("update_tag", "tagId", tag),
        ("update_tax_code", "taxCodeId", first(&api, |data| &data.tax_codes)),
        ("update_account_v1", "accountId", first(&api, |data| &data.accounts)),
        ("update_account_v1_beta", "accountId", first(&api, |data| &data.accounts)),
        ("update_vendor", "id", first(&api, |data| &data.vendors)),
        ("update_subscription", "id", first(&api, |data| &data.subscriptions)),
    ] {
        let operation = operations::find(update).unwrap();
        let body = |optional: Optional| {
            let mut body = Sampler::new(7).optional(optional).body(operation).unwrap();
            for (member, value) in [
                ("companyId", api.company()),
                ("defaultCurrency", json!("DKK")),
                ("endpointUrl", json!("https://hooks.example/updated")),
            ] {
                if body[member].is_string() {
                    body[member] = value;
                }
            }
            body
        };
        let (full, bare) = (body(Optional::All), body(Optional::None));
        let of_it = call().path(parameter, &id);
        api.ok(update, &of_it.clone().body(full.clone()));
        let shown = api.ok(update, &of_it.body(bare.clone()))["data"].clone();
        let left_out: Vec<_> =
            full.as_object().unwrap().keys().filter(|name| bare.get(name).is_none()).collect();
        assert!(!left_out.is_empty(), "{update}");
        for name in left_out.into_iter().filter(|name| *name != "status") {
            assert!(shown[name].is_null(), "{update}: {name} of {shown}");
        }
    }
    assert_eq!(api.ok("list_tag_dimension_values", &of_tag)["data"], json!([]));
}

/// The deliveries since the last time, as they are sent.
fn requests(api: &mut Api) -> Vec<Request<Bytes>> {
    api.data.take_deliveries().into_iter().map(|delivery| delivery.request).collect()
}

#[test]
fn subscribers_are_told_of_new_jobs_and_vendors_of_their_company() {
    let mut api = Api::new();
    let subscribed = api.all(|data| &data.subscriptions);
    let told = |event: &str| {
        let wanted = |it: &&Value| it["status"] == "ACTIVE" && it["eventTypes"] == json!([event]);
        let urls = subscribed.iter().filter(wanted).map(|it| it["endpointUrl"].as_str().unwrap().to_owned());
        urls.collect::<BTreeSet<_>>()
    };
    let job = api.create_job(&api.entry_ids(1..3));
    let deliveries = requests(&mut api);
    let urls: BTreeSet<_> = deliveries.iter().map(|delivery| delivery.uri().to_string()).collect();
    assert_eq!((urls, deliveries.len()), (told("v1.export-job.created"), 3));
    let ids: BTreeSet<_> = deliveries.iter().map(|it| it.headers()["webhook-id"].clone()).collect();
    assert_eq!(ids.len(), 3, "each delivery has its own id");
    for delivery in &deliveries {
        let body: Value = serde_json::from_slice(delivery.body()).unwrap();
        assert_eq!(body["eventType"], "v1.export-job.created");
        assert!(Uuid::parse_str(body["eventId"].as_str().unwrap()).is_ok());
        let data = body["data"].as_object().unwrap();
        assert!(data.iter().all(|(name, value)| *value == job[name]), "{body}");
        assert_eq!((data["numberOfItems"].clone(), data.len()), (json!(2), 7));
        assert_eq!(delivery.headers()["webhook-timestamp"], api.now.timestamp().to_string());
        assert!(delivery.headers()["webhook-signature"].to_str().unwrap().starts_with("v1,"));
    }

    let vendor = json!({ "companyId": api.company(), "name": "New", "defaultCurrency": "DKK" });
    api.ok("create_vendor", &call().body(vendor.clone()));
    let deliveries = requests(&mut api);
    let urls: BTreeSet<_> = deliveries.iter().map(|delivery| delivery.uri().to_string()).collect();
    assert_eq!(urls, told("v1.vendor.created"));

    assert_eq!(api.refused("create_vendor", &call().body(vendor)).0, 409);
    api.ok("list_subscriptions", &call());
    assert!(api.data.take_deliveries().is_empty(), "nothing is told of what did not happen");
}

#[test]
fn subscriptions_live_and_keep_a_log() {
    let mut api = Api::new();
    let body = json!({ "endpointUrl": "https://hooks.example/x", "eventTypes": ["v1.vendor.created"] });
    let subscription = api.ok("create_subscription", &call().body(body.clone()))["data"].clone();
    assert_eq!(subscription["status"], json!("ACTIVE"));
    let of_it = call().path("id", &subscription["id"]);
    let secret = api.ok("get_subscription_secret", &of_it)["data"]["secretKey"].clone();
    assert!(secret.as_str().unwrap().starts_with("whsec_FAKE"), "{secret}");
    let update = with_status(body, "INACTIVE");
    let updated = api.ok("update_subscription", &of_it.clone().body(update))["data"].clone();
    assert_eq!(updated["status"], json!("INACTIVE"));
    let inactive = call().query("status", "INACTIVE").query("event_types", "v1.vendor.created");
    assert_eq!(api.page("list_subscriptions", &inactive).ids.len(), 2);

    let log = api.ok("list_subscription_activities", &of_it)["data"].clone();
    let mut kinds: Vec<_> = log.as_array().unwrap().iter().map(|it| it["operationType"].clone()).collect();
    kinds.sort_by_key(ToString::to_string);
    assert_eq!(kinds, ["CREATE", "UPDATE"]);
    let updates = of_it.clone().query("operation_types", "UPDATE");
    assert_eq!(api.page("list_subscription_activities", &updates).ids.len(), 1);

    api.ok("delete_subscription", &of_it);
    for id in ["get_subscription", "get_subscription_secret", "list_subscription_activities"] {
        assert_eq!(api.refused(id, &of_it), absent("not_found"), "{id}");
    }
}

fn with_status(mut body: Value, status: &str) -> Value {
    body["status"] = json!(status);
    body
}

#[test]
fn entries_are_found_by_what_the_body_asks() {
    let mut api = Api::new();
    let company = api.reachable[0];
    let entries = api.all(|data| &data.entries);
    let mut found = |body: Value| {
        let mut filters = json!({ "includeDeleted": false });
        filters.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        let search = call().query("company_id", company).query("limit", 100).body(filters);
        api.page("search_accounting_entries", &search).ids.len()
    };
    for (body, count) in [
        (json!({}), 24),
        (json!({ "includeDeleted": true }), 25),
        (json!({ "hasNote": false }), 6),
        (json!({ "hasNote": true }), 18),
        (json!({ "settled": false }), 4),
        (json!({ "accountIds": [entries[1]["accountId"]] }), 5),
        (json!({ "families": ["REIMBURSEMENT"] }), 8),
        (json!({ "families": ["WALLET"] }), 0),
        (json!({ "tagRowIds": [entries[1]["tags"][0]["tagId"]] }), 3),
        (json!({ "tagGroupIdsUnset": [entries[1]["tags"][0]["tagGroupId"]] }), 0),
        (json!({ "transactionValueCurrencies": ["EUR"] }), 0),
        (json!({ "performedAtStart": entries[20]["performedAt"] }), 5),
        (json!({ "performedAtEnd": entries[20]["performedAt"] }), 20),
        (json!({ "performedAtStart": "2030-01-01T00:00:00+01:00" }), 0),
    ] {
        assert_eq!(found(body.clone()), count, "{body}");
    }
}

#[test]
fn many_entries_are_in_currencies_with_two_no_and_three_decimals() {
    let with_many = || {
        let mut api = Api::new();
        api.data.add_entries(300);
        api
    };
    let mut api = with_many();
    let entries = api.all(|data| &data.entries);
    assert_eq!(entries.len(), 300);
    assert_eq!(entries, with_many().all(|data| &data.entries));
    assert_eq!(entries[..SEEDED], Api::new().all(|data| &data.entries));
    let exponents = BTreeMap::from([("DKK", 2), ("EUR", 2), ("JPY", 0), ("KWD", 3)]);
    let shown: BTreeSet<_> = entries
        .iter()
        .map(|entry| &entry["totalBillValue"])
        .map(|money| (money["currency"].as_str().unwrap(), money["minors"].as_i64().unwrap().signum()))
        .collect();
    for sought in exponents.keys().flat_map(|currency| [(*currency, -1), (*currency, 1)]) {
        assert!(shown.contains(&sought), "{sought:?}");
    }
    assert!(shown.iter().any(|(_, sign)| *sign == 0));

    let ids: Vec<_> = entries[1..].iter().map(|entry| entry["id"].clone()).collect();
    let job = api.create_job(&ids);
    let all = call().query("job_id", job["id"].as_str().unwrap()).query("limit", 100);
    let mut exported = Vec::new();
    for offset in [0, 100, 200] {
        let page = api.ok("list_export_items_v3", &all.clone().query("offset", offset));
        exported.extend(page["data"].as_array().unwrap().clone());
    }
    assert_eq!(exported.len(), 299);
    for item in &exported {
        let entry = entries.iter().find(|entry| entry["id"] == item["accountingEntryId"]).unwrap();
        let (money, shown) = (&entry["totalBillValue"], &item["amount"]["inSupplierCurrency"]);
        let exponent = exponents[money["currency"].as_str().unwrap()];
        assert_eq!(shown["currency"], money["currency"]);
        let minors = (shown["value"].as_f64().unwrap() * 10_f64.powi(exponent)).round();
        assert_eq!(minors, money["minors"].as_f64().unwrap(), "{item}");
    }
}

#[test]
fn a_deleted_entry_is_shown_only_when_asked_for() {
    let mut api = Api::new();
    let deleted = call().path("accountingEntryId", &api.entry_ids(0..1)[0]);
    for id in ["get_accounting_entry", "get_core_accounting_entry"] {
        assert_eq!(api.refused(id, &deleted), absent("export_entry_not_found"));
        let body = api.ok(id, &deleted.clone().query("include_deleted", true));
        assert!(body["data"]["deletedAt"].is_string());
    }
}

#[test]
fn receipts_belong_to_their_entry_and_their_links_end_after_a_day() {
    let mut api = Api::new();
    let entries = api.entry_ids(0..3);
    let of_entry = |index: usize| call().path("accountingEntryId", &entries[index]);
    let receipts = api.ok("list_receipts", &of_entry(1).query("file_type", "THUMBNAIL"))["data"].clone();
    assert!(receipts.as_array().unwrap().iter().all(|receipt| receipt["fileType"] == "THUMBNAIL"));
    let first = receipts[0]["id"].clone();
    let receipt = api.ok("get_receipt", &of_entry(1).path("receiptId", &first))["data"].clone();
    let expires = (api.now + Duration::hours(24)).timestamp();
    assert!(receipt["url"].as_str().unwrap().contains(&format!("expires={expires}")), "{receipt}");
    assert_eq!(api.refused("get_receipt", &of_entry(2).path("receiptId", &first)), absent("not_found"));
    let camera = api.page("list_receipts", &of_entry(1).query("source", "CAMERA"));
    assert_eq!(camera.pagination["total"], json!(4));
}

#[test]
fn employees_are_found_by_email_and_code() {
    let mut api = Api::new();
    let employee = api.all(|data| &data.employees)[7].clone();
    for (name, value) in [("email", &employee["email"]), ("code", &employee["code"])] {
        let found = api.page("list_employees", &call().query(name, value.as_str().unwrap()));
        assert_eq!(found.ids, [employee["id"].as_str().unwrap()]);
    }
    assert_eq!(api.page("list_employees", &call().query("code", "true")).ids.len(), 0);
    let upper = json!(employee["id"].as_str().unwrap().to_uppercase());
    assert_eq!(api.ok("get_employee", &call().path("employeeId", &upper))["data"], employee);
}

// Exports

impl Api {
    #[track_caller]
    fn items(&mut self, job: &Value) -> Vec<Value> {
        let items = self.ok("list_export_job_items_v3", &call().path("jobId", &job["id"]));
        items["data"].as_array().unwrap().clone()
    }

    fn export_status(&self, entry: &Value) -> Value {
        let entry = self.data.entries.get(&self.reachable, entry.as_str().unwrap()).unwrap();
        entry.value["exportStatus"].clone()
    }
}

#[test]
fn an_export_goes_from_pending_over_items_to_its_end() {
    let mut api = Api::new();
    let entries = api.entry_ids(1..4);
    let job = api.create_job(&entries);
    assert_eq!((&job["status"], &job["numberOfItems"]), (&json!("pending"), &json!(3)));
    assert_eq!((&job["isInteractive"], &job["expiresIn"]), (&json!(true), &json!(3_600)));
    assert_eq!(api.export_status(&entries[0]), json!("QUEUED"));
    let again = json!({ "companyId": api.company(), "accountingEntryIds": entries });
    let under_way = (409, "export_already_in_progress".to_owned());
    assert_eq!(api.refused("create_export_job_v3", &call().body(again)), under_way);

    let of_job = || call().path("jobId", &job["id"]);
    let successful =
        json!([{ "accountingEntryId": entries[0], "status": "successful", "externalId": "erp-1" }]);
    let early = api.refused("update_export_job_items_v3", &of_job().body(successful.clone()));
    assert_eq!(early, (422, "invalid_export_job_status".to_owned()));

    assert_eq!(api.event(&job, "started").0, 202);
    assert_eq!(api.job(&job)["status"], json!("in_progress"));
    assert_eq!(api.export_status(&entries[0]), json!("EXPORTING"));
    let contents = api.ok("list_export_items_v3", &call().query("job_id", job["id"].as_str().unwrap()));
    assert_eq!(contents["pagination"]["total"], json!(3));

    api.now += Duration::minutes(5);
    let updated = api.ok("update_export_job_items_v3", &of_job().body(successful));
    assert_eq!(updated["errors"], json!([]));
    assert_eq!(updated["data"][0]["exportedAt"], json!("2026-05-04T10:05:00Z"));
    assert_eq!(api.job(&job)["lastUpdatedAt"], json!("2026-05-04T10:05:00Z"));
    let stranger = Uuid::nil();
    let mixed = json!([
        { "accountingEntryId": entries[1], "status": "failed", "failureReason": "no vendor",
          "failureReasonType": "vendor_unknown" },
        { "accountingEntryId": stranger, "status": "successful" },
    ]);
    let updated = api.ok("update_export_job_items_v3", &of_job().body(mixed));
    assert_eq!(updated["data"][0]["failureReasonType"], json!("vendor_unknown"));
    assert_eq!(updated["errors"][0]["accountingEntryId"], json!(stranger));
    assert_eq!(updated["errors"][0]["type"], json!("ACCOUNTING_ENTRY_DOES_NOT_EXIST"));

    assert_eq!(api.event(&job, "completed_with_errors").0, 202);
    let ended = api.job(&job);
    assert_eq!(ended["status"], json!("completed_with_errors"));
    assert_eq!((&ended["completedAt"], &ended["expiredAt"]), (&json!("2026-05-04T10:05:00Z"), &Value::Null));
    let statuses: BTreeSet<_> = api.items(&job).iter().map(|item| item["status"].to_string()).collect();
    assert_eq!(
        statuses.into_iter().collect::<Vec<_>>(),
        [r#""abandoned""#, r#""failed""#, r#""successful""#]
    );
    let exported: Vec<_> = entries.iter().map(|entry| api.export_status(entry)).collect();
    assert_eq!(exported, ["EXPORTED", "NOT_EXPORTED", "NOT_EXPORTED"]);

    let late = json!([{ "accountingEntryId": entries[2], "status": "successful" }]);
    let late = api.refused("update_export_job_items_v3", &of_job().body(late));
    assert_eq!(late, (422, "export_job_status_unprocessable".to_owned()));
    api.create_job(&entries);
}

#[test]
fn older_versions_see_the_same_job_with_the_reasons_that_they_know() {
    let mut api = Api::new();
    let job = api.create_job(&api.entry_ids(1..2));
    api.event(&job, "started");
    let failed = json!([{
        "accountingEntryId": api.entry_ids(1..2)[0], "status": "failed", "failureReasonType": "vendor_unknown",
    }]);
    api.ok("update_export_job_items_v3", &call().path("jobId", &job["id"]).body(failed));
    for (version, reason) in [
        ("v0", "unexpected_failure"),
        ("v1", "unexpected_failure"),
        ("v2", "unexpected_failure"),
        ("v3", "vendor_unknown"),
    ] {
        let of_job = call().path("jobId", &job["id"]);
        let items = api.ok(&format!("list_export_job_items_{version}"), &of_job);
        assert_eq!(items["data"][0]["failureReasonType"], json!(reason), "{version}");
        assert_eq!(api.ok(&format!("get_export_job_{version}"), &of_job)["data"]["id"], job["id"]);
        let jobs = api.ok(&format!("list_export_jobs_{version}"), &call().query("statuses", "in_progress"));
        assert_eq!(jobs["pagination"]["total"], json!(1));
        api.ok(&format!("list_export_items_{version}"), &call().query("job_id", job["id"].as_str().unwrap()));
    }
}

#[test]
fn only_the_documented_events_happen_in_each_status() {
    const EVENTS: [&str; 4] = ["started", "failed", "completed", "completed_with_errors"];
    for (events, possible) in [
        (&[][..], &["started", "failed"][..]),
        (&["started"], &["failed", "completed", "completed_with_errors"]),
        (&["started", "completed"], &[]),
        (&["started", "completed_with_errors"], &[]),
        (&["failed"], &[]),
    ] {
        for version in ["v0", "v1", "v2", "v3"] {
            for event in EVENTS {
                let mut api = Api::new();
                let job = api.create_job(&api.entry_ids(1..3));
                for event in events {
                    assert_eq!(api.event(&job, event).0, 202);
                }
                let before = api.job(&job);
                let last = call().body(json!({ "jobId": job["id"], "event": event }));
                let id = format!("create_export_job_event_{version}");
                if possible.contains(&event) {
                    api.ok(&id, &last);
                } else {
                    let refused = (422, "INVALID_EXPORT_JOB_STATUS_CHANGE".to_owned());
                    assert_eq!(api.refused(&id, &last), refused, "{events:?} {event}");
                    assert_eq!(api.job(&job), before);
                }
            }
        }
    }
}

#[test]
fn a_job_keeps_the_reason_of_its_failure() {
    let mut api = Api::new();
    let job = api.create_job(&api.entry_ids(1..2));
    let event = json!({
        "jobId": job["id"], "event": "failed", "failureReason": "no login",
        "failureReasonType": "authentication_failure",
    });
    api.ok("create_export_job_event_v2", &call().body(event));
    let failed = api.job(&job);
    assert_eq!((&failed["failureReason"], &failed["status"]), (&json!("no login"), &json!("failed")));
    assert_eq!(failed["failureReasonType"], json!("authentication_failure"));
    assert_eq!(api.items(&job)[0]["status"], json!("abandoned"));
}

#[test]
fn a_job_expires_an_hour_after_its_last_update() {
    let mut api = Api::new();
    let entries = api.entry_ids(1..3);
    let pending = api.create_job(&entries);
    api.now += Duration::milliseconds(3_599_999);
    assert_eq!(api.job(&pending)["status"], json!("pending"));
    assert_eq!(api.event(&pending, "started").0, 202);
    api.now += Duration::milliseconds(3_599_999);
    let update = json!([{ "accountingEntryId": entries[0], "status": "successful" }]);
    let update = call().path("jobId", &pending["id"]).body(update);
    api.ok("update_export_job_items_v3", &update);
    let updated = api.now;
    api.now += Duration::milliseconds(3_599_999);
    assert_eq!(api.job(&pending)["status"], json!("in_progress"));

    api.now = updated + Duration::hours(5);
    let expired = api.job(&pending);
    assert_eq!(
        (&expired["status"], &expired["failureReasonType"]),
        (&json!("failed"), &json!("job_expired"))
    );
    assert_eq!(expired["expiredAt"], shape::stamp(updated + Duration::hours(1)));
    assert_eq!(api.event(&pending, "completed").0, 422);
    assert_eq!(api.send("update_export_job_items_v3", &update).0, 422);
    let statuses: BTreeSet<_> = api.items(&pending).iter().map(|item| item["status"].to_string()).collect();
    assert_eq!(statuses.into_iter().collect::<Vec<_>>(), [r#""abandoned""#, r#""successful""#]);
    let exported: Vec<_> = entries.iter().map(|entry| api.export_status(entry)).collect();
    assert_eq!(exported, ["EXPORTED", "NOT_EXPORTED"]);
    // And the company can export again.
    api.create_job(&entries);
}

#[test]
fn one_update_changes_a_hundred_items() {
    let mut api = Api::new();
    let entry = api.entry_ids(1..2)[0].clone();
    let job = api.create_job(std::slice::from_ref(&entry));
    api.event(&job, "started");
    for version in ["v0", "v1", "v2", "v3"] {
        let id = format!("update_export_job_items_{version}");
        let update = |count: usize| {
            let item = json!({ "accountingEntryId": entry, "status": "in_progress" });
            call().path("jobId", &job["id"]).body(json!(vec![item; count]))
        };
        api.ok(&id, &update(100));
        let refused = (413, "export_job_items_update_limit".to_owned());
        assert_eq!(api.refused(&id, &update(101)), refused, "{version}");
    }
}

#[test]
fn a_job_is_made_of_the_companys_own_entries() {
    let mut api = Api::reaching(&[0, 1, 2]);
    let foreign = api.data.entries.values(&[api.data.companies()[1].0])[1]["id"].clone();
    let own = api.data.entries.values(&[api.data.companies()[0].0]);
    let mut refused = |entries: Value| {
        let body = json!({ "companyId": api.company(), "accountingEntryIds": entries });
        api.refused("create_export_job_v3", &call().body(body))
    };
    let not_found = (400, "export_entry_not_found".to_owned());
    assert_eq!(refused(json!([own[1]["id"], foreign])), not_found);
    assert_eq!(refused(json!([Uuid::nil()])), not_found);
    // It is deleted.
    assert_eq!(refused(json!([own[0]["id"]])), not_found);
    assert_eq!(refused(json!([])), (400, "bad_request".to_owned()));
    let twice = api.create_job(&[own[1]["id"].clone(), own[1]["id"].clone()]);
    assert_eq!(twice["numberOfItems"], json!(1));
}

#[test]
fn the_item_of_an_entry_is_that_of_its_last_job() {
    let mut api = Api::new();
    let entry = api.entry_ids(1..2)[0].clone();
    let job = api.create_job(std::slice::from_ref(&entry));
    let of_entry = call().query("accounting_entry_id", entry.as_str().unwrap());
    assert_eq!(api.ok("get_export_job_item", &of_entry)["data"]["exportJobId"], job["id"]);
    let search = call().body(json!({ "accountingEntryIds": [entry] }));
    let items = api.ok("search_export_job_items", &search);
    assert_eq!(items["data"].as_array().unwrap().len(), 2);
    assert_eq!(api.refused("get_export_job_item", &call()), (400, "required_parameter_missing".to_owned()));
    let refused = api.refused("list_export_items_v3", &call());
    assert_eq!(refused, (400, "required_parameter_missing".to_owned()));
}

#[test]
fn what_there_is_to_book_agrees_with_the_entry() {
    let mut api = Api::new();
    let entry = api.all(|data| &data.entries)[1].clone();
    let job = api.create_job(&[entry["id"].clone()]);
    let items = api.ok("list_export_items_v3", &call().query("job_id", job["id"].as_str().unwrap()));
    let item = &items["data"][0];
    assert_eq!(item["accountingEntryId"], entry["id"]);
    assert_eq!(item["accountingEntryLines"][0]["account"]["id"], entry["accountId"]);
    assert_eq!(item["accountingEntryLines"][0]["tags"][0]["id"], entry["tags"][0]["tagId"]);
    assert_eq!(entry["totalBillValue"]["minors"], json!(11_250));
    assert_eq!(item["amount"]["inWalletCurrency"], json!({ "currency": "DKK", "value": 112.5 }));
    assert_eq!(item["files"].as_array().unwrap().len(), 12);
}

// Bounds

#[test]
fn what_no_response_could_show_is_refused_and_changes_nothing() {
    let mut api = Api::new();
    let before = api.all(|data| &data.vendors);
    // A request may name a currency of one letter, and a response may not.
    let body =
        json!({ "companyId": api.company(), "name": "New", "defaultCurrency": "D", "state": "ACTIVE" });
    let (status, refused) = api.send("create_vendor", &call().body(body.clone()));
    assert_eq!((status, &refused["type"]), (400, &json!("bad_request")), "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("/data/defaultCurrency"), "{refused}");
    let update = call().path("id", &before[0]["id"]).body(body);
    assert_eq!(api.refused("update_vendor", &update), (400, "bad_request".to_owned()));
    assert_eq!(api.all(|data| &data.vendors), before);
    // The id of what was refused is given out again.
    let body = json!({ "companyId": api.company(), "name": "New", "defaultCurrency": "DKK" });
    let created = |api: &mut Api| api.ok("create_vendor", &call().body(body.clone()))["data"]["id"].clone();
    assert_eq!(created(&mut api), created(&mut Api::new()));
}

#[test]
fn everything_in_the_tables_can_be_shown_whatever_the_response_shows() {
    let mut api = Api::new();
    // Neither response has a body.
    let vendor = api.all(|data| &data.vendors)[0]["id"].clone();
    api.data.vendors.get_mut(&api.reachable, vendor.as_str().unwrap()).unwrap().value["defaultCurrency"] =
        json!("D");
    let archive = call().path("id", &vendor);
    assert_eq!(api.refused("archive_vendor", &archive), (400, "bad_request".to_owned()));
    assert_eq!(api.all(|data| &data.vendors)[0]["state"], json!("ACTIVE"));
}

#[test]
fn the_sandbox_is_full_one_day_until_something_is_deleted() {
    let mut api = Api::new();
    let name = "n".repeat(7 << 20);
    let body = json!({
        "companyId": api.company(), "name": name, "rate": 0.07, "type": "inclusive", "archived": false,
    });
    let create = call().body(body);
    let mut created = Vec::new();
    let refused = loop {
        let (status, body) = api.send("create_tax_code", &create);
        if status != 200 {
            break (status, body["type"].clone());
        }
        created.push(body["data"]["id"].clone());
        assert!(created.len() < 20);
    };
    assert_eq!((refused, created.len()), ((507, json!("insufficient_storage")), MOST_BYTES / name.len()));
    assert_eq!(api.all(|data| &data.tax_codes).len(), SEEDED + created.len());
    api.ok(
        "search_tax_codes",
        &call().query("company_id", api.reachable[0]).query("limit", 1).body(json!({})),
    );
    api.ok("delete_tax_code", &call().path("taxCodeId", &created[0]));
    assert_eq!(api.send("create_tax_code", &create).0, 200);
    assert_eq!(api.send("create_tax_code", &create).0, 507);
}

// Samples

#[test]
fn what_is_sampled_repeats_and_depends_on_the_path() {
    let mut api = Api::new();
    let job = |n: u128| call().path("jobId", &json!(Uuid::from_u128(n)));
    let first = api.ok("get_csv_import_job", &job(1));
    assert_eq!(first, api.ok("get_csv_import_job", &job(1)));
    assert_ne!(first, api.ok("get_csv_import_job", &job(2)));
    assert_eq!(first["data"]["companyId"], api.company());
    let errors = api.page("list_csv_import_job_errors", &job(1).query("limit", 2));
    assert_eq!((errors.ids.len(), &errors.pagination["hasNextPage"]), (2, &json!(true)));
    let cursor = errors.pagination["endCursor"].as_str().unwrap();
    let rest = api.page("list_csv_import_job_errors", &job(1).query("after", cursor));
    assert_eq!((rest.ids.len(), &rest.pagination["hasNextPage"]), (1, &json!(false)));
}

#[test]
fn sandboxes_share_nothing() {
    let (mut one, mut other) = (Api::new(), Api::new());
    let before = other.all(|data| &data.vendors);
    let body = json!({ "companyId": one.company(), "name": "New", "defaultCurrency": "EUR" });
    one.ok("create_vendor", &call().body(body));
    assert_eq!(other.all(|data| &data.vendors), before);
    other.create_job(&other.entry_ids(1..2));
    one.create_job(&one.entry_ids(1..2));
}
