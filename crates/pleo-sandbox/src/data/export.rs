//! Export jobs and their life, the same for all versions of the API.

use chrono::{DateTime, Duration, Utc};
use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Data, Input,
    companies::seeded_at,
    filter::{Filter, Test, passes},
    paging,
    shape::{self, stamp},
    usual_id,
};
use crate::answer::Refusal;

/// How long a job lives without an update, in seconds (X16).
const EXPIRES_IN: i64 = 3_600;

/// Three jobs that have ended, so that no company has an export under way.
pub(super) fn seed(data: &mut Data, company: Uuid) {
    for (number, status) in ["completed", "completed_with_errors", "failed"].into_iter().enumerate() {
        let entries = data.entries.values(&[company]).into_iter().skip(1 + number * 5).take(5);
        let entries: Vec<_> =
            entries.map(|entry| usual_id(entry["id"].as_str().unwrap_or_default())).collect();
        let at = seeded_at(number);
        let job = insert(data, company, &json!({}), &entries, at);
        let items = data.export_items.iter().enumerate();
        let of_job = items.filter(|(_, item)| item.value["exportJobId"] == job["id"]);
        let of_job: Vec<_> = of_job.map(|(index, item)| (index, item.id().to_owned())).collect();
        for (index, id) in of_job {
            let successful = status == "completed" || status != "failed" && index % 2 == 0;
            if let Ok(item) = data.export_items.get_mut(&[company], &id) {
                item.value["status"] = json!(if successful { "successful" } else { "failed" });
            }
        }
        if let Ok(row) = data.export_jobs.get_mut(&[company], job["id"].as_str().unwrap_or_default()) {
            row.value["startedAt"] = stamp(at);
            end(&mut row.value, status, at);
        }
    }
}

/// Makes a job with its items.
fn insert(data: &mut Data, company: Uuid, request: &Value, entries: &[String], now: DateTime<Utc>) -> Value {
    let id = data.new_id();
    for entry in entries {
        let item = json!({
            "id": data.new_id(), "exportJobId": id, "accountingEntryId": entry, "status": "pending",
            "exportedAt": null, "externalId": null, "externalUrl": null,
            "failureReason": null, "failureReasonType": null,
        });
        data.export_items.insert(company, item);
    }
    let job = json!({
        "id": id, "companyId": company, "status": "pending", "numberOfItems": entries.len(),
        "createdAt": stamp(now), "lastUpdatedAt": stamp(now), "expiresIn": EXPIRES_IN,
        "createdBy": request["employeeId"],
        "isInteractive": request["isInteractive"].as_bool().unwrap_or(true),
        "vendorBasedBookkeeping": request["options"]["vendorBasedBookkeeping"].as_bool().unwrap_or(false),
        "startedAt": null, "completedAt": null, "expiredAt": null,
        "failureReason": null, "failureReasonType": null,
    });
    data.export_jobs.insert(company, job).clone()
}

fn end(job: &mut Value, status: &str, at: DateTime<Utc>) {
    job["status"] = json!(status);
    job["completedAt"] = stamp(at);
    job["lastUpdatedAt"] = stamp(at);
}

fn is_under_way(job: &Value) -> bool {
    job["status"] == "pending" || job["status"] == "in_progress"
}

/// When a job ends by itself, if it is under way.
fn expires_at(job: &Value) -> Option<DateTime<Utc>> {
    if !is_under_way(job) {
        return None;
    }
    let updated: DateTime<Utc> = job["lastUpdatedAt"].as_str()?.parse().ok()?;
    Some(updated + Duration::seconds(EXPIRES_IN))
}

/// Ends the jobs that nobody has updated for an hour (X16).
pub(super) fn expire(data: &mut Data, now: DateTime<Utc>) {
    let jobs = data.export_jobs.iter().filter_map(|job| Some((job, expires_at(&job.value)?)));
    let due: Vec<_> = jobs.filter(|(_, at)| *at <= now).map(|(job, at)| (job.clone(), at)).collect();
    for (job, at) in due {
        if let Ok(job) = data.export_jobs.get_mut(&[job.company], job.id()) {
            end(&mut job.value, "failed", at);
            job.value["expiredAt"] = stamp(at);
            job.value["failureReason"] = json!("the job was not updated for an hour");
            job.value["failureReasonType"] = json!("job_expired");
        }
        abandon(data, job.company, job.id());
    }
}

/// Gives up the items of a job that have come to no end (X5).
fn abandon(data: &mut Data, company: Uuid, job: &str) {
    for item in data.export_items.values(&[company]) {
        if item["exportJobId"] != job {
            continue;
        }
        if (item["status"] == "pending" || item["status"] == "in_progress")
            && let Ok(item) = data.export_items.get_mut(&[company], item["id"].as_str().unwrap_or_default())
        {
            item.value["status"] = json!("abandoned");
        }
        let successful = item["status"] == "successful";
        mark(data, company, &item["accountingEntryId"], if successful { "EXPORTED" } else { "NOT_EXPORTED" });
    }
}

/// Shows on an accounting entry how far its export is.
pub(super) fn mark(data: &mut Data, company: Uuid, entry: &Value, status: &str) {
    if let Ok(entry) = data.entries.get_mut(&[company], entry.as_str().unwrap_or_default()) {
        entry.value["exportStatus"] = json!(status);
    }
}

pub(super) fn list(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    const FILTERS: &[Filter] =
        &[Filter("status", Test::Is, "status"), Filter("statuses", Test::OneOf, "status")];
    let mut jobs = data.export_jobs.values(&input.companies());
    jobs.retain(|job| passes(&input.filters(), job, FILTERS));
    paging::page(input, jobs)
}

pub(super) fn get(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    Ok(shape::one(input, &data.export_jobs.get(&input.companies(), &input.path("jobId"))?.value))
}

pub(super) fn create(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let company = input.company()?;
    let mut entries = Vec::new();
    for entry in input.body()["accountingEntryIds"].as_array().into_iter().flatten() {
        let entry = usual_id(entry.as_str().unwrap_or_default());
        let known =
            data.entries.get(&[company], &entry).is_ok_and(|known| known.value["deletedAt"].is_null());
        if !known {
            let message = "accountingEntryIds names an entry that the company does not have";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "export_entry_not_found", message));
        }
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    if entries.is_empty() {
        return Err(Refusal::bad_request("accountingEntryIds has to name at least one entry"));
    }
    // One export at a time (X19).
    if data.export_jobs.of(&[company]).any(|job| is_under_way(&job.value)) {
        let message = "the company has an export under way";
        return Err(Refusal::conflict("export_already_in_progress", message));
    }
    for entry in &entries {
        mark(data, company, &json!(entry), "QUEUED");
    }
    Ok(shape::one(input, &insert(data, company, input.body(), &entries, input.now)))
}

/// Moves a job on: an event happens.
pub(super) fn happen(data: &mut Data, input: &Input<'_>) -> Result<Value, Refusal> {
    let event = input.body();
    let id = usual_id(event["jobId"].as_str().unwrap_or_default());
    let job = data.export_jobs.get_mut(&input.companies(), &id)?;
    let company = job.company;
    let status = job.value["status"].as_str().unwrap_or_default();
    match (status, event["event"].as_str().unwrap_or_default()) {
        ("pending", "started") => {
            job.value["status"] = json!("in_progress");
            job.value["startedAt"] = stamp(input.now);
            job.value["lastUpdatedAt"] = stamp(input.now);
            for item in data.export_items.values(&[company]) {
                if item["exportJobId"] == id.as_str() {
                    mark(data, company, &item["accountingEntryId"], "EXPORTING");
                }
            }
        }
        ("pending" | "in_progress", "failed") => {
            end(&mut job.value, "failed", input.now);
            for member in ["failureReason", "failureReasonType"] {
                job.value[member] = event[member].clone();
            }
            abandon(data, company, &id);
        }
        ("in_progress", last @ ("completed" | "completed_with_errors")) => {
            end(&mut job.value, last, input.now);
            abandon(data, company, &id);
        }
        (status, event) => {
            return Err(Refusal::unprocessable(
                "INVALID_EXPORT_JOB_STATUS_CHANGE",
                format!("the event {event} cannot happen to an export job that is {status}"),
            ));
        }
    }
    Ok(Value::Null)
}
