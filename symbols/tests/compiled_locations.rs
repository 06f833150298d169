//! A compiled location gives what [`Symbols::locate`] gives: for every variable of the samples, at
//! opcodes all over their scopes, whatever the frame holds.

use std::collections::BTreeSet;
use wasmscope_symbols::{
    Binary, FrameState, Place, Symbols, SymbolsOptions, Unavailable, WasmValue,
};
use wasmscope_test_support::{Build, Target, sample_bytes};

/// A frame with arbitrary contents, each the same whenever it is asked for.
struct Frame {
    seed: u64,
}

impl Frame {
    /// SplitMix64 of the seed and what is asked.
    fn number(&self, what: u64) -> u64 {
        let mut z = self
            .seed
            .wrapping_add(what.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn value(&self, what: u64) -> Result<WasmValue, Unavailable> {
        let number = self.number(what);
        let low = (number >> 8) as u32;
        Ok(match number & 0x1f {
            0 => return Err(Unavailable::LocalNotKept(low & 0xff)),
            1 => WasmValue::I64(number),
            2 => WasmValue::F32(low),
            3 => WasmValue::F64(number),
            4 => WasmValue::V128([low as u8; 16]),
            // Close to either end of the address space too.
            5 => WasmValue::I32(u32::MAX - (low & 0xff)),
            _ => WasmValue::I32(low & 0xf_ffff),
        })
    }
}

impl FrameState for Frame {
    fn wasm_local(&self, index: u32) -> Result<WasmValue, Unavailable> {
        self.value(u64::from(index))
    }

    fn wasm_global(&self, index: u32) -> Result<WasmValue, Unavailable> {
        self.value(1 << 40 | u64::from(index))
    }

    fn operand(&self, index: u32) -> Result<WasmValue, Unavailable> {
        self.value(2 << 40 | u64::from(index))
    }

    fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), Unavailable> {
        let len = buffer.len() as u64;
        if address.checked_add(len).is_none_or(|end| end > 1 << 20) {
            return Err(Unavailable::out_of_bounds(address, len, 1 << 20));
        }
        for (byte, address) in buffer.iter_mut().zip(address..) {
            *byte = self.number(3 << 40 | address) as u8;
        }
        Ok(())
    }
}

/// The first bytes of a place, as [`wasmscope_symbols::CompiledLocation::read`] is to give them.
fn read(place: &Place, frame: &Frame, buffer: &mut [u8]) -> Result<(), Unavailable> {
    match place {
        Place::Memory(address) => frame.read(*address, buffer),
        Place::Bytes(bytes) => {
            buffer.copy_from_slice(bytes.get(0..buffer.len() as u64)?);
            Ok(())
        }
        Place::Unavailable(reason) => Err(reason.clone()),
    }
}

#[derive(Default)]
struct Seen {
    compared: usize,
    simple: usize,
    known: usize,
}

fn compare(symbols: &Symbols, seen: &mut Seen) {
    for body in &symbols.module().bodies {
        let code = symbols.module().code_of(body);
        let statements = symbols.statements(body.first_opcode).unwrap();
        let starts = statements.places.iter().map(|place| place.pc);
        let spread = code.opcodes().step_by(code.len() / 4 + 1);
        for pc in starts.step_by(3).chain(spread).collect::<BTreeSet<_>>() {
            for die in statements.chain_at(pc) {
                for variable in symbols.variables(die, pc, None) {
                    let compiled = symbols.compile_location(&variable, pc);
                    seen.simple += usize::from(compiled.is_simple());
                    for seed in [1, 2, 3, 4] {
                        let frame = Frame { seed: seed + pc.0 };
                        let place = symbols.locate(&variable, pc, &frame);
                        assert_eq!(compiled.locate(&frame), place, "{variable:?} at {pc}");
                        let size = variable
                            .type_id
                            .and_then(|ty| symbols.describe_type(ty).size)
                            .unwrap_or(0)
                            .min(16) as usize;
                        let (mut ours, mut theirs) = ([0; 16], [0; 16]);
                        assert_eq!(
                            compiled.read(&frame, &mut ours[..size]),
                            read(&place, &frame, &mut theirs[..size]),
                        );
                        assert_eq!(ours, theirs);
                        seen.known += usize::from(!matches!(place, Place::Unavailable(_)));
                    }
                    seen.compared += 1;
                }
            }
        }
    }
}

#[test]
fn compiled_locations_are_what_evaluation_gives() {
    for build in Build::WITH_DEBUG {
        for name in ["orders", "values", "async_tasks", "statics"] {
            let mut seen = Seen::default();
            for target in Target::ALL {
                let binary = Binary::parse(sample_bytes(name, build, target).into()).unwrap();
                for module in binary.modules {
                    compare(
                        &Symbols::open(module, &SymbolsOptions::default()),
                        &mut seen,
                    );
                }
            }
            let Seen {
                compared,
                simple,
                known,
            } = seen;
            assert!(compared > 10_000, "{name}: {compared}");
            assert!(known > compared, "{name}: {known} of {}", compared * 4);
            // In unoptimised code of users nearly all; here std's own code counts too.
            assert!(simple * 10 > compared * 8, "{name}: {simple} of {compared}");
        }
    }
}
