//! Variables without a value: what `values_moved` says of itself, stop by stop, is what is shown.

use crate::support::{BUILDS, DEBUG, Debug, function, is_breakpoint, line};
use std::collections::BTreeSet;
use wasmscope_debugger::protocol::{BreakpointSpec, Command, FrameInfo, ReplyBody, ValueLimits};
use wasmscope_debugger::values::Value;
use wasmscope_test_support::{Build, Target};

/// Stops that are looked at, at most.
const MAX_STOPS: usize = 200;

/// A stop in `look`: where the caller is, what it says is gone (optimised code has lost it), and what
/// is shown of its variables.
struct Looked {
    place: String,
    said: BTreeSet<String>,
    shown: Vec<Value>,
}

/// All stops of a run.
fn looks(built: (Build, Target)) -> Vec<Looked> {
    let mut debug = Debug::sample("values_moved", built);
    debug.set(BreakpointSpec::new(function("values_moved::look")));
    let mut looks = Vec::new();
    let mut stop = debug.stop(Command::Run);
    while is_breakpoint(&stop) && looks.len() < MAX_STOPS {
        let said = debug.evaluate(0, "gone");
        let said = said.map_or_else(|error| error.message, |value| value.to_string());
        let said = said.trim_matches('"').split_whitespace();
        let limits = ValueLimits {
            children: 4,
            ..ValueLimits::default()
        };
        let stack = debug.stack();
        let is_look = |frame: &FrameInfo| frame.function.as_deref() == Some("values_moved::look");
        let caller = stack.iter().position(is_look).expect("that is where it is") + 1;
        let frame = stack[caller].id;
        let caller = &stack[caller];
        let place = caller.place.as_ref().expect("it has lines");
        let place = format!("{}:{}", place.file, place.line.unwrap_or(0));
        let shown = match debug.told(Command::Variables { frame, limits }) {
            ReplyBody::Variables { variables, .. } => variables,
            other => panic!("{other:?}"),
        };
        looks.push(Looked {
            place,
            said: said.map(str::to_owned).collect(),
            shown: shown.into_iter().map(|variable| variable.value).collect(),
        });
        stop = debug.stop(Command::Continue);
    }
    looks
}

/// What of a value is gone: its name, or those of the outermost parts that are.
fn gone(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match &value.unavailable {
        Some(reason) if reason.contains("not given a value yet") => {
            found.insert(format!("-{path}"));
        }
        Some(reason) if reason.contains("moved out or dropped") => {
            found.insert(path.to_owned());
        }
        Some(reason) => panic!("{path}: {reason}"),
        None => {
            for child in &value.children {
                gone(child, &format!("{path}.{}", child.name), found);
            }
        }
    }
}

#[test]
fn unoptimised_programs_show_what_is_gone_and_only_that() {
    for built in DEBUG {
        let looks = looks(built);
        assert!(looks.len() > 45, "{built:?}: {} stops", looks.len());
        for look in looks {
            let mut found = BTreeSet::new();
            for value in &look.shown {
                gone(value, &value.name, &mut found);
            }
            let shown: Vec<String> = look.shown.iter().map(ToString::to_string).collect();
            assert_eq!(found, look.said, "{built:?} at {}: {shown:#?}", look.place);
            assert!(look.shown.iter().all(|value| value.doubt.is_none()));
        }
    }
}

#[test]
fn optimised_programs_have_doubts_where_they_are_due() {
    let truth = looks(DEBUG[0]);
    let (mut right, mut wrong) = (0, Vec::new());
    for built in BUILDS.into_iter().filter(|built| !DEBUG.contains(built)) {
        let looks = looks(built);
        assert_eq!(looks.len(), truth.len(), "{built:?}: the same stops");
        for (look, truth) in looks.iter().zip(&truth) {
            for value in look.shown.iter().filter(|value| value.doubt.is_some()) {
                let parts = format!("{}.", value.name);
                let is_gone = |said: &&String| {
                    said.trim_start_matches('-') == value.name || said.starts_with(&parts)
                };
                match truth.said.iter().any(|said| is_gone(&said)) {
                    true => right += 1,
                    false => wrong.push(format!("{built:?} at {}: {value}", look.place)),
                }
            }
        }
    }
    println!(
        "{right} doubts are right, {} are not: {wrong:#?}",
        wrong.len()
    );
    // The optimiser may use a copy's original instead of the copy that debug info names.
    assert!(right > 3 * wrong.len(), "{right}, and wrong are {wrong:#?}");
}

/// A session in the caller of `look` that says this is gone.
fn where_gone(gone: &str) -> Debug {
    let mut debug = Debug::sample("values_moved", DEBUG[0]);
    debug.set(BreakpointSpec {
        condition: Some(format!("gone == {gone:?}")),
        ..BreakpointSpec::new(function("values_moved::look"))
    });
    assert!(is_breakpoint(&debug.stop(Command::Run)));
    debug
}

#[test]
fn expressions_do_not_reach_into_what_is_gone() {
    let mut debug = where_gone("pair.0");
    let mut value = |text: &str| match debug.evaluate(1, text) {
        Ok(value) => value.to_string(),
        Err(error) => error.message,
    };
    assert_eq!(value("pair"), "(<moved out or dropped>, [1, 2])");
    assert_eq!(value("pair.0"), "<unavailable: moved out or dropped>");
    for text in ["pair.0.len()", "pair.0[0]", "pair.0 == \"left\""] {
        let error = value(text);
        assert!(error.contains("moved out or dropped"), "{text}: {error}");
    }
    assert_eq!(value("pair.1[1]"), "2");
    // What the memory holds can be had all the same.
    assert!(value("~pair").contains("RawVecInner"));
    assert!(value("&pair").starts_with("0x"), "{}", value("&pair"));
}

#[test]
fn a_condition_on_what_is_gone_is_not_decided() {
    let mut debug = Debug::sample("values_moved", DEBUG[0]);
    debug.set(BreakpointSpec {
        condition: Some("text.len() == 7".into()),
        ..BreakpointSpec::new(line("values_moved", "moved in every round"))
    });
    let stop = debug.stop(Command::Run);
    let notes = stop.notes.join(" ");
    assert!(notes.contains("moved out or dropped"), "{stop:#?}");
}
