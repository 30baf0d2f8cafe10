//! What a client is made of.

use xtask_openapi::{Document, overlay::Overlay};

/// One of two states to be compared: what a client is made of.
#[derive(Debug, Clone, Copy)]
pub struct State<'a> {
    /// Pleo's documents.
    pub documents: &'a [Document],
    /// What this project adds to them. An action that matches nothing is passed over.
    pub overlays: &'a [Overlay],
}
