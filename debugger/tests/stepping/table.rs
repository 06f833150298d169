//! Tables that read like a story: a command, and the function and line where it is to end.

use crate::driver::{Driver, Outcome};
use std::fmt::Write;
use std::path::Path;
use std::process::Command as Process;
use wasmscope_debugger::protocol::{BreakpointPlace, Command, Exit, FrameInfo, StopReason};
use wasmscope_test_support::{Build, Target, line_of, sample, sample_source};

/// What is done at one row.
#[derive(Clone, Copy, Debug)]
pub enum Do {
    /// Sets a breakpoint on the row's line and runs to it; it goes away then.
    Break,
    Next,
    Step,
    Finish,
    Until,
    /// Runs to the row's line.
    UntilLine,
    Continue,
}

/// Where a row ends.
#[derive(Clone, Copy, Debug)]
pub enum At {
    /// In this function, on the line of the sample that has this text.
    Line(&'static str, &'static str),
    /// `finish` has returned with this value, in this function, on this line.
    Returned(&'static str, &'static str, &'static str),
    /// The guest panicked, and the first frame shown is this function on this line.
    Panicked(&'static str, &'static str),
    /// The guest trapped there.
    Trapped(&'static str, &'static str),
    /// The guest has ended with this exit code.
    Exited(i32),
}

pub type Row = (Do, At);

/// A program and what stepping through it does.
pub struct Table {
    pub sample: &'static str,
    pub args: &'static [&'static str],
    pub rows: &'static [Row],
}

/// Goes through the table in every one of these builds, and then on to the end: what the guest
/// wrote and its exit code are those of a run without a debugger.
pub fn check(table: &Table, builds: &[(Build, Target)]) {
    for (build, target) in builds {
        let wasm = sample(table.sample, *build, *target);
        let mut driver = Driver::new(&wasm, table.args);
        let mut started = false;
        let mut last = None;
        let mut story = format!("{} {build:?} {target:?}\n", table.sample);
        for (number, (command, at)) in (1..).zip(table.rows) {
            let outcome = perform(&mut driver, table, *command, *at, &mut started);
            let is = show(table.sample, &outcome);
            let due = expected(table.sample, *at, *target);
            let _ = writeln!(story, "{number:>3} {command:?} -> {is}");
            assert_eq!(is, due, "row {number} of\n{story}");
            last = Some(outcome);
        }
        let left = driver.temporary_breakpoints();
        assert_eq!(left, 0, "temporary breakpoints are left after\n{story}");
        let end = match last {
            Some(Outcome::Exited(exit)) => exit,
            _ => to_the_end(&mut driver, &story),
        };
        same_as_undebugged(&wasm, table.args, &driver, &end, &story);
    }
}

/// Lets the guest go on to its end. Nothing may stop it but what it does itself.
fn to_the_end(driver: &mut Driver, story: &str) -> Exit {
    loop {
        match driver.go(Command::Continue) {
            Outcome::Exited(exit) => return exit,
            Outcome::Stopped(stop) => match stop.reason {
                StopReason::Panic { .. } | StopReason::Trap { .. } | StopReason::Exit { .. } => {}
                _ => panic!("something is left over: {stop:?}\n{story}"),
            },
        }
    }
}

fn perform(driver: &mut Driver, table: &Table, what: Do, at: At, started: &mut bool) -> Outcome {
    let place = |at: At| match at {
        At::Line(_, text) => BreakpointPlace::Line {
            file: format!("{}.rs", table.sample),
            line: line_of(&sample_source(table.sample), text),
            column: None,
        },
        other => panic!("{other:?} is no line"),
    };
    let command = match what {
        Do::Break => {
            driver.break_once(place(at));
            Command::Continue
        }
        Do::Next => Command::Next { count: 1 },
        Do::Step => Command::Step { count: 1 },
        Do::Finish => Command::Finish { frame: 0 },
        Do::Until => Command::Until { place: None },
        Do::UntilLine => Command::Until {
            place: Some(place(at)),
        },
        Do::Continue => Command::Continue,
    };
    let command = match std::mem::replace(started, true) {
        true => command,
        false => Command::Run,
    };
    driver.go(command)
}

/// The last parts of a function's name: generic arguments, the crate and the paths of traits left
/// out.
pub fn short(function: &str) -> String {
    let mut text = String::new();
    let mut depth = 0_u32;
    for c in function.chars() {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            c if depth == 0 => text.push(c),
            _ => {}
        }
    }
    let mut parts: Vec<&str> = text.split("::").filter(|part| !part.is_empty()).collect();
    parts.reverse();
    let closure = parts
        .iter()
        .take_while(|part| part.starts_with('{'))
        .count();
    parts.truncate(closure + 1);
    parts.reverse();
    let parts: Vec<&str> = parts
        .iter()
        .map(|part| match part.starts_with('{') {
            true => "{closure}",
            false => part,
        })
        .collect();
    parts.join("::")
}

/// A place as tables have it: `function: the line's text`.
pub fn place(sample: &str, frame: Option<&FrameInfo>) -> String {
    let Some(frame) = frame else {
        return "nowhere".into();
    };
    let function = short(frame.function.as_deref().unwrap_or("?"));
    let Some(place) = &frame.place else {
        return format!("{function}: no line");
    };
    let own = place.file.ends_with(&format!("/{sample}.rs"));
    match (own, place.line) {
        (true, Some(line)) => format!("{function}: {}", text(sample, line)),
        (_, line) => format!("{function}: {}:{}", place.file, line.unwrap_or(0)),
    }
}

/// A line of a sample, without the spaces around it.
fn text(sample: &str, line: u32) -> String {
    let source = std::fs::read_to_string(sample_source(sample)).expect("it is there");
    let line = source.lines().nth(line as usize - 1);
    line.unwrap_or("beyond the end").trim().to_owned()
}

fn show(sample: &str, outcome: &Outcome) -> String {
    let stop = match outcome {
        Outcome::Exited(Exit::Code { code, .. } | Exit::Failure { code, .. }) => {
            return format!("exited {code}");
        }
        Outcome::Exited(Exit::Killed) => return "killed".into(),
        Outcome::Stopped(stop) => stop,
    };
    let at = place(sample, stop.info.as_ref());
    match &stop.reason {
        StopReason::Step | StopReason::Breakpoint | StopReason::Until => at,
        StopReason::Finished { value, .. } => {
            let value = value.as_ref();
            let value = value.map_or("()", |v| v.summary.as_deref().unwrap_or("unavailable"));
            format!("returned {value} to {at}")
        }
        StopReason::Panic { .. } => format!("panicked in {at}"),
        StopReason::Trap { .. } => format!("trapped in {at}"),
        StopReason::Exit { code } => format!("exited {code}"),
        other => format!("{other:?} at {at}"),
    }
}

fn expected(sample: &str, at: At, target: Target) -> String {
    let line = |function: &str, needle: &str| {
        let line = line_of(&sample_source(sample), needle);
        format!("{function}: {}", text(sample, line))
    };
    match at {
        At::Line(function, needle) => line(function, needle),
        At::Returned(value, function, needle) => {
            format!("returned {value} to {}", line(function, needle))
        }
        At::Panicked(function, needle) => format!("panicked in {}", line(function, needle)),
        At::Trapped(function, needle) => format!("trapped in {}", line(function, needle)),
        // WASI 0.2 knows success and failure only.
        At::Exited(code) if target == Target::WasiP2 => format!("exited {}", code.min(1)),
        At::Exited(code) => format!("exited {code}"),
    }
}

/// The guest ended as it does under `wasmscope run`.
pub fn same_as_undebugged(wasm: &Path, args: &[&str], driver: &Driver, end: &Exit, story: &str) {
    let run = Process::new(wasmscope_test_support::wasmscope_binary())
        .arg("run")
        .arg(wasm)
        .args(args)
        .output()
        .expect("wasmscope runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(text(&driver.stdout), text(&run.stdout), "{story}");
    // After a failure, `run` adds its report to what the guest wrote.
    assert!(
        text(&run.stderr).starts_with(&text(&driver.stderr)),
        "{:?}\n{story}",
        text(&driver.stderr)
    );
    let (Exit::Code { code, .. } | Exit::Failure { code, .. }) = end else {
        panic!("{end:?}\n{story}");
    };
    assert_eq!(Some(*code), run.status.code(), "{story}");
}
