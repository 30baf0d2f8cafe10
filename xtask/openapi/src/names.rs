//! The names that generated code will have.
//!
//! Collisions show only when generated code is compiled, so they are looked for here, with the
//! casing rules that progenitor and typify 0.8 use.

use std::{borrow::Cow, collections::BTreeMap, fmt::Write as _};

use heck::{ToPascalCase, ToSnakeCase};
use icu_normalizer::ComposingNormalizerBorrowed;

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

/// A file name after which a family can be named: what is not a letter or digit of ASCII becomes a hyphen.
pub fn family_file(name: &str) -> String {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "yaml"));
    let words: Vec<String> = stem
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let stem = words.join("-");
    let is_fit = stem.starts_with(|letter: char| letter.is_ascii_lowercase())
        && !RESERVED_FAMILIES.contains(&stem.as_str());
    if is_fit { format!("{stem}.{extension}") } else { format!("api-{stem}.{extension}").replace("-.", ".") }
}

/// An identifier as Rust compares it: in Unicode's normalisation form C.
pub fn compared(identifier: &str) -> Cow<'_, str> {
    if identifier.is_ascii() {
        return Cow::Borrowed(identifier);
    }
    const { ComposingNormalizerBorrowed::new_nfc() }.normalize(identifier)
}

/// The variants of an enum, one for each of its values.
///
/// A variant is named after its value alone. Values that would share a name all have their bytes
/// behind it, so that neither the order of the values nor another one that is added can make a name
/// mean what another one meant.
pub fn variants<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let named: Vec<(&str, String)> = values.into_iter().map(|value| (value, variant(value))).collect();
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for (_, name) in &named {
        *uses.entry(name.clone()).or_default() += 1;
    }
    named
        .into_iter()
        .map(|(value, name)| {
            if uses[&name] == 1 {
                return name;
            }
            let mut spelled = format!("{}_0x", name.trim_end_matches('_'));
            for byte in value.bytes() {
                let _ = write!(spelled, "{byte:02x}");
            }
            spelled
        })
        .collect()
}

/// The name of a value that shares it with no other.
fn variant(value: &str) -> String {
    match value {
        "" => "Empty".to_owned(),
        "+1" => "Plus1".to_owned(),
        "-1" => "Minus1".to_owned(),
        _ => match compared(&pascal(value)).into_owned() {
            // What every enum has for values that are not listed.
            name if name == "Unknown" => "Unknown2".to_owned(),
            name => name,
        },
    }
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

/// Names of what is next to the builders of operations.
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
pub const RESERVED_ARGUMENTS: [&str; 6] = ["body", "client", "new", "problems", "send", "self_"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_is_named_after_its_value_whatever_the_others_are() {
        let lists: [&[&str]; 8] = [
            &["open", "Open", "OPEN", "closed"],
            &["a-b", "a_b", "a b", "aB"],
            &["", "Empty", "empty"],
            &["1", "-1", "+1", "Minus1", "-2", "2"],
            &["self", "Self", "type"],
            &["unknown", "Unknown2", "Unknown"],
            &["*", "**", "²", "x"],
            &["\u{e9}", "e\u{301}", "\u{c9}", "\u{17f}", "s", "\u{212a}", "k"],
        ];
        for values in lists {
            let named: BTreeMap<&str, String> =
                values.iter().copied().zip(variants(values.iter().copied())).collect();
            let mut turned: Vec<&str> = values.to_vec();
            turned.reverse();
            let again: BTreeMap<&str, String> =
                turned.iter().copied().zip(variants(turned.iter().copied())).collect();
            assert_eq!(named, again);
            let names: std::collections::BTreeSet<_> = named.values().map(|name| compared(name)).collect();
            assert_eq!(names.len(), values.len(), "{named:?}");
            assert!(names.iter().all(|name| syn::parse_str::<syn::Ident>(name).is_ok()), "{named:?}");
            for (value, name) in &named {
                // Without the others the value either has this name or one that none of them has.
                let alone = variants([*value]).remove(0);
                assert!(alone == *name || !names.contains(alone.as_str()), "{value:?} among {named:?}");
            }
        }
        assert_eq!(variants(["open", "OPEN", "closed"]), ["Open_0x6f70656e", "Open_0x4f50454e", "Closed"]);
        assert_eq!(variants(["unknown", "", "-1"]), ["Unknown2", "Empty", "Minus1"]);
    }

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

    #[test]
    fn a_file_name_becomes_one_that_a_family_can_be_named_after() {
        for (name, expected) in [
            ("export.yaml", "export.yaml"),
            ("My Export (1).json", "my-export-1.json"),
            ("2024_export.yaml", "api-2024-export.yaml"),
            ("common.yaml", "api-common.yaml"),
            ("Überweisung.yaml", "berweisung.yaml"),
            ("…", "api.yaml"),
        ] {
            assert_eq!(family_file(name), expected, "{name}");
        }
    }
}
