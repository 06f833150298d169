//! Standard streams that are fed and read, and waiting for them.

use crate::support::{SOON, compile, conversation, exit_code, launch_with};
use std::time::{Duration, Instant};
use wasmscope_runner::debuggee::{
    End, GuestStdio, Interruption, OutputReader, OutputStream, Resume, captured_output, fed_input,
};

/// Copies standard input to standard output, and the number of bytes of each read, as a letter, to
/// standard error.
const CAT: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_read"
        (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write"
        (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "_start") (local $n i32)
        (loop $next
            (i32.store (i32.const 0) (i32.const 64))
            (i32.store (i32.const 4) (i32.const 16))
            (if (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8))
                (then unreachable))
            (local.set $n (i32.load (i32.const 8)))
            (if (local.get $n) (then
                (i32.store (i32.const 4) (local.get $n))
                (if (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))
                    (then unreachable))
                (i32.store8 (i32.const 32) (i32.add (i32.const 64) (local.get $n)))
                (i32.store (i32.const 0) (i32.const 32))
                (i32.store (i32.const 4) (i32.const 1))
                (if (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8))
                    (then unreachable))
                (br $next))))))"#;

/// Writes 64 KiB to standard output again and again.
const FLOOD: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write"
        (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 2)
    (func (export "_start")
        (i32.store (i32.const 4) (i32.const 65536))
        (loop $next
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
            (i32.store (i32.const 65540) (i32.add (i32.load (i32.const 65540)) (i32.const 1)))
            (br $next))))"#;

fn next(reader: &OutputReader) -> (OutputStream, String) {
    let chunk = reader.next_within(SOON).expect("the guest writes");
    let text = String::from_utf8(chunk.bytes).expect("text");
    (chunk.stream, text)
}

#[test]
fn input_is_fed_and_output_read_in_order() {
    let debuggee = compile(CAT);
    for _launch in 0..2 {
        let (feed, input) = fed_input();
        let (reader, output) = captured_output();
        let stdio = GuestStdio {
            input: Some(input),
            output: Some(output),
        };
        let running = launch_with(&debuggee, stdio, |_, _| Resume::Continue);
        feed.feed(b"hello\n").expect("there is room");
        assert_eq!(next(&reader), (OutputStream::Stdout, "hello\n".into()));
        assert_eq!(next(&reader), (OutputStream::Stderr, "F".into()));
        feed.feed(b"0123456789abcdefgh").expect("there is room");
        feed.close();
        let mut rest = Vec::new();
        while let Some(chunk) = reader.next() {
            rest.push((chunk.stream, String::from_utf8(chunk.bytes).expect("text")));
        }
        let expected = [
            (OutputStream::Stdout, "0123456789abcdef"),
            (OutputStream::Stderr, "P"),
            (OutputStream::Stdout, "gh"),
            (OutputStream::Stderr, "B"),
        ];
        let expected: Vec<_> = expected.map(|(s, text)| (s, text.to_owned())).into();
        assert_eq!(rest, expected);
        assert_eq!(exit_code(running.wait()), 0);
    }
}

#[test]
fn a_guest_that_waits_for_input_can_be_stopped_and_goes_on_waiting() {
    let debuggee = compile(CAT);
    let (feed, input) = fed_input();
    let (reader, output) = captured_output();
    let stdio = GuestStdio {
        input: Some(input),
        output: Some(output),
    };
    let (asking, answering) = conversation();
    let running = launch_with(&debuggee, stdio, move |guest, why| match why {
        Interruption::Interrupted => asking.ask(guest.stack(10).len()),
        _ => Resume::Continue,
    });
    while !feed.is_waited_for() {
        std::thread::sleep(Duration::from_millis(1));
    }
    for _ in 0..3 {
        running.interrupt();
        assert_eq!(answering.told(), 1);
        assert_eq!(running.host_call().as_deref(), Some("fd_read"));
        answering.answer(Resume::Continue);
    }
    feed.feed(b"late").expect("there is room");
    assert_eq!(next(&reader), (OutputStream::Stdout, "late".into()));
    feed.close();
    assert_eq!(exit_code(running.wait()), 0);
}

#[test]
fn a_guest_that_waits_for_input_can_be_killed() {
    let debuggee = compile(CAT);
    let (feed, input) = fed_input();
    let stdio = GuestStdio {
        input: Some(input),
        output: None,
    };
    let running = launch_with(&debuggee, stdio, |_, _| Resume::Continue);
    while !feed.is_waited_for() {
        std::thread::sleep(Duration::from_millis(1));
    }
    running.kill();
    match running.wait() {
        End::Killed { guest } => assert_eq!(guest.memory(0).expect("a memory")[4], 16),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_guest_whose_output_nobody_reads_waits_and_can_be_stopped_and_killed() {
    let debuggee = compile(FLOOD);
    let (reader, output) = captured_output();
    let stdio = GuestStdio {
        input: None,
        output: Some(output),
    };
    let (asking, answering) = conversation();
    let running = launch_with(&debuggee, stdio, move |guest, why| match why {
        Interruption::Interrupted => {
            let memory = guest.memory(0).expect("a memory");
            asking.ask(u32::from_le_bytes(
                memory[65540..65544].try_into().expect("4"),
            ))
        }
        _ => Resume::Continue,
    });
    // Until it waits: then it is in the same call for some time.
    let mut written = 0;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(300) {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(running.host_call().as_deref(), Some("fd_write"));
    running.interrupt();
    let stopped_after = answering.told();
    assert!(stopped_after > 10 && stopped_after < 40, "{stopped_after}");
    answering.answer(Resume::Continue);
    // Nothing is lost: all that was written before the stop is there.
    while written < u64::from(stopped_after) * 65536 {
        written += reader.next_within(SOON).expect("more").bytes.len() as u64;
    }
    running.kill();
    assert!(matches!(running.wait(), End::Killed { .. }));
}
