//! What is asked of Rust's types, and how their names are written.

use syn::{
    Path, Type, parse_quote,
    visit_mut::{self, VisitMut},
};

/// The first type argument of a type, such as the `T` of `Option<T>`.
pub fn first_argument(outer: &Type) -> Option<Type> {
    let Type::Path(path) = outer else { return None };
    let syn::PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        syn::GenericArgument::Type(inner) => Some(inner.clone()),
        _ => None,
    })
}

/// What is in the `Option` of an argument that may be left out.
pub(crate) fn optional_value(value: &Type) -> Option<Type> {
    match value {
        Type::Path(path) if path.path.segments.last()?.ident == "Option" => first_argument(value),
        _ => None,
    }
}

/// `types::X` of `types::builder::X`.
pub(crate) fn type_of_builder(builder: &Type) -> Option<Type> {
    let Type::Path(path) = builder else { return None };
    let mut segments = path.path.segments.iter().map(|segment| &segment.ident);
    match (segments.next(), segments.next(), segments.next()) {
        (Some(types), Some(builder), Some(name)) if types == "types" && builder == "builder" => {
            Some(parse_quote!(types::#name))
        }
        _ => None,
    }
}

pub(crate) fn is_list(value: &Type) -> bool {
    matches!(value, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Vec"))
}

/// Writes names of Rust's prelude short.
pub(crate) struct ShortNames;

impl VisitMut for ShortNames {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        visit_mut::visit_path_mut(self, path);
        shorten(path);
    }
}

/// Writes names of Rust's prelude short. No schema may bear one, see `names::RESERVED_TYPES`.
pub(crate) fn shorten(path: &mut Path) {
    // With the module: `std::fmt::Result` is not the prelude's.
    const PRELUDE: [&str; 10] = [
        "option::Option",
        "vec::Vec",
        "string::String",
        "result::Result",
        "convert::From",
        "convert::TryFrom",
        "convert::TryInto",
        "default::Default",
        "boxed::Box",
        "convert::AsRef",
    ];
    let mut segments = path.segments.iter().map(|segment| segment.ident.to_string());
    if let (Some(first), Some(module), Some(name)) = (segments.next(), segments.next(), segments.next())
        && first == "std"
        && PRELUDE.contains(&format!("{module}::{name}").as_str())
    {
        path.leading_colon = None;
        path.segments = std::mem::take(&mut path.segments).into_iter().skip(2).collect();
    }
}
