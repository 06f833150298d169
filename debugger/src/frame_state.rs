//! One frame of a stopped guest as variables' locations see it: Wasm locals where the target
//! keeps them, and otherwise what unwinding the shadow stack found.

use crate::target::Target;
use crate::unwind::ShadowFrame;
use crate::values::Memory;
use wasmscope_symbols::{FrameBaseRegister, FrameState, Unavailable, WasmValue};

/// A Wasm frame of a target.
pub struct TargetFrame<'t> {
    target: &'t dyn Target,
    frame: usize,
    shadow: &'t Result<ShadowFrame, Unavailable>,
}

impl<'t> TargetFrame<'t> {
    /// The frame at this place of the target's stack, with what [`crate::unwind::unwind`] found
    /// for it.
    pub fn new(
        target: &'t dyn Target,
        frame: usize,
        shadow: &'t Result<ShadowFrame, Unavailable>,
    ) -> Self {
        TargetFrame {
            target,
            frame,
            shadow,
        }
    }

    /// The linear memory of the frame's module.
    ///
    /// # Errors
    /// When it is out of reach.
    pub fn memory(&self) -> Result<&'t [u8], Unavailable> {
        self.target.memory(self.module()?)
    }

    fn module(&self) -> Result<usize, Unavailable> {
        let frame = self.target.stack().get(self.frame);
        frame
            .map(|frame| frame.module)
            .ok_or_else(|| Unavailable::Other("there is no such frame".into()))
    }
}

impl FrameState for TargetFrame<'_> {
    fn wasm_local(&self, index: u32) -> Result<WasmValue, Unavailable> {
        let kept = self.target.local(self.frame, index);
        match (kept, self.shadow) {
            (Err(_), Ok(shadow)) if shadow.local(index).is_some() => shadow
                .local(index)
                .map(|value| address(value, shadow.wide))
                .ok_or(Unavailable::LocalNotKept(index)),
            (kept, _) => kept,
        }
    }

    fn wasm_global(&self, index: u32) -> Result<WasmValue, Unavailable> {
        // The stack pointer is the only global that a function puts back: its value in this
        // frame is not the one that the stop left.
        match self.shadow {
            Ok(shadow) if shadow.global == index => match shadow.stack_pointer {
                Some(value) => Ok(address(value, shadow.wide)),
                None => Err(Unavailable::FrameBase(
                    "the frame has a size that was computed at run time".into(),
                )),
            },
            Ok(_) => self.target.global(self.module()?, index),
            // Without a shadow frame it is not known which global is the stack pointer.
            Err(_) if self.frame == 0 => self.target.global(self.module()?, index),
            Err(reason) => Err(reason.clone()),
        }
    }

    fn operand(&self, index: u32) -> Result<WasmValue, Unavailable> {
        self.target.operand(self.frame, index)
    }

    fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), Unavailable> {
        let memory = self.memory()?;
        let len = buffer.len() as u64;
        let outside = || Unavailable::out_of_bounds(address, len, memory.len() as u64);
        let start = usize::try_from(address).map_err(|_| outside())?;
        let end = start.checked_add(buffer.len()).ok_or_else(outside)?;
        buffer.copy_from_slice(memory.get(start..end).ok_or_else(outside)?);
        Ok(())
    }

    fn has_called(&self) -> bool {
        self.frame > 0
    }

    fn frame_base(&self, register: FrameBaseRegister) -> Result<u64, Unavailable> {
        let value = match register {
            FrameBaseRegister::Global(index) => self.wasm_global(index)?,
            FrameBaseRegister::Local(index) => match (self.wasm_local(index), self.shadow) {
                (Ok(value), _) => value,
                (Err(_), Ok(_)) => {
                    return Err(Unavailable::FrameBase(
                        "the function has not set up its frame yet, or keeps no frame".into(),
                    ));
                }
                (Err(_), Err(reason)) => return Err(reason.clone()),
            },
        };
        value
            .as_address()
            .ok_or_else(|| Unavailable::malformed("the frame's base is not an integer"))
    }
}

impl Memory for TargetFrame<'_> {
    fn size(&self) -> u64 {
        self.memory().map_or(0, |memory| memory.len() as u64)
    }

    fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), Unavailable> {
        FrameState::read(self, address, buffer)
    }
}

fn address(value: u64, wide: bool) -> WasmValue {
    match u32::try_from(value) {
        Ok(value) if !wide => WasmValue::I32(value),
        _ => WasmValue::I64(value),
    }
}
