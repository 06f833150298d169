//! libc++'s containers and pointers, which C++ for WASI is compiled with, by the names of their
//! fields. Between one version and the next these move in and out of bases, unnamed members and
//! pairs: all of those are looked through. What is found nowhere leaves a type's plain fields.

use super::{address, boolean, fits, unsigned};
use crate::values::Reader;
use crate::values::items::{Items, ItemsKind, Source};
use crate::values::memory::{Slot, Typed};
use crate::values::view::{Member, View};
use wasmscope_symbols::types::{Field, Style};
use wasmscope_symbols::{TypeId, TypeKind, Unavailable};

/// How deep bases, unnamed members and pairs nest.
const MAX_NESTING: usize = 12;

/// How many of them are looked through for one field.
const MAX_LOOKED_AT: usize = 200;

type Recognised = Option<Result<View, Unavailable>>;

/// The view of a type of libc++.
pub(super) fn recognised(reader: &Reader<'_>, typed: &Typed) -> Recognised {
    let path = typed.ty.full_name.strip_prefix("std::__")?;
    let (version, name) = path.split_once("::")?;
    if !version.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    match name.split('<').next()? {
        "basic_string" => string(reader, typed),
        "basic_string_view" => {
            let data = either(reader, typed, &["__data_", "__data"])?;
            let size = either(reader, typed, &["__size_", "__size"])?;
            let (data, size) = (pointer(reader, &data)?, unsigned(reader, &size)?);
            Some(text(reader, data, size))
        }
        "vector" => vector(reader, typed),
        "array" => super::view(reader, &member(reader, typed, "__elems_")?).into(),
        "unique_ptr" => {
            super::view(reader, &valued(reader, &member(reader, typed, "__ptr_")?)).into()
        }
        "shared_ptr" => counted(reader, typed, "shared_ptr"),
        "weak_ptr" => counted(reader, typed, "weak_ptr"),
        "optional" => optional(reader, typed),
        "tuple" => tuple(reader, typed),
        "map" | "multimap" => tree(reader, typed, ItemsKind::Map),
        "set" | "multiset" => tree(reader, typed, ItemsKind::Set),
        "unordered_map" | "unordered_multimap" => table(reader, typed, ItemsKind::Map),
        "unordered_set" | "unordered_multiset" => table(reader, typed, ItemsKind::Set),
        "list" => list(reader, typed),
        _ => None,
    }
}

/// A field by its name, in the value itself, its bases, unnamed members, and unions of those.
fn member(reader: &Reader<'_>, typed: &Typed, name: &str) -> Option<Typed> {
    let (field, slot) = field_in(reader, typed, name)?;
    if field.bits.is_some() {
        return None;
    }
    super::resolve(reader, &reader.typed(field.type_id, slot)).ok()
}

fn either(reader: &Reader<'_>, typed: &Typed, names: &[&str]) -> Option<Typed> {
    names.iter().find_map(|name| member(reader, typed, name))
}

/// The same with what debug info says of the field.
fn field_in(reader: &Reader<'_>, typed: &Typed, name: &str) -> Option<(Field, Slot)> {
    let mut looked_at = 0;
    let mut level = vec![super::resolve(reader, typed).ok()?];
    for _ in 0..MAX_NESTING {
        let mut below = Vec::new();
        for typed in &level {
            let (TypeKind::Struct(fields) | TypeKind::Union(fields)) = &typed.ty.kind else {
                continue;
            };
            if let Some(field) = fields.field(name) {
                return Some((field.clone(), typed.slot.at(field.offset).ok()?));
            }
            for field in &fields.fields {
                looked_at += 1;
                if field.name.is_empty() && looked_at < MAX_LOOKED_AT {
                    let slot = typed.slot.at(field.offset).ok()?;
                    below.extend(super::resolve(reader, &reader.typed(field.type_id, slot)));
                }
            }
        }
        level = below;
    }
    None
}

/// What is in the first half of a `__compressed_pair`; other values are what they are.
fn valued(reader: &Reader<'_>, typed: &Typed) -> Typed {
    half(reader, typed, 0).unwrap_or_else(|| typed.clone())
}

/// What is in a half of a `__compressed_pair`: a base of it each.
fn half(reader: &Reader<'_>, typed: &Typed, index: usize) -> Option<Typed> {
    if !typed.ty.full_name.contains("::__compressed_pair<") {
        return None;
    }
    let TypeKind::Struct(fields) = &typed.ty.kind else {
        return None;
    };
    let base = fields.fields.get(index)?;
    let base = reader.typed(base.type_id, typed.slot.at(base.offset).ok()?);
    member(reader, &base, "__value_")
}

fn pointer(reader: &Reader<'_>, typed: &Typed) -> Option<Result<u64, Unavailable>> {
    Some(address(reader, typed)?.0)
}

fn no(what: &str, why: String) -> Unavailable {
    Unavailable::Other(format!("the bytes here are no {what} ({why})").into())
}

/// The number in a field that may be one of bits; `slot` is where it is.
fn bits(reader: &Reader<'_>, field: &Field, slot: &Slot) -> Option<Result<u64, Unavailable>> {
    let field = Field {
        offset: 0,
        ..field.clone()
    };
    let size = reader.symbols.describe_type(field.type_id).size?;
    let place = Member::new(reader, &field, slot).slot;
    Some(place.and_then(|place| {
        let number = place.number(reader.memory, size)?;
        u64::try_from(number).map_err(|_| Unavailable::malformed("a size of more than 64 bits"))
    }))
}

/// Text of single bytes at an address.
fn text(
    reader: &Reader<'_>,
    address: Result<u64, Unavailable>,
    len: Result<u64, Unavailable>,
) -> Result<View, Unavailable> {
    let (address, len) = (address?, len?);
    if len > 0 && (address == 0 || !fits(reader, address, len)) {
        return Err(no("text", format!("{len} bytes at {address:#x}")));
    }
    Ok(View::Text {
        first: Slot::Memory(address),
        len,
    })
}

/// `std::string`: a long one is in memory of its own, a short one in place. Which of both it is
/// stands in a bit of its own, or, in older versions, in a bit of a size: the lowest of one that comes
/// first, the highest of one that comes last.
fn string(reader: &Reader<'_>, typed: &Typed) -> Recognised {
    let rep = either(reader, typed, &["__rep_", "__r_"])?;
    let rep = valued(reader, &rep);
    let (short, long) = (member(reader, &rep, "__s")?, member(reader, &rep, "__l")?);
    let place = member(reader, &short, "__data_")?;
    let TypeKind::Array(array) = &place.ty.kind else {
        return None;
    };
    let room = array.count.filter(|_| array.stride == Some(1))?;
    let (field, slot) = field_in(reader, &short, "__size_")?;
    let size = bits(reader, &field, &slot)?;
    let (is_long, size) = match field_in(reader, &short, "__is_long_") {
        Some((flag, slot)) => (bits(reader, &flag, &slot)?, size),
        None if field.bits.is_none() && lies_before(&slot, &place.slot) => (
            size.clone().map(|size| size & 1),
            size.map(|size| size >> 1),
        ),
        // At the end of what is in place, the highest.
        None if field.bits.is_none() && lies_behind(&slot, &place.slot, room) => {
            (size.clone().map(|size| size >> 7 & 1), size)
        }
        None => return None,
    };
    let data = pointer(reader, &member(reader, &long, "__data_")?)?;
    let long_size = unsigned(reader, &member(reader, &long, "__size_")?)?;
    let view = || match (is_long?, size?) {
        (0, size) if size <= room => Ok(View::Text {
            first: place.slot.clone(),
            len: size,
        }),
        (0, size) => Err(no("string", format!("{size} bytes in place of {room}"))),
        _ => text(reader, data, long_size),
    };
    Some(view())
}

/// Whether a byte comes right before a thing.
fn lies_before(byte: &Slot, thing: &Slot) -> bool {
    lies_behind(thing, byte, 1)
}

/// Whether a thing comes so many bytes behind another.
fn lies_behind(thing: &Slot, other: &Slot, by: u64) -> bool {
    match (thing, other) {
        (Slot::Memory(thing), Slot::Memory(other)) => other.checked_add(by) == Some(*thing),
        (Slot::Bytes { offset: thing, .. }, Slot::Bytes { offset: other, .. }) => {
            other.checked_add(by) == Some(*thing)
        }
        _ => false,
    }
}

/// `std::vector`: from where to where its elements are, and to where there is room.
fn vector(reader: &Reader<'_>, typed: &Typed) -> Recognised {
    let begin = member(reader, typed, "__begin_")?;
    let (begin, element) = address(reader, &begin)?;
    let (Some(end), Some(room)) = (
        member(reader, typed, "__end_"),
        either(reader, typed, &["__end_cap_", "__cap_"]),
    ) else {
        return bit_vector(reader, typed, begin);
    };
    let element = element?;
    let stride = reader
        .symbols
        .describe_type(element)
        .size
        .filter(|size| *size > 0)?;
    let end = pointer(reader, &end)?;
    let room = pointer(reader, &valued(reader, &room))?;
    let view = || {
        let (begin, end, room) = (begin?, end?, room?);
        let bytes = end.checked_sub(begin).filter(|bytes| {
            bytes.is_multiple_of(stride) && end <= room && fits(reader, begin, *bytes)
        });
        let Some(bytes) = bytes.filter(|bytes| *bytes == 0 || begin != 0) else {
            return Err(no(
                "vector",
                format!("from {begin:#x} to {end:#x} of {room:#x}"),
            ));
        };
        Ok(View::Sequence {
            element,
            first: Slot::Memory(begin),
            stride,
            count: bytes.checked_div(stride).unwrap_or(0),
            start: 0,
        })
    };
    Some(view())
}

/// `std::vector<bool>`: a bit each, in words.
fn bit_vector(reader: &Reader<'_>, typed: &Typed, begin: Result<u64, Unavailable>) -> Recognised {
    let size = valued(reader, &member(reader, typed, "__size_")?);
    let size = unsigned(reader, &size)?;
    let view = || {
        let (begin, size) = (begin?, size?);
        if size > 0 && (begin == 0 || !fits(reader, begin, size.div_ceil(8))) {
            return Err(no("vector", format!("{size} bits at {begin:#x}")));
        }
        let shown = size.min(reader.limits.elements as u64);
        let mut words = Vec::new();
        for at in 0..shown {
            let byte = Slot::Memory(begin).at(at / 8)?.number(reader.memory, 1)?;
            words.push((byte >> (at % 8) & 1 == 1).to_string());
        }
        if shown < size {
            words.push(format!("… {} more", size - shown));
        }
        Ok(View::Word(format!("[{}]", words.join(", "))))
    };
    Some(view())
}

/// `std::shared_ptr`, `std::weak_ptr`: with their counts, where debug info has what counts.
fn counted(reader: &Reader<'_>, typed: &Typed, name: &str) -> Recognised {
    let to = member(reader, typed, "__ptr_")?;
    let control = member(reader, typed, "__cntrl_")?;
    let (control, counts) = address(reader, &control)?;
    let plain = super::view(reader, &to);
    let view = || {
        let control = control?;
        let View::Pointer { target, .. } = plain? else {
            return super::view(reader, &to);
        };
        let counts = counts.map(|counts| reader.typed(counts, Slot::Memory(control)));
        let count = |name: &str| {
            let count = member(reader, counts.as_ref()?, name)?;
            super::signed_number(reader, &count)
        };
        let (Some(strong), Some(weak)) =
            (count("__shared_owners_"), count("__shared_weak_owners_"))
        else {
            return super::view(reader, &to);
        };
        // They count from nothing on: who is alone has 0. All owners together keep it once.
        let (strong, weak) = (strong?.saturating_add(1), weak?);
        let state = format!("{name}(strong {strong}, weak {weak}) ");
        match target {
            _ if strong <= 0 => Ok(View::Word(format!("{state}<dropped>"))),
            Some(target) => Ok(View::Behind {
                sign: state,
                target,
                suffix: String::new(),
            }),
            None => super::view(reader, &to),
        }
    };
    Some(view())
}

/// `std::optional`.
fn optional(reader: &Reader<'_>, typed: &Typed) -> Recognised {
    let engaged = boolean(reader, &member(reader, typed, "__engaged_")?)?;
    let value = member(reader, typed, "__val_")?;
    Some(engaged.map(|engaged| match engaged {
        false => View::Word("nullopt".to_owned()),
        true => View::Record {
            name: "optional".to_owned(),
            note: String::new(),
            style: Style::TupleStruct,
            fields: vec![Member::of("__val_", &value)],
            truncated: false,
        },
    }))
}

/// `std::tuple`: a base for each of its elements.
fn tuple(reader: &Reader<'_>, typed: &Typed) -> Recognised {
    let leaves = member(reader, typed, "__base_")?;
    let TypeKind::Struct(fields) = &leaves.ty.kind else {
        return None;
    };
    let mut members = Vec::new();
    for (index, leaf) in fields.fields.iter().enumerate() {
        let leaf = reader.typed(leaf.type_id, leaves.slot.at(leaf.offset).ok()?);
        let value = member(reader, &leaf, "__value_")?;
        members.push(Member::of(&index.to_string(), &value));
    }
    Some(Ok(View::Record {
        name: String::new(),
        note: String::new(),
        style: Style::Tuple,
        fields: members,
        truncated: false,
    }))
}

/// Types and offsets of keys and values of a map, from where an entry is; a set's elements are both.
struct Entry {
    types: (TypeId, Option<TypeId>),
    offsets: (u64, u64),
}

fn entry(reader: &Reader<'_>, value: TypeId, at: u64, kind: ItemsKind) -> Option<Entry> {
    if kind != ItemsKind::Map {
        return Some(Entry {
            types: (value, None),
            offsets: (at, at),
        });
    }
    let value = reader.typed(value, Slot::Memory(at));
    let pair = either(reader, &value, &["__cc_", "__cc"]).unwrap_or(value);
    let (first, key_at) = field_in(reader, &pair, "first")?;
    let (second, value_at) = field_in(reader, &pair, "second")?;
    let (Slot::Memory(key_at), Slot::Memory(value_at)) = (key_at, value_at) else {
        return None;
    };
    Some(Entry {
        types: (first.type_id, Some(second.type_id)),
        offsets: (key_at, value_at),
    })
}

/// What a container stores: its first parameter, or, where that is declared alone, what its
/// allocator, the last one, is for.
fn stored(reader: &Reader<'_>, typed: &Typed) -> Option<TypeId> {
    let typed = super::resolve(reader, typed).ok()?;
    let TypeKind::Struct(fields) = &typed.ty.kind else {
        return None;
    };
    let (_, first) = *fields.parameters.first()?;
    if reader.symbols.describe_type(first).size.is_some() {
        return Some(first);
    }
    let (_, allocator) = *fields.parameters.last()?;
    let TypeKind::Struct(allocator) = &reader.symbols.describe_type(allocator).kind else {
        return None;
    };
    Some(allocator.parameters.first()?.1)
}

/// What a type is aligned to, by its parts.
fn alignment(reader: &Reader<'_>, id: TypeId, depth: usize) -> Option<u64> {
    let typed = super::resolve(reader, &reader.typed(id, Slot::Memory(0))).ok()?;
    if let Some(align) = typed.ty.align {
        return Some(align.max(1));
    }
    let depth = depth.checked_sub(1)?;
    match &typed.ty.kind {
        TypeKind::Base(_) | TypeKind::Pointer(_) | TypeKind::Enum(_) => {
            typed.ty.size.map(|size| size.clamp(1, 16))
        }
        TypeKind::Array(array) => alignment(reader, array.element, depth),
        TypeKind::Struct(fields) | TypeKind::Union(fields) => {
            if fields.truncated || fields.fields.len() > MAX_LOOKED_AT {
                return None;
            }
            let mut most = 1;
            for field in &fields.fields {
                most = most.max(alignment(reader, field.type_id, depth)?);
            }
            Some(most)
        }
        _ => None,
    }
}

fn align(offset: u64, to: u64) -> Option<u64> {
    offset.checked_next_multiple_of(to.max(1))
}

/// The number of elements, under whichever name a version keeps it.
fn count(reader: &Reader<'_>, of: &Typed, names: &[&str]) -> Option<Result<u64, Unavailable>> {
    unsigned(reader, &valued(reader, &either(reader, of, names)?))
}

/// `std::map`, `std::set`: a tree of nodes with their left and right child, parent, and colour in
/// front of the entry.
fn tree(reader: &Reader<'_>, typed: &Typed, kind: ItemsKind) -> Recognised {
    let tree = member(reader, typed, "__tree_")?;
    let end = valued(
        reader,
        &either(reader, &tree, &["__end_node_", "__pair1_"])?,
    );
    let root = member(reader, &end, "__left_")?;
    let pointer_size = root.ty.size?;
    let root = pointer(reader, &root)?;
    let count = count(reader, &tree, &["__size_", "__pair3_"])?;
    let value = stored(reader, &tree)?;
    let after_colour = pointer_size.checked_mul(3)?.checked_add(1)?;
    let at = align(after_colour, alignment(reader, value, MAX_NESTING)?)?;
    let entry = entry(reader, value, at, kind)?;
    let view = || {
        let (root, count) = (root?, count?);
        if (root == 0) != (count == 0) {
            return Err(no("tree", format!("{count} entries below {root:#x}")));
        }
        let source = Source::Binary {
            root,
            pointer_size,
            offsets: entry.offsets,
        };
        let items = Items::new(kind, entry.types, count, source);
        Ok(View::Items(Box::new(items)))
    };
    Some(view())
}

/// `std::unordered_map`, `std::unordered_set`: all entries in one chain, each behind the next one's
/// address and its hash.
fn table(reader: &Reader<'_>, typed: &Typed, kind: ItemsKind) -> Recognised {
    let table = member(reader, typed, "__table_")?;
    let first = valued(
        reader,
        &either(reader, &table, &["__first_node_", "__p1_"])?,
    );
    let first = member(reader, &first, "__next_")?;
    let pointer_size = first.ty.size?;
    let first = pointer(reader, &first)?;
    let count = count(reader, &table, &["__size_", "__p2_"])?;
    let value = stored(reader, &table)?;
    let after_hash = pointer_size.checked_mul(2)?;
    let at = align(after_hash, alignment(reader, value, MAX_NESTING)?)?;
    let entry = entry(reader, value, at, kind)?;
    chain(first, count, pointer_size, 0, kind, entry)
}

/// `std::list`: a ring through the list itself; each element is behind two addresses.
fn list(reader: &Reader<'_>, typed: &Typed) -> Recognised {
    let end = member(reader, typed, "__end_")?;
    let first = member(reader, &end, "__next_")?;
    let pointer_size = first.ty.size?;
    let first = pointer(reader, &first)?;
    let count = count(reader, typed, &["__size_", "__size_alloc_"])?;
    let value = stored(reader, typed)?;
    let after_links = pointer_size.checked_mul(2)?;
    let at = align(after_links, alignment(reader, value, MAX_NESTING)?)?;
    let entry = entry(reader, value, at, ItemsKind::List)?;
    chain(
        first,
        count,
        pointer_size,
        pointer_size,
        ItemsKind::List,
        entry,
    )
}

fn chain(
    first: Result<u64, Unavailable>,
    count: Result<u64, Unavailable>,
    pointer_size: u64,
    next: u64,
    kind: ItemsKind,
    entry: Entry,
) -> Recognised {
    let view = || {
        let (first, count) = (first?, count?);
        if first == 0 && count > 0 {
            return Err(no("list", format!("{count} elements and no first")));
        }
        let source = Source::Chain {
            first,
            next,
            pointer_size,
            offsets: entry.offsets,
        };
        let items = Items::new(kind, entry.types, count, source);
        Ok(View::Items(Box::new(items)))
    };
    Some(view())
}
