//! Ranges of code that a DIE claims: `DW_AT_low_pc`/`DW_AT_high_pc` and range lists.
//!
//! Linkers mark code they dropped by a tombstone address: −1 or −2 (wasm-ld), 0 (walrus and older
//! linkers), and it must not be taken for an address, nor, in DWARF 4's range lists, for the mark
//! of a base selection (−1). No constant tells them all, so the test is the code itself: an
//! address is live when it lies in a function's body.

use super::{DebugInfo, Slice};
use crate::offsets::CodeOffset;
use gimli::{AttributeValue, RawRngListEntry, UnitRef};

/// How many entries of one list are read.
const MAX_ENTRIES: usize = 1 << 20;

/// A range of code offsets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct PcRange {
    pub begin: u64,
    pub end: u64,
}

impl PcRange {
    pub fn contains(self, offset: u64) -> bool {
        self.begin <= offset && offset < self.end
    }
}

/// The attributes of a DIE that say where its code is.
#[derive(Default)]
pub(crate) struct RangeAttributes<'a> {
    low: Option<u64>,
    high: Option<u64>,
    size: Option<u64>,
    list: Option<AttributeValue<Slice<'a>>>,
}

impl<'a> RangeAttributes<'a> {
    /// Notes an attribute down, if it is one of those.
    pub fn take(
        &mut self,
        unit: UnitRef<'_, Slice<'a>>,
        name: gimli::DwAt,
        value: AttributeValue<Slice<'a>>,
    ) {
        match name {
            gimli::DW_AT_low_pc => self.low = address(unit, &value),
            gimli::DW_AT_high_pc => match value {
                AttributeValue::Udata(size) => self.size = Some(size),
                value => self.high = address(unit, &value),
            },
            gimli::DW_AT_ranges => self.list = Some(value),
            _ => {}
        }
    }

    /// Whether the DIE says anything about where it is.
    pub fn is_empty(&self) -> bool {
        self.low.is_none() && self.list.is_none()
    }

    /// Gives the ranges as they are claimed, tombstones left out.
    pub fn for_each(
        &self,
        info: &DebugInfo<'a>,
        unit: UnitRef<'_, Slice<'a>>,
        mut found: impl FnMut(PcRange),
    ) {
        let mut found = |begin: u64, end: u64| {
            if begin < end && !is_tombstone(unit, begin) {
                found(PcRange { begin, end });
            }
        };
        if let Some(list) = &self.list {
            let _ = for_each_in_list(info, unit, *list, &mut found);
        } else if let Some(low) = self.low {
            let end = match (self.high, self.size) {
                (Some(high), _) => Some(high),
                (None, Some(size)) => low.checked_add(size),
                (None, None) => None,
            };
            if let Some(end) = end {
                found(low, end);
            }
        }
    }
}

fn address(unit: UnitRef<'_, Slice<'_>>, value: &AttributeValue<Slice<'_>>) -> Option<u64> {
    match *value {
        AttributeValue::Addr(address) => Some(address),
        AttributeValue::DebugAddrIndex(index) => unit.address(index).ok(),
        _ => None,
    }
}

/// The largest address of the unit's size.
fn mask(unit: UnitRef<'_, Slice<'_>>) -> u64 {
    match unit.encoding().address_size {
        4 => u64::from(u32::MAX),
        2 => u64::from(u16::MAX),
        1 => u64::from(u8::MAX),
        _ => u64::MAX,
    }
}

/// Whether an address is one of wasm-ld's two marks for dropped code.
fn is_tombstone(unit: UnitRef<'_, Slice<'_>>, address: u64) -> bool {
    address >= mask(unit) - 1
}

/// Walks a range list. gimli's own conversion would take a tombstone of −1 in DWARF 4's lists for
/// a base selection and misread all that follows.
fn for_each_in_list<'a>(
    info: &DebugInfo<'a>,
    unit: UnitRef<'_, Slice<'a>>,
    list: AttributeValue<Slice<'a>>,
    found: &mut dyn FnMut(u64, u64),
) -> gimli::Result<()> {
    let Some(offset) = unit.attr_ranges_offset(list)? else {
        return Ok(());
    };
    // A tombstone for a base makes offsets from it meaningless; `None` says so.
    let live = |base: u64| (!is_tombstone(unit, base)).then_some(base);
    let mut base = live(unit.low_pc);
    let mut entries = unit.raw_ranges(offset)?;
    for _ in 0..MAX_ENTRIES {
        if !info.budget.spend(8) {
            break;
        }
        let Some(entry) = entries.next()? else { break };
        match entry {
            RawRngListEntry::BaseAddress { addr } => match live(addr) {
                Some(addr) => base = Some(addr),
                // In DWARF 4 this may be a pair of tombstones: the base stays as it was.
                None if unit.encoding().version <= 4 => {}
                None => base = None,
            },
            RawRngListEntry::BaseAddressx { addr } => base = live(unit.address(addr)?),
            RawRngListEntry::AddressOrOffsetPair { begin, end } => {
                if is_tombstone(unit, begin) {
                    continue;
                }
                if let Some(base) = base {
                    found(base.saturating_add(begin), base.saturating_add(end));
                }
            }
            RawRngListEntry::OffsetPair { begin, end } => {
                if let Some(base) = base {
                    found(base.saturating_add(begin), base.saturating_add(end));
                }
            }
            RawRngListEntry::StartEnd { begin, end } => found(begin, end),
            RawRngListEntry::StartLength { begin, length } => {
                found(begin, begin.saturating_add(length));
            }
            RawRngListEntry::StartxEndx { begin, end } => {
                found(unit.address(begin)?, unit.address(end)?);
            }
            RawRngListEntry::StartxLength { begin, length } => {
                let begin = unit.address(begin)?;
                found(begin, begin.saturating_add(length));
            }
        }
    }
    Ok(())
}

impl DebugInfo<'_> {
    /// The live part of a claimed range: from its begin, which must lie in a function's body, to
    /// the end of that body at most. `None` when it is dead.
    pub fn live_in_body(&self, range: PcRange) -> Option<PcRange> {
        let body = self.module.body_at(CodeOffset(range.begin))?;
        let end = range.end.min(body.range.end.0);
        (range.begin < end).then_some(PcRange {
            begin: range.begin,
            end,
        })
    }

    /// Whether code can start at `offset`: whether it lies in a body.
    pub fn is_code_start(&self, offset: u64) -> bool {
        self.module.body_at(CodeOffset(offset)).is_some()
    }
}
