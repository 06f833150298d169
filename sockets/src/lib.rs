//! The network of a guest: what it may do there, and WasmEdge's socket extension of WASI preview 1,
//! which stock WASI preview 1 has no counterpart for.
//!
//! - [`Network`]: what a guest may do, in the user's words (`-p`, `--net`, `--add-host`).
//! - [`Policy`]: what follows from that for a call. WASI 0.2's sockets go by it as well.
//!
//! Nothing here knows what runs, how calls are recorded, or prints.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod network;
mod policy;

pub use network::{
    Destination, Host, HostAlias, Network, Outgoing, Protocol, Publish, SyntaxError,
};
pub use policy::{Lookup, Policy, Refusal};
