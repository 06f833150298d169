//! The variables of the program's own frame at a host call: the guest is not stopped, but it stands
//! still until the call returns, with its stack and memory as they are.

use super::{CallSites, MAX_FRAMES};
use crate::frame_state::TargetFrame;
use crate::live::LiveTarget;
use crate::target::Target;
use crate::unwind::unwind;
use crate::values::{Limits, Reader};
use wasmscope_runner::WasmFrame;
use wasmscope_runner::debuggee::PausedGuest;
use wasmscope_symbols::prologue::StackPointer;
use wasmscope_symbols::{ModulePc, Unavailable, WasmValue};
use wasmscope_tracer::trace::Local;

/// At most this many variables of a frame.
const MAX_VARIABLES: usize = 32;

/// How much of each: a trace is read by the line.
const LIMITS: Limits = Limits {
    depth: 4,
    elements: 6,
    text: 80,
    nodes: 24,
    children: 0,
};

/// A core module's guest that stands at a host call.
#[derive(Clone, Copy, Debug)]
pub struct CallingGuest<'g> {
    /// Its stack, innermost frame first.
    pub frames: &'g [WasmFrame],
    /// The memory of its one module.
    pub memory: &'g [u8],
    /// The index of the global that holds the stack pointer.
    pub global: u32,
    /// The stack pointer.
    pub stack_pointer: u64,
}

impl Target for CallingGuest<'_> {
    fn stack(&self) -> &[WasmFrame] {
        self.frames
    }

    fn stack_is_cut(&self) -> bool {
        false
    }

    fn memory(&self, module: usize) -> Result<&[u8], Unavailable> {
        match module {
            0 => Ok(self.memory),
            _ => Err(Unavailable::Other("the program has no such module".into())),
        }
    }

    fn global(&self, _module: usize, index: u32) -> Result<WasmValue, Unavailable> {
        if index == self.global {
            // Of 32 bits, unless the memory is larger.
            return Ok(match u32::try_from(self.stack_pointer) {
                Ok(address) => WasmValue::I32(address),
                Err(_) => WasmValue::I64(self.stack_pointer),
            });
        }
        Err(Unavailable::Other(
            "its host cannot see this global at a call".into(),
        ))
    }

    fn local(&self, _frame: usize, index: u32) -> Result<WasmValue, Unavailable> {
        Err(Unavailable::LocalNotKept(index))
    }

    fn operand(&self, _frame: usize, _index: u32) -> Result<WasmValue, Unavailable> {
        Err(Unavailable::OperandNotKept)
    }
}

impl CallSites {
    /// The global that holds the stack pointer of a core module, by which its variables are found.
    ///
    /// # Errors
    /// When there is none, or variables are not where the debug info says: the reason.
    pub fn stack_pointer(&self) -> Result<u32, &'static str> {
        let symbols = self.symbols.first().ok_or("its symbols cannot be read")?;
        if symbols.module().is_rewritten() {
            return Err(
                "a tool has written the code anew since it was linked (wasm-opt does that), and the \
                 debug info still tells where variables were before",
            );
        }
        let found = StackPointer::find(symbols.module());
        let pointer = found.ok_or("the module keeps no stack in its memory")?;
        Ok(pointer.global)
    }

    /// As [`CallSites::locals`], of a guest of debuggable code.
    pub fn locals_of_paused(&mut self, guest: &mut dyn PausedGuest) -> Vec<Local> {
        let frames = guest.stack(MAX_FRAMES);
        let Some((wasm, _)) = self.calling_frame(frames.iter().map(WasmFrame::place)) else {
            return Vec::new();
        };
        let cut = frames.len() == MAX_FRAMES;
        self.locals(&LiveTarget::new(guest, &frames, cut, [wasm]))
    }

    /// The variables of the frame that [`CallSites::site`] tells of.
    pub fn locals(&mut self, guest: &dyn Target) -> Vec<Local> {
        let stack = guest.stack().iter().map(WasmFrame::place);
        let Some((wasm, source)) = self.calling_frame(stack) else {
            return Vec::new();
        };
        let Some(frame) = guest.stack().get(wasm) else {
            return Vec::new();
        };
        let Some(symbols) = self.symbols.get(frame.module) else {
            return Vec::new();
        };
        let Some(offset) = symbols.module().code.to_code(ModulePc(frame.pc)) else {
            return Vec::new();
        };
        let sources = symbols.frames(offset);
        let Some((source, die)) = sources
            .get(source)
            .and_then(|source| Some((source, source.die?)))
        else {
            return Vec::new();
        };
        let line = source.location.as_ref().and_then(|place| place.line);
        let shadows = unwind(guest, &self.symbols);
        let Some(shadow) = shadows.get(wasm) else {
            return Vec::new();
        };
        let state = TargetFrame::new(guest, wasm, shadow);
        let reader = Reader::new(symbols, &state, LIMITS);
        let found = symbols.variables(die, offset, line);
        // What may not be there yet says nothing about what the program thinks.
        let shown = found.iter().filter(|variable| {
            !variable.artificial && !variable.shadowed && !variable.declared_later
        });
        shown
            .take(MAX_VARIABLES)
            .map(|variable| {
                let value = reader.variable(variable, offset, &state);
                let shown = value.summary.is_some().then(|| value.to_string());
                Local {
                    name: value.name,
                    type_name: Some(value.type_name).filter(|name| name != "?"),
                    value: shown,
                    unavailable: value.unavailable,
                }
            })
            .collect()
    }
}
