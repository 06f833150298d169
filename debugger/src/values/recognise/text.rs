//! Text: `&str` and its kin (`Box<str>`, `*const str`), `String`, and the text of the system and of
//! C: `OsString`, `PathBuf`, `CString` and what they lend.

use super::{address, field, fits, sequences, unsigned};
use crate::values::Reader;
use crate::values::memory::{Slot, Typed};
use crate::values::view::View;
use wasmscope_symbols::{TypeKind, Unavailable};

/// How deep in its newtypes a text is looked for.
const MAX_NESTING: usize = 6;

/// `&str`, `&Path`, `Box<CStr>`, `*const OsStr`, …
pub(super) fn string_slice(
    reader: &Reader<'_>,
    typed: &Typed,
) -> Option<Result<View, Unavailable>> {
    let name = sequences::fat_pointee(&typed.ty)?;
    let (address, _) = address(reader, &field(reader, typed, "data_ptr")?)?;
    let len = unsigned(reader, &field(reader, typed, "length")?)?;
    let kind = kind_of(name)?;
    Some(address.and_then(|address| {
        let len = len?;
        if sequences::is_box(&typed.ty) && len > 0 {
            super::owned(reader, address)?;
        }
        view(reader, kind, address, len)
    }))
}

/// What is behind a fat pointer with this name: text, or elements like `first`.
pub(super) fn pointee(
    reader: &Reader<'_>,
    name: &str,
    first: &Typed,
    len: u64,
) -> Option<Result<View, Unavailable>> {
    if let Some(kind) = kind_of(name) {
        let Slot::Memory(address) = first.slot else {
            return None;
        };
        return Some(view(reader, kind, address, len));
    }
    if !name.starts_with('[') {
        return None;
    }
    let stride = first.ty.size?;
    Some(sequences::checked(
        reader,
        first.ty.id,
        &first.slot,
        stride,
        len,
    ))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Its bytes are all there is.
    Bytes,
    /// Its last byte is a zero that ends it.
    C,
}

/// The kind of text that a type without size is.
fn kind_of(name: &str) -> Option<Kind> {
    match name {
        "str" | "std::path::Path" | "std::ffi::os_str::OsStr" => Some(Kind::Bytes),
        "core::ffi::c_str::CStr" => Some(Kind::C),
        _ => None,
    }
}

/// `String`: text in a `Vec<u8>`.
pub(super) fn string(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let TypeKind::Struct(_) = typed.ty.kind else {
        return None;
    };
    owned(reader, &field(reader, typed, "vec")?, "String")
}

/// `OsString`, `PathBuf`: a `Vec<u8>` in some newtypes.
pub(super) fn system_string(
    reader: &Reader<'_>,
    typed: &Typed,
) -> Option<Result<View, Unavailable>> {
    let mut at = typed.clone();
    for _ in 0..MAX_NESTING {
        at = field(reader, &at, "inner")?;
        if let Some(view) = owned(reader, &at, &super::bare_name(&typed.ty)) {
            return Some(view);
        }
    }
    None
}

fn owned(reader: &Reader<'_>, vec: &Typed, what: &str) -> Option<Result<View, Unavailable>> {
    let vec = sequences::vec_parts(reader, vec)?;
    Some(vec.and_then(|vec| {
        vec.check(what, 1, 1, reader)?;
        view(reader, Kind::Bytes, vec.address, vec.len)
    }))
}

/// `CString`: a `Box<[u8]>` with a zero at its end.
pub(super) fn c_string(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let bytes = field(reader, typed, "inner")?;
    if sequences::fat_pointee(&bytes.ty)? != "[u8]" {
        return None;
    }
    let (address, _) = address(reader, &field(reader, &bytes, "data_ptr")?)?;
    let len = unsigned(reader, &field(reader, &bytes, "length")?)?;
    Some(address.and_then(|address| view(reader, Kind::C, address, len?)))
}

fn view(reader: &Reader<'_>, kind: Kind, address: u64, len: u64) -> Result<View, Unavailable> {
    let no = |why: String| Unavailable::Other(format!("the bytes here are no text: {why}").into());
    if !fits(reader, address, len) {
        return Err(no(format!("{len} bytes at {address:#x} are not in memory")));
    }
    // A reference is never null, not even one to nothing.
    if address == 0 {
        return Err(no("its address is null".to_owned()));
    }
    let len = match kind {
        Kind::Bytes => len,
        Kind::C => {
            let without = len.checked_sub(1);
            let without = without.ok_or_else(|| no("a C string without its zero".to_owned()))?;
            let last = Slot::Memory(address).at(without)?;
            if last.number(reader.memory, 1)? != 0 {
                return Err(no("a C string that no zero ends".to_owned()));
            }
            without
        }
    };
    Ok(View::Text {
        first: Slot::Memory(address),
        len,
    })
}
