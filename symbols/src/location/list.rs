//! Location lists: which expression holds at a place.
//!
//! In DWARF 4's `.debug_loc` a begin of −1 selects a base; wasm-ld marks dropped code by −2
//! there, and other tools by −1, which makes a reader take the expression that follows for
//! addresses. So these lists are read here, by what each pair can mean; those of DWARF 5 say what
//! they mean themselves.

use super::Unavailable;
use crate::dwarf::{DebugInfo, Slice};
use crate::offsets::CodeOffset;
use gimli::{AttributeValue, DwarfFileType, Expression, RawLocListEntry, Reader as _, UnitRef};

/// How many entries of one list are read.
const MAX_ENTRIES: usize = 1 << 16;

/// An expression, and from where on it holds, if something says that.
pub(super) type Holding<'a> = (Expression<Slice<'a>>, Option<CodeOffset>);

/// The expression that holds at `pc`, of the list that an attribute refers to, and from where on it
/// does.
pub(super) fn select<'a>(
    info: &DebugInfo<'a>,
    unit: UnitRef<'_, Slice<'a>>,
    list: AttributeValue<Slice<'a>>,
    pc: CodeOffset,
) -> Result<Holding<'a>, Unavailable> {
    let malformed = |_: gimli::Error| Unavailable::malformed("its location list is malformed");
    let offset = unit
        .attr_locations_offset(list)
        .map_err(malformed)?
        .ok_or_else(|| {
            Unavailable::malformed("its location is of a form that is not known here")
        })?;
    let encoding = unit.encoding();
    let found = if encoding.version <= 4 && unit.dwarf.file_type == DwarfFileType::Main {
        bare(info, unit, offset, pc)
    } else {
        tagged(unit, offset, pc)
    };
    found.map_err(malformed)?.ok_or(Unavailable::NotHere)
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

/// `None` for one of the linker's two marks for dropped code.
fn live(unit: UnitRef<'_, Slice<'_>>, address: u64) -> Option<u64> {
    (address < mask(unit) - 1).then_some(address)
}

/// A list of DWARF 2 to 4: pairs of addresses, counted from a base.
fn bare<'a>(
    info: &DebugInfo<'a>,
    unit: UnitRef<'_, Slice<'a>>,
    offset: gimli::LocationListsOffset,
    pc: CodeOffset,
) -> gimli::Result<Option<Holding<'a>>> {
    let mut input = info.debug_loc;
    input.skip(offset.0)?;
    let size = unit.encoding().address_size;
    let mut base = live(unit, unit.low_pc);
    for _ in 0..MAX_ENTRIES {
        if input.is_empty() {
            break;
        }
        let begin = input.read_address(size)?;
        let end = input.read_address(size)?;
        if begin == 0 && end == 0 {
            break;
        }
        // −1 selects a base; a pair of −1 is dropped code, with an expression behind it.
        if begin == mask(unit) && end != begin {
            base = live(unit, end);
            continue;
        }
        let length = input.read_u16()?;
        let expression = input.split(usize::from(length))?;
        let (Some(begin), Some(base)) = (live(unit, begin), base) else {
            continue;
        };
        let begin = base.wrapping_add(begin);
        if covers(begin, base.wrapping_add(end), pc) {
            return Ok(Some((Expression(expression), Some(CodeOffset(begin)))));
        }
    }
    Ok(None)
}

/// A list of DWARF 5, or of a split unit.
fn tagged<'a>(
    unit: UnitRef<'_, Slice<'a>>,
    offset: gimli::LocationListsOffset,
    pc: CodeOffset,
) -> gimli::Result<Option<Holding<'a>>> {
    let mut base = live(unit, unit.low_pc);
    let mut default = None;
    let mut entries = unit.raw_locations(offset)?;
    for _ in 0..MAX_ENTRIES {
        let Some(entry) = entries.next()? else { break };
        let (begin, end, expression) = match entry {
            RawLocListEntry::BaseAddress { addr } => {
                base = live(unit, addr);
                continue;
            }
            RawLocListEntry::BaseAddressx { addr } => {
                base = live(unit, unit.address(addr)?);
                continue;
            }
            RawLocListEntry::DefaultLocation { data } => {
                default = Some((data, None));
                continue;
            }
            RawLocListEntry::AddressOrOffsetPair { begin, end, data }
            | RawLocListEntry::OffsetPair { begin, end, data } => match base {
                Some(base) => (base.wrapping_add(begin), base.wrapping_add(end), data),
                None => continue,
            },
            RawLocListEntry::StartEnd { begin, end, data } => (begin, end, data),
            RawLocListEntry::StartLength {
                begin,
                length,
                data,
            } => (begin, begin.wrapping_add(length), data),
            RawLocListEntry::StartxEndx { begin, end, data } => {
                (unit.address(begin)?, unit.address(end)?, data)
            }
            RawLocListEntry::StartxLength {
                begin,
                length,
                data,
            } => {
                let begin = unit.address(begin)?;
                (begin, begin.wrapping_add(length), data)
            }
        };
        if live(unit, begin).is_some() && covers(begin, end, pc) {
            return Ok(Some((expression, Some(CodeOffset(begin)))));
        }
    }
    Ok(default)
}

fn covers(begin: u64, end: u64, pc: CodeOffset) -> bool {
    begin <= pc.0 && pc.0 < end
}
