//! What types look like inside: a table of recognisers, each of which knows one family of types by
//! the shape that debug info gives it, and what is left when none does.
//!
//! A recogniser looks at names and shapes, never at versions: when the standard library changes
//! inside, it declines, and the plain fields are shown.

mod enums;
mod pointers;
mod sequences;
mod text;

pub(super) use enums::active;

use super::memory::{Slot, Typed};
use super::view::{Member, View};
use super::{Reader, scalar};
use crate::protocol::ValueFormat;
use wasmscope_symbols::types::{Array, Encoding, Fields, Style, TypeKind};
use wasmscope_symbols::{Type, TypeId, Unavailable};

/// `None` when the type is not of the family; an error when it is, and the bytes are no value.
type Recogniser = fn(&Reader<'_>, &Typed) -> Option<Result<View, Unavailable>>;

/// Those that know more of a type than its fields; the first that recognises it decides.
const RECOGNISERS: [Recogniser; 7] = [
    text::string_slice,
    text::string,
    sequences::slice,
    sequences::vec,
    pointers::trait_object,
    pointers::unsized_pointer,
    pointers::maybe_uninit,
];

/// Longest chain of aliases that is followed.
const MAX_ALIASES: usize = 32;

/// The view of a value.
pub(super) fn view(reader: &Reader<'_>, typed: &Typed) -> Result<View, Unavailable> {
    let typed = &resolve(reader, typed)?;
    if reader.format == ValueFormat::Raw {
        return plain(reader, typed);
    }
    for recogniser in RECOGNISERS {
        if let Some(view) = recogniser(reader, typed) {
            return view;
        }
    }
    plain(reader, typed)
}

/// The value without the aliases (`typedef`, `const`) around its type.
pub(super) fn resolve(reader: &Reader<'_>, typed: &Typed) -> Result<Typed, Unavailable> {
    let mut typed = typed.clone();
    for _ in 0..MAX_ALIASES {
        match typed.ty.kind {
            TypeKind::Alias(Some(target)) => typed.ty = reader.symbols.describe_type(target),
            TypeKind::Alias(None) => return Err(Unavailable::Other("of type void".into())),
            _ => return Ok(typed),
        }
    }
    Err(Unavailable::malformed("its type is an alias of itself"))
}

/// The view by what debug info says alone.
fn plain(reader: &Reader<'_>, typed: &Typed) -> Result<View, Unavailable> {
    match &typed.ty.kind {
        TypeKind::Base(encoding) => base(reader, typed, *encoding),
        TypeKind::Pointer(pointer) => pointers::pointer(reader, typed, pointer),
        TypeKind::Struct(fields) => Ok(record(reader, typed, bare_name(&typed.ty), fields)),
        TypeKind::Union(fields) => {
            let name = format!("union {}", bare_name(&typed.ty));
            Ok(record(reader, typed, name, fields))
        }
        TypeKind::Variants(variants) => enums::variants(reader, typed, variants),
        TypeKind::Enum(enumeration) => enums::enumeration(reader, typed, enumeration),
        TypeKind::Array(array) => self::array(reader, typed, array),
        TypeKind::Function => Err(Unavailable::Other("a function, which has no value".into())),
        TypeKind::Alias(_) => Err(Unavailable::malformed("its type is an alias of itself")),
        TypeKind::Unknown(reason) => Err(Unavailable::Other(
            format!("its type is not known: {reason}").into(),
        )),
    }
}

fn base(reader: &Reader<'_>, typed: &Typed, encoding: Encoding) -> Result<View, Unavailable> {
    let size = typed.ty.size.unwrap_or(0);
    let bits = typed.slot.number(reader.memory, size)?;
    if encoding == Encoding::Never {
        // No number is one.
        return scalar::word(encoding, bits, size).map(View::Word);
    }
    Ok(View::Number {
        encoding,
        bits,
        size,
    })
}

fn array(reader: &Reader<'_>, typed: &Typed, array: &Array) -> Result<View, Unavailable> {
    let (Some(count), Some(stride)) = (array.count, array.stride) else {
        return Err(Unavailable::Other(
            "debug info does not say how long the array is".into(),
        ));
    };
    let whole = count.saturating_mul(stride);
    if let Slot::Memory(address) = typed.slot
        && !fits(reader, address, whole)
    {
        return Err(Unavailable::out_of_bounds(
            address,
            whole,
            reader.memory.size(),
        ));
    }
    Ok(View::Sequence {
        element: array.element,
        first: typed.slot.clone(),
        stride,
        count,
        start: 0,
    })
}

/// A struct's fields under a name.
fn record(reader: &Reader<'_>, typed: &Typed, name: String, fields: &Fields) -> View {
    let name = match fields.style {
        Style::Tuple => String::new(),
        _ => name,
    };
    let members = fields.fields.iter();
    View::Record {
        name,
        style: fields.style,
        fields: members
            .map(|field| Member::new(reader, field, &typed.slot))
            .collect(),
        truncated: fields.truncated,
    }
}

/// The name of a type without its parameters, as constructors are written.
fn bare_name(ty: &Type) -> String {
    match ty.name.find('<') {
        Some(at) if at > 0 => ty.name.get(..at).unwrap_or(&ty.name).to_owned(),
        _ => ty.name.to_string(),
    }
}

/// Whether `len` bytes from `address` on are in memory.
pub(super) fn fits(reader: &Reader<'_>, address: u64, len: u64) -> bool {
    address
        .checked_add(len)
        .is_some_and(|end| end <= reader.memory.size())
}

/// The field `name` of a struct, with its place.
fn field(reader: &Reader<'_>, typed: &Typed, name: &str) -> Option<Typed> {
    let TypeKind::Struct(fields) = &typed.ty.kind else {
        return None;
    };
    let field = fields.field(name).filter(|field| field.bits.is_none())?;
    let slot = typed.slot.at(field.offset).ok()?;
    resolve(reader, &reader.typed(field.type_id, slot)).ok()
}

/// An unsigned integer, in as many newtypes as there may be (`Cap`, `UsizeNoHighBit`, …).
fn unsigned(reader: &Reader<'_>, typed: &Typed) -> Option<Result<u64, Unavailable>> {
    let mut typed = typed.clone();
    for _ in 0..MAX_ALIASES {
        typed = resolve(reader, &typed).ok()?;
        match &typed.ty.kind {
            TypeKind::Base(Encoding::Unsigned) => {
                let size = typed.ty.size.filter(|size| *size <= 8)?;
                let bits = typed.slot.number(reader.memory, size);
                return Some(bits.map(|bits| bits as u64));
            }
            TypeKind::Struct(fields) => {
                let [only] = &*fields.fields else { return None };
                let slot = typed.slot.at(only.offset).ok()?;
                typed = reader.typed(only.type_id, slot);
            }
            _ => return None,
        }
    }
    None
}

/// The address in a thin pointer, and what it points to.
fn address(
    reader: &Reader<'_>,
    typed: &Typed,
) -> Option<(Result<u64, Unavailable>, Option<TypeId>)> {
    let TypeKind::Pointer(pointer) = &typed.ty.kind else {
        return None;
    };
    let size = typed.ty.size.filter(|size| (1..=8).contains(size))?;
    let bits = typed.slot.number(reader.memory, size);
    Some((bits.map(|bits| bits as u64), pointer.target))
}

impl Reader<'_> {
    /// Whether a type is a signed integer.
    pub(super) fn is_signed(&self, id: TypeId) -> bool {
        let typed = self.typed(id, Slot::Memory(0));
        resolve(self, &typed).is_ok_and(|typed| match &typed.ty.kind {
            TypeKind::Base(encoding) => {
                matches!(
                    encoding,
                    Encoding::Signed | Encoding::CChar { signed: true }
                )
            }
            TypeKind::Enum(enumeration) => enumeration.signed,
            _ => false,
        })
    }
}
