//! The guide pages that our statements come from: which of their sections changed since they were last read, and what
//! to read again for it.
//!
//! [`files`] says which pages those are and what they were, [`sections`] takes a page apart, [`citations`] finds what
//! cites a statement, [`compare`] says what is different and what depends on it, `read` reads the pages, and
//! [`report`] shows what that came to. Nothing here keeps the documents from being fetched: a page that cannot be
//! read is a [`report::Problem`], and stays in the lock as it was.

pub mod citations;
pub mod compare;
pub mod files;
pub mod report;
pub mod sections;

mod read;

pub(crate) use read::{Plan, Read};
pub use report::{GuideReport, Problem};
