//! A service that is judged: a sandbox, or a live one.

mod http_client;
mod live;
mod sandbox;

use bytes::Bytes;
use http::{Request, Response};
use pleo_sandbox::{Grant, OAuthClient};
use uuid::Uuid;

pub(crate) use live::target;
pub use live::{LIVE_REQUESTS, LiveError, LiveService};
pub use sandbox::SandboxService;

/// A service that is judged.
pub trait Service {
    /// Its name and version.
    fn name_and_version(&self) -> (String, String);

    /// Its response to a request, whose URL is relative.
    ///
    /// # Errors
    /// When there is none; the text says why, without a secret.
    fn answer(&mut self, request: Request<Bytes>) -> Result<Response<Bytes>, String>;

    /// A credential of this sort, if the service has one that a rule may use.
    fn credential(&mut self, wanted: &Wanted) -> Option<String>;

    /// Registers an app, if the service lets rules do so.
    fn register(&mut self, client: OAuthClient) -> bool;

    /// The companies in its data, if rules may know them.
    fn companies(&self) -> Vec<Uuid>;

    /// Whether it is a live service, which gets few requests that only read.
    fn is_live(&self) -> bool;
}

/// A credential that a rule asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// A standalone key that works.
    Key,
    /// An access token that works.
    Token,
    /// A key that was never made.
    Unknown,
    /// A key that has expired.
    Expired,
    /// A key that was revoked.
    Revoked,
    /// A key of the other environment.
    OtherEnvironment,
    /// A token of the legacy API.
    Legacy,
    /// A key of this company, or one with these scopes only.
    Granted(Grant),
}
