//! From the pieces of an evaluated location to the bytes of the value: which are known, and why
//! the others are not. A piece without a location is an optimised-out part, not a zero.

use super::evaluate::Evaluated;
use super::{FrameState, Place, Unavailable};
use crate::dwarf::Slice;
use gimli::{Location, Piece, Value};
use std::ops::Range;

/// Largest value put together out of pieces, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// The bytes of a value that is not in memory as a whole.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PartialBytes {
    /// The bytes; those in gaps mean nothing.
    pub bytes: Vec<u8>,
    /// The parts that are not known, rising.
    pub gaps: Vec<Gap>,
}

/// A part of a value that is not known.
#[derive(Clone, PartialEq, Debug)]
pub struct Gap {
    /// Which bytes.
    pub range: Range<u64>,
    /// Why.
    pub reason: Unavailable,
}

impl PartialBytes {
    /// The bytes in `range`.
    ///
    /// # Errors
    /// When some of them are not known, or there are not that many.
    pub fn get(&self, range: Range<u64>) -> Result<&[u8], Unavailable> {
        let touches = |gap: &&Gap| gap.range.start < range.end && range.start < gap.range.end;
        if let Some(gap) = self.gaps.iter().find(touches) {
            return Err(gap.reason.clone());
        }
        let start = usize::try_from(range.start).ok();
        let end = usize::try_from(range.end).ok();
        start
            .zip(end)
            .and_then(|(start, end)| self.bytes.get(start..end))
            .ok_or_else(|| Unavailable::malformed("its location is shorter than its type"))
    }
}

/// The place that an evaluated location stands for; `size` is that of the value.
pub(super) fn settle(
    evaluated: Evaluated<'_>,
    size: Option<u64>,
    state: &dyn FrameState,
) -> Result<Place, Unavailable> {
    if let [piece] = &*evaluated.pieces
        && piece.size_in_bits.is_none()
    {
        if let Location::Address { address } = piece.location {
            return Ok(Place::Memory(address));
        }
        let bytes = bytes_of(&piece.location, evaluated.generic_bytes)?;
        return constant_bytes(&bytes, size);
    }
    let mut parts = PartialBytes::default();
    for piece in &evaluated.pieces {
        append(&mut parts, piece, evaluated.generic_bytes, state)?;
    }
    let len = parts.bytes.len() as u64;
    if let Some(size) = size.filter(|size| *size > len) {
        parts.gaps.push(Gap {
            range: len..size,
            reason: Unavailable::OptimisedOut,
        });
        parts
            .bytes
            .resize(usize::try_from(size.min(MAX_BYTES)).unwrap_or(0), 0);
    }
    let known = parts.bytes.len() as u64;
    let missing: u64 = parts
        .gaps
        .iter()
        .map(|gap| gap.range.end.saturating_sub(gap.range.start))
        .fold(0, u64::saturating_add);
    match parts.gaps.first() {
        Some(gap) if missing >= known => Err(gap.reason.clone()),
        _ => Ok(Place::Bytes(parts)),
    }
}

/// Appends a piece to the parts, as bytes or as a gap.
fn append(
    parts: &mut PartialBytes,
    piece: &Piece<Slice<'_>>,
    generic_bytes: u8,
    state: &dyn FrameState,
) -> Result<(), Unavailable> {
    let bits = piece.size_in_bits.unwrap_or(0);
    let bit_offset = piece.bit_offset.unwrap_or(0);
    if !bits.is_multiple_of(8) || !bit_offset.is_multiple_of(8) {
        return Err(Unavailable::malformed(
            "its location has parts of single bits",
        ));
    }
    let size = bits / 8;
    let start = parts.bytes.len() as u64;
    let end = start.saturating_add(size);
    if end > MAX_BYTES {
        return Err(Unavailable::malformed("its location has too many parts"));
    }
    let length = usize::try_from(size).unwrap_or(0);
    match piece_bytes(piece, bit_offset / 8, length, generic_bytes, state) {
        Ok(bytes) => parts.bytes.extend_from_slice(&bytes),
        Err(reason) => {
            parts.gaps.push(Gap {
                range: start..end,
                reason,
            });
            parts.bytes.resize(parts.bytes.len() + length, 0);
        }
    }
    Ok(())
}

/// The bytes of one piece: `length` of them, from `skip` on.
fn piece_bytes(
    piece: &Piece<Slice<'_>>,
    skip: u64,
    length: usize,
    generic_bytes: u8,
    state: &dyn FrameState,
) -> Result<Vec<u8>, Unavailable> {
    if let Location::Address { address } = piece.location {
        let mut bytes = vec![0; length];
        state.read(address.wrapping_add(skip), &mut bytes)?;
        return Ok(bytes);
    }
    let bytes = bytes_of(&piece.location, generic_bytes)?;
    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
    skip.checked_add(length)
        .and_then(|end| bytes.get(skip..end))
        .map(<[u8]>::to_vec)
        .ok_or_else(|| Unavailable::malformed("a part of its location is shorter than it says"))
}

/// The bytes that a location outside of memory holds.
fn bytes_of(location: &Location<Slice<'_>>, generic_bytes: u8) -> Result<Vec<u8>, Unavailable> {
    match location {
        Location::Empty => Err(Unavailable::OptimisedOut),
        Location::Value { value } => Ok(value_bytes(*value, generic_bytes)),
        Location::Bytes { value } => Ok(value.slice().to_vec()),
        Location::ImplicitPointer { .. } => Err(Unavailable::ImplicitPointer),
        Location::Register { .. } => Err(Unavailable::malformed(
            "it is said to be in a machine register, which Wasm does not have",
        )),
        Location::Address { .. } => Err(Unavailable::malformed("an address where a value was due")),
    }
}

fn value_bytes(value: Value, generic_bytes: u8) -> Vec<u8> {
    match value {
        Value::Generic(value) => {
            let mut bytes = value.to_le_bytes().to_vec();
            bytes.truncate(usize::from(generic_bytes));
            bytes
        }
        Value::I8(value) => value.to_le_bytes().to_vec(),
        Value::U8(value) => value.to_le_bytes().to_vec(),
        Value::I16(value) => value.to_le_bytes().to_vec(),
        Value::U16(value) => value.to_le_bytes().to_vec(),
        Value::I32(value) => value.to_le_bytes().to_vec(),
        Value::U32(value) => value.to_le_bytes().to_vec(),
        Value::I64(value) => value.to_le_bytes().to_vec(),
        Value::U64(value) => value.to_le_bytes().to_vec(),
        Value::F32(value) => value.to_bits().to_le_bytes().to_vec(),
        Value::F64(value) => value.to_bits().to_le_bytes().to_vec(),
    }
}

/// A value known by its bytes, cut to its type's size; too few are no value.
pub(super) fn constant_bytes(bytes: &[u8], size: Option<u64>) -> Result<Place, Unavailable> {
    let size = size.map_or(Ok(bytes.len()), usize::try_from);
    let bytes = size.ok().and_then(|size| bytes.get(..size));
    match bytes {
        Some(bytes) => Ok(Place::Bytes(PartialBytes {
            bytes: bytes.to_vec(),
            gaps: Vec::new(),
        })),
        None => Err(Unavailable::malformed(
            "its location gives fewer bytes than its type has",
        )),
    }
}

/// The address that a location comes to: what it names in memory, or the value that it is.
pub(super) fn address(evaluated: &Evaluated<'_>) -> Result<u64, Unavailable> {
    let no_address = || Unavailable::malformed("the frame's base is not an address");
    let [piece] = &*evaluated.pieces else {
        return Err(no_address());
    };
    match piece.location {
        Location::Address { address } => Ok(address),
        Location::Value { value } => value.to_u64(u64::MAX).map_err(|_| no_address()),
        _ => Err(no_address()),
    }
}
