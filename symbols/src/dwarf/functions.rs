//! The functions of a unit that have code: which subprogram a code offset belongs to.

use super::ranges::{PcRange, RangeAttributes};
use super::{DebugInfo, Inlines, Scopes, Slice};
use crate::names::FunctionName;
use gimli::UnitRef;
use std::sync::OnceLock;

/// A subprogram with live code.
pub(crate) struct Function {
    pub die: gimli::UnitOffset,
    /// Where its code is, each range within one body; rising.
    pub ranges: Vec<PcRange>,
    /// Its name, when somebody asked.
    pub name: OnceLock<Option<FunctionName>>,
    /// The calls inlined in it, when somebody asked.
    pub inlines: OnceLock<Inlines>,
    /// Its scopes, when somebody asked.
    pub scopes: OnceLock<Scopes>,
}

impl Function {
    /// The part of a range that lies in the function: a call inlined in it, or a block of it, has
    /// its code where the function has. What starts elsewhere is dead, or a lie.
    pub fn clip(&self, range: PcRange) -> Option<PcRange> {
        let next = self.ranges.partition_point(|own| own.begin <= range.begin);
        let own = self.ranges.get(next.checked_sub(1)?)?;
        let end = range.end.min(own.end);
        (range.begin < end).then_some(PcRange {
            begin: range.begin,
            end,
        })
    }
}

/// Sorts ranges and joins those that overlap or touch.
fn join(ranges: &mut Vec<PcRange>) {
    ranges.sort_unstable();
    ranges.dedup_by(|next, last| {
        let joins = next.begin <= last.end;
        if joins {
            last.end = last.end.max(next.end);
        }
        joins
    });
}

/// The subprograms of one unit that have live code.
#[derive(Default)]
pub(crate) struct Functions {
    pub list: Vec<Function>,
    /// Their ranges by rising begin, each with the position in `list`.
    addresses: Vec<(PcRange, u32)>,
    /// Whether the tree of DIEs could be read to its end.
    pub damaged: bool,
}

impl Functions {
    pub fn parse<'a>(info: &DebugInfo<'a>, unit: UnitRef<'_, Slice<'a>>) -> Self {
        let mut functions = Functions::default();
        functions.damaged = functions.read(info, unit).is_err();
        functions.index();
        functions
    }

    fn read<'a>(
        &mut self,
        info: &DebugInfo<'a>,
        unit: UnitRef<'_, Slice<'a>>,
    ) -> gimli::Result<()> {
        let mut entries = unit.entries_raw(None)?;
        while !entries.is_empty() {
            let die = entries.next_offset();
            let Some(abbreviation) = entries.read_abbreviation()? else {
                continue;
            };
            if abbreviation.tag() != gimli::DW_TAG_subprogram {
                entries.skip_attributes(abbreviation.attributes())?;
                continue;
            }
            let mut attributes = RangeAttributes::default();
            for spec in abbreviation.attributes() {
                let attribute = entries.read_attribute(*spec)?;
                attributes.take(unit, attribute.name(), attribute.value());
            }
            let mut ranges = Vec::new();
            attributes.for_each(info, unit, |range| {
                ranges.extend(info.live_in_body(range));
            });
            if !ranges.is_empty() {
                join(&mut ranges);
                self.list.push(Function {
                    die,
                    ranges,
                    name: OnceLock::new(),
                    inlines: OnceLock::new(),
                    scopes: OnceLock::new(),
                });
            }
        }
        Ok(())
    }

    fn index(&mut self) {
        for (position, function) in (0..).zip(&self.list) {
            let ranges = function.ranges.iter();
            self.addresses
                .extend(ranges.map(|range| (*range, position)));
        }
        self.addresses.sort_unstable();
    }

    /// The function with code at `offset`. Where several claim it (identical code folded by the
    /// linker, or lies), it is the one that starts last.
    pub fn at(&self, offset: u64) -> Option<&Function> {
        const OVERLAPS: usize = 16;
        let next = self
            .addresses
            .partition_point(|(range, _)| range.begin <= offset);
        let before = self.addresses.get(..next)?;
        let mut candidates = before.iter().rev().take(OVERLAPS);
        let (_, position) = candidates.find(|(range, _)| range.contains(offset))?;
        self.list.get(*position as usize)
    }
}
