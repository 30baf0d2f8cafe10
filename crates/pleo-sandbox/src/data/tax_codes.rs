//! Tax codes.

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
    const KINDS: [(&str, &str, f64); 3] = [
        ("Purchase VAT", "inclusive", 0.25),
        ("Sales VAT", "exclusive", 0.25),
        ("Reverse charge", "reverse", 0.19),
    ];
    for number in 0..SEEDED {
        let (name, kind, rate) = KINDS[number % KINDS.len()];
        let tax_code = json!({
            "id": data.new_id(), "companyId": company, "name": format!("{name} {}", number + 1),
            "code": format!("V{:02}", number + 1), "type": kind, "rate": rate, "archived": number % 10 == 9,
            "ingoingTaxAccount": "6410", "outgoingTaxAccount": null, "accountingIntegrationSystem": null,
            "createdAt": stamp(seeded_at(number)), "updatedAt": stamp(seeded_at(number)),
        });
        data.tax_codes.insert(company, tax_code);
    }
}

pub(super) fn search(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    const FILTERS: &[Filter] = &[
        Filter("archived", Test::Is, "archived"),
        Filter("code", Test::Is, "code"),
        Filter("taxCodeIds", Test::OneOf, "id"),
        Filter("type", Test::Is, "type"),
    ];
    let mut tax_codes = data.tax_codes.values(&input.companies());
    tax_codes.retain(|tax_code| passes(input.body(), tax_code, FILTERS));
    paging::page(input, tax_codes)
}

pub(super) fn create(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let company = input.company()?;
    let known = json!({
        "id": data.new_id(), "companyId": company,
        "createdAt": stamp(input.now), "updatedAt": stamp(input.now),
    });
    Ok(shape::one(input, data.tax_codes.insert(company, with(input.body().clone(), known))))
}

pub(super) fn get(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    Ok(shape::one(input, &data.tax_codes.get(&input.companies(), &input.path("taxCodeId"))?.value))
}

pub(super) fn update(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let tax_code = data.tax_codes.get_mut(&input.companies(), &input.path("taxCodeId"))?;
    shape::replace(&mut tax_code.value, input);
    Ok(shape::one(input, &tax_code.value))
}

pub(super) fn delete(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    data.tax_codes.remove(&input.companies(), &input.path("taxCodeId"))?;
    Ok(Value::Null)
}
