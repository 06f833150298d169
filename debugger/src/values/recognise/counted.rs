//! Counted pointers: `Rc`, `Arc` and their `Weak`, to values, slices, text and trait objects.

use super::{address, field, fits, objects, text, unsigned};
use crate::values::Reader;
use crate::values::memory::{Slot, Typed};
use crate::values::view::View;
use wasmscope_symbols::{TypeKind, Unavailable};

/// What a counted pointer points to.
struct Target {
    strong: u64,
    weak: u64,
    /// The value, where the type alone says where it is.
    value: Typed,
    /// Where what is counted begins.
    address: u64,
}

/// `Rc<T>`, `Arc<T>`.
pub(super) fn strong(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let name = super::bare_name(&typed.ty);
    let pointer = pointer(reader, typed)?;
    Some(pointer.and_then(|(pointer, to)| {
        let target = target(reader, &pointer, to)?;
        if target.strong == 0 {
            return Err(Unavailable::Other(
                format!("the bytes here are no {name} (nobody counts what it points to): moved out, or dropped")
                    .into(),
            ));
        }
        let (strong, weak) = (target.strong, target.weak.saturating_sub(1));
        pointee(reader, &pointer, &target, format!("{name}(strong {strong}, weak {weak}) "))
    }))
}

/// `Weak<T>`, which may point to nothing, or to what is gone.
pub(super) fn weak(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let pointer = pointer(reader, typed)?;
    Some(pointer.and_then(|(pointer, to)| {
        // `Weak::new()` points to the highest address, which nothing can be at.
        if to >= u64::from(u32::MAX) && !fits(reader, to, 1) {
            return Ok(View::Word("Weak(dangling)".to_owned()));
        }
        let target = target(reader, &pointer, to)?;
        if target.strong == 0 {
            let weak = target.weak;
            return Ok(View::Word(format!("Weak(strong 0, weak {weak}) <dropped>")));
        }
        let (strong, weak) = (target.strong, target.weak.saturating_sub(1));
        pointee(
            reader,
            &pointer,
            &target,
            format!("Weak(strong {strong}, weak {weak}) "),
        )
    }))
}

/// The pointer inside, thin or fat, and the address in it.
fn pointer(reader: &Reader<'_>, typed: &Typed) -> Option<Result<(Typed, u64), Unavailable>> {
    let pointer = field(reader, &field(reader, typed, "ptr")?, "pointer")?;
    let thin = match &pointer.ty.kind {
        TypeKind::Pointer(_) => pointer.clone(),
        _ => field(reader, &pointer, "data_ptr").or_else(|| field(reader, &pointer, "pointer"))?,
    };
    // The counts have to be where they are looked for.
    let inner = reader.typed(address(reader, &thin)?.1?, Slot::Memory(0));
    field(reader, &inner, "strong")?;
    field(reader, &inner, "weak")?;
    field(reader, &inner, "value").or_else(|| field(reader, &inner, "data"))?;
    let (to, _) = address(reader, &thin)?;
    Some(to.map(|to| (pointer, to)))
}

fn target(reader: &Reader<'_>, pointer: &Typed, to: u64) -> Result<Target, Unavailable> {
    let malformed = || Unavailable::malformed("a counted pointer without counts");
    let thin = match &pointer.ty.kind {
        TypeKind::Pointer(_) => Some(pointer.clone()),
        _ => field(reader, pointer, "data_ptr").or_else(|| field(reader, pointer, "pointer")),
    };
    let inner = thin
        .and_then(|thin| address(reader, &thin)?.1)
        .ok_or_else(malformed)?;
    let inner = reader.typed(inner, Slot::Memory(to));
    let size = inner.ty.size.unwrap_or(8);
    if to == 0 || !to.is_multiple_of(4) || !fits(reader, to, size) {
        return Err(Unavailable::Other(
            format!(
                "the bytes here are no counted pointer ({to:#x}): not initialised, or moved out"
            )
            .into(),
        ));
    }
    super::owned(reader, to)?;
    let count = |name: &str| {
        let field = field(reader, &inner, name).ok_or_else(malformed)?;
        unsigned(reader, &field).ok_or_else(malformed)?
    };
    let value = field(reader, &inner, "value").or_else(|| field(reader, &inner, "data"));
    Ok(Target {
        strong: count("strong")?,
        weak: count("weak")?,
        value: value.ok_or_else(malformed)?,
        address: to,
    })
}

/// The value that is counted, behind a word about its counts.
fn pointee(
    reader: &Reader<'_>,
    pointer: &Typed,
    target: &Target,
    sign: String,
) -> Result<View, Unavailable> {
    if let TypeKind::Pointer(_) = pointer.ty.kind {
        return Ok(View::Behind {
            sign,
            target: Box::new(target.value.clone()),
            suffix: String::new(),
        });
    }
    if let Some(vtable) = field(reader, pointer, "vtable") {
        return objects::counted(reader, pointer, &vtable, target.address, sign);
    }
    let length = field(reader, pointer, "length").and_then(|length| unsigned(reader, &length));
    let length =
        length.ok_or_else(|| Unavailable::malformed("a fat pointer without a length"))??;
    let name = &*pointer.ty.full_name;
    let pointee = name
        .split_once("Inner<")
        .and_then(|(_, rest)| rest.strip_suffix('>'))
        .unwrap_or_default();
    let view = text::pointee(reader, pointee, &target.value, length);
    let view = view.ok_or_else(|| {
        Unavailable::Other(format!("a pointer to `{pointee}`, which has no known shape").into())
    })??;
    Ok(View::Marked {
        before: sign,
        view: Box::new(view),
        after: "",
    })
}
