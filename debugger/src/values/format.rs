//! The formats a user can ask for: numbers in another base, as characters, as text.
//!
//! A format is about the numbers in a value, however deep they are. Everything that is no number
//! stays as its type says.

use super::scalar;
use crate::protocol::ValueFormat;
use wasmscope_symbols::types::Encoding;

/// A number as `format` wants it; `None` when it is to be shown as its type says.
///
/// In the bases other than ten the bits are meant, as they are in memory: a negative number in
/// two's complement, a float in IEEE 754.
pub(super) fn number(
    format: ValueFormat,
    encoding: Encoding,
    bits: u128,
    size: u64,
) -> Option<String> {
    if matches!(encoding, Encoding::Unit | Encoding::Never) {
        return None;
    }
    match format {
        ValueFormat::Natural | ValueFormat::Raw | ValueFormat::Text => None,
        ValueFormat::Hex => Some(format!("{bits:#x}")),
        ValueFormat::Octal => Some(format!("{bits:#o}")),
        ValueFormat::Binary => Some(format!("{bits:#b}")),
        ValueFormat::Decimal => match encoding {
            Encoding::Float => None,
            Encoding::Signed | Encoding::CChar { signed: true } => {
                Some(scalar::signed(bits, size).to_string())
            }
            _ => Some(bits.to_string()),
        },
        ValueFormat::Char => match encoding {
            Encoding::Float | Encoding::Bool | Encoding::Char => None,
            _ => character(encoding, bits, size),
        },
    }
}

/// A number and the character it stands for: `97 'a'`.
fn character(encoding: Encoding, bits: u128, size: u64) -> Option<String> {
    let c = u32::try_from(bits).ok().and_then(char::from_u32)?;
    let number = match encoding {
        Encoding::Signed | Encoding::CChar { signed: true } => {
            scalar::signed(bits, size).to_string()
        }
        _ => bits.to_string(),
    };
    Some(format!("{number} {c:?}"))
}

/// Whether numbers are wanted in a base of their own, so that what has a number behind its name
/// (an enum without data, an address) shows the number.
pub(super) fn is_numeric(format: ValueFormat) -> bool {
    match format {
        ValueFormat::Hex | ValueFormat::Decimal | ValueFormat::Octal | ValueFormat::Binary => true,
        ValueFormat::Natural | ValueFormat::Raw | ValueFormat::Char | ValueFormat::Text => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_in_the_base_that_was_asked_for() {
        let signed = Encoding::Signed;
        let table = [
            (ValueFormat::Hex, signed, 0xf8, 1, Some("0xf8")),
            (ValueFormat::Decimal, signed, 0xf8, 1, Some("-8")),
            (
                ValueFormat::Decimal,
                Encoding::Unsigned,
                0xf8,
                1,
                Some("248"),
            ),
            (ValueFormat::Octal, signed, 8, 4, Some("0o10")),
            (ValueFormat::Binary, Encoding::Bool, 1, 1, Some("0b1")),
            (ValueFormat::Char, Encoding::Unsigned, 97, 1, Some("97 'a'")),
            (
                ValueFormat::Char,
                Encoding::Unsigned,
                10,
                1,
                Some("10 '\\n'"),
            ),
            (ValueFormat::Char, Encoding::Unsigned, 0xd800, 4, None),
            (ValueFormat::Hex, Encoding::Char, 0xe9, 4, Some("0xe9")),
            (
                ValueFormat::Hex,
                Encoding::Float,
                0x3fc0_0000,
                4,
                Some("0x3fc00000"),
            ),
            (ValueFormat::Decimal, Encoding::Float, 0x3fc0_0000, 4, None),
            (ValueFormat::Text, signed, 1, 1, None),
            (ValueFormat::Hex, Encoding::Unit, 0, 0, None),
        ];
        for (format, encoding, bits, size, shown) in table {
            let found = number(format, encoding, bits, size);
            assert_eq!(
                found.as_deref(),
                shown,
                "{format:?} of {bits:#x} ({encoding:?})"
            );
        }
    }
}
