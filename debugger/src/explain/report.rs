//! The report on a failure: plain data, the same for a reader, a program and an editor.
//!
//! Nothing here is text laid out for a terminal: front ends do that. Strings that come from the
//! guest (messages, values, names, paths) are as the guest has them, control characters included,
//! unless the field says otherwise; whoever prints them escapes them.

use crate::values::Value;
use serde::{Deserialize, Serialize};
use wasmscope_tracer::HostCall;

/// The version of the report's form: it grows when a field changes its meaning or goes away, not
/// when one is added.
pub const SCHEMA: u32 = 1;

/// All that is known about a failure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The program as the user named it.
    pub program: String,
    /// What happened, in a line or, for a message of several, in more.
    pub headline: String,
    /// What happened, as data.
    pub cause: Cause,
    /// Where it happened in the user's eyes: a panic's own location, else the first frame that is
    /// the user's, else the innermost frame that has a line.
    pub place: Option<Place>,
    /// The lines around `place`.
    pub excerpt: Option<Excerpt>,
    /// Index in `frames` of the first frame that is the user's.
    pub user_frame: Option<usize>,
    /// The stack, innermost first, inlined calls included. Of a very deep stack the middle is
    /// left out.
    pub frames: Vec<ReportFrame>,
    /// How to lay out `frames` for a reader: which to show, fold or count.
    pub layout: Vec<StackEntry>,
    /// The opcodes around the failing one, when there are no lines to show.
    pub disassembly: Option<Disassembly>,
    /// The last host calls before the failure, oldest first.
    pub host_calls: Vec<HostCall>,
    /// What to know besides: what is missing and why, what was done, what to do about it.
    pub notes: Vec<Note>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Cause {
    /// A Rust panic.
    Panic {
        /// The panic's message; `None` when it could not be had.
        message: Option<String>,
        /// Where the message was read.
        source: PanicSource,
        /// The panicking line, as the panic itself gave it.
        location: Option<Place>,
        /// Whether the panic came while another was being handled, or in a function that must
        /// not panic.
        aborted: bool,
    },
    /// Rust's allocator had no memory left.
    AllocationFailed {
        /// How much was asked for, in bytes.
        requested: Option<u64>,
        /// Size of the linear memory at the failure, in bytes.
        memory_size: Option<u64>,
        /// The limit that the memory was held to, in bytes, when that is why.
        limit: Option<u64>,
    },
    /// The program ended itself by `abort`.
    Abort,
    /// A load or store outside the linear memory.
    OutOfBounds {
        /// The failing opcode, when it could be read.
        access: Option<MemoryAccess>,
        /// The address that was accessed.
        address: Option<u64>,
        /// Size of the linear memory, in bytes.
        memory_size: Option<u64>,
    },
    /// The stack ran out.
    StackOverflow {
        /// Which stack.
        stack: WhichStack,
        /// Number of Wasm frames on it.
        depth: usize,
        /// Whether there were still more.
        depth_is_minimum: bool,
        /// The functions that called each other over and over, if that is how it ran out.
        cycle: Option<Cycle>,
    },
    /// A division by zero.
    DivisionByZero {
        /// The opcode, such as `i32.div_s`.
        operator: Option<String>,
        /// What was to be divided, when it is known.
        dividend: Option<String>,
    },
    /// A division whose result does not fit (the least number by −1).
    DivisionOverflow {
        /// The opcode.
        operator: Option<String>,
    },
    /// A floating point number that does not fit the integer it was to become.
    BadConversion {
        /// The opcode, such as `i32.trunc_f64_s`.
        operator: Option<String>,
        /// The number, when it is known.
        number: Option<String>,
    },
    /// A call through a function pointer that went wrong.
    BadIndirectCall {
        /// What went wrong.
        problem: IndirectCallProblem,
        /// The type that the call expects, in Wasm's text format.
        expected: Option<String>,
        /// The entry of the table that was to be called, when it is known.
        index: Option<u64>,
    },
    /// The `unreachable` opcode, and no panic.
    Unreachable,
    /// The time allowed was up.
    Timeout {
        /// The time, in milliseconds.
        limit_ms: u64,
        /// Whether the guest was waiting for the host.
        in_host_call: bool,
    },
    /// A host function failed.
    HostError {
        /// The error and its causes, outermost first.
        chain: Vec<String>,
    },
    /// An exception that nothing caught.
    UncaughtException,
    /// Another trap.
    Trap {
        /// In Wasmtime's words.
        message: String,
    },
}

/// Where a panic's message was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PanicSource {
    /// In what the guest wrote to standard error.
    Stderr,
    /// In the guest's memory, where it was kept instead: test harnesses capture what tests print.
    Memory,
    /// Nowhere: the stack alone says that it is a panic.
    Stack,
}

/// Which stack ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhichStack {
    /// The one that holds Wasm's own frames, outside the guest's memory.
    Wasm,
    /// The one that the compiler keeps in linear memory.
    Shadow,
}

/// What went wrong with a call through a function pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IndirectCallProblem {
    /// The table has no such entry.
    OutOfTable,
    /// The table's entry is empty.
    Null,
    /// The function there has another type.
    WrongType,
}

/// A load or store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryAccess {
    /// The opcode, such as `i32.load8_u`.
    pub operator: String,
    /// Whether it writes.
    pub writes: bool,
    /// Number of bytes, when the opcode fixes it.
    pub size: Option<u64>,
    /// The constant that the opcode adds to its address.
    pub offset: u64,
}

/// Functions that call each other over and over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cycle {
    /// The functions of one round, caller before callee.
    pub functions: Vec<String>,
    /// Number of rounds on the stack.
    pub times: usize,
}

/// A place in a source file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file as the user knows it: relative to the current folder where it lies below it.
    pub file: String,
    /// The file on this machine, when it was found.
    pub path: Option<String>,
    /// Line, from 1.
    pub line: Option<u32>,
    /// Column, from 1, in bytes as compilers count; `None` for the whole line.
    pub column: Option<u32>,
}

/// Lines of a source file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// The file, as [`Place::file`].
    pub file: String,
    /// Number of the first of `lines`.
    pub first_line: u32,
    /// The lines, without their ends.
    pub lines: Vec<String>,
    /// The line to mark.
    pub line: u32,
    /// What to mark in it: a range of bytes in the line.
    pub mark: std::ops::Range<usize>,
    /// What to say at the mark: the function's name.
    pub label: Option<String>,
}

/// Whose code it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FrameKind {
    /// The user's own.
    User,
    /// A library's that the user chose.
    Dependency,
    /// Rust's standard library.
    Std,
    /// Rust's panic machinery, within the standard library.
    Panic,
    /// What starts and ends a program: libc, adapters, shims.
    Runtime,
    /// Not known: there is no debug info for it.
    Unknown,
}

/// One source-level call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReportFrame {
    /// Its place among all frames, from 0 for the innermost; frames left out are counted.
    pub index: usize,
    /// The function's name, readable; `None` when nothing names it.
    pub function: Option<String>,
    /// Where in the source.
    pub place: Option<Place>,
    /// Whether the compiler put this call into its caller's code.
    pub inlined: bool,
    /// Whose code it is.
    pub kind: FrameKind,
    /// The core module: its place among the program's.
    pub module: usize,
    /// Index of the Wasm function.
    pub wasm_function: u32,
    /// Offset of the opcode in the core module's binary.
    pub pc: u64,
    /// Arguments and locals; empty when there are none or none were asked for.
    pub variables: Vec<Variable>,
    /// Why `variables` is empty although they were asked for.
    pub variables_unavailable: Option<String>,
}

/// Whether a variable came in by the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VariableKind {
    /// A parameter of the function.
    Argument,
    /// A variable of its body.
    Local,
}

/// A variable of a frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variable {
    /// What it is.
    pub kind: VariableKind,
    /// Its name, type and value. Unlike the report's other strings, the value's summary is fit
    /// for a terminal.
    #[serde(flatten)]
    pub value: Value,
}

/// What a reader sees of a stretch of the stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "kebab-case")]
pub enum StackEntry {
    /// One frame.
    Frame {
        /// Its place in [`Report::frames`].
        frame: usize,
    },
    /// Frames that are not the user's.
    Folded {
        /// The first one's place in [`Report::frames`].
        first: usize,
        /// How many, by kind, in order of appearance.
        kinds: Vec<(FrameKind, usize)>,
    },
    /// Rounds of a recursion after the one that was shown.
    Repeated {
        /// How many further rounds.
        times: usize,
        /// How many frames they have.
        frames: usize,
        /// The functions of one round, caller before callee.
        functions: Vec<String>,
    },
    /// Frames that the report does not hold.
    Omitted {
        /// How many Wasm frames; `None` when not even that is known.
        frames: Option<usize>,
    },
}

/// Opcodes in Wasm's text format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disassembly {
    /// The function's name or number.
    pub function: String,
    /// The opcodes of the function, or those around a place in it.
    pub lines: Vec<DisassemblyLine>,
    /// Place in `lines` of the one that failed or is to be executed next; as long as `lines` when
    /// none is marked.
    pub failing: usize,
}

/// One opcode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisassemblyLine {
    /// Its offset in the core module's binary.
    pub pc: u64,
    /// Its nesting.
    pub depth: u32,
    /// Its text.
    pub text: String,
}

/// How a note is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoteKind {
    /// Something to know.
    Note,
    /// Something to do.
    Help,
}

/// A remark below the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// How it is meant.
    pub kind: NoteKind,
    /// The text.
    pub text: String,
}

impl Note {
    /// Something to know.
    pub fn remark(text: impl Into<String>) -> Self {
        Note {
            kind: NoteKind::Note,
            text: text.into(),
        }
    }

    /// Something to do.
    pub fn help(text: impl Into<String>) -> Self {
        Note {
            kind: NoteKind::Help,
            text: text.into(),
        }
    }
}
