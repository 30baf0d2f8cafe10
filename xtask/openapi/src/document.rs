//! Reading one published document.

use std::{fs, path::Path};

use serde_json::Value;

use super::{
    SpecError,
    foreign::one_line,
    ignored,
    reading::{self, Fault},
};

/// A published document as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// File name, such as `export.yaml`; the name that errors and the report use.
    pub name: String,
    /// The content. Object keys are sorted, so their order in the file does not matter.
    pub value: Value,
}

impl Document {
    /// Reads a published document: JSON where the name says so, YAML otherwise.
    ///
    /// What means nothing in a published document is left out, and references are written in one
    /// way; see [`ignored`].
    ///
    /// # Errors
    /// Says line and column of what cannot be read, or names the reference that is malformed.
    pub fn parse(name: impl Into<String>, text: &str) -> Result<Self, SpecError> {
        let mut document = Self::parse_ours(name, text)?;
        ignored::clean(&document.name, &mut document.value)?;
        Ok(document)
    }

    /// Reads a document of this project, in which our extensions keep their meaning.
    ///
    /// # Errors
    /// Says line and column of what cannot be read.
    pub fn parse_ours(name: impl Into<String>, text: &str) -> Result<Self, SpecError> {
        let name = name.into();
        match reading::value(&name, text) {
            Ok(value) => Ok(Self { name, value }),
            Err(fault) => Err(unread(name, fault)),
        }
    }

    /// The text of a document that was read as bytes.
    ///
    /// # Errors
    /// Says where the bytes are not UTF-8.
    pub fn text(name: &str, bytes: Vec<u8>) -> Result<String, SpecError> {
        reading::utf8(bytes).map_err(|fault| unread(name.to_owned(), fault))
    }

    /// Reads every document of a folder, sorted by name.
    ///
    /// # Errors
    /// Those of [`Document::texts`], and a file that does not parse.
    pub fn read_folder(folder: &Path) -> Result<Vec<Self>, SpecError> {
        Self::texts(folder)?.into_iter().map(|(name, text)| Self::parse(name, &text)).collect()
    }

    /// The name and the text of every document of a folder, sorted by name.
    ///
    /// # Errors
    /// Fails for a folder without documents and for an unreadable file.
    pub fn texts(folder: &Path) -> Result<Vec<(String, String)>, SpecError> {
        let shown = folder.display().to_string();
        let unreadable = |error: std::io::Error| {
            SpecError::new(&shown, "", format!("unreadable: {error}"), "check the path and its permissions")
        };
        let mut texts = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !Self::is_named(&name) {
                continue;
            }
            let bytes = fs::read(&path).map_err(|error| {
                SpecError::new(
                    &name,
                    "",
                    format!("unreadable: {error}"),
                    "check the path and its permissions",
                )
            })?;
            let text = Self::text(&name, bytes)?;
            texts.push((name, text));
        }
        if texts.is_empty() {
            return Err(SpecError::new(
                shown,
                "",
                "holds no document",
                "restore the published documents with `git restore spec/published`, or name a folder with .yaml, \
                 .yml or .json files",
            ));
        }
        texts.sort();
        Ok(texts)
    }

    /// Whether a file of this name is a document.
    pub fn is_named(name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        [".yaml", ".yml", ".json"].iter().any(|extension| name.ends_with(extension))
    }

    /// The file name without its extension, such as `export`.
    pub fn stem(&self) -> &str {
        self.name.rsplit_once('.').map_or(&self.name, |(stem, _)| stem)
    }
}

/// The error of a text that cannot be read.
fn unread(name: String, fault: Fault) -> SpecError {
    let problem = format!("line {}, column {}: {}", fault.line, fault.column, one_line(&fault.problem));
    SpecError::new(name, "", problem, fault.remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_files_are_refused_with_line_and_column() {
        for (name, text, place) in [
            ("a.yaml", "openapi: 3.0.1\npaths:\n  - [\n", "line 3"),
            ("a.json", "{\n  \"openapi\": \"3.0.1\",\n  \"paths\": {]\n}", "line 3, column 13"),
            ("a.yaml", "a: 1\nb: 2\na: 3\n", "line 3, column 1"),
            ("a.yaml", "a: .inf\n", "line 1, column 4"),
        ] {
            let error = Document::parse(name, text).unwrap_err();
            assert!(error.problem.contains(place), "{text:?} gave {error}");
        }
    }

    #[test]
    fn country_codes_and_versions_stay_what_they_are() {
        let document = Document::parse("a.yaml", "a: [NO, on, yes, '1', 1.10.0]").unwrap();
        assert_eq!(document.value["a"], serde_json::json!(["NO", "on", "yes", "1", "1.10.0"]));
    }
}
