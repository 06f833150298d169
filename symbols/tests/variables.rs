//! Which variables are in scope, and where they are: every form of location that Wasm knows, and
//! those that cannot be answered.

mod support;

use gimli::constants as dw;
use support::*;
use wasmscope_symbols::{CodeOffset, FrameState, Place, Symbols, Unavailable, Variable, WasmValue};

/// A frame whose locals and globals are known by their index, on a memory of 256 bytes that hold
/// their own addresses.
struct Frame;

impl FrameState for Frame {
    fn wasm_local(&self, index: u32) -> Result<WasmValue, Unavailable> {
        match index {
            0 => Ok(WasmValue::I32(0x40)),
            1 => Ok(WasmValue::I64(0x1_0000_0005)),
            2 => Ok(WasmValue::F64(1.5f64.to_bits())),
            3 => Ok(WasmValue::I32((-8i32).cast_unsigned())),
            index => Err(Unavailable::LocalNotKept(index)),
        }
    }

    fn wasm_global(&self, index: u32) -> Result<WasmValue, Unavailable> {
        Ok(WasmValue::I32(0x80 + index))
    }

    fn operand(&self, index: u32) -> Result<WasmValue, Unavailable> {
        Ok(WasmValue::I32(0x20 + index))
    }

    fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), Unavailable> {
        let len = buffer.len() as u64;
        if address + len > 256 {
            return Err(Unavailable::out_of_bounds(address, len, 256));
        }
        for (byte, address) in buffer.iter_mut().zip(address..) {
            *byte = address as u8;
        }
        Ok(())
    }
}

const WASM: u8 = 0xed;
const STACK_VALUE: u8 = dw::DW_OP_stack_value.0;
const FBREG: u8 = dw::DW_OP_fbreg.0;
const PIECE: u8 = dw::DW_OP_piece.0;

/// The function's frame base: Wasm local 0, which holds 0x40.
fn in_function(children: Vec<Die>, types: Vec<Die>, prepare: impl FnOnce(&mut Debug)) -> Symbols {
    let (start, len) = bodies(1)[0];
    let mut main = function("main", start, len).with(
        dw::DW_AT_frame_base,
        Value::Expression(vec![WASM, 0, 0, STACK_VALUE]),
    );
    for child in children {
        main = main.child(child);
    }
    let mut debug = Debug::default();
    prepare(&mut debug);
    // As wasm-ld leaves it: 0 is a base, and the ranges say where the code is.
    let ranges = debug.ranges(&[(start, start + len)]);
    let root = unit("main.rs")
        .with(dw::DW_AT_low_pc, Value::Address(0))
        .with(dw::DW_AT_ranges, Value::Section(ranges));
    let mut root = root.child(main).child(
        die(dw::DW_TAG_base_type)
            .label("u32")
            .name("u32")
            .with(dw::DW_AT_encoding, Value::Data1(dw::DW_ATE_unsigned.0))
            .with(dw::DW_AT_byte_size, Value::Data1(4)),
    );
    for (label, encoding, size) in [
        ("u64", dw::DW_ATE_unsigned, 8),
        ("i64", dw::DW_ATE_signed, 8),
    ] {
        root = root.child(
            die(dw::DW_TAG_base_type)
                .label(label)
                .name(label)
                .with(dw::DW_AT_encoding, Value::Data1(encoding.0))
                .with(dw::DW_AT_byte_size, Value::Data1(size)),
        );
    }
    for ty in types {
        root = root.child(ty);
    }
    debug.unit(4, &root);
    open(1, &debug)
}

fn pc() -> CodeOffset {
    CodeOffset(u64::from(bodies(1)[0].0) + 3)
}

fn variables(symbols: &Symbols, line: Option<u32>) -> Vec<Variable> {
    let frame = symbols.frames(pc())[0].die.expect("a DIE");
    symbols.variables(frame, pc(), line)
}

fn local(name: &'static str, ty: &'static str) -> Die {
    die(dw::DW_TAG_variable)
        .name(name)
        .with(dw::DW_AT_type, Value::Ref(ty))
}

/// Where a variable of this type with this attribute is.
fn place_of(ty: &'static str, attribute: gimli::DwAt, value: Value) -> Place {
    let symbols = in_function(vec![local("it", ty).with(attribute, value)], vec![], |_| {});
    symbols.locate(&variables(&symbols, None)[0], pc(), &Frame)
}

fn place(ty: &'static str, expression: &[u8]) -> Place {
    place_of(
        ty,
        dw::DW_AT_location,
        Value::Expression(expression.to_vec()),
    )
}

fn bytes(place: &Place) -> Vec<u8> {
    match place {
        Place::Bytes(bytes) if bytes.gaps.is_empty() => bytes.bytes.clone(),
        other => panic!("bytes, not {other:?}"),
    }
}

fn reason(place: &Place) -> String {
    match place {
        Place::Unavailable(reason) => reason.to_string(),
        other => panic!("unavailable, not {other:?}"),
    }
}

#[test]
fn all_four_kinds_of_wasm_location_are_read() {
    let table: [(&[u8], u32); 4] = [
        (&[WASM, 0, 0], 0x40),
        (&[WASM, 1, 2], 0x82),
        (&[WASM, 3, 5, 0, 0, 0], 0x85),
        (&[WASM, 0, 0x80, 0], 0x40),
    ];
    for (location, value) in table {
        // With `DW_OP_stack_value` it is the value, without it is the value's address.
        let with = [location, &[STACK_VALUE]].concat();
        assert_eq!(
            bytes(&place("u32", &with)),
            value.to_le_bytes(),
            "{location:x?}"
        );
        assert_eq!(
            place("u32", location),
            Place::Memory(u64::from(value)),
            "{location:x?}"
        );
    }
    // An operand is the one that is meant only as long as nothing took it, and this location does
    // not say since when it holds.
    assert!(reason(&place("u32", &[WASM, 2, 3, STACK_VALUE])).contains("operand stack"));
    assert!(reason(&place("u32", &[WASM, 4, 0])).contains("cannot be read"));
    assert!(reason(&place("u32", &[WASM, 0, 9, STACK_VALUE])).contains("Wasm local 9"));
}

#[test]
fn frame_relative_places_start_at_the_frame_base() {
    assert_eq!(place("u32", &[FBREG, 8]), Place::Memory(0x48));
    assert_eq!(place("u32", &[FBREG, 0x78]), Place::Memory(0x38));
    // LLVM loses the frame base in front of this one.
    assert_eq!(
        place("u32", &[dw::DW_OP_plus_uconst.0, 8]),
        Place::Memory(0x48)
    );
    // The address itself is in the frame.
    assert_eq!(
        place("u32", &[FBREG, 8, dw::DW_OP_deref.0]),
        Place::Memory(0x4b4a_4948)
    );
    assert_eq!(
        place("u32", &[dw::DW_OP_addr.0, 0x10, 0, 0, 0]),
        Place::Memory(0x10)
    );
}

#[test]
fn sixty_four_bits_stay_sixty_four_bits() {
    let plus_one = [WASM, 0, 1, dw::DW_OP_lit1.0, dw::DW_OP_plus.0, STACK_VALUE];
    assert_eq!(
        bytes(&place("u64", &plus_one)),
        0x1_0000_0006_u64.to_le_bytes()
    );
    assert_eq!(
        bytes(&place("u64", &[WASM, 0, 2, STACK_VALUE])),
        1.5f64.to_le_bytes()
    );
    let minus_one = [dw::DW_OP_consts.0, 0x7f, STACK_VALUE];
    assert_eq!(bytes(&place("i64", &minus_one)), (-1i64).to_le_bytes());
    // An i32 has no upper half to show.
    assert!(reason(&place("u64", &[WASM, 0, 0, STACK_VALUE])).contains("fewer bytes"));
    // Arithmetic shift of −8 in 32 bits.
    let shifted = [WASM, 0, 3, dw::DW_OP_lit1.0, dw::DW_OP_shra.0, STACK_VALUE];
    assert_eq!(bytes(&place("u32", &shifted)), (-4i32).to_le_bytes());
    let mixed = [WASM, 0, 1, WASM, 0, 0, dw::DW_OP_plus.0, STACK_VALUE];
    assert!(reason(&place("u64", &mixed)).contains("cannot be"));
    let with_address = [
        WASM,
        0,
        1,
        dw::DW_OP_addr.0,
        0,
        0,
        0,
        0,
        dw::DW_OP_plus.0,
        STACK_VALUE,
    ];
    assert!(reason(&place("u64", &with_address)).contains("mixes"));
}

#[test]
fn a_piece_without_a_place_is_a_gap_and_not_a_zero() {
    let half = [PIECE, 4, dw::DW_OP_lit6.0, STACK_VALUE, PIECE, 4];
    let Place::Bytes(parts) = place("u64", &half) else {
        panic!()
    };
    assert_eq!(parts.get(4..8), Ok(&6u32.to_le_bytes()[..]));
    assert_eq!(parts.get(0..4), Err(Unavailable::OptimisedOut));
    assert_eq!(parts.get(2..6), Err(Unavailable::OptimisedOut));
    let in_memory = [FBREG, 0, PIECE, 4, WASM, 0, 0, STACK_VALUE, PIECE, 4];
    assert_eq!(
        bytes(&place("u64", &in_memory)),
        [0x40, 0x41, 0x42, 0x43, 0x40, 0, 0, 0]
    );
    // What no piece covers is not known either.
    let Place::Bytes(short) = place("u64", &[dw::DW_OP_lit6.0, STACK_VALUE, PIECE, 4]) else {
        panic!()
    };
    assert_eq!(short.get(4..8), Err(Unavailable::OptimisedOut));
    assert_eq!(reason(&place("u64", &[PIECE, 8])), "optimised out");
    let giant = [PIECE, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    assert!(reason(&place("u64", &giant)).contains("cannot be read"));
}

#[test]
fn what_cannot_be_known_says_why() {
    assert_eq!(reason(&place("u32", &[])), "optimised out");
    // Of an argument that nothing writes the value at the call is known, of other locals it is not.
    let entry = |local| [dw::DW_OP_entry_value.0, 3, WASM, 0, local, STACK_VALUE];
    assert_eq!(bytes(&place("u32", &entry(0))), 0x40u32.to_le_bytes());
    assert!(reason(&place("u32", &entry(1))).contains("at the call"));
    let pointer = [dw::DW_OP_implicit_pointer.0, 0, 0, 0, 0, 0];
    assert!(reason(&place("u32", &pointer)).contains("optimised out of memory"));
    assert!(reason(&place("u32", &[dw::DW_OP_reg0.0])).contains("register"));
    assert!(reason(&place("u32", &[dw::DW_OP_call_frame_cfa.0])).contains("call frame"));
    // Skips back to itself for ever.
    assert!(reason(&place("u32", &[dw::DW_OP_skip.0, 0xfd, 0xff])).contains("cannot be"));
    // Reads outside of memory.
    let outside = [dw::DW_OP_const4u.0, 0, 1, 0, 0, dw::DW_OP_deref.0];
    assert!(reason(&place("u32", &outside)).contains("not in the memory"));
    let nothing = in_function(vec![local("it", "u32")], vec![], |_| {});
    let nothing = nothing.locate(&variables(&nothing, None)[0], pc(), &Frame);
    assert_eq!(reason(&nothing), "optimised out");
}

#[test]
fn constants_have_the_size_and_sign_of_their_type() {
    let constant = |ty, value| place_of(ty, dw::DW_AT_const_value, value);
    assert_eq!(
        bytes(&constant("i64", Value::Data1(0xff))),
        (-1i64).to_le_bytes()
    );
    assert_eq!(
        bytes(&constant("u64", Value::Data1(0xff))),
        255u64.to_le_bytes()
    );
    assert_eq!(
        bytes(&constant("u32", Value::Block(vec![1, 2, 3, 4]))),
        [1, 2, 3, 4]
    );
    assert!(reason(&constant("u64", Value::Block(vec![1]))).contains("fewer bytes"));
}

/// A location list of DWARF 4: pairs with an expression, base selections with none.
fn list(entries: &[(u32, u32, Option<&[u8]>)]) -> Place {
    let symbols = in_function(
        vec![local("it", "u32").with(dw::DW_AT_location, Value::Section(0))],
        vec![],
        |debug| {
            for (begin, end, expression) in entries {
                debug.loc.extend(begin.to_le_bytes());
                debug.loc.extend(end.to_le_bytes());
                if let Some(expression) = expression {
                    debug.loc.extend((expression.len() as u16).to_le_bytes());
                    debug.loc.extend(*expression);
                }
            }
            debug.loc.extend([0; 8]);
        },
    );
    symbols.locate(&variables(&symbols, None)[0], pc(), &Frame)
}

#[test]
fn location_lists_survive_every_mark_of_dead_code() {
    let here = pc().0 as u32;
    let right: &[u8] = &[FBREG, 4];
    let wrong: &[u8] = &[FBREG, 0];
    let found = Place::Memory(0x44);
    assert_eq!(
        list(&[(1, 2, Some(wrong)), (here, here + 1, Some(right))]),
        found
    );
    // An end is not covered.
    assert_eq!(
        list(&[(1, here, Some(wrong)), (here, here + 4, Some(right))]),
        found
    );
    // wasm-ld's −2, and −1 where a base selection would stand.
    let dead = u32::MAX - 1;
    assert_eq!(
        list(&[(dead, dead, Some(wrong)), (here, here + 1, Some(right))]),
        found
    );
    assert_eq!(
        list(&[
            (u32::MAX, u32::MAX, Some(wrong)),
            (here, here + 1, Some(right))
        ]),
        found
    );
    // A base counts for what follows; a dead one makes it dead.
    assert_eq!(list(&[(u32::MAX, here, None), (0, 1, Some(right))]), found);
    let dead_base = list(&[(u32::MAX, dead, None), (here, here + 1, Some(wrong))]);
    assert!(reason(&dead_base).contains("optimised out here"));
    assert!(reason(&list(&[(1, 2, Some(wrong))])).contains("optimised out here"));
    // A list that ends in the middle of an entry.
    assert!(
        reason(&list(&[(1, 2, Some(&[0; 100])), (u32::MAX, 7, None)]))
            .contains("optimised out here")
    );
}

#[test]
fn scopes_order_and_shadow_variables() {
    let (start, len) = bodies(1)[0];
    let block = |low, len| die(dw::DW_TAG_lexical_block).code(low, len);
    let line = |die: Die, line| die.with(dw::DW_AT_decl_line, Value::Data1(line));
    let parameter = die(dw::DW_TAG_formal_parameter)
        .name("input")
        .with(dw::DW_AT_type, Value::Ref("u32"));
    let symbols = in_function(
        vec![
            line(local("x", "u32"), 2),
            block(start, len)
                .child(line(local("x", "u64"), 3))
                .child(block(start, 4).child(line(local("inner", "u32"), 9)))
                .child(block(start + len - 1, 1).child(local("elsewhere", "u32"))),
            parameter,
            local("extern", "u32").with(dw::DW_AT_external, Value::Flag),
        ],
        vec![],
        |_| {},
    );
    let found = variables(&symbols, Some(5));
    let shown: Vec<_> = found
        .iter()
        .map(|v| (&*v.name, v.line, v.shadowed, v.declared_later))
        .collect();
    assert_eq!(
        shown,
        [
            ("input", None, false, false),
            ("x", Some(2), true, false),
            ("x", Some(3), false, false),
            ("inner", Some(9), false, true),
        ]
    );
}

#[test]
fn variables_that_an_instance_lost_are_optimised_out() {
    let (start, _) = bodies(1)[0];
    let origin = |tag, label| die(tag).with(dw::DW_AT_abstract_origin, Value::Ref(label));
    let parameter = |name, label| {
        die(dw::DW_TAG_formal_parameter)
            .name(name)
            .label(label)
            .with(dw::DW_AT_type, Value::Ref("u32"))
    };
    let callee = die(dw::DW_TAG_subprogram)
        .name("callee")
        .label("callee")
        .child(parameter("kept", "kept"))
        .child(parameter("lost", "lost"))
        .child(local("local", "u32").label("local"));
    let call = inlined("callee", start, 5, 7)
        .child(
            origin(dw::DW_TAG_variable, "local")
                .with(dw::DW_AT_location, Value::Expression(vec![FBREG, 4])),
        )
        .child(
            origin(dw::DW_TAG_formal_parameter, "kept")
                .with(dw::DW_AT_location, Value::Expression(vec![FBREG, 0])),
        );
    let symbols = in_function(vec![local("outer", "u32"), call], vec![callee], |_| {});
    let found = variables(&symbols, None);
    let places: Vec<_> = found
        .iter()
        .map(|v| (&*v.name, symbols.locate(v, pc(), &Frame)))
        .collect();
    assert_eq!(
        places,
        [
            ("kept", Place::Memory(0x40)),
            ("lost", Place::Unavailable(Unavailable::OptimisedOut)),
            ("local", Place::Memory(0x44)),
        ]
    );
    // The caller's frame has its own.
    let outer = symbols.frames(pc())[1].die.expect("a DIE");
    let names: Vec<_> = symbols
        .variables(outer, pc(), None)
        .into_iter()
        .map(|v| v.name)
        .collect();
    assert_eq!(names, ["outer".into()]);
}

#[test]
fn blocks_that_an_instance_lost_leave_their_variables_optimised_out() {
    let (start, _) = bodies(1)[0];
    let block = || die(dw::DW_TAG_lexical_block);
    let callee = die(dw::DW_TAG_subprogram)
        .name("callee")
        .label("callee")
        .child(block().child(local("beside", "u32")))
        .child(
            block().child(local("lost", "u32")).child(
                block().child(local("beside too", "u32")).child(
                    block()
                        .label("kept")
                        .child(local("inner", "u32").label("inner")),
                ),
            ),
        );
    let instance = die(dw::DW_TAG_variable)
        .with(dw::DW_AT_abstract_origin, Value::Ref("inner"))
        .with(dw::DW_AT_location, Value::Expression(vec![FBREG, 4]));
    let call = inlined("callee", start, 5, 7).child(
        block()
            .with(dw::DW_AT_abstract_origin, Value::Ref("kept"))
            .code(start, 5)
            .child(instance),
    );
    let symbols = in_function(vec![call], vec![callee], |_| {});
    let found = variables(&symbols, None);
    let places: Vec<_> = found
        .iter()
        .map(|v| (&*v.name, symbols.locate(v, pc(), &Frame)))
        .collect();
    let lost = Place::Unavailable(Unavailable::OptimisedOut);
    assert_eq!(
        places,
        [
            ("lost", lost.clone()),
            ("beside too", lost),
            ("inner", Place::Memory(0x44)),
        ]
    );
}

#[test]
fn location_lists_of_dwarf_5_are_read() {
    let (start, len) = bodies(1)[0];
    let here = pc().0 as u32;
    let dead = u32::MAX;
    let mut debug = Debug::default();
    // The header: length, version, address size, segment size, no offsets.
    let mut lists = vec![5, 0, 4, 0, 0, 0, 0, 0];
    let base = |lists: &mut Vec<u8>, address: u32| {
        lists.push(dw::DW_LLE_base_address.0);
        lists.extend(address.to_le_bytes());
    };
    let pair = |lists: &mut Vec<u8>, begin: u8, end: u8, offset: u8| {
        lists.extend([dw::DW_LLE_offset_pair.0, begin, end, 2, FBREG, offset]);
    };
    base(&mut lists, dead);
    pair(&mut lists, 0, 127, 0);
    lists.push(dw::DW_LLE_start_length.0);
    lists.extend(dead.to_le_bytes());
    lists.extend([127, 2, FBREG, 0]);
    base(&mut lists, here);
    pair(&mut lists, 1, 2, 0);
    pair(&mut lists, 0, 1, 4);
    lists.push(dw::DW_LLE_end_of_list.0);
    debug.loclists = (lists.len() as u32).to_le_bytes().to_vec();
    debug.loclists.extend(lists);
    let variable = die(dw::DW_TAG_variable)
        .name("it")
        .with(dw::DW_AT_location, Value::Section(12));
    let root = unit("main.rs").code(start, len).child(
        function("main", start, len)
            .with(
                dw::DW_AT_frame_base,
                Value::Expression(vec![WASM, 0, 0, STACK_VALUE]),
            )
            .child(variable),
    );
    debug.unit(5, &root);
    let symbols = open(1, &debug);
    let found = variables(&symbols, None);
    assert_eq!(symbols.locate(&found[0], pc(), &Frame), Place::Memory(0x44));
}
