//! What the client costs: the library behind `cargo xtask measure`.

pub mod measure;
