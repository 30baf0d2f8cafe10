//! From published documents to one clean OpenAPI document.
//!
//! The order of things: [`reading`] and [`document`] read, [`ignored`] leaves out what means nothing,
//! [`shape`] refuses what no pass knows, [`overlay`] adds what is ours, [`passes`] fix what is wrong,
//! [`merge`] makes one document of many, [`report`] says what was done where.

pub mod document;
mod duplicates;
pub mod error;
pub mod foreign;
pub mod ignored;
pub mod merge;
pub mod names;
pub mod normalise;
pub mod overlay;
pub mod passes;
pub mod pointer;
pub mod reading;
pub mod report;
pub mod shape;
pub mod walk;

use std::path::Path;

pub use document::Document;
pub use error::{Refusals, SpecError};
pub use normalise::{Normalised, normalise};

use normalise::Idle;
use overlay::Overlay;

/// The folder with the published documents, from the root of the project.
pub const PUBLISHED: &str = "spec/published";
/// The folder with the overlays, from the root of the project.
pub const OVERLAYS: &str = "spec/overlays";

/// The hosts that the client's environments know (S3, API base URLs).
pub const HOSTS: [&str; 2] = ["external.pleo.io", "external.staging.pleo.io"];

/// Reads the published documents and overlays below `root` and normalises them.
///
/// # Errors
/// The first file that cannot be read, or everything that is refused.
pub fn read(root: &Path) -> Result<Normalised, Refusals> {
    let documents = Document::read_folder(&root.join(PUBLISHED))?;
    let overlays = Overlay::read_folder(&root.join(OVERLAYS))?;
    normalise::normalise(documents, &overlays, Idle::Refused)
}
