//! From Pleo's published documents to the generated client: the library behind `cargo xtask`.

pub mod generate;
pub mod spec;
