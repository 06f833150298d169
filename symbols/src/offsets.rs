//! The two ways to name a place in a module's code, and the one conversion between them.
//!
//! Wasmtime counts from the start of the core module's binary; DWARF counts from the start of the
//! code section's *contents* (the byte after the section's size field, where the function count
//! stands). Mixing them up gives answers that look right and are not, so they are two types.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An offset in bytes in a core module's own binary: Wasmtime's word for a program counter, also
/// for modules nested in a component.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModulePc(pub u64);

/// An offset in bytes in the contents of a core module's code section: what DWARF calls an
/// address ("DWARF for WebAssembly", Code Addresses).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeOffset(pub u64);

impl fmt::Display for ModulePc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl fmt::Display for CodeOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "code+{:#x}", self.0)
    }
}

/// Where a core module's code section's contents lie in its binary.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct CodeSection {
    /// Offset of the contents (of the function count) in the binary, in bytes.
    pub start: u64,
    /// Length of the contents, in bytes; 0 when the module has no code.
    pub len: u64,
}

impl CodeSection {
    /// The same place in DWARF's count, or `None` when `pc` is not in the code section.
    pub fn to_code(self, pc: ModulePc) -> Option<CodeOffset> {
        let offset = pc.0.checked_sub(self.start)?;
        (offset < self.len).then_some(CodeOffset(offset))
    }

    /// The same place in Wasmtime's count, or `None` when `offset` is past the section's end.
    pub fn to_module(self, offset: CodeOffset) -> Option<ModulePc> {
        if offset.0 >= self.len {
            return None;
        }
        self.start.checked_add(offset.0).map(ModulePc)
    }
}
