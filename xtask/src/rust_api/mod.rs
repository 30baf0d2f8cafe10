//! The public Rust API of the generated client, and what changed between two of them.
