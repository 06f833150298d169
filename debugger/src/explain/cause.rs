//! What happened: from Wasmtime's trap, the stack and the guest's last words to a [`Cause`]. Its
//! words are `headline`'s.

use super::FailedState;
use super::captured_panic;
use super::classify;
use super::headline::number_in_words;
use super::instruction;
use super::panic_message::{self, PrintedPanic};
use super::report::{
    Cause, FrameKind, IndirectCallProblem, PanicSource, Place, ReportFrame, WhichStack,
};
use super::stack::Stack;
use crate::frame_state::TargetFrame;
use crate::sources::Sources;
use crate::unwind::ShadowFrame;
use wasmscope_runner::{FailureCause, RefusedBy, Trap};
use wasmscope_symbols::operands::operands_at;
use wasmscope_symbols::prologue::StackPointer;
use wasmscope_symbols::{ModulePc, Symbols, Unavailable, WasmValue, path_matches};

/// What the cause is found from.
pub(super) struct Evidence<'a> {
    pub failed: &'a FailedState<'a>,
    pub symbols: &'a [Symbols],
    pub sources: &'a Sources,
    pub stack: &'a Stack,
    pub shadow: &'a [Result<ShadowFrame, Unavailable>],
}

impl Evidence<'_> {
    pub(super) fn cause(&self) -> Cause {
        match self.failed.cause {
            FailureCause::Trap { trap, message, .. } => self.trap(*trap, message),
            FailureCause::HostError { chain } => Cause::HostError {
                chain: chain.clone(),
            },
            FailureCause::UncaughtException => Cause::UncaughtException,
            FailureCause::Timeout {
                limit,
                in_host_call,
            } => Cause::Timeout {
                limit_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
                in_host_call: *in_host_call,
            },
            // The runner may learn of more causes than this crate knows of.
            other => Cause::Trap {
                message: format!("{other:?}"),
            },
        }
    }

    fn trap(&self, trap: Trap, message: &str) -> Cause {
        let operator = || self.operator().map(|operator| instruction::name(&operator));
        let indirect = |problem| Cause::BadIndirectCall {
            problem,
            expected: self.expected_type(),
            index: self.operand(0).and_then(WasmValue::as_address),
        };
        let conversion = |operator| Cause::BadConversion {
            operator,
            number: self.operand(0).and_then(number_in_words),
        };
        match trap {
            Trap::UnreachableCodeReached => self.unreachable(),
            Trap::StackOverflow => self.stack_overflow(WhichStack::Wasm),
            Trap::MemoryOutOfBounds if self.shadow_stack_ran_out() => {
                self.stack_overflow(WhichStack::Shadow)
            }
            Trap::MemoryOutOfBounds => self.out_of_bounds(),
            Trap::IntegerDivisionByZero => Cause::DivisionByZero {
                dividend: self.dividend(operator().as_deref()),
                operator: operator(),
            },
            Trap::IntegerOverflow => match operator() {
                Some(name) if name.contains("trunc") => conversion(Some(name)),
                operator => Cause::DivisionOverflow { operator },
            },
            Trap::BadConversionToInteger => conversion(operator()),
            Trap::IndirectCallToNull => indirect(IndirectCallProblem::Null),
            Trap::BadSignature => indirect(IndirectCallProblem::WrongType),
            Trap::TableOutOfBounds if operator().is_some_and(|name| name.contains("call")) => {
                indirect(IndirectCallProblem::OutOfTable)
            }
            _ => Cause::Trap {
                message: message.to_owned(),
            },
        }
    }

    fn operator(&self) -> Option<wasmparser::Operator<'_>> {
        let frame = self.failed.target.stack().first()?;
        instruction::at(self.symbols.get(frame.module)?.module(), frame.pc)
    }

    /// An operand of the failing opcode, from 0 for the topmost, where it can be known: in code
    /// that keeps its locals nearly always, in plain code when it came from memory.
    fn operand(&self, below_top: usize) -> Option<WasmValue> {
        let frame = self.failed.target.stack().first()?;
        let module = self.symbols.get(frame.module)?.module();
        let state = TargetFrame::new(self.failed.target, 0, self.shadow.first()?);
        let body = module.body(frame.func_index)?;
        let count = below_top.checked_add(1)?;
        let found = operands_at(module, body, ModulePc(frame.pc), &state, count);
        found.first().copied().flatten()
    }

    /// What was divided, by the opcode of that name.
    fn dividend(&self, operator: Option<&str>) -> Option<String> {
        let signed = operator?.ends_with("_s");
        Some(match (self.operand(1)?, signed) {
            (WasmValue::I32(value), true) => value.cast_signed().to_string(),
            (WasmValue::I32(value), false) => value.to_string(),
            (WasmValue::I64(value), true) => value.cast_signed().to_string(),
            (WasmValue::I64(value), false) => value.to_string(),
            _ => return None,
        })
    }

    fn expected_type(&self) -> Option<String> {
        let frame = self.failed.target.stack().first()?;
        let module = self.symbols.get(frame.module)?.module();
        instruction::expected_type(module, &instruction::at(module, frame.pc)?)
    }

    /// The frames above the first that is somebody's own.
    fn innermost(&self) -> impl Iterator<Item = &ReportFrame> {
        self.stack.frames.iter().take_while(|frame| {
            matches!(
                frame.kind,
                FrameKind::Panic | FrameKind::Std | FrameKind::Runtime
            )
        })
    }

    /// `unreachable`: how Rust and C end a program that cannot go on. Which of the ways it was,
    /// the functions above the user's tell; what was said, standard error.
    fn unreachable(&self) -> Cause {
        let names: Vec<&str> = self
            .innermost()
            .filter_map(|frame| frame.function.as_deref())
            .collect();
        let any = |parts: &[&str]| {
            names
                .iter()
                .any(|name| parts.iter().any(|part| name.contains(part)))
        };
        // In a stripped program only exports have names: the stack can neither confirm nor deny.
        let nameless = self
            .stack
            .frames
            .first()
            .is_none_or(|frame| frame.function.is_none());
        if any(&[
            "handle_alloc_error",
            "alloc_error_hook",
            "rust_oom",
            "__rust_alloc_error_handler",
            "::rg_oom",
        ]) {
            return self.allocation_failed();
        }
        let panicked = any(&[
            "rust_begin_unwind",
            "begin_panic",
            "panicking::",
            "rust_panic",
        ]);
        if panicked || nameless {
            let stderr = String::from_utf8_lossy(self.failed.stderr_tail);
            let printed = panic_message::last_panic(&stderr);
            if panicked {
                return self.panic(printed);
            }
            if let Some(printed) = printed {
                return self.panic_with(Some(printed), PanicSource::Stderr);
            }
            if panic_message::failed_allocation(&stderr).is_some() {
                return self.allocation_failed();
            }
        }
        if names
            .iter()
            .any(|name| matches!(*name, "abort" | "std::process::abort"))
            || any(&["abort_internal"])
        {
            return Cause::Abort;
        }
        Cause::Unreachable
    }

    /// A panic that the stack shows. What standard error says of another place may be the guest's
    /// own text, and is believed only when memory holds nothing better.
    fn panic(&self, printed: Option<PrintedPanic>) -> Cause {
        let fits = |panic: &PrintedPanic| self.is_on_stack(&panic.file, panic.line);
        if printed.as_ref().is_some_and(fits) {
            return self.panic_with(printed, PanicSource::Stderr);
        }
        match self.captured_panic() {
            Some(captured) => self.panic_with(Some(captured), PanicSource::Memory),
            None => self.panic_with(printed, PanicSource::Stderr),
        }
    }

    fn captured_panic(&self) -> Option<PrintedPanic> {
        let frames = &self.stack.frames;
        let machinery = frames.iter().find(|frame| frame.kind == FrameKind::Panic);
        let memory = self.failed.target.memory(machinery?.module).ok()?;
        captured_panic::find(memory, |file, line, _| self.is_on_stack(file, line))
    }

    /// Whether a frame stands at this line. A panic names the path that the compiler was given, of
    /// which debug info has the end, after the folder it worked in.
    fn is_on_stack(&self, file: &str, line: u32) -> bool {
        (0..self.stack.frames.len()).any(|frame| {
            let location = self
                .stack
                .origins
                .get(frame)
                .and_then(|origin| origin.source.location.as_ref());
            location.is_some_and(|location| {
                location.line == Some(line) && path_matches(&location.file, file)
            })
        })
    }

    fn panic_with(&self, printed: Option<PrintedPanic>, source: PanicSource) -> Cause {
        match printed {
            Some(panic) => {
                let resolved = self.sources.resolve(&panic.file);
                Cause::Panic {
                    message: Some(panic.message),
                    source,
                    location: Some(Place {
                        file: resolved.display,
                        path: resolved
                            .path
                            .map(|path| path.to_string_lossy().into_owned()),
                        line: Some(panic.line),
                        column: Some(panic.column),
                    }),
                    aborted: panic.aborted,
                }
            }
            None => Cause::Panic {
                message: None,
                source: PanicSource::Stack,
                location: None,
                aborted: false,
            },
        }
    }

    fn allocation_failed(&self) -> Cause {
        let stderr = String::from_utf8_lossy(self.failed.stderr_tail);
        let limit = self
            .failed
            .memory_refusal
            .and_then(|refusal| match refusal.by {
                RefusedBy::Limit(limit) | RefusedBy::Maximum(limit) => Some(limit),
                RefusedBy::Host => None,
            });
        Cause::AllocationFailed {
            requested: panic_message::failed_allocation(&stderr),
            memory_size: self.memory_size(),
            limit,
        }
    }

    fn memory_size(&self) -> Option<u64> {
        // The innermost frame may be an adapter's with another memory: the user's counts.
        let module = self
            .stack
            .frames
            .iter()
            .find(|f| f.kind == FrameKind::User)
            .map(|f| f.module);
        let module = module.or_else(|| Some(self.failed.target.stack().first()?.module))?;
        Some(self.failed.target.memory(module).ok()?.len() as u64)
    }

    fn out_of_bounds(&self) -> Cause {
        let fault = match self.failed.cause {
            FailureCause::Trap { memory_fault, .. } => *memory_fault,
            _ => None,
        };
        let module = self.failed.target.stack().first().map(|frame| frame.module);
        let size = || Some(self.failed.target.memory(module?).ok()?.len() as u64);
        let access = self
            .operator()
            .and_then(|operator| instruction::memory_access(&operator));
        // Not told by whoever holds the guest: a load or store has it as its operand.
        let computed = || {
            let access = access.as_ref().filter(|access| access.size.is_some())?;
            let operand = self.operand(usize::from(access.writes))?.as_address()?;
            operand.checked_add(access.offset)
        };
        Cause::OutOfBounds {
            address: fault.map(|fault| fault.address).or_else(computed),
            access,
            memory_size: fault.map(|fault| fault.memory_size).or_else(size),
        }
    }

    fn stack_overflow(&self, stack: WhichStack) -> Cause {
        Cause::StackOverflow {
            stack,
            depth: self.failed.target.stack().len(),
            depth_is_minimum: self.failed.target.stack_is_cut(),
            cycle: self.stack.cycle.clone(),
        }
    }

    /// Whether the stack in linear memory has grown past the memory's beginning: then its
    /// pointer, or the innermost frame's base, has wrapped around and lies above where the stack
    /// began, which it never does otherwise.
    fn shadow_stack_ran_out(&self) -> bool {
        let (Some(frame), Some(Ok(shadow))) =
            (self.failed.target.stack().first(), self.shadow.first())
        else {
            return false;
        };
        let Some(symbols) = self.symbols.get(frame.module) else {
            return false;
        };
        let Some(top) = StackPointer::find(symbols.module()).and_then(|pointer| pointer.initial)
        else {
            return false;
        };
        let own = shadow.locals.iter().map(|(_, address)| *address);
        own.chain(shadow.stack_pointer).any(|address| address > top)
    }
}

/// Whether a frame is above the failing line only to end the program.
pub(super) fn is_machinery(frame: &ReportFrame) -> bool {
    frame.kind == FrameKind::Panic
        || frame
            .function
            .as_deref()
            .is_some_and(classify::is_panic_machinery)
}
