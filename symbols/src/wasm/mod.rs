//! The container: what a Wasm binary holds, before any DWARF is read.
//!
//! A [`Binary`] is a core module or a component; either way it comes down to a list of core
//! modules, each with its function bodies, its names and its custom sections. Everything about
//! source code lives in [`crate::dwarf`].

mod binary;
mod data;
mod externs;
mod flow;
mod heights;
mod kept;
mod metadata;
mod module;
mod names;
mod opcodes;
mod relocations;
mod tables;

pub use binary::{Binary, BinaryError, BinaryKind};
pub use data::DataSegment;
pub use externs::{Export, ExternKind, Import};
pub use flow::{CallSite, CallTarget, FirstReached, FunctionCode, Successors};
pub(crate) use heights::plain_arity;
pub use metadata::{Producer, TargetFeature};
pub use module::{CoreModule, CustomSection, FunctionBody, Section};
pub use opcodes::Opcodes;
