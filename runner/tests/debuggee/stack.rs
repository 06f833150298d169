//! Walking the stack.

use crate::support::{compile, launch, places_of};
use wasmscope_runner::debuggee::{End, Interruption, Resume};
use wasmscope_runner::{Trap, WasmFrame, WasmValue};

/// Calls itself, directly and through a table, as often as its argument says.
const DEEP: &str = r#"(module
    (type $f (func (param i32) (result i32)))
    (table 1 1 funcref)
    (elem (i32.const 0) $table)
    (func $direct (type $f)
        (if (i32.eqz (local.get 0)) (then (nop) (return (i32.const 0))))
        (i32.add (i32.const 1)
            (call_indirect (type $f) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0))))
    (func $table (type $f)
        (if (i32.eqz (local.get 0)) (then (nop) (return (i32.const 0))))
        (i32.add (i32.const 2)
            (call $direct (i32.sub (local.get 0) (i32.const 1)))))
    (func (export "_start") (drop (call $direct (i32.const 501)))))"#;

#[test]
fn outer_frames_are_at_their_calls() {
    let debuggee = compile(DEEP);
    let nops = places_of(&debuggee, "Nop");
    let calls = places_of(&debuggee, "Call");
    let indirect = *places_of(&debuggee, "CallIndirect").first().expect("one");
    let [direct, start] = *calls.as_slice() else {
        panic!("{calls:?}");
    };
    let innermost = nops[1];
    let running = launch(&debuggee, move |guest, why| {
        match why {
            Interruption::Start => {
                assert_eq!(guest.depth(10), 0);
                assert_eq!(guest.innermost(), None);
                guest.edit(&nops, &[]).expect("opcodes");
            }
            Interruption::Breakpoint => {
                assert_eq!(guest.innermost().map(|frame| frame.place), Some(innermost));
                assert_eq!(guest.depth(10), 10);
                assert_eq!(guest.depth(1000), 503);
                assert_eq!(guest.frame(503), None);
                let stack = guest.stack(1000);
                assert_eq!(stack.len(), 503);
                for (index, frame) in stack.iter().enumerate() {
                    let (place, func_index) = match index {
                        0 => (innermost, 1),
                        502 => (start, 2),
                        _ if index % 2 == 1 => (indirect, 0),
                        _ => (direct, 1),
                    };
                    let expected = WasmFrame {
                        module: 0,
                        func_index,
                        pc: place.pc,
                        name: None,
                    };
                    assert_eq!(*frame, expected, "frame {index}");
                    if index < 502 {
                        let argument = WasmValue::I32(i32::try_from(index).expect("small"));
                        assert_eq!(guest.local(index, 0), Ok(argument));
                    }
                }
                assert_eq!(guest.stack(3), stack[..3]);
                assert_eq!(guest.operand(2, 0), Ok(WasmValue::I32(2)));
                guest.local(503, 0).expect_err("no such frame");
            }
            other => panic!("{other:?}"),
        }
        Resume::Continue
    });
    assert!(matches!(running.wait(), End::Exited { code: 0, .. }));
}

#[test]
fn a_stack_that_is_used_up_can_be_walked() {
    let debuggee = compile(
        r#"(module
            (func $endless (param i32) (result i32)
                (i32.add (call $endless (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
            (func (export "_start") (drop (call $endless (i32.const 0)))))"#,
    );
    let call = *places_of(&debuggee, "Call").first().expect("one");
    let (tell, told) = std::sync::mpsc::channel();
    let running = launch(&debuggee, move |guest, why| {
        if let Interruption::Trap(trap) = why {
            assert_eq!(*trap, Trap::StackOverflow);
            let depth = guest.depth(usize::MAX);
            let stack = guest.stack(usize::MAX);
            assert_eq!(stack.len(), depth);
            assert!(depth > 100, "{depth}");
            // The innermost has only just been entered.
            assert_eq!(stack[0].func_index, 0);
            guest.local(0, 0).expect_err("it has not set up its frame");
            guest
                .frame_values(0)
                .expect_err("it has not set up its frame");
            assert_eq!(stack[1].pc, call.pc);
            let argument = i32::try_from(depth - 3).expect("small");
            assert_eq!(guest.local(1, 0), Ok(WasmValue::I32(argument)));
            tell.send(depth).expect("the test listens");
        }
        Resume::Continue
    });
    match running.wait() {
        End::Failed(failure) => {
            assert_eq!(failure.frames.len(), told.recv().expect("it stopped"));
            assert_eq!(failure.frames[1].pc, call.pc);
            failure
                .frame_values(0)
                .expect_err("it has not set up its frame");
            failure.frame_values(1).expect("captured");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_interrupted_guest_is_where_its_backtrace_says() {
    let debuggee = compile(
        r#"(module
            (func $leaf (param i32) (result i32) local.get 0 i32.const 1 i32.add)
            (func (export "_start") (local $i i32)
                (loop $next
                    (local.set $i (call $leaf (local.get $i)))
                    (br $next))))"#,
    );
    let head = *places_of(&debuggee, "Loop").first().expect("one");
    let call = *places_of(&debuggee, "Call").first().expect("one");
    let get = *places_of(&debuggee, "LocalGet").first().expect("one");
    let (tell, told) = std::sync::mpsc::channel();
    let mut stops = 0;
    let running = launch(&debuggee, move |guest, why| {
        if let Interruption::Interrupted = why {
            stops += 1;
            let stack: Vec<_> = guest.stack(10).iter().map(|frame| frame.pc).collect();
            // At the loop's head or where the function begins, and nowhere else.
            let expected = [vec![head.pc], vec![get.pc, call.pc]];
            assert!(expected.contains(&stack), "{stack:x?} of {expected:x?}");
            guest.operand(0, 0).expect_err("between two instructions");
            guest.local(0, 0).expect("locals are known");
            tell.send(()).expect("the test listens");
        }
        if stops < 20 {
            Resume::Continue
        } else {
            Resume::Kill
        }
    });
    for _ in 0..20 {
        running.interrupt();
        told.recv_timeout(crate::support::SOON).expect("it stops");
    }
    assert!(matches!(running.wait(), End::Killed { .. }));
}
