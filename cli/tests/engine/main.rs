//! Images and containers of a Docker Engine: one that is made up, which answers what the real one
//! does, over every way there is to an engine; and a real one where that is asked for.
#![cfg(unix)]

mod api;
mod made_up;
mod real;
mod ways;

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use wasmscope_test_support::workspace;

fn fixture(name: &str) -> PathBuf {
    workspace().join("image/tests/fixtures").join(name)
}

/// wasmscope, for an engine at `engine`.
fn command(engine: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wasmscope"));
    command.args(args).env("DOCKER_HOST", engine);
    for variable in ["CONTEXT", "TLS", "TLS_VERIFY", "CERT_PATH", "CONFIG"] {
        command.env_remove(format!("DOCKER_{variable}"));
    }
    command.stdin(Stdio::null());
    command
}

fn wasmscope(engine: &str, args: &[&str]) -> Output {
    command(engine, args).output().expect("it starts")
}

#[track_caller]
fn stdout(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
fn fails(output: &Output, part: &str) {
    fails_with(126, output, part);
}

#[track_caller]
fn fails_with(code: i32, output: &Output, part: &str) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{errors}");
    assert!(errors.contains(part), "no {part:?} in {errors}");
}
