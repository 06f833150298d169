//! Steps and stacks against gdb's, in a native build of the same source without optimisation.
//!
//! Compared are the places in the sample's own source, one after the other. gdb stops twice on a
//! line whose rows in the line table are joined by jumps (an overflow check is enough), also when a
//! call returns to it; wasmscope shows a line once: both count as one here. Where the two differ
//! otherwise, the difference is listed in [`DIFFERENCES`] with its reason; one that is gone fails the
//! test too. Without gdb the test says so and is skipped.

#[path = "../stepping/driver.rs"]
#[allow(dead_code, reason = "this test uses a part")]
mod driver;
mod gdb;
#[path = "../stepping/table.rs"]
#[allow(dead_code, reason = "this test uses a part")]
mod table;

use driver::{Driver, Outcome};
use gdb::{Question, Visit};
use std::collections::HashMap;
use std::fmt::Write;
use wasmscope_debugger::protocol::{BreakpointPlace, Command, FrameInfo};
use wasmscope_test_support::{Build, Target, line_of, native_sample, sample, sample_source};

/// How many steps are compared.
const STEPS: usize = 30;

/// Where the steps begin: a sample and what stands on the line.
const STARTS: [(&str, &str); 14] = [
    ("stepping_loops", "// <- for: before"),
    ("stepping_loops", "// <- while: before"),
    ("stepping_loops", "// <- loop: before"),
    ("stepping_loops", "// <- nested: before"),
    ("stepping_branches", "// <- main: dot"),
    ("stepping_branches", "// <- main: good"),
    ("stepping_branches", "// <- main: even"),
    ("stepping_closures", "// <- main: local"),
    ("stepping_closures", "// <- main: chain"),
    ("stepping_calls", "// <- main: zero"),
    ("stepping_calls", "// <- main: factorial"),
    ("stepping_inlined", "// <- outer: first"),
    ("stepping_inlined", "// <- macros: vec"),
    ("stepping_async", "// <- run: pin"),
];

/// Where functions are finished from, one after the other.
const FINISHED: [(&str, &str); 10] = [
    ("stepping_loops", "// <- for: before"),
    ("stepping_loops", "// <- nested: body"),
    ("stepping_branches", "// <- match: doubled"),
    ("stepping_branches", "// <- if let: some"),
    ("stepping_branches", "// <- ?: ok"),
    ("stepping_closures", "// <- closure: sum"),
    ("stepping_calls", "// <- bird: legs"),
    ("stepping_calls", "// <- factorial: one"),
    ("stepping_calls", "// <- odd: false"),
    ("stepping_inlined", "// <- macros: vec"),
];

/// Told to skip std's functions, gdb steps over them whole.
const CALLED_BACK: &str = "gdb does not stop in closures and methods of the user's that std calls";

/// The result comes back through memory, and nothing is left to do on the line of the call.
const LAST_ON_ITS_LINE: &str = "native code has an instruction behind the call, Wasm has none";

/// What gdb does otherwise: where, with which command, and why.
const DIFFERENCES: [(&str, &str, &str); 3] = [
    ("// <- ?: ok", "finish", LAST_ON_ITS_LINE),
    ("// <- main: local", "step", CALLED_BACK),
    ("// <- main: chain", "step", CALLED_BACK),
];

fn place(sample: &str, needle: &str) -> BreakpointPlace {
    BreakpointPlace::Line {
        file: format!("{sample}.rs"),
        line: line_of(&sample_source(sample), needle),
        column: None,
    }
}

/// A frame as gdb's are compared with it; `None` outside of the sample.
fn visit(sample: &str, frame: &FrameInfo) -> Option<Visit> {
    let place = frame.place.as_ref()?;
    let function = table::short(frame.function.as_deref()?);
    let own = place.file.ends_with(&format!("/{sample}.rs"));
    own.then_some((function, place.line?))
}

/// Names in one form; equal neighbours as one; a line that comes back when a call it makes returns
/// as one with its first showing.
fn plain(visits: Vec<Visit>) -> Vec<Visit> {
    let mut last_in: HashMap<String, u32> = HashMap::new();
    let mut plain: Vec<Visit> = Vec::new();
    let mut before = String::new();
    for (function, line) in visits {
        let function = table::short(&function);
        let again = last_in.insert(function.clone(), line) == Some(line);
        let returned = before != function;
        before.clone_from(&function);
        let visit = (function, line);
        if plain.last() != Some(&visit) && !(again && returned) {
            plain.push(visit);
        }
    }
    plain
}

/// Where wasmscope stands, until there have been so many places or the guest has ended.
fn ours(sample_name: &str, needle: &str, target: Target, command: &Command) -> Vec<Visit> {
    let mut driver = Driver::new(&sample(sample_name, Build::Debug, target), &[]);
    driver.break_once(place(sample_name, needle));
    let mut outcome = driver.go(Command::Run);
    let mut visits = Vec::new();
    for _ in 0..2 * STEPS {
        let Outcome::Stopped(stop) = outcome else {
            break;
        };
        visits.extend(stop.info.as_ref().and_then(|info| visit(sample_name, info)));
        outcome = match driver.try_to_go(command.clone()) {
            Ok(outcome) => outcome,
            // `finish` in the outermost function.
            Err(_) => break,
        };
    }
    plain(visits)
}

fn compare(starts: &[(&'static str, &'static str)], gdb_command: &str, command: &Command) {
    if let Some(why) = gdb::missing() {
        eprintln!("skipped: {why}; install gdb to compare with it");
        return;
    }
    let mut wrong = String::new();
    for &(name, needle) in starts {
        let program = native_sample(name);
        let question = Question {
            sample: name,
            program: &program,
            line: line_of(&sample_source(name), needle),
            command: gdb_command,
            count: 3 * STEPS,
        };
        let mut theirs = plain(question.visits());
        theirs.truncate(STEPS);
        assert!(
            theirs.len() > 1,
            "{name} {needle}: gdb went nowhere: {theirs:?}"
        );
        let known = DIFFERENCES
            .iter()
            .find(|(at, how, _)| *at == needle && *how == gdb_command);
        for target in Target::ALL {
            let mut ours = ours(name, needle, target, command);
            ours.truncate(STEPS);
            let same = ours == theirs;
            if same == known.is_some() {
                let verdict = if same {
                    "no longer different"
                } else {
                    "different"
                };
                let _ = writeln!(
                    wrong,
                    "{gdb_command} from {name} {needle} {target:?}: {verdict}"
                );
                let _ = write!(wrong, "{}", side_by_side(name, &ours, &theirs));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Both ways, with the lines' text, up to a little behind where they part.
fn side_by_side(sample: &str, ours: &[Visit], theirs: &[Visit]) -> String {
    let source = std::fs::read_to_string(sample_source(sample)).expect("it is there");
    let lines: Vec<&str> = source.lines().collect();
    let show = |visit: Option<&Visit>| match visit {
        Some((function, line)) => {
            let text = lines.get(*line as usize - 1).unwrap_or(&"").trim();
            format!("{function}:{line} {text}")
        }
        None => "-".into(),
    };
    let mut table = String::new();
    for at in 0..ours.len().max(theirs.len()) {
        let (own, other) = (ours.get(at), theirs.get(at));
        let mark = if own == other { ' ' } else { '|' };
        let _ = writeln!(
            table,
            "  {mark} {:60.60} {mark} {:.60}",
            show(own),
            show(other)
        );
    }
    table
}

#[test]
fn next_goes_where_gdbs_goes() {
    compare(&STARTS, "next", &Command::Next { count: 1 });
}

#[test]
fn step_goes_where_gdbs_goes() {
    compare(&STARTS, "step", &Command::Step { count: 1 });
}

#[test]
fn finish_ends_where_gdbs_ends() {
    compare(&FINISHED, "finish", &Command::Finish { frame: 0 });
}

#[test]
fn the_stacks_frames_are_gdbs() {
    if let Some(why) = gdb::missing() {
        eprintln!("skipped: {why}; install gdb to compare with it");
        return;
    }
    let places = STARTS.into_iter().chain([
        ("stepping_calls", "// <- factorial: one"),
        ("stepping_calls", "// <- display: write"),
        ("stepping_calls", "// <- odd: false"),
        ("stepping_inlined", "// <- innermost: second"),
        ("stepping_closures", "// <- closure: result"),
        ("stepping_closures", "// <- sort: compare"),
        ("stepping_async", "// <- soon: pending"),
    ]);
    for (name, needle) in places {
        let program = native_sample(name);
        let question = Question {
            sample: name,
            program: &program,
            line: line_of(&sample_source(name), needle),
            command: "backtrace",
            count: 0,
        };
        let short = |(function, line): Visit| (table::short(&function), line);
        let theirs: Vec<Visit> = question.stack().into_iter().map(short).collect();
        assert!(!theirs.is_empty(), "{name} {needle}: gdb has no stack");
        for target in Target::ALL {
            let mut driver = Driver::new(&sample(name, Build::Debug, target), &[]);
            driver.break_once(place(name, needle));
            driver.stop(Command::Run);
            let frames = driver.stack();
            let ours: Vec<Visit> = frames.iter().filter_map(|f| visit(name, f)).collect();
            assert_eq!(ours, theirs, "{name} {needle} {target:?}");
        }
    }
}
