//! What changed in Pleo's API between two states of the published documents.
//!
//! `state` reads the documents of each, through `cursor` and `reader`, into one form (`schema`).
//! `compare` walks through both, `operations`, `responses`, `parts` and `pairs` find the [`kinds`] of
//! difference, and `describe` puts each into words.

mod compare;
mod cursor;
mod describe;
mod difference;
mod finding;
pub mod kinds;
mod operations;
mod pairs;
mod parts;
mod pattern;
mod reader;
mod responses;
mod schema;
mod state;

pub use compare::{Prose, compare};
pub use finding::{ApiFinding, Location, Operations};
