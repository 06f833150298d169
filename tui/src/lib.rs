//! The terminal UI of the debugger: a client of [`wasmscope_debugger::protocol`], and nothing else.
//!
//! `update` takes what happens (keys, mouse, events of the session, time) and changes the state;
//! `view` draws the state. Both are pure; the loop in `app` connects them with a terminal and a
//! session.
//!
//! - [`actions`]: the table of everything that can be done, from which keys, hints, help, the palette
//!   and the configuration's words come.
//! - [`layout`]: which pane is where.
//! - [`theme`]: what things look like.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod actions;
mod app;
mod command_line;
mod commands;
pub mod config;
mod cursor;
pub mod highlight;
#[cfg(test)]
mod key_page;
pub mod keys;
pub mod layout;
mod line_edit;
pub mod message;
pub mod pane;
mod saved;
mod state;
pub mod terminal;
mod text;
pub mod theme;
mod update;
mod view;

pub use app::{ExitSummary, Link, TuiError, TuiOptions, run};
pub use command_line::{CommandLine, Commands, Told};
pub use config::Config;
pub use saved::Project;
pub use state::State;
pub use update::update;
pub use view::view;
