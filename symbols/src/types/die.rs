//! Reading attributes and walking DIEs: the small bounded steps that types, variables and
//! locations are made of. What the DIEs mean is not known here.

use crate::dwarf::{DebugInfo, DieId, Slice};
use gimli::{AttributeValue, DwAt, UnitOffset, UnitRef};
use std::sync::Arc;

/// A DIE as gimli reads it.
pub(crate) type Entry<'a> = gimli::DebuggingInformationEntry<Slice<'a>>;

/// Longest name kept, in bytes; monomorphised iterators can reach this.
const MAX_NAME: usize = 8 * 1024;

/// What to do after a DIE has been visited.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visit {
    /// Visit its children next.
    Descend,
    /// Go on behind its children.
    Skip,
    /// End the walk.
    Stop,
}

/// The DIE with this id, and its unit.
pub(crate) fn entry<'i, 'a>(
    info: &'i DebugInfo<'a>,
    id: DieId,
) -> Option<(UnitRef<'i, Slice<'a>>, Entry<'a>)> {
    let unit = info.unit(id.unit)?;
    let entry = unit.entry(id.unit_offset()).ok()?;
    Some((unit, entry))
}

/// Visits the DIEs below `root`, parents first, with their depth (children of `root` have 1).
/// Ends quietly at malformed data: what was read before it stands.
pub(crate) fn walk<'a>(
    unit: &UnitRef<'_, Slice<'a>>,
    root: UnitOffset,
    mut visit: impl FnMut(&Entry<'a>, isize) -> Visit,
) {
    let Ok(mut entries) = unit.entries_raw(Some(root)) else {
        return;
    };
    let mut entry = Entry::null();
    match entries.read_entry(&mut entry) {
        Ok(true) if entry.has_children() => {}
        _ => return,
    }
    let mut skip_below = isize::MAX;
    while !entries.is_empty() && entries.next_depth() > 0 {
        let depth = entries.next_depth();
        if depth > skip_below {
            let Ok(abbreviation) = entries.read_abbreviation() else {
                return;
            };
            let Some(abbreviation) = abbreviation else {
                continue;
            };
            if entries.skip_attributes(abbreviation.attributes()).is_err() {
                return;
            }
            continue;
        }
        skip_below = isize::MAX;
        match entries.read_entry(&mut entry) {
            Ok(true) => {}
            Ok(false) => continue,
            Err(_) => return,
        }
        match visit(&entry, depth) {
            Visit::Descend => {}
            Visit::Skip => skip_below = depth,
            Visit::Stop => return,
        }
    }
}

/// Visits the children of `root`, not theirs.
pub(crate) fn children<'a>(
    unit: &UnitRef<'_, Slice<'a>>,
    root: UnitOffset,
    mut visit: impl FnMut(&Entry<'a>),
) {
    walk(unit, root, |entry, _| {
        visit(entry);
        Visit::Skip
    });
}

/// The DIE that an attribute refers to, in this unit or another one.
pub(crate) fn reference<'a>(
    info: &DebugInfo<'a>,
    unit: u32,
    entry: &Entry<'a>,
    name: DwAt,
) -> Option<DieId> {
    info.resolve(unit, &entry.attr_value(name)?)
}

/// A string attribute: cut to a sane length, invalid UTF-8 replaced, control characters replaced
/// (names go to terminals).
pub(crate) fn string<'a>(
    unit: &UnitRef<'_, Slice<'a>>,
    entry: &Entry<'a>,
    name: DwAt,
) -> Option<Arc<str>> {
    let bytes = crate::dwarf::string(*unit, &entry.attr_value(name)?)?;
    Some(clean(bytes))
}

/// Text out of debug info, fit to be shown.
pub(crate) fn clean(bytes: &[u8]) -> Arc<str> {
    let bytes = bytes.get(..MAX_NAME).unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    if text.chars().any(char::is_control) {
        return text
            .chars()
            .map(|c| if c.is_control() { '\u{fffd}' } else { c })
            .collect::<String>()
            .into();
    }
    text.into()
}

/// The name of a DIE.
pub(crate) fn name<'a>(unit: &UnitRef<'_, Slice<'a>>, entry: &Entry<'a>) -> Option<Arc<str>> {
    string(unit, entry, gimli::DW_AT_name)
}

/// A constant that is not negative.
pub(crate) fn unsigned<'a>(entry: &Entry<'a>, name: DwAt) -> Option<u64> {
    entry.attr_value(name)?.udata_value()
}

/// Whether a flag is set.
pub(crate) fn flag<'a>(entry: &Entry<'a>, name: DwAt) -> bool {
    matches!(entry.attr_value(name), Some(AttributeValue::Flag(true)))
}

/// A constant of any width and form as 128 bits: extended as `signed` says where the form itself
/// says nothing. Blocks are little-endian, as the rest of Wasm is.
///
/// LLVM writes a negative number as `DW_FORM_data1` too, so a fixed-size form has the sign of the
/// type it is a value of.
pub(crate) fn constant(value: &AttributeValue<Slice<'_>>, signed: bool) -> Option<u128> {
    let extend = |bits: u128, bytes: usize| {
        if signed {
            sign_extend(bits, bytes as u64)
        } else {
            bits
        }
    };
    Some(match value {
        AttributeValue::Data1(v) => extend(u128::from(*v), 1),
        AttributeValue::Data2(v) => extend(u128::from(*v), 2),
        AttributeValue::Data4(v) => extend(u128::from(*v), 4),
        AttributeValue::Data8(v) => extend(u128::from(*v), 8),
        AttributeValue::Data16(v) => *v,
        AttributeValue::Udata(v) => u128::from(*v),
        AttributeValue::Sdata(v) => i128::from(*v) as u128,
        AttributeValue::Block(block) | AttributeValue::Exprloc(gimli::Expression(block)) => {
            let bytes = block.slice();
            extend(little_endian(bytes)?, bytes.len())
        }
        _ => return None,
    })
}

/// Up to 16 bytes as a number, least significant first.
pub(crate) fn little_endian(bytes: &[u8]) -> Option<u128> {
    let mut wide = [0u8; 16];
    wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(u128::from_le_bytes(wide))
}

/// The lowest `bytes` bytes of `bits`, the sign in their highest bit spread to 128 bits.
pub(crate) fn sign_extend(bits: u128, bytes: u64) -> u128 {
    match bytes {
        0 => 0,
        1..=15 => {
            let unused = 128 - 8 * bytes as u32;
            (((bits << unused) as i128) >> unused) as u128
        }
        _ => bits,
    }
}

/// The lowest `bytes` bytes of `bits`.
pub(crate) fn truncate(bits: u128, bytes: u64) -> u128 {
    match bytes {
        0 => 0,
        1..=15 => bits & ((1u128 << (8 * bytes as u32)) - 1),
        _ => bits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_extended_and_cut() {
        assert_eq!(sign_extend(0xff, 1), u128::MAX);
        assert_eq!(sign_extend(0x7f, 1), 0x7f);
        assert_eq!(sign_extend(u128::MAX >> 1, 16), u128::MAX >> 1);
        assert_eq!(sign_extend(0x1ff, 1), u128::MAX);
        assert_eq!(truncate(u128::MAX, 8), u128::from(u64::MAX));
        assert_eq!(truncate(u128::MAX, 16), u128::MAX);
        assert_eq!(truncate(u128::MAX, 200), u128::MAX);
    }

    #[test]
    fn a_fixed_size_constant_has_the_sign_of_its_type() {
        let minus_one = AttributeValue::Data1(0xff);
        assert_eq!(constant(&minus_one, true), Some(u128::MAX));
        assert_eq!(constant(&minus_one, false), Some(0xff));
        assert_eq!(constant(&AttributeValue::Sdata(-1), false), Some(u128::MAX));
        assert_eq!(constant(&AttributeValue::Flag(true), false), None);
    }

    #[test]
    fn names_cannot_carry_escape_sequences() {
        assert_eq!(&*clean(b"a\x1b[31mb"), "a\u{fffd}[31mb");
    }
}
