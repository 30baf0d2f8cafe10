//! Other spellings of a secret, which give it away as well.

use std::fmt::Write as _;

/// Hexadecimal digits.
pub(super) fn hex(secret: impl AsRef<[u8]>) -> String {
    let mut digits = String::new();
    for byte in secret.as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// A `\u` escape for each character.
pub(super) fn escapes(secret: &str) -> String {
    secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
}

/// A list of bytes.
pub(super) fn bytes(secret: &str) -> String {
    format!("{:?}", secret.as_bytes())
}

/// White space after every ten characters.
pub(super) fn wrapped(secret: &str) -> String {
    lines(secret, 10).join("\n  ")
}

/// Pieces of so many characters, and the rest.
pub(super) fn lines(text: &str, length: usize) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(length).map(|chunk| chunk.iter().collect()).collect()
}

/// The first so many characters.
pub(super) fn cut(text: &str, length: usize) -> String {
    text.chars().take(length).collect()
}

/// The first half.
pub(super) fn half(secret: &str) -> String {
    cut(secret, secret.chars().count() / 2)
}

/// All but the last four characters.
pub(super) fn almost(secret: &str) -> String {
    cut(secret, secret.chars().count().saturating_sub(4))
}

/// The last four characters, where that is little of the whole.
pub(super) fn last_four(secret: &str) -> Option<String> {
    let length = secret.chars().count();
    (length >= 12).then(|| secret.chars().skip(length - 4).collect())
}

/// The first and the last four characters, where that is little of the whole.
pub(super) fn masked(secret: &str) -> Option<String> {
    let last = last_four(secret).filter(|_| secret.chars().count() >= 24)?;
    Some(format!("{}****{last}", cut(secret, 4)))
}

/// Escaped as HTML has it.
pub(super) fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_what_their_names_say() {
        assert_eq!(hex("Aé"), "41c3a9");
        assert_eq!(escapes("A/"), "\\u0041\\u002f");
        assert_eq!(bytes("AB"), "[65, 66]");
        assert_eq!(wrapped("0123456789ab"), "0123456789\n  ab");
        assert_eq!((half("abcdef"), almost("abcdef")), ("abc".to_owned(), "ab".to_owned()));
        assert_eq!(last_four("0123456789ab"), Some("89ab".to_owned()));
        assert_eq!(last_four("0123456789a"), None);
        assert_eq!(masked("0123456789abcdefghijklmn"), Some("0123****klmn".to_owned()));
        assert_eq!(masked("0123456789abcdefghijklm"), None);
        assert_eq!(html("<a&b>"), "&lt;a&amp;b&gt;");
    }
}
