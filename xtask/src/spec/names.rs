//! The names that generated code will have.
//!
//! Collisions show only when generated code is compiled, so they are looked for here, with the
//! casing rules that progenitor and typify 0.8 use.

use heck::{ToPascalCase, ToSnakeCase};

/// The name of a method, field or argument.
pub fn snake(input: &str) -> String {
    identifier(input, str::to_snake_case)
}

/// The name of a type or enum variant.
pub fn pascal(input: &str) -> String {
    identifier(input, str::to_pascal_case)
}

fn identifier(input: &str, case: fn(&str) -> String) -> String {
    let clean: String =
        input.replace('\'', "").chars().map(|c| if is_name_char(c) { c } else { '-' }).collect();
    let name = case(&clean);
    let name = match name.chars().next() {
        None => case("x"),
        Some(first) if first.is_alphabetic() => name,
        Some(_) => format!("_{name}"),
    };
    if is_keyword(&name) { format!("{name}_") } else { name }
}

fn is_name_char(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// Whether Rust would not take `name` as an identifier.
pub fn is_keyword(name: &str) -> bool {
    syn::parse_str::<syn::Ident>(name).is_err()
}

/// Type names that generated code needs for itself, so that no schema may bear them.
pub const RESERVED_TYPES: [&str; 14] = [
    "Box", "Clone", "Copy", "Debug", "Default", "Err", "From", "None", "Ok", "Option", "Result", "Some",
    "String", "Vec",
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
        assert_eq!(pascal("2fa"), "_2fa");
        assert_eq!(pascal("self"), "Self_");
    }
}
