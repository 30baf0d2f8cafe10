//! Ten-line programs: one that calls an operation of Pleo's, and one that asks for the same by hand.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::{MeasureError, build::Selection, cargo::Cargo};
use xtask_tree as tree;

/// The name of each program's package.
pub(super) const NAME: &str = "program";

/// By bare reqwest, as a careful person writes it. Whatever it depends on is used, and so in the binary.
const BARE: &str = r#"#[derive(Debug, serde::Deserialize)]
struct Company {
    id: uuid::Uuid,
    name: String,
    since: Option<chrono::DateTime<chrono::Utc>>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let request = reqwest::Client::new().get("https://external.staging.pleo.io/v1/companies");
    let request = request.basic_auth("FAKE-KEY", None::<&str>).query(&[("limit", 20)]);
    let companies: Vec<Company> = request.send().await?.error_for_status()?.json().await?;
    companies.iter().for_each(|company| println!("{} {} {:?}", company.id, company.name, company.since));
    Ok(())
}
"#;

/// A program on disk, with the project's versions of all that it depends on.
#[derive(Debug, Clone)]
pub struct Program {
    folder: PathBuf,
    crates: usize,
}

impl Program {
    /// Writes a program that depends on `pleo-auth` with a selection of features.
    ///
    /// # Errors
    /// When it cannot be written, or cargo does not find what it depends on.
    pub fn with_pleo(root: &Path, folder: &Path, selection: &Selection) -> Result<Self, MeasureError> {
        let mut pleo = json!({ "path": root.join("crates/pleo-auth") });
        if let (Some(features), Some(pleo)) = (selection.features(), pleo.as_object_mut()) {
            pleo.insert("default-features".to_owned(), json!(false));
            pleo.insert("features".to_owned(), json!(features));
        }
        let source = format!(
            r#"use pleo_auth::{{Client, Session, StandaloneApiKey, Staging}};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {{
    let key = StandaloneApiKey::new(Staging, "FAKE-KEY")?;
    let client = Client::new(Session::new(key))?;
    let answer = client.{}().send().await?;
    println!("{{answer:?}}");
    Ok(())
}}
"#,
            selection.operation()
        );
        Self::write(root, folder, &source, json!({ "pleo-auth": pleo }))
    }

    /// Writes a program that depends on reqwest, with the same TLS, and on serde, uuid and chrono.
    ///
    /// # Errors
    /// When it cannot be written, or cargo does not find what it depends on.
    pub fn with_bare_reqwest(root: &Path, folder: &Path) -> Result<Self, MeasureError> {
        let mut dependencies = json!({
            "reqwest": { "workspace": true, "features": ["json", "query", "rustls"] },
        });
        for name in ["chrono", "serde", "uuid"] {
            dependencies[name] = json!({ "workspace": true });
        }
        Self::write(root, folder, BARE, dependencies)
    }

    fn write(
        root: &Path,
        folder: &Path,
        source: &str,
        mut dependencies: Value,
    ) -> Result<Self, MeasureError> {
        dependencies["tokio"] = json!({ "workspace": true, "features": ["macros", "rt"] });
        let manifest = json!({
            "package": { "name": NAME, "edition": "2024" },
            "dependencies": dependencies,
            "profile": { "release": { "strip": true } },
            "workspace": { "resolver": "3", "dependencies": requirements(&root.join("Cargo.toml"))? },
        });
        let path = folder.join("Cargo.toml");
        let manifest = toml::to_string(&manifest).map_err(|error| MeasureError::file(&path, error))?;
        for (path, text) in [(path, manifest.as_str()), (folder.join("src/main.rs"), source)] {
            tree::write(&path, text.as_bytes()).map_err(|error| MeasureError::file(&path, error))?;
        }
        let lock = folder.join("Cargo.lock");
        fs::copy(root.join("Cargo.lock"), &lock).map_err(|error| MeasureError::file(&lock, error))?;
        let crates = crates(folder)?;
        Ok(Self { folder: folder.to_owned(), crates })
    }

    /// How many crates it is made of on this platform, itself and what only building needs not
    /// counted.
    pub fn crates(&self) -> usize {
        self.crates
    }

    /// Where it stands.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// What the project requires of crates that are not its own.
fn requirements(manifest: &Path) -> Result<toml::Table, MeasureError> {
    let text = fs::read_to_string(manifest).map_err(|error| MeasureError::file(manifest, error))?;
    let table: toml::Table = text.parse().map_err(|error| MeasureError::file(manifest, error))?;
    let dependencies = table
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies")?.as_table())
        .ok_or_else(|| MeasureError::file(manifest, "there is no [workspace.dependencies]"))?;
    let ours = |requirement: &toml::Value| requirement.get("path").is_some();
    Ok(dependencies.clone().into_iter().filter(|(_, requirement)| !ours(requirement)).collect())
}

/// The crates in the tree of the program in a folder. Brings its copy of the project's lock file in
/// line with it, so that the commands that are measured can be `--locked`.
fn crates(folder: &Path) -> Result<usize, MeasureError> {
    let arguments = ["tree", "--edges", "normal", "--prefix", "none", "--format", "{p}"];
    let tree = Cargo::new(folder).output(&arguments.map(str::to_owned))?;
    Ok(distinct(&tree).saturating_sub(1))
}

/// How many packages a tree of cargo's names.
fn distinct(tree: &str) -> usize {
    // Cargo marks a package whose dependencies stand above.
    let packages: BTreeSet<&str> = tree
        .lines()
        .map(|line| line.trim_end_matches(" (*)").trim())
        .filter(|line| !line.is_empty())
        .collect();
    packages.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_counts_once_for_each_of_its_versions() {
        let tree = "program v0.0.0 (/p)\nserde v1.0.228\nserde_core v1.0.228\nsyn v2.0.1\nserde v1.0.228 (*)\n\
                    syn v3.0.0 (proc-macro)\n\nserde_core v1.0.228\n";
        assert_eq!(distinct(tree), 5);
        assert_eq!(distinct(""), 0);
    }
}
