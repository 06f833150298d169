//! Expressions of any words on memory of any contents: there is an answer, in bounds.

use crate::garbled::{Garbled, anything};
use crate::guest::{Guest, LIMITS};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use wasmscope_debugger::expression::{
    Expression, Scope, Showing, Watch, Write, address_of, assign, evaluate, type_of,
};
use wasmscope_debugger::protocol::ValueFormat;
use wasmscope_debugger::values::Value;
use wasmscope_test_support::{Build, Target as Wasi};

const FORMATS: [ValueFormat; 8] = [
    ValueFormat::Natural,
    ValueFormat::Raw,
    ValueFormat::Hex,
    ValueFormat::Decimal,
    ValueFormat::Octal,
    ValueFormat::Binary,
    ValueFormat::Char,
    ValueFormat::Text,
];

/// Expressions out of the variables of the sample's functions and what can be said of them.
fn expressions() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "owned",
        "borrowed",
        "words",
        "bytes",
        "boxed",
        "array",
        "grid",
        "vector",
        "nested",
        "slice",
        "units",
        "points",
        "point",
        "tuple",
        "order",
        "chain",
        "by_reference",
        "to_reference",
        "tagged",
        "circle",
        "rectangle",
        "named",
        "huge",
        "second",
        "some",
        "none",
        "some_text",
        "deep",
        "some_result",
        "some_shape",
        "bad",
        "1",
        "\"text\"",
        "Some(1)",
        "None",
        "x",
    ]);
    let after = prop::sample::select(vec![
        ".0",
        ".1",
        ".x",
        ".items",
        ".sku",
        ".radius",
        "[0]",
        "[1]",
        "[2].x",
        "[1..]",
        "[..2]",
        "[0..4000000000]",
        "[4294967295]",
        ".len()",
        ".len",
        ".buf.inner.cap",
        " as usize",
        " as *const u8",
        " as *const Order",
        " is Some",
        " is Circle",
        " == ",
        " < ",
        " + ",
        " && ",
    ]);
    let before = prop::sample::select(vec!["", "", "", "*", "&", "~", "-", "!", "**", "*&"]);
    let part = (before, name, prop::collection::vec(after, 0..4));
    prop::collection::vec(part, 1..3).prop_map(|parts| {
        let parts = parts
            .into_iter()
            .map(|(before, name, after)| format!("{before}{name}{}", after.concat()));
        parts.collect::<String>()
    })
}

fn is_clean(value: &Value) -> Result<(), TestCaseError> {
    let shown = value.to_string();
    prop_assert!(shown.len() < 100_000, "{} bytes", shown.len());
    prop_assert!(!shown.chars().any(char::is_control), "{shown:?}");
    value.children.iter().try_for_each(is_clean)
}

#[test]
fn any_expression_on_any_memory_is_answered() {
    let guest = Guest::run("values_panic", Build::Debug, Wasi::WasiP1);
    let mut runner = TestRunner::new(Config::with_cases(600));
    let functions =
        prop::sample::select(vec!["text", "sequences", "composites", "enums", "options"]);
    let input = (functions, expressions(), expressions(), anything());
    let run = runner.run(&input, |(function, text, other, over)| {
        guest.in_function(function, |scope| {
            let garbled = Garbled {
                frame: scope.state,
                memory: scope.memory,
                over: &over,
                size: scope.memory.size(),
            };
            let scope = Scope {
                context: scope.context,
                state: &garbled,
                memory: &garbled,
            };
            ask_everything(&scope, &text, &other)
        })
    });
    run.expect("no panic, nothing out of bounds");
}

fn ask_everything(scope: &Scope<'_>, text: &str, other: &str) -> Result<(), TestCaseError> {
    let _ = type_of(text, scope);
    if let Ok(Write::Memory { address, bytes }) = assign(text, other, scope) {
        let end = address.checked_add(bytes.len() as u64);
        prop_assert!(
            end.is_some_and(|end| end <= scope.memory.size()),
            "{text} = {other}"
        );
    }
    let Ok(expression) = Expression::parse(text) else {
        return Ok(());
    };
    let _ = address_of(&expression, scope);
    for format in FORMATS {
        let showing = Showing {
            limits: LIMITS,
            format,
        };
        match evaluate(&expression, scope, showing) {
            Ok(value) => is_clean(&value)?,
            Err(error) => {
                prop_assert!(error.span.end <= text.len(), "{text}: {error:?}");
                prop_assert!(!error.message.chars().any(char::is_control), "{error}");
            }
        }
    }
    if let Ok(mut watch) = Watch::set(text, scope, Showing::default()) {
        prop_assert_eq!(watch.refresh(scope), None, "{}: nothing has changed", text);
    }
    Ok(())
}
