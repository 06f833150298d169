//! What every command that runs a program does when that fails: find its symbols, explain, show.

use crate::args::{Locals, ReportArgs, ReportFormat};
use crate::output;
use crate::report::{self, Look};
use anyhow::Context as _;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use wasmscope_debugger::program::{DebugFile, check_debug_file, open_symbols};
use wasmscope_debugger::sources::PathMap;
use wasmscope_debugger::{ExplainOptions, LocalsMode, Report, explain};
use wasmscope_runner::{Failure, Program};
use wasmscope_symbols::Symbols;

/// Tells of a failure; the answer is the exit code it calls for.
pub(super) fn tell(
    failure: &Failure,
    program: &Program,
    symbols: &[Symbols],
    args: &ReportArgs,
    locals: Locals,
) -> anyhow::Result<i32> {
    // What the guest wrote comes before what we say about it.
    let _ = io::stdout().flush();
    let report = explain(failure, symbols, &explain_options(program, args, locals));
    show(&report, args)?;
    Ok(failure.exit_code())
}

/// How many of the last host calls a report shows.
pub(super) fn host_calls(args: &ReportArgs) -> usize {
    usize::try_from(args.host_calls).unwrap_or(usize::MAX)
}

/// Where sources have moved to.
pub(super) fn maps(args: &ReportArgs) -> Vec<PathMap> {
    let map = |map: &crate::args::PathMapping| PathMap {
        from: map.from.clone(),
        to: map.to.clone(),
    };
    args.map.iter().map(map).collect()
}

/// When the program was built, as far as its file tells: tools that make the same bytes each time
/// put a time there that means nothing, such as that of the epoch, and no module is older than Wasm.
pub(super) fn built(program: &Program) -> Option<SystemTime> {
    const FIRST_WASM: Duration = Duration::from_secs(1_483_228_800); // 2017
    let modified = std::fs::metadata(program.file()).ok()?.modified().ok()?;
    let age = modified.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    (age >= FIRST_WASM).then_some(modified)
}

fn explain_options(program: &Program, args: &ReportArgs, locals: Locals) -> ExplainOptions {
    ExplainOptions {
        program: program.path().display().to_string(),
        built: built(program),
        locals: match locals {
            Locals::None => LocalsMode::None,
            Locals::Top => LocalsMode::Top,
            Locals::All | Locals::Exact => LocalsMode::All,
        },
        full: args.full,
        host_calls: host_calls(args),
        maps: maps(args),
    }
}

/// Puts the report where it is wanted.
fn show(report: &Report, args: &ReportArgs) -> anyhow::Result<()> {
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

/// The file with debug info that the options name. Asked for before the run: a mistake must not
/// come out after an hour of it.
pub(super) fn debug_file(
    path: Option<&Path>,
    program: &Program,
) -> anyhow::Result<Option<DebugFile>> {
    let bytes = path
        .map(|path| debug_file_bytes(path, program))
        .transpose()?;
    Ok(bytes.map(DebugFile::new))
}

/// As [`debug_file`], its bytes.
pub(super) fn debug_file_bytes(path: &Path, program: &Program) -> anyhow::Result<Arc<[u8]>> {
    let bytes: Arc<[u8]> = std::fs::read(path)
        .with_context(|| format!("--debug-file {}: cannot be read", path.display()))?
        .into();
    if let Err(why) = check_debug_file(program, &DebugFile::new(Arc::clone(&bytes))) {
        anyhow::bail!(
            "--debug-file {}: {why}; name a file of the build that {} is of",
            path.display(),
            program.path().display()
        );
    }
    Ok(bytes)
}

/// The symbols of all core modules of the program. Without symbols there is less to say, but still
/// something to be told: what is wrong with them is said, and that is all.
pub(super) fn symbols(program: &Program, debug_file: Option<&DebugFile>) -> Vec<Symbols> {
    open_symbols(program, debug_file).unwrap_or_else(|error| {
        crate::exit::complain(&error.into());
        Vec::new()
    })
}
