//! Thin pointers of every kind, and fat pointers to what is neither text nor a slice.

use super::{address, field, fits, owned, sequences, unsigned};
use crate::values::Reader;
use crate::values::memory::{Slot, Typed};
use crate::values::view::View;
use wasmscope_symbols::types::{Pointer, PointerKind};
use wasmscope_symbols::{TypeKind, Unavailable};

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
        PointerKind::Reference => "&",
        PointerKind::MutReference => "&mut ",
        PointerKind::Box => "",
        _ => {
            return Ok(match to {
                0 => View::Word("null".to_owned()),
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
            Ok(View::Behind {
                sign: sign.to_owned(),
                target: Box::new(target),
                suffix: String::new(),
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
