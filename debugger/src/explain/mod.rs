//! A failure, put into the words of the program's source: the [`Report`].
//!
//! [`explain`] gathers: what happened (`cause`), whose frames are on the stack (`stack`,
//! `classify`), their variables (`variables`), the lines or opcodes around the place
//! (`excerpt`, `disassembly`), and what to say besides (`notes`). How it looks is for front ends.

mod captured_panic;
mod cause;
mod classify;
mod disassembly;
mod excerpt;
mod headline;
mod instruction;
mod notes;
mod panic_message;
mod report;
mod round;
mod stack;
mod variables;

pub(crate) use classify::{kind as kind_of_code, package as package_of, rustc_path};
pub use report::*;
pub use round::round_in_words;

use crate::sources::{PathMap, Sources};
use crate::target::FailedGuest;
use crate::unwind::unwind;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;
use wasmscope_runner::Failure;
use wasmscope_symbols::Symbols;

/// Whose variables to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LocalsMode {
    /// Nobody's.
    None,
    /// Those of the first frame that is the user's.
    Top,
    /// Those of all the user's frames.
    #[default]
    All,
}

/// How to explain.
#[derive(Clone, Debug, Default)]
pub struct ExplainOptions {
    /// The program as the user named it.
    pub program: String,
    /// When the program was built, if that is known: sources changed since are pointed out.
    pub built: Option<SystemTime>,
    /// Whose variables to read.
    pub locals: LocalsMode,
    /// Whether to show all frames and fold none.
    pub full: bool,
    /// How many host calls to give.
    pub host_calls: usize,
    /// Sources that have moved since the program was built.
    pub maps: Vec<PathMap>,
}

/// Explains a failure. `symbols` are those of the program's core modules, in their order.
pub fn explain(failure: &Failure, symbols: &[Symbols], options: &ExplainOptions) -> Report {
    explain_with(
        failure,
        symbols,
        options,
        &Sources::new(options.maps.clone()),
    )
}

/// As [`explain`], with sources looked for elsewhere than this process would.
pub fn explain_with(
    failure: &Failure,
    symbols: &[Symbols],
    options: &ExplainOptions,
    sources: &Sources,
) -> Report {
    let target = FailedGuest::new(failure);
    let shadow = unwind(&target, symbols);
    let mut stack = stack::read(
        &failure.frames,
        failure.frames_cut,
        symbols,
        sources,
        options.full,
    );
    let evidence = cause::Evidence {
        failure,
        symbols,
        sources,
        stack: &stack,
        shadow: &shadow,
    };
    let cause = evidence.cause();
    let user_frame = match cause {
        // The innermost function is only the one that happened to be too much.
        Cause::StackOverflow { .. } => stack.recursing().or_else(|| stack.users()),
        _ => stack.users(),
    };
    variables::read(
        &mut stack,
        &target,
        symbols,
        &shadow,
        options.locals,
        user_frame,
    );
    let place = excerpt::place(&stack.frames, user_frame, &cause);
    let label = user_frame
        .and_then(|frame| stack.frames.get(frame))
        .map(stack::name_of);
    let excerpt = place
        .as_ref()
        .and_then(|place| excerpt::around(place, label, options.built));
    let missing_source = place
        .as_ref()
        .filter(|place| place.line.is_some() && excerpt.is_none())
        .map(|place| notes::MissingSource::of(place, &stack, sources));
    let has_lines = place.as_ref().is_some_and(|place| place.line.is_some());
    let disassembly = if has_lines {
        None
    } else {
        failing_opcodes(failure, symbols, &stack, user_frame)
    };
    let (excerpt, source_changed) = match excerpt {
        Some((excerpt, changed)) => (Some(excerpt), changed),
        None => (None, false),
    };
    let skipped = failure
        .recent_calls
        .len()
        .saturating_sub(options.host_calls);
    let mut report = Report {
        schema: SCHEMA,
        program: options.program.clone(),
        headline: headline::headline(&cause),
        cause,
        place,
        excerpt,
        user_frame,
        frames: stack.frames,
        layout: stack.layout,
        disassembly,
        host_calls: failure.recent_calls.iter().skip(skipped).cloned().collect(),
        notes: Vec::new(),
    };
    report.notes = notes::notes(
        &report,
        failure,
        symbols,
        options,
        notes::Source {
            changed: source_changed,
            missing: missing_source,
        },
    );
    report
}

/// The opcodes around the failure, in the user's function where that is known to be outside of
/// the runtime's.
fn failing_opcodes(
    failure: &Failure,
    symbols: &[Symbols],
    stack: &stack::Stack,
    user_frame: Option<usize>,
) -> Option<Disassembly> {
    let wasm = user_frame
        .and_then(|frame| stack.origins.get(frame))
        .map_or(0, |origin| origin.wasm);
    let frame = failure.frames.get(wasm)?;
    let module = symbols.get(frame.module)?.module();
    let name = |index| {
        let raw = module.function_name(index)?;
        Some(wasmscope_symbols::names::prettify(raw))
    };
    disassembly::around(module, frame.pc, name)
}
