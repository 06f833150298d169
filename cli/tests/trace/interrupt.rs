//! Ctrl-C while the guest waits for input: the trace so far is there and whole, with the call that
//! waits.

use crate::scene::Scene;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;
use wasmscope_test_support::{Build, Target, sample};

/// What a trace of `hostcalls` is when it is interrupted while it reads its standard input.
fn interrupted(target: Target, options: &[&str]) -> String {
    let scene = Scene::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_wasmscope"))
        .args(["trace", "-o", "trace.out", "--dir", "."])
        .args(options)
        .arg(sample("hostcalls", Build::Debug, target))
        .current_dir(scene.folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    // Kept open: waiting for a child closes what it still holds.
    let stdin = child.stdin.take();
    let stdout = BufReader::new(child.stdout.take().expect("piped"));
    // The last that it says before it reads.
    let mut lines = stdout.lines().map_while(Result::ok);
    let said = lines.find(|line| line.starts_with("missing.txt"));
    assert!(said.is_some(), "the guest comes to read");
    std::thread::sleep(Duration::from_millis(1500));
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(killed.expect("kill is there").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    drop(stdin);
    std::fs::read_to_string(scene.path("trace.out")).expect("there is a trace")
}

#[test]
fn a_core_modules_trace_is_finished() {
    let trace = interrupted(Target::WasiP1, &[]);
    let lines: Vec<&str> = trace.lines().collect();
    assert!(
        matches!(lines.as_slice(), [.., reading, "+++ interrupted +++"]
            if reading.starts_with("fd_read(fd=0</dev/stdin>, ")
                && reading.contains(" <unfinished ...>")),
        "{trace}"
    );
}

#[test]
fn a_components_trace_is_finished() {
    let trace = interrupted(Target::WasiP2, &[]);
    let lines: Vec<&str> = trace.lines().collect();
    assert!(
        matches!(lines.as_slice(), [.., reading, "+++ interrupted +++"]
            if reading.starts_with("input-stream.blocking-read(self=input-stream#")
                && reading.contains(" <unfinished ...>")),
        "{trace}"
    );
}

#[test]
fn other_formats_are_finished_too() {
    let chrome = interrupted(Target::WasiP1, &["--format", "chrome"]);
    let events: Vec<serde_json::Value> = serde_json::from_str(&chrome).expect("an array");
    let waiting = events.iter().find(|event| event["ph"] == "B");
    assert_eq!(
        waiting.expect("a call that has not returned")["name"],
        "fd_read"
    );
    assert_eq!(events.last().expect("an end")["name"], "interrupted");
}
