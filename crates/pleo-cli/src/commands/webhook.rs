//! `pleo webhook`: subscriptions and their deliveries.

use std::{
    fs,
    io::{self, Read as _},
    path::PathBuf,
};

use clap::{Args, Subcommand, ValueHint};
use pleo::{
    http::{HeaderMap, HeaderName, HeaderValue},
    webhook_delivery::{self, EXPORT_JOB_CREATED, SubscriptionChange, VENDOR_CREATED, Verifier},
    webhooks::types::SubscriptionRequest,
};
use serde_json::json;

use crate::{
    arguments::Connected,
    configuration::write_whole,
    connection::{Settings, secret_file},
    exit::Exit,
    failure::Failure,
    output::{Output, print_json, shown, style},
};

/// Subscribe to webhooks, and verify their deliveries.
#[derive(Debug, Subcommand)]
#[command(verbatim_doc_comment)]
pub(crate) enum WebhookCommand {
    Subscribe(Connected<SubscribeArguments>),
    Verify(VerifyArguments),
}

/// Make sure that an address of yours gets Pleo's events.
///
/// It creates or changes a subscription only where there is none that fits. The secret that signs
/// the deliveries goes to a file that only you can read, and is not shown.
///
/// Example:
///   pleo webhook subscribe https://app.example/pleo --secret-file webhook.secret
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct SubscribeArguments {
    /// The address, https except in a sandbox.
    #[arg(value_name = "URL", value_hint = ValueHint::Url)]
    url: String,
    /// The events. Can be repeated.
    #[arg(long, value_name = "EVENT", default_values = [EXPORT_JOB_CREATED, VENDOR_CREATED])]
    event: Vec<String>,
    /// The file for the secret.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    secret_file: PathBuf,
    /// Do not ask before writing.
    #[arg(long, short)]
    yes: bool,
}

/// Say whether a delivery is Pleo's, and if not, why.
///
/// The body has to be as it arrived, byte for byte.
///
/// Example:
///   pleo webhook verify --secret-file webhook.secret body.json \
///     --header 'webhook-id: …' --header 'webhook-timestamp: …' --header 'webhook-signature: …'
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct VerifyArguments {
    /// The file with the subscription's secret.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    secret_file: PathBuf,
    /// A header of the delivery. Can be repeated.
    #[arg(long, value_name = "NAME: VALUE")]
    header: Vec<String>,
    /// The body: a file, or - for standard input.
    #[arg(value_name = "FILE", default_value = "-", value_hint = ValueHint::FilePath)]
    body: String,
    /// Accept a delivery of any age.
    #[arg(long)]
    any_age: bool,
}

/// Subscribes.
pub(crate) async fn subscribe(settings: &Settings, arguments: SubscribeArguments) -> Result<Exit, Failure> {
    let wanted = SubscriptionRequest::builder().endpoint_url(arguments.url).event_types(arguments.event);
    let wanted = wanted.try_into().map_err(|error| Failure::of(Exit::Usage, error))?;
    let client = settings.client()?;
    settings.confirm_write(arguments.yes, "This may create or change a subscription in production.")?;
    let ensured = webhook_delivery::ensure(&client, wanted).await?;
    let what = match ensured.change {
        SubscriptionChange::Created => "created",
        SubscriptionChange::Updated => "updated",
        _ => "there already",
    };
    let Some(secret) = ensured.secret else {
        return Err(Failure::new(Exit::Service, "Pleo returned no secret for the subscription")
            .help("Run it again; the subscription is there."));
    };
    write_whole(&arguments.secret_file, secret.expose().as_bytes())?;
    let mut output = Output::new();
    output.line(&format!("subscription {} {what}", ensured.subscription.id))?;
    output.finish()?;
    let hint = style::hint();
    anstream::eprintln!("{hint}hint:{hint:#} the secret is in {}", arguments.secret_file.display());
    for other in &ensured.others {
        anstream::eprintln!("{hint}hint:{hint:#} the subscription {other} sends to the same address, too");
    }
    Ok(Exit::Success)
}

/// Verifies.
pub(crate) async fn verify(arguments: VerifyArguments) -> Result<Exit, Failure> {
    let secret = secret_file(&arguments.secret_file)?;
    let mut headers = HeaderMap::new();
    for header in &arguments.header {
        let parsed = header.split_once(':').and_then(|(name, value)| {
            Some((HeaderName::try_from(name.trim()).ok()?, HeaderValue::try_from(value.trim()).ok()?))
        });
        let (name, value) = parsed.ok_or_else(|| {
            Failure::usage("a header is not NAME: VALUE").help("An example is --header 'webhook-id: msg_1'")
        })?;
        headers.append(name, value);
    }
    let body = if arguments.body == "-" {
        let mut body = Vec::new();
        io::stdin().lock().read_to_end(&mut body).map(|_| body)
    } else {
        fs::read(&arguments.body)
    };
    let body = body.map_err(|error| Failure::file("read", &arguments.body, &error))?;
    let mut verifier = Verifier::new(&secret).map_err(|error| Failure::of(Exit::Usage, error))?;
    if arguments.any_age {
        verifier = verifier.with_tolerance(std::time::Duration::MAX);
    }
    match verifier.verify(&headers, &body).await {
        Ok(delivery) => {
            print_json(&json!({
                "id": delivery.id,
                "sent_at": delivery.sent_at.to_rfc3339(),
                "event_type": shown(&delivery.event_type),
                "data": delivery.data,
            }))?;
            Ok(Exit::Success)
        }
        Err(error) => Err(Failure::of(Exit::Refused, error)),
    }
}
