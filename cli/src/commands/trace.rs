//! `wasmscope trace`: run, write every host call down, and explain the failure if there is one.

mod choose;
mod desk;
mod form;
mod interrupt;
mod scribe;
mod sink;
mod sum;

use super::failure;
use super::run::print;
use crate::args::{Locals, LogArgs, TraceArgs};
use crate::logging;
use crate::target;
use anyhow::Context as _;
use choose::Chosen;
use scribe::Scribe;
use sink::{LocalsBy, TraceSink};
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use wasmscope_debugger::CallSites;
use wasmscope_runner::{CallTracing, Options, Outcome, Program, ProgramKind};
use wasmscope_tracer::ComponentCalls;
use wasmscope_tracer::trace::End;

/// Runs the target; the exit code is the guest's.
pub fn run(log: &LogArgs, args: &TraceArgs) -> anyhow::Result<i32> {
    let (target, guest_args) = args.target()?;
    let mut guest = target::load(&target, guest_args, &args.world, args.invoke.as_deref())?;
    let mut program = guest.program;
    let is_component = program.kind() == ProgramKind::Component;
    let remembered_calls =
        failure::host_calls(&args.report).max(Options::default().remembered_calls);
    // A component's calls come by the same way as messages of our own.
    let component_calls = is_component.then(|| {
        let data_bytes = args.show.string_limit;
        ComponentCalls::new(CallTracing::component_recording(
            remembered_calls,
            data_bytes,
        ))
    });
    let (log, details) = form::verbose(log);
    logging::init(&log, component_calls.as_ref())?;
    let debug_file = failure::debug_file(args.report.debug_file.as_deref(), &program)?;
    let look_up = |program: &Program| {
        let symbols = failure::symbols(program, debug_file.as_ref());
        let sites = CallSites::new(symbols.clone(), failure::maps(&args.report));
        (symbols, sites)
    };
    let (mut symbols, mut sites) = look_up(&program);
    let locals = match (args.show.locals, is_component) {
        (false, _) => None,
        // What is inside of a component is out of its host's reach, but for a debugger's.
        (true, true) => Some(LocalsBy::Engine),
        (true, false) => {
            let (widened, global) = with_stack_pointer(&program, &sites)?;
            program = widened;
            (symbols, sites) = look_up(&program);
            Some(LocalsBy::StackPointer(global))
        }
    };
    let Chosen {
        filter,
        injection,
        wants_any,
    } = choose::read(&args.choose, &program)?;
    let exporter = form::exporter(args, details, program.path(), &guest.world.args);
    let filter = Arc::new(filter);
    let destination = form::destination(args)?;
    let scribe = Scribe::new(exporter, destination, Arc::clone(&filter), sites, args);
    let sink = TraceSink::new(scribe, filter)?.with_locals(locals);
    let sink = Arc::new(Mutex::new(sink));
    interrupt::finish_when_interrupted(&sink)?;
    let mut options = Options {
        invoke: guest.invoke.take(),
        remembered_calls,
        component_calls,
        tracing: Some(CallTracing {
            sink: sink.clone(),
            data_bytes: args.show.string_limit,
            with_state: locals.is_some(),
            wants_any,
            injection,
        }),
        ..Options::default()
    };
    args.world.limit(&mut options);
    let outcome = match (args.report_locals, locals) {
        (Locals::Exact, _) | (_, Some(LocalsBy::Engine)) => {
            wasmscope_runner::run_exact(&program, &guest.world, &options)?
        }
        _ => wasmscope_runner::run(&program, &guest.world, &options)?,
    };
    let finish = |end| {
        let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = sink.finish(&end, None) {
            crate::exit::complain(&error);
        }
    };
    match outcome {
        Outcome::Exited { code, results } => {
            finish(End::Exited { code });
            print(&results);
            Ok(code)
        }
        Outcome::Failed(failure) => {
            // What the guest wrote comes before what we say about it.
            let _ = io::stdout().flush();
            finish(End::Failed);
            failure::tell(
                &failure,
                &program,
                &symbols,
                &args.report,
                args.report_locals,
            )
        }
    }
}

/// The program with its stack pointer within the host's reach, and which global that is: what
/// variables are found by.
fn with_stack_pointer(program: &Program, sites: &CallSites) -> anyhow::Result<(Program, u32)> {
    let because = || {
        format!(
            "--locals: the variables of {} cannot be told at its calls",
            program.path().display()
        )
    };
    let global = sites
        .stack_pointer()
        .map_err(anyhow::Error::msg)
        .with_context(because)?;
    let widened = program
        .exporting_stack_pointer(global)
        .with_context(because)?;
    Ok((widened, global))
}
