//! From Pleo's published documents to the generated client: the library behind `cargo xtask`.
//! `measure` measures what comes of it.

pub mod diff;
pub mod fetch;
pub mod generate;
pub mod measure;
pub mod rust_api;
pub mod spec;
pub mod tree;

use std::path::{Path, PathBuf};

use spec::{
    Document, Normalised, SpecError,
    normalise::{self, Idle},
    overlay::Overlay,
};

/// The folder with the published documents, from the root of the project.
pub const PUBLISHED: &str = "spec/published";
/// The folder with the overlays, from the root of the project.
pub const OVERLAYS: &str = "spec/overlays";

/// Bytes in lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The root of the project.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Reads the published documents and overlays below `root` and normalises them.
///
/// # Errors
/// The first thing that cannot be read, or that no pass knows.
pub fn read(root: &Path) -> Result<Normalised, SpecError> {
    let documents = Document::read_folder(&root.join(PUBLISHED))?;
    let overlays = Overlay::read_folder(&root.join(OVERLAYS))?;
    normalise::normalise(documents, &overlays, Idle::Refused)
}
