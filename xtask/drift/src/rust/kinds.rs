//! The kinds of change that the Rust API can undergo, as data.

use super::finding::RustFinding;
use crate::Level;

/// One kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RustKind {
    /// Stable name in kebab-case.
    pub id: &'static str,
    /// What it means to callers, as the compiler sees it.
    pub level: Level,
    /// What happens to callers, in one sentence; `docs/versioning.md` shows it.
    pub what: &'static str,
}

impl RustKind {
    /// A finding of this kind.
    pub(super) fn of(
        self,
        item: impl Into<String>,
        before: Option<String>,
        after: Option<String>,
    ) -> RustFinding {
        RustFinding { kind: self.id, level: self.level, item: item.into(), before, after }
    }
}

macro_rules! kinds {
    ($($name:ident = $id:literal, $level:ident, $what:literal;)*) => {
        $(pub(super) const $name: RustKind = RustKind { id: $id, level: Level::$level, what: $what };)*

        /// All kinds, in the order in which `docs/versioning.md` lists them.
        pub static KINDS: &[RustKind] = &[$($name),*];
    };
}

kinds! {
    FAMILY_REMOVED = "family-removed", Breaking,
        "The module of an API family is gone, with all its types.";
    FAMILY_ADDED = "family-added", Additive,
        "There is a module for another API family.";
    METHOD_REMOVED = "method-removed", Breaking,
        "A method of the client is gone, with its builder and its entry in the catalogue.";
    METHOD_RENAMED = "method-renamed", Breaking,
        "A method of the client has another name; the request or Pleo's name of the operation is the same.";
    METHOD_ADDED = "method-added", Additive,
        "The client has one more method.";
    METHOD_DEPRECATED = "method-deprecated", Additive,
        "Calling a method warns.";
    METHOD_REVIVED = "method-revived", Additive,
        "Calling a method does not warn any more.";
    ARGUMENTS_CHANGED = "arguments-changed", Breaking,
        "A method takes more, fewer or other arguments, or the same ones in another order.";
    ARGUMENT_TYPE_CHANGED = "argument-type-changed", PossiblyBreaking,
        "An argument of a method has another type; methods take what converts to it, so it depends on the value \
         whether a caller compiles.";
    CATALOGUE_CHANGED = "catalogue-changed", PossiblyBreaking,
        "The catalogue asks for more, such as another scope or a company, or names an authentication scheme less: \
         calls compile, and some are refused.";
    CATALOGUE_RELAXED = "catalogue-relaxed", Additive,
        "The catalogue says something else of scopes, schemes, company or safety that refuses no call.";
    RESULT_CHANGED = "result-changed", Breaking,
        "A call returns another type.";
    SETTER_REMOVED = "setter-removed", Breaking,
        "An optional argument of a call, or a field of a request body, cannot be set any more.";
    SETTER_ADDED = "setter-added", Additive,
        "One more optional argument or field can be set.";
    REQUIRED_SETTER_ADDED = "required-setter-added", PossiblyBreaking,
        "One more field of a request body has to be set: calls compile, and `send` refuses those without it.";
    SETTER_TYPE_CHANGED = "setter-type-changed", PossiblyBreaking,
        "An optional argument or a field has another type; setters take what converts to it, so it depends on the value \
         whether a caller compiles.";
    SETTER_BECAME_REQUIRED = "setter-became-required", PossiblyBreaking,
        "A field of a request body has to be set: calls compile, and `send` refuses those without it.";
    SETTER_BECAME_OPTIONAL = "setter-became-optional", Additive,
        "A field of a request body may be left out.";
    TYPE_REMOVED = "type-removed", Breaking,
        "A struct, enum, alias or builder is gone; one with another name counts as removed and added.";
    TYPE_MOVED = "type-moved", PossiblyBreaking,
        "A type is in another module: code that names the old path does not compile, code that only uses values of it does.";
    TYPE_ADDED = "type-added", Additive,
        "There is one more struct, enum, alias or builder.";
    TYPE_KIND_CHANGED = "type-kind-changed", PossiblyBreaking,
        "A type is a struct, an enum or an alias and was another of these; what both allow goes on compiling.";
    ALIAS_CHANGED = "alias-changed", Breaking,
        "An alias stands for another type.";
    FIELD_REMOVED = "field-removed", Breaking,
        "A field is gone; one with another name counts as removed and added.";
    FIELD_ADDED = "field-added", Additive,
        "A struct has one more field; structs are `non_exhaustive`, so nobody lists all of them.";
    FIELD_TYPE_CHANGED = "field-type-changed", Breaking,
        "A field has another type.";
    FIELD_BECAME_OPTIONAL = "field-became-optional", Breaking,
        "A field is an `Option` and was not one before.";
    FIELD_BECAME_REQUIRED = "field-became-required", Breaking,
        "A field is not an `Option` any more.";
    VARIANT_REMOVED = "variant-removed", Breaking,
        "An enum has lost a variant.";
    VARIANT_ADDED = "variant-added", Additive,
        "An enum has one more variant; enums are `non_exhaustive`, so every `match` has a further arm.";
    VARIANT_WORD_CHANGED = "variant-word-changed", Breaking,
        "A variant stands for another word on the wire: callers compile, and send or compare something else.";
    FUNCTION_REMOVED = "function-removed", Breaking,
        "A function of a type, such as `builder`, is gone or has another signature.";
    FUNCTION_ADDED = "function-added", Additive,
        "A type has one more function.";
    TRAIT_REMOVED = "trait-removed", Breaking,
        "A type does not implement a trait any more, such as `Default` once a field is required.";
    TRAIT_ADDED = "trait-added", Additive,
        "A type implements one more trait.";
}
