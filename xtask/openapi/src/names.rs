//! The names that generated code will have.
//!
//! Collisions show only when generated code is compiled, so they are looked for here, with the
//! casing rules that progenitor and typify 0.8 use.

use heck::{ToPascalCase, ToSnakeCase};

/// The name of a method or field.
pub fn snake(input: &str) -> String {
    identifier(input, str::to_snake_case, "x")
}

/// The name of a type or enum variant.
pub fn pascal(input: &str) -> String {
    identifier(input, str::to_pascal_case, "X")
}

/// The name of an argument: progenitor sets another character before a digit than typify does.
pub fn argument(input: &str) -> String {
    identifier(input, str::to_snake_case, "_")
}

fn identifier(input: &str, case: fn(&str) -> String, prefix: &str) -> String {
    let clean = input.replace('\'', "").replace(|c| !unicode_ident::is_xid_continue(c), "-");
    let name = case(&clean);
    let name = match name.chars().next() {
        None => case("x"),
        Some(first) if unicode_ident::is_xid_start(first) => name,
        Some(_) => format!("{prefix}{name}"),
    };
    if is_keyword(&name) { format!("{name}_") } else { name }
}

/// Whether Rust would not take `name` as an identifier. `gen` is one to syn still.
pub fn is_keyword(name: &str) -> bool {
    name == "gen" || syn::parse_str::<syn::Ident>(name).is_err()
}

/// Type names that generated code needs for itself, so that no schema may bear them.
pub const RESERVED_TYPES: [&str; 19] = [
    "AsRef", "Box", "Clone", "Copy", "Debug", "Default", "Err", "From", "None", "Ok", "Option", "Problems",
    "Required", "Result", "Some", "String", "TryFrom", "TryInto", "Vec",
];

/// Method names that the client or a family's catalogue needs for itself.
pub const RESERVED_METHODS: [&str; 5] = ["all", "base_url", "clone", "execute", "new"];

/// Names of what stands beside the builders of operations.
pub const RESERVED_BUILDERS: [&str; 5] = ["Client", "Error", "Problems", "RequestBuilder", "ResponseValue"];

/// Names of modules and features that are not for API families.
pub const RESERVED_FAMILIES: [&str; 6] = ["common", "default", "full", "reqwest", "runtime", "rustls"];

/// Headers that are set by what sends a request, so that no argument may.
pub const RESERVED_HEADERS: [&str; 9] = [
    "accept",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "te",
    "transfer-encoding",
];

/// Argument names that a generated builder needs for itself.
pub const RESERVED_ARGUMENTS: [&str; 6] = ["body", "body_map", "client", "new", "send", "self_"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_generators_casing() {
        assert_eq!(snake("Search for Companies"), "search_for_companies");
        assert_eq!(snake("getCsvImportJobV1"), "get_csv_import_job_v1");
        assert_eq!(snake("type"), "type_");
        assert_eq!(snake("_links"), "links");
        assert_eq!(snake(""), "x");
        assert_eq!(pascal("application/pdf"), "ApplicationPdf");
        assert_eq!((pascal("2fa").as_str(), argument("2fa").as_str()), ("X2fa", "_2fa"));
        assert_eq!((pascal("x²").as_str(), snake("²").as_str()), ("X", "x"));
        assert_eq!(snake("gen"), "gen_");
        assert_eq!(pascal("self"), "Self_");
    }
}
