//! Pages of answers, and the ways of decoding them.

use pleo_client::{
    accounting_entries::types::AccountingEntryV1, common::types::Page, export::types::ExportItemV3,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::by_hand;

/// The generated types: what the others are compared with.
pub const TYPED: &str = "generated types";
/// serde's derives on structs of the same fields.
pub const BY_HAND: &str = "serde structs by hand";
/// No types at all.
pub const VALUE: &str = "serde_json Value";

/// Takes the ways one by one.
pub trait Measure {
    /// Measures `decode` on the JSON of a page.
    fn way<T>(&mut self, page: &str, json: &[u8], way: &str, decode: impl Fn(&[u8]) -> T);
}

/// How many items the pages have.
const SIZES: [usize; 3] = [1, 100, 1000];

/// Hands each way of each page to `measure`, in the order of the pages.
pub fn each(measure: &mut impl Measure) {
    for size in SIZES {
        let json = page(size, accounting_entry);
        let name = format!("{size} accounting entries");
        ways::<Page<AccountingEntryV1>, by_hand::Page<by_hand::AccountingEntry>>(measure, &name, &json);
    }
    for size in SIZES {
        let json = page(size, export_item);
        let name = format!("{size} export items");
        ways::<Page<ExportItemV3>, by_hand::Page<by_hand::ExportItem>>(measure, &name, &json);
    }
}

fn ways<T: DeserializeOwned, H: DeserializeOwned>(measure: &mut impl Measure, page: &str, json: &[u8]) {
    measure.way(page, json, TYPED, decode::<T>);
    measure.way(page, json, BY_HAND, decode::<H>);
    measure.way(page, json, VALUE, decode::<Value>);
}

fn decode<T: DeserializeOwned>(json: &[u8]) -> T {
    serde_json::from_slice(json).unwrap()
}

/// Stops unless generated and hand-written types hold the same, and all of a page.
///
/// # Panics
/// When something of a page is missing.
pub fn check() {
    fn holds_all<T: DeserializeOwned + Serialize>(json: &[u8]) -> String {
        let decoded = decode::<T>(json);
        assert_eq!(serde_json::to_value(&decoded).unwrap(), decode::<Value>(json));
        serde_json::to_string(&decoded).unwrap()
    }
    let entries = page(20, accounting_entry);
    assert_eq!(
        holds_all::<Page<AccountingEntryV1>>(&entries),
        holds_all::<by_hand::Page<by_hand::AccountingEntry>>(&entries)
    );
    let items = page(20, export_item);
    assert_eq!(
        holds_all::<Page<ExportItemV3>>(&items),
        holds_all::<by_hand::Page<by_hand::ExportItem>>(&items)
    );
}

/// A page of export items, with the cursor of the next one if there is a next.
pub fn export_items(size: usize, next: Option<&str>) -> Vec<u8> {
    page_with(size, export_item, next)
}

fn page(size: usize, item: fn(usize) -> Value) -> Vec<u8> {
    page_with(size, item, Some(&cursor(size)))
}

fn page_with(size: usize, item: fn(usize) -> Value, next: Option<&str>) -> Vec<u8> {
    let mut page = json!({
        "data": (0..size).map(item).collect::<Vec<_>>(),
        "pagination": {
            "currentRequestPagination": {
                "after": cursor(0),
                "limit": size,
                "parameters": { "job_id": [id(7, 0)] },
                "sortingKeys": ["id"],
                "sortingOrder": ["ASC"]
            },
            "hasNextPage": next.is_some(),
            "hasPreviousPage": true,
            "startCursor": cursor(1),
            "total": 12_345
        }
    });
    if let Some(next) = next {
        page["pagination"]["endCursor"] = next.into();
    }
    serde_json::to_vec(&page).unwrap()
}

fn cursor(number: usize) -> String {
    format!("eyJpZCI6IjZmMWMyYjBlLThkM2EtNGY1YiIsInNvcnQiOls{number:06}XX0=")
}

fn id(kind: usize, number: usize) -> String {
    format!(
        "{:08x}-5d0c-4b7e-9a{kind:02x}-{:012x}",
        number.wrapping_mul(0x9e37_79b9) & 0xffff_ffff,
        number * 7919
    )
}

fn time(number: usize, day: usize) -> String {
    format!(
        "2026-03-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        number % 24,
        number % 60,
        number * 7 % 60,
        number * 13 % 999 + 1
    )
}

fn minors(number: usize) -> usize {
    number * 7919 % 250_000 + 1
}

fn money(number: usize, currency: &str) -> Value {
    let minors = minors(number);
    let value: serde_json::Number = format!("{}.{:02}", minors / 100, minors % 100).parse().unwrap();
    json!({ "currency": currency, "value": value })
}

fn one_of(values: &[&'static str], number: usize) -> &'static str {
    values[number % values.len()]
}

fn accounting_entry(number: usize) -> Value {
    let mut entry = json!({
        "accountCode": format!("{}", 4000 + number % 900),
        "accountId": id(1, number),
        "attendees": [],
        "bookkeepingDate": time(number, 9),
        "companyId": id(2, 1),
        "createdAt": time(number, 7),
        "employeeId": id(3, number % 40),
        "exportStatus": one_of(&["NOT_EXPORTED", "QUEUED", "EXPORTED"], number),
        "family": one_of(&["CARD_PURCHASE", "OUT_OF_POCKET", "MILEAGE", "BILL_INVOICE"], number),
        "id": id(4, number),
        "performedAt": time(number, 7),
        "receiptIds": [id(5, number), id(6, number)],
        "reviewStatus": one_of(&["NOT_REQUIRED", "OK", "WAITING_FOR_REVIEWER"], number),
        "settledAt": time(number, 8),
        "splitItems": [],
        "status": "COMPLETED",
        "subFamily": one_of(&["ONLINE", "IN_STORE"], number),
        "supplier": { "documentNumber": format!("INV-{number:06}"), "documentType": "invoice" },
        "tags": [
            { "tagGroupId": id(8, 1), "tagId": id(9, number % 30) },
            { "tagGroupId": id(8, 2), "tagId": id(10, number % 12) }
        ],
        "taxCodeId": id(11, number % 8),
        "teamId": id(12, number % 6),
        "totalBillValue": { "currency": "DKK", "minors": minors(number) },
        "transactionValue": { "currency": "EUR", "minors": minors(number) },
        "updatedAt": time(number, 10)
    });
    if number.is_multiple_of(2) {
        entry["note"] = format!("Dinner with café \"Zum Löwen\", table {number}\nsplit with the team").into();
    }
    if number % 5 == 1 {
        let attendee =
            |of: usize| json!({ "attendableId": id(13, of), "attendableType": "employee", "id": id(14, of) });
        entry["attendees"] = (0..3).map(|of| attendee(number + of)).collect();
        let part = |of: usize| {
            json!({
                "accountCode": format!("{}", 4000 + of % 900),
                "accountId": id(1, of),
                "createdAt": time(of, 7),
                "id": id(15, of),
                "tags": [{ "tagGroupId": id(8, 1), "tagId": id(9, of % 30) }],
                "taxCodeId": id(11, of % 8),
                "totalBillValue": { "currency": "DKK", "minors": minors(of) },
                "transactionValue": { "currency": "EUR", "minors": minors(of) },
                "updatedAt": time(of, 10)
            })
        };
        entry["splitItems"] = (0..2).map(|of| part(number + of)).collect();
    }
    entry
}

fn export_item(number: usize) -> Value {
    let amounts = |of: usize| json!({ "inSupplierCurrency": money(of, "EUR"), "inWalletCurrency": money(of * 7, "DKK") });
    let line = |of: usize| {
        json!({
            "account": { "code": format!("{}", 4000 + of % 900), "id": id(1, of), "name": "Travel and representation" },
            "accountingEntryLineId": id(2, of),
            "lineAmount": amounts(of),
            "netAmount": amounts(of + 3),
            "tags": [
                { "code": format!("PRJ-{}", of % 30), "groupCode": "project", "id": id(3, of % 30) },
                { "code": format!("DEP-{}", of % 12), "groupCode": "department", "id": id(4, of % 12) }
            ],
            "tax": {
                "amount": amounts(of + 5),
                "code": "I25",
                "id": id(5, 1),
                "ingoingTaxAccount": "7200",
                "rate": 0.25,
                "type": "inclusive"
            }
        })
    };
    let mut item = json!({
        "_links": {
            "web": { "self": format!("https://app.pleo.io/expenses/{}", id(6, number)) }
        },
        "accountingEntryId": id(6, number),
        "accountingEntryLines": (0..=number % 2).map(|of| line(number + of)).collect::<Vec<_>>(),
        "additionalInformation": { "attendees": [], "reconciledEntries": [], "reconciliationId": id(7, number) },
        "amount": amounts(number),
        "bookkeeping": { "method": "journal" },
        "companyId": id(8, 1),
        "contraAccount": { "code": "5820", "id": id(9, 1), "name": "Pleo wallet" },
        "date": time(number, 7),
        "files": [{
            "size": 120_000 + number,
            "type": "image/jpeg",
            "url": format!("https://files.example.com/{}?signature={}", id(10, number), "0f".repeat(32))
        }],
        "supplier": { "country": "DK", "name": "Café Zum Löwen" },
        "team": { "code": "OPS", "id": id(11, number % 6), "name": "Operations" },
        "type": one_of(&["card_purchase", "out_of_pocket", "mileage", "invoice"], number),
        "user": { "code": format!("E{}", number % 40), "id": id(12, number % 40), "name": "Anna Larsen" },
        "vendor": { "country": "DK", "defaultCurrency": "DKK", "id": id(13, number % 50), "name": "Zum Löwen ApS" }
    });
    if number.is_multiple_of(2) {
        item["note"] = format!("Dinner with \"Zum Löwen\", table {number}\nsplit with the team").into();
    }
    if number % 4 == 3 {
        item["additionalInformation"]["invoiceInformation"] = json!({
            "dueDate": "2026-04-07",
            "invoiceDate": "2026-03-07",
            "invoiceNumber": format!("INV-{number:06}"),
            "status": "scheduled",
            "supplierBankAccount": { "bankName": "Sparbank", "country": "DK", "iban": "DK5000400440116243" }
        });
        item["servicePeriod"] = json!({ "from": time(number, 1), "to": time(number, 28) });
    }
    item
}
