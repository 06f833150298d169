//! Host calls as records: every call that a guest makes to its host, with typed arguments and
//! result.
//!
//! - [`table`]: the one description of each host function. Rendering, filters, recording and the
//!   wrappers around the functions read it; no function is described anywhere else.
//! - [`wasi_p1`]: stands between core modules and Wasmtime's WASI preview 1, changes nothing, and
//!   sees everything that a call does to the guest.
//! - [`components`]: the same records for WASI 0.2 components, from Wasmtime's own `tracing` events.
//! - [`custom`]: host functions that no table knows, with their raw values.
//! - [`RecentCalls`]: the last calls of a run, kept cheaply enough to be always on.
//! - [`HostCall`]: the record itself, plain data with a one-line form.
//! - [`observe`]: being told of every call as it returns.
//! - [`filter`]: which calls are wanted.
//! - [`inject`]: faults put into calls on purpose.
//! - [`summary`]: what the calls of a run cost together.
//! - [`trace`]: what a trace consists of, and how it is written.
//!
//! This crate knows nothing of debug information: which source line made a call is found by whoever
//! has the guest's stack.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod addresses;
pub mod call;
mod capture;
pub mod components;
mod copies;
pub mod custom;
mod decode;
mod fds;
pub mod filter;
pub mod inject;
pub mod observe;
pub mod recent;
pub mod render;
pub mod summary;
pub mod table;
pub mod trace;
pub mod wasi_p1;

pub use call::{Arg, Bytes, CallResult, HostCall, Moved, Name, Tampering, Value};
pub use components::{Arguments, ComponentCalls, ComponentRecording, Watched, WatchedView};
pub use observe::{Beginning, Brief, CallObserver, CallingGuest, Interest};
pub use recent::{RecentCalls, Recording};
pub use table::{Class, Function};
pub use wasi_p1::{
    CallGate, P1Host, add_sockets_to_gated_linker, add_sockets_to_linker, add_to_gated_linker,
    add_to_linker,
};
