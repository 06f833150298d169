//! Values read out of a failed guest, compared with what the guest printed of itself.
//!
//! The sample `values_panic` prints every variable as `function.variable = {:?}` before it fails.
//! Two differences are allowed, and taken out before comparing: wasmscope writes `&` before what
//! a reference points to, and `{:?}` writes the parameter of `PhantomData`.

use std::collections::{BTreeMap, BTreeSet};
use wasmscope_debugger::frame_state::TargetFrame;
use wasmscope_debugger::target::{FailedGuest, Target};
use wasmscope_debugger::unwind::unwind;
use wasmscope_debugger::values::{Limits, Reader, Value};
use wasmscope_runner::{Failure, Options, Outcome, Program, World, run, run_exact};
use wasmscope_symbols::{Binary, CoreModule, ModulePc, Symbols, SymbolsOptions};
use wasmscope_test_support::{Build, Target as Wasi, sample};

/// Cuts nothing.
const EVERYTHING: Limits = Limits {
    depth: 32,
    elements: 1000,
    text: 10_000,
    nodes: 10_000,
    children: 3,
};

/// How the guest is run.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Code {
    Plain,
    Exact,
}

/// A guest that has failed, with its symbols.
struct Failed {
    failure: Failure,
    symbols: Vec<Symbols>,
}

impl Failed {
    fn run(name: &str, build: Build, wasi: Wasi, code: Code) -> Self {
        let program = Program::load(sample(name, build, wasi)).expect("the sample loads");
        let options = Options {
            cache: None,
            ..Options::default()
        };
        let outcome = match code {
            Code::Plain => run(&program, &World::default(), &options),
            Code::Exact => run_exact(&program, &World::default(), &options),
        };
        let Ok(Outcome::Failed(failure)) = outcome else {
            panic!("{name} was to fail, not to end with {outcome:?}");
        };
        let binary = Binary::parse(program.bytes().clone()).expect("the sample is well-formed");
        let options = SymbolsOptions::default();
        let open = |module: &std::sync::Arc<CoreModule>| Symbols::open(module.clone(), &options);
        Failed {
            failure,
            symbols: binary.modules.iter().map(open).collect(),
        }
    }

    /// What the guest printed: `function.variable`, and what it may be.
    fn truth(&self) -> BTreeMap<String, BTreeSet<String>> {
        let printed = String::from_utf8(self.failure.stderr_tail.clone()).expect("UTF-8");
        let mut truth: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for line in printed.lines() {
            if let Some((name, value)) = line.split_once(" = ") {
                let value = without_parameters(value);
                truth.entry(name.to_owned()).or_default().insert(value);
            }
        }
        truth
    }

    /// The variables of the sample's own frames: `function.variable` and its value.
    fn variables(&self, limits: Limits) -> Vec<(String, Value)> {
        let target = FailedGuest::new(&self.failure);
        let shadow = unwind(&target, &self.symbols);
        let mut values = Vec::new();
        for (place, frame) in target.stack().iter().enumerate() {
            let Some(symbols) = self.symbols.get(frame.module) else {
                continue;
            };
            let Some(pc) = symbols.module().code.to_code(ModulePc(frame.pc)) else {
                continue;
            };
            let state = TargetFrame::new(&target, place, &shadow[place]);
            let memory = state.memory().expect("the guest's memory is at hand");
            let reader = Reader::new(symbols, &memory, limits);
            for frame in symbols.frames(pc) {
                let ours = frame
                    .location
                    .as_ref()
                    .is_some_and(|l| l.file.contains("values_panic"));
                let (Some(die), Some(function), true) = (frame.die, &frame.function, ours) else {
                    continue;
                };
                let function = function
                    .pretty()
                    .rsplit("::")
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                let line = frame.location.as_ref().and_then(|location| location.line);
                for variable in symbols.variables(die, pc, line) {
                    let value = reader.variable(&variable, pc, &state);
                    values.push((format!("{function}.{}", variable.name), value));
                }
            }
        }
        values
    }
}

/// `&` and `&mut ` outside of text are not what `{:?}` writes.
fn without_references(summary: &str) -> String {
    let mut out = String::new();
    let mut rest = summary.chars();
    let mut quoted = false;
    let mut escaped = false;
    while let Some(c) = rest.next() {
        if !quoted && c == '&' {
            if let Some(after) = rest.as_str().strip_prefix("mut ") {
                rest = after.chars();
            }
            continue;
        }
        quoted ^= c == '"' && !escaped && !out.ends_with('\'');
        escaped = c == '\\' && !escaped;
        out.push(c);
    }
    out
}

/// `PhantomData<T>` is `PhantomData`.
fn without_parameters(printed: &str) -> String {
    match printed.split_once("PhantomData<") {
        Some((before, after)) => {
            let after = after.split_once('>').map_or("", |(_, after)| after);
            format!("{before}PhantomData{after}")
        }
        None => printed.to_owned(),
    }
}

/// Compares everything; gives the numbers of variables that were right and that were unavailable.
fn compare(build: Build, wasi: Wasi, code: Code) -> (BTreeSet<String>, BTreeMap<String, String>) {
    let failed = Failed::run("values_panic", build, wasi, code);
    let truth = failed.truth();
    assert!(
        truth.len() > 90,
        "the sample printed {} variables",
        truth.len()
    );
    let mut right = BTreeSet::new();
    let mut unavailable = BTreeMap::new();
    let mut wrong = Vec::new();
    for (name, value) in failed.variables(EVERYTHING) {
        let Some(expected) = truth.get(&name) else {
            continue;
        };
        match (&value.summary, &value.unavailable) {
            (Some(summary), None) if expected.contains(&without_references(summary)) => {
                right.insert(name);
            }
            (None, Some(reason)) => {
                unavailable.insert(name, reason.clone());
            }
            _ => wrong.push(format!(
                "{name}: {value}, and the guest printed {expected:?}"
            )),
        }
    }
    assert!(wrong.is_empty(), "wrong values:\n{}", wrong.join("\n"));
    let missing: Vec<_> = truth
        .keys()
        .filter(|name| !right.contains(*name) && !unavailable.contains_key(*name))
        .collect();
    println!(
        "{build:?} {wasi:?} {code:?}: {} right, {} unavailable {unavailable:?}, {} without any \
         trace in debug info {missing:?}",
        right.len(),
        unavailable.len(),
        missing.len(),
    );
    if build == Build::Debug {
        assert!(missing.is_empty(), "not in scope: {missing:?}");
    }
    (right, unavailable)
}

#[test]
fn debug_builds_show_every_variable() {
    for wasi in Wasi::ALL {
        for code in [Code::Plain, Code::Exact] {
            let (_, unavailable) = compare(Build::Debug, wasi, code);
            assert!(unavailable.is_empty(), "{wasi:?} {code:?}: {unavailable:?}");
        }
    }
}

#[test]
fn release_builds_show_no_wrong_value() {
    for wasi in Wasi::ALL {
        for code in [Code::Plain, Code::Exact] {
            let (right, _) = compare(Build::ReleaseWithDebug, wasi, code);
            assert!(
                right.len() > 80,
                "{wasi:?} {code:?}: only {} are right",
                right.len()
            );
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

/// Types of every kind: those of the sample's variables.
fn any_types() -> (Symbols, Vec<wasmscope_symbols::TypeId>) {
    let bytes = wasmscope_test_support::sample_bytes("values_panic", Build::Debug, Wasi::WasiP1);
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
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    let (symbols, types) = any_types();
    assert!(types.len() > 200, "{} types", types.len());
    let limits = Limits {
        children: 3,
        ..Limits::default()
    };
    // Small numbers make lengths and addresses that are nearly right.
    let byte = prop_oneof![4 => Just(0u8), 3 => 0..16u8, 2 => any::<u8>()];
    let memory = prop::collection::vec(byte, 0..512);
    let mut runner = TestRunner::new(Config::with_cases(64));
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
