//! The passes that fix a document, in the order in which they run.
//!
//! Cleaning passes work on each published document and make `spec/openapi.json`; lowering passes
//! then make of it what progenitor can turn into code that survives real responses. Each has a
//! fixture pair in `xtask/openapi/tests/passes`.

mod all_of;
mod members;
mod null;
mod operations;
mod responses;
mod schemas;
pub mod servers;
mod types;

pub use operations::{COMPANY, MAY_BE_LEFT_OUT};
use serde_json::Value;

use super::{Document, Refusals, SpecError};

/// One named change to a document.
pub struct Pass {
    /// Stable name in kebab-case.
    pub id: &'static str,
    /// What it does, one sentence.
    pub what: &'static str,
    /// Why it is needed, one sentence.
    pub why: &'static str,
    /// When it runs.
    pub stage: Stage,
    /// Whether today's documents need it.
    pub expect: Expect,
    /// The change itself.
    pub run: fn(&mut Log, &mut Value) -> Result<(), Refusals>,
}

/// When a pass runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// On each document, before merging.
    Clean,
    /// On the merged document, for the generator only.
    Lower,
}

/// Whether a pass must find something to do in the project's own documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Today's documents need it.
    Today,
    /// Only tomorrow's may.
    IfPresent,
}

/// What a pass has done so far.
pub struct Log {
    document: String,
    places: Vec<String>,
}

impl Log {
    /// An empty log for one document.
    pub fn new(document: &str) -> Self {
        Self { document: document.to_owned(), places: Vec::new() }
    }

    /// Notes a place that was changed.
    fn changed(&mut self, pointer: impl Into<String>) {
        self.places.push(pointer.into());
    }

    /// The error for a place that no rule settles.
    fn refuse(&self, pointer: impl Into<String>, problem: impl Into<String>, help: &str) -> SpecError {
        SpecError::new(&self.document, pointer, problem, help)
    }

    /// The places that were changed.
    pub fn into_places(self) -> Vec<String> {
        self.places
    }
}

/// The cleaning passes.
pub static CLEAN: &[Pass] = &[
    Pass {
        id: "foreign-extensions",
        what: "Drops extensions that are not ours; `x-exclude` becomes `x-pleo-unlisted`.",
        why: "They configure Pleo's documentation site and say nothing about the API.",
        stage: Stage::Clean,
        expect: Expect::Today,
        run: operations::foreign_extensions,
    },
    Pass {
        id: "empty-path-items",
        what: "Drops paths without an operation.",
        why: "They describe nothing that can be called.",
        stage: Stage::Clean,
        // A page shows one operation, so a path without any may be lost on the way here.
        expect: Expect::IfPresent,
        run: operations::empty_path_items,
    },
    Pass {
        id: "inline-references",
        what: "Puts shared parameters, request bodies and responses where they are referred to.",
        why: "Later passes then look in one place only.",
        stage: Stage::Clean,
        expect: Expect::IfPresent,
        run: operations::inline_references,
    },
    Pass {
        id: "path-parameters",
        what: "Moves the parameters of a path into its operations.",
        why: "Later passes then look in one place only.",
        stage: Stage::Clean,
        expect: Expect::IfPresent,
        run: operations::path_parameters,
    },
    Pass {
        id: "openapi-3-1",
        what: "Writes type lists, choices with null, `const`, numeric exclusive bounds and `examples` the way OpenAPI 3.0 does.",
        why: "The generator reads 3.0 only.",
        stage: Stage::Clean,
        expect: Expect::IfPresent,
        run: schemas::down_convert,
    },
    Pass {
        id: "texts",
        what: "Takes carriage returns, control characters and marks of writing direction out of texts; \
               titles, versions and ids become one line.",
        why: "They would end a comment of generated code early, or show text that is not there.",
        stage: Stage::Clean,
        expect: Expect::IfPresent,
        run: operations::texts,
    },
    Pass {
        id: "operation-names",
        what: "Names each operation by `x-pleo-name`, else by Pleo's id in snake case, else by method and path; \
               keeps Pleo's id as `x-pleo-operation-id`.",
        why: "Published ids hold spaces, implementation words and version numbers that do not follow the paths.",
        stage: Stage::Clean,
        expect: Expect::Today,
        run: operations::operation_names,
    },
    Pass {
        id: "families",
        what: "Gives each operation the API family of its document where it has none of its own.",
        why: "Generated code is split by family.",
        stage: Stage::Clean,
        expect: Expect::Today,
        run: operations::families,
    },
    Pass {
        id: "media-types",
        what: "Leaves one JSON media type without parameters; the published one is kept as `x-pleo-media-type`.",
        why: "The generator matches media types literally.",
        stage: Stage::Clean,
        expect: Expect::Today,
        run: responses::media_types,
    },
    Pass {
        id: "schemaless-media-types",
        what: "Drops a media type that has no schema.",
        why: "It promises a body without saying which; progenitor panics on it.",
        stage: Stage::Clean,
        expect: Expect::Today,
        run: responses::schemaless_media_types,
    },
    Pass {
        id: "default-is-success",
        what: "Turns a `default` that is the only response into `2XX`.",
        why: "There it describes the success; as `default` it would also claim every error.",
        stage: Stage::Clean,
        expect: Expect::Today,
        run: responses::default_is_success,
    },
    Pass {
        id: "reference-siblings",
        what: "Puts a reference that has a description or other keys beside it into `allOf`.",
        why: "OpenAPI 3.0 ignores what is next to a `$ref`.",
        stage: Stage::Clean,
        expect: Expect::Today,
        run: schemas::reference_siblings,
    },
    Pass {
        id: "object-types",
        what: "Adds `type: object` or `type: array` where `properties` or `items` show it.",
        why: "Later passes go by the type.",
        stage: Stage::Clean,
        expect: Expect::IfPresent,
        run: schemas::object_types,
    },
    Pass {
        id: "array-keywords",
        what: "Drops string keywords (`format`, `minLength`, `maxLength`, `pattern`) from arrays.",
        why: "They mean nothing there; typify panics on the format.",
        stage: Stage::Clean,
        expect: Expect::Today,
        run: schemas::array_keywords,
    },
    Pass {
        id: "all-of",
        what: "Unwraps an `allOf` of one schema, puts notes of its members beside it, and merges one of several objects.",
        why: "The type is then named once and has all its fields.",
        stage: Stage::Clean,
        expect: Expect::Today,
        run: all_of::all_of,
    },
    Pass {
        id: "any-values",
        what: "Makes an object without properties inside a map any JSON value.",
        why: "Pleo's generator writes \"any value\" as `type: object`; real metadata holds strings and numbers.",
        stage: Stage::Clean,
        expect: Expect::Today,
        run: schemas::any_values,
    },
    Pass {
        id: "date-formats",
        what: "Marks a `date-time` whose pattern is a plain date as `date-or-date-time` and drops patterns that \
               are not regular expressions.",
        why: "The two contradict each other, so either may arrive; `YYYY-MM-DD` as a regular expression matches nothing.",
        stage: Stage::Clean,
        expect: Expect::Today,
        run: schemas::date_formats,
    },
    Pass {
        id: "enum-lists",
        what: "Takes repeated values out of enums and opens enums that are not of strings.",
        why: "A value needs one name; only named strings gain from being constants.",
        stage: Stage::Clean,
        expect: Expect::IfPresent,
        run: types::enum_lists,
    },
    Pass {
        id: "typed-strings",
        what: "Replaces a string marked `x-pleo-enum` by the enum that lists its values.",
        why: "Newer responses declare plain strings next to an enum that nothing references; enums are open, so nothing is lost.",
        stage: Stage::Clean,
        expect: Expect::Today,
        run: types::typed_strings,
    },
    Pass {
        id: "inline-types",
        what: "Makes each inline enum and object a component: an equal one that exists, else by `title`, else by place.",
        why: "Generated names would collide with components, and one list would become several types.",
        stage: Stage::Clean,
        expect: Expect::Today,
        run: types::inline_types,
    },
    Pass {
        id: "parameter-types",
        what: "Puts a component where a parameter refers to it, unless it is an enum.",
        why: "A list or an object that hides behind a reference would be sent wrong, and a plain string needs no type.",
        stage: Stage::Clean,
        expect: Expect::IfPresent,
        run: types::parameter_types,
    },
    Pass {
        id: "checks",
        what: "Changes nothing; refuses parameters, bodies and names that would generate wrong or broken code.",
        why: "progenitor ignores them silently, panics, or generates code that does not compile.",
        stage: Stage::Clean,
        expect: Expect::IfPresent,
        run: operations::checks,
    },
    Pass {
        id: "servers",
        what: "Puts the path of the servers in front of every path; drops servers of operations that are the document's.",
        why: "The client's environments know hosts only, so the rest of the address belongs to the operation.",
        stage: Stage::Clean,
        expect: Expect::IfPresent,
        run: servers::servers,
    },
];

/// The lowering passes.
pub static LOWER: &[Pass] = &[
    Pass {
        id: "null-choices",
        what: "Makes a choice between one schema and null, and null in an enum, `nullable`.",
        why: "The generator knows null as a matter of the field only.",
        stage: Stage::Lower,
        expect: Expect::IfPresent,
        run: null::null_choices,
    },
    Pass {
        id: "nullable-components",
        what: "Moves `nullable` from a component to the places that refer to it.",
        why: "Null is a matter of the field; a nullable type of its own would need unwrapping twice.",
        stage: Stage::Lower,
        expect: Expect::Today,
        run: null::nullable_components,
    },
    Pass {
        id: "unions",
        what: "Makes `oneOf` and `anyOf` any JSON value.",
        why: "The generator ignores discriminators and takes the first variant that fits, losing what is not in it; \
              a value loses nothing.",
        stage: Stage::Lower,
        expect: Expect::IfPresent,
        run: schemas::unions,
    },
    Pass {
        id: "error-responses",
        what: "Takes out every response that is not a success.",
        why: "All errors come back as one type that keeps status, headers and body, whatever was documented.",
        stage: Stage::Lower,
        expect: Expect::Today,
        run: responses::error_responses,
    },
    Pass {
        id: "one-success",
        what: "Makes the successes of an operation one `2XX`.",
        why: "One method has one result.",
        stage: Stage::Lower,
        expect: Expect::Today,
        run: responses::one_success,
    },
    Pass {
        id: "one-way-members",
        what: "Makes `readOnly` members of what is sent optional, and `writeOnly` members of what is received.",
        why: "A request does not hold the ones and a response not the others, required or not.",
        stage: Stage::Lower,
        expect: Expect::IfPresent,
        run: members::one_way,
    },
    Pass {
        id: "bounds-in-docs",
        what: "Turns validation keywords into a sentence of the description.",
        why: "A bound enforced on a response fails the page for one odd string; the server enforces them on requests.",
        stage: Stage::Lower,
        expect: Expect::Today,
        run: schemas::bounds_in_docs,
    },
    Pass {
        id: "defaults",
        what: "Drops `default`.",
        why: "A default that is always sent is not the server's default any more.",
        stage: Stage::Lower,
        expect: Expect::Today,
        run: schemas::defaults,
    },
    Pass {
        id: "optional-collections",
        what: "Makes optional lists and maps nullable.",
        why: "Absent and empty stay apart, and a null is taken for absent.",
        stage: Stage::Lower,
        expect: Expect::Today,
        run: schemas::optional_collections,
    },
    Pass {
        id: "optional-company",
        what: "Makes the company of a request optional, in query and body.",
        why: "The code that authorises the request can then add the company that the credential belongs to.",
        stage: Stage::Lower,
        expect: Expect::Today,
        run: operations::optional_company,
    },
    Pass {
        id: "formats",
        what: "Drops formats that have no Rust type here; a string marked `x-pleo-sensitive` gets the format `sensitive`.",
        why: "They are hints; the value stays the string that it is.",
        stage: Stage::Lower,
        expect: Expect::Today,
        run: schemas::formats,
    },
    Pass {
        id: "open-objects",
        what: "Drops `additionalProperties` from objects that have properties.",
        why: "`false` would refuse the field that Pleo adds tomorrow.",
        stage: Stage::Lower,
        expect: Expect::IfPresent,
        run: schemas::open_objects,
    },
    Pass {
        id: "annotations",
        what: "Drops titles, examples and other notes from schemas.",
        why: "They change no type, and a title would rename one.",
        stage: Stage::Lower,
        expect: Expect::Today,
        run: schemas::annotations,
    },
];

/// Notes on the document itself which file it came from, for merging and for the generated code.
pub fn keep_source(document: &mut Document) {
    let stem = document.stem().to_owned();
    if let Some(info) = document.value.get_mut("info").and_then(Value::as_object_mut) {
        info.insert("x-pleo-source".to_owned(), Value::String(stem));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn pass_ids_are_unique_and_kebab_case() {
        let ids: Vec<&str> = CLEAN.iter().chain(LOWER).map(|pass| pass.id).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        assert!(
            ids.iter().all(|id| id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'))
        );
    }

    #[test]
    fn every_pass_is_in_the_list_of_its_stage() {
        assert!(CLEAN.iter().all(|pass| pass.stage == Stage::Clean));
        assert!(LOWER.iter().all(|pass| pass.stage == Stage::Lower));
    }
}
