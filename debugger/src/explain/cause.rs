//! What happened: from Wasmtime's trap, the stack and the guest's last words to a [`Cause`] and
//! its headline.

use super::captured_panic;
use super::classify;
use super::instruction;
use super::panic_message::{self, PrintedPanic};
use super::report::{
    Cause, FrameKind, IndirectCallProblem, PanicSource, Place, ReportFrame, WhichStack,
};
use super::round::round_in_words;
use super::stack::Stack;
use crate::frame_state::TargetFrame;
use crate::sources::Sources;
use crate::target::FailedGuest;
use crate::unwind::ShadowFrame;
use wasmscope_runner::{Failure, FailureCause, RefusedBy, Trap};
use wasmscope_symbols::operands::operands_at;
use wasmscope_symbols::prologue::StackPointer;
use wasmscope_symbols::{ModulePc, Symbols, Unavailable, WasmValue, path_matches};

/// What the cause is found from.
pub(super) struct Evidence<'a> {
    pub failure: &'a Failure,
    pub symbols: &'a [Symbols],
    pub sources: &'a Sources,
    pub stack: &'a Stack,
    pub shadow: &'a [Result<ShadowFrame, Unavailable>],
}

impl Evidence<'_> {
    pub(super) fn cause(&self) -> Cause {
        match &self.failure.cause {
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
        let frame = self.failure.frames.first()?;
        instruction::at(self.symbols.get(frame.module)?.module(), frame.pc)
    }

    /// An operand of the failing opcode, from 0 for the topmost, where it can be known: in code
    /// that keeps its locals nearly always, in plain code when it came from memory.
    fn operand(&self, below_top: usize) -> Option<WasmValue> {
        let frame = self.failure.frames.first()?;
        let module = self.symbols.get(frame.module)?.module();
        let guest = FailedGuest::new(self.failure);
        let state = TargetFrame::new(&guest, 0, self.shadow.first()?);
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
        let frame = self.failure.frames.first()?;
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
            let stderr = String::from_utf8_lossy(&self.failure.stderr_tail);
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
        let memory = self.failure.memory(machinery?.module).ok()?;
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
        let stderr = String::from_utf8_lossy(&self.failure.stderr_tail);
        let limit = self
            .failure
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
        let module = module.or_else(|| Some(self.failure.frames.first()?.module))?;
        Some(self.failure.memory(module).ok()?.len() as u64)
    }

    fn out_of_bounds(&self) -> Cause {
        let fault = match &self.failure.cause {
            FailureCause::Trap { memory_fault, .. } => *memory_fault,
            _ => None,
        };
        let module = self.failure.frames.first().map(|frame| frame.module);
        let size = || Some(self.failure.memory(module?).ok()?.len() as u64);
        Cause::OutOfBounds {
            access: self
                .operator()
                .and_then(|operator| instruction::memory_access(&operator)),
            address: fault.map(|fault| fault.address),
            memory_size: fault.map(|fault| fault.memory_size).or_else(size),
        }
    }

    fn stack_overflow(&self, stack: WhichStack) -> Cause {
        Cause::StackOverflow {
            stack,
            depth: self.failure.frames.len(),
            depth_is_minimum: self.failure.frames_cut,
            cycle: self.stack.cycle.clone(),
        }
    }

    /// Whether the stack in linear memory has grown past the memory's beginning: then its
    /// pointer, or the innermost frame's base, has wrapped around and lies above where the stack
    /// began, which it never does otherwise.
    fn shadow_stack_ran_out(&self) -> bool {
        let (Some(frame), Some(Ok(shadow))) = (self.failure.frames.first(), self.shadow.first())
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

/// The cause in a line.
pub(super) fn headline(cause: &Cause) -> String {
    match cause {
        Cause::Panic {
            message: Some(message),
            aborted,
            ..
        } => {
            let message = if message.is_empty() {
                "without a message"
            } else {
                message
            };
            match aborted {
                true => format!("panicked, and again while handling that: {message}"),
                false => format!("panicked: {message}"),
            }
        }
        Cause::Panic { message: None, .. } => {
            "panicked (the message was found neither on standard error nor in memory)".into()
        }
        Cause::AllocationFailed {
            requested,
            memory_size,
            limit,
        } => out_of_memory(*requested, *memory_size, *limit),
        Cause::Abort => "aborted: the program called `abort`".into(),
        Cause::OutOfBounds {
            access,
            address,
            memory_size,
        } => {
            let mut text = match access {
                Some(access) => {
                    let what = if access.writes { "write" } else { "read" };
                    match access.size {
                        Some(1) => format!("memory access out of bounds: {what} of 1 byte"),
                        Some(size) => {
                            format!("memory access out of bounds: {what} of {size} bytes")
                        }
                        None => format!("memory access out of bounds: {}", access.operator),
                    }
                }
                None => "memory access out of bounds".to_owned(),
            };
            if let Some(address) = address {
                text.push_str(&format!(" at address {address:#x}"));
            }
            if let Some(size) = memory_size {
                text.push_str(&format!(
                    ", but the memory ends at {size:#x} ({})",
                    bytes(*size)
                ));
            }
            text
        }
        Cause::StackOverflow {
            stack,
            depth,
            depth_is_minimum,
            cycle,
        } => {
            let more = if *depth_is_minimum { "more than " } else { "" };
            let deep = format!("{more}{} calls deep", grouped(*depth as u64));
            let which = match stack {
                WhichStack::Wasm => "",
                WhichStack::Shadow => " in linear memory",
            };
            match cycle.as_ref().map(|cycle| cycle.functions.as_slice()) {
                Some(functions @ [_]) => {
                    let function = round_in_words(functions);
                    format!("stack overflow{which}: {function} calls itself, {deep}")
                }
                Some([]) | None => format!("stack overflow{which}: {deep}"),
                Some(functions) => {
                    let round = round_in_words(functions);
                    let again = if round.ends_with(" functions)") {
                        ""
                    } else {
                        " → …"
                    };
                    format!("stack overflow{which}: {round}{again} call each other, {deep}")
                }
            }
        }
        Cause::DivisionByZero { operator, dividend } => {
            let remainder = operator.as_ref().is_some_and(|name| name.contains("rem"));
            let sign = if remainder { '%' } else { '/' };
            match dividend {
                Some(dividend) => format!("division by zero: {dividend} {sign} 0"),
                None => "division by zero".into(),
            }
        }
        Cause::DivisionOverflow { operator } => {
            let dividend = match operator.as_deref() {
                Some("i32.div_s") => i32::MIN.to_string(),
                Some("i64.div_s") => i64::MIN.to_string(),
                _ => "the least number".to_owned(),
            };
            format!("integer overflow: {dividend} / -1 has no result of its size")
        }
        Cause::BadConversion { operator, number } => {
            let number = match number.as_deref() {
                Some("NaN") => "NaN is no number".to_owned(),
                Some(number) => format!("{number} does not fit"),
                None => "the number does not fit, or is NaN".to_owned(),
            };
            let operator = operator.as_ref().map(|name| format!(" ({name})"));
            format!(
                "invalid conversion to integer: {number}{}",
                operator.unwrap_or_default()
            )
        }
        Cause::BadIndirectCall {
            problem,
            expected,
            index,
        } => {
            let which = match index {
                Some(index) if *problem != IndirectCallProblem::Null || *index != 0 => {
                    format!(" ({index})")
                }
                _ => String::new(),
            };
            let expected = expected
                .as_ref()
                .map(|ty| format!(" {ty}"))
                .unwrap_or_default();
            match problem {
                IndirectCallProblem::Null => format!(
                    "call through a null function pointer{which}: the table has no function there (a function{expected} was expected)"
                ),
                IndirectCallProblem::WrongType => format!(
                    "call through a function pointer of another type{which}: a function{expected} was expected"
                ),
                IndirectCallProblem::OutOfTable => format!(
                    "call through a wild function pointer{which}: the table has no such entry (a function{expected} was expected)"
                ),
            }
        }
        Cause::Unreachable => {
            "reached code that was declared unreachable (no panic, no abort)".into()
        }
        Cause::Timeout {
            limit_ms,
            in_host_call,
        } => {
            let inside = if *in_host_call {
                ", waiting in a host call"
            } else {
                ""
            };
            format!("timed out after {}{inside}", duration(*limit_ms))
        }
        Cause::HostError { chain } => match chain.first() {
            Some(first) => format!("a host call failed: {first}"),
            None => "a host call failed".into(),
        },
        Cause::UncaughtException => "an exception was thrown and nothing caught it".into(),
        Cause::Trap { message } => message
            .strip_prefix("wasm trap: ")
            .unwrap_or(message)
            .to_owned(),
    }
}

fn out_of_memory(requested: Option<u64>, memory_size: Option<u64>, limit: Option<u64>) -> String {
    let mut text = match requested {
        Some(requested) => format!(
            "out of memory: an allocation of {} failed",
            bytes(requested)
        ),
        None => "out of memory: an allocation failed".to_owned(),
    };
    match (memory_size, limit) {
        (Some(size), Some(limit)) => {
            text.push_str(&format!(
                " (memory {}, limit {})",
                bytes(size),
                bytes(limit)
            ));
        }
        (Some(size), None) => text.push_str(&format!(" (memory {})", bytes(size))),
        (None, Some(limit)) => text.push_str(&format!(" (limit {})", bytes(limit))),
        (None, None) => {}
    }
    text
}

/// A floating point number as Rust writes it.
fn number_in_words(value: WasmValue) -> Option<String> {
    match value {
        WasmValue::F32(bits) => Some(format!("{:?}", f32::from_bits(bits))),
        WasmValue::F64(bits) => Some(format!("{:?}", f64::from_bits(bits))),
        _ => None,
    }
}

/// A size as a person says it.
pub(super) fn bytes(size: u64) -> String {
    const UNITS: [(&str, u64); 4] = [
        ("TiB", 1 << 40),
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
    ];
    match UNITS.iter().find(|(_, unit)| size >= *unit) {
        Some((name, unit)) if size.is_multiple_of(*unit) => format!("{} {name}", size / unit),
        Some((name, unit)) => format!("{:.1} {name}", size as f64 / *unit as f64),
        None if size == 1 => "1 byte".into(),
        None => format!("{size} bytes"),
    }
}

/// A number with its thousands apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn duration(milliseconds: u64) -> String {
    match milliseconds {
        ms if ms.is_multiple_of(1000) => format!("{} s", ms / 1000),
        ms if ms > 1000 => format!("{:.1} s", ms as f64 / 1000.0),
        ms => format!("{ms} ms"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::report::{Cycle, MemoryAccess};

    #[test]
    fn headlines() {
        let access = MemoryAccess {
            operator: "i32.load".into(),
            writes: false,
            size: Some(4),
            offset: 0,
        };
        let cycle = |functions: &[&str]| {
            Some(Cycle {
                functions: functions.iter().map(|f| (*f).to_owned()).collect(),
                times: 9,
            })
        };
        let overflow = |stack, cycle| Cause::StackOverflow {
            stack,
            depth: 9812,
            depth_is_minimum: false,
            cycle,
        };
        for (cause, expected) in [
            (
                Cause::OutOfBounds {
                    access: Some(access),
                    address: Some(0xffff_fff0),
                    memory_size: Some(0x11_0000),
                },
                "memory access out of bounds: read of 4 bytes at address 0xfffffff0, but the memory ends at 0x110000 (1.1 MiB)",
            ),
            (
                overflow(WhichStack::Wasm, cycle(&["fact"])),
                "stack overflow: fact calls itself, 9,812 calls deep",
            ),
            (
                overflow(WhichStack::Shadow, cycle(&["even", "odd"])),
                "stack overflow in linear memory: even → odd → … call each other, 9,812 calls deep",
            ),
            (
                overflow(WhichStack::Wasm, cycle(&["a", "b", "c", "d", "e"])),
                "stack overflow: a → b → c → … (5 functions) call each other, 9,812 calls deep",
            ),
            (
                Cause::AllocationFailed {
                    requested: Some(64 << 20),
                    memory_size: Some(0x6_0000),
                    limit: Some(1 << 20),
                },
                "out of memory: an allocation of 64 MiB failed (memory 384 KiB, limit 1 MiB)",
            ),
            (
                Cause::BadIndirectCall {
                    problem: IndirectCallProblem::WrongType,
                    expected: Some("(i32) -> (i64)".into()),
                    index: Some(5),
                },
                "call through a function pointer of another type (5): a function (i32) -> (i64) was expected",
            ),
            (
                Cause::DivisionByZero {
                    operator: Some("i64.rem_s".into()),
                    dividend: Some("-1200".into()),
                },
                "division by zero: -1200 % 0",
            ),
            (
                Cause::DivisionOverflow {
                    operator: Some("i32.div_s".into()),
                },
                "integer overflow: -2147483648 / -1 has no result of its size",
            ),
            (
                Cause::BadConversion {
                    operator: Some("i32.trunc_f64_s".into()),
                    number: number_in_words(WasmValue::F64(1e20f64.to_bits())),
                },
                "invalid conversion to integer: 1e20 does not fit (i32.trunc_f64_s)",
            ),
            (
                Cause::BadConversion {
                    operator: None,
                    number: number_in_words(WasmValue::F32(f32::NAN.to_bits())),
                },
                "invalid conversion to integer: NaN is no number",
            ),
            (
                Cause::Timeout {
                    limit_ms: 1500,
                    in_host_call: false,
                },
                "timed out after 1.5 s",
            ),
            (
                Cause::Trap {
                    message: "wasm trap: cast failure".into(),
                },
                "cast failure",
            ),
        ] {
            assert_eq!(headline(&cause), expected);
        }
    }

    #[test]
    fn numbers_as_people_write_them() {
        assert_eq!(
            ["1", "999", "1,000", "12,345,678"].map(str::to_owned),
            [1, 999, 1000, 12_345_678].map(grouped)
        );
        assert_eq!(
            [bytes(1), bytes(1023), bytes(1536), bytes(1 << 32)],
            ["1 byte", "1023 bytes", "1.5 KiB", "4 GiB"]
        );
    }
}
