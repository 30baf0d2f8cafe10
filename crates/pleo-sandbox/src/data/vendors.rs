//! Vendors.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Data, Input, SEEDED,
    companies::seeded_at,
    filter::{Filter, Test, passes},
    paging,
    shape::{self, stamp, with},
};
use crate::answer::Refusal;

pub(super) fn seed(data: &mut Data, company: Uuid) {
    const NAMES: [&str; 5] = ["Chainworks", "Nordic Power", "Paper & Pen", "Railways", "Cloudhost"];
    const STATES: [&str; 5] = ["ACTIVE", "ACTIVE", "ACTIVE", "DRAFT", "ARCHIVED"];
    for number in 0..SEEDED {
        let vendor = json!({
            "id": data.new_id(), "companyId": company, "name": format!("{} {}", NAMES[number % 5], number + 1),
            "externalId": format!("ven-{}", 500 + number), "code": format!("K{:03}", number + 1),
            "country": "DK", "defaultCurrency": "DKK", "state": STATES[number % 5],
            "registrationNumber": format!("{}", 10_000_000 + number),
            "taxRegistrationNumber": format!("DK{}", 10_000_000 + number),
            "createdAt": stamp(seeded_at(number)), "updatedAt": stamp(seeded_at(number)),
        });
        data.vendors.insert(company, vendor);
    }
}

pub(super) fn search(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    const FILTERS: &[Filter] = &[
        Filter("accountingSystems", Test::OneOf, "accountingSystem"),
        Filter("codes", Test::OneOf, "code"),
        Filter("countries", Test::OneOf, "country"),
        Filter("externalIds", Test::OneOf, "externalId"),
        Filter("ids", Test::OneOf, "id"),
        Filter("name", Test::Is, "name"),
        Filter("states", Test::OneOf, "state"),
        Filter("taxRegistrationNumbers", Test::OneOf, "taxRegistrationNumber"),
    ];
    let mut vendors = data.vendors.values(&input.companies());
    vendors.retain(|vendor| passes(input.body(), vendor, FILTERS));
    paging::page(input, vendors)
}

pub(super) fn create(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let company = input.company()?;
    refuse_known(data, company, input.body(), "")?;
    let known = json!({
        "id": data.new_id(), "companyId": company, "state": "DRAFT",
        "createdAt": stamp(input.now), "updatedAt": stamp(input.now),
    });
    Ok(shape::one(input, data.vendors.insert(company, with(input.body().clone(), known))))
}

/// Refuses a vendor whose name or external id another vendor of the company has.
fn refuse_known(data: &Data, company: Uuid, request: &Value, but: &str) -> Result<(), Refusal> {
    let companies = [company];
    let mut others = data.vendors.of(&companies).filter(|vendor| vendor.id() != but);
    let same = |vendor: &Value, member: &str| !request[member].is_null() && vendor[member] == request[member];
    if others.any(|vendor| same(&vendor.value, "name") || same(&vendor.value, "externalId")) {
        let message = "the company has a vendor with this name or externalId";
        return Err(Refusal::conflict("vendor_already_exists", message));
    }
    Ok(())
}

pub(super) fn get(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    Ok(shape::one(input, &data.vendors.get(&input.companies(), &input.path("id"))?.value))
}

pub(super) fn update(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let (companies, id) = (input.companies(), input.path("id"));
    let company = data.vendors.get(&companies, &id)?.company;
    refuse_known(data, company, input.body(), &id)?;
    let vendor = data.vendors.get_mut(&companies, &id)?;
    shape::replace(&mut vendor.value, input);
    Ok(shape::one(input, &vendor.value))
}

/// Activates a vendor, with the id and code that the accounting system gave it.
pub(super) fn activate(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let vendor = data.vendors.get_mut(&input.companies(), &input.path("id"))?;
    for (member, value) in input.body().as_object().into_iter().flatten() {
        vendor.value[member] = value.clone();
    }
    vendor.value["state"] = json!("ACTIVE");
    vendor.value["updatedAt"] = stamp(input.now);
    Ok(Value::Null)
}

pub(super) fn archive(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let vendor = data.vendors.get_mut(&input.companies(), &input.path("id"))?;
    vendor.value["state"] = json!("ARCHIVED");
    vendor.value["updatedAt"] = stamp(input.now);
    Ok(Value::Null)
}
