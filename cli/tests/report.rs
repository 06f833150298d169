//! The report on every way a sample fails, from the command to the page: what is said, which line
//! is pointed at, which frames and values are shown.

use std::process::{Command, Output};
use wasmscope_debugger::Report;
use wasmscope_debugger::explain::{FrameKind, StackEntry};
use wasmscope_test_support::{Build, Target, marked_line, prebuilt, sample, workspace};

/// A story: what is run, and what is said of it.
struct Story {
    sample: &'static str,
    /// How the headline begins.
    headline: &'static str,
    /// Marks in the source of the user's frames, innermost first; the report points at the first.
    marks: &'static [&'static str],
    /// Variables of that frame in a debug build: name and how the value begins.
    variables: &'static [(&'static str, &'static str)],
    /// Whether an optimised build fails in the same way.
    optimised_too: bool,
}

const fn story(
    sample: &'static str,
    headline: &'static str,
    marks: &'static [&'static str],
    variables: &'static [(&'static str, &'static str)],
) -> Story {
    Story {
        sample,
        headline,
        marks,
        variables,
        optimised_too: true,
    }
}

const STORIES: [Story; 25] = [
    story(
        "orders",
        "panicked: index out of bounds: the len is 3 but the index is 7",
        &["fails", "removes"],
        &[
            (
                "line",
                "&Line { article: \"bracket\", quantity: 4, shelf: 7 }",
            ),
            ("wanted", "4"),
        ],
    ),
    story(
        "index_out_of_bounds",
        "panicked: index out of bounds: the len is 3 but the index is 3",
        &["fails", "averages", "reports"],
        &[],
    ),
    story(
        "unwrap_none",
        "panicked: called `Option::unwrap()` on a `None` value",
        &["fails", "asks"],
        &[],
    ),
    story(
        "expect_err",
        "panicked: every version is made of numbers: ParseIntError",
        &["fails"],
        &[],
    ),
    story(
        "assert_failed",
        "panicked: assertion `left == right` failed",
        &["fails", "turns"],
        &[("turns", "3")],
    ),
    story(
        "file_not_found",
        "panicked: the settings can be read: Os { code: 44",
        &["fails", "loads"],
        &[],
    ),
    story(
        "divide_by_zero",
        "panicked: attempt to divide by zero",
        &["fails", "asks"],
        &[],
    ),
    story(
        "refcell_double_borrow",
        "panicked: RefCell already borrowed",
        &["fails", "adds a bonus"],
        &[("cents", "10")],
    ),
    story(
        "panic_in_closure",
        "panicked: an empty word reached the rules",
        &["fails", "checks"],
        &[("word", "\"\"")],
    ),
    story(
        "panic_in_drop",
        "panicked: 2 changes of `refund` are lost",
        &["fails", "drops"],
        &[("lost", "2")],
    ),
    story(
        "panic_in_generic",
        "panicked: \"one\" would be overwritten by \"three\"",
        &["fails", "pushes", "fills"],
        &[],
    ),
    story(
        "panic_in_inlined",
        "panicked: 'g' is no digit in base 16",
        &["fails", "outer call", "outermost call", "green"],
        &[("byte", "103"), ("base", "16")],
    ),
    story(
        "odd_frames",
        "panicked: 248 is above 8",
        &[
            "fails",
            "no frame",
            "large",
            "over-aligned",
            "sometimes",
            "many arguments",
        ],
        &[("value", "248"), ("limit", "8")],
    ),
    Story {
        optimised_too: false, // it wraps
        ..story(
            "overflow",
            "panicked: attempt to add with overflow",
            &["fails"],
            &[],
        )
    },
    Story {
        optimised_too: false, // another check fails first
        ..story(
            "async_tasks",
            "panicked: attempt to subtract with overflow",
            &["fails", "awaits"],
            &[],
        )
    },
    story(
        "hostile_message",
        "panicked: mallory\u{7} wrote: \u{1b}]0;owned",
        &["fails"],
        &[],
    ),
    story(
        "captured_panic",
        "panicked: 31000 g is too heavy",
        &["fails", "weighs"],
        &[("parcel", "31000")],
    ),
    story(
        "silent_panic",
        "panicked (the message was found neither on standard error nor in memory)",
        &["fails", "weighs"],
        &[("parcel", "31000")],
    ),
    story(
        "trap_divide_by_zero",
        "division by zero",
        &["fails", "turns"],
        &[],
    ),
    story(
        "wild_pointer",
        "memory access out of bounds: read of 4 bytes at address 0xfffffff4, but the memory ends at",
        &["fails", "measures"],
        &[("header", "0xfffffff0")],
    ),
    story(
        "indirect_call_null",
        "call through a null function pointer",
        &["fails", "dispatches"],
        &[],
    ),
    story(
        "indirect_call_out_of_table",
        "call through a wild function pointer",
        &["fails", "dispatches"],
        &[],
    ),
    story(
        "indirect_call_signature",
        "call through a function pointer of another type",
        &["fails", "dispatches"],
        &[],
    ),
    story(
        "out_of_memory",
        "out of memory: an allocation of 640 MiB failed (memory ",
        &["fails", "loads"],
        &[],
    ),
    story(
        "values_panic",
        "panicked: index out of bounds: the len is 3 but the index is 14",
        &["fails"],
        &[],
    ),
];

#[test]
fn every_failure_is_told_in_the_words_of_its_source() {
    for target in Target::ALL {
        for build in Build::WITH_DEBUG {
            for story in &STORIES {
                if build == Build::Debug || story.optimised_too {
                    check(story, build, target);
                }
            }
        }
    }
}

fn check(story: &Story, build: Build, target: Target) {
    let what = format!("{} {build:?} {target:?}", story.sample);
    let report = report(story.sample, build, target, &[]);
    assert!(
        report.headline.starts_with(story.headline),
        "{what}: {}",
        report.headline
    );

    let line = |mark| Some(marked_line(story.sample, mark));
    let file = format!("samples/src/bin/{}.rs", story.sample);
    let place = report
        .place
        .as_ref()
        .unwrap_or_else(|| panic!("{what}: no place"));
    let first = story.marks.first().and_then(|mark| line(mark));
    assert_eq!((&place.file, place.line), (&file, first), "{what}");
    let excerpt = report
        .excerpt
        .as_ref()
        .unwrap_or_else(|| panic!("{what}: no excerpt"));
    assert_eq!(Some(excerpt.line), first, "{what}");

    // The marks' lines are on the stack, in this order; other frames may stand between.
    let users = report
        .frames
        .iter()
        .filter(|frame| frame.kind == FrameKind::User);
    let mut lines = users.clone().filter_map(|frame| frame.place.as_ref()?.line);
    for mark in story.marks {
        assert!(
            lines.any(|found| Some(found) == line(mark)),
            "{what}: `{mark}` is not on the stack"
        );
    }
    for frame in users {
        let name = frame.function.as_deref().unwrap_or_default();
        let clean = !name.contains("::h") && !name.contains('$') && !name.starts_with("_ZN");
        assert!(clean && !name.is_empty(), "{what}: {name}");
    }

    let shown = report.user_frame.and_then(|frame| report.frames.get(frame));
    let variables = shown
        .map(|frame| frame.variables.as_slice())
        .unwrap_or_default();
    for (name, value) in story.variables {
        let found = variables
            .iter()
            .find(|variable| variable.value.name == *name);
        let known = found.and_then(|variable| variable.value.summary.as_deref());
        match (build, known) {
            (_, Some(known)) => assert!(known.starts_with(value), "{what}: {name} = {known}"),
            (Build::Debug, None) => panic!("{what}: {name} is not there: {variables:?}"),
            // Optimised: right or unavailable.
            (_, None) => {}
        }
    }
}

#[test]
fn stack_overflows_name_the_round_and_the_stack() {
    for target in Target::ALL {
        for (sample, headline, round) in [
            (
                "stack_overflow",
                "stack overflow: stack_overflow::cost calls itself, ",
                1,
            ),
            ("mutual_recursion", "stack overflow: mutual_recursion::", 3),
            (
                "stack_overflow_large_frames",
                "stack overflow in linear memory: stack_overflow_large_frames::path calls itself, ",
                1,
            ),
        ] {
            let report = report(sample, Build::Debug, target, &[]);
            assert!(report.headline.starts_with(headline), "{}", report.headline);
            let repeated = report.layout.iter().find_map(|entry| match entry {
                StackEntry::Repeated {
                    times, functions, ..
                } => Some((*times, functions.len())),
                _ => None,
            });
            let (times, functions) = repeated.expect("the recursion is counted, not listed");
            assert!(times > 100, "{sample}: {times}");
            assert_eq!(functions, round, "{sample}");
            // The innermost had only been entered: what stands where its variables would be is
            // not theirs.
            let innermost = &report.frames[0];
            assert!(innermost.variables.is_empty(), "{innermost:?}");
            assert!(innermost.variables_unavailable.is_some(), "{innermost:?}");
            assert!(
                report.frames[functions]
                    .variables
                    .iter()
                    .any(|v| v.value.summary.is_some())
            );
            assert!(
                report.frames.len() < 100,
                "{sample}: {} frames",
                report.frames.len()
            );
        }
    }
}

#[test]
fn operands_are_told_where_they_are_known() {
    for target in Target::ALL {
        for (sample, known, silent) in [
            (
                "trap_divide_by_zero",
                "division by zero: 300 / 0",
                "division by zero",
            ),
            (
                "indirect_call_out_of_table",
                "call through a wild function pointer (1000000): ",
                "call through a wild function pointer: ",
            ),
        ] {
            let exact = ["--locals", "exact"];
            let exact = report(sample, Build::Debug, target, &exact).headline;
            assert!(exact.starts_with(known), "{exact}");
            // Plain code is right or silent.
            let plain = report(sample, Build::Debug, target, &[]).headline;
            let is_silent = plain == silent || silent.ends_with(' ') && plain.starts_with(silent);
            assert!(plain.starts_with(known) || is_silent, "{plain}");
        }
    }
}

#[test]
fn a_missing_source_is_named_with_the_map_that_finds_it() {
    let program = prebuilt("orders");
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wasmscope"));
        let output = command
            .arg("run")
            .args(args)
            .arg(&program)
            .current_dir(elsewhere.path())
            .output()
            .expect("it starts");
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    let without = run(&[]);
    let looked_for = elsewhere.path().join("samples/src/bin/orders.rs");
    let looked_for = looked_for.canonicalize().unwrap_or(looked_for);
    assert!(
        without.contains(&format!("there is no {}", looked_for.display())),
        "{without}"
    );
    assert!(
        without.contains("--map samples=/path/to/samples"),
        "{without}"
    );
    let map = format!("samples={}", workspace().join("samples").display());
    let with = run(&["--map", &map]);
    assert!(with.contains("// <- fails"), "{with}");
    assert!(!with.contains("there is no "), "{with}");
}

#[test]
fn exact_locals_are_known_where_plain_code_keeps_none() {
    let release = |args: &[&str]| {
        let report = report(
            "refcell_double_borrow",
            Build::ReleaseWithDebug,
            Target::WasiP1,
            args,
        );
        let all = report.frames.iter().flat_map(|frame| &frame.variables);
        let known = all
            .clone()
            .filter(|variable| variable.value.summary.is_some())
            .count();
        let not_kept = all.clone().filter(|variable| {
            variable
                .value
                .unavailable
                .as_deref()
                .is_some_and(|why| why.contains("does not keep"))
        });
        (known, not_kept.count())
    };
    let (plain, exact) = (release(&[]), release(&["--locals", "exact"]));
    assert!(exact.0 >= plain.0, "plain {plain:?}, exact {exact:?}");
    assert_eq!(exact.1, 0, "plain {plain:?}, exact {exact:?}");
    assert_eq!(release(&["--locals", "none"]), (0, 0));
}

#[test]
fn without_debug_info_there_are_names_and_opcodes() {
    let named = report("wild_pointer", Build::Release, Target::WasiP1, &[]);
    assert!(
        named.headline.starts_with("memory access out of bounds"),
        "{}",
        named.headline
    );
    let code = named.disassembly.as_ref().expect("the opcodes");
    assert!(
        code.lines[code.failing].text.starts_with("i32.load"),
        "{code:?}"
    );
    assert!(named.frames.iter().any(|f| {
        f.function
            .as_deref()
            .is_some_and(|f| f.contains("wild_pointer::"))
    }));
    assert!(
        named
            .notes
            .iter()
            .any(|note| note.text.contains("build with debug info"))
    );

    // Nothing but what the guest printed says that this was a panic.
    let stripped = report("unwrap_none", Build::Stripped, Target::WasiP1, &[]);
    assert!(
        stripped
            .headline
            .starts_with("panicked: called `Option::unwrap()`"),
        "{}",
        stripped.headline
    );
    assert!(
        stripped
            .notes
            .iter()
            .any(|note| note.text.contains("stripped"))
    );
}

/// The page that the introduction shows.
#[test]
fn the_page_of_the_prebuilt_sample() {
    let program = prebuilt("orders");
    let program = program
        .strip_prefix(workspace())
        .expect("it lies in the workspace");
    let output = wasmscope(&["run", &program.to_string_lossy()]);
    assert_eq!(output.status.code(), Some(134));
    let text = String::from_utf8(output.stderr).expect("UTF-8");
    let page = text
        .find("error: ")
        .and_then(|at| text.get(at..))
        .expect("a report");
    insta::assert_snapshot!(page);
}

/// A run's report as data, read back.
fn report(name: &str, build: Build, target: Target, args: &[&str]) -> Report {
    let program = sample(name, build, target);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("report.json");
    let file = file.to_string_lossy();
    let program = program.to_string_lossy();
    let ours = ["run", "--report", "json", "--report-file", &file];
    let output = wasmscope(&[&ours[..], args, &[&program]].concat());
    assert_eq!(
        output.status.code(),
        Some(134),
        "{name} {build:?} {target:?}: {output:?}"
    );
    let json = std::fs::read_to_string(&*file).expect("a report was written");
    serde_json::from_str(&json).expect("the report is what it says it is")
}

fn wasmscope(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wasmscope"));
    // Paths in reports are relative to the current folder.
    command
        .args(args)
        .current_dir(workspace())
        .env_remove("WASMSCOPE_LOG");
    command.output().expect("it starts")
}
