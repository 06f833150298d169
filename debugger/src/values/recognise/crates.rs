//! Types of crates that many programs use: bytes, uuid, smallvec, arrayvec, bitflags. As with std's, it is their
//! fields that are matched; a version that is built otherwise shows those. Dates and times are in
//! `calendar`.

use super::{address, cells, field, fits, innermost, only_field, peeled, sequences, unsigned};
use crate::values::Reader;
use crate::values::memory::{Slot, Typed};
use crate::values::view::{Member, View};
use wasmscope_symbols::types::Style;
use wasmscope_symbols::{TypeKind, Unavailable};

/// `bytes::Bytes` and `BytesMut`: bytes that mostly are text.
pub(super) fn bytes(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let pointer = field(reader, typed, "ptr")?;
    let pointer = field(reader, &pointer, "pointer").unwrap_or(pointer);
    let (address, _) = address(reader, &pointer)?;
    let len = unsigned(reader, &field(reader, typed, "len")?)?;
    let view = || {
        let (address, len) = (address?, len?);
        if address == 0 || !fits(reader, address, len) {
            return Err(Unavailable::Other(
                format!("the bytes here are no Bytes: {len} bytes at {address:#x}").into(),
            ));
        }
        Ok(View::Marked {
            before: "b".to_owned(),
            view: Box::new(View::Text {
                first: Slot::Memory(address),
                len,
            }),
            after: "",
        })
    };
    Some(view())
}

/// What the `bitflags!` macro makes, in whichever crate: a number, in a newtype of its own. Debug info
/// does not know the names of the bits.
pub(super) fn bit_flags(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let inner = only_field(reader, typed)?;
    if &*inner.ty.name != "InternalBitFlags" {
        return None;
    }
    let number = innermost(reader, &inner)?;
    Some(Ok(View::Record {
        name: super::bare_name(&typed.ty),
        note: String::new(),
        style: Style::TupleStruct,
        fields: vec![Member::of("0", &number)],
        truncated: false,
    }))
}

/// `uuid::Uuid`.
pub(super) fn uuid(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let array = only_field(reader, typed)?;
    let TypeKind::Array(_) = array.ty.kind else {
        return None;
    };
    (array.ty.size == Some(16)).then(|| {
        let bits = array.slot.number(reader.memory, 16)?;
        let hex = format!("{:032x}", bits.swap_bytes());
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        Ok(View::Word(format!(
            "{}-{}-{}-{}-{}",
            part(0, 8),
            part(8, 12),
            part(12, 16),
            part(16, 20),
            part(20, 32)
        )))
    })
}

/// `smallvec::SmallVec`: elements inside of it, or in memory.
pub(super) fn small_vec(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let capacity = unsigned(reader, &field(reader, typed, "capacity")?)?;
    let data = field(reader, typed, "data")?;
    let (inline, pointer, length) = match &data.ty.kind {
        TypeKind::Variants(variants) => {
            let body = |name: &str| {
                let mut variants = variants.variants.iter();
                let variant = variants.find(|variant| &*variant.name == name)?;
                let body = variant.body.as_ref()?;
                Some(reader.typed(body.type_id, data.slot.at(body.offset).ok()?))
            };
            let (inline, heap) = (field(reader, &body("Inline")?, "0")?, body("Heap")?);
            let pointer = field(reader, &heap, "ptr")?;
            (inline, pointer, field(reader, &heap, "len")?)
        }
        // With its feature `union`.
        TypeKind::Union(_) => {
            let inline = peeled(reader, &cells::union_field(reader, &data, "inline")?);
            let heap = cells::union_field(reader, &data, "heap")?;
            let pointer = field(reader, &heap, "0")?;
            (inline, pointer, field(reader, &heap, "1")?)
        }
        _ => return None,
    };
    let inline = cells::initialised(reader, &inline)?;
    let TypeKind::Array(array) = &inline.ty.kind else {
        return None;
    };
    let (element, room, stride) = (array.element, array.count?, array.stride?);
    let pointer = field(reader, &pointer, "pointer").unwrap_or(pointer);
    let (pointer, _) = address(reader, &pointer)?;
    let length = unsigned(reader, &length)?;
    let active = match &data.ty.kind {
        TypeKind::Variants(variants) => Some(super::active(reader, &data, variants)),
        _ => None,
    };
    let view = || {
        // In itself, what is called capacity is the length; beyond its room, it is in memory.
        let capacity = capacity?;
        let in_place = capacity <= room;
        let no = || {
            Err(Unavailable::Other(
                format!("the bytes here are no SmallVec (cap {capacity})").into(),
            ))
        };
        if let Some(active) = active
            && &*active?.name != (if in_place { "Inline" } else { "Heap" })
        {
            return no();
        }
        if in_place {
            return sequences::checked(reader, element, &inline.slot, stride, capacity);
        }
        let (address, len) = (pointer?, length?);
        if len > capacity {
            return no();
        }
        super::owned(reader, address)?;
        sequences::checked(reader, element, &Slot::Memory(address), stride, len)
    };
    Some(view())
}

/// `arrayvec::ArrayVec` and `ArrayString`: the first of the places of an array.
pub(super) fn array_vec(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let places = field(reader, typed, "xs")?;
    let len = unsigned(reader, &field(reader, typed, "len")?)?;
    let TypeKind::Array(array) = &places.ty.kind else {
        return None;
    };
    let (room, stride) = (array.count?, array.stride?);
    let place = reader.typed(array.element, places.slot.clone());
    let element = cells::initialised(reader, &place)?.ty.id;
    let is_text = super::bare_name(&typed.ty) == "ArrayString";
    Some(len.and_then(|len| {
        if len > room {
            return Err(Unavailable::Other(
                format!("the bytes here are no ArrayVec (len {len} of {room})").into(),
            ));
        }
        match is_text {
            true => Ok(View::Text {
                first: places.slot.clone(),
                len,
            }),
            false => sequences::checked(reader, element, &places.slot, stride, len),
        }
    }))
}
