//! What a pattern allows, as far as that can be told.

use regex_syntax::{
    ParserBuilder,
    hir::{Class, Hir, HirKind, Look},
};

/// Whether every text matches: a pattern may match anywhere in a text, so one that matches the
/// empty text does.
pub(super) fn matches_everything(pattern: &str) -> bool {
    parsed(pattern).is_some_and(|hir| is_free(&hir))
}

/// Whether two patterns are the same, written differently.
pub(super) fn are_same(a: &str, b: &str) -> bool {
    a == b || matches!((parsed(a), parsed(b)), (Some(a), Some(b)) if a == b)
}

fn parsed(pattern: &str) -> Option<Hir> {
    // As in ECMAScript, `\d` is a digit of ASCII; what only Unicode's tables tell is left as it is.
    let read = |unicode| ParserBuilder::new().unicode(unicode).utf8(false).build().parse(pattern).ok();
    read(false).or_else(|| read(true))
}

fn is_free(hir: &Hir) -> bool {
    let parts = match hir.kind() {
        HirKind::Concat(parts) => parts.as_slice(),
        HirKind::Capture(capture) => return is_free(&capture.sub),
        _ => std::slice::from_ref(hir),
    };
    let is = |part: &Hir, look| matches!(part.kind(), HirKind::Look(found) if *found == look);
    let (start, rest) = match parts {
        [first, rest @ ..] if is(first, Look::Start) => (true, rest),
        _ => (false, parts),
    };
    let (end, rest) = match rest {
        [rest @ .., last] if is(last, Look::End) => (true, rest),
        _ => (false, rest),
    };
    if start && end {
        return matches!(rest, [only] if is_any_text(only));
    }
    rest.iter().all(matches_empty)
}

fn matches_empty(hir: &Hir) -> bool {
    hir.properties().look_set().is_empty() && hir.properties().minimum_len() == Some(0)
}

/// Whether it is `.*`, or another class that leaves out line ends only.
fn is_any_text(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Capture(capture) => is_any_text(&capture.sub),
        HirKind::Repetition(repetition) => {
            let class = match repetition.sub.kind() {
                HirKind::Capture(capture) => capture.sub.kind(),
                kind => kind,
            };
            let allows_all = match class {
                HirKind::Class(Class::Bytes(class)) => {
                    let mut left_out = class.clone();
                    left_out.negate();
                    left_out
                        .iter()
                        .all(|range| (range.start()..=range.end()).all(|byte| matches!(byte, b'\n' | b'\r')))
                }
                HirKind::Class(Class::Unicode(class)) => {
                    let mut left_out = class.clone();
                    left_out.negate();
                    let is_line_end = |c| matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}');
                    left_out.iter().all(|range| (range.start()..=range.end()).all(is_line_end))
                }
                _ => false,
            };
            repetition.min == 0 && repetition.max.is_none() && allows_all
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_every_text_matches_is_told_from_a_real_one() {
        for free in [
            "",
            ".*",
            "^.*$",
            "^.*",
            ".*$",
            "^",
            "$",
            "(.*)",
            "^(.*)$",
            "[a-z]*",
            "x?",
            r"^[\s\S]*$",
            "(?s)^.*$",
            "a|",
        ] {
            assert!(matches_everything(free), "{free:?}");
        }
        for real in ["a", ".+", "^.+$", "^a*$", r"\d", "^$", "^.{0,10}$", r"\b", "(?=a)", "^[^a]*$"] {
            assert!(!matches_everything(real), "{real:?}");
        }
    }

    #[test]
    fn patterns_that_are_written_differently_may_be_the_same() {
        assert!(are_same("^[0-9]+$", r"^\d+$"));
        assert!(are_same("(?=a)", "(?=a)"));
        assert!(!are_same("^[0-9]+$", "^[0-8]+$"));
    }
}
