//! Watched values: every change is seen, with the value before and after, until the frame returns.

use crate::support::{Came, DEBUG, Debug};
use wasmscope_debugger::protocol::{
    BreakpointPlace, BreakpointSpec, Command, CommandErrorKind, Event, StopReason,
};

fn watch(expression: &str) -> BreakpointSpec {
    BreakpointSpec::new(BreakpointPlace::Watch {
        expression: expression.into(),
    })
}

#[test]
fn a_local_is_watched_until_its_frame_returns() {
    for built in DEBUG {
        let mut debug = Debug::sample("orders", built);
        let line = debug.at("orders", "removes");
        debug.stop(Command::Run);
        debug.told(Command::DeleteBreakpoint { id: line.id });
        let set = debug.set(watch("total"));
        assert!(
            set.notes
                .iter()
                .any(|note| note.contains("opcode by opcode")),
            "{set:#?}"
        );
        let mut seen = Vec::new();
        loop {
            let stop = debug.stop(Command::Continue);
            match stop.reason {
                StopReason::Watch { id, old, new, .. } => {
                    assert_eq!(id, set.id, "{built:?}");
                    assert_eq!(stop.breakpoints, [set.id], "{built:?}");
                    seen.push((old.summary, new.summary));
                }
                StopReason::WatchEnded { id, .. } => {
                    assert_eq!(id, set.id, "{built:?}");
                    break;
                }
                other => panic!("{built:?}: {other:?}"),
            }
        }
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            seen,
            [(text("0"), text("600")), (text("600"), text("920"))],
            "{built:?}"
        );
        assert_eq!(debug.breakpoints(), [], "{built:?}");
        // Nothing is left of it: the guest goes on at full speed to its panic.
        let stop = debug.stop(Command::Continue);
        assert!(
            matches!(stop.reason, StopReason::Panic { .. }),
            "{built:?}: {stop:#?}"
        );
    }
}

#[test]
fn a_value_behind_a_reference_is_watched_from_an_outer_frame() {
    for built in DEBUG {
        let mut debug = Debug::sample("orders", built);
        let line = debug.at("orders", "removes");
        debug.stop(Command::Run);
        debug.told(Command::DeleteBreakpoint { id: line.id });
        let spec = BreakpointSpec {
            condition: Some("self.removed > 100".into()),
            ..watch("inventory.removed")
        };
        debug.set(spec);
        let stop = debug.stop(Command::Continue);
        let StopReason::Watch { old, new, .. } = &stop.reason else {
            panic!("{built:?}: {stop:#?}");
        };
        assert_eq!(old.summary.as_deref(), Some("40"), "{built:?}");
        assert_eq!(new.summary.as_deref(), Some("120"), "{built:?}");
    }
}

#[test]
fn a_static_is_watched_to_the_end() {
    let mut debug = Debug::sample("statics", DEBUG[0]);
    debug.set(BreakpointSpec::new(BreakpointPlace::Function {
        name: "statics::bump".into(),
    }));
    debug.stop(Command::Run);
    let set = debug.set(watch("COUNTER"));
    let stop = debug.stop(Command::Continue);
    let StopReason::Watch { old, new, .. } = &stop.reason else {
        panic!("{stop:#?}");
    };
    assert_eq!(old.summary.as_deref(), Some("3"));
    assert_eq!(new.summary.as_deref(), Some("42"));
    assert!(matches!(debug.go(Command::Continue), Came::Exited(_)));
    let gone = debug.taken(|event| matches!(event, Event::BreakpointChanged { gone: true, .. }));
    assert_eq!(gone.len(), 1, "{gone:#?}");
    assert!(debug.breakpoints().iter().all(|left| left.id != set.id));
}

#[test]
fn watching_needs_a_paused_guest_and_a_value() {
    let mut debug = Debug::sample("orders", DEBUG[0]);
    let error = debug
        .ask(Command::SetBreakpoint(watch("total")))
        .expect_err("nothing runs");
    assert_eq!(error.kind, CommandErrorKind::NotRunning);
    debug.at("orders", "removes");
    debug.stop(Command::Run);
    let error = debug
        .ask(Command::SetBreakpoint(watch("totl")))
        .expect_err("no such variable");
    assert!(
        error.suggestions.iter().any(|name| name == "total"),
        "{error:?}"
    );
}
