//! Enums, with data and without. A discriminant that no variant has is not a value of the type.

use super::record;
use crate::values::Reader;
use crate::values::memory::Typed;
use crate::values::view::{Member, View};
use crate::values::{format, scalar};
use wasmscope_symbols::types::{Encoding, Enumeration, Fields, Style, Variant, Variants};
use wasmscope_symbols::{TypeKind, Unavailable};

/// An enum whose variants carry data.
pub(super) fn variants(
    reader: &Reader<'_>,
    typed: &Typed,
    variants: &Variants,
) -> Result<View, Unavailable> {
    let variant = active(reader, typed, variants)?;
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

/// The variant that a value is.
pub(in crate::values) fn active<'v>(
    reader: &Reader<'_>,
    typed: &Typed,
    variants: &'v Variants,
) -> Result<&'v Variant, Unavailable> {
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
    variants.select(bits).ok_or_else(|| {
        Unavailable::Other(
            if variants.variants.is_empty() {
                "its type has no values".to_owned()
            } else {
                format!(
                    "the bytes here are no {} (no variant {bits})",
                    typed.ty.name
                )
            }
            .into(),
        )
    })
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
        if !format::is_numeric(reader.format) {
            return Ok(View::Word(name.to_string()));
        }
        return typed
            .slot
            .number(reader.memory, size)
            .map(|bits| View::Number {
                encoding: match enumeration.signed {
                    true => Encoding::Signed,
                    false => Encoding::Unsigned,
                },
                bits,
                size,
            });
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
