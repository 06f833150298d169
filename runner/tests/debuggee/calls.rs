//! Calls to the host.

use crate::support::{Closures, SOON, compile, conversation, exit_code, launch, places_of};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};
use wasmscope_runner::World;
use wasmscope_runner::debuggee::{End, GuestStdio, Interruption, Resume, captured_output};

/// Writes `one` and `two` to standard output, asks for the time between them, and exits with 3.
const WRITES: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write"
        (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get"
        (func $time (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 64) "onetwo")
    (func $say (param $at i32)
        (i32.store (i32.const 0) (local.get $at))
        (i32.store (i32.const 4) (i32.const 3))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
    (func (export "_start")
        (call $say (i32.const 64))
        (drop (call $time (i32.const 1) (i64.const 0) (i32.const 16)))
        (call $say (i32.const 67))
        (call $exit (i32.const 3))))"#;

#[test]
fn a_call_that_is_wanted_stops_before_the_host_does_anything() {
    let debuggee = compile(WRITES);
    let calls = places_of(&debuggee, "Call");
    let (reader, output) = captured_output();
    let (finished, all_finished) = channel();
    let (asking, answering) = conversation();
    let supervisor = Closures {
        interrupted: move |guest: &mut dyn wasmscope_runner::debuggee::PausedGuest,
                           why: &Interruption<'_>| match why {
            Interruption::HostCall(begin) => {
                let call = begin.call.map(ToString::to_string);
                let stack: Vec<_> = guest.stack(9).iter().map(|frame| frame.pc).collect();
                asking.ask((begin.function.to_owned(), call, stack))
            }
            _ => Resume::Continue,
        },
        wanted: vec!["fd_write"],
        finished: Some(finished),
    };
    let stdio = GuestStdio {
        input: None,
        output: Some(output),
    };
    let running = debuggee
        .launch(&World::default(), stdio, Box::new(supervisor))
        .expect("it starts");
    for (text, caller) in [("one", calls[1]), ("two", calls[3])] {
        let (function, call, stack) = answering.told();
        assert_eq!(function, "fd_write");
        let call = call.expect("the call with its arguments");
        assert!(call.contains(text), "{call}");
        assert_eq!(stack, [calls[0].pc, caller.pc]);
        assert_eq!(running.host_call().as_deref(), Some("fd_write"));
        assert_eq!(reader.next_within(Duration::from_millis(50)), None);
        answering.answer(Resume::Continue);
        let chunk = reader.next_within(SOON).expect("it writes now");
        assert_eq!(chunk.bytes, text.as_bytes());
    }
    assert_eq!(exit_code(running.wait()), 3);
    let finished: Vec<_> = all_finished
        .iter()
        .map(|call| call.function.to_string())
        .collect();
    assert_eq!(
        finished,
        ["fd_write", "clock_time_get", "fd_write", "proc_exit"]
    );
}

#[test]
fn a_guest_that_is_killed_at_a_call_does_not_make_it() {
    let debuggee = compile(WRITES);
    let (reader, output) = captured_output();
    let supervisor = Closures {
        interrupted: |_: &mut dyn wasmscope_runner::debuggee::PausedGuest,
                      why: &Interruption<'_>| match why {
            Interruption::HostCall(_) => Resume::Kill,
            _ => Resume::Continue,
        },
        wanted: vec!["clock_time_get"],
        finished: None,
    };
    let stdio = GuestStdio {
        input: None,
        output: Some(output),
    };
    let running = debuggee
        .launch(&World::default(), stdio, Box::new(supervisor))
        .expect("it starts");
    match running.wait() {
        End::Killed { guest } => assert_eq!(guest.memory(0).expect("a memory")[16..24], [0; 8]),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        reader.next().map(|chunk| chunk.bytes),
        Some(b"one".to_vec())
    );
    assert_eq!(reader.next(), None);
}

/// Sleeps for as many nanoseconds as its third and fourth word say, and ends with what the poll
/// says.
fn sleeper(nanoseconds: u64, subscriptions: u32) -> String {
    format!(
        r#"(module
            (import "wasi_snapshot_preview1" "poll_oneoff"
                (func $poll (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (func (export "_start")
                (i32.store (i32.const 16) (i32.const 1))
                (i64.store (i32.const 24) (i64.const {nanoseconds}))
                (i32.store (i32.const 64) (i32.const 1))
                (i64.store (i32.const 72) (i64.const 3600000000000))
                (drop (call $poll (i32.const 0) (i32.const 512) (i32.const {subscriptions})
                    (i32.const 508)))
                (if (i64.ne (i64.load (i32.const 24)) (i64.const {nanoseconds}))
                    (then (call $exit (i32.const 99))))
                (call $exit (i32.load (i32.const 508)))))"#
    )
}

#[test]
fn a_guest_that_sleeps_can_be_stopped_and_wakes_in_time() {
    for subscriptions in [1, 2] {
        let debuggee = compile(&sleeper(400_000_000, subscriptions));
        let (asking, answering) = conversation();
        let running = launch(&debuggee, move |guest, why| match why {
            Interruption::Interrupted => asking.ask(guest.depth(9)),
            _ => Resume::Continue,
        });
        let began = Instant::now();
        while running.host_call().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(20));
            running.interrupt();
            assert_eq!(answering.told(), 1);
            answering.answer(Resume::Continue);
        }
        // One event; and the guest's own subscription is as it was.
        assert_eq!(exit_code(running.wait()), 1);
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(400), "{took:?}");
    }
}

#[test]
fn a_guest_that_sleeps_can_be_killed() {
    for subscriptions in [1, 2] {
        let debuggee = compile(&sleeper(3_600_000_000_000, subscriptions));
        let running = launch(&debuggee, |_, _| Resume::Continue);
        while running.host_call().as_deref() != Some("poll_oneoff") {
            std::thread::sleep(Duration::from_millis(1));
        }
        running.kill();
        match running.wait() {
            End::Killed { guest } => {
                guest.memory(0).expect("the guest is not left behind");
            }
            other => panic!("{other:?}"),
        }
    }
}
