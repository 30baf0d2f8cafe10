//! One run of a rule: its cases, the test servers, and what is asked of a client or a service.

pub(crate) mod authorisation;
pub(crate) mod case;
pub(crate) mod client;
pub(crate) mod evidence;
pub(crate) mod mask;
pub(crate) mod search;
pub(crate) mod servers;
pub(crate) mod service;
mod session;
pub(crate) mod tokens;

pub use client::ClientTrial;
pub use search::Options;
pub use servers::{Listen, TestServer};
pub(crate) use servers::{TestServers, listen};
pub use service::ServiceTrial;
