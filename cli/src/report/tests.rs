//! Whole pages, from reports written by hand: what a reader sees, line by line.

use super::{Look, json, text};
use wasmscope_debugger::explain::*;
use wasmscope_debugger::values::Value;

const PLAIN: Look = Look {
    color: false,
    links: false,
    width: Some(100),
};

fn place(file: &str, line: u32, column: u32) -> Place {
    Place {
        file: file.into(),
        path: Some(format!("/home/ann/my shop/{file}")),
        line: Some(line),
        column: Some(column),
    }
}

fn frame(index: usize, function: &str, kind: FrameKind, at: (&str, u32, u32)) -> ReportFrame {
    ReportFrame {
        index,
        function: Some(function.into()),
        place: Some(place(at.0, at.1, at.2)),
        inlined: false,
        kind,
        module: 0,
        wasm_function: 40,
        pc: 0x1234,
        variables: Vec::new(),
        variables_unavailable: None,
    }
}

fn variable(name: &str, kind: VariableKind, value: Result<&str, &str>) -> Variable {
    let value = Value {
        name: name.into(),
        type_name: "T".into(),
        summary: value.ok().map(str::to_owned),
        unavailable: value.err().map(str::to_owned),
        ..Value::default()
    };
    Variable { kind, value }
}

/// A panic two calls below `main`.
fn panic() -> Report {
    let mut failing = frame(
        2,
        "orders::Inventory::total",
        FrameKind::User,
        ("src/main.rs", 12, 18),
    );
    let not_kept = "in Wasm local 7, which plain code does not keep";
    failing.variables = vec![
        variable(
            "self",
            VariableKind::Argument,
            Ok("&Inventory { items: [Item { price: 3 }, …2 more] }"),
        ),
        variable("id", VariableKind::Local, Ok("7")),
        variable("total", VariableKind::Local, Err(not_kept)),
        variable(
            "ids",
            VariableKind::Local,
            Err("in Wasm local 9, which plain code does not keep"),
        ),
        variable("unit", VariableKind::Local, Err("optimised out")),
    ];
    let mut inlined = frame(3, "orders::report", FrameKind::User, ("src/main.rs", 31, 5));
    inlined.inlined = true;
    Report {
        schema: SCHEMA,
        program: "orders.wasm".into(),
        headline: "panicked: index out of bounds: the len is 3 but the index is 7".into(),
        cause: Cause::Panic {
            message: Some("index out of bounds: the len is 3 but the index is 7".into()),
            source: PanicSource::Stderr,
            location: Some(place("src/main.rs", 12, 18)),
            aborted: false,
        },
        place: Some(place("src/main.rs", 12, 18)),
        excerpt: Some(Excerpt {
            file: "src/main.rs".into(),
            first_line: 10,
            lines: vec![
                "    let mut total = 0;".into(),
                "    for id in ids {".into(),
                "        total += self.items[id].price;".into(),
                "    }".into(),
                "    total".into(),
            ],
            line: 12,
            mark: 17..21,
            label: Some("orders::Inventory::total".into()),
        }),
        user_frame: Some(2),
        frames: vec![
            frame(
                0,
                "rust_begin_unwind",
                FrameKind::Panic,
                ("library/std/src/panicking.rs", 700, 5),
            ),
            frame(
                1,
                "core::panicking::panic_fmt",
                FrameKind::Panic,
                ("library/core/src/panicking.rs", 75, 14),
            ),
            failing,
            inlined,
            frame(4, "orders::main", FrameKind::User, ("src/main.rs", 40, 5)),
            frame(
                5,
                "std::rt::lang_start",
                FrameKind::Std,
                ("library/std/src/rt.rs", 206, 5),
            ),
            frame(6, "_start", FrameKind::Runtime, ("crt1-command.c", 59, 1)),
        ],
        layout: vec![
            StackEntry::Folded {
                first: 0,
                kinds: vec![(FrameKind::Panic, 2)],
            },
            StackEntry::Frame { frame: 2 },
            StackEntry::Frame { frame: 3 },
            StackEntry::Frame { frame: 4 },
            StackEntry::Folded {
                first: 5,
                kinds: vec![(FrameKind::Std, 1), (FrameKind::Runtime, 1)],
            },
        ],
        disassembly: None,
        host_calls: Vec::new(),
        notes: vec![Note::help("look there")],
    }
}

#[test]
fn a_panic() {
    insta::assert_snapshot!(text(&panic(), PLAIN));
}

#[test]
fn a_page_begins_on_a_fresh_line_after_an_empty_one() {
    let mut report = panic();
    assert!(text(&report, PLAIN).starts_with("\nerror: "));
    // The harness has left its line open: `test fails ... `.
    if let Cause::Panic { source, .. } = &mut report.cause {
        *source = PanicSource::Memory;
    }
    assert!(text(&report, PLAIN).starts_with("\n\nerror: "));
}

#[test]
fn a_long_round_and_long_names_stay_readable() {
    let mut report = panic();
    let long = format!("shop::{}", "very_".repeat(30));
    report.frames[2].function = Some(long.clone());
    report.layout.push(StackEntry::Repeated {
        times: 9,
        frames: 360,
        functions: vec![long; 40],
    });
    let page = text(&report, PLAIN);
    let line = |with: &str| page.lines().find(|line| line.contains(with)).unwrap_or("");
    assert!(line("more rounds").chars().count() < 260, "{page}");
    assert!(line("more rounds").contains("(40 functions)"), "{page}");
    // The other frames' places do not move to the right of the longest name.
    let column = line("src/main.rs:40:5").find("src/main.rs");
    assert!(column.is_some_and(|column| column < 60), "{page}");
}

#[test]
fn colours_and_links_add_nothing_to_the_text() {
    let styled = text(
        &panic(),
        Look {
            color: true,
            links: true,
            ..PLAIN
        },
    );
    assert!(styled.contains("\x1b]8;;file:///home/ann/my%20shop/src/main.rs\x1b\\src/main.rs"));
    assert_eq!(without_sequences(&styled), text(&panic(), PLAIN));
}

/// Takes out colours and links, and fails on any other use of control characters.
fn without_sequences(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, sequence)) = rest.split_once('\x1b') {
        out.push_str(before);
        rest = match sequence.strip_prefix("]8;;") {
            Some(link) => link.split_once("\x1b\\").expect("a link ends").1,
            None => {
                sequence
                    .strip_prefix('[')
                    .and_then(|s| s.split_once('m'))
                    .expect("a colour")
                    .1
            }
        };
    }
    out + rest
}

#[test]
fn a_recursion_without_sources() {
    let mut report = panic();
    report.headline =
        "stack overflow in linear memory: even → odd → … call each other, 9,812 calls deep".into();
    report.excerpt = None;
    for frame in &mut report.frames {
        frame.variables.clear();
    }
    report.layout = vec![
        StackEntry::Frame { frame: 2 },
        StackEntry::Repeated {
            times: 4905,
            frames: 9810,
            functions: vec!["even".into(), "odd".into()],
        },
        StackEntry::Frame { frame: 4 },
        StackEntry::Omitted { frames: None },
    ];
    report.notes = vec![Note::remark("first"), Note::help("second\nof two lines")];
    insta::assert_snapshot!(text(&report, PLAIN));
}

#[test]
fn opcodes_where_there_are_no_lines() {
    let mut report = panic();
    report.headline = "memory access out of bounds: read of 4 bytes".into();
    (report.excerpt, report.place) = (None, None);
    report.frames.truncate(1);
    report.frames[0] = ReportFrame {
        place: None,
        function: None,
        kind: FrameKind::Unknown,
        ..report.frames[0].clone()
    };
    report.layout = vec![StackEntry::Frame { frame: 0 }];
    let line = |pc, depth, text: &str| DisassemblyLine {
        pc,
        depth,
        text: text.into(),
    };
    report.disassembly = Some(Disassembly {
        function: "function 40".into(),
        lines: vec![
            line(0x1230, 0, "block"),
            line(0x1232, 1, "local.get 0"),
            line(0x1234, 1, "i32.load"),
        ],
        failing: 2,
    });
    insta::assert_snapshot!(text(&report, PLAIN));
}

#[test]
fn a_hostile_guest_reaches_no_terminal() {
    let evil = "\x1b[2J\x1b]0;owned\x07\u{9b}31m\r\u{202e}";
    let mut report = panic();
    report.headline = format!("panicked: {evil}\nsecond line{evil}");
    report.frames[2].function = Some(evil.into());
    report.frames[2].place = Some(Place {
        path: Some(evil.into()),
        ..place(evil, 1, 1)
    });
    report.frames[2].variables = vec![
        variable(evil, VariableKind::Local, Ok(evil)),
        variable(evil, VariableKind::Local, Err(evil)),
    ];
    report.frames[3].variables_unavailable = Some(evil.into());
    if let Some(excerpt) = &mut report.excerpt {
        excerpt.file = evil.into();
        excerpt.lines[2] = format!("{evil} é");
        excerpt.mark = 1..9000;
        excerpt.label = Some(evil.into());
    }
    report.place = Some(place(evil, 1, 1));
    report.layout.push(StackEntry::Repeated {
        times: 2,
        frames: 2,
        functions: vec![evil.into()],
    });
    report.disassembly = Some(Disassembly {
        function: evil.into(),
        lines: vec![DisassemblyLine {
            pc: 0,
            depth: 4_000_000,
            text: evil.into(),
        }],
        failing: 0,
    });
    report.notes = vec![Note::remark(evil)];
    for look in [
        PLAIN,
        Look {
            width: None,
            ..PLAIN
        },
        Look {
            color: true,
            links: true,
            width: Some(1),
        },
    ] {
        let shown = without_sequences(&text(&report, look));
        let harmful = |c: &char| c.is_control() && *c != '\n' || *c == '\u{202e}';
        assert_eq!(shown.chars().find(harmful), None, "{shown:?}");
    }
}

#[test]
fn json_is_the_whole_report_and_can_be_read_again() {
    let report = panic();
    let read: Report = serde_json::from_str(&json(&report).unwrap()).unwrap();
    assert_eq!(read, report);
    let value: serde_json::Value = serde_json::to_value(&report).unwrap();
    assert_eq!(value["schema"], 1);
    assert_eq!(value["cause"]["kind"], "panic");
    assert_eq!(value["frames"][2]["variables"][1]["name"], "id");
    assert_eq!(value["frames"][2]["variables"][1]["value"], "7");
}
