//! `wasmscope run` as a user meets it: exit codes, streams, the guest's world, limits and errors,
//! on small guests in the text format.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wasmscope_test_support::{Answer, command};

/// A folder with guests in it, in which wasmscope is run.
struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("writable");
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = command(env!("CARGO_BIN_EXE_wasmscope"), self.folder.path());
        command.args(args).env("XDG_CACHE_HOME", self.path("cache"));
        command
    }

    fn run(&self, args: &[&str]) -> Answer {
        Answer::of(&mut self.command(&[&["run"], args].concat()))
    }
}

const EXIT_42: &str = r#"(module
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start") i32.const 42 call $exit))"#;

const TRAP: &str = r#"(module (func $boom (export "_start") unreachable))"#;

/// Prints its arguments, or its environment, NUL bytes included.
fn lister(get: &str, sizes: &str) -> String {
    format!(
        r#"(module
        (import "wasi_snapshot_preview1" "{get}" (func $get (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "{sizes}" (func $sizes (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write"
            (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "_start")
            (drop (call $sizes (i32.const 0) (i32.const 4)))
            (drop (call $get (i32.const 1024) (i32.const 8192)))
            (i32.store (i32.const 16) (i32.const 8192))
            (i32.store (i32.const 20) (i32.load (i32.const 4)))
            (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))))"#
    )
}

/// Copies standard input to standard output.
const CAT: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "_start")
        (loop $again
            (i32.store (i32.const 0) (i32.const 64))
            (i32.store (i32.const 4) (i32.const 4096))
            (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
            (i32.store (i32.const 4) (i32.load (i32.const 8)))
            (if (i32.load (i32.const 8))
                (then
                    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)))
                    (br $again))))))"#;

#[test]
fn a_guest_that_exits_is_passed_through_in_silence() {
    let scene = Scene::new(&[
        ("exit.wat", EXIT_42),
        ("ok.wat", r#"(module (func (export "_start")))"#),
    ]);
    scene.run(&["exit.wat"]).silent(42, "");
    scene.run(&["ok.wat"]).silent(0, "");
    // What it is, is found by content.
    fs::rename(scene.path("exit.wat"), scene.path("app.wasm")).expect("renamed");
    scene.run(&["app.wasm"]).silent(42, "");
}

#[test]
fn a_trap_is_reported_and_exits_as_wasmtime_does() {
    let scene = Scene::new(&[("trap.wat", TRAP)]);
    let code = if cfg!(windows) { 3 } else { 134 };
    scene
        .run(&["trap.wat"])
        .fails(code, &["unreachable", "boom"]);
}

#[test]
fn the_report_goes_where_it_is_wanted() {
    let scene = Scene::new(&[("trap.wat", TRAP)]);
    let answer = scene.run(&[
        "--report-file",
        "report.json",
        "--report",
        "json",
        "trap.wat",
    ]);
    assert_eq!(answer.stderr, "");
    let text = fs::read_to_string(scene.path("report.json")).expect("written");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert!(json.get("schema").is_some(), "{json}");
    let answer = scene.run(&["--report", "json", "trap.wat"]);
    assert!(
        serde_json::from_str::<serde_json::Value>(&answer.stderr).is_ok(),
        "{answer:?}"
    );
    assert!(
        !scene
            .run(&["--color", "never", "trap.wat"])
            .stderr
            .contains('\x1b')
    );
    assert!(
        scene
            .run(&["--color", "always", "trap.wat"])
            .stderr
            .contains('\x1b')
    );
    assert!(!scene.run(&["trap.wat"]).stderr.contains('\x1b'));
}

#[test]
fn arguments_reach_the_guest_untouched() {
    let scene = Scene::new(&[("args.wat", &lister("args_get", "args_sizes_get"))]);
    scene.run(&["args.wat"]).silent(0, "args.wat\0");
    scene
        .run(&["args.wat", "--dir", "x", "--", "-v", "", "ä b"])
        .silent(0, "args.wat\0--dir\0x\0--\0-v\0\0ä b\0");
    scene
        .run(&["--argv0", "me", "args.wat", "--argv0"])
        .silent(0, "me\0--argv0\0");
    // The name is the file's, without its folders.
    scene.run(&["./args.wat"]).silent(0, "args.wat\0");
}

#[test]
fn the_environment_is_what_was_granted() {
    let scene = Scene::new(&[("env.wat", &lister("environ_get", "environ_sizes_get"))]);
    scene.run(&["env.wat"]).silent(0, "");
    scene
        .run(&["--env", "A=1", "--env", "B=x=y", "--env", "A=2", "env.wat"])
        .silent(0, "A=2\0B=x=y\0");
    let inherited = scene
        .command(&["run", "--env", "GREETING", "env.wat"])
        .env("GREETING", "hello")
        .output()
        .expect("it starts");
    Answer::from(inherited).silent(0, "GREETING=hello\0");
    let all = scene
        .command(&[
            "run",
            "-S",
            "inherit-env",
            "--env",
            "GREETING=hi",
            "env.wat",
        ])
        .env_clear()
        .env("GREETING", "hello")
        .env("OTHER", "x")
        .output()
        .expect("it starts");
    Answer::from(all).silent(0, "GREETING=hi\0OTHER=x\0");
    scene
        .run(&["--env", "NOT_SET_ANYWHERE", "env.wat"])
        .fails(125, &["NOT_SET_ANYWHERE"]);
}

#[test]
fn folders_are_what_was_granted() {
    // Exits with what opening `in.txt` in the first granted folder answers (8: no such fd).
    let open = r#"(module
        (import "wasi_snapshot_preview1" "path_open"
            (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "in.txt")
        (func (export "_start")
            (call $exit (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 6)
                (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 64)))))"#;
    let scene = Scene::new(&[("open.wat", open)]);
    fs::create_dir(scene.path("data")).expect("created");
    fs::write(scene.path("data/in.txt"), "x").expect("written");
    scene.run(&["open.wat"]).silent(8, "");
    scene.run(&["--dir", "data", "open.wat"]).silent(0, "");
    scene
        .run(&["--dir", "data::/srv", "open.wat"])
        .silent(0, "");
    scene.run(&["--dir", ".", "open.wat"]).silent(44, "");
    scene
        .run(&["--dir", "nowhere", "open.wat"])
        .fails(125, &["--dir nowhere", "cannot be opened"]);
    scene
        .run(&["--dir", "::x", "open.wat"])
        .fails(125, &["HOST::GUEST"]);
}

#[test]
fn standard_streams_are_the_processs_own() {
    let scene = Scene::new(&[("cat.wat", CAT)]);
    let mut child = scene
        .command(&["run", "cat.wat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    child
        .stdin
        .take()
        .expect("piped")
        .write_all(b"one\ntwo")
        .expect("written");
    Answer::from(child.wait_with_output().expect("it ends")).silent(0, "one\ntwo");
    scene.run(&["cat.wat"]).silent(0, "");
}

#[test]
#[cfg(unix)]
fn closed_streams_and_readers_that_left_are_no_reason_to_panic() {
    let scene = Scene::new(&[
        ("trap.wat", TRAP),
        ("cat.wat", CAT),
        ("args.wat", &lister("args_get", "args_sizes_get")),
        (
            "add.wat",
            r#"(module (func (export "f") (result i32) i32.const 1))"#,
        ),
    ]);
    let shell = |line: &str| {
        let line = line.replace("WASMSCOPE", env!("CARGO_BIN_EXE_wasmscope"));
        let output = Command::new("sh")
            .args(["-c", &line])
            .current_dir(scene.folder.path())
            .env("XDG_CACHE_HOME", scene.path("cache"))
            .output()
            .expect("sh");
        Answer::from(output)
    };
    assert_eq!(shell("WASMSCOPE run trap.wat 2>&-").code, Some(134));
    assert_eq!(shell("WASMSCOPE run cat.wat <&-").code, Some(0));
    assert_eq!(shell("WASMSCOPE run args.wat >&-").code, Some(0));
    let answer = shell("{ WASMSCOPE run --invoke f add.wat; echo $? >&2; } | true");
    assert_eq!(answer.stderr, "0\n");
    let answer = shell("{ WASMSCOPE run --help; echo $? >&2; } | true");
    assert_eq!(answer.stderr, "0\n");
    let answer = shell("{ WASMSCOPE run trap.wat 2>&1; echo $? >&3; } 3>&2 | true");
    assert_eq!(answer.stderr, "134\n");
}

#[test]
fn functions_are_invoked() {
    let component = r#"(component
        (core module $m
            (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))
        (core instance $m (instantiate $m))
        (func $add (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $m "add")))
        (export "add" (func $add)))"#;
    let module = r#"(module
        (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))"#;
    let scene = Scene::new(&[("module.wat", module), ("component.wat", component)]);
    scene
        .run(&["--invoke", "add", "module.wat", "2", "-5"])
        .silent(0, "-3\n");
    scene
        .run(&["--invoke", "add(2, 3)", "component.wat"])
        .silent(0, "5\n");
    scene
        .run(&["--invoke", "add", "module.wat", "2"])
        .fails(126, &["2 arguments"]);
    scene
        .run(&["--invoke", "sub", "module.wat"])
        .fails(126, &["no exported function `sub`", "`add`"]);
    scene
        .run(&["module.wat"])
        .fails(126, &["no `_start`", "--invoke", "`add`"]);
    scene
        .run(&["component.wat"])
        .fails(126, &["wasi:cli/run", "--invoke", "`add`"]);
}

#[test]
fn limits_hold() {
    let grow = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func (export "_start")
            (call $exit (i32.eq (memory.grow (i32.const 100)) (i32.const -1)))))"#;
    let forever = r#"(module (func $spin (export "_start") loop br 0 end))"#;
    let scene = Scene::new(&[("grow.wat", grow), ("forever.wat", forever)]);
    scene.run(&["grow.wat"]).silent(0, "");
    scene
        .run(&["-W", "max-memory-size=1M", "grow.wat"])
        .silent(1, "");
    scene
        .run(&["-Wmax-memory-size=10M,max-wasm-stack=64k", "grow.wat"])
        .silent(0, "");
    let start = Instant::now();
    let trapped = if cfg!(windows) { 3 } else { 134 };
    scene
        .run(&["--timeout", "100ms", "forever.wat"])
        .fails(trapped, &["spin"]);
    scene
        .run(&["-W", "timeout=100ms", "forever.wat"])
        .fails(trapped, &["spin"]);
    assert!(start.elapsed() < Duration::from_secs(60));
    scene
        .run(&["-W", "max-memory=1", "grow.wat"])
        .fails(125, &["max-memory-size="]);
    scene
        .run(&["-W", "max-wasm-stack=0", "grow.wat"])
        .fails(125, &["max-wasm-stack"]);
    scene
        .run(&["--timeout", "soon", "grow.wat"])
        .fails(125, &["10s"]);
    scene
        .run(&["-S", "http", "grow.wat"])
        .fails(125, &["inherit-network"]);
}

#[test]
fn the_stack_that_is_recommended_is_larger_than_the_one_that_ran_out() {
    let scene = Scene::new(&[(
        "deep.wat",
        r#"(module (func $deep (export "_start") call $deep i32.const 0 drop))"#,
    )]);
    for (had, more) in [
        ("", "max-wasm-stack=8388608 (it had 524288 bytes)"),
        ("8M", "max-wasm-stack=33554432 (it had 8388608 bytes)"),
    ] {
        let limit = format!("max-wasm-stack={had}");
        let answer = match had {
            "" => scene.run(&["deep.wat"]),
            _ => scene.run(&["-W", &limit, "deep.wat"]),
        };
        assert_eq!(answer.code, Some(134), "{answer:?}");
        assert!(answer.stderr.contains(more), "{answer:?}");
    }
}

#[test]
fn a_failure_before_the_first_function_says_what_it_can_be() {
    let scene = Scene::new(&[(
        "data.wat",
        r#"(module (memory 1) (data (i32.const 65535) "ab") (func (export "_start")))"#,
    )]);
    let answer = scene.run(&["data.wat"]);
    assert_eq!(answer.code, Some(134), "{answer:?}");
    assert!(
        answer
            .stderr
            .contains("one of the module's data segments does not fit"),
        "{answer:?}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_path_need_not_be_utf8_but_an_argument_must() {
    use std::os::unix::ffi::OsStrExt as _;
    let scene = Scene::new(&[]);
    let name = std::ffi::OsStr::from_bytes(b"odd\xff.wat");
    let text = r#"(module (func (export "_start")))"#;
    fs::write(scene.folder.path().join(name), text).expect("writable");
    let run = |args: &[&std::ffi::OsStr]| {
        Answer::from(
            scene
                .command(&["run"])
                .args(args)
                .output()
                .expect("it starts"),
        )
    };
    let answer = run(&[name]);
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""));
    let answer = run(&[name, "fine".as_ref(), name]);
    assert_eq!(answer.code, Some(125), "{answer:?}");
    assert!(
        answer
            .stderr
            .contains("argument 2 of the guest, \"odd\\xFF.wat\", is not UTF-8"),
        "{answer:?}"
    );
}

#[test]
fn files_that_cannot_be_run_say_why() {
    let scene = Scene::new(&[
        ("empty.wasm", ""),
        ("notes.txt", "just notes"),
        ("mistake.wat", "(module (func i32.cnost 1))"),
        ("cut.wasm", "\0asm\u{1}\0"),
        (
            "invalid.wat",
            r#"(module (func (export "_start") (result i32) i64.const 1))"#,
        ),
        (
            "feature.wat",
            r#"(module (func (export "_start") try catch_all end))"#,
        ),
        (
            "imports.wat",
            r#"(module (import "wbg" "__wbg_x" (func)) (func (export "_start")))"#,
        ),
        (
            "http.wat",
            r#"(component (import "wasi:http/types@0.2.0" (instance (export "x" (func)))))"#,
        ),
    ]);
    fs::copy(env!("CARGO_BIN_EXE_wasmscope"), scene.path("native.wasm")).expect("copied");
    scene
        .run(&["nowhere.wasm"])
        .fails(127, &["nowhere.wasm: no such file"]);
    scene.run(&["."]).fails(126, &["is a folder"]);
    scene
        .run(&["empty.wasm"])
        .fails(126, &["empty.wasm: is empty"]);
    scene
        .run(&["notes.txt"])
        .fails(126, &["is not Wasm: it looks like text"]);
    scene
        .run(&["native.wasm"])
        .fails(126, &["is not Wasm", "--target wasm32-wasip1"]);
    scene
        .run(&["mistake.wat"])
        .fails(126, &["mistake.wat:1", "i32.cnost"]);
    scene.run(&["cut.wasm"]).fails(126, &["is cut off"]);
    scene
        .run(&["invalid.wat"])
        .fails(126, &["type mismatch", "offset 0x"]);
    scene
        .run(&["feature.wat"])
        .fails(126, &["legacy exception handling"]);
    scene
        .run(&["imports.wat"])
        .fails(126, &["function `wbg.__wbg_x` ()", "wasm-bindgen"]);
    scene
        .run(&["http.wat"])
        .fails(126, &["interface `wasi:http/types@0.2.0`", "-S http"]);
}

#[test]
fn names_from_a_stranger_cannot_steer_the_terminal() {
    let text = "(module (import \"env\" \"\\1b[31mred\\07\" (func)) (func (export \"_start\")))";
    let scene = Scene::new(&[("escape.wat", text)]);
    let answer = scene.run(&["escape.wat"]);
    assert_eq!(answer.code, Some(126));
    assert!(!answer.stderr.contains('\x1b'), "{answer:?}");
    assert!(answer.stderr.contains("\\u{1b}[31mred"), "{answer:?}");
}

#[test]
fn help_and_usage() {
    let scene = Scene::new(&[]);
    let help = scene.run(&["--help"]);
    assert_eq!(help.code, Some(0));
    for part in [
        "TARGET",
        "--dir <HOST[::GUEST]>",
        "Exit codes:",
        "125",
        "--invoke",
    ] {
        assert!(help.stdout.contains(part), "no {part} in:\n{}", help.stdout);
    }
    scene.run(&[]).fails(125, &["TARGET"]);
    scene
        .run(&["--no-such-option", "x.wasm"])
        .fails(125, &["--no-such-option"]);
    scene
        .run(&["--map", "x", "x.wasm"])
        .fails(125, &["FROM=TO"]);
}

#[test]
fn messages_of_our_own_are_off_unless_asked_for() {
    let scene = Scene::new(&[("exit.wat", EXIT_42)]);
    scene
        .run(&["--log", "=[", "exit.wat"])
        .fails(125, &["--log"]);
    let mut quiet = scene.command(&["run", "exit.wat"]);
    // A folder for compiled code that cannot be made: worth a message, not an error.
    let blocked = quiet
        .env("XDG_CACHE_HOME", scene.path("exit.wat"))
        .output()
        .expect("it starts");
    Answer::from(blocked).silent(42, "");
    if cfg!(target_os = "linux") {
        let mut told = scene.command(&["-v", "run", "exit.wat"]);
        let told = told
            .env("XDG_CACHE_HOME", scene.path("exit.wat"))
            .output()
            .expect("it starts");
        Answer::from(told).fails(42, &["compiled code is not kept"]);
    }
}
