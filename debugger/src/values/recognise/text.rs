//! Text: `&str` and its kin (`Box<str>`, `*const str`), and `String`.

use super::{address, field, fits, sequences, unsigned};
use crate::values::Reader;
use crate::values::memory::{Slot, Typed};
use crate::values::view::View;
use wasmscope_symbols::{TypeKind, Unavailable};

/// `&str`, `&mut str`, `*const str`, `Box<str>`.
pub(super) fn string_slice(
    reader: &Reader<'_>,
    typed: &Typed,
) -> Option<Result<View, Unavailable>> {
    let pointee = sequences::fat_pointee(&typed.ty)?;
    if pointee != "str" {
        return None;
    }
    let (address, _) = address(reader, &field(reader, typed, "data_ptr")?)?;
    let len = unsigned(reader, &field(reader, typed, "length")?)?;
    Some(view(reader, address, len))
}

/// `String`: text in a `Vec<u8>`.
pub(super) fn string(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    if &*typed.ty.full_name != "alloc::string::String" {
        return None;
    }
    let TypeKind::Struct(_) = typed.ty.kind else {
        return None;
    };
    let vec = sequences::vec_parts(reader, &field(reader, typed, "vec")?)?;
    Some(vec.and_then(|vec| {
        vec.check("String", 1, 1, reader)?;
        view(reader, Ok(vec.address), Ok(vec.len))
    }))
}

fn view(
    reader: &Reader<'_>,
    address: Result<u64, Unavailable>,
    len: Result<u64, Unavailable>,
) -> Result<View, Unavailable> {
    let (address, len) = (address?, len?);
    if !fits(reader, address, len) {
        return Err(Unavailable::Other(
            format!("the bytes here are no text: {len} bytes at {address:#x} are not in memory")
                .into(),
        ));
    }
    Ok(View::Text {
        first: Slot::Memory(address),
        len,
    })
}
