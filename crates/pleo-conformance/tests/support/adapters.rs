//! The adapters in `adapters/`.
