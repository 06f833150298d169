//! A failure, put into the words of the program's source: the [`Report`].
//!
//! [`explain`] gathers: what happened (`cause`), whose frames are on the stack (`stack`,
//! `classify`), their variables (`variables`), the lines or opcodes around the place
//! (`excerpt`, `disassembly`), and what to say besides (`notes`). How it looks is for front ends.

mod bounds;
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
pub(crate) use disassembly::{Extent, disassemble};
pub use report::*;
pub use round::round_in_words;
pub(crate) use variables::{doubt as variables_doubt, variables as variables_of};

use crate::sources::{PathMap, Sources};
use crate::target::{FailedGuest, Target};
use crate::unwind::unwind;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;
use wasmscope_runner::{Failure, FailureCause, MemoryRefusal, WasmFrame};
use wasmscope_symbols::Symbols;
use wasmscope_tracer::HostCall;

/// Opcodes shown before and after the failing one.
const OPCODES_BEFORE: usize = 6;
const OPCODES_AFTER: usize = 2;

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
    let sources = Sources::new(options.maps.clone());
    explain_with(failure, symbols, options, &sources)
}

/// As [`explain`], with sources looked for elsewhere than this process would.
pub fn explain_with(
    failure: &Failure,
    symbols: &[Symbols],
    options: &ExplainOptions,
    sources: &Sources,
) -> Report {
    let target = FailedGuest::new(failure);
    // Of the innermost frame locals are missing after a stack overflow, of the others never.
    let kept = (0..failure.frames.len().min(2)).any(|frame| failure.frame_values(frame).is_ok());
    let failed = FailedState {
        cause: &failure.cause,
        target: &target,
        recent_calls: &failure.recent_calls,
        stderr_tail: &failure.stderr_tail,
        memory_refusal: failure.memory_refusal,
        max_wasm_stack: failure.max_wasm_stack,
        code: match kept {
            true => RanAs::Exact,
            false => RanAs::Plain,
        },
    };
    explain_state(&failed, symbols, options, sources)
}

/// A guest that cannot go on, with what is needed to explain it: one that is gone, or one that a
/// debugger keeps where it failed.
#[derive(Clone, Copy)]
pub struct FailedState<'a> {
    /// Why it failed.
    pub cause: &'a FailureCause,
    /// The guest.
    pub target: &'a dyn Target,
    /// The last calls to the host, oldest first.
    pub recent_calls: &'a [HostCall],
    /// The end of what it wrote to standard error.
    pub stderr_tail: &'a [u8],
    /// Memory that it asked for last and did not get.
    pub memory_refusal: Option<MemoryRefusal>,
    /// The stack that Wasm frames could take up, in bytes.
    pub max_wasm_stack: usize,
    /// What kind of code it ran as.
    pub code: RanAs,
}

/// What kind of code a guest ran as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RanAs {
    /// Code at full speed, which does not keep Wasm locals.
    Plain,
    /// Code that keeps them, because its user asked for their values.
    Exact,
    /// Such code under a debugger, where nothing else is to be expected.
    Debugged,
}

/// Explains a guest that is held by anybody.
pub fn explain_state(
    failed: &FailedState<'_>,
    symbols: &[Symbols],
    options: &ExplainOptions,
    sources: &Sources,
) -> Report {
    let target = failed.target;
    let shadow = unwind(target, symbols);
    let mut stack = stack::read(
        target.stack(),
        target.stack_is_cut(),
        symbols,
        sources,
        options.full,
    );
    let evidence = cause::Evidence {
        failed,
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
        target,
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
        failing_opcodes(target.stack(), symbols, &stack, user_frame)
    };
    let (excerpt, source_changed) = match excerpt {
        Some((excerpt, changed)) => (Some(excerpt), changed),
        None => (None, false),
    };
    let skipped = failed.recent_calls.len().saturating_sub(options.host_calls);
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
        host_calls: failed.recent_calls.iter().skip(skipped).cloned().collect(),
        notes: Vec::new(),
    };
    report.notes = notes::notes(
        &report,
        failed,
        symbols,
        options,
        notes::Source {
            changed: source_changed,
            missing: missing_source,
        },
    );
    bounds::keep_within_bounds(&mut report.frames);
    report
}

/// The opcodes around the failure, in the user's function where that is known to be outside of
/// the runtime's.
fn failing_opcodes(
    frames: &[WasmFrame],
    symbols: &[Symbols],
    stack: &stack::Stack,
    user_frame: Option<usize>,
) -> Option<Disassembly> {
    let wasm = user_frame
        .and_then(|frame| stack.origins.get(frame))
        .map_or(0, |origin| origin.wasm);
    let frame = frames.get(wasm)?;
    let module = symbols.get(frame.module)?.module();
    let name = |index| {
        let raw = module.function_name(index)?;
        Some(wasmscope_symbols::names::prettify(raw))
    };
    let extent = Extent::Around {
        before: OPCODES_BEFORE,
        after: OPCODES_AFTER,
    };
    disassemble(module, frame.pc, extent, name, |_, _| None)
}
