//! Which module each operation and type belongs to.

mod module;
mod reach;
mod wrapper;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

pub(crate) use module::{COMMON, INDEX, Module, OperationEntry, documentation};
pub(crate) use reach::reachable;
pub(crate) use wrapper::{END_CURSOR, HAS_NEXT_PAGE, Wrapper, Wrappers};
use wrapper::{WRAPPERS, is_cursor_pagination, pagination};
use xtask_openapi::{names, walk};

/// The plan of the generated modules.
pub(crate) struct Plan {
    modules: Vec<Module>,
    /// The module of each type, by the type's Rust name.
    homes: BTreeMap<String, String>,
    /// The families that reach each shared type, by the type's Rust name.
    sharers: BTreeMap<String, BTreeSet<String>>,
    /// Types that a request body may hold, by Rust name.
    sent: BTreeSet<String>,
    schemas: BTreeMap<String, Value>,
    wrappers: Wrappers,
}

impl Plan {
    pub(crate) fn new(openapi: &Value) -> Self {
        let schemas: BTreeMap<String, Value> = openapi
            .pointer("/components/schemas")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, schema)| (name.clone(), schema.clone()))
            .collect();
        let mut modules: BTreeMap<String, Module> = BTreeMap::new();
        let mut families_of_source: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (place, operation) in walk::operations(openapi) {
            let entry = OperationEntry {
                path: place.path,
                method: place.method,
                pointer: place.pointer,
                value: operation.clone(),
            };
            let family = entry.text("x-pleo-family").to_owned();
            let name = names::snake(&family);
            let source = entry.text("x-pleo-source").to_owned();
            let module = modules.entry(name.clone()).or_insert_with(|| Module::new(&name, &family));
            module.apis.insert(api(openapi, &source));
            families_of_source.entry(source).or_default().insert(name);
            module.operations.insert(entry.text("operationId").to_owned(), entry);
        }
        let operations = || modules.values().flat_map(|module| module.operations.values());
        let bodies = operations().filter_map(|operation| operation.value.get("requestBody"));
        let sent = reachable(&schemas, bodies).iter().map(|schema| names::pascal(schema)).collect();
        let mut users: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (name, module) in &modules {
            let operations = module.operations.values();
            for schema in reachable(&schemas, operations.flat_map(|operation| operation.value.values())) {
                users.entry(schema).or_default().insert(name.clone());
            }
        }
        // What no operation reaches belongs to the families of its documents.
        let mut unused: BTreeMap<BTreeSet<String>, BTreeSet<String>> = BTreeMap::new();
        for (name, schema) in schemas.iter().filter(|(name, _)| !users.contains_key(*name)) {
            let mut families: BTreeSet<String> = sources(schema)
                .filter_map(|source| families_of_source.get(source))
                .flatten()
                .cloned()
                .collect();
            if families.is_empty() {
                families.insert(COMMON.to_owned());
            }
            unused.entry(families).or_default().insert(name.clone());
        }
        for (families, names) in unused {
            let inside = reachable(&schemas, names.iter().map(|name| &schemas[name]));
            for schema in inside.into_iter().chain(names) {
                users.entry(schema).or_default().extend(families.iter().cloned());
            }
        }
        let wrappers = Wrapper::find(&schemas);
        // The generic page is a shared type, and so is what it is made of.
        let paginated = pagination(&wrappers)
            .map(|name| reachable(&schemas, [&json!({ "$ref": format!("#/components/schemas/{name}") })]))
            .unwrap_or_default();
        let mut homes = BTreeMap::new();
        let mut sharers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (name, wrapper) in &wrappers {
            sharers.entry(wrapper.generic().to_owned()).or_default().extend(users[name].iter().cloned());
        }
        for (schema, users) in users {
            let home = match users.first() {
                _ if paginated.contains(&schema) => COMMON.to_owned(),
                Some(only) if users.len() == 1 => only.clone(),
                _ => COMMON.to_owned(),
            };
            let module = modules.entry(home.clone()).or_insert_with(|| Module::new(COMMON, COMMON));
            module.schemas.insert(schema.clone());
            let rust = names::pascal(&schema);
            if home == COMMON {
                sharers.insert(rust.clone(), users);
            }
            homes.insert(rust, home);
        }
        if !wrappers.is_empty() {
            modules.entry(COMMON.to_owned()).or_insert_with(|| Module::new(COMMON, COMMON));
        }
        if let Some(common) = modules.get_mut(COMMON) {
            common.apis = common
                .schemas
                .iter()
                .flat_map(|name| sources(&schemas[name]))
                .map(|source| api(openapi, source))
                .collect();
        }
        // What no family's document holds is compiled for all of them.
        sharers.retain(|_, users| !users.contains(COMMON));
        for users in sharers.values_mut() {
            *users = users.iter().map(|name| modules[name].family.clone()).collect();
        }
        Self { modules: modules.into_values().collect(), homes, sharers, sent, schemas, wrappers }
    }

    pub(crate) fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// Families only, without the module of shared types.
    pub(crate) fn families(&self) -> impl Iterator<Item = &Module> {
        self.modules.iter().filter(|module| !module.operations.is_empty())
    }

    /// Whether a type, by Rust name, lives in the module of shared types.
    pub(crate) fn is_common(&self, type_name: &str) -> bool {
        let generic = !self.wrappers.is_empty() && WRAPPERS.contains(&type_name);
        generic || self.homes.get(type_name).is_some_and(|home| home == COMMON)
    }

    /// The families that a shared type, by Rust name, is compiled for; `None` where that is always.
    pub(crate) fn sharers(&self, type_name: &str) -> Option<&BTreeSet<String>> {
        self.sharers.get(type_name)
    }

    /// Whether a type, by Rust name, may be part of a request body.
    pub(crate) fn is_sent(&self, type_name: &str) -> bool {
        self.sent.contains(type_name)
    }

    /// All components that only wrap another.
    pub(crate) fn wrappers(&self) -> &Wrappers {
        &self.wrappers
    }

    /// What a schema wraps, if it only wraps another.
    pub(crate) fn wrapper(&self, name: &str) -> Option<&Wrapper> {
        self.wrappers.get(name)
    }

    pub(crate) fn has_wrappers(&self) -> bool {
        !self.wrappers.is_empty()
    }

    /// The component that pages describe themselves by.
    pub(crate) fn pagination(&self) -> Option<&str> {
        pagination(&self.wrappers)
    }

    /// Whether a page says if another follows, and after which cursor.
    pub(crate) fn has_cursors(&self) -> bool {
        self.pagination().and_then(|name| self.schema(name)).is_some_and(is_cursor_pagination)
    }

    pub(crate) fn schema(&self, name: &str) -> Option<&Value> {
        self.schemas.get(name)
    }

    /// The names of a module's schemas and of all that they or its operations refer to.
    pub(crate) fn schemas_of(&self, module: &Module) -> BTreeSet<String> {
        let operations = module.operations.values().flat_map(|operation| operation.value.values());
        let schemas = module.schemas.iter().filter_map(|name| self.schemas.get(name));
        let mut found = reachable(&self.schemas, operations.chain(schemas));
        found.extend(module.schemas.iter().cloned());
        found
    }
}

fn sources(schema: &Value) -> impl Iterator<Item = &str> {
    let list = schema.get("x-pleo-sources").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}

fn api(openapi: &Value, source: &str) -> String {
    let info = openapi.pointer("/info/x-pleo-sources").and_then(|sources| sources.get(source));
    let text = |key: &str| info.and_then(|info| info.get(key)).and_then(Value::as_str).unwrap_or_default();
    format!("{} {}", text("title"), text("version"))
}
