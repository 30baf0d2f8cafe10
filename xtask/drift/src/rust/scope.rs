//! Which type a path in generated code means, under the name by which a caller knows it.

use std::collections::{BTreeMap, BTreeSet};

use quote::ToTokens;
use syn::{
    Item, Type, UseTree, Visibility,
    visit_mut::{self, VisitMut},
};

/// The name of the crate that generated code is part of.
pub(super) const CRATE: &str = "pleo_client";

/// How far names are followed; code that needs more goes in circles and does not compile.
const DEPTH: usize = 16;

/// The names that each generated module knows.
#[derive(Debug, Default)]
pub(super) struct Scope {
    modules: BTreeMap<String, BTreeMap<String, String>>,
    aliases: BTreeMap<String, Type>,
    public: BTreeSet<String>,
}

impl Scope {
    /// Adds the names of a module and of those in it.
    pub(super) fn add(&mut self, module: &str, items: &[Item]) {
        let mut imports = Vec::new();
        for item in items {
            let name = match item {
                Item::Struct(item) => &item.ident,
                Item::Enum(item) => &item.ident,
                Item::Type(item) => &item.ident,
                Item::Mod(item) => {
                    if let Some((_, items)) = &item.content {
                        self.add(&format!("{module}::{}", item.ident), items);
                    }
                    &item.ident
                }
                Item::Use(item) => {
                    let public = matches!(item.vis, Visibility::Public(_));
                    import(&item.tree, &mut Vec::new(), &mut |path, name| imports.push((path, name, public)));
                    continue;
                }
                _ => continue,
            };
            self.define(module, &name.to_string());
        }
        for (path, name, public) in imports {
            let target = self.absolute(module, &path);
            self.modules.entry(module.to_owned()).or_default().insert(name.clone(), target);
            if public {
                self.public.insert(format!("{module}::{name}"));
            }
        }
    }

    /// Adds a name that is in a module.
    pub(super) fn define(&mut self, module: &str, name: &str) {
        let path = format!("{module}::{name}");
        self.modules.entry(module.to_owned()).or_default().insert(name.to_owned(), path);
    }

    /// Adds what an alias stands for, as it is written in `module`.
    pub(super) fn alias(&mut self, module: &str, name: &str, target: &Type) {
        let target = self.known(module, target);
        self.aliases.insert(format!("{module}::{name}"), target);
    }

    /// The paths that `pub use` makes, each with the path of what it means.
    pub(super) fn reexports(&self) -> impl Iterator<Item = (&str, String)> {
        self.public.iter().map(|path| (path.as_str(), self.follow(path.clone())))
    }

    /// Whether generated code defines what is at a path.
    pub(super) fn defines(&self, path: &str) -> bool {
        path.rsplit_once("::").is_some_and(|(module, name)| {
            self.modules.get(module).and_then(|names| names.get(name)).is_some_and(|known| known == path)
        })
    }

    /// The path from outside of what `path` means in `module`.
    pub(super) fn resolve(&self, module: &str, path: &syn::Path) -> String {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if path.leading_colon.is_some() {
            return segments.join("::");
        }
        self.follow(self.absolute(module, &segments))
    }

    /// A type with the paths that a caller would write; aliases are what they stand for.
    pub(super) fn known(&self, module: &str, value: &Type) -> Type {
        let mut value = value.clone();
        Known { scope: self, module, depth: 0 }.visit_type_mut(&mut value);
        value
    }

    fn absolute(&self, module: &str, segments: &[String]) -> String {
        let Some((first, rest)) = segments.split_first() else { return String::new() };
        let start = match first.as_str() {
            "crate" => CRATE.to_owned(),
            "self" => module.to_owned(),
            "super" => {
                let parent = module.rsplit_once("::").map_or(module, |(parent, _)| parent);
                if rest.first().is_some_and(|next| next == "super") {
                    return self.absolute(parent, rest);
                }
                parent.to_owned()
            }
            _ => match self.modules.get(module).and_then(|names| names.get(first)) {
                Some(known) => known.clone(),
                None => first.clone(),
            },
        };
        let mut path = start;
        for segment in rest {
            path.push_str("::");
            path.push_str(segment);
        }
        path
    }

    /// Follows imports to where the thing is. The runtime's names are all at the root.
    fn follow(&self, mut path: String) -> String {
        for _ in 0..DEPTH {
            let Some((module, name)) = path.rsplit_once("::") else { break };
            match self.modules.get(module).and_then(|names| names.get(name)) {
                Some(next) if *next != path => path = next.clone(),
                _ => break,
            }
        }
        match path.strip_prefix("pleo_client::runtime::") {
            Some(name) => format!("{CRATE}::{name}"),
            None => path,
        }
    }
}

fn import(tree: &UseTree, path: &mut Vec<String>, found: &mut impl FnMut(Vec<String>, String)) {
    match tree {
        UseTree::Path(tree) => {
            path.push(tree.ident.to_string());
            import(&tree.tree, path, found);
            path.pop();
        }
        UseTree::Name(tree) => {
            let mut whole = path.clone();
            whole.push(tree.ident.to_string());
            found(whole, tree.ident.to_string());
        }
        UseTree::Rename(tree) => {
            let mut whole = path.clone();
            whole.push(tree.ident.to_string());
            found(whole, tree.rename.to_string());
        }
        UseTree::Group(tree) => tree.items.iter().for_each(|tree| import(tree, path, found)),
        _ => {}
    }
}

/// Writes paths as a caller would.
struct Known<'a> {
    scope: &'a Scope,
    module: &'a str,
    depth: usize,
}

impl VisitMut for Known<'_> {
    fn visit_type_mut(&mut self, value: &mut Type) {
        visit_mut::visit_type_mut(self, value);
        let Type::Path(path) = value else { return };
        if self.depth < DEPTH
            && let Some(target) = self.scope.aliases.get(&plain(&path.path))
        {
            // What an alias stands for is written from outside already, but may be an alias again.
            let mut target = target.clone();
            Known { scope: self.scope, module: CRATE, depth: self.depth + 1 }.visit_type_mut(&mut target);
            *value = target;
        }
    }

    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        visit_mut::visit_path_mut(self, path);
        if path.leading_colon.is_some() || path.segments.first().is_some_and(|first| first.ident == CRATE) {
            return;
        }
        let known = self.scope.resolve(self.module, path);
        let arguments = path.segments.last().map(|segment| segment.arguments.clone()).unwrap_or_default();
        if let Ok(mut named) = syn::parse_str::<syn::Path>(&known) {
            if let Some(last) = named.segments.last_mut() {
                last.arguments = arguments;
            }
            *path = named;
        }
    }
}

/// A path without its arguments.
pub(super) fn plain(path: &syn::Path) -> String {
    let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    segments.join("::")
}

/// Tokens as text, spaced and shortened as people write types.
pub(super) fn shown(value: &impl ToTokens) -> String {
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '\'';
    let operator = |token: &str| matches!(token, "->" | "=" | "+");
    let mut out = String::new();
    let tokens = value.to_token_stream().to_string();
    let mut previous = "";
    for token in tokens.split(' ') {
        // A comma at the end of a list depends on how the code is laid out.
        if previous == "," && matches!(token, ")" | "]" | "}" | ">") {
            out.pop();
            previous = "";
        }
        let apart = previous == ","
            || operator(previous)
            || operator(token)
            || previous.ends_with(word) && token.starts_with(word);
        if apart && !out.is_empty() {
            out.push(' ');
        }
        // A foreign crate's path begins with colons, which say nothing to a reader.
        if token != "::" || previous.ends_with(word) {
            out.push_str(token);
        }
        previous = token;
    }
    out
}
