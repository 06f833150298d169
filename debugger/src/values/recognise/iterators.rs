//! Iterators over what lies in memory: what they have not given out yet.

use super::{address, field, fits, sequences};
use crate::values::Reader;
use crate::values::memory::{Slot, Typed};
use crate::values::view::View;
use wasmscope_symbols::{TypeKind, Unavailable};

/// `slice::Iter`, `slice::IterMut`, `vec::IntoIter`, `vec::Drain`'s inside.
pub(super) fn slice(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let elements = rest(reader, typed)?;
    let before = format!("{}(", super::bare_name(&typed.ty));
    Some(elements.map(|view| View::Marked {
        before,
        view: Box::new(view),
        after: ")",
    }))
}

/// `str::Chars`: text.
pub(super) fn chars(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let elements = rest(reader, &field(reader, typed, "iter")?)?;
    Some(elements.and_then(|view| match view {
        View::Sequence {
            first,
            stride: 1,
            count,
            ..
        } => Ok(View::Marked {
            before: "Chars(".to_owned(),
            view: Box::new(View::Text { first, len: count }),
            after: ")",
        }),
        _ => Err(Unavailable::malformed("characters that are no bytes")),
    }))
}

/// The elements from `ptr` to `end`; `None` for those without a size, whose pointers count.
fn rest(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let TypeKind::Struct(fields) = &typed.ty.kind else {
        return None;
    };
    let element = fields.parameter("T")?;
    let stride = reader.symbols.describe_type(element).size?;
    if stride == 0 {
        return None;
    }
    let (from, _) = address(
        reader,
        &field(reader, &field(reader, typed, "ptr")?, "pointer")?,
    )?;
    let end = field(reader, typed, "end_or_len").or_else(|| field(reader, typed, "end"))?;
    let (to, _) = address(reader, &end)?;
    let view = || {
        let (from, to) = (from?, to?);
        let bytes = to
            .checked_sub(from)
            .filter(|bytes| bytes.is_multiple_of(stride));
        let Some(bytes) = bytes.filter(|bytes| fits(reader, from, *bytes)) else {
            return Err(Unavailable::Other(
                format!("the bytes here are no iterator: from {from:#x} to {to:#x}").into(),
            ));
        };
        sequences::checked(
            reader,
            element,
            &Slot::Memory(from),
            stride,
            bytes.checked_div(stride).unwrap_or(0),
        )
    };
    Some(view())
}
