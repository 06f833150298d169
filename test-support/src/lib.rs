//! Debuggees for tests.
//!
//! Tests name a sample program, how it is to be built and for which target, and get the path of
//! the finished `.wasm` file:
//!
//! ```no_run
//! use wasmscope_test_support::{Build, Target, sample};
//!
//! let wasm = sample("index_out_of_bounds", Build::Debug, Target::WasiP1);
//! ```
//!
//! All samples are built together, once per target directory, by one cargo invocation for each
//! pair of target and profile; cargo itself notices when a source has changed. Test processes and
//! threads may ask at the same time.
//!
//! What lives here: [`build`](crate::sample) of debuggees, [places](crate::workspace) of the
//! repository, container [`image`]s around them, the built [`command`] and its [`Answer`]s, and small
//! helpers to write tests that do not repeat line numbers. What does not: which command is run on what.
//! The crate depends on no other crate of the workspace, so that each of them can use it in its tests.
//!
//! Every function panics, with what to do about it, when it cannot do its work: a test has no
//! better answer.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod build;
mod command;
pub mod image;
mod places;
mod text;

pub use build::{
    Build, Target, crate_sample, native_sample, sample, sample_at_level, sample_bytes, samples,
    socket_sample,
};
pub use command::{Answer, command};
pub use places::{
    prebuilt, sample_source, target_dir, unpacked, wasmscope_binary, wat_sample, workspace,
};
pub use text::{line_of, marked_line, wat_to_wasm};
