//! The stepper by itself, over a guest that really runs: what `finish` and `until` end at and tell,
//! single opcodes, and what steps cost. The tables of lines that steps visit are in `stepping`.

mod driver;
mod hostile;

use driver::{Break, Do, Run, Stop, drive};
use wasmscope_debugger::stepping::{StepKind, StepSettings};
use wasmscope_test_support::{Build, Target, marked_line, sample, sample_source, wat_to_wasm};

const NEXT: Do = Do::Step(StepKind::Next);
const STEP: Do = Do::Step(StepKind::Step);
const FORWARD: Do = Do::Step(StepKind::Until { places: Vec::new() });
const FINISH: Do = Do::Step(StepKind::Finish { frame: 0 });
const INTO: Do = Do::Step(StepKind::Instruction { over: false });
const OVER: Do = Do::Step(StepKind::Instruction { over: true });

fn run(name: &str, build: Build, target: Target, first: &Break, script: Vec<Do>) -> Run {
    drive(
        &sample(name, build, target),
        first,
        script,
        StepSettings::default(),
    )
}

/// The stops as their lines' marks, or the lines themselves.
fn marks(name: &str, run: &Run) -> Vec<String> {
    let source = std::fs::read_to_string(sample_source(name)).expect("it is there");
    let lines: Vec<&str> = source.lines().collect();
    let mark = |stop: &Stop| {
        let index = usize::try_from(stop.line).expect("small").checked_sub(1);
        let Some(line) = index.and_then(|index| lines.get(index)) else {
            return "no line".to_owned();
        };
        match line.split_once("// <- ") {
            Some((_, mark)) => mark.to_owned(),
            None => line.trim().to_owned(),
        }
    };
    run.stops.iter().map(mark).collect()
}

#[test]
fn finish_tells_what_was_returned() {
    for target in Target::ALL {
        // (where, what it returned, in whose line it ends)
        for (sample, at, returned, back_in) in [
            ("stepping_calls", "factorial: one", "1", "factorial: call"),
            ("stepping_calls", "odd: false", "false", "even: call"),
            ("stepping_calls", "largest: result", "3", "main: whole"),
            (
                "stepping_calls",
                "display: number",
                "Ok(())",
                "main: display",
            ),
            ("stepping_calls", "drop: body", "()", "main: drop"),
            ("stepping_branches", "?: ok", "Ok(10)", "?: first"),
            ("stepping_branches", "let else: none", "99", "main: lost"),
            (
                "stepping_closures",
                "sort: result",
                "[3, 2, 1]",
                "main: sorted",
            ),
            ("stepping_closures", "closure: sum", "8", "local: first"),
        ] {
            let at = Break::Line(marked_line(sample, at));
            let run = run(sample, Build::Debug, target, &at, vec![FINISH]);
            let what = format!("{sample} {at:?} {target:?}");
            // A function may be called by several: the first one counts.
            let stop = run
                .stops
                .get(1)
                .unwrap_or_else(|| panic!("{what}: no stop"));
            assert_eq!(stop.returned.as_deref(), Some(returned), "{what}");
            let marks = marks(sample, &run);
            let marked = marked_line(sample, back_in);
            // Where nothing of the call's line is left, the guest stands at the next one.
            assert!(
                marks[1] == back_in || stop.line == marked + 1,
                "{what}: back in {}, not in {back_in}",
                marks[1]
            );
        }
    }
}

#[test]
fn finish_of_an_inlined_call_ends_in_its_caller() {
    for build in Build::WITH_DEBUG {
        let at = Break::Line(marked_line("stepping_inlined", "innermost: first"));
        let run = run("stepping_inlined", build, Target::WasiP1, &at, vec![FINISH]);
        let stop = &run.stops[1];
        assert_eq!(stop.function, "middle", "{build:?}");
        assert_eq!(
            stop.depth, run.stops[0].depth,
            "{build:?}: the same Wasm frame"
        );
        let told = stop.returned.as_deref().unwrap_or_default();
        assert!(told.contains("inlined"), "{build:?}: {told}");
    }
}

#[test]
fn finish_of_each_instance_of_a_generic_function() {
    let at = Break::Line(marked_line("stepping_calls", "largest: result"));
    let script = vec![FINISH, Do::Continue, FINISH];
    let run = run("stepping_calls", Build::Debug, Target::WasiP1, &at, script);
    let returned = run.stops.iter().filter_map(|stop| stop.returned.as_deref());
    assert_eq!(returned.collect::<Vec<_>>(), ["3", "1.5"]);
}

#[test]
fn finish_of_a_frame_further_out() {
    let at = Break::Line(marked_line("stepping_calls", "factorial: one"));
    let script = vec![Do::Step(StepKind::Finish { frame: 2 })];
    let run = run("stepping_calls", Build::Debug, Target::WasiP1, &at, script);
    assert_eq!(run.stops[1].depth + 3, run.stops[0].depth);
    assert_eq!(run.stops[1].returned.as_deref(), Some("2"));
}

#[test]
fn until_leaves_loops_and_ends_with_the_function() {
    let at = Break::Line(marked_line("stepping_loops", "for: body"));
    let run1 = run(
        "stepping_loops",
        Build::Debug,
        Target::WasiP1,
        &at,
        vec![FORWARD, FORWARD, FORWARD],
    );
    let marks1 = marks("stepping_loops", &run1);
    assert_eq!(
        marks1,
        ["for: body", "for: after", "for: end", "main: halve"]
    );

    let line = |mark| marked_line("stepping_calls", mark);
    let script = vec![
        // Passes over the recursion: deeper calls of the function do not count.
        Do::UntilLine(line("factorial: product")),
        // Is not reached before the function has returned.
        Do::UntilLine(line("drop: body")),
    ];
    let at = Break::Line(line("factorial: call"));
    let run2 = run("stepping_calls", Build::Debug, Target::WasiP1, &at, script);
    let marks2 = marks("stepping_calls", &run2);
    assert_eq!(
        marks2,
        ["factorial: call", "factorial: product", "main: factorial"]
    );
    assert_eq!(run2.stops[1].depth, run2.stops[0].depth);
}

#[test]
fn step_into_std_only_when_asked() {
    let at = Break::Line(marked_line("stepping_closures", "chain: iter"));
    let wasm = sample("stepping_closures", Build::Debug, Target::WasiP1);
    let settings = StepSettings {
        step_into_std: true,
        ..StepSettings::default()
    };
    let run = drive(&wasm, &at, vec![STEP; 12], settings);
    let std = run
        .stops
        .iter()
        .filter(|stop| stop.file != "stepping_closures.rs");
    assert!(std.count() > 4, "{:?}", run.stops);
    assert!(run.stops.iter().all(|stop| stop.line != 0));
}

#[test]
fn a_step_that_begins_in_std_goes_by_lines_there_and_comes_back() {
    let wasm = sample("stepping_closures", Build::Debug, Target::WasiP1);
    let at = Break::Line(marked_line("stepping_closures", "chain: iter"));
    let into = StepSettings {
        step_into_std: true,
        ..StepSettings::default()
    };
    let inside = drive(&wasm, &at, vec![STEP], into);
    assert_ne!(inside.stops[1].file, "stepping_closures.rs");
    // The same place, reached without the setting.
    let first = Break::Place(inside.stops[1].place);
    let run = drive(&wasm, &first, vec![NEXT; 8], StepSettings::default());
    let back = run
        .stops
        .iter()
        .position(|stop| stop.file == "stepping_closures.rs");
    assert!(back.is_some(), "{:?}", run.stops);
    assert!(
        run.stops.iter().all(|stop| stop.line != 0),
        "{:?}",
        run.stops
    );
}

#[test]
fn steps_within_a_function_change_nothing_that_is_armed() {
    for (build, target) in [
        (Build::Debug, Target::WasiP1),
        (Build::ReleaseWithDebug, Target::WasiP2),
    ] {
        let at = Break::Line(marked_line("stepping_branches", "main: dot"));
        let run = run("stepping_branches", build, target, &at, vec![NEXT; 12]);
        let edits: Vec<u64> = run.stops.iter().skip(2).map(|stop| stop.edits).collect();
        assert_eq!(edits, [0; 11], "{build:?} {target:?}");
        let hits = run.stops.iter().skip(2).map(|stop| stop.hits).max();
        assert!(hits < Some(8), "{build:?} {target:?}: {hits:?}");
    }
}

/// A recursion without any debug info.
const FIBONACCI: &str = r#"(module
    (memory 1)
    (global $__stack_pointer (mut i32) (i32.const 65536))
    (func $fib (param i32) (result i32) (local i32)
        (local.set 1 (i32.sub (global.get $__stack_pointer) (i32.const 16)))
        (global.set $__stack_pointer (local.get 1))
        (if (i32.ge_s (local.get 0) (i32.const 2))
            (then
                (local.set 0 (i32.add
                    (call $fib (i32.sub (local.get 0) (i32.const 1)))
                    (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
        (global.set $__stack_pointer (i32.add (local.get 1) (i32.const 16)))
        (local.get 0))
    (func $run (export "_start")
        (drop (call $fib (i32.const 15)))
        (drop (call $fib (i32.const 2)))))"#;

/// A module in a file of its own, for as long as the path is held: tests run side by side.
fn module_of(text: &str) -> tempfile::TempPath {
    let file = tempfile::Builder::new().suffix(".wasm").tempfile();
    let path = file.expect("a temporary file").into_temp_path();
    std::fs::write(&path, wat_to_wasm(text)).expect("it can be written");
    path
}

#[test]
fn over_a_recursive_call_by_opcodes() {
    let wasm = module_of(FIBONACCI);
    // `fib(15)` makes 1973 calls; the first one is stepped over from its first opcode to its last.
    let over = drive(
        &wasm,
        &Break::Function("fib"),
        vec![OVER; 60],
        StepSettings::default(),
    );
    let depth = over.stops[0].depth;
    let inside = over.stops.iter().take_while(|stop| stop.function == "fib");
    let inside: Vec<&Stop> = inside.collect();
    assert!(inside.len() > 20 && inside.iter().all(|stop| stop.depth == depth));
    assert_eq!(over.stops[inside.len()].function, "run");
    assert_eq!(over.stops[inside.len()].depth + 1, depth);
}

#[test]
fn opcodes_one_by_one() {
    let wasm = module_of(FIBONACCI);
    let first = Break::Function("run");
    // Into: every opcode of `fib(2)` and of what it calls is executed once, in Wasm's order.
    let into = drive(&wasm, &first, vec![INTO; 12], StepSettings::default());
    let functions: Vec<&str> = into.stops.iter().map(|stop| &*stop.function).collect();
    assert_eq!(functions[0], "run");
    assert_eq!(functions[1], "run", "the call's argument was pushed");
    assert_eq!(functions[2], "fib", "the call went into the function");
    assert!(functions[3..].iter().all(|name| *name == "fib"));
    assert!(into.stops.iter().skip(1).all(|stop| stop.hits == 1));

    // Over: never out of the function.
    let over = drive(&wasm, &first, vec![OVER; 7], StepSettings::default());
    let offsets: Vec<u64> = over.stops.iter().map(|stop| stop.place.pc).collect();
    assert!(
        over.stops.iter().all(|stop| stop.function == "run"),
        "{offsets:?}"
    );
    assert!(
        offsets.windows(2).all(|pair| pair[0] < pair[1]),
        "{offsets:?}"
    );
    // `i32.const`, `call`, `drop` twice, `end`; the step from `end` runs to the exit.
    assert_eq!(offsets.len(), 7);
    assert_eq!(over.end, "exit 0");
}

#[test]
fn without_lines_next_runs_to_the_caller() {
    let wasm = module_of(FIBONACCI);
    let run = drive(
        &wasm,
        &Break::Function("fib"),
        vec![NEXT, NEXT],
        StepSettings::default(),
    );
    let stops: Vec<(&str, usize)> = run
        .stops
        .iter()
        .map(|stop| (&*stop.function, stop.depth))
        .collect();
    assert_eq!(stops, [("fib", 2), ("run", 1)]);
    assert_eq!(run.end, "exit 0");
}

/// Everything that control flow and calls can do, to be stepped through by opcodes.
const FLOW: &str = r#"(module
    (type $number (func (result i32)))
    (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
    (memory (export "memory") 1)
    (table 3 funcref)
    (table $written 2 funcref)
    (elem (i32.const 0) $one $two $yield)
    (elem $late declare func $two)
    (func $one (result i32) (i32.const 1))
    (func $two (result i32) (block (br 0)) (return (i32.const 2)))
    (func $tail (result i32) (return_call $one))
    (func $pick (param i32) (result i32)
        (block $c (block $b (block $a
            (br_table $a $b $c (local.get 0)))
            (return (i32.const 10)))
            (return (i32.const 11)))
        (i32.const 12))
    (func $run (export "_start") (local i32)
        (loop $again
            (drop (call $pick (local.get 0)))
            (drop (call_indirect (type $number) (local.get 0)))
            (local.set 0 (i32.add (local.get 0) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get 0) (i32.const 3))))
        (table.set $written (i32.const 1) (ref.func $two))
        (drop (call_indirect $written (type $number) (i32.const 1)))
        (if (local.get 0) (then (nop)) (else (unreachable)))
        (drop (call $tail))
        (drop (call $yield))))"#;

#[test]
fn opcode_steps_execute_what_single_stepping_executes() {
    let wasm = module_of(FLOW);
    let first = Break::Function("run");
    let stepped = drive(&wasm, &first, vec![INTO; 400], StepSettings::default());
    let every = drive(
        &wasm,
        &first,
        vec![Do::EveryOpcode; 400],
        StepSettings::default(),
    );
    let places = |run: &Run| -> Vec<u64> { run.stops.iter().map(|stop| stop.place.pc).collect() };
    assert!(stepped.stops.len() > 60, "{}", stepped.stops.len());
    assert_eq!(places(&stepped), places(&every));
    assert_eq!(stepped.end, "exit 0");
    assert_eq!(every.end, "exit 0");
}

#[test]
fn a_recursion_below_a_step_is_waited_for_at_its_end() {
    // `fibonacci(17)` makes 5167 calls, each of which passes four statements.
    let at = Break::Line(marked_line("stepping_hot", "fibonacci: first"));
    let run = run(
        "stepping_hot",
        Build::Debug,
        Target::WasiP1,
        &at,
        vec![NEXT; 4],
    );
    assert_eq!(
        marks("stepping_hot", &run),
        [
            "fibonacci: first",
            "fibonacci: second",
            "fibonacci: sum",
            "fibonacci: end",
            "main: mixed",
        ]
    );
    assert!(
        run.stops[..4]
            .iter()
            .all(|stop| stop.depth == run.stops[0].depth)
    );
    let hits: u64 = run.stops.iter().map(|stop| stop.hits).sum();
    assert!(hits < 6_000, "{hits} hits");
}

#[test]
fn a_hot_line_of_inlined_calls_is_not_stopped_at_in_each_round() {
    for build in Build::WITH_DEBUG {
        let at = Break::Line(marked_line("stepping_hot", "mixed: hot"));
        let run = run("stepping_hot", build, Target::WasiP1, &at, vec![NEXT]);
        assert_eq!(
            marks("stepping_hot", &run),
            ["mixed: hot", "mixed: result"],
            "{build:?}"
        );
        assert!(
            run.stops[1].hits < 5_000,
            "{build:?}: {} hits",
            run.stops[1].hits
        );
    }
}

#[test]
fn a_call_that_was_stepped_into_once_needs_no_change_the_next_time() {
    let at = Break::Line(marked_line("stepping_hot", "fibonacci: first"));
    let run = run(
        "stepping_hot",
        Build::Debug,
        Target::WasiP1,
        &at,
        vec![STEP; 12],
    );
    let depths = run.stops.iter().map(|stop| stop.depth);
    assert!(depths.clone().max() > depths.clone().min().map(|depth| depth + 3));
    let edits: Vec<u64> = run.stops.iter().skip(5).map(|stop| stop.edits).collect();
    assert_eq!(edits, [0; 8], "{:?}", marks("stepping_hot", &run));
}
