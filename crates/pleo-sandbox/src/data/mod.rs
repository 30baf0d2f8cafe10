//! What the fake Pleo knows of companies, and what it answers to a request that is in order.

mod accounts;
mod companies;
mod dimensions;
mod entries;
mod export;
mod export_items;
mod filter;
mod money;
mod paging;
mod receipts;
mod sampled;
mod shape;
mod subscriptions;
mod table;
mod tags;
mod tax_codes;
#[cfg(test)]
mod tests;
mod vendors;

use std::{collections::BTreeMap, sync::LazyLock};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use fastrand::Rng;
use http::{Response, StatusCode};
use pleo_client::{Operation, ParameterLocation, Safety};
use serde_json::{Map, Value};
use uuid::Uuid;

use self::table::Table;
use crate::{
    answer::{self, Refusal},
    document,
    webhook::Delivery,
};

/// How many things of a kind a company has at the beginning, where there is no reason for another number:
/// enough for several pages.
const SEEDED: usize = 25;

/// The most accounting entries that each company can have at the beginning: they leave room for changes.
pub(crate) const MOST_ENTRIES: usize = 5_000;

/// How much all things may take, in bytes of their JSON.
const MOST_BYTES: usize = 64 << 20;

/// What a thing takes beside what a request says of it, in bytes of JSON, at most.
const BYTES_OF_A_THING: usize = 1 << 10;

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

impl Input<'_> {
    /// A path parameter; ids in their usual spelling.
    fn path(&self, name: &str) -> String {
        usual_id(self.path.get(name).map_or("", String::as_str))
    }

    fn query_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    fn query_one(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The query as JSON, for filters.
    fn filters(&self) -> Value {
        let mut filters = Map::new();
        for (index, parameter) in self.operation.parameters.iter().enumerate() {
            if parameter.location != ParameterLocation::Query {
                continue;
            }
            let kind = document::type_of(&document::parameter_pointer(self.operation, index));
            let read = |value: &str| match value.parse() {
                Ok(value) if kind == Some("boolean") => Value::Bool(value),
                _ => Value::from(value),
            };
            let mut values: Vec<_> = self.query_all(parameter.name).map(read).collect();
            if parameter.list {
                filters.insert(parameter.name.to_owned(), Value::Array(values));
            } else if let Some(value) = values.pop() {
                filters.insert(parameter.name.to_owned(), value);
            }
        }
        Value::Object(filters)
    }

    /// The body; `null` when there is none.
    fn body(&self) -> &Value {
        self.body.as_ref().unwrap_or(&Value::Null)
    }

    /// The companies whose things are meant: the one that is named, or all that can be reached. An
    /// organisation that is named is the credential's own, so it is all as well.
    fn companies(&self) -> Vec<Uuid> {
        self.company.map_or_else(|| self.reachable.clone(), |company| vec![company])
    }

    /// The company that gets a new thing: the one that is named, or the only one that can be reached.
    fn company(&self) -> Result<Uuid, Refusal> {
        match self.companies().as_slice() {
            [company] => Ok(*company),
            _ => Err(Refusal::missing("the parameter company_id is missing")),
        }
    }
}

/// The data of one environment.
#[derive(Debug, Clone)]
pub(crate) struct Data {
    /// All companies with the organisation that each belongs to.
    companies: Vec<(Uuid, Uuid)>,
    ids: Rng,
    /// How many bytes of JSON all things take, or more: what is removed is not subtracted.
    bytes: usize,
    /// What the last request lets go to webhook endpoints.
    deliveries: Vec<Delivery>,
    /// What the links to receipt files begin with.
    pub(crate) receipt_origin: String,
    company_details: Table,
    employees: Table,
    tag_groups: Table,
    tag_dimensions: Table,
    tags: Table,
    tag_values: Table,
    tax_codes: Table,
    accounts: Table,
    vendors: Table,
    entries: Table,
    receipts: Table,
    subscriptions: Table,
    activities: Table,
    export_jobs: Table,
    export_items: Table,
}

/// What an operation does: the body of its success, or an error.
type Handler = fn(&mut Data, &Input<'_>) -> Result<Value, Refusal>;

impl Data {
    /// The seeded data.
    pub(crate) fn new() -> Self {
        // Tests start sandboxes by the hundred.
        static SEEDED: LazyLock<Data> = LazyLock::new(Data::seeded);

        SEEDED.clone()
    }

    fn seeded() -> Self {
        let id = |n: u128| Uuid::from_u128(0x1111_1111_2222_4333_8444_5555_5555_5550 + n);
        // One whose letters show who writes ids in another case.
        let other = Uuid::from_u128(0xabcd_ef01_2345_4678_89ab_cdef_abcd_efab);
        let companies = vec![(id(1), id(8)), (id(2), id(8)), (id(3), id(8)), (other, id(9))];
        let mut data = Self {
            companies: companies.clone(),
            ids: Rng::with_seed(0),
            bytes: 0,
            deliveries: Vec::new(),
            receipt_origin: receipts::ORIGIN.to_owned(),
            company_details: Table::new("company").not_found_as("company_not_found"),
            employees: Table::new("employee"),
            tag_groups: Table::new("tag group").shown_by(&["get_tag_group"]),
            tag_dimensions: Table::new("dimension").shown_by(&["get_tag_group_dimension"]),
            tags: Table::new("tag").shown_by(&["get_tag"]),
            tag_values: Table::new("dimension value").shown_by(&["get_tag_dimension_value"]),
            tax_codes: Table::new("tax code").shown_by(&["get_tax_code"]),
            accounts: Table::new("account").shown_by(&["get_account_v1", "get_account_v1_beta"]),
            vendors: Table::new("vendor").shown_by(&["get_vendor"]),
            entries: Table::new("accounting entry")
                .not_found_as("export_entry_not_found")
                .shown_by(&["get_accounting_entry", "get_core_accounting_entry"]),
            receipts: Table::new("receipt"),
            subscriptions: Table::new("subscription").shown_by(&["get_subscription"]),
            activities: Table::new("activity"),
            export_jobs: Table::new("export job").not_found_as("export_not_found").shown_by(&[
                "get_export_job_v0",
                "get_export_job_v1",
                "get_export_job_v2",
                "get_export_job_v3",
            ]),
            export_items: Table::new("export job item"),
        };
        for (number, (company, organization)) in companies.into_iter().enumerate() {
            companies::seed(&mut data, number, company, organization);
            tags::seed(&mut data, company);
            tax_codes::seed(&mut data, company);
            accounts::seed(&mut data, company);
            vendors::seed(&mut data, company);
            entries::seed(&mut data, company, 0..SEEDED);
            subscriptions::seed(&mut data, company);
            export::seed(&mut data, company);
        }
        data.bytes = data.measured();
        data
    }

    /// Gives each company as many accounting entries, at most [`MOST_ENTRIES`].
    pub(crate) fn add_entries(&mut self, count: usize) {
        for (company, _) in self.companies.clone() {
            let there = self.entries.of(&[company]).count();
            entries::seed(self, company, there..count.min(MOST_ENTRIES));
        }
        self.bytes = self.measured();
    }

    /// What the last request lets go to webhook endpoints.
    pub(crate) fn take_deliveries(&mut self) -> Vec<Delivery> {
        std::mem::take(&mut self.deliveries)
    }

    /// All companies with the organisation that each belongs to.
    pub(crate) fn companies(&self) -> &[(Uuid, Uuid)] {
        &self.companies
    }

    /// Answers a request that is in order. One that is refused changes nothing.
    pub(crate) fn answer(&mut self, input: &Input<'_>) -> Response<Bytes> {
        export::expire(self, input.now);
        let before = self.clone();
        let answered = handler(input.operation.id)(self, input).and_then(|body| {
            if input.operation.safety != Safety::Safe {
                self.check_changes(&before, input, &body)?;
                self.deliveries = subscriptions::deliveries(&before, self, input.now);
            }
            Ok(body)
        });
        match answered {
            Ok(body) if input.operation.responds_with_json => {
                answer::json(shape::success(input.operation), &body)
            }
            Ok(_) => answer::empty(shape::success(input.operation)),
            Err(refusal) => {
                *self = before;
                refusal.into()
            }
        }
    }

    /// Whether what a request has changed fits the schemas of the responses that show it, and there is room for it:
    /// a document may allow a request to say what it does not allow a response to say.
    fn check_changes(&mut self, before: &Self, input: &Input<'_>, body: &Value) -> Result<(), Refusal> {
        let (operation, tables) = (input.operation, self.tables());
        let shown = operation.responds_with_json.then_some(body);
        document::conforms(operation, shape::success(operation).as_u16(), shown)
            .and_then(|()| {
                let mut changes = tables.iter().zip(before.tables());
                changes.try_for_each(|(table, before)| table.check_changes(before))
            })
            .map_err(|mismatch| {
                Refusal::bad_request(format!("no response could show what the body says: {mismatch}"))
            })?;

        let things = |tables: [&Table; 15]| tables.iter().map(|table| table.len()).sum::<usize>();
        let more = things(tables).saturating_sub(things(before.tables()));
        let said = input.body.as_ref().map_or(0, size);
        let bytes = self.bytes.saturating_add(said).saturating_add(more.saturating_mul(BYTES_OF_A_THING));
        self.bytes = if bytes > MOST_BYTES { self.measured() } else { bytes };
        if self.bytes > MOST_BYTES {
            let message = "the sandbox is full; delete something, or start it anew";
            return Err(Refusal::new(StatusCode::INSUFFICIENT_STORAGE, "insufficient_storage", message));
        }
        Ok(())
    }

    fn tables(&self) -> [&Table; 15] {
        [
            &self.company_details,
            &self.employees,
            &self.tag_groups,
            &self.tag_dimensions,
            &self.tags,
            &self.tag_values,
            &self.tax_codes,
            &self.accounts,
            &self.vendors,
            &self.entries,
            &self.receipts,
            &self.subscriptions,
            &self.activities,
            &self.export_jobs,
            &self.export_items,
        ]
    }

    /// How many bytes of JSON all things take.
    fn measured(&self) -> usize {
        self.tables().into_iter().flat_map(Table::iter).map(|row| size(&row.value)).sum()
    }

    /// An id that is given out once.
    fn new_id(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.ids.u128(..).to_be_bytes()).into_uuid().to_string()
    }
}

/// The bytes of a value's JSON.
fn size(value: &Value) -> usize {
    value.to_string().len()
}

/// An id in its usual spelling: hyphens and lower case.
fn usual_id(text: &str) -> String {
    Uuid::parse_str(text).map_or_else(|_| text.to_owned(), |id| id.to_string())
}

/// What each operation does; those that are not listed answer with a sample.
fn handler(id: &str) -> Handler {
    match id {
        "list_companies" => companies::list,
        "get_company" => companies::get,
        "list_employees" => companies::list_employees,
        "get_employee" => companies::get_employee,

        "list_tag_groups" => tags::list_groups,
        "create_tag_group" => tags::create_group,
        "get_tag_group" => tags::get_group,
        "update_tag_group" => tags::update_group,
        "delete_tag_group" => tags::delete_group,
        "get_tag_group_usage" => tags::usage,
        "list_tags" => tags::list,
        "create_tag" => tags::create,
        "get_tag" => tags::get,
        "update_tag" => tags::update,
        "delete_tag" => tags::delete,
        "delete_tags" => tags::delete_several,
        "archive_tags" => tags::archive_several,
        "search_tags" => tags::search,
        "search_tags_by_query" => tags::search_by_query,

        "list_tag_group_dimensions" => dimensions::list,
        "create_tag_group_dimension" => dimensions::create,
        "get_tag_group_dimension" => dimensions::get,
        "update_tag_group_dimension" => dimensions::update,
        "delete_tag_group_dimension" => dimensions::delete,
        "list_tag_dimension_values" => dimensions::list_values,
        "create_tag_dimension_value" => dimensions::create_value,
        "get_tag_dimension_value" => dimensions::get_value,
        "update_tag_dimension_value" => dimensions::update_value,
        "delete_tag_dimension_value" => dimensions::delete_value,
        "list_aggregated_tag_groups" => dimensions::list_aggregated_groups,
        "search_aggregated_tags" => dimensions::search_aggregated_tags,

        "search_tax_codes" => tax_codes::search,
        "create_tax_code" => tax_codes::create,
        "get_tax_code" => tax_codes::get,
        "update_tax_code" => tax_codes::update,
        "delete_tax_code" => tax_codes::delete,

        "search_accounts_v1" | "search_accounts_v1_beta" => accounts::search,
        "create_account_v1" | "create_account_v1_beta" => accounts::create,
        "create_accounts" => accounts::create_several,
        "get_account_v1" | "get_account_v1_beta" => accounts::get,
        "update_account_v1" | "update_account_v1_beta" => accounts::update,
        "delete_account_v1" | "delete_account_v1_beta" => accounts::delete,

        "search_vendors" => vendors::search,
        "create_vendor" => vendors::create,
        "get_vendor" => vendors::get,
        "update_vendor" => vendors::update,
        "activate_vendor" => vendors::activate,
        "archive_vendor" => vendors::archive,

        "search_accounting_entries" | "search_core_accounting_entries" => entries::search,
        "get_accounting_entry" | "get_core_accounting_entry" => entries::get,
        "list_receipts" => entries::list_receipts,
        "get_receipt" => entries::get_receipt,
        "search_receipts" => entries::search_receipts,

        "list_subscriptions" => subscriptions::list,
        "create_subscription" => subscriptions::create,
        "get_subscription" => subscriptions::get,
        "update_subscription" => subscriptions::update,
        "delete_subscription" => subscriptions::delete,
        "get_subscription_secret" => subscriptions::secret,
        "list_subscription_activities" => subscriptions::activities,

        "list_export_jobs_v0" | "list_export_jobs_v1" | "list_export_jobs_v2" | "list_export_jobs_v3" => {
            export::list
        }
        "create_export_job_v0" | "create_export_job_v1" | "create_export_job_v2" | "create_export_job_v3" => {
            export::create
        }
        "get_export_job_v0" | "get_export_job_v1" | "get_export_job_v2" | "get_export_job_v3" => export::get,
        "create_export_job_event_v0"
        | "create_export_job_event_v1"
        | "create_export_job_event_v2"
        | "create_export_job_event_v3" => export::happen,
        "list_export_job_items_v0"
        | "list_export_job_items_v1"
        | "list_export_job_items_v2"
        | "list_export_job_items_v3" => export_items::list,
        "update_export_job_items_v0"
        | "update_export_job_items_v1"
        | "update_export_job_items_v2"
        | "update_export_job_items_v3" => export_items::update,
        "list_export_items_v0" | "list_export_items_v1" | "list_export_items_v2" | "list_export_items_v3" => {
            export_items::list_contents
        }
        "get_export_job_item" => export_items::get,
        "search_export_job_items" => export_items::search,

        _ => sampled::answer,
    }
}
