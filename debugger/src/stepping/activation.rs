//! Which call of a function a stop is in, when several are on the stack.
//!
//! Code is shared by all calls of a function, so a place armed for one is hit by the others too.
//! Counting frames tells them apart, but a stack may have ten thousand. The shadow stack tells it
//! for the price of reading one global: calls of a function that takes a part of it have different
//! stack pointers, the deeper ones lower ones. Where a function takes no part of it, or one whose
//! size is not fixed, frames are counted.

use super::tables::{Function, StepTables};
use std::cmp::Ordering;
use wasmparser::Operator;
use wasmscope_runner::WasmValue;
use wasmscope_runner::debuggee::{CodePlace, FramePlace, PausedGuest};
use wasmscope_symbols::prologue::{StackPointer, StackState};
use wasmscope_symbols::wasm::FunctionCode;
use wasmscope_symbols::{CodeOffset, FunctionBody, Symbols};

/// Bytes of code that are followed to learn what one function does to the stack pointer.
const MAX_WORK: u64 = 16 << 20;

/// Ends and beginnings of blocks that are passed behind a call.
const MAX_LABELS: usize = 10_000;

/// The deepest stack that is counted.
const MAX_DEPTH: usize = 1 << 20;

/// What a function does to the stack pointer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// Nothing; and whether it calls anything, itself perhaps.
    Frameless {
        /// Whether it has calls.
        calls: bool,
    },
    /// It lowers it once by a fixed number of bytes, and puts it back before it returns.
    Fixed {
        /// How many.
        size: u64,
        /// The opcode that lowers it.
        lowers: CodeOffset,
        /// The first opcode that puts it back.
        restores: Option<CodeOffset>,
    },
    /// Something else.
    Unknown,
}

impl Shape {
    fn of(symbols: &Symbols, pointer: StackPointer, body: &FunctionBody) -> Self {
        let module = symbols.module();
        let (mut writes, mut calls) = (Vec::new(), false);
        let mut opcodes = module.opcodes(body).peekable();
        while let Some((at, operator)) = opcodes.next() {
            match operator {
                Operator::GlobalSet { global_index } if global_index == pointer.global => {
                    let next = opcodes.peek().map_or(body.range.end, |(next, _)| *next);
                    writes.push((at, next));
                }
                Operator::Call { .. }
                | Operator::CallIndirect { .. }
                | Operator::CallRef { .. }
                | Operator::ReturnCall { .. }
                | Operator::ReturnCallIndirect { .. }
                | Operator::ReturnCallRef { .. } => calls = true,
                _ => {}
            }
        }
        let Some(((lowers, after), restores)) = writes.split_first() else {
            return Shape::Frameless { calls };
        };
        let len = body.range.end.0.saturating_sub(body.range.start.0);
        let work = u64::try_from(writes.len()).unwrap_or(u64::MAX);
        if len.saturating_mul(work) > MAX_WORK {
            return Shape::Unknown;
        }
        let taken = |pc| taken(symbols, pointer, body, pc);
        match taken(*after) {
            Some(size) if size > 0 => {
                // What is restored elsewhere than at the end is a frame of changing size.
                if restores.iter().any(|(_, after)| taken(*after) != Some(0)) {
                    return Shape::Unknown;
                }
                Shape::Fixed {
                    size,
                    lowers: *lowers,
                    restores: restores.first().map(|(at, _)| *at),
                }
            }
            _ => Shape::Unknown,
        }
    }
}

/// Bytes of the shadow stack that a function has taken when it stands before an opcode.
fn taken(
    symbols: &Symbols,
    pointer: StackPointer,
    body: &FunctionBody,
    pc: CodeOffset,
) -> Option<u64> {
    const SOMEWHERE: u64 = 1 << 30;
    let state = StackState::at(symbols.module(), pointer, body, pc);
    let entry = state.from_inside(SOMEWHERE).entry.ok()?;
    entry.checked_sub(SOMEWHERE)
}

impl StepTables {
    fn shape(&mut self, function: Function) -> Shape {
        if let Some(known) = self.shapes.get(&function) {
            return *known;
        }
        let pointer = self.pointer(function.0);
        let shape = self.symbols(function.0).and_then(|symbols| {
            let body = symbols.module().body(function.1)?;
            Some(match pointer {
                Some(pointer) => Shape::of(symbols, pointer, body),
                None => Shape::Unknown,
            })
        });
        let shape = shape.unwrap_or(Shape::Unknown);
        self.shapes.insert(function, shape);
        shape
    }

    /// Bytes of the shadow stack that a function has taken at a place; `None` when that is not
    /// fixed.
    fn taken(&mut self, at: FramePlace) -> Option<u64> {
        let shape = self.shape((at.place.module, at.func_index));
        let (size, lowers, restores) = match shape {
            Shape::Frameless { .. } => return Some(0),
            Shape::Unknown => return None,
            Shape::Fixed {
                size,
                lowers,
                restores,
            } => (size, lowers, restores),
        };
        let pc = self.program().offset(at.place)?;
        if pc <= lowers {
            return Some(0);
        }
        if restores.is_none_or(|restores| pc <= restores) {
            return Some(size);
        }
        // Behind an opcode that gives it back, the order of opcodes does not tell.
        if let Some(known) = self.taken.get(&at.place) {
            return *known;
        }
        let pointer = self.pointer(at.place.module)?;
        let symbols = self.symbols(at.place.module)?;
        let body = symbols.module().body(at.func_index)?;
        let bytes = taken(symbols, pointer, body, pc);
        self.taken.insert(at.place, bytes);
        bytes
    }

    fn stack_pointer(&mut self, guest: &mut dyn PausedGuest, module: usize) -> Option<u64> {
        let global = self.pointer(module)?.global;
        match guest.global(module, global).ok()? {
            WasmValue::I32(value) => Some(u64::from(value.cast_unsigned())),
            WasmValue::I64(value) => Some(value.cast_unsigned()),
            _ => None,
        }
    }
}

/// One call of a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Activation {
    /// The one that was called with this stack pointer.
    Entry(u64),
    /// The one that is the so-and-so-manieth frame, counted from the outermost, from 1.
    Depth(usize),
    /// There cannot be two at a time.
    Only,
}

impl Activation {
    /// The call that a frame is in, `frame` being its place on the Wasm stack.
    pub fn of(
        tables: &mut StepTables,
        guest: &mut dyn PausedGuest,
        frame: usize,
    ) -> Option<Activation> {
        let at = guest.frame(frame)?;
        let function = (at.place.module, at.func_index);
        match tables.shape(function) {
            Shape::Frameless { calls: false } => return Some(Activation::Only),
            Shape::Fixed { .. } => {
                if let Some(entry) = entry(tables, guest, frame, at.place.module) {
                    return Some(Activation::Entry(entry));
                }
            }
            Shape::Frameless { .. } | Shape::Unknown => {}
        }
        let depth = guest.depth(MAX_DEPTH).checked_sub(frame)?;
        Some(Activation::Depth(depth))
    }

    /// The frame that this call of a function is in, by its place on the Wasm stack, when the
    /// innermost frame is a deeper one. At most `limit` frames are walked.
    pub fn find(
        self,
        tables: &mut StepTables,
        guest: &mut dyn PausedGuest,
        function: Function,
        limit: usize,
    ) -> Option<usize> {
        let wanted = match self {
            Activation::Only => return None,
            Activation::Depth(depth) => {
                let frame = guest.depth(MAX_DEPTH).checked_sub(depth)?;
                return (frame < limit).then_some(frame);
            }
            Activation::Entry(entry) => entry,
        };
        let mut entry = tables.stack_pointer(guest, function.0)?;
        for frame in 0..limit {
            let at = guest.frame(frame)?;
            if at.place.module != function.0 {
                return None;
            }
            entry = entry.checked_add(tables.taken(at)?)?;
            if entry == wanted && at.func_index == function.1 {
                return Some(frame);
            }
        }
        None
    }

    /// How the innermost call, at a place of the same function, compares to this one: `Equal` when
    /// it is this one, `Greater` when it is deeper, `Less` when this one must have returned.
    pub fn compare(
        self,
        tables: &mut StepTables,
        guest: &mut dyn PausedGuest,
        at: FramePlace,
    ) -> Ordering {
        match self {
            Activation::Only => Ordering::Equal,
            Activation::Entry(entry) => {
                let current = tables.stack_pointer(guest, at.place.module);
                let taken = tables.taken(at);
                match (current, taken) {
                    (Some(current), Some(taken)) => entry.cmp(&current.saturating_add(taken)),
                    _ => Ordering::Equal,
                }
            }
            Activation::Depth(depth) => guest.depth(depth.saturating_add(1)).cmp(&depth),
        }
    }
}

/// The stack pointer that a frame's function was called with, when all functions from the innermost
/// on take fixed parts.
fn entry(
    tables: &mut StepTables,
    guest: &mut dyn PausedGuest,
    frame: usize,
    module: usize,
) -> Option<u64> {
    let mut entry = tables.stack_pointer(guest, module)?;
    for index in 0..=frame {
        let at = guest.frame(index)?;
        if at.place.module != module {
            return None;
        }
        entry = entry.checked_add(tables.taken(at)?)?;
    }
    Some(entry)
}

/// The first opcode from `pc` on that does something. Lines begin at such opcodes, so a call that
/// comes back at the end of a block comes back to the line behind it.
fn settle(code: &FunctionCode, mut pc: CodeOffset) -> CodeOffset {
    for _ in 0..MAX_LABELS {
        let behind = CodeOffset(pc.0.saturating_add(1));
        if code.stop_in(pc..behind).is_some() {
            break;
        }
        match code.successors(pc) {
            Some(successors) if !successors.returns => match *successors.pcs {
                [next] => pc = next,
                _ => break,
            },
            _ => break,
        }
    }
    pc
}

/// Where a call comes back to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ReturnPoint {
    /// The first opcode after the call that does something.
    pub place: CodePlace,
    /// The call.
    pub call: CodePlace,
    /// The caller.
    pub activation: Activation,
}

impl ReturnPoint {
    /// Where the function called by a frame comes back to; `None` when the frame does not exist.
    pub fn into(
        tables: &mut StepTables,
        guest: &mut dyn PausedGuest,
        frame: usize,
    ) -> Option<ReturnPoint> {
        let at = guest.frame(frame)?;
        let offset = tables.program().offset(at.place)?;
        let module = tables.symbols(at.place.module)?.module();
        let code = module.function_code(offset)?;
        let next = match code.call_at(offset) {
            Some(call) => call.next,
            None => offset,
        };
        let next = settle(&code, next);
        Some(ReturnPoint {
            place: tables.program().place(at.place.module, next)?,
            call: at.place,
            activation: Activation::of(tables, guest, frame)?,
        })
    }

    /// Whether the guest has come back there: not in a deeper call of the same function.
    pub fn is_reached(
        &self,
        tables: &mut StepTables,
        guest: &mut dyn PausedGuest,
        at: FramePlace,
    ) -> bool {
        at.place == self.place && self.activation.compare(tables, guest, at) != Ordering::Greater
    }
}
