//! What runs, and in which world.
//!
//! A [`Program`] is a file taken from the user: a core module, a component or Wasm text. A
//! [`World`] is what the guest sees: arguments, environment, folders, network. [`run`] brings the
//! two together in plain code, at full speed ([`run_exact`]: in debuggable code), and answers with an [`Outcome`]: the guest's exit
//! code, or a [`Failure`] that still holds the stopped guest, its memory and its globals
//! included, so that the layer above can explain what happened.
//!
//! Nothing here reads debug info, and nothing prints.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod calls;
mod code_index;
mod component;
mod core_module;
pub mod debuggee;
mod engine;
mod exact;
mod failure;
mod features;
mod imports;
mod invoke;
mod limits;
mod network;
mod options;
mod program;
mod run;
mod sniff;
mod stdio;
mod stopped;
mod widen;
mod world;

pub use calls::{CallSink, CallTracing, GuestAtCall, GuestStderr};
pub use failure::{CodePlace, Failure, FailureCause, FrameValues, MemoryFault, WasmFrame};
pub use imports::{ImportKind, MissingImport, is_provided, usual_provider};
pub use limits::{MemoryRefusal, RefusedBy};
pub use options::{Invoke, Options};
pub use program::{LoadError, Program, ProgramKind};
pub use run::{EntryError, Outcome, RunError, run, run_exact};
pub use sniff::LooksLike;
pub use stopped::{GlobalValue, StoppedGuest, Unavailable, WasmValue};
pub use wasmscope_sockets::{
    Destination, Host, HostAlias, Moved, Network, Outgoing, Protocol, Publish,
};
pub use wasmtime::Trap;
pub use widen::WidenError;
pub use world::{Dir, World, WorldError};
