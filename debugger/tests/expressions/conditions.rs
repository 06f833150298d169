//! Conditions and messages: what is compiled says what walking says, on honest memory and on
//! garbage; mistakes are told when they are set.

use crate::garbled::Garbled;
use crate::guest::Guest;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use wasmscope_debugger::expression::{CodeContext, Condition, ErrorKind, LogMessage};
use wasmscope_test_support::{Build, Target as Wasi};

/// (function, condition, whether it is compiled)
const CONDITIONS: &[(&str, &str, bool)] = &[
    ("numbers", "byte == 200", true),
    ("numbers", "byte as u32 + 100 > 299 && small < 0", true),
    ("numbers", "negative_wide < small || wide > long", true),
    ("numbers", "-small == 8", true),
    ("numbers", "!byte == 55", true),
    ("numbers", "letter == 'é' && yes", true),
    ("numbers", "single * 2 == 3.0", true),
    ("numbers", "byte / (byte - 200) == 1", true),
    ("numbers", "byte % 7 == 4 && byte + 100 > 0", true),
    ("numbers", "long == u64::MAX - 1", true),
    ("composites", "point.x == 5", true),
    ("composites", "tuple.0 == 1 && tuple.2 > 3.0", true),
    ("composites", "by_reference.y == -6", true),
    ("composites", "boxed.x + boxed.y == 15", true),
    ("composites", "**to_reference == 42", true),
    ("composites", "to_reference == number", true),
    ("composites", "metres.0 > 2", true),
    ("composites", "order.id == 7", true),
    ("composites", "order.state is Paid", true),
    ("composites", "order.note is None", true),
    ("composites", "chain is Link && point.y < 0", true),
    ("composites", "one_tuple.0 == Color::Red", true),
    ("sequences", "array[1] == 2", true),
    ("sequences", "grid[1][1] == -2", true),
    ("sequences", "points[1].x == 2", true),
    ("enums", "blue == Color::Blue", true),
    ("enums", "below != Zero", true),
    ("enums", "circle is Circle", true),
    ("enums", "no_shape == Empty", true),
    ("enums", "huge is Huge", true),
    ("options", "some is Some && none == None", true),
    ("options", "deep is Some", true),
    ("options", "no_text is None || some is None", true),
    // Walked, in part or as a whole.
    ("text", "owned == \"owned string\"", false),
    ("text", "words.len() == 2 && words[1] == \"two\"", false),
    ("sequences", "vector[array[0] as usize] == 20", false),
    ("sequences", "array[0] == 1 && vector.len() == 3", true),
    ("options", "some == Some(5)", false),
    ("options", "some.0 == 5", false),
    ("arguments", "count == 11 && name == \"argument\"", true),
];

fn guest() -> Guest {
    Guest::run("values_panic", Build::Debug, Wasi::WasiP1)
}

fn compile(context: &CodeContext, text: &str) -> Condition {
    Condition::compile(text, context).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn compiled_conditions_say_what_walking_says() {
    let guest = guest();
    for (function, text, compiled) in CONDITIONS {
        guest.in_function(function, |scope| {
            let condition = compile(scope.context, text);
            assert_eq!(condition.is_compiled(), *compiled, "{text}");
            let walked = condition.holds_by_walking(scope.state, scope.memory);
            assert_eq!(condition.holds(scope.state, scope.memory), walked, "{text}");
            let failing = text.contains("byte - 200") || text.contains("byte + 100 > 0");
            assert_eq!(walked.is_err(), failing, "{text}: {walked:?}");
        });
    }
}

#[test]
fn compiled_conditions_say_what_walking_says_of_garbage() {
    let guest = guest();
    let over = crate::garbled::anything();
    let mut runner = TestRunner::new(Config::with_cases(48));
    // The frames of each function are asked with every garbling.
    let run = runner.run(&(over, any::<bool>()), |(over, cut)| {
        for function in ["numbers", "composites", "sequences", "enums", "options"] {
            let result = guest.in_function(function, |scope| {
                let size = match cut {
                    true => scope.memory.size() / 32,
                    false => scope.memory.size(),
                };
                let garbled = Garbled {
                    frame: scope.state,
                    memory: scope.memory,
                    over: &over,
                    size,
                };
                for (of, text, _) in CONDITIONS.iter().filter(|(of, ..)| *of == function) {
                    let condition = compile(scope.context, text);
                    let compiled = condition.holds(&garbled, &garbled);
                    let walked = condition.holds_by_walking(&garbled, &garbled);
                    prop_assert_eq!(&compiled, &walked, "{} in {}", text, of);
                }
                Ok(())
            });
            result?;
        }
        Ok(())
    });
    run.expect("both ways say the same");
}

#[test]
fn optimised_code_is_decided_alike() {
    for wasi in Wasi::ALL {
        let guest = Guest::run("values_panic", Build::ReleaseWithDebug, wasi);
        guest.in_function("arguments", |scope| {
            let mut known = 0;
            for text in [
                "count == 11",
                "point.x == 1",
                "name == \"argument\"",
                "list.len() == 3",
            ] {
                let Ok(condition) = Condition::compile(text, scope.context) else {
                    continue;
                };
                let found = condition.holds(scope.state, scope.memory);
                let walked = condition.holds_by_walking(scope.state, scope.memory);
                assert_eq!(found, walked, "{text}");
                if let Ok(found) = found {
                    assert!(found, "{text}");
                    known += 1;
                }
            }
            assert!(known > 0, "{wasi:?}: nothing is known in optimised code");
        });
    }
}

#[test]
fn mistakes_are_told_when_a_condition_is_set() {
    use ErrorKind::*;
    let table = [
        ("numbers", "byte =", Syntax, 5),
        ("numbers", "bite == 1", UnknownName, 0),
        ("numbers", "yes && bite == 1", UnknownName, 7),
        ("numbers", "byte", Mismatch, 0),
        ("numbers", "byte + 1", Mismatch, 0),
        ("numbers", "yes && byte", Mismatch, 7),
        ("numbers", "1 + 1", Mismatch, 0),
        ("numbers", "\"text\"", Mismatch, 0),
        ("numbers", "byte == \"text\"", Mismatch, 0),
        ("numbers", "letter == 1", Mismatch, 0),
        ("numbers", "byte == Red", UnknownName, 8),
        ("numbers", "byte < Red", UnknownName, 7),
        ("composites", "point.z == 1", UnknownField, 6),
        ("composites", "point.x.y == 1", UnknownField, 8),
        ("enums", "circle is Triangle", UnknownVariant, 10),
        ("enums", "blue == Color::Mauve", UnknownVariant, 8),
        ("options", "some is Perhaps", UnknownVariant, 8),
    ];
    let guest = guest();
    for (function, text, kind, at) in table {
        guest.in_function(function, |scope| {
            let error = Condition::compile(text, scope.context).expect_err(text);
            assert_eq!(
                (error.kind, error.span.start),
                (kind, at),
                "{text}: {error}"
            );
        });
    }
    guest.in_function("composites", |scope| {
        // Only the guest tells what an enum carries.
        let condition = compile(scope.context, "order.note.0");
        let error = condition
            .holds(scope.state, scope.memory)
            .expect_err("text");
        assert_eq!(error.kind, Mismatch, "{error}");
        assert!(error.message.contains("a condition is a `bool`"), "{error}");
    });
}

#[test]
fn messages_hold_values() {
    let guest = guest();
    let render = |function: &str, text: &str| {
        guest.in_function(function, |scope| {
            let message = LogMessage::compile(text, scope.context);
            let message = message.unwrap_or_else(|error| panic!("{text}: {error}"));
            message.render(scope.state, scope.memory)
        })
    };
    let table = [
        ("numbers", "", ""),
        ("numbers", "plain", "plain"),
        ("numbers", "byte is {byte}!", "byte is 200!"),
        ("numbers", "{byte}{small}", "200-8"),
        ("numbers", "{{{byte}}} {{}}", "{200} {}"),
        (
            "numbers",
            "{byte:x} {byte:#x} {byte:b} {letter:?}",
            "0xc8 0xc8 0b11001000 'é'",
        ),
        (
            "composites",
            "{order.items[0].sku} of {order.items.len()}",
            "\"A-1\" of 2",
        ),
        ("composites", "{point}", "Point { x: 5, y: -6 }"),
        ("enums", "{circle is Shape::Circle { radius: 2.0 }}", "true"),
        ("text", "{owned == \"}\"}", "false"),
        (
            "sequences",
            "{vector[9]}",
            "<index 9 is out of range: there are 3 elements>",
        ),
    ];
    for (function, text, expected) in table {
        assert_eq!(render(function, text), expected, "{text}");
    }
}

#[test]
fn mistakes_are_told_when_a_message_is_set() {
    use ErrorKind::*;
    let table = [
        ("x = {byte", Syntax, 4, "a `{` without its `}`"),
        ("x = byte}", Syntax, 8, "a `}` without its `{`"),
        ("x = {}", Syntax, 5, "a value is due"),
        ("x = {bite}", UnknownName, 5, "`bite`"),
        ("x = {byte +}", Syntax, 11, "a value is due"),
        ("{byte} {byte:q}", Syntax, 13, "no format"),
        ("{byte} {1 + bite}", UnknownName, 12, "`bite`"),
        ("{byte byte}", Syntax, 6, "found `byte`"),
    ];
    let guest = guest();
    for (text, kind, at, message) in table {
        guest.in_function("numbers", |scope| {
            let error = LogMessage::compile(text, scope.context).expect_err(text);
            assert_eq!(
                (error.kind, error.span.start),
                (kind, at),
                "{text}: {error}"
            );
            assert!(error.message.contains(message), "{text}: {error}");
        });
    }
}

#[test]
fn any_condition_and_any_message_is_answered() {
    let guest = guest();
    let words = prop::collection::vec(
        prop::sample::select(vec![
            "byte",
            "small",
            "long",
            "single",
            "yes",
            "letter",
            "no_such",
            "0",
            "1",
            "2.5",
            "'a'",
            "\"s\"",
            "(",
            ")",
            "[",
            "]",
            "..",
            ".0",
            ".x",
            ".len()",
            "+",
            "-",
            "*",
            "/",
            "%",
            "&",
            "|",
            "<<",
            "!",
            "==",
            "<",
            "&&",
            "||",
            " as u8",
            " as f32",
            " as *const u8",
            " is ",
            "Some",
            "Color::Red",
            "{",
            "}",
            ":x",
            "~",
            ",",
        ]),
        1..14,
    );
    let mut runner = TestRunner::new(Config::with_cases(1000));
    let run = runner.run(&words, |words| {
        let text = words.concat();
        guest.in_function("numbers", |scope| {
            if let Ok(condition) = Condition::compile(&text, scope.context) {
                let compiled = condition.holds(scope.state, scope.memory);
                let walked = condition.holds_by_walking(scope.state, scope.memory);
                prop_assert_eq!(compiled, walked, "{}", text);
            }
            for text in [format!("{{{text}}}"), text] {
                if let Ok(message) = LogMessage::compile(&text, scope.context) {
                    let told = message.render(scope.state, scope.memory);
                    prop_assert!(!told.chars().any(char::is_control), "{:?}", told);
                }
            }
            Ok(())
        })
    });
    run.expect("no panic, and both ways say the same");
}
