//! The items of export jobs: how far they are, and what there is to book.

use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Data, Input, export,
    filter::{Filter, Test, passes},
    money, paging,
    shape::{self, stamp},
    table::Table,
    usual_id,
};
use crate::{answer::Refusal, document};

/// The most items that one update may change (E25).
const MOST_AT_ONCE: usize = 100;

/// The items of a job.
fn of_job(data: &Data, companies: &[Uuid], job: &str) -> Vec<Value> {
    let mut items = data.export_items.values(companies);
    items.retain(|item| item["exportJobId"] == job);
    items
}

/// An item as this version of the API shows it: older ones know fewer reasons for a failure.
fn shown(mut item: Value, schema: &Value) -> Value {
    let properties = &document::followed(schema)["properties"];
    let reasons = document::followed(&properties["failureReasonType"])["enum"].as_array();
    let reason = &mut item["failureReasonType"];
    if !reason.is_null() && reasons.is_some_and(|reasons| !reasons.contains(reason)) {
        *reason = json!("unexpected_failure");
    }
    item
}

fn page(input: &Input<'_>, items: Vec<Value>) -> Result<Value, Refusal> {
    let schema = &shape::data(input.operation)["items"];
    paging::page(input, items.into_iter().map(|item| shown(item, schema)).collect())
}

pub(super) fn list(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let (companies, job) = (input.companies(), input.path("jobId"));
    data.export_jobs.get(&companies, &job)?;
    let mut items = of_job(data, &companies, &job);
    items.retain(|item| passes(&input.filters(), item, &[Filter("status", Test::Is, "status")]));
    page(input, items)
}

/// The item of an accounting entry, from the last job that it was in.
pub(super) fn get(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let entry = input.query_one("accounting_entry_id");
    let entry =
        usual_id(entry.ok_or_else(|| Refusal::missing("the parameter accounting_entry_id is missing"))?);
    let items = data.export_items.values(&input.companies());
    let last = items.into_iter().rfind(|item| item["accountingEntryId"] == entry.as_str());
    let item = last.ok_or_else(|| Refusal::not_found("there is no such export job item"))?;
    Ok(shape::one(input, &shown(item, shape::data(input.operation))))
}

pub(super) fn search(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    const FILTERS: &[Filter] = &[
        Filter("accountingEntryIds", Test::OneOf, "accountingEntryId"),
        Filter("status", Test::Is, "status"),
    ];
    let mut items = data.export_items.values(&input.companies());
    items.retain(|item| passes(input.body(), item, FILTERS));
    page(input, items)
}

/// Updates the items that the job has, and says of the others that it has not got them (E15).
pub(super) fn update(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let updates = input.body().as_array().map(Vec::as_slice).unwrap_or_default();
    if updates.len() > MOST_AT_ONCE {
        return Err(Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "export_job_items_update_limit",
            format!("one request may update {MOST_AT_ONCE} items"),
        ));
    }
    let job = data.export_jobs.get_mut(&input.companies(), &input.path("jobId"))?;
    match job.value["status"].as_str() {
        Some("in_progress") => {}
        Some("pending") => {
            return Err(Refusal::unprocessable(
                "invalid_export_job_status",
                "the export job has not been started",
            ));
        }
        _ => {
            return Err(Refusal::unprocessable(
                "export_job_status_unprocessable",
                "the export job has ended",
            ));
        }
    }
    job.value["lastUpdatedAt"] = stamp(input.now);
    let (company, job) = (job.company, job.id().to_owned());
    let schema = &shape::data(input.operation)["items"];
    let (mut updated, mut errors) = (Vec::new(), Vec::new());
    for update in updates {
        match apply(data, &job, update, input) {
            Some(item) => {
                if item["status"] == "successful" {
                    export::mark(data, company, &item["accountingEntryId"], "EXPORTED");
                }
                updated.push(shape::fit(&shown(item, schema), schema));
            }
            None => errors.push(json!({
                "accountingEntryId": update["accountingEntryId"],
                "type": "ACCOUNTING_ENTRY_DOES_NOT_EXIST",
                "message": "the export job has no item for this accounting entry",
            })),
        }
    }
    Ok(json!({ "data": updated, "errors": errors }))
}

fn apply(data: &mut Data, job: &str, update: &Value, input: &Input<'_>) -> Option<Value> {
    let entry = usual_id(update["accountingEntryId"].as_str().unwrap_or_default());
    let item = data.export_items.find_mut(|item| {
        item.value["exportJobId"] == job && item.value["accountingEntryId"] == entry.as_str()
    });
    let item = &mut item?.value;
    for member in ["status", "exportedAt", "externalId", "externalUrl"] {
        if !update[member].is_null() {
            item[member] = update[member].clone();
        }
    }
    if item["status"] == "successful" && item["exportedAt"].is_null() {
        item["exportedAt"] = stamp(input.now);
    }
    let failed = item["status"] == "failed";
    for member in ["failureReason", "failureReasonType"] {
        item[member] = if failed { update[member].clone() } else { Value::Null };
    }
    Some(item.clone())
}

/// What there is to book for each item of a job.
pub(super) fn list_contents(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let job = usual_id(
        input.query_one("job_id").ok_or_else(|| Refusal::missing("the parameter job_id is missing"))?,
    );
    let companies = input.companies();
    data.export_jobs.get(&companies, &job)?;
    let items = of_job(data, &companies, &job);
    let contents = items.iter().map(|item| content(data, &companies, item, input));
    paging::page(input, contents.collect::<Result<_, _>>()?)
}

/// An item with all that any version of the API shows of it.
fn content(data: &Data, companies: &[Uuid], item: &Value, input: &Input<'_>) -> Result<Value, Refusal> {
    let find = |table: &Table, id: &Value| {
        table.get(companies, id.as_str().unwrap_or_default()).map(|row| row.value.clone()).ok()
    };
    let id = item["accountingEntryId"].as_str().unwrap_or_default();
    let entry = &data.entries.get(companies, id)?.value;
    let employee = find(&data.employees, &entry["employeeId"]);
    let account = find(&data.accounts, &entry["accountId"]).map(|account| {
        json!({
            "id": account["id"], "name": account["name"], "code": account["code"],
            "identifier": account["externalId"],
        })
    });
    let tax = find(&data.tax_codes, &entry["taxCodeId"]).map(|tax_code| {
        json!({
            "id": tax_code["id"], "code": tax_code["code"], "rate": tax_code["rate"], "type": tax_code["type"],
            "amount": amount(&entry["taxBillValue"]),
        })
    });
    let tags = entry["tags"].as_array().into_iter().flatten().filter_map(|tag| {
        let (group, tag) = (find(&data.tag_groups, &tag["tagGroupId"])?, find(&data.tags, &tag["tagId"])?);
        Some(json!({ "id": tag["id"], "code": tag["code"], "groupCode": group["code"] }))
    });
    let receipts = data.receipts.of(companies).filter(|receipt| receipt.value["accountingEntryId"] == id);
    let files = receipts.map(|receipt| {
        let receipt = super::receipts::shown(data, &receipt.value, None, input.now);
        json!({ "size": receipt["sizeInBytes"], "type": receipt["mimeType"], "url": receipt["url"] })
    });
    let name = employee.map_or_else(
        || "Former employee".to_owned(),
        |employee| {
            let part = |member: &str| employee[member].as_str().unwrap_or_default().to_owned();
            format!("{} {}", part("firstName"), part("lastName"))
        },
    );
    let line = json!({
        "accountingEntryLineId": item["id"], "account": account, "tax": tax,
        "tags": tags.collect::<Vec<_>>(),
        "lineAmount": amount(&entry["totalBillValue"]), "netAmount": amount(&entry["netBillValue"]),
    });
    let information = json!({
        "reconciliationId": entry["reconciliationId"], "reconciledEntries": [], "attendees": [],
        "invoiceInformation": null,
    });
    Ok(json!({
        "id": item["id"], "accountingEntryId": id, "companyId": entry["companyId"],
        "date": entry["bookkeepingDate"], "note": entry["note"],
        "type": if entry["family"] == "CARD_PURCHASE" { "card_purchase" } else { "out_of_pocket" },
        "user": { "id": entry["employeeId"], "name": name, "code": null },
        "team": { "id": entry["teamId"], "name": "Workshop", "code": "WS" }, "teamCode": "WS",
        "supplier": { "name": "Chainworks", "country": "DK", "taxIdentifier": "DK10000000" }, "vendor": null,
        "amount": amount(&entry["totalBillValue"]), "accountingEntryLines": [line],
        "files": files.collect::<Vec<_>>(), "metadata": information, "additionalInformation": information,
        "bookkeeping": { "method": "journal" }, "contraAccount": account, "servicePeriod": null,
        "subType": null, "_links": {},
    }))
}

/// Integer minor units as the decimal amounts of exports, in both currencies.
fn amount(money: &Value) -> Value {
    json!({
        "inSupplierCurrency": money::decimal(money),
        "inWalletCurrency": money::decimal(&money::in_wallet(money)),
    })
}
