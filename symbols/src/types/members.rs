//! Fields: where in a value they are, bit-fields included, and how a struct is written.

use super::die::{self, Entry};
use super::{Bits, Field, Fields, Style, TypeId};
use crate::dwarf::{DebugInfo, DieId};
use gimli::{AttributeValue, Operation};
use std::sync::Arc;

/// Most fields kept of one type.
const MAX_FIELDS: usize = 16 * 1024;

/// Most type parameters kept of one type.
const MAX_PARAMETERS: usize = 64;

/// The fields and parameters that stand directly below a struct or union.
pub(super) fn fields(info: &DebugInfo<'_>, id: DieId, rust: bool) -> Fields {
    let mut fields = Fields::default();
    let Some(unit) = info.unit(id.unit) else {
        return fields;
    };
    die::children(&unit, id.unit_offset(), |entry| match entry.tag() {
        gimli::DW_TAG_member | gimli::DW_TAG_inheritance => {
            if let Some(field) = field(info, id.unit, entry) {
                if fields.fields.len() < MAX_FIELDS {
                    fields.fields.push(field);
                } else {
                    fields.truncated = true;
                }
            }
        }
        gimli::DW_TAG_template_type_parameter if fields.parameters.len() < MAX_PARAMETERS => {
            let target = die::reference(info, id.unit, entry, gimli::DW_AT_type);
            if let (Some(name), Some(target)) = (die::name(&unit, entry), target) {
                fields.parameters.push((name, TypeId(target)));
            }
        }
        _ => {}
    });
    if rust {
        settle_style(&mut fields);
    }
    fields
}

/// One field; `None` for a static member, and for what has no place or no type.
pub(super) fn field<'a>(info: &DebugInfo<'a>, unit_index: u32, entry: &Entry<'a>) -> Option<Field> {
    let unit = info.unit(unit_index)?;
    if die::flag(entry, gimli::DW_AT_external) || die::flag(entry, gimli::DW_AT_declaration) {
        return None;
    }
    let type_id = TypeId(die::reference(info, unit_index, entry, gimli::DW_AT_type)?);
    let name = die::name(&unit, entry).unwrap_or_else(|| Arc::from(""));
    let offset = match entry.attr_value(gimli::DW_AT_data_member_location) {
        None => 0,
        Some(AttributeValue::Exprloc(expression)) => constant_offset(expression, unit.encoding())?,
        Some(AttributeValue::Block(block)) => {
            constant_offset(gimli::Expression(block), unit.encoding())?
        }
        Some(value) => value.udata_value()?,
    };
    let mut field = Field {
        name,
        type_id,
        offset,
        bits: None,
    };
    if let Some(size) = die::unsigned(entry, gimli::DW_AT_bit_size) {
        place_bits(info, entry, &mut field, size)?;
    }
    Some(field)
}

/// Puts a bit-field at its lowest bit, counted as little-endian machines do.
fn place_bits<'a>(
    info: &DebugInfo<'a>,
    entry: &Entry<'a>,
    field: &mut Field,
    size: u64,
) -> Option<()> {
    let first = if let Some(bit) = die::unsigned(entry, gimli::DW_AT_data_bit_offset) {
        // DWARF 4 on: from the start of the struct.
        field.offset.checked_mul(8)?.checked_add(bit)?
    } else {
        // DWARF 2 and 3: from the highest bit of the storage unit, downwards.
        let from_top = die::unsigned(entry, gimli::DW_AT_bit_offset).unwrap_or(0);
        let storage = die::unsigned(entry, gimli::DW_AT_byte_size)
            .or_else(|| super::describe::size_of(info, field.type_id.0))?;
        let from_bottom = storage
            .checked_mul(8)?
            .checked_sub(from_top)?
            .checked_sub(size)?;
        field.offset.checked_mul(8)?.checked_add(from_bottom)?
    };
    field.offset = first / 8;
    field.bits = Some(Bits {
        offset: first % 8,
        size,
    });
    Some(())
}

/// The offset that an expression adds to the address of the value; `None` when it does more.
fn constant_offset(
    expression: gimli::Expression<crate::dwarf::Slice<'_>>,
    encoding: gimli::Encoding,
) -> Option<u64> {
    let mut operations = expression.operations(encoding);
    let offset = match operations.next().ok()?? {
        Operation::PlusConstant { value } | Operation::UnsignedConstant { value } => value,
        Operation::SignedConstant { value } => u64::try_from(value).ok()?,
        _ => return None,
    };
    match operations.next() {
        Ok(None) => Some(offset),
        _ => None,
    }
}

/// rustc calls the fields of tuples `__0`, `__1`, …: they are `0`, `1`, … in Rust.
fn settle_style(fields: &mut Fields) {
    let is_tuple = !fields.fields.is_empty()
        && fields.fields.iter().all(|field| {
            field.name.strip_prefix("__").is_some_and(|digits| {
                !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
            })
        });
    if is_tuple {
        fields.style = Style::TupleStruct;
        for field in &mut fields.fields {
            if let Some(digits) = field.name.strip_prefix("__") {
                field.name = digits.into();
            }
        }
    }
}
