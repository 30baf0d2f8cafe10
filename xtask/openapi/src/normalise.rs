//! The pipeline: overlays, cleaning passes, merging.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Document, HOSTS, Refusals, SpecError, duplicates, merge,
    overlay::{self, Overlay},
    passes::{self, Pass, servers},
    pointer,
    report::Report,
    shape,
};

/// What the pipeline makes of the published documents.
#[derive(Debug, Clone)]
pub struct Normalised {
    /// One clean OpenAPI 3.0.3 document: the content of `spec/openapi.json`.
    pub openapi: Value,
    /// The same document made plain enough for the generator; never written to disk.
    pub lowered: Value,
    /// What each pass did: the content of `spec/report.md`.
    pub report: Report,
    /// What of the overlays found nothing to do.
    pub passed_over: Vec<SpecError>,
    /// The file of each document, by what `x-pleo-source` calls it.
    files: BTreeMap<String, File>,
}

impl Normalised {
    /// The same error, naming the published document that the place comes from instead of the
    /// merged one.
    pub fn at_source(&self, error: SpecError) -> SpecError {
        at_source(&self.openapi, &self.files, error)
    }
}

/// The file of a document.
#[derive(Debug, Clone)]
struct File {
    name: String,
    /// The path of its servers, which the pass `servers` has put in front of its paths.
    prefix: String,
}

impl File {
    fn of(document: &Document) -> Self {
        Self { name: document.name.clone(), prefix: servers::shared_path(&document.value) }
    }
}

fn at_source(openapi: &Value, files: &BTreeMap<String, File>, mut error: SpecError) -> SpecError {
    if error.document != merge::RESULT {
        return error;
    }
    let tokens: Vec<String> = pointer::tokens(&error.pointer).take(3).collect();
    let source = match tokens.as_slice() {
        [section, path, method] if section == "paths" => openapi["paths"][path][method].get("x-pleo-source"),
        [section, schemas, name] if section == "components" => {
            openapi[section][schemas][name].pointer("/x-pleo-sources/0")
        }
        _ => None,
    };
    let only = files.values().next().filter(|_| files.len() == 1);
    let file = source.and_then(Value::as_str).and_then(|source| files.get(source)).or(only);
    if let Some(file) = file {
        error.document.clone_from(&file.name);
        let merged = pointer::push("/paths", &file.prefix);
        if let Some(rest) = error.pointer.strip_prefix(&merged).filter(|_| !file.prefix.is_empty()) {
            error.pointer = format!("/paths/{rest}");
        }
    }
    error
}

/// Whether the documents are the project's own.
///
/// There, what has lost its reason has to go: an action of an overlay that matches nothing is an error,
/// and so is a host that no environment of the client knows. A fixture holds one construct only, and
/// another state of the documents, or a stranger's, is as it is.
///
/// That a pass of today finds something to do is for the tests to see, which have today's documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idle {
    /// Every action must find something to do.
    Refused,
    /// Any action may find nothing.
    Allowed,
}

/// Runs the whole pipeline.
///
/// # Errors
/// Every construct that a step does not know or may not decide. A document that one step refuses takes no
/// part in later ones, and nothing is merged before all of them are accepted.
pub fn normalise(
    mut documents: Vec<Document>,
    overlays: &[Overlay],
    idle: Idle,
) -> Result<Normalised, Refusals> {
    let mut report = Report::default();
    documents.sort_by(|a, b| a.name.cmp(&b.name));
    Refusals::none(duplicates::find(&documents, overlays))?;
    let shapes = documents.iter().map(|document| shape::check(&document.name, &document.value));
    Refusals::none(shapes.filter_map(Result::err).flatten().collect())?;
    let applied = overlay::apply_all(&mut documents, overlays, idle)?;
    report.overlays = applied.overlays;
    let mut refused = Vec::new();
    if idle == Idle::Refused {
        for document in &documents {
            refused.extend(servers::foreign_hosts(&document.name, &document.value, &HOSTS));
        }
    }
    let files = documents.iter().map(|document| (document.stem().to_owned(), File::of(document))).collect();
    for document in &mut documents {
        passes::keep_source(document);
    }
    refused.extend(clean(&mut documents, &mut report).err().into_iter().flatten());
    Refusals::none(refused)?;
    let openapi = merge::merge(documents, &mut report)?;
    let mut lowered = openapi.clone();
    for pass in passes::LOWER {
        run(pass, merge::RESULT, &mut lowered, &mut report)
            .map_err(|refusals| refusals.map(|error| at_source(&openapi, &files, error)))?;
    }
    Ok(Normalised { openapi, lowered, report, passed_over: applied.passed_over, files })
}

/// Runs the cleaning passes over each document.
fn clean(documents: &mut [Document], report: &mut Report) -> Result<(), Refusals> {
    let mut refused: Vec<SpecError> = Vec::new();
    for pass in passes::CLEAN {
        for document in documents.iter_mut() {
            if refused.iter().any(|error| error.document == document.name) {
                continue;
            }
            if let Err(refusals) = run(pass, &document.name, &mut document.value, report) {
                refused.extend(refusals);
            }
        }
    }
    Refusals::none(refused)
}

/// Runs one pass over one document and notes what it did.
///
/// # Errors
/// What the pass refuses.
pub fn run(pass: &Pass, document: &str, value: &mut Value, report: &mut Report) -> Result<(), Refusals> {
    let mut log = passes::Log::new(document);
    (pass.run)(&mut log, value)?;
    report.note(pass, document, log.into_places());
    Ok(())
}
