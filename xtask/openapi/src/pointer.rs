//! JSON pointers (RFC 6901).

/// `pointer` with one more token, escaped as the RFC asks.
pub fn push(pointer: &str, token: impl AsRef<str>) -> String {
    format!("{pointer}/{}", token.as_ref().replace('~', "~0").replace('/', "~1"))
}

/// The unescaped tokens of a pointer.
pub fn tokens(pointer: &str) -> impl Iterator<Item = String> + '_ {
    pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~"))
}

/// The name of the component schema that a local reference names.
pub fn schema_name(reference: &str) -> Option<&str> {
    reference.strip_prefix("#/components/schemas/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_undo_what_push_escapes() {
        let pointer = push(&push("", "/v1/a~b"), "get");
        assert_eq!(pointer, "/~1v1~1a~0b/get");
        assert_eq!(tokens(&pointer).collect::<Vec<_>>(), ["/v1/a~b", "get"]);
    }
}
