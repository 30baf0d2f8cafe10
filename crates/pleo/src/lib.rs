//! Client for Pleo's External API.

pub use pleo_auth::pleo_client::*;
pub use pleo_auth::*;
pub use pleo_auth::{Client, sources};

mod builder;
mod transport;

pub use builder::{ClientBuilder, FromEnvError};
pub use transport::{Pace, RetryPolicy, RetryTransport};
