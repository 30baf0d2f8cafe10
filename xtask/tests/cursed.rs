//! One document a construct that generators stumble over: each either becomes code that compiles,
//! or is refused with document, place and reason.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use support::{entries, fixtures, is_pointer, read, root, stem};
use xtask::{
    generate::{self, Files},
    spec::{SpecError, normalise, normalise::Idle, pointer, walk},
};

/// What the first line of a document expects.
enum Expected {
    Compiles,
    Refused { pointer: String, phrase: String },
}

impl Expected {
    /// Reads `# expect: compiles`, or `# expect: refused <pointer> <phrase>`, in which `""` is the
    /// pointer of the whole document.
    fn of(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let mut lines = text.lines();
        let expected = lines.next().and_then(|line| line.strip_prefix("# expect: "));
        let expected =
            expected.unwrap_or_else(|| panic!("{} does not begin with `# expect: `", path.display()));
        let says = lines.next().and_then(|line| line.strip_prefix("# ")).unwrap_or_default();
        assert!(!says.is_empty(), "the second line of {} says what is cursed", path.display());
        if expected == "compiles" {
            return Self::Compiles;
        }
        let refused = expected.strip_prefix("refused ").and_then(|rest| rest.split_once(' '));
        let (pointer, phrase) = refused.unwrap_or_else(|| panic!("{} expects {expected:?}", path.display()));
        let pointer = if pointer == "\"\"" { "" } else { pointer };
        assert!(is_pointer(pointer), "{} expects {pointer:?}, which is no pointer", path.display());
        assert!(!phrase.trim().is_empty(), "{} expects no phrase", path.display());
        Self::Refused { pointer: pointer.to_owned(), phrase: phrase.trim().to_owned() }
    }
}

fn documents() -> Vec<PathBuf> {
    let documents = entries(&fixtures("cursed"));
    assert!(documents.iter().all(|path| path.extension().is_some_and(|extension| extension == "yaml")));
    documents
}

fn run(path: &Path) -> Result<Files, SpecError> {
    generate::generate(&normalise(vec![read(path)?], &[], Idle::Allowed)?)
}

/// What is wrong with a refusal, if anything.
fn judge(path: &Path, pointer: &str, phrase: &str, result: Result<Files, SpecError>) -> Option<String> {
    let Err(error) = result else { return Some("was accepted".to_owned()) };
    let name = path.file_name().unwrap().to_string_lossy();
    let shown = error.to_string();
    let operation = operation_of(pointer);
    let wrong = if error.document != name {
        "does not name its document"
    } else if error.pointer != pointer {
        "points elsewhere"
    } else if !error.problem.contains(phrase) {
        "gives another reason"
    } else if error.mend.is_empty() {
        "does not say what to do"
    } else if operation.as_deref().is_some_and(|operation| !shown.contains(operation)) {
        "does not name the operation"
    } else {
        return None;
    };
    Some(format!("{wrong}; expected {pointer:?} and {phrase:?} but got\n{shown}"))
}

/// The operation that a pointer lies in, as the error has to name it.
fn operation_of(at: &str) -> Option<String> {
    match pointer::tokens(at).collect::<Vec<_>>().as_slice() {
        [paths, path, method, ..] if paths == "paths" && walk::METHODS.contains(&method.as_str()) => {
            Some(format!("{} {path}", method.to_uppercase()))
        }
        _ => None,
    }
}

#[test]
fn every_cursed_document_is_compiled_or_refused_as_it_expects() {
    let documents = documents();
    assert!(documents.len() >= 40, "only {} documents", documents.len());
    let mut wrong = Vec::new();
    let mut to_compile = BTreeMap::new();
    for path in &documents {
        match Expected::of(path) {
            Expected::Compiles => match run(path) {
                Ok(files) => {
                    to_compile.insert(stem(path), files);
                }
                Err(error) => wrong.push(format!("{} was refused:\n{error}", stem(path))),
            },
            Expected::Refused { pointer, phrase } => {
                if let Some(problem) = judge(path, &pointer, &phrase, run(path)) {
                    wrong.push(format!("{} {problem}", stem(path)));
                }
            }
        }
    }
    println!("{} documents, {} of them to compile", documents.len(), to_compile.len());
    wrong.extend(compile(&to_compile));
    assert!(wrong.is_empty(), "{} of {} documents:\n\n{}", wrong.len(), documents.len(), wrong.join("\n\n"));
}

/// Writes each document's client as a crate, checks all of them at once, and gives what the
/// compiler says by document.
fn compile(clients: &BTreeMap<String, Files>) -> Vec<String> {
    let workspace = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cursed");
    write_workspace(&workspace, clients);
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
        .current_dir(&workspace)
        .env("CARGO_TARGET_DIR", workspace.join("target"))
        // A family without its feature would not be compiled at all.
        .env("RUSTFLAGS", "-Awarnings -Dunexpected_cfgs")
        .output()
        .unwrap();
    let mut reached = BTreeSet::new();
    let mut errors: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let message: Value = serde_json::from_str(line).unwrap();
        let Some(member) = message.pointer("/target/name").and_then(Value::as_str) else { continue };
        let Some(member) = member.strip_prefix("cursed_").map(|name| name.replace('_', "-")) else {
            continue;
        };
        reached.insert(member.clone());
        if message.pointer("/message/level").is_some_and(|level| level == "error") {
            let rendered = message.pointer("/message/rendered").and_then(Value::as_str).unwrap_or_default();
            errors.entry(member).or_default().push(rendered.to_owned());
        }
    }
    let mut wrong: Vec<String> = errors
        .iter()
        .map(|(member, errors)| {
            let shown = errors.iter().take(3).cloned().collect::<String>();
            format!("{member} does not compile, {} errors:\n{shown}", errors.len())
        })
        .collect();
    for missed in clients.keys().filter(|name| !reached.contains(*name)) {
        wrong.push(format!("{missed} did not reach the compiler"));
    }
    if wrong.is_empty() && !output.status.success() {
        wrong.push(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    wrong
}

/// The workspace has the project's dependencies in the project's versions.
fn write_workspace(workspace: &Path, clients: &BTreeMap<String, Files>) {
    let members = workspace.join("members");
    fs::create_dir_all(&members).unwrap();
    for stale in entries(&members).iter().filter(|path| !clients.contains_key(&stem(path))) {
        fs::remove_dir_all(stale).unwrap();
    }
    write(&workspace.join("Cargo.toml"), &workspace_manifest());
    write(&workspace.join("Cargo.lock"), &fs::read_to_string(root().join("Cargo.lock")).unwrap());
    let manifest = fs::read_to_string(root().join("crates/pleo-client/Cargo.toml")).unwrap();
    let runtime = root().join("crates/pleo-client/src/runtime/mod.rs");
    for (name, files) in clients {
        let member = members.join(name);
        let openapi = serde_json::from_str(&files[generate::OPENAPI]).unwrap();
        let manifest = generate::features::in_manifest(&manifest, &openapi, None).unwrap();
        write(
            &member.join("Cargo.toml"),
            &manifest.replacen("name = \"pleo-client\"", &format!("name = \"cursed-{name}\""), 1),
        );
        write(
            &member.join("src/lib.rs"),
            &format!(
                "mod generated;\n#[path = {runtime:?}]\npub mod runtime;\npub use generated::*;\npub use runtime::*;\n"
            ),
        );
        let generated = member.join("src/generated");
        let mut kept = BTreeSet::new();
        for (path, text) in files {
            if let Some(path) = path.strip_prefix(generate::CLIENT) {
                let path = generated.join(path.trim_start_matches('/'));
                write(&path, text);
                kept.insert(path);
            }
        }
        remove_others(&generated, &kept);
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

fn remove_others(folder: &Path, kept: &BTreeSet<PathBuf>) {
    for path in entries(folder) {
        if path.is_dir() {
            remove_others(&path, kept);
        } else if !kept.contains(&path) {
            fs::remove_file(path).unwrap();
        }
    }
}
