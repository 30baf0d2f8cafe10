//! One run of a rule: its cases, the servers in Pleo's place, and what is asked of a client or a service.

pub(crate) mod case;
pub(crate) mod client;
pub(crate) mod evidence;
pub(crate) mod lab;
pub(crate) mod mask;
mod search;
pub(crate) mod service;

pub use client::ClientTrial;
pub(crate) use lab::Lab;
pub use search::Options;
pub use service::ServiceTrial;
