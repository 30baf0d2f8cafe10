//! Every kind of change, as data: what it is called, how much it means and why.
//!
//! What can happen to a schema or a media type happens to requests and responses alike, so those
//! kinds come in pairs ([`Both`]). The others are alone; those that belong to one direction only
//! say why the other has none.
//!
//! Levels are those of the API: what a program that talks to Pleo over HTTP has to expect. What a
//! change does to the generated Rust types is the subject of [`crate::rust`].

use serde::Serialize;

use crate::Level::{self, Additive, Breaking, Documentation, PossiblyBreaking as Possibly};

/// Whether a change is about what is sent or about what comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// What callers send.
    Request,
    /// What Pleo sends back.
    Response,
}

/// A kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Kebab-case name; with a direction's name in front if it has a direction.
    pub id: &'static str,
    /// How much it means to a caller.
    pub level: Level,
    /// The direction it belongs to; `None` for what is about neither, such as a server.
    pub direction: Option<Direction>,
    /// The kind that the same change has when old and new are swapped.
    pub inverse: &'static str,
    /// What happened, as the start of a sentence that goes on with the place.
    pub what: &'static str,
    /// Why it has its level, and for a kind with a direction but without a mirror, why there is
    /// none.
    pub why: &'static str,
    /// Whether it is about texts only, and left out unless they are asked for.
    pub prose: bool,
}

/// A kind of change in its two directions.
#[derive(Debug, Clone, Copy)]
pub struct Both {
    /// What it means in a request.
    pub request: Kind,
    /// What it means in a response.
    pub response: Kind,
}

impl Both {
    /// The kind in one direction.
    pub const fn of(&'static self, direction: Direction) -> &'static Kind {
        match direction {
            Direction::Request => &self.request,
            Direction::Response => &self.response,
        }
    }
}

/// All kinds.
pub fn all() -> impl Iterator<Item = &'static Kind> {
    BOTH.iter().flat_map(|both| [&both.request, &both.response]).chain(ALONE.iter().copied())
}

/// The kind of that id.
pub fn by_id(id: &str) -> Option<&'static Kind> {
    all().find(|kind| kind.id == id)
}

macro_rules! both {
    ($($(#[$prose:ident])? $name:ident: $id:literal <-> $inverse:literal, $what:literal,
        $request:ident $why_request:literal, $response:ident $why_response:literal;)*) => {
        $(
            #[doc = concat!("`request-", $id, "` and `response-", $id, "`.")]
            pub static $name: Both = Both {
                request: Kind {
                    id: concat!("request-", $id),
                    level: $request,
                    direction: Some(Direction::Request),
                    inverse: concat!("request-", $inverse),
                    what: concat!("request: ", $what),
                    why: $why_request,
                    prose: both!(@prose $($prose)?),
                },
                response: Kind {
                    id: concat!("response-", $id),
                    level: $response,
                    direction: Some(Direction::Response),
                    inverse: concat!("response-", $inverse),
                    what: concat!("response: ", $what),
                    why: $why_response,
                    prose: both!(@prose $($prose)?),
                },
            };
        )*
        /// The kinds that exist in both directions.
        pub static BOTH: &[&Both] = &[$(&$name),*];
    };
    (@prose) => { false };
    (@prose prose) => { true };
}

macro_rules! alone {
    ($($(#[$prose:ident])? $name:ident: $id:literal <-> $inverse:literal, $direction:expr, $level:ident,
        $what:literal, $why:literal;)*) => {
        $(
            #[doc = concat!("`", $id, "`.")]
            pub static $name: Kind = Kind {
                id: $id,
                level: $level,
                direction: $direction,
                inverse: $inverse,
                what: $what,
                why: $why,
                prose: both!(@prose $($prose)?),
            };
        )*
        /// The kinds that have no direction, or no mirror in the other one.
        pub static ALONE: &[&Kind] = &[$(&$name),*];
    };
}

both! {
    PROPERTY_REQUIRED_ADDED: "property-required-added" <-> "property-required-removed",
        "required property added",
        Breaking "a body without it is refused from now on",
        Additive "readers that do not know it pass over it";
    PROPERTY_REQUIRED_REMOVED: "property-required-removed" <-> "property-required-added",
        "required property removed",
        Possibly "it may be ignored or refused when it is still sent",
        Breaking "readers could rely on it";
    PROPERTY_OPTIONAL_ADDED: "property-optional-added" <-> "property-optional-removed",
        "optional property added",
        Additive "a body without it stays valid",
        Additive "readers that do not know it pass over it";
    PROPERTY_OPTIONAL_REMOVED: "property-optional-removed" <-> "property-optional-added",
        "optional property removed",
        Possibly "what it asked for no longer happens, or it is refused",
        Possibly "readers had to do without it at times, but may want it";
    PROPERTY_BECAME_REQUIRED: "property-became-required" <-> "property-became-optional",
        "property became required",
        Breaking "a body without it is refused from now on",
        Additive "readers that cope without it still work";
    PROPERTY_BECAME_OPTIONAL: "property-became-optional" <-> "property-became-required",
        "property became optional",
        Additive "a body that has it stays valid",
        Breaking "readers that rely on it meet a response without it";
    BECAME_NULLABLE: "became-nullable" <-> "no-longer-nullable",
        "may be null now",
        Additive "values that were valid stay so",
        Breaking "readers that rely on a value meet null";
    NO_LONGER_NULLABLE: "no-longer-nullable" <-> "became-nullable",
        "may no longer be null",
        Breaking "null is refused from now on",
        Additive "readers that cope with null still work";
    TYPE_CHANGED: "type-changed" <-> "type-changed",
        "type changed",
        Breaking "values of the old type are refused",
        Breaking "readers of the old type fail";
    TYPE_WIDENED: "type-widened" <-> "type-narrowed",
        "more types allowed",
        Additive "values of the old types stay valid",
        Breaking "readers meet a type that they do not know";
    TYPE_NARROWED: "type-narrowed" <-> "type-widened",
        "fewer types allowed",
        Breaking "values of the types that are gone are refused",
        Additive "readers of all the old types still work";
    FORMAT_ADDED: "format-added" <-> "format-removed",
        "format added",
        Possibly "values of another form may be refused from now on",
        Additive "readers of any form still work";
    FORMAT_REMOVED: "format-removed" <-> "format-added",
        "format removed",
        Additive "values of the old form stay valid",
        Possibly "readers that parse the form may meet another";
    FORMAT_CHANGED: "format-changed" <-> "format-changed",
        "format changed",
        Possibly "values of the old form may be refused; whether they are depends on the two forms",
        Possibly "readers of the old form may fail; whether they do depends on the two forms";
    ENUM_ADDED: "enum-added" <-> "enum-removed",
        "restricted to listed values",
        Breaking "all other values are refused from now on",
        Additive "readers of any value still work";
    ENUM_REMOVED: "enum-removed" <-> "enum-added",
        "no longer restricted to listed values",
        Additive "the listed values stay valid",
        Possibly "readers that know the listed values only meet others";
    ENUM_VALUE_ADDED: "enum-value-added" <-> "enum-value-removed",
        "value added to the list",
        Additive "the old values stay valid",
        Additive "our client's enums are open: an unknown value is kept as it is and fails nothing";
    ENUM_VALUE_REMOVED: "enum-value-removed" <-> "enum-value-added",
        "value removed from the list",
        Breaking "it is refused from now on",
        Additive "readers wait for a value that no longer comes";
    ENUM_REORDERED: "enum-reordered" <-> "enum-reordered",
        "values that differ in case or punctuation only changed places",
        Documentation "the same values are valid; names that are made of them may depend on their order",
        Documentation "the same values come; names that are made of them may depend on their order";
    LENGTH_TIGHTENED: "length-tightened" <-> "length-loosened",
        "length bound tightened",
        Breaking "texts outside of the new bound are refused",
        Additive "readers of the wider range still work";
    LENGTH_LOOSENED: "length-loosened" <-> "length-tightened",
        "length bound loosened",
        Additive "texts within the old bound stay valid",
        Possibly "readers with room for the old bound only may lack it";
    ITEM_COUNT_TIGHTENED: "item-count-tightened" <-> "item-count-loosened",
        "bound on the number of items tightened",
        Breaking "lists outside of the new bound are refused",
        Additive "readers of the wider range still work";
    ITEM_COUNT_LOOSENED: "item-count-loosened" <-> "item-count-tightened",
        "bound on the number of items loosened",
        Additive "lists within the old bound stay valid",
        Possibly "readers that count on the old bound meet shorter or longer lists";
    RANGE_TIGHTENED: "range-tightened" <-> "range-loosened",
        "numeric bound tightened",
        Breaking "numbers outside of the new bound are refused",
        Additive "readers of the wider range still work";
    RANGE_LOOSENED: "range-loosened" <-> "range-tightened",
        "numeric bound loosened",
        Additive "numbers within the old bound stay valid",
        Possibly "readers that store the old range only may overflow";
    PROPERTY_COUNT_TIGHTENED: "property-count-tightened" <-> "property-count-loosened",
        "bound on the number of properties tightened",
        Breaking "objects outside of the new bound are refused",
        Additive "readers of the wider range still work";
    PROPERTY_COUNT_LOOSENED: "property-count-loosened" <-> "property-count-tightened",
        "bound on the number of properties loosened",
        Additive "objects within the old bound stay valid",
        Possibly "readers that count on the old bound meet fewer or more properties";
    MULTIPLE_OF_TIGHTENED: "multiple-of-tightened" <-> "multiple-of-loosened",
        "step between numbers added, or a multiple of the old one",
        Breaking "numbers between the new steps are refused",
        Additive "readers of any number still work";
    MULTIPLE_OF_LOOSENED: "multiple-of-loosened" <-> "multiple-of-tightened",
        "step between numbers removed, or a part of the old one",
        Additive "multiples of the old step stay valid",
        Possibly "readers that round to the old step may be wrong";
    MULTIPLE_OF_CHANGED: "multiple-of-changed" <-> "multiple-of-changed",
        "step between numbers changed",
        Breaking "multiples of the old step are refused",
        Possibly "readers that round to the old step may be wrong";
    PATTERN_ADDED: "pattern-added" <-> "pattern-removed",
        "pattern added",
        Breaking "texts that do not match are refused from now on",
        Additive "readers of any text still work";
    PATTERN_REMOVED: "pattern-removed" <-> "pattern-added",
        "pattern removed",
        Additive "texts that match stay valid",
        Possibly "readers that take the text apart by the pattern may fail";
    PATTERN_CHANGED: "pattern-changed" <-> "pattern-changed",
        "pattern changed",
        Possibly "whether the old texts match the new pattern is not decided here",
        Possibly "whether the new texts match the old pattern is not decided here";
    UNIQUE_ITEMS_ADDED: "unique-items-added" <-> "unique-items-removed",
        "items have to be unique",
        Breaking "lists with equal items are refused from now on",
        Additive "readers of any list still work";
    UNIQUE_ITEMS_REMOVED: "unique-items-removed" <-> "unique-items-added",
        "items may be equal",
        Additive "lists of unique items stay valid",
        Possibly "readers that use items as keys meet one twice";
    ADDITIONAL_FORBIDDEN: "additional-properties-forbidden" <-> "additional-properties-allowed",
        "undeclared properties forbidden",
        Breaking "bodies that carry more are refused from now on",
        Additive "readers pass over what they do not know, or meet less of it";
    ADDITIONAL_ALLOWED: "additional-properties-allowed" <-> "additional-properties-forbidden",
        "undeclared properties allowed",
        Additive "bodies that carry none stay valid",
        Additive "our client passes over properties that it does not know";
    BECAME_UNION: "became-union" <-> "no-longer-union",
        "became a choice of several schemas",
        Possibly "whether the old values are among the choices is not decided here",
        Possibly "readers of the old values may meet others";
    NO_LONGER_UNION: "no-longer-union" <-> "became-union",
        "is no longer a choice of several schemas",
        Possibly "values of some choices may be refused",
        Possibly "whether what is left was among the choices is not decided here";
    VARIANT_ADDED: "variant-added" <-> "variant-removed",
        "choice added",
        Additive "values of the old choices stay valid",
        Breaking "readers meet values that fit none of the choices that they know";
    VARIANT_REMOVED: "variant-removed" <-> "variant-added",
        "choice removed",
        Breaking "values of that choice are refused from now on",
        Additive "readers wait for values that no longer come";
    UNION_RULE_CHANGED: "union-rule-changed" <-> "union-rule-changed",
        "oneOf and anyOf exchanged",
        Possibly "a value that fits several choices is valid under anyOf only",
        Possibly "readers that take the only fitting choice may find several";
    DISCRIMINATOR_CHANGED: "discriminator-changed" <-> "discriminator-changed",
        "discriminator changed",
        Possibly "the property that names the choice may be needed, or have other values",
        Possibly "readers that choose by the old property may choose wrongly";
    BECAME_READ_ONLY: "became-read-only" <-> "no-longer-read-only",
        "became read-only",
        Possibly "it is ignored or refused when it is sent",
        Documentation "responses hold it as before";
    NO_LONGER_READ_ONLY: "no-longer-read-only" <-> "became-read-only",
        "is no longer read-only",
        Additive "it can be sent now",
        Documentation "responses hold it as before";
    REQUIRED_BECAME_READ_ONLY: "required-became-read-only" <-> "required-no-longer-read-only",
        "required property became read-only",
        Possibly "it is ignored or refused when it is sent",
        Documentation "responses hold it as before";
    REQUIRED_NO_LONGER_READ_ONLY: "required-no-longer-read-only" <-> "required-became-read-only",
        "required property is no longer read-only",
        Breaking "a body without it is refused from now on",
        Documentation "responses hold it as before";
    BECAME_WRITE_ONLY: "became-write-only" <-> "no-longer-write-only",
        "became write-only",
        Documentation "it is sent as before",
        Possibly "responses no longer hold it; readers had to do without it at times, but may want it";
    NO_LONGER_WRITE_ONLY: "no-longer-write-only" <-> "became-write-only",
        "is no longer write-only",
        Documentation "it is sent as before",
        Additive "responses can hold it now";
    REQUIRED_BECAME_WRITE_ONLY: "required-became-write-only" <-> "required-no-longer-write-only",
        "required property became write-only",
        Documentation "it is sent as before",
        Breaking "responses no longer hold it, and readers could rely on it";
    REQUIRED_NO_LONGER_WRITE_ONLY: "required-no-longer-write-only" <-> "required-became-write-only",
        "required property is no longer write-only",
        Documentation "it is sent as before",
        Additive "readers that do not know it pass over it";
    DEFAULT_ADDED: "default-added" <-> "default-removed",
        "default added",
        Additive "says what happened to who left it out, or still leaves it open",
        Documentation "the value is in the response either way";
    DEFAULT_REMOVED: "default-removed" <-> "default-added",
        "default removed",
        Possibly "who left it out gets something that is not said",
        Documentation "the value is in the response either way";
    DEFAULT_CHANGED: "default-changed" <-> "default-changed",
        "default changed",
        Possibly "who left it out gets something else",
        Documentation "the value is in the response either way";
    DEPRECATED: "deprecated" <-> "no-longer-deprecated",
        "deprecated",
        Additive "it works on, and will be removed",
        Additive "it works on, and will be removed";
    NO_LONGER_DEPRECATED: "no-longer-deprecated" <-> "deprecated",
        "no longer deprecated",
        Additive "it stays",
        Additive "it stays";
    KEYWORD_CHANGED: "keyword-changed" <-> "keyword-changed",
        "a keyword that is not looked into changed",
        Possibly "what it means is for a person to judge",
        Possibly "what it means is for a person to judge";
    EXTENSION_CHANGED: "extension-changed" <-> "extension-changed",
        "extension changed",
        Documentation "extensions (`x-`) say nothing about what is valid",
        Documentation "extensions (`x-`) say nothing about what is valid";
    MEDIA_TYPE_ADDED: "media-type-added" <-> "media-type-removed",
        "media type added",
        Additive "bodies of the old types are still taken",
        Additive "who asks for the old types still gets them";
    MEDIA_TYPE_REMOVED: "media-type-removed" <-> "media-type-added",
        "media type removed",
        Breaking "bodies of that type are refused from now on",
        Breaking "readers of that type get another one, or nothing";
    MEDIA_TYPE_WIDENED: "media-type-widened" <-> "media-type-narrowed",
        "media type became a range that holds it",
        Additive "bodies of the old type are still taken",
        Possibly "readers of the old type may get another one";
    MEDIA_TYPE_NARROWED: "media-type-narrowed" <-> "media-type-widened",
        "range of media types became one of them",
        Breaking "bodies of the others are refused from now on",
        Additive "readers of all of the range still work";
    MEDIA_TYPE_PARAMETERS_CHANGED: "media-type-parameters-changed" <-> "media-type-parameters-changed",
        "parameters of a media type changed",
        Possibly "only a strict service looks at them",
        Possibly "only a strict reader looks at them";
    #[prose] DESCRIPTION_CHANGED: "description-changed" <-> "description-changed",
        "description changed",
        Documentation "words only",
        Documentation "words only";
    #[prose] TITLE_CHANGED: "title-changed" <-> "title-changed",
        "title changed",
        Documentation "words only",
        Documentation "words only";
    #[prose] EXAMPLE_CHANGED: "example-changed" <-> "example-changed",
        "example changed",
        Documentation "an example binds nobody",
        Documentation "an example binds nobody";
}

use Direction::{Request, Response};

alone! {
    API_ADDED: "api-added" <-> "api-removed", None, Additive,
        "API added", "its operations are listed one by one beside it";
    API_REMOVED: "api-removed" <-> "api-added", None, Documentation,
        "API removed", "its operations are listed one by one beside it, as removed or as moved elsewhere";
    API_RENAMED: "api-renamed" <-> "api-renamed", None, Documentation,
        "API renamed", "the name of a document is not sent";
    API_VERSION_CHANGED: "api-version-changed" <-> "api-version-changed", None, Documentation,
        "version changed", "the version of a document is not sent";
    API_TAG_ADDED: "api-tag-added" <-> "api-tag-removed", None, Documentation,
        "tag declared", "tags order the reference pages only";
    API_TAG_REMOVED: "api-tag-removed" <-> "api-tag-added", None, Documentation,
        "tag no longer declared", "tags order the reference pages only";
    API_EXTENSION_CHANGED: "api-extension-changed" <-> "api-extension-changed", None, Documentation,
        "extension of the document changed", "extensions (`x-`) say nothing about what is valid";
    API_WEBHOOKS_CHANGED: "api-webhooks-changed" <-> "api-webhooks-changed", None, Possibly,
        "description of what Pleo sends by itself changed", "receivers may meet other bodies; not looked into";
    #[prose] API_DESCRIPTION_CHANGED: "api-description-changed" <-> "api-description-changed", None,
        Documentation, "text about the document changed", "words only";
    SERVER_ADDED: "server-added" <-> "server-removed", None, Additive,
        "server added", "the others still respond";
    SERVER_REMOVED: "server-removed" <-> "server-added", None, Breaking,
        "server removed", "who calls it gets no response";
    SECURITY_SCHEME_ADDED: "security-scheme-added" <-> "security-scheme-removed", None, Additive,
        "security scheme declared", "whether an operation asks for it is a finding of its own";
    SECURITY_SCHEME_REMOVED: "security-scheme-removed" <-> "security-scheme-added", None, Documentation,
        "security scheme no longer declared", "that an operation no longer takes it is a finding of its own";
    SECURITY_SCHEME_CHANGED: "security-scheme-changed" <-> "security-scheme-changed", None, Breaking,
        "security scheme changed", "the credential goes elsewhere, or is another";
    SECURITY_SCHEME_UNUSED_CHANGED: "security-scheme-unused-changed" <-> "security-scheme-unused-changed", None,
        Documentation, "security scheme that no operation asks for changed", "nobody uses such a credential";
    SECURITY_SCHEME_RENAMED: "security-scheme-renamed" <-> "security-scheme-renamed", None, Documentation,
        "security scheme has another name in the document", "the name is not sent; the credential is the same";
    SECURITY_ADDED: "security-alternative-added" <-> "security-alternative-removed", None, Additive,
        "another credential is taken", "the old ones still are";
    SECURITY_REMOVED: "security-alternative-removed" <-> "security-alternative-added", None, Breaking,
        "a credential is no longer taken", "who uses it is refused";
    SECURITY_SCOPE_ADDED: "security-scope-added" <-> "security-scope-removed", None, Breaking,
        "another scope is needed", "credentials without it are refused";
    SECURITY_SCOPE_REMOVED: "security-scope-removed" <-> "security-scope-added", None, Additive,
        "a scope is no longer needed", "credentials that have it are still taken";
    OPERATION_ADDED: "operation-added" <-> "operation-removed", None, Additive,
        "operation added", "nothing that existed changes";
    OPERATION_REMOVED: "operation-removed" <-> "operation-added", None, Breaking,
        "operation removed", "calls of it fail";
    OPERATION_MOVED: "operation-moved" <-> "operation-moved", None, Documentation,
        "operation moved to another API's document", "method and path are what they were";
    OPERATION_DEPRECATED: "operation-deprecated" <-> "operation-undeprecated", None, Additive,
        "operation deprecated", "it works on, and will be removed";
    OPERATION_UNDEPRECATED: "operation-undeprecated" <-> "operation-deprecated", None, Additive,
        "operation no longer deprecated", "it stays";
    OPERATION_HIDDEN: "operation-hidden" <-> "operation-shown", None, Possibly,
        "operation taken out of the reference pages (x-exclude)",
        "it still works, but Pleo no longer shows it to integrators";
    OPERATION_SHOWN: "operation-shown" <-> "operation-hidden", None, Additive,
        "operation put into the reference pages (x-exclude)", "Pleo now shows it to integrators";
    OPERATION_ID_CHANGED: "operation-id-changed" <-> "operation-id-changed", None, Documentation,
        "operationId changed", "it is not sent; what it does to method names is the Rust API's subject";
    OPERATION_TAG_ADDED: "operation-tag-added" <-> "operation-tag-removed", None, Documentation,
        "tag added", "tags order the reference pages only";
    OPERATION_TAG_REMOVED: "operation-tag-removed" <-> "operation-tag-added", None, Documentation,
        "tag removed", "tags order the reference pages only";
    OPERATION_EXTENSION_CHANGED: "operation-extension-changed" <-> "operation-extension-changed", None,
        Documentation, "extension changed", "extensions (`x-`) say nothing about what is valid";
    OPERATION_CALLBACKS_CHANGED: "operation-callbacks-changed" <-> "operation-callbacks-changed", None,
        Possibly, "callbacks changed", "receivers may meet other bodies; not looked into";
    #[prose] OPERATION_SUMMARY_CHANGED: "operation-summary-changed" <-> "operation-summary-changed", None,
        Documentation, "summary changed", "words only";
    #[prose] OPERATION_DESCRIPTION_CHANGED: "operation-description-changed"
        <-> "operation-description-changed", None, Documentation, "description changed", "words only";
    PATH_PARAMETER_RENAMED: "request-path-parameter-renamed" <-> "request-path-parameter-renamed",
        Some(Request), Documentation, "path parameter renamed",
        "its value is sent in the path, not its name; responses have no path";
    PARAMETER_REQUIRED_ADDED: "request-parameter-required-added" <-> "request-parameter-required-removed",
        Some(Request), Breaking, "required parameter added",
        "calls without it are refused; what responses have instead is `response-header-required-added`";
    PARAMETER_REQUIRED_REMOVED: "request-parameter-required-removed" <-> "request-parameter-required-added",
        Some(Request), Possibly, "required parameter removed",
        "what it asked for no longer happens; what responses have instead is `response-header-required-removed`";
    PARAMETER_OPTIONAL_ADDED: "request-parameter-optional-added" <-> "request-parameter-optional-removed",
        Some(Request), Additive, "optional parameter added",
        "calls without it work on; what responses have instead is `response-header-optional-added`";
    PARAMETER_OPTIONAL_REMOVED: "request-parameter-optional-removed" <-> "request-parameter-optional-added",
        Some(Request), Possibly, "optional parameter removed",
        "what it asked for no longer happens; what responses have instead is `response-header-optional-removed`";
    PARAMETER_BECAME_REQUIRED: "request-parameter-became-required" <-> "request-parameter-became-optional",
        Some(Request), Breaking, "parameter became required",
        "calls without it are refused; what responses have instead is `response-header-became-required`";
    PARAMETER_BECAME_OPTIONAL: "request-parameter-became-optional" <-> "request-parameter-became-required",
        Some(Request), Additive, "parameter became optional",
        "calls with it work on; what responses have instead is `response-header-became-optional`";
    PARAMETER_LOCATION_CHANGED: "request-parameter-location-changed" <-> "request-parameter-location-changed",
        Some(Request), Breaking, "parameter has another location",
        "at its old location it is not seen; a response's headers have one location only";
    PARAMETER_STYLE_CHANGED: "request-parameter-style-changed" <-> "request-parameter-style-changed",
        Some(Request), Breaking, "parameter is written differently",
        "the old form is misread; what headers of responses have instead is `response-header-style-changed`";
    PARAMETER_EXPLODE_CHANGED: "request-parameter-explode-changed" <-> "request-parameter-explode-changed",
        Some(Request), Breaking, "lists in a parameter are written differently",
        "several values are misread; what headers of responses have instead is `response-header-explode-changed`";
    PARAMETER_EMPTY_ALLOWED: "request-parameter-empty-allowed" <-> "request-parameter-empty-forbidden",
        Some(Request), Additive, "parameter may be empty",
        "values stay valid; responses have no such rule";
    PARAMETER_EMPTY_FORBIDDEN: "request-parameter-empty-forbidden" <-> "request-parameter-empty-allowed",
        Some(Request), Breaking, "parameter may no longer be empty",
        "empty ones are refused; responses have no such rule";
    BODY_REQUIRED_ADDED: "request-body-required-added" <-> "request-body-required-removed", Some(Request),
        Breaking, "required body added",
        "calls without it are refused; a response's body is never required (`response-body-added`)";
    BODY_REQUIRED_REMOVED: "request-body-required-removed" <-> "request-body-required-added", Some(Request),
        Possibly, "required body removed",
        "it may be refused; a response's body is never required (`response-body-removed`)";
    BODY_OPTIONAL_ADDED: "request-body-optional-added" <-> "request-body-optional-removed", Some(Request),
        Additive, "optional body added",
        "calls without it work on; the response's is `response-body-added`";
    BODY_OPTIONAL_REMOVED: "request-body-optional-removed" <-> "request-body-optional-added", Some(Request),
        Possibly, "optional body removed",
        "it may be refused; the response's is `response-body-removed`";
    BODY_BECAME_REQUIRED: "request-body-became-required" <-> "request-body-became-optional", Some(Request),
        Breaking, "body became required", "calls without it are refused; a response's body is never required";
    BODY_BECAME_OPTIONAL: "request-body-became-optional" <-> "request-body-became-required", Some(Request),
        Additive, "body became optional", "calls with it work on; a response's body is never required";
    ENCODING_CHANGED: "request-encoding-changed" <-> "request-encoding-changed", Some(Request), Possibly,
        "encoding of the parts of a form changed",
        "parts in the old form may be refused; OpenAPI gives responses no encoding";
    PARAMETER_EXPLODE_RESTATED: "request-parameter-explode-restated" <-> "request-parameter-explode-restated",
        Some(Request), Documentation, "`explode` of a parameter changed",
        "values of this form are written the same; what headers of responses have instead is `response-header-explode-restated`";
    SUCCESS_ADDED: "response-success-status-added" <-> "response-success-status-removed", Some(Response),
        Possibly, "success status added",
        "callers that wait for one status see another; requests have no status";
    SUCCESS_REMOVED: "response-success-status-removed" <-> "response-success-status-added", Some(Response),
        Breaking, "success status removed",
        "callers wait for a status that no longer comes; requests have no status";
    SUCCESS_NAMED: "response-success-status-named" <-> "response-success-status-unnamed", Some(Response),
        Documentation, "success that was described for any status has a status of its own",
        "the bodies are compared; requests have no status";
    SUCCESS_UNNAMED: "response-success-status-unnamed" <-> "response-success-status-named", Some(Response),
        Possibly, "success is described for any status, and no longer for its own",
        "callers that wait for the status may see another; requests have no status";
    SUCCESSES_WIDENED: "response-success-statuses-widened" <-> "response-success-statuses-narrowed", Some(Response),
        Possibly, "success status became a range that holds it",
        "callers that wait for the one status may see another of the range; requests have no status";
    SUCCESSES_NARROWED: "response-success-statuses-narrowed" <-> "response-success-statuses-widened", Some(Response),
        Additive, "range of success statuses became one of them",
        "callers that expect any of the range still work; requests have no status";
    ERRORS_WIDENED: "response-error-statuses-widened" <-> "response-error-statuses-narrowed", Some(Response),
        Additive, "error status became a range that holds it",
        "callers expect any error; requests have no status";
    ERRORS_NARROWED: "response-error-statuses-narrowed" <-> "response-error-statuses-widened", Some(Response),
        Additive, "range of error statuses became one of them",
        "callers expect any error; requests have no status";
    ERROR_ADDED: "response-error-status-added" <-> "response-error-status-removed", Some(Response),
        Additive, "error status added",
        "callers expect any error; requests have no status";
    ERROR_REMOVED: "response-error-status-removed" <-> "response-error-status-added", Some(Response),
        Possibly, "error status removed",
        "callers that act on it may meet another; requests have no status";
    DEFAULT_RESPONSE_ADDED: "response-default-status-added" <-> "response-default-status-removed",
        Some(Response), Additive, "response of all other statuses added",
        "a success is described beside it, so it describes errors, and callers expect any; requests have no status";
    DEFAULT_RESPONSE_REMOVED: "response-default-status-removed" <-> "response-default-status-added",
        Some(Response), Possibly, "response of all other statuses removed",
        "callers that read errors by it may meet others; requests have no status";
    RESPONSE_BODY_ADDED: "response-body-added" <-> "response-body-removed", Some(Response), Additive,
        "the response has a body now",
        "who did not read one need not; requests tell required and optional bodies apart";
    RESPONSE_BODY_REMOVED: "response-body-removed" <-> "response-body-added", Some(Response), Breaking,
        "the response no longer has a body",
        "readers find nothing; requests tell required and optional bodies apart";
    HEADER_REQUIRED_ADDED: "response-header-required-added" <-> "response-header-required-removed",
        Some(Response), Additive, "header added that is always there",
        "readers that do not know it pass over it; the request's is `request-parameter-required-added`";
    HEADER_REQUIRED_REMOVED: "response-header-required-removed" <-> "response-header-required-added",
        Some(Response), Breaking, "header removed that was always there",
        "readers could rely on it; the request's is `request-parameter-required-removed`";
    HEADER_OPTIONAL_ADDED: "response-header-optional-added" <-> "response-header-optional-removed",
        Some(Response), Additive, "header added",
        "readers that do not know it pass over it; the request's is `request-parameter-optional-added`";
    HEADER_OPTIONAL_REMOVED: "response-header-optional-removed" <-> "response-header-optional-added",
        Some(Response), Possibly, "header removed",
        "readers may want it; the request's is `request-parameter-optional-removed`";
    HEADER_BECAME_REQUIRED: "response-header-became-required" <-> "response-header-became-optional",
        Some(Response), Additive, "header is always there now",
        "readers that cope without it still work; the request's is `request-parameter-became-required`";
    HEADER_BECAME_OPTIONAL: "response-header-became-optional" <-> "response-header-became-required",
        Some(Response), Breaking, "header is no longer always there",
        "readers that rely on it miss it; the request's is `request-parameter-became-optional`";
    HEADER_STYLE_CHANGED: "response-header-style-changed" <-> "response-header-style-changed", Some(Response),
        Breaking, "header is written differently",
        "the new form is misread; the request's is `request-parameter-style-changed`";
    HEADER_EXPLODE_CHANGED: "response-header-explode-changed" <-> "response-header-explode-changed",
        Some(Response), Breaking, "objects in a header are written differently",
        "their members are misread; the request's is `request-parameter-explode-changed`";
    HEADER_EXPLODE_RESTATED: "response-header-explode-restated" <-> "response-header-explode-restated",
        Some(Response), Possibly, "`explode` of a header changed",
        "lists and single values are written the same, but a reader may split them by it; the request's is `request-parameter-explode-restated`";
    LINKS_CHANGED: "response-links-changed" <-> "response-links-changed", Some(Response), Documentation,
        "links to other operations changed", "they are hints and not sent; requests have none";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_kebab_case_and_name_their_direction() {
        let mut seen = BTreeSet::new();
        for kind in all() {
            assert!(seen.insert(kind.id), "{} is there twice", kind.id);
            assert!(
                kind.id
                    .split('-')
                    .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase())),
                "{} is not kebab-case",
                kind.id
            );
            for (direction, prefix) in [(Request, "request-"), (Response, "response-")] {
                assert_eq!(kind.direction == Some(direction), kind.id.starts_with(prefix), "{}", kind.id);
            }
        }
        assert!(seen.len() >= 60, "{} kinds", seen.len());
    }

    #[test]
    fn the_inverse_of_the_inverse_is_the_kind_itself() {
        for kind in all() {
            let inverse = by_id(kind.inverse).unwrap_or_else(|| panic!("no kind {}", kind.inverse));
            assert_eq!(inverse.inverse, kind.id);
            assert_eq!((inverse.direction, inverse.prose), (kind.direction, kind.prose), "{}", kind.id);
        }
    }

    #[test]
    fn a_kind_of_one_direction_only_says_why_or_what_the_other_has_instead() {
        for kind in ALONE.iter().filter(|kind| kind.direction.is_some()) {
            let (_, mirror) =
                kind.why.split_once("; ").unwrap_or_else(|| panic!("{} gives no reason", kind.id));
            let named: Vec<&str> = mirror.split('`').skip(1).step_by(2).collect();
            for id in named {
                let other = by_id(id).unwrap_or_else(|| panic!("{}: no kind {id}", kind.id));
                assert_ne!(other.direction, kind.direction, "{}", kind.id);
            }
        }
    }

    #[test]
    fn words_only_are_never_more_than_documentation() {
        assert!(all().filter(|kind| kind.prose).all(|kind| kind.level == Documentation));
    }
}
