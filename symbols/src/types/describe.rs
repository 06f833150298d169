//! Describing one type: what its DIE and the DIEs directly below say. Types it refers to are
//! named, not described.

use super::arrays;
use super::cache::Types;
use super::die::{self, Entry, Visit, constant, sign_extend, truncate};
use super::{
    Encoding, Enumeration, Pointer, PointerKind, Style, Type, TypeId, TypeKind, members, names,
    variants,
};
use crate::dwarf::{DebugInfo, DieId, Slice};
use gimli::{AttributeValue, UnitOffset, UnitRef};

/// Most enumerators kept of one enum.
const MAX_ENUMERATORS: usize = 64 * 1024;

/// Longest chain of aliases and arrays that is followed to a size.
const MAX_CHAIN: usize = 64;

/// Describes the type that `id` names.
pub(super) fn describe(types: &Types, info: &DebugInfo<'_>, id: TypeId) -> Type {
    let Some((unit, entry)) = die::entry(info, id.0) else {
        return Type {
            id,
            name: "{unknown}".into(),
            full_name: "{unknown}".into(),
            size: None,
            align: None,
            rust: false,
            kind: TypeKind::Unknown("its debug info is malformed".into()),
        };
    };
    let rust = types.unit(info, id.0.unit).rust;
    let mut kind = kind(info, id.0, &unit, &entry, rust);
    let is_tuple = die::name(&unit, &entry).is_some_and(|name| name.starts_with('('));
    let mut tuple_of_one = false;
    if let TypeKind::Struct(fields) = &mut kind
        && fields.style == Style::TupleStruct
        && is_tuple
    {
        fields.style = Style::Tuple;
        tuple_of_one = fields.fields.len() == 1;
    }
    let (name, full_name) = names::names(types, info, id, tuple_of_one);
    if let (TypeKind::Pointer(pointer), true) = (&mut kind, rust) {
        pointer.kind = pointer_kind(&full_name);
    }
    Type {
        id,
        name,
        full_name,
        size: size_of(info, id.0),
        align: die::unsigned(&entry, gimli::DW_AT_alignment),
        rust,
        kind,
    }
}

fn kind<'a>(
    info: &DebugInfo<'a>,
    id: DieId,
    unit: &UnitRef<'_, Slice<'a>>,
    entry: &Entry<'a>,
    rust: bool,
) -> TypeKind {
    if die::flag(entry, gimli::DW_AT_declaration) {
        return match die::reference(info, id.unit, entry, gimli::DW_AT_signature) {
            Some(definition) if definition != id => TypeKind::Alias(Some(TypeId(definition))),
            _ => TypeKind::Unknown("it is only declared here, not defined".into()),
        };
    }
    let target = || die::reference(info, id.unit, entry, gimli::DW_AT_type).map(TypeId);
    match entry.tag() {
        gimli::DW_TAG_base_type => TypeKind::Base(encoding(unit, entry)),
        gimli::DW_TAG_pointer_type => TypeKind::Pointer(Pointer {
            kind: PointerKind::Plain,
            target: target(),
        }),
        gimli::DW_TAG_reference_type | gimli::DW_TAG_rvalue_reference_type => {
            TypeKind::Pointer(Pointer {
                kind: PointerKind::Alias,
                target: target(),
            })
        }
        gimli::DW_TAG_structure_type | gimli::DW_TAG_class_type | gimli::DW_TAG_interface_type => {
            match variant_part(unit, entry) {
                Some(part) => TypeKind::Variants(variants::variants(info, id, part)),
                None => TypeKind::Struct(members::fields(info, id, rust)),
            }
        }
        gimli::DW_TAG_union_type => TypeKind::Union(members::fields(info, id, rust)),
        gimli::DW_TAG_enumeration_type => TypeKind::Enum(enumeration(info, id, unit, entry)),
        gimli::DW_TAG_array_type => match arrays::shape(info, id) {
            Some(shape) => shape.kind(info),
            None => TypeKind::Unknown("its debug info does not say what it is an array of".into()),
        },
        gimli::DW_TAG_subroutine_type => TypeKind::Function,
        gimli::DW_TAG_typedef
        | gimli::DW_TAG_const_type
        | gimli::DW_TAG_volatile_type
        | gimli::DW_TAG_restrict_type
        | gimli::DW_TAG_atomic_type
        | gimli::DW_TAG_packed_type
        | gimli::DW_TAG_immutable_type
        | gimli::DW_TAG_shared_type
        | gimli::DW_TAG_template_alias => TypeKind::Alias(target()),
        // A dimension of an array, or a type of its own.
        gimli::DW_TAG_subrange_type => match arrays::shape(info, id) {
            Some(shape) => shape.kind(info),
            None => TypeKind::Alias(target()),
        },
        gimli::DW_TAG_unspecified_type => {
            TypeKind::Unknown("the language does not say what is in it".into())
        }
        tag => TypeKind::Unknown(
            match tag.static_string() {
                Some(name) => format!("{name} is no type that is known here"),
                None => format!("DIE tag {:#x} is no type that is known here", tag.0),
            }
            .into(),
        ),
    }
}

/// Where the first variant part directly below a struct is.
fn variant_part<'a>(unit: &UnitRef<'_, Slice<'a>>, entry: &Entry<'a>) -> Option<UnitOffset> {
    let mut part = None;
    die::walk(unit, entry.offset(), |child, _| {
        if child.tag() == gimli::DW_TAG_variant_part {
            part = Some(child.offset());
            return Visit::Stop;
        }
        Visit::Skip
    });
    part
}

/// How the bytes of a base type are read.
fn encoding<'a>(unit: &UnitRef<'_, Slice<'a>>, entry: &Entry<'a>) -> Encoding {
    let size = die::unsigned(entry, gimli::DW_AT_byte_size).unwrap_or(0);
    if size == 0 {
        return match die::name(unit, entry).as_deref() {
            Some("!") => Encoding::Never,
            _ => Encoding::Unit,
        };
    }
    if let Some(AttributeValue::Endianity(gimli::DW_END_big)) =
        entry.attr_value(gimli::DW_AT_endianity)
    {
        return Encoding::Other(0);
    }
    let Some(AttributeValue::Encoding(encoding)) = entry.attr_value(gimli::DW_AT_encoding) else {
        return Encoding::Other(0);
    };
    match encoding {
        gimli::DW_ATE_signed => Encoding::Signed,
        gimli::DW_ATE_unsigned | gimli::DW_ATE_address => Encoding::Unsigned,
        gimli::DW_ATE_float => Encoding::Float,
        gimli::DW_ATE_boolean => Encoding::Bool,
        gimli::DW_ATE_UTF | gimli::DW_ATE_UCS | gimli::DW_ATE_ASCII => Encoding::Char,
        gimli::DW_ATE_signed_char => Encoding::CChar { signed: true },
        gimli::DW_ATE_unsigned_char => Encoding::CChar { signed: false },
        gimli::DwAte(other) => Encoding::Other(other),
    }
}

/// rustc names its pointers as Rust writes them.
fn pointer_kind(name: &str) -> PointerKind {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    if starts(&["&mut "]) {
        PointerKind::MutReference
    } else if starts(&["&"]) {
        PointerKind::Reference
    } else if starts(&["*const "]) {
        PointerKind::Const
    } else if starts(&["*mut "]) {
        PointerKind::Mut
    } else if starts(&["alloc::boxed::Box<"]) {
        PointerKind::Box
    } else if starts(&["fn(", "unsafe ", "extern ", "for<"]) {
        PointerKind::Function
    } else {
        PointerKind::Plain
    }
}

fn enumeration<'a>(
    info: &DebugInfo<'a>,
    id: DieId,
    unit: &UnitRef<'_, Slice<'a>>,
    entry: &Entry<'a>,
) -> Enumeration {
    let representation = die::reference(info, id.unit, entry, gimli::DW_AT_type);
    let mut enumeration = Enumeration {
        representation: representation.map(TypeId),
        signed: representation.is_some_and(|id| is_signed(info, id)),
        enumerators: Vec::new(),
        truncated: false,
    };
    let signed = enumeration.signed;
    // Without a size nothing is cut off: 16 bytes are the most there can be.
    let size = size_of(info, id).unwrap_or(16);
    die::children(unit, id.unit_offset(), |child| {
        if child.tag() != gimli::DW_TAG_enumerator {
            return;
        }
        if enumeration.enumerators.len() >= MAX_ENUMERATORS {
            enumeration.truncated = true;
            return;
        }
        let value = child.attr_value(gimli::DW_AT_const_value);
        let value = value.and_then(|value| constant(&value, signed));
        if let (Some(name), Some(value)) = (die::name(unit, child), value) {
            let value = if signed {
                sign_extend(value, size)
            } else {
                truncate(value, size)
            };
            enumeration.enumerators.push((name, value));
        }
    });
    enumeration
}

/// The size of a type in bytes, through aliases and arrays.
pub(crate) fn size_of(info: &DebugInfo<'_>, id: DieId) -> Option<u64> {
    let mut id = id;
    let mut times: u64 = 1;
    for _ in 0..MAX_CHAIN {
        let (unit, entry) = die::entry(info, id)?;
        if let Some(size) = die::unsigned(&entry, gimli::DW_AT_byte_size) {
            return size.checked_mul(times);
        }
        let target = || die::reference(info, id.unit, &entry, gimli::DW_AT_type);
        match entry.tag() {
            gimli::DW_TAG_pointer_type
            | gimli::DW_TAG_reference_type
            | gimli::DW_TAG_rvalue_reference_type => {
                return u64::from(unit.encoding().address_size).checked_mul(times);
            }
            gimli::DW_TAG_subrange_type if arrays::shape(info, id).is_none() => id = target()?,
            gimli::DW_TAG_array_type | gimli::DW_TAG_subrange_type => {
                let shape = arrays::shape(info, id)?;
                times = times.checked_mul(shape.count()?)?;
                if let Some(stride) = shape.stride {
                    return stride.checked_mul(times);
                }
                id = shape.element;
            }
            gimli::DW_TAG_typedef
            | gimli::DW_TAG_const_type
            | gimli::DW_TAG_volatile_type
            | gimli::DW_TAG_restrict_type
            | gimli::DW_TAG_atomic_type
            | gimli::DW_TAG_packed_type
            | gimli::DW_TAG_immutable_type
            | gimli::DW_TAG_shared_type
            | gimli::DW_TAG_template_alias
            | gimli::DW_TAG_enumeration_type => id = target()?,
            _ => id = die::reference(info, id.unit, &entry, gimli::DW_AT_signature)?,
        }
    }
    None
}

/// Whether a type is a signed integer, through aliases and enums.
pub(crate) fn is_signed(info: &DebugInfo<'_>, id: DieId) -> bool {
    let mut id = id;
    for _ in 0..MAX_CHAIN {
        let Some((_, entry)) = die::entry(info, id) else {
            return false;
        };
        if entry.tag() == gimli::DW_TAG_base_type {
            return matches!(
                entry.attr_value(gimli::DW_AT_encoding),
                Some(AttributeValue::Encoding(
                    gimli::DW_ATE_signed | gimli::DW_ATE_signed_char
                ))
            );
        }
        match die::reference(info, id.unit, &entry, gimli::DW_AT_type) {
            Some(target) if entry.tag() != gimli::DW_TAG_pointer_type => id = target,
            _ => return false,
        }
    }
    false
}
