//! Code offset ⇄ source, variables and types: everything wasmscope knows about a program without
//! running it.
//!
//! [`Binary`] takes a file apart into core modules; [`Symbols`] answers questions about one of
//! them. Nothing here knows Wasmtime.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod conventions;
pub mod crosscheck;
pub mod dwarf;
pub mod entries;
pub mod facts;
pub mod frames;
pub mod functions;
pub mod lines;
mod liveness;
mod loading;
pub mod location;
pub mod names;
pub mod offsets;
pub mod operands;
mod paths;
pub mod prologue;
mod snap;
pub mod statements;
pub mod statics;
pub mod symbols;
pub mod types;
pub mod variables;
mod vtables;
pub mod wasm;

pub use dwarf::DieId;
pub use facts::{Coverage, DebugFacts, UnitFacts};
pub use frames::{SourceFrame, SourceLocation};
pub use functions::{FunctionEntry, FunctionInstance, FunctionMatches, FunctionQuery};
pub use lines::{LineFile, LineMatches, LinePlace};
pub use liveness::{Liveness, Resident};
pub use loading::check_debug_file;
pub use location::{
    CompiledLocation, FrameBaseRegister, FrameState, PartialBytes, Place, Unavailable, WasmValue,
};
pub use names::FunctionName;
pub use offsets::{CodeOffset, CodeSection, ModulePc};
pub use paths::path_matches;
pub use statements::{FunctionPart, FunctionStatements, InlinedCall, StatementPlace};
pub use statics::{Static, StaticQuery};
pub use symbols::{BesideModule, DebugFiles, Problem, Symbols, SymbolsOptions};
pub use types::{Type, TypeId, TypeKind};
pub use variables::{Variable, VariableKind};
pub use wasm::{
    Binary, BinaryError, BinaryKind, CallSite, CallTarget, CoreModule, CustomSection, Export,
    ExternKind, FirstReached, FunctionBody, FunctionCode, Import, Successors,
};
