//! Numbers, characters and single bits: from bytes to the word that is shown.

use super::memory::Slot;
use std::sync::Arc;
use wasmscope_symbols::types::{Bits, Encoding};
use wasmscope_symbols::{PartialBytes, Unavailable};

/// A value of a base type of `size` bytes, from its bits.
pub(super) fn word(encoding: Encoding, bits: u128, size: u64) -> Result<String, Unavailable> {
    Ok(match encoding {
        Encoding::Unit => "()".to_owned(),
        Encoding::Never => {
            return Err(Unavailable::Other(
                "a value of type `!` cannot exist".into(),
            ));
        }
        Encoding::Unsigned => bits.to_string(),
        Encoding::Signed => signed(bits, size).to_string(),
        Encoding::Bool => match bits {
            0 => "false".to_owned(),
            1 => "true".to_owned(),
            other => format!("<no bool: {other:#x}>"),
        },
        Encoding::Char => {
            let c = u32::try_from(bits).ok().and_then(char::from_u32);
            match c {
                Some(c) => format!("{c:?}"),
                None => format!("<no char: {bits:#x}>"),
            }
        }
        Encoding::CChar { signed: is_signed } => {
            let number = if is_signed {
                signed(bits, size)
            } else {
                i128::try_from(bits).unwrap_or(i128::MAX)
            };
            match u8::try_from(bits) {
                Ok(byte) if byte.is_ascii_graphic() || byte == b' ' => {
                    format!("{number} {:?}", char::from(byte))
                }
                _ => number.to_string(),
            }
        }
        Encoding::Float => match size {
            2 => format!("{:?}", half(bits as u16)),
            4 => format!("{:?}", f32::from_bits(bits as u32)),
            8 => format!("{:?}", f64::from_bits(bits as u64)),
            16 => quadruple(bits),
            _ => {
                return Err(Unavailable::Other(
                    format!("a float of {size} bytes, with the bits {bits:#x}").into(),
                ));
            }
        },
        Encoding::Other(_) => format!("{bits:#x}"),
    })
}

/// Two's complement of `size` bytes.
pub(crate) fn signed(bits: u128, size: u64) -> i128 {
    match u32::try_from(size) {
        Ok(size @ 1..=15) => {
            let unused = 128 - 8 * size;
            ((bits << unused) as i128) >> unused
        }
        _ => bits as i128,
    }
}

/// IEEE 754 binary16.
pub(crate) fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 0 { 1.0f32 } else { -1.0 };
    let exponent = i32::from((bits >> 10) & 0x1f);
    let fraction = f32::from(bits & 0x3ff);
    match exponent {
        0 => sign * fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        _ => sign * (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    }
}

/// IEEE 754 binary128, as closely as a binary64 has it.
fn quadruple(bits: u128) -> String {
    let sign = if bits >> 127 == 0 { "" } else { "-" };
    let exponent = i32::try_from(bits >> 112 & 0x7fff).unwrap_or(0);
    let fraction = bits & ((1 << 112) - 1);
    // The bits that a binary64 has room for, and those that it has not.
    let (kept, lost) = (fraction >> 60, fraction & ((1 << 60) - 1));
    let power = exponent - 16_383;
    match exponent {
        0 if fraction == 0 => format!("{sign}0.0"),
        0x7fff if fraction == 0 => format!("{sign}inf"),
        0x7fff => "NaN".to_owned(),
        _ if (-1022..=1023).contains(&power) => {
            let biased = u64::try_from(power + 1023).unwrap_or(0);
            let value = f64::from_bits(biased << 52 | u64::try_from(kept).unwrap_or(0));
            let about = if lost == 0 { "" } else { "≈" };
            format!("{about}{sign}{value:?}")
        }
        _ => format!("{sign}0x1.{fraction:028x}p{power}"),
    }
}

/// The bytes of a bit-field's value, as its type would hold them; `number` are the bytes its bits
/// are in.
pub(super) fn bit_field(
    number: u128,
    bits: Bits,
    is_signed: bool,
    size: Option<u64>,
) -> Result<Slot, Unavailable> {
    let too_wide = || Unavailable::malformed("a bit-field wider than its type");
    let offset = u32::try_from(bits.offset).map_err(|_| too_wide())?;
    let width = u32::try_from(bits.size).map_err(|_| too_wide())?;
    let unused = 128u32
        .checked_sub(width)
        .filter(|_| width > 0)
        .ok_or_else(too_wide)?;
    let value = number.checked_shr(offset).ok_or_else(too_wide)? << unused;
    let value = if is_signed {
        ((value as i128) >> unused) as u128
    } else {
        value >> unused
    };
    let size = size
        .and_then(|size| usize::try_from(size).ok())
        .ok_or_else(too_wide)?;
    let bytes = value.to_le_bytes();
    let bytes = bytes.get(..size).ok_or_else(too_wide)?;
    Ok(Slot::Bytes {
        bytes: Arc::new(PartialBytes {
            bytes: bytes.to_vec(),
            gaps: Vec::new(),
        }),
        offset: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_as_rust_prints_them() {
        let table: [(Encoding, u128, u64, &str); 23] = [
            (Encoding::Unsigned, 200, 1, "200"),
            (Encoding::Signed, 0xf8, 1, "-8"),
            (Encoding::Signed, u128::MAX, 16, "-1"),
            (
                Encoding::Unsigned,
                u128::MAX,
                16,
                "340282366920938463463374607431768211455",
            ),
            (Encoding::Bool, 1, 1, "true"),
            (Encoding::Bool, 3, 1, "<no bool: 0x3>"),
            (Encoding::Char, 0xe9, 4, "'é'"),
            (Encoding::Char, 0x1b, 4, "'\\u{1b}'"),
            (Encoding::Char, 0xd800, 4, "<no char: 0xd800>"),
            (
                Encoding::Char,
                u128::MAX,
                4,
                "<no char: 0xffffffffffffffffffffffffffffffff>",
            ),
            (Encoding::Float, 0x3fc0_0000, 4, "1.5"),
            (Encoding::Float, 0x4000_0000_0000_0000, 8, "2.0"),
            (Encoding::Float, 0x7fc0_0000, 4, "NaN"),
            (Encoding::Float, 0xc500, 2, "-5.0"),
            (Encoding::Float, 0x0001, 2, "5.9604645e-8"),
            (Encoding::Float, 0x3ffd << 112, 16, "0.25"),
            (Encoding::Float, 0x000b_fff8 << 108, 16, "-1.5"),
            (Encoding::Float, 0x3fff << 112 | 1, 16, "≈1.0"),
            (Encoding::Float, 0x7fff << 112, 16, "inf"),
            (Encoding::Float, 0, 16, "0.0"),
            (
                Encoding::Float,
                0x7ffe << 112,
                16,
                "0x1.0000000000000000000000000000p16383",
            ),
            (Encoding::CChar { signed: true }, 0x61, 1, "97 'a'"),
            (Encoding::Unit, 0, 0, "()"),
        ];
        for (encoding, bits, size, shown) in table {
            assert_eq!(word(encoding, bits, size).as_deref(), Ok(shown));
        }
    }

    #[test]
    fn bit_fields_are_taken_out_of_their_bytes() {
        let bits = |offset, size| Bits { offset, size };
        let read = |slot: Slot| slot.number(&&[][..], 1);
        assert_eq!(
            read(bit_field(0b1011_0100, bits(2, 3), false, Some(1)).unwrap()),
            Ok(0b101)
        );
        assert_eq!(
            read(bit_field(0b1011_0100, bits(2, 3), true, Some(1)).unwrap()),
            Ok(0b1111_1101)
        );
        assert!(bit_field(0, bits(0, 129), false, Some(1)).is_err());
        assert!(bit_field(0, bits(200, 3), false, Some(1)).is_err());
        assert!(bit_field(0, bits(0, 0), false, Some(1)).is_err());
    }
}
