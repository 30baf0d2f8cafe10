//! Subscribing to deliveries.

use std::{collections::BTreeSet, fmt};

use super::delivery::documented;
use crate::{
    Error, Operations, Secret,
    uuid::Uuid,
    webhooks::types::{SubscriptionModel, SubscriptionRequest, SubscriptionStatus},
};

/// The subscription that [`ensure`] found or made.
#[derive(Clone)]
#[non_exhaustive]
pub struct EnsuredSubscription {
    /// The subscription.
    pub subscription: SubscriptionModel,
    /// What was done.
    pub change: SubscriptionChange,
    /// The secret that signs its deliveries, if Pleo returned one.
    pub secret: Option<Secret>,
    /// Other subscriptions with the same endpoint, which gets their deliveries as well. They are left alone.
    pub others: Vec<Uuid>,
}

/// What [`ensure`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SubscriptionChange {
    /// There was no subscription with the endpoint.
    Created,
    /// The one with the endpoint had other events or another status.
    Updated,
    /// There was nothing to do.
    Unchanged,
}

/// Shows neither secret nor endpoint.
impl fmt::Debug for EnsuredSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnsuredSubscription")
            .field("id", &self.subscription.id)
            .field("change", &self.change)
            .field("others", &self.others)
            .finish_non_exhaustive()
    }
}

/// Makes sure that there is an active subscription with this endpoint and these events, and gets its secret. Calling it
/// again does nothing but read.
///
/// Only endpoint, events and status are compared. `custom_headers` and `endpoint_auth` are not, because Pleo need not
/// return their secrets: if only they differ, nothing is changed. To change them, call `update_subscription`. An update
/// replaces all of them, so give the same ones in every call.
///
/// A subscription belongs to the credential's company. A credential of an organisation needs one for each company,
/// according to Pleo's newer page (C13). Pleo does not return the company of a subscription, so if such a credential lists
/// those of several companies, another company's subscription with this endpoint counts as the one that is wanted. Use a
/// credential of the company, or give each company an endpoint of its own.
///
/// Do not call it from two processes at once: Pleo does not document that it refuses a second subscription.
///
/// # Errors
/// When a call fails. A subscription that was made before the secret could be read is
/// found by the next call.
pub async fn ensure(client: &Operations, wanted: SubscriptionRequest) -> Result<EnsuredSubscription, Error> {
    let mut same_endpoint = Vec::new();
    let mut subscriptions = client.list_subscriptions().limit(100).items();
    while let Some(subscription) = subscriptions.next().await {
        let subscription = subscription?;
        if subscription.deleted_at.is_none() && subscription.endpoint_url == wanted.endpoint_url {
            same_endpoint.push(subscription);
        }
    }
    let right = same_endpoint.iter().position(|subscription| agrees(subscription, &wanted));
    let found = (!same_endpoint.is_empty()).then(|| same_endpoint.swap_remove(right.unwrap_or(0)));
    let (subscription, change) = match found {
        Some(found) if right.is_some() => (found, SubscriptionChange::Unchanged),
        Some(found) => {
            let updated = client.update_subscription(found.id, wanted).send().await?;
            (updated.into_inner().data, SubscriptionChange::Updated)
        }
        None => {
            let created = client.create_subscription(wanted).send().await?;
            (created.into_inner().data, SubscriptionChange::Created)
        }
    };
    let secret = client.get_subscription_secret(subscription.id).send().await?.into_inner().data.secret_key;
    Ok(EnsuredSubscription {
        subscription,
        change,
        secret: secret.map(|secret| secret.into_exposed().into()),
        others: same_endpoint.iter().map(|other| other.id).collect(),
    })
}

/// Whether what is compared is as wanted: not headers and authentication.
fn agrees(found: &SubscriptionModel, wanted: &SubscriptionRequest) -> bool {
    found.status == *wanted.status.as_ref().unwrap_or(&SubscriptionStatus::Active)
        && events(&found.event_types) == events(&wanted.event_types)
}

/// Event types in one spelling.
fn events(event_types: &[String]) -> BTreeSet<&str> {
    event_types.iter().map(|event_type| documented(event_type).unwrap_or(event_type)).collect()
}
