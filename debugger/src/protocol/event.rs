//! What a session tells.

use super::{Breakpoint, BreakpointId, FrameInfo, ReplyBody};
use crate::values::Value;
use serde::{Deserialize, Serialize};
use wasmscope_tracer::HostCall;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The answer to a request.
    Reply {
        /// The request's number.
        id: u64,
        /// What was asked for, or why there is none.
        result: Result<ReplyBody, CommandError>,
    },
    /// Long work goes on.
    Progress {
        /// What is being done: `compiling`, `reading debug info`.
        what: String,
        /// Whether it has come to its end.
        done: bool,
    },
    /// The guest is there and has not run yet.
    Ready,
    /// The guest could not be prepared: it cannot be compiled, linked or started.
    Failed {
        /// Why.
        message: String,
    },
    /// The guest runs.
    Running,
    /// The guest is paused.
    Stopped(Stop),
    /// The guest wrote something.
    Output {
        /// Where to.
        stream: OutputStream,
        /// The bytes, as they are: not fit for a terminal.
        bytes: Vec<u8>,
    },
    /// Output that a slow front end made the session leave out.
    OutputLost {
        /// How many bytes.
        bytes: u64,
    },
    /// The guest waits for standard input that it has not got; told once until it is fed again.
    InputWanted,
    /// A log breakpoint's message.
    Log {
        /// The breakpoint.
        id: BreakpointId,
        /// The text.
        text: String,
        /// The frame that it was told from.
        frame: Option<FrameInfo>,
    },
    /// A breakpoint was set, changed, or went away by itself.
    BreakpointChanged {
        /// The breakpoint, as it is or was.
        breakpoint: Breakpoint,
        /// Whether it is gone.
        gone: bool,
    },
    /// A call to the host has returned.
    HostCall {
        /// The call.
        call: HostCall,
        /// The frames that it was made from, innermost first: the program's own, those of libraries
        /// and unknown ones; at most a dozen.
        #[serde(default)]
        frames: Vec<FrameInfo>,
    },
    /// The guest has ended.
    Exited(Exit),
}

/// Where the guest wrote to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A pause of the guest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    /// Why.
    pub reason: StopReason,
    /// The breakpoints hit here.
    pub breakpoints: Vec<BreakpointId>,
    /// The frame to look at first: the innermost, or for panics, traps and pauses the user's.
    pub frame: usize,
    /// That frame.
    pub info: Option<FrameInfo>,
    /// Whether the guest can go on (not after a trap).
    pub resumable: bool,
    /// What to know besides: that a step was cut short, that a condition failed to evaluate.
    pub notes: Vec<String>,
}

/// Why the guest is paused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum StopReason {
    /// A breakpoint.
    Breakpoint,
    /// A step has come to its end.
    Step,
    /// A function has returned, after `Finish`.
    Finished {
        /// The function.
        function: Option<String>,
        /// What it returned; `None` for `()`.
        value: Option<Value>,
    },
    /// The place of `Until` was reached.
    Until,
    /// A Rust panic.
    Panic {
        /// The message; `None` when it could not be read.
        message: Option<String>,
    },
    /// A trap, or a host call that ends the guest.
    Trap {
        /// What `wasmscope run` says in the first line of its report.
        headline: String,
    },
    /// Somebody asked for it.
    Pause,
    /// A host call is about to be carried out.
    HostCall {
        /// The function.
        function: String,
        /// The call with its arguments, where they are known beforehand.
        call: Option<HostCall>,
    },
    /// A watched value changed.
    Watch {
        /// The watchpoint.
        id: BreakpointId,
        /// The expression.
        expression: String,
        /// The value before.
        old: Value,
        /// The value now.
        new: Value,
    },
    /// The frame in which an expression was watched has returned; the watchpoint is gone.
    WatchEnded {
        /// The watchpoint.
        id: BreakpointId,
        /// The expression.
        expression: String,
    },
    /// The guest is about to end.
    Exit {
        /// Its exit code.
        code: i32,
    },
}

/// How the guest ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "kebab-case")]
pub enum Exit {
    /// By itself.
    Code {
        /// Its exit code.
        code: i32,
        /// What an invoked function returned.
        results: Vec<String>,
    },
    /// By a failure that was told as a stop.
    Failure {
        /// The exit code that `wasmscope run` answers it with.
        code: i32,
        /// The first line of the report.
        headline: String,
    },
    /// It was ended by [`super::Command::Kill`] or a restart.
    Killed,
}

/// Why a command was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct CommandError {
    /// What kind of thing is wrong.
    pub kind: CommandErrorKind,
    /// What, why, and what to do.
    pub message: String,
    /// Where in the expression, in bytes, when it is the expression that is wrong.
    pub position: Option<usize>,
    /// Names like the one that is not known.
    pub suggestions: Vec<String>,
}

/// What kind of thing is wrong with a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommandErrorKind {
    /// It needs a paused guest, and the guest runs.
    Running,
    /// It needs a guest, and there is none (not started yet, or ended).
    NotRunning,
    /// The expression, location or pattern is wrong.
    Invalid,
    /// What it names does not exist.
    NotFound,
    /// What it asks for cannot be known or done here.
    Unavailable,
}

impl CommandError {
    /// An error without a position.
    pub fn new(kind: CommandErrorKind, message: impl Into<String>) -> Self {
        CommandError {
            kind,
            message: message.into(),
            position: None,
            suggestions: Vec::new(),
        }
    }
}
