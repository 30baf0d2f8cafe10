//! Colours. `anstream` drops them where they are not wanted: not a terminal, or `NO_COLOR`.

use anstyle::{AnsiColor, Style};

/// The word `error`.
pub(crate) fn error() -> Style {
    AnsiColor::Red.on_default().bold()
}

/// The word `help`, and hints.
pub(crate) fn hint() -> Style {
    AnsiColor::Cyan.on_default()
}

/// What works.
pub(crate) fn good() -> Style {
    AnsiColor::Green.on_default()
}

/// What does not.
pub(crate) fn bad() -> Style {
    AnsiColor::Red.on_default()
}

/// What is not known.
pub(crate) fn unknown() -> Style {
    AnsiColor::Yellow.on_default()
}
