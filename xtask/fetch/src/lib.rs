//! What Pleo publishes today: the index, the pages, one document for each API, and which guide pages changed.
//!
//! | part | modules |
//! |---|---|
//! | what to fetch, and how politely | [`request`], [`manners`] |
//! | reading over HTTP | [`client`] |
//! | what an index and a page hold | [`index`], [`page`], [`prose`], `content` |
//! | from pages and given files to documents | `site`, `given`, `partial`, `collected`, [`unite`], [`mod@write`], `draft` |
//! | what is here, what is refused, what is noted | `published`, [`lock`], `refusals`, [`error`], [`notes`] |
//! | the pages that our statements come from | [`guides`] |
//! | a run, and what ends it | [`run()`], `apply`, [`interrupt`], `gate` |
//!
//! Modules further down use those further up. Nothing is changed before all of it is there.

pub mod client;
pub mod error;
pub mod guides;
pub mod index;
pub mod interrupt;
pub mod lock;
pub mod manners;
pub mod notes;
pub mod page;
pub mod prose;
pub mod request;
pub mod unite;
pub mod write;

mod apply;
mod collected;
mod content;
mod draft;
mod gate;
mod given;
mod partial;
mod published;
mod refusals;
mod run;
mod site;

pub use apply::Fetched;
pub use client::{Http, Pages};
pub use error::FetchError;
pub use manners::Manners;
pub use notes::Note;
pub use request::{Given, INDEX, Request, Source};
pub use run::{bring, run};
