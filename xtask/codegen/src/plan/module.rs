//! One module of the generated code, and what it is made of.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
};

use serde_json::{Map, Value};

use xtask_openapi::walk;

/// The module of types that several families share.
pub(crate) const COMMON: &str = "common";

/// One module: an API family, or what families share.
pub(crate) struct Module {
    /// Rust name, such as `tax_codes`.
    pub(crate) name: String,
    /// Family name, such as `tax-codes`.
    pub(crate) family: String,
    /// Titles and versions of the documents behind it.
    pub(crate) apis: BTreeSet<String>,
    /// Its operations, by method name.
    pub(crate) operations: BTreeMap<String, OperationEntry>,
    /// Names of its schemas.
    pub(crate) schemas: BTreeSet<String>,
    /// What each of its files begins with, once the first one is made.
    pub(crate) header: OnceCell<String>,
}

/// One operation of the clean document.
pub(crate) struct OperationEntry {
    pub(crate) path: String,
    pub(crate) method: &'static str,
    pub(crate) pointer: String,
    pub(crate) value: Map<String, Value>,
}

impl Module {
    pub(crate) fn new(name: &str, family: &str) -> Self {
        Self {
            name: name.to_owned(),
            family: family.to_owned(),
            apis: BTreeSet::new(),
            operations: BTreeMap::new(),
            schemas: BTreeSet::new(),
            header: OnceCell::new(),
        }
    }
}

impl OperationEntry {
    /// Method and path, such as `GET /v1/things`.
    pub(crate) fn request(&self) -> String {
        walk::operation_name(self.method, &self.path)
    }

    pub(crate) fn text(&self, key: &str) -> &str {
        self.value.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn flag(&self, key: &str) -> bool {
        self.value.get(key) == Some(&Value::Bool(true))
    }

    pub(crate) fn parameters(&self) -> impl Iterator<Item = &Value> {
        self.value.get("parameters").and_then(Value::as_array).into_iter().flatten()
    }

    /// What it does: the description, else the published summary.
    pub(crate) fn description(&self) -> &str {
        match self.text("description") {
            "" => self.text("summary"),
            description => description,
        }
    }
}

/// Where the pages of Pleo's documentation are.
const SITE: &str = "https://developers.pleo.io/";

/// The index of all pages of Pleo's documentation (Z99).
pub(crate) const INDEX: &str = "https://developers.pleo.io/llms.txt";

/// Pleo's page about an operation, or the index of all pages where the page is not known.
pub(crate) fn documentation(operation: &OperationEntry) -> &str {
    let url = operation.value.get("externalDocs").and_then(|docs| docs.get("url"));
    url.and_then(Value::as_str).filter(|url| is_page(url)).unwrap_or(INDEX)
}

/// Whether an address is one of a page of Pleo's, and leaves a link where it is written.
fn is_page(url: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/?#=&%+".contains(c);
    url.strip_prefix(SITE).is_some_and(|rest| rest.chars().all(plain))
}
