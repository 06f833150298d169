//! Rust values out of a stopped guest.
//!
//! A [`Reader`] goes from a variable (or a type and a place) to a [`Value`]: a summary of one
//! line, and children. On the way every type is brought to a `View`, one of a few shapes (number,
//! text, sequence, record, pointer); the recognisers that know what a `String` or a `Vec` looks
//! like inside are a table (`recognise`), and all the rest works on views alone.
//!
//! The guest's memory may be torn, uninitialised or lying, and its debug info too: everything is
//! checked against both, bounded by [`Limits`], and what does not add up is unavailable with the
//! reason, never a wrong value.

mod extents;
mod format;
mod gone;
mod heap;
mod items;
mod keys;
mod memory;
mod navigate;
mod recognise;
mod scalar;
mod summary;
mod value;
mod view;

pub use keys::leads_back;
pub use memory::{Memory, NoMemory};
pub use value::Value;

pub(crate) use extents::Extents;
pub(crate) use gone::{Gone, may_be_dropped};
pub(crate) use items::{Items, ItemsKind};
pub(crate) use memory::{Slot, Typed};
pub(crate) use navigate::{ActiveVariant, MAX_DEREFS, NoField};
pub(crate) use scalar::{half, signed};
pub(crate) use view::View;

use crate::protocol::ValueFormat;
use std::sync::Arc;
use summary::Summary;
use wasmscope_symbols::{CodeOffset, FrameState, Place, Symbols, TypeId, Unavailable, Variable};

/// How much of a value is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// How deep values nest in a summary; what is deeper is `…`.
    pub depth: usize,
    /// How many elements of a sequence, and fields of a record, are shown.
    pub elements: usize,
    /// How many characters of a text are shown.
    pub text: usize,
    /// How many values one summary is made of, nested ones counted.
    pub nodes: usize,
    /// How many levels of children a [`Value`] has.
    pub children: usize,
}

impl Default for Limits {
    /// What fits in a report: about a line for each variable.
    fn default() -> Self {
        Limits {
            depth: 5,
            elements: 8,
            text: 120,
            nodes: 40,
            children: 0,
        }
    }
}

/// The deepest summary there is, whatever is asked for: it is made by recursion.
const MAX_DEPTH: usize = 64;

/// The most values that the tree of one value has, whatever is asked for.
const MAX_VALUES: usize = 10_000;

/// Reads values of one module's types out of its memory.
#[derive(Clone, Copy)]
pub struct Reader<'r> {
    symbols: &'r Symbols,
    memory: &'r dyn Memory,
    limits: Limits,
    format: ValueFormat,
    gone: Option<&'r Gone>,
}

impl<'r> Reader<'r> {
    /// A reader of the values of a module's variables. `memory` is the memory that the module's
    /// code addresses.
    pub fn new(symbols: &'r Symbols, memory: &'r dyn Memory, limits: Limits) -> Self {
        Reader {
            symbols,
            memory,
            limits,
            format: ValueFormat::Natural,
            gone: None,
        }
    }

    /// The same, for which what is in `gone` has no value: only its bytes can be shown.
    pub(crate) fn heeding(self, gone: &'r Gone) -> Self {
        Reader {
            gone: Some(gone),
            ..self
        }
    }

    /// The same, showing numbers as `format` says; [`ValueFormat::Raw`] shows the fields that
    /// types are made of, whatever is known of them.
    #[must_use]
    pub fn with_format(self, format: ValueFormat) -> Self {
        Reader { format, ..self }
    }

    /// The value of a variable that is in scope at `pc` (see [`Symbols::variables`]) in the frame
    /// that `state` tells of.
    pub fn variable(&self, variable: &Variable, pc: CodeOffset, state: &dyn FrameState) -> Value {
        let Some(type_id) = variable.type_id else {
            let reason = Unavailable::malformed("its debug info does not say its type");
            return Value::unavailable(&variable.name, "?", "?", &reason);
        };
        let place = self.symbols.locate(variable, pc, state);
        let gone = Gone::default();
        let typed = match place {
            Place::Memory(address) => Some(self.typed(type_id, Slot::Memory(address))),
            _ => None,
        };
        let doubt = typed.is_some_and(|typed| gone.note(self, variable, &typed, pc, state));
        let mut value = self.heeding(&gone).value(&variable.name, type_id, place);
        if doubt && value.unavailable.is_none() {
            value.doubt = Some(gone::DOUBT.into());
        }
        value
    }

    /// The value of the type `type_id` at `place`.
    pub fn value(&self, name: &str, type_id: TypeId, place: Place) -> Value {
        let slot = match place {
            Place::Memory(address) => Slot::Memory(address),
            Place::Bytes(bytes) => Slot::Bytes {
                bytes: Arc::new(bytes),
                offset: 0,
            },
            Place::Unavailable(reason) => {
                let ty = self.symbols.describe_type(type_id);
                return Value::unavailable(name, &ty.name, &ty.full_name, &reason);
            }
        };
        self.typed_value(name, &self.typed(type_id, slot))
    }

    /// The value of a type at a place.
    pub(crate) fn typed_value(&self, name: &str, typed: &Typed) -> Value {
        let levels = self.limits.children.min(MAX_DEPTH);
        let mut left = MAX_VALUES;
        self.tree(name, typed, levels, &mut left)
    }

    /// The value that looks like this, of a type that may have no debug info: what was computed.
    pub(crate) fn view_value(&self, name: &str, type_name: &str, view: &View) -> Value {
        let mut value = match Summary::of_view(self, view) {
            Ok(summary) => Value::known(name, type_name, type_name, summary),
            Err(reason) => return Value::unavailable(name, type_name, type_name, &reason),
        };
        if let Some(levels) = self.limits.children.min(MAX_DEPTH).checked_sub(1) {
            let mut left = MAX_VALUES;
            self.add_children(&mut value, view, levels, &mut left);
        }
        value
    }

    /// That a value is there, as far as is known.
    ///
    /// # Errors
    /// When its bytes are no value any more.
    pub(crate) fn there(&self, typed: &Typed) -> Result<(), Unavailable> {
        self.gone.map_or(Ok(()), |gone| gone.check(typed))
    }

    pub(crate) fn typed(&self, type_id: TypeId, slot: Slot) -> Typed {
        Typed {
            ty: self.symbols.describe_type(type_id),
            slot,
        }
    }

    /// A value with its children, down to `levels`, as long as any are `left`.
    fn tree(&self, name: &str, typed: &Typed, levels: usize, left: &mut usize) -> Value {
        *left = left.saturating_sub(1);
        let mut value = match Summary::of(self, typed) {
            Ok(summary) => Value::known(name, &typed.ty.name, &typed.ty.full_name, summary),
            Err(reason) => {
                return Value::unavailable(name, &typed.ty.name, &typed.ty.full_name, &reason);
            }
        };
        if let Some(levels) = levels.checked_sub(1)
            && let Ok(view) = recognise::view(self, typed)
        {
            self.add_children(&mut value, &view, levels, left);
        }
        value
    }

    fn add_children(&self, value: &mut Value, view: &View, levels: usize, left: &mut usize) {
        let count = view.count();
        let mut index = 0;
        while index < count.min(self.limits.elements as u64) && *left > 0 {
            if let Some((name, child)) = view.child(self, index) {
                value.children.push(self.tree(&name, &child, levels, left));
            }
            index += 1;
        }
        value.more_children = count - index;
    }
}
