//! Webhook subscriptions and the log of their changes.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Data, Input,
    companies::seeded_at,
    filter::{Filter, Test, passes},
    paging,
    shape::{self, stamp, with},
};
use crate::answer::Refusal;

pub(super) fn seed(data: &mut Data, company: Uuid) {
    for number in 0..6 {
        let (id, at) = (data.new_id(), stamp(seeded_at(number)));
        let event = if number % 2 == 0 { "v1.export-job.created" } else { "v1.vendor.created" };
        let subscription = json!({
            "id": id, "endpointUrl": format!("https://hooks.example/{}", number + 1),
            "eventTypes": [event], "status": if number == 5 { "INACTIVE" } else { "ACTIVE" },
            "customHeaders": {}, "endpointAuth": { "type": "NONE" }, "createdAt": at, "updatedAt": at,
        });
        data.subscriptions.insert(company, subscription);
        log(data, company, &id, "CREATE", &at);
    }
}

fn log(data: &mut Data, company: Uuid, subscription: &str, operation: &str, at: &Value) {
    let activity = json!({
        "id": data.new_id(), "subscriptionId": subscription, "operationType": operation, "createdAt": at,
        "actorUrn": format!("urn:pleo:company:{company}"),
        "description": format!("{operation} by an integration"),
    });
    data.activities.insert(company, activity);
}

pub(super) fn list(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    const FILTERS: &[Filter] =
        &[Filter("status", Test::Is, "status"), Filter("event_types", Test::OneOf, "eventTypes")];
    let mut subscriptions = data.subscriptions.values(&input.companies());
    subscriptions.retain(|subscription| passes(&input.filters(), subscription, FILTERS));
    paging::page(input, subscriptions)
}

/// No company is sent: the subscription belongs to the first that the credential reaches.
pub(super) fn create(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let company =
        *input.companies().first().ok_or_else(|| Refusal::missing("the parameter company_id is missing"))?;
    let (id, at) = (data.new_id(), stamp(input.now));
    let known = json!({ "id": id, "createdAt": at, "updatedAt": at });
    let subscription = with(with(json!({ "status": "ACTIVE" }), input.body().clone()), known);
    log(data, company, &id, "CREATE", &at);
    Ok(shape::one(input, data.subscriptions.insert(company, subscription)))
}

pub(super) fn get(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    Ok(shape::one(input, &data.subscriptions.get(&input.companies(), &input.path("id"))?.value))
}

pub(super) fn update(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let subscription = data.subscriptions.get_mut(&input.companies(), &input.path("id"))?;
    shape::replace(&mut subscription.value, input);
    if subscription.value["status"].is_null() {
        subscription.value["status"] = json!("ACTIVE");
    }
    let changed = subscription.clone();
    log(data, changed.company, changed.id(), "UPDATE", &stamp(input.now));
    Ok(shape::one(input, &changed.value))
}

pub(super) fn delete(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    data.subscriptions.remove(&input.companies(), &input.path("id"))?;
    Ok(Value::Null)
}

/// The secret that signs deliveries, in Pleo's form (W5) and plainly not a real one.
pub(super) fn secret(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let subscription = data.subscriptions.get(&input.companies(), &input.path("id"))?;
    let secret = format!("whsec_FAKE{}", subscription.id().replace('-', ""));
    Ok(shape::one(input, &json!({ "secretKey": secret })))
}

pub(super) fn activities(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    const FILTERS: &[Filter] = &[
        Filter("operation_types", Test::OneOf, "operationType"),
        Filter("subscription", Test::Is, "subscriptionId"),
    ];
    let companies = input.companies();
    let subscription = data.subscriptions.get(&companies, &input.path("id"))?.id();
    let wanted = with(input.filters(), json!({ "subscription": subscription }));
    let mut activities = data.activities.values(&companies);
    activities.retain(|activity| passes(&wanted, activity, FILTERS));
    paging::page(input, activities)
}
