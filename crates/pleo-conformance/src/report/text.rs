//! Foreign text, made fit to be shown.

use std::fmt::Write as _;

use crate::words::counted;

/// The text with everything spelled out that would not be seen, or would act on a terminal, in an XML parser
/// or on the order of what is around it: a NUL becomes `\u{0}`. Line feeds stay.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character != '\n' && acts(character) {
            // Writing into a string does not fail.
            let _ = write!(shown, "{}", character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// The text in one line, as [`visible`] has it.
pub(crate) fn one_line(text: &str) -> String {
    visible(text).split('\n').map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The text, or its beginning and how much is missing, if it has more than `limit` characters.
pub(crate) fn shortened(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some((end, _)) => {
            let missing = counted(text[end..].chars().count(), "more character");
            format!("{}… ({missing})", &text[..end])
        }
    }
}

/// Whether a character is a control, a format character (directions, joiners, invisible ones, tags), a line
/// or paragraph separator, or none at all.
fn acts(character: char) -> bool {
    let code = character as u32;
    character.is_control()
        || matches!(
            code,
            0xAD | 0x600..=0x605
                | 0x61C
                | 0x6DD
                | 0x70F
                | 0x180E
                | 0x200B..=0x200F
                | 0x2028..=0x202E
                | 0x2060..=0x206F
                | 0xFDD0..=0xFDEF
                | 0xFEFF
                | 0xFFF9..=0xFFFB
                | 0x1_BCA0..=0x1_BCA3
                | 0x1_D173..=0x1_D17A
                | 0xE_0000..=0xE_0FFF
        )
        || code & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{acts, one_line, shortened, visible};

    #[test]
    fn what_cannot_be_seen_is_spelled_out() {
        assert_eq!(visible("a\0b\u{1b}[31m\tc\r\nd"), "a\\u{0}b\\u{1b}[31m\\u{9}c\\u{d}\nd");
        assert_eq!(visible("x\u{202e}y\u{200b}z\u{feff}\u{fffe}"), "x\\u{202e}y\\u{200b}z\\u{feff}\\u{fffe}");
    }

    #[test]
    fn writing_of_any_language_stays_as_it_is() {
        for text in ["מפתח", "مفتاح", "ключ", "鍵", "clé", "🔑", "|`<&>\"'"] {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn a_long_text_says_how_much_of_it_is_missing() {
        assert_eq!(shortened("äöü", 3), "äöü");
        assert_eq!(shortened("äöüß", 3), "äöü… (1 more character)");
    }

    proptest! {
        #[test]
        fn nothing_that_acts_is_left_of_any_text(text: String) {
            prop_assert!(visible(&text).chars().all(|character| character == '\n' || !acts(character)));
            prop_assert!(!one_line(&text).contains('\n'));
        }
    }
}
