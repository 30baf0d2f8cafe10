//! Which module each operation and type belongs to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::print::BANNER;
use xtask_openapi::{names, pointer, walk};

/// The module of types that several families share.
pub(super) const COMMON: &str = "common";

/// The plan of the generated modules.
pub(super) struct Plan {
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

/// One module: an API family, or what families share.
pub(super) struct Module {
    /// Rust name, such as `tax_codes`.
    pub(super) name: String,
    /// Family name, such as `tax-codes`.
    pub(super) family: String,
    /// Titles and versions of the documents behind it.
    pub(super) apis: BTreeSet<String>,
    /// Its operations, by method name.
    pub(super) operations: BTreeMap<String, OperationEntry>,
    /// Names of its schemas.
    pub(super) schemas: BTreeSet<String>,
}

/// One operation of the clean document.
pub(super) struct OperationEntry {
    pub(super) path: String,
    pub(super) method: &'static str,
    pub(super) pointer: String,
    pub(super) value: Map<String, Value>,
}

impl OperationEntry {
    /// Method and path, such as `GET /v1/things`.
    pub(super) fn request(&self) -> String {
        walk::operation_name(self.method, &self.path)
    }

    pub(super) fn text(&self, key: &str) -> &str {
        self.value.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        self.value.get(key) == Some(&Value::Bool(true))
    }

    pub(super) fn parameters(&self) -> impl Iterator<Item = &Value> {
        self.value.get("parameters").and_then(Value::as_array).into_iter().flatten()
    }

    /// What it does: the description, else the published summary.
    pub(super) fn description(&self) -> &str {
        match self.text("description") {
            "" => self.text("summary"),
            description => description,
        }
    }
}

impl Plan {
    pub(super) fn new(openapi: &Value) -> Self {
        let schemas: BTreeMap<String, Value> = openapi
            .pointer("/components/schemas")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, schema)| (name.clone(), schema.clone()))
            .collect();
        let mut modules: BTreeMap<String, Module> = BTreeMap::new();
        let mut families_of_source: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut users: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut sent = BTreeSet::new();
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
            families_of_source.entry(source).or_default().insert(name.clone());
            for schema in reachable(&schemas, &Value::Object(operation.clone())) {
                users.entry(schema).or_default().insert(name.clone());
            }
            if let Some(body) = operation.get("requestBody") {
                sent.extend(reachable(&schemas, body).iter().map(|schema| names::pascal(schema)));
            }
            module.operations.insert(entry.text("operationId").to_owned(), entry);
        }
        for (name, schema) in &schemas {
            if users.contains_key(name) {
                continue;
            }
            let mut families: BTreeSet<String> = sources(schema)
                .filter_map(|source| families_of_source.get(source))
                .flatten()
                .cloned()
                .collect();
            if families.is_empty() {
                families.insert(COMMON.to_owned());
            }
            let mut unused = reachable(&schemas, schema);
            unused.insert(name.clone());
            for schema in unused {
                users.entry(schema).or_default().extend(families.iter().cloned());
            }
        }
        let wrappers = Wrapper::find(&schemas);
        // The generic page is a shared type, and so is what it is made of.
        let paginated = pagination(&wrappers)
            .map(|name| reachable(&schemas, &json!({ "$ref": format!("#/components/schemas/{name}") })))
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

    pub(super) fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// Families only, without the module of shared types.
    pub(super) fn families(&self) -> impl Iterator<Item = &Module> {
        self.modules.iter().filter(|module| !module.operations.is_empty())
    }

    /// Whether a type, by Rust name, lives in the module of shared types.
    pub(super) fn is_common(&self, type_name: &str) -> bool {
        let generic = !self.wrappers.is_empty() && WRAPPERS.contains(&type_name);
        generic || self.homes.get(type_name).is_some_and(|home| home == COMMON)
    }

    /// The families that a shared type, by Rust name, is compiled for; `None` where that is always.
    pub(super) fn sharers(&self, type_name: &str) -> Option<&BTreeSet<String>> {
        self.sharers.get(type_name)
    }

    /// Whether a type, by Rust name, may be part of a request body.
    pub(super) fn is_sent(&self, type_name: &str) -> bool {
        self.sent.contains(type_name)
    }

    /// All components that only wrap another.
    pub(super) fn wrappers(&self) -> &Wrappers {
        &self.wrappers
    }

    /// What a schema wraps, if it only wraps another.
    pub(super) fn wrapper(&self, name: &str) -> Option<&Wrapper> {
        self.wrappers.get(name)
    }

    pub(super) fn has_wrappers(&self) -> bool {
        !self.wrappers.is_empty()
    }

    /// The component that pages describe themselves by.
    pub(super) fn pagination(&self) -> Option<&str> {
        pagination(&self.wrappers)
    }

    pub(super) fn schema(&self, name: &str) -> Option<&Value> {
        self.schemas.get(name)
    }

    /// The names of a module's schemas and of all that they or its operations refer to.
    pub(super) fn schemas_of(&self, module: &Module) -> BTreeSet<String> {
        let mut found = module.schemas.clone();
        for operation in module.operations.values() {
            found.extend(reachable(&self.schemas, &Value::Object(operation.value.clone())));
        }
        for schema in module.schemas.iter().filter_map(|name| self.schemas.get(name)) {
            found.extend(reachable(&self.schemas, schema));
        }
        found
    }

    /// The banner: what the file was made of, and how to make it again.
    pub(super) fn header(&self, module: &Module) -> String {
        let mut hash = Sha256::new();
        for operation in module.operations.values() {
            hash.update(operation.pointer.as_bytes());
            hash.update(Value::Object(operation.value.clone()).to_string().as_bytes());
        }
        for name in &module.schemas {
            hash.update(name.as_bytes());
            hash.update(self.schemas.get(name).map(Value::to_string).unwrap_or_default().as_bytes());
        }
        let hash = data_encoding::HEXLOWER.encode(&hash.finalize()[..16]);
        let apis = module.apis.iter().cloned().collect::<Vec<_>>().join(", ");
        format!("{BANNER}// Source: {apis}.\n// SHA-256 of that part, first half: {hash}\n")
    }
}

impl Module {
    fn new(name: &str, family: &str) -> Self {
        Self {
            name: name.to_owned(),
            family: family.to_owned(),
            apis: BTreeSet::new(),
            operations: BTreeMap::new(),
            schemas: BTreeSet::new(),
        }
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

/// The names of all schemas that a value refers to, directly or through others.
fn reachable(schemas: &BTreeMap<String, Value>, value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = Vec::new();
    let mut collect = |value: &Value, open: &mut Vec<String>| {
        walk::references(value, &mut |reference| {
            if let Some(name) = pointer::schema_name(reference)
                && found.insert(name.to_owned())
            {
                open.push(name.to_owned());
            }
        });
    };
    collect(value, &mut open);
    while let Some(name) = open.pop() {
        if let Some(schema) = schemas.get(&name) {
            collect(schema, &mut open);
        }
    }
    found
}

/// A component that only wraps another: it becomes an alias of one generic type, because Pleo
/// answers with dozens of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrapper {
    /// An object with `data` only, of one thing.
    One(String),
    /// An object with `data` only, a list.
    List(String),
    /// A list as `data` with its `pagination`, whose component comes second.
    Page(String, String),
}

/// The components that only wrap another, by name.
pub(super) type Wrappers = BTreeMap<String, Wrapper>;

/// The component that pages describe themselves by.
fn pagination(wrappers: &Wrappers) -> Option<&str> {
    wrappers.values().find_map(|wrapper| match wrapper {
        Wrapper::Page(_, pagination) => Some(pagination.as_str()),
        _ => None,
    })
}

/// The names of the generic types.
pub(super) const WRAPPERS: [&str; 2] = ["Data", "Page"];

impl Wrapper {
    /// The wrappers among the schemas, unless a schema has the name of a generic type itself.
    ///
    /// One that holds itself stays a type of its own: an alias cannot, and the generator would not
    /// know where to put a `Box`.
    fn find(schemas: &BTreeMap<String, Value>) -> Wrappers {
        if schemas.keys().any(|name| WRAPPERS.contains(&names::pascal(name).as_str())) {
            return Wrappers::new();
        }
        let mut found = Wrappers::new();
        let mut pagination = None;
        for (name, schema) in schemas {
            let Some(wrapper) = Self::of(schemas, schema) else { continue };
            if reachable(schemas, schema).contains(name) {
                continue;
            }
            // One generic type has one kind of pagination.
            if let Self::Page(_, own) = &wrapper
                && pagination.get_or_insert_with(|| own.clone()) != own
            {
                continue;
            }
            found.insert(name.clone(), wrapper);
        }
        found
    }

    fn of(schemas: &BTreeMap<String, Value>, schema: &Value) -> Option<Self> {
        let referred = |schema| referred(schemas, schema);
        let properties = schema.get("properties")?.as_object()?;
        let required = schema.get("required")?.as_array()?;
        if required.len() != properties.len() {
            return None;
        }
        let data = properties.get("data")?;
        let list = || {
            let plain = data.get("type") == Some(&Value::from("array"))
                && data.get("nullable") != Some(&Value::Bool(true));
            plain.then(|| referred(data.get("items")?)).flatten()
        };
        match (properties.len(), properties.get("pagination")) {
            (1, None) => referred(data).map(Self::One).or_else(|| list().map(Self::List)),
            (2, Some(pagination)) => Some(Self::Page(list()?, referred(pagination)?)),
            _ => None,
        }
    }

    /// The name of the generic type.
    fn generic(&self) -> &'static str {
        let [data, page] = WRAPPERS;
        match self {
            Self::One(_) | Self::List(_) => data,
            Self::Page(..) => page,
        }
    }

    /// The type in Rust, with generated types below `prefix`.
    pub(super) fn rust(&self, prefix: &str) -> String {
        let name = |schema: &str| format!("{prefix}{}", names::pascal(schema));
        match self {
            Self::One(inner) => format!("{prefix}Data<{}>", name(inner)),
            Self::List(inner) => format!("{prefix}Data<::std::vec::Vec<{}>>", name(inner)),
            Self::Page(inner, _) => format!("{prefix}Page<{}>", name(inner)),
        }
    }
}

/// The component that a schema is, if it is nothing but that, in every request and response.
fn referred(schemas: &BTreeMap<String, Value>, schema: &Value) -> Option<String> {
    let name = referred_name(schema)?;
    let mut followed = vec![name];
    while let Some(target) = followed.last().and_then(|name| schemas.get(*name)) {
        if is_sometimes_absent(target) {
            return None;
        }
        match referred_name(target) {
            Some(next) if !followed.contains(&next) => followed.push(next),
            _ => break,
        }
    }
    (!is_sometimes_absent(schema)).then(|| name.to_owned())
}

fn referred_name(schema: &Value) -> Option<&str> {
    let reference = schema.get("$ref").or_else(|| schema.pointer("/allOf/0/$ref"))?;
    pointer::schema_name(reference.as_str()?)
}

/// Whether what a schema describes may be null, or is held by requests or by responses only.
fn is_sometimes_absent(schema: &Value) -> bool {
    ["nullable", "readOnly", "writeOnly"].iter().any(|key| schema.get(key) == Some(&Value::Bool(true)))
}
