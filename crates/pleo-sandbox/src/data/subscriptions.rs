//! Webhook subscriptions and the log of their changes.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Data, Input,
    companies::seeded_at,
    filter::{Filter, Test, passes},
    paging,
    shape::{self, stamp, with},
    table::Table,
};
use crate::{
    answer::Refusal,
    webhook::{self, Delivery, Event},
};

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

/// What happens when there is something new in a table, and what is told of it.
struct Occasion {
    event_type: &'static str,
    table: fn(&Data) -> &Table,
    members: &'static [&'static str],
}

/// The events that Pleo documents, with the members of their data (W7, W11, W12).
const OCCASIONS: [Occasion; 2] = [
    Occasion {
        event_type: "v1.export-job.created",
        table: |data| &data.export_jobs,
        members: &["companyId", "createdAt", "createdBy", "expiresIn", "id", "numberOfItems", "status"],
    },
    Occasion {
        event_type: "v1.vendor.created",
        table: |data| &data.vendors,
        members: &[
            "id",
            "companyId",
            "name",
            "country",
            "registrationNumber",
            "taxRegistrationNumber",
            "code",
            "state",
            "defaultCurrency",
            "createdBy",
            "createdAt",
            "updatedAt",
            "deletedAt",
        ],
    },
];

/// What goes to the endpoints of a company's active subscriptions after a request has changed the data.
pub(super) fn deliveries(before: &Data, data: &Data, at: DateTime<Utc>) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    for Occasion { event_type, table, members } in OCCASIONS {
        for row in table(data).iter().skip(table(before).len()) {
            let shown: Value =
                members.iter().map(|name| ((*name).to_owned(), row.value[*name].clone())).collect();
            let event = Event { event_type, data: &shown, at };
            let subscribed = data.subscriptions.of(std::slice::from_ref(&row.company)).filter(|it| {
                let types = it.value["eventTypes"].as_array();
                it.value["status"] == "ACTIVE"
                    && types.is_some_and(|types| types.contains(&event_type.into()))
            });
            deliveries.extend(subscribed.filter_map(|it| event.delivery(&it.value, secret_of(it.id()))));
        }
    }
    deliveries
}

/// The secret that signs deliveries, in Pleo's form (W5) and plainly not a real one.
fn secret_of(subscription: &str) -> String {
    format!("whsec_FAKE{}", subscription.replace('-', ""))
}

/// Refuses an address that no delivery can go to (W15).
fn check_endpoint(input: &Input<'_>) -> Result<(), Refusal> {
    let url = input.body()["endpointUrl"].as_str().unwrap_or_default();
    webhook::endpoint(url).map(drop).ok_or_else(|| {
        Refusal::bad_request("endpointUrl has to be an https address, or an http address of this machine")
    })
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
    check_endpoint(input)?;
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
    check_endpoint(input)?;
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

pub(super) fn secret(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let subscription = data.subscriptions.get(&input.companies(), &input.path("id"))?;
    Ok(shape::one(input, &json!({ "secretKey": secret_of(subscription.id()) })))
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
