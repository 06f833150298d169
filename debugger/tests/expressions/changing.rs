//! Assigning and watching, on a copy of the stopped guest's memory that is written to.

use crate::guest::{Guest, LIMITS};
use std::cell::RefCell;
use wasmscope_debugger::expression::{
    ErrorKind, Expression, ExpressionError, Scope, Showing, Watch, Write, assign, evaluate,
};
use wasmscope_debugger::values::Memory;
use wasmscope_symbols::{FrameBaseRegister, FrameState, Unavailable, WasmValue};
use wasmscope_test_support::{Build, Target as Wasi};

/// A frame with a memory of its own.
struct Changing<'g> {
    frame: &'g dyn FrameState,
    memory: RefCell<Vec<u8>>,
}

impl<'g> Changing<'g> {
    fn new(scope: &Scope<'g>) -> Self {
        let mut memory = vec![0; usize::try_from(scope.memory.size()).expect("it fits")];
        scope.memory.read(0, &mut memory).expect("all of it");
        Changing {
            frame: scope.state,
            memory: RefCell::new(memory),
        }
    }

    /// Carries an assignment out.
    fn set(&self, scope: &Scope<'_>, target: &str, value: &str) -> Result<(), ExpressionError> {
        let Write::Memory { address, bytes } = assign(target, value, scope)? else {
            panic!("{target} is in memory");
        };
        let start = usize::try_from(address).expect("it fits");
        self.memory.borrow_mut()[start..start + bytes.len()].copy_from_slice(&bytes);
        Ok(())
    }
}

impl FrameState for Changing<'_> {
    fn wasm_local(&self, index: u32) -> Result<WasmValue, Unavailable> {
        self.frame.wasm_local(index)
    }

    fn wasm_global(&self, index: u32) -> Result<WasmValue, Unavailable> {
        self.frame.wasm_global(index)
    }

    fn operand(&self, index: u32) -> Result<WasmValue, Unavailable> {
        self.frame.operand(index)
    }

    fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), Unavailable> {
        Memory::read(&self.memory.borrow().as_slice(), address, buffer)
    }

    fn frame_base(&self, register: FrameBaseRegister) -> Result<u64, Unavailable> {
        self.frame.frame_base(register)
    }
}

impl Memory for Changing<'_> {
    fn size(&self) -> u64 {
        self.memory.borrow().len() as u64
    }

    fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), Unavailable> {
        FrameState::read(self, address, buffer)
    }
}

/// Asks something in a frame whose memory can be written.
fn changing<T>(
    guest: &Guest,
    function: &str,
    question: impl FnOnce(&Scope<'_>, &Changing<'_>) -> T,
) -> T {
    guest.in_function(function, |scope| {
        let state = Changing::new(scope);
        let scope = Scope {
            context: scope.context,
            state: &state,
            memory: &state,
        };
        question(&scope, &state)
    })
}

fn shown(scope: &Scope<'_>, text: &str) -> String {
    let showing = Showing {
        limits: LIMITS,
        ..Showing::default()
    };
    let expression = Expression::parse(text).expect(text);
    match evaluate(&expression, scope, showing) {
        Ok(value) => value.to_string(),
        Err(error) => error.to_string(),
    }
}

/// (function, place, new value, what it then is, another part of the value and what that is still)
type Assignment = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    (&'static str, &'static str),
);

/// See [`Assignment`].
const ASSIGNMENTS: &[Assignment] = &[
    ("numbers", "byte", "7", "7", ("small", "-8")),
    ("numbers", "byte", "b'a'", "97", ("byte as char", "'a'")),
    ("numbers", "small", "-128", "-128", ("byte", "200")),
    ("numbers", "byte", "short / 1000", "60", ("short", "60000")),
    (
        "numbers",
        "wide",
        "u128::MAX",
        "340282366920938463463374607431768211455",
        ("byte", "200"),
    ),
    (
        "numbers",
        "negative_wide",
        "-1",
        "-1",
        ("wide == u128::MAX - 2", "true"),
    ),
    (
        "numbers",
        "size",
        "0xffff_ffff",
        "4294967295",
        ("offset", "-4096"),
    ),
    ("numbers", "single", "-2.25", "-2.25", ("double", "-0.1")),
    ("numbers", "double", "3", "3.0", ("whole", "3.0")),
    ("numbers", "yes", "false", "false", ("no", "false")),
    ("numbers", "yes", "byte == 1", "false", ("no", "false")),
    (
        "numbers",
        "letter",
        "'\\u{1f980}'",
        "'🦀'",
        ("quote", "'\\''"),
    ),
    (
        "composites",
        "point.y",
        "point.x * 2",
        "10",
        ("point.x", "5"),
    ),
    (
        "composites",
        "(*by_reference).x",
        "1",
        "1",
        ("point", "Point { x: 1, y: -6 }"),
    ),
    ("composites", "boxed.y", "-9", "-9", ("boxed.x", "7")),
    (
        "composites",
        "tuple.0",
        "255",
        "255",
        ("tuple.1", "\"two\""),
    ),
    (
        "composites",
        "order.items[1].quantity",
        "5",
        "5",
        ("order.items[0].quantity", "2"),
    ),
    (
        "composites",
        "order.items[0].sku",
        "\"Z-9\"",
        "\"Z-9\"",
        ("order.items[1].sku", "\"B-22\""),
    ),
    (
        "composites",
        "*(&point.x as *mut i32)",
        "77",
        "77",
        ("point.y", "-6"),
    ),
    (
        "composites",
        "to_number",
        "&number",
        "&42",
        ("number", "42"),
    ),
    (
        "composites",
        "one_tuple.0",
        "Blue",
        "Blue",
        ("order.state.0", "Blue"),
    ),
    (
        "sequences",
        "array[1]",
        "500",
        "500",
        ("array", "[1, 500, 3]"),
    ),
    (
        "sequences",
        "grid[1][0]",
        "-5",
        "-5",
        ("grid", "[[1, -1], [-5, -2]]"),
    ),
    (
        "sequences",
        "vector[2]",
        "vector[0] + vector[1]",
        "30",
        ("vector", "[10, 20, 30]"),
    ),
    (
        "text",
        "owned",
        "\"OWNED STRING\"",
        "\"OWNED STRING\"",
        ("no_text", "\"\""),
    ),
    (
        "text",
        "owned[0..5]",
        "\"other\"",
        "\"other\"",
        ("owned", "\"other string\""),
    ),
    (
        "text",
        "bytes",
        "b\"\\x00\\x01\\xff\"",
        "[0, 1, 255]",
        ("words.len()", "2"),
    ),
    ("enums", "green", "Color::Blue", "Blue", ("blue", "Blue")),
    ("enums", "green", "blue", "Blue", ("blue", "Blue")),
    ("enums", "below", "Above", "Above", ("zero", "Zero")),
    ("enums", "small", "Wide::Huge", "Huge", ("huge", "Huge")),
    (
        "enums",
        "rectangle.0",
        "9",
        "9",
        ("rectangle", "Rectangle(9, 4)"),
    ),
    (
        "enums",
        "no_shape",
        "Rectangle(1, 2)",
        "Rectangle(1, 2)",
        ("no_shape is Rectangle", "true"),
    ),
    (
        "enums",
        "circle",
        "Shape::Empty",
        "Empty",
        ("rectangle", "Rectangle(3, 4)"),
    ),
    ("enums", "named", "Empty", "Empty", ("no_shape", "Empty")),
    ("enums", "only", "Only(7)", "Only(7)", ("first.0", "1")),
    (
        "enums",
        "first",
        "First(99)",
        "First(99)",
        ("second.text", "\"second\""),
    ),
    (
        "options",
        "none",
        "Some(17)",
        "Some(17)",
        ("some", "Some(5)"),
    ),
    ("options", "some", "None", "None", ("none", "None")),
    ("options", "some", "none", "None", ("none", "None")),
    ("options", "some_char", "None", "None", ("no_char", "None")),
    (
        "options",
        "no_char",
        "Some('é')",
        "Some('é')",
        ("some_char", "Some('x')"),
    ),
    (
        "options",
        "deep",
        "Some(Some(Some(true)))",
        "Some(Some(Some(true)))",
        ("deeper", "Some(None)"),
    ),
    ("options", "deep", "None", "None", ("deeper", "Some(None)")),
    (
        "options",
        "deep",
        "Some(None)",
        "Some(None)",
        ("deeper", "Some(None)"),
    ),
    (
        "options",
        "no_reference",
        "Some(&some.0)",
        "Some(&5)",
        ("some", "Some(5)"),
    ),
    (
        "options",
        "some_order",
        "Some(Greater)",
        "Some(Greater)",
        ("no_bool", "None"),
    ),
    ("options", "good", "Ok(9)", "Ok(9)", ("bad", "Err(\"bad\")")),
    ("options", "bad", "Ok(9)", "Ok(9)", ("good", "Ok(1)")),
    (
        "options",
        "some_wide",
        "Some(1)",
        "Some(1)",
        ("some_unit", "Some(())"),
    ),
];

#[test]
fn what_is_assigned_is_there() {
    for wasi in Wasi::ALL {
        let guest = Guest::run("values_panic", Build::Debug, wasi);
        for (function, target, value, then, (other, still)) in ASSIGNMENTS {
            changing(&guest, function, |scope, state| {
                state
                    .set(scope, target, value)
                    .unwrap_or_else(|error| panic!("{target} = {value}: {error}"));
                assert_eq!(shown(scope, target), *then, "{target} = {value}");
                assert_eq!(shown(scope, other), *still, "after {target} = {value}");
            });
        }
    }
}

#[test]
fn what_cannot_be_assigned_is_refused() {
    use ErrorKind::*;
    // Positions count in `target = value`.
    let table = [
        ("numbers", "bite", "1", UnknownName, 0, "`bite`"),
        ("numbers", "byte", "bite", UnknownName, 7, "`bite`"),
        ("numbers", "byte", "1 +", Syntax, 10, "a value is due"),
        (
            "numbers",
            "byte",
            "256",
            Overflow,
            7,
            "256 does not fit into `u8`",
        ),
        (
            "numbers",
            "byte",
            "-1",
            Overflow,
            7,
            "-1 does not fit into `u8`",
        ),
        (
            "numbers",
            "byte",
            "1.5",
            Mismatch,
            7,
            "`u8` cannot hold `f64`",
        ),
        (
            "numbers",
            "byte",
            "'a'",
            Mismatch,
            7,
            "`u8` cannot hold `char`",
        ),
        (
            "numbers",
            "yes",
            "1",
            Mismatch,
            6,
            "`bool` cannot hold `i32`",
        ),
        (
            "numbers",
            "letter",
            "0xd800",
            Mismatch,
            9,
            "`char` cannot hold",
        ),
        ("numbers", "byte + 1", "1", NotWritable, 0, "computed"),
        ("numbers", "1", "2", NotWritable, 0, "computed"),
        (
            "composites",
            "*by_reference.x",
            "1",
            Mismatch,
            0,
            "no pointer",
        ),
        ("numbers", "$local0", "2", NotWritable, 0, "Wasmtime"),
        (
            "composites",
            "point",
            "tuple",
            Unsupported,
            8,
            "assign to its parts",
        ),
        (
            "composites",
            "order",
            "order",
            Unsupported,
            8,
            "assign to its parts",
        ),
        (
            "composites",
            "by_reference",
            "5",
            Mismatch,
            15,
            "write `*` in front",
        ),
        (
            "composites",
            "boxed",
            "&point",
            Unsupported,
            8,
            "cannot be assigned as a whole",
        ),
        (
            "composites",
            "to_number",
            "&point",
            Mismatch,
            12,
            "`&u32` cannot hold `&Point`",
        ),
        ("sequences", "vector", "array", Unsupported, 0, "one by one"),
        ("sequences", "vector[3]", "1", OutOfRange, 7, "3 elements"),
        (
            "text",
            "owned",
            "\"short\"",
            Mismatch,
            8,
            "the new text has 5 bytes and the old one 12",
        ),
        (
            "text",
            "owned",
            "b\"\\xff23456789012\"",
            Mismatch,
            8,
            "no UTF-8",
        ),
        ("text", "owned", "5", Mismatch, 8, "text is due"),
        ("text", "owned", "no_text", Mismatch, 8, "text is due"),
        (
            "enums",
            "green",
            "Mauve",
            UnknownVariant,
            8,
            "`Color` has no variant `Mauve`",
        ),
        ("enums", "green", "1", Mismatch, 8, "`Color` cannot hold"),
        (
            "enums",
            "no_shape",
            "Rectangle(1)",
            Mismatch,
            11,
            "carries 2 values, not 1",
        ),
        (
            "enums",
            "no_shape",
            "Named(\"x\", Red)",
            Unsupported,
            17,
            "`String` cannot be assigned",
        ),
        (
            "options",
            "some_text",
            "Some(\"inner\")",
            Unsupported,
            17,
            "`String`",
        ),
        ("options", "some_boxed", "Some(1)", Unsupported, 18, "Box"),
        (
            "options",
            "some",
            "Some",
            Mismatch,
            7,
            "carries 1 values, not 0",
        ),
        (
            "options",
            "some",
            "Some(-1)",
            Overflow,
            12,
            "does not fit into `u32`",
        ),
        (
            "options",
            "some_shape",
            "no_result",
            Mismatch,
            13,
            "cannot hold",
        ),
    ];
    let guest = Guest::run("values_panic", Build::Debug, Wasi::WasiP1);
    for (function, target, value, kind, at, message) in table {
        guest.in_function(function, |scope| {
            let error = assign(target, value, scope).expect_err(target);
            let told = format!("{target} = {value}: {error}");
            assert_eq!((error.kind, error.span.start), (kind, at), "{told}");
            assert!(error.message.contains(message), "{told}");
        });
    }
}

#[test]
fn optimised_code_refuses_what_is_in_no_memory() {
    let mut refused = 0;
    for wasi in Wasi::ALL {
        let guest = Guest::run("values_panic", Build::ReleaseWithDebug, wasi);
        for function in ["arguments", "numbers", "enums", "composites"] {
            for name in [
                "count", "limit", "byte", "word", "small", "green", "number", "list",
            ] {
                let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    guest.in_function(function, |scope| assign(name, "1", scope))
                }));
                // Functions may be gone altogether.
                let Ok(Err(error)) = found else { continue };
                if error.kind == ErrorKind::NotWritable {
                    let why = ["Wasm local", "constant", "not in memory"];
                    assert!(why.iter().any(|why| error.message.contains(why)), "{error}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 0, "no variable was in no memory");
}

#[test]
fn changes_of_watched_values_are_noticed_and_others_are_not() {
    let guest = Guest::run("values_panic", Build::Debug, Wasi::WasiP1);
    // (function, watched, in a frame, place that is written, value, old and new)
    type Case = (
        &'static str,
        &'static str,
        bool,
        &'static str,
        &'static str,
        Option<(&'static str, &'static str)>,
    );
    let table: &[Case] = &[
        ("numbers", "byte", true, "byte", "201", Some(("200", "201"))),
        ("numbers", "byte", true, "small", "1", None),
        ("numbers", "byte", true, "byte", "200", None),
        ("numbers", "byte > 100", true, "byte", "150", None),
        (
            "numbers",
            "byte > 100",
            true,
            "byte",
            "50",
            Some(("true", "false")),
        ),
        (
            "composites",
            "point",
            true,
            "point.y",
            "0",
            Some(("Point { x: 5, y: -6 }", "Point { x: 5, y: 0 }")),
        ),
        (
            "composites",
            "by_reference.x",
            true,
            "point.x",
            "6",
            Some(("5", "6")),
        ),
        (
            "composites",
            "*by_reference",
            true,
            "by_reference",
            "&*boxed",
            Some(("Point { x: 5, y: -6 }", "Point { x: 7, y: 8 }")),
        ),
        (
            "composites",
            "order.items[1].sku",
            true,
            "order.items[1].sku",
            "\"B-23\"",
            Some(("\"B-22\"", "\"B-23\"")),
        ),
        (
            "composites",
            "order.items[1].sku",
            true,
            "order.items[0].sku",
            "\"A-2\"",
            None,
        ),
        (
            "composites",
            "order",
            true,
            "order.items[1].sku",
            "\"B-23\"",
            Some(("", "")),
        ),
        (
            "sequences",
            "vector",
            true,
            "vector[2]",
            "31",
            Some(("[10, 20, 30]", "[10, 20, 31]")),
        ),
        ("sequences", "vector[1..]", true, "vector[0]", "11", None),
        ("sequences", "vector.len()", true, "vector[0]", "11", None),
        (
            "sequences",
            "vector.len()",
            true,
            "vector.len",
            "2",
            Some(("3", "2")),
        ),
        (
            "sequences",
            "vector[2]",
            true,
            "vector.len",
            "2",
            Some((
                "30",
                "<unavailable: index 2 is out of range: there are 2 elements>",
            )),
        ),
        (
            "enums",
            "circle",
            true,
            "circle",
            "Empty",
            Some(("Circle { radius: 2.0 }", "Empty")),
        ),
        ("options", "some is Some", true, "some.0", "6", None),
        (
            "options",
            "some is Some",
            true,
            "some",
            "None",
            Some(("true", "false")),
        ),
    ];
    for (function, watched, in_frame, target, value, change) in table {
        changing(&guest, function, |scope, state| {
            let case = format!("{watched}, {target} = {value}");
            let showing = Showing {
                limits: LIMITS,
                ..Showing::default()
            };
            let mut watch = Watch::set(watched, scope, showing).expect(watched);
            assert_eq!(watch.is_in_frame(), *in_frame, "{case}");
            assert!(!watch.memory_changed(&state.memory.borrow()), "{case}");
            assert!(!watch.frame_changed(state, scope.context.pc), "{case}");
            assert_eq!(watch.refresh(scope), None, "{case}");

            state
                .set(scope, target, value)
                .unwrap_or_else(|error| panic!("{case}: {error}"));
            let noticed = watch.memory_changed(&state.memory.borrow());
            let found = watch.refresh(scope);
            assert!(noticed || found.is_none(), "{case}: unnoticed");
            let found = found.map(|change| (change.old.to_string(), change.new.to_string()));
            match change {
                None => assert_eq!(found, None, "{case}"),
                Some((old, new)) => {
                    let (was, is) = found.unwrap_or_else(|| panic!("{case}: no change"));
                    if old.is_empty() {
                        assert_ne!(was, is, "{case}");
                    } else {
                        assert_eq!((was.as_str(), is.as_str()), (*old, *new), "{case}");
                    }
                }
            }
            // Once told, a change is over.
            assert!(!watch.memory_changed(&state.memory.borrow()), "{case}");
            assert_eq!(watch.refresh(scope), None, "{case}");
        });
    }
    guest.in_function("numbers", |scope| {
        let error = Watch::set("1 + 1", scope, Showing::default()).expect_err("constant");
        assert!(error.message.contains("never changes"), "{error}");
        let error = Watch::set("bite", scope, Showing::default()).expect_err("unknown");
        assert_eq!(error.kind, ErrorKind::UnknownName);
    });
}
