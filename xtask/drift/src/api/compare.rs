//! What differs between two states.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    rc::Rc,
    sync::Arc,
};

use serde_json::{Value, json};
use xtask_openapi::{Document, SpecError};

use super::{
    cursor::{At, Cursor, Object},
    describe::Describer,
    difference::{Difference, Step},
    finding::{ApiFinding, Operations},
    kinds::{self, Direction},
    operations::{Renamed, operation},
    pairs::Pairs,
    parts::{extensions, key, members},
    schema::{Id, without_prose},
    state::{self, Api, Key, Operation, State},
};
use crate::pairing;

/// Whether changes of words are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prose {
    /// Only what means something to a program.
    LeftOut,
    /// Descriptions, summaries, titles and examples too.
    Compared,
}

/// Compares two states of the published documents; the findings are sorted by API, level, kind and
/// place.
///
/// Documents are known by `info.title` or by what they describe, operations by method and path,
/// whatever the parameters in the path are called. What no operation uses is not compared.
///
/// # Errors
/// The first place of either state that cannot be read: not an OpenAPI 3 document, a `$ref` that
/// leads nowhere, a keyword whose value has the wrong type.
pub fn compare(old: &[Document], new: &[Document], prose: Prose) -> Result<Vec<ApiFinding>, SpecError> {
    let (old, new) = (State::read(old)?, State::read(new)?);
    let mut comparison = Comparison {
        old: &old,
        new: &new,
        pairs: Pairs::new(&old, &new),
        steps: HashMap::new(),
        touched: Touched::default(),
        gathered: Gathered::default(),
    };
    comparison.run();
    let gathered = comparison.finish();
    let mut describer = Describer::new(&old, &new);
    let found = gathered.found.into_values();
    let found = found.filter(|found| prose == Prose::Compared || !found.difference.kind.prose);
    let mut findings: Vec<ApiFinding> =
        found.map(|found| describer.finding(found.difference, found.api, found.operations)).collect();
    findings.sort_by(ApiFinding::order);
    Ok(findings)
}

/// What makes two differences the same, so that one of a shared component is reported once.
type Identity = (&'static str, Option<At>, Option<At>, String, String);

/// Differences with what they touch.
#[derive(Debug, Default)]
struct Gathered {
    found: BTreeMap<Identity, Found>,
}

#[derive(Debug)]
struct Found {
    difference: Difference,
    api: String,
    operations: Operations,
}

impl Gathered {
    fn note(
        &mut self,
        api: &str,
        operations: &Operations,
        differences: impl IntoIterator<Item = Difference>,
    ) {
        for difference in differences {
            let text = |value: &Option<Value>| value.as_ref().map(Value::to_string).unwrap_or_default();
            let identity = (
                difference.kind.id,
                difference.old.clone(),
                difference.new.clone(),
                text(&difference.before),
                text(&difference.after),
            );
            match self.found.get_mut(&identity) {
                Some(found) => found.operations.add(operations),
                None => {
                    let found = Found { difference, api: api.to_owned(), operations: operations.clone() };
                    self.found.insert(identity, found);
                }
            }
        }
    }
}

/// Pairs of schemas with the API and the operations that lead to them, in the order in which they
/// were found.
#[derive(Debug, Default)]
struct Touched {
    order: Vec<((Id, Id, Direction), String)>,
    operations: HashMap<(Id, Id, Direction), BTreeSet<Arc<str>>>,
}

impl Touched {
    fn note(&mut self, pair: (Id, Id, Direction), api: &str, operation: &Arc<str>) {
        let operations = self.operations.entry(pair).or_insert_with(|| {
            self.order.push((pair, api.to_owned()));
            BTreeSet::new()
        });
        operations.insert(Arc::clone(operation));
    }
}

struct Comparison<'s, 'a> {
    old: &'s State<'a>,
    new: &'s State<'a>,
    pairs: Pairs<'s, 'a>,
    steps: HashMap<(Id, Id, Direction), Rc<Step>>,
    touched: Touched,
    gathered: Gathered,
}

/// An operation that is in one state only, with its API.
type Lone<'s, 'a> = (&'s Api<'a>, &'s Key);

impl<'s, 'a> Comparison<'s, 'a> {
    fn run(&mut self) {
        let (old, new) = (self.old, self.new);
        let (mut gone, mut come): (Vec<Lone<'s, 'a>>, Vec<Lone<'s, 'a>>) = (Vec::new(), Vec::new());
        let paired = pairing::pairs(old.documents, new.documents);
        for (a, b) in paired.iter().map(|(a, b)| (&old.apis[*a], &new.apis[*b])) {
            let renamed = renamed(a, b);
            self.note(&b.title, None, api(a, b, &renamed));
            for (key, operation) in &a.operations {
                match b.operations.get(key) {
                    Some(other) => self.operation(&b.title, operation, other, &renamed),
                    None => gone.push((a, key)),
                }
            }
            come.extend(
                b.operations.keys().filter(|key| !a.operations.contains_key(*key)).map(|key| (b, key)),
            );
        }
        let is_old: BTreeSet<usize> = paired.iter().map(|(a, _)| *a).collect();
        let is_new: BTreeSet<usize> = paired.iter().map(|(_, b)| *b).collect();
        for (_, api) in old.apis.iter().enumerate().filter(|(index, _)| !is_old.contains(index)) {
            let change = Difference::gone(&kinds::API_REMOVED, api.root.at(), api_version(api));
            self.note(&api.title, None, vec![change]);
            gone.extend(api.operations.keys().map(|key| (api, key)));
        }
        for (_, api) in new.apis.iter().enumerate().filter(|(index, _)| !is_new.contains(index)) {
            let change = Difference::come(&kinds::API_ADDED, api.root.at(), api_version(api));
            self.note(&api.title, None, vec![change]);
            come.extend(api.operations.keys().map(|key| (api, key)));
        }
        self.moved(gone, come);
    }

    /// Compares operations that moved from one API to another; those that did not are gone or new.
    fn moved(&mut self, gone: Vec<Lone<'s, 'a>>, come: Vec<Lone<'s, 'a>>) {
        let mut fresh: BTreeMap<&Key, Vec<&'s Api<'a>>> = BTreeMap::new();
        for (api, key) in come.iter().rev() {
            fresh.entry(key).or_default().push(api);
        }
        for (api, key) in gone {
            let Some(operation) = api.operations.get(key) else { continue };
            let to = fresh.get_mut(key).and_then(Vec::pop);
            match to.and_then(|to| Some((to, to.operations.get(key)?))) {
                Some((to, other)) => {
                    let at = (operation.here.at(), other.here.at());
                    let titles = (json!(api.title), json!(to.title));
                    let change = Difference::changed(&kinds::OPERATION_MOVED, at, titles);
                    self.note(&to.title, Some(&other.name), vec![change]);
                    self.operation(&to.title, operation, other, &renamed(api, to));
                }
                None => {
                    let change = Difference::gone(&kinds::OPERATION_REMOVED, operation.here.at(), None);
                    self.note(&api.title, Some(&operation.name), vec![change]);
                }
            }
        }
        for (key, apis) in fresh {
            for api in apis {
                let Some(operation) = api.operations.get(key) else { continue };
                let change = Difference::come(&kinds::OPERATION_ADDED, operation.here.at(), None);
                self.note(&api.title, Some(&operation.name), vec![change]);
            }
        }
    }

    fn note(&mut self, api: &str, operation: Option<&str>, differences: Vec<Difference>) {
        self.gathered.note(api, &operation.into_iter().collect(), differences);
    }

    /// Compares one operation with all that it leads to.
    fn operation(&mut self, api: &str, old: &Operation<'a>, new: &Operation<'a>, renamed: &Renamed) {
        let step = operation(&self.pairs, old, new, renamed);
        self.note(api, Some(&new.name), step.found);
        let name: Arc<str> = Arc::from(new.name.as_str());
        let (mut left, mut seen) = (step.next, HashSet::new());
        while let Some(pair) = left.pop() {
            if !seen.insert(pair) {
                continue;
            }
            let step =
                self.steps.entry(pair).or_insert_with(|| Rc::new(self.pairs.step(pair.0, pair.1, pair.2)));
            if !step.found.is_empty() {
                self.touched.note(pair, api, &name);
            }
            left.extend(&step.next);
        }
    }

    /// Puts together what was found in schemas with the operations that lead to them.
    fn finish(mut self) -> Gathered {
        for (pair, api) in self.touched.order {
            let operations = self.touched.operations.remove(&pair).into_iter().flatten().collect();
            if let Some(step) = self.steps.get(&pair) {
                self.gathered.note(&api, &operations, step.found.iter().cloned());
            }
        }
        self.gathered
    }
}

/// Security schemes of the old state by their new names, where one is the same under another name.
fn renamed(old: &Api<'_>, new: &Api<'_>) -> Renamed {
    let only_in = |api: &'_ Api<'_>, other: &Api<'_>| -> Vec<(String, Value)> {
        let is_free = |name: &String| !other.schemes.contains_key(name) && !other.asked.contains(name);
        let names = api.schemes.iter().filter(|(name, _)| is_free(name));
        names.map(|(name, scheme)| (name.clone(), scheme.value.clone())).collect()
    };
    let (gone, come) = (only_in(old, new), only_in(new, old));
    let alike =
        |list: &[(String, Value)], value: &Value| list.iter().filter(|(_, other)| other == value).count();
    let pair = |(name, value): &(String, Value)| {
        let (other, _) = gone.iter().find(|(_, other)| other == value)?;
        (alike(&gone, value) == 1 && alike(&come, value) == 1).then(|| (name.clone(), other.clone()))
    };
    come.iter().filter_map(pair).collect()
}

fn api_version(api: &Api<'_>) -> Option<Value> {
    api.root.raw("info")?.get("version").cloned()
}

fn api(old: &Api<'_>, new: &Api<'_>, renamed: &Renamed) -> Vec<Difference> {
    let mut found = Vec::new();
    let at = (old.root.at(), new.root.at());
    let (old_info, new_info) = (old.root.get("info"), new.root.get("info"));
    if let (Some(old_info), Some(new_info)) = (&old_info, &new_info) {
        let info = (old_info.at(), new_info.at());
        if old.title != new.title {
            let titles = (Some(json!(old.title)), Some(json!(new.title)));
            key(&mut found, &kinds::API_RENAMED, "title", info, titles);
        }
        key(&mut found, &kinds::API_VERSION_CHANGED, "version", info, (api_version(old), api_version(new)));
        extensions(&mut found, &kinds::API_EXTENSION_CHANGED, old_info, new_info, "");
    }
    members(&mut found, (&kinds::SERVER_ADDED, &kinds::SERVER_REMOVED), &old.servers, &new.servers);
    let tags = (state::tags(&old.root), state::tags(&new.root));
    members(&mut found, (&kinds::API_TAG_ADDED, &kinds::API_TAG_REMOVED), &tags.0, &tags.1);
    extensions(&mut found, &kinds::API_EXTENSION_CHANGED, &old.root, &new.root, "");
    let webhooks = |api: &Api<'_>| api.root.raw("webhooks").map(without_prose);
    key(&mut found, &kinds::API_WEBHOOKS_CHANGED, "webhooks", at, (webhooks(old), webhooks(new)));
    let text = |info: &Option<Cursor<'_>>| -> Option<Value> {
        let info = info.as_ref()?.value().as_object()?;
        let says = |key: &str| !matches!(key, "title" | "version") && !key.starts_with("x-");
        let words = info.iter().filter(|(key, _)| says(key));
        Some(Value::Object(words.map(|(key, value)| (key.clone(), value.clone())).collect::<Object>()))
    };
    key(&mut found, &kinds::API_DESCRIPTION_CHANGED, "info", at, (text(&old_info), text(&new_info)));
    for part in ["externalDocs", "tags"] {
        let words = |api: &Api<'_>| match api.root.raw(part) {
            // Which tags there are is a finding of its own.
            Some(Value::Array(tags)) => {
                let described = tags.iter().filter(|tag| tag.get("description").is_some());
                Some(described.cloned().collect::<Vec<_>>()).filter(|tags| !tags.is_empty()).map(Value::from)
            }
            other => other.cloned(),
        };
        key(&mut found, &kinds::API_DESCRIPTION_CHANGED, part, at, (words(old), words(new)));
    }
    schemes(&mut found, old, new, renamed);
    found
}

/// Compares the declarations of security schemes. Which of them an operation asks for is compared
/// with the operation; one that none asks for binds nobody.
fn schemes(found: &mut Vec<Difference>, old: &Api<'_>, new: &Api<'_>, renamed: &Renamed) {
    for (name, scheme) in &old.schemes {
        match new.schemes.get(name) {
            Some(other) if other.value != scheme.value => {
                let kind = if scheme.used || other.used {
                    &kinds::SECURITY_SCHEME_CHANGED
                } else {
                    &kinds::SECURITY_SCHEME_UNUSED_CHANGED
                };
                let values = (scheme.value.clone(), other.value.clone());
                found.push(Difference::changed(kind, (&scheme.at, &other.at), values));
            }
            Some(_) => {}
            None if renamed.values().any(|other| other == name) => {}
            None => {
                let kind = &kinds::SECURITY_SCHEME_REMOVED;
                found.push(Difference::gone(kind, &scheme.at, scheme.value.clone()));
            }
        }
    }
    for (name, scheme) in new.schemes.iter().filter(|(name, _)| !old.schemes.contains_key(*name)) {
        match renamed.get(name).and_then(|other| Some((other, old.schemes.get(other)?))) {
            Some((other, before)) => {
                let (at, names) = ((&before.at, &scheme.at), (json!(other), json!(name)));
                found.push(Difference::changed(&kinds::SECURITY_SCHEME_RENAMED, at, names));
            }
            None => {
                let kind = &kinds::SECURITY_SCHEME_ADDED;
                found.push(Difference::come(kind, &scheme.at, scheme.value.clone()));
            }
        }
    }
}
