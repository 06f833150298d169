//! Where to stop on entry to a function: after its prologue, when its arguments are in place.

use super::functions::Function;
use super::ranges::PcRange;
use super::{DebugInfo, Row};
use crate::offsets::CodeOffset;

impl DebugInfo<'_> {
    /// The first place of a function that is past its prologue, as the rows have it; not yet
    /// snapped to an opcode. `None` when it has no code.
    ///
    /// That is the first row marked as the prologue's end; or else the second line of the
    /// function, as gdb has it; or else its first opcode. Rows of calls inlined in the function do
    /// not count for the second line.
    pub fn after_prologue(&self, unit: u32, function: &Function) -> Option<CodeOffset> {
        let first = function.ranges.first()?;
        let body = self.module.body_at(CodeOffset(first.begin))?;
        let start = first.begin.max(body.first_opcode.0);
        let whole = PcRange {
            begin: first.begin,
            end: first.end,
        };
        let Some(lines) = self.lines(unit) else {
            return Some(CodeOffset(start));
        };
        let rows = || lines.rows_in(whole).map(|(row, _)| row);
        let after_start = |row: &&Row| u64::from(row.address) >= start;
        let marked = rows().filter(after_start).find(|row| row.prologue_end);
        let second = || {
            let opening = rows().find(|row| row.line != 0)?.line;
            rows()
                .filter(after_start)
                .filter(|row| row.is_stmt && row.line != 0 && row.line != opening)
                .find(|row| {
                    let address = u64::from(row.address);
                    self.inlines(unit, function).at(address).is_empty()
                })
        };
        let row = marked.or_else(second);
        Some(CodeOffset(row.map_or(start, |row| u64::from(row.address))))
    }
}
