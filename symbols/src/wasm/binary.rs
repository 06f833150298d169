//! A whole Wasm binary, taken apart into the core modules in it.

use super::CoreModule;
use std::sync::Arc;

/// What kind of binary it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BinaryKind {
    /// A core module.
    Module,
    /// A component: core modules and the wiring between them.
    Component,
}

/// Why a binary could not be taken apart.
#[derive(Debug, thiserror::Error)]
pub enum BinaryError {
    /// The bytes are not well-formed Wasm from this offset on.
    #[error("malformed Wasm at offset {offset:#x}: {message}")]
    Malformed {
        /// Offset in the whole binary, in bytes.
        offset: u64,
        /// What the parser says.
        message: String,
    },
}

/// A Wasm binary and the core modules in it.
#[derive(Clone, Debug)]
pub struct Binary {
    /// What it is.
    pub kind: BinaryKind,
    /// The core modules: the module itself, or those nested in the component at any depth, in
    /// the order in which they stand in the binary.
    pub modules: Vec<Arc<CoreModule>>,
}

impl Binary {
    /// Takes `bytes` apart.
    ///
    /// # Errors
    /// When the container itself is malformed. Custom sections (names, debug info) that are
    /// malformed are not an error here.
    pub fn parse(bytes: Arc<[u8]>) -> Result<Self, BinaryError> {
        let _ = bytes;
        Err(BinaryError::Malformed {
            offset: 0,
            message: "the container parser is being written".into(),
        })
    }
}
