//! OpenAPI documents that are given as they are: files, folders, addresses.

use std::path::Path;

use super::{
    FetchError, Given, Pages,
    client::Answer,
    state::Collected,
    unite::{self, Part},
};
use xtask_openapi::{Document, SpecError};

/// Reads them in their order. A later one takes the place of an earlier one with its title.
pub(super) async fn collect(given: &[Given], pages: &impl Pages) -> Result<Collected, FetchError> {
    let mut collected = Collected::default();
    for given in given {
        let parts = match given {
            Given::Path(path) => read_path(path)?,
            Given::Address(address) => {
                let text = match pages.read(address, None).await {
                    Ok(Answer::Page { text, .. }) => text,
                    Ok(Answer::Unchanged) => String::new(),
                    Err(error) => return Err(FetchError::Read { address: address.to_string(), error }),
                };
                vec![parse(address.to_string(), &text)?]
            }
        };
        collected.read += parts.len();
        collected.parts.retain(|earlier| parts.iter().all(|later| later.title() != earlier.title()));
        collected.parts.extend(parts);
    }
    Ok(collected)
}

fn read_path(path: &Path) -> Result<Vec<Part>, FetchError> {
    let shown = path.display().to_string();
    if path.is_dir() {
        let documents = Document::read_folder(path).map_err(unreadable)?;
        return documents
            .into_iter()
            .map(|document| {
                let source = path.join(&document.name).display().to_string();
                part(document, source)
            })
            .collect();
    }
    let bytes = std::fs::read(path).map_err(|error| FetchError::files(path, &error))?;
    let text = Document::text(&shown, bytes).map_err(unreadable)?;
    Ok(vec![parse(shown, &text)?])
}

fn parse(source: String, text: &str) -> Result<Part, FetchError> {
    part(Document::parse(&source, text).map_err(unreadable)?, source)
}

/// What the pipeline says to do about its own documents is no help with those of others.
fn unreadable(error: SpecError) -> FetchError {
    FetchError::NotOpenApi { document: error.document, problem: error.problem }
}

fn part(document: Document, source: String) -> Result<Part, FetchError> {
    unite::check(&document.value)
        .map_err(|problem| FetchError::NotOpenApi { document: source.clone(), problem })?;
    Ok(Part { source, document: document.value })
}
