//! Accounting entries and their receipts.

use std::ops::Range;

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Data, Input,
    companies::seeded_at,
    filter::{Filter, Test, passes},
    money, paging,
    receipts::shown,
    shape::{self, stamp, with},
    table::Table,
};
use crate::answer::Refusal;

/// How many of a company's accounts have entries: the others can be deleted.
const BOOKED_ACCOUNTS: usize = 5;

/// How many receipts the entry of this number has: mostly one, none, several, and once enough for pages.
fn receipts_of(number: usize) -> usize {
    match number {
        1 => 12,
        _ if number % 7 == 6 => 0,
        _ if number % 5 == 4 => 2,
        _ => 1,
    }
}

/// Adds the entries with these numbers, the first of which are in kroner and the others in all currencies.
pub(super) fn seed(data: &mut Data, company: Uuid, numbers: Range<usize>) {
    const FAMILIES: [(&str, &str); 3] = [
        ("CARD_PURCHASE", "IN_STORE"),
        ("CARD_PURCHASE", "ONLINE"),
        ("REIMBURSEMENT", "REIMBURSEMENT_TO_EMPLOYEE"),
    ];
    let nth = |table: &Table, number: usize| {
        table.of(&[company]).nth(number).map(|row| row.value.clone()).unwrap_or_default()
    };
    for number in numbers {
        let (id, at) = (data.new_id(), seeded_at(number));
        let employee = nth(&data.employees, number % 5);
        let account = nth(&data.accounts, number % BOOKED_ACCOUNTS);
        let tag = nth(&data.tags, number % 10);
        let (family, sub_family) = FAMILIES[number % FAMILIES.len()];
        let receipts: Vec<_> = (0..receipts_of(number))
            .map(|receipt| insert_receipt(data, company, &id, &employee["id"], receipt, at))
            .collect();
        let currency = money::currency_of(number);
        let gross = match number {
            // Nothing was paid, such as for a cancelled order.
            _ if number % 50 == 49 => 0,
            // Every ninth is a refund, which is negative.
            _ if number % 9 == 8 => -4_900,
            _ => 10_000 + 1_250 * i64::try_from(number).unwrap_or(0),
        };
        let tax = gross / 5;
        let money = |minors: i64| json!({ "currency": currency, "minors": minors });
        let entry = json!({
            "id": id, "companyId": company, "employeeId": employee["id"], "teamId": data.new_id(),
            "accountId": account["id"], "accountCode": account["code"],
            "taxCodeId": nth(&data.tax_codes, number % 3)["id"],
            "tags": [{ "tagGroupId": tag["groupId"], "tagId": tag["id"] }],
            "family": family, "subFamily": sub_family, "foreignExtensionId": format!("fx-{number}"),
            "status": if number % 6 == 5 { "PENDING" } else { "COMPLETED" },
            "reviewStatus": "OK", "exportStatus": "NOT_EXPORTED",
            "note": if number % 4 == 3 { Value::Null } else { json!(format!("Order {}", number + 1)) },
            "performedAt": stamp(at), "bookkeepingDate": stamp(at),
            "settledAt": if number % 6 == 5 { Value::Null } else { stamp(at + chrono::Duration::days(1)) },
            "createdAt": stamp(at), "updatedAt": stamp(at),
            "deletedAt": if number == 0 { stamp(at + chrono::Duration::days(2)) } else { Value::Null },
            "receiptIds": receipts, "spendTransactionIds": [], "attendees": [], "splitItems": [], "fees": {},
            "reconciliationId": format!("rec-{number}"),
            "transactionValue": money(gross), "transactionWalletValue": money::in_wallet(&money(gross)),
            "totalBillValue": money(gross), "grossBillValue": money(gross),
            "netBillValue": money(gross - tax), "taxBillValue": money(tax),
        });
        data.entries.insert(company, entry);
    }
}

fn insert_receipt(
    data: &mut Data,
    company: Uuid,
    entry: &str,
    employee: &Value,
    number: usize,
    at: DateTime<Utc>,
) -> Value {
    let id = json!(data.new_id());
    let receipt = json!({
        "id": id, "accountingEntryId": entry, "employeeId": employee, "createdAt": stamp(at),
        "mimeType": if number.is_multiple_of(2) { "application/pdf" } else { "image/jpeg" },
        "source": if number.is_multiple_of(3) { "CAMERA" } else { "USER" },
        "sizeInBytes": 20_000 + 512 * number,
    });
    data.receipts.insert(company, receipt);
    id
}

pub(super) fn search(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    const FILTERS: &[Filter] = &[
        Filter("accountIds", Test::OneOf, "accountId"),
        Filter("bookkeepingDateStart", Test::From, "bookkeepingDate"),
        Filter("bookkeepingDateEnd", Test::Until, "bookkeepingDate"),
        Filter("employeeIds", Test::OneOf, "employeeId"),
        Filter("exportStatus", Test::OneOf, "exportStatus"),
        Filter("families", Test::OneOf, "family"),
        Filter("foreignExtensionIds", Test::OneOf, "foreignExtensionId"),
        Filter("hasAccount", Test::Present, "accountId"),
        Filter("hasBookkeepingDate", Test::Present, "bookkeepingDate"),
        Filter("hasNote", Test::Present, "note"),
        Filter("includeDeleted", Test::Unless, "deletedAt"),
        Filter("performedAtStart", Test::From, "performedAt"),
        Filter("performedAtEnd", Test::Until, "performedAt"),
        Filter("reviewStatus", Test::OneOf, "reviewStatus"),
        Filter("settled", Test::Present, "settledAt"),
        Filter("settledAtStart", Test::From, "settledAt"),
        Filter("settledAtEnd", Test::Until, "settledAt"),
        Filter("status", Test::OneOf, "status"),
        Filter("subFamilies", Test::OneOf, "subFamily"),
        Filter("tagGroupIdsUnset", Test::NoneOf, "tags.tagGroupId"),
        Filter("tagRowIds", Test::OneOf, "tags.tagId"),
        Filter("taxCodeIds", Test::OneOf, "taxCodeId"),
        Filter("teamIds", Test::OneOf, "teamId"),
        Filter("transactionValueCurrencies", Test::OneOf, "transactionValue.currency"),
    ];
    let mut entries = data.entries.values(&input.companies());
    entries.retain(|entry| passes(input.body(), entry, FILTERS));
    paging::page(input, entries)
}

pub(super) fn get(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let entry = data.entries.get(&input.companies(), &input.path("accountingEntryId"))?;
    if !entry.value["deletedAt"].is_null() && input.query_one("include_deleted") != Some("true") {
        return Err(Refusal::new(
            StatusCode::NOT_FOUND,
            "export_entry_not_found",
            "there is no such accounting entry",
        ));
    }
    Ok(shape::one(input, &entry.value))
}

pub(super) fn list_receipts(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    const FILTERS: &[Filter] =
        &[Filter("source", Test::OneOf, "source"), Filter("entry", Test::Is, "accountingEntryId")];
    let companies = input.companies();
    let entry = data.entries.get(&companies, &input.path("accountingEntryId"))?.id();
    let wanted = with(input.filters(), json!({ "entry": entry }));
    let receipts = data.receipts.of(&companies).map(|receipt| &receipt.value);
    let found = receipts.filter(|receipt| passes(&wanted, receipt, FILTERS));
    paging::page(input, found.map(|it| shown(data, it, input.query_one("file_type"), input.now)).collect())
}

pub(super) fn get_receipt(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let receipt = &data.receipts.get(&input.companies(), &input.path("receiptId"))?.value;
    if receipt["accountingEntryId"] != input.path("accountingEntryId") {
        return Err(Refusal::not_found("there is no such receipt"));
    }
    Ok(shape::one(input, &shown(data, receipt, input.query_one("file_type"), input.now)))
}

pub(super) fn search_receipts(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    const FILTERS: &[Filter] = &[
        Filter("accountingEntryIds", Test::OneOf, "accountingEntryId"),
        Filter("employeeIds", Test::OneOf, "employeeId"),
        Filter("includeDeleted", Test::Unless, "deletedAt"),
        Filter("mimeType", Test::OneOf, "mimeType"),
        Filter("source", Test::OneOf, "source"),
    ];
    let companies = input.companies();
    let receipts = data.receipts.of(&companies).map(|receipt| &receipt.value);
    let found = receipts.filter(|receipt| passes(input.body(), receipt, FILTERS));
    let file_type = input.body()["fileType"].as_str();
    paging::page(input, found.map(|receipt| shown(data, receipt, file_type, input.now)).collect())
}
