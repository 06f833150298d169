//! Looking around in a paused guest: what the requests about its frames, variables, memory and opcodes
//! are answered with.

use super::guest::GuestHalf;
use super::shared::{invalid, not_found, unavailable};
use super::{listing, source, wasm_view};
use crate::explain::{variables_doubt, variables_of};
use crate::frame_state::TargetFrame;
use crate::frames::{Frame, Stack};
use crate::live::LiveTarget;
use crate::program::ProgramSymbols;
use crate::protocol::{Command, CommandError, FrameId, ReplyBody, ValueLimits};
use crate::target::Target;
use crate::unwind::unwind;
use std::sync::Arc;
use wasmscope_runner::debuggee::PausedGuest;
use wasmscope_symbols::{CodeOffset, Symbols};

/// Frames that one reply gives at most.
const MAX_FRAMES: usize = 10_000;

/// Variables that one reply gives at most.
const MAX_VARIABLES: usize = 4096;

/// Bytes of memory that one reply gives at most.
const MAX_BYTES: u64 = 16 << 20;

/// One source frame of a paused guest, held still.
pub(super) struct FrameView<'v> {
    /// The frame.
    pub frame: &'v Frame,
    /// The symbols of its module.
    pub symbols: &'v Symbols,
    /// Its opcode.
    pub offset: CodeOffset,
    /// The guest.
    pub target: &'v LiveTarget<'v>,
    /// The frame's locals and memory.
    pub state: &'v TargetFrame<'v>,
    /// Why its variables cannot be told, if that is so.
    pub doubt: Option<String>,
}

/// Lends a frame for a question.
///
/// # Errors
/// When there is no such frame.
pub(super) fn with_frame<T>(
    guest: &mut dyn PausedGuest,
    program: &ProgramSymbols,
    stack: &mut Stack,
    id: FrameId,
    question: impl FnOnce(&FrameView<'_>) -> T,
) -> Result<T, CommandError> {
    let frame = stack.frame(guest, program, id).cloned();
    let frame = frame.ok_or_else(|| no_frame(stack, id))?;
    let symbols = program.module(frame.place.module);
    let offset = program.offset(frame.place);
    let (Some(symbols), Some(offset)) = (symbols, offset) else {
        return Err(unavailable("the frame is in code that nothing is known of"));
    };
    // Frames further out do not matter for this one's place on the stack in memory.
    let inner = stack.wasm().get(..=frame.wasm).unwrap_or_default();
    let target = LiveTarget::new(guest, inner, true, [frame.wasm]);
    let shadow = unwind(&target, program.modules());
    let shadow = shadow
        .get(frame.wasm)
        .ok_or_else(|| unavailable("the frame was lost"))?;
    let state = TargetFrame::new(&target, frame.wasm, shadow);
    let doubt = variables_doubt(
        symbols,
        program.is_rewritten(frame.place.module),
        frame.place.pc,
        frame.wasm == 0,
    );
    Ok(question(&FrameView {
        frame: &frame,
        symbols,
        offset,
        target: &target,
        state: &state,
        doubt,
    }))
}

fn no_frame(stack: &Stack, id: FrameId) -> CommandError {
    not_found(match stack.total() {
        Some(0) => "the guest is in none of its functions: there are no frames".to_owned(),
        Some(total) => format!(
            "there is no frame {id}: the outermost is {}",
            total.saturating_sub(1)
        ),
        None => format!("there is no frame {id}"),
    })
}

impl GuestHalf {
    /// Answers a request about the paused guest.
    pub(super) fn answer(
        &mut self,
        guest: &mut dyn PausedGuest,
        command: &Command,
    ) -> Result<ReplyBody, CommandError> {
        match command {
            Command::Stack { from, count } => self.frames(guest, *from, *count),
            Command::Variables { frame, limits } => self.variables(guest, *frame, *limits),
            Command::WasmFrame { frame } => self.at_frame(guest, *frame, wasm_view::of)?,
            Command::ReadMemory {
                address,
                frame,
                length,
            } => self.at_frame(guest, *frame, |view| read_memory(view, address, *length))?,
            Command::MemoryOwners {
                address,
                frame,
                length,
            } => self.owners(guest, address, *frame, *length),
            Command::WriteMemory {
                address,
                frame,
                bytes,
            } => self.write_memory(guest, *address, *frame, bytes),
            Command::Disassemble { frame, around, .. } => {
                let (module, pc) = self.at_frame(guest, *frame, |view| {
                    (view.frame.place.module, view.frame.place.pc)
                })?;
                listing::of(&self.program, module, pc, *around, true)
            }
            Command::Source {
                frame,
                line,
                before,
                after,
                ..
            } => {
                let program = Arc::clone(&self.program);
                let found = self.stack.frame(guest, &program, *frame).cloned();
                let found = found.ok_or_else(|| no_frame(&self.stack, *frame))?;
                source::of_frame(
                    &program,
                    &self.shared.explain,
                    &found,
                    *line,
                    *before,
                    *after,
                )
            }
            Command::HostCalls { count } => {
                let calls = super::failures::recent_calls(guest);
                let skipped = calls.len().saturating_sub(*count);
                Ok(ReplyBody::HostCalls {
                    calls: calls.into_iter().skip(skipped).collect(),
                })
            }
            other => self.with_expression(guest, other),
        }
    }

    /// Lends a frame of the stop for a question.
    pub(super) fn at_frame<T>(
        &mut self,
        guest: &mut dyn PausedGuest,
        frame: FrameId,
        question: impl FnOnce(&FrameView<'_>) -> T,
    ) -> Result<T, CommandError> {
        with_frame(guest, &self.program, &mut self.stack, frame, question)
    }

    fn frames(
        &mut self,
        guest: &mut dyn PausedGuest,
        from: FrameId,
        count: usize,
    ) -> Result<ReplyBody, CommandError> {
        let program = Arc::clone(&self.program);
        let mut frames = Vec::new();
        let last = from.saturating_add(count.min(MAX_FRAMES));
        for id in from..last {
            match self.stack.frame(guest, &program, id) {
                Some(frame) => frames.push(frame.info(id)),
                None => break,
            }
        }
        Ok(ReplyBody::Stack {
            frames,
            total: self.stack.total(),
        })
    }

    fn variables(
        &mut self,
        guest: &mut dyn PausedGuest,
        frame: FrameId,
        limits: ValueLimits,
    ) -> Result<ReplyBody, CommandError> {
        let limits = self.shared.behaviour().limits(limits);
        self.at_frame(guest, frame, |view| {
            if let Some(doubt) = &view.doubt {
                return ReplyBody::Variables {
                    variables: Vec::new(),
                    unavailable: Some(doubt.clone()),
                };
            }
            let source = view.frame.code().map(|code| &code.source);
            let known = source.filter(|source| source.die.is_some());
            let Some(source) = known else {
                return ReplyBody::Variables {
                    variables: Vec::new(),
                    unavailable: Some(
                        "debug info knows nothing of this function's variables".into(),
                    ),
                };
            };
            let mut variables = variables_of(view.symbols, view.offset, source, view.state, limits);
            variables.truncate(MAX_VARIABLES);
            ReplyBody::Variables {
                variables,
                unavailable: None,
            }
        })
    }

    fn write_memory(
        &mut self,
        guest: &mut dyn PausedGuest,
        address: u64,
        frame: FrameId,
        bytes: &[u8],
    ) -> Result<ReplyBody, CommandError> {
        let module = self.at_frame(guest, frame, |view| view.frame.place.module)?;
        write(guest, module, address, bytes)?;
        Ok(ReplyBody::Done)
    }
}

/// Writes to the memory of a module, all of the bytes or none.
pub(super) fn write(
    guest: &mut dyn PausedGuest,
    module: usize,
    address: u64,
    bytes: &[u8],
) -> Result<(), CommandError> {
    let memory = guest
        .memory_mut(module)
        .map_err(|reason| unavailable(format!("the memory cannot be written: {reason}")))?;
    let size = memory.len();
    let place = usize::try_from(address)
        .ok()
        .and_then(|start| memory.get_mut(start..start.checked_add(bytes.len())?));
    match place {
        Some(place) => {
            place.copy_from_slice(bytes);
            Ok(())
        }
        None => Err(invalid(format!(
            "{} bytes at {address:#x} are beyond the memory's end at {size:#x}: nothing was written",
            bytes.len()
        ))),
    }
}

fn read_memory(
    view: &FrameView<'_>,
    address: &str,
    length: u64,
) -> Result<ReplyBody, CommandError> {
    let address = view.address(address)?;
    let memory = view
        .target
        .memory(view.frame.place.module)
        .map_err(|reason| unavailable(format!("the memory cannot be read: {reason}")))?;
    let size = memory.len() as u64;
    if address >= size {
        return Err(unavailable(format!(
            "{address:#x} is beyond the memory's end at {size:#x}"
        )));
    }
    let end = address.saturating_add(length.min(MAX_BYTES)).min(size);
    let range =
        usize::try_from(address).unwrap_or(usize::MAX)..usize::try_from(end).unwrap_or(usize::MAX);
    Ok(ReplyBody::Memory {
        address,
        bytes: memory.get(range).unwrap_or_default().to_vec(),
        memory_size: size,
    })
}
