//! Variables of the stack's frames, read out of the stopped guest.

use super::LocalsMode;
use super::report::{FrameKind, Variable, VariableKind};
use super::stack::Stack;
use crate::frame_state::TargetFrame;
use crate::target::Target;
use crate::unwind::ShadowFrame;
use crate::values::{Limits, Reader, Value};
use std::collections::HashMap;
use wasmscope_symbols::{CodeOffset, ModulePc, SourceFrame, Symbols, Unavailable};

/// Frames whose variables are read, and variables of each.
const MAX_FRAMES: usize = 24;
const MAX_VARIABLES: usize = 48;
/// Variables of a frame that are read by whoever wants all of them.
const MOST_VARIABLES: usize = 4096;
/// How much of each value: a line for the reader, and two levels below it for programs.
const LIMITS: Limits = Limits {
    depth: 5,
    elements: 8,
    text: 120,
    nodes: 40,
    children: 2,
};

/// Reads the variables of the user's frames.
pub(super) fn read(
    stack: &mut Stack,
    target: &dyn Target,
    symbols: &[Symbols],
    shadow: &[Result<ShadowFrame, Unavailable>],
    mode: LocalsMode,
    user_frame: Option<usize>,
) {
    let mut left = match mode {
        LocalsMode::None => return,
        LocalsMode::Top => 1,
        LocalsMode::All => MAX_FRAMES,
    };
    let mut modules = HashMap::new();
    let mut rewritten = |module: usize, symbols: &Symbols| {
        *modules
            .entry(module)
            .or_insert_with(|| symbols.module().is_rewritten())
    };
    for (place, (frame, origin)) in stack.frames.iter_mut().zip(&stack.origins).enumerate() {
        let wanted =
            Some(place) == user_frame || (frame.kind == FrameKind::User && mode != LocalsMode::Top);
        if !wanted || origin.source.die.is_none() {
            continue;
        }
        if left == 0 {
            frame.variables_unavailable =
                Some("the report holds the variables of the innermost frames only".into());
            continue;
        }
        left -= 1;
        let (Some(symbols), Some(shadow)) = (symbols.get(frame.module), shadow.get(origin.wasm))
        else {
            continue;
        };
        let rewritten = rewritten(frame.module, symbols);
        if let Some(doubt) = doubt(symbols, rewritten, frame.pc, origin.wasm == 0) {
            frame.variables_unavailable = Some(doubt);
            continue;
        }
        let state = TargetFrame::new(target, origin.wasm, shadow);
        let offset = symbols.module().code.to_code(ModulePc(frame.pc));
        if let Some(offset) = offset {
            frame.variables = variables(symbols, offset, &origin.source, &state, LIMITS);
            frame.variables.truncate(MAX_VARIABLES);
        }
    }
}

/// Why a frame's variables are not where debug info says, if that is so. `rewritten` says that of
/// the module's code; `innermost`, that the frame is the innermost one.
pub(crate) fn doubt(
    symbols: &Symbols,
    rewritten: bool,
    pc: u64,
    innermost: bool,
) -> Option<String> {
    if innermost && !has_begun(symbols, pc) {
        return Some(
            "the function had only been entered, and its arguments were not in place yet".into(),
        );
    }
    rewritten.then(|| {
        "a tool has written the code anew since it was linked (wasm-opt does that), and the debug \
         info still tells where variables were before"
            .into()
    })
}

/// Whether a function is past its prologue, in which it moves its arguments to where the debug
/// info says they are. A frame that has called another one always is.
fn has_begun(symbols: &Symbols, pc: u64) -> bool {
    let Some(offset) = symbols.module().code.to_code(ModulePc(pc)) else {
        return true;
    };
    symbols
        .function_entry(offset)
        .is_none_or(|entry| offset >= entry)
}

/// The variables of a source frame that are in scope at `offset`: arguments, then locals. Those that
/// a later one of the same name hides are left out.
pub(crate) fn variables(
    symbols: &Symbols,
    offset: CodeOffset,
    source: &SourceFrame,
    state: &TargetFrame<'_>,
    limits: Limits,
) -> Vec<Variable> {
    let Some(die) = source.die else {
        return Vec::new();
    };
    let line = source.location.as_ref().and_then(|location| location.line);
    let reader = Reader::new(symbols, state, limits);
    let found = symbols.variables(die, offset, line);
    let shown = found
        .iter()
        .filter(|variable| !variable.artificial && !variable.shadowed);
    shown
        .take(MOST_VARIABLES)
        .map(|variable| {
            let mut value = reader.variable(variable, offset, state);
            if variable.declared_later && value.unavailable.is_none() {
                // What stands there may be anything, and would look as true as the others.
                value = Value {
                    summary: None,
                    children: Vec::new(),
                    more_children: 0,
                    ..value
                };
                value.unavailable =
                    Some("declared on a later line, so perhaps not initialised yet".into());
            }
            Variable {
                kind: match variable.kind {
                    wasmscope_symbols::VariableKind::Argument => VariableKind::Argument,
                    wasmscope_symbols::VariableKind::Local => VariableKind::Local,
                },
                value,
            }
        })
        .collect()
}
