//! DWARF: sections, units, and the handles that name a place in them.
//!
//! Opening indexes the units by range and parses nothing else. Line programs, trees of DIEs and
//! types are read when somebody asks, and kept. The data is a stranger's: every offset is checked,
//! every walk is bounded, and work that could be asked for many times over by data that points
//! back into itself is paid from a `Budget`.
//!
//! Here are the units and how they are found; functions, line rows, ranges and names have their
//! own files.

mod attributes;
mod budget;
mod files;
mod functions;
mod index;
mod inlines;
mod lines;
mod prologues;
mod ranges;
mod scopes;
mod unit;

pub(crate) use attributes::string;
pub(crate) use budget::Budget;
pub(crate) use functions::{Function, Functions};
pub(crate) use inlines::{Inline, Inlines};
pub(crate) use lines::{Lines, Row};
pub(crate) use ranges::PcRange;
pub(crate) use scopes::{ScopeKind, Scopes};
pub(crate) use unit::{Root, UnitEntry};

use crate::symbols::Problem;
use crate::wasm::CoreModule;
use files::FileIndex;
use gimli::{EndianSlice, LittleEndian, Section};
use index::UnitIndex;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, OnceLock};
use unit::{LineProgram, SplitUnit};

/// How the sections are read: Wasm is little-endian throughout.
pub(crate) type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// A slice of nothing, for sections that are not there.
pub(crate) fn empty<'a>() -> Slice<'a> {
    EndianSlice::new(&[], LittleEndian)
}

/// Names a DIE: a unit, and the offset of the DIE in it. Good for one [`crate::Symbols`] only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct DieId {
    pub(crate) unit: u32,
    pub(crate) offset: u64,
}

impl DieId {
    pub(crate) fn new(unit: usize, offset: gimli::UnitOffset) -> Self {
        DieId {
            unit: u32::try_from(unit).unwrap_or(u32::MAX),
            offset: offset.0 as u64,
        }
    }

    pub(crate) fn unit_offset(self) -> gimli::UnitOffset {
        gimli::UnitOffset(usize::try_from(self.offset).unwrap_or(usize::MAX))
    }
}

/// The abbreviation tables, each parsed once however many units share it.
struct Abbreviations<'a> {
    section: &'a [u8],
    /// Where tables start, rising.
    starts: Vec<usize>,
    tables: Vec<OnceLock<Option<Arc<gimli::Abbreviations>>>>,
}

/// The debug info of one core module.
pub(crate) struct DebugInfo<'a> {
    pub module: &'a CoreModule,
    pub dwarf: gimli::Dwarf<Slice<'a>>,
    pub units: Vec<UnitEntry<'a>>,
    pub budget: Budget,
    /// `.debug_loc`: DWARF 4's location lists, which gimli cannot be left to read.
    pub debug_loc: Slice<'a>,
    /// The types described so far.
    pub types: crate::types::Types,
    abbreviations: Abbreviations<'a>,
    index: OnceLock<UnitIndex>,
    files: OnceLock<FileIndex>,
}

impl<'a> DebugInfo<'a> {
    /// Reads the units' headers out of the sections that `section` gives by their ELF name
    /// (`.debug_info`); a missing one is empty.
    pub fn open(module: &'a CoreModule, section: impl Fn(&str) -> &'a [u8]) -> Self {
        let load = |id: gimli::SectionId| -> Result<Slice<'a>, gimli::Error> {
            Ok(EndianSlice::new(section(id.name()), LittleEndian))
        };
        let dwarf = gimli::Dwarf::load(load).unwrap_or_else(|_| {
            gimli::DwarfSections::default().borrow(|_: &()| EndianSlice::new(&[], LittleEndian))
        });
        let mut headers = Vec::new();
        let mut units = dwarf.units();
        while let Ok(Some(header)) = units.next() {
            headers.push(header);
        }
        let mut types = dwarf.type_units();
        while let Ok(Some(header)) = types.next() {
            headers.push(header);
        }
        headers.truncate(u32::MAX as usize);
        let abbreviations = Abbreviations::find(section(".debug_abbrev"), &headers);
        let units = headers.into_iter().map(UnitEntry::new).collect();
        let size = dwarf.debug_line.reader().slice().len()
            + dwarf.ranges.debug_ranges().reader().slice().len()
            + dwarf.ranges.debug_rnglists().reader().slice().len();
        DebugInfo {
            module,
            dwarf,
            units,
            budget: Budget::new(size),
            debug_loc: Slice::new(section(".debug_loc"), LittleEndian),
            types: crate::types::Types::default(),
            abbreviations,
            index: OnceLock::new(),
            files: OnceLock::new(),
        }
    }

    /// The number of the last unit that could be counted as such, and one more.
    pub fn unit_count(&self) -> u32 {
        u32::try_from(self.units.len()).unwrap_or(u32::MAX)
    }

    /// The unit with its abbreviations and bases, parsed when first asked for; `None` when it is
    /// malformed or there is no such unit. For a split unit it is the half with the DIEs, when
    /// that was found.
    pub fn unit(&self, index: u32) -> Option<gimli::UnitRef<'_, Slice<'a>>> {
        let entry = self.units.get(index as usize)?;
        match &entry.split {
            Some(split) => Some(split.unit.unit_ref(&split.dwarf)),
            None => self.skeleton(index),
        }
    }

    /// The unit as it stands in the main sections, whether it was split or not.
    pub fn skeleton(&self, index: u32) -> Option<gimli::UnitRef<'_, Slice<'a>>> {
        Some(self.root(index)?.unit.unit_ref(&self.dwarf))
    }

    /// What the unit's root DIE in the main sections says.
    pub fn root(&self, index: u32) -> Option<&Root<'a>> {
        let entry = self.units.get(index as usize)?;
        let root = entry.root.get_or_init(|| self.parse(&entry.header));
        root.as_ref()
    }

    fn parse(&self, header: &gimli::UnitHeader<Slice<'a>>) -> Option<Root<'a>> {
        let table = self.abbreviations.get(header.debug_abbrev_offset().0)?;
        Root::parse(&self.dwarf, *header, table)
    }

    /// Gives a split unit its other half; to be done before anybody asks for the unit.
    pub fn attach_split(&mut self, index: u32, dwarf: gimli::Dwarf<Slice<'a>>) -> Option<()> {
        let skeleton = self.parse(&self.units.get(index as usize)?.header)?.unit;
        let mut headers = dwarf.units();
        let unit = loop {
            let header = headers.next().ok()??;
            let mut unit = dwarf.unit(header).ok()?;
            if unit.dwo_id == skeleton.dwo_id {
                unit.copy_relocated_attributes(&skeleton);
                break unit;
            }
        };
        let entry = self.units.get_mut(index as usize)?;
        entry.split = Some(Box::new(SplitUnit { dwarf, unit }));
        Some(())
    }

    /// Whether the unit's other half was found.
    pub fn is_split(&self, index: u32) -> bool {
        let entry = self.units.get(index as usize);
        entry.is_some_and(|entry| entry.split.is_some())
    }

    /// The unit whose header or DIEs stand at this offset of `.debug_info`, with the offset in
    /// it: for `DW_FORM_ref_addr`.
    pub fn die_at(&self, offset: gimli::DebugInfoOffset) -> Option<DieId> {
        // Units of `.debug_info` come first and by rising offset.
        let start = |entry: &UnitEntry<'_>| entry.header.debug_info_offset();
        let next = self
            .units
            .partition_point(|entry| start(entry).is_some_and(|start| start <= offset));
        let index = next.checked_sub(1)?;
        let unit_offset = offset.to_unit_offset(&self.units.get(index)?.header)?;
        Some(DieId::new(index, unit_offset))
    }

    /// The DIE of the type with this signature (`DW_FORM_ref_sig8`), in a type unit.
    pub fn type_with_signature(&self, signature: gimli::DebugTypeSignature) -> Option<DieId> {
        let types = self.index().signatures.get(&signature.0)?;
        Some(*types)
    }

    /// The DIE that a reference attribute of a DIE in unit `unit` points to.
    pub fn resolve(&self, unit: u32, value: &gimli::AttributeValue<Slice<'a>>) -> Option<DieId> {
        match value {
            gimli::AttributeValue::UnitRef(offset) => Some(DieId::new(unit as usize, *offset)),
            // In a split unit, offsets count from its own file's section.
            gimli::AttributeValue::DebugInfoRef(offset) if self.is_split(unit) => {
                let offset = offset.to_unit_offset(&self.unit(unit)?.header)?;
                Some(DieId::new(unit as usize, offset))
            }
            gimli::AttributeValue::DebugInfoRef(offset) => self.die_at(*offset),
            gimli::AttributeValue::DebugTypesRef(signature) => self.type_with_signature(*signature),
            _ => None,
        }
    }

    /// The functions with live code in a unit.
    pub fn functions(&self, index: u32) -> Option<&Functions> {
        let entry = self.units.get(index as usize)?;
        Some(entry.functions.get_or_init(|| match self.unit(index) {
            Some(unit) => Functions::parse(self, unit),
            None => Functions::default(),
        }))
    }

    /// The header of a unit's line program; `None` when it has none that can be read.
    pub fn line_program(&self, index: u32) -> Option<&LineProgram<'a>> {
        let entry = self.units.get(index as usize)?;
        let read = || unit::line_program(&self.dwarf, self.root(index)?, &self.budget);
        entry.program.get_or_init(read).as_ref()
    }

    /// The live line rows of a unit; `None` when it has no line program that can be read.
    pub fn lines(&self, index: u32) -> Option<&Lines> {
        let entry = self.units.get(index as usize)?;
        let read = || Some(Lines::parse(self, self.line_program(index)?));
        entry.lines.get_or_init(read).as_ref()
    }

    /// How many files a unit's line program names; indices go from 0, which before DWARF 5 is no
    /// file.
    pub fn file_count(&self, index: u32) -> usize {
        let program = self.line_program(index);
        program.map_or(0, |program| lines::count_files(program.header()))
    }

    /// The path of a file of a unit's line program: the compilation folder, the file's folder and
    /// its name, joined as far as they are relative. `None` when there is no such file.
    pub fn file(&self, index: u32, file: u64) -> Option<&Arc<str>> {
        let entry = self.units.get(index as usize)?;
        let slots = || {
            (0..self.file_count(index))
                .map(|_| OnceLock::new())
                .collect()
        };
        let slot = entry
            .files
            .get_or_init(slots)
            .get(usize::try_from(file).ok()?)?;
        let render = || {
            let header = self.line_program(index)?.header();
            lines::render_file(self.skeleton(index)?, header, file)
        };
        Some(slot.get_or_init(|| render().unwrap_or_default().into()))
    }

    /// The calls inlined in a function of unit `index`.
    pub fn inlines<'f>(&self, index: u32, function: &'f Function) -> &'f Inlines {
        let parse = || match self.unit(index) {
            Some(unit) => Inlines::parse(self, unit, function),
            None => Inlines::default(),
        };
        function.inlines.get_or_init(parse)
    }

    /// The scopes of a function of unit `index`.
    pub fn scopes<'f>(&self, index: u32, function: &'f Function) -> &'f Scopes {
        let parse = || match self.unit(index) {
            Some(unit) => Scopes::parse(self, unit, function),
            None => Scopes::default(),
        };
        function.scopes.get_or_init(parse)
    }

    /// What was found damaged in what was read so far.
    pub fn problems(&self) -> Vec<Problem> {
        let damaged = |what: &str, units: usize| Problem {
            what: format!("damaged or beyond all bounds in {units} of the units read so far"),
            place: what.to_owned(),
            effect: "places there have fewer answers, or none".into(),
        };
        let mut problems = Vec::new();
        let functions = self.units.iter().filter_map(|unit| unit.functions.get());
        let lines = self.units.iter().filter_map(|unit| unit.lines.get());
        let unread = self.units.iter().filter_map(|unit| unit.root.get());
        for (what, count) in [
            (".debug_info", functions.filter(|list| list.damaged).count()),
            (
                ".debug_line",
                lines.flatten().filter(|list| list.damaged).count(),
            ),
            (
                ".debug_abbrev",
                unread.filter(|unit| unit.is_none()).count(),
            ),
        ] {
            if count > 0 {
                problems.push(damaged(what, count));
            }
        }
        problems
    }

    fn index(&self) -> &UnitIndex {
        self.index.get_or_init(|| UnitIndex::build(self))
    }

    /// Reads what is needed to find units by code offset, so that the first question does not
    /// have to.
    pub fn build_index(&self) {
        self.index();
    }

    /// The units that have code, rising.
    pub fn units_with_code(&self) -> Vec<u32> {
        self.index().units_with_code(self)
    }

    /// The source files that units with code name.
    pub fn files(&self) -> &FileIndex {
        self.files.get_or_init(|| FileIndex::build(self))
    }

    /// The units that claim to have code at `offset`, in a fixed order.
    pub fn units_at(&self, offset: u64) -> impl Iterator<Item = u32> {
        self.index().units_at(self, offset)
    }
}

impl<'a> Abbreviations<'a> {
    fn find(section: &'a [u8], headers: &[gimli::UnitHeader<Slice<'a>>]) -> Self {
        let mut starts: Vec<usize> = headers.iter().map(|h| h.debug_abbrev_offset().0).collect();
        starts.sort_unstable();
        starts.dedup();
        let tables = starts.iter().map(|_| OnceLock::new()).collect();
        Abbreviations {
            section,
            starts,
            tables,
        }
    }

    /// The table at this offset. It ends where the next one starts, so that no byte is read
    /// twice, however the units' offsets are chosen.
    fn get(&self, offset: usize) -> Option<Arc<gimli::Abbreviations>> {
        let position = self.starts.binary_search(&offset).ok()?;
        let parse = || {
            let next = self.starts.get(position.checked_add(1)?);
            let end = next.map_or(self.section.len(), |next| *next);
            let bytes = self.section.get(offset..end.min(self.section.len()))?;
            let section = gimli::DebugAbbrev::new(bytes, LittleEndian);
            let table = section.abbreviations(gimli::DebugAbbrevOffset(0)).ok()?;
            Some(Arc::new(table))
        };
        self.tables.get(position)?.get_or_init(parse).clone()
    }
}
