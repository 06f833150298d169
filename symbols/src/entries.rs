//! Where code of certain source files begins: the places at which a debugger notices that a program
//! comes into them, whoever called.
//!
//! Read from line tables alone, and only from those of units that name such a file: a program's own
//! code is a small part of what its debug info describes.

use crate::dwarf::{DebugInfo, Function, Lines, PcRange};
use crate::offsets::CodeOffset;
use crate::symbols::Symbols;
use crate::wasm::FunctionBody;
use rayon::prelude::*;
use wasmparser::Operator;

/// Most places that one answer holds.
const MAX_ENTRIES: usize = 500_000;

impl Symbols {
    /// The places where code of the files that `wanted` takes (by their paths) is entered, rising:
    /// functions of these files, past their prologues; and in functions of other files the calls of
    /// theirs that were inlined, where their lines begin.
    ///
    /// As [`FunctionCode::stop_in`](crate::FunctionCode::stop_in), places are opcodes that do
    /// something.
    pub fn entries(&self, wanted: &(dyn Fn(&str) -> bool + Sync)) -> Vec<CodeOffset> {
        self.with(|info| {
            let units = info.units_with_code();
            let found = units.par_iter().map(|unit| in_unit(info, *unit, wanted));
            let mut entries: Vec<CodeOffset> = found.flatten().collect();
            entries.par_sort_unstable();
            entries.dedup();
            entries.truncate(MAX_ENTRIES);
            entries
        })
    }
}

fn in_unit(
    info: &DebugInfo<'_>,
    unit: u32,
    wanted: &(dyn Fn(&str) -> bool + Sync),
) -> Vec<CodeOffset> {
    let mut entries = Vec::new();
    let count = info.file_count(unit);
    let is_wanted = |file: usize| {
        let path = info.file(unit, file as u64);
        path.is_some_and(|path| !path.is_empty() && wanted(path))
    };
    let files: Vec<bool> = (0..count).map(is_wanted).collect();
    if !files.contains(&true) {
        return entries;
    }
    let (Some(functions), Some(lines)) = (info.functions(unit), info.lines(unit)) else {
        return entries;
    };
    for function in &functions.list {
        let found = Found {
            info,
            lines,
            files: &files,
        };
        found.in_function(unit, function, &mut entries);
        if entries.len() > MAX_ENTRIES {
            break;
        }
    }
    entries
}

/// What is looked at in one unit.
struct Found<'i, 'a> {
    info: &'i DebugInfo<'a>,
    lines: &'i Lines,
    /// Whether a file of the unit is wanted.
    files: &'i [bool],
}

impl Found<'_, '_> {
    fn in_function(&self, unit: u32, function: &Function, entries: &mut Vec<CodeOffset>) {
        let rows = function.ranges.iter().flat_map(|range| {
            self.lines.rows_in(PcRange {
                begin: range.begin,
                end: range.end,
            })
        });
        let rows = rows.filter(|(row, _)| row.line != 0);
        let mut wanted = rows.map(|(row, end)| {
            let file = usize::try_from(row.file).unwrap_or(usize::MAX);
            (row, end, self.files.get(file) == Some(&true))
        });
        let Some((first, end, own)) = wanted.next() else {
            return;
        };
        let start = CodeOffset(u64::from(first.address));
        let Some(body) = self.info.module.body_at(start) else {
            return;
        };
        if own {
            let entry = self.info.after_prologue(unit, function).unwrap_or(start);
            let mut opcodes = Opcodes::new(self.info, body);
            entries.extend(opcodes.stop_in(entry.0, body.range.end.0).or(Some(entry)));
            return;
        }
        let mut opcodes = None;
        let mut inside = false;
        for (row, end, is_wanted) in std::iter::once((first, end, own)).chain(wanted) {
            if !is_wanted {
                inside = false;
            } else if !inside && row.is_stmt {
                let opcodes = opcodes.get_or_insert_with(|| Opcodes::new(self.info, body));
                if let Some(entry) = opcodes.stop_in(u64::from(row.address), end) {
                    entries.push(entry);
                    inside = true;
                }
            }
        }
    }
}

/// The opcodes of a body, as far as they were looked at, and whether they do anything.
struct Opcodes<'a> {
    rest: crate::wasm::Opcodes<'a>,
    known: Vec<(u64, bool)>,
}

impl<'a> Opcodes<'a> {
    fn new(info: &DebugInfo<'a>, body: &FunctionBody) -> Self {
        Opcodes {
            rest: info.module.opcodes(body),
            known: Vec::new(),
        }
    }

    /// The first opcode from `start` on that does something, if it lies before `end`.
    fn stop_in(&mut self, start: u64, end: u64) -> Option<CodeOffset> {
        let from = self.known.partition_point(|(at, _)| *at < start);
        let known = self.known.get(from..)?.iter();
        if let Some((at, _)) = known.copied().find(|(_, acts)| *acts) {
            return (at < end).then_some(CodeOffset(at));
        }
        for (at, operator) in self.rest.by_ref() {
            let label = matches!(
                operator,
                Operator::Block { .. } | Operator::Loop { .. } | Operator::Else | Operator::End
            );
            self.known.push((at.0, !label));
            if at.0 >= start && !label {
                return (at.0 < end).then_some(at);
            }
        }
        None
    }
}
