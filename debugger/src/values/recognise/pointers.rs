//! Thin pointers of every kind, and fat pointers to what is neither text nor a slice.

use super::{address, field, fits, owned, sequences, unsigned};
use crate::values::Reader;
use crate::values::memory::{Slot, Typed};
use crate::values::view::View;
use wasmscope_symbols::types::{Pointer, PointerKind};
use wasmscope_symbols::{TypeKind, Unavailable};

/// Bytes of an address, where C++ is compiled for memories of 32 bits; nothing else is looked at.
const WORD: u64 = 4;

/// Longest name of a class, mangled.
const MAX_CLASS_NAME: usize = 512;

/// How deep a class's first bases nest that are looked through.
const MAX_BASES: usize = 16;

/// A thin pointer.
pub(super) fn pointer(
    reader: &Reader<'_>,
    typed: &Typed,
    pointer: &Pointer,
) -> Result<View, Unavailable> {
    let (to, _) = address(reader, typed)
        .ok_or_else(|| Unavailable::malformed("a pointer of an impossible size"))?;
    let to = to?;
    let target = pointer
        .target
        .map(|target| reader.typed(target, Slot::Memory(to)));
    let is_function = |typed: &Typed| matches!(typed.ty.kind, TypeKind::Function);
    if pointer.kind == PointerKind::Function || target.as_ref().is_some_and(is_function) {
        return Ok(super::objects::function(reader, to));
    }
    let readable = target.filter(|target| match target.ty.size {
        Some(size) => fits(reader, to, size),
        None => false,
    });
    let sign = match pointer.kind {
        PointerKind::Reference | PointerKind::Alias => "&",
        PointerKind::MutReference => "&mut ",
        PointerKind::Box => "",
        _ => {
            return Ok(match to {
                0 => View::Word("null".to_owned()),
                address
                    if let Some(whole) = readable.as_ref().and_then(|it| dynamic(reader, it)) =>
                {
                    View::Behind {
                        sign: format!("{address:#x} -> "),
                        target: Box::new(whole.0),
                        suffix: format!(" in a {}", whole.1),
                    }
                }
                address => View::Pointer {
                    address,
                    target: readable.map(Box::new),
                },
            });
        }
    };
    // What Rust promises of references and boxes tells garbage from them.
    if to == 0 {
        return Err(Unavailable::Other(
            "the bytes here are no reference (null): not initialised, or moved out".into(),
        ));
    }
    match readable {
        Some(target)
            if target
                .ty
                .align
                .is_some_and(|align| align > 1 && !to.is_multiple_of(align)) =>
        {
            Err(Unavailable::Other(
                format!("the bytes here are no reference ({to:#x} is not aligned)").into(),
            ))
        }
        Some(target) => {
            if pointer.kind == PointerKind::Box && target.ty.size.is_some_and(|size| size > 0) {
                owned(reader, to)?;
            }
            let suffix = match dynamic(reader, &target) {
                Some((_, class)) => format!(" in a {class}"),
                None => String::new(),
            };
            Ok(View::Behind {
                sign: sign.to_owned(),
                target: Box::new(target),
                suffix,
            })
        }
        None => match pointer
            .target
            .map(|target| reader.symbols.describe_type(target))
        {
            Some(ty) if ty.size.is_some() => Err(Unavailable::Other(
                format!("the bytes here are no reference ({to:#x} is not in memory)").into(),
            )),
            _ => Ok(View::Pointer {
                address: to,
                target: None,
            }),
        },
    }
}

/// The class of the object that an object of C++ is a part of, if that is another than its own: by
/// the type's name that stands, by way of what `typeid` reads, before the functions of its class.
fn dynamic(reader: &Reader<'_>, typed: &Typed) -> Option<(Typed, String)> {
    let class = super::resolve(reader, typed).ok()?;
    if class.ty.rust {
        return None;
    }
    let functions = functions_of(reader, &class, 0)?;
    let read = |address: u64| {
        let number = Slot::Memory(address).number(reader.memory, WORD).ok()?;
        u64::try_from(number).ok().filter(|address| *address != 0)
    };
    let type_info = read(functions.checked_sub(WORD)?)?;
    let name = read(type_info.checked_add(WORD)?)?;
    let mut bytes = vec![0; MAX_CLASS_NAME];
    let there = usize::try_from(reader.memory.size().checked_sub(name)?).ok()?;
    bytes.truncate(there.min(MAX_CLASS_NAME));
    reader.memory.read(name, &mut bytes).ok()?;
    bytes.truncate(memchr::memchr(0, &bytes)?);
    let mangled = String::from_utf8(bytes).ok()?;
    let prefix = "typeinfo name for ";
    let name = wasmscope_symbols::names::prettify(&format!("_ZTS{mangled}"));
    let name = name.strip_prefix(prefix)?;
    (*name != *class.ty.full_name).then(|| (typed.clone(), name.to_owned()))
}

/// Where the functions of a class are listed, by its own first field or that of its bases.
fn functions_of(reader: &Reader<'_>, class: &Typed, depth: usize) -> Option<u64> {
    let TypeKind::Struct(fields) = &class.ty.kind else {
        return None;
    };
    if depth > MAX_BASES {
        return None;
    }
    let first = fields.fields.first()?;
    let place = class.slot.at(first.offset).ok()?;
    if first.name.starts_with("_vptr") {
        let at = place.number(reader.memory, WORD).ok()?;
        return u64::try_from(at).ok();
    }
    let base = super::resolve(reader, &reader.typed(first.type_id, place)).ok()?;
    let is_base = first.name.is_empty() && first.offset == 0;
    is_base.then(|| functions_of(reader, &base, depth + 1))?
}

/// A fat pointer to something whose size only the pointer tells (`&OsStr`): where it is and how
/// long. What its fields say of the first element alone would mislead.
pub(super) fn unsized_pointer(
    reader: &Reader<'_>,
    typed: &Typed,
) -> Option<Result<View, Unavailable>> {
    sequences::fat_pointee(&typed.ty)?;
    let (data, _) = address(reader, &field(reader, typed, "data_ptr")?)?;
    let len = unsigned(reader, &field(reader, typed, "length")?)?;
    Some(data.and_then(|data| Ok(View::Word(format!("{data:#x} of length {}", len?)))))
}

/// `MaybeUninit<T>`: nothing says whether there is a value in it.
pub(super) fn maybe_uninit(_: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let of_core = typed
        .ty
        .full_name
        .starts_with("core::mem::maybe_uninit::MaybeUninit<");
    of_core.then(|| Ok(View::Word("MaybeUninit".to_owned())))
}
