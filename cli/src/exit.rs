//! Exit codes, and how errors of ours are told. The guest's own exit code passes through
//! untouched; ours follow the convention of `env`, `docker run` and others.

use std::io::{self, Write as _};
use wasmscope_compose::ComposeError;
use wasmscope_image::ImageError;
use wasmscope_runner::{LoadError, RunError};
use wasmscope_symbols::BinaryError;

/// wasmscope itself failed: wrong usage, a world that cannot be built, a report that cannot be
/// written.
pub const OURSELVES: i32 = 125;
/// The target is there but cannot be run.
pub const CANNOT_RUN: i32 = 126;
/// The target is not there.
pub const NOT_FOUND: i32 = 127;

/// What a trap exits with, in a shell's way of saying that a program was aborted.
pub const TRAPPED: i32 = 134;
/// A command of a debugger's script failed.
pub const COMMAND_FAILED: i32 = 123;
/// A debugger's script came to its end before the guest did.
pub const NOT_ENDED: i32 = 124;

/// What [`HELP`] is for `wasmscope debug`, whose scripts have two ends more.
pub fn debug_help() -> String {
    let (guest, ours) = HELP.split_once("  125").unwrap_or((HELP, ""));
    format!(
        "{guest}  {COMMAND_FAILED}  a command of a script failed
  {NOT_ENDED}  the commands came to their end before the guest did, or ended it (`quit CODE` says another)
  130  a script was interrupted (Ctrl-C)
  125{ours}
At a prompt the user sees how it ended, and the code is 0."
    )
}

/// The text in `--help` that documents the codes.
pub const HELP: &str = "\
Exit codes:
  the guest's own when it exits; 134 when it traps (a Rust panic does), 1 when the host fails it,
  as `wasmtime run` answers
  125  wasmscope itself failed: wrong usage, a folder that cannot be opened
  126  the target is there and cannot be run: not Wasm, an image without a module, an import that
       nobody provides
  127  the target is not there";

/// Ends the process, with everything written that was to be written.
pub fn with(code: i32) -> ! {
    crate::target::clean_up();
    // Whoever closed the other end does not want it.
    let _ = io::stdout().flush();
    std::process::exit(code)
}

/// Prints what clap has to say: help and version on standard output, wrong usage on standard
/// error.
pub fn usage(error: &clap::Error) -> i32 {
    let _ = error.print();
    if error.use_stderr() { OURSELVES } else { 0 }
}

/// Prints an error with its causes and finds the exit code for it.
pub fn report(error: &anyhow::Error) -> i32 {
    complain(error);
    code_of(error)
}

/// Prints an error with its causes on standard error.
pub fn complain(error: &anyhow::Error) {
    let mut text = String::from("error: ");
    for (depth, cause) in error.chain().enumerate() {
        if depth > 0 {
            text.push_str("\n  caused by: ");
        }
        text.push_str(&crate::output::escaped(&cause.to_string()));
    }
    text.push('\n');
    // With standard error closed there is nobody to tell.
    let _ = io::stderr().write_all(text.as_bytes());
}

fn code_of(error: &anyhow::Error) -> i32 {
    if let Some(error) = error.downcast_ref::<LoadError>() {
        return if error.is_not_found() {
            NOT_FOUND
        } else {
            CANNOT_RUN
        };
    }
    if let Some(error) = error.downcast_ref::<ImageError>() {
        return match error {
            error if error.is_not_found() => NOT_FOUND,
            error if error.is_ours() => OURSELVES,
            _ => CANNOT_RUN,
        };
    }
    if let Some(error) = error.downcast_ref::<ComposeError>() {
        return match error.is_not_found() {
            true => NOT_FOUND,
            false => CANNOT_RUN,
        };
    }
    if error.is::<BinaryError>() {
        return CANNOT_RUN;
    }
    match error.downcast_ref::<RunError>() {
        Some(RunError::World(_) | RunError::Engine { .. } | RunError::Thread { .. }) => OURSELVES,
        Some(_) => CANNOT_RUN,
        None => OURSELVES,
    }
}
