//! wasmscope as cargo's runner: `cargo run` and `cargo test` in a stranger's crate, for both WASI
//! targets, with arguments, exit codes and the report on a failing test.

use std::fs;
use std::path::Path;
use wasmscope_test_support::{Answer, command};

/// A crate with a binary and tests, outside of any workspace.
fn stranger() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("has one")).expect("created");
        fs::write(path, text).expect("written");
    };
    write(
        "Cargo.toml",
        "[package]\nname = \"stranger\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n",
    );
    write(
        "src/main.rs",
        r#"fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    println!("{args:?}");
    if args.first().is_some_and(|arg| arg == "--fail") {
        let empty: Vec<u8> = Vec::new();
        println!("{}", empty[args.len()]); // fails here
    }
    std::process::exit(args.len() as i32);
}

#[test]
fn passes() {
    assert_eq!(1 + 1, 2);
}

#[test]
fn fails() {
    let sum = 1 + 1;
    assert_eq!(sum, 3, "the sum is wrong");
}

#[test]
fn reads_a_file() {
    assert!(std::fs::read_to_string("Cargo.toml").is_ok());
}
"#,
    );
    folder
}

fn cargo(folder: &Path, target: &str, args: &[&str]) -> Answer {
    let variable = format!(
        "CARGO_TARGET_{}_RUNNER",
        target.to_uppercase().replace('-', "_")
    );
    let mut cargo = command(env!("CARGO"), folder);
    cargo
        .args(args)
        .env(
            variable,
            format!("{} run --dir .", env!("CARGO_BIN_EXE_wasmscope")),
        )
        .env("CARGO_BUILD_TARGET", target)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .env("CARGO_TERM_COLOR", "never")
        .env_remove("RUSTFLAGS")
        .env_remove("RUST_BACKTRACE");
    Answer::of(&mut cargo)
}

/// `exit` is what a guest's exit code 3 comes out as.
fn story(target: &str, exit: i32) {
    let folder = stranger();
    let run = |args: &[&str]| cargo(folder.path(), target, args);

    let answer = run(&["run", "-q", "--", "a", "--dir", "-v"]);
    assert_eq!(
        answer.stdout, "[\"a\", \"--dir\", \"-v\"]\n",
        "{}",
        answer.stderr
    );
    assert_eq!(answer.code, Some(exit), "{}", answer.stderr);

    let answer = run(&["run", "-q", "--", "--fail"]);
    assert_eq!(answer.code, Some(134), "{}", answer.stderr);
    for part in [
        "index out of bounds: the len is 0 but the index is 1",
        "src/main.rs:6",
        "fails here",
    ] {
        assert!(
            answer.stderr.contains(part),
            "no {part:?} in:\n{}",
            answer.stderr
        );
    }

    let answer = run(&["test", "-q", "passes"]);
    assert_eq!(answer.code, Some(0), "{}{}", answer.stdout, answer.stderr);
    assert!(answer.stdout.contains("1 passed"), "{}", answer.stdout);
    let answer = run(&["test", "-q", "reads_a_file"]);
    assert_eq!(answer.code, Some(0), "{}{}", answer.stdout, answer.stderr);

    let answer = run(&["test", "-q", "fails"]);
    assert_ne!(answer.code, Some(0), "{}", answer.stdout);
    // The harness captures the panic's message, which then is in the guest's memory only.
    let message = "panicked: assertion `left == right` failed: the sum is wrong";
    let parts = [message, "left: 2", "right: 3", "src/main.rs:19", "sum = 2"];
    for part in parts {
        assert!(
            answer.stderr.contains(part),
            "no {part:?} in:\n{}",
            answer.stderr
        );
    }
}

#[test]
fn cargo_runs_and_tests_for_wasip1() {
    story("wasm32-wasip1", 3);
}

#[test]
fn cargo_runs_and_tests_for_wasip2() {
    // WASI 0.2 only knows success and failure.
    story("wasm32-wasip2", 1);
}
