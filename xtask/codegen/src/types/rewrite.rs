//! Adapting generated types to our modules and runtime.

use quote::format_ident;
use syn::{
    Path, parse_quote,
    visit_mut::{self, VisitMut},
};

use crate::rust::shorten;

/// Adapts generated types to our modules and runtime.
pub(crate) struct TypeRewriter {
    /// Whether the item is in the module `builder` below the types.
    pub(crate) in_builder: bool,
}

impl VisitMut for TypeRewriter {
    fn visit_path_mut(&mut self, path: &mut Path) {
        visit_mut::visit_path_mut(self, path);
        shorten(path);
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match names.as_slice() {
            ["self" | "super", "error", "ConversionError"] => *path = parse_quote!(crate::ConversionError),
            ["types", _] => {
                // What follows the name, such as `<T>`, stays.
                let name = path.segments.last().cloned();
                *path = if self.in_builder { parse_quote!(super::#name) } else { parse_quote!(#name) };
            }
            _ => {}
        }
    }
}

/// Writes paths as a module within the one sees them for which they are written.
pub(crate) struct OneModuleDeeper;

impl VisitMut for OneModuleDeeper {
    fn visit_path_mut(&mut self, path: &mut Path) {
        visit_mut::visit_path_mut(self, path);
        if path.segments.first().is_some_and(|first| first.ident == "super") {
            path.segments.insert(0, format_ident!("super").into());
        }
    }
}
