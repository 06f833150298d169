//! The types of the standard library, in samples of their own, as many ways as there are to build
//! them.

use crate::compare;
use crate::failed::{Code, EVERYTHING, Failed};
use std::collections::BTreeMap;
use wasmscope_debugger::values::Reader;
use wasmscope_symbols::Place;
use wasmscope_test_support::{Build, Target as Wasi, sample_at_level};

/// The samples, and how many variables each prints at least.
const SAMPLES: [(&str, usize); 5] = [
    ("values_text", 30),
    ("values_collections", 34),
    ("values_pointers", 38),
    ("values_cells", 58),
    ("values_iterators", 50),
];

#[test]
fn debug_builds_show_every_std_type() {
    for (name, count) in SAMPLES {
        for wasi in Wasi::ALL {
            for code in [Code::Plain, Code::Exact] {
                let failed = Failed::run(name, Build::Debug, wasi, code);
                let what = format!("{name} {wasi:?} {code:?}");
                let compared = compare(&failed, &what);
                let right = compared.right.len();
                assert!(right >= count, "{what}: only {right} are right");
                assert!(compared.unavailable.is_empty(), "{what}");
                assert!(compared.missing.is_empty(), "{what}");
            }
        }
    }
}

#[test]
fn optimised_builds_show_no_wrong_std_type() {
    for (name, count) in SAMPLES {
        for wasi in Wasi::ALL {
            let failed = Failed::run(name, Build::ReleaseWithDebug, wasi, Code::Exact);
            let what = format!("{name} {wasi:?} level 3");
            let right = compare(&failed, &what).right.len();
            assert!(right > count / 3, "{what}: only {right} are right");
        }
        for level in ["1", "s"] {
            let file = sample_at_level(name, level, Wasi::WasiP1);
            let failed = Failed::run_file(name, &file, Code::Exact);
            let what = format!("{name} level {level}");
            let right = compare(&failed, &what).right.len();
            assert!(right > count / 3, "{what}: only {right} are right");
        }
    }
}

#[test]
fn states_and_counts_are_told() {
    let table = [
        (
            "values_pointers",
            "counted.twice",
            "Rc(strong 2, weak 1) \"two\"",
        ),
        (
            "values_pointers",
            "counted.shared",
            "Arc(strong 2, weak 1) [1, 2]",
        ),
        (
            "values_pointers",
            "counted.list",
            "Rc(strong 1, weak 0) [1, 2, 3]",
        ),
        (
            "values_pointers",
            "counted.gone",
            "Weak(strong 0, weak 1) <dropped>",
        ),
        (
            "values_pointers",
            "objects.lent",
            "&Dog { age: 4 } as dyn Speak",
        ),
        (
            "values_pointers",
            "objects.boxed",
            "Cat(\"meow\") as dyn Speak",
        ),
        (
            "values_pointers",
            "objects.counted",
            "Rc(strong 1, weak 0) Dog { age: 5 } as dyn Speak",
        ),
        (
            "values_pointers",
            "functions.of_generic",
            "fn values_pointers::generic<u32>",
        ),
        (
            "values_cells",
            "cells.read",
            "RefCell(borrowed 2 times) { value: [1] }",
        ),
        (
            "values_cells",
            "cells.written",
            "RefCell(mutably borrowed) { value: 1.5 }",
        ),
        ("values_cells", "locks.mutex", "Mutex { data: 1 }"),
        (
            "values_cells",
            "locks.locked",
            "Mutex(locked) { data: \"locked\" }",
        ),
        ("values_cells", "locks.lock", "RwLock(1 reader) { data: 2 }"),
        ("values_cells", "wrapped.closed", "1..=5"),
        ("values_cells", "times.half", "1.5s"),
        ("values_text", "owned.made", "Owned(\"made\")"),
        ("values_text", "system.no_text", "\"a\\xffz\" (not UTF-8)"),
        (
            "async_tasks",
            "run.task",
            "async fn crawl (at line 54) awaiting async fn summarise (not started) as dyn \
             Future<Output=()>",
        ),
        (
            "async_tasks",
            "run.tasks",
            "[async fn crawl (at line 54) awaiting async fn summarise (at line 46) awaiting async \
             fn fetch (at line 40) awaiting Turns { left: 7 } as dyn Future<Output=()>]",
        ),
        (
            "async_tasks",
            "main.tasks",
            "<unavailable: moved out or dropped>",
        ),
    ];
    let mut all: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
    for (sample, name, expected) in table {
        let variables = all.entry(sample).or_insert_with(|| {
            // An argument in a Wasm local is to be seen in exact code only.
            let code = match sample {
                "async_tasks" => Code::Exact,
                _ => Code::Plain,
            };
            let failed = Failed::run(sample, Build::Debug, Wasi::WasiP1, code);
            let values = failed.variables(EVERYTHING).into_iter();
            values
                .map(|(name, value)| (name, value.to_string()))
                .collect()
        });
        assert_eq!(variables[name], expected, "{sample} {name}");
    }
    let made = |name: &&String| name.contains("_task_context");
    let made: Vec<&String> = all["async_tasks"].keys().filter(made).collect();
    assert!(made.is_empty(), "nobody wrote these: {made:?}");
}

#[test]
fn states_that_no_program_here_gets_into_are_told() {
    let failed = Failed::run("values_cells", Build::Debug, Wasi::WasiP1, Code::Plain);
    let symbols = &failed.symbols[0];
    let limits = EVERYTHING;
    // Each of a type's bytes is the same: a flag, a state or a count is that, and so is the value.
    // The state of a `LazyCell` has four bytes.
    let shown = |type_name: &str, byte: u8| {
        let ty = symbols.find_types(type_name);
        let ty = *ty.first().expect("the sample has such a type");
        let mut bytes = [byte; 64];
        if type_name.starts_with("LazyCell") {
            bytes[1..4].fill(0);
        }
        let memory = &bytes[..];
        let value = Reader::new(symbols, &memory, limits).value("it", ty, Place::Memory(0));
        value.to_string()
    };
    let table = [
        ("OnceLock<u16>", 0, "OnceLock(<uninit>)"),
        ("OnceLock<u16>", 1, "OnceLock(<poisoned>)"),
        ("OnceLock<u16>", 2, "OnceLock(<being initialised>)"),
        ("OnceLock<u16>", 3, "OnceLock(771)"),
        ("OnceLock<u16>", 4, "no such variant"),
        ("LazyLock<u8, fn() -> u8>", 1, "LazyLock(<poisoned>)"),
        (
            "LazyLock<u8, fn() -> u8>",
            2,
            "LazyLock(<being initialised>)",
        ),
        (
            "LazyCell<u32, fn() -> u32>",
            2,
            "LazyCell(<being initialised, or poisoned>)",
        ),
        ("Mutex<u32>", 0, "Mutex { data: 0 }"),
        ("Mutex<u32>", 1, "Mutex(locked) { data: 16843009 }"),
        ("Mutex<u32>", 2, "no bool: 0x2"),
        ("RwLock<u64>", 0, "RwLock { data: 0 }"),
        ("RwLock<u64>", 1, "RwLock(16843009 readers)"),
        ("RwLock<u64>", 255, "RwLock(locked for writing)"),
        ("RefCell<f64>", 255, "RefCell(mutably borrowed)"),
        ("OnceCell<u32>", 0, "OnceCell(<uninit>)"),
    ];
    for (type_name, byte, expected) in table {
        let shown = shown(type_name, byte);
        assert!(shown.contains(expected), "{type_name} of {byte}: {shown}");
    }
}

#[test]
fn what_was_dropped_is_not_shown_as_alive() {
    for code in [Code::Plain, Code::Exact] {
        let failed = Failed::run("values_dropped", Build::Debug, Wasi::WasiP1, code);
        let values: BTreeMap<String, _> = failed.variables(EVERYTHING).into_iter().collect();
        for name in ["text", "list", "boxed", "counted", "slice"] {
            let value = &values[&format!("main.{name}")];
            let reason = value.unavailable.as_deref().unwrap_or_default();
            assert_eq!(reason, "moved out or dropped", "{code:?} {name}: {value}");
        }
        let living = [
            ("kept_text", "\"a text that lives as long as the function\""),
            ("kept_list", "[2, 2, 2"),
            ("kept_box", "[4, 4, 4"),
            ("kept_count", "Rc(strong 1, weak 0) [6, 6, 6"),
            ("kept_slice", "[8, 8, 8"),
        ];
        for (name, begins) in living {
            let shown = values[&format!("main.{name}")].to_string();
            assert!(shown.starts_with(begins), "{code:?} {name}: {shown}");
        }
    }
}
