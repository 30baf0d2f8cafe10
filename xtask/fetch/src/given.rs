//! OpenAPI documents that are given as they are: files, folders, addresses.

use std::path::Path;

use xtask_openapi::{Document, SpecError};

use crate::{
    client::{Answer, Pages},
    collected::Collected,
    error::FetchError,
    request::Given,
    unite::{self, Part},
};

/// Documents that cannot be used: where they were read, and why.
type Unusable = Vec<(String, String)>;

/// Reads them in their order. A later one replaces an earlier one with its title.
pub(crate) async fn collect(given: &[Given], pages: &impl Pages) -> Result<Collected, FetchError> {
    let (mut collected, mut unusable) = (Collected::default(), Unusable::new());
    for given in given {
        let parts = match given {
            Given::Path(path) => read_path(path, &mut unusable)?,
            Given::Address(address) => {
                let text = match pages.read(address, None).await {
                    Ok(Answer::Page { text, .. }) => text,
                    Ok(Answer::Unchanged) => String::new(),
                    Err(error) => return Err(FetchError::Read { address: address.to_string(), error }),
                };
                parse(address.to_string(), &text, &mut unusable).into_iter().collect()
            }
        };
        collected.read += parts.len();
        collected.parts.retain(|earlier| parts.iter().all(|later| later.title() != earlier.title()));
        collected.parts.extend(parts);
    }
    if unusable.is_empty() { Ok(collected) } else { Err(FetchError::NotOpenApi(unusable)) }
}

fn read_path(path: &Path, unusable: &mut Unusable) -> Result<Vec<Part>, FetchError> {
    let shown = path.display().to_string();
    if path.is_dir() {
        let texts = Document::texts(path)
            .map_err(|error: SpecError| FetchError::NotOpenApi(vec![(error.document, error.problem)]))?;
        let read = texts
            .into_iter()
            .filter_map(|(name, text)| parse(path.join(name).display().to_string(), &text, unusable));
        return Ok(read.collect());
    }
    let bytes = std::fs::read(path).map_err(|error| FetchError::files(path, &error))?;
    let text = Document::text(&shown, bytes)
        .map_err(|error| FetchError::NotOpenApi(vec![(error.document, error.problem)]))?;
    Ok(parse(shown, &text, unusable).into_iter().collect())
}

/// What the pipeline says to do about its own documents does not help with those of others.
fn parse(source: String, text: &str, unusable: &mut Unusable) -> Option<Part> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let read = Document::parse(&source, text).map_err(|error| error.problem);
    match read.and_then(|document| unite::check(&document.value).map(|()| document.value)) {
        Ok(document) => Some(Part { source, document }),
        Err(problem) => {
            unusable.push((source, problem));
            None
        }
    }
}
