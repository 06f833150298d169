//! Iterators over what lies in memory: what they have not given out yet. Those that change what
//! other ones give (`Map`, `Zip`, …) are shown by their fields, which say how they stand.

use super::{
    address, cells, drill, field, fits, innermost, lists, maps, peeled, sequences, unsigned,
};
use crate::values::Reader;
use crate::values::items::{Items, ItemsKind, Node, Source};
use crate::values::memory::{Slot, Typed};
use crate::values::view::View;
use wasmscope_symbols::{TypeId, TypeKind, Unavailable};

/// How deep in its newtypes an iterator is looked for.
const MAX_NESTING: usize = 6;

/// How one iterator is built.
type Kind = fn(&Reader<'_>, &Typed, Part) -> Option<Result<View, Unavailable>>;

/// Which part of its elements an iterator gives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    All,
    Keys,
    Values,
}

/// The iterators of collections: over slices, `Vec`s, arrays, lists, tables and trees.
pub(super) fn rest_of(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let name = super::bare_name(&typed.ty);
    let part = match &*name {
        "Keys" | "IntoKeys" => Part::Keys,
        "Values" | "ValuesMut" | "IntoValues" => Part::Values,
        // The map in a set has keys alone.
        _ if typed.ty.full_name.contains("::set::") => Part::Keys,
        _ => Part::All,
    };
    let kinds: [Kind; 6] = [
        |reader, typed, _| rest(reader, typed),
        table,
        tree,
        |reader, typed, _| linked(reader, typed),
        |reader, typed, _| array(reader, typed),
        |reader, typed, _| ring(reader, typed),
    ];
    let mut at = typed.clone();
    let left = (0..MAX_NESTING).find_map(|_| {
        let found = kinds.iter().find_map(|kind| kind(reader, &at, part));
        let found = found.or_else(|| super::whole(reader, &at));
        if found.is_none()
            && let Some(inner) = ["base", "inner", "iter", "list"]
                .iter()
                .find_map(|name| field(reader, &at, name))
        {
            at = peeled(reader, &inner);
        }
        found
    })?;
    Some(left.map(|view| View::Marked {
        before: format!("{name}("),
        view: Box::new(view),
        after: ")",
    }))
}

/// hashbrown's `RawIter`: how many entries are left, in which group of buckets it is, and which of
/// that group's are still to come.
fn table(reader: &Reader<'_>, typed: &Typed, wanted: Part) -> Option<Result<View, Unavailable>> {
    let TypeKind::Struct(fields) = &typed.ty.kind else {
        return None;
    };
    let count = unsigned(reader, &field(reader, typed, "items")?)?;
    let range = field(reader, typed, "iter")?;
    let entry = reader.typed(fields.parameter("T")?, Slot::Memory(0));
    let entry = super::resolve(reader, &entry).ok()?;
    let stride = entry.ty.size.filter(|size| *size > 0)?;
    let (key, key_at) = maps::part(&entry.ty, "0")?;
    let (value, value_at) = maps::part(&entry.ty, "1")?;
    let group = innermost(reader, &field(reader, &range, "current_group")?)?;
    // With SSE2 there is a bit for each of sixteen, elsewhere a byte for each.
    let (width, bits_each) = match group.ty.size? {
        2 => (16, 1),
        size @ (4 | 8) => (size, 8),
        _ => return None,
    };
    let pointer = |name: &str| Some(address(reader, &field(reader, &range, name)?)?.0);
    let (next, end) = (pointer("next_ctrl")?, pointer("end")?);
    let (data, _) = address(reader, &drill(reader, &range, &["data", "ptr", "pointer"])?)?;
    let group = group.slot.number(reader.memory, group.ty.size?);
    let view = || {
        let (count, next, end, data, group) = (count?, next?, end?, data?, group?);
        let no = || {
            Unavailable::Other(
                format!("the bytes here are no iterator: {count} entries before {end:#x}").into(),
            )
        };
        let control = next.checked_sub(width).ok_or_else(no)?;
        let buckets = end.saturating_sub(control);
        // Both go away from where the table is: how far is known by either.
        let apart = control.checked_sub(data).ok_or_else(no)?;
        let each = stride.checked_add(1).ok_or_else(no)?;
        let passed = apart.checked_div(each).unwrap_or(0);
        let fitting = apart.is_multiple_of(each)
            && passed.is_multiple_of(width)
            && count <= buckets
            && fits(reader, control, buckets);
        if !fitting && count > 0 {
            return Err(no());
        }
        let bits = (0..width).filter(|at| {
            let shift = at.saturating_mul(bits_each).saturating_add(bits_each - 1);
            group >> shift & 1 == 1
        });
        let source = Source::Table {
            control,
            data,
            buckets,
            stride,
            offsets: match wanted {
                Part::Values => (value_at, value_at),
                _ => (key_at, value_at),
            },
            begun: Some((width.min(buckets), bits.fold(0, |bits, at| bits | 1 << at))),
        };
        Ok(entries(wanted, key, value, count, source))
    };
    Some(view())
}

/// std's iterators over B-trees: how many entries are left, and before which the next one is.
fn tree(reader: &Reader<'_>, typed: &Typed, wanted: Part) -> Option<Result<View, Unavailable>> {
    let TypeKind::Struct(fields) = &typed.ty.kind else {
        return None;
    };
    let (key, value) = (fields.parameter("K")?, fields.parameter("V")?);
    let count = unsigned(reader, &field(reader, typed, "length")?)?;
    let front = drill(reader, typed, &["range", "front"])?;
    let TypeKind::Variants(variants) = &front.ty.kind else {
        return None;
    };
    let some = variants.variants.iter().find(|it| &*it.name == "Some")?;
    let some = reader.typed(some.body.as_ref()?.type_id, Slot::Memory(0));
    let handle = field(reader, &some, "0")?;
    let TypeKind::Variants(handles) = &handle.ty.kind else {
        return None;
    };
    let root = handles.variants.iter().find(|it| &*it.name == "Root")?;
    let root = reader.typed(root.body.as_ref()?.type_id, Slot::Memory(0));
    let leaf = address(reader, &drill(reader, &root, &["0", "node", "pointer"])?)?.1?;
    let mut node = maps::layout(reader, leaf, key, value)?;
    if wanted == Part::Values {
        (node.keys, node.key_stride) = (node.values, node.value_stride);
    }
    let view = || {
        let count = count?;
        let source = tree_from(reader, &front, count, node)?;
        Ok(entries(wanted, key, value, count, source))
    };
    Some(view())
}

/// Where an iterator over a tree goes on: at the root of one that has not begun, or in a leaf.
fn tree_from(
    reader: &Reader<'_>,
    front: &Typed,
    count: u64,
    node: Node,
) -> Result<Source, Unavailable> {
    let malformed = || Unavailable::malformed("an iterator without a place");
    let some = match reader.active_variant(front)? {
        Some(active) if &*active.name == "Some" => active.body.ok_or_else(malformed)?,
        _ if count == 0 => {
            return Ok(Source::Branch {
                leaf: 0,
                index: 0,
                node,
            });
        }
        _ => {
            return Err(Unavailable::Other(
                format!("the bytes here are no iterator: {count} entries of no tree").into(),
            ));
        }
    };
    let handle = field(reader, &some, "0").ok_or_else(malformed)?;
    let active = reader.active_variant(&handle)?.ok_or_else(malformed)?;
    let at = active.body.ok_or_else(malformed)?;
    let at = field(reader, &at, "0").ok_or_else(malformed)?;
    let number = |from: &Typed, name: &str| {
        let number = field(reader, from, name).and_then(|it| unsigned(reader, &it));
        number.ok_or_else(malformed)?
    };
    let place = |from: &Typed| {
        let pointer = drill(reader, from, &["node", "pointer"]).ok_or_else(malformed)?;
        address(reader, &pointer).ok_or_else(malformed)?.0
    };
    Ok(match &*active.name {
        "Root" => Source::Tree {
            root: place(&at)?,
            height: number(&at, "height")?,
            node,
        },
        _ => Source::Branch {
            leaf: place(&field(reader, &at, "node").ok_or_else(malformed)?)?,
            index: number(&at, "idx")?,
            node,
        },
    })
}

/// What is left of the entries of a map, or of one of their halves.
fn entries(wanted: Part, key: TypeId, value: TypeId, count: u64, source: Source) -> View {
    let (kind, types) = match wanted {
        Part::All => (ItemsKind::Map, (key, Some(value))),
        Part::Keys => (ItemsKind::List, (key, None)),
        Part::Values => (ItemsKind::List, (value, None)),
    };
    View::Items(Box::new(Items::new(kind, types, count, source)))
}

/// The iterators of linked lists, which are built like these.
fn linked(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    field(reader, typed, "tail")?;
    lists::linked(reader, typed)
}

/// `vec_deque::Iter`: two slices of one buffer, the second of which begins it.
fn ring(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let half = |name: &str| rest(reader, &field(reader, typed, name)?);
    let halves = half("i1")?.map(|first| (first, half("i2")));
    let (first, second) = match halves {
        Ok((first, second)) => (first, second?),
        Err(reason) => return Some(Err(reason)),
    };
    let second = match second {
        Ok(second) if second.count() > 0 => second,
        Ok(_) => return Some(Ok(first)),
        Err(reason) => return Some(Err(reason)),
    };
    let parts = |view: &View| match *view {
        View::Sequence {
            element,
            first: Slot::Memory(address),
            stride,
            count,
            ..
        } => Some((element, address, stride, count)),
        _ => None,
    };
    let (element, from, stride, count) = parts(&first)?;
    let (_, begin, _, more) = parts(&second)?;
    let end = count.checked_mul(stride)?.checked_add(from)?;
    let places = |to: u64| to.checked_sub(begin)?.checked_div(stride);
    let source = Source::Ring {
        address: begin,
        stride,
        capacity: places(end)?,
        head: places(from)?,
        offsets: (0, 0),
    };
    let count = count.checked_add(more)?;
    let items = Items::new(ItemsKind::List, (element, None), count, source);
    Some(Ok(View::Items(Box::new(items))))
}

/// `array::IntoIter`: an array, and which of its elements are still there.
fn array(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let data = field(reader, typed, "data")?;
    let alive = field(reader, typed, "alive")?;
    let start = unsigned(reader, &field(reader, &alive, "start")?)?;
    let end = unsigned(reader, &field(reader, &alive, "end")?)?;
    let TypeKind::Array(array) = &data.ty.kind else {
        return None;
    };
    let (room, stride) = (array.count?, array.stride?);
    let place = reader.typed(array.element, data.slot.clone());
    let element = cells::initialised(reader, &place)?.ty.id;
    let view = || {
        let (start, end) = (start?, end?);
        let count = end.checked_sub(start).filter(|_| end <= room);
        let count = count.ok_or_else(|| {
            Unavailable::Other(
                format!("the bytes here are no iterator: {start} to {end} of {room}").into(),
            )
        })?;
        let first = data.slot.at(start.saturating_mul(stride))?;
        sequences::checked(reader, element, &first, stride, count)
    };
    Some(view())
}

/// `str::Chars`: text.
pub(super) fn chars(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let elements = rest(reader, &field(reader, typed, "iter")?)?;
    Some(elements.and_then(|view| match view {
        View::Sequence {
            first,
            stride: 1,
            count,
            ..
        } => Ok(View::Marked {
            before: "Chars(".to_owned(),
            view: Box::new(View::Text { first, len: count }),
            after: ")",
        }),
        _ => Err(Unavailable::malformed("characters that are no bytes")),
    }))
}

/// The elements from `ptr` to `end`; `None` for those without a size, whose pointers count.
fn rest(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let TypeKind::Struct(fields) = &typed.ty.kind else {
        return None;
    };
    let element = fields.parameter("T")?;
    let stride = reader.symbols.describe_type(element).size?;
    if stride == 0 {
        return None;
    }
    let (from, _) = address(
        reader,
        &field(reader, &field(reader, typed, "ptr")?, "pointer")?,
    )?;
    let end = field(reader, typed, "end_or_len").or_else(|| field(reader, typed, "end"))?;
    let (to, _) = address(reader, &end)?;
    let view = || {
        let (from, to) = (from?, to?);
        let bytes = to
            .checked_sub(from)
            .filter(|bytes| bytes.is_multiple_of(stride));
        let Some(bytes) = bytes.filter(|bytes| fits(reader, from, *bytes)) else {
            return Err(Unavailable::Other(
                format!("the bytes here are no iterator: from {from:#x} to {to:#x}").into(),
            ));
        };
        sequences::checked(
            reader,
            element,
            &Slot::Memory(from),
            stride,
            bytes.checked_div(stride).unwrap_or(0),
        )
    };
    Some(view())
}
