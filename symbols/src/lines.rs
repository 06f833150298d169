//! File and line → places in code.

use crate::dwarf::{DebugInfo, DieId, Row};
use crate::names::FunctionName;
use crate::offsets::CodeOffset;
use crate::paths::path_matches;
use crate::snap::Snapper;
use crate::symbols::Symbols;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

/// How many places one question is answered with.
const MAX_PLACES: usize = 10_000;

/// Where the code of a line is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LineMatches {
    /// The line asked for.
    pub asked: u32,
    /// The files that the question can mean; several make it ambiguous, none is unknown to the
    /// debug info.
    pub files: Vec<LineFile>,
    /// The places, by rising offset; of all files.
    pub places: Vec<LinePlace>,
    /// Whether there are more places than one answer holds.
    pub truncated: bool,
}

/// A file that a question can mean.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LineFile {
    /// Its path.
    pub path: Arc<str>,
    /// The line that was used: the one asked for, or, when that has no code, the nearest
    /// following one that has. `None` when no code follows.
    pub line: Option<u32>,
}

/// A stretch of code that belongs to one line, in one function or one inlined call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LinePlace {
    /// Its first opcode (the first that a breakpoint is recommended for, if there is one).
    pub pc: CodeOffset,
    /// Where the stretch ends.
    pub end: CodeOffset,
    /// Where a breakpoint on the line belongs: `pc`, or, when that lies in the function's
    /// prologue, the end of the prologue.
    pub stop: CodeOffset,
    /// The file.
    pub file: Arc<str>,
    /// The line.
    pub line: u32,
    /// The column; `None` when it is not known.
    pub column: Option<u32>,
    /// The function the line belongs to: the innermost inlined one.
    pub function: Option<FunctionName>,
    /// Its DIE.
    pub die: Option<DieId>,
    /// Whether it is inlined here.
    pub inlined: bool,
    /// Whether the compiler recommends it for a breakpoint.
    pub is_stmt: bool,
    /// Whether it is the first stretch of the line in this function or inlined call.
    pub primary: bool,
}

impl Symbols {
    /// Where the code of a line is: one place for every stretch of it, in every copy of the
    /// function (generic instances, inlined calls).
    ///
    /// `file` is a whole path or the end of one, whole parts only. When the line has no code, the
    /// nearest following line that has is used, and `files` says which.
    pub fn find_line(&self, file: &str, line: u32) -> LineMatches {
        self.with(|info| {
            let mut matches = LineMatches {
                asked: line,
                files: Vec::new(),
                places: Vec::new(),
                truncated: false,
            };
            let mut snapper = Snapper::new(info.module);
            for (path, units) in matching(info, file) {
                let used = nearest(info, units, line);
                matches.files.push(LineFile {
                    path: Arc::clone(path),
                    line: used,
                });
                if let Some(used) = used {
                    for (unit, files) in by_unit(units) {
                        let wanted = Wanted {
                            path,
                            unit,
                            files,
                            line: used,
                        };
                        matches.places.extend(wanted.places(info, &mut snapper));
                    }
                }
            }
            matches.places.sort_by_key(|place| (place.pc, place.end));
            matches.places.dedup_by_key(|place| (place.pc, place.line));
            matches.truncated = matches.places.len() > MAX_PLACES;
            matches.places.truncate(MAX_PLACES);
            mark_primary(&mut matches.places);
            matches
        })
    }

    /// The source files that parts of the program with code name, sorted.
    pub fn files(&self) -> Vec<Arc<str>> {
        self.with(|info| info.files().0.keys().cloned().collect())
    }

    /// The lines of a file that have code, rising. `file` is a whole path or the end of one; all
    /// files it can mean count.
    pub fn lines_with_code(&self, file: &str) -> Vec<u32> {
        self.with(|info| {
            let mut lines = BTreeSet::new();
            for (_, units) in matching(info, file) {
                for (unit, files) in by_unit(units) {
                    let rows = info.lines(unit).into_iter().flat_map(|lines| lines.rows());
                    let rows = rows.filter(|(row, _)| row.line != 0 && files.contains(&row.file));
                    lines.extend(rows.map(|(row, _)| row.line));
                }
            }
            lines.into_iter().collect()
        })
    }
}

/// A file's path, and its index in each unit that names it.
type KnownFile<'i> = (&'i Arc<str>, &'i Vec<(u32, u32)>);

/// The files a name can mean; only the one when it is a whole path.
fn matching<'i>(info: &'i DebugInfo<'_>, file: &str) -> Vec<KnownFile<'i>> {
    let files = &info.files().0;
    if let Some(exact) = files.get_key_value(file) {
        return vec![exact];
    }
    let matching = files.iter().filter(|(path, _)| path_matches(path, file));
    matching.collect()
}

/// The indices of a file, for each unit that names it.
fn by_unit(units: &[(u32, u32)]) -> BTreeMap<u32, HashSet<u32>> {
    let mut by_unit: BTreeMap<u32, HashSet<u32>> = BTreeMap::new();
    for (unit, file) in units {
        by_unit.entry(*unit).or_default().insert(*file);
    }
    by_unit
}

/// The line itself when it has code, or the nearest following one that has.
fn nearest(info: &DebugInfo<'_>, units: &[(u32, u32)], line: u32) -> Option<u32> {
    let in_unit = |(unit, files): (u32, HashSet<u32>)| {
        let rows = info.lines(unit)?.rows();
        rows.filter(|(row, _)| row.line >= line.max(1) && files.contains(&row.file))
            .map(|(row, _)| row.line)
            .min()
    };
    by_unit(units).into_iter().filter_map(in_unit).min()
}

/// A line looked for in one unit.
struct Wanted<'i> {
    path: &'i Arc<str>,
    unit: u32,
    files: HashSet<u32>,
    line: u32,
}

/// A function or an inlined call that rows belong to.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Instance {
    body: CodeOffset,
    die: Option<DieId>,
    inlined: bool,
}

/// Rows of the line without a gap, in one instance.
struct Stretch {
    instance: Instance,
    range: Range<u64>,
    /// The row to stop at: the first recommended one, or else the first.
    row: Row,
}

impl Wanted<'_> {
    fn places(&self, info: &DebugInfo<'_>, snapper: &mut Snapper<'_>) -> Vec<LinePlace> {
        let stretches = self.stretches(info);
        let recommended: HashSet<Instance> = stretches
            .iter()
            .filter(|stretch| stretch.row.is_stmt)
            .map(|stretch| stretch.instance.clone())
            .collect();
        stretches
            .into_iter()
            .filter(|s| s.row.is_stmt || !recommended.contains(&s.instance))
            .filter_map(|stretch| self.place(info, snapper, stretch))
            .collect()
    }

    fn stretches(&self, info: &DebugInfo<'_>) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        let Some(lines) = info.lines(self.unit) else {
            return stretches;
        };
        for (row, end) in lines.rows() {
            if row.line != self.line || !self.files.contains(&row.file) {
                continue;
            }
            let start = u64::from(row.address);
            let Some(instance) = self.instance(info, start) else {
                continue;
            };
            match stretches.last_mut() {
                Some(last) if last.range.end == start && last.instance == instance => {
                    last.range.end = end;
                    if row.is_stmt && !last.row.is_stmt {
                        last.row = *row;
                    }
                }
                _ => stretches.push(Stretch {
                    instance,
                    range: start..end,
                    row: *row,
                }),
            }
            if stretches.len() > 2 * MAX_PLACES {
                break;
            }
        }
        stretches
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
    ) -> Option<LinePlace> {
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
        let mut stop = match code.stop_in(pc..end) {
            Some(stop) => stop,
            None if code.is_reachable(pc) => pc,
            None => return None,
        };
        if let Some(function) = function
            && !instance.inlined
            && let Some(entry) = info.after_prologue(self.unit, function)
            && let Some(entry) = snapper.snap(entry)
        {
            stop = stop.max(entry);
        }
        let name = instance.die.and_then(|die| info.function_name(die).name);
        Some(LinePlace {
            pc,
            end: CodeOffset(stretch.range.end),
            stop,
            file: Arc::clone(self.path),
            line: row.line,
            column: (row.column != 0).then_some(row.column),
            function: name.map(|name| FunctionName::new(String::from_utf8_lossy(name))),
            die: instance.die,
            inlined: instance.inlined,
            is_stmt: row.is_stmt,
            primary: false,
        })
    }
}

/// Marks the first place of each function and inlined call. Places come by rising offset.
fn mark_primary(places: &mut [LinePlace]) {
    let mut seen: HashMap<(Arc<str>, u32), HashSet<Option<DieId>>> = HashMap::new();
    for place in places {
        let line = (Arc::clone(&place.file), place.line);
        place.primary = seen.entry(line).or_default().insert(place.die);
    }
}
