//! One unit: what its root DIE says.
//!
//! gimli would read the header of the line program, file tables and all, along with every unit,
//! and give up the unit when that header is damaged. Here the root DIE is read alone, and the line
//! program when a line is asked for.

use super::attributes::string;
use super::ranges::RangeAttributes;
use super::{Budget, Functions, Lines, Slice};
use gimli::{
    AttributeValue, DebugAddrBase, DebugLineOffset, DebugLocListsBase, DebugRngListsBase,
    DebugStrOffsetsBase, Dwarf, UnitHeader,
};
use std::sync::{Arc, OnceLock};

/// A line program with its header parsed.
pub(crate) type LineProgram<'a> = gimli::IncompleteLineProgram<Slice<'a>>;

/// One unit: its header is parsed on opening, the rest when it is first needed.
pub(crate) struct UnitEntry<'a> {
    pub header: UnitHeader<Slice<'a>>,
    /// The unit as it stands in the main sections (a skeleton, if it was split).
    pub(super) root: OnceLock<Option<Root<'a>>>,
    /// The other half of a split unit, when it was found.
    pub(super) split: Option<Box<SplitUnit<'a>>>,
    pub(super) functions: OnceLock<Functions>,
    pub(super) program: OnceLock<Option<LineProgram<'a>>>,
    pub(super) files: OnceLock<Box<[OnceLock<Arc<str>>]>>,
    pub(super) lines: OnceLock<Option<Lines>>,
}

impl<'a> UnitEntry<'a> {
    pub fn new(header: UnitHeader<Slice<'a>>) -> Self {
        UnitEntry {
            header,
            root: OnceLock::new(),
            split: None,
            functions: OnceLock::new(),
            program: OnceLock::new(),
            files: OnceLock::new(),
            lines: OnceLock::new(),
        }
    }
}

/// The half of a split unit that lies in a `.dwo` or `.dwp` file.
pub(crate) struct SplitUnit<'a> {
    pub dwarf: Dwarf<Slice<'a>>,
    pub unit: gimli::Unit<Slice<'a>>,
}

/// What the root DIE of a unit says.
pub(crate) struct Root<'a> {
    /// As gimli would parse it, without the line program.
    pub unit: gimli::Unit<Slice<'a>>,
    /// Where the unit claims to have code.
    pub place: RangeAttributes<'a>,
    /// Where the line program is.
    pub line_program: Option<DebugLineOffset>,
    pub language: Option<gimli::DwLang>,
    pub producer: Option<&'a [u8]>,
    /// The file with the other half of the unit.
    pub split_name: Option<&'a [u8]>,
}

impl<'a> Root<'a> {
    /// Reads the root DIE; `None` when it is damaged.
    pub fn parse(
        dwarf: &Dwarf<Slice<'a>>,
        header: UnitHeader<Slice<'a>>,
        abbreviations: Arc<gimli::Abbreviations>,
    ) -> Option<Self> {
        let encoding = header.encoding();
        let file = dwarf.file_type;
        let dwo_id = match header.type_() {
            gimli::UnitType::Skeleton(id) | gimli::UnitType::SplitCompilation(id) => Some(id),
            _ => None,
        };
        let mut unit = gimli::Unit {
            abbreviations,
            name: None,
            comp_dir: None,
            low_pc: 0,
            str_offsets_base: DebugStrOffsetsBase::default_for_encoding_and_file(encoding, file),
            addr_base: DebugAddrBase(0),
            loclists_base: DebugLocListsBase::default_for_encoding_and_file(encoding, file),
            rnglists_base: DebugRngListsBase::default_for_encoding_and_file(encoding, file),
            line_program: None,
            dwo_id,
            header,
        };
        let attributes = root_attributes(&unit)?;
        let mut line_program = None;
        // The bases first: other attributes are read with their help.
        for (name, value) in &attributes {
            match (*name, value) {
                (gimli::DW_AT_str_offsets_base, AttributeValue::DebugStrOffsetsBase(base)) => {
                    unit.str_offsets_base = *base;
                }
                (
                    gimli::DW_AT_addr_base | gimli::DW_AT_GNU_addr_base,
                    AttributeValue::DebugAddrBase(base),
                ) => unit.addr_base = *base,
                (gimli::DW_AT_loclists_base, AttributeValue::DebugLocListsBase(base)) => {
                    unit.loclists_base = *base;
                }
                (
                    gimli::DW_AT_rnglists_base | gimli::DW_AT_GNU_ranges_base,
                    AttributeValue::DebugRngListsBase(base),
                ) => unit.rnglists_base = *base,
                (gimli::DW_AT_stmt_list, AttributeValue::DebugLineRef(offset)) => {
                    line_program = Some(*offset);
                }
                (gimli::DW_AT_GNU_dwo_id, AttributeValue::DwoId(id)) => {
                    unit.dwo_id = unit.dwo_id.or(Some(*id));
                }
                _ => {}
            }
        }
        let mut root = Root {
            unit,
            place: RangeAttributes::default(),
            line_program,
            language: None,
            producer: None,
            split_name: None,
        };
        for (name, value) in attributes {
            root.take(dwarf, name, value);
        }
        Some(root)
    }

    fn take(
        &mut self,
        dwarf: &Dwarf<Slice<'a>>,
        name: gimli::DwAt,
        value: AttributeValue<Slice<'a>>,
    ) {
        let unit = self.unit.unit_ref(dwarf);
        let slice = |text: Option<&'a [u8]>| text.map(|text| Slice::new(text, gimli::LittleEndian));
        match name {
            gimli::DW_AT_name => {
                let text = slice(string(unit, &value));
                self.unit.name = text;
            }
            gimli::DW_AT_comp_dir => {
                let text = slice(string(unit, &value));
                self.unit.comp_dir = text;
            }
            gimli::DW_AT_producer => self.producer = string(unit, &value),
            gimli::DW_AT_dwo_name | gimli::DW_AT_GNU_dwo_name => {
                self.split_name = string(unit, &value);
            }
            gimli::DW_AT_language => {
                if let AttributeValue::Language(language) = value {
                    self.language = Some(language);
                }
            }
            gimli::DW_AT_low_pc => {
                self.place.take(unit, name, value);
                let low = dwarf.attr_address(&self.unit, value).ok().flatten();
                self.unit.low_pc = low.unwrap_or(0);
            }
            name => self.place.take(unit, name, value),
        }
    }
}

type Attribute<'a> = (gimli::DwAt, AttributeValue<Slice<'a>>);

fn root_attributes<'a>(unit: &gimli::Unit<Slice<'a>>) -> Option<Vec<Attribute<'a>>> {
    let mut entries = unit.entries_raw(None).ok()?;
    let abbreviation = entries.read_abbreviation().ok()??;
    let mut attributes = Vec::with_capacity(abbreviation.attributes().len());
    for spec in abbreviation.attributes() {
        let attribute = entries.read_attribute(*spec).ok()?;
        attributes.push((attribute.name(), attribute.value()));
    }
    Some(attributes)
}

/// Reads the header of a line program. Many units may share one; not so many that reading it each
/// time takes forever, or all memory.
pub(super) fn line_program<'a>(
    dwarf: &Dwarf<Slice<'a>>,
    root: &Root<'a>,
    budget: &Budget,
) -> Option<LineProgram<'a>> {
    if budget.is_spent() {
        return None;
    }
    let (offset, unit) = (root.line_program?, &root.unit);
    let size = unit.header.address_size();
    let program = dwarf
        .debug_line
        .program(offset, size, unit.comp_dir, unit.name);
    let program = program.ok()?;
    budget.spend(64 + program.header().header_length() as u64);
    Some(program)
}
