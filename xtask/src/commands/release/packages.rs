//! Which packages are published, and in which order.

use anyhow::{Result, bail};
use serde_json::Value;

/// A package that is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    /// The address of the repository; empty while there is none.
    pub(super) repository: String,
    /// Whether it has a program to install.
    pub(super) is_program: bool,
}

impl Package {
    /// What the archive is called, and the folder in it.
    pub(super) fn stem(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }
}

/// The packages that cargo's metadata let be published, each after those that it depends on.
///
/// # Errors
/// When one depends on what is never published, or they depend on each other in a circle.
pub(super) fn in_order(metadata: &Value) -> Result<Vec<Package>> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let name = |value: &Value| value["name"].as_str().unwrap_or_default().to_owned();
    let all = list(&metadata["packages"]);
    let is_published =
        |package: &&Value| package["publish"].is_null() || !list(&package["publish"]).is_empty();
    let mut left: Vec<(Package, Vec<String>)> = Vec::new();
    for package in all.iter().filter(is_published) {
        let mut needs = Vec::new();
        for dependency in list(&package["dependencies"]).iter().filter(|it| it["path"].is_string()) {
            // Cargo leaves it out of the package if it has no version.
            if dependency["kind"] == "dev" && dependency["req"] == "*" {
                continue;
            }
            if !all.iter().filter(is_published).any(|other| other["name"] == dependency["name"]) {
                bail!(
                    "{} depends on {}, which is never published; remove the dependency, or `publish = false`",
                    name(package),
                    name(dependency)
                );
            }
            needs.push(name(dependency));
        }
        let text = |member: &str| package[member].as_str().unwrap_or_default().to_owned();
        let kinds: Vec<Value> = list(&package["targets"]).iter().flat_map(|it| list(&it["kind"])).collect();
        let package = Package {
            name: text("name"),
            version: text("version"),
            repository: text("repository"),
            is_program: kinds.iter().any(|kind| kind == "bin"),
        };
        left.push((package, needs));
    }
    let mut ordered: Vec<Package> = Vec::new();
    while !left.is_empty() {
        let is_ready = |needs: &[String]| needs.iter().all(|need| ordered.iter().any(|it| it.name == *need));
        let Some(next) = left.iter().position(|(_, needs)| is_ready(needs)) else {
            let names: Vec<&str> = left.iter().map(|(package, _)| package.name.as_str()).collect();
            bail!("these packages depend on each other in a circle: {}", names.join(", "));
        };
        ordered.push(left.remove(next).0);
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package(name: &str, needs: &[(&str, &str, Value)]) -> Value {
        let dependencies: Vec<Value> = needs
            .iter()
            .map(|(name, req, kind)| json!({ "name": name, "req": req, "kind": kind, "path": "/x" }))
            .collect();
        json!({ "name": name, "version": "1.2.3", "publish": null, "dependencies": dependencies,
                "targets": [{ "kind": ["lib"] }] })
    }

    fn names(packages: &[Value]) -> Result<Vec<String>> {
        let ordered = in_order(&json!({ "packages": packages }))?;
        Ok(ordered.into_iter().map(|package| package.name).collect())
    }

    const NORMAL: Value = Value::Null;

    #[test]
    fn what_a_package_depends_on_comes_first() {
        let packages = [
            package("a", &[("c", "^1", NORMAL)]),
            package("b", &[("a", "^1", json!("dev"))]),
            package("c", &[]),
        ];
        assert_eq!(names(&packages).unwrap(), ["c", "a", "b"]);
    }

    #[test]
    fn a_test_dependency_without_a_version_is_not_waited_for() {
        let packages = [package("a", &[("b", "*", json!("dev"))]), package("b", &[("a", "^1", NORMAL)])];
        assert_eq!(names(&packages).unwrap(), ["a", "b"]);
    }

    #[test]
    fn a_circle_is_an_error() {
        let packages = [package("a", &[("b", "^1", json!("dev"))]), package("b", &[("a", "^1", NORMAL)])];
        assert!(names(&packages).unwrap_err().to_string().ends_with("in a circle: a, b"));
    }

    #[test]
    fn a_dependency_that_is_never_published_is_an_error() {
        let mut hidden = package("b", &[]);
        hidden["publish"] = json!([]);
        assert_eq!(names(&[hidden.clone(), package("c", &[])]).unwrap(), ["c"]);
        let error = names(&[package("a", &[("b", "^1", NORMAL)]), hidden]).unwrap_err();
        assert!(error.to_string().starts_with("a depends on b, which is never published"), "{error}");
    }
}
