//! What front ends and a [`crate::session::Session`] say to each other: plain data, so that
//! everything a user can do can be logged, scripted, tested, and sent over a wire.
//!
//! A front end sends [`Request`]s and gets [`Event`]s. Every request is answered by exactly one
//! [`Event::Reply`] with its number, in the order in which they were sent; everything else that
//! happens is told by the other events. A request that needs a paused guest is refused while it
//! runs ([`CommandErrorKind::Running`]).

mod breakpoints;
mod command;
mod event;
mod inspect;

pub use breakpoints::*;
pub use command::*;
pub use event::*;
pub use inspect::*;

/// The version of the protocol: it grows when something changes its meaning or goes away, not
/// when something is added.
pub const PROTOCOL: u32 = 1;
