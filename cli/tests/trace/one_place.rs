//! The trace where the guest writes too: its lines begin lines.

use crate::scene::Scene;
use std::fs::File;
use std::process::Command;

/// Writes `hello`, `hello` and the end of the line, and `hello` to standard output.
const GREETING: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write"
        (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\10\00\00\00\05\00\00\00")
    (data (i32.const 16) "hello\n")
    (data (i32.const 32) "\10\00\00\00\06\00\00\00")
    (func (export "_start")
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)))
        (drop (call $write (i32.const 1) (i32.const 32) (i32.const 1) (i32.const 64)))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)))))"#;

/// What is written to one file, or standard output to another.
fn written(both: bool) -> String {
    let scene = Scene::new();
    let program = scene.path("greeting.wat");
    std::fs::write(&program, GREETING).expect("it is written");
    let place = scene.path("place");
    let stderr = File::create(&place).expect("a file");
    let stdout = match both {
        true => stderr.try_clone().expect("the same file"),
        false => File::create(scene.path("other")).expect("a file"),
    };
    let status = Command::new(env!("CARGO_BIN_EXE_wasmscope"))
        .args(["trace", "--no-duration", "--no-source"])
        .arg(&program)
        .stdout(stdout)
        .stderr(stderr)
        .status()
        .expect("it runs");
    assert!(status.success());
    std::fs::read_to_string(place).expect("text")
}

const CALLS: [&str; 4] = [
    "fd_write(fd=1</dev/stdout>, iovs=[\"hello\"], 5) = 5",
    "fd_write(fd=1</dev/stdout>, iovs=[\"hello\\n\"], 6) = 6",
    "fd_write(fd=1</dev/stdout>, iovs=[\"hello\"], 5) = 5",
    "+++ exited with 0 +++",
];

#[test]
fn an_open_line_of_the_guests_is_ended() {
    let [first, second, third, end] = CALLS;
    let expected = ["hello", first, "hello", second, "hello", third, end, ""];
    assert_eq!(written(true), expected.join("\n"));
}

#[test]
fn what_goes_elsewhere_ends_no_line() {
    let [first, second, third, end] = CALLS;
    assert_eq!(written(false), [first, second, third, end, ""].join("\n"));
}
