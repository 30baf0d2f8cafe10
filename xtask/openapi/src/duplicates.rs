//! Operations that two documents describe.
//!
//! Pleo retitles documents, and a fetch then finds a second one with the same operations. It is
//! looked for before anything else, because everything else would be complained about twice.

use std::collections::BTreeMap;

use super::{
    Document, SpecError,
    normalise::Idle,
    overlay::{self, Overlay},
    passes::servers,
    walk,
};

/// Every operation of a document that an earlier one describes too, unless an overlay removes it.
pub(crate) fn find(documents: &[Document], overlays: &[Overlay]) -> Vec<SpecError> {
    let found = among(documents);
    if found.is_empty() {
        return found;
    }
    let mut corrected = documents.to_vec();
    match overlay::apply_all(&mut corrected, overlays, Idle::Allowed) {
        Ok(_) => among(&corrected),
        // What is wrong with an overlay is said once the documents are the right ones.
        Err(_) => found,
    }
}

fn among(documents: &[Document]) -> Vec<SpecError> {
    let mut first: BTreeMap<(&str, String), (usize, String)> = BTreeMap::new();
    let mut found = Vec::new();
    for (index, document) in documents.iter().enumerate() {
        let prefix = servers::shared_path(&document.value);
        for (place, _) in walk::operations(&document.value) {
            let request = (place.method, walk::template(&format!("{prefix}{}", place.path)).0);
            let name = walk::operation_name(place.method, &place.path);
            match first.get(&request) {
                Some((other, _)) if *other == index => {}
                Some((other, name)) => found.push(SpecError::new(
                    &document.name,
                    &place.pointer,
                    format!("an operation that {} describes too, as {name}", documents[*other].name),
                    "delete the older of the two files from spec/published if Pleo has given the API another title; \
                     else remove the operation from one of them with an overlay",
                )),
                None => drop(first.insert(request, (index, name))),
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pointer;

    fn document(name: &str, server: &str, path: &str) -> Document {
        let value = json!({
            "openapi": "3.0.1", "info": { "title": name, "version": "1" },
            "servers": [{ "url": server }],
            "paths": { path: { "get": { "responses": {} } } },
        });
        Document { name: name.to_owned(), value }
    }

    #[test]
    fn an_operation_of_two_documents_is_found_whatever_its_path_is_made_of() {
        let host = "https://external.pleo.io";
        let first = document("a.yaml", host, "/v1/things/{id}");
        for (server, path) in [
            (host, "/v1/things/{id}"),
            (host, "/v1/things/{thingId}"),
            ("https://external.pleo.io/v1", "/things/{id}"),
        ] {
            let found = find(&[first.clone(), document("b.yaml", server, path)], &[]);
            let [error] = found.as_slice() else { panic!("{server} {path}: {found:?}") };
            assert_eq!(
                (error.document.as_str(), error.pointer.clone()),
                ("b.yaml", pointer::push(&pointer::push("/paths", path), "get"))
            );
            assert!(error.problem.contains("a.yaml"), "{error}");
        }
        for path in ["/v1/things", "/v1/things/{id}/parts", "/v2/things/{id}", "/v1/things/id"] {
            assert_eq!(find(&[first.clone(), document("b.yaml", host, path)], &[]), [], "{path}");
        }
    }

    #[test]
    fn an_overlay_may_take_one_of_the_two_out() {
        let host = "https://external.pleo.io";
        let documents = [document("a.yaml", host, "/v1/things"), document("b.yaml", host, "/v1/things")];
        let overlay = "overlay: 1.0.0\ninfo: {title: b, version: '1'}\nactions:\n\
                       - {target: \"$.paths['/v1/things']\", x-reason: it is in a, remove: true}\n";
        let overlay = Overlay::parse("b.yaml", overlay).unwrap();
        assert_eq!(find(&documents, &[overlay]), []);
    }
}
