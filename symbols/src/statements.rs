//! The statements of one function: the places where its lines begin, each with the inlined call
//! it belongs to. Stepping is made of them.
//!
//! Worked out once for each Wasm function and kept: a debugger that steps asks for the same few
//! again and again.

use crate::dwarf::{DebugInfo, DieId, Function, PcRange};
use crate::offsets::CodeOffset;
use crate::symbols::Symbols;
use crate::wasm::FunctionCode;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// How many places are kept altogether, some 100 bytes each.
const MAX_KEPT: usize = 1_000_000;

/// The start of a line's code: one row of the line table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatementPlace {
    /// Where to stop: the first opcode of the row that does something (see
    /// [`FunctionCode::stop_in`]). Places have different ones.
    pub pc: CodeOffset,
    /// Where the row's code begins: at or before `pc`.
    pub start: CodeOffset,
    /// Where the row's code ends.
    pub end: CodeOffset,
    /// The file.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u32,
    /// The column in bytes, from 1; `None` when it is not known.
    pub column: Option<u32>,
    /// Whether the compiler recommends it for a breakpoint: the others begin in the middle of
    /// something.
    pub is_stmt: bool,
    /// How many calls are inlined into one another here: 0 in the function's own code.
    pub inline_depth: usize,
    /// The innermost call inlined here, or else the function.
    pub scope: DieId,
}

/// A call that was inlined in a function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InlinedCall {
    /// Its DIE: a [`crate::SourceFrame::die`].
    pub die: DieId,
    /// How many inlined calls it lies in, itself included: from 1.
    pub depth: usize,
    /// Its code, rising. That of calls inlined in it is part of it.
    pub ranges: Vec<Range<CodeOffset>>,
}

/// What part of a function a place belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FunctionPart {
    /// Before its arguments are in place.
    Prologue,
    /// Where its statements are.
    Body,
}

/// The statements of one Wasm function.
#[derive(Clone, Debug)]
pub struct FunctionStatements {
    /// Index in the function index space.
    pub function: u32,
    /// The body: the declaration of its locals, then its opcodes.
    pub range: Range<CodeOffset>,
    /// The function's DIE; `None` without debug info, and then there are no places.
    pub die: Option<DieId>,
    /// The first opcode past the prologue, where a breakpoint on the function belongs
    /// ([`Symbols::function_entry`]).
    pub entry: CodeOffset,
    /// The places by rising `pc`. Code of line 0 has none, and neither has the prologue: its lines
    /// begin at `entry`.
    pub places: Vec<StatementPlace>,
    /// The calls inlined in the function; outer ones come before inner ones.
    pub inlined: Vec<InlinedCall>,
    /// By DIE: position in `inlined`.
    positions: HashMap<DieId, usize>,
    /// By depth, from 1, then by rising start: code and position in `inlined`.
    levels: Vec<Vec<(Range<CodeOffset>, usize)>>,
    /// What the opcodes do.
    pub code: Arc<FunctionCode>,
}

/// What is kept of one module's statements.
#[derive(Default)]
pub(crate) struct KeptStatements(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    by_function: HashMap<u32, Arc<FunctionStatements>>,
    places: usize,
}

impl Symbols {
    /// The statements of the function whose body holds `offset`; `None` outside of every body.
    pub fn statements(&self, offset: CodeOffset) -> Option<Arc<FunctionStatements>> {
        let body = self.module().body_at(offset)?.index;
        let lock = || {
            let kept = self.kept_statements().0.lock();
            kept.unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(known) = lock().by_function.get(&body) {
            return Some(Arc::clone(known));
        }
        let made = Arc::new(self.with(|info| build(info, body))?);
        let size = made.places.len().saturating_add(made.inlined.len());
        let mut kept = lock();
        if kept.places.saturating_add(size) > MAX_KEPT {
            *kept = Kept::default();
        }
        kept.places = kept.places.saturating_add(size).saturating_add(1);
        kept.by_function.insert(body, Arc::clone(&made));
        Some(made)
    }

    /// The source-level calls that the instruction at `offset` belongs to, outermost first: the
    /// function, then the calls inlined there. Empty without debug info.
    pub fn inline_chain(&self, offset: CodeOffset) -> Vec<DieId> {
        let statements = self.statements(offset);
        statements.map_or_else(Vec::new, |statements| statements.chain_at(offset))
    }

    /// The body of the function that `offset` lies in, the declaration of its locals included.
    pub fn function_range(&self, offset: CodeOffset) -> Option<Range<CodeOffset>> {
        Some(self.module().body_at(offset)?.range.clone())
    }
}

impl FunctionStatements {
    /// The place to stop at that is exactly here.
    pub fn starting_at(&self, pc: CodeOffset) -> Option<&StatementPlace> {
        let at = self.places.binary_search_by_key(&pc, |place| place.pc);
        self.places.get(at.ok()?)
    }

    /// The place whose code `pc` lies in; `None` in code of line 0.
    pub fn covering(&self, pc: CodeOffset) -> Option<&StatementPlace> {
        let next = self.places.partition_point(|place| place.start <= pc);
        let place = self.places.get(next.checked_sub(1)?)?;
        (pc < place.end).then_some(place)
    }

    /// The places to stop at in a part of the body.
    pub fn in_range(&self, range: Range<CodeOffset>) -> &[StatementPlace] {
        let first = self.places.partition_point(|place| place.pc < range.start);
        let end = self.places.partition_point(|place| place.pc < range.end);
        self.places.get(first..end).unwrap_or_default()
    }

    /// The source-level calls at `pc`, outermost first: the function, then the calls inlined
    /// there. Empty without debug info.
    pub fn chain_at(&self, pc: CodeOffset) -> Vec<DieId> {
        let Some(function) = self.die else {
            return Vec::new();
        };
        let mut chain = vec![function];
        for level in &self.levels {
            let next = level.partition_point(|(range, _)| range.start <= pc);
            let last = next.checked_sub(1).and_then(|last| level.get(last));
            let inside = last.filter(|(range, _)| range.contains(&pc));
            let Some(call) = inside.and_then(|(_, position)| self.inlined.get(*position)) else {
                break;
            };
            chain.push(call.die);
        }
        chain
    }

    /// How many calls are inlined into one another at `pc`.
    pub fn inline_depth(&self, pc: CodeOffset) -> usize {
        self.chain_at(pc).len().saturating_sub(1)
    }

    /// The inlined call with this DIE, if it is one of this function's.
    pub fn inlined_call(&self, die: DieId) -> Option<&InlinedCall> {
        self.inlined.get(*self.positions.get(&die)?)
    }

    /// Whether `pc` belongs to the function or inlined call with this DIE, calls inlined in it
    /// included.
    pub fn is_in(&self, pc: CodeOffset, scope: DieId) -> bool {
        if self.die == Some(scope) {
            return self.range.contains(&pc);
        }
        let call = self.inlined_call(scope);
        call.is_some_and(|call| contains(&call.ranges, pc))
    }

    /// Whether `inner` is `outer`, or a call inlined in it.
    pub fn is_within(&self, inner: DieId, outer: DieId) -> bool {
        if inner == outer || self.die == Some(outer) {
            return true;
        }
        let (Some(inner), Some(outer)) = (self.inlined_call(inner), self.inlined_call(outer))
        else {
            return false;
        };
        let first = inner.ranges.first().map(|range| range.start);
        outer.depth < inner.depth && first.is_some_and(|pc| contains(&outer.ranges, pc))
    }

    /// What part of the function `pc` belongs to.
    pub fn part(&self, pc: CodeOffset) -> FunctionPart {
        match pc < self.entry {
            true => FunctionPart::Prologue,
            false => FunctionPart::Body,
        }
    }
}

/// Whether one of the ranges, which rise and do not overlap, has `pc` in it.
fn contains(ranges: &[Range<CodeOffset>], pc: CodeOffset) -> bool {
    let next = ranges.partition_point(|range| range.start <= pc);
    let last = next.checked_sub(1).and_then(|last| ranges.get(last));
    last.is_some_and(|range| range.contains(&pc))
}

fn build(info: &DebugInfo<'_>, index: u32) -> Option<FunctionStatements> {
    let body = info.module.body(index)?;
    let code = info.module.code_of(body);
    let mut statements = FunctionStatements {
        function: index,
        range: body.range.clone(),
        die: None,
        entry: body.first_opcode,
        places: Vec::new(),
        inlined: Vec::new(),
        positions: HashMap::new(),
        levels: Vec::new(),
        code,
    };
    // A function's own code starts with its body; where identical functions were folded into one,
    // or a unit claims only a part, it is found by its first opcode.
    let starts = [body.range.start.0, body.first_opcode.0];
    let found = starts.into_iter().find_map(|start| {
        let mut units = info.units_at(start);
        units.find_map(|unit| Some((unit, info.functions(unit)?.at(start)?)))
    });
    if let Some((unit, function)) = found {
        statements.read(info, unit, function);
    }
    Some(statements)
}

impl FunctionStatements {
    fn read(&mut self, info: &DebugInfo<'_>, unit: u32, function: &Function) {
        let die = DieId::new(unit as usize, function.die);
        self.die = Some(die);
        if let Some(entry) = info.after_prologue(unit, function)
            && let Some(entry) = self.code.snap(entry)
        {
            self.entry = entry;
        }
        self.inlined = inlined(info, unit, function);
        let positions = self.inlined.iter().enumerate();
        self.positions = positions.map(|(at, call)| (call.die, at)).collect();
        for (position, call) in self.inlined.iter().enumerate() {
            while self.levels.len() < call.depth {
                self.levels.push(Vec::new());
            }
            if let Some(level) = self.levels.get_mut(call.depth.saturating_sub(1)) {
                level.extend(call.ranges.iter().map(|range| (range.clone(), position)));
            }
        }
        for level in &mut self.levels {
            level.sort_by_key(|(range, _)| range.start);
        }
        let Some(lines) = info.lines(unit) else {
            return;
        };
        // What the prologue would stop with, if nothing begins where it ends.
        let mut opening: Option<StatementPlace> = None;
        for range in &function.ranges {
            let whole = PcRange {
                begin: range.begin,
                end: range.end,
            };
            for (row, end) in lines.rows_in(whole) {
                let range = CodeOffset(u64::from(row.address))..CodeOffset(end.min(range.end));
                if row.line == 0 || range.start >= range.end {
                    continue;
                }
                let Some(file) = info.file(unit, u64::from(row.file)) else {
                    continue;
                };
                let Some(start) = self.code.snap(range.start) else {
                    continue;
                };
                let inlines = info.inlines(unit, function);
                // Of the opcode that is stopped at: a row may begin in a call that ends before it.
                let place_at = |pc: CodeOffset| {
                    let calls = inlines.at(pc.0);
                    let scope = calls.last().map_or(function.die, |call| call.die);
                    StatementPlace {
                        pc,
                        start,
                        end: range.end,
                        file: Arc::clone(file),
                        line: row.line,
                        column: (row.column != 0).then_some(row.column),
                        is_stmt: row.is_stmt,
                        inline_depth: calls.len(),
                        scope: DieId::new(unit as usize, scope),
                    }
                };
                if range.start < self.entry && inlines.at(range.start.0).is_empty() {
                    opening = Some(StatementPlace {
                        inline_depth: 0,
                        scope: die,
                        ..place_at(start)
                    });
                } else if let Some(pc) = self.code.stop_in(range.clone()) {
                    self.places.push(place_at(pc));
                }
            }
        }
        self.places.sort_by_key(|place| place.pc);
        self.places.dedup_by_key(|place| place.pc);
        self.open_with(opening);
    }

    /// Puts the prologue's last line where it ends, if no place is there already.
    fn open_with(&mut self, opening: Option<StatementPlace>) {
        let Some(opening) = opening else { return };
        let Some(pc) = self.code.stop_in(self.entry..self.range.end) else {
            return;
        };
        let at = self.places.partition_point(|place| place.pc < pc);
        if self.places.get(at).is_some_and(|place| place.start <= pc) {
            return;
        }
        // Its row may end before the prologue does.
        let end = opening
            .end
            .max(self.code.next_opcode(pc).unwrap_or(opening.end));
        let place = StatementPlace {
            pc,
            start: pc.min(self.entry),
            end,
            ..opening
        };
        self.places.insert(at, place);
    }
}

/// The calls inlined in a function, outer ones first.
fn inlined(info: &DebugInfo<'_>, unit: u32, function: &Function) -> Vec<InlinedCall> {
    let inlines = info.inlines(unit, function);
    let mut calls: Vec<InlinedCall> = Vec::new();
    for (position, depth, ranges) in inlines.calls() {
        let Some(inline) = inlines.list.get(position) else {
            continue;
        };
        calls.push(InlinedCall {
            die: DieId::new(unit as usize, inline.die),
            depth: depth.saturating_add(1),
            ranges: ranges
                .into_iter()
                .map(|range| CodeOffset(range.begin)..CodeOffset(range.end))
                .collect(),
        });
    }
    calls
}
