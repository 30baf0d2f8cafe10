//! `cargo xtask measure`: what building costs, for each choice of features and for a program without
//! Pleo.

use std::{
    collections::{BTreeMap, BTreeSet},
    env::consts::EXE_SUFFIX,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

/// The name of the row for the program without Pleo.
const BARE: &str = "bare";
/// The columns that need builds, before the crate counts.
const BUILDS: [&str; 5] =
    ["client check", "client release", "program check", "program release", "program bytes"];

/// Without Pleo, as a careful person writes it. The binary contains every dependency, so the program uses them all.
const BARE_SOURCE: &str = r#"#[derive(Debug, serde::Deserialize)]
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

/// Which rows to measure, and how.
#[derive(clap::Args)]
#[command(after_help = "\
Prints a Markdown table. Run it on a machine that does nothing else; docs/measurements.md describes
the columns and keeps earlier figures.")]
pub(crate) struct Arguments {
    /// The rows to measure: full, default, an API family, or bare (a program that uses reqwest
    /// without Pleo) [default: all rows]
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
    let (bare, rows) = (Row::bare(), rows(root)?);
    let known = || rows.iter().chain([&bare]);
    if let Some(name) = arguments.rows.iter().find(|name| known().all(|row| row.name != **name)) {
        let known: Vec<&str> = known().map(|row| row.name.as_str()).collect();
        bail!("there is no row `{name}`; choose from: {}", known.join(", "));
    }
    let builds: &[&str] = if arguments.crates { &[] } else { &BUILDS };
    println!("| features | {} |", [builds, &["crates", "crates to bare"]].concat().join(" | "));
    println!("|---|{}", "---:|".repeat(builds.len() + 2));
    let bare_crates = bare.write_and_count(root)?;
    for row in known().filter(|row| arguments.rows.is_empty() || arguments.rows.contains(&row.name)) {
        let crates = row.write_and_count(root)?;
        let mut cells = if arguments.crates { Vec::new() } else { row.build(root, arguments)? };
        cells.push(crates.to_string());
        cells.push(format!("{:.2}", crates as f64 / bare_crates as f64));
        println!("| {} | {} |", row.name, cells.join(" | "));
    }
    Ok(())
}

/// A ten-line program, and the choice of Pleo's features that it makes.
struct Row {
    name: String,
    /// The arguments that make the same choice for `pleo-client`; `None` for the program without Pleo.
    client: Option<Vec<String>>,
    dependencies: Value,
    source: String,
}

/// The rows with Pleo: all features, the default ones, and each API family alone.
fn rows(root: &Path) -> Result<Vec<Row>> {
    let path = root.join("spec/openapi.json");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let openapi: Value = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    let calls = calls(&openapi);
    let Some(first) = calls.values().min() else {
        bail!("{}: no operation has an API family; run `cargo xtask generate`", path.display());
    };
    let all = [("full", Some("full"), first), ("default", None, first)];
    let families = calls.iter().map(|(family, call)| (*family, Some(*family), call));
    Ok(all.into_iter().chain(families).map(|row| Row::pleo(root, row.0, row.1, row.2.operation)).collect())
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
    let paths = openapi["paths"].as_object().into_iter().flat_map(|paths| paths.values());
    let methods = paths.filter_map(Value::as_object).flatten();
    for (position, (method, operation)) in methods.enumerate() {
        let text = |key| operation[key].as_str();
        let (Some(family), Some(id)) = (text("x-pleo-family"), text("operationId")) else { continue };
        let mut parameters = operation["parameters"].as_array().into_iter().flatten();
        let complex = method != "get" || parameters.any(|parameter| parameter["required"] == true);
        let call = Call { complex, position, operation: id };
        if calls.get(family).is_none_or(|simplest| call < *simplest) {
            calls.insert(family, call);
        }
    }
    calls
}

impl Row {
    /// A program that calls an operation through `pleo-auth`, with a feature beside TLS.
    fn pleo(root: &Path, name: &str, feature: Option<&str>, operation: &str) -> Self {
        let mut pleo = json!({ "path": root.join("crates/pleo-auth") });
        let mut client = Vec::new();
        if let Some(feature) = feature {
            pleo["default-features"] = json!(false);
            pleo["features"] = json!(["rustls", feature]);
            client = vec![
                "--no-default-features".to_owned(),
                "--features".to_owned(),
                format!("rustls,{feature}"),
            ];
        }
        let source = format!(
            r#"use pleo_auth::{{Client, Session, StandaloneApiKey, Staging}};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {{
    let key = StandaloneApiKey::new(Staging, "FAKE-KEY")?;
    let client = Client::new(Session::new(key))?;
    let response = client.{operation}().send().await?;
    println!("{{response:?}}");
    Ok(())
}}
"#
        );
        let dependencies = json!({ "pleo-auth": pleo });
        Self { name: name.to_owned(), client: Some(client), dependencies, source }
    }

    /// A program that depends on reqwest with the same TLS, and on serde, uuid and chrono.
    fn bare() -> Self {
        let dependencies = json!({
            "chrono": { "workspace": true },
            "reqwest": { "workspace": true, "features": ["json", "query", "rustls"] },
            "serde": { "workspace": true },
            "uuid": { "workspace": true },
        });
        Self { name: BARE.to_owned(), client: None, dependencies, source: BARE_SOURCE.to_owned() }
    }

    fn folder(&self, root: &Path) -> PathBuf {
        root.join("target/measure/programs").join(&self.name)
    }

    /// Writes the program with the project's versions of all that it depends on, and counts the crates
    /// that it is made of on this platform, without itself and its build dependencies.
    fn write_and_count(&self, root: &Path) -> Result<usize> {
        let folder = self.folder(root);
        let manifest = fs::read_to_string(root.join("Cargo.toml")).context("Cargo.toml")?;
        let manifest: toml::Table = manifest.parse().context("Cargo.toml")?;
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
        let arguments = ["tree", "--edges", "normal", "--prefix", "none", "--format", "{p}"];
        let tree = cargo(&folder, None, &arguments.map(str::to_owned))?;
        Ok(distinct(&tree).saturating_sub(1))
    }

    /// The cells of the columns [`BUILDS`].
    fn build(&self, root: &Path, arguments: &Arguments) -> Result<Vec<String>> {
        let (client, program) = (root.join("target/measure/client"), root.join("target/measure/program"));
        let mut cells = match &self.client {
            None => vec!["–".to_owned(), "–".to_owned()],
            Some(choice) => {
                let package = ["--package".to_owned(), "pleo-client".to_owned()];
                let choice = [&package[..], choice].concat();
                check_and_release(root, &client, &["pleo-client"], &choice, arguments)?
            }
        };
        let ours: &[&str] = match self.client {
            None => &["program"],
            Some(_) => &["program", "pleo-auth", "pleo-client"],
        };
        cells.extend(check_and_release(&self.folder(root), &program, ours, &[], arguments)?);
        let binary = program.join(format!("release/program{EXE_SUFFIX}"));
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
        let time = || -> Result<f64> {
            let start = Instant::now();
            cargo(folder, Some(target), &build)?;
            Ok(start.elapsed().as_secs_f64())
        };
        let mut times = Vec::new();
        if arguments.cold {
            if target.exists() {
                fs::remove_dir_all(target).with_context(|| target.display().to_string())?;
            }
            times.push(time()?);
        } else {
            let packages = ours.iter().flat_map(|name| ["--package".to_owned(), (*name).to_owned()]);
            let clean = [with("clean"), packages.collect()].concat();
            time()?;
            for _ in 0..arguments.runs {
                cargo(folder, Some(target), &clean)?;
                times.push(time()?);
            }
        }
        Ok(format!("{:.2} s", median(times)))
    };
    [("check", "dev"), ("build", "release")].into_iter().map(measured).collect()
}

/// The time in the middle; of an even number, the longer of the two.
fn median(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// How many packages a tree of cargo's names.
fn distinct(tree: &str) -> usize {
    // Cargo marks a package whose dependencies it has already listed.
    let packages = tree.lines().map(|line| line.trim_end_matches(" (*)").trim());
    packages.filter(|line| !line.is_empty()).collect::<BTreeSet<_>>().len()
}

/// Runs cargo and returns what it prints. With a target folder, nothing outside it is reused and nothing
/// from the environment changes what is compiled.
fn cargo(folder: &Path, target: Option<&Path>, arguments: &[String]) -> Result<String> {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments).current_dir(folder);
    if let Some(target) = target {
        command.env("CARGO_TARGET_DIR", target).env("CARGO_INCREMENTAL", "0");
        command.env("RUSTC_WRAPPER", "").env("RUSTC_WORKSPACE_WRAPPER", "");
        for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_BUILD_BUILD_DIR"] {
            command.env_remove(name);
        }
    }
    // Cargo's progress goes to the terminal.
    let output = command.stderr(Stdio::inherit()).output().context("cannot start cargo")?;
    if !output.status.success() {
        bail!("`cargo {}` failed", arguments.join(" "));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_calls_the_first_get_that_needs_no_argument_or_else_the_first_operation() {
        let operation = |family: &str, id: &str, required: bool| {
            let parameters = json!([{ "name": "limit" }, { "name": "id", "required": required }]);
            json!({ "x-pleo-family": family, "operationId": id, "parameters": parameters })
        };
        let openapi = json!({ "paths": {
            "/a": { "post": operation("a", "create_a", false), "get": operation("a", "search_a", true) },
            "/a/all": { "get": operation("a", "list_a", false) },
            "/a/more": { "get": operation("a", "list_more_a", false) },
            "/b": { "post": operation("b", "create_b", false) },
            "/b/one": { "get": operation("b", "get_b", true) },
        }});
        let calls = calls(&openapi);
        let chosen: Vec<_> = calls.iter().map(|(family, call)| (*family, call.operation)).collect();
        assert_eq!(chosen, [("a", "list_a"), ("b", "create_b")]);
        assert_eq!(calls.values().min().unwrap().operation, "list_a");
    }

    #[test]
    fn the_median_is_the_time_in_the_middle() {
        assert_eq!(median(vec![9.0, 1.0, 5.0]), 5.0);
        assert_eq!(median(vec![7.0]), 7.0);
        assert_eq!(median(vec![4.0, 2.0]), 4.0);
    }

    #[test]
    fn a_crate_counts_once_for_each_of_its_versions() {
        let tree = "program v0.0.0 (/p)\nserde v1.0.228\nserde_core v1.0.228\nsyn v2.0.1\nserde v1.0.228 (*)\n\
                    syn v3.0.0 (proc-macro)\n\nserde_core v1.0.228\n";
        assert_eq!(distinct(tree), 5);
        assert_eq!(distinct(""), 0);
    }
}
