//! Stopping at places.

use crate::support::{compile, exit_code, launch, opcodes, options, places_of, program};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use wasmscope_runner::debuggee::{CodePlace, Debuggee, Interruption, Resume};
use wasmscope_runner::{Invoke, Options, WasmValue};

/// Calls a function ten times, which adds one to its argument.
const TEN: &str = r#"(module
    (memory 1)
    (global $sum (mut i32) (i32.const 0))
    (func $leaf (param i32) (result i32)
        local.get 0
        i32.const 1
        i32.add)
    (func (export "_start") (local $i i32)
        (loop $next
            (i32.store8 (i32.const 8) (i32.add (i32.load8_u (i32.const 8)) (i32.const 0)))
            (global.set $sum (i32.add (global.get $sum) (call $leaf (local.get $i))))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $i) (i32.const 10))))))"#;

#[test]
fn an_armed_place_stops_as_often_as_its_opcode_runs() {
    let debuggee = compile(TEN);
    let hits: Arc<Mutex<BTreeMap<u64, u32>>> = Arc::default();
    // Counted by single steps, and by breakpoints everywhere: two launches of one debuggee.
    let count = |everywhere: Vec<CodePlace>| {
        hits.lock().expect("no panic").clear();
        let counted = Arc::clone(&hits);
        let running = launch(&debuggee, move |guest, why| {
            match why {
                Interruption::Start if everywhere.is_empty() => guest.set_single_step(true),
                Interruption::Start => guest.edit(&everywhere, &[]).expect("all are opcodes"),
                Interruption::Breakpoint => {
                    let at = guest.innermost().expect("it runs").place.pc;
                    *counted.lock().expect("no panic").entry(at).or_default() += 1;
                }
                other => panic!("{other:?}"),
            }
            Resume::Continue
        });
        assert_eq!(exit_code(running.wait()), 0);
        hits.lock().expect("no panic").clone()
    };
    let stepped = count(Vec::new());
    let everywhere: Vec<_> = opcodes(&debuggee)
        .into_iter()
        .map(|(place, _)| place)
        .collect();
    let armed = count(everywhere);
    assert_eq!(stepped, armed);
    let adds = places_of(&debuggee, "I32Add");
    let times: Vec<_> = adds.iter().map(|place| stepped.get(&place.pc)).collect();
    assert_eq!(times, [Some(&10); 4]);
}

#[test]
fn places_are_a_set_and_can_be_changed_at_any_stop() {
    let debuggee = compile(TEN);
    let add = *places_of(&debuggee, "I32Add")
        .first()
        .expect("there is one");
    let hits = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&hits);
    let running = launch(&debuggee, move |guest, why| {
        match why {
            Interruption::Start => {
                guest.edit(&[add, add], &[]).expect("an opcode");
                guest.edit(&[add], &[]).expect("an opcode");
            }
            Interruption::Breakpoint => {
                let mut hits = counted.lock().expect("no panic");
                *hits += 1;
                if *hits == 3 {
                    // Once is enough, however often it was armed.
                    guest.edit(&[], &[add]).expect("an opcode");
                }
            }
            other => panic!("{other:?}"),
        }
        Resume::Continue
    });
    assert_eq!(exit_code(running.wait()), 0);
    assert_eq!(*hits.lock().expect("no panic"), 3);
}

#[test]
fn what_is_no_opcode_is_refused_and_the_rest_is_armed() {
    let debuggee = compile(TEN);
    let add = *places_of(&debuggee, "I32Add")
        .first()
        .expect("there is one");
    // The constant's second byte, a place behind the code, and a module that is not there.
    let inside = CodePlace {
        pc: add.pc - 1,
        ..add
    };
    let behind = CodePlace { pc: 1 << 20, ..add };
    let elsewhere = CodePlace { module: 7, ..add };
    let hits = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&hits);
    let running = launch(&debuggee, move |guest, why| {
        match why {
            Interruption::Start => {
                for wrong in [inside, behind, elsewhere] {
                    guest.edit(&[wrong, add], &[]).expect_err("no opcode");
                }
            }
            Interruption::Breakpoint => {
                let at = guest.innermost().expect("it runs").place;
                told.lock().expect("no panic").push(at);
            }
            other => panic!("{other:?}"),
        }
        Resume::Continue
    });
    assert_eq!(exit_code(running.wait()), 0);
    assert_eq!(*hits.lock().expect("no panic"), [add; 10]);
}

#[test]
fn the_opcode_that_is_stopped_at_has_not_run_and_its_guest_can_be_changed() {
    let debuggee = compile(TEN);
    let last = *places_of(&debuggee, "GlobalSet").first().expect("one");
    let running = launch(&debuggee, move |guest, why| {
        match why {
            Interruption::Start => guest.edit(&[last], &[]).expect("an opcode"),
            Interruption::Breakpoint => {
                let round = match guest.local(0, 0).expect("a local") {
                    WasmValue::I32(round) => round,
                    other => panic!("{other:?}"),
                };
                // 1 + 2 + … so far, and what is about to be stored on the operand stack.
                let before = round * (round + 1) / 2;
                let sum = guest.global(0, 0).expect("a global");
                assert_eq!(sum, WasmValue::I32(before));
                let next = guest.operand(0, 0).expect("an operand");
                assert_eq!(next, WasmValue::I32(before + round + 1));
                let values = guest.frame_values(0).expect("values");
                assert_eq!(values.locals, [WasmValue::I32(round)]);
                assert_eq!(values.operands, [next]);
                guest.local(0, 1).expect_err("only one local");
                guest.operand(0, 1).expect_err("only one operand");
                guest.global(0, 1).expect_err("only one global");

                let memory = guest.memory_mut(0).expect("a memory");
                assert_eq!(memory[8], u8::try_from(round).expect("small"));
                memory[8] += 1;
                let view = guest.view();
                assert_eq!(view.memories[0].as_ref().expect("a memory").len(), 1 << 16);
                assert_eq!(view.globals, [vec![Ok(sum)]]);
            }
            other => panic!("{other:?}"),
        }
        Resume::Continue
    });
    match running.wait() {
        wasmscope_runner::debuggee::End::Exited { code: 0, guest, .. } => {
            assert_eq!(guest.memory(0).expect("a memory")[8], 10);
            assert_eq!(guest.global(0, 0), Ok(WasmValue::I32(55)));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn globals_can_be_written_if_they_are_mutable_and_of_that_type() {
    let debuggee = compile(
        r#"(module
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (global $code (mut i32) (i32.const 0))
            (global $constant i32 (i32.const 1))
            (func (export "_start") (call $exit (global.get $code))))"#,
    );
    let call = *places_of(&debuggee, "GlobalGet").first().expect("one");
    let running = launch(&debuggee, move |guest, why| {
        match why {
            Interruption::Start => {
                guest.global(0, 0).expect_err("nothing is there yet");
                guest.memory(0).expect_err("nothing is there yet");
                guest.edit(&[call], &[]).expect("an opcode");
            }
            Interruption::Breakpoint => {
                guest.set_global(0, 0, WasmValue::I32(42)).expect("mutable");
                guest
                    .set_global(0, 0, WasmValue::I64(1))
                    .expect_err("an i32");
                guest
                    .set_global(0, 1, WasmValue::I32(1))
                    .expect_err("immutable");
                guest
                    .set_global(0, 2, WasmValue::I32(1))
                    .expect_err("missing");
            }
            Interruption::Exit(code) => assert_eq!(*code, 42),
            other => panic!("{other:?}"),
        }
        Resume::Continue
    });
    assert_eq!(exit_code(running.wait()), 42);
}

#[test]
fn a_start_function_can_be_stopped_in() {
    let debuggee = compile("(module (func $f nop) (start $f))");
    let nop = *places_of(&debuggee, "Nop").first().expect("one");
    let hits = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&hits);
    let running = launch(&debuggee, move |guest, why| {
        match why {
            Interruption::Start => guest.edit(&[nop], &[]).expect("an opcode"),
            Interruption::Breakpoint => *counted.lock().expect("no panic") += 1,
            other => panic!("{other:?}"),
        }
        Resume::Continue
    });
    assert_eq!(exit_code(running.wait()), 0);
    assert_eq!(*hits.lock().expect("no panic"), 1);
}

/// Two modules with the same code at the same offsets, of which one is called twice and the other
/// once in between.
const TWINS: &str = r#"(component
    (core module $a (func (export "f") nop))
    (core module $b (func (export "f") nop))
    (core module $c
        (import "a" "f" (func $a))
        (import "b" "f" (func $b))
        (func (export "run") (call $a) (call $b) (call $a)))
    (core instance $a (instantiate $a))
    (core instance $b (instantiate $b))
    (core instance $c (instantiate $c
        (with "a" (instance $a)) (with "b" (instance $b))))
    (func (export "run") (canon lift (core func $c "run"))))"#;

#[test]
fn a_place_is_its_modules_own() {
    let options = Options {
        invoke: Some(Invoke {
            function: "run()".into(),
            pass_arguments: true,
        }),
        ..options()
    };
    let debuggee = Debuggee::compile(&program(TWINS), &options).expect("it compiles");
    let first = debuggee.program().core_modules().next().expect("a module");
    let bytes = debuggee.program().bytes().get(first).expect("its bytes");
    let body = wasmparser::Parser::new(0)
        .parse_all(bytes)
        .find_map(|payload| match payload.expect("valid") {
            wasmparser::Payload::CodeSectionEntry(body) => Some(body),
            _ => None,
        });
    let opcodes = body.expect("a function").get_operators_reader();
    let pc = opcodes.expect("valid").original_position() as u64;
    let [a, b] = [0, 1].map(|module| CodePlace { module, pc });
    for (armed, disarmed_at_once, expected) in [
        (vec![a], None, vec![a, a]),
        (vec![b], None, vec![b]),
        (vec![a, b], None, vec![a, b, a]),
        (vec![a, b], Some(a), vec![a, b]),
        (vec![a, b], Some(b), vec![a, a]),
    ] {
        let hits = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&hits);
        let running = launch(&debuggee, move |guest, why| {
            match why {
                Interruption::Start => guest.edit(&armed, &[]).expect("opcodes"),
                Interruption::Breakpoint => {
                    let at = guest.innermost().expect("it runs").place;
                    told.lock().expect("no panic").push(at);
                    if let Some(place) = disarmed_at_once {
                        guest.edit(&[], &[place]).expect("an opcode");
                    }
                }
                other => panic!("{other:?}"),
            }
            Resume::Continue
        });
        assert_eq!(exit_code(running.wait()), 0);
        assert_eq!(*hits.lock().expect("no panic"), expected);
    }
}
