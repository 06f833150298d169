//! [`View`]: the few shapes that all values are brought to, and their children.

use super::Reader;
use super::memory::{Slot, Typed};
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
    /// Fields, after a name that may be empty (tuples).
    Record {
        name: String,
        style: Style,
        fields: Vec<Member>,
        /// Fields that debug info has beyond those.
        truncated: bool,
    },
    /// A value behind a reference (with `&` in front) or a box (without).
    Behind {
        sign: &'static str,
        target: Box<Typed>,
    },
    /// A raw pointer, and what it points to, if that can be read.
    Pointer {
        address: u64,
        target: Option<Box<Typed>>,
    },
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
            View::Record { fields, .. } => fields.len() as u64,
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
            View::Record { fields, .. } => {
                let field = fields.get(usize::try_from(index).ok()?)?;
                let slot = field.slot.clone().ok()?;
                Some((field.name.clone(), reader.typed(field.type_id, slot)))
            }
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

impl Member {
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
