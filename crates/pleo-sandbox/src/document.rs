//! `spec/openapi.json`, as the sandbox reads it.

use std::sync::LazyLock;

use pleo_client::Operation;
use serde_json::Value;

static ROOT: LazyLock<Value> = LazyLock::new(|| {
    // The file is part of the program; that it is JSON is tested below.
    serde_json::from_str(include_str!("../../../spec/openapi.json")).unwrap_or_default()
});

/// The whole document.
pub(crate) fn root() -> &'static Value {
    &ROOT
}

/// What the document says of an operation.
pub(crate) fn operation(operation: &Operation) -> &'static Value {
    &root()["paths"][operation.path][operation.method.as_str().to_ascii_lowercase()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_of_the_catalogue_is_in_the_document() {
        assert_eq!(pleo_client::operations::all().count(), 114);
        for entry in pleo_client::operations::all() {
            assert!(operation(entry).is_object(), "{}", entry.id);
        }
    }
}
