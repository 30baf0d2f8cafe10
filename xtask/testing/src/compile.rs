//! Checking generated clients and what calls them, all with one command of cargo's.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use xtask_codegen::{self as generate, Files};

use crate::{entries, root};

/// A workspace of generated clients with the project's dependencies in the project's versions.
pub struct Workspace {
    root: PathBuf,
    /// The target folder, which all such workspaces share: they have the same dependencies and flags.
    target: PathBuf,
    /// The files that belong to it.
    kept: BTreeSet<PathBuf>,
}

/// What the compiler said of a workspace.
pub struct Checked {
    /// Members that the compiler looked at.
    pub reached: BTreeSet<String>,
    /// Its errors in members.
    pub errors: Vec<CompileError>,
    /// Whether cargo succeeded.
    pub success: bool,
    /// What cargo printed.
    pub stderr: String,
}

/// What a command of cargo's said.
pub struct Said {
    /// Whether it succeeded.
    pub success: bool,
    /// Its output.
    pub stdout: String,
    /// Its messages.
    pub stderr: String,
}

/// One error of the compiler.
pub struct CompileError {
    /// The member that does not compile.
    pub member: String,
    /// The file's path as the compiler gives it.
    pub file: String,
    /// The error code, such as `E0599`; empty where it has none.
    pub code: String,
    /// The error as the compiler prints it.
    pub rendered: String,
}

impl Workspace {
    /// The workspace of this name, which a run after this one finds again.
    pub fn new(name: &str) -> Self {
        // Beside the folder of the test programs, as `CARGO_TARGET_TMPDIR` is.
        let program = std::env::current_exe().unwrap();
        let folder = program.ancestors().nth(3).unwrap().join("tmp");
        let (root, target) = (folder.join(name), folder.join("nested"));
        fs::create_dir_all(root.join("members")).unwrap();
        write(&root.join("Cargo.toml"), &workspace_manifest());
        write(&root.join("Cargo.lock"), &fs::read_to_string(crate::root().join("Cargo.lock")).unwrap());
        Self { root, target, kept: BTreeSet::new() }
    }

    /// Adds a client: generated files with the real runtime, and with features of its own families.
    pub fn client(&mut self, name: &str, files: &Files) {
        let manifest = fs::read_to_string(root().join("crates/pleo-client/Cargo.toml")).unwrap();
        let openapi = serde_json::from_str(&files[generate::OPENAPI]).unwrap();
        let manifest = generate::features::in_manifest(&manifest, &openapi, None).unwrap();
        let manifest = manifest.replacen("name = \"pleo-client\"", &format!("name = \"{name}\""), 1);
        // Nothing of it is tested but what rustdoc runs.
        let (before, rest) = manifest.split_once("[dev-dependencies]").unwrap();
        let (_, lints) = rest.split_once("[lints]").unwrap();
        self.write(name, "Cargo.toml", &format!("{before}[lints]{lints}"));
        let runtime = root().join("crates/pleo-client/src/runtime/mod.rs");
        let library = format!(
            "mod generated;\n#[path = {runtime:?}]\npub mod runtime;\npub use generated::*;\npub use runtime::*;\n"
        );
        self.write(name, "src/lib.rs", &library);
        for (path, text) in files {
            if let Some(path) = path.strip_prefix(generate::CLIENT) {
                self.write(name, &format!("src/generated/{}", path.trim_start_matches('/')), text);
            }
        }
    }

    /// Adds a file to a member.
    pub fn write(&mut self, member: &str, path: &str, text: &str) {
        let path = self.root.join("members").join(member).join(path);
        write(&path, text);
        self.kept.insert(path);
    }

    /// Runs a command of cargo's on all members; `rustdoc` are flags for rustdoc.
    pub fn cargo(&self, arguments: &[&str], rustdoc: &str) -> Said {
        remove_others(&self.root.join("members"), &self.kept);
        // Pages of an earlier run say nothing about this one.
        self.doc_folders()
            .filter(|folder| folder.exists())
            .for_each(|folder| fs::remove_dir_all(folder).unwrap());
        let output = Command::new(env!("CARGO"))
            .args(arguments)
            .args(["--workspace", "--no-default-features", "--features=full", "--offline"])
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("RUSTFLAGS", "-Awarnings -Dunexpected_cfgs")
            .env("RUSTDOCFLAGS", rustdoc)
            .output()
            .unwrap();
        Said {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The pages that rustdoc has written of the members, by path.
    pub fn pages(&self) -> Vec<(PathBuf, String)> {
        fn below(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
            for path in entries(folder) {
                if path.is_dir() {
                    below(&path, found);
                } else if path.extension().is_some_and(|extension| extension == "html") {
                    found.push((path.clone(), fs::read_to_string(path).unwrap()));
                }
            }
        }
        let mut found = Vec::new();
        self.doc_folders().for_each(|folder| below(&folder, &mut found));
        found
    }

    fn doc_folders(&self) -> impl Iterator<Item = PathBuf> {
        let members = entries(&self.root.join("members"));
        let folder = self.target.join("doc");
        members.into_iter().map(move |member| folder.join(crate::stem(&member).replace('-', "_")))
    }

    /// Checks all members.
    pub fn check(&self) -> Checked {
        remove_others(&self.root.join("members"), &self.kept);
        let output = Command::new(env!("CARGO"))
            .args([
                "check",
                "--workspace",
                "--no-default-features",
                "--features=full",
                "--offline",
                "--keep-going",
                "--message-format=json",
            ])
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            // A family without its feature would not be compiled at all.
            .env("RUSTFLAGS", "-Awarnings -Dunexpected_cfgs")
            .output()
            .unwrap();
        let members: BTreeSet<String> =
            entries(&self.root.join("members")).iter().map(|path| crate::stem(path)).collect();
        let mut checked = Checked {
            reached: BTreeSet::new(),
            errors: Vec::new(),
            success: output.status.success(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let message: Value = serde_json::from_str(line).unwrap();
            let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let member = text("/target/name").replace('_', "-");
            if !members.contains(&member) {
                continue;
            }
            checked.reached.insert(member.clone());
            if text("/message/level") == "error" {
                checked.errors.push(CompileError {
                    member,
                    file: text("/message/spans/0/file_name").to_owned(),
                    code: text("/message/code/code").to_owned(),
                    rendered: text("/message/rendered").to_owned(),
                });
            }
        }
        checked
    }
}

/// The project's manifest with other members and without its own crates.
fn workspace_manifest() -> String {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (before, rest) = manifest.split_once("members = [").unwrap();
    let (_, after) = rest.split_once(']').unwrap();
    let after: Vec<&str> = after.lines().filter(|line| !line.contains("path = ")).collect();
    // Profiles name packages that are not in this workspace.
    let after = after.join("\n");
    let after = after.split("[profile").next().unwrap();
    format!("{before}members = [\"members/*\"]\n{after}")
}

/// Leaves an unchanged file alone, so that the compiler need not look at it again.
fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Removes what an earlier run has left.
fn remove_others(folder: &Path, kept: &BTreeSet<PathBuf>) {
    for path in entries(folder) {
        if path.is_dir() {
            remove_others(&path, kept);
            // Fails for a folder that holds something.
            let _ = fs::remove_dir(&path);
        } else if !kept.contains(&path) {
            fs::remove_file(path).unwrap();
        }
    }
}
