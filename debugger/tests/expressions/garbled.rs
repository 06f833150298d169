//! Memory that is not what the program left.

use proptest::prelude::*;
use wasmscope_debugger::values::Memory;
use wasmscope_symbols::{FrameBaseRegister, FrameState, Unavailable, WasmValue};

/// What may be put over memory: nothing, small numbers, anything.
pub fn anything() -> impl Strategy<Value = Vec<Option<u8>>> {
    let byte = prop_oneof![
        3 => Just(None),
        1 => Just(Some(0u8)),
        1 => (0..4u8).prop_map(Some),
        1 => any::<u8>().prop_map(Some),
    ];
    prop::collection::vec(byte, 1..40)
}

/// A frame whose memory is not what the program left.
pub struct Garbled<'g> {
    pub frame: &'g dyn FrameState,
    pub memory: &'g dyn Memory,
    /// What is put over the bytes, again and again.
    pub over: &'g [Option<u8>],
    pub size: u64,
}

impl FrameState for Garbled<'_> {
    fn wasm_local(&self, index: u32) -> Result<WasmValue, Unavailable> {
        self.frame.wasm_local(index)
    }

    fn wasm_global(&self, index: u32) -> Result<WasmValue, Unavailable> {
        self.frame.wasm_global(index)
    }

    fn operand(&self, index: u32) -> Result<WasmValue, Unavailable> {
        self.frame.operand(index)
    }

    fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), Unavailable> {
        let end = address.saturating_add(buffer.len() as u64);
        if end > self.size {
            return Err(Unavailable::out_of_bounds(
                address,
                buffer.len() as u64,
                self.size,
            ));
        }
        self.memory.read(address, buffer)?;
        for (at, byte) in buffer.iter_mut().enumerate() {
            let place = (address as usize).wrapping_add(at) % self.over.len();
            if let Some(over) = self.over[place] {
                *byte = over;
            }
        }
        Ok(())
    }

    fn frame_base(&self, register: FrameBaseRegister) -> Result<u64, Unavailable> {
        self.frame.frame_base(register)
    }
}

impl Memory for Garbled<'_> {
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), Unavailable> {
        FrameState::read(self, address, buffer)
    }
}
