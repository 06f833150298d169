//! The seam between what understands a program and what holds it: the few things that frames,
//! values and explanations ask of a stopped guest, whatever stopped it.
//!
//! A guest that failed is the first to answer ([`FailedGuest`]): it has the Wasm stack, memory and
//! globals; Wasm locals only if it ran as debuggable code, since optimised machine code does not
//! keep them. A guest under the
//! debugger, a core dump and a replayed run can answer the same questions.

use wasmscope_runner::{Failure, GlobalValue, WasmFrame};
use wasmscope_symbols::{Unavailable, WasmValue};

/// A stopped guest. Modules are named by their place among the program's core modules, frames by
/// their place in [`Target::stack`].
pub trait Target {
    /// The Wasm stack, innermost frame first.
    fn stack(&self) -> &[WasmFrame];

    /// Whether the outermost frames of the stack are missing.
    fn stack_is_cut(&self) -> bool;

    /// The linear memory that a module's code addresses.
    ///
    /// # Errors
    /// When it is out of reach.
    fn memory(&self, module: usize) -> Result<&[u8], Unavailable>;

    /// A global of a module, by its index in the global index space.
    ///
    /// # Errors
    /// When it is out of reach, or no number.
    fn global(&self, module: usize, index: u32) -> Result<WasmValue, Unavailable>;

    /// A Wasm local of a frame.
    ///
    /// # Errors
    /// When the target does not keep locals.
    fn local(&self, frame: usize, index: u32) -> Result<WasmValue, Unavailable>;

    /// An operand of a frame, counted from the bottom of its operand stack.
    ///
    /// # Errors
    /// When the target does not keep operands.
    fn operand(&self, frame: usize, index: u32) -> Result<WasmValue, Unavailable>;
}

/// A guest that ran and failed.
#[derive(Clone, Copy, Debug)]
pub struct FailedGuest<'f> {
    failure: &'f Failure,
}

impl<'f> FailedGuest<'f> {
    /// The guest of a failure.
    pub fn new(failure: &'f Failure) -> Self {
        FailedGuest { failure }
    }
}

impl Target for FailedGuest<'_> {
    fn stack(&self) -> &[WasmFrame] {
        &self.failure.frames
    }

    fn stack_is_cut(&self) -> bool {
        self.failure.frames_cut
    }

    fn memory(&self, module: usize) -> Result<&[u8], Unavailable> {
        self.failure.memory(module).map_err(unavailable)
    }

    fn global(&self, module: usize, index: u32) -> Result<WasmValue, Unavailable> {
        let value = self.failure.global(module, index).map_err(unavailable)?;
        number(value).ok_or_else(|| Unavailable::Other("the global holds a reference".into()))
    }

    fn local(&self, frame: usize, index: u32) -> Result<WasmValue, Unavailable> {
        let values = self.failure.frame_values(frame);
        let values = values.map_err(|_| Unavailable::LocalNotKept(index))?;
        let local = usize::try_from(index)
            .ok()
            .and_then(|index| values.locals.get(index));
        local.copied().and_then(number).ok_or_else(|| {
            Unavailable::malformed("there is no such Wasm local with a number in it")
        })
    }

    fn operand(&self, frame: usize, index: u32) -> Result<WasmValue, Unavailable> {
        let values = self
            .failure
            .frame_values(frame)
            .map_err(|_| Unavailable::OperandNotKept)?;
        let operand = usize::try_from(index)
            .ok()
            .and_then(|index| values.operands.get(index));
        operand
            .copied()
            .and_then(number)
            .ok_or_else(|| match frame {
                // Wasmtime shows the stack as the opcode that trapped leaves it.
                0 => Unavailable::Other(
                    "an operand of the instruction that failed, which had consumed it".into(),
                ),
                _ => Unavailable::malformed("there is no such operand with a number in it"),
            })
    }
}

/// A number, as locations know them.
pub(crate) fn number(value: GlobalValue) -> Option<WasmValue> {
    match value {
        GlobalValue::I32(value) => Some(WasmValue::I32(value.cast_unsigned())),
        GlobalValue::I64(value) => Some(WasmValue::I64(value.cast_unsigned())),
        GlobalValue::F32(bits) => Some(WasmValue::F32(bits)),
        GlobalValue::F64(bits) => Some(WasmValue::F64(bits)),
        GlobalValue::V128(bits) => Some(WasmValue::V128(bits.to_le_bytes())),
        GlobalValue::Reference => None,
    }
}

fn unavailable(reason: wasmscope_runner::Unavailable) -> Unavailable {
    Unavailable::Other(reason.to_string().into())
}
