//! What changed between two surfaces.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    catalogue,
    finding::RustFinding,
    kinds,
    surface::{Method, Shape, Surface, TypeKind},
};

/// The findings from one surface to another, sorted by item, then kind.
///
/// What goes or comes with a larger thing is not reported beside it: the builder of a method, the
/// types of a family, the implementations of a type.
pub fn compare(old: &Surface, new: &Surface) -> Vec<RustFinding> {
    let mut comparer =
        Comparer { old, new, homes: BTreeMap::new(), kept: BTreeSet::new(), findings: Vec::new() };
    let renamed = renamed(old, new);
    comparer.find_homes(&renamed);
    comparer.families();
    comparer.methods(&renamed);
    comparer.types();
    let mut findings = comparer.findings;
    findings.sort();
    findings.dedup();
    findings
}

/// Methods that have another name, by the old one.
///
/// They are recognised by the request, else by Pleo's name of the operation where it stands for
/// one only.
fn renamed<'a>(old: &'a Surface, new: &'a Surface) -> BTreeMap<&'a str, &'a str> {
    let gone = |from: &'a Surface, other: &'a Surface| {
        from.methods.iter().filter(move |(name, _)| !other.methods.contains_key(*name))
    };
    let mut found = BTreeMap::new();
    let mut taken = BTreeSet::new();
    let same: [fn(&Method) -> &str; 2] = [|method| &method.request, |method| &method.pleo_id];
    for key in same {
        for (name, method) in gone(old, new) {
            let key_of = key(method);
            let is_only = gone(old, new).filter(|(_, other)| key(other) == key_of).count() == 1;
            let mut candidates = gone(new, old).filter(|(_, other)| key(other) == key_of);
            if let (true, Some((other, _)), None) = (is_only, candidates.next(), candidates.next())
                && !key_of.is_empty()
                && !found.contains_key(name.as_str())
                && taken.insert(other.as_str())
            {
                found.insert(name.as_str(), other.as_str());
            }
        }
    }
    found
}

struct Comparer<'a> {
    old: &'a Surface,
    new: &'a Surface,
    /// Where the old types are now, by their old paths.
    homes: BTreeMap<&'a str, &'a str>,
    /// Where types are now that were elsewhere before.
    kept: BTreeSet<&'a str>,
    findings: Vec<RustFinding>,
}

impl<'a> Comparer<'a> {
    fn find_homes(&mut self, renamed: &BTreeMap<&'a str, &'a str>) {
        for (old, new) in renamed {
            self.homes.insert(&self.old.methods[*old].builder, &self.new.methods[*new].builder);
        }
        // Names within a family are those of schemas and operations, which are unique.
        let mut elsewhere: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for path in self.new.types.keys() {
            if self.old.home(path).is_none() {
                elsewhere.entry(within_family(path)).or_default().push(path);
            }
        }
        for path in self.old.types.keys() {
            if self.homes.contains_key(path.as_str()) {
                continue;
            }
            if let Some(home) = self.new.home(path) {
                self.homes.insert(path, home);
            } else if let Some([home]) = elsewhere.get(within_family(path)).map(Vec::as_slice) {
                self.homes.insert(path, home);
            }
        }
        self.kept = self.homes.values().copied().collect();
    }

    fn note(&mut self, kind: kinds::RustKind, item: &str, before: Option<&str>, after: Option<&str>) {
        let (mut before, mut after) = (before.map(str::to_owned), after.map(str::to_owned));
        // Types are named as in the code, unless only the module tells them apart.
        let (short_before, short_after) = (before.as_deref().map(short), after.as_deref().map(short));
        if short_before != short_after {
            (before, after) = (short_before, short_after);
        }
        self.findings.push(kind.of(item, before, after));
    }

    fn families(&mut self) {
        let (old, new) = (self.old, self.new);
        for family in old.families.difference(&new.families) {
            self.note(kinds::FAMILY_REMOVED, family, None, None);
        }
        for family in new.families.difference(&old.families) {
            self.note(kinds::FAMILY_ADDED, family, None, None);
        }
    }

    fn methods(&mut self, renamed: &BTreeMap<&'a str, &'a str>) {
        let (old, new) = (self.old, self.new);
        for (name, method) in &old.methods {
            let item = format!("pleo_client::Client::{name}");
            let other = renamed.get(name.as_str()).copied().unwrap_or(name);
            let Some(now) = new.methods.get(other) else {
                self.note(kinds::METHOD_REMOVED, &item, Some(&method.request), None);
                continue;
            };
            if other != name {
                self.note(kinds::METHOD_RENAMED, &item, Some(name), Some(other));
            }
            match (method.deprecated, now.deprecated) {
                (false, true) => self.note(kinds::METHOD_DEPRECATED, &item, None, None),
                (true, false) => self.note(kinds::METHOD_REVIVED, &item, None, None),
                _ => {}
            }
            self.arguments(&item, &method.arguments, &now.arguments);
            for (member, before) in &method.catalogue {
                let after = now.catalogue.get(member);
                if after != Some(before) {
                    let item = format!("{item} ({member})");
                    let after = after.map(String::as_str);
                    let kind = if catalogue::may_refuse(member, before, after.unwrap_or_default()) {
                        kinds::CATALOGUE_CHANGED
                    } else {
                        kinds::CATALOGUE_RELAXED
                    };
                    self.note(kind, &item, Some(before), after);
                }
            }
        }
        let renamed: BTreeSet<&str> = renamed.values().copied().collect();
        for (name, method) in &new.methods {
            if !old.methods.contains_key(name) && !renamed.contains(name.as_str()) {
                let item = format!("pleo_client::Client::{name}");
                self.note(kinds::METHOD_ADDED, &item, None, Some(&method.request));
            }
        }
    }

    /// Compares what a method has to be given. Callers write it one after the other, without names, so that one
    /// name in another's place may compile and mean something else.
    fn arguments(&mut self, item: &str, old: &[(String, String)], new: &[(String, String)]) {
        if !old.iter().map(|(name, _)| name).eq(new.iter().map(|(name, _)| name)) {
            let list = |arguments: &[(String, String)]| {
                let arguments = arguments.iter().map(|(name, taken)| format!("{name}: {taken}"));
                format!("({})", arguments.collect::<Vec<_>>().join(", "))
            };
            self.note(kinds::ARGUMENTS_CHANGED, item, Some(&list(old)), Some(&list(new)));
            return;
        }
        for ((name, before), (_, after)) in old.iter().zip(new) {
            if self.now(before) != *after {
                let item = format!("{item} ({name})");
                self.note(kinds::ARGUMENT_TYPE_CHANGED, &item, Some(before), Some(after));
            }
        }
    }

    fn types(&mut self) {
        let (old, new) = (self.old, self.new);
        let builders =
            |surface: &'a Surface| surface.methods.values().map(|method| method.builder.as_str()).collect();
        let (old_builders, new_builders): (BTreeSet<&str>, BTreeSet<&str>) = (builders(old), builders(new));
        for (path, shape) in &old.types {
            match self.homes.get(path.as_str()).copied() {
                Some(home) => {
                    if new.home(path) != Some(home) && within_family(path) == within_family(home) {
                        self.note(kinds::TYPE_MOVED, path, Some(path), Some(home));
                    }
                    self.shape(path, shape, &new.types[home]);
                }
                None => {
                    let with_more = old_builders.contains(path.as_str())
                        || is_in(&new.families, path, &old.families)
                        || built(path).is_some_and(|built| !self.homes.contains_key(built.as_str()));
                    if !with_more {
                        self.note(kinds::TYPE_REMOVED, path, shape.kind_name(), None);
                    }
                }
            }
        }
        for (path, home) in &old.reexports {
            if let Some(now) = self.homes.get(home.as_str()).copied()
                && new.home(path).is_none()
                && !is_in(&new.families, path, &old.families)
            {
                self.note(kinds::TYPE_MOVED, path, Some(path), Some(now));
            }
        }
        for (path, shape) in &new.types {
            let with_more = new_builders.contains(path.as_str())
                || is_in(&old.families, path, &new.families)
                || built(path).is_some_and(|built| !self.kept.contains(built.as_str()));
            if !self.kept.contains(path.as_str()) && !with_more {
                self.note(kinds::TYPE_ADDED, path, None, shape.kind_name());
            }
        }
    }

    fn shape(&mut self, path: &str, old: &Shape, new: &Shape) {
        if old.kind != new.kind {
            self.note(kinds::TYPE_KIND_CHANGED, path, old.kind_name(), new.kind_name());
            return;
        }
        if let (Some(before), Some(after)) = (&old.alias, &new.alias)
            && self.now(before) != *after
        {
            self.note(kinds::ALIAS_CHANGED, path, Some(before), Some(after));
        }
        if let (Some(before), Some(after)) = (&old.result, &new.result)
            && self.now(before) != *after
        {
            self.note(kinds::RESULT_CHANGED, &format!("{path}::send"), Some(before), Some(after));
        }
        self.fields(path, old, new);
        self.setters(path, old, new);
        for (variant, word) in &old.variants {
            let item = format!("{path}::{variant}");
            match new.variants.get(variant) {
                None => self.note(kinds::VARIANT_REMOVED, &item, None, None),
                Some(now) if now != word => {
                    self.note(kinds::VARIANT_WORD_CHANGED, &item, Some(word), Some(now));
                }
                Some(_) => {}
            }
        }
        for variant in new.variants.keys().filter(|variant| !old.variants.contains_key(*variant)) {
            self.note(kinds::VARIANT_ADDED, &format!("{path}::{variant}"), None, None);
        }
        let now = |set: &BTreeSet<String>| set.iter().map(|text| self.now(text)).collect::<BTreeSet<_>>();
        let (functions, traits) = (now(&old.functions), now(&old.traits));
        for text in functions.difference(&new.functions) {
            self.note(kinds::FUNCTION_REMOVED, path, Some(text), None);
        }
        for text in new.functions.difference(&functions) {
            self.note(kinds::FUNCTION_ADDED, path, None, Some(text));
        }
        for text in traits.difference(&new.traits) {
            if self.names_kept(text) {
                self.note(kinds::TRAIT_REMOVED, path, Some(text), None);
            }
        }
        for text in new.traits.difference(&traits) {
            if self.names_kept(text) {
                self.note(kinds::TRAIT_ADDED, path, None, Some(text));
            }
        }
    }

    fn fields(&mut self, path: &str, old: &Shape, new: &Shape) {
        for (name, before) in &old.fields {
            let item = format!("{path}::{name}");
            let Some(after) = new.fields.get(name) else {
                self.note(kinds::FIELD_REMOVED, &item, Some(before), None);
                continue;
            };
            let now = self.now(before);
            if now == *after {
                continue;
            }
            let kind = if optional(after) == Some(&now) {
                kinds::FIELD_BECAME_OPTIONAL
            } else if optional(&now) == Some(after) {
                kinds::FIELD_BECAME_REQUIRED
            } else {
                kinds::FIELD_TYPE_CHANGED
            };
            self.note(kind, &item, Some(before), Some(after));
        }
        for (name, after) in &new.fields {
            if !old.fields.contains_key(name) {
                self.note(kinds::FIELD_ADDED, &format!("{path}::{name}"), None, Some(after));
            }
        }
    }

    fn setters(&mut self, path: &str, old: &Shape, new: &Shape) {
        for (name, before) in &old.setters {
            let item = format!("{path}::{name}");
            let Some(after) = new.setters.get(name) else {
                self.note(kinds::SETTER_REMOVED, &item, Some(&before.value), None);
                continue;
            };
            if self.now(&before.value) != after.value {
                self.note(kinds::SETTER_TYPE_CHANGED, &item, Some(&before.value), Some(&after.value));
            }
            match (before.required, after.required) {
                (false, true) => self.note(kinds::SETTER_BECAME_REQUIRED, &item, None, None),
                (true, false) => self.note(kinds::SETTER_BECAME_OPTIONAL, &item, None, None),
                _ => {}
            }
        }
        for (name, after) in &new.setters {
            if !old.setters.contains_key(name) {
                let kind = if after.required { kinds::REQUIRED_SETTER_ADDED } else { kinds::SETTER_ADDED };
                self.note(kind, &format!("{path}::{name}"), None, Some(&after.value));
            }
        }
    }

    /// A text of the old surface with its types where they are now.
    fn now(&self, text: &str) -> String {
        replace_paths(text, |path| self.homes.get(path).copied().unwrap_or(path).to_owned())
    }

    /// Whether both surfaces have all generated types that a text names where they are now: a
    /// conversion from a builder goes and comes with the builder.
    fn names_kept(&self, text: &str) -> bool {
        let mut kept = true;
        replace_paths(text, |path| {
            kept &= !self.new.types.contains_key(path) && !self.old.types.contains_key(path)
                || self.kept.contains(path);
            String::new()
        });
        kept
    }
}

impl Shape {
    fn kind_name(&self) -> Option<&'static str> {
        self.kind.map(TypeKind::name)
    }
}

/// The path without crate and family.
fn within_family(path: &str) -> &str {
    path.splitn(3, "::").nth(2).unwrap_or(path)
}

/// Whether a path lies in a family of `here` that is none of `there`.
fn is_in(there: &BTreeSet<String>, path: &str, here: &BTreeSet<String>) -> bool {
    let family = path.strip_suffix(within_family(path)).unwrap_or(path).trim_end_matches(':');
    here.contains(family) && !there.contains(family)
}

/// The type that a builder of a type builds.
fn built(path: &str) -> Option<String> {
    path.contains("::types::builder::").then(|| path.replace("::types::builder::", "::types::"))
}

/// The `T` of `Option<T>`.
fn optional(text: &str) -> Option<&str> {
    text.strip_prefix("Option<")?.strip_suffix('>')
}

/// A text with the last segment only of each path of a generated type.
fn short(text: &str) -> String {
    replace_paths(text, |path| path.rsplit("::").next().unwrap_or(path).to_owned())
}

/// Replaces the paths into the client that are in a text.
fn replace_paths(text: &str, mut by: impl FnMut(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("pleo_client::") {
        out.push_str(&rest[..start]);
        let path = &rest[start..];
        let end = path.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(path.len());
        out.push_str(&by(&path[..end]));
        rest = &path[end..];
    }
    out.push_str(rest);
    out
}
