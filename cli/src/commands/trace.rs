//! `wasmscope trace`: run, write every host call down, and explain the failure if there is one.

mod choose;
mod interrupt;
mod sink;
mod sum;

use super::failure;
use super::run::print;
use crate::args::{Locals, LogArgs, TraceArgs};
use crate::{logging, output};
use anyhow::{Context as _, bail};
use sink::{Destination, TraceSink};
use std::fs::File;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use wasmscope_debugger::CallSites;
use wasmscope_runner::{CallTracing, Invoke, Options, Outcome, Program, ProgramKind};
use wasmscope_tracer::render::LineStyle;
use wasmscope_tracer::trace::End;
use wasmscope_tracer::trace::text::{Text, TextStyle, TimeStyle};

/// Runs the target; the exit code is the guest's.
pub fn run(log: &LogArgs, args: &TraceArgs) -> anyhow::Result<i32> {
    let (target, guest_args) = args.target()?;
    let program = Program::load(&target)?;
    if program.kind() == ProgramKind::Component {
        bail!(
            "{}: is a component, whose calls cannot be traced yet; build it for wasm32-wasip1, or \
             see its last calls with `wasmscope run`",
            program.path().display()
        );
    }
    logging::init(log, None)?;
    let debug_file = failure::debug_file(&args.report)?;
    let symbols = failure::symbols(&program, debug_file.as_ref());
    let sites = CallSites::new(symbols.clone(), failure::maps(&args.report));
    let filter = choose::filter(&args.choose)?;
    let exporter = Box::new(Text::new(style(args)));
    let sink = TraceSink::new(exporter, destination(args)?, filter, sites, args);
    let sink = Arc::new(Mutex::new(sink));
    interrupt::finish_when_interrupted(&sink)?;
    let mut options = Options {
        invoke: args.invoke.clone().map(|function| Invoke { function }),
        remembered_calls: failure::host_calls(&args.report)
            .max(Options::default().remembered_calls),
        tracing: Some(CallTracing {
            sink: sink.clone(),
            data_bytes: args.show.string_limit,
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

/// Where the trace goes.
fn destination(args: &TraceArgs) -> anyhow::Result<Destination> {
    let Some(path) = &args.show.output else {
        return Ok(Destination::Stderr);
    };
    let file =
        File::create(path).with_context(|| format!("-o {}: cannot be written", path.display()))?;
    Ok(Destination::File(path.clone(), file))
}

fn style(args: &TraceArgs) -> TextStyle {
    let show = &args.show;
    let color = args.report.color;
    let to_stderr = show.output.is_none();
    TextStyle {
        line: LineStyle {
            string_bytes: usize::try_from(show.string_limit).unwrap_or(usize::MAX),
            details: show.details,
            ..LineStyle::default()
        },
        time: match show.time {
            0 => TimeStyle::None,
            1 => TimeStyle::Seconds,
            2 => TimeStyle::Microseconds,
            _ => TimeStyle::Epoch,
        },
        relative: show.relative,
        no_duration: show.no_duration,
        quiet: show.quiet,
        color: color.on_stderr() && (to_stderr || color == output::Color::Always),
    }
}
