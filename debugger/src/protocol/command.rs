//! What a front end can ask for.

use super::{BreakpointChange, BreakpointId, BreakpointPlace, BreakpointSpec};
use serde::{Deserialize, Serialize};

/// A command with its number, which the reply carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Chosen by the front end.
    pub id: u64,
    /// The command.
    pub command: Command,
}

/// A source-level frame of the stop: 0 is the innermost, inlined calls count.
pub type FrameId = usize;

/// Something to do or to tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Command {
    // Run control. The reply says that it was begun; how it ended is told by an event.
    /// Lets a guest that has not been started yet begin.
    Run,
    /// Lets a paused guest go on.
    Continue,
    /// Goes to another line of the same function, over calls; at the function's end, to its caller.
    Next {
        /// How many times; a stop for another reason ends it.
        count: u32,
    },
    /// As `Next`, but into calls.
    Step {
        /// How many times.
        count: u32,
    },
    /// Runs until the function of a frame has returned.
    Finish {
        /// The frame.
        frame: FrameId,
    },
    /// Runs until a place is reached, or the current function has returned.
    Until {
        /// The place; `None`: a line after this one in the same function (which leaves a loop).
        place: Option<BreakpointPlace>,
    },
    /// Executes opcodes.
    StepInstruction {
        /// Whether calls count as one.
        over: bool,
        /// How many.
        count: u32,
    },
    /// Stops a running guest.
    Pause,
    /// Ends the guest.
    Kill,
    /// Ends the guest if it lives, and launches it anew with the same breakpoints; it is then as
    /// before `Run`. The reply comes when the old one has ended, the new one's
    /// [`Event::Ready`](super::Event::Ready) after it.
    Restart,

    // Breakpoints: at any time.
    /// Sets one.
    SetBreakpoint(BreakpointSpec),
    /// Changes one.
    ChangeBreakpoint {
        /// Which.
        id: BreakpointId,
        /// How.
        change: BreakpointChange,
    },
    /// Takes one away.
    DeleteBreakpoint {
        /// Which.
        id: BreakpointId,
    },
    /// All of them.
    Breakpoints,
    /// Where a place is, without setting anything.
    Resolve {
        /// The place.
        place: BreakpointPlace,
    },

    // The stopped guest.
    /// Frames of the stack.
    Stack {
        /// The first frame.
        from: FrameId,
        /// How many at most.
        count: usize,
    },
    /// Arguments and locals of a frame.
    Variables {
        /// The frame.
        frame: FrameId,
        /// How much of each.
        limits: ValueLimits,
    },
    /// The value of an expression.
    Evaluate {
        /// The expression.
        expression: String,
        /// In this frame.
        frame: FrameId,
        /// How to show it.
        format: ValueFormat,
        /// How much of it.
        limits: ValueLimits,
    },
    /// The type of an expression, whole, with its fields or variants.
    TypeOf {
        /// The expression, or the name of a type.
        expression: String,
        /// In this frame.
        frame: FrameId,
    },
    /// Assigns to a variable or to a place in memory.
    Set {
        /// The place.
        target: String,
        /// The value.
        value: String,
        /// In this frame.
        frame: FrameId,
    },
    /// Statics of the program.
    Statics {
        /// A regular expression for their paths; `None`: those of the user's own code.
        pattern: Option<String>,
        /// How much of each.
        limits: ValueLimits,
    },
    /// The Wasm view of a frame: locals, operands, globals.
    WasmFrame {
        /// The frame.
        frame: FrameId,
    },
    /// Bytes of linear memory.
    ReadMemory {
        /// An expression for the address: a number, a pointer, or a value whose place is meant.
        address: String,
        /// In this frame.
        frame: FrameId,
        /// How many bytes.
        length: u64,
    },
    /// Whose bytes of linear memory are.
    MemoryOwners {
        /// An expression for the address, as for [`Command::ReadMemory`].
        address: String,
        /// In this frame.
        frame: FrameId,
        /// How many bytes.
        length: u64,
    },
    /// Writes bytes to linear memory.
    WriteMemory {
        /// The address.
        address: u64,
        /// In the memory of this frame's module.
        frame: FrameId,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Opcodes in Wasm's text format.
    Disassemble {
        /// The function of this place; `None`: of the frame.
        place: Option<BreakpointPlace>,
        /// The frame.
        frame: FrameId,
        /// Opcodes before and after the current one; `None`: the whole function.
        around: Option<usize>,
    },

    // The program: at any time.
    /// Lines of a source file.
    Source {
        /// The file, as places name it; `None`: that of `frame`.
        file: Option<String>,
        /// The frame.
        frame: FrameId,
        /// The line in the middle; `None`: the frame's.
        line: Option<u32>,
        /// Lines before it.
        before: u32,
        /// Lines after it.
        after: u32,
    },
    /// Source files of the program.
    Files {
        /// Only those whose path contains this.
        containing: Option<String>,
    },
    /// Functions of the program.
    Functions {
        /// A regular expression for their names.
        pattern: String,
        /// How many at most.
        limit: usize,
    },
    /// Core modules, and how well they can be debugged.
    Modules,
    /// How a word could go on.
    Complete {
        /// What it is.
        what: CompletionKind,
        /// The beginning.
        prefix: String,
        /// In this frame.
        frame: FrameId,
        /// How many at most.
        limit: usize,
    },
    /// The last host calls.
    HostCalls {
        /// How many.
        count: usize,
    },
    /// What [`Event::Stopped`](super::Event::Stopped) last said, or how the guest stands.
    Status,
    /// The report on a guest that failed, as `wasmscope run` would give it.
    Report,

    // The guest's standard input, when the session feeds it.
    /// More input.
    Input {
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// The end of the input.
    EndInput,

    /// Changes how the session behaves.
    Configure(Settings),
}

/// How much of values to give; what is 0 takes the session's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueLimits {
    /// Elements of a sequence.
    pub elements: usize,
    /// Characters of a text.
    pub text: usize,
    /// Nesting in the summary.
    pub depth: usize,
    /// Levels of children.
    pub children: usize,
}

/// How to show a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueFormat {
    /// As its type says.
    #[default]
    Natural,
    /// By its fields, as the compiler laid it out.
    Raw,
    /// Numbers in hexadecimal.
    Hex,
    /// Numbers in decimal.
    Decimal,
    /// Numbers in octal.
    Octal,
    /// Numbers in binary.
    Binary,
    /// As a character.
    Char,
    /// As text.
    Text,
}

/// What to complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CompletionKind {
    /// A function's name.
    Function,
    /// A source file.
    File,
    /// A function or a file: a place to stop.
    Place,
    /// A variable of the frame, or behind a dot a field of what stands before it: `order.nu`.
    Variable,
    /// A host function or a class of them.
    HostFunction,
}

/// How the session behaves; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Whether `Step` goes into functions whose source is not the user's own.
    pub step_into_std: Option<bool>,
    /// Whether a panic stops the guest.
    pub stop_on_panic: Option<bool>,
    /// Whether every finished host call is told as an event.
    pub tell_host_calls: Option<bool>,
    /// Default limits of values.
    pub limits: Option<ValueLimits>,
}
