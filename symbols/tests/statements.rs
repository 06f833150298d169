//! Statements of functions: against what [`Symbols::frames`] says of the same opcodes, for every
//! function of every sample; and what the source says, for a few.

use std::collections::BTreeSet;
use std::sync::Arc;
use wasmscope_symbols::{
    Binary, CodeOffset, FunctionPart, FunctionQuery, FunctionStatements, Symbols, SymbolsOptions,
};
use wasmscope_test_support::{Build, Target, sample_bytes, samples};

fn open(name: &str, build: Build, target: Target) -> Vec<Symbols> {
    let bytes = sample_bytes(name, build, target);
    let binary = Binary::parse(bytes.into()).unwrap();
    let open = |module| Symbols::open(module, &SymbolsOptions::default());
    binary.modules.into_iter().map(open).collect()
}

/// Whether two functions claim a part of the body each: a weak function of C's that Rust's
/// replaced leaves its debug info to the other's code.
fn is_disputed(symbols: &Symbols, statements: &FunctionStatements) -> bool {
    let mut opcodes = statements.code.opcodes();
    opcodes.any(|at| symbols.frames(at)[0].function_die != statements.die)
}

/// Compares a function's statements with its frames.
fn check(symbols: &Symbols, statements: &FunctionStatements) -> usize {
    let code = &statements.code;
    let mut last = None;
    for place in &statements.places {
        assert!(last < Some(place.pc), "places rise");
        last = Some(place.pc);
        assert!(code.is_opcode(place.pc) && code.is_reachable(place.pc));
        assert!(place.start <= place.pc && place.pc < place.end, "{place:?}");
        assert_eq!(statements.covering(place.pc), Some(place));
        assert_eq!(statements.starting_at(place.pc), Some(place));
        let frames = symbols.frames(place.pc);
        assert_eq!(frames.len(), place.inline_depth + 1, "{place:?}");
        assert_eq!(frames[0].die, Some(place.scope));
        let location = frames[0].location.as_ref().unwrap();
        // Where the prologue ends on line 0, the function's own line stands for it.
        if location.line.is_some() || place.pc != statements.entry {
            assert_eq!(location.line, Some(place.line));
            assert_eq!(location.file, place.file);
            assert_eq!(location.column, place.column);
        }
        assert!(statements.is_in(place.pc, place.scope));
    }
    for at in code.opcodes() {
        let frames = symbols.frames(at);
        let mut chain: Vec<_> = frames.iter().filter_map(|frame| frame.die).collect();
        chain.reverse();
        assert_eq!(statements.chain_at(at), chain, "{at}");
        let line = frames[0].location.as_ref().and_then(|at| at.line);
        if statements.part(at) == FunctionPart::Body && statements.die.is_some() {
            let covering = statements.covering(at).map(|place| place.line);
            if code.is_reachable(at) && covering.is_some() && line.is_some() {
                assert_eq!(covering, line, "{at}");
            }
        }
        // Whatever is executed on a line has a place on that line to stop at.
        if let Some(line) = line.filter(|_| code.is_reachable(at) && at >= statements.entry) {
            let has_place = statements.places.iter().any(|place| place.line == line);
            let does_something = code.stop_in(at..CodeOffset(at.0 + 1)).is_some();
            assert!(has_place || !does_something, "{at} line {line}");
        }
    }
    statements.places.len()
}

#[test]
fn statements_are_what_frames_say() {
    for (build, target) in [
        (Build::Debug, Target::WasiP1),
        (Build::ReleaseWithDebug, Target::WasiP1),
        (Build::Debug, Target::WasiP2),
        (Build::ReleaseWithDebug, Target::WasiP2),
    ] {
        for name in ["orders", "async_tasks", "panic_in_inlined", "values"] {
            let (mut places, mut inlined, mut disputed) = (0, 0, 0);
            for symbols in open(name, build, target) {
                for body in &symbols.module().bodies {
                    let statements = symbols.statements(body.first_opcode).unwrap();
                    if is_disputed(&symbols, &statements) {
                        disputed += 1;
                        continue;
                    }
                    places += check(&symbols, &statements);
                    inlined += statements.inlined.len();
                }
            }
            assert!(disputed < 3, "{name}: {disputed}");
            assert!(places > 2_000, "{name}: {places}");
            assert!(inlined > 500, "{name}: {inlined}");
        }
    }
}

#[test]
fn inlined_calls_lie_in_one_another() {
    for symbols in open("orders", Build::ReleaseWithDebug, Target::WasiP1) {
        for body in &symbols.module().bodies {
            let statements = symbols.statements(body.range.start).unwrap();
            for call in &statements.inlined {
                let pc = call.ranges[0].start;
                let chain = statements.chain_at(pc);
                assert_eq!(chain[call.depth], call.die);
                for outer in &chain[..call.depth] {
                    assert!(statements.is_in(pc, *outer));
                    assert!(statements.is_within(call.die, *outer));
                    assert!(!statements.is_within(*outer, call.die));
                }
            }
        }
    }
}

#[test]
fn the_same_function_is_worked_out_once() {
    let symbols = &open("orders", Build::Debug, Target::WasiP1)[0];
    let body = &symbols.module().bodies[0];
    let first = symbols.statements(body.range.start).unwrap();
    let second = symbols.statements(body.first_opcode).unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    assert!(symbols.statements(CodeOffset(0)).is_none());
}

#[test]
fn a_function_begins_at_its_entry() {
    for build in Build::WITH_DEBUG {
        let symbols = &open("orders", build, Target::WasiP1)[0];
        let main = symbols.find_functions(&FunctionQuery::Exact("orders::main".into()));
        let main = &main.instances[0];
        let statements = symbols.statements(main.entry).unwrap();
        if !main.inlined {
            assert_eq!(statements.entry, main.entry);
            assert_eq!(
                statements.part(statements.range.start),
                FunctionPart::Prologue
            );
        }
        assert!(
            statements
                .places
                .iter()
                .all(|place| place.pc >= statements.entry || place.inline_depth > 0)
        );
    }
}

#[test]
fn the_users_functions_are_found_by_their_files() {
    let symbols = &open("orders", Build::Debug, Target::WasiP1)[0];
    let own = symbols.functions_of_files(&|file| file.ends_with("bin/orders.rs"));
    let names: BTreeSet<String> = own
        .iter()
        .filter_map(|entry| symbols.frames(entry.entry).pop()?.function)
        .map(|name| name.pretty().to_owned())
        .collect();
    assert!(names.contains("orders::main"), "{names:?}");
    assert!(
        names.iter().all(|name| name.contains("orders::")),
        "{names:?}"
    );
    assert!(own.len() < 100, "{}", own.len());
    let all = symbols.functions_of_files(&|_| true);
    assert!(all.len() > 300, "{}", all.len());
}

#[test]
fn all_samples_are_read() {
    for name in samples() {
        for symbols in open(&name, Build::Debug, Target::WasiP1) {
            let bodies = &symbols.module().bodies;
            let known = bodies.iter().filter(|body| {
                let statements = symbols.statements(body.range.start).unwrap();
                !statements.places.is_empty()
            });
            assert!(known.count() * 10 > bodies.len() * 9, "{name}");
        }
    }
}
