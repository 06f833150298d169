//! Stepping through programs, command by command, as tables of where each step is to end.
//!
//! Every table goes through a whole session (breakpoints, the guest's own thread, events), in builds
//! for both WASI targets, and ends with the guest's output and exit code, which must be those of a
//! run without a debugger. Lines are named by what stands on them.

mod asynchronous;
mod branches;
mod calls;
mod closures;
mod driver;
mod ends;
mod inlined;
mod invariance;
mod loops;
mod optimised;
mod table;

use wasmscope_test_support::{Build, Target};

/// Unoptimised builds for both targets.
const DEBUG: [(Build, Target); 2] = [
    (Build::Debug, Target::WasiP1),
    (Build::Debug, Target::WasiP2),
];

/// Optimised builds with debug info for both targets.
const RELEASE: [(Build, Target); 2] = [
    (Build::ReleaseWithDebug, Target::WasiP1),
    (Build::ReleaseWithDebug, Target::WasiP2),
];
