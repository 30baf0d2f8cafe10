//! What the numbers in this documentation mean.
#![doc = include_str!("../docs/sources.md")]
