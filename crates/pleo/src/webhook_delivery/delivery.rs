//! What a delivery says.

use std::{fmt, time::Duration};

use serde_json::{Map, Value};

use super::DeliveryError;
use crate::{
    CompanyId,
    chrono::{DateTime, FixedOffset, Utc},
    identifier,
    uuid::Uuid,
};

/// The type of the event that an export job was created, as Pleo's payloads have it (W7).
pub const EXPORT_JOB_CREATED: &str = "v1.export-job.created";

/// The type of the event that a vendor was created (W7).
pub const VENDOR_CREATED: &str = "v1.vendor.created";

/// A delivery that Pleo signed.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Delivery {
    /// Its id, the header `webhook-id`. It is the same when the delivery is repeated.
    pub id: String,
    /// When it was sent, the header `webhook-timestamp`.
    pub sent_at: DateTime<Utc>,
    /// The type of the event, as it was sent.
    pub event_type: String,
    /// The id of the event.
    pub event_id: Option<String>,
    /// What happened.
    pub event: Event,
    /// What it happened to, as it was then: all that was sent (W10).
    pub data: Value,
    /// Members of the body that Pleo does not document.
    pub other: Map<String, Value>,
}

/// What happened. Pleo documents two events (W7).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// There is a new export job. All spellings of its type that Pleo's pages use mean this (C12).
    ExportJobCreated(ExportJobCreated),
    /// There is a new vendor.
    VendorCreated(VendorCreated),
    /// Something else: see [`event_type`](Delivery::event_type) and [`data`](Delivery::data) of the delivery.
    Unknown,
}

/// A new export job (W11). What is optional here is what a run of the job does not need.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ExportJobCreated {
    /// The job.
    pub id: Uuid,
    /// Its company.
    pub company_id: CompanyId,
    /// Its status, `pending` as a rule.
    pub status: Option<String>,
    /// How many items it has.
    pub number_of_items: Option<u64>,
    /// When it was created.
    pub created_at: Option<DateTime<FixedOffset>>,
    /// Who created it.
    pub created_by: Option<String>,
    /// How long it lives without an update.
    pub expires_in: Option<Duration>,
}

/// A new vendor (W12). The other members are in [`Delivery::data`].
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct VendorCreated {
    /// The vendor.
    pub id: Uuid,
    /// Its company.
    pub company_id: CompanyId,
    /// Its name.
    pub name: Option<String>,
    /// Its code in the accounting system.
    pub code: Option<String>,
    /// Its state, such as `DRAFT`.
    pub state: Option<String>,
    /// When it was created.
    pub created_at: Option<DateTime<FixedOffset>>,
}

impl Delivery {
    pub(super) fn read(id: &str, sent_at: DateTime<Utc>, body: &[u8]) -> Result<Self, DeliveryError> {
        let body: Value = serde_json::from_slice(body).map_err(|_| DeliveryError::NotJson)?;
        let Value::Object(mut members) = body else {
            return Err(DeliveryError::NotADelivery { found: Vec::new() });
        };
        let event_type = members.get("eventType").and_then(text);
        let Some(event_type) = event_type.filter(|_| members.contains_key("data")) else {
            return Err(DeliveryError::NotADelivery {
                found: members.into_iter().map(|(name, _)| name).collect(),
            });
        };
        let data = members.remove("data").unwrap_or_default();
        let event = Event::read(&event_type, &data)?;
        members.remove("eventType");
        let event_id = members.remove("eventId").as_ref().and_then(text);
        Ok(Self { id: id.to_owned(), sent_at, event_type, event_id, event, data, other: members })
    }
}

/// Shows what happened, and nothing of the data but ids.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |text: &str| identifier(text).unwrap_or("…").to_owned();
        f.debug_struct("Delivery")
            .field("id", &shown(&self.id))
            .field("sent_at", &self.sent_at)
            .field("event_type", &shown(&self.event_type))
            .field("event", &self.event)
            .finish_non_exhaustive()
    }
}

/// Shows no name.
impl fmt::Debug for VendorCreated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VendorCreated")
            .field("id", &self.id)
            .field("company_id", &self.company_id)
            .finish_non_exhaustive()
    }
}

/// The spelling of payloads for any spelling of a documented type: with or without a version, and with dots and hyphens
/// in either place (C12).
pub(super) fn documented(event_type: &str) -> Option<&'static str> {
    let unversioned = match event_type.strip_prefix('v').and_then(|rest| rest.split_once('.')) {
        Some((version, rest)) if version.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => event_type,
    };
    match unversioned {
        "export-job.created" | "export.job-created" => Some(EXPORT_JOB_CREATED),
        "vendor.created" => Some(VENDOR_CREATED),
        _ => None,
    }
}

impl Event {
    fn read(event_type: &str, data: &Value) -> Result<Self, DeliveryError> {
        let id = |member: &'static str| {
            let id = data[member].as_str().and_then(|id| Uuid::parse_str(id).ok());
            id.ok_or_else(|| DeliveryError::UnexpectedData { event_type: event_type.to_owned(), member })
        };
        let text = |member: &str| text(&data[member]);
        let time = |member: &str| DateTime::parse_from_rfc3339(data[member].as_str()?).ok();
        Ok(match documented(event_type) {
            Some(EXPORT_JOB_CREATED) => Self::ExportJobCreated(ExportJobCreated {
                id: id("id")?,
                company_id: id("companyId")?.into(),
                status: text("status"),
                number_of_items: data["numberOfItems"].as_u64(),
                created_at: time("createdAt"),
                created_by: text("createdBy"),
                expires_in: data["expiresIn"].as_u64().map(Duration::from_secs),
            }),
            Some(VENDOR_CREATED) => Self::VendorCreated(VendorCreated {
                id: id("id")?,
                company_id: id("companyId")?.into(),
                name: text("name"),
                code: text("code"),
                state: text("state"),
                created_at: time("createdAt"),
            }),
            _ => Self::Unknown,
        })
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
