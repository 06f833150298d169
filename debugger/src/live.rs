//! A paused guest as the rest of the debugger sees it: [`LiveTarget`] for whoever looks around at
//! leisure, [`LiveFrame`] for what has to be decided at every hit of a breakpoint, without walking
//! the stack and without copying.

use crate::target::{Target, number};
use crate::values::Memory;
use std::cell::RefCell;
use wasmscope_runner::debuggee::{GuestView, PausedGuest};
use wasmscope_runner::{FrameValues, WasmFrame};
use wasmscope_symbols::{FrameState, Unavailable, WasmValue};

/// A paused guest, held still: its memories and globals, as much of its stack as was walked, and
/// the Wasm locals of the frames that are looked at.
pub struct LiveTarget<'g> {
    stack: &'g [WasmFrame],
    cut: bool,
    values: Vec<(usize, Result<FrameValues, Unavailable>)>,
    view: GuestView<'g>,
}

impl<'g> LiveTarget<'g> {
    /// A guest whose stack begins with `stack` (innermost first; `cut` when there is more of it).
    /// Of the frames named in `wanted`, by their place on it, locals and operands are read.
    pub fn new(
        guest: &'g mut dyn PausedGuest,
        stack: &'g [WasmFrame],
        cut: bool,
        wanted: impl IntoIterator<Item = usize>,
    ) -> Self {
        let values = wanted
            .into_iter()
            .map(|frame| (frame, guest.frame_values(frame).map_err(unavailable)))
            .collect();
        LiveTarget {
            stack,
            cut,
            values,
            view: guest.view(),
        }
    }

    /// The locals and operands of one of the frames that were asked for.
    ///
    /// # Errors
    /// When they could not be read, or were not asked for.
    pub fn frame_values(&self, frame: usize) -> Result<&FrameValues, Unavailable> {
        let found = self.values.iter().find(|(known, _)| *known == frame);
        match found {
            Some((_, Ok(values))) => Ok(values),
            Some((_, Err(reason))) => Err(reason.clone()),
            None => Err(Unavailable::Other("the frame was not looked at".into())),
        }
    }

    /// The globals of a module.
    pub fn globals(
        &self,
        module: usize,
    ) -> &[Result<wasmscope_runner::WasmValue, wasmscope_runner::Unavailable>] {
        self.view.globals.get(module).map_or(&[], Vec::as_slice)
    }
}

impl Target for LiveTarget<'_> {
    fn stack(&self) -> &[WasmFrame] {
        self.stack
    }

    fn stack_is_cut(&self) -> bool {
        self.cut
    }

    fn memory(&self, module: usize) -> Result<&[u8], Unavailable> {
        match self.view.memories.get(module) {
            Some(Ok(memory)) => Ok(memory),
            Some(Err(reason)) => Err(unavailable(reason.clone())),
            None => Err(Unavailable::Other("the program has no such module".into())),
        }
    }

    fn global(&self, module: usize, index: u32) -> Result<WasmValue, Unavailable> {
        let globals = self.globals(module);
        let global = usize::try_from(index).ok().and_then(|at| globals.get(at));
        match global {
            Some(Ok(value)) => number(*value)
                .ok_or_else(|| Unavailable::Other("the global holds a reference".into())),
            Some(Err(reason)) => Err(unavailable(reason.clone())),
            None => Err(Unavailable::Other("there is no such global".into())),
        }
    }

    fn local(&self, frame: usize, index: u32) -> Result<WasmValue, Unavailable> {
        item(&self.frame_values(frame)?.locals, index, "local")
    }

    fn operand(&self, frame: usize, index: u32) -> Result<WasmValue, Unavailable> {
        item(&self.frame_values(frame)?.operands, index, "operand")
    }
}

fn item(
    values: &[wasmscope_runner::WasmValue],
    index: u32,
    what: &str,
) -> Result<WasmValue, Unavailable> {
    let value = usize::try_from(index).ok().and_then(|at| values.get(at));
    value.copied().and_then(number).ok_or_else(|| {
        Unavailable::malformed(format!("there is no such {what} with a number in it"))
    })
}

/// The innermost frame of a paused guest, asked piece by piece.
pub struct LiveFrame<'g> {
    guest: RefCell<&'g mut dyn PausedGuest>,
    module: usize,
}

impl<'g> LiveFrame<'g> {
    /// The innermost frame, which is in a function of `module`.
    pub fn innermost(guest: &'g mut dyn PausedGuest, module: usize) -> Self {
        LiveFrame {
            guest: RefCell::new(guest),
            module,
        }
    }

    fn ask<T>(
        &self,
        question: impl FnOnce(&mut dyn PausedGuest) -> Result<T, Unavailable>,
    ) -> Result<T, Unavailable> {
        match self.guest.try_borrow_mut() {
            Ok(mut guest) => question(&mut **guest),
            Err(_) => Err(Unavailable::Other(
                "the guest is being asked already".into(),
            )),
        }
    }
}

impl FrameState for LiveFrame<'_> {
    fn wasm_local(&self, index: u32) -> Result<WasmValue, Unavailable> {
        self.ask(|guest| value(guest.local(0, index)))
    }

    fn wasm_global(&self, index: u32) -> Result<WasmValue, Unavailable> {
        self.ask(|guest| value(guest.global(self.module, index)))
    }

    fn operand(&self, index: u32) -> Result<WasmValue, Unavailable> {
        self.ask(|guest| value(guest.operand(0, index)))
    }

    fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), Unavailable> {
        self.ask(|guest| {
            let memory = guest.memory(self.module).map_err(unavailable)?;
            Memory::read(&memory, address, buffer)
        })
    }
}

impl Memory for LiveFrame<'_> {
    fn size(&self) -> u64 {
        let size = self.ask(|guest| {
            let memory = guest.memory(self.module).map_err(unavailable)?;
            Ok(memory.len() as u64)
        });
        size.unwrap_or(0)
    }

    fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), Unavailable> {
        FrameState::read(self, address, buffer)
    }
}

/// A value of the runner's as locations know it.
fn value(
    value: Result<wasmscope_runner::WasmValue, wasmscope_runner::Unavailable>,
) -> Result<WasmValue, Unavailable> {
    number(value.map_err(unavailable)?)
        .ok_or_else(|| Unavailable::Other("it holds a reference".into()))
}

/// The runner's reason in the words of the debugger's layer.
pub(crate) fn unavailable(reason: wasmscope_runner::Unavailable) -> Unavailable {
    Unavailable::Other(reason.to_string().into())
}

/// A module of a paused guest without any frame: what statics need.
pub struct ModuleState<'s> {
    view: &'s GuestView<'s>,
    module: usize,
}

impl<'s> ModuleState<'s> {
    /// The module of this number.
    pub fn new(view: &'s GuestView<'s>, module: usize) -> Self {
        ModuleState { view, module }
    }

    fn memory(&self) -> Result<&'s [u8], Unavailable> {
        match self.view.memories.get(self.module) {
            Some(Ok(memory)) => Ok(memory),
            Some(Err(reason)) => Err(unavailable(reason.clone())),
            None => Err(Unavailable::Other("the program has no such module".into())),
        }
    }
}

impl FrameState for ModuleState<'_> {
    fn wasm_local(&self, _index: u32) -> Result<WasmValue, Unavailable> {
        Err(Unavailable::Other("no frame is meant".into()))
    }

    fn wasm_global(&self, index: u32) -> Result<WasmValue, Unavailable> {
        let globals = self.view.globals.get(self.module);
        let global = usize::try_from(index)
            .ok()
            .and_then(|at| globals?.get(at))
            .ok_or_else(|| Unavailable::Other("there is no such global".into()))?;
        value(global.clone())
    }

    fn operand(&self, _index: u32) -> Result<WasmValue, Unavailable> {
        Err(Unavailable::Other("no frame is meant".into()))
    }

    fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), Unavailable> {
        Memory::read(&self.memory()?, address, buffer)
    }
}

impl Memory for ModuleState<'_> {
    fn size(&self) -> u64 {
        self.memory().map_or(0, |memory| memory.len() as u64)
    }

    fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), Unavailable> {
        FrameState::read(self, address, buffer)
    }
}
