//! How counts and long texts are written.

use std::fmt::Display;

/// How many there are of something, as in `1 case` and `2 cases`.
pub(crate) fn counted<N: Copy + Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    format!("{count} {}", plural(count, noun))
}

/// A noun as it follows a count: `case` after 1, `cases` after every other.
pub(crate) fn plural<N: PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let ending = if count == N::from(1) { "" } else { "s" };
    format!("{noun}{ending}")
}

/// No number that differs from run to run is longer, be it a port or an address in memory.
const LONGEST_NUMBER: usize = 20;

/// The beginning of a text, in at most so many characters. It does not end within a number: a part of one that
/// differs from run to run could not be told from others.
pub(crate) fn beginning(text: &str, limit: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(limit) else { return text };
    let beginning = &text[..end];
    let whole = beginning.trim_end_matches(|character: char| character.is_ascii_alphanumeric());
    if beginning.len() - whole.len() <= LONGEST_NUMBER { whole } else { beginning }
}

/// The end of a text, in at most so many characters. It does not begin within a number.
pub(crate) fn ending(text: &str, limit: usize) -> &str {
    let Some(more) = text.chars().count().checked_sub(limit).filter(|more| *more > 0) else { return text };
    let ending = text.char_indices().nth(more).map_or("", |(start, _)| &text[start..]);
    let whole = ending.trim_start_matches(|character: char| character.is_ascii_alphanumeric());
    if ending.len() - whole.len() <= LONGEST_NUMBER { whole } else { ending }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_everything_else_is_plural() {
        let counts = [0_u32, 1, 2].map(|count| counted(count, "case"));
        assert_eq!(counts, ["0 cases", "1 case", "2 cases"]);
    }

    #[test]
    fn a_beginning_ends_before_a_number_that_has_no_room() {
        assert_eq!(beginning("at 127.0.0.1:40001", 18), "at 127.0.0.1:40001");
        assert_eq!(beginning("at 127.0.0.1:40001!", 18), "at 127.0.0.1:");
        assert_eq!(beginning("at 127.0.0.1:40001!", 15), "at 127.0.0.1:");
        assert_eq!(beginning("äöüß", 3), "äöü");
        assert_eq!(beginning(&"x".repeat(50), 30), "x".repeat(30));
    }

    #[test]
    fn an_ending_begins_after_a_number_that_has_no_room() {
        assert_eq!(ending("port 40001 at", 13), "port 40001 at");
        assert_eq!(ending("port 40001 at", 9), " 40001 at");
        assert_eq!(ending("port 40001 at", 6), " at");
        assert_eq!(ending("äöüß", 3), "öüß");
        assert_eq!(ending(&"x".repeat(50), 30), "x".repeat(30));
    }
}
