//! Values of C++, of two compilers with versions of libc++ that are built in different ways:
//! committed modules, and what their source says is in them.

use crate::c::without_addresses;
use crate::failed::{Code, EVERYTHING, Failed};
use std::collections::BTreeMap;
use wasmscope_test_support::unpacked;

/// (variable, value); addresses are left out.
const VALUES: &[(&str, &str)] = &[
    ("argument", "42"),
    ("small", "\"short\""),
    ("large", "\"a text that is too long to be kept in place\""),
    ("none", "\"\""),
    ("view", "\"short\""),
    ("numbers", "[1, 2, 3]"),
    ("words", "[\"one\", \"two\"]"),
    ("bits", "[true, false, true]"),
    ("no_numbers", "[]"),
    ("ages", "{\"ann\": 30, \"bob\": 40}"),
    (
        "many",
        "{0: 97 'a', 1: 98 'b', 2: 99 'c', 3: 100 'd', 4: 101 'e', 5: 102 'f', 6: 103 'g', \
         7: 104 'h', 8: 105 'i', 9: 106 'j', 10: 107 'k', 11: 108 'l'}",
    ),
    ("set", "{1, 2, 3}"),
    ("no_set", "{}"),
    ("hashed", "{1: 10}"),
    ("links", "[7, 8]"),
    ("fixed", "[1, 2, 3]"),
    (
        "owned",
        "{pointer} -> Item { Base { id: 1 }, Named { name: \"pen\" }, weight: 0.5 }",
    ),
    ("empty", "null"),
    ("some", "optional(9)"),
    ("nothing", "nullopt"),
    ("pair", "pair { first: 1, second: 120 'x' }"),
    ("tuple", "(1, 2.5, \"three\")"),
    ("color", "Green"),
    (
        "item",
        "Item { Base { id: 1 }, Named { name: \"cup\" }, weight: 0.5 }",
    ),
    ("base", "{pointer} -> Base { id: 1 } in a shop::Item"),
    ("reference", "&Base { id: 1 } in a shop::Item"),
    (
        "constant",
        "&Item { Base { id: 1 }, Named { name: \"cup\" }, weight: 0.5 }",
    ),
    ("plain", "Base { id: 1 }"),
    ("box", "Box { inside: 1.5 }"),
    ("hidden", "Hidden { secret: 42 }"),
    ("closure", "{ argument: 42, small: &\"short\" }"),
    ("wide", "'é'"),
    ("null", "nullptr"),
    ("grid", "[[1, 2, 3], [4, 5, 6]]"),
    ("deduced", "5"),
    ("extended", "0.25"),
];

#[test]
fn values_of_cpp_read_as_its_authors_think_of_them() {
    for compiler in ["clang", "zig"] {
        let file = unpacked(&format!("samples/cpp/values-{compiler}.wasm.zst"));
        for code in [Code::Plain, Code::Exact] {
            let failed = Failed::run_file("samples/cpp/values.cpp", &file, code);
            let shown: BTreeMap<String, String> = failed
                .variables(EVERYTHING)
                .into_iter()
                .map(|(name, value)| (name, without_addresses(&value.to_string())))
                .collect();
            for (name, expected) in VALUES {
                let shown = shown.get(&format!("show.{name}"));
                let what = format!("{compiler} {code:?} {name}");
                assert_eq!(shown.map(String::as_str), Some(*expected), "{what}");
            }
        }
    }
}
