//! Values of C, as clang describes them: a committed module, and what its source says is in it.

use crate::failed::{Code, EVERYTHING, Failed};
use std::collections::BTreeMap;
use wasmscope_test_support::workspace;

/// (variable, value); addresses are left out.
const VALUES: [(&str, &str); 31] = [
    ("argument", "42"),
    ("small", "-5"),
    ("byte", "200"),
    ("half", "-300"),
    ("word", "4000000000"),
    ("wide", "-5000000000"),
    ("real", "0.5"),
    ("single", "1.25"),
    ("yes", "true"),
    ("letter", "97 'a'"),
    ("text", "{pointer} \"text\\n\\\"quoted\\\"\""),
    ("none", "null"),
    ("buffer", "\"buf\""),
    ("raw", "[1, 2, 3]"),
    ("grid", "[[1, 2, 3], [4, 5, 6]]"),
    ("color", "GREEN"),
    ("odd", "7"),
    ("point", "point { x: 3, y: -4 }"),
    ("pointer", "{pointer} -> point { x: 3, y: -4 }"),
    ("untyped", "{pointer}"),
    ("flags", "flags { ready: 1, mode: 5, level: -3, rest: 9 }"),
    (
        "number",
        "union number { whole: 1065353216, real: 1.0, bytes: [0, 0, 128, 63] }",
    ),
    ("tail", "list { value: 2, next: null }"),
    (
        "head",
        "list { value: 1, next: {pointer} -> list { value: 2, next: null } }",
    ),
    (
        "named",
        "named { name: {pointer} \"name\", code: \"code\", { inside: 7 }, corners: \
         [point { x: 1, y: 2 }, point { x: 3, y: 4 }] }",
    ),
    ("op", "fn add"),
    ("fixed", "11"),
    ("hot", "12"),
    ("late", "<unavailable: not given a value yet>"),
    ("partly", "point { x: 1, y: <not given a value yet> }"),
    ("value", ""),
];

/// Numbers in hexadecimal are addresses.
pub fn without_addresses(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("0x") {
        out.push_str(before);
        out.push_str("{pointer}");
        rest = after.trim_start_matches(|c: char| c.is_ascii_hexdigit());
    }
    out + rest
}

#[test]
fn values_of_c_read_as_its_authors_write_them() {
    let file = workspace().join("samples/c/values.wasm");
    for code in [Code::Plain, Code::Exact] {
        let failed = Failed::run_file("samples/c/values.c", &file, code);
        let variables = failed.variables(EVERYTHING).into_iter();
        let shown: BTreeMap<String, String> = variables
            .map(|(name, value)| (name, without_addresses(&value.to_string())))
            .collect();
        for (name, expected) in VALUES {
            let shown = shown.get(&format!("show.{name}"));
            let expected = (!expected.is_empty()).then_some(expected);
            assert_eq!(shown.map(String::as_str), expected, "{code:?} {name}");
        }
    }
}
