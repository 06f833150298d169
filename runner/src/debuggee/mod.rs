//! A guest under a debugger: debuggable code that stops where it is told, on a thread that owns
//! the store.
//!
//! [`Debuggee`] is the compiled program; it can be launched again and again. Whoever launches it
//! brings a [`Supervisor`], which is called on the guest's thread whenever the guest is stopped,
//! with the guest ([`PausedGuest`]) at hand: what can be decided there costs nanoseconds. It may
//! also block there for as long as a user looks around.
//!
//! Nothing here knows lines, variables or commands: those are the debugger's.

pub(crate) mod at_call;
mod control;
mod host_calls;
mod known;
mod launch;
mod paused;
mod places;
mod supervision;
mod waiting;
mod walk;

use crate::failure::{FrameValues, WasmFrame};
use crate::limits::MemoryRefusal;
use crate::stopped::{Unavailable, WasmValue};
use wasmscope_tracer::HostCall;
use wasmtime::Trap;

pub use crate::stdio::{
    CapturedOutput, FedInput, FeedError, GuestStdio, InputFeed, OutputChunk, OutputReader,
    OutputStream, captured_output, fed_input,
};
pub use control::Control;
pub use launch::{Debuggee, End, Running};
pub(crate) use supervision::Supervision;
pub(crate) use waiting::add_to_linker as add_waiting_to_linker;

/// A place in code: an opcode of a core module of the program.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CodePlace {
    /// The core module: its place in [`crate::Program::core_modules`].
    pub module: usize,
    /// Offset of the opcode in the core module's binary, in bytes.
    pub pc: u64,
}

/// A Wasm frame, as cheaply as it can be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FramePlace {
    /// Where it is: in the innermost frame the opcode about to run (or that trapped, or the call
    /// to the host that is under way), in the others the `call` that has not returned.
    pub place: CodePlace,
    /// Index of the function in the module's function index space.
    pub func_index: u32,
}

/// Why the guest is stopped.
#[derive(Debug)]
#[non_exhaustive]
pub enum Interruption<'a> {
    /// Nothing has run yet: the moment to arm the first places. Of a core module not even its
    /// start function has run; a component's modules have been instantiated, and only their start
    /// functions have run.
    Start,
    /// An armed place was reached, or, while single-stepping, the next opcode. The opcode has not
    /// run.
    Breakpoint,
    /// A trap. The guest cannot go on: whatever is answered, it ends.
    Trap(Trap),
    /// A host function failed in a way that ends the guest: the messages, outermost first.
    HostError(Vec<String>),
    /// The guest asked to end with this exit code; its frames are still there.
    Exit(i32),
    /// An exception was thrown. Whether something catches it is not known yet.
    Exception,
    /// Somebody called [`Running::interrupt`].
    Interrupted,
    /// The guest has called its host, which has not done anything yet. Only told while
    /// [`Supervisor::wants_host_call`] says so.
    HostCall(HostCallBegin<'a>),
}

/// A call to the host that is about to be carried out.
#[derive(Debug)]
pub struct HostCallBegin<'a> {
    /// The function: `fd_write`, or `wasi:io/streams@0.2.6#[method]output-stream.write`.
    pub function: &'a str,
    /// The call with its arguments, where they are known before it is carried out (WASI preview 1).
    pub call: Option<&'a HostCall>,
}

/// What the guest does next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resume {
    /// It goes on.
    Continue,
    /// It ends here.
    Kill,
}

/// Who decides what a stopped guest does: called on the guest's thread, and free to block it.
pub trait Supervisor: Send + 'static {
    /// The guest is stopped; it goes on when this returns.
    fn interrupted(&mut self, guest: &mut dyn PausedGuest, why: Interruption<'_>) -> Resume;

    /// Whether [`Interruption::HostCall`] is wanted for a function. Asked at every call: be quick.
    fn wants_host_call(&mut self, function: &str) -> bool;

    /// Whether [`Interruption::HostCall`] is wanted for any function. Finding out which function a
    /// component calls takes a walk along its stack, which is left out when this answers `false`.
    fn wants_host_calls(&mut self) -> bool {
        true
    }

    /// Whether [`Supervisor::host_call_returned`] shall be told. Asked after every call.
    fn hears_host_calls(&mut self) -> bool {
        false
    }

    /// A call to the host has returned.
    fn host_call_returned(&mut self, guest: &mut dyn PausedGuest, call: HostCall);
}

/// What can be asked of a stopped guest. Frames are named by their place on the Wasm stack, 0 for
/// the innermost; adapter code that Wasmtime generates between components is left out.
pub trait PausedGuest {
    /// The innermost frame, without walking further; `None` when no Wasm is on the stack.
    fn innermost(&mut self) -> Option<FramePlace>;

    /// A frame, walking only as far as that; `None` when the stack ends before.
    fn frame(&mut self, frame: usize) -> Option<FramePlace>;

    /// How many frames there are, counting up to `limit`.
    fn depth(&mut self, limit: usize) -> usize;

    /// The stack, innermost first, at most `limit` frames ([`WasmFrame::name`] stays `None`).
    fn stack(&mut self, limit: usize) -> Vec<WasmFrame>;

    /// A Wasm local of a frame.
    ///
    /// # Errors
    /// When there is no such frame or local, or it cannot be read (the innermost frame of a
    /// native stack overflow).
    fn local(&mut self, frame: usize, index: u32) -> Result<WasmValue, Unavailable>;

    /// An operand of a frame, counted from the bottom of its operand stack.
    ///
    /// # Errors
    /// As [`PausedGuest::local`].
    fn operand(&mut self, frame: usize, index: u32) -> Result<WasmValue, Unavailable>;

    /// All locals and operands of a frame.
    ///
    /// # Errors
    /// As [`PausedGuest::local`].
    fn frame_values(&mut self, frame: usize) -> Result<FrameValues, Unavailable>;

    /// The linear memory that a module's code addresses.
    ///
    /// # Errors
    /// When the module is not instantiated, has no memory, or one shared with other threads, or
    /// when it is instantiated several times and the stack does not tell which is meant.
    fn memory(&mut self, module: usize) -> Result<&[u8], Unavailable>;

    /// As [`PausedGuest::memory`], to be written to.
    ///
    /// # Errors
    /// As [`PausedGuest::memory`].
    fn memory_mut(&mut self, module: usize) -> Result<&mut [u8], Unavailable>;

    /// A global, by its index in the module's global index space.
    ///
    /// # Errors
    /// As [`PausedGuest::memory`]; also when there is no such global.
    fn global(&mut self, module: usize, index: u32) -> Result<WasmValue, Unavailable>;

    /// Writes a global.
    ///
    /// # Errors
    /// As [`PausedGuest::global`]; also when it is immutable or of another type.
    fn set_global(
        &mut self,
        module: usize,
        index: u32,
        value: WasmValue,
    ) -> Result<(), Unavailable>;

    /// The last calls to the host, oldest first.
    fn recent_calls(&mut self) -> Vec<HostCall>;

    /// The host call that the guest waits in: of one that was interrupted there.
    fn host_call(&mut self) -> Option<String>;

    /// The end of what the guest wrote to standard error (up to 64 KiB).
    fn stderr_tail(&mut self) -> Vec<u8>;

    /// Memory that the guest asked for and did not get, if that was the last time it asked.
    fn memory_refusal(&mut self) -> Option<MemoryRefusal>;

    /// All modules' memories at once, for readers that hold several things together.
    fn view(&mut self) -> GuestView<'_>;

    /// Makes the guest stop at the places of `arm`, and no longer at those of `disarm`. Places are
    /// a set: arming one twice does not count twice. All changes together cost as much as one.
    ///
    /// # Errors
    /// When a place is no opcode of a module that is there; the others are changed all the same.
    fn edit(&mut self, arm: &[CodePlace], disarm: &[CodePlace]) -> Result<(), Unavailable>;

    /// Whether to stop at every opcode. Turning it on and off costs milliseconds in big modules.
    fn set_single_step(&mut self, on: bool);
}

/// What of a stopped guest can be read without changing anything.
pub struct GuestView<'g> {
    /// Memory 0 of each core module of the program.
    pub memories: Vec<Result<&'g [u8], Unavailable>>,
    /// The globals of each core module of the program; empty when it is not instantiated.
    pub globals: Vec<Vec<Result<WasmValue, Unavailable>>>,
}
