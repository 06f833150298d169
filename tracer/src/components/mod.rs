//! Components: host calls out of the `tracing` spans and events that Wasmtime's WASI 0.2 emits.

use crate::call::HostCall;

/// The recent host calls of components.
#[derive(Clone, Debug, Default)]
pub struct ComponentCalls {}

impl ComponentCalls {
    /// The calls that are kept, oldest first.
    pub fn calls(&self) -> Vec<HostCall> {
        Vec::new()
    }
}
