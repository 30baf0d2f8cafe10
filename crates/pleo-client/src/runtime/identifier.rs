//! Text of a response that may be shown.

/// The text, if it has the form of an identifier: up to 64 letters, digits, `_`, `-`, `.` and `:` of
/// ASCII, a letter or digit first.
///
/// Errors show nothing else of what a service wrote: text of any other form may hold a secret, personal
/// data, or characters that forge lines of a log.
pub fn identifier(text: &str) -> Option<&str> {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    (first && text.len() <= 64 && text.bytes().all(inside)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_identifiers_are_shown() {
        let longest = "a".repeat(64);
        for text in ["ACTIVATED", "bad_refresh_token", "export-jobs:read", "v1.2", "0", &longest] {
            assert_eq!(identifier(text), Some(text));
        }
        let longer = "a".repeat(65);
        for text in
            ["", " ", "a b", "a\n", "a\u{1b}[31m", "ä", "a\"", "-a", "_a", "a/b", "<a>", "a,b", &longer]
        {
            assert_eq!(identifier(text), None, "{text:?}");
        }
    }
}
