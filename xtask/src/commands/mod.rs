//! One module a command.

pub(crate) mod check;
pub(crate) mod diff;
pub(crate) mod fetch;
pub(crate) mod generate;
pub(crate) mod measure;
pub(crate) mod sync;
pub(crate) mod test;
