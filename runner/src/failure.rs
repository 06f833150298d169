//! A guest's failure, as data: why, where on the Wasm stack, and the stopped guest itself.
//! Explaining it in the words of the program's source is the layer above's.

use crate::engine::MAX_FRAMES;
use crate::exact::{self, CapturedFrame};
use crate::limits::MemoryRefusal;
use crate::program::Program;
use crate::stopped::{self, StoppedGuest, StoppedStore, Unavailable, WasmValue};
use std::fmt::{self, Write as _};
use std::time::Duration;
use wasmparser::{Parser, Payload};
use wasmscope_tracer::HostCall;
use wasmtime::{FrameInfo, ThrownException, Trap, WasmBacktrace, WasmCoreDump};

/// Most bytes kept of one message in an error's chain.
const MAX_MESSAGE: usize = 16 * 1024;

/// Most messages kept of an error's chain.
const MAX_CHAIN: usize = 32;

/// Exit code of a process that a trap ended: what `wasmtime run` answers.
#[cfg(not(windows))]
const TRAPPED: i32 = 128 + 6;
#[cfg(windows)]
const TRAPPED: i32 = 3;

/// A guest that did not end by itself, with all that is left of it.
#[derive(Debug)]
pub struct Failure {
    /// Why it failed.
    pub cause: FailureCause,
    /// The Wasm stack, innermost frame first. Adapter code that Wasmtime generates between
    /// components has no source and is left out.
    pub frames: Vec<WasmFrame>,
    /// Whether there were more frames than could be kept (the outermost are missing).
    pub frames_cut: bool,
    /// The last calls to the host, oldest first.
    pub recent_calls: Vec<HostCall>,
    /// The last of what the guest wrote to standard error (up to 64 KiB), which has been passed
    /// on to the process's own already.
    pub stderr_tail: Vec<u8>,
    /// Memory that the guest asked for and did not get, if that was the last time it asked.
    pub memory_refusal: Option<MemoryRefusal>,
    /// The stack that Wasm frames could take up, in bytes.
    pub max_wasm_stack: usize,
    /// The guest itself.
    pub guest: StoppedGuest,
    /// For each of `frames` what its function had in locals and operands, if that is known.
    values: Vec<Option<FrameValues>>,
}

/// The Wasm locals and operands of a frame.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FrameValues {
    /// The locals, parameters first.
    pub locals: Vec<WasmValue>,
    /// The operand stack, its top last. What the opcode that trapped, or the call that has not
    /// returned, took from it is gone already.
    pub operands: Vec<WasmValue>,
}

/// Why a guest failed.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FailureCause {
    /// Wasm trapped.
    Trap {
        /// Which trap.
        trap: Trap,
        /// The access that was out of bounds, when the hardware caught it.
        memory_fault: Option<MemoryFault>,
        /// The trap in Wasmtime's words.
        message: String,
    },
    /// A host function failed in a way that its guest cannot be told.
    HostError {
        /// The error and its causes, outermost first.
        chain: Vec<String>,
    },
    /// The guest threw an exception that nothing in it caught.
    UncaughtException,
    /// The guest ran for longer than it was allowed to.
    Timeout {
        /// The time it was allowed.
        limit: Duration,
        /// Whether it was inside a host call (waiting for input, sleeping) that could not be
        /// interrupted. The guest is out of reach then: no frames, no memory, no host calls.
        in_host_call: bool,
    },
}

/// An access to linear memory outside its bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryFault {
    /// The first address that could not be accessed. It may lie some bytes after the address the
    /// instruction computed, if the access began inside the memory.
    pub address: u64,
    /// Size of the memory at that time, in bytes.
    pub memory_size: u64,
}

/// A frame of the Wasm stack.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WasmFrame {
    /// The core module: its place in [`Program::core_modules`].
    pub module: usize,
    /// Index of the function in the module's function index space.
    pub func_index: u32,
    /// Offset in the core module's binary, in bytes: of the opcode that failed in the innermost
    /// frame, of the `call` itself (not of the opcode it returns to) in the others. When the
    /// failure comes before the function's first opcode (a stack overflow found on entry), the
    /// first opcode's.
    pub pc: u64,
    /// The function's name as the name section has it.
    pub name: Option<String>,
}

/// Where a frame of the Wasm stack stands: a [`WasmFrame`] without its name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CodePlace {
    /// As [`WasmFrame::module`].
    pub module: usize,
    /// As [`WasmFrame::func_index`].
    pub func_index: u32,
    /// As [`WasmFrame::pc`].
    pub pc: u64,
}

impl WasmFrame {
    /// Where the frame stands.
    pub fn place(&self) -> CodePlace {
        CodePlace {
            module: self.module,
            func_index: self.func_index,
            pc: self.pc,
        }
    }
}

impl Failure {
    /// As [`StoppedGuest::memory`].
    ///
    /// # Errors
    /// As [`StoppedGuest::memory`].
    pub fn memory(&self, module: usize) -> Result<&[u8], Unavailable> {
        self.guest.memory(module)
    }

    /// As [`StoppedGuest::global`].
    ///
    /// # Errors
    /// As [`StoppedGuest::global`].
    pub fn global(&self, module: usize, index: u32) -> Result<WasmValue, Unavailable> {
        self.guest.global(module, index)
    }

    /// The locals and operands of one of [`Failure::frames`], by its place there.
    ///
    /// # Errors
    /// In plain code, which does not keep them ([`crate::run_exact`] does), and for the innermost
    /// frame of a stack overflow.
    pub fn frame_values(&self, frame: usize) -> Result<&FrameValues, Unavailable> {
        if self.values.is_empty() {
            return Err(Unavailable::because(
                "optimised machine code does not keep Wasm locals",
            ));
        }
        self.values
            .get(frame)
            .and_then(Option::as_ref)
            .ok_or_else(|| Unavailable::because("Wasmtime does not give the locals of this frame"))
    }

    /// The exit code that `wasmtime run` answers such a failure with: 134 (3 on Windows) for a
    /// trap, 1 for everything else.
    pub fn exit_code(&self) -> i32 {
        match &self.cause {
            FailureCause::Trap { .. } | FailureCause::Timeout { .. } => TRAPPED,
            FailureCause::HostError { .. } | FailureCause::UncaughtException => 1,
        }
    }
}

/// What a failed guest leaves beside its store.
pub(crate) struct Remains {
    pub recent_calls: Vec<HostCall>,
    pub stderr_tail: Vec<u8>,
    pub memory_refusal: Option<MemoryRefusal>,
    pub timeout: Option<Duration>,
    pub max_wasm_stack: usize,
    pub captured: Vec<CapturedFrame>,
}

impl Failure {
    /// A failure from the error that Wasmtime gave.
    pub(crate) fn new(
        program: &Program,
        error: &wasmtime::Error,
        store: StoppedStore,
        remains: Remains,
    ) -> Self {
        let dump = error.downcast_ref::<WasmCoreDump>();
        let infos = match (dump, error.downcast_ref::<WasmBacktrace>()) {
            (Some(dump), _) => dump.frames(),
            (None, Some(backtrace)) => backtrace.frames(),
            (None, None) => &[],
        };
        let frames = frames(program, infos);
        let values = exact::values_of(&frames, remains.captured);
        Self {
            cause: cause(error, remains.timeout),
            frames,
            values,
            frames_cut: infos.len() >= MAX_FRAMES,
            recent_calls: remains.recent_calls,
            stderr_tail: remains.stderr_tail,
            memory_refusal: remains.memory_refusal,
            max_wasm_stack: remains.max_wasm_stack,
            guest: StoppedGuest::new(program, store, dump),
        }
    }

    /// A guest that is stuck in a host call after its time is up.
    pub(crate) fn stuck(
        program: &Program,
        limit: Duration,
        max_wasm_stack: usize,
        stderr_tail: Vec<u8>,
    ) -> Self {
        Self {
            cause: FailureCause::Timeout {
                limit,
                in_host_call: true,
            },
            frames: Vec::new(),
            frames_cut: false,
            recent_calls: Vec::new(),
            stderr_tail,
            memory_refusal: None,
            max_wasm_stack,
            guest: StoppedGuest::unknown(program, "the guest is still inside a host call"),
            values: Vec::new(),
        }
    }
}

fn cause(error: &wasmtime::Error, timeout: Option<Duration>) -> FailureCause {
    let chain = messages(error);
    match (error.downcast_ref::<Trap>(), timeout) {
        (Some(Trap::Interrupt), Some(limit)) => FailureCause::Timeout {
            limit,
            in_host_call: false,
        },
        (Some(trap), _) => FailureCause::Trap {
            trap: *trap,
            memory_fault: chain.iter().find_map(|message| memory_fault(message)),
            message: trap.to_string(),
        },
        (None, _) if error.is::<ThrownException>() => FailureCause::UncaughtException,
        (None, _) => FailureCause::HostError { chain },
    }
}

/// The messages of an error's chain, outermost first, without the stack and the core dump that
/// Wasmtime puts among them.
pub(crate) fn messages(error: &wasmtime::Error) -> Vec<String> {
    let attached = [
        "wasm coredump generated while executing",
        "error while executing at wasm back",
    ];
    error
        .chain()
        .map(|error| bounded(error, MAX_MESSAGE))
        .filter(|message| !attached.iter().any(|start| message.starts_with(start)))
        .take(MAX_CHAIN)
        .collect()
}

/// The text of `value`, cut off after `limit` bytes without writing the rest of it.
fn bounded(value: impl fmt::Display, limit: usize) -> String {
    struct Bounded {
        text: String,
        limit: usize,
    }
    impl fmt::Write for Bounded {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            let room = self.limit.saturating_sub(self.text.len());
            if part.len() <= room {
                self.text.push_str(part);
                return Ok(());
            }
            let end = (0..=room)
                .rev()
                .find(|end| part.is_char_boundary(*end))
                .unwrap_or(0);
            self.text.push_str(part.get(..end).unwrap_or_default());
            self.text.push('…');
            Err(fmt::Error)
        }
    }
    let mut bounded = Bounded {
        text: String::new(),
        limit,
    };
    // An error means that the limit was reached, and the text says so itself.
    let _ = write!(bounded, "{value}");
    bounded.text
}

/// Reads the fault out of Wasmtime's message: the type that carries it is not public.
fn memory_fault(message: &str) -> Option<MemoryFault> {
    let rest = message.strip_prefix("memory fault at wasm address 0x")?;
    let (address, size) = rest.split_once(" in linear memory of size 0x")?;
    Some(MemoryFault {
        address: u64::from_str_radix(address, 16).ok()?,
        memory_size: u64::from_str_radix(size.trim_end(), 16).ok()?,
    })
}

pub(crate) fn frames(program: &Program, infos: &[FrameInfo]) -> Vec<WasmFrame> {
    let frame = |info: &FrameInfo| {
        let place = place(program, info)?;
        Some(WasmFrame {
            module: place.module,
            func_index: place.func_index,
            pc: place.pc,
            name: info.func_name().map(str::to_owned),
        })
    };
    infos.iter().filter_map(frame).collect()
}

/// As [`frames`], without the names.
pub(crate) fn places(program: &Program, infos: &[FrameInfo]) -> Vec<CodePlace> {
    let places = infos.iter().filter_map(|info| place(program, info));
    places.collect()
}

fn place(program: &Program, info: &FrameInfo) -> Option<CodePlace> {
    let ranges = program.module_ranges();
    let func_index = info.func_index();
    // Wasmtime counts from the start of the whole binary, components included.
    let holds = |offset: usize| {
        ranges
            .iter()
            .position(|known| known.range.contains(&offset))
    };
    let module = match info.module_offset().and_then(holds) {
        Some(module) => module,
        // Asking the module itself takes longer than all the rest.
        None => stopped::module_index(program, info.module())?,
    };
    let start = ranges.get(module)?.range.start;
    let pc = info
        .module_offset()
        .and_then(|offset| u64::try_from(offset.checked_sub(start)?).ok())
        .or_else(|| first_opcode(program, module, func_index))?;
    Some(CodePlace {
        module,
        func_index,
        pc,
    })
}

/// Offset of a function's first opcode in its core module.
fn first_opcode(program: &Program, module: usize, func_index: u32) -> Option<u64> {
    let range = program.module_ranges().get(module)?.range.clone();
    let mut imported = 0u32;
    let mut defined = 0u32;
    for payload in Parser::new(0).parse_all(program.bytes().get(range)?) {
        match payload.ok()? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    if matches!(import.ok()?.ty, wasmparser::TypeRef::Func(_)) {
                        imported = imported.checked_add(1)?;
                    }
                }
            }
            Payload::CodeSectionEntry(body) => {
                if imported.checked_add(defined)? == func_index {
                    let operators = body.get_operators_reader().ok()?;
                    return Some(operators.original_position() as u64);
                }
                defined = defined.checked_add(1)?;
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_fault_in_wasmtimes_words() {
        let message = "memory fault at wasm address 0xfffffffc in linear memory of size 0x110000";
        let fault = MemoryFault {
            address: 0xffff_fffc,
            memory_size: 0x11_0000,
        };
        assert_eq!(memory_fault(message), Some(fault));
        assert_eq!(memory_fault("memory fault at wasm address 0x"), None);
    }

    #[test]
    fn cuts_long_messages_at_a_character() {
        assert_eq!(bounded("abc", 3), "abc");
        assert_eq!(bounded("aäö", 4), "aä…");
    }
}
