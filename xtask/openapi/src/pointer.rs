//! JSON pointers (RFC 6901).

/// `pointer` with one more token, escaped as the RFC asks.
pub fn push(pointer: &str, token: impl AsRef<str>) -> String {
    let token = token.as_ref();
    let mut out = String::with_capacity(pointer.len() + 1 + token.len());
    out.push_str(pointer);
    out.push('/');
    if token.contains(['~', '/']) {
        out.push_str(&token.replace('~', "~0").replace('/', "~1"));
    } else {
        out.push_str(token);
    }
    out
}

/// The unescaped tokens of a pointer.
pub fn tokens(pointer: &str) -> impl Iterator<Item = String> + '_ {
    pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~"))
}

/// The name of the component schema that a local reference names.
pub fn schema_name(reference: &str) -> Option<&str> {
    reference.strip_prefix("#/components/schemas/")
}

/// A reference as it is written here: its fragment decoded (RFC 6901, section 6), with a percent
/// sign as the one character that stays encoded. What leads out of the document stays as it is.
///
/// # Errors
/// Says what is malformed in it.
pub fn canonical(reference: &str) -> Result<String, &'static str> {
    let Some(fragment) = reference.strip_prefix('#') else { return Ok(reference.to_owned()) };
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |at: usize| after.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(0), digit(1)) else {
            return Err("a `%` without two hexadecimal digits after it");
        };
        bytes.push((high * 16 + low) as u8);
        rest = &after[2..];
    }
    let decoded = String::from_utf8(bytes).map_err(|_| "percent-encoded bytes that are not UTF-8")?;
    if decoded.split('~').skip(1).any(|after| !after.starts_with(['0', '1'])) {
        return Err("a `~` without `0` or `1` after it");
    }
    Ok(format!("#{}", decoded.replace('%', "%25")))
}

/// Whether a pointer is that of a component schema, instead of one in it.
pub fn is_component(pointer: &str) -> bool {
    pointer.strip_prefix("/components/schemas/").is_some_and(|name| !name.contains('/'))
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
    #[test]
    fn a_fragment_is_decoded_once_and_only_once() {
        for (reference, canonically) in [
            ("#/components/schemas/Page%3CGizmo%3E", "#/components/schemas/Page<Gizmo>"),
            ("#/components/schemas/a%20b", "#/components/schemas/a b"),
            ("#/components/schemas/a%7E1b", "#/components/schemas/a~1b"),
            ("#/components/schemas/a~1b", "#/components/schemas/a~1b"),
            ("#%2fcomponents%2Fschemas/A", "#/components/schemas/A"),
            ("#/components/schemas/%E2%82%AC", "#/components/schemas/€"),
            ("#/components/schemas/Beløb", "#/components/schemas/Beløb"),
            ("#/components/schemas/a+b", "#/components/schemas/a+b"),
            ("#/components/schemas/a%2541", "#/components/schemas/a%2541"),
            ("other.yaml#/a%20b", "other.yaml#/a%20b"),
        ] {
            assert_eq!(canonical(reference).as_deref(), Ok(canonically), "{reference}");
            assert_eq!(canonical(canonically).as_deref(), Ok(canonically), "{reference} once more");
        }
    }

    #[test]
    fn malformed_escapes_are_refused() {
        for reference in ["#/a%", "#/a%4", "#/a%zz", "#/a%+1", "#/a%FF", "#/a%C3", "#/a~2", "#/a~", "#/a%7E"]
        {
            assert!(canonical(reference).is_err(), "{reference}");
        }
    }
}
