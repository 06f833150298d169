//! What a debugger understands of a stopped guest, and the explanation of a failure.
//!
//! - [`target`]: the few things asked of a stopped guest, whatever holds it.
//! - [`live`]: a paused guest as such a target.
//! - [`frames`]: its stack as a reader counts it.
//! - [`unwind`]: frames on the stack in linear memory, for code that keeps no locals.
//! - [`values`]: Rust values out of memory.
//! - [`program`]: the symbols of all core modules together.
//! - [`sources`]: source files by the paths in debug info.
//! - [`explain()`]: a failure, put into the words of the program's source, as data.
//! - [`call_sites`]: the source lines that host calls were made from.
//! - [`inspect`]: what is in a program, without running it.
//! - [`expression`]: Rust-like expressions on those values.
//! - [`breakpoints`]: where to stop, and whether a hit counts.
//! - [`stepping`]: steps by source lines and opcodes.
//! - [`session`]: a guest under the debugger, stopped and stepped.
//! - [`protocol`]: what sessions and front ends say to each other.
//!
//! Nothing here prints or draws: front ends do.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod breakpoints;
pub mod call_sites;
pub mod explain;
pub mod expression;
pub mod frame_state;
pub mod frames;
pub mod inspect;
pub mod live;
pub mod program;
pub mod protocol;
pub mod session;
pub mod sources;
pub mod stepping;
pub mod target;
pub mod unwind;
pub mod values;

pub use call_sites::{CallSites, CallingGuest};
pub use explain::{ExplainOptions, LocalsMode, Report, explain};
pub use program::{CodeFrame, ProgramSymbols};
