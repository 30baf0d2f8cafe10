//! Pleo's documents, read as they are published.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;

/// One published document.
#[derive(Debug, Clone)]
pub struct Published {
    /// File name.
    pub name: String,
    /// Content.
    pub root: Value,
}

/// One operation of a published document.
#[derive(Debug, Clone, Copy)]
pub struct PublishedOperation<'a> {
    /// The document.
    pub document: &'a Published,
    /// The path template.
    pub path: &'a str,
    /// The method in upper case.
    pub method: &'a str,
    /// The operation object.
    pub value: &'a Value,
}

/// What a success carries.
#[derive(Debug, Clone, Copy)]
pub enum Success<'a> {
    /// JSON of this schema.
    Json(&'a Value),
    /// No body, or none that is described.
    Empty,
}

/// Reads all published documents.
pub fn documents() -> Vec<Published> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/published");
    let mut documents: Vec<Published> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| Published {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            root: serde_saphyr::from_str(&fs::read_to_string(&path).unwrap()).unwrap(),
        })
        .collect();
    documents.sort_by(|a, b| a.name.cmp(&b.name));
    documents
}

/// All operations of the documents, by method and path.
pub fn operations(documents: &[Published]) -> BTreeMap<(String, String), PublishedOperation<'_>> {
    let mut found = BTreeMap::new();
    for document in documents {
        for (path, item) in document.root["paths"].as_object().unwrap() {
            for (method, value) in item.as_object().unwrap() {
                let method = match method.as_str() {
                    "get" => "GET",
                    "put" => "PUT",
                    "post" => "POST",
                    "delete" => "DELETE",
                    "patch" => "PATCH",
                    other => panic!("{path} has {other}"),
                };
                let operation = PublishedOperation { document, path, method, value };
                let twin = found.insert((method.to_owned(), path.clone()), operation);
                assert!(twin.is_none(), "{method} {path} is published twice");
            }
        }
    }
    found
}

impl<'a> PublishedOperation<'a> {
    /// The parameters.
    pub fn parameters(&self) -> impl Iterator<Item = &'a Value> {
        self.value["parameters"].as_array().into_iter().flatten()
    }

    /// Media type and schema of the request body.
    pub fn request_body(&self) -> Option<(&'a str, &'a Value)> {
        let content = self.value["requestBody"]["content"].as_object()?;
        assert_eq!(content.len(), 1, "{} {} has several media types", self.method, self.path);
        let (media_type, media) = content.iter().next()?;
        Some((media_type, &media["schema"]))
    }

    /// Each documented success with its status; a `default` that stands alone is one, as 200.
    pub fn successes(&self) -> Vec<(u16, Success<'a>)> {
        let responses = self.value["responses"].as_object().unwrap();
        let alone = responses.len() == 1;
        let status = |key: &str| match key {
            "default" if alone => Some(200),
            key => key.parse().ok().filter(|status| (200..300).contains(status)),
        };
        responses
            .iter()
            .filter_map(|(key, response)| {
                let content = response["content"].as_object();
                let schema = content.and_then(|content| content.values().next()?.get("schema"));
                Some((status(key)?, schema.map_or(Success::Empty, Success::Json)))
            })
            .collect()
    }
}
