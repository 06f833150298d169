use super::*;
use crate::location::Unavailable;
use crate::wasm::Binary;

/// A frame with local 0 at address 16, and memory whose bytes are their own addresses.
struct Frame;

impl FrameState for Frame {
    fn wasm_local(&self, index: u32) -> Result<WasmValue, Unavailable> {
        match index {
            0 => Ok(WasmValue::I32(16)),
            other => Err(Unavailable::LocalNotKept(other)),
        }
    }
    fn wasm_global(&self, _: u32) -> Result<WasmValue, Unavailable> {
        Err(Unavailable::OptimisedOut)
    }
    fn operand(&self, _: u32) -> Result<WasmValue, Unavailable> {
        Err(Unavailable::OperandNotKept)
    }
    fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), Unavailable> {
        for (at, byte) in (address..).zip(buffer) {
            *byte = u8::try_from(at).map_err(|_| Unavailable::OptimisedOut)?;
        }
        Ok(())
    }
}

/// The two operands of the last `i32.div_s` in a function with this body.
fn operands(body: &str) -> [Option<u32>; 2] {
    let text = format!(
        "(module (memory 1) (func $f) (func (param i32 i32 i32) (local i64) \
         {body} i32.div_s drop))"
    );
    let bytes = wat::parse_str(&text).unwrap();
    let module = Binary::parse(bytes.into()).unwrap().modules[0].clone();
    let body = module.bodies.last().unwrap();
    // `i32.div_s drop end` are a byte each.
    let pc = ModulePc(module.code.start + body.range.end.0 - 3);
    let found = operands_at(&module, body, pc, &Frame, 2);
    let number = |value: &Option<WasmValue>| match value {
        Some(WasmValue::I32(value)) => Some(*value),
        _ => None,
    };
    [number(&found[0]), number(&found[1])]
}

#[test]
fn what_the_line_proves_is_known() {
    const LOADED: u32 = 0x1716_1514; // at 16 + 4
    for (body, expected) in [
        ("i32.const 7 i32.const 0", [Some(7), Some(0)]),
        (
            "local.get 0 i32.load offset=4 local.get 0",
            [Some(LOADED), Some(16)],
        ),
        (
            "local.get 0 i32.load8_s offset=184 i32.const 0",
            [Some(-56i32 as u32), Some(0)],
        ),
        (
            "i32.const 5 local.set 1 local.get 1 local.get 1",
            [Some(5), Some(5)],
        ),
        (
            "block local.get 1 br_if 0 i32.const 3 local.get 0 i32.div_s drop end i32.const 3 local.get 2",
            [Some(3), None],
        ),
        (
            "i32.const 0x100000007 i32.wrap_i64 i32.const 2 i32.const 3 i32.sub"
                .replace("i32.const 0x1", "i64.const 0x1")
                .as_str(),
            [Some(7), Some(u32::MAX)],
        ),
        // Written to after it was read: it may have been this very place.
        (
            "local.get 0 i32.load local.get 0 i32.const 1 i32.store local.get 0 i32.load",
            [None, Some(0x1312_1110)],
        ),
        ("local.get 0 i32.load call $f i32.const 1", [None, Some(1)]),
        (
            "local.get 0 i32.load i32.const 1 i32.const 1 i32.const 1 memory.fill i32.const 1",
            [None, Some(1)],
        ),
        // An argument that was put into the frame still stands there, unless written over.
        (
            "local.get 0 local.get 1 i32.store offset=4 i32.const 3 local.get 1",
            [Some(3), Some(LOADED)],
        ),
        (
            "local.get 0 local.get 1 i32.store offset=4 local.get 0 i32.const 3 i32.store offset=8 local.get 1 i32.const 3",
            [Some(LOADED), Some(3)],
        ),
        (
            "local.get 0 local.get 1 i32.store offset=4 local.get 0 i32.const 3 i32.store8 offset=7 local.get 1 i32.const 3",
            [None, Some(3)],
        ),
        (
            "local.get 0 local.get 1 i32.store offset=4 local.get 2 i32.const 3 i32.store local.get 1 i32.const 3",
            [None, Some(3)],
        ),
        (
            "local.get 0 local.get 1 i32.store8 offset=4 local.get 1 i32.const 3",
            [None, Some(3)],
        ),
        (
            "local.get 0 local.get 1 i32.store offset=4 call $f local.get 1 i32.const 3",
            [None, Some(3)],
        ),
        // So does what came from nobody knows where.
        (
            "local.get 1 i32.load local.set 2 local.get 0 local.get 2 i32.store offset=4 i32.const 3 local.get 2",
            [Some(3), Some(LOADED)],
        ),
        // What was put into a local that the stop knows is what the stop says.
        (
            "local.get 1 i32.load local.set 0 i32.const 3 local.get 0",
            [Some(3), Some(16)],
        ),
        // The stop knows what local 0 is now, not what it was.
        (
            "local.get 0 i32.const 9 local.set 0 local.get 0",
            [None, Some(9)],
        ),
        // From where it came to the loop's head is not known; nor behind a block's end.
        (
            "i32.const 4 local.set 1 loop local.get 1 br_if 0 end local.get 1 i32.const 0",
            [None, Some(0)],
        ),
        ("i32.const 4 block end i32.const 0", [None, Some(0)]),
        ("local.get 1 i32.load i32.const 0", [None, Some(0)]),
        ("i32.const 0x7fffffff i32.load i32.const 0", [None, Some(0)]),
    ] {
        assert_eq!(operands(body), expected, "{body}");
    }
}

#[test]
fn a_place_that_is_none_knows_nothing() {
    let bytes = wat::parse_str("(module (func i32.const 1000 drop))").unwrap();
    let module = Binary::parse(bytes.into()).unwrap().modules[0].clone();
    let body = &module.bodies[0];
    let first = module.code.start + body.first_opcode.0;
    for pc in [0, first - 1, first + 1, first + 100, u64::MAX] {
        let found = operands_at(&module, body, ModulePc(pc), &Frame, 1);
        assert_eq!(found, [None], "{pc}");
    }
    let drop = operands_at(&module, body, ModulePc(first + 3), &Frame, 1);
    assert_eq!(drop, [Some(WasmValue::I32(1000))]);
}
