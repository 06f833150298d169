//! `wasmscope run`: load, run, and explain the failure if there is one.

use crate::args::{Locals, LogArgs, ReportFormat, RunArgs};
use crate::report::{self, Look};
use crate::{logging, output};
use anyhow::{Context as _, bail};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use wasmscope_debugger::sources::PathMap;
use wasmscope_debugger::{ExplainOptions, LocalsMode, Report, explain};
use wasmscope_runner::{Invoke, Options, Outcome, Program, ProgramKind};
use wasmscope_symbols::{BesideModule, Binary, Symbols, SymbolsOptions};
use wasmscope_tracer::ComponentCalls;

/// Runs the target; the exit code is the guest's.
pub fn run(log: &LogArgs, args: &RunArgs) -> anyhow::Result<i32> {
    let (target, guest_args) = args.target();
    let program = Program::load(&target)?;
    let component_calls = (program.kind() == ProgramKind::Component).then(ComponentCalls::default);
    logging::init(log, component_calls.as_ref())?;
    // Asked for now: a mistake in it must not come out after an hour's run.
    let debug_file = args
        .debug_file
        .as_deref()
        .map(read_debug_file)
        .transpose()?;
    let world = args.world.world(guest_args);
    let mut options = Options {
        invoke: args.invoke.clone().map(|function| Invoke { function }),
        component_calls,
        remembered_calls: host_calls(args).max(Options::default().remembered_calls),
        ..Options::default()
    };
    args.world.limit(&mut options);
    let outcome = match args.locals {
        Locals::Exact => wasmscope_runner::run_exact(&program, &world, &options)?,
        _ => wasmscope_runner::run(&program, &world, &options)?,
    };
    match outcome {
        Outcome::Exited { code, results } => {
            print(&results);
            Ok(code)
        }
        Outcome::Failed(failure) => {
            // What the guest wrote comes before what we say about it.
            let _ = io::stdout().flush();
            let symbols = symbols(&program, debug_file.as_ref()).unwrap_or_else(|error| {
                // Without symbols there is less to say, but still the failure to be told.
                crate::exit::complain(&error);
                Vec::new()
            });
            let report = explain(&failure, &symbols, &explain_options(&program, args));
            show(&report, args)?;
            Ok(failure.exit_code())
        }
    }
}

/// Prints what an invoked function returned. A reader that went away is no failure of the guest.
fn print(results: &[String]) {
    let mut stdout = io::stdout().lock();
    for result in results {
        let _ = writeln!(stdout, "{result}");
    }
}

fn host_calls(args: &RunArgs) -> usize {
    usize::try_from(args.host_calls).unwrap_or(usize::MAX)
}

fn explain_options(program: &Program, args: &RunArgs) -> ExplainOptions {
    let map = |map: &crate::args::PathMapping| PathMap {
        from: map.from.clone(),
        to: map.to.clone(),
    };
    ExplainOptions {
        program: program.path().display().to_string(),
        built: std::fs::metadata(program.path())
            .and_then(|file| file.modified())
            .ok(),
        locals: match args.locals {
            Locals::None => LocalsMode::None,
            Locals::Top => LocalsMode::Top,
            Locals::All | Locals::Exact => LocalsMode::All,
        },
        full: args.full,
        host_calls: host_calls(args),
        maps: args.map.iter().map(map).collect(),
    }
}

/// Puts the report where it is wanted.
fn show(report: &Report, args: &RunArgs) -> anyhow::Result<()> {
    let to_stderr = args.report_file.is_none();
    let text = match args.report {
        ReportFormat::Json => {
            report::json(report).context("the report cannot be written as JSON")?
        }
        ReportFormat::Text => {
            let color =
                args.color.on_stderr() && (to_stderr || args.color == output::Color::Always);
            let links = to_stderr && color && output::stderr_has_links();
            let width = if to_stderr {
                output::stderr_width()
            } else {
                None
            };
            report::text(
                report,
                Look {
                    color,
                    links,
                    width,
                },
            )
        }
    };
    let written = match &args.report_file {
        Some(path) => std::fs::write(path, &text)
            .with_context(|| format!("--report-file {}: cannot be written", path.display())),
        None => Ok(()),
    };
    if let Err(error) = &written {
        crate::exit::complain(error);
    }
    if to_stderr || written.is_err() {
        // With standard error closed there is nobody to tell.
        let _ = io::stderr().write_all(text.as_bytes());
    }
    Ok(())
}

/// A file with debug info, taken apart if it is a Wasm binary.
struct DebugFile {
    bytes: Arc<[u8]>,
    modules: Vec<Arc<[u8]>>,
}

fn read_debug_file(path: &Path) -> anyhow::Result<DebugFile> {
    let bytes = std::fs::read(path)
        .with_context(|| format!("--debug-file {}: cannot be read", path.display()))?;
    let bytes: Arc<[u8]> = bytes.into();
    let modules = match Binary::parse(Arc::clone(&bytes)) {
        Ok(binary) => binary
            .modules
            .iter()
            .map(|module| module.bytes().into())
            .collect(),
        Err(_) => Vec::new(),
    };
    Ok(DebugFile { bytes, modules })
}

/// The symbols of all core modules of the program.
fn symbols(program: &Program, debug_file: Option<&DebugFile>) -> anyhow::Result<Vec<Symbols>> {
    let binary = Binary::parse(Arc::clone(program.bytes()))
        .with_context(|| format!("{}: its symbols cannot be read", program.path().display()))?;
    if binary.modules.len() != program.core_modules().len() {
        bail!(
            "{}: its modules are counted in two ways: a bug",
            program.path().display()
        );
    }
    let search = Some(Arc::new(BesideModule::new(program.path())) as _);
    // A component's own code is in its largest module; the others are adapters.
    let largest = (0..binary.modules.len()).max_by_key(|at| {
        binary
            .modules
            .get(*at)
            .map_or(0, |module| module.bytes().len())
    });
    let open = |(at, module): (usize, &Arc<_>)| {
        let debug_file = debug_file.and_then(|file| {
            if file.modules.len() == binary.modules.len() {
                file.modules.get(at).cloned()
            } else {
                (Some(at) == largest).then(|| Arc::clone(&file.bytes))
            }
        });
        let options = SymbolsOptions {
            debug_file,
            search: Clone::clone(&search),
        };
        Symbols::open(Arc::clone(module), &options)
    };
    Ok(binary.modules.iter().enumerate().map(open).collect())
}
