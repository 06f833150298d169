//! Faults put into calls: the guest sees what was asked for, and the host nothing.

use crate::scene::Scene;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use wasmscope_test_support::{Build, Target, sample};

fn hostcalls() -> PathBuf {
    sample("hostcalls", Build::Debug, Target::WasiP1)
}

fn component() -> PathBuf {
    sample("hostcalls", Build::Debug, Target::WasiP2)
}

#[test]
fn an_injected_error_takes_the_programs_error_path() {
    let scene = Scene::new();
    let answer = scene.run(
        "trace",
        &[
            "-o",
            "trace.txt",
            "-e",
            "inject=path_create_directory:error=ENOSPC",
        ],
        &hostcalls(),
    );
    // The program returns the error from main.
    assert_eq!(answer.code, Some(1));
    assert!(
        answer.stderr.contains("No space left on device"),
        "{}",
        answer.stderr
    );
    // The folder was never made.
    assert!(!scene.path("wasmscope-hostcalls").exists());
    let trace = std::fs::read_to_string(scene.path("trace.txt")).expect("a trace");
    let line = trace
        .lines()
        .find(|line| line.starts_with("path_create_directory("));
    let line = line.expect("the call");
    let expected = "path_create_directory(fd=3<.>, path=\"wasmscope-hostcalls\") = -1 ENOSPC (no space left on device) (INJECTED) <";
    assert!(line.starts_with(expected), "{line}");
}

#[test]
fn only_the_calls_that_are_meant_fail() {
    let scene = Scene::new();
    // The first file can be created and the second opened; renaming stays possible. The third open
    // is that of the folder.
    let options = [
        "-q",
        "-e",
        "path_open",
        "-e",
        "inject=path_open:error=EMFILE:when=3",
    ];
    let lines = scene.trace(&options, &hostcalls());
    let injected: Vec<bool> = lines
        .iter()
        .map(|line| line.contains("(INJECTED)"))
        .collect();
    assert_eq!(injected, [false, false, true]);
    // Twice the same.
    std::fs::remove_dir_all(scene.path("wasmscope-hostcalls")).expect("left behind");
    let again = scene.trace(&options, &hostcalls());
    assert_eq!(again.len(), 3);
    assert!(again[2].contains("EMFILE"), "{again:?}");
}

#[test]
fn a_call_that_seems_to_succeed_does_nothing() {
    let scene = Scene::new();
    let options = [
        "-q",
        "-e",
        "fd_sync,path_unlink_file",
        "-e",
        "inject=fd_sync,path_unlink_file:retval=0",
    ];
    let lines = scene.trace(&options, &hostcalls());
    assert!(lines[0].contains(" = 0 (INJECTED)"), "{lines:?}");
    assert!(scene.path("wasmscope-hostcalls/renamed.txt").exists());
}

#[test]
fn delays_take_their_time_and_change_nothing_else() {
    let scene = Scene::new();
    let plain = scene.run("run", &[], &hostcalls());
    let start = Instant::now();
    let options = [
        "-o",
        "trace.txt",
        "-e",
        "trace=fd_sync",
        "-e",
        "inject=fd_sync:delay_enter=120ms:delay_exit=80ms",
    ];
    let slow = scene.run("trace", &options, &hostcalls());
    assert!(start.elapsed() >= Duration::from_millis(200));
    assert_eq!(slow, plain);
    let trace = std::fs::read_to_string(scene.path("trace.txt")).expect("a trace");
    assert!(trace.contains(" = 0 (DELAYED) <"), "{trace}");
}

#[test]
fn a_components_functions_fail_with_errors_of_their_own() {
    let scene = Scene::new();
    for (function, error, shown, said) in [
        (
            "descriptor.create-directory-at",
            "ENOSPC",
            "insufficient-space",
            "No space left on device",
        ),
        ("descriptor.open-at", "loop", "loop", "Symbolic link loop"),
        (
            "input-stream.blocking-read",
            "EIO",
            "{last-operation-failed=EIO}",
            "I/O error",
        ),
    ] {
        let spec = format!("inject={function}:error={error}:when=1");
        let options = ["-o", "trace.txt", "-e", &spec];
        let answer = scene.run("trace", &options, &component());
        assert_eq!(answer.code, Some(1), "{function}: {}", answer.stderr);
        assert!(
            answer.stderr.contains(said),
            "{function}: {}",
            answer.stderr
        );
        let trace = std::fs::read_to_string(scene.path("trace.txt")).expect("a trace");
        let injected: Vec<&str> = trace
            .lines()
            .filter(|line| line.contains("(INJECTED)"))
            .collect();
        let [line] = injected.as_slice() else {
            panic!("{function}: {injected:#?}");
        };
        assert!(line.starts_with(&format!("{function}(")), "{line}");
        let result = format!(" = error {shown} (INJECTED) <");
        assert!(line.contains(&result), "{line}");
        if function.contains("create") {
            // The host has not been asked.
            assert!(!scene.path("wasmscope-hostcalls").exists());
        }
        let _ = std::fs::remove_dir_all(scene.path("wasmscope-hostcalls"));
    }
}

#[test]
fn a_components_calls_seem_to_succeed_and_are_held_up() {
    let scene = Scene::new();
    let start = Instant::now();
    let options = [
        "-q",
        "-e",
        "inject=descriptor.unlink-file-at:retval=0:delay_exit=60ms",
        "-e",
        "inject=%clock:delay_enter=5ms:when=1",
        "-e",
        "/unlink/",
    ];
    let lines = scene.trace(&options, &component());
    assert!(start.elapsed() >= Duration::from_millis(65));
    assert!(!lines.is_empty());
    for line in &lines {
        assert!(line.contains(" = 0 (INJECTED) (DELAYED) <"), "{line}");
    }
    assert!(scene.path("wasmscope-hostcalls/renamed.txt").exists());
}

#[test]
fn a_components_sockets_fail_too() {
    let scene = Scene::new();
    let program = sample("datagrams", Build::Debug, Target::WasiP2);
    for (function, error, said) in [
        ("udp-socket.start-bind", "address-in-use", "Address in use"),
        (
            "create-udp-socket",
            "EMFILE",
            "No file descriptors available",
        ),
        (
            "outgoing-datagram-stream.send",
            "remote-unreachable",
            "Host is unreachable",
        ),
    ] {
        let spec = format!("inject={function}:error={error}");
        let answer = scene.run(
            "trace",
            &["--net", "-o", "trace.txt", "-e", &spec],
            &program,
        );
        assert_eq!(answer.code, Some(0), "{function}: {}", answer.stderr);
        let expected = format!("no network: {said}");
        assert!(
            answer.stdout.starts_with(&expected),
            "{function}: {}",
            answer.stdout
        );
        let trace = std::fs::read_to_string(scene.path("trace.txt")).expect("a trace");
        assert!(trace.contains("(INJECTED)"), "{function}: {trace}");
    }
}

#[test]
fn a_components_faults_are_data() {
    let scene = Scene::new();
    let options = [
        "--format",
        "json",
        "-e",
        "trace=/unlink/",
        "-e",
        "inject=/unlink/:retval=0:delay_enter=1ms:when=1",
    ];
    let lines = scene.trace(&options, &component());
    let injected: Vec<&String> = lines
        .iter()
        .filter(|line| line.contains("\"injected\""))
        .collect();
    assert_eq!(injected.len(), 1, "{lines:#?}");
    let expected = "\"injected\":{\"result\":true,\"delay_enter_ns\":1000000}";
    assert!(injected[0].contains(expected), "{}", injected[0]);
}

#[test]
fn mistakes_are_named_before_anything_runs() {
    let scene = Scene::new();
    for (program, spec, said) in [
        (
            hostcalls(),
            "inject=fd_write:error=EIOO",
            "character 10: `error=EIOO`",
        ),
        (
            hostcalls(),
            "inject=fd_write:eror=EIO",
            "did you mean `error`?",
        ),
        (
            hostcalls(),
            "inject=fd_write",
            "nothing is done to these calls",
        ),
        (
            component(),
            "inject=fd_write:error=EIO",
            "`fd_write` is a function of WASI preview 1",
        ),
        (
            component(),
            "inject=descriptor.stat:error=ECONNREFUSED",
            "none of these functions has such an error; there are access, ",
        ),
        (
            component(),
            "inject=%clock:error=EIO",
            "these functions have no errors",
        ),
        (
            component(),
            "inject=input-stream.blocking-read:retval=0",
            "none of these functions returns a number",
        ),
        (
            component(),
            "%clock,!fd_write",
            "`fd_write` is a function of WASI preview 1",
        ),
    ] {
        let answer = scene.run("trace", &["-e", spec], &program);
        assert_eq!(answer.code, Some(125), "{spec}: {}", answer.stderr);
        assert!(answer.stderr.contains(said), "{spec}: {}", answer.stderr);
        assert_eq!(answer.stdout, "", "{spec}");
    }
}
