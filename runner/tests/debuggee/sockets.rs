//! Guests that wait for the network: they can be looked at, go on waiting, and can be ended.

use crate::support::{compile, conversation, exit_code, launch_with};
use std::io::Read as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};
use wasmscope_runner::debuggee::{End, GuestStdio, Interruption, Resume, captured_output};

/// Listens at a port that the system chooses, says which on standard output (two bytes), and sends `hi`
/// to whoever comes.
const GREET: &str = r#"(module
    (import "wasi_snapshot_preview1" "sock_open" (func $open (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "sock_bind" (func $bind (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "sock_listen" (func $listen (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "sock_getlocaladdr"
        (func $local (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "sock_recv"
        (func $recv (param i32 i32 i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write"
        (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    ;; 16: an address of four bytes at 24, which are 0; 32: two bytes of port at 48; 40: `hi` at 56.
    (data (i32.const 16) "\18\00\00\00\04\00\00\00")
    (data (i32.const 32) "\30\00\00\00\02\00\00\00\38\00\00\00\02\00\00\00")
    (data (i32.const 56) "hi")
    (func (export "_start")
        (if (call $open (i32.const 1) (i32.const 2) (i32.const 0)) (then unreachable))
        (if (call $bind (i32.load (i32.const 0)) (i32.const 16) (i32.const 0)) (then unreachable))
        (if (call $listen (i32.load (i32.const 0)) (i32.const 1)) (then unreachable))
        (if (call $local (i32.load (i32.const 0)) (i32.const 16) (i32.const 60) (i32.const 48))
            (then unreachable))
        (drop (call $write (i32.const 1) (i32.const 32) (i32.const 1) (i32.const 64)))
        (if (call $accept (i32.load (i32.const 0)) (i32.const 4)) (then unreachable))
        (drop (call $write (i32.load (i32.const 4)) (i32.const 40) (i32.const 1) (i32.const 64)))
        ;; Until the other end has closed.
        (if (call $recv (i32.load (i32.const 4)) (i32.const 40) (i32.const 1) (i32.const 0)
                (i32.const 64) (i32.const 68))
            (then unreachable))))"#;

/// Waits until the guest is in a call.
fn until(running: &wasmscope_runner::debuggee::Running, call: &str) {
    let begun = Instant::now();
    while running.host_call().as_deref() != Some(call) {
        assert!(begun.elapsed() < Duration::from_secs(120), "in {call}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_guest_that_waits_for_a_connection_can_be_stopped_and_goes_on_waiting() {
    let debuggee = compile(GREET);
    let (reader, output) = captured_output();
    let stdio = GuestStdio {
        input: None,
        output: Some(output),
    };
    let (asking, answering) = conversation();
    let running = launch_with(&debuggee, stdio, move |guest, why| match why {
        Interruption::Interrupted => asking.ask(guest.stack(10).len()),
        _ => Resume::Continue,
    });
    let port = reader.next().expect("the port").bytes;
    let port = u16::from_le_bytes(port.try_into().expect("two bytes"));
    until(&running, "sock_accept");
    let interrupt = |call: &str| {
        for _ in 0..3 {
            running.interrupt();
            assert_eq!(answering.told(), 1);
            assert_eq!(running.host_call().as_deref(), Some(call));
            answering.answer(Resume::Continue);
        }
    };
    interrupt("sock_accept");
    let mut client = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let mut greeting = [0; 2];
    client.read_exact(&mut greeting).expect("greeted");
    assert_eq!(&greeting, b"hi");
    until(&running, "sock_recv");
    interrupt("sock_recv");
    drop(client);
    assert_eq!(exit_code(running.wait()), 0);
}

#[test]
fn a_guest_that_waits_for_a_connection_can_be_killed() {
    let debuggee = compile(GREET);
    let (_reader, output) = captured_output();
    let stdio = GuestStdio {
        input: None,
        output: Some(output),
    };
    let running = launch_with(&debuggee, stdio, |_, _| Resume::Continue);
    until(&running, "sock_accept");
    running.kill();
    match running.wait() {
        // Its memory is there: the guest came out of the call.
        End::Killed { guest } => assert_eq!(guest.memory(0).expect("a memory")[16], 24),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_left_of_a_guest_holds_no_port() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("its address").port();
    drop(free);
    let bind = "(i32.load (i32.const 0)) (i32.const 16) (i32.const";
    assert!(GREET.contains(&format!("{bind} 0)")));
    let guest = GREET.replace(&format!("{bind} 0)"), &format!("{bind} {port})"));
    let debuggee = compile(&guest);
    // The remains of each are kept while the next one runs, as a debugger does.
    let mut remains = Vec::new();
    for _ in 0..3 {
        let (_reader, output) = captured_output();
        let stdio = GuestStdio {
            input: None,
            output: Some(output),
        };
        let running = launch_with(&debuggee, stdio, |_, _| Resume::Continue);
        until(&running, "sock_accept");
        running.kill();
        remains.push(running.wait());
    }
    assert!(remains.iter().all(|end| matches!(end, End::Killed { .. })));
}
