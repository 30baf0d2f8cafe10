//! What the integration tests share: where things stand, and how documents are read.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper that fails is a failed test")]

pub(crate) mod compile;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use xtask::{
    generate,
    spec::{Document, SpecError, overlay::Overlay},
};

/// The manifests with a feature for each API family.
pub(crate) const MANIFESTS: [&str; 2] = ["crates/pleo-client/Cargo.toml", "crates/pleo-auth/Cargo.toml"];

/// Copies what the commands read and write to another root.
pub(crate) fn copy_project(to: &Path) {
    let folders = ["spec", generate::CLIENT, "crates/pleo-conformance/src/subject/ours"];
    for part in folders.into_iter().chain(MANIFESTS) {
        copy(&root().join(part), &to.join(part));
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        for entry in entries(from) {
            copy(&entry, &to.join(entry.file_name().unwrap()));
        }
    } else {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    }
}

/// The root of the project.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// A folder below `xtask/tests`.
pub(crate) fn fixtures(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// The nine documents as they are published.
pub(crate) fn published() -> Vec<Document> {
    Document::read_folder(&root().join("spec/published")).unwrap_or_else(|error| panic!("{error}"))
}

/// What this project adds to them.
pub(crate) fn overlays() -> Vec<Overlay> {
    Overlay::read_folder(&root().join("spec/overlays")).unwrap_or_else(|error| panic!("{error}"))
}

/// The entries of a folder, sorted by name.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

/// The name of a file or folder, without extension.
pub(crate) fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

/// A document of a fixture file.
pub(crate) fn read(path: &Path) -> Result<Document, SpecError> {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    Document::parse(name, &fs::read_to_string(path).unwrap())
}

/// A value as text that can be compared by eye.
pub(crate) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

/// Whether a text is a JSON pointer as RFC 6901 writes one: empty, or tokens that each follow a
/// slash and hold `~` only as `~0` and `~1`.
pub(crate) fn is_pointer(text: &str) -> bool {
    let escaped = |token: &str| token.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    text.is_empty() || (text.starts_with('/') && text.split('/').all(escaped))
}
