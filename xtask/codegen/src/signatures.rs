//! Code without what its functions do and without documentation: reading those takes most of the time, and a
//! program that calls the code does not depend on them.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The same items without documentation, and with functions that have empty bodies.
pub(crate) fn signatures(code: TokenStream) -> TokenStream {
    let mut kept: Vec<TokenTree> = Vec::new();
    let mut in_function = false;
    for token in code {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                let inside = if in_function { TokenStream::new() } else { signatures(group.stream()) };
                in_function = false;
                let mut changed = Group::new(Delimiter::Brace, inside);
                changed.set_span(group.span());
                kept.push(changed.into());
            }
            TokenTree::Group(group) if is_documentation(&group, kept.last()) => drop(kept.pop()),
            token => {
                match &token {
                    TokenTree::Ident(ident) if ident == "fn" => in_function = true,
                    // `fn(A) -> B` is also the type of a field or of a constant.
                    TokenTree::Punct(mark) if matches!(mark.as_char(), ';' | '=') => in_function = false,
                    _ => {}
                }
                kept.push(token);
            }
        }
    }
    kept.into_iter().collect()
}

/// Whether a group is that of `#[doc = "…"]`.
fn is_documentation(group: &Group, before: Option<&TokenTree>) -> bool {
    group.delimiter() == Delimiter::Bracket
        && matches!(before, Some(TokenTree::Punct(mark)) if mark.as_char() == '#')
        && matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(name)) if name == "doc")
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn bodies_and_documentation_are_left_out_and_nothing_else() {
        let code = quote! {
            pub mod calls {
                /// A call.
                #[derive(Debug)]
                pub struct Call {
                    #[doc = "What is called."]
                    #[serde(rename = "doc")]
                    hook: fn(u8) -> u8,
                    done: bool,
                }
                pub const SIZE: usize = { 3 };
                pub const HOOK: fn(u8) = { call };
                impl<T> Call where T: Into<Vec<[u8; 3]>> {
                    /// Calls.
                    pub fn first<A, B>(self, a: A) -> Result<A, B> where A: Copy { if true { a } else { b } }
                    fn second(&self) { let f = |x| { x }; }
                }
                open_enum! { pub enum Kind { A = "a" } }
                trait Send { fn send(&self); const ALL: u8 = { 1 }; }
            }
        };
        let expected = quote! {
            pub mod calls {
                #[derive(Debug)]
                pub struct Call {
                    #[serde(rename = "doc")]
                    hook: fn(u8) -> u8,
                    done: bool,
                }
                pub const SIZE: usize = { 3 };
                pub const HOOK: fn(u8) = { call };
                impl<T> Call where T: Into<Vec<[u8; 3]>> {
                    pub fn first<A, B>(self, a: A) -> Result<A, B> where A: Copy {}
                    fn second(&self) {}
                }
                open_enum! { pub enum Kind { A = "a" } }
                trait Send { fn send(&self); const ALL: u8 = { 1 }; }
            }
        };
        assert_eq!(signatures(code).to_string(), expected.to_string());
    }
}
