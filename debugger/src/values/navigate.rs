//! Ways through values: to a field, behind a pointer, to elements, to the variant an enum is.
//!
//! What names and indices mean is decided on types and views alone, so whatever a recogniser makes
//! of a type can be walked through here.

use super::memory::{Slot, Typed};
use super::view::{Member, View};
use super::{Reader, recognise};
use crate::protocol::ValueFormat;
use std::sync::Arc;
use wasmscope_symbols::types::{Encoding, Fields};
use wasmscope_symbols::{Type, TypeKind, Unavailable};

/// How many pointers are followed to find a field or elements.
pub(crate) const MAX_DEREFS: usize = 32;

/// Longest C string that is looked for.
const MAX_C_TEXT: u64 = 64 * 1024;

/// Why there is no such field.
#[derive(Clone, Debug)]
pub(crate) enum NoField {
    /// The value, or one on the way, is not to be had.
    Unavailable(Unavailable),
    /// None of that name.
    Missing {
        /// The type that was asked last.
        ty: Arc<Type>,
        /// The names there are.
        names: Vec<Arc<str>>,
        /// The variant that the value is, and the one that has such a field.
        variants: Option<(Arc<str>, Option<Arc<str>>)>,
    },
}

impl From<Unavailable> for NoField {
    fn from(reason: Unavailable) -> Self {
        NoField::Unavailable(reason)
    }
}

/// The variant that the value of an enum is.
#[derive(Clone, Debug)]
pub(crate) struct ActiveVariant {
    /// Its name.
    pub name: Arc<str>,
    /// What it carries: a struct.
    pub body: Option<Typed>,
}

impl Reader<'_> {
    /// What a value looks like.
    pub(crate) fn view(&self, typed: &Typed) -> Result<View, Unavailable> {
        recognise::view(self, typed)
    }

    /// What is known of a value beyond the fields of its type, if anything is.
    pub(crate) fn recognised(&self, typed: &Typed) -> Option<Result<View, Unavailable>> {
        recognise::recognised(self, typed)
    }

    /// What is inside of a cell, a lock, a `Pin`, something initialised once, however many pointers
    /// there are to it; `None` when it is none of them.
    pub(crate) fn inside(&self, typed: &Typed) -> Result<Option<Typed>, Unavailable> {
        let mut typed = self.resolve(typed)?;
        for _ in 0..MAX_DEREFS {
            let is_struct = matches!(typed.ty.kind, TypeKind::Struct(_));
            match self.recognised(&typed).transpose()? {
                Some(View::Record { fields, .. }) if is_struct => {
                    let [only] = &*fields else { return Ok(None) };
                    return Ok(Some(self.typed(only.type_id, only.slot.clone()?)));
                }
                // Numbers in atomics and the like.
                Some(View::Number { .. }) if is_struct => return Ok(Some(typed)),
                Some(View::Word(word)) if word.ends_with(">)") => {
                    return Err(Unavailable::Other(match word.ends_with("(<uninit>)") {
                        true => "nothing is in it yet".into(),
                        false => format!("there is no value in it now: {word}").into(),
                    }));
                }
                _ => match self.behind(&typed)? {
                    Some(target) => typed = self.resolve(&target)?,
                    None => return Ok(None),
                },
            }
        }
        Ok(None)
    }

    /// The value without the aliases around its type.
    pub(crate) fn resolve(&self, typed: &Typed) -> Result<Typed, Unavailable> {
        recognise::resolve(self, typed)
    }

    /// The field `name` of a value, of the variant that it is, or of what it points to, however
    /// many pointers there are on the way.
    pub(crate) fn field(&self, typed: &Typed, name: &str) -> Result<Typed, NoField> {
        let mut typed = self.resolve(typed)?;
        // What is only a pointer in a struct's clothes (`Rc`) has fields that the source does not
        // know: they come last.
        let mut clothes = Vec::new();
        for _ in 0..MAX_DEREFS {
            let target = self.behind(&typed);
            let is_struct = matches!(typed.ty.kind, TypeKind::Struct(_));
            if let (true, Ok(Some(target))) = (is_struct, &target) {
                clothes.push(std::mem::replace(&mut typed, self.resolve(target)?));
                continue;
            }
            let missing = match self.own_field(&typed, name) {
                Err(missing @ NoField::Missing { .. }) => missing,
                found => return found,
            };
            match target? {
                Some(target) => typed = self.resolve(&target)?,
                None => {
                    let hidden = clothes.iter().find_map(|it| self.own_field(it, name).ok());
                    return hidden.ok_or(missing);
                }
            }
        }
        Err(Unavailable::Other("there are too many pointers to follow".into()).into())
    }

    /// A field of the value itself.
    fn own_field(&self, typed: &Typed, name: &str) -> Result<Typed, NoField> {
        let member = |fields: &Fields, slot: &Slot| {
            let field = fields.field(name)?;
            let member = Member::new(self, field, slot);
            Some(
                member
                    .slot
                    .map(|slot| self.typed(member.type_id, slot))
                    .map_err(NoField::Unavailable),
            )
        };
        let missing = |names: Vec<Arc<str>>, variants| NoField::Missing {
            ty: Arc::clone(&typed.ty),
            names,
            variants,
        };
        // What is shown under this name is meant by it.
        if let TypeKind::Struct(_) = typed.ty.kind
            && let Some(Ok(View::Record { fields, .. })) = self.recognised(typed)
            && let Some(field) = fields.iter().find(|field| field.name == name)
        {
            let slot = field.slot.clone()?;
            return Ok(self.typed(field.type_id, slot));
        }
        match &typed.ty.kind {
            TypeKind::Struct(fields) | TypeKind::Union(fields) => {
                member(fields, &typed.slot).unwrap_or_else(|| Err(missing(names(fields), None)))
            }
            TypeKind::Variants(variants) => {
                let Some(active) = self.active_variant(typed)? else {
                    return Err(missing(Vec::new(), None));
                };
                let mut known = Vec::new();
                if let Some(body) = &active.body
                    && let TypeKind::Struct(fields) = &body.ty.kind
                {
                    if let Some(found) = member(fields, &body.slot) {
                        return found;
                    }
                    known = names(fields);
                }
                if let Some(field) = variants.common.iter().find(|field| &*field.name == name) {
                    let member = Member::new(self, field, &typed.slot);
                    return Ok(self.typed(member.type_id, member.slot?));
                }
                let has_it = variants.variants.iter().find(|variant| {
                    let body = variant.body.as_ref();
                    body.is_some_and(
                        |body| match &self.symbols.describe_type(body.type_id).kind {
                            TypeKind::Struct(fields) => fields.field(name).is_some(),
                            _ => false,
                        },
                    )
                });
                let has_it = has_it.map(|variant| Arc::clone(&variant.name));
                Err(missing(known, Some((active.name, has_it))))
            }
            _ => Err(missing(Vec::new(), None)),
        }
    }

    /// What a reference, a box or a pointer points to; `None` when the value is none of them.
    ///
    /// # Errors
    /// When it points to nothing that can be read.
    pub(crate) fn behind(&self, typed: &Typed) -> Result<Option<Typed>, Unavailable> {
        match self.view(typed)? {
            View::Behind { target, .. } => Ok(Some(*target)),
            View::Pointer {
                target: Some(target),
                ..
            } => Ok(Some(*target)),
            View::Pointer {
                address,
                target: None,
            } => Err(Unavailable::Other(
                format!("{address:#x} points to nothing that can be read").into(),
            )),
            View::Word(word) if word == "null" => {
                Err(Unavailable::Other("the pointer is null".into()))
            }
            _ => Ok(None),
        }
    }

    /// The elements or the text that a value is, or points to; `None` when it is neither.
    pub(crate) fn elements(&self, typed: &Typed) -> Result<Option<View>, Unavailable> {
        let mut typed = typed.clone();
        for _ in 0..MAX_DEREFS {
            let view = self.view(&typed)?;
            match view {
                View::Sequence { .. } | View::Text { .. } => return Ok(Some(view)),
                View::Items(_) => return Ok(Some(view)),
                View::Marked { view, .. } => match *view {
                    view @ (View::Sequence { .. } | View::Text { .. } | View::Items(_)) => {
                        return Ok(Some(view));
                    }
                    _ => return Ok(None),
                },
                View::Behind { target, .. } => typed = *target,
                View::Pointer {
                    target: Some(target),
                    ..
                } => typed = *target,
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The variant that the value of an enum is, and what it carries; `None` when it is no enum.
    pub(crate) fn active_variant(
        &self,
        typed: &Typed,
    ) -> Result<Option<ActiveVariant>, Unavailable> {
        let typed = self.resolve(typed)?;
        match &typed.ty.kind {
            TypeKind::Variants(variants) => {
                let variant = recognise::active(self, &typed, variants)?;
                let body = match &variant.body {
                    Some(body) => Some(self.typed(body.type_id, typed.slot.at(body.offset)?)),
                    None => None,
                };
                // The states of coroutines are numbered, and their structs named.
                let numbered = variant.name.bytes().all(|byte| byte.is_ascii_digit());
                let name = match &body {
                    Some(body) if numbered => Arc::clone(&body.ty.name),
                    _ => Arc::clone(&variant.name),
                };
                Ok(Some(ActiveVariant { name, body }))
            }
            TypeKind::Enum(enumeration) => {
                let size = typed.ty.size.unwrap_or(0);
                let bits = typed.slot.number(self.memory, size)?;
                let bits = match enumeration.signed {
                    true => super::scalar::signed(bits, size) as u128,
                    false => bits,
                };
                let name = enumeration.name_of(bits).ok_or_else(|| {
                    Unavailable::Other(
                        format!("the bytes here are no {} (no such variant)", typed.ty.name).into(),
                    )
                })?;
                Ok(Some(ActiveVariant {
                    name: Arc::clone(name),
                    body: None,
                }))
            }
            _ => Ok(None),
        }
    }

    /// Whether a sequence is shown as text: bytes, when text is asked for.
    pub(super) fn is_text(&self, view: &View) -> bool {
        let View::Sequence {
            element, stride, ..
        } = view
        else {
            return false;
        };
        let element = self.typed(*element, Slot::Memory(0));
        let wanted = match self.format {
            ValueFormat::Text => is_byte(&element, self),
            ValueFormat::Natural => is_c_char(&element, self),
            _ => false,
        };
        wanted && *stride == 1
    }

    /// How many of a sequence's bytes are text: an array of C's is, up to the zeros that fill it.
    pub(super) fn text_len(&self, view: &View, count: u64) -> u64 {
        let View::Sequence { element, first, .. } = view else {
            return count;
        };
        if count > MAX_C_TEXT || !is_c_char(&self.typed(*element, Slot::Memory(0)), self) {
            return count;
        }
        let mut bytes = vec![0; usize::try_from(count).unwrap_or(0)];
        if first.read(self.memory, &mut bytes).is_err() {
            return count;
        }
        let text = bytes.iter().rposition(|byte| *byte != 0);
        text.map_or(0, |last| last as u64 + 1)
    }

    /// The C string behind a raw pointer to bytes, when text is asked for: its first bytes and its
    /// length.
    pub(super) fn c_text(&self, address: u64, target: Option<&Typed>) -> Option<(Vec<u8>, u64)> {
        let target = target?;
        let is_text = match self.format {
            ValueFormat::Text => is_byte(target, self),
            ValueFormat::Natural => is_c_char(target, self),
            _ => false,
        };
        if !is_text {
            return None;
        }
        let wanted = (self.limits.text as u64)
            .saturating_add(1)
            .saturating_mul(4)
            .min(MAX_C_TEXT);
        let there = self.memory.size().checked_sub(address)?;
        let mut bytes = vec![0; usize::try_from(wanted.min(there)).ok()?];
        self.memory.read(address, &mut bytes).ok()?;
        let len = match memchr::memchr(0, &bytes) {
            Some(end) => {
                bytes.truncate(end);
                end as u64
            }
            // It goes on, and nobody knows how far.
            None => (bytes.len() as u64).saturating_add(1),
        };
        Some((bytes, len))
    }
}

/// Whether a value is a `char` of C or C++, a pointer to which mostly is to text.
fn is_c_char(typed: &Typed, reader: &Reader<'_>) -> bool {
    !typed.ty.rust
        && reader.resolve(typed).is_ok_and(|typed| {
            matches!(typed.ty.kind, TypeKind::Base(Encoding::CChar { .. }))
                && matches!(&*typed.ty.name, "char" | "char8_t")
        })
}

/// Whether a value is one byte that may be a character's.
fn is_byte(typed: &Typed, reader: &Reader<'_>) -> bool {
    reader.resolve(typed).is_ok_and(|typed| {
        let encoding = match typed.ty.kind {
            TypeKind::Base(encoding) => encoding,
            _ => return false,
        };
        typed.ty.size == Some(1)
            && matches!(
                encoding,
                Encoding::Unsigned | Encoding::Signed | Encoding::CChar { .. }
            )
    })
}

fn names(fields: &Fields) -> Vec<Arc<str>> {
    let named = fields.fields.iter().filter(|field| !field.name.is_empty());
    named.map(|field| Arc::clone(&field.name)).collect()
}
