//! Bytes of memory, as `x` shows them.

use crate::report::{escape, grouped};
use std::fmt::Write as _;
use wasmscope_debugger::protocol::MemoryOwner;

/// What `x` shows: gdb's `/16xb`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Examine {
    /// How many units.
    pub count: u64,
    /// How to write each.
    pub format: UnitFormat,
    /// How large each is.
    pub unit: Unit,
}

/// How a unit of memory is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnitFormat {
    /// Hexadecimal.
    Hex,
    /// Decimal with a sign.
    Decimal,
    /// Decimal without one.
    Unsigned,
    /// Octal.
    Octal,
    /// Binary.
    Binary,
    /// As characters.
    Char,
    /// A floating point number.
    Float,
    /// Text up to a zero byte.
    Text,
}

/// The size of a unit: gdb's letters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// One byte.
    Byte,
    /// Two.
    Half,
    /// Four.
    Word,
    /// Eight.
    Giant,
}

impl Unit {
    /// Its size in bytes.
    pub fn bytes(self) -> usize {
        match self {
            Unit::Byte => 1,
            Unit::Half => 2,
            Unit::Word => 4,
            Unit::Giant => 8,
        }
    }
}

/// Bytes at `address` as lines, and how many of them that was.
pub fn examined(address: u64, bytes: &[u8], how: Examine) -> (String, u64) {
    if how.format == UnitFormat::Text {
        return texts(address, bytes, how.count);
    }
    let size = how.unit.bytes();
    let per_line = match (how.unit, how.format) {
        (_, UnitFormat::Binary) => 8usize.div_ceil(size).max(1),
        (Unit::Byte, _) => 8,
        _ => 16usize.div_ceil(size).max(1),
    };
    let mut out = String::new();
    let line_bytes = per_line.saturating_mul(size);
    let mut at = address;
    for line in bytes.chunks(line_bytes) {
        let _ = write!(out, "{at:#010x}:");
        for unit in line.chunks(size) {
            let _ = match unit.len() == size {
                true => write!(out, " {}", one(unit, how)),
                // Memory ends within it.
                false => write!(out, " <cut>"),
            };
        }
        if how.format == UnitFormat::Hex && how.unit == Unit::Byte {
            let missing = line_bytes.saturating_sub(line.len());
            let ascii: String = line.iter().map(|byte| printable(*byte)).collect();
            let _ = write!(out, "{}  {ascii}", "     ".repeat(missing));
        }
        out.push('\n');
        at = at.saturating_add(u64::try_from(line.len()).unwrap_or(0));
    }
    (out, at.saturating_sub(address))
}

/// What lies at an address: `order.id + 2 (4 bytes at 0x1000), variable of frame 2`.
pub fn owner_line(owner: &MemoryOwner, address: u64) -> String {
    let mut out = escape::line(&owner.name);
    match address.saturating_sub(owner.address) {
        _ if out.is_empty() => {}
        0 => out.push(' '),
        offset => {
            let _ = write!(out, " + {offset} ");
        }
    }
    let bytes = match owner.length {
        1 => "1 byte".to_owned(),
        length => format!(
            "{} bytes",
            grouped(usize::try_from(length).unwrap_or(usize::MAX))
        ),
    };
    let _ = match out.is_empty() {
        true => write!(out, "{} ({bytes} at {:#x})", owner.what(), owner.address),
        false => write!(out, "({bytes} at {:#x}), {}", owner.address, owner.what()),
    };
    out
}

fn printable(byte: u8) -> char {
    match byte {
        0x20..=0x7e => char::from(byte),
        _ => '.',
    }
}

fn one(unit: &[u8], how: Examine) -> String {
    let mut wide = [0u8; 8];
    for (to, from) in wide.iter_mut().zip(unit) {
        *to = *from;
    }
    let number = u64::from_le_bytes(wide);
    let bits = u32::try_from(unit.len().saturating_mul(8))
        .unwrap_or(64)
        .min(64);
    let shift = 64u32.saturating_sub(bits);
    let signed = i64::from_le_bytes(wide)
        .wrapping_shl(shift)
        .wrapping_shr(shift);
    let digits = usize::try_from(bits / 4).unwrap_or(16);
    match how.format {
        UnitFormat::Hex => format!("{number:#0width$x}", width = digits + 2),
        UnitFormat::Decimal => signed.to_string(),
        UnitFormat::Unsigned => number.to_string(),
        UnitFormat::Octal => format!("{number:#o}"),
        UnitFormat::Binary => format!("{number:#0width$b}", width = digits * 4 + 2),
        UnitFormat::Char | UnitFormat::Text => {
            let shown = u32::try_from(number).ok().and_then(char::from_u32);
            match shown.filter(|c| how.unit != Unit::Byte || c.is_ascii()) {
                Some(c) => format!("'{}'", escape::line(&c.to_string())),
                None => format!("{number:#x}"),
            }
        }
        UnitFormat::Float => match how.unit {
            Unit::Giant => f64::from_bits(number).to_string(),
            _ => f32::from_bits(u32::try_from(number).unwrap_or(0)).to_string(),
        },
    }
}

/// Texts, each up to a zero byte.
fn texts(address: u64, bytes: &[u8], count: u64) -> (String, u64) {
    let mut out = String::new();
    let (mut at, mut rest, mut left) = (address, bytes, count);
    while left > 0 && !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == 0);
        let (text, after) = rest.split_at(end.unwrap_or(rest.len()));
        let shown = String::from_utf8_lossy(text);
        let shown = escape::line(&shown.escape_debug().to_string());
        let open = if end.is_none() { "…" } else { "" };
        let _ = writeln!(out, "{at:#010x}: \"{shown}\"{open}");
        let used = text.len().saturating_add(usize::from(end.is_some()));
        at = at.saturating_add(u64::try_from(used).unwrap_or(0));
        rest = after.get(1..).unwrap_or_default();
        left -= 1;
    }
    (out, at.saturating_sub(address))
}
