//! What the opcodes of one function do, as a debugger needs it: where each may lead, which calls
//! they make, which locals they write.
//!
//! A body is decoded once and kept ([`CoreModule::function_code`]). Control flow is Wasm's own,
//! structured one; no values are followed here.

mod reading;

use super::{CoreModule, FunctionBody};
use crate::offsets::CodeOffset;
use reading::Reading;
use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

/// How many opcodes of one function are read. Engines refuse functions of more than 7,654,321 bytes.
const MAX_OPCODES: usize = 8_000_000;

/// Stands for "returns to the caller" among the targets of branches.
const RETURN: u32 = u32::MAX;

/// What a call calls.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CallTarget {
    /// A function of the module, by index in the function index space.
    Function(u32),
    /// An imported function, by index in the function index space.
    Import(u32),
    /// Whatever is in a table at an index computed by the program.
    Indirect {
        /// Index of the table.
        table: u32,
        /// Index of the function's type.
        ty: u32,
    },
    /// Whatever a function reference refers to.
    Reference {
        /// Index of the function's type.
        ty: u32,
    },
}

/// A call: `call`, `call_indirect`, `call_ref` or their tail-calling forms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallSite {
    /// The call's opcode.
    pub pc: CodeOffset,
    /// The opcode after it: where the function goes on, but for a tail call.
    pub next: CodeOffset,
    /// What it calls.
    pub target: CallTarget,
    /// Whether it is a tail call (`return_call`): the callee takes the function's place.
    pub tail: bool,
}

/// Where control goes after an opcode, calls aside.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Successors {
    /// The opcodes that may be next, rising.
    pub pcs: Vec<CodeOffset>,
    /// Whether it may return to the caller (for a tail call: after its callee has).
    pub returns: bool,
}

/// What may be reached first from a place, when one looks for certain opcodes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FirstReached {
    /// The opcodes looked for that may be reached before any other of them, rising.
    pub stops: Vec<CodeOffset>,
    /// The calls that may be made on the way, the first opcode's included.
    pub calls: Vec<CallSite>,
    /// Whether the function may return on the way.
    pub returns: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Flow {
    /// On to the next opcode.
    Next,
    /// To one place, by the position of its opcode.
    Jump(u32),
    /// To the next opcode, or to another one.
    Branch(u32),
    /// To one of several places: a position in `tables`.
    Table(u32),
    /// Nowhere: it traps or throws.
    Nowhere,
}

/// One opcode.
#[derive(Clone, Copy)]
struct Opcode {
    at: u32,
    flow: Flow,
    /// `block`, `loop`, `else` and `end`: they do nothing, and a branch goes past them.
    label: bool,
    reachable: bool,
}

/// The opcodes of one function.
pub struct FunctionCode {
    /// Index in the function index space.
    pub function: u32,
    /// The body, the declaration of its locals included.
    pub range: Range<CodeOffset>,
    opcodes: Box<[Opcode]>,
    tables: Vec<Box<[u32]>>,
    calls: Box<[CallSite]>,
    written: HashSet<u32>,
    catches: bool,
}

impl FunctionCode {
    pub(super) fn read(module: &CoreModule, body: &FunctionBody) -> Self {
        let mut reading = Reading::new(module);
        for (at, operator) in module.opcodes(body).take(MAX_OPCODES) {
            reading.take(at, &operator);
        }
        reading.finish(body)
    }

    /// How many opcodes there are.
    pub fn len(&self) -> usize {
        self.opcodes.len()
    }

    /// Whether not even one opcode could be decoded.
    pub fn is_empty(&self) -> bool {
        self.opcodes.is_empty()
    }

    /// The opcodes' offsets, rising.
    pub fn opcodes(&self) -> impl ExactSizeIterator<Item = CodeOffset> {
        self.opcodes.iter().map(Opcode::offset)
    }

    /// Whether the function catches exceptions: then control may also arrive at a handler, which
    /// [`successors`](Self::successors) does not tell.
    pub fn catches_exceptions(&self) -> bool {
        self.catches
    }

    /// Whether an opcode starts at `pc`.
    pub fn is_opcode(&self, pc: CodeOffset) -> bool {
        self.position(pc).is_some()
    }

    /// The first opcode at or after `offset`, in the body or before it.
    pub fn snap(&self, offset: CodeOffset) -> Option<CodeOffset> {
        self.from(offset).map(|(_, opcode)| opcode.offset())
    }

    /// The opcode that `offset` lies in.
    pub fn opcode_at(&self, offset: CodeOffset) -> Option<CodeOffset> {
        if offset >= self.range.end {
            return None;
        }
        let next = self.opcodes.partition_point(|op| op.offset() <= offset);
        Some(self.opcodes.get(next.checked_sub(1)?)?.offset())
    }

    /// The opcode after the one that `offset` lies in, as they stand in the binary.
    pub fn next_opcode(&self, offset: CodeOffset) -> Option<CodeOffset> {
        let next = self.opcodes.partition_point(|op| op.offset() <= offset);
        Some(self.opcodes.get(next)?.offset())
    }

    /// Where to stop so as to see everything that is executed from `range` on: its first opcode
    /// that does something.
    ///
    /// Branches go past `block`, `loop` and `end`: a stop there would miss all rounds of a loop
    /// but the first, and whoever leaves a block by a branch. `None` when nothing in the range
    /// is ever executed, or does anything.
    pub fn stop_in(&self, range: Range<CodeOffset>) -> Option<CodeOffset> {
        let (first, _) = self.from(range.start)?;
        let opcodes = self.opcodes.get(first..)?.iter();
        opcodes
            .take_while(|op| op.offset() < range.end)
            .find(|op| op.reachable && !op.label)
            .map(Opcode::offset)
    }

    /// Whether execution can come to the opcode at `pc`, calls assumed to return.
    pub fn is_reachable(&self, pc: CodeOffset) -> bool {
        let opcode = self.position(pc).and_then(|at| self.opcodes.get(at));
        opcode.is_some_and(|opcode| opcode.reachable)
    }

    /// The calls in a part of the body that can be reached, by rising offset.
    pub fn calls_in(&self, range: Range<CodeOffset>) -> &[CallSite] {
        let first = self.calls.partition_point(|call| call.pc < range.start);
        let end = self.calls.partition_point(|call| call.pc < range.end);
        self.calls.get(first..end).unwrap_or_default()
    }

    /// The call at `pc`.
    pub fn call_at(&self, pc: CodeOffset) -> Option<CallSite> {
        let at = self.calls.binary_search_by_key(&pc, |call| call.pc).ok()?;
        self.calls.get(at).copied()
    }

    /// Whether any opcode writes this local. One that is a parameter and is never written keeps
    /// what the caller passed.
    pub fn writes_local(&self, local: u32) -> bool {
        self.written.contains(&local)
    }

    /// Where control may go from the opcode at `pc` within the function; a call goes on behind
    /// itself. Exceptions are left out. `None` when no opcode starts there.
    pub fn successors(&self, pc: CodeOffset) -> Option<Successors> {
        let position = self.position(pc)?;
        let mut successors = Successors::default();
        self.for_each_next(position, |next| match self.opcodes.get(next as usize) {
            Some(opcode) => successors.pcs.push(opcode.offset()),
            None => successors.returns = true,
        });
        successors.pcs.sort_unstable();
        successors.pcs.dedup();
        Some(successors)
    }

    /// Follows control from the opcode at `from` to the opcodes that `wanted` says, and not past
    /// them. `from` itself counts only when control comes back to it. Exceptions are left out.
    pub fn first_reached(
        &self,
        from: CodeOffset,
        wanted: impl Fn(CodeOffset) -> bool,
    ) -> FirstReached {
        let mut found = FirstReached::default();
        let Some(start) = self.position(from) else {
            return found;
        };
        let mut stops = BTreeSet::new();
        let mut seen = vec![false; self.opcodes.len()];
        let mut open = vec![start];
        while let Some(position) = open.pop() {
            if let Some(call) = self
                .opcodes
                .get(position)
                .and_then(|opcode| self.call_at(opcode.offset()))
            {
                found.calls.push(call);
            }
            self.for_each_next(position, |next| {
                let next = next as usize;
                let (Some(opcode), Some(seen)) = (self.opcodes.get(next), seen.get_mut(next))
                else {
                    found.returns = true;
                    return;
                };
                if std::mem::replace(seen, true) {
                    return;
                }
                if wanted(opcode.offset()) {
                    stops.insert(opcode.offset());
                } else {
                    open.push(next);
                }
            });
        }
        found.calls.sort_by_key(|call| call.pc);
        found.calls.dedup();
        found.stops = stops.into_iter().collect();
        found
    }

    /// Whether control only ever goes from the opcode at a position to the one after it.
    pub(crate) fn is_straight(&self, position: u32) -> bool {
        let opcode = self.opcodes.get(position as usize);
        opcode.is_some_and(|opcode| opcode.flow == Flow::Next)
    }

    /// Gives the positions that control may go to from the one at a position, `None` for the caller:
    /// of a branch first the next opcode, then the target.
    pub(crate) fn next_positions(&self, position: u32, mut found: impl FnMut(Option<u32>)) {
        self.for_each_next(position as usize, |next| {
            found(Some(next).filter(|next| (*next as usize) < self.opcodes.len()));
        });
    }

    /// The position of the opcode at `pc` among the function's opcodes.
    pub(crate) fn position_of(&self, pc: CodeOffset) -> Option<u32> {
        u32::try_from(self.position(pc)?).ok()
    }

    fn position(&self, pc: CodeOffset) -> Option<usize> {
        self.opcodes.binary_search_by_key(&pc, Opcode::offset).ok()
    }

    fn from(&self, offset: CodeOffset) -> Option<(usize, &Opcode)> {
        let position = self.opcodes.partition_point(|op| op.offset() < offset);
        Some((position, self.opcodes.get(position)?))
    }

    /// Gives the positions that may come next; [`RETURN`], or one past the end, for the caller.
    fn for_each_next(&self, position: usize, mut found: impl FnMut(u32)) {
        let Some(opcode) = self.opcodes.get(position) else {
            return;
        };
        let next = u32::try_from(position.saturating_add(1)).unwrap_or(RETURN);
        match opcode.flow {
            Flow::Next => found(next),
            Flow::Jump(to) => found(to),
            Flow::Branch(to) => {
                found(next);
                found(to);
            }
            Flow::Table(table) => {
                let targets = self.tables.get(table as usize);
                targets.into_iter().flatten().copied().for_each(found);
            }
            Flow::Nowhere => {}
        }
    }

    /// Marks what can be reached from the first opcode and from handlers of exceptions.
    fn mark_reachable(&mut self, handlers: Vec<u32>) {
        let mut open = handlers;
        open.push(0);
        while let Some(position) = open.pop() {
            let Some(opcode) = self.opcodes.get_mut(position as usize) else {
                continue;
            };
            if !std::mem::replace(&mut opcode.reachable, true) {
                self.for_each_next(position as usize, |next| open.push(next));
            }
        }
    }
}

impl Opcode {
    fn offset(&self) -> CodeOffset {
        CodeOffset(u64::from(self.at))
    }
}

impl std::fmt::Debug for FunctionCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FunctionCode")
            .field("function", &self.function)
            .field("range", &self.range)
            .field("opcodes", &self.opcodes.len())
            .finish_non_exhaustive()
    }
}
