//! Sequences: slices behind fat pointers, and `Vec`.

use super::{address, field, fits, owned, unsigned};
use crate::values::Reader;
use crate::values::memory::{Slot, Typed};
use crate::values::view::View;
use wasmscope_symbols::{Type, TypeId, TypeKind, Unavailable};

/// How deep in a `Vec` its pointer is looked for.
const MAX_NESTING: usize = 8;

/// `&[T]`, `&mut [T]`, `*const [T]`, `Box<[T]>`.
pub(super) fn slice(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    if !fat_pointee(&typed.ty)?.starts_with('[') {
        return None;
    }
    let (address, element) = address(reader, &field(reader, typed, "data_ptr")?)?;
    let element = element?;
    let len = unsigned(reader, &field(reader, typed, "length")?)?;
    let stride = reader.symbols.describe_type(element).size?;
    let raw = typed.ty.full_name.starts_with('*');
    Some(address.and_then(|address| {
        if raw && address == 0 {
            return Ok(View::Word("null".to_owned()));
        }
        let len = len?;
        if is_box(&typed.ty) && len > 0 && stride > 0 {
            owned(reader, address)?;
        }
        checked(reader, element, &Slot::Memory(address), stride, len)
    }))
}

/// So many elements from the first on, if they are in memory.
pub(super) fn checked(
    reader: &Reader<'_>,
    element: TypeId,
    first: &Slot,
    stride: u64,
    count: u64,
) -> Result<View, Unavailable> {
    let no = |why: String| Unavailable::Other(format!("the bytes here are no slice: {why}").into());
    if let Slot::Memory(address) = *first {
        let bytes = count.checked_mul(stride);
        if !bytes.is_some_and(|bytes| fits(reader, address, bytes)) {
            return Err(no(format!(
                "{count} elements at {address:#x} are not in memory"
            )));
        }
        // A reference is never null, nor out of line, not even one to nothing.
        let align = natural_alignment(reader, element, stride);
        if address == 0 || !address.is_multiple_of(align) {
            return Err(no(format!("its address is {address:#x}")));
        }
    }
    Ok(View::Sequence {
        element,
        first: first.clone(),
        stride,
        count,
        start: 0,
    })
}

/// Whether a fat pointer owns what it points to.
pub(super) fn is_box(ty: &Type) -> bool {
    ty.full_name.starts_with("alloc::boxed::Box<")
}

/// What a fat pointer points to, by its name: `&[u8]` gives `[u8]`.
pub(super) fn fat_pointee(ty: &Type) -> Option<&str> {
    let TypeKind::Struct(_) = ty.kind else {
        return None;
    };
    let name = &*ty.full_name;
    let prefixes = ["&mut ", "&", "*const ", "*mut "];
    if let Some(pointee) = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)) {
        return Some(pointee);
    }
    let boxed = name.strip_prefix("alloc::boxed::Box<")?;
    Some(match boxed.strip_suffix(", alloc::alloc::Global>") {
        Some(pointee) => pointee,
        None => boxed.strip_suffix('>')?,
    })
}

/// `Vec<T>`.
pub(super) fn vec(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let vec = vec_parts(reader, typed)?;
    let TypeKind::Struct(fields) = &typed.ty.kind else {
        return None;
    };
    let element = fields.parameter("T")?;
    let element_type = reader.symbols.describe_type(element);
    let stride = element_type.size?;
    Some(vec.and_then(|vec| {
        vec.check(
            "Vec",
            stride,
            natural_alignment(reader, element, stride),
            reader,
        )?;
        Ok(View::Sequence {
            element,
            first: Slot::Memory(vec.address),
            stride,
            count: vec.len,
            start: 0,
        })
    }))
}

/// The alignment of a type where it is known for sure; 1 where it is not.
pub(super) fn natural_alignment(reader: &Reader<'_>, id: TypeId, size: u64) -> u64 {
    let ty = reader.symbols.describe_type(id);
    match (ty.align, &ty.kind) {
        (Some(align), _) => align.max(1),
        (None, TypeKind::Base(_) | TypeKind::Pointer(_)) if size.is_power_of_two() => size.min(8),
        _ => 1,
    }
}

/// What a `Vec` is made of.
pub(super) struct VecParts {
    pub address: u64,
    pub len: u64,
    pub capacity: u64,
}

impl VecParts {
    /// Whether the three can be a vector's: garbage in uninitialised memory hardly ever is.
    pub fn check(
        &self,
        what: &str,
        stride: u64,
        align: u64,
        reader: &Reader<'_>,
    ) -> Result<(), Unavailable> {
        let no = |why: String| {
            Err(Unavailable::Other(
                format!("the bytes here are no {what} ({why})").into(),
            ))
        };
        let VecParts {
            address,
            len,
            capacity,
        } = *self;
        if address == 0 {
            return no("its pointer is null".to_owned());
        }
        if !address.is_multiple_of(align) {
            return no(format!(
                "its pointer {address:#x} is not aligned to {align}"
            ));
        }
        if stride == 0 {
            return Ok(());
        }
        if len > capacity {
            return no(format!("len {len} > cap {capacity}"));
        }
        let bytes = capacity.checked_mul(stride);
        if capacity > 0 && !bytes.is_some_and(|bytes| fits(reader, address, bytes)) {
            return no(format!("cap {capacity} at {address:#x} is not in memory"));
        }
        if capacity > 0 {
            owned(reader, address)?;
        }
        Ok(())
    }
}

/// Pointer, length and capacity of a `Vec`: `len` beside `buf`, in which there is a `cap` and,
/// behind some wrappers, the pointer. `None` when the type is not built like that.
pub(super) fn vec_parts(
    reader: &Reader<'_>,
    typed: &Typed,
) -> Option<Result<VecParts, Unavailable>> {
    if !typed.ty.full_name.starts_with("alloc::vec::Vec<") {
        return None;
    }
    parts_of(reader, typed)
}

/// The same of anything that is built so.
pub(super) fn parts_of(
    reader: &Reader<'_>,
    typed: &Typed,
) -> Option<Result<VecParts, Unavailable>> {
    let len = unsigned(reader, &field(reader, typed, "len")?)?;
    let mut at = field(reader, typed, "buf")?;
    let mut capacity = None;
    for _ in 0..MAX_NESTING {
        if capacity.is_none()
            && let Some(found) = field(reader, &at, "cap")
        {
            capacity = Some(unsigned(reader, &found)?);
        }
        if let Some((address, _)) = address(reader, &at) {
            let capacity = capacity?;
            return Some(parts(address, len, capacity));
        }
        at = ["inner", "ptr", "pointer"]
            .iter()
            .find_map(|name| field(reader, &at, name))?;
    }
    None
}

fn parts(
    address: Result<u64, Unavailable>,
    len: Result<u64, Unavailable>,
    capacity: Result<u64, Unavailable>,
) -> Result<VecParts, Unavailable> {
    Ok(VecParts {
        address: address?,
        len: len?,
        capacity: capacity?,
    })
}
