//! The pipeline: overlays, cleaning passes, merging.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Document, Refusals, SpecError, merge,
    overlay::{self, Overlay},
    passes::{self, Expect, Pass},
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
    /// The file name of each document, by what `x-pleo-source` calls it.
    files: BTreeMap<String, String>,
}

impl Normalised {
    /// The same error, naming the published document that the place comes from instead of the
    /// merged one.
    pub fn at_source(&self, error: SpecError) -> SpecError {
        at_source(&self.openapi, &self.files, error)
    }
}

fn at_source(openapi: &Value, files: &BTreeMap<String, String>, mut error: SpecError) -> SpecError {
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
        error.document.clone_from(file);
    }
    error
}

/// Whether a pass that changed nothing, or an overlay's action that matched nothing, is an error.
///
/// It is for the project's own documents: what has lost its reason has to go too. It is neither for
/// a fixture, which holds one construct only, nor where another state of the documents is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idle {
    /// A pass that today's documents need, and every action, must find something to do.
    Refused,
    /// Any pass and any action may find nothing.
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
    let shapes = documents.iter().map(|document| shape::check(&document.name, &document.value));
    Refusals::none(shapes.filter_map(Result::err).flatten().collect())?;
    report.overlays = overlay::apply_all(&mut documents, overlays, idle)?;
    // Only among the project's own documents a pass without work has lost its reason.
    let ours = documents.iter().all(|document| overlays.iter().any(|overlay| overlay.is_of(document)));
    let idle = if ours { idle } else { Idle::Allowed };
    for document in &mut documents {
        passes::keep_source(document);
    }
    clean(&mut documents, idle, &mut report)?;
    let files =
        documents.iter().map(|document| (document.stem().to_owned(), document.name.clone())).collect();
    let openapi = merge::merge(documents, &mut report)?;
    let mut lowered = openapi.clone();
    for pass in passes::LOWER {
        run(pass, merge::RESULT, &mut lowered, &mut report)
            .map_err(|refusals| refusals.map(|error| at_source(&openapi, &files, error)))?;
        refuse_idle(pass, idle, &report)?;
    }
    Ok(Normalised { openapi, lowered, report, files })
}

/// Runs the cleaning passes over each document.
fn clean(documents: &mut [Document], idle: Idle, report: &mut Report) -> Result<(), Refusals> {
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
        // A pass has not seen all documents once one is refused.
        if refused.is_empty() {
            refuse_idle(pass, idle, report)?;
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

fn refuse_idle(pass: &Pass, idle: Idle, report: &Report) -> Result<(), SpecError> {
    if idle == Idle::Allowed || pass.expect == Expect::IfPresent || report.count(pass.id) > 0 {
        return Ok(());
    }
    Err(SpecError::new(
        "spec/published",
        "",
        format!("pass `{}` found nothing to do", pass.id),
        "its reason is gone: delete the pass, or mark it `IfPresent` with a fixture",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gizmo(overlays: &[Overlay]) -> Result<Normalised, Refusals> {
        let text = "openapi: 3.0.3\ninfo: {title: Gizmo API, version: '1'}\n\
                    paths: {/v9/gizmos: {get: {operationId: listGizmos, responses: {'204': {description: ok}}}}}\n";
        normalise(vec![Document::parse("gizmo.yaml", text)?], overlays, Idle::Refused)
    }

    #[test]
    fn a_pass_without_work_is_refused_among_the_projects_own_documents_only() {
        let text = "overlay: 1.0.0\ninfo: {title: t, version: '1'}\n\
                    actions: [{target: $.info, x-reason: test, update: {x-pleo-family: gizmo}}]";
        let overlay = Overlay::parse("gizmo.yaml", text).unwrap();
        let refusals = gizmo(&[overlay]).unwrap_err();
        assert!(refusals.first().problem.contains("found nothing to do"), "{refusals}");
        assert!(gizmo(&[]).is_ok(), "a foreign document needs no pass of ours");
    }
}
