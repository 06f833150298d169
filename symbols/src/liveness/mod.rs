//! Whether a variable still has its value, or was moved out of, or dropped.
//!
//! DWARF says nothing of that: a variable is in scope until its block ends, and its bytes stay as
//! they were. But Rust's own rules tell. A value that has to be dropped, and is there at a place of a
//! function, is dropped or moved on every way from that place to where the function returns; and both
//! name the variable's own memory. So if one way returns without another look at that memory, there is
//! no value. Only where it depends on the way that was come by, whether there is one, does the
//! compiler ask a *drop flag*, a byte of the frame; those are read here, and only the ways that they
//! leave open are gone.
//!
//! That holds for variables that have a place in memory for themselves, as they have in unoptimised
//! code. Optimised code may know more of a value than its type says, and keep flags where they cannot
//! be read: there the answer is a doubt. Which types have to be dropped is not decided here.

mod drops;
mod graph;
mod uses;
mod walk;
mod ways;

#[cfg(test)]
mod tests;

pub(crate) use drops::KeptDrops;

use crate::dwarf::{DebugInfo, Slice};
use crate::location::{self, FrameBaseRegister, FrameState, Place};
use crate::offsets::CodeOffset;
use crate::symbols::Symbols;
use crate::types::die;
use crate::variables::{Variable, VariableKind};
use crate::wasm::{CoreModule, FunctionCode};
use gimli::{AttributeValue, Operation, UnitRef};
use graph::{Graph, Set, Sought};
use std::cell::Cell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use uses::At;
use ways::{Given, Question};

/// How many opcodes the functions have whose graphs are kept.
const MAX_KEPT: usize = 2_000_000;

/// Bytes of a part of a variable that is asked about by itself, and how many of those one has at most.
const WORD: u64 = 4;
const MAX_WORDS: u64 = 256;

/// How much of a function is passed to answer the questions about one variable and its parts.
const MAX_STEPS: usize = 100_000;

/// What the rest of a function says of a variable that has to be dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Liveness {
    /// It may have its value.
    MayBeLive,
    /// Nothing looks at it any more: it was moved out of, or dropped.
    Over,
    /// As `Over`, or it never had a value: that depends on the way by which execution came.
    OverOrUnset,
    /// So it seems, but the code is optimised, and may know that there is nothing to be dropped.
    SeemsOver,
}

/// The functions that were looked at; `None` of those that cannot be followed.
#[derive(Default)]
pub(crate) struct KeptGraphs(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    graphs: HashMap<GraphOf, Option<Arc<Graph>>>,
    opcodes: usize,
}

/// A function by its index, and the local that its frame is in.
type GraphOf = (u32, Option<u32>);

/// A variable in a stopped frame, to be asked about it and its parts.
pub struct Resident {
    graph: Arc<Graph>,
    code: Arc<FunctionCode>,
    position: u32,
    called: bool,
    set: Set,
    /// The local that the function's frame is in.
    frame: Option<u32>,
    at: At,
    size: u64,
    /// How much of the function may still be passed to answer questions about it.
    left: Cell<usize>,
}

impl Symbols {
    /// The variable of [`Symbols::variables`] at `pc` in the frame that `state` tells of, if it is one
    /// whose liveness can be asked: it is in memory that only this function knows of at first.
    ///
    /// `called` says that `pc` is that of a call which has not returned, as of all frames but the
    /// innermost.
    pub fn resident(
        &self,
        variable: &Variable,
        pc: CodeOffset,
        called: bool,
        state: &dyn FrameState,
    ) -> Option<Resident> {
        let (at, frame, size) = self.with(|info| {
            let (at, frame, size) = place_of(info, variable)?;
            // What is found by another way must be the same.
            let place = location::locate(info, variable.located(info), pc, state);
            let own = base_address(at.base, state)?.checked_add_signed(at.offset)?;
            (place == Place::Memory(own)).then_some((at, frame, size))
        })?;
        let mut resident = self.resident_at(pc, at, frame, size)?;
        resident.set = Some(flags(&resident.graph, state)?);
        resident.called = called;
        Some(resident)
    }

    /// Whether a variable, or a part of it, may have no value when the guest stops at `pc`, whatever its
    /// flags say then. `dropped` says that its type may have to be dropped.
    pub fn may_lack_value(&self, variable: &Variable, pc: CodeOffset, dropped: bool) -> bool {
        let place = self.with(|info| place_of(info, variable));
        let resident = place.and_then(|(at, frame, size)| self.resident_at(pc, at, frame, size));
        resident.is_some_and(|it| {
            let is_over = |start: u64| {
                let part = start..start.saturating_add(WORD).min(it.size);
                matches!(it.liveness(part), Liveness::Over | Liveness::OverOrUnset)
            };
            let words = (0..it.size.div_ceil(WORD)).map(|word| word.saturating_mul(WORD));
            it.is_unset(0..it.size)
                || dropped && (it.size > MAX_WORDS * WORD || words.into_iter().any(is_over))
        })
    }

    fn resident_at(
        &self,
        pc: CodeOffset,
        at: At,
        frame: Option<u32>,
        size: u64,
    ) -> Option<Resident> {
        let module = self.module();
        let code = module.function_code(pc)?;
        Some(Resident {
            position: code.position_of(pc)?,
            graph: self.graph(module, pc, frame)?,
            code,
            called: false,
            set: None,
            frame,
            at,
            size,
            left: Cell::new(MAX_STEPS),
        })
    }

    fn graph(&self, module: &CoreModule, pc: CodeOffset, frame: Option<u32>) -> Option<Arc<Graph>> {
        let body = module.body_at(pc)?;
        let key = (body.index, frame);
        let lock = || {
            let kept = self.kept_graphs().0.lock();
            kept.unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(known) = lock().graphs.get(&key) {
            return known.clone();
        }
        let code = module.code_of(body);
        let uses = walk::read(module, body, frame);
        let graph = uses.and_then(|uses| Graph::new(&code, uses)).map(Arc::new);
        let mut kept = lock();
        // One that cannot be followed is as little to keep as one with few opcodes.
        let opcodes = if graph.is_some() { code.len() } else { 1 };
        if kept.opcodes.saturating_add(opcodes) > MAX_KEPT {
            *kept = Kept::default();
        }
        kept.opcodes = kept.opcodes.saturating_add(opcodes);
        kept.graphs.insert(key, graph.clone());
        graph
    }
}

impl Resident {
    /// What the rest of the function says of these bytes of the variable.
    pub fn liveness(&self, part: Range<u64>) -> Liveness {
        let uses = self.graph.uses();
        let whole = self.at..self.after(self.size);
        let sought = match uses.ever_looks_at(self.at, self.size) {
            true => self.in_memory(part),
            // What is only ever written is there for debuggers; the value itself is elsewhere.
            false => Sought::Locals {
                locals: uses.spilled_from(self.at, self.size),
                seen_at: whole,
            },
        };
        if matches!(&sought, Sought::Locals { locals, .. } if locals.is_empty()) {
            return Liveness::MayBeLive;
        }
        let mut question = Question::new(&self.graph, sought, self.left.get());
        let liveness = if !question.is_over(self.position, self.called, self.set) {
            Liveness::MayBeLive
        } else if uses.optimised {
            Liveness::SeemsOver
        } else if self.is_parameter()
            || question.is_given(self.position, self.called) == Given::Surely
        {
            Liveness::Over
        } else {
            Liveness::OverOrUnset
        };
        self.left.set(question.left());
        liveness
    }

    /// Whether nothing has given these bytes of the variable a value, of whatever type it is. Only
    /// unoptimised code tells.
    pub fn is_unset(&self, part: Range<u64>) -> bool {
        if self.graph.uses().optimised || self.is_parameter() {
            return false;
        }
        let mut question = Question::new(&self.graph, self.in_memory(part), self.left.get());
        let given = question.is_given(self.position, self.called);
        self.left.set(question.left());
        given == Given::Never
    }

    fn in_memory(&self, part: Range<u64>) -> Sought {
        Sought::Memory {
            whole: self.at..self.after(self.size),
            part: self.after(part.start.min(self.size))..self.after(part.end.min(self.size)),
        }
    }

    /// Whether it is the caller's memory.
    fn is_parameter(&self) -> bool {
        Some(self.at.base) != self.frame
    }

    fn after(&self, bytes: u64) -> At {
        At {
            offset: self.at.offset.saturating_add_unsigned(bytes),
            ..self.at
        }
    }
}

impl std::fmt::Debug for Resident {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resident")
            .field("function", &self.code.function)
            .field("position", &self.position)
            .field("at", &self.at)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// The flags that are set in a frame; `None` when one cannot be read.
fn flags(graph: &Graph, state: &dyn FrameState) -> Option<u64> {
    let mut set = 0u64;
    for (bit, flag) in graph.flags().iter().enumerate() {
        let base = base_address(flag.base, state)?;
        let address = base.checked_add_signed(flag.offset)?;
        let mut byte = [0];
        state.read(address, &mut byte).ok()?;
        if byte[0] & 1 == 1 {
            set |= 1u64.checked_shl(u32::try_from(bit).ok()?)?;
        }
    }
    Some(set)
}

/// Where a variable is, as an offset from a local, which local is the frame's, and its size.
fn place_of(info: &DebugInfo<'_>, variable: &Variable) -> Option<(At, Option<u32>, u64)> {
    let located = variable.located(info);
    let size = located.size.filter(|size| *size > 0)?;
    let frame = match location::frame_base_register(info, located.function?)? {
        FrameBaseRegister::Local(local) => Some(local),
        FrameBaseRegister::Global(_) => None,
    };
    let (unit, entry) = die::entry(info, located.die)?;
    let at = offset_of(unit, &entry, frame)?;
    // What else is where the caller says would be the function's result, which is not moved at the end.
    let is_own = Some(at.base) == frame || variable.kind == VariableKind::Argument;
    is_own.then_some((at, frame, size))
}

fn base_address(local: u32, state: &dyn FrameState) -> Option<u64> {
    state.frame_base(FrameBaseRegister::Local(local)).ok()
}

/// The offset that a location is, which is the same in all of the function and of one of the simple
/// forms: from the frame, or what a parameter points to.
fn offset_of(
    unit: UnitRef<'_, Slice<'_>>,
    entry: &die::Entry<'_>,
    frame: Option<u32>,
) -> Option<At> {
    let Some(AttributeValue::Exprloc(expression)) = entry.attr_value(gimli::DW_AT_location) else {
        return None;
    };
    let mut operations = expression.operations(unit.encoding());
    let at = match operations.next().ok()?? {
        Operation::FrameOffset { offset } => At {
            base: frame?,
            offset,
        },
        Operation::WasmLocal { index } => At {
            base: index,
            offset: 0,
        },
        _ => return None,
    };
    operations.next().ok()?.is_none().then_some(at)
}
