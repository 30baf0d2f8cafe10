//! The public surface of generated code, read out of the code itself.

use std::collections::{BTreeMap, BTreeSet};

use syn::{
    Attribute, Expr, Fields, FnArg, ImplItem, ImplItemFn, Item, ItemImpl, ReceiverKind, ReturnType, Type,
    TypeParamBound, Visibility, meta::ParseNestedMeta, parse_quote, punctuated::Punctuated, visit::Visit,
};

use super::{
    error::CodeError,
    scope::{CRATE, Scope, plain, shown},
};
use xtask_codegen::{CLIENT, Drafts, Files};

/// What a caller can see of a generated client, with all of its features on.
#[derive(Debug, Default)]
pub struct Surface {
    /// Modules of API families, by path.
    pub(super) families: BTreeSet<String>,
    /// Methods of the client, by name.
    pub(super) methods: BTreeMap<String, Method>,
    /// Structs, enums, aliases and builders, by the path at which they are.
    pub(super) types: BTreeMap<String, Shape>,
    /// Further public paths of types, each with the path at which the type is.
    pub(super) reexports: BTreeMap<String, String>,
}

/// A method of the client that begins a call.
#[derive(Debug)]
pub(super) struct Method {
    /// Path of the builder that it gives.
    pub(super) builder: String,
    /// What it has to be given: names, and types that the values have to convert to.
    pub(super) arguments: Vec<(String, String)>,
    /// The request, such as `GET /v1/tags`.
    pub(super) request: String,
    /// Pleo's name of the operation.
    pub(super) pleo_id: String,
    pub(super) deprecated: bool,
    /// What the catalogue says that decides how a call is authorised and repeated, by member.
    pub(super) catalogue: BTreeMap<String, String>,
}

/// A type as its users see it. Types within it are texts that name generated types by full path.
#[derive(Debug, Default)]
pub(super) struct Shape {
    pub(super) kind: Option<TypeKind>,
    /// Public fields.
    pub(super) fields: BTreeMap<String, String>,
    /// The variants of an enum, each with its word on the wire.
    pub(super) variants: BTreeMap<String, String>,
    /// What an alias stands for.
    pub(super) alias: Option<String>,
    pub(super) setters: BTreeMap<String, Setter>,
    /// What `send` answers with.
    pub(super) result: Option<String>,
    /// Signatures of other public functions.
    pub(super) functions: BTreeSet<String>,
    pub(super) traits: BTreeSet<String>,
}

/// The kind of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TypeKind {
    Struct,
    Enum,
    Alias,
}

impl TypeKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Struct => "struct",
            Self::Enum => "enum",
            Self::Alias => "alias",
        }
    }
}

/// A function of a builder that takes a value and gives the builder back.
#[derive(Debug)]
pub(super) struct Setter {
    /// What the value has to convert to.
    pub(super) value: String,
    /// Whether the builder refuses to go on without it.
    pub(super) required: bool,
}

impl Surface {
    /// Reads the surface of generated files; those outside the client are passed over.
    ///
    /// # Errors
    /// For a file that is not Rust, and for an item of which this does not know what it means to
    /// callers.
    pub fn of(files: &Files) -> Result<Self, CodeError> {
        let client = files.iter().filter(|(path, _)| path.starts_with(CLIENT));
        Self::parsed(client.map(|(path, text)| (path, syn::parse_file(text))))
    }

    /// Reads the surface of what would be written to files.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub(super) fn of_drafts(drafts: Drafts) -> Result<Self, CodeError> {
        Self::parsed(drafts.into_iter().map(|(path, draft)| (path, draft.parse())))
    }

    fn parsed<P: AsRef<str>>(
        files: impl Iterator<Item = (P, syn::Result<syn::File>)>,
    ) -> Result<Self, CodeError> {
        let mut modules = Vec::new();
        for (path, file) in files {
            let path = path.as_ref();
            let place = path.trim_start_matches(CLIENT).trim_start_matches('/');
            let place = place.trim_end_matches(".rs").trim_end_matches("mod").trim_end_matches('/');
            let module = if place.is_empty() {
                CRATE.to_owned()
            } else {
                format!("{CRATE}::{}", place.replace('/', "::"))
            };
            let file = file
                .map_err(|error| CodeError::NoRust { path: path.to_owned(), problem: error.to_string() })?;
            let mut conditions = Conditions::default();
            conditions.visit_file(&file);
            if let Some(condition) = conditions.unknown {
                return Err(CodeError::Unknown { path: path.to_owned(), what: condition });
            }
            modules.push((module, path.to_owned(), file.items));
        }
        let mut reader = Reader::default();
        for (module, _, items) in &modules {
            reader.scope.add(module, items);
            for item in items {
                if let Some((name, _)) = macro_enum(item) {
                    reader.scope.define(module, &name);
                }
            }
        }
        for (module, _, items) in &modules {
            reader.aliases(module, items);
        }
        for (module, path, items) in &modules {
            reader.items(module, path, items)?;
        }
        reader.finish()
    }

    /// The client's methods with their requests, such as `GET /v1/tags`, by name.
    pub fn methods(&self) -> impl Iterator<Item = (&str, &str)> {
        self.methods.iter().map(|(name, method)| (name.as_str(), method.request.as_str()))
    }

    /// The path at which the type of a public path is.
    pub(super) fn home<'a>(&'a self, path: &'a str) -> Option<&'a str> {
        if self.types.contains_key(path) {
            return Some(path);
        }
        self.reexports.get(path).map(String::as_str)
    }
}

/// Looks for conditions that all features together may not meet.
#[derive(Default)]
struct Conditions {
    unknown: Option<String>,
}

impl<'ast> Visit<'ast> for Conditions {
    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        let path = attribute.path();
        let met = path.is_ident("cfg") && attribute.parse_nested_meta(|meta| any_feature(&meta)).is_ok();
        if !met && (path.is_ident("cfg") || path.is_ident("cfg_attr")) {
            self.unknown = Some(shown(attribute));
        }
    }
}

/// Passes over `feature = "…"`, and `any(…)` of that; everything else is an error.
fn any_feature(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    if meta.path.is_ident("feature") {
        meta.value()?.parse::<syn::LitStr>().map(|_| ())
    } else if meta.path.is_ident("any") {
        meta.parse_nested_meta(|meta| any_feature(&meta))
    } else {
        Err(meta.error("a condition of another kind"))
    }
}

#[derive(Default)]
struct Reader {
    scope: Scope,
    surface: Surface,
    /// Entries of the catalogue, by the method's name.
    entries: BTreeMap<String, Entry>,
    /// Whether builders need what they hold, by builder and field.
    held: BTreeMap<String, BTreeMap<String, bool>>,
}

/// What the catalogue says of an operation.
#[derive(Default)]
struct Entry {
    request: String,
    pleo_id: String,
    members: BTreeMap<String, String>,
}

impl Reader {
    fn aliases(&mut self, module: &str, items: &[Item]) {
        for item in items {
            if let Item::Type(item) = item {
                self.scope.alias(module, &item.ident.to_string(), &item.ty);
            }
        }
    }

    fn items(&mut self, module: &str, path: &str, items: &[Item]) -> Result<(), CodeError> {
        for item in items {
            self.item(module, path, item)?;
        }
        Ok(())
    }

    fn item(&mut self, module: &str, path: &str, item: &Item) -> Result<(), CodeError> {
        let unknown = |what: String| Err(CodeError::Unknown { path: path.to_owned(), what });
        match item {
            Item::Struct(item) => {
                let mut fields = BTreeMap::new();
                for (index, field) in item.fields.iter().enumerate() {
                    let name = field.ident.as_ref().map_or_else(|| index.to_string(), ToString::to_string);
                    if matches!(field.vis, Visibility::Public(_)) {
                        fields.insert(name, shown(&self.scope.known(module, &field.ty)));
                    }
                }
                let named = matches!(item.fields, Fields::Named(_));
                if named && !fields.is_empty() && !has(&item.attrs, "non_exhaustive") {
                    return unknown(format!("struct `{}`, which is not non_exhaustive", item.ident));
                }
                let shape = self.shape(module, &item.ident.to_string(), TypeKind::Struct, &item.attrs);
                shape.fields = fields;
            }
            Item::Enum(item) => {
                return unknown(format!("enum `{}`, which is not an open_enum", item.ident));
            }
            Item::Type(item) => {
                let target = shown(&self.scope.known(module, &item.ty));
                let shape = self.shape(module, &item.ident.to_string(), TypeKind::Alias, &[]);
                shape.alias = Some(target);
            }
            Item::Impl(item) => self.implementation(module, item),
            Item::Static(item) => {
                if let Expr::Struct(entry) = item.expr.as_ref() {
                    self.entry(entry);
                }
            }
            Item::Mod(item) => match &item.content {
                Some((_, items)) if !matches!(item.vis, Visibility::Public(_)) => {
                    self.held(module, items);
                }
                Some((_, items)) => self.items(&format!("{module}::{}", item.ident), path, items)?,
                None if module == CRATE => {
                    self.surface.families.insert(format!("{module}::{}", item.ident));
                }
                None => {}
            },
            Item::Macro(call) if is_debug_name(&call.mac.path) => {
                // Types, some with a lifetime: `CreateVendor<'_>, GetVendor<'_>`.
                let names = call.mac.tokens.clone().into_iter().map(|token| token.to_string());
                for name in names.filter(|name| name.starts_with(char::is_alphabetic)) {
                    let shape = self.surface.types.entry(format!("{module}::{name}")).or_default();
                    shape.traits.extend(["Debug".to_owned()]);
                }
            }
            Item::Macro(call) => match (macro_enum(item), call.mac.path.is_ident("object")) {
                (Some((name, variants)), _) => {
                    let shape = self.shape(module, &name, TypeKind::Enum, &[]);
                    shape.variants = variants;
                }
                (None, true) => {
                    let name = call.mac.tokens.clone().into_iter().next();
                    let name = name.map(|name| name.to_string()).unwrap_or_default();
                    let shape = self.surface.types.entry(format!("{module}::{name}")).or_default();
                    shape.traits.extend(["Serialize".to_owned(), "Deserialize".to_owned()]);
                }
                (None, false) => return unknown(format!("macro `{}`", plain(&call.mac.path))),
            },
            Item::Use(_) => {}
            other => return unknown(shown(other).chars().take(60).collect()),
        }
        Ok(())
    }

    /// Reads what the builders of `module` hold, which is in structs of the same names in a private module.
    fn held(&mut self, module: &str, items: &[Item]) {
        for item in items {
            let Item::Struct(item) = item else { continue };
            let held = self.held.entry(format!("{module}::{}", item.ident)).or_default();
            for field in &item.fields {
                let (Some(name), Type::Path(path)) = (&field.ident, &field.ty) else { continue };
                let last = path.path.segments.last();
                held.insert(name.to_string(), last.is_some_and(|last| last.ident == "Required"));
            }
        }
    }

    fn shape(&mut self, module: &str, name: &str, kind: TypeKind, attributes: &[Attribute]) -> &mut Shape {
        let shape = self.surface.types.entry(format!("{module}::{name}")).or_default();
        shape.kind = Some(kind);
        for attribute in attributes {
            if attribute.path().is_ident("derive")
                && let Ok(paths) =
                    attribute.parse_args_with(Punctuated::<syn::Path, syn::Token![,]>::parse_terminated)
            {
                let names = paths.iter().filter_map(|path| path.segments.last());
                shape.traits.extend(names.map(|segment| segment.ident.to_string()));
            }
        }
        shape
    }

    fn implementation(&mut self, module: &str, item: &ItemImpl) {
        let target = self.scope.known(module, &item.self_ty);
        let path = match &target {
            Type::Path(path) => plain(&path.path),
            _ => String::new(),
        };
        let Some((implemented, _)) = &item.trait_ else {
            if path == format!("{CRATE}::Client") {
                self.methods(module, item);
            } else {
                self.functions(module, &path, item);
            }
            return;
        };
        let implemented = self.scope.known(module, &parse_quote!(#implemented));
        // What is implemented for another type belongs to the generated type in its arguments.
        let (owner, name) = if self.scope.defines(&path) {
            (Some(path.clone()), shown(&implemented))
        } else {
            (argument(&implemented), format!("{} for {}", shown(&implemented), shown(&target)))
        };
        if let Some(owner) = owner.filter(|owner| self.scope.defines(owner)) {
            self.surface.types.entry(owner).or_default().traits.insert(name);
        }
    }

    fn methods(&mut self, module: &str, item: &ItemImpl) {
        for item in &item.items {
            let ImplItem::Fn(function) = item else { continue };
            let ReturnType::Type(_, builder) = &function.sig.output else { continue };
            let Type::Path(builder) = self.scope.known(module, builder) else { continue };
            let arguments = function.sig.inputs.iter().filter_map(|input| match input {
                FnArg::Typed(value) => {
                    let given = shown(&self.scope.known(module, &converted(&value.ty)));
                    Some((shown(&value.pat), given))
                }
                FnArg::Receiver(_) => None,
            });
            let method = Method {
                builder: plain(&builder.path),
                arguments: arguments.collect(),
                request: String::new(),
                pleo_id: String::new(),
                deprecated: has(&function.attrs, "deprecated"),
                catalogue: BTreeMap::new(),
            };
            self.surface.methods.insert(function.sig.ident.to_string(), method);
        }
    }

    fn functions(&mut self, module: &str, path: &str, item: &ItemImpl) {
        for item in &item.items {
            let ImplItem::Fn(function) = item else { continue };
            if !matches!(function.vis, Visibility::Public(_)) {
                continue;
            }
            let name = function.sig.ident.to_string();
            let output = match &function.sig.output {
                ReturnType::Type(_, output) => Some(self.scope.known(module, output)),
                ReturnType::Default => None,
            };
            let taken = taken(function).map(|value| self.scope.known(module, &value));
            let shape = self.surface.types.entry(path.to_owned()).or_default();
            match (taken, output) {
                (Some(value), Some(output)) if shown(&output) == "Self" => {
                    shape.setters.insert(name, Setter { value: shown(&value), required: false });
                }
                (_, Some(output)) if name == "send" => shape.result = Some(shown(&answer(output))),
                (_, output) => {
                    let output = output.map(|output| format!(" -> {}", shown(&output))).unwrap_or_default();
                    let signature = format!("fn {name}({}){output}", shown(&function.sig.inputs));
                    shape.functions.insert(signature);
                }
            }
        }
    }

    fn entry(&mut self, entry: &syn::ExprStruct) {
        let mut found = Entry::default();
        let (mut id, mut method, mut path) = (String::new(), String::new(), String::new());
        for field in &entry.fields {
            let syn::Member::Named(name) = &field.member else { continue };
            let name = name.to_string();
            match name.as_str() {
                "id" => id = literal(&field.expr),
                "pleo_id" => found.pleo_id = literal(&field.expr),
                "path" => path = literal(&field.expr),
                "method" => {
                    if let Expr::Path(value) = &field.expr
                        && let Some(last) = value.path.segments.last()
                    {
                        method = last.ident.to_string();
                    }
                }
                "company" | "organization" | "safety" | "scopes" | "security" => {
                    found.members.insert(name, shown(&field.expr));
                }
                _ => {}
            }
        }
        found.request = format!("{method} {path}");
        self.entries.insert(id, found);
    }

    /// Puts together what was in different files.
    fn finish(mut self) -> Result<Surface, CodeError> {
        let mut surface = self.surface;
        for (name, method) in &mut surface.methods {
            let Some(entry) = self.entries.remove(name) else {
                return Err(CodeError::Unknown {
                    path: CLIENT.to_owned(),
                    what: format!("method `{name}`, which has no entry in the catalogue"),
                });
            };
            method.request = entry.request;
            method.pleo_id = entry.pleo_id;
            method.catalogue = entry.members;
        }
        if let Some((path, _)) = surface.types.iter().find(|(_, shape)| shape.kind.is_none()) {
            return Err(CodeError::Unknown {
                path: CLIENT.to_owned(),
                what: format!("implementations for `{path}`, which is not defined"),
            });
        }
        for (path, shape) in &mut surface.types {
            for (name, setter) in &mut shape.setters {
                let Some(required) = self.held.get(path).and_then(|held| held.get(name)) else {
                    let what = format!("setter `{name}` of `{path}`, which fills no place");
                    return Err(CodeError::Unknown { path: CLIENT.to_owned(), what });
                };
                setter.required = *required;
            }
        }
        for (path, home) in self.scope.reexports() {
            if surface.types.contains_key(&home) {
                surface.reexports.insert(path.to_owned(), home);
            }
        }
        Ok(surface)
    }
}

/// The path of the generated type that is first among a type's arguments.
fn argument(outer: &Type) -> Option<String> {
    match xtask_codegen::first_argument(outer)? {
        Type::Path(path) => Some(plain(&path.path)).filter(|path| path.starts_with("pleo_client::")),
        _ => None,
    }
}

/// The `T` of `Result<ResponseValue<T>, Error>`.
fn answer(output: Type) -> Type {
    let inner =
        xtask_codegen::first_argument(&output).and_then(|value| xtask_codegen::first_argument(&value));
    inner.unwrap_or(output)
}

/// What a setter takes: for a value of any type, the type that it converts to.
fn taken(function: &ImplItemFn) -> Option<Type> {
    let mut inputs = function.sig.inputs.iter();
    let (Some(FnArg::Receiver(receiver)), Some(FnArg::Typed(value)), None) =
        (inputs.next(), inputs.next(), inputs.next())
    else {
        return None;
    };
    if !matches!(receiver.kind, ReceiverKind::Value) {
        return None;
    }
    Some(converted(&value.ty))
}

/// The `T` of `impl TryInto<T>`, and any other type as it is.
fn converted(taken: &Type) -> Type {
    let Type::ImplTrait(taken_as) = taken else { return taken.clone() };
    let target = taken_as.bounds.iter().find_map(|bound| match bound {
        TypeParamBound::Trait(bound) if bound.path.segments.last()?.ident == "TryInto" => {
            let path = &bound.path;
            xtask_codegen::first_argument(&parse_quote!(#path))
        }
        _ => None,
    });
    target.unwrap_or_else(|| taken.clone())
}

/// Whether a macro is `debug_name!`, which implements `Debug` for types.
fn is_debug_name(path: &syn::Path) -> bool {
    path.segments.last().is_some_and(|last| last.ident == "debug_name")
}

/// Name and variants of an `open_enum!`, these with their words.
fn macro_enum(item: &Item) -> Option<(String, BTreeMap<String, String>)> {
    let Item::Macro(call) = item else { return None };
    if !call.mac.path.is_ident("open_enum") {
        return None;
    }
    let declared: syn::ItemEnum = syn::parse2(call.mac.tokens.clone()).ok()?;
    let variants = declared.variants.iter().map(|variant| {
        let word = variant.discriminant.as_ref().map(|(_, word)| literal(word));
        (variant.ident.to_string(), word.unwrap_or_default())
    });
    Some((declared.ident.to_string(), variants.collect()))
}

fn literal(value: &Expr) -> String {
    match value {
        Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => text.value(),
        _ => String::new(),
    }
}

fn has(attributes: &[Attribute], name: &str) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident(name))
}
