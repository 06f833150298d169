//! What steps have worked out about the program's code, kept for the next one: which places of a
//! function matter, where the user's functions begin, what functions do to the stack pointer.
//!
//! Only code is known here, no guest.

use super::activation::Shape;
use crate::explain::FrameKind;
use crate::program::{CodeFrame, ProgramSymbols};
use std::collections::HashMap;
use std::sync::Arc;
use wasmscope_runner::debuggee::{CodePlace, FramePlace};
use wasmscope_symbols::prologue::StackPointer;
use wasmscope_symbols::{CodeOffset, DieId, FunctionStatements, Symbols};

/// Lists of places that stay armed from one step to the next: places of some functions, and where
/// they return to.
const MAX_LISTS: usize = 8;

/// Calls inlined in one function, and stretches of code of each, that are looked at.
const MAX_INLINED: usize = 50_000;
const MAX_RANGES: usize = 64;

/// A Wasm function of the program: module, and index in it.
pub(super) type Function = (usize, u32);

/// Whose code a step may end in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Reach {
    /// The user's own.
    Users,
    /// The user's, and that of dependencies.
    Dependencies,
    /// Whatever has lines.
    All,
    /// Whatever there is.
    Any,
}

impl Reach {
    /// That of a step which begins in code of this kind: one that begins in a library stays there.
    pub fn of(kind: FrameKind) -> Self {
        match kind {
            FrameKind::User | FrameKind::Unknown => Reach::Users,
            FrameKind::Dependency => Reach::Dependencies,
            FrameKind::Std | FrameKind::Runtime | FrameKind::Panic => Reach::All,
        }
    }

    /// Whether a step may end in a frame.
    pub fn takes(self, frame: &CodeFrame) -> bool {
        let lines = frame.source.location.is_some() || self == Reach::Any;
        lines && self.takes_kind(frame.kind)
    }

    fn takes_kind(self, kind: FrameKind) -> bool {
        match self {
            Reach::Users => kind == FrameKind::User,
            Reach::Dependencies => matches!(kind, FrameKind::User | FrameKind::Dependency),
            Reach::All | Reach::Any => true,
        }
    }
}

/// Knowledge that outlives a step. Belongs to one program; whoever steps keeps it.
#[derive(Debug)]
pub struct StepTables {
    program: Arc<ProgramSymbols>,
    lines: HashMap<(Function, Reach), Arc<[CodePlace]>>,
    entries: HashMap<Reach, Arc<[CodePlace]>>,
    pointers: HashMap<usize, Option<StackPointer>>,
    pub(super) shapes: HashMap<Function, Shape>,
    /// Bytes of the shadow stack that functions have taken at some places.
    pub(super) taken: HashMap<CodePlace, Option<u64>>,
    /// What was put together last.
    union: Union,
    /// Lists that steps needed lately, the oldest first: they stay armed, so that going into a
    /// function and out of it again changes nothing.
    kept: Vec<Arc<[CodePlace]>>,
    /// Steps of one opcode since the last other one.
    pub(super) opcodes: u32,
}

/// Lists of places put together, and the result.
#[derive(Debug, Default)]
struct Union {
    lists: Vec<Arc<[CodePlace]>>,
    more: Vec<CodePlace>,
    result: Option<Arc<[CodePlace]>>,
}

impl StepTables {
    /// Nothing worked out yet.
    pub fn new(program: Arc<ProgramSymbols>) -> Self {
        StepTables {
            program,
            lines: HashMap::new(),
            entries: HashMap::new(),
            pointers: HashMap::new(),
            shapes: HashMap::new(),
            taken: HashMap::new(),
            union: Union::default(),
            kept: Vec::new(),
            opcodes: 0,
        }
    }

    /// The program.
    pub fn program(&self) -> &Arc<ProgramSymbols> {
        &self.program
    }

    pub(super) fn symbols(&self, module: usize) -> Option<&Symbols> {
        self.program.module(module)
    }

    /// The source frames of an opcode, innermost first.
    pub(super) fn frames(&self, place: CodePlace) -> Arc<[CodeFrame]> {
        self.program.frames_at(place)
    }

    /// The statements of the function that a place lies in.
    pub(super) fn statements(&self, place: CodePlace) -> Option<Arc<FunctionStatements>> {
        let offset = self.program.offset(place)?;
        self.symbols(place.module)?.statements(offset)
    }

    /// The module's stack pointer.
    pub(super) fn pointer(&mut self, module: usize) -> Option<StackPointer> {
        let symbols = self.program.module(module)?;
        *self
            .pointers
            .entry(module)
            .or_insert_with(|| StackPointer::find(symbols.module()))
    }

    /// The places of a function at which steps by lines look around: where the lines of the code
    /// that `reach` takes begin, and where calls inlined in it do.
    pub(super) fn lines(&mut self, at: FramePlace, reach: Reach) -> Arc<[CodePlace]> {
        let key = ((at.place.module, at.func_index), reach);
        if let Some(known) = self.lines.get(&key) {
            return Arc::clone(known);
        }
        let places: Arc<[CodePlace]> = self.find_lines(at.place, reach).into();
        self.lines.insert(key, Arc::clone(&places));
        places
    }

    fn find_lines(&self, place: CodePlace, reach: Reach) -> Vec<CodePlace> {
        let Some(statements) = self.statements(place) else {
            return Vec::new();
        };
        let module = place.module;
        let mut files: HashMap<*const u8, bool> = HashMap::new();
        let mut takes = |file: &Arc<str>| {
            *files
                .entry(file.as_ptr())
                .or_insert_with(|| reach.takes_kind(self.program.kind(module, Some(file), None)))
        };
        // Where nothing is recommended, everything is as good.
        let any = !statements.places.iter().any(|place| place.is_stmt);
        let rows = statements.places.iter();
        let rows = rows.filter(|row| (any || row.is_stmt) && takes(&row.file));
        let mut found: Vec<CodeOffset> = rows.map(|row| row.pc).collect();
        for call in statements.inlined.iter().take(MAX_INLINED) {
            for range in call.ranges.iter().take(MAX_RANGES) {
                let Some(pc) = statements.code.stop_in(range.clone()) else {
                    continue;
                };
                let frames = self.program.frames(module, pc);
                let caller = frames
                    .len()
                    .checked_sub(call.depth)
                    .and_then(|c| frames.get(c));
                if caller.is_some_and(|caller| reach.takes(caller)) {
                    found.push(pc);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        let places = found.into_iter();
        places
            .filter_map(|offset| self.program.place(module, offset))
            .collect()
    }

    /// Where code that `reach` takes is entered, in all modules.
    pub(super) fn entries(&mut self, reach: Reach) -> Arc<[CodePlace]> {
        if let Some(known) = self.entries.get(&reach) {
            return Arc::clone(known);
        }
        let mut places = Vec::new();
        for (module, symbols) in self.program.modules().iter().enumerate() {
            let takes = |file: &str| reach.takes_kind(self.program.kind(module, Some(file), None));
            let found = symbols.entries(&takes).into_iter();
            places.extend(found.filter_map(|offset| self.program.place(module, offset)));
        }
        places.sort_unstable();
        let places: Arc<[CodePlace]> = places.into();
        self.entries.insert(reach, Arc::clone(&places));
        places
    }

    /// As [`union`](Self::union), with what steps needed lately besides.
    pub(super) fn union_with_kept(
        &mut self,
        lists: Vec<Arc<[CodePlace]>>,
        more: &[CodePlace],
        entries: Option<Arc<[CodePlace]>>,
    ) -> Arc<[CodePlace]> {
        let known = self.kept.iter().find(|list| ***list == *more);
        let more = known.map_or_else(|| more.into(), Arc::clone);
        let mut needed = lists;
        needed.push(more);
        for list in &needed {
            if !self.kept.iter().any(|kept| Arc::ptr_eq(kept, list)) {
                self.kept.push(Arc::clone(list));
            }
        }
        while self.kept.len() > MAX_LISTS {
            let old = self
                .kept
                .iter()
                .position(|kept| !needed.iter().any(|list| Arc::ptr_eq(kept, list)));
            match old {
                Some(old) => drop(self.kept.remove(old)),
                None => break,
            }
        }
        let mut all = self.kept.clone();
        all.extend(entries);
        self.union(all, Vec::new())
    }

    /// Keeps nothing of what steps needed lately.
    pub(super) fn forget_kept(&mut self) {
        self.kept.clear();
    }

    /// All places of some lists, and a few more, rising; the same allocation when asked the same
    /// again.
    pub(super) fn union(
        &mut self,
        lists: Vec<Arc<[CodePlace]>>,
        mut more: Vec<CodePlace>,
    ) -> Arc<[CodePlace]> {
        more.sort_unstable();
        more.dedup();
        let last = &self.union;
        let same = last.lists.len() == lists.len()
            && last
                .lists
                .iter()
                .zip(&lists)
                .all(|(a, b)| Arc::ptr_eq(a, b))
            && last.more == more;
        if let Some(result) = last.result.as_ref().filter(|_| same) {
            return Arc::clone(result);
        }
        let mut all: Vec<CodePlace> = lists.iter().flat_map(|list| list.iter().copied()).collect();
        all.extend(&more);
        all.sort_unstable();
        all.dedup();
        let result: Arc<[CodePlace]> = all.into();
        self.union = Union {
            lists,
            more,
            result: Some(Arc::clone(&result)),
        };
        result
    }
}

/// Whether a call inlined in a function begins at a place: what came before was no part of it.
pub(super) fn enters(statements: &FunctionStatements, pc: CodeOffset, call: DieId) -> bool {
    let Some(call) = statements.inlined_call(call) else {
        return false;
    };
    let mut ranges = call.ranges.iter();
    ranges.any(|range| range.contains(&pc) && statements.code.stop_in(range.clone()) == Some(pc))
}
