//! Values read out of a failed guest, compared with what the guest printed of itself.
//!
//! The samples `values_*` print their variables as `function.variable = {:?}` before they fail.
//! What may differ from what wasmscope shows is in `alike`.

mod alike;
mod c;
mod cpp;
mod crates;
mod failed;
mod std_types;

use failed::{Code, EVERYTHING, Failed};
use std::collections::{BTreeMap, BTreeSet};
use wasmscope_debugger::values::{Limits, Reader, Value};
use wasmscope_symbols::{Binary, Symbols, SymbolsOptions};
use wasmscope_test_support::{Build, Target as Wasi};

/// What became of a sample's variables: those that are right, those that are unavailable with the
/// reason, and those that debug info does not have at all. A wrong one ends the test.
struct Compared {
    right: BTreeSet<String>,
    unavailable: BTreeMap<String, String>,
    missing: Vec<String>,
}

/// Compares every variable with what the program printed of it.
fn compare(failed: &Failed, what: &str) -> Compared {
    let truth = failed.truth();
    let mut right = BTreeSet::new();
    let mut unavailable = BTreeMap::new();
    let mut wrong = Vec::new();
    for (name, value) in failed.variables(EVERYTHING) {
        let Some(expected) = truth.get(&name) else {
            continue;
        };
        let expected: BTreeSet<String> = expected.iter().map(|it| alike::printed(it)).collect();
        match (&value.summary, &value.unavailable) {
            (Some(summary), None) => {
                let shown = alike::shown(summary);
                // What a program says in words may be as wasmscope shows it.
                if expected.contains(&shown) || expected.contains(summary) {
                    right.insert(name);
                } else {
                    wrong.push(format!(
                        "{name}: {summary}, and the guest printed {expected:?}"
                    ));
                }
            }
            (_, reason) => {
                unavailable.insert(name, reason.clone().unwrap_or_default());
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{what}: wrong values:\n{}",
        wrong.join("\n")
    );
    let known = |name: &&String| !right.contains(*name) && !unavailable.contains_key(*name);
    let missing: Vec<String> = truth.keys().filter(known).cloned().collect();
    println!(
        "{what}: {} right, {} unavailable {unavailable:?}, {} without any trace in debug info \
         {missing:?}",
        right.len(),
        unavailable.len(),
        missing.len(),
    );
    Compared {
        right,
        unavailable,
        missing,
    }
}

#[test]
fn debug_builds_show_every_variable() {
    for wasi in Wasi::ALL {
        for code in [Code::Plain, Code::Exact] {
            let failed = Failed::run("values_panic", Build::Debug, wasi, code);
            let compared = compare(&failed, &format!("{wasi:?} {code:?}"));
            assert!(
                compared.right.len() > 90,
                "{} are right",
                compared.right.len()
            );
            assert!(compared.unavailable.is_empty(), "{wasi:?} {code:?}");
            assert!(compared.missing.is_empty(), "{wasi:?} {code:?}");
        }
    }
}

#[test]
fn release_builds_show_no_wrong_value() {
    for wasi in Wasi::ALL {
        for code in [Code::Plain, Code::Exact] {
            let failed = Failed::run("values_panic", Build::ReleaseWithDebug, wasi, code);
            let right = compare(&failed, &format!("{wasi:?} {code:?}")).right.len();
            assert!(right > 80, "{wasi:?} {code:?}: only {right} are right");
        }
    }
}

#[test]
fn a_report_gets_one_short_line_and_data_as_deep_as_it_asks() {
    let failed = Failed::run("values_panic", Build::Debug, Wasi::WasiP1, Code::Plain);
    let tight = Limits {
        depth: 2,
        elements: 2,
        text: 4,
        nodes: 12,
        children: 2,
    };
    let values: BTreeMap<String, Value> = failed.variables(tight).into_iter().collect();
    let shown = |name: &str| values[name].summary.clone().unwrap_or_default();
    let table = [
        ("text.owned", "\"owne\"… (12 bytes)"),
        ("text.empty", "\"\""),
        ("sequences.array", "[1, 2, … 1 more]"),
        ("sequences.grid", "[[1, -1], [2, -2]]"),
        (
            "sequences.points",
            "[Point { x: 1, y: -1 }, Point { x: 2, y: -2 }]",
        ),
        (
            "composites.order",
            "Order { id: 7, items: [Item {…}, Item {…}], … 2 more }",
        ),
        ("composites.chain", "Link(1, Link(…))"),
        ("composites.to_reference", "&&42"),
        ("enums.named", "Named(\"box\", Red)"),
    ];
    for (name, summary) in table {
        assert_eq!(shown(name), summary, "{name}");
    }

    let order = &values["composites.order"];
    assert_eq!(order.type_name, "Order");
    assert_eq!(order.full_type, "values_panic::Order");
    assert_eq!(order.more_children, 2);
    let items = &order.children[1];
    assert_eq!((&*items.name, &*items.type_name), ("items", "Vec<Item>"));
    assert_eq!(items.children[0].name, "0");
    assert_eq!(
        items.children[0].children.len(),
        0,
        "two levels were asked for"
    );

    let json = serde_json::to_value(&order.children[0]).expect("a value is data");
    let expected = serde_json::json!({
        "name": "id", "type": "u64", "full_type": "u64", "value": "7",
    });
    assert_eq!(json, expected);
}

/// Types of every kind: those of the variables in a file.
fn any_types(file: &std::path::Path) -> (Symbols, Vec<wasmscope_symbols::TypeId>) {
    let bytes = std::fs::read(file).expect("the sample was built");
    let binary = Binary::parse(bytes.into()).expect("the sample is well-formed");
    let symbols = Symbols::open(binary.modules[0].clone(), &SymbolsOptions::default());
    let mut types = BTreeSet::new();
    for body in &symbols.module().bodies.clone() {
        // Where all of a function's variables are in scope is not known: look all along it.
        let (start, end) = (body.range.start.0, body.range.end.0);
        for pc in (start..end).step_by(32).map(wasmscope_symbols::CodeOffset) {
            for frame in symbols.frames(pc) {
                let Some(die) = frame.die else { continue };
                types.extend(
                    symbols
                        .variables(die, pc, None)
                        .iter()
                        .filter_map(|v| v.type_id),
                );
            }
        }
    }
    (symbols, types.into_iter().collect())
}

#[test]
fn garbage_is_read_in_bounds_and_in_bounded_time() {
    let samples = [
        "values_panic",
        "values_text",
        "values_collections",
        "values_pointers",
        "values_cells",
        "values_iterators",
        "async_tasks",
    ];
    for sample in samples {
        let file = wasmscope_test_support::sample(sample, Build::Debug, Wasi::WasiP1);
        garbage_under_types_of(&file, 200);
    }
    let crates = wasmscope_test_support::crate_sample("values_crates", Build::Debug, Wasi::WasiP1);
    garbage_under_types_of(&crates, 200);
    let c = wasmscope_test_support::workspace().join("samples/c/values.wasm");
    garbage_under_types_of(&c, 20);
    for compiler in ["clang", "zig"] {
        let cpp = format!("samples/cpp/values-{compiler}.wasm.zst");
        garbage_under_types_of(&wasmscope_test_support::unpacked(&cpp), 100);
    }
}

fn garbage_under_types_of(file: &std::path::Path, least: usize) {
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    let (symbols, types) = any_types(file);
    assert!(
        types.len() > least,
        "{}: {} types",
        file.display(),
        types.len()
    );
    let limits = Limits {
        children: 3,
        ..Limits::default()
    };
    // Small numbers make lengths and addresses that are nearly right.
    let byte = prop_oneof![4 => Just(0u8), 3 => 0..16u8, 2 => any::<u8>()];
    let memory = prop::collection::vec(byte, 0..512);
    let mut runner = TestRunner::new(Config::with_cases(32));
    let run = runner.run(&(memory, 0..600u64), |(memory, address)| {
        for &ty in &types {
            let memory = &memory[..];
            let reader = Reader::new(&symbols, &memory, limits);
            let value = reader.value("it", ty, wasmscope_symbols::Place::Memory(address));
            let shown = value.summary.as_deref().or(value.unavailable.as_deref());
            let shown = shown.expect("a value or a reason");
            prop_assert!(shown.len() < 20_000, "{} bytes", shown.len());
            prop_assert!(!shown.chars().any(char::is_control), "{shown:?}");
        }
        Ok(())
    });
    run.expect("no panic, no endless line");
}
