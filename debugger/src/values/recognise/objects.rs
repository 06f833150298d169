//! Trait objects, function pointers and closures: what stands behind an address in a vtable or an
//! index in the table of functions.

use super::{address, field, fits};
use crate::values::Reader;
use crate::values::memory::{Slot, Typed};
use crate::values::view::{Member, View};
use wasmscope_symbols::types::{Fields, Style};
use wasmscope_symbols::{CoreModule, TypeId, TypeKind, Unavailable, names};

/// The table that pointers to functions are indices of, in what LLVM makes.
const FUNCTION_TABLE: u32 = 0;

/// A concrete type as its vtable describes it.
struct Concrete {
    ty: TypeId,
    align: u64,
}

/// `&dyn Trait`, `Box<dyn Trait>`.
pub(super) fn trait_object(
    reader: &Reader<'_>,
    typed: &Typed,
) -> Option<Result<View, Unavailable>> {
    let TypeKind::Struct(_) = typed.ty.kind else {
        return None;
    };
    let (data, _) = address(reader, &field(reader, typed, "pointer")?)?;
    let vtable = field(reader, typed, "vtable")?;
    let name = &*typed.ty.name;
    let (sign, object) = match name {
        _ if let Some(object) = name.strip_prefix("&mut ") => ("&mut ", object),
        _ if let Some(object) = name.strip_prefix('&') => ("&", object),
        _ if let Some(object) = name.strip_prefix("Box<") => {
            ("", object.strip_suffix('>').unwrap_or(object))
        }
        // Raw pointers may dangle.
        _ => {
            return Some(data.map(|data| View::Word(format!("{data:#x} as {name}"))));
        }
    };
    Some(data.and_then(|data| {
        let concrete = concrete(reader, &vtable)?;
        let Some(concrete) = concrete else {
            return Ok(View::Word(format!("{data:#x} as {name}")));
        };
        behind(reader, &concrete, data, sign.to_owned(), object)
    }))
}

/// The object that a counted pointer points to; its counts are at `counts`.
pub(super) fn counted(
    reader: &Reader<'_>,
    pointer: &Typed,
    vtable: &Typed,
    counts: u64,
    sign: String,
) -> Result<View, Unavailable> {
    let name = &*pointer.ty.name;
    let object = name.split_once("Inner<").map_or(name, |(_, object)| object);
    let object = object.strip_suffix('>').unwrap_or(object);
    match concrete(reader, vtable)? {
        Some(concrete) => {
            // Two counts, and then the value, as it is aligned.
            let pointer_size = address_size(vtable);
            let counts_end = counts.checked_add(pointer_size.saturating_mul(2));
            let data = counts_end.and_then(|end| end.checked_next_multiple_of(concrete.align));
            let data = data.ok_or_else(|| Unavailable::malformed("it lies beyond memory"))?;
            behind(reader, &concrete, data, sign, object)
        }
        None => Ok(View::Word(format!("{sign}{counts:#x} as {object}"))),
    }
}

fn behind(
    reader: &Reader<'_>,
    concrete: &Concrete,
    data: u64,
    sign: String,
    object: &str,
) -> Result<View, Unavailable> {
    let target = reader.typed(concrete.ty, Slot::Memory(data));
    let size = target.ty.size.unwrap_or(0);
    if data == 0 || !data.is_multiple_of(concrete.align) || !fits(reader, data, size) {
        return Err(Unavailable::Other(
            format!(
                "the bytes here are no `{object}`: no `{}` can be at {data:#x}",
                target.ty.name
            )
            .into(),
        ));
    }
    let suffix = format!(
        " as {}",
        object
            .strip_prefix('(')
            .and_then(|o| o.strip_suffix(')'))
            .unwrap_or(object)
    );
    Ok(View::Behind {
        sign,
        target: Box::new(target),
        suffix,
    })
}

fn address_size(pointer: &Typed) -> u64 {
    pointer
        .ty
        .size
        .filter(|size| [4, 8].contains(size))
        .unwrap_or(4)
}

/// The type that a vtable is of; `None` when debug info does not say, or names several.
fn concrete(reader: &Reader<'_>, vtable: &Typed) -> Result<Option<Concrete>, Unavailable> {
    let Some((at, _)) = address(reader, vtable) else {
        return Ok(None);
    };
    let at = at?;
    let pointer_size = address_size(vtable);
    let no = |why: &str| {
        Unavailable::Other(format!("the bytes here are no trait object: {why} ({at:#x})").into())
    };
    // Destructor, size and alignment come first in every vtable.
    if at == 0 || !fits(reader, at, pointer_size.saturating_mul(3)) {
        return Err(no("its vtable is not in memory"));
    }
    let entry = |index: u64| {
        let place = Slot::Memory(at).at(pointer_size.saturating_mul(index))?;
        let entry = place.number(reader.memory, pointer_size)?;
        u64::try_from(entry).map_err(|_| no("its vtable has an impossible entry"))
    };
    let (size, align) = (entry(1)?, entry(2)?);
    if !align.is_power_of_two() {
        return Err(no("its vtable has an impossible alignment"));
    }
    let types = reader.symbols.vtable_types(at);
    let mut types = types
        .iter()
        .map(|ty| reader.symbols.describe_type(*ty))
        .filter(|ty| ty.size == Some(size));
    let Some(first) = types.next() else {
        return Ok(None);
    };
    // Equal vtables of different types may have been put together.
    if types.any(|other| other.full_name != first.full_name) {
        return Ok(None);
    }
    Ok(Some(Concrete {
        ty: first.id,
        align,
    }))
}

/// What a pointer to a function is: the function's name, where its table is known.
pub(super) fn function(reader: &Reader<'_>, index: u64) -> View {
    View::Word(match index {
        0 => "null".to_owned(),
        _ => match name_of(reader, index) {
            Some(name) => format!("fn {name}"),
            None => format!("fn at table index {index}"),
        },
    })
}

fn name_of(reader: &Reader<'_>, index: u64) -> Option<String> {
    let module: &CoreModule = reader.symbols.module();
    let function = module.table_function(FUNCTION_TABLE, u32::try_from(index).ok()?)?;
    let from_debug_info = module.body(function).and_then(|body| {
        // A function's own frame is the outermost of those that share its code.
        let frames = reader.symbols.frames(body.first_opcode);
        let frame = frames.last()?;
        let name = frame.function.clone()?;
        let parameters = match frame.die {
            Some(die) if !name.pretty().ends_with('>') => reader.symbols.generic_parameters(die),
            _ => String::new(),
        };
        Some(format!("{}{parameters}", name.pretty()))
    });
    from_debug_info.or_else(|| module.function_name(function).map(names::prettify))
}

/// A closure: what it captured, under the names it has in the source.
pub(super) fn closure(reader: &Reader<'_>, typed: &Typed, fields: &Fields) -> View {
    let members = fields.fields.iter().map(|field| {
        let mut member = Member::new(reader, field, &typed.slot);
        // How the compiler calls what is captured by reference.
        if let Some(name) = member.name.strip_prefix("_ref__") {
            member.name = name.to_owned();
        }
        member
    });
    View::Record {
        name: "{closure}".to_owned(),
        note: String::new(),
        style: Style::Named,
        fields: members.collect(),
        truncated: fields.truncated,
    }
}

/// Whether a type is a closure's, by its name: `{closure_env#0}`.
pub(super) fn is_closure(name: &str) -> bool {
    // What has a closure as its parameter is none itself.
    let mut depth = 0usize;
    let mut last = 0;
    for (at, c) in name.char_indices() {
        match c {
            '<' | '(' => depth = depth.saturating_add(1),
            '>' | ')' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => last = at.saturating_add(1),
            _ => {}
        }
    }
    let last = name.get(last..).unwrap_or_default();
    last.starts_with("{closure_env#")
}

#[cfg(test)]
mod tests {
    use super::is_closure;

    #[test]
    fn closures_are_known_by_their_names() {
        assert!(is_closure("app::main::{closure_env#0}"));
        assert!(is_closure("{closure_env#12}<u32>"));
        assert!(!is_closure("app::main::{async_fn_env#0}"));
        assert!(!is_closure("Closure"));
        assert!(is_closure("app::run<u8>::{closure_env#0}"));
        assert!(!is_closure("Map<Iter<u32>, app::main::{closure_env#0}>"));
    }
}
