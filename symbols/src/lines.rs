//! File and line → places in code.
//!
//! A line's code is where its rows are, and where calls that stand on it were inlined: optimised
//! code often has nothing else left of a line. `stretches` finds it, `entered` tells where the line
//! begins.

mod entered;
mod stretches;

use crate::dwarf::{DebugInfo, DieId};
use crate::names::FunctionName;
use crate::offsets::CodeOffset;
use crate::paths::path_matches;
use crate::symbols::Symbols;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use stretches::Wanted;

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

/// A stretch of code that belongs to one line, in one function or one inlined call; what is inlined
/// on the line belongs to it too.
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
    /// The function the line belongs to, which may be inlined.
    pub function: Option<FunctionName>,
    /// Its DIE: a [`SourceFrame::die`](crate::SourceFrame::die) of the frames at `stop`. It is not
    /// the innermost one where the stretch begins with a call that was inlined: nothing of that has
    /// run there.
    pub die: Option<DieId>,
    /// Whether it is inlined here.
    pub inlined: bool,
    /// Whether the compiler recommends it for a breakpoint.
    pub is_stmt: bool,
    /// Whether execution comes into the line here: it can get here from the function's beginning
    /// without passing another stretch of the line in this function or inlined call. The others
    /// only go on with what was begun. A line has several such places where it is reached in
    /// several ways: `async` code that is resumed, a function's end behind each `return`.
    pub primary: bool,
}

impl Symbols {
    /// Where the code of a line is: one place for every stretch of it, in every copy of the
    /// function (generic instances, inlined calls). A breakpoint belongs on those that are
    /// [`primary`](LinePlace::primary).
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
            for (path, units) in matching(info, file) {
                let used = nearest(info, units, line);
                matches.files.push(LineFile {
                    path: Arc::clone(path),
                    line: used,
                });
                if let Some(used) = used {
                    let units: Vec<_> = by_unit(units).into_iter().collect();
                    let places = units.into_par_iter().map(|(unit, files)| {
                        let wanted = Wanted {
                            path,
                            unit,
                            files,
                            line: used,
                        };
                        entered::mark(info, wanted.places(info))
                    });
                    let places: Vec<Vec<LinePlace>> = places.collect();
                    matches.places.extend(places.into_iter().flatten());
                }
            }
            matches.places.sort_by_key(|place| (place.pc, place.end));
            matches.places.dedup_by(|next, place| {
                let same = (next.pc, next.line) == (place.pc, place.line);
                place.primary |= same && next.primary;
                same
            });
            matches.truncated = matches.places.len() > MAX_PLACES;
            matches.places.truncate(MAX_PLACES);
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
                    lines.extend(stretches::call_lines(info, unit, &files));
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
    let line = line.max(1);
    let in_unit = |(unit, files): (u32, HashSet<u32>)| {
        let rows = info.lines(unit)?.rows();
        let rows = rows.filter(|(row, _)| row.line >= line && files.contains(&row.file));
        let by_rows = rows.map(|(row, _)| row.line).min();
        if by_rows == Some(line) {
            return by_rows;
        }
        let calls = stretches::call_lines(info, unit, &files);
        let by_calls = calls.into_iter().filter(|call| *call >= line).min();
        by_rows.into_iter().chain(by_calls).min()
    };
    let units: Vec<_> = by_unit(units).into_iter().collect();
    units.into_par_iter().filter_map(in_unit).min()
}
