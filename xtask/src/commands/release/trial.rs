//! The packages by themselves: unpacked outside the repository, tested, installed and used.

use std::{
    collections::{BTreeMap, BTreeSet},
    env::consts::EXE_SUFFIX,
    fs,
    io::{BufRead as _, BufReader},
    iter,
    panic::resume_unwind,
    path::Path,
    process::{Command, Stdio},
    sync::{Mutex, PoisonError},
    thread,
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use xtask_codegen::compile::heard;

use super::{super::test::optional_features, Package, Packed};

/// The package whose README has the program that is run.
const LIBRARY: &str = "pleo";
/// The programs that are installed.
const PROGRAMS: [&str; 3] = ["pleo", "pleo-conformance", "pleo-sandbox"];
/// Its integration tests judge dozens of faulty clients, which takes minutes.
const SLOW: &str = "pleo-conformance";

/// A workspace of the unpacked packages, which find each other there and nothing of the repository.
pub(super) struct Trial<'a> {
    folder: &'a Path,
    target: &'a Path,
    packages: Vec<&'a Package>,
    features: String,
}

impl<'a> Trial<'a> {
    /// Unpacks the packages into a folder. `target` is where the project's dependencies are compiled already.
    ///
    /// # Errors
    /// When a file cannot be read or written, or the library's README has no program.
    pub(super) fn new(
        root: &Path,
        folder: &'a Path,
        target: &'a Path,
        metadata: &Value,
        packed: &[Packed<'a>],
    ) -> Result<Self> {
        for packed in packed {
            for (path, bytes) in &packed.files {
                write(&folder.join(packed.package.stem()).join(path), bytes)?;
            }
        }
        let packages: Vec<&Package> = packed.iter().map(|packed| packed.package).collect();
        let project = fs::read_to_string(root.join("Cargo.toml")).context("Cargo.toml")?;
        let project: toml::Table = project.parse().context("Cargo.toml")?;
        let found_here: serde_json::Map<String, Value> =
            packages.iter().map(|it| (it.name.clone(), json!({ "path": it.stem() }))).collect();
        let mut members: Vec<String> = packages.iter().map(|it| it.stem()).collect();
        members.extend(["program", "project"].map(str::to_owned));
        let workspace = toml::to_string(&json!({
            "workspace": { "resolver": "3", "members": members },
            "patch": { "crates-io": found_here },
            "profile": profile(&project, &packages),
        }))?;
        write(&folder.join("Cargo.toml"), workspace.as_bytes())?;
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).context("Cargo.lock")?;

        let library = packed.iter().find(|packed| packed.package.name == LIBRARY);
        let library = library.with_context(|| format!("{LIBRARY} is not among the packages"))?;
        let readme = String::from_utf8_lossy(library.files.get("README.md").map_or(&[], Vec::as_slice));
        let (dependencies, code) = program(&readme).with_context(|| {
            format!("README.md of {LIBRARY} has no program, or does not say what it needs")
        })?;
        write_package(folder, "program", dependencies, "main.rs", code)?;
        // With a test, cargo builds the program for it.
        write(&folder.join("program/tests/built.rs"), b"")?;
        let asked_for = toml::to_string(&json!({ "dependencies": asked_for(metadata) }))?;
        write_package(folder, "project", &asked_for, "lib.rs", "")?;
        let features =
            optional_features(metadata, |name| packages.iter().any(|package| package.name == name));
        Ok(Self { folder, target, packages, features })
    }

    /// Compiles everything, and runs all tests but the slow ones; says what it did.
    ///
    /// # Errors
    /// When something does not compile, or a test fails.
    pub(super) fn test(&self, say: &dyn Fn(&str)) -> Result<String> {
        let arguments = [
            &["test", "--workspace", "--all-targets", "--no-run", "--message-format=json"][..],
            &["--features", &self.features],
        ];
        let built = self.cargo(&arguments.concat(), say)?;
        let (mut programs, mut left_out) = (Vec::new(), 0);
        for message in built.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str);
            let (Some(program), Some(manifest)) = (text("/executable"), text("/manifest_path")) else {
                continue;
            };
            if message.pointer("/profile/test") != Some(&Value::Bool(true)) {
                continue;
            }
            let package = Path::new(manifest).parent().unwrap_or(self.folder);
            if package.ends_with(self.folder_of(SLOW)?) && text("/target/kind/0") == Some("test") {
                left_out += 1;
                continue;
            }
            let mut command = Command::new(program);
            // As `cargo test` runs it.
            let name = self.packages.iter().find(|it| package.ends_with(it.stem())).map(|it| &*it.name);
            command.env("CARGO_MANIFEST_DIR", package).env("CARGO_PKG_NAME", name.unwrap_or_default());
            command.current_dir(package);
            programs.push(command);
        }
        let run = programs.len();
        say(&format!("Running {run} test programs"));
        let failures = run_all(programs);
        if !failures.is_empty() {
            bail!("{} of {run} test programs fail:\n{}", failures.len(), failures.join("\n"));
        }
        Ok(format!(
            "{run} test programs pass; not run: {left_out} of {SLOW}, which takes minutes, and the doc tests"
        ))
    }

    /// Installs the programs and builds the one of the README, each with nothing but the features that it asks for.
    ///
    /// # Errors
    /// When one does not compile.
    pub(super) fn install(&self, say: &dyn Fn(&str)) -> Result<String> {
        let into = self.folder.join("installed");
        let into = into.to_string_lossy();
        let programs: Vec<&Package> = self.packages.iter().copied().filter(|it| it.is_program).collect();
        for package in &programs {
            let path = self.folder.join(package.stem());
            let path = path.to_string_lossy();
            self.cargo(
                &["install", "--debug", "--locked", "--no-track", "--root", &into, "--path", &path],
                say,
            )?;
        }
        self.cargo(&["build", "--locked", "--package", "program"], say)?;
        let names: Vec<&str> = programs.iter().map(|it| it.name.as_str()).collect();
        Ok(format!("{} from their packages", names.join(", ")))
    }

    /// Takes the programs that the tests compiled, which have the features of all packages together.
    ///
    /// # Errors
    /// When one is not there.
    pub(super) fn take_compiled(&self) -> Result<String> {
        let into = self.folder.join("installed/bin");
        fs::create_dir_all(&into)?;
        let programs = PROGRAMS.map(|name| format!("{name}{EXE_SUFFIX}"));
        for program in &programs {
            let compiled = self.target.join("debug").join(program);
            fs::copy(&compiled, into.join(program)).with_context(|| compiled.display().to_string())?;
        }
        Ok("nothing; the programs are those that the tests compiled".to_owned())
    }

    /// Runs what was installed, outside the repository.
    ///
    /// # Errors
    /// When a program fails or prints nothing.
    pub(super) fn make_use(&self, say: &dyn Fn(&str)) -> Result<String> {
        const CALLS: [&str; 11] = [
            "pleo --version",
            "pleo sandbox -- pleo check",
            "pleo completion bash",
            "pleo man manual",
            "pleo-sandbox --version",
            "pleo-sandbox completion bash",
            "pleo-sandbox man manual",
            "pleo-conformance --version",
            "pleo-conformance completion bash",
            "pleo-conformance man manual",
            "pleo-conformance run --cases 4 --summary",
        ];
        for call in CALLS {
            say(&format!("Running {call}"));
            let (program, arguments) = call.split_once(' ').unwrap_or((call, ""));
            let mut command = self.installed(program);
            let out = succeeds(command.args(arguments.split(' ')))?;
            if out.is_empty() && !call.contains(" man ") {
                bail!("`{call}` prints nothing");
            }
        }
        for program in PROGRAMS {
            let page = self.folder.join(format!("manual/{program}.1"));
            if !page.exists() {
                bail!("`{program} man` does not write {}", page.display());
            }
        }
        let printed = self.run_program()?;
        Ok(format!(
            "{} calls succeed, and the program of the README prints {printed} lines from the sandbox",
            CALLS.len()
        ))
    }

    /// Runs the program of the README against the installed sandbox, and counts the lines that it prints.
    fn run_program(&self) -> Result<usize> {
        let mut sandbox = self
            .installed("pleo-sandbox")
            .args(["--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start pleo-sandbox")?;
        let mut program = Command::new(self.target.join(format!("debug/program{EXE_SUFFIX}")));
        program.current_dir(self.folder);
        // The sandbox ends its introduction with a line about its end.
        for line in BufReader::new(sandbox.stdout.take().context("no output of pleo-sandbox")?).lines() {
            let line = line?;
            if let Some(company) = line.strip_prefix("company ") {
                program.env("PLEO_COMPANY_ID", company.trim());
            }
            program.envs(
                line.split(' ')
                    .filter_map(|word| word.split_once('='))
                    .filter(|it| it.0.starts_with("PLEO_")),
            );
            if line.contains("Ctrl-C") {
                break;
            }
        }
        let printed = succeeds(&mut program);
        sandbox.kill()?;
        sandbox.wait()?;
        let lines = printed?.lines().count();
        if lines == 0 {
            bail!("the program of the README prints nothing");
        }
        Ok(lines)
    }

    fn folder_of(&self, name: &str) -> Result<String> {
        let package = self.packages.iter().find(|package| package.name == name);
        Ok(package.with_context(|| format!("{name} is not among the packages"))?.stem())
    }

    fn installed(&self, program: &str) -> Command {
        let mut command =
            Command::new(self.folder.join("installed/bin").join(format!("{program}{EXE_SUFFIX}")));
        command.current_dir(self.folder);
        command
    }

    fn cargo(&self, arguments: &[&str], say: &dyn Fn(&str)) -> Result<String> {
        let target = self.target.to_string_lossy();
        let all = [arguments, &["--target-dir", &target]].concat();
        Ok(heard(self.folder, &all, say, &|| false)?)
    }
}

/// The lines of the manifest and the program that a README shows: its first blocks of TOML and Rust.
fn program(readme: &str) -> Option<(&str, &str)> {
    let block = |language: &str| {
        let (_, rest) = readme.split_once(&format!("\n```{language}"))?;
        let (_, rest) = rest.split_once('\n')?;
        Some(rest.split_once("\n```")?.0)
    };
    Some((block("toml")?, block("rust")?))
}

/// The profile that the project's dependencies are compiled with, so that none is compiled again. The packages themselves
/// are not optimised, which is for slow tests that are not run here.
fn profile(project: &toml::Table, packages: &[&Package]) -> toml::Table {
    let mut profile = project.get("profile").and_then(toml::Value::as_table).cloned().unwrap_or_default();
    let of_dev = profile.get_mut("dev").and_then(|dev| dev.get_mut("package"));
    if let Some(of_packages) = of_dev.and_then(toml::Value::as_table_mut) {
        of_packages.retain(|name, _| packages.iter().all(|package| package.name != *name));
    }
    profile
}

/// What the crates that are not published ask of their dependencies. A member of the workspace that asks for the same
/// makes cargo choose the same features as in the project, so that nothing is compiled a second time for the tests.
fn asked_for(metadata: &Value) -> BTreeMap<String, Value> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let is_for_here = |target: &Value| target.is_null() || (cfg!(unix) && target == "cfg(unix)");
    let mut asked: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    let unpublished = list(&metadata["packages"]).into_iter().filter(|package| package["publish"].is_array());
    for dependency in unpublished.flat_map(|package| list(&package["dependencies"])) {
        if dependency["path"].is_string() || !is_for_here(&dependency["target"]) {
            continue;
        }
        let text = |member: &str| dependency[member].as_str().unwrap_or_default().to_owned();
        let features = asked.entry((text("name"), text("req"))).or_default();
        features.extend(list(&dependency["features"]).iter().filter_map(Value::as_str).map(str::to_owned));
        if dependency["uses_default_features"] == true {
            features.insert("default".to_owned());
        }
    }
    // Some are there in two versions.
    let numbered = asked.into_iter().enumerate();
    let entries = numbered.map(|(number, ((name, version), mut features))| {
        let default = features.remove("default");
        let key = format!("{name}-{number}");
        let entry =
            json!({ "package": name, "version": version, "features": features, "default-features": default });
        (key, entry)
    });
    entries.collect()
}

fn write_package(folder: &Path, name: &str, dependencies: &str, file: &str, code: &str) -> Result<()> {
    let package = format!("[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n");
    write(&folder.join(name).join("Cargo.toml"), format!("{package}\n{dependencies}").as_bytes())?;
    write(&folder.join(name).join("src").join(file), code.as_bytes())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, bytes))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Runs programs, several at a time, since tests often wait, and collects what is wrong.
fn run_all(programs: Vec<Command>) -> Vec<String> {
    const AT_A_TIME: usize = 4;
    let left = Mutex::new(programs);
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let work =
        || iter::from_fn(next).filter_map(|mut program| succeeds(&mut program).err()).collect::<Vec<_>>();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_A_TIME).map(|_| scope.spawn(work)).collect();
        let ended =
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        ended.flatten().map(|error| format!("{error:#}")).collect()
    })
}

/// What a program prints.
fn succeeds(command: &mut Command) -> Result<String> {
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {command:?}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if !output.status.success() {
        bail!("{command:?} failed: {}\n{}{}", output.status, text(&output.stdout), text(&output.stderr));
    }
    Ok(text(&output.stdout))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_a_readme_is_its_first_block_of_each_language() {
        let readme =
            "# a\n\n```toml\na = 1\n```\n\n```rust,no_run\nfn main() {\n}\n```\n```rust\nlast\n```\n";
        assert_eq!(program(readme), Some(("a = 1", "fn main() {\n}")));
        assert_eq!(program("# a\n\n```rust\nfn main() {}\n```\n"), None);
    }

    #[test]
    fn dependencies_are_optimised_as_in_the_project_and_packages_are_not() {
        let project =
            "[profile.dev]\ndebug = 1\n[profile.dev.package]\npleo.opt-level = 2\nsyn.opt-level = 2\n";
        let package = Package {
            name: "pleo".to_owned(),
            version: "0.1.0".to_owned(),
            repository: String::new(),
            is_program: false,
        };
        let expected = "[dev]\ndebug = 1\n[dev.package]\nsyn.opt-level = 2\n";
        assert_eq!(profile(&project.parse().unwrap(), &[&package]), expected.parse().unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn each_program_that_fails_is_named() {
        let programs = ["exit 0", "echo wrong; exit 3", "exit 0", "exit 4", "exit 0", "exit 0"];
        let started = programs.map(|script| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            command
        });
        let failures = run_all(started.into());
        assert_eq!(failures.len(), 2, "{failures:?}");
        assert!(failures.iter().any(|failure| failure.contains("exit status: 3\nwrong")), "{failures:?}");
    }

    #[test]
    fn what_unpublished_crates_ask_for_is_asked_for_once() {
        let dependency = |name: &str, req: &str, features: &[&str], more: &str| {
            json!({ "name": name, "req": req, "features": features, "uses_default_features": more == "default",
                    "target": (more == "windows").then_some("cfg(windows)"),
                    "path": (more == "path").then_some("/x") })
        };
        let package = |publish: Value, dependencies: &[Value]| json!({ "publish": publish, "dependencies": dependencies });
        let metadata = json!({ "packages": [
            package(json!([]), &[dependency("a", "^1", &["x"], ""), dependency("b", "^2", &[], "path")]),
            package(json!([]), &[dependency("a", "^1", &["y"], "default"), dependency("a", "^2", &[], "")]),
            package(json!([]), &[dependency("c", "^1", &[], "windows")]),
            package(Value::Null, &[dependency("d", "^1", &[], "")]),
        ] });
        let expected = json!({
            "a-0": { "package": "a", "version": "^1", "features": ["x", "y"], "default-features": true },
            "a-1": { "package": "a", "version": "^2", "features": [], "default-features": false },
        });
        assert_eq!(json!(asked_for(&metadata)), expected);
    }
}
