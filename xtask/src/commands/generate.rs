//! `cargo xtask generate`

use std::path::Path;

use anyhow::{Context as _, Result};
use xtask_codegen::{self as codegen, Files, features};
use xtask_openapi::{Normalised, passes, walk};
use xtask_tree::Change;

use super::step;

/// Makes the generated files and writes those that differ.
pub(crate) fn run(root: &Path) -> Result<()> {
    write(root)?;
    Ok(())
}

/// Makes and writes the generated files; what was changed can be taken back.
pub(crate) fn write(root: &Path) -> Result<Change> {
    let (_, files) = make(root)?;
    step("write", "spec/ and crates/", || {
        let change = Change::apply(root, codegen::CLIENT, &files)
            .context("a generated file cannot be written; free it and run again")?;
        let done = match change.count() {
            0 => format!("nothing to change in {} files", files.len()),
            changed => format!("{changed} of {} files changed", files.len()),
        };
        Ok((change, done))
    })
}

/// Makes the generated files in memory.
pub(crate) fn make(root: &Path) -> Result<(Normalised, Files)> {
    let normalised = step("normalise", "spec/published and spec/overlays", || -> Result<_> {
        let normalised = xtask_openapi::read(root)?;
        let passes: Vec<_> = passes::CLEAN.iter().chain(passes::LOWER).collect();
        let places: usize = passes.iter().map(|pass| normalised.report.count(pass.id)).sum();
        let documents =
            normalised.openapi.pointer("/info/x-pleo-sources").and_then(|value| value.as_object());
        let done = format!(
            "{} documents, {} passes at {places} places",
            documents.map_or(0, |documents| documents.len()),
            passes.len()
        );
        Ok((normalised, done))
    })?;
    let files = step("generate", "crates/pleo-client", || -> Result<_> {
        let mut files = codegen::generate(&normalised)?;
        files.extend(features::manifests(root, &normalised.openapi)?);
        let code = files.iter().filter(|(path, _)| path.starts_with(codegen::CLIENT));
        let lines: usize = code.map(|(_, text)| text.lines().count()).sum();
        let operations = walk::operations(&normalised.openapi).count();
        let done = format!("{operations} operations in {lines} lines");
        Ok((files, done))
    })?;
    Ok((normalised, files))
}
