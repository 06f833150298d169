//! Where breakpoints land, and what a hit means.

use crate::support::{
    BUILDS, Came, DEBUG, Debug, function, function_of, is_breakpoint, line, line_of,
};
use wasmscope_debugger::protocol::{
    BreakpointChange, BreakpointPlace, BreakpointSpec, Command, Event, Exit, HitCondition, Stop,
    StopReason,
};
use wasmscope_test_support::{Target, marked_line};

#[test]
fn a_line_stops_in_its_function_every_time_it_comes() {
    for built in BUILDS {
        let mut debug = Debug::sample("orders", built);
        let set = debug.at("orders", "removes");
        assert!(!set.locations.is_empty(), "{built:?}: {set:#?}");
        let mut stop = debug.stop(Command::Run);
        // Optimised, the line may have no code of its own; then that is said.
        let wanted = marked_line("orders", "removes");
        let landed = |stop: &Stop| {
            let pc = stop.info.as_ref().expect("a frame").pc;
            let location = set.locations.iter().find(|at| at.pc == pc);
            let place = location.and_then(|at| at.place.as_ref());
            place.and_then(|place| place.line).expect("a line")
        };
        for _ in 0..3 {
            assert!(is_breakpoint(&stop), "{built:?}: {stop:#?}");
            assert_eq!(stop.breakpoints, [set.id], "{built:?}");
            let line = landed(&stop);
            assert_eq!(line_of(&stop), line, "{built:?}");
            assert!(
                line == wanted || !set.notes.is_empty(),
                "{built:?}: {set:#?}"
            );
            assert_eq!(function_of(&stop), "orders::pick", "{built:?}");
            stop = debug.stop(Command::Continue);
        }
        // Optimised, the last visit may panic before it comes to code of the line itself.
        let fewest = if DEBUG.contains(&built) { 4 } else { 3 };
        let hits = debug.breakpoints()[0].hits;
        assert!((fewest..=4).contains(&hits), "{built:?}: {hits}");
    }
}

#[test]
fn a_function_stops_past_its_prologue_with_its_arguments() {
    for built in DEBUG {
        let mut debug = Debug::sample("orders", built);
        let set = debug.set(BreakpointSpec::new(function("Inventory::remove")));
        assert_eq!(set.locations.len(), 1, "{built:?}: {set:#?}");
        let stop = debug.stop(Command::Run);
        assert_eq!(function_of(&stop), "orders::Inventory::remove", "{built:?}");
        let argument = debug.variable(0, "line");
        assert!(
            argument
                .summary
                .as_deref()
                .is_some_and(|text| text.contains("\"bolt\"")),
            "{built:?}: {argument:#?}"
        );
    }
}

#[test]
fn a_temporary_one_stops_once() {
    let mut debug = Debug::sample("orders", DEBUG[0]);
    let spec = BreakpointSpec {
        temporary: true,
        ..BreakpointSpec::new(line("orders", "removes"))
    };
    let set = debug.set(spec);
    let stop = debug.stop(Command::Run);
    assert_eq!(stop.breakpoints, [set.id]);
    assert_eq!(debug.breakpoints(), []);
    assert!(matches!(debug.go(Command::Continue), Came::Stopped(stop) if !is_breakpoint(&stop)));
}

#[test]
fn hits_are_counted_and_passed_over() {
    for (hits, ignore, expected) in [
        (None, 2, 3),
        (Some(HitCondition::Equal(3)), 0, 3),
        (Some(HitCondition::Greater(2)), 0, 3),
        (Some(HitCondition::Multiple(2)), 0, 2),
        (Some(HitCondition::GreaterOrEqual(2)), 1, 3),
    ] {
        let mut debug = Debug::sample("orders", DEBUG[0]);
        debug.set(BreakpointSpec {
            hits,
            ignore,
            ..BreakpointSpec::new(line("orders", "removes"))
        });
        let stop = debug.stop(Command::Run);
        assert!(is_breakpoint(&stop), "{hits:?} {ignore}: {stop:#?}");
        assert_eq!(debug.breakpoints()[0].hits, expected, "{hits:?} {ignore}");
    }
}

#[test]
fn what_matches_nothing_offers_names_that_are_alike() {
    let mut debug = Debug::sample("orders", DEBUG[0]);
    let set = debug.set(BreakpointSpec::new(function("Inventory::remov")));
    assert_eq!(set.locations, []);
    assert!(
        set.suggestions
            .iter()
            .any(|name| name.contains("Inventory::remove")),
        "{set:#?}"
    );
    let set = debug.set(BreakpointSpec::new(BreakpointPlace::Line {
        file: "order.rs".into(),
        line: 3,
        column: None,
    }));
    assert!(
        set.suggestions
            .iter()
            .any(|name| name.ends_with("orders.rs")),
        "{set:#?}"
    );
}

#[test]
fn a_program_without_breakpoints_runs_to_its_end() {
    for built in BUILDS {
        let mut debug = Debug::sample("success", built);
        let exit = debug.exit(Command::Run);
        assert!(
            matches!(exit, Exit::Code { code: 0, .. }),
            "{built:?}: {exit:?}"
        );
        assert!(!debug.stdout.is_empty(), "{built:?}");
    }
}

#[test]
fn conditions_are_decided_before_hits_are_counted() {
    for built in DEBUG {
        let mut debug = Debug::sample("orders", built);
        let set = debug.set(BreakpointSpec {
            condition: Some("order.number == 1002 && line.quantity == 6".into()),
            ..BreakpointSpec::new(line("orders", "removes"))
        });
        let stop = debug.stop(Command::Run);
        assert_eq!(stop.breakpoints, [set.id], "{built:?}: {stop:#?}");
        assert_eq!(stop.notes, [""; 0], "{built:?}");
        assert_eq!(debug.breakpoints()[0].hits, 1, "{built:?}");
        let article = debug.evaluate(0, "line.article").expect("it is there");
        assert_eq!(article.summary.as_deref(), Some("\"hinge\""), "{built:?}");
    }
}

#[test]
fn a_wrong_condition_is_refused_with_its_position() {
    let mut debug = Debug::sample("orders", DEBUG[0]);
    let wrong = |condition: &str| {
        Command::SetBreakpoint(BreakpointSpec {
            condition: Some(condition.into()),
            ..BreakpointSpec::new(line("orders", "removes"))
        })
    };
    let error = debug
        .ask(wrong("order.numbr == 3"))
        .expect_err("no such field");
    assert_eq!(error.suggestions, ["number"], "{error:?}");
    let error = debug
        .ask(wrong("line.quantity == nine"))
        .expect_err("no such name");
    assert_eq!(error.position, Some(17), "{error:?}");
    let error = debug.ask(wrong("order.number + 1")).expect_err("no bool");
    assert!(error.message.contains("bool"), "{error:?}");
    assert_eq!(debug.breakpoints(), []);
}

#[test]
fn log_messages_are_told_and_do_not_stop() {
    for built in DEBUG {
        let mut debug = Debug::sample("orders", built);
        let set = debug.set(BreakpointSpec {
            log: Some("order {order.number}: {line.quantity} of {line.article}".into()),
            ..BreakpointSpec::new(line("orders", "removes"))
        });
        let stop = debug.stop(Command::Run);
        assert!(!is_breakpoint(&stop), "{built:?}: {stop:#?}");
        let told: Vec<String> = debug
            .taken(|event| matches!(event, Event::Log { .. }))
            .into_iter()
            .map(|event| match event {
                Event::Log { id, text, frame } => {
                    assert_eq!(id, set.id);
                    let frame = frame.expect("its frame");
                    assert_eq!(frame.function.as_deref(), Some("orders::pick"));
                    text
                }
                other => unreachable!("{other:?}"),
            })
            .collect();
        assert_eq!(
            told,
            [
                "order 1001: 40 of \"bolt\"",
                "order 1001: 80 of \"washer\"",
                "order 1002: 6 of \"hinge\"",
                "order 1003: 12 of \"bolt\"",
                "order 1003: 4 of \"bracket\"",
            ],
            "{built:?}"
        );
    }
}

#[test]
fn host_calls_stop_before_they_are_carried_out() {
    for built in BUILDS {
        let mut debug = Debug::sample("orders", built);
        let filter = match built.1 {
            Target::WasiP1 => "fd_write",
            Target::WasiP2 => "/write/",
        };
        let set = debug.set(BreakpointSpec {
            temporary: true,
            ..BreakpointSpec::new(BreakpointPlace::HostCall {
                filter: filter.into(),
            })
        });
        let stop = debug.stop(Command::Run);
        let StopReason::HostCall { function, .. } = &stop.reason else {
            panic!("{built:?}: {stop:#?}");
        };
        assert!(function.contains("write"), "{built:?}: {function}");
        assert_eq!(stop.breakpoints, [set.id], "{built:?}");
        assert_eq!(function_of(&stop), "orders::main", "{built:?}");
        assert_eq!(debug.stdout, b"", "{built:?}");
        debug.stop(Command::Continue);
        assert!(!debug.stdout.is_empty(), "{built:?}");
    }
}

#[test]
fn a_disabled_one_is_passed_by() {
    let mut debug = Debug::sample("orders", DEBUG[0]);
    let set = debug.at("orders", "removes");
    let enabled = |enabled| Command::ChangeBreakpoint {
        id: set.id,
        change: BreakpointChange {
            enabled: Some(enabled),
            ..BreakpointChange::default()
        },
    };
    let stop = debug.stop(Command::Run);
    assert!(is_breakpoint(&stop));
    debug.told(enabled(false));
    let stop = debug.stop(Command::Continue);
    assert!(!is_breakpoint(&stop), "{stop:#?}");
    debug.told(enabled(true));
    debug.restart();
    assert!(is_breakpoint(&debug.stop(Command::Run)));
    debug.told(Command::DeleteBreakpoint { id: set.id });
    assert!(debug.ask(Command::DeleteBreakpoint { id: set.id }).is_err());
    assert!(!is_breakpoint(&debug.stop(Command::Continue)));
}

#[test]
fn an_opcode_is_named_by_its_offset_and_snapped_to() {
    let mut debug = Debug::sample("orders", DEBUG[0]);
    let by_line = debug.at("orders", "removes");
    let pc = by_line.locations[0].pc;
    debug.told(Command::DeleteBreakpoint { id: by_line.id });
    let at = |pc| BreakpointSpec::new(BreakpointPlace::Pc { pc, module: None });
    let set = debug.set(at(pc));
    assert_eq!(set.locations, by_line.locations);
    assert_eq!(set.notes, [""; 0]);
    let between = debug.set(at(pc + 1));
    assert!(
        between.locations[0].pc > pc + 1 || between.notes.is_empty(),
        "{between:#?}"
    );
    assert!(debug.ask(Command::SetBreakpoint(at(1))).is_err());
    let stop = debug.stop(Command::Run);
    assert_eq!(stop.breakpoints, [set.id]);
}

#[test]
fn all_copies_of_generic_and_inlined_functions_are_found() {
    for built in BUILDS {
        let mut debug = Debug::sample("panic_in_generic", built);
        let set = debug.set(BreakpointSpec::new(BreakpointPlace::FunctionRegex {
            pattern: "panic_in_generic::".into(),
        }));
        assert!(set.locations.len() > 1, "{built:?}: {set:#?}");
        let stop = debug.stop(Command::Run);
        assert_eq!(stop.breakpoints, [set.id], "{built:?}");
    }
}
