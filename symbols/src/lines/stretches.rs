//! The stretches of code that belong to one line: its rows in the line table, and the calls that
//! stand on it and were inlined.

use super::{LinePlace, MAX_PLACES};
use crate::dwarf::{DebugInfo, DieId, Function, PcRange, Row};
use crate::names::FunctionName;
use crate::offsets::CodeOffset;
use crate::snap::Snapper;
use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use std::sync::Arc;

/// A line looked for in one unit.
pub(super) struct Wanted<'i> {
    pub path: &'i Arc<str>,
    pub unit: u32,
    /// The file's indices in the unit.
    pub files: HashSet<u32>,
    pub line: u32,
}

/// A function or an inlined call that rows belong to.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Instance {
    body: CodeOffset,
    die: Option<DieId>,
    inlined: bool,
}

/// Rows of the line without a gap, in one instance; or a part of a call that was inlined there.
struct Stretch {
    instance: Instance,
    range: Range<u64>,
    /// The row to stop at: the first recommended one, or else the first.
    row: Row,
    call: bool,
}

/// A place, and before which opcode it must not stop: the end of the prologue.
pub(super) struct Found {
    pub place: LinePlace,
    pub earliest: CodeOffset,
}

impl Wanted<'_> {
    /// The places of the line in the unit, in no particular order.
    pub fn places(&self, info: &DebugInfo<'_>) -> Vec<Found> {
        let mut snapper = Snapper::new(info.module);
        let mut stretches = self.stretches(info);
        stretches.sort_by_key(|stretch| stretch.range.start);
        let recommended: HashSet<Instance> = stretches
            .iter()
            .filter(|stretch| stretch.row.is_stmt)
            .map(|stretch| stretch.instance.clone())
            .collect();
        stretches
            .into_iter()
            .filter(|s| s.row.is_stmt || !recommended.contains(&s.instance))
            .filter_map(|stretch| self.place(info, &mut snapper, stretch))
            .collect()
    }

    fn stretches(&self, info: &DebugInfo<'_>) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        self.calls(info, &mut stretches);
        let Some(lines) = info.lines(self.unit) else {
            return stretches;
        };
        let calls = stretches.len();
        for (row, end) in lines.rows() {
            if row.line != self.line || !self.files.contains(&row.file) {
                continue;
            }
            let start = u64::from(row.address);
            let Some(instance) = self.instance(info, start) else {
                continue;
            };
            match stretches.last_mut() {
                Some(last)
                    if !last.call && last.range.end == start && last.instance == instance =>
                {
                    last.range.end = end;
                    if row.is_stmt && !last.row.is_stmt {
                        last.row = *row;
                    }
                }
                _ => stretches.push(Stretch {
                    instance,
                    range: start..end,
                    row: *row,
                    call: false,
                }),
            }
            if stretches.len() - calls > 2 * MAX_PLACES {
                break;
            }
        }
        stretches
    }

    /// Adds the calls that stand on the line and were inlined.
    fn calls(&self, info: &DebugInfo<'_>, stretches: &mut Vec<Stretch>) {
        let functions = info.functions(self.unit).map(|functions| &*functions.list);
        for function in functions.unwrap_or_default() {
            let inlines = info.inlines(self.unit, function);
            let on_line = |position: usize| {
                let inline = inlines.list.get(position)?;
                let file = u32::try_from(inline.call_file?).ok()?;
                let same = inline.call_line == self.line && self.files.contains(&file);
                same.then_some(inline)
            };
            if !(0..inlines.list.len()).any(|position| on_line(position).is_some()) {
                continue;
            }
            for (position, depth, ranges) in inlines.calls() {
                let Some(inline) = on_line(position) else {
                    continue;
                };
                let call = (inline.call_column, depth);
                let made = ranges
                    .into_iter()
                    .filter_map(|range| self.call(info, function, call, range));
                stretches.extend(made);
                if stretches.len() > 2 * MAX_PLACES {
                    return;
                }
            }
        }
    }

    /// A part of an inlined call at this column, which lies in so many others.
    fn call(
        &self,
        info: &DebugInfo<'_>,
        function: &Function,
        (column, depth): (u32, usize),
        range: PcRange,
    ) -> Option<Stretch> {
        let body = info.module.body_at(CodeOffset(range.begin))?;
        let around = info.inlines(self.unit, function).at(range.begin);
        let caller = match depth.checked_sub(1) {
            Some(outer) => around.get(outer)?.die,
            None => function.die,
        };
        Some(Stretch {
            instance: Instance {
                body: body.range.start,
                die: Some(DieId::new(self.unit as usize, caller)),
                inlined: depth > 0,
            },
            range: range.begin..range.end,
            row: Row {
                address: u32::try_from(range.begin).ok()?,
                file: self.files.iter().copied().min().unwrap_or(0),
                line: self.line,
                column,
                is_stmt: true,
                prologue_end: false,
            },
            call: true,
        })
    }

    fn instance(&self, info: &DebugInfo<'_>, offset: u64) -> Option<Instance> {
        let body = info.module.body_at(CodeOffset(offset))?;
        let function = info.functions(self.unit)?.at(offset);
        let innermost = function.and_then(|function| {
            let inlines = info.inlines(self.unit, function).at(offset);
            inlines.last().map(|inline| inline.die)
        });
        let die = innermost.or(function.map(|function| function.die));
        Some(Instance {
            body: body.range.start,
            die: die.map(|die| DieId::new(self.unit as usize, die)),
            inlined: innermost.is_some(),
        })
    }

    fn place(
        &self,
        info: &DebugInfo<'_>,
        snapper: &mut Snapper<'_>,
        stretch: Stretch,
    ) -> Option<Found> {
        let row = &stretch.row;
        let pc = snapper.snap(CodeOffset(u64::from(row.address)))?;
        // A stretch that lies between two opcodes, or in the declaration of the locals, is no code.
        if pc.0 >= stretch.range.end {
            return None;
        }
        let instance = stretch.instance;
        let function = info.functions(self.unit).and_then(|list| list.at(pc.0));
        // Rounds of a loop after the first go past the opcodes that only begin and end blocks.
        let end = CodeOffset(stretch.range.end);
        let code = info.module.function_code(pc)?;
        let stop = match code.stop_in(pc..end) {
            Some(stop) => stop,
            None if code.is_reachable(pc) => pc,
            None => return None,
        };
        let mut earliest = CodeOffset(0);
        if let Some(function) = function
            && !instance.inlined
            && !stretch.call
            && let Some(entry) = info.after_prologue(self.unit, function)
            && let Some(entry) = snapper.snap(entry)
        {
            earliest = entry;
        }
        let name = instance.die.and_then(|die| info.function_name(die).name);
        let place = LinePlace {
            pc,
            end,
            stop: stop.max(earliest),
            file: Arc::clone(self.path),
            line: row.line,
            column: (row.column != 0).then_some(row.column),
            function: name.map(|name| FunctionName::new(String::from_utf8_lossy(name))),
            die: instance.die,
            inlined: instance.inlined,
            is_stmt: row.is_stmt,
            primary: false,
        };
        Some(Found { place, earliest })
    }
}

/// The lines of a file (by its indices in the unit) on which calls stand that were inlined.
pub(super) fn call_lines(info: &DebugInfo<'_>, unit: u32, files: &HashSet<u32>) -> BTreeSet<u32> {
    let functions = info.functions(unit).map(|functions| &*functions.list);
    let functions = functions.unwrap_or_default().iter();
    let calls = functions.flat_map(|function| &info.inlines(unit, function).list);
    let of_file = calls.filter(|inline| {
        let file = inline.call_file.and_then(|file| u32::try_from(file).ok());
        inline.call_line != 0 && file.is_some_and(|file| files.contains(&file))
    });
    of_file.map(|inline| inline.call_line).collect()
}
