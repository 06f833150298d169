//! How things look, from data written by hand.

use super::*;
use crate::debug_text::memory::{Examine, Unit, UnitFormat};
use wasmscope_debugger::explain::{FrameKind, Place, Variable, VariableKind};
use wasmscope_debugger::protocol::*;
use wasmscope_debugger::values::Value;

const PLAIN: Look = Look {
    color: false,
    width: None,
};
const EVIL: &str = "\x1b[2J\x1b]0;owned\x07\u{9b}31m\r\u{202e}";

fn frame(id: usize, function: &str, kind: FrameKind) -> FrameInfo {
    FrameInfo {
        id,
        function: Some(function.into()),
        place: Some(Place {
            file: "src/main.rs".into(),
            path: None,
            line: Some(10 + u32::try_from(id).expect("small")),
            column: Some(5),
        }),
        inlined: false,
        kind,
        module: 0,
        wasm_function: 3,
        wasm_frame: id,
        pc: 0x1f3,
    }
}

fn value(name: &str, summary: &str, children: Vec<Value>) -> Value {
    Value {
        name: name.into(),
        type_name: format!("T{}", children.len()),
        summary: Some(summary.into()),
        children,
        ..Value::default()
    }
}

#[test]
fn a_stack_folds_what_is_not_the_users() {
    use FrameKind::*;
    let mut frames = vec![
        frame(0, "core::panicking::panic", Panic),
        frame(1, "std::rt::begin", Std),
        frame(2, "app::work", User),
        frame(3, "core::iter::fold", Std),
        frame(4, "app::main", User),
        frame(5, "_start", Runtime),
    ];
    frames[4].inlined = true;
    let how = StackLook {
        look: PLAIN,
        fold: true,
        selected: 2,
    };
    insta::assert_snapshot!(stack(&frames, Some(0), |_| String::new(), how), @r"
         … 1 frame of the panic machinery and 1 of std (bt -a shows them)
    ▶ 2  app::work            src/main.rs:12:5
         … 1 frame of std
      4  app::main (inlined)  src/main.rs:14:5
         … 1 frame of the runtime
    ");
    let all = StackLook { fold: false, ..how };
    let text = stack(&frames, Some(1_234), |_| "      x = 1\n".into(), all);
    assert_eq!(text.lines().count(), 13);
    assert!(text.ends_with("… 1,234 more calls\n"), "{text}");
    // What is looked at is shown, whatever it is.
    let selected = StackLook { selected: 5, ..how };
    assert!(stack(&frames, None, |_| String::new(), selected).contains("▶ 5  _start"));
}

#[test]
fn values_grow_as_trees() {
    let inner = value(
        "1",
        "Line { … }",
        vec![value("article", "\"bolt\"", vec![])],
    );
    let mut list = value("lines", "[…]", vec![value("0", "Line", vec![]), inner]);
    list.more_children = 3;
    let order = value(
        "order",
        "Order { … }",
        vec![list, value("number", "7", vec![])],
    );
    insta::assert_snapshot!(tree(&order, PLAIN), @r#"
    T2
        lines = T2
            0 = Line
            1 = T1
                article = "bolt"
            …
        number = 7
    "#);
}

#[test]
fn memory_is_shown_in_all_formats() {
    let bytes: Vec<u8> = (0x41..0x55).collect();
    let show = |count, format, unit| {
        let how = Examine {
            count,
            format,
            unit,
        };
        examined(0x1000, &bytes, how).0
    };
    insta::assert_snapshot!(show(20, UnitFormat::Hex, Unit::Byte), @r"
    0x00001000: 0x41 0x42 0x43 0x44 0x45 0x46 0x47 0x48  ABCDEFGH
    0x00001008: 0x49 0x4a 0x4b 0x4c 0x4d 0x4e 0x4f 0x50  IJKLMNOP
    0x00001010: 0x51 0x52 0x53 0x54                      QRST
    ");
    insta::assert_snapshot!(show(3, UnitFormat::Hex, Unit::Giant), @r"
    0x00001000: 0x4847464544434241 0x504f4e4d4c4b4a49
    0x00001010: <cut>
    ");
    let one = |bytes: &[u8], format, unit| {
        let how = Examine {
            count: 1,
            format,
            unit,
        };
        let (text, used) = examined(0, bytes, how);
        assert_eq!(used, bytes.len() as u64);
        text.trim_start_matches("0x00000000: ")
            .trim_end()
            .to_owned()
    };
    assert_eq!(one(&[0xff], UnitFormat::Decimal, Unit::Byte), "-1");
    assert_eq!(one(&[0xff], UnitFormat::Unsigned, Unit::Byte), "255");
    assert_eq!(one(&[0xfe, 0xff], UnitFormat::Decimal, Unit::Half), "-2");
    assert_eq!(one(&[5], UnitFormat::Binary, Unit::Byte), "0b00000101");
    assert_eq!(one(b"x", UnitFormat::Char, Unit::Byte), "'x'");
    assert_eq!(one(&[0x1b], UnitFormat::Char, Unit::Byte), "'\\u{1b}'");
    assert_eq!(
        one(&1.5f32.to_le_bytes(), UnitFormat::Float, Unit::Word),
        "1.5"
    );
    assert_eq!(
        one(b"a\x1b\xff", UnitFormat::Text, Unit::Byte),
        "\"a\\u{1b}\u{fffd}\"…"
    );
    assert_eq!(one(b"a\0", UnitFormat::Text, Unit::Byte), "\"a\"");
}

#[test]
fn types_are_declared() {
    let member = |name: &str, ty: Option<&str>, offset, members| MemberInfo {
        name: name.into(),
        type_name: ty.map(str::to_owned),
        offset,
        members,
    };
    let info = TypeInfo {
        name: "app::Status".into(),
        kind: "enum".into(),
        size: Some(8),
        members: vec![
            member("Open", None, None, vec![]),
            member(
                "Picked",
                None,
                None,
                vec![member("parcels", Some("u8"), Some(1), vec![])],
            ),
        ],
    };
    insta::assert_snapshot!(type_text(&info, PLAIN), @r"
    enum app::Status { // 8 bytes
        Open,
        Picked {
            parcels: u8, // at 1
        },
    }
    ");
}

#[test]
fn breakpoints_say_where_they_are() {
    let location = |line, function: &str| BreakpointLocation {
        module: 0,
        pc: 0x1f3,
        function: Some(function.into()),
        place: frame(line, "", FrameKind::User).place,
        inlined: line == 1,
    };
    let mut breakpoint = Breakpoint {
        id: 4,
        spec: BreakpointSpec {
            condition: Some("n > 1".into()),
            hits: Some(HitCondition::Multiple(5)),
            ..BreakpointSpec::new(BreakpointPlace::Function {
                name: "work".into(),
            })
        },
        locations: vec![
            location(0, "app::work::<u8>"),
            location(1, "app::work::<u16>"),
        ],
        truncated: false,
        hits: 3,
        notes: vec!["moved".into()],
        suggestions: vec![],
    };
    insta::assert_snapshot!(breakpoint_told(&breakpoint, PLAIN), @r"
    Breakpoint 4 at 2 locations:
      4.1  src/main.rs:10:5 in app::work::<u8>
      4.2  src/main.rs:11:5 in app::work::<u16> (inlined)
      note: moved
    ");
    insta::assert_snapshot!(breakpoint_table([&breakpoint].into_iter(), |_| vec!["bt".into()]), @r"
    Num  Kind        On   Hits  Where
    4    breakpoint  yes  3     work, 2 locations:
           4.1  src/main.rs:10:5 in app::work::<u8>
           4.2  src/main.rs:11:5 in app::work::<u16> (inlined)
           only if n > 1
           only at hits % 5
           does bt
    ");
    breakpoint.locations = vec![location(0, "app::work"); 3];
    breakpoint.notes.clear();
    assert_eq!(
        breakpoint_told(&breakpoint, PLAIN),
        "Breakpoint 4 at src/main.rs:10:5 in app::work (3 copies)\n"
    );
    breakpoint.locations.push(location(1, "app::work"));
    let told = breakpoint_told(&breakpoint, PLAIN);
    assert!(
        told.contains("\n  4.1-3  src/main.rs:10:5 in app::work (3 copies)\n  4.4  "),
        "{told}"
    );
    breakpoint.locations.clear();
    breakpoint.spec.temporary = true;
    assert_eq!(
        breakpoint_told(&breakpoint, PLAIN),
        "Temporary breakpoint 4 at work matches nothing yet\n"
    );
    breakpoint.spec = BreakpointSpec::new(BreakpointPlace::Panic);
    assert_eq!(
        breakpoint_told(&breakpoint, PLAIN),
        "Breakpoint 4: Rust panics\n"
    );
}

/// Whatever the guest or its debug info says, nothing of it steers the terminal.
#[test]
fn a_hostile_guest_reaches_no_terminal() {
    let mut evil = frame(0, EVIL, FrameKind::User);
    if let Some(place) = &mut evil.place {
        place.file = EVIL.into();
    }
    let bad = value(EVIL, EVIL, vec![value(EVIL, EVIL, vec![])]);
    let variable = |summary| Variable {
        kind: VariableKind::Argument,
        value: Value {
            summary,
            unavailable: Some(EVIL.into()),
            ..bad.clone()
        },
    };
    let all = [variable(Some(EVIL.into())), variable(None)];
    let item = WasmItem {
        index: 0,
        name: Some(EVIL.into()),
        value_type: EVIL.into(),
        value: Some(EVIL.into()),
        bits: Some(EVIL.into()),
    };
    let stop = |reason| Stop {
        reason,
        breakpoints: vec![1],
        frame: 0,
        info: None,
        resumable: true,
        notes: vec![EVIL.into()],
    };
    let reasons = [
        StopReason::Panic {
            message: Some(EVIL.into()),
        },
        StopReason::Trap {
            headline: EVIL.into(),
        },
        StopReason::HostCall {
            function: EVIL.into(),
            call: None,
        },
        StopReason::Finished {
            function: Some(EVIL.into()),
            value: Some(bad.clone()),
        },
        StopReason::WatchEnded {
            id: 1,
            expression: EVIL.into(),
        },
        StopReason::Watch {
            id: 1,
            expression: EVIL.into(),
            old: bad.clone(),
            new: bad.clone(),
        },
    ];
    let how = StackLook {
        look: PLAIN,
        fold: true,
        selected: 0,
    };
    let source = SourceLines {
        file: EVIL.into(),
        path: EVIL.into(),
        first_line: u32::MAX - 1,
        lines: vec![EVIL.into(), EVIL.into()],
        total: 1,
        current: Some(u32::MAX),
        with_code: vec![],
        changed: false,
    };
    let breakpoint = Breakpoint {
        id: 1,
        spec: BreakpointSpec {
            condition: Some(EVIL.into()),
            log: Some(EVIL.into()),
            ..BreakpointSpec::new(BreakpointPlace::Function { name: EVIL.into() })
        },
        locations: vec![],
        truncated: false,
        hits: 0,
        notes: vec![EVIL.into()],
        suggestions: vec![EVIL.into()],
    };
    let wasm = WasmFrameInfo {
        module: EVIL.into(),
        function: EVIL.into(),
        func_index: 0,
        pc: 0,
        locals: vec![item.clone()],
        operands: vec![item],
        globals: vec![],
        memory_size: Some(u64::MAX),
        unavailable: Some(EVIL.into()),
    };
    let code = wasmscope_debugger::explain::Disassembly {
        function: EVIL.into(),
        lines: vec![wasmscope_debugger::explain::DisassemblyLine {
            pc: u64::MAX,
            depth: u32::MAX,
            text: EVIL.into(),
        }],
        failing: 7,
    };
    let info = TypeInfo {
        name: EVIL.into(),
        kind: "struct".into(),
        size: None,
        members: vec![MemberInfo {
            name: EVIL.into(),
            type_name: Some(EVIL.into()),
            offset: None,
            members: vec![],
        }],
    };
    let mut pages = vec![
        frame_line(&evil, Some(""), PLAIN),
        stack(std::slice::from_ref(&evil), None, |_| String::new(), how),
        variables(all.iter(), 2, PLAIN),
        arguments(&all, PLAIN),
        tree(&bad, PLAIN),
        listing(&source, |_| None, PLAIN),
        source_line(1, EVIL, PLAIN),
        breakpoint_told(&breakpoint, PLAIN),
        breakpoint_table([&breakpoint].into_iter(), |_| vec![EVIL.into()]),
        wasm_frame(&wasm, PLAIN),
        disassembly(&code, None, PLAIN),
        type_text(&info, PLAIN),
        exit_line(
            &Exit::Failure {
                code: 1,
                headline: EVIL.into(),
            },
            PLAIN,
        ),
        exit_line(
            &Exit::Code {
                code: 1,
                results: vec![EVIL.into()],
            },
            PLAIN,
        ),
    ];
    pages.extend(reasons.map(|reason| stop_headline(&stop(reason), |_| false, PLAIN)));
    for page in pages {
        let harmful = |c: &char| c.is_control() && *c != '\n' || *c == '\u{202e}';
        assert_eq!(page.chars().find(harmful), None, "{page:?}");
    }
}
