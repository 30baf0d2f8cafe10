//! Webhooks: receiving signed deliveries, and subscribing to them.
//!
//! A [`Verifier`] turns the headers and the body of a request into a [`Delivery`], or says by name why it does not. `ensure`
//! (feature `webhooks`) makes the subscription and returns the secret that the verifier needs.
//!
//! ```
//! use pleo::webhook_delivery::{Event, Verifier};
//! # use pleo::{Secret, http::{HeaderMap, StatusCode}};
//!
//! # async fn receive(secret: Secret, headers: HeaderMap, body: &[u8]) -> Result<StatusCode, Box<dyn std::error::Error>> {
//! let verifier = Verifier::new(&secret)?;
//! Ok(match verifier.verify(&headers, body).await {
//!     Ok(delivery) => {
//!         if let Event::ExportJobCreated(job) = &delivery.event {
//!             println!("export job {} of company {}", job.id, job.company_id);
//!         }
//!         verifier.handled(&delivery).await?;
//!         StatusCode::NO_CONTENT
//!     }
//!     Err(error) => error.response_status(),
//! })
//! # }
//! ```
//!
//! # What Pleo documents, and what is inferred
//!
//! Pleo documents the three headers, the form of the secret and the payload (W5, W8, W10). It says that the signature
//! is an HMAC, and not what is signed, with which hash, or for how long a delivery is good (W9). The headers are those
//! of [Standard Webhooks](https://www.standardwebhooks.com), so its recipe is what [`StandardWebhooks`] checks. Should
//! Pleo turn out to do something else, give the verifier a [`SignatureCheck`] of your own; the rest stays as it is.
//! How secrets are changed and how often Pleo repeats a delivery is not documented either (W6, W17).

mod delivery;
mod replay;
mod signature;
#[cfg(feature = "webhooks")]
mod subscription;

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use crate::{
    Secret,
    chrono::{DateTime, TimeDelta, Utc},
    http::{HeaderMap, StatusCode},
    identifier,
};

pub use delivery::{Delivery, EXPORT_JOB_CREATED, Event, ExportJobCreated, VENDOR_CREATED, VendorCreated};
pub use replay::{Arrival, ArrivedDelivery, RecentDeliveries, ReplayMemory};
pub use signature::{InvalidSecret, SignatureCheck, SignedMessage, StandardWebhooks};
#[cfg(feature = "webhooks")]
pub use subscription::{EnsuredSubscription, SubscriptionChange, ensure};

/// The id of a delivery. It is the same when the delivery is repeated.
const ID: &str = "webhook-id";
/// When the delivery was sent, in Unix seconds.
const TIMESTAMP: &str = "webhook-timestamp";
/// The signatures of the delivery.
const SIGNATURE: &str = "webhook-signature";

/// How far the time of a delivery may be from now, before or after, as Standard Webhooks recommends it.
const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// Checks deliveries: signature, time and whether they are new. It is made of parts that can be replaced.
///
/// Clones share the memory of what has arrived.
#[derive(Clone)]
pub struct Verifier {
    checks: Vec<Arc<dyn SignatureCheck>>,
    tolerance: Duration,
    handling_time: Duration,
    clock: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    replays: Arc<dyn ReplayMemory>,
}

impl Verifier {
    /// How long handling a delivery may take, by default: one minute.
    pub const HANDLING_TIME: Duration = Duration::from_secs(60);

    /// Checks the signatures of Standard Webhooks that this secret makes, allows five minutes either way, and remembers
    /// in this process what has arrived.
    ///
    /// # Errors
    /// When the secret is empty or is not Base64 after `whsec_`.
    pub fn new(secret: &Secret) -> Result<Self, InvalidSecret> {
        StandardWebhooks::new(secret).map(Self::with_check)
    }

    /// The same with another way to sign.
    pub fn with_check(check: impl SignatureCheck + 'static) -> Self {
        Self {
            checks: vec![Arc::new(check)],
            tolerance: TOLERANCE,
            handling_time: Self::HANDLING_TIME,
            clock: Arc::new(|| std::time::SystemTime::now().into()),
            replays: Arc::new(RecentDeliveries::default()),
        }
    }

    /// Also accepts what another secret signs, such as the old one while a secret is being changed.
    ///
    /// # Errors
    /// When the secret is empty or is not Base64 after `whsec_`.
    pub fn or_secret(self, secret: &Secret) -> Result<Self, InvalidSecret> {
        StandardWebhooks::new(secret).map(|check| self.or_check(check))
    }

    /// Also accepts what another check accepts.
    #[must_use]
    pub fn or_check(mut self, check: impl SignatureCheck + 'static) -> Self {
        self.checks.push(Arc::new(check));
        self
    }

    /// Allows the time of a delivery to be this far from now, before or after. It is five minutes otherwise.
    #[must_use]
    pub fn with_tolerance(self, tolerance: Duration) -> Self {
        Self { tolerance, ..self }
    }

    /// Gives you this long for handling a delivery. A repetition that arrives later is accepted, because the process that
    /// handled the first may have ended.
    #[must_use]
    pub fn with_handling_time(self, handling_time: Duration) -> Self {
        Self { handling_time, ..self }
    }

    /// Takes the time from this clock instead of the system's.
    #[must_use]
    pub fn with_clock(self, clock: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Remembers what has arrived there, such as in a database that several machines share.
    #[must_use]
    pub fn with_replay_memory(self, replays: impl ReplayMemory + 'static) -> Self {
        Self { replays: Arc::new(replays), ..self }
    }

    /// Checks one request. The body has to be as it arrived, byte for byte, before any JSON parsing.
    ///
    /// Handle an accepted delivery, then call [`handled`](Self::handled) and respond with success. If you fail to handle
    /// it, call [`forget`](Self::forget) and respond with 503. A repetition is refused as [`DeliveryError::InProgress`]
    /// until then, and after `handled` as [`DeliveryError::Replayed`]. If you call neither, because your process ended for
    /// instance, a repetition is accepted after the [handling time](Self::with_handling_time).
    ///
    /// # Errors
    /// When a header is missing or cannot be read, the time is outside the window, no signature matches, the body is not a
    /// delivery, or the delivery has arrived before.
    pub async fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, DeliveryError> {
        let now = (self.clock)();
        let message = SignedMessage {
            id: header(headers, ID)?,
            timestamp: header(headers, TIMESTAMP)?,
            signatures: header(headers, SIGNATURE)?,
            body,
        };
        let sent_at = sent_at(message.timestamp)?;
        self.check_time(sent_at, now)?;
        if !self.checks.iter().any(|check| check.accepts(&message)) {
            return Err(DeliveryError::NoMatchingSignature);
        }
        let delivery = Delivery::read(message.id, sent_at, body)?;
        let after =
            |from: DateTime<Utc>, time| from.checked_add_signed(time).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let claimed_until = after(now, span(self.handling_time));
        let until = after(sent_at, span(self.tolerance)).max(claimed_until);
        let arrived = ArrivedDelivery { id: &delivery.id, now, claimed_until, until };
        match self.replays.arrived(arrived).await.map_err(DeliveryError::ReplayMemory)? {
            Arrival::New => Ok(delivery),
            Arrival::InProgress => Err(DeliveryError::InProgress),
            Arrival::Handled => Err(DeliveryError::Replayed),
        }
    }

    /// Remembers that a delivery is handled, so that its repetitions are refused as [`DeliveryError::Replayed`].
    ///
    /// # Errors
    /// When the memory fails. Respond with success all the same.
    pub async fn handled(&self, delivery: &Delivery) -> Result<(), DeliveryError> {
        self.replays.handled(&delivery.id).await.map_err(DeliveryError::ReplayMemory)
    }

    /// Forgets that a delivery has arrived, so that its repetition is accepted.
    ///
    /// # Errors
    /// When the memory fails.
    pub async fn forget(&self, delivery: &Delivery) -> Result<(), DeliveryError> {
        self.replays.forget(&delivery.id).await.map_err(DeliveryError::ReplayMemory)
    }

    fn check_time(&self, sent_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), DeliveryError> {
        let (age, window) = (now.signed_duration_since(sent_at), span(self.tolerance));
        if age > window {
            return Err(DeliveryError::TooOld { seconds: age.num_seconds() });
        }
        if -age > window {
            return Err(DeliveryError::TooNew { seconds: -age.num_seconds() });
        }
        Ok(())
    }
}

/// Shows no secret.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("tolerance", &self.tolerance).finish_non_exhaustive()
    }
}

fn span(time: Duration) -> TimeDelta {
    TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX)
}

/// The only value of a header.
fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, DeliveryError> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(DeliveryError::MissingHeader { name })?;
    let text = value.to_str().ok().filter(|text| !text.is_empty() && values.next().is_none());
    text.ok_or(DeliveryError::InvalidHeader { name })
}

/// The time of a delivery: digits only, so that no two texts mean the same time.
fn sent_at(timestamp: &str) -> Result<DateTime<Utc>, DeliveryError> {
    let digits = timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = timestamp.parse().ok().filter(|_| digits);
    seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)).ok_or(DeliveryError::BadTimestamp)
}

/// Why a request is not accepted as a delivery.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum DeliveryError {
    /// One of the three headers is missing (W8).
    #[error("the header {name} is missing; the request is not a delivery, or a proxy removed the header")]
    MissingHeader {
        /// Its name.
        name: &'static str,
    },
    /// One of the three headers cannot be read.
    #[error("the header {name} is empty, repeated or not text")]
    InvalidHeader {
        /// Its name.
        name: &'static str,
    },
    /// The timestamp is not a number of seconds.
    #[error("the header webhook-timestamp is not a number of seconds since 1970")]
    BadTimestamp,
    /// The delivery was sent too long ago.
    #[error("the delivery was sent {seconds} seconds ago, which is too long; check this machine's clock")]
    TooOld {
        /// How long ago.
        seconds: i64,
    },
    /// The delivery was sent too far in the future.
    #[error("the delivery was sent {seconds} seconds in the future; check this machine's clock")]
    TooNew {
        /// How far in the future.
        seconds: i64,
    },
    /// No signature in the header is one that any of the secrets makes.
    #[error(
        "no signature matches; check that the secret is the subscription's, and that the body is passed as it arrived"
    )]
    NoMatchingSignature,
    /// The delivery has arrived before and is handled.
    #[error("the delivery was handled before; respond with success, so that it is not repeated again")]
    Replayed,
    /// The delivery has arrived before, and is being handled.
    #[error("the delivery is being handled; respond with an error, so that it is repeated if that fails")]
    InProgress,
    /// The body is not JSON.
    #[error("the body is not JSON")]
    NotJson,
    /// The body is JSON, but not an object with `eventType`, `eventId` and `data` (W10).
    #[error("the body does not have the members eventType and data; it has {}", Names(.found))]
    NotADelivery {
        /// The members that it has instead.
        found: Vec<String>,
    },
    /// The data of a known event lacks what every such event has (W11, W12).
    #[error("the data of the event {} has no valid {member}", identifier(.event_type).unwrap_or("type"))]
    UnexpectedData {
        /// The type of the event, as it was sent.
        event_type: String,
        /// The member of the data.
        member: &'static str,
    },
    /// The memory of what has arrived failed.
    #[error("cannot look up whether the delivery has arrived before")]
    ReplayMemory(#[source] Box<dyn StdError + Send + Sync>),
}

crate::debug_by_chain!(DeliveryError);

impl DeliveryError {
    /// What to respond with: success for what was handled before, 409 for what is being handled and 503 when the memory
    /// failed, so that Pleo may repeat the delivery, 401 for what is not proven to be Pleo's, and 400 for what cannot be understood.
    pub fn response_status(&self) -> StatusCode {
        match self {
            Self::Replayed => StatusCode::NO_CONTENT,
            Self::InProgress => StatusCode::CONFLICT,
            Self::ReplayMemory(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotJson | Self::NotADelivery { .. } | Self::UnexpectedData { .. } => {
                StatusCode::BAD_REQUEST
            }
            _ => StatusCode::UNAUTHORIZED,
        }
    }
}

/// Names of members, as far as they can be shown.
struct Names<'a>(&'a [String]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 10;

        let shown: Vec<_> = self.0.iter().filter_map(|name| identifier(name)).take(MOST).collect();
        f.write_str(if shown.is_empty() { "none that can be shown" } else { "" })?;
        f.write_str(&shown.join(", "))
    }
}
