//! Types as debug info describes them: the layouts that readers get wrong, and descriptions made
//! to hang or to lie.

mod support;

use gimli::constants as dw;
use std::sync::Arc;
use support::*;
use wasmscope_symbols::types::{Bits, Variants};
use wasmscope_symbols::{CodeOffset, Symbols, Type, TypeKind};

/// A module with one function, whose variable `it` has the type with the label `it`.
fn symbols(types: Vec<Die>) -> Symbols {
    let (start, len) = bodies(1)[0];
    let variable = die(dw::DW_TAG_variable)
        .name("it")
        .with(dw::DW_AT_type, Value::Ref("it"));
    let mut root = unit("main.rs")
        .with(dw::DW_AT_language, Value::Data1(dw::DW_LANG_Rust.0 as u8))
        .code(start, len)
        .child(function("main", start, len).child(variable));
    for ty in types {
        root = root.child(ty);
    }
    let mut debug = Debug::default();
    debug.unit(4, &root);
    open(1, &debug)
}

/// What is said about the type with the label `it`.
fn describe(types: Vec<Die>) -> Arc<Type> {
    let symbols = symbols(types);
    let pc = CodeOffset(u64::from(bodies(1)[0].0) + 3);
    let frame = symbols.frames(pc)[0].die.expect("a DIE");
    let variable = &symbols.variables(frame, pc, None)[0];
    symbols.describe_type(variable.type_id.expect("a type"))
}

fn base(name: &'static str, encoding: gimli::DwAte, size: u8) -> Die {
    die(dw::DW_TAG_base_type)
        .label(name)
        .name(name)
        .with(dw::DW_AT_encoding, Value::Data1(encoding.0))
        .with(dw::DW_AT_byte_size, Value::Data1(size))
}

fn member(name: &'static str, ty: &'static str, offset: u8) -> Die {
    die(dw::DW_TAG_member)
        .name(name)
        .with(dw::DW_AT_type, Value::Ref(ty))
        .with(dw::DW_AT_data_member_location, Value::Data1(offset))
}

fn structure(name: &'static str, size: u8) -> Die {
    die(dw::DW_TAG_structure_type)
        .name(name)
        .with(dw::DW_AT_byte_size, Value::Data1(size))
}

/// An enum whose discriminant is of the base type `tag`, with these variants.
fn data_enum(tag: &'static str, variants: Vec<Die>) -> Die {
    let mut part = die(dw::DW_TAG_variant_part)
        .with(dw::DW_AT_discr, Value::Ref("discr"))
        .child(member("", tag, 0).label("discr"));
    for variant in variants {
        part = part.child(variant);
    }
    structure("It", 16).label("it").child(part)
}

fn variant(name: &'static str, discriminant: Option<(gimli::DwAt, Value)>) -> Die {
    let die = die(dw::DW_TAG_variant).child(member(name, "body", 0));
    match discriminant {
        Some((name, value)) => die.with(name, value),
        None => die,
    }
}

fn value(value: Value) -> Option<(gimli::DwAt, Value)> {
    Some((dw::DW_AT_discr_value, value))
}

fn variants_of(tag: Die, name: &'static str, variants: Vec<Die>) -> Variants {
    let body = structure("Body", 0).label("body");
    let ty = describe(vec![tag, body, data_enum(name, variants)]);
    match &ty.kind {
        TypeKind::Variants(variants) => variants.clone(),
        other => panic!("an enum with data, not {other:?}"),
    }
}

fn selected(variants: &Variants, bits: u128) -> &str {
    variants
        .select(bits)
        .map_or("none", |variant| &variant.name)
}

#[test]
fn discriminants_are_compared_in_full_width() {
    let wide = |bits: u128| value(Value::Block(bits.to_le_bytes().to_vec()));
    let variants = variants_of(
        base("u128", dw::DW_ATE_unsigned, 16),
        "u128",
        vec![
            variant("Small", wide(1)),
            variant("SameLowHalf", wide((1 << 64) + 1)),
            variant("Huge", wide(u128::MAX)),
        ],
    );
    assert_eq!(selected(&variants, 1), "Small");
    assert_eq!(selected(&variants, (1 << 64) + 1), "SameLowHalf");
    assert_eq!(selected(&variants, u128::MAX), "Huge");
    assert_eq!(selected(&variants, u128::from(u64::MAX)), "none");
}

#[test]
fn the_default_variant_is_what_no_other_is() {
    let variants = variants_of(
        base("u32", dw::DW_ATE_unsigned, 4),
        "u32",
        vec![
            variant("Some", None),
            variant("None", value(Value::Data4(0x8000_0000))),
        ],
    );
    assert_eq!(selected(&variants, 0x8000_0000), "None");
    assert_eq!(selected(&variants, 12), "Some");
    // Bytes behind the discriminant are not it.
    assert_eq!(selected(&variants, 0xff_8000_0000), "None");
}

#[test]
fn lists_of_discriminants_hold_values_and_ranges() {
    let list = |bytes: &[u8]| Some((dw::DW_AT_discr_list, Value::Block(bytes.to_vec())));
    let (label, range) = (dw::DW_DSC_label.0, dw::DW_DSC_range.0);
    let variants = variants_of(
        base("u8", dw::DW_ATE_unsigned, 1),
        "u8",
        vec![
            variant("Few", list(&[label, 1, range, 4, 6])),
            variant("Many", list(&[range, 10, 0xff, 0x01])),
        ],
    );
    for (bits, name) in [
        (1, "Few"),
        (2, "none"),
        (5, "Few"),
        (6, "Few"),
        (10, "Many"),
        (255, "Many"),
    ] {
        assert_eq!(selected(&variants, bits), name, "{bits}");
    }
    // −3 to −1, and 2, in signed LEB128.
    let variants = variants_of(
        base("i8", dw::DW_ATE_signed, 1),
        "i8",
        vec![
            variant("Below", list(&[range, 0x7d, 0x7f])),
            variant("Two", list(&[label, 2])),
        ],
    );
    for (bits, name) in [
        (0xfd, "Below"),
        (0xff, "Below"),
        (0, "none"),
        (2, "Two"),
        (0xfc, "none"),
    ] {
        assert_eq!(selected(&variants, bits), name, "{bits}");
    }
}

#[test]
fn negative_discriminants_come_in_short_forms() {
    // LLVM writes −2 in one byte, whatever the discriminant's size.
    let variants = variants_of(
        base("i32", dw::DW_ATE_signed, 4),
        "i32",
        vec![
            variant("Minus", value(Value::Data1(0xfe))),
            variant("Plus", value(Value::Signed(254))),
        ],
    );
    assert_eq!(selected(&variants, 0xffff_fffe), "Minus");
    assert_eq!(selected(&variants, 0xfe), "Plus");
}

#[test]
fn an_enum_that_cannot_be_told_apart_says_so() {
    let tag = || base("u8", dw::DW_ATE_unsigned, 1);
    let two_defaults = variants_of(tag(), "u8", vec![variant("A", None), variant("B", None)]);
    assert!(two_defaults.problem.is_some());
    assert_eq!(selected(&two_defaults, 0), "none");
    let unreadable = variants_of(tag(), "u8", vec![variant("A", value(Value::Text("what")))]);
    assert!(unreadable.problem.is_some());
    let broken_list = (
        dw::DW_AT_discr_list,
        Value::Block(vec![dw::DW_DSC_range.0, 1]),
    );
    let broken = variants_of(tag(), "u8", vec![variant("A", Some(broken_list))]);
    assert!(broken.problem.is_some());
    let too_wide = variants_of(
        base("u", dw::DW_ATE_unsigned, 200),
        "u",
        vec![variant("A", None)],
    );
    assert!(too_wide.problem.is_some());
    assert!(
        describe(vec![
            structure("Void", 0)
                .label("it")
                .child(die(dw::DW_TAG_variant_part))
        ])
        .kind
        .eq(&TypeKind::Variants(Variants {
            discriminant: None,
            variants: Vec::new(),
            common: Vec::new(),
            parameters: Vec::new(),
            problem: None,
            truncated: false,
        }))
    );
}

#[test]
fn names_say_what_people_call_a_type() {
    let tuple = describe(vec![
        base("u8", dw::DW_ATE_unsigned, 1),
        die(dw::DW_TAG_namespace).name("app").child(
            structure("Wrap<alloc::string::String>", 1)
                .label("it")
                .child(member("__0", "u8", 0)),
        ),
    ]);
    assert_eq!(&*tuple.name, "Wrap<String>");
    assert_eq!(&*tuple.full_name, "app::Wrap<alloc::string::String>");
    let TypeKind::Struct(fields) = &tuple.kind else {
        panic!("{tuple:?}")
    };
    assert_eq!(&*fields.fields[0].name, "0");

    let one = describe(vec![
        base("u8", dw::DW_ATE_unsigned, 1),
        structure("(u8)", 1)
            .label("it")
            .child(member("__0", "u8", 0)),
    ]);
    assert_eq!(&*one.name, "(u8,)");
}

#[test]
fn bit_fields_are_found_in_both_ways_of_counting() {
    let field = |name, attributes: &[(gimli::DwAt, u8)]| {
        let die = die(dw::DW_TAG_member)
            .name(name)
            .with(dw::DW_AT_type, Value::Ref("int"));
        attributes.iter().fold(die, |die, (name, value)| {
            die.with(*name, Value::Data1(*value))
        })
    };
    let ty = describe(vec![
        base("int", dw::DW_ATE_signed, 4),
        structure("Flags", 8)
            .label("it")
            .child(field(
                "new",
                &[(dw::DW_AT_data_bit_offset, 37), (dw::DW_AT_bit_size, 3)],
            ))
            .child(field(
                "old",
                &[
                    (dw::DW_AT_data_member_location, 4),
                    (dw::DW_AT_byte_size, 4),
                    (dw::DW_AT_bit_offset, 24),
                    (dw::DW_AT_bit_size, 3),
                ],
            )),
    ]);
    let TypeKind::Struct(fields) = &ty.kind else {
        panic!("{ty:?}")
    };
    let at = |index: usize| (fields.fields[index].offset, fields.fields[index].bits);
    assert_eq!(at(0), (4, Some(Bits { offset: 5, size: 3 })));
    assert_eq!(at(1), (4, Some(Bits { offset: 5, size: 3 })));
}

#[test]
fn cycles_end() {
    let of = |die: Die, target| die.with(dw::DW_AT_type, Value::Ref(target));
    let typedef = describe(vec![of(die(dw::DW_TAG_typedef).label("it"), "it")]);
    assert_eq!(typedef.size, None);
    let array = describe(vec![
        of(die(dw::DW_TAG_array_type).label("it"), "it")
            .child(die(dw::DW_TAG_subrange_type).with(dw::DW_AT_count, Value::Data1(1))),
    ]);
    assert_eq!(array.size, None);
    let pointer = describe(vec![of(die(dw::DW_TAG_pointer_type).label("it"), "it")]);
    assert_eq!(pointer.size, Some(4));
    let itself = describe(vec![
        structure("Me", 4).label("it").child(member("me", "it", 0)),
    ]);
    let TypeKind::Struct(fields) = &itself.kind else {
        panic!("{itself:?}")
    };
    assert_eq!(fields.fields[0].type_id, itself.id);
    let of_enums = data_enum("it", vec![variant("A", None)]);
    let enumeration = describe(vec![structure("Body", 0).label("body"), of_enums]);
    assert!(matches!(enumeration.kind, TypeKind::Variants(_)));
}

#[test]
fn giants_are_cut_and_depth_is_not_followed() {
    let count = |n: u32| die(dw::DW_TAG_subrange_type).with(dw::DW_AT_count, Value::Data4(n));
    let mut cube = die(dw::DW_TAG_array_type)
        .label("it")
        .with(dw::DW_AT_type, Value::Ref("u64"));
    for _ in 0..4 {
        cube = cube.child(count(u32::MAX));
    }
    let cube = describe(vec![base("u64", dw::DW_ATE_unsigned, 8), cube]);
    let TypeKind::Array(array) = &cube.kind else {
        panic!("{cube:?}")
    };
    // What is in one row is more bytes than there are.
    assert_eq!(array.count, Some(u64::from(u32::MAX)));
    assert_eq!((array.stride, cube.size), (None, None));

    let mut wide = structure("Wide", 1)
        .label("it")
        .child(base("u8", dw::DW_ATE_unsigned, 1));
    for _ in 0..20_000 {
        wide = wide.child(member("field", "u8", 0));
    }
    let wide = describe(vec![wide]);
    let TypeKind::Struct(fields) = &wide.kind else {
        panic!("{wide:?}")
    };
    assert!(fields.truncated && fields.fields.len() < 20_000);

    // Pointers to pointers to pointers, none of which has a name.
    let labels: Vec<&'static str> = (0..5_000)
        .map(|n| &*Box::leak(format!("p{n}").into_boxed_str()))
        .collect();
    let mut chain = vec![
        die(dw::DW_TAG_pointer_type)
            .label("it")
            .with(dw::DW_AT_type, Value::Ref("p0")),
    ];
    for pair in labels.windows(2) {
        chain.push(
            die(dw::DW_TAG_const_type)
                .label(pair[0])
                .with(dw::DW_AT_type, Value::Ref(pair[1])),
        );
    }
    chain.push(die(dw::DW_TAG_const_type).label(labels[labels.len() - 1]));
    assert!(describe(chain).name.chars().count() < 200);
}

#[test]
fn what_is_no_type_is_unknown() {
    let declared = structure("Elsewhere", 4)
        .label("it")
        .with(dw::DW_AT_declaration, Value::Flag);
    assert!(matches!(
        describe(vec![declared]).kind,
        TypeKind::Unknown(_)
    ));
    let function = die(dw::DW_TAG_subprogram).name("f").label("it");
    assert!(matches!(
        describe(vec![function]).kind,
        TypeKind::Unknown(_)
    ));
}
