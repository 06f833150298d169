//! Guests under a supervisor: where they stop, what can be asked of them there, how they end, and
//! how they talk to the world meanwhile.

mod calls;
mod ends;
mod places;
mod real;
#[cfg(unix)]
mod sockets;
mod stack;
mod streams;
mod support;
