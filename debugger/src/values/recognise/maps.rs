//! Maps and sets: hashbrown's tables, std's B-trees, and indexmap.

use super::{address, drill, field, fits, sequences, unsigned};
use crate::values::Reader;
use crate::values::items::{Items, ItemsKind, Node, Source};
use crate::values::memory::{Slot, Typed};
use crate::values::view::View;
use wasmscope_symbols::{Type, TypeId, TypeKind, Unavailable};

/// `HashMap`, std's and hashbrown's.
pub(super) fn hash_map(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    table(
        reader,
        &raw_table(reader, typed, &["base"])?,
        ItemsKind::Map,
    )
}

/// `HashSet`, std's and hashbrown's.
pub(super) fn hash_set(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    table(
        reader,
        &raw_table(reader, typed, &["base", "map"])?,
        ItemsKind::Set,
    )
}

/// The table in a map, behind those of the fields that there are.
fn raw_table(reader: &Reader<'_>, typed: &Typed, through: &[&str]) -> Option<Typed> {
    let mut at = typed.clone();
    for name in through {
        if let Some(inner) = field(reader, &at, name) {
            at = inner;
        }
    }
    field(reader, &at, "table")
}

/// `RawTable<(K, V)>`.
fn table(reader: &Reader<'_>, typed: &Typed, kind: ItemsKind) -> Option<Result<View, Unavailable>> {
    let TypeKind::Struct(fields) = &typed.ty.kind else {
        return None;
    };
    let entry = reader.typed(fields.parameter("T")?, Slot::Memory(0));
    let entry = super::resolve(reader, &entry).ok()?;
    let stride = entry.ty.size?;
    let (key, key_at) = part(&entry.ty, "0")?;
    let (value, value_at) = part(&entry.ty, "1")?;
    let inner = field(reader, typed, "table")?;
    let number = |name: &str| unsigned(reader, &field(reader, &inner, name)?);
    let (mask, items) = (number("bucket_mask")?, number("items")?);
    let left = number("growth_left")?;
    let (control, _) = address(reader, &drill(reader, &inner, &["ctrl", "pointer"])?)?;
    let value_type = match kind {
        ItemsKind::Map => Some(value),
        _ => None,
    };
    let view = || {
        let (mask, count, left, control) = (mask?, items?, left?, control?);
        let no = |why: String| {
            Unavailable::Other(format!("the bytes here are no hash table ({why})").into())
        };
        let buckets = mask
            .checked_add(1)
            .filter(|buckets| buckets.is_power_of_two());
        let buckets = buckets.ok_or_else(|| no(format!("{mask:#x} is no mask")))?;
        if count > buckets || count.saturating_add(left) > buckets {
            return Err(no(format!("{count} entries in {buckets} buckets")));
        }
        let data = buckets.checked_mul(stride);
        let fitting = control != 0
            && fits(reader, control, buckets)
            && (count == 0 || data.is_some_and(|data| data <= control));
        if !fitting {
            return Err(no(format!(
                "{buckets} buckets at {control:#x} are not in memory"
            )));
        }
        let source = Source::Table {
            control,
            data: control,
            buckets,
            stride,
            offsets: (key_at, value_at),
            begun: None,
        };
        Ok(View::Items(Box::new(Items::new(
            kind,
            (key, value_type),
            count,
            source,
        ))))
    };
    Some(view())
}

/// A field of a tuple: its type and offset.
pub(super) fn part(ty: &Type, name: &str) -> Option<(TypeId, u64)> {
    let TypeKind::Struct(fields) = &ty.kind else {
        return None;
    };
    // rustc calls them `__0`; they come as `0`.
    let field = fields.field(name)?;
    Some((field.type_id, field.offset))
}

/// `BTreeMap`.
pub(super) fn tree_map(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    tree(reader, typed, ItemsKind::Map)
}

/// `BTreeSet`.
pub(super) fn tree_set(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    tree(reader, &field(reader, typed, "map")?, ItemsKind::Set)
}

fn tree(reader: &Reader<'_>, map: &Typed, kind: ItemsKind) -> Option<Result<View, Unavailable>> {
    let TypeKind::Struct(fields) = &map.ty.kind else {
        return None;
    };
    let key = fields.parameter("K")?;
    let value = fields.parameter("V")?;
    let length = unsigned(reader, &field(reader, map, "length")?)?;
    let root = field(reader, map, "root")?;
    let TypeKind::Variants(variants) = &root.ty.kind else {
        return None;
    };
    let some = variants
        .variants
        .iter()
        .find(|variant| &*variant.name == "Some")?;
    let some = reader.typed(some.body.as_ref()?.type_id, Slot::Memory(0));
    let leaf = {
        let node = drill(reader, &some, &["0", "node", "pointer"])?;
        address(reader, &node)?.1?
    };
    let node = layout(reader, leaf, key, value)?;
    let value_type = match kind {
        ItemsKind::Map => Some(value),
        _ => None,
    };
    let view = || {
        let count = length?;
        let active = super::active(reader, &root, variants)?;
        let empty = Source::Ring {
            address: 0,
            stride: 0,
            capacity: 0,
            head: 0,
            offsets: (0, 0),
        };
        let (source, count) = match &active.body {
            Some(body) if &*active.name == "Some" => {
                let some = reader.typed(body.type_id, root.slot.at(body.offset)?);
                let malformed = || Unavailable::malformed("a B-tree without a root");
                let node_ref = field(reader, &some, "0").ok_or_else(malformed)?;
                let height = field(reader, &node_ref, "height").ok_or_else(malformed)?;
                let height = unsigned(reader, &height).ok_or_else(malformed)??;
                let pointer = drill(reader, &node_ref, &["node", "pointer"]);
                let pointer = pointer.ok_or_else(malformed)?;
                let (root, _) = address(reader, &pointer).ok_or_else(malformed)?;
                let root = root?;
                (Source::Tree { root, height, node }, count)
            }
            _ if count == 0 => (empty, 0),
            _ => {
                return Err(Unavailable::Other(
                    format!("the bytes here are no B-tree ({count} entries and no root)").into(),
                ));
            }
        };
        Ok(View::Items(Box::new(Items::new(
            kind,
            (key, value_type),
            count,
            source,
        ))))
    };
    Some(view())
}

/// How a tree's nodes are laid out.
pub(super) fn layout(
    reader: &Reader<'_>,
    leaf: TypeId,
    key: TypeId,
    value: TypeId,
) -> Option<Node> {
    let leaf = reader.symbols.describe_type(leaf);
    let TypeKind::Struct(fields) = &leaf.kind else {
        return None;
    };
    let (len, keys, values) = (
        fields.field("len")?,
        fields.field("keys")?,
        fields.field("vals")?,
    );
    let size_of = |id: TypeId| reader.symbols.describe_type(id).size;
    if size_of(len.type_id)? != 2 {
        return None;
    }
    let array = |id: TypeId| match &reader.symbols.describe_type(id).kind {
        TypeKind::Array(array) => Some((array.count?, array.stride?)),
        _ => None,
    };
    let (capacity, key_stride) = array(keys.type_id)?;
    let (value_capacity, value_stride) = array(values.type_id)?;
    if capacity != value_capacity || key_stride != size_of(key)? || value_stride != size_of(value)?
    {
        return None;
    }
    let parent_index = fields.field("parent_idx")?;
    if size_of(parent_index.type_id)? != 2 {
        return None;
    }
    // Inner nodes begin like leaves; which type they are, only the pointer to a parent says.
    let parent_at = fields.field("parent")?;
    let parent = reader.symbols.describe_type(parent_at.type_id);
    let parent_size = parent.size;
    let TypeKind::Variants(parent) = &parent.kind else {
        return None;
    };
    let some = parent
        .variants
        .iter()
        .find(|variant| &*variant.name == "Some")?;
    let some = reader.typed(some.body.as_ref()?.type_id, Slot::Memory(0));
    let pointer = drill(reader, &some, &["0", "pointer"])?;
    let pointer_size = pointer.ty.size.filter(|size| parent_size == Some(*size))?;
    let inner = reader.symbols.describe_type(address(reader, &pointer)?.1?);
    let TypeKind::Struct(inner) = &inner.kind else {
        return None;
    };
    let data = inner.field("data")?;
    if data.offset != 0 || data.type_id != leaf.id && size_of(data.type_id) != leaf.size {
        return None;
    }
    let edges = inner.field("edges")?;
    let (edge_count, edge_stride) = array(edges.type_id)?;
    if edge_stride != pointer_size || edge_count != capacity.checked_add(1)? {
        return None;
    }
    Some(Node {
        len: len.offset,
        keys: keys.offset,
        key_stride,
        values: values.offset,
        value_stride,
        capacity,
        edges: edges.offset,
        pointer_size,
        parent: parent_at.offset,
        parent_index: parent_index.offset,
        leaf: leaf.size?,
    })
}

/// indexmap's `IndexMap`, whose entries lie in a `Vec`, in order.
pub(super) fn index_map(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    buckets(reader, typed, ItemsKind::Map)
}

/// indexmap's `IndexSet`.
pub(super) fn index_set(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    buckets(reader, &field(reader, typed, "map")?, ItemsKind::Set)
}

fn buckets(reader: &Reader<'_>, map: &Typed, kind: ItemsKind) -> Option<Result<View, Unavailable>> {
    let entries = drill(reader, map, &["core", "entries"])?;
    let parts = sequences::vec_parts(reader, &entries)?;
    let TypeKind::Struct(fields) = &entries.ty.kind else {
        return None;
    };
    let bucket = reader.symbols.describe_type(fields.parameter("T")?);
    let stride = bucket.size?;
    let (key, key_at) = part(&bucket, "key")?;
    let (value, value_at) = part(&bucket, "value")?;
    let value_type = (kind == ItemsKind::Map).then_some(value);
    Some(parts.and_then(|parts| {
        let align = sequences::natural_alignment(reader, bucket.id, stride);
        parts.check("IndexMap", stride, align, reader)?;
        let source = Source::Ring {
            address: parts.address,
            stride,
            capacity: parts.capacity,
            head: 0,
            offsets: (key_at, value_at),
        };
        Ok(View::Items(Box::new(Items::new(
            kind,
            (key, value_type),
            parts.len,
            source,
        ))))
    }))
}
