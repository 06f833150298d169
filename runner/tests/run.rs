//! Small guests in the text format: how they end, and what is left of those that fail.

use std::path::Path;
use std::time::Duration;
use wasmscope_runner::{
    EntryError, Failure, FailureCause, GlobalValue, Invoke, LoadError, LooksLike, Options, Outcome,
    Program, RefusedBy, RunError, Trap, World, run,
};

fn program(text: &str) -> Program {
    Program::from_bytes(Path::new("test.wat"), text.as_bytes().to_vec()).expect("valid text")
}

/// Options that leave no traces on this machine.
fn options() -> Options {
    Options {
        cache: None,
        ..Options::default()
    }
}

fn run_text(text: &str, options: &Options) -> Result<Outcome, RunError> {
    run(&program(text), &World::default(), options)
}

fn failure(text: &str, options: &Options) -> Failure {
    match run_text(text, options) {
        Ok(Outcome::Failed(failure)) => failure,
        other => panic!("expected a failure, got {other:?}"),
    }
}

fn exited(text: &str, options: &Options) -> (i32, Vec<String>) {
    match run_text(text, options) {
        Ok(Outcome::Exited { code, results }) => (code, results),
        other => panic!("expected an exit, got {other:?}"),
    }
}

fn error(text: &str, options: &Options) -> String {
    match run_text(text, options) {
        Err(error) => error.to_string(),
        Ok(outcome) => panic!("expected an error, got {outcome:?}"),
    }
}

fn invoke(function: &str) -> Options {
    Options {
        invoke: Some(Invoke {
            function: function.into(),
            pass_arguments: true,
        }),
        ..options()
    }
}

const EXIT: &str = r#"(module
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start") i32.const 7 call $exit))"#;

#[test]
fn exit_codes_are_the_guests() {
    assert_eq!(exited(EXIT, &options()).0, 7);
    assert_eq!(
        exited(r#"(module (func (export "_start")))"#, &options()).0,
        0
    );
    assert_eq!(exited("(module (func $f) (start $f))", &options()).0, 0);
}

#[test]
fn an_exit_in_the_start_function_counts() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func $f i32.const 3 call $exit) (start $f))"#;
    assert_eq!(exited(text, &options()).0, 3);
}

const TRAP: &str = r#"(module
    (memory 1)
    (data (i32.const 16) "hello")
    (global $secret (mut i64) (i64.const 5))
    (global $constant f32 (f32.const 1.5))
    (func $inner i64.const 6 global.set $secret unreachable)
    (func $outer call $inner)
    (func $start (export "_start") call $outer))"#;

#[test]
fn a_trap_leaves_stack_memory_and_globals() {
    let failure = failure(TRAP, &options());
    let FailureCause::Trap {
        trap,
        memory_fault: None,
        ..
    } = &failure.cause
    else {
        panic!("{:?}", failure.cause);
    };
    assert_eq!(*trap, Trap::UnreachableCodeReached);
    assert_eq!(failure.exit_code(), if cfg!(windows) { 3 } else { 134 });
    let names: Vec<_> = failure
        .frames
        .iter()
        .map(|f| f.name.as_deref().unwrap_or(""))
        .collect();
    assert_eq!(names, ["inner", "outer", "start"]);
    // Neither is exported.
    let memory = failure.memory(0).expect("one memory");
    assert_eq!(memory.len(), 65536);
    assert_eq!(memory.get(16..21), Some(&b"hello"[..]));
    assert_eq!(failure.global(0, 0), Ok(GlobalValue::I64(6)));
    assert_eq!(failure.global(0, 1), Ok(GlobalValue::F32(1.5f32.to_bits())));
    assert!(failure.global(0, 2).is_err());
    assert!(failure.global(1, 0).is_err());
    assert!(failure.memory(1).is_err());
}

/// The opcodes at the frames' offsets, from the module's own bytes.
fn opcodes(program: &Program, failure: &Failure) -> Vec<u8> {
    let ranges: Vec<_> = program.core_modules().collect();
    let at = |frame: &wasmscope_runner::WasmFrame| {
        let start = ranges
            .get(frame.module)
            .expect("a module of the program")
            .start;
        let place = start + usize::try_from(frame.pc).expect("an offset");
        *program.bytes().get(place).expect("an opcode")
    };
    failure.frames.iter().map(at).collect()
}

const UNREACHABLE: u8 = 0x00;
const CALL: u8 = 0x10;

#[test]
fn pcs_are_those_of_the_failing_opcode_and_of_the_calls() {
    let program = program(TRAP);
    let Ok(Outcome::Failed(failure)) = run(&program, &World::default(), &options()) else {
        panic!("it traps");
    };
    assert_eq!(opcodes(&program, &failure), [UNREACHABLE, CALL, CALL]);
}

const COMPONENT_TRAP: &str = r#"(component
    (core module $other
        (memory (export "memory") 2)
        (func (export "unused")))
    (core module $main
        (import "other" "memory" (memory 1))
        (global $g (mut i32) (i32.const 11))
        (func $inner unreachable)
        (func $run (export "run") (result i32) i32.const 12 global.set $g call $inner i32.const 0))
    (core instance $other (instantiate $other))
    (core instance $main (instantiate $main (with "other" (instance $other))))
    (func $run (result (result)) (canon lift (core func $main "run")))
    (instance $cli (export "run" (func $run)))
    (export "wasi:cli/run@0.2.0" (instance $cli)))"#;

#[test]
fn components_are_taken_apart_into_their_modules() {
    let program = program(COMPONENT_TRAP);
    assert_eq!(program.core_modules().len(), 2);
    let Ok(Outcome::Failed(failure)) = run(&program, &World::default(), &options()) else {
        panic!("it traps");
    };
    assert_eq!(
        failure.frames.iter().map(|f| f.module).collect::<Vec<_>>(),
        [1, 1]
    );
    assert_eq!(opcodes(&program, &failure), [UNREACHABLE, CALL]);
    assert_eq!(failure.memory(0).expect("its own").len(), 2 * 65536);
    assert_eq!(
        failure.memory(1).expect("the imported one").len(),
        2 * 65536
    );
    assert_eq!(failure.global(1, 0), Ok(GlobalValue::I32(12)));
}

#[test]
fn several_instances_of_a_module_are_not_guessed_between() {
    let text = r#"(component
        (core module $m
            (memory 1)
            (func (export "run") (result i32) unreachable))
        (core instance $a (instantiate $m))
        (core instance $b (instantiate $m))
        (func $run (result (result)) (canon lift (core func $b "run")))
        (instance $cli (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $cli)))"#;
    let failure = failure(text, &options());
    assert_eq!(failure.frames.len(), 1);
    let reason = failure.memory(0).expect_err("two instances").to_string();
    assert!(reason.contains("instantiated 2 times"), "{reason}");
}

#[test]
fn a_component_command_that_fails_exits_with_1() {
    let text = r#"(component
        (core module $m (func (export "run") (result i32) i32.const 1))
        (core instance $m (instantiate $m))
        (func $run (result (result)) (canon lift (core func $m "run")))
        (instance $cli (export "run" (func $run)))
        (export "wasi:cli/run@0.2.3" (instance $cli)))"#;
    assert_eq!(exited(text, &options()).0, 1);
}

#[test]
fn out_of_bounds_names_address_and_size() {
    let text = r#"(module (memory 1)
        (func (export "_start") i32.const -8 i32.load drop))"#;
    let FailureCause::Trap {
        trap, memory_fault, ..
    } = failure(text, &options()).cause
    else {
        panic!("a trap");
    };
    assert_eq!(trap, Trap::MemoryOutOfBounds);
    let fault = memory_fault.expect("caught by the hardware");
    assert_eq!((fault.address, fault.memory_size), (0xffff_fff8, 65536));
}

#[test]
fn a_stack_overflow_has_all_its_frames() {
    let text = r#"(module (func $f (export "_start") call $f))"#;
    let program = program(text);
    let Ok(Outcome::Failed(failure)) = run(&program, &World::default(), &options()) else {
        panic!("it traps");
    };
    assert!(matches!(
        failure.cause,
        FailureCause::Trap {
            trap: Trap::StackOverflow,
            ..
        }
    ));
    assert!(
        failure.frames.len() > 1000,
        "{} frames",
        failure.frames.len()
    );
    let opcodes = opcodes(&program, &failure);
    assert!(
        opcodes.iter().all(|opcode| *opcode == CALL),
        "{:?}",
        opcodes.get(..3)
    );
}

#[test]
fn the_stack_can_be_made_larger_and_smaller() {
    let depth = |stack| {
        let options = Options {
            max_wasm_stack: Some(stack),
            ..options()
        };
        failure(r#"(module (func $f (export "_start") call $f))"#, &options)
            .frames
            .len()
    };
    let (small, large) = (depth(64 << 10), depth(256 << 10));
    assert!(
        small * 3 < large && large < small * 5,
        "{small} and {large}"
    );
    // Beyond the main thread's own stack.
    let huge = Options {
        max_wasm_stack: Some(64 << 20),
        ..options()
    };
    let huge = failure(r#"(module (func $f (export "_start") call $f))"#, &huge);
    assert!(huge.frames_cut);
    let none = Options {
        max_wasm_stack: Some(0),
        ..options()
    };
    assert!(error(EXIT, &none).contains("max-wasm-stack"));
}

#[test]
fn memory_that_was_refused_is_remembered() {
    let text = r#"(module (memory 1)
        (func (export "_start")
            i32.const 10 memory.grow
            i32.const -1 i32.eq
            if unreachable end))"#;
    let limited = Options {
        max_memory_size: Some(128 * 1024),
        ..options()
    };
    let refusal = failure(text, &limited).memory_refusal.expect("refused");
    assert_eq!((refusal.current, refusal.wanted), (65536, 11 * 65536));
    assert_eq!(refusal.by, RefusedBy::Limit(128 * 1024));
    assert_eq!(exited(text, &options()).0, 0);
    let below_start = Options {
        max_memory_size: Some(1000),
        ..options()
    };
    assert!(error(text, &below_start).contains("65536 bytes of memory"));
    let capped = text.replace("(memory 1)", "(memory 1 2)");
    let refusal = failure(&capped, &options())
        .memory_refusal
        .expect("refused");
    assert_eq!(refusal.by, RefusedBy::Maximum(2 * 65536));
}

#[test]
fn time_limits_end_loops() {
    let limit = Duration::from_millis(50);
    let limited = Options {
        timeout: Some(limit),
        ..options()
    };
    let failure = failure(
        r#"(module (func $f (export "_start") loop br 0 end))"#,
        &limited,
    );
    assert_eq!(
        failure.cause,
        FailureCause::Timeout {
            limit,
            in_host_call: false
        }
    );
    assert_eq!(failure.frames.len(), 1);
    assert_eq!(exited(EXIT, &limited).0, 7);
}

#[test]
fn time_limits_end_host_calls_that_wait() {
    // Sleeps for an hour: one subscription to the monotonic clock.
    let text = r#"(module
        (import "wasi_snapshot_preview1" "poll_oneoff"
            (func $poll (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "_start")
            (i32.store (i32.const 16) (i32.const 1))
            (i64.store (i32.const 24) (i64.const 3600000000000))
            (drop (call $poll (i32.const 0) (i32.const 100) (i32.const 1) (i32.const 200)))))"#;
    let limit = Duration::from_millis(50);
    let failure = failure(
        text,
        &Options {
            timeout: Some(limit),
            ..options()
        },
    );
    assert_eq!(
        failure.cause,
        FailureCause::Timeout {
            limit,
            in_host_call: true
        }
    );
    assert!(failure.memory(0).is_err());
}

#[test]
fn functions_are_invoked_with_arguments_by_type() {
    let text = r#"(module
        (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
        (func (export "swap") (param i64 f64) (result f64 i64) local.get 1 local.get 0)
        (global $ready (mut i32) (i32.const 0))
        (func (export "_initialize") i32.const 1 global.set $ready)
        (func (export "ready") (result i32) global.get $ready))"#;
    let call = |function: &str, args: &[&str]| {
        let world = World {
            args: args.iter().map(|a| (*a).to_owned()).collect(),
            ..World::default()
        };
        run(&program(text), &world, &invoke(function))
    };
    let results = |function: &str, args: &[&str]| match call(function, args) {
        Ok(Outcome::Exited { code: 0, results }) => results,
        other => panic!("{other:?}"),
    };
    assert_eq!(results("add", &["2", "-5"]), ["-3"]);
    assert_eq!(results("swap", &["7", "1.25"]), ["1.25", "7"]);
    assert_eq!(results("ready", &[]), ["1"]);
    let message =
        |function: &str, args: &[&str]| call(function, args).expect_err("wrong").to_string();
    assert!(
        message("add", &["2"]).contains("2 arguments"),
        "{}",
        message("add", &["2"])
    );
    assert!(message("add", &["2", "x"]).contains("`x` is not an i32"));
    assert!(
        message("sub", &[]).contains("`add`, `swap`, `ready`"),
        "{}",
        message("sub", &[])
    );
}

#[test]
fn component_functions_are_invoked_in_wave() {
    let text = r#"(component
        (core module $m
            (memory (export "memory") 1)
            (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))
        (core instance $m (instantiate $m))
        (func $add (param "a" u32) (param "b" u32) (result u32)
            (canon lift (core func $m "add")))
        (export "plus" (func $add))
        (instance $math (export "add" (func $add)))
        (export "demo:math/ops@1.0.0" (instance $math)))"#;
    for call in ["plus(2, 3)", "add(2, 3)", "demo:math/ops@1.0.0#add(2, 3)"] {
        assert_eq!(exited(text, &invoke(call)).1, ["5"], "{call}");
    }
    assert!(error(text, &invoke("add(2)")).contains("cannot be called so"));
    assert!(error(text, &invoke("add(2, -1)")).contains("add(a: u32, b: u32)"));
    let unknown = error(text, &invoke("sub(2, 1)"));
    assert!(
        unknown.contains("`plus`, `demo:math/ops@1.0.0#add`"),
        "{unknown}"
    );
    assert!(error(text, &options()).contains("wasi:cli/run"));
}

#[test]
fn a_module_without_an_entry_names_what_it_has() {
    let text = r#"(module (func (export "compute")) (memory (export "memory") 1))"#;
    let Err(RunError::Entry {
        error: EntryError::None { functions, .. },
        ..
    }) = run_text(text, &options())
    else {
        panic!("no entry");
    };
    assert_eq!(functions, ["compute"]);
    let text = error(text, &options());
    assert!(
        text.contains("no `_start` function") && text.contains("--invoke: `compute`"),
        "{text}"
    );
}

#[test]
fn imports_that_nobody_provides_are_all_named() {
    let text = r#"(module
        (import "wbg" "__wbg_log_1" (func (param i32 i32) (result i64)))
        (import "env" "counter" (global i32))
        (import "wasi_snapshot_preview1" "sock_open_as" (func (param i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_close" (func (param i32) (result i32)))
        (func (export "_start")))"#;
    let text = error(text, &options());
    for expected in [
        "imports 3 items",
        "function `wbg.__wbg_log_1` (i32, i32) -> i64",
        "global `env.counter` i32",
        "function `wasi_snapshot_preview1.sock_open_as` (i32, i32, i32) -> i32",
        "wasm-bindgen",
        "WasmEdge",
    ] {
        assert!(text.contains(expected), "no {expected:?} in:\n{text}");
    }
    assert!(!text.contains("fd_close"), "{text}");
}

#[test]
fn an_import_of_the_wrong_type_is_explained() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "fd_close" (func (param i64)))
        (func (export "_start")))"#;
    let text = error(text, &options());
    assert!(
        text.contains("fd_close") && text.contains("incompatible"),
        "{text}"
    );
}

#[test]
fn component_imports_are_named_with_their_host() {
    let text = r#"(component
        (import "wasi:http/types@0.2.0" (instance))
        (import "wasi:cli/environment@0.2.0" (instance))
        (import "acme:db/query" (instance (export "q" (func)))))"#;
    let text = error(text, &options());
    assert!(text.contains("acme:db/query"), "{text}");
    assert!(!text.contains("wasi:cli/environment"), "{text}");
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let world = World {
        dirs: vec![wasmscope_runner::Dir {
            host: "/nonexistent/x".into(),
            guest: "/".into(),
            read_only: false,
        }],
        ..World::default()
    };
    let error = run(&program(EXIT), &world, &options())
        .expect_err("no such folder")
        .to_string();
    assert!(
        error.starts_with("--dir /nonexistent/x: cannot be opened"),
        "{error}"
    );
}

#[test]
fn invalid_modules_say_where_and_what() {
    let text = r#"(module (func (export "_start") (result i32) i64.const 1))"#;
    let invalid = error(text, &options());
    assert!(
        invalid.contains("type mismatch") && invalid.contains("offset 0x"),
        "{invalid}"
    );
    let text = r#"(module (func (export "_start") try catch_all end))"#;
    let unsupported = error(text, &options());
    assert!(
        unsupported.contains("legacy exception handling"),
        "{unsupported}"
    );
}

#[test]
fn files_that_are_no_programs_are_told_apart() {
    let load = |bytes: &[u8]| {
        Program::from_bytes("x.wasm", bytes.to_vec())
            .map(|_| ())
            .expect_err("no program")
    };
    assert!(matches!(load(b""), LoadError::Empty { .. }));
    assert!(matches!(
        load(b"\x7fELF\x02"),
        LoadError::NotWasm {
            looks_like: LooksLike::Elf,
            ..
        }
    ));
    assert!(matches!(load(b"\0as"), LoadError::Truncated { .. }));
    assert!(matches!(load(b"\0asm\x01\0"), LoadError::Truncated { .. }));
    assert!(matches!(
        load(b"\0asm\x07\0\0\0"),
        LoadError::Malformed { .. }
    ));
    let text = load(b"(module\n  (func (export \"f\") i32.cnost 1))").to_string();
    assert!(text.contains("i32.cnost") && text.contains(":2:"), "{text}");
    assert!(matches!(
        Program::load("/nonexistent.wasm").expect_err("nothing there"),
        LoadError::NotFound { .. }
    ));
    assert!(matches!(
        Program::load(std::env::temp_dir()).expect_err("a folder"),
        LoadError::IsFolder { .. }
    ));
}

#[test]
fn every_cut_of_a_module_is_called_cut() {
    for text in [EXIT, COMPONENT_TRAP] {
        let whole = program(text).bytes().to_vec();
        for length in 1..whole.len() {
            let cut = whole.get(..length).expect("in range").to_vec();
            match Program::from_bytes("cut.wasm", cut) {
                Err(LoadError::Truncated { size, .. }) => assert_eq!(size, length as u64),
                // Between two sections a cut cannot be seen.
                Ok(_) => {}
                Err(other) => panic!("cut to {length} of {}: {other}", whole.len()),
            }
        }
    }
}

#[test]
fn compiled_code_is_kept_by_content() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cache = folder.path().join("compiled");
    let options = Options {
        cache: Some(cache.clone()),
        ..options()
    };
    assert_eq!(exited(EXIT, &options).0, 7);
    assert!(cache.is_dir());
    assert_eq!(exited(EXIT, &options).0, 7);
    // A cache that cannot be had is no error.
    let file = folder.path().join("file");
    std::fs::write(&file, b"").expect("writable");
    let options = Options {
        cache: Some(file),
        ..options
    };
    assert_eq!(exited(EXIT, &options).0, 7);
}

#[test]
fn debuggable_code_tells_locals_and_operands() {
    use wasmscope_runner::{WasmValue, run_exact};
    let text = r#"(module
        (memory 1)
        (global $g (mut i32) (i32.const 3))
        (func $inner (param i32 f64) (local i64)
            i64.const 9 local.set 2
            i32.const 77
            local.get 0
            i32.const 0
            i32.div_u
            drop drop)
        (func $outer (param i32) i32.const 4 f64.const 2.5 call $inner)
        (func $start (export "_start") i32.const 1 call $outer))"#;
    let Ok(Outcome::Failed(failure)) = run_exact(&program(text), &World::default(), &options())
    else {
        panic!("it traps");
    };
    let FailureCause::Trap {
        trap: Trap::IntegerDivisionByZero,
        ..
    } = failure.cause
    else {
        panic!("{:?}", failure.cause);
    };
    assert_eq!(failure.frames.len(), 3);
    let inner = failure.frame_values(0).expect("exact");
    let locals = [
        WasmValue::I32(4),
        WasmValue::F64(2.5f64.to_bits()),
        WasmValue::I64(9),
    ];
    assert_eq!(inner.locals, locals);
    // The operands of the division itself have been taken.
    assert_eq!(inner.operands, [WasmValue::I32(77)]);
    assert_eq!(
        failure.frame_values(1).expect("exact").locals,
        [WasmValue::I32(1)]
    );
    assert_eq!(failure.global(0, 0), Ok(WasmValue::I32(3)));
    assert_eq!(failure.memory(0).map(<[u8]>::len), Ok(65536));
    assert_eq!(opcodes(&program(text), &failure), [I32_DIV_U, CALL, CALL]);
    assert!(self::failure(text, &options()).frame_values(0).is_err());
}

const I32_DIV_U: u8 = 0x6e;

#[test]
fn debuggable_code_survives_a_stack_overflow() {
    use wasmscope_runner::run_exact;
    let text = r#"(module (func $f (param i32) local.get 0 call $f)
        (func $start (export "_start") i32.const 5 call $f))"#;
    let Ok(Outcome::Failed(failure)) = run_exact(&program(text), &World::default(), &options())
    else {
        panic!("it traps");
    };
    assert!(matches!(
        failure.cause,
        FailureCause::Trap {
            trap: Trap::StackOverflow,
            ..
        }
    ));
    assert!(failure.frame_values(0).is_err());
    let second = failure.frame_values(1).expect("exact");
    assert_eq!(second.locals, [wasmscope_runner::WasmValue::I32(5)]);
}

#[test]
fn debuggable_components_tell_locals_too() {
    let program = program(COMPONENT_TRAP);
    let Ok(Outcome::Failed(failure)) =
        wasmscope_runner::run_exact(&program, &World::default(), &options())
    else {
        panic!("it traps");
    };
    assert_eq!(opcodes(&program, &failure), [UNREACHABLE, CALL]);
    assert_eq!(failure.frame_values(0).expect("exact").locals, []);
    assert_eq!(
        failure.memory(1).expect("the imported one").len(),
        2 * 65536
    );
}
