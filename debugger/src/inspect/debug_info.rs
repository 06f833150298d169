//! The debug info of one core module, summed up: what there is, how much of the code it covers,
//! and whether it knows variables.

use super::InspectOptions;
use super::model::{DebugInspection, Share};
use super::roots::{self, Owner};
use std::sync::Arc;
use wasmscope_symbols::{CodeOffset, CoreModule, DebugFacts, FunctionBody, SourceFrame, Symbols};

/// How many of the program's own functions are asked for variables.
const MAX_ASKED: u64 = 500;

/// At how many places of a function's body is asked.
const PLACES: u64 = 12;

/// How many compilers are listed.
const MAX_COMPILERS: usize = 20;

/// How many compilation folders sources are listed under.
const MAX_FOLDERS: usize = 64;

/// How many source files are looked at.
const MAX_FILES: usize = 100_000;

/// What rustc puts into the names of units after the file: which part of a crate they are.
const CODEGEN_UNIT: &str = "/@/";

/// Sums up the debug info of `module`.
pub(super) fn inspect(module: &Arc<CoreModule>, options: &InspectOptions<'_>) -> DebugInspection {
    let symbols = Symbols::open(Arc::clone(module), &options.symbols);
    let facts = symbols.debug_facts();
    let coverage = facts.coverage;
    let files: Vec<String> = symbols
        .files()
        .iter()
        .filter(|file| !file.contains(CODEGEN_UNIT))
        .take(MAX_FILES)
        .map(|file| file.to_string())
        .collect();
    let folders: Vec<String> = facts.folders.keys().take(MAX_FOLDERS).cloned().collect();
    DebugInspection {
        source: facts.source.clone(),
        size: facts.sections.iter().map(|(_, size)| size).sum(),
        versions: facts.versions.keys().copied().collect(),
        units: facts.units as u64,
        units_with_code: facts.units_with_code as u64,
        split_units: Share {
            part: facts.split_units_found as u64,
            whole: facts.skeletons as u64,
        },
        own_sources: files.iter().filter(|file| is_own(file)).count() as u64,
        own_functions_with_variables: own_functions_with_variables(&symbols),
        compilers: compilers(&facts),
        functions_with_lines: Share {
            part: coverage.with_lines,
            whole: coverage.functions,
        },
        code_with_lines: Share {
            part: coverage.bytes_with_line,
            whole: coverage.code_bytes,
        },
        rows_off_opcodes: Share {
            part: coverage.rows_off_opcodes,
            whole: coverage.rows,
        },
        rewritten: coverage.rows > 0 && symbols.module().is_rewritten(),
        roots: roots::sum_up(&files, &folders, options.find_source),
        problems: symbols.problems().iter().map(ToString::to_string).collect(),
    }
}

/// Whether a source file is neither the standard library's nor the C library's.
fn is_own(file: &str) -> bool {
    matches!(roots::owner(file).0, Owner::Program | Owner::Dependency)
}

/// The compilers, the most frequent first.
fn compilers(facts: &DebugFacts) -> Vec<String> {
    let mut compilers: Vec<_> = facts.producers.iter().collect();
    compilers.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    compilers
        .into_iter()
        .take(MAX_COMPILERS)
        .map(|(name, _)| name.clone())
        .collect()
}

/// How many of the program's own functions have an argument or a local, out of those asked: the
/// first few hundred.
fn own_functions_with_variables(symbols: &Symbols) -> Share {
    let mut share = Share::default();
    for body in &symbols.module().bodies {
        if share.whole >= MAX_ASKED {
            break;
        }
        let frames = symbols.frames(body.first_opcode);
        if frames.last().is_some_and(is_own_frame) {
            share.whole += 1;
            share.part += u64::from(has_variables(symbols, body));
        }
    }
    share
}

/// Whether a function, or what is inlined into it, has a variable in scope at one of some places
/// all over its body.
fn has_variables(symbols: &Symbols, body: &FunctionBody) -> bool {
    places(body).any(|place| {
        let frames = symbols.frames(place);
        let mut dies = frames
            .iter()
            .filter(|frame| is_own_frame(frame))
            .filter_map(|f| f.die);
        dies.any(|die| !symbols.variables(die, place, None).is_empty())
    })
}

fn is_own_frame(frame: &SourceFrame) -> bool {
    let location = frame.location.as_ref();
    location.is_some_and(|location| is_own(&location.file))
}

/// Places spread over a body.
fn places(body: &FunctionBody) -> impl Iterator<Item = CodeOffset> {
    let first = body.first_opcode.0;
    let length = body.range.end.0.saturating_sub(first);
    (1..=PLACES).map(move |place| {
        let before = u128::from(length) * u128::from(place) / u128::from(PLACES + 1);
        CodeOffset(first.saturating_add(u64::try_from(before).unwrap_or(0)))
    })
}
