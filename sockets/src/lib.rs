//! The network of a guest: what it may do there, and WasmEdge's socket extension of WASI preview 1,
//! which stock WASI preview 1 has no counterpart for.
//!
//! - [`Network`]: what a guest may do, in the user's words (`-p`, `--net`, `--add-host`).
//! - [`Policy`]: what follows from that for a call. WASI 0.2's sockets go by it as well.
//! - [`Sockets`]: the extension's functions over the host's sockets, which go by that policy.
//!
//! Nothing here knows what runs, how calls are recorded, or prints.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod connections;
mod errno;
mod guest;
mod names;
mod network;
mod options;
mod policy;
mod socket;
mod table;
mod transfers;

pub use errno::Errno;
pub use network::{
    Destination, Host, HostAlias, Moved, Network, Outgoing, Protocol, Publish, SyntaxError,
};
pub use policy::{Lookup, Policy, Refusal};
pub use socket::{Direction, Ready};
pub use table::{Call, FIRST, Sockets};
