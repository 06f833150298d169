//! Prologues of every shape, written by hand, each checked against what running it would give.

use super::*;
use crate::wasm::Binary;
use std::sync::Arc;

/// A module with the given functions, the stack pointer as global 0 starting at 0x10000.
fn module(functions: &str) -> Arc<CoreModule> {
    let text = format!(
        "(module (memory 2) (global $__stack_pointer (mut i32) (i32.const 65536)) \
         (func $callee) (func $sink (param i32)) (tag $error) {functions})"
    );
    parse(&text)
}

fn parse(text: &str) -> Arc<CoreModule> {
    let bytes = wat::parse_str(text).expect("the test's text is right");
    let binary = Binary::parse(bytes.into()).expect("a well-formed module");
    Arc::clone(&binary.modules[0])
}

/// The state of the last function before its `nth` call of `$callee`, counted from 0.
fn at_call(module: &CoreModule, nth: usize) -> StackState {
    let pointer = StackPointer::find(module).expect("the module has a stack pointer");
    let body = module.bodies.last().expect("a function");
    let mut calls = Vec::new();
    let mut operators = {
        let start = (module.code.start + body.first_opcode.0) as usize;
        let end = (module.code.start + body.range.end.0) as usize;
        let reader = wasmparser::BinaryReader::new(&module.bytes()[start..end], start);
        wasmparser::OperatorsReader::new(reader)
    };
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset().expect("valid opcodes");
        if matches!(operator, Operator::Call { function_index: 0 }) {
            calls.push(CodeOffset(offset as u64 - module.code.start));
        }
    }
    StackState::at(module, pointer, body, calls[nth])
}

const PROLOGUE: &str = "(local i32) global.get 0 i32.const 32 i32.sub local.tee 0 global.set 0";
const EPILOGUE: &str = "local.get 0 i32.const 32 i32.add global.set 0";

#[test]
fn the_plain_prologue() {
    let module = module(&format!("(func {PROLOGUE} call $callee {EPILOGUE})"));
    let state = at_call(&module, 0);
    assert_eq!(state.frame_size(), Some(32));
    assert!(!state.is_frameless());
    let found = state.from_inside(0xff00);
    assert_eq!(found.entry, Ok(0xff20));
    assert_eq!(found.locals, [(0, 0xff00)]);
    assert_eq!(
        state.from_outside(0xff20),
        StackAddresses {
            current: Ok(0xff00),
            ..found
        }
    );
}

#[test]
fn unoptimised_code_sets_and_gets() {
    let module = module(
        "(func (param i32) (local i32 i32) global.get 0 local.set 1 i32.const 48 local.set 2 \
         global.get 0 i32.const 48 i32.sub local.set 2 local.get 2 global.set 0 call $callee)",
    );
    let found = at_call(&module, 0).from_inside(0x8000);
    assert_eq!(found.entry, Ok(0x8030));
    // Local 1 holds the stack pointer on entry, which is an address of this frame too.
    assert_eq!(found.locals, [(1, 0x8030), (2, 0x8000)]);
}

#[test]
fn a_size_that_was_put_into_a_local_is_known() {
    let module = module(
        "(func (param i32) (local i32 i32 i32 i32 i32) global.get 0 local.set 1 i32.const 48 \
         local.set 2 local.get 1 local.get 2 i32.sub local.set 3 local.get 3 global.set 0 \
         call $callee i32.const 48 local.set 4 local.get 3 local.get 4 i32.add local.set 5 \
         local.get 5 global.set 0 call $callee)",
    );
    let state = at_call(&module, 0);
    assert_eq!(state.frame_size(), Some(48));
    let found = state.from_inside(0x8000);
    assert_eq!(found.entry, Ok(0x8030));
    assert_eq!(found.locals, [(1, 0x8030), (3, 0x8000)]);
    assert_eq!(at_call(&module, 1).from_inside(0x8030).entry, Ok(0x8030));
}

#[test]
fn a_leaf_does_not_lower_the_global() {
    let module = module(
        "(func (local i32) global.get 0 i32.const 16 i32.sub local.set 0 \
         local.get 0 i32.const 1 i32.store8 nop call $callee)",
    );
    let found = at_call(&module, 0).from_inside(0x9000);
    assert_eq!(found.entry, Ok(0x9000));
    assert_eq!(found.locals, [(0, 0x8ff0)]);
}

#[test]
fn before_the_frame_and_after_it_there_is_none() {
    let module = module(&format!(
        "(func {PROLOGUE} call $callee {EPILOGUE} call $callee)"
    ));
    let pointer = StackPointer::find(&module).unwrap();
    let body = module.bodies.last().unwrap();
    for pc in [body.range.start, body.first_opcode] {
        let before = StackState::at(&module, pointer, body, pc);
        assert!(before.is_frameless(), "{before:?}");
        assert_eq!(before.from_inside(0x7000).entry, Ok(0x7000));
    }
    let after = at_call(&module, 1);
    assert_eq!(after.from_inside(0x7000).entry, Ok(0x7000));
    assert_eq!(after.from_inside(0x7000).locals, [(0, 0x6fe0)]);
}

#[test]
fn a_function_without_a_frame_passes_through() {
    let module = module("(func i32.const 1 call $sink call $callee)");
    let state = at_call(&module, 0);
    assert!(state.is_frameless());
    assert_eq!(state.from_inside(0x4000).entry, Ok(0x4000));
    assert_eq!(state.frame_size(), None);
}

#[test]
fn an_early_return_in_a_branch_leaves_the_rest_alone() {
    let module = module(&format!(
        "(func (param i32) {} block local.get 0 br_if 0 {} return end call $callee \
         loop local.get 0 if {} return end call $callee br 0 end)",
        PROLOGUE.replace("tee 0", "tee 1"),
        EPILOGUE.replace("get 0", "get 1"),
        EPILOGUE.replace("get 0", "get 1"),
    ));
    for nth in [0, 1] {
        assert_eq!(
            at_call(&module, nth).from_inside(0x4000).entry,
            Ok(0x4020),
            "call {nth}"
        );
    }
}

#[test]
fn paths_that_disagree_give_nothing() {
    let module = module(&format!(
        "(func (param i32) {} local.get 0 if {} end call $callee)",
        PROLOGUE.replace("tee 0", "tee 1"),
        EPILOGUE.replace("get 0", "get 1"),
    ));
    assert_eq!(
        at_call(&module, 0).from_inside(0x4000).entry,
        Err(Unfollowed::Dynamic)
    );
}

#[test]
fn an_over_aligned_frame_gives_its_own_base_but_not_its_caller() {
    let module = module(
        "(func (local i32 i32) global.get 0 local.tee 0 i32.const 96 i32.sub i32.const -64 \
         i32.and local.tee 1 global.set 0 call $callee local.get 0 global.set 0)",
    );
    let state = at_call(&module, 0);
    let inside = state.from_inside(0x8fc0);
    assert_eq!(inside.entry, Err(Unfollowed::Aligned(64)));
    assert_eq!(inside.locals, [(1, 0x8fc0)]);
    // From outside everything is known: (0x9030 - 96) rounded down to 64.
    let outside = state.from_outside(0x9030);
    assert_eq!(outside.current, Ok(0x8fc0));
    assert_eq!(outside.locals, [(0, 0x9030), (1, 0x8fc0)]);
}

#[test]
fn a_frame_that_grows_is_known_from_outside_only() {
    let module = module(&format!(
        "(func (param i32) {} global.get 0 local.get 0 i32.sub global.set 0 call $callee \
         local.get 1 i32.const 32 i32.add global.set 0)",
        PROLOGUE.replace("tee 0", "tee 1"),
    ));
    let state = at_call(&module, 0);
    let inside = state.from_inside(0x8000);
    assert_eq!(
        (inside.entry, inside.locals),
        (Err(Unfollowed::Dynamic), vec![])
    );
    let outside = state.from_outside(0x9000);
    assert_eq!(outside.current, Err(Unfollowed::Dynamic));
    assert_eq!(outside.locals, [(1, 0x8fe0)]);
}

#[test]
fn a_stack_that_grows_in_a_loop_is_not_believed_on_the_first_round() {
    let module = module(&format!(
        "(func (param i32) {} loop call $callee global.get 0 i32.const 16 i32.sub global.set 0 \
         local.get 0 br_if 0 end)",
        PROLOGUE.replace("tee 0", "tee 1"),
    ));
    assert_eq!(
        at_call(&module, 0).from_inside(0x8000).entry,
        Err(Unfollowed::Dynamic)
    );
}

#[test]
fn a_local_reused_for_something_else_is_forgotten() {
    let module = module(&format!(
        "(func (param i32) {} call $callee local.get 0 local.set 1 call $callee)",
        PROLOGUE.replace("tee 0", "tee 1"),
    ));
    assert_eq!(
        at_call(&module, 0).from_inside(0x8000).locals,
        [(1, 0x8000)]
    );
    assert_eq!(at_call(&module, 1).from_inside(0x8000).locals, []);
}

#[test]
fn a_pointer_moved_along_by_a_loop_is_forgotten_and_the_base_kept() {
    let module = module(&format!(
        "(func (param i32) (local i32 i32) {} local.get 1 local.set 2 \
         loop call $callee local.get 2 i32.const 8 i32.add local.set 2 br 0 end)",
        &PROLOGUE["(local i32)".len()..].replace("tee 0", "tee 1"),
    ));
    let found = at_call(&module, 0).from_inside(0x8000);
    assert_eq!(found.entry, Ok(0x8020));
    assert_eq!(found.locals, [(1, 0x8000)]);
}

#[test]
fn after_a_catch_the_frame_is_restored() {
    let module = module(&format!(
        "(func {PROLOGUE} block try_table (catch_all 0) call $callee end end \
         call $callee local.get 0 global.set 0 call $callee)"
    ));
    assert_eq!(at_call(&module, 0).from_inside(0x8000).entry, Ok(0x8020));
    assert_eq!(
        at_call(&module, 1).from_inside(0x8000).entry,
        Err(Unfollowed::Dynamic)
    );
    assert_eq!(at_call(&module, 2).from_inside(0x8000).entry, Ok(0x8020));
}

#[test]
fn sixty_four_bit_memories() {
    let module = parse(
        "(module (memory i64 1) (global $__stack_pointer (mut i64) (i64.const 0x1_0000_0000)) \
         (func $callee) (func (local i64) global.get 0 i64.const 64 i64.sub local.tee 0 \
         global.set 0 call $callee))",
    );
    let pointer = StackPointer::find(&module).unwrap();
    assert_eq!((pointer.wide, pointer.initial), (true, Some(0x1_0000_0000)));
    let found = at_call(&module, 0).from_inside(0xffff_ffc0);
    assert_eq!(found.entry, Ok(0x1_0000_0000));
    assert_eq!(found.locals, [(0, 0xffff_ffc0)]);
}

#[test]
fn a_stack_that_ran_below_zero_wraps_as_the_guest_does() {
    let module = module(&format!("(func {PROLOGUE} call $callee {EPILOGUE})"));
    assert_eq!(at_call(&module, 0).from_inside(0xffff_fff0).entry, Ok(0x10));
}

#[test]
fn a_stripped_module_shows_its_stack_pointer_by_its_prologues() {
    let functions = format!(
        "(func $callee) (func {0} {1}) (func {0} {1})",
        PROLOGUE
            .replace("get 0 i32.const", "get 1 i32.const")
            .replace("set 0", "set 1"),
        EPILOGUE.replace("set 0", "set 1"),
    );
    let text = format!(
        "(module (global (mut i32) (i32.const 7)) (global (mut i32) (i32.const 4096)) {functions})"
    );
    let pointer = StackPointer::find(&parse(&text)).unwrap();
    assert_eq!((pointer.global, pointer.initial), (1, Some(4096)));
}

#[test]
fn no_stack_pointer_is_no_stack_pointer() {
    // One function that lowers a counter, and a constant global.
    let counter = "(module (global (mut i32) (i32.const 7)) (func global.get 0 i32.const 8 \
                   i32.sub global.set 0))";
    assert_eq!(StackPointer::find(&parse(counter)), None);
    let constant = "(module (global $__stack_pointer i32 (i32.const 7)))";
    assert_eq!(StackPointer::find(&parse(constant)), None);
}

#[test]
fn a_place_outside_is_no_place() {
    let module = module(&format!("(func {PROLOGUE} call $callee {EPILOGUE})"));
    let pointer = StackPointer::find(&module).unwrap();
    let body = module.bodies.last().unwrap();
    let state = StackState::at(&module, pointer, body, CodeOffset(u64::MAX));
    assert_eq!(
        state.from_inside(0x8000).entry,
        Err(Unfollowed::NoSuchPlace)
    );
}

/// What the calling convention promises, on real compilers' output: whatever a function did to
/// the stack pointer, it is put back where the function ends; and in between, what the walk
/// claims to know covers nearly every place.
#[test]
fn every_function_of_real_programs_gives_back_what_it_took() {
    use wasmscope_test_support::{Build, Target, sample_bytes};
    for build in [Build::Debug, Build::ReleaseWithDebug, Build::Stripped] {
        for target in Target::ALL {
            let bytes = sample_bytes("success", build, target);
            let binary = Binary::parse(bytes.into()).expect("a real program");
            let module = binary
                .modules
                .iter()
                .max_by_key(|m| m.bodies.len())
                .unwrap();
            let pointer = StackPointer::find(module).expect("compiled by LLVM");
            assert!(
                pointer.initial.is_some_and(|top| top >= 0x1_0000),
                "{pointer:?}"
            );

            let (mut framed, mut unknown) = (0, Vec::new());
            for body in &module.bodies {
                let end = CodeOffset(body.range.end.0 - 1);
                let state = StackState::at(module, pointer, body, end);
                framed += usize::from(state.frame_size().is_some());
                match state.from_inside(0x8000).entry {
                    Ok(entry) => assert_eq!(entry, 0x8000, "function {}", body.index),
                    // Functions that never return have no reachable end.
                    Err(Unfollowed::NoSuchPlace) => {}
                    Err(reason) => unknown.push((body.index, reason)),
                }
            }
            assert!(
                framed > 20,
                "{build:?} {target:?}: {framed} functions have a frame"
            );
            assert_eq!(unknown, [], "{build:?} {target:?}");
        }
    }
}

#[test]
fn damaged_code_is_followed_without_harm() {
    let text = format!(
        "(module (memory 2) (global $__stack_pointer (mut i32) (i32.const 65536)) (tag $error) \
         (func $callee) (func (param i32) (local i32) {} block loop local.get 0 br_if 1 \
         try_table (catch_all 0) call $callee end local.get 0 br_table 0 1 1 end end {}))",
        &PROLOGUE["(local i32)".len()..].replace("tee 0", "tee 1"),
        EPILOGUE.replace("get 0", "get 1"),
    );
    let whole = wat::parse_str(text).expect("the test's text is right");
    let mut followed = 0;
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << bit;
            let Ok(binary) = Binary::parse(damaged.into()) else {
                continue;
            };
            for module in &binary.modules {
                let Some(pointer) = StackPointer::find(module) else {
                    continue;
                };
                for body in &module.bodies {
                    for pc in body.range.start.0..body.range.end.0 {
                        let state = StackState::at(module, pointer, body, CodeOffset(pc));
                        let inside = state.from_inside(0x8000);
                        let _ = state.from_outside(inside.entry.unwrap_or(u64::MAX));
                        followed += 1;
                    }
                }
            }
        }
    }
    assert!(followed > 1000, "{followed}");
}
