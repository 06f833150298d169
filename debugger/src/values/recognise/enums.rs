//! Enums, with data and without. A discriminant that no variant has is not a value of the type.

use super::record;
use crate::values::Reader;
use crate::values::memory::Typed;
use crate::values::scalar;
use crate::values::view::{Member, View};
use wasmscope_symbols::types::{Enumeration, Fields, Style, Variants};
use wasmscope_symbols::{TypeKind, Unavailable};

/// An enum whose variants carry data.
pub(super) fn variants(
    reader: &Reader<'_>,
    typed: &Typed,
    variants: &Variants,
) -> Result<View, Unavailable> {
    if let Some(problem) = variants.problem {
        return Err(Unavailable::malformed(problem));
    }
    let bits = match variants.discriminant {
        Some(discriminant) => {
            let place = typed.slot.at(discriminant.offset)?;
            place.number(reader.memory, discriminant.size)?
        }
        None => 0,
    };
    let Some(variant) = variants.select(bits) else {
        return Err(Unavailable::Other(
            if variants.variants.is_empty() {
                "its type has no values".to_owned()
            } else {
                format!(
                    "the bytes here are no {} (no variant {bits})",
                    typed.ty.name
                )
            }
            .into(),
        ));
    };
    let unit = || View::Word(variant.name.to_string());
    let Some(body) = &variant.body else {
        return Ok(unit());
    };
    let place = typed.slot.at(body.offset)?;
    let body = reader.typed(body.type_id, place);
    let TypeKind::Struct(fields) = &body.ty.kind else {
        // Not how rustc writes it: the one field of the variant.
        let only = Fields {
            fields: variant.body.iter().cloned().collect(),
            style: Style::TupleStruct,
            ..Fields::default()
        };
        return Ok(record(reader, typed, variant.name.to_string(), &only));
    };
    // The states of coroutines are numbered, and their structs named.
    let numbered = variant.name.bytes().all(|byte| byte.is_ascii_digit());
    let name = if numbered {
        &body.ty.name
    } else {
        &variant.name
    };
    let mut view = record(reader, &body, name.to_string(), fields);
    if let View::Record { fields, .. } = &mut view {
        let common = variants.common.iter();
        fields.extend(common.map(|field| Member::new(reader, field, &typed.slot)));
    }
    Ok(view)
}

/// An enum without data.
pub(super) fn enumeration(
    reader: &Reader<'_>,
    typed: &Typed,
    enumeration: &Enumeration,
) -> Result<View, Unavailable> {
    let size = typed.ty.size.unwrap_or(0);
    let bits = typed.slot.number(reader.memory, size)?;
    let bits = if enumeration.signed {
        scalar::signed(bits, size) as u128
    } else {
        bits
    };
    if let Some(name) = enumeration.name_of(bits) {
        return Ok(View::Word(name.to_string()));
    }
    let number = if enumeration.signed {
        (bits as i128).to_string()
    } else {
        bits.to_string()
    };
    if typed.ty.rust {
        return Err(Unavailable::Other(
            format!(
                "the bytes here are no {} (no variant {number})",
                typed.ty.name
            )
            .into(),
        ));
    }
    // In C an enum may hold any number.
    Ok(View::Word(number))
}
