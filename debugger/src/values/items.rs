//! Elements that do not lie one after the other: the entries of hash tables and B-trees, linked
//! lists, rings.
//!
//! They are found one by one, as far as somebody asks, and kept: a table of a million entries costs
//! what is shown of it. What is walked is a stranger's memory, so every step is checked and every
//! walk bounded.

use super::Reader;
use super::memory::{Slot, Typed};
use std::cell::RefCell;
use wasmscope_symbols::{TypeId, Unavailable};

/// How many elements one walk finds at most.
const MAX_FOUND: usize = 1_000_000;

/// How many empty buckets of a hash table one walk passes at most.
const MAX_BUCKETS: u64 = 16 << 20;

/// Buckets that are looked at together.
const CHUNK: u64 = 256;

/// The longest way down a binary tree that is balanced, and no larger than memory.
const MAX_PATH: usize = 128;

/// The highest B-tree there is: six to the power of it would not fit into 64 bits.
const MAX_HEIGHT: u64 = 26;

/// What kind of collection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ItemsKind {
    /// Elements in an order: `[a, b]`.
    List,
    /// Elements without one: `{a, b}`.
    Set,
    /// Keys with values: `{k: v}`.
    Map,
}

/// The elements of a collection.
#[derive(Clone, Debug)]
pub(crate) struct Items {
    pub kind: ItemsKind,
    /// The type of elements, or of keys.
    pub element: TypeId,
    /// The type of a map's values.
    pub value: Option<TypeId>,
    pub count: u64,
    /// How many of the collection's elements come before the first of these.
    pub start: u64,
    source: Source,
    walked: RefCell<Walked>,
}

/// How a collection is laid out.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// Places of the same size one after the other, from the `head`th on, going on at the first
    /// after the last of `capacity`; with the offsets of element and value in each.
    Ring {
        address: u64,
        stride: u64,
        capacity: u64,
        head: u64,
        offsets: (u64, u64),
    },
    /// Nodes with the address of the next one in each, 0 in the last.
    Chain {
        first: u64,
        next: u64,
        pointer_size: u64,
        offsets: (u64, u64),
    },
    /// hashbrown's table: a control byte for each bucket, with the high bit clear where the bucket
    /// is full; the buckets lie before `data`, backwards.
    Table {
        control: u64,
        data: u64,
        buckets: u64,
        stride: u64,
        offsets: (u64, u64),
        /// Set in what an iterator has left of a table: how many of the first buckets are full only
        /// where a bit is set, and the bits.
        begun: Option<(u64, u64)>,
    },
    /// A B-tree of std's, from its first key on.
    Tree { root: u64, height: u64, node: Node },
    /// A binary tree: left and right child and parent come first in each node.
    Binary {
        root: u64,
        pointer_size: u64,
        offsets: (u64, u64),
    },
    /// The rest of a B-tree of std's, from before the key `index` of a leaf on.
    Branch { leaf: u64, index: u64, node: Node },
}

/// How the nodes of a B-tree are laid out: offsets in one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    /// Number of keys, of two bytes.
    pub len: u64,
    pub keys: u64,
    pub key_stride: u64,
    pub values: u64,
    pub value_stride: u64,
    pub capacity: u64,
    /// The children's addresses, in nodes that are not leaves.
    pub edges: u64,
    pub pointer_size: u64,
    /// The parent's address, 0 in the root.
    pub parent: u64,
    /// Which of the parent's children it is, of two bytes.
    pub parent_index: u64,
    /// The size of a leaf.
    pub leaf: u64,
}

/// An element, or a key with its value: where they are.
type Found = (Slot, Slot);

#[derive(Clone, Debug, Default)]
struct Walked {
    found: Vec<Found>,
    cursor: Cursor,
    failed: Option<Unavailable>,
}

#[derive(Clone, Debug, Default)]
struct Cursor {
    started: bool,
    /// The node of a chain, or the bucket of a table, to look at next.
    next: u64,
    /// The nodes of a tree that are being walked: address, height, next key.
    path: Vec<(u64, u64, u64)>,
}

impl Items {
    pub fn new(
        kind: ItemsKind,
        (element, value): (TypeId, Option<TypeId>),
        count: u64,
        source: Source,
    ) -> Self {
        Items {
            kind,
            element,
            value,
            count,
            start: 0,
            source,
            walked: RefCell::default(),
        }
    }

    /// Those of the elements that begin at `from`, so many of them.
    pub fn part(&self, from: u64, count: u64) -> Self {
        Items {
            start: self.start.saturating_add(from),
            count,
            ..self.clone()
        }
    }

    /// A map's keys, or its values, as a list; `None` when it is no map.
    pub fn half(&self, keys: bool) -> Option<Self> {
        let value = self.value.filter(|_| self.kind == ItemsKind::Map)?;
        let mut half = Items {
            kind: ItemsKind::List,
            element: if keys { self.element } else { value },
            value: None,
            count: self.count,
            start: self.start,
            source: self.source.clone(),
            walked: RefCell::default(),
        };
        if !keys {
            match &mut half.source {
                Source::Ring { offsets, .. }
                | Source::Table { offsets, .. }
                | Source::Chain { offsets, .. }
                | Source::Binary { offsets, .. } => {
                    offsets.0 = offsets.1;
                }
                Source::Tree { node, .. } | Source::Branch { node, .. } => {
                    (node.keys, node.key_stride) = (node.values, node.value_stride);
                }
            }
        }
        Some(half)
    }

    /// Whether equal collections have equal elements in the same order.
    pub fn is_ordered(&self) -> bool {
        !matches!(self.source, Source::Table { .. })
    }

    /// The element at a place, and for maps its value.
    pub fn get(
        &self,
        reader: &Reader<'_>,
        index: u64,
    ) -> Result<(Typed, Option<Typed>), Unavailable> {
        let (element, value) = self.find(reader, index)?;
        Ok((
            reader.typed(self.element, element),
            self.value.map(|ty| reader.typed(ty, value)),
        ))
    }

    fn find(&self, reader: &Reader<'_>, index: u64) -> Result<Found, Unavailable> {
        let missing = || Unavailable::malformed("there is no such element");
        if index >= self.count {
            return Err(missing());
        }
        let index = index.checked_add(self.start).ok_or_else(missing)?;
        if let Source::Ring {
            address,
            stride,
            capacity,
            head,
            offsets: (element, value),
        } = self.source
        {
            let at = match capacity {
                0 => 0,
                _ => (u128::from(head) + u128::from(index)) % u128::from(capacity),
            };
            let at = u64::try_from(at).unwrap_or(u64::MAX);
            let place = at
                .checked_mul(stride)
                .and_then(|at| address.checked_add(at));
            let place = Slot::Memory(place.ok_or_else(missing)?);
            return Ok((place.at(element)?, place.at(value)?));
        }
        let index = usize::try_from(index).map_err(|_| missing())?;
        if index >= MAX_FOUND {
            return Err(Unavailable::Other(
                format!("only the first {MAX_FOUND} elements are looked for").into(),
            ));
        }
        let walked = &mut *self.walked.borrow_mut();
        while walked.found.len() <= index {
            if let Some(reason) = &walked.failed {
                return Err(reason.clone());
            }
            match self.source.step(reader, &mut walked.cursor) {
                Ok(Some(found)) => walked.found.push(found),
                Ok(None) => {
                    let there = walked.found.len();
                    walked.failed = Some(Unavailable::Other(
                        format!("only {there} of {} elements are there", self.count).into(),
                    ));
                }
                Err(reason) => walked.failed = Some(reason),
            }
        }
        walked.found.get(index).cloned().ok_or_else(missing)
    }
}

impl Source {
    /// The next element; `None` behind the last.
    fn step(&self, reader: &Reader<'_>, at: &mut Cursor) -> Result<Option<Found>, Unavailable> {
        let started = std::mem::replace(&mut at.started, true);
        match self {
            Source::Ring { .. } => Ok(None),
            Source::Chain {
                first,
                next,
                pointer_size,
                offsets: (element, value),
            } => {
                if !started {
                    at.next = *first;
                }
                if at.next == 0 {
                    return Ok(None);
                }
                let node = Slot::Memory(at.next);
                at.next = number(reader, &node.at(*next)?, *pointer_size)?;
                Ok(Some((node.at(*element)?, node.at(*value)?)))
            }
            Source::Binary {
                root,
                pointer_size,
                offsets: (key, value),
            } => {
                if !started {
                    leftmost(reader, *root, 0, *pointer_size, &mut at.path)?;
                }
                let Some((node, _, _)) = at.path.pop() else {
                    return Ok(None);
                };
                let place = Slot::Memory(node);
                let right = number(reader, &place.at(*pointer_size)?, *pointer_size)?;
                leftmost(reader, right, node, *pointer_size, &mut at.path)?;
                Ok(Some((place.at(*key)?, place.at(*value)?)))
            }
            Source::Table {
                control,
                data,
                buckets,
                stride,
                offsets: (key, value),
                begun,
            } => {
                let (width, bits) = begun.unwrap_or_default();
                let left = (at.next..width).find(|bit| bits >> bit & 1 == 1);
                let full = match left {
                    Some(bucket) => Some(bucket),
                    None => full_bucket(reader, *control, *buckets, at.next.max(width))?,
                };
                let Some(bucket) = full else {
                    return Ok(None);
                };
                at.next = bucket.saturating_add(1);
                let back = at.next.checked_mul(*stride);
                let place = back.and_then(|back| data.checked_sub(back));
                let place = place.ok_or_else(|| {
                    Unavailable::Other(
                        "the bytes here are no hash table: it begins before memory".into(),
                    )
                })?;
                let place = Slot::Memory(place);
                Ok(Some((place.at(*key)?, place.at(*value)?)))
            }
            Source::Tree { root, height, node } => {
                if !started {
                    node.descend(reader, *root, *height, &mut at.path)?;
                }
                node.step(reader, &mut at.path)
            }
            Source::Branch { leaf, index, node } => {
                if !started {
                    at.path = node.climb(reader, *leaf, *index)?;
                }
                node.step(reader, &mut at.path)
            }
        }
    }
}

/// Goes from a node of a binary tree, a child of `parent` (0 for the root), to the first below it.
fn leftmost(
    reader: &Reader<'_>,
    node: u64,
    parent: u64,
    pointer_size: u64,
    path: &mut Vec<(u64, u64, u64)>,
) -> Result<(), Unavailable> {
    let (mut node, mut parent) = (node, parent);
    while node != 0 {
        let place = Slot::Memory(node);
        let up = place.at(pointer_size.saturating_mul(2))?;
        let up = number(reader, &up, pointer_size)?;
        // That of the root is no node.
        if parent != 0 && up != parent || path.len() >= MAX_PATH {
            return Err(Unavailable::Other(
                format!("the bytes here are no tree: the parent of {node:#x} is {up:#x}").into(),
            ));
        }
        path.push((node, 0, 0));
        parent = node;
        node = number(reader, &place, pointer_size)?;
    }
    Ok(())
}

/// The first full bucket from one on.
fn full_bucket(
    reader: &Reader<'_>,
    control: u64,
    buckets: u64,
    from: u64,
) -> Result<Option<u64>, Unavailable> {
    let mut bucket = from;
    let mut bytes = [0u8; CHUNK as usize];
    while bucket < buckets {
        if bucket - from > MAX_BUCKETS {
            return Err(Unavailable::Other(
                "the hash table is too empty to be walked".into(),
            ));
        }
        let count = (buckets - bucket).min(CHUNK);
        let chunk = bytes.get_mut(..usize::try_from(count).unwrap_or(0));
        let chunk = chunk.unwrap_or_default();
        let address = control.checked_add(bucket);
        let address = address.ok_or_else(|| Unavailable::malformed("it lies beyond memory"))?;
        reader.memory.read(address, chunk)?;
        if let Some(at) = chunk.iter().position(|byte| byte & 0x80 == 0) {
            return Ok(Some(bucket.saturating_add(at as u64)));
        }
        bucket = bucket.saturating_add(count);
    }
    Ok(None)
}

impl Node {
    /// Goes from a node to the leaf with the first key below it.
    fn descend(
        &self,
        reader: &Reader<'_>,
        mut node: u64,
        height: u64,
        path: &mut Vec<(u64, u64, u64)>,
    ) -> Result<(), Unavailable> {
        if height > MAX_HEIGHT {
            return Err(no_tree(format!("its height is {height}")));
        }
        for height in (0..=height).rev() {
            if !super::recognise::fits(reader, node, self.leaf) || node == 0 {
                return Err(no_tree(format!("a node at {node:#x} is not in memory")));
            }
            path.push((node, height, 0));
            if height > 0 {
                node = number(
                    reader,
                    &Slot::Memory(node).at(self.edges)?,
                    self.pointer_size,
                )?;
            }
        }
        Ok(())
    }

    /// The way from the root to the key `index` of a leaf.
    fn climb(
        &self,
        reader: &Reader<'_>,
        leaf: u64,
        index: u64,
    ) -> Result<Vec<(u64, u64, u64)>, Unavailable> {
        let mut path = Vec::new();
        let (mut node, mut index) = (leaf, index);
        for height in 0..=MAX_HEIGHT {
            if node == 0 || !super::recognise::fits(reader, node, self.leaf) {
                return Err(no_tree(format!("a node at {node:#x} is not in memory")));
            }
            path.push((node, height, index));
            let place = Slot::Memory(node);
            let parent = number(reader, &place.at(self.parent)?, self.pointer_size)?;
            if parent == 0 {
                path.reverse();
                return Ok(path);
            }
            index = number(reader, &place.at(self.parent_index)?, 2)?;
            node = parent;
        }
        Err(no_tree(format!("it is higher than {MAX_HEIGHT}")))
    }

    fn step(
        &self,
        reader: &Reader<'_>,
        path: &mut Vec<(u64, u64, u64)>,
    ) -> Result<Option<Found>, Unavailable> {
        loop {
            let Some((node, height, index)) = path.pop() else {
                return Ok(None);
            };
            let place = Slot::Memory(node);
            let len = number(reader, &place.at(self.len)?, 2)?;
            if len > self.capacity {
                return Err(no_tree(format!("a node has {len} keys")));
            }
            if index >= len {
                continue;
            }
            let key = place.at(self
                .keys
                .saturating_add(index.saturating_mul(self.key_stride)))?;
            let value = place.at(self
                .values
                .saturating_add(index.saturating_mul(self.value_stride)))?;
            let after = index.saturating_add(1);
            path.push((node, height, after));
            if let Some(below) = height.checked_sub(1) {
                let edge = self
                    .edges
                    .saturating_add(after.saturating_mul(self.pointer_size));
                let child = number(reader, &place.at(edge)?, self.pointer_size)?;
                self.descend(reader, child, below, path)?;
            }
            return Ok(Some((key, value)));
        }
    }
}

fn no_tree(why: String) -> Unavailable {
    Unavailable::Other(format!("the bytes here are no B-tree: {why}").into())
}

fn number(reader: &Reader<'_>, at: &Slot, size: u64) -> Result<u64, Unavailable> {
    let number = at.number(reader.memory, size)?;
    u64::try_from(number).map_err(|_| Unavailable::malformed("an address of more than 64 bits"))
}
