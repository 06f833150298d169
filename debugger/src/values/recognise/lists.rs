//! `VecDeque`, `BinaryHeap` and `LinkedList`.

use super::{address, drill, field, sequences, unsigned};
use crate::values::Reader;
use crate::values::items::{Items, ItemsKind, Source};
use crate::values::memory::{Slot, Typed};
use crate::values::view::View;
use wasmscope_symbols::{TypeKind, Unavailable};

/// `VecDeque`: a ring in a buffer.
pub(super) fn deque(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let TypeKind::Struct(fields) = &typed.ty.kind else {
        return None;
    };
    let element = fields.parameter("T")?;
    let stride = reader.symbols.describe_type(element).size?;
    let head = unsigned(reader, &field(reader, typed, "head")?)?;
    let parts = sequences::parts_of(reader, typed)?;
    Some(parts.and_then(|parts| {
        let head = head?;
        let align = sequences::natural_alignment(reader, element, stride);
        parts.check("VecDeque", stride, align, reader)?;
        // What has no size has room for all of it.
        let capacity = if stride == 0 { 0 } else { parts.capacity };
        if stride > 0 && head > 0 && head >= capacity {
            return Err(Unavailable::Other(
                format!("the bytes here are no VecDeque (head {head}, cap {capacity})").into(),
            ));
        }
        let source = Source::Ring {
            address: parts.address,
            stride,
            capacity,
            head,
            offsets: (0, 0),
        };
        let items = Items::new(ItemsKind::List, (element, None), parts.len, source);
        Ok(View::Items(Box::new(items)))
    }))
}

/// `BinaryHeap`: a `Vec`, in the order that its elements have there.
pub(super) fn heap(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    sequences::vec(reader, &field(reader, typed, "data")?)
}

/// `LinkedList`, and what an iterator has left of one.
pub(super) fn linked(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let count = unsigned(reader, &field(reader, typed, "len")?)?;
    let head = field(reader, typed, "head")?;
    let TypeKind::Variants(variants) = &head.ty.kind else {
        return None;
    };
    let some = variants
        .variants
        .iter()
        .find(|variant| &*variant.name == "Some")?;
    // `Option<NonNull<T>>` is an address, 0 for `None`.
    let pointer = drill(
        reader,
        &reader.typed(some.body.as_ref()?.type_id, Slot::Memory(0)),
        &["0", "pointer"],
    )?;
    let pointer_size = pointer.ty.size.filter(|size| head.ty.size == Some(*size))?;
    let node = reader.typed(address(reader, &pointer)?.1?, Slot::Memory(0));
    let TypeKind::Struct(fields) = &node.ty.kind else {
        return None;
    };
    let next = fields.field("next")?;
    let element = fields.field("element")?;
    if next.type_id != head.ty.id
        && reader.symbols.describe_type(next.type_id).size != Some(pointer_size)
    {
        return None;
    }
    let first = head.slot.number(reader.memory, pointer_size);
    Some(first.and_then(|first| {
        let first = u64::try_from(first)
            .map_err(|_| Unavailable::malformed("an address of more than 64 bits"))?;
        let count = count?;
        // Nothing may be left between two ends that are some nodes apart.
        let ended = count == 0 && super::bare_name(&typed.ty) != "LinkedList";
        if (first == 0) != (count == 0) && !ended {
            return Err(Unavailable::Other(
                format!("the bytes here are no LinkedList (len {count}, head {first:#x})").into(),
            ));
        }
        let source = Source::Chain {
            first,
            next: next.offset,
            pointer_size,
            offsets: (element.offset, element.offset),
        };
        let items = Items::new(ItemsKind::List, (element.type_id, None), count, source);
        Ok(View::Items(Box::new(items)))
    }))
}
