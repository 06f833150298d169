//! The built binary in a pseudo-terminal: a session from the first key to the last, and the terminal
//! as it was found, however it ends.
//!
//! - [`driver`]: the pseudo-terminal, what is on its screen, and its modes before and after.
//! - [`session`]: what a user does with a program.
//! - [`leaving`]: every way in which it can end.
//! - [`pictures`]: the documentation's pictures are what it shows; [`svg`] draws them.

#![cfg(unix)]

mod driver;
mod leaving;
mod pictures;
mod session;
mod svg;
