//! Steps of one opcode.
//!
//! The opcodes that may be next are known in nearly all cases, and armed. Only where control goes to
//! code that nobody can tell beforehand (a table that the program writes to, another module, a
//! handler of an exception) is every opcode stopped at, which costs milliseconds in large modules.

use super::activation::{Activation, ReturnPoint};
use super::tables::StepTables;
use super::{StepDone, StepEnd, StepError, StepState};
use std::cmp::Ordering;
use std::sync::Arc;
use wasmscope_runner::WasmValue;
use wasmscope_runner::debuggee::{CodePlace, FramePlace, PausedGuest};
use wasmscope_symbols::wasm::{CallSite, CallTarget};
use wasmscope_symbols::{CodeOffset, CoreModule};

/// After so many steps of one opcode in a row, every opcode is stopped at: changing what is armed
/// each time costs more.
const MANY: u32 = 32;

/// A step of one opcode under way.
#[derive(Debug)]
pub(super) struct InstructionStep {
    /// The call of the function that the opcode is in, where deeper ones do not count.
    own: Option<(FramePlace, Activation)>,
    returns: Option<ReturnPoint>,
    /// Where else it may go.
    elsewhere: Vec<CodePlace>,
    single_step: bool,
    places: Arc<[CodePlace]>,
}

/// What an opcode may lead to.
#[derive(Default)]
struct Next {
    /// Opcodes of the same function.
    within: Vec<CodeOffset>,
    /// Opcodes of functions that it calls.
    into: Vec<CodeOffset>,
    /// Whether it may return.
    returns: bool,
    /// Whether it may go where nobody knows.
    unknown: bool,
}

impl InstructionStep {
    pub fn begin(
        over: bool,
        tables: &mut StepTables,
        guest: &mut dyn PausedGuest,
    ) -> Result<InstructionStep, StepError> {
        let at = guest.innermost().ok_or(StepError::NotInGuest)?;
        // Who takes so many of them is served better by stopping at every one.
        let every = tables.opcodes > MANY && !(over && is_call(tables, at));
        let next = match every {
            true => Next {
                unknown: true,
                ..Next::default()
            },
            false => next(tables, guest, at, over),
        };
        let module = at.place.module;
        let place = |offset: &CodeOffset| tables.program().place(module, *offset);
        let within: Vec<CodePlace> = next.within.iter().filter_map(place).collect();
        let elsewhere: Vec<CodePlace> = next.into.iter().filter_map(place).collect();
        let own = (!within.is_empty())
            .then(|| Activation::of(tables, guest, 0))
            .flatten();
        let returns = match next.returns {
            true => ReturnPoint::into(tables, guest, 1),
            false => None,
        };
        let mut more = within;
        more.extend(&elsewhere);
        more.extend(returns.iter().map(|point| point.place));
        Ok(InstructionStep {
            own: own.map(|activation| (at, activation)),
            returns,
            elsewhere,
            single_step: next.unknown,
            places: tables.union(Vec::new(), more),
        })
    }

    pub fn places(&self) -> &Arc<[CodePlace]> {
        &self.places
    }

    pub fn wants_single_step(&self) -> bool {
        self.single_step
    }

    pub fn stopped_at(
        &mut self,
        tables: &mut StepTables,
        guest: &mut dyn PausedGuest,
        at: FramePlace,
    ) -> StepState {
        let done = self.single_step
            || self.elsewhere.contains(&at.place)
            || self
                .returns
                .is_some_and(|returns| returns.is_reached(tables, guest, at))
            || self.own.is_some_and(|(own, activation)| {
                (at.place.module, at.func_index) == (own.place.module, own.func_index)
                    && activation.compare(tables, guest, at) == Ordering::Equal
            });
        match done {
            true => StepState::Done(StepEnd {
                done: StepDone::Step,
                frame: 0,
            }),
            false => StepState::GoOn,
        }
    }
}

fn is_call(tables: &StepTables, at: FramePlace) -> bool {
    let call = || {
        let offset = tables.program().offset(at.place)?;
        let module = tables.symbols(at.place.module)?.module();
        module.function_code(offset)?.call_at(offset)
    };
    call().is_some()
}

fn next(tables: &StepTables, guest: &mut dyn PausedGuest, at: FramePlace, over: bool) -> Next {
    let unknown = Next {
        unknown: true,
        ..Next::default()
    };
    let found = || {
        let offset = tables.program().offset(at.place)?;
        let module = tables.symbols(at.place.module)?.module();
        let code = module.function_code(offset)?;
        let successors = code.successors(offset)?;
        let next = Next {
            within: successors.pcs,
            returns: successors.returns,
            ..Next::default()
        };
        Some((module, code, offset, next))
    };
    let Some((module, code, offset, mut next)) = found() else {
        return unknown;
    };
    match code.call_at(offset) {
        Some(call) if !over => {
            let modules = tables.program().modules().len();
            enter(module, call, guest, modules, &mut next);
        }
        // It throws, or it traps, which is told anyway.
        None if next.within.is_empty() && !next.returns => return unknown,
        _ => {}
    }
    next
}

/// Adds where a call goes first.
fn enter(
    module: &CoreModule,
    call: CallSite,
    guest: &mut dyn PausedGuest,
    modules: usize,
    next: &mut Next,
) {
    let function = match call.target {
        CallTarget::Function(function) | CallTarget::Import(function) => Some(function),
        CallTarget::Indirect { table, .. } => {
            let values = guest.frame_values(0).ok();
            let index = values.and_then(|values| match values.operands.last() {
                Some(WasmValue::I32(index)) => Some(index.cast_unsigned()),
                _ => None,
            });
            index.and_then(|index| module.table_function(table, index))
        }
        CallTarget::Reference { .. } => None,
    };
    let body = function.and_then(|function| module.body(function));
    match (function, body) {
        (Some(_), Some(body)) => {
            next.into.push(body.first_opcode);
            // It comes back only after its first opcode.
            next.within.clear();
            next.returns = false;
        }
        // The host, which does not call back in a program of one module.
        (Some(_), None) if modules <= 1 => {}
        _ => next.unknown = true,
    }
}
