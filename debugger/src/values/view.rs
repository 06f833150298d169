//! [`View`]: the few shapes that all values are brought to, and their children.

use super::Reader;
use super::items::{Items, ItemsKind};
use super::memory::{Slot, Typed};
use super::summary::Summary;
use wasmscope_symbols::types::{Encoding, Field, Style};
use wasmscope_symbols::{TypeId, Unavailable};

/// What a value looks like.
#[derive(Clone, Debug)]
pub(crate) enum View {
    /// One word, ready to be shown.
    Word(String),
    /// A number, or what is kept as one: a `bool`, a `char`.
    Number {
        encoding: Encoding,
        bits: u128,
        /// In bytes.
        size: u64,
    },
    /// Text, by its bytes: where the first is, and how many there are. They are in memory.
    Text { first: Slot, len: u64 },
    /// Elements one after the other.
    Sequence {
        element: TypeId,
        first: Slot,
        stride: u64,
        count: u64,
        /// What the first of them is called: its place in what it is a part of.
        start: u64,
    },
    /// Elements that lie apart: maps, sets, rings, linked lists.
    Items(Box<Items>),
    /// Fields, after a name that may be empty (tuples).
    Record {
        name: String,
        /// What else there is to say of it: ` (locked)`.
        note: String,
        style: Style,
        fields: Vec<Member>,
        /// Fields that debug info has beyond those.
        truncated: bool,
    },
    /// What the compiler made of an `async fn` or block.
    Task(Box<Task>),
    /// A value behind a reference (with `&` in front), a box (without), or something like them;
    /// behind it stands as what it is seen there (`as dyn Speak`).
    Behind {
        sign: String,
        target: Box<Typed>,
        suffix: String,
    },
    /// Another view between two words.
    Marked {
        before: String,
        view: Box<View>,
        after: &'static str,
    },
    /// A range: its ends, each with its name.
    Range {
        from: Option<Member>,
        to: Option<Member>,
        /// `..` or `..=`, and what comes behind.
        sign: &'static str,
        after: &'static str,
    },
    /// A raw pointer, and what it points to, if that can be read.
    Pointer {
        address: u64,
        target: Option<Box<Typed>>,
    },
}

/// A future in one of its states.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    /// What it is: `async fn fetch`.
    pub title: String,
    /// How it stands: `at line 39`.
    pub state: String,
    /// Whether the first of `fields` is the future that it waits for.
    pub awaits: bool,
    /// What it waits for, then its variables.
    pub fields: Vec<Member>,
}

/// A field of a record: its place, or why it has none.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub name: String,
    pub type_id: TypeId,
    pub slot: Result<Slot, Unavailable>,
}

impl View {
    /// How many children it has.
    pub fn count(&self) -> u64 {
        match self {
            View::Word(_) | View::Number { .. } | View::Text { .. } => 0,
            View::Sequence { count, .. } => *count,
            View::Items(items) => items.count,
            View::Marked { view, .. } => view.count(),
            View::Range { from, to, .. } => u64::from(from.is_some()) + u64::from(to.is_some()),
            View::Record { fields, .. } => fields.len() as u64,
            View::Task(task) => task.fields.len() as u64,
            View::Behind { .. } => 1,
            View::Pointer { target, .. } => u64::from(target.is_some()),
        }
    }

    /// A child with its name; `None` when there is no such child, or it has no place.
    pub fn child(&self, reader: &Reader<'_>, index: u64) -> Option<(String, Typed)> {
        match self {
            View::Word(_) | View::Number { .. } | View::Text { .. } => None,
            View::Sequence { count, start, .. } => {
                if index >= *count {
                    return None;
                }
                let name = start.saturating_add(index);
                Some((name.to_string(), self.element(reader, index).ok()?))
            }
            View::Record { fields, .. } => fields.get(usize::try_from(index).ok()?)?.typed(reader),
            View::Task(task) => task.fields.get(usize::try_from(index).ok()?)?.typed(reader),
            View::Range { from, to, .. } => {
                let mut ends = from.iter().chain(to);
                ends.nth(usize::try_from(index).ok()?)?.typed(reader)
            }
            View::Items(items) => item(items, reader, index),
            // Sequences in there are no sequences to look at: their elements need brackets.
            View::Marked { view, .. } => match (&**view, view.child(reader, index)?) {
                (View::Sequence { .. } | View::Items(_), (name, child))
                    if !name.starts_with('[') =>
                {
                    Some((format!("[{name}]"), child))
                }
                (_, child) => Some(child),
            },
            View::Behind { target, .. } => {
                (index == 0).then(|| ("*".to_owned(), (**target).clone()))
            }
            View::Pointer { target, .. } => {
                let target = target.as_ref().filter(|_| index == 0)?;
                Some(("*".to_owned(), (**target).clone()))
            }
        }
    }

    /// An element of a sequence.
    pub fn element(&self, reader: &Reader<'_>, index: u64) -> Result<Typed, Unavailable> {
        let View::Sequence {
            element,
            first,
            stride,
            ..
        } = self
        else {
            return Err(Unavailable::malformed("it has no elements"));
        };
        let offset = index
            .checked_mul(*stride)
            .ok_or_else(|| Unavailable::malformed("an element lies beyond all addresses"))?;
        Ok(reader.typed(*element, first.at(offset)?))
    }
}

/// A child of a collection: elements by their number, values by their keys.
fn item(items: &Items, reader: &Reader<'_>, index: u64) -> Option<(String, Typed)> {
    let (element, value) = items.get(reader, index).ok()?;
    match (items.kind, value) {
        (ItemsKind::Map, Some(value)) => {
            let key = Summary::of(reader, &element);
            let key = key.unwrap_or_else(|reason| format!("<{reason}>"));
            Some((format!("[{}]", key.trim_start_matches('&')), value))
        }
        (ItemsKind::List, _) => {
            let name = items.start.saturating_add(index);
            Some((name.to_string(), element))
        }
        _ => Some((format!("[{index}]"), element)),
    }
}

impl Member {
    /// A value under a name.
    pub fn of(name: &str, typed: &Typed) -> Self {
        Member {
            name: name.to_owned(),
            type_id: typed.ty.id,
            slot: Ok(typed.slot.clone()),
        }
    }

    fn typed(&self, reader: &Reader<'_>) -> Option<(String, Typed)> {
        let slot = self.slot.clone().ok()?;
        Some((self.name.clone(), reader.typed(self.type_id, slot)))
    }

    /// A field of the value at `slot`.
    pub fn new(reader: &Reader<'_>, field: &Field, slot: &Slot) -> Self {
        let place = slot.at(field.offset).and_then(|place| match field.bits {
            None => Ok(place),
            Some(bits) => {
                let size = bits.offset.saturating_add(bits.size).div_ceil(8);
                let number = place.number(reader.memory, size)?;
                let size = reader.symbols.describe_type(field.type_id).size;
                super::scalar::bit_field(number, bits, reader.is_signed(field.type_id), size)
            }
        });
        Member {
            name: field.name.to_string(),
            type_id: field.type_id,
            slot: place,
        }
    }
}
