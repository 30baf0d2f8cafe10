//! What the tests of the other crates share: the project's documents, hostile changes of them, and the
//! compiler.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper that fails is a failed test")]

pub mod hostile;
pub mod mutation;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use xtask_codegen::{self as generate, compile::Workspace};
use xtask_openapi::{Document, SpecError, overlay::Overlay, walk};

/// The manifests with a feature for each API family.
pub const MANIFESTS: [&str; 3] =
    ["crates/pleo-client/Cargo.toml", "crates/pleo-auth/Cargo.toml", "crates/pleo/Cargo.toml"];

/// Copies what the commands read and write to another root.
pub fn copy_project(to: &Path) {
    let folders =
        ["spec", generate::CLIENT, generate::OPENAPI_COPY, "crates/pleo-conformance/src/subject/ours"];
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
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_path_buf()
}

/// A folder below the folder `tests` of the crate that is tested.
pub fn fixtures(name: &str) -> PathBuf {
    // Cargo and nextest set it for the package whose tests run.
    Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("tests").join(name)
}

/// The documents as they are published.
pub fn published() -> Vec<Document> {
    Document::read_folder(&root().join("spec/published")).unwrap_or_else(|error| panic!("{error}"))
}

/// How many operations documents have.
pub fn operations(documents: &[Document]) -> usize {
    documents.iter().map(|document| walk::operations(&document.value).count()).sum()
}

/// What this project adds to them.
pub fn overlays() -> Vec<Overlay> {
    Overlay::read_folder(&root().join("spec/overlays")).unwrap_or_else(|error| panic!("{error}"))
}

/// The target folder of every cargo that a test runs: dependencies are compiled once for all of them. Only the
/// cases that must not compile have another one, which trybuild chooses, and programs that are measured.
pub fn nested_target() -> PathBuf {
    scratch("nested-target")
}

/// A folder that a later run of the tests finds again.
pub fn scratch(name: &str) -> PathBuf {
    // Beside the folder of the test programs, as `CARGO_TARGET_TMPDIR` is.
    std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("tmp").join(name)
}

/// A workspace of generated clients, which a later run of the tests finds again.
pub fn workspace(name: &str) -> Workspace {
    Workspace::new(&root(), &scratch(name), &nested_target()).unwrap()
}

/// The entries of a folder, sorted by name.
pub fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

/// The name of a file or folder, without extension.
pub fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

/// A document of a fixture file, which may hold what overlays and passes write.
pub fn read(path: &Path) -> Result<Document, SpecError> {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    Document::parse_ours(name, &fs::read_to_string(path).unwrap())
}

/// A value as text that can be compared by eye.
pub fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

/// Whether a text is a JSON pointer as RFC 6901 writes one: empty, or tokens that each follow a
/// slash and hold `~` only as `~0` and `~1`.
pub fn is_pointer(text: &str) -> bool {
    let escaped = |token: &str| token.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    text.is_empty() || (text.starts_with('/') && text.split('/').all(escaped))
}
