//! What building costs, for all features, the default ones, and each API family alone.

use std::{
    collections::BTreeMap,
    env::consts::EXE_SUFFIX,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;

use super::{
    MeasureError,
    cargo::Cargo,
    program,
    program::Program,
    table::{Table, TableError},
};
use xtask_codegen::{CLIENT, OPENAPI};
use xtask_openapi::{names, walk};
use xtask_tree as tree;

/// The headings of the table of `cargo xtask measure build`. That of `cold` has the first five.
pub const HEADINGS: [&str; 9] = [
    "features",
    "client check",
    "client release",
    "program check",
    "program release",
    "program bytes",
    "program crates",
    "crates to bare reqwest",
    "generated lines",
];
/// How many of the headings are a row's name and times.
const TIMES: usize = 5;

/// The feature that each selection without the default features has beside its family, as the README
/// advises.
const TLS: &str = "rustls";
/// The name of the row for the program without Pleo.
const BARE: &str = "bare reqwest";
/// What stands where there is nothing to measure.
const NOTHING: &str = "–";

/// A choice of features of `pleo-client` and `pleo-auth`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    name: String,
    features: Option<[String; 2]>,
    operation: String,
    lines: usize,
}

impl Selection {
    /// Its name: `full`, `default` or an API family.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The features that are chosen; `None` for the default ones.
    pub fn features(&self) -> Option<&[String; 2]> {
        self.features.as_ref()
    }

    /// The id of the operation that its program calls: a GET that needs no argument, if there is one.
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// How many generated lines are its family's own; of `full` and `default`, all of them.
    pub fn lines(&self) -> usize {
        self.lines
    }
}

/// All selections of the project below `root`, by the families of its clean document.
///
/// # Errors
/// When the document or the generated code cannot be read, or there is no family.
pub fn selections(root: &Path) -> Result<Vec<Selection>, MeasureError> {
    let path = root.join(OPENAPI);
    let text = fs::read_to_string(&path).map_err(|error| MeasureError::file(&path, error))?;
    let openapi: Value = serde_json::from_str(&text).map_err(|error| MeasureError::file(&path, error))?;
    let calls = calls(&openapi);
    let Some(first) = calls.values().min() else {
        let problem = "no operation names its API family; make it with `cargo xtask generate`";
        return Err(MeasureError::file(&path, problem));
    };
    let features = |feature: &str| Some([TLS.to_owned(), feature.to_owned()]);
    let all = lines(&root.join(CLIENT))?;
    let mut selections = Vec::new();
    for (name, features) in [("full", features("full")), ("default", None)] {
        let (name, operation) = (name.to_owned(), first.operation.to_owned());
        selections.push(Selection { name, features, operation, lines: all });
    }
    for (family, call) in &calls {
        selections.push(Selection {
            name: (*family).to_owned(),
            features: features(family),
            operation: call.operation.to_owned(),
            lines: lines(&root.join(CLIENT).join(names::snake(family)))?,
        });
    }
    Ok(selections)
}

/// A call that a program can make; the least is the best to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Call<'a> {
    /// Not a GET, or one that needs an argument.
    other_than_plain_get: bool,
    /// How many came before it in the document.
    position: usize,
    operation: &'a str,
}

/// The call of each family's program.
fn calls(openapi: &Value) -> BTreeMap<&str, Call<'_>> {
    let mut calls = BTreeMap::new();
    for (position, (place, operation)) in walk::operations(openapi).enumerate() {
        let text = |key| operation.get(key).and_then(Value::as_str);
        let (Some(family), Some(id)) = (text("x-pleo-family"), text("operationId")) else { continue };
        let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let needs_argument = parameters.into_iter().any(|parameter| parameter["required"] == true);
        let other_than_plain_get = place.method != "get" || needs_argument;
        let call = Call { other_than_plain_get, position, operation: id };
        let best = calls.entry(family).or_insert(call);
        *best = call.min(*best);
    }
    calls
}

/// How many lines the files in a folder have.
fn lines(folder: &Path) -> Result<usize, MeasureError> {
    let mut lines = 0;
    for path in tree::files_below(folder).map_err(|error| MeasureError::file(folder, error))? {
        let text = fs::read_to_string(&path).map_err(|error| MeasureError::file(&path, error))?;
        lines += text.lines().count();
    }
    if lines == 0 {
        return Err(MeasureError::file(
            folder,
            "holds no generated code; make it with `cargo xtask generate`",
        ));
    }
    Ok(lines)
}

/// From where builds begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With the dependencies built; the median of some runs.
    Warm {
        /// How many, at least one.
        runs: usize,
    },
    /// From an empty target folder, once.
    Cold,
}

/// What one row is about.
#[derive(Debug, Clone)]
pub enum Row {
    /// Our client, with some features, and a program that depends on it.
    Pleo(Selection),
    /// A program that depends on reqwest and not on Pleo.
    Bare,
}

impl Row {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Pleo(selection) => selection.name(),
            Self::Bare => BARE,
        }
    }
}

/// Measures building, row by row.
#[derive(Debug)]
pub struct Builds {
    root: PathBuf,
    folder: PathBuf,
    start: Start,
    rows: Vec<Row>,
    bare: Program,
}

impl Builds {
    /// What there is to measure in the project below `root`: the rows of these names, or all. Nothing
    /// is measured yet.
    ///
    /// # Errors
    /// When the project cannot be read, or there is no row of such a name.
    pub fn new(root: &Path, start: Start, only: &[String]) -> Result<Self, MeasureError> {
        let mut rows: Vec<Row> = selections(root)?.into_iter().map(Row::Pleo).collect();
        rows.push(Row::Bare);
        if let Some(name) = only.iter().find(|name| rows.iter().all(|row| row.name() != *name)) {
            let rows = rows.iter().map(|row| row.name().to_owned()).collect();
            return Err(MeasureError::NoRow { name: name.clone(), rows });
        }
        if !only.is_empty() {
            rows.retain(|row| only.iter().any(|name| name == row.name()));
        }
        let folder = root.join("target/measure");
        let bare = Program::with_bare_reqwest(root, &program_folder(&folder, BARE))?;
        Ok(Self { root: root.to_owned(), folder, start, rows, bare })
    }

    /// The rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The table of measured rows.
    ///
    /// # Errors
    /// When a row has not as many cells as there are headings, or stands there twice.
    pub fn table(&self, rows: Vec<Vec<String>>) -> Result<Table, TableError> {
        let headings = match self.start {
            Start::Warm { .. } => &HEADINGS[..],
            Start::Cold => &HEADINGS[..TIMES],
        };
        Table::new(headings.iter().map(|heading| (*heading).to_owned()).collect(), rows)
    }

    /// Measures a row: its name, and a cell for each other heading.
    ///
    /// # Errors
    /// When a build fails.
    pub fn measure(&self, row: &Row) -> Result<Vec<String>, MeasureError> {
        let nothing = || NOTHING.to_owned();
        let (program, ours, client, lines) = match row {
            Row::Bare => (self.bare.clone(), &[program::NAME][..], [nothing(), nothing()], nothing()),
            Row::Pleo(selection) => (
                // First, because it downloads what is missing.
                Program::with_pleo(&self.root, &program_folder(&self.folder, selection.name()), selection)?,
                &[program::NAME, "pleo-auth", "pleo-client"][..],
                self.client(selection)?,
                selection.lines().to_string(),
            ),
        };
        let target = self.folder.join("program");
        let mut cells = vec![row.name().to_owned()];
        cells.extend(client);
        cells.extend(self.check_and_release(&Cargo::measured(program.folder(), &target), ours, &[])?);
        if matches!(self.start, Start::Warm { .. }) {
            let binary = target.join("release").join(format!("{}{EXE_SUFFIX}", program::NAME));
            let bytes = fs::metadata(&binary).map_err(|error| MeasureError::file(&binary, error))?.len();
            let to_bare = program.crates() as f64 / self.bare.crates() as f64;
            cells.extend([bytes.to_string(), program.crates().to_string(), format!("{to_bare:.2}"), lines]);
        }
        Ok(cells)
    }

    /// What `pleo-client` alone takes.
    fn client(&self, selection: &Selection) -> Result<[String; 2], MeasureError> {
        let cargo = Cargo::measured(&self.root, &self.folder.join("client"));
        let mut chosen = vec!["--package".to_owned(), "pleo-client".to_owned()];
        if let Some(features) = selection.features() {
            chosen.extend(["--no-default-features".to_owned(), "--features".to_owned(), features.join(",")]);
        }
        self.check_and_release(&cargo, &["pleo-client"], &chosen)
    }

    /// What checking takes, and building with optimisation. `ours` are the packages whose building is
    /// measured, `chosen` the arguments that choose what is built.
    fn check_and_release(
        &self,
        cargo: &Cargo,
        ours: &[&str],
        chosen: &[String],
    ) -> Result<[String; 2], MeasureError> {
        let measured = |command: &str, profile: &str| {
            let with = |command: &str| {
                [command, "--locked", "--profile", profile].map(str::to_owned).into_iter().collect::<Vec<_>>()
            };
            let mut build = with(command);
            build.extend(chosen.iter().cloned());
            let mut clean = with("clean");
            clean.extend(ours.iter().flat_map(|name| ["--package".to_owned(), (*name).to_owned()]));
            self.seconds(cargo, &build, &clean)
        };
        Ok([measured("check", "dev")?, measured("build", "release")?])
    }

    /// What a command of cargo's takes; `clean` takes away what it builds, except dependencies.
    fn seconds(&self, cargo: &Cargo, build: &[String], clean: &[String]) -> Result<String, MeasureError> {
        let time = match self.start {
            Start::Cold => {
                cargo.remove_target()?;
                cargo.time(build)?
            }
            Start::Warm { runs } => {
                cargo.output(build)?;
                let mut times = Vec::new();
                for _ in 0..runs {
                    cargo.output(clean)?;
                    times.push(cargo.time(build)?);
                }
                median(times)
            }
        };
        Ok(format!("{:.2} s", time.as_secs_f64()))
    }
}

/// Where the program of a row stands, below the folder in which everything is measured.
fn program_folder(folder: &Path, name: &str) -> PathBuf {
    folder.join("programs").join(name.replace(' ', "-"))
}

/// The time in the middle; of an even number, the later of the two.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
        let median = |millis: &[u64]| median(millis.iter().copied().map(Duration::from_millis).collect());
        assert_eq!(median(&[9, 1, 5]), Duration::from_millis(5));
        assert_eq!(median(&[7]), Duration::from_millis(7));
        assert_eq!(median(&[4, 2]), Duration::from_millis(4));
    }
}
