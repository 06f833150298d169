//! `wasmscope trace`: run, write every host call down, and explain the failure if there is one.

mod choose;
mod form;
mod interrupt;
mod sink;
mod sum;

use super::failure;
use super::run::print;
use crate::args::{Locals, LogArgs, TraceArgs};
use crate::logging;
use sink::TraceSink;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use wasmscope_debugger::CallSites;
use wasmscope_runner::{CallTracing, Invoke, Options, Outcome, Program, ProgramKind};
use wasmscope_tracer::ComponentCalls;
use wasmscope_tracer::trace::End;

/// Runs the target; the exit code is the guest's.
pub fn run(log: &LogArgs, args: &TraceArgs) -> anyhow::Result<i32> {
    let (target, guest_args) = args.target()?;
    let program = Program::load(&target)?;
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
    let debug_file = failure::debug_file(&args.report)?;
    let symbols = failure::symbols(&program, debug_file.as_ref());
    let sites = CallSites::new(symbols.clone(), failure::maps(&args.report));
    let (filter, injection) = choose::read(&args.choose, &program)?;
    let exporter = form::exporter(args, details, program.path(), &guest_args);
    let sink = TraceSink::new(exporter, form::destination(args)?, filter, sites, args);
    let sink = Arc::new(Mutex::new(sink));
    interrupt::finish_when_interrupted(&sink)?;
    let mut options = Options {
        invoke: args.invoke.clone().map(|function| Invoke { function }),
        remembered_calls,
        component_calls,
        tracing: Some(CallTracing {
            sink: sink.clone(),
            data_bytes: args.show.string_limit,
            injection,
        }),
        ..Options::default()
    };
    args.world.limit(&mut options);
    let world = args.world.world(guest_args);
    let outcome = match args.report.locals {
        Locals::Exact => wasmscope_runner::run_exact(&program, &world, &options)?,
        _ => wasmscope_runner::run(&program, &world, &options)?,
    };
    let finish = |end| {
        let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = sink.finish(&end) {
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
            failure::tell(&failure, &program, &symbols, &args.report)
        }
    }
}
