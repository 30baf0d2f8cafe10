//! Compiling generated clients and what calls them: a workspace that one command of cargo's checks.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::{CLIENT, Files, OPENAPI, features};

/// Cargo in a folder outside the project's workspace. Whatever the environment says, it compiles with the
/// same flags, so that all runs with one target folder share what they compile.
pub fn cargo(folder: &Path, target: &Path) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(folder).env("CARGO_TARGET_DIR", target).env("CARGO_INCREMENTAL", "0");
    command.env("RUSTC_WRAPPER", "").env("RUSTC_WORKSPACE_WRAPPER", "");
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_BUILD_BUILD_DIR"] {
        command.env_remove(name);
    }
    command
}

/// What cargo calls the work that it does, at the beginning of a line.
const WORK: [&str; 6] = ["Blocking", "Checking", "Compiling", "Downloaded", "Downloading", "Running"];

/// How often a command that says nothing is looked at.
const POLL: Duration = Duration::from_millis(50);

/// Runs cargo in the project below `root`, says what it works on while it does, and returns what it prints.
/// Ends it once `is_over`.
///
/// # Errors
/// When cargo cannot be started, and with all that it said when it fails; `Interrupted` when it was ended.
pub fn heard(
    root: &Path,
    arguments: &[&str],
    say: &dyn Fn(&str),
    is_over: &dyn Fn() -> bool,
) -> io::Result<String> {
    let mut command = Command::new(env!("CARGO"));
    let command = command.args(arguments).current_dir(root);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // The threads are not waited for: what cargo has started may keep the pipes open when it is ended.
    let (printed, out) = mpsc::channel();
    let (spoken, lines) = mpsc::channel();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    thread::spawn(move || {
        let mut text = Vec::new();
        let read = stdout.map_or(Ok(0), |mut stdout| stdout.read_to_end(&mut text));
        printed.send(read.map(|_| String::from_utf8_lossy(&text).into_owned()))
    });
    thread::spawn(move || {
        let lines = stderr.into_iter().flat_map(|stderr| BufReader::new(stderr).split(b'\n'));
        lines.map_while(Result::ok).try_for_each(|line| spoken.send(line))
    });
    let mut err = String::new();
    loop {
        match lines.recv_timeout(POLL) {
            Ok(line) => {
                let line = String::from_utf8_lossy(&line);
                if WORK.contains(&line.split_whitespace().next().unwrap_or_default()) {
                    say(line.trim());
                }
                err += &line;
                err.push('\n');
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if is_over() {
            child.kill()?;
            child.wait()?;
            return Err(io::ErrorKind::Interrupted.into());
        }
    }
    let out = out.recv().map_err(io::Error::other)??;
    if !child.wait()?.success() {
        return Err(io::Error::other(format!("cargo {}\n{out}{err}", arguments.join(" "))));
    }
    Ok(out)
}

/// A workspace of generated clients with the project's dependencies in the project's versions.
#[derive(Debug)]
pub struct Workspace {
    project: PathBuf,
    folder: PathBuf,
    target: PathBuf,
    /// The files that belong to it.
    kept: BTreeSet<PathBuf>,
}

/// What the compiler said of a workspace.
#[derive(Debug)]
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

/// One error of the compiler.
#[derive(Debug)]
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
    /// A workspace in a folder, with the runtime and the dependencies of the project below `project`.
    /// A later run in the same folder compiles only what differs.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn new(project: &Path, folder: &Path, target: &Path) -> io::Result<Self> {
        let members = folder.join("members");
        fs::create_dir_all(&members)?;
        let manifest = fs::read_to_string(project.join("Cargo.toml"))?;
        write(&folder.join("Cargo.toml"), &workspace_manifest(&manifest)?)?;
        write(&folder.join("Cargo.lock"), &fs::read_to_string(project.join("Cargo.lock"))?)?;
        let (project, target) = (project.to_owned(), target.to_owned());
        Ok(Self { project, folder: folder.to_owned(), target, kept: BTreeSet::new() })
    }

    /// Adds a client: generated files with the real runtime, and with features of its own families.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn client(&mut self, name: &str, files: &Files) -> io::Result<()> {
        let manifest = fs::read_to_string(self.project.join("crates/pleo-client/Cargo.toml"))?;
        let openapi: Value = serde_json::from_str(files.get(OPENAPI).map_or("", String::as_str))?;
        let manifest = features::in_manifest(&manifest, &openapi, None)
            .ok_or_else(|| invalid("the manifest of pleo-client has no lines for its features"))?;
        let manifest = manifest.replacen("name = \"pleo-client\"", &format!("name = \"{name}\""), 1);
        // Nothing of it is tested but what rustdoc runs.
        let no_parts = || invalid("the manifest of pleo-client has no dev-dependencies before its lints");
        let (before, rest) = manifest.split_once("[dev-dependencies]").ok_or_else(no_parts)?;
        let (_, lints) = rest.split_once("[lints]").ok_or_else(no_parts)?;
        self.write(name, "Cargo.toml", &format!("{before}[lints]{lints}"))?;
        let runtime = self.project.join("crates/pleo-client/src/runtime/mod.rs");
        let library = format!(
            "mod generated;\n#[path = {runtime:?}]\npub mod runtime;\npub use generated::*;\npub use runtime::*;\n"
        );
        self.write(name, "src/lib.rs", &library)?;
        for (path, text) in files {
            if let Some(path) = path.strip_prefix(CLIENT) {
                self.write(name, &format!("src/generated/{}", path.trim_start_matches('/')), text)?;
            }
        }
        Ok(())
    }

    /// Adds a file to a member.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, member: &str, path: &str, text: &str) -> io::Result<()> {
        let path = self.folder.join("members").join(member).join(path);
        write(&path, text)?;
        self.kept.insert(path);
        Ok(())
    }

    /// A command of cargo's on all members.
    ///
    /// # Errors
    /// When what an earlier run left cannot be removed.
    pub fn command(&self, arguments: &[&str]) -> io::Result<Command> {
        remove_others(&self.folder.join("members"), &self.kept)?;
        let mut command = cargo(&self.folder, &self.target);
        command.args(arguments).args([
            "--workspace",
            "--no-default-features",
            "--features=full",
            "--offline",
        ]);
        Ok(command)
    }

    /// Checks all members.
    ///
    /// # Errors
    /// When cargo cannot be started, or what an earlier run left cannot be removed.
    pub fn check(&self) -> io::Result<Checked> {
        let members = self.folder.join("members");
        let output = self.command(&["check", "--keep-going", "--message-format=json"])?.output()?;
        let members: BTreeSet<String> = fs::read_dir(&members)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<_>>()?;
        let mut checked = Checked {
            reached: BTreeSet::new(),
            errors: Vec::new(),
            success: output.status.success(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let message: Value = serde_json::from_str(line)?;
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
        Ok(checked)
    }
}

fn invalid(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

/// The project's manifest with other members, without its own crates, and with lints and a profile that every
/// nested run has.
fn workspace_manifest(manifest: &str) -> io::Result<String> {
    let (before, rest) =
        manifest.split_once("members = [").ok_or_else(|| invalid("Cargo.toml has no list of members"))?;
    let (_, after) = rest.split_once(']').unwrap_or_default();
    let after: Vec<&str> = after.lines().filter(|line| !line.contains("path = ")).collect();
    let after = after.join("\n");
    let after = after.split("[workspace.lints").next().unwrap_or_default();
    // A family without its feature would not be compiled at all, so that is an error. Lints are here because
    // other flags would compile every dependency again.
    let lints = "[workspace.lints.rust]\nwarnings = { level = \"allow\", priority = -1 }\nunexpected_cfgs = \"deny\"\n";
    Ok(format!("{before}members = [\"members/*\"]\n{after}{lints}\n{PROFILE}"))
}

/// The profile of every nested run: the same one shares dependencies.
pub const PROFILE: &str = "[profile.dev]\ndebug = false\n";

/// Leaves an unchanged file alone, so that the compiler need not look at it again.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

/// Removes what an earlier run has left.
fn remove_others(folder: &Path, kept: &BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, kept)?;
            // Fails for a folder that is not empty.
            let _ = fs::remove_dir(&path);
        } else if !kept.contains(&path) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
