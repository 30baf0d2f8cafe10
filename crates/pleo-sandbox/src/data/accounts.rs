//! The chart of accounts, in both versions of its API.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Data, Input, SEEDED,
    filter::{Filter, Test, passes},
    paging,
    shape::{self, with},
};
use crate::answer::Refusal;

pub(super) fn seed(data: &mut Data, company: Uuid) {
    const NAMES: [&str; 5] = ["Travel", "Meals", "Software", "Office supplies", "Hardware"];
    for number in 0..SEEDED {
        let account = json!({
            "id": data.new_id(), "companyId": company, "externalId": format!("acc-{}", 4_000 + number),
            "code": format!("{}", 4_000 + number), "name": format!("{} {}", NAMES[number % 5], number / 5 + 1),
            "archived": number % 10 == 9, "metadata": {}, "taxCodeExternalId": null,
        });
        data.accounts.insert(company, account);
    }
}

pub(super) fn search(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    const FILTERS: &[Filter] = &[
        Filter("archived", Test::Is, "archived"),
        Filter("code", Test::Is, "code"),
        Filter("codes", Test::OneOf, "code"),
        Filter("externalId", Test::Is, "externalId"),
        Filter("ids", Test::OneOf, "id"),
        Filter("name", Test::Is, "name"),
    ];
    let mut accounts = data.accounts.values(&input.companies());
    accounts.retain(|account| passes(input.body(), account, FILTERS));
    paging::page(input, accounts)
}

pub(super) fn create(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let company = input.company()?;
    if is_known(data, company, input.body()) {
        let message = "the company has an account with this externalId";
        return Err(Refusal::conflict("account_already_exists", message));
    }
    Ok(shape::one(input, &insert(data, company, input.body())))
}

/// Creates what can be created; what cannot does not undo the others (E16).
pub(super) fn create_several(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let company = input.company()?;
    let (mut created, mut failed) = (Vec::new(), Vec::new());
    for request in input.body()["items"].as_array().into_iter().flatten() {
        let mut reasons = Vec::new();
        if is_known(data, company, request) {
            reasons.push("EXTERNAL_ID_ALREADY_EXISTS");
        }
        if request["name"] == "" {
            reasons.push("NAME_EMPTY");
        }
        if reasons.is_empty() {
            created.push(insert(data, company, request));
        } else {
            failed.push(json!({ "reasons": reasons, "request": request }));
        }
    }
    Ok(shape::one(input, &json!({ "created": created, "failed": failed })))
}

/// Whether the company has an account with this external id (E18).
fn is_known(data: &Data, company: Uuid, request: &Value) -> bool {
    let mut accounts = data.accounts.of(std::slice::from_ref(&company)).map(|account| &account.value);
    accounts.any(|account| account["externalId"] == request["externalId"])
}

fn insert(data: &mut Data, company: Uuid, request: &Value) -> Value {
    let known = json!({ "id": data.new_id(), "companyId": company });
    data.accounts.insert(company, with(request.clone(), known)).clone()
}

pub(super) fn get(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    Ok(shape::one(input, &data.accounts.get(&input.companies(), &input.path("accountId"))?.value))
}

pub(super) fn update(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let account = data.accounts.get_mut(&input.companies(), &input.path("accountId"))?;
    shape::replace(&mut account.value, input);
    Ok(shape::one(input, &account.value))
}

pub(super) fn delete(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let (companies, id) = (input.companies(), input.path("accountId"));
    data.accounts.get(&companies, &id)?;
    if data.entries.of(&companies).any(|entry| entry.value["accountId"] == id.as_str()) {
        let message = "accounting entries are booked to the account; archive it";
        return Err(Refusal::conflict("account_in_use", message));
    }
    data.accounts.remove(&companies, &id)?;
    Ok(Value::Null)
}
