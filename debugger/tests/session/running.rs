//! A running guest: pausing it, changing breakpoints under it, feeding it, ending it.

use crate::support::{BUILDS, Came, DEBUG, Debug, function_of, is_breakpoint, line};
use wasmscope_debugger::protocol::{
    BreakpointSpec, Command, CommandErrorKind, Event, Exit, OutputStream, ReplyBody, Status,
    StopReason,
};
use wasmscope_runner::World;
use wasmscope_test_support::{Target, sample};

/// Starts a guest, and waits until it has written something.
fn running(debug: &mut Debug) {
    debug.told(Command::Run);
    debug.wait_for(|event| matches!(event, Event::Output { .. }));
}

#[test]
fn a_tight_loop_is_paused_and_goes_on() {
    for built in BUILDS {
        let mut debug = Debug::sample("endless_loop", built);
        running(&mut debug);
        for _ in 0..3 {
            let stop = debug.stop(Command::Pause);
            assert_eq!(stop.reason, StopReason::Pause, "{built:?}");
            assert!(stop.resumable, "{built:?}");
            let stack = debug.stack();
            assert!(
                stack
                    .iter()
                    .any(|frame| frame.function.as_deref() == Some("endless_loop::main")),
                "{built:?}: {stack:#?}"
            );
            debug.told(Command::Continue);
        }
        debug.told(Command::Kill);
        assert!(
            matches!(debug.came(), Came::Exited(Exit::Killed)),
            "{built:?}"
        );
    }
}

#[test]
fn breakpoints_are_set_and_taken_away_under_a_running_guest() {
    for built in DEBUG {
        let mut debug = Debug::sample("endless_loop", built);
        running(&mut debug);
        let set = debug.set(BreakpointSpec::new(
            wasmscope_debugger::protocol::BreakpointPlace::Function {
                name: "endless_loop::step".into(),
            },
        ));
        let Came::Stopped(stop) = debug.came() else {
            panic!("{built:?}: it ended");
        };
        assert_eq!(stop.breakpoints, [set.id], "{built:?}");
        assert_eq!(function_of(&stop), "endless_loop::step", "{built:?}");
        debug.told(Command::Continue);
        debug.told(Command::DeleteBreakpoint { id: set.id });
        // It may have been hit before it was gone.
        let stop = debug.stop(Command::Pause);
        if is_breakpoint(&stop) {
            debug.told(Command::Continue);
            let stop = debug.stop(Command::Pause);
            assert!(!is_breakpoint(&stop), "{built:?}: {stop:#?}");
        }
    }
}

#[test]
fn what_needs_a_paused_guest_is_refused_while_it_runs() {
    let mut debug = Debug::sample("endless_loop", DEBUG[0]);
    let next = Command::Next { count: 1 };
    let error = debug
        .ask(next.clone())
        .expect_err("it has not been started");
    assert_eq!(error.kind, CommandErrorKind::NotRunning);
    running(&mut debug);
    let stack = Command::Stack { from: 0, count: 1 };
    for command in [
        next,
        stack.clone(),
        Command::Continue,
        Command::WasmFrame { frame: 0 },
    ] {
        let error = debug.ask(command.clone()).expect_err("it runs");
        assert_eq!(error.kind, CommandErrorKind::Running, "{command:?}");
    }
    assert!(matches!(
        debug.told(Command::Status),
        ReplyBody::Status(Status::Running { .. })
    ));
    debug.told(Command::Kill);
    debug.came();
    for command in [stack, Command::Continue, Command::Kill, Command::Run] {
        let error = debug.ask(command.clone()).expect_err("it has ended");
        assert_eq!(error.kind, CommandErrorKind::NotRunning, "{command:?}");
    }
    assert!(matches!(
        debug.told(Command::Status),
        ReplyBody::Status(Status::Exited(Exit::Killed))
    ));
}

#[test]
fn a_guest_that_waits_for_input_is_fed() {
    for built in DEBUG {
        let folder = tempfile::tempdir().expect("a folder");
        let world = World {
            args: vec!["/work".into()],
            dirs: vec![wasmscope_runner::Dir {
                host: folder.path().into(),
                guest: "/work".into(),
                read_only: false,
            }],
            ..World::default()
        };
        let mut debug = Debug::file(&sample("hostcalls", built.0, built.1), world);
        debug.told(Command::Input {
            bytes: b"one line\n".to_vec(),
        });
        debug.told(Command::EndInput);
        assert!(debug.ask(Command::Input { bytes: vec![1] }).is_err());
        debug.told(Command::Run);
        debug.came();
        let stdout = String::from_utf8_lossy(&debug.stdout).into_owned();
        assert!(stdout.contains("\"one line\\n\""), "{built:?}: {stdout}");
    }
}

#[test]
fn output_comes_before_the_stop_that_follows_it() {
    for built in BUILDS {
        let mut debug = Debug::sample("orders", built);
        let stop = debug.stop(Command::Run);
        assert!(matches!(stop.reason, StopReason::Panic { .. }), "{built:?}");
        let stdout = String::from_utf8_lossy(&debug.stdout).into_owned();
        assert!(
            stdout.contains("order 1002 of bob: picked"),
            "{built:?}: {stdout}"
        );
        let stderr = String::from_utf8_lossy(&debug.stderr).into_owned();
        assert!(stderr.contains("panicked at"), "{built:?}: {stderr}");
        let order: Vec<OutputStream> = debug
            .taken(|event| matches!(event, Event::Output { .. }))
            .into_iter()
            .filter_map(|event| match event {
                Event::Output { stream, .. } => Some(stream),
                _ => None,
            })
            .collect();
        assert_eq!(order.last(), Some(&OutputStream::Stderr), "{built:?}");
    }
}

#[test]
fn dropping_a_session_ends_its_guest() {
    let mut debug = Debug::sample("endless_loop", (BUILDS[0].0, Target::WasiP1));
    running(&mut debug);
    let events = debug.close();
    // Every thread that could tell something is gone when the guest is.
    while events.recv().is_ok() {}
}

#[test]
fn requests_wait_for_what_they_need_and_keep_their_order() {
    let path = sample("orders", DEBUG[0].0, DEBUG[0].1);
    let program = wasmscope_runner::Program::load(&path).expect("it loads");
    let mut debug = Debug::start(program, World::default());
    let ids = [
        debug.send(Command::Status),
        debug.send(Command::SetBreakpoint(BreakpointSpec::new(line(
            "orders", "removes",
        )))),
        debug.send(Command::Run),
        debug.send(Command::Breakpoints),
    ];
    let Came::Stopped(stop) = debug.came() else {
        panic!("it ended");
    };
    assert!(is_breakpoint(&stop), "{stop:#?}");
    let replies: Vec<u64> = debug
        .taken(|event| matches!(event, Event::Reply { .. }))
        .into_iter()
        .filter_map(|event| match event {
            Event::Reply { id, .. } => Some(id),
            _ => None,
        })
        .collect();
    let mut replies = replies;
    for id in ids.iter().skip(replies.len()) {
        debug.answer(*id).ok();
        replies.push(*id);
    }
    assert_eq!(replies, ids);
}
