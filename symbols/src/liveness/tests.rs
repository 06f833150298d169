//! Small functions, opcode by opcode. What real compilers make of moves is tested on samples.

use super::graph::{Graph, Sought};
use super::uses::At;
use super::walk;
use super::ways::{Given, Question};
use crate::wasm::{Binary, CoreModule};
use proptest::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// The frame is in local 1, behind one parameter; `$drop` is a function that takes an address.
const FRAME: u32 = 1;

struct Function {
    module: Arc<CoreModule>,
    graph: Graph,
}

/// A function with this body.
fn function(body: &str) -> Function {
    let text = format!(
        "(module (memory 1) (global $sp (mut i32) (i32.const 4096))
            (func $drop (param i32)) (func $look)
            (func (param i32) (local i32 i32 i32)
              global.get $sp i32.const 64 i32.sub local.set {FRAME} {body}))"
    );
    let bytes = wat::parse_str(text).expect("well-formed text");
    let module = Arc::clone(&Binary::parse(bytes.into()).expect("a module").modules[0]);
    let body = module.bodies[2].clone();
    let uses = walk::read(&module, &body, Some(FRAME)).expect("it can be followed");
    let graph = Graph::new(&module.code_of(&body), uses).expect("it has few flags");
    Function { module, graph }
}

fn bytes(range: Range<i64>) -> Range<At> {
    let at = |offset| At {
        base: FRAME,
        offset,
    };
    at(range.start)..at(range.end)
}

impl Function {
    /// The positions of the calls of `$look`.
    fn looks(&self) -> Vec<u32> {
        let opcodes = self.module.opcodes(&self.module.bodies[2]);
        let opcodes = (0..).zip(opcodes);
        opcodes
            .filter_map(|(position, (_, operator))| {
                use wasmparser::Operator::Call;
                matches!(operator, Call { function_index: 1 }).then_some(position)
            })
            .collect()
    }

    /// Whether the variable in these bytes is over at each call of `$look`, the flags being so.
    fn over(&self, part: Range<i64>, set: u64) -> Vec<bool> {
        let sought = Sought::Memory {
            whole: bytes(0..24),
            part: bytes(part),
        };
        let mut question = Question::new(&self.graph, sought, 10_000);
        let over = |at: &u32| question.is_over(*at, true, Some(set));
        self.looks().iter().map(over).collect()
    }

    fn given(&self, part: Range<i64>) -> Vec<Given> {
        let sought = Sought::Memory {
            whole: bytes(part.clone()),
            part: bytes(part),
        };
        let mut question = Question::new(&self.graph, sought, 10_000);
        let given = |at: &u32| question.is_given(*at, true);
        self.looks().iter().map(given).collect()
    }
}

/// A move: the address of the frame's first bytes goes to a function.
const MOVE: &str = "local.get 1 call $drop ";

#[test]
fn what_is_used_later_is_there() {
    let it = function(&format!("call $look {MOVE} call $look"));
    assert_eq!(it.over(0..24, 0), [false, true]);
    assert_eq!(it.over(0..12, 0), [false, true]);
    // The address of a part reaches no further back.
    let it = function("call $look local.get 1 i32.const 12 i32.add call $drop call $look");
    assert_eq!(it.over(0..12, 0), [true, true]);
    assert_eq!(it.over(12..24, 0), [false, true]);
    let it = function(
        "call $look local.get 1 local.get 1 i64.load offset=8 i64.store offset=40 call $look",
    );
    assert_eq!(it.over(8..16, 0), [false, true]);
    assert_eq!(it.over(16..24, 0), [true, true]);
}

#[test]
fn one_way_out_is_enough_but_all_flags_are_asked() {
    let it = function(&format!("call $look local.get 0 if {MOVE} end call $look"));
    assert_eq!(it.over(0..24, 0), [true, true]);
    let flagged = |test: &str| {
        function(&format!(
            "local.get 1 i32.const 1 i32.store8 offset=40 call $look
             block local.get 1 i32.load8_u offset=40 {test} br_if 0 {MOVE} end call $look"
        ))
    };
    let unless_set = flagged("i32.const 1 i32.and i32.eqz");
    assert_eq!(unless_set.over(0..24, 1), [false, true]);
    assert_eq!(unless_set.over(0..24, 0), [true, true]);
    let if_set = flagged("i32.const 1 i32.and");
    assert_eq!(if_set.over(0..24, 1), [true, true]);
    assert_eq!(if_set.over(0..24, 0), [false, true]);
    // The function itself changes it on the way.
    let it = function(&format!(
        "call $look local.get 1 i32.const 0 i32.store8 offset=40
         local.get 1 i32.load8_u offset=40 if {MOVE} end"
    ));
    assert_eq!(it.over(0..24, 1), [true]);
}

#[test]
fn what_is_written_anew_was_over() {
    let it = function(&format!(
        "call $look local.get 1 i64.const 0 i64.store
         local.get 1 i32.const 0 i32.store offset=8 {MOVE}"
    ));
    assert_eq!(it.over(0..12, 0), [true]);
    assert_eq!(it.over(0..16, 0), [false], "some of it was not written");
}

#[test]
fn where_nothing_returns_the_last_branch_tells() {
    let it = function(&format!(
        "{MOVE} local.get 0 if call $look unreachable end call $look"
    ));
    assert_eq!(it.over(0..24, 0), [true, true]);
    let it = function(&format!("local.get 0 if call $look unreachable end {MOVE}"));
    assert_eq!(it.over(0..24, 0), [false]);
    // Given a value behind the branch, or no branch at all: that cannot be told.
    let it =
        function("local.get 0 if local.get 1 i32.const 9 i32.store call $look unreachable end");
    assert_eq!(it.over(0..24, 0), [false]);
    let it = function("call $look unreachable");
    assert_eq!(it.over(0..24, 0), [false]);
}

#[test]
fn addresses_that_are_not_followed_may_be_any() {
    let it = function("call $look local.get 1 i32.const 3 i32.mul i32.load drop");
    assert_eq!(it.over(0..24, 0), [false]);
    // An index stays in the array that it is for.
    let it =
        function("call $look local.get 1 i32.const 40 i32.add local.get 0 i32.add i32.load drop");
    assert_eq!(it.over(0..24, 0), [true]);
    // What a local holds is followed where it is always the same.
    let it =
        function("local.get 1 i32.const 4 i32.add local.set 2 call $look local.get 2 call $drop");
    assert_eq!(it.over(0..24, 0), [false]);
    let it = function(
        "local.get 1 local.set 2 local.get 1 i32.const 40 i32.add local.set 2
         call $look local.get 2 call $drop",
    );
    assert_eq!(it.over(0..24, 0), [false]);
}

#[test]
fn a_variable_is_given_a_value_on_some_ways() {
    let it = function(
        "call $look local.get 0 if local.get 1 i32.const 7 i32.store call $look end call $look
         local.get 1 i32.const 7 i32.store call $look",
    );
    let expected = [Given::Never, Given::Surely, Given::Perhaps, Given::Surely];
    assert_eq!(it.given(0..4), expected);
    assert_eq!(it.given(4..8), [Given::Never; 4]);
}

#[test]
fn a_local_that_is_written_for_debuggers_is_followed_itself() {
    let spilled = |rest: &str| {
        let it = function(&format!(
            "i32.const 5 call $drop local.get 0 i32.load local.set 2
             local.get 1 local.get 2 i32.store offset=8 call $look {rest}"
        ));
        let uses = it.graph.uses();
        let at = bytes(8..12);
        assert!(!uses.ever_looks_at(at.start, 4));
        let sought = Sought::Locals {
            locals: uses.spilled_from(at.start, 4),
            seen_at: at,
        };
        let looks = it.looks();
        let mut question = Question::new(&it.graph, sought, 1000);
        let over = |at: &u32| question.is_over(*at, true, Some(0));
        looks.iter().map(over).collect::<Vec<_>>()
    };
    assert_eq!(spilled("local.get 2 call $drop call $look"), [false, true]);
    // It moves into another variable.
    let moved = "local.get 1 local.get 2 i32.store offset=48 call $look";
    assert_eq!(spilled(moved), [false, true]);
}

proptest! {
    /// Whatever the code is, reading it and asking about it ends, and soon.
    #[test]
    fn any_code_can_be_asked_about(seed in prop::collection::vec(any::<u8>(), 16..400)) {
        let mut module = b"\0asm\x01\0\0\0\x01\x05\x01\x60\x01\x7f\x00\x03\x02\x01\x00\x0a".to_vec();
        let mut body = vec![1, 4, 0x7f];
        body.extend(&seed);
        body.push(0x0b);
        let mut section = vec![1];
        leb128(&mut section, body.len());
        section.extend(&body);
        leb128(&mut module, section.len());
        module.extend(&section);
        let Ok(binary) = Binary::parse(module.into()) else { return Ok(()) };
        let Some(module) = binary.modules.first() else { return Ok(()) };
        let Some(body) = module.bodies.first() else { return Ok(()) };
        let code = module.code_of(body);
        let uses = walk::read(module, body, Some(FRAME));
        let Some(graph) = uses.and_then(|uses| Graph::new(&code, uses)) else { return Ok(()) };
        let sought = Sought::Memory { whole: bytes(0..24), part: bytes(0..12) };
        for position in 0..u32::try_from(code.len()).unwrap_or(0) {
            let mut question = Question::new(&graph, sought.clone(), 1000);
            question.is_over(position, false, Some(0));
            question.is_given(position, true);
        }
    }
}

fn leb128(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
