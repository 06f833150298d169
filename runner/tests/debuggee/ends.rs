//! How guests end: by themselves, by a failure, and when they are told to.

use crate::support::{compile, conversation, exit_code, launch, places_of};
use std::time::Duration;
use wasmscope_runner::debuggee::{End, Interruption, Resume};
use wasmscope_runner::{FailureCause, RunError, Trap, WasmValue};

const LOOP: &str = r#"(module
    (memory 1)
    (func (export "_start") (loop $next
        (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
        (br $next))))"#;

/// What the guest says when it stops, without what it carries.
fn name(why: &Interruption<'_>) -> String {
    let text = format!("{why:?}");
    text.split('(').next().unwrap_or_default().to_owned()
}

#[test]
fn a_trap_stops_and_then_ends_the_guest() {
    let debuggee = compile(
        r#"(module
            (memory 1)
            (func $divide (param i32 i32) (result i32)
                (i32.store8 (i32.const 3) (i32.const 9))
                (i32.div_u (local.get 0) (local.get 1)))
            (func (export "_start") (drop (call $divide (i32.const 7) (i32.const 0)))))"#,
    );
    let divide = *places_of(&debuggee, "I32DivU").first().expect("one");
    let (asking, answering) = conversation();
    let running = launch(&debuggee, move |guest, why| match why {
        Interruption::Trap(trap) => {
            assert_eq!(guest.innermost().map(|frame| frame.place), Some(divide));
            assert_eq!(guest.local(0, 0), Ok(WasmValue::I32(7)));
            assert_eq!(guest.memory(0).expect("a memory")[3], 9);
            asking.ask(*trap)
        }
        _ => Resume::Continue,
    });
    assert_eq!(answering.told(), Trap::IntegerDivisionByZero);
    answering.answer(Resume::Continue);
    match running.wait() {
        End::Failed(failure) => {
            assert!(matches!(
                failure.cause,
                FailureCause::Trap {
                    trap: Trap::IntegerDivisionByZero,
                    ..
                }
            ));
            assert_eq!(failure.memory(0).expect("a memory")[3], 9);
            let values = failure.frame_values(0).expect("captured");
            assert_eq!(values.locals, [WasmValue::I32(7), WasmValue::I32(0)]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_exception_and_a_host_error_are_told() {
    let thrown = compile(
        r#"(module (tag $t) (func (export "_start") (block $caught
            (try_table (catch $t $caught) (throw $t)))))"#,
    );
    let (asking, answering) = conversation();
    let running = launch(&thrown, move |_, why| asking.ask(name(why)));
    for expected in ["Start", "Exception"] {
        assert_eq!(answering.told(), expected);
        answering.answer(Resume::Continue);
    }
    assert_eq!(exit_code(running.wait()), 0);

    // No such exit code; Wasmtime's own refusal.
    let refused = compile(
        r#"(module
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (func (export "_start") (nop) (call $exit (i32.const 200))))"#,
    );
    let call = *places_of(&refused, "Call").first().expect("one");
    let running = launch(&refused, move |guest, why| {
        if let Interruption::HostError(chain) = why {
            assert!(chain[0].contains("exit"), "{chain:?}");
            assert_eq!(guest.innermost().map(|frame| frame.place), Some(call));
        }
        Resume::Continue
    });
    assert!(matches!(running.wait(), End::Failed(_)));
}

#[test]
fn an_exit_is_told_while_its_frames_are_there() {
    let debuggee = compile(
        r#"(module
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (func (export "_start") (nop) (call $exit (i32.const 7)) (unreachable)))"#,
    );
    let call = *places_of(&debuggee, "Call").first().expect("one");
    let (asking, answering) = conversation();
    let running = launch(&debuggee, move |guest, why| match why {
        Interruption::Exit(code) => asking.ask((*code, guest.innermost().map(|f| f.place))),
        _ => Resume::Continue,
    });
    assert_eq!(answering.told(), (7, Some(call)));
    answering.answer(Resume::Continue);
    assert_eq!(exit_code(running.wait()), 7);
}

#[test]
fn a_tight_loop_can_be_interrupted_and_goes_on() {
    let debuggee = compile(LOOP);
    let (asking, answering) = conversation();
    let running = launch(&debuggee, move |guest, why| match why {
        Interruption::Interrupted => {
            let memory = guest.memory(0).expect("a memory");
            asking.ask(u32::from_le_bytes(memory[..4].try_into().expect("four")))
        }
        _ => Resume::Continue,
    });
    let mut last = None;
    for _ in 0..3 {
        std::thread::sleep(Duration::from_millis(2));
        running.interrupt();
        let count = answering.told();
        assert!(last < Some(count), "{last:?} {count}");
        last = Some(count);
        answering.answer(Resume::Continue);
    }
    running.kill();
    match running.wait() {
        End::Killed { guest } => {
            let memory = guest.memory(0).expect("a memory");
            let count = u32::from_le_bytes(memory[..4].try_into().expect("four"));
            assert!(Some(count) >= last);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_killed_guest_does_not_run_another_opcode() {
    let debuggee = compile(
        r#"(module
            (memory 1)
            (func (export "_start")
                nop
                (i32.store8 (i32.const 0) (i32.const 1))))"#,
    );
    let nop = *places_of(&debuggee, "Nop").first().expect("one");
    // At the stop, by the answer; and before anything has run.
    for at_start in [false, true] {
        let running = launch(&debuggee, move |guest, why| match why {
            Interruption::Start => {
                guest.edit(&[nop], &[]).expect("an opcode");
                if at_start {
                    Resume::Kill
                } else {
                    Resume::Continue
                }
            }
            _ => Resume::Kill,
        });
        match running.wait() {
            End::Killed { guest } if at_start => {
                guest.memory(0).expect_err("nothing was there yet");
            }
            End::Killed { guest } => assert_eq!(guest.memory(0).expect("a memory")[0], 0),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn killing_from_elsewhere_works_while_the_guest_is_stopped() {
    let debuggee = compile(LOOP);
    let (asking, answering) = conversation();
    let running = launch(&debuggee, move |_, why| asking.ask(name(why)));
    assert_eq!(answering.told(), "Start");
    running.kill();
    answering.answer(Resume::Continue);
    assert!(matches!(running.wait(), End::Killed { .. }));
}

#[test]
fn dropping_a_running_guest_ends_it() {
    let debuggee = compile(LOOP);
    let (ended, has_ended) = std::sync::mpsc::channel::<()>();
    let running = launch(&debuggee, move |_, _| {
        let _held = &ended;
        Resume::Continue
    });
    drop(running);
    // The supervisor is dropped with its guest.
    let closed = has_ended.recv_timeout(crate::support::SOON);
    assert_eq!(closed, Err(std::sync::mpsc::RecvTimeoutError::Disconnected));
}

#[test]
fn a_guest_that_cannot_be_instantiated_has_not_run() {
    let debuggee = compile(r#"(module (memory 65536) (func (export "_start")))"#);
    let options = wasmscope_runner::Options {
        max_memory_size: Some(1 << 16),
        ..crate::support::options()
    };
    let debuggee = wasmscope_runner::debuggee::Debuggee::compile(debuggee.program(), &options)
        .expect("it compiles");
    let running = launch(&debuggee, |_, _| Resume::Continue);
    match running.wait() {
        End::NotRun(RunError::Instantiate { message, .. }) => {
            assert!(message.contains("max-memory-size"), "{message}");
        }
        other => panic!("{other:?}"),
    }
}
