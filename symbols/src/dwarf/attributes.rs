//! Reading single attributes: strings, and the names of DIEs through their origins.

use super::{DebugInfo, DieId, Slice};
use crate::frames::SourceLocation;
use gimli::{AttributeValue, Section, UnitRef};
use std::sync::Arc;

/// How long a name may be, in bytes; what is longer is cut. Names of deeply nested generics do
/// get to several thousand.
pub(super) const MAX_NAME: usize = 16 * 1024;

/// How many references (`DW_AT_abstract_origin`, `DW_AT_specification`) are followed from a DIE
/// to its name.
const MAX_HOPS: usize = 16;

/// The bytes up to the first NUL, or `None` when there is none within [`MAX_NAME`] and the bytes
/// end before.
fn until_nul(bytes: &[u8]) -> Option<&[u8]> {
    let part = bytes.get(..MAX_NAME).unwrap_or(bytes);
    match part.iter().position(|byte| *byte == 0) {
        Some(end) => part.get(..end),
        None if part.len() < bytes.len() => Some(part),
        None => None,
    }
}

/// A string attribute's bytes, cut at [`MAX_NAME`]. Unlike gimli's own reading, the work does not
/// grow with the length of what stands behind an offset.
pub(crate) fn string<'a>(
    unit: UnitRef<'_, Slice<'a>>,
    value: &AttributeValue<Slice<'a>>,
) -> Option<&'a [u8]> {
    let at = |section: &Slice<'a>, offset: usize| until_nul(section.slice().get(offset..)?);
    match *value {
        AttributeValue::String(text) => Some(text.slice().get(..MAX_NAME).unwrap_or(text.slice())),
        AttributeValue::DebugStrRef(offset) => at(unit.dwarf.debug_str.reader(), offset.0),
        AttributeValue::DebugLineStrRef(offset) => at(unit.dwarf.debug_line_str.reader(), offset.0),
        AttributeValue::DebugStrOffsetsIndex(index) => {
            let offset = unit.string_offset(index).ok()?;
            at(unit.dwarf.debug_str.reader(), offset.0)
        }
        _ => None,
    }
}

/// What a function's DIE, or those it refers to, say about its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RawName<'a> {
    /// The linkage name if there is one, or else the source name.
    pub name: Option<&'a [u8]>,
    /// Whether it is a linkage name.
    pub linkage: bool,
    /// The DIE that bears it.
    pub origin: Option<DieId>,
}

impl<'a> DebugInfo<'a> {
    /// The name of the function (or inlined call) whose DIE this is: the linkage name of the
    /// nearest DIE on the way through its origins that has any name, else that DIE's own name.
    pub fn function_name(&self, die: DieId) -> RawName<'a> {
        let mut at = die;
        for _ in 0..MAX_HOPS {
            let Some(step) = self.name_step(at) else {
                break;
            };
            if step.name.is_some() {
                return RawName {
                    name: step.name,
                    linkage: step.linkage,
                    origin: Some(at),
                };
            }
            match step.next {
                Some(next) => at = next,
                None => break,
            }
        }
        RawName::default()
    }

    /// Where the function (or the function of an inlined call) is declared, found through its
    /// origins.
    pub fn declared_at(&self, die: DieId) -> Option<SourceLocation> {
        let mut at = die;
        for _ in 0..MAX_HOPS {
            let unit = self.unit(at.unit)?;
            let mut entries = unit.entries_raw(Some(at.unit_offset())).ok()?;
            let abbreviation = entries.read_abbreviation().ok()??;
            let (mut file, mut line, mut next) = (None, None, None);
            for spec in abbreviation.attributes() {
                let attribute = entries.read_attribute(*spec).ok()?;
                match attribute.name() {
                    gimli::DW_AT_decl_file => match attribute.value() {
                        AttributeValue::FileIndex(index) => file = Some(index),
                        value => file = value.udata_value(),
                    },
                    gimli::DW_AT_decl_line => line = attribute.udata_value(),
                    gimli::DW_AT_abstract_origin | gimli::DW_AT_specification => {
                        next = self.resolve(at.unit, &attribute.value());
                    }
                    _ => {}
                }
            }
            if let (Some(file), Some(line)) = (file, line) {
                let line = u32::try_from(line).ok().filter(|line| *line != 0);
                return Some(SourceLocation {
                    file: Arc::clone(self.file(at.unit, file)?),
                    line,
                    column: None,
                });
            }
            at = next?;
        }
        None
    }

    fn name_step(&self, die: DieId) -> Option<NameStep<'a>> {
        let unit = self.unit(die.unit)?;
        let mut entries = unit.entries_raw(Some(die.unit_offset())).ok()?;
        let abbreviation = entries.read_abbreviation().ok()??;
        let mut step = NameStep::default();
        for spec in abbreviation.attributes() {
            let attribute = entries.read_attribute(*spec).ok()?;
            match attribute.name() {
                gimli::DW_AT_linkage_name | gimli::DW_AT_MIPS_linkage_name => {
                    if let Some(name) = string(unit, &attribute.value()) {
                        step.name = Some(name);
                        step.linkage = true;
                    }
                }
                gimli::DW_AT_name if !step.linkage => {
                    if let Some(name) = string(unit, &attribute.value()) {
                        step.name = Some(name);
                    }
                }
                gimli::DW_AT_abstract_origin | gimli::DW_AT_specification => {
                    step.next = self.resolve(die.unit, &attribute.value());
                }
                _ => {}
            }
        }
        Some(step)
    }
}

#[derive(Default)]
struct NameStep<'a> {
    name: Option<&'a [u8]>,
    linkage: bool,
    next: Option<DieId>,
}
