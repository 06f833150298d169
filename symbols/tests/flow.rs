//! What opcodes lead to, against control flow written down by hand; and, on the samples, that
//! nothing is left dangling.

use std::sync::Arc;
use wasmscope_symbols::{
    Binary, CallSite, CallTarget, CodeOffset, CoreModule, FunctionCode, Successors,
};
use wasmscope_test_support::{Build, Target, sample_bytes};

fn module(wat: &str) -> Arc<CoreModule> {
    let bytes = wat::parse_str(wat).expect("the test's text is right");
    let binary = Binary::parse(bytes.into()).unwrap();
    binary.modules.into_iter().next().unwrap()
}

/// The code of a function with this body, and where its opcodes are.
fn code(body: &str) -> (Arc<FunctionCode>, Vec<CodeOffset>) {
    let module = module(&format!(
        "(module (type $t (func)) (import \"a\" \"b\" (func $host)) (table 3 funcref)
           (func $f (param i32) (local i32) {body}))"
    ));
    let code = module.code_of(&module.bodies[0]);
    let opcodes = code.opcodes().collect();
    (code, opcodes)
}

/// The opcodes, by their number, that come after each; `R` for the caller.
fn successors(body: &str) -> Vec<String> {
    let (code, opcodes) = code(body);
    let number = |pc: &CodeOffset| opcodes.binary_search(pc).unwrap().to_string();
    let line = |at: &CodeOffset| {
        let Successors { pcs, returns } = code.successors(*at).unwrap();
        let mut line: Vec<String> = pcs.iter().map(number).collect();
        if returns {
            line.push("R".into());
        }
        line.join(" ")
    };
    opcodes.iter().map(line).collect()
}

#[test]
fn control_goes_where_the_structure_says() {
    let table: [(&str, &[&str]); 7] = [
        // i32.const, drop, end
        ("i32.const 1 drop", &["1", "2", "R"]),
        // block, local.get, br_if, nop, end, end
        (
            "block local.get 0 br_if 0 nop end",
            &["1", "2", "3 5", "4", "5", "R"],
        ),
        // loop, local.get, br_if, end, end: back to the opcode after `loop`
        ("loop local.get 0 br_if 0 end", &["1", "2", "1 3", "4", "R"]),
        // local.get, if, nop, else, nop, end, end
        (
            "local.get 0 if nop else nop end",
            &["1", "2 4", "3", "6", "5", "6", "R"],
        ),
        // local.get, if, return, end, end
        ("local.get 0 if return end", &["1", "2 4", "R", "4", "R"]),
        // block, block, local.get, br_table 0 1 2, end, nop, end, end
        (
            "block block local.get 0 br_table 0 1 2 end nop end",
            &["1", "2", "3", "5 7 R", "5", "6", "7", "R"],
        ),
        // unreachable, end; local.get, br_if to the function's own label
        ("local.get 0 br_if 0 unreachable", &["1", "2 R", "", "R"]),
    ];
    for (body, expected) in table {
        assert_eq!(successors(body), expected, "{body}");
    }
}

#[test]
fn calls_are_told_with_what_they_call() {
    let (code, opcodes) =
        code("call $host call $f i32.const 0 call_indirect (type $t) return_call $host");
    let call = |at: usize, target, tail| CallSite {
        pc: opcodes[at],
        next: opcodes[at + 1],
        target,
        tail,
    };
    let found = code.calls_in(code.range.clone());
    assert_eq!(found.len(), 4);
    assert_eq!(found[0], call(0, CallTarget::Import(0), false));
    assert_eq!(found[1], call(1, CallTarget::Function(1), false));
    assert_eq!(
        found[2],
        call(3, CallTarget::Indirect { table: 0, ty: 0 }, false)
    );
    assert_eq!(found[3], call(4, CallTarget::Import(0), true));
    assert_eq!(code.calls_in(opcodes[1]..opcodes[3]), &found[1..2]);
    assert_eq!(code.call_at(opcodes[3]), Some(found[2]));
    assert_eq!(code.call_at(opcodes[2]), None);
}

#[test]
fn stops_are_where_every_round_of_a_loop_comes_by() {
    // block, loop, local.get, br_if 0, end, end, nop, end
    let (code, at) = code("block loop local.get 0 br_if 0 end end nop");
    assert_eq!(code.stop_in(at[0]..code.range.end), Some(at[2]));
    assert_eq!(code.stop_in(at[4]..code.range.end), Some(at[6]));
    // Nothing but ends.
    assert_eq!(code.stop_in(at[4]..at[6]), None);
    // The function's own end returns.
    assert_eq!(code.stop_in(at[7]..code.range.end), Some(at[7]));
}

#[test]
fn code_that_nothing_leads_to_is_no_place_to_stop() {
    // unreachable, nop, block, nop, end, end
    let (code, at) = code("unreachable nop block nop end");
    assert!(code.is_reachable(at[0]));
    assert!(!code.is_reachable(at[1]));
    assert_eq!(code.stop_in(at[1]..code.range.end), None);
}

#[test]
fn what_is_reached_first_ends_at_what_is_looked_for() {
    // 0 local.get, 1 if, 2 call, 3 drop…
    let (code, at) = code("local.get 0 if call $host nop else nop end nop return");
    // 0 local.get 1 if 2 call 3 nop 4 else 5 nop 6 end 7 nop 8 return 9 end
    let wanted = [at[3], at[7]];
    let found = code.first_reached(at[0], |pc| wanted.contains(&pc));
    assert_eq!(found.stops, wanted);
    assert_eq!(found.calls.len(), 1);
    assert!(!found.returns);
    let found = code.first_reached(at[7], |pc| wanted.contains(&pc));
    assert_eq!(found.stops, []);
    assert!(found.returns);
}

#[test]
fn a_loop_comes_back_to_where_it_started() {
    let (code, at) = code("loop nop local.get 0 br_if 0 end");
    let found = code.first_reached(at[1], |pc| pc == at[1]);
    assert_eq!(found.stops, [at[1]]);
    assert!(found.returns);
}

#[test]
fn written_locals_are_known() {
    let (code, _) = code("local.get 0 local.set 1");
    assert!(code.writes_local(1));
    assert!(!code.writes_local(0));
}

#[test]
fn damage_ends_the_reading_quietly() {
    // A body whose second opcode does not exist, and whose block never ends.
    let mut bytes = wat::parse_str("(module (func block nop nop nop end))").unwrap();
    let nops = bytes.windows(3).position(|w| w == [1, 1, 1]).unwrap();
    bytes[nops + 1] = 0xf7;
    let binary = Binary::parse(bytes.into()).unwrap();
    let module = &binary.modules[0];
    let code = module.code_of(&module.bodies[0]);
    assert_eq!(code.len(), 2);
    let last = code.opcodes().last().unwrap();
    assert!(code.successors(last).unwrap().returns);
}

#[test]
fn a_table_that_nothing_writes_to_is_known() {
    let fixed = module(
        "(module (table 4 funcref) (elem (i32.const 1) $a $b) (elem (i32.const 2) $a)
           (func $a) (func $b i32.const 1 call_indirect))",
    );
    assert_eq!(fixed.table_function(0, 0), None);
    assert_eq!(fixed.table_function(0, 1), Some(0));
    assert_eq!(fixed.table_function(0, 2), Some(0));
    assert_eq!(fixed.table_function(1, 1), None);
}

#[test]
fn a_table_that_something_may_write_to_is_not() {
    let table = [
        "(table (export \"t\") 4 funcref) (func $a)",
        "(table 4 funcref) (func $a i32.const 0 ref.func $a table.set 0) (elem declare func $a)",
        "(table 4 funcref) (func $a i32.const 0 i32.const 0 i32.const 0 table.copy)",
        "(table 4 funcref) (func $a (drop (table.grow 0 (ref.null func) (i32.const 1))))",
        "(import \"a\" \"t\" (table 4 funcref)) (func $a)",
    ];
    for fields in table {
        let module = module(&format!("(module {fields} (elem (i32.const 1) func $a))"));
        assert_eq!(module.table_function(0, 1), None, "{fields}");
    }
    let elsewhere = module(
        "(module (import \"a\" \"o\" (global i32)) (table 4 funcref) (func $a)
           (elem (global.get 0) func $a))",
    );
    assert_eq!(elsewhere.table_function(0, 0), None);
}

/// Every opcode of real programs leads somewhere, or is one of those that do not.
#[test]
fn samples_have_no_loose_ends() {
    for target in Target::ALL {
        let bytes = sample_bytes("orders", Build::Debug, target);
        let binary = Binary::parse(bytes.into()).unwrap();
        let mut known = 0;
        let mut indirect = 0;
        for module in &binary.modules {
            for body in &module.bodies {
                let code = module.code_of(body);
                let decoded: Vec<_> = module.opcodes(body).collect();
                assert_eq!(code.len(), decoded.len());
                for (at, operator) in decoded {
                    let next = code.successors(at).unwrap();
                    let ends = matches!(operator, wasmparser::Operator::Unreachable);
                    assert_eq!(next.pcs.is_empty() && !next.returns, ends, "{operator:?}");
                    for pc in next.pcs {
                        assert!(code.is_opcode(pc));
                    }
                }
                indirect += code
                    .calls_in(code.range.clone())
                    .iter()
                    .filter(|call| matches!(call.target, CallTarget::Indirect { .. }))
                    .count();
            }
            known += (0..200)
                .filter(|i| module.table_function(0, *i).is_some())
                .count();
        }
        assert!(indirect > 20, "{indirect}");
        assert!(known > 20, "{target:?}: {known}");
    }
}
