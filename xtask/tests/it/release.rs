//! `cargo xtask release`: what it refuses, and what the packages say of themselves.

use std::{fs, path::Path, process::Command};

use serde_json::Value;
use xtask_testing::root;

const PROGRAMS: [&str; 3] = ["pleo-cli", "pleo-conformance", "pleo-sandbox"];

/// A repository with a package, and what it says of itself.
fn repository(more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        fs::create_dir_all(folder.path().join(path).parent().unwrap()).unwrap();
        fs::write(folder.path().join(path), text).unwrap();
    };
    write("Cargo.toml", &format!("[package]\nname = \"some\"\nversion = \"1.0.0\"\n{more}\n[workspace]\n"));
    write("src/lib.rs", "");
    git(folder.path(), &["init", "--quiet"]);
    folder
}

fn git(folder: &Path, arguments: &[&str]) {
    let status = Command::new("git").args(arguments).current_dir(folder).status().unwrap();
    assert!(status.success(), "{arguments:?}");
}

/// What the command prints when it fails.
fn refusal(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output = command.arg("--root").arg(folder).arg("release").args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn nothing_is_published_without_the_address_of_the_repository() {
    for more in ["", "repository = \"\""] {
        let said = refusal(repository(more).path(), &[]);
        assert!(said.starts_with("error: some has no address of a repository; set `repository`"), "{said}");
    }
    // With one, the next thing is missing.
    let said = refusal(repository("repository = \"https://pleo.example\"").path(), &[]);
    assert!(said.contains("the working tree has changes"), "{said}");
}

#[test]
fn what_is_not_committed_is_not_packed() {
    let said = refusal(repository("").path(), &["--dry-run"]);
    assert!(said.starts_with("error: the working tree has changes; commit or stash them:\n"), "{said}");
    assert!(said.contains("?? Cargo.toml"), "{said}");
}

#[test]
fn the_archives_of_programs_have_the_names_that_cargo_binstall_looks_for() {
    let workflow = fs::read_to_string(root().join(".github/workflows/release.yml")).unwrap();
    assert!(workflow.contains("folder=\"$name-v$version-$TARGET\"") && workflow.contains("\"$folder.tgz\""));
    for name in PROGRAMS {
        assert!(workflow.contains(&format!("--package {name}")), "{name}");
        let manifest = fs::read_to_string(root().join("crates").join(name).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        let binstall = &manifest["package"]["metadata"]["binstall"];
        let text = |member: &str| binstall[member].as_str().unwrap();
        let archive = text("pkg-url").rsplit('/').next().unwrap();
        assert_eq!(archive, "{ name }-v{ version }-{ target }{ archive-suffix }");
        assert_eq!(text("bin-dir"), "{ name }-v{ version }-{ target }/{ bin }{ binary-ext }");
        assert_eq!(text("pkg-fmt"), "tgz");
    }
}

/// The parts of a version, so that 1.100 is greater than 1.99.
fn version(text: &str) -> Vec<u32> {
    let mut parts: Vec<u32> = text.split('.').map(|part| part.parse().unwrap()).collect();
    parts.resize(3, 0);
    parts
}

#[test]
fn the_oldest_compiler_compiles_everything_that_is_published() {
    let mut cargo = Command::new(env!("CARGO"));
    // One platform, because cargo would download the dependencies of all others.
    cargo.args(["metadata", "--format-version", "1", "--all-features", "--locked"]);
    cargo.args(["--filter-platform", "x86_64-unknown-linux-gnu"]).current_dir(root());
    let metadata: Value = serde_json::from_slice(&cargo.output().unwrap().stdout).unwrap();
    let list = |value: &Value| value.as_array().unwrap().clone();
    let packages = list(&metadata["packages"]);
    let package = |id: &Value| packages.iter().find(|package| package["id"] == *id).unwrap();
    let nodes = list(&metadata["resolve"]["nodes"]);

    let mut published: Vec<Value> = packages
        .iter()
        .filter(|package| package["source"].is_null() && package["publish"].is_null())
        .map(|package| package["id"].clone())
        .collect();
    assert_eq!(published.len(), 6);
    let promised = package(&published[0])["rust_version"].as_str().unwrap().to_owned();
    assert!(published.iter().all(|id| package(id)["rust_version"] == *promised));
    // And everything that they are made of.
    let mut next = 0;
    while next < published.len() {
        let node = nodes.iter().find(|node| node["id"] == published[next]).unwrap();
        for dependency in list(&node["deps"]) {
            let is_for_tests = list(&dependency["dep_kinds"]).iter().all(|kind| kind["kind"] == "dev");
            if !is_for_tests && !published.contains(&dependency["pkg"]) {
                published.push(dependency["pkg"].clone());
            }
        }
        next += 1;
    }
    assert!(published.len() > 200, "{}", published.len());
    for id in &published {
        let package = package(id);
        if let Some(needed) = package["rust_version"].as_str() {
            assert!(
                version(needed) <= version(&promised),
                "{} needs Rust {needed}; raise `rust-version` in Cargo.toml",
                package["name"]
            );
        }
    }
}
