//! Variables, and parts of them, that have no value any more though they are in scope: moved out of,
//! dropped, or not given one yet. What the rest of the function says of their bytes is
//! [`wasmscope_symbols`]' business; here is which of them have to be dropped, which is what makes that
//! an answer.

use super::Reader;
use super::memory::{Slot, Typed};
use std::cell::RefCell;
use std::collections::HashSet;
use std::ops::Range;
use wasmscope_symbols::types::{Fields, PointerKind};
use wasmscope_symbols::{
    CodeOffset, FrameState, Liveness, Resident, Symbols, Type, TypeKind, Unavailable, Variable,
};

/// How deep the parts nest that are looked at.
const MAX_DEPTH: usize = 12;

/// How many parts of one variable are looked at.
const MAX_PARTS: usize = 500;

/// Elements of an array that are looked at.
const MAX_ELEMENTS: u64 = 16;

/// What is said of what was declared and nothing else.
const UNSET: &str = "not given a value yet";

/// What is said of a value that may be none.
pub(crate) const DOUBT: &str = "perhaps moved out or dropped: nothing uses its memory from here on";

/// The stretches of memory that look like values and are none, as far as was asked, with what is said
/// of them.
#[derive(Debug, Default)]
pub(crate) struct Gone(RefCell<Vec<(Range<u64>, &'static str)>>);

impl Gone {
    /// Notes what is gone of a variable that stands at `typed`; says whether there is a doubt about
    /// the rest. `pc` and `state` are as for [`Reader::variable`].
    pub fn note(
        &self,
        reader: &Reader<'_>,
        variable: &Variable,
        typed: &Typed,
        pc: CodeOffset,
        state: &dyn FrameState,
    ) -> bool {
        let Slot::Memory(address) = typed.slot else {
            return false;
        };
        let called = state.has_called();
        let Some(resident) = reader.symbols.resident(variable, pc, called, state) else {
            return false;
        };
        let size = typed.ty.size.unwrap_or(0);
        if resident.is_unset(0..size) {
            let all = address..address.saturating_add(size);
            self.0.borrow_mut().push((all, UNSET));
            return false;
        }
        // Rust gives a struct its value at once; C field by field.
        if let TypeKind::Struct(fields) = &typed.ty.kind
            && !typed.ty.rust
        {
            let parts = fields_of(reader, fields, &Slot::Memory(0));
            for part in parts.iter().take(MAX_PARTS) {
                let (Slot::Memory(start), Some(size)) = (&part.slot, part.ty.size) else {
                    continue;
                };
                let end = start.saturating_add(size);
                if resident.is_unset(*start..end) {
                    let part = address.saturating_add(*start)..address.saturating_add(end);
                    self.0.borrow_mut().push((part, UNSET));
                }
            }
        }
        let mut search = Search {
            reader: *reader,
            address,
            resident,
            parts: MAX_PARTS,
            gone: Vec::new(),
        };
        if !search.must_be_dropped(typed, MAX_DEPTH) {
            return false;
        }
        if search.resident.liveness(0..size) == Liveness::SeemsOver {
            return true;
        }
        search.look(typed, MAX_DEPTH);
        self.0.borrow_mut().append(&mut search.gone);
        false
    }

    /// Whether all of a value is gone.
    ///
    /// # Errors
    /// When it is, with what is said of it.
    pub fn check(&self, typed: &Typed) -> Result<(), Unavailable> {
        let (Slot::Memory(address), Some(size)) = (&typed.slot, typed.ty.size) else {
            return Ok(());
        };
        let end = address.saturating_add(size);
        let gone = self.0.borrow();
        let over = gone
            .iter()
            .find(|(range, _)| range.start <= *address && range.end >= end);
        match over {
            Some((_, why)) if size > 0 => Err(Unavailable::Other((*why).into())),
            _ => Ok(()),
        }
    }
}

/// Whether values of a type may have to be dropped: some variant of an enum, some part of a struct.
pub(crate) fn may_be_dropped(symbols: &Symbols, ty: &Type) -> bool {
    let mut open = vec![ty.id];
    let mut seen = HashSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        if seen.len() > MAX_PARTS {
            return true;
        }
        let ty = symbols.describe_type(id);
        match dropping(symbols, &ty) {
            Dropping::Always => return true,
            Dropping::Never => continue,
            Dropping::ByParts => {}
        }
        match &ty.kind {
            TypeKind::Struct(fields) => open.extend(fields.fields.iter().map(|it| it.type_id)),
            TypeKind::Variants(variants) => {
                let bodies = variants.variants.iter().filter_map(|it| it.body.as_ref());
                open.extend(bodies.map(|body| body.type_id));
            }
            TypeKind::Array(array) => open.push(array.element),
            TypeKind::Alias(of) => open.extend(*of),
            _ => {}
        }
    }
    false
}

/// Whether values of a type do something when they are dropped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dropping {
    /// They do, whatever is in them.
    Always,
    /// They hold or point to what is dropped elsewhere.
    Never,
    /// Their parts may.
    ByParts,
}

fn dropping(symbols: &Symbols, ty: &Type) -> Dropping {
    let name = &*ty.full_name;
    match &ty.kind {
        TypeKind::Pointer(pointer) if pointer.kind == PointerKind::Box => Dropping::Always,
        TypeKind::Pointer(_) => Dropping::Never,
        _ if is_never_dropped(name) => Dropping::Never,
        _ if owns_by_name(name) || symbols.implements_drop(name) => Dropping::Always,
        _ => Dropping::ByParts,
    }
}

struct Search<'r> {
    reader: Reader<'r>,
    /// Where the variable is.
    address: u64,
    resident: Resident,
    /// How many parts more are looked at.
    parts: usize,
    gone: Vec<(Range<u64>, &'static str)>,
}

impl Search<'_> {
    /// Looks through a part of the variable that has to be dropped; gives what is said of it when all
    /// of it is gone. Of a struct that does nothing itself when it is dropped, each field may have
    /// been moved out of, and those that need no dropping keep their values.
    fn look(&mut self, typed: &Typed, depth: usize) -> Option<&'static str> {
        let Slot::Memory(address) = typed.slot else {
            return None;
        };
        let size = typed.ty.size.filter(|size| *size > 0)?;
        let all = address..address.checked_add(size)?;
        let itself = dropping(self.reader.symbols, &typed.ty) == Dropping::Always;
        // Of a long array not all elements are looked at.
        let whole = itself || matches!(typed.ty.kind, TypeKind::Variants(_) | TypeKind::Array(_));
        let mut why = None;
        if whole {
            let start = address.checked_sub(self.address)?;
            why = match self.resident.liveness(start..start.checked_add(size)?) {
                Liveness::Over => Some("moved out or dropped"),
                Liveness::OverOrUnset => Some("moved out or dropped, if it was given a value"),
                Liveness::MayBeLive | Liveness::SeemsOver => None,
            };
        }
        // Nothing can be moved out of what implements `Drop` itself.
        if why.is_none()
            && let Some(depth) = depth.checked_sub(1)
            && !itself
        {
            let parts = self.parts_of(typed);
            let mut all_gone = !whole;
            for part in parts.iter().filter(|part| part.ty.size != Some(0)) {
                let gone = match self.must_be_dropped(part, MAX_DEPTH) {
                    true => self.look(part, depth),
                    false => None,
                };
                all_gone &= gone.is_some();
                why = gone.or(why);
            }
            why = why.filter(|_| all_gone);
        }
        if let Some(why) = why {
            self.gone.push((all, why));
        }
        why
    }

    /// Whether a value has anything in it that has to be dropped. Of an enum only the variant counts
    /// that it is.
    fn must_be_dropped(&mut self, typed: &Typed, depth: usize) -> bool {
        let (Some(parts), Some(depth)) = (self.parts.checked_sub(1), depth.checked_sub(1)) else {
            return false;
        };
        self.parts = parts;
        if !typed.ty.rust {
            return false;
        }
        match dropping(self.reader.symbols, &typed.ty) {
            Dropping::Always => true,
            Dropping::Never => false,
            Dropping::ByParts => self
                .parts_of(typed)
                .iter()
                .any(|part| self.must_be_dropped(part, depth)),
        }
    }

    /// The parts of a value that would be dropped with it.
    fn parts_of(&self, typed: &Typed) -> Vec<Typed> {
        let reader = &self.reader;
        let Ok(typed) = reader.resolve(typed) else {
            return Vec::new();
        };
        match &typed.ty.kind {
            TypeKind::Struct(fields) => fields_of(reader, fields, &typed.slot),
            TypeKind::Variants(_) => match reader.active_variant(&typed) {
                Ok(Some(active)) => active.body.into_iter().collect(),
                _ => Vec::new(),
            },
            TypeKind::Array(array) => {
                let element = reader.symbols.describe_type(array.element);
                let stride = element.size.unwrap_or(0);
                let count = array.count.unwrap_or(0).min(MAX_ELEMENTS);
                (0..count)
                    .filter_map(|index| {
                        let slot = typed.slot.at(stride.checked_mul(index)?).ok()?;
                        Some(reader.typed(array.element, slot))
                    })
                    .collect()
            }
            _ => Vec::new(),
        }
    }
}

fn fields_of(reader: &Reader<'_>, fields: &Fields, slot: &Slot) -> Vec<Typed> {
    let whole = fields.fields.iter().filter(|field| field.bits.is_none());
    whole
        .filter_map(|field| Some(reader.typed(field.type_id, slot.at(field.offset).ok()?)))
        .collect()
}

/// What holds values without dropping them.
fn is_never_dropped(name: &str) -> bool {
    name.starts_with("core::mem::manually_drop::ManuallyDrop<")
        || name.starts_with("core::mem::maybe_uninit::MaybeUninit<")
        || name.starts_with("core::marker::PhantomData<")
}

/// What owns memory or a file whatever functions the module has: collections and boxes name their
/// allocator last.
fn owns_by_name(name: &str) -> bool {
    name.ends_with("alloc::alloc::Global>") || name == "std::os::fd::owned::OwnedFd"
}
