//! `cargo xtask measure`: what building costs, for each choice of features and for a program without
//! Pleo.

use std::{
    collections::{BTreeMap, BTreeSet},
    env::consts::EXE_SUFFIX,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use xtask_codegen::compile;

/// The name of the row for the program without Pleo.
const BARE: &str = "bare";
/// The columns that need builds, before the crate counts.
const BUILDS: [&str; 5] =
    ["client check", "client release", "program check", "program release", "program bytes"];

/// Which rows to measure, and how.
#[derive(clap::Args)]
#[command(after_help = "\
It prints a Markdown table. Run it on a machine that does nothing else; docs/maintainers/measurements.md describes
the columns and keeps earlier figures.")]
pub(crate) struct Arguments {
    /// The rows to measure: full, default, an API family, or bare (a program that uses reqwest without
    /// Pleo) [default: all rows]
    #[arg(value_name = "ROW")]
    rows: Vec<String>,
    /// Count the crates only, and build nothing
    #[arg(long, conflicts_with_all = ["cold", "runs"])]
    crates: bool,
    /// Build from an empty target folder, once per row; otherwise dependencies are built beforehand
    #[arg(long, conflicts_with = "runs")]
    cold: bool,
    /// Time each build N times; the table shows the median
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
}

/// Measures each row and prints it as soon as it is known.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> Result<()> {
    let rows = rows(root)?;
    let is_chosen = |row: &&Row| arguments.rows.is_empty() || arguments.rows.contains(&row.name);
    if let Some(name) = arguments.rows.iter().find(|name| rows.iter().all(|row| row.name != **name)) {
        let known: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        bail!("there is no row `{name}`; choose from: {}", known.join(", "));
    }
    let builds: &[&str] = if arguments.crates { &[] } else { &BUILDS };
    println!("| features | {} |", [builds, &["crates", "crates to bare"]].concat().join(" | "));
    println!("|---|{}", "---:|".repeat(builds.len() + 2));
    let bare = rows.last().map_or(Ok(0), |bare| bare.write_and_count(root))?;
    for row in rows.iter().filter(is_chosen) {
        let crates = row.write_and_count(root)?;
        let mut cells = if arguments.crates { Vec::new() } else { row.build(root, arguments)? };
        cells.extend([crates.to_string(), format!("{:.2}", crates as f64 / bare as f64)]);
        println!("| {} | {} |", row.name, cells.join(" | "));
    }
    Ok(())
}

/// A ten-line program, and the features of Pleo that it chooses.
struct Row {
    name: String,
    /// What it depends on, besides tokio.
    dependencies: Value,
    source: String,
    /// The arguments that choose the same features of `pleo-client`; `None` without Pleo.
    client: Option<Vec<String>>,
}

/// The rows: all features, the default ones, each API family alone, and last the program without Pleo.
fn rows(root: &Path) -> Result<Vec<Row>> {
    let path = root.join(xtask_codegen::OPENAPI);
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let openapi: Value = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    let calls = calls(&openapi);
    let Some(first) = calls.values().min() else {
        bail!("{}: no operation has an API family; run `cargo xtask generate`", path.display());
    };
    let pleo = |name: &str, feature: Option<&str>, call: &Call<'_>| {
        let mut dependency = json!({ "path": root.join("crates/pleo") });
        let mut client = vec!["--package".to_owned(), "pleo-client".to_owned()];
        if let Some(feature) = feature {
            dependency["default-features"] = json!(false);
            dependency["features"] = json!(["rustls", feature]);
            client.extend(["--no-default-features".to_owned(), format!("--features=rustls,{feature}")]);
        }
        let source = include_str!("../../measure/pleo.rs").replace("OPERATION", call.operation);
        let dependencies = json!({ "pleo": dependency });
        Row { name: name.to_owned(), dependencies, source, client: Some(client) }
    };
    let mut rows = vec![pleo("full", Some("full"), first), pleo("default", None, first)];
    rows.extend(calls.iter().map(|(family, call)| pleo(family, Some(family), call)));
    let dependencies = json!({
        "chrono": { "workspace": true },
        "reqwest": { "workspace": true, "features": ["json", "query", "rustls"] },
        "serde": { "workspace": true },
        "uuid": { "workspace": true },
    });
    let source = include_str!("../../measure/bare.rs").to_owned();
    rows.push(Row { name: BARE.to_owned(), dependencies, source, client: None });
    Ok(rows)
}

/// A call that a program can make; the least is the simplest.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Call<'a> {
    /// Whether it needs arguments or is not a GET.
    complex: bool,
    /// Its position in the document.
    position: usize,
    operation: &'a str,
}

/// The simplest call of each API family.
fn calls(openapi: &Value) -> BTreeMap<&str, Call<'_>> {
    let mut calls = BTreeMap::new();
    for (position, (at, operation)) in xtask_openapi::walk::operations(openapi).enumerate() {
        let text = |key| operation.get(key).and_then(Value::as_str);
        let (Some(family), Some(id)) = (text("x-pleo-family"), text("operationId")) else { continue };
        let mut parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let complex = at.method != "get" || parameters.any(|parameter| parameter["required"] == true);
        let call = Call { complex, position, operation: id };
        if calls.get(family).is_none_or(|simplest| call < *simplest) {
            calls.insert(family, call);
        }
    }
    calls
}

impl Row {
    fn folder(&self, root: &Path) -> PathBuf {
        root.join("target/measure/programs").join(&self.name)
    }

    /// Writes the program with the project's versions of all that it depends on, and counts the crates
    /// that it is made of on this platform, without itself and its build dependencies.
    fn write_and_count(&self, root: &Path) -> Result<usize> {
        let folder = self.folder(root);
        let manifest: toml::Table =
            fs::read_to_string(root.join("Cargo.toml"))?.parse().context("Cargo.toml")?;
        let mut requirements = json!(manifest)["workspace"]["dependencies"].take();
        if let Some(requirements) = requirements.as_object_mut() {
            requirements.retain(|_, requirement| requirement.get("path").is_none());
        }
        let mut dependencies = self.dependencies.clone();
        dependencies["tokio"] = json!({ "workspace": true, "features": ["macros", "rt"] });
        let manifest = toml::to_string(&json!({
            "package": { "name": "program", "edition": "2024" },
            "dependencies": dependencies,
            "profile": { "release": { "strip": true } },
            "workspace": { "resolver": "3", "dependencies": requirements },
        }))?;
        fs::create_dir_all(folder.join("src"))
            .and_then(|()| fs::write(folder.join("Cargo.toml"), manifest))
            .and_then(|()| fs::write(folder.join("src/main.rs"), &self.source))
            .and_then(|()| fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")))
            .with_context(|| format!("cannot write the program in {}", folder.display()))?;
        // Also adapts the copied lock file to the program, so that builds can use --locked.
        let tree = ["tree", "--edges", "normal", "--prefix", "none", "--format", "{p}"].map(str::to_owned);
        let tree = cargo(&folder, &folder.join("target"), &tree)?;
        // Cargo marks a package whose dependencies it has already listed.
        let packages: BTreeSet<&str> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
        Ok(packages.len().saturating_sub(1))
    }

    /// The cells of the columns [`BUILDS`].
    fn build(&self, root: &Path, arguments: &Arguments) -> Result<Vec<String>> {
        let target = root.join("target/measure/program");
        let folder = self.folder(root);
        let mut cells = match &self.client {
            None => vec!["–".to_owned(), "–".to_owned()],
            Some(choice) => {
                let target = root.join("target/measure/client");
                check_and_release(root, &target, &["pleo-client"], choice, arguments)?
            }
        };
        let pleo: &[&str] = if self.client.is_some() { &["pleo", "pleo-auth", "pleo-client"] } else { &[] };
        cells.extend(check_and_release(&folder, &target, &[&["program"], pleo].concat(), &[], arguments)?);
        let binary = target.join(format!("release/program{EXE_SUFFIX}"));
        cells.push(fs::metadata(&binary).with_context(|| binary.display().to_string())?.len().to_string());
        Ok(cells)
    }
}

/// How long checking takes, and building with optimisation. `ours` are the packages to build again each
/// time, `choice` the arguments that choose what is built.
fn check_and_release(
    folder: &Path,
    target: &Path,
    ours: &[&str],
    choice: &[String],
    arguments: &Arguments,
) -> Result<Vec<String>> {
    let measured = |(command, profile): (&str, &str)| {
        let with = |command: &str| [command, "--locked", "--profile", profile].map(str::to_owned).to_vec();
        let build = [with(command), choice.to_vec()].concat();
        let packages = ours.iter().map(|name| format!("--package={name}")).collect();
        let clean = [with("clean"), packages].concat();
        if arguments.cold && target.exists() {
            fs::remove_dir_all(target).with_context(|| target.display().to_string())?;
        } else if !arguments.cold {
            cargo(folder, target, &build)?;
        }
        let mut times = Vec::new();
        for _ in 0..if arguments.cold { 1 } else { arguments.runs } {
            if !arguments.cold {
                cargo(folder, target, &clean)?;
            }
            let start = Instant::now();
            cargo(folder, target, &build)?;
            times.push(start.elapsed().as_secs_f64());
        }
        times.sort_unstable_by(f64::total_cmp);
        Ok(format!("{:.2} s", times[times.len() / 2]))
    };
    [("check", "dev"), ("build", "release")].into_iter().map(measured).collect()
}

/// Runs cargo and returns what it prints; its progress goes to the terminal.
fn cargo(folder: &Path, target: &Path, arguments: &[String]) -> Result<String> {
    let mut command = compile::cargo(folder, target);
    let output = command.args(arguments).stderr(Stdio::inherit()).output().context("cannot start cargo")?;
    if !output.status.success() {
        bail!("`cargo {}` failed", arguments.join(" "));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
