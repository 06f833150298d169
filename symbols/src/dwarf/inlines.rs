//! The calls inlined in a function: which of them a code offset lies in, outermost first.

use super::functions::Function;
use super::ranges::{PcRange, RangeAttributes};
use super::{DebugInfo, Slice};
use crate::names::FunctionName;
use gimli::{AttributeValue, UnitRef};
use std::collections::HashMap;
use std::sync::OnceLock;

/// How deep inlined calls may nest; compilers stay far below.
const MAX_DEPTH: usize = 1_000;

/// A call that was inlined: a `DW_TAG_inlined_subroutine`.
pub(crate) struct Inline {
    pub die: gimli::UnitOffset,
    /// The function that was inlined, when it is described in the same unit.
    pub origin: Option<gimli::UnitOffset>,
    /// Its name, when somebody asked.
    pub name: OnceLock<Option<FunctionName>>,
    /// Where the call stands in the source: file by index in the unit's line program; 0 for a
    /// line or column that is not known.
    pub call_file: Option<u64>,
    pub call_line: u32,
    pub call_column: u32,
}

/// All calls inlined in one function.
#[derive(Default)]
pub(crate) struct Inlines {
    pub list: Vec<Inline>,
    /// Their ranges by depth of inlining, then by begin.
    addresses: Vec<Address>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Address {
    depth: usize,
    range: PcRange,
    position: usize,
}

impl Inlines {
    pub fn parse<'a>(
        info: &DebugInfo<'a>,
        unit: UnitRef<'_, Slice<'a>>,
        function: &Function,
    ) -> Self {
        let mut inlines = Inlines::default();
        // Damage ends the reading; what came before it stays.
        let _ = inlines.read(info, unit, function);
        inlines.addresses.sort_unstable();
        inlines
    }

    fn read<'a>(
        &mut self,
        info: &DebugInfo<'a>,
        unit: UnitRef<'_, Slice<'a>>,
        function: &Function,
    ) -> gimli::Result<()> {
        let mut entries = unit.entries_raw(Some(function.die))?;
        let top = entries.next_depth();
        let Some(abbreviation) = entries.read_abbreviation()? else {
            return Ok(());
        };
        entries.skip_attributes(abbreviation.attributes())?;
        // The depths, in the tree, of the inlined calls that are open.
        let mut open: Vec<isize> = Vec::new();
        // Inside a nested subprogram, which has its own inlined calls: its depth.
        let mut nested: Option<isize> = None;
        while entries.next_depth() > top && !entries.is_empty() {
            let die = entries.next_offset();
            let depth = entries.next_depth();
            let Some(abbreviation) = entries.read_abbreviation()? else {
                continue;
            };
            while open.last().is_some_and(|above| *above >= depth) {
                open.pop();
            }
            if nested.is_some_and(|nested| depth <= nested) {
                nested = None;
            }
            let tag = abbreviation.tag();
            if nested.is_none() && tag == gimli::DW_TAG_subprogram {
                nested = Some(depth);
            }
            if nested.is_some()
                || tag != gimli::DW_TAG_inlined_subroutine
                || open.len() >= MAX_DEPTH
            {
                entries.skip_attributes(abbreviation.attributes())?;
                continue;
            }
            let mut ranges = RangeAttributes::default();
            let mut inline = Inline {
                die,
                origin: None,
                name: OnceLock::new(),
                call_file: None,
                call_line: 0,
                call_column: 0,
            };
            for spec in abbreviation.attributes() {
                let attribute = entries.read_attribute(*spec)?;
                inline.take(unit, attribute.name(), attribute.value());
                ranges.take(unit, attribute.name(), attribute.value());
            }
            let position = self.list.len();
            self.list.push(inline);
            ranges.for_each(info, unit, |range| {
                if let Some(range) = function.clip(range) {
                    self.addresses.push(Address {
                        depth: open.len(),
                        range,
                        position,
                    });
                }
            });
            open.push(depth);
        }
        Ok(())
    }

    /// The ranges of each call, rising, by its position in the list.
    pub fn ranges_by_call(&self) -> HashMap<usize, Vec<PcRange>> {
        let mut ranges: HashMap<usize, Vec<PcRange>> = HashMap::new();
        for address in &self.addresses {
            ranges
                .entry(address.position)
                .or_default()
                .push(address.range);
        }
        ranges
    }

    /// Each call that has code: its position in the list, how many calls it lies in, and its
    /// ranges, rising. Outer ones come before inner ones.
    pub fn calls(&self) -> Vec<(usize, usize, Vec<PcRange>)> {
        let mut calls: Vec<(usize, usize, Vec<PcRange>)> = Vec::new();
        let mut known: HashMap<usize, usize> = HashMap::new();
        for address in &self.addresses {
            let at = *known.entry(address.position).or_insert_with(|| {
                calls.push((address.position, address.depth, Vec::new()));
                calls.len() - 1
            });
            if let Some((_, _, ranges)) = calls.get_mut(at) {
                ranges.push(address.range);
            }
        }
        calls
    }

    /// The inlined calls that `offset` lies in, outermost first.
    pub fn at(&self, offset: u64) -> Vec<&Inline> {
        let mut found = Vec::new();
        let mut addresses = &*self.addresses;
        loop {
            let depth = found.len();
            let search = addresses.binary_search_by(|address| {
                let range = address.range;
                address.depth.cmp(&depth).then(if range.begin > offset {
                    std::cmp::Ordering::Greater
                } else if range.end <= offset {
                    std::cmp::Ordering::Less
                } else {
                    std::cmp::Ordering::Equal
                })
            });
            let Ok(index) = search else { return found };
            let Some(address) = addresses.get(index) else {
                return found;
            };
            found.extend(self.list.get(address.position));
            if found.len() == depth {
                return found;
            }
            addresses = addresses.get(index + 1..).unwrap_or_default();
        }
    }
}

impl Inline {
    fn take<'a>(
        &mut self,
        unit: UnitRef<'_, Slice<'a>>,
        name: gimli::DwAt,
        value: AttributeValue<Slice<'a>>,
    ) {
        let number = |value: &AttributeValue<Slice<'a>>| {
            value
                .udata_value()
                .and_then(|value| u32::try_from(value).ok())
                .unwrap_or(0)
        };
        match name {
            gimli::DW_AT_call_file => {
                // Before DWARF 5, file 0 is no file.
                if let AttributeValue::FileIndex(file) = value
                    && (file > 0 || unit.header.version() >= 5)
                {
                    self.call_file = Some(file);
                }
            }
            gimli::DW_AT_abstract_origin => {
                if let AttributeValue::UnitRef(origin) = value {
                    self.origin = Some(origin);
                }
            }
            gimli::DW_AT_call_line => self.call_line = number(&value),
            gimli::DW_AT_call_column => self.call_column = number(&value),
            _ => {}
        }
    }
}
