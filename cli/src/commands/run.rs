//! `wasmscope run`: load, run, and explain the failure if there is one.

use super::failure;
use crate::args::{Locals, LogArgs, RunArgs};
use crate::logging;
use crate::target::{self, Guest};
use std::io::{self, Write as _};
use wasmscope_runner::{Options, Outcome, ProgramKind};
use wasmscope_tracer::ComponentCalls;

/// Runs the target; the exit code is the guest's.
pub fn run(log: &LogArgs, args: &RunArgs) -> anyhow::Result<i32> {
    let (target, guest_args) = args.target()?;
    let guest = target::load(&target, guest_args, &args.world, args.invoke.as_deref())?;
    let Guest { program, world, .. } = &guest;
    let component_calls = (program.kind() == ProgramKind::Component).then(ComponentCalls::default);
    logging::init(log, component_calls.as_ref())?;
    // Asked for now: a mistake in it must not come out after an hour's run.
    let debug_file = failure::debug_file(args.report.debug_file.as_deref(), program)?;
    let mut options = Options {
        invoke: guest.invoke.clone(),
        component_calls,
        remembered_calls: failure::host_calls(&args.report)
            .max(Options::default().remembered_calls),
        ..Options::default()
    };
    args.world.limit(&mut options);
    let outcome = match args.locals {
        Locals::Exact => wasmscope_runner::run_exact(program, world, &options)?,
        _ => wasmscope_runner::run(program, world, &options)?,
    };
    match outcome {
        Outcome::Exited { code, results } => {
            print(&results);
            Ok(code)
        }
        Outcome::Failed(failure) => {
            let symbols = failure::symbols(program, debug_file.as_ref());
            failure::tell(&failure, program, &symbols, &args.report, args.locals)
        }
    }
}

/// Prints what an invoked function returned. A reader that went away is no failure of the guest.
pub(super) fn print(results: &[String]) {
    let mut stdout = io::stdout().lock();
    for result in results {
        let _ = writeln!(stdout, "{result}");
    }
}
