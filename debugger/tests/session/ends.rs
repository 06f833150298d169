//! Panics, traps, exits, and what can be asked after them.

use crate::support::{BUILDS, Debug, function_of, line_of};
use wasmscope_debugger::protocol::{
    BreakpointPlace, BreakpointSpec, Command, CommandErrorKind, Event, Exit, ReplyBody, Settings,
    Status, StopReason, ValueLimits,
};
use wasmscope_test_support::{Build, Target, marked_line};

#[test]
fn a_panic_stops_in_the_users_frame_with_its_message_and_is_told_once() {
    for built in BUILDS {
        let mut debug = Debug::sample("orders", built);
        let stop = debug.stop(Command::Run);
        let StopReason::Panic { message } = &stop.reason else {
            panic!("{built:?}: {stop:#?}");
        };
        let message = message.as_deref().unwrap_or_default();
        assert!(
            message.starts_with("index out of bounds"),
            "{built:?}: {message}"
        );
        assert_eq!(line_of(&stop), marked_line("orders", "fails"), "{built:?}");
        assert!(
            function_of(&stop).ends_with("remove"),
            "{built:?}: {stop:#?}"
        );
        let exit = debug.exit(Command::Continue);
        let Exit::Failure { code, headline } = &exit else {
            panic!("{built:?}: {exit:?}");
        };
        assert_eq!(*code, 134, "{built:?}");
        assert!(
            headline.contains("index out of bounds"),
            "{built:?}: {headline}"
        );
        assert!(matches!(debug.told(Command::Report), ReplyBody::Report(_)));
    }
}

#[test]
fn a_trap_stops_once_and_cannot_go_on() {
    for built in BUILDS {
        let mut debug = Debug::sample("trap_divide_by_zero", built);
        let stop = debug.stop(Command::Run);
        let StopReason::Trap { headline } = &stop.reason else {
            panic!("{built:?}: {stop:#?}");
        };
        assert!(
            headline.starts_with("division by zero"),
            "{built:?}: {headline}"
        );
        assert!(!stop.resumable);
        assert!(debug.ask(Command::Next { count: 1 }).is_err());
        assert!(!debug.stack().is_empty());
        assert!(matches!(
            debug.exit(Command::Continue),
            Exit::Failure { code: 134, .. }
        ));
    }
}

#[test]
fn a_panic_that_is_not_to_stop_stops_as_a_trap() {
    let mut debug = Debug::sample("orders", BUILDS[0]);
    debug.told(Command::Configure(Settings {
        stop_on_panic: Some(false),
        ..Settings::default()
    }));
    let stop = debug.stop(Command::Run);
    assert!(
        matches!(&stop.reason, StopReason::Trap { headline } if headline.contains("index out of bounds")),
        "{stop:#?}"
    );
    assert_eq!(line_of(&stop), marked_line("orders", "fails"));
}

#[test]
fn an_exit_code_is_the_guests_own() {
    for built in BUILDS {
        let mut debug = Debug::sample("exit_code", built);
        let exit = debug.exit(Command::Run);
        assert!(
            matches!(exit, Exit::Code { code, .. } if code != 0),
            "{built:?}: {exit:?}"
        );
    }
}

#[test]
fn restarting_begins_anew_with_the_same_breakpoints() {
    for built in BUILDS {
        let mut debug = Debug::sample("orders", built);
        debug.at("orders", "removes");
        let first = debug.stop(Command::Run);
        debug.restart();
        assert_eq!(debug.breakpoints()[0].hits, 0, "{built:?}");
        let again = debug.stop(Command::Run);
        assert_eq!(again, first, "{built:?}");
        debug.told(Command::Kill);
    }
}

#[test]
fn a_guest_that_cannot_be_launched_says_why() {
    let text = r#"(module (import "nobody" "provides" (func)) (func (export "_start")))"#;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("needy.wat");
    std::fs::write(&file, text).expect("it is written");
    let program = wasmscope_runner::Program::load(&file).expect("it loads");
    let mut debug = Debug::start(program, wasmscope_runner::World::default());
    let run = debug.send(Command::Run);
    let failed = debug.wait_for(|event| matches!(event, Event::Failed { .. }));
    assert!(
        matches!(&failed, Event::Failed { message } if message.contains("nobody")),
        "{failed:?}"
    );
    let error = debug.answer(run).expect_err("there is no guest");
    assert_eq!(error.kind, CommandErrorKind::NotRunning);
    assert!(error.message.contains("nobody"), "{error:?}");
    assert!(matches!(
        debug.told(Command::Status),
        ReplyBody::Status(Status::Failed { .. })
    ));
}

#[test]
fn a_program_without_debug_info_is_stopped_by_its_functions() {
    let built = (Build::Release, Target::WasiP1);
    let mut debug = Debug::sample("orders", built);
    let set = debug.set(BreakpointSpec::new(BreakpointPlace::Function {
        name: "orders::main".into(),
    }));
    assert_eq!(set.locations.len(), 1, "{set:#?}");
    let stop = debug.stop(Command::Run);
    assert_eq!(stop.breakpoints, [set.id]);
    assert_eq!(function_of(&stop), "orders::main");
    let ReplyBody::Variables { unavailable, .. } = debug.told(Command::Variables {
        frame: 0,
        limits: ValueLimits::default(),
    }) else {
        panic!("no variables");
    };
    assert!(unavailable.is_some());
    let stop = debug.stop(Command::Continue);
    let StopReason::Panic { message } = &stop.reason else {
        panic!("{stop:#?}");
    };
    assert!(
        message
            .as_deref()
            .is_some_and(|text| text.contains("index out of bounds"))
    );
}
