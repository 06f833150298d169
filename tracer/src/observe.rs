//! Being told of every host call as it returns: what a tracer hangs on to.
//!
//! An observer sees records, not the guest: nothing it does changes what the guest is answered. It
//! runs on the guest's thread, between the host's answer and the guest's next instruction, so that
//! its time is the guest's.

use crate::call::{HostCall, Moved};
use crate::table::Function;
use std::time::SystemTime;
use wasmtime::WasmBacktrace;

/// The name that a module's stack pointer is looked for under, among its exports. Programs do not
/// export it; whoever runs one may have it do so.
pub const STACK_POINTER: &str = "wasmscope:__stack_pointer";

/// A guest whose call is over and that has not gone on yet.
pub trait CallingGuest {
    /// Walks its stack, which takes longer than most calls.
    fn stack(&self) -> WasmBacktrace;

    /// The memory of the module that called, where that is within reach and was asked for
    /// ([`CallObserver::wants_state`]).
    fn memory(&self) -> Option<&[u8]> {
        None
    }

    /// The stack pointer of the module that called, where it is exported ([`STACK_POINTER`]) and was
    /// asked for.
    fn stack_pointer(&self) -> Option<u64> {
        None
    }
}

/// Nothing but a stack.
impl<F: Fn() -> WasmBacktrace> CallingGuest for F {
    fn stack(&self) -> WasmBacktrace {
        self()
    }
}

/// What a call that begins may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beginning {
    /// Wait for something outside: input, a time, a peer. Files do not count.
    pub may_wait: bool,
    /// Write to standard output or standard error.
    pub may_show: bool,
}

/// What an observer wants to hear of the calls of a function. Each costs the guest more than the one
/// before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interest {
    /// Nothing: no clock is read and nothing is decoded.
    Nothing,
    /// How long they took, how they ended and what they moved ([`CallObserver::ends_briefly`]).
    Sums,
    /// Everything ([`CallObserver::ends`]).
    #[default]
    Calls,
}

/// What a call comes to, for those who only add up.
#[derive(Clone, Copy, Debug)]
pub struct Brief<'a> {
    /// The function's name.
    pub function: &'a str,
    /// Its row, if it has one.
    pub row: Option<&'static Function>,
    /// Whether the guest was told of a failure, or ended by one.
    pub failed: bool,
    /// Nanoseconds spent in the call, when time was recorded.
    pub duration: Option<u64>,
    /// The contents that it moved.
    pub moved: Moved,
}

/// Hears of the host calls of a run.
pub trait CallObserver: Send {
    /// The run starts: what the wall clock said when the time of calls was nought.
    fn starts(&mut self, _at: SystemTime) {}

    /// What is wanted of the calls of this function. Asked once for every function, before the first
    /// call.
    fn interest(&self, _function: &'static Function) -> Interest {
        Interest::Calls
    }

    /// What is wanted of the calls of a component's function, `wasi:io/streams` and
    /// `[method]output-stream.write`. Asked once for every function, at its first call.
    fn interest_named(&self, _module: &str, _function: &str) -> Interest {
        Interest::Calls
    }

    /// Whether it matters what a component's resources stand for. Asked once.
    fn wants_resources(&self) -> bool {
        true
    }

    /// Whether it matters when calls of a component begin that are not wanted. Asked once.
    fn hears_all_beginnings(&self) -> bool {
        false
    }

    /// A component's call begins that may wait or show something: one that is wanted, with its
    /// arguments, or one of which no more is known.
    fn begins_named(&mut self, _beginning: Beginning, _call: Option<&HostCall>) {}

    /// A call begins that may wait, or show something to the user, whether it is wanted or not: a
    /// moment to write out what has been held back. `call` makes a record of what is known yet.
    fn begins(
        &mut self,
        _function: &'static Function,
        _beginning: Beginning,
        _call: &dyn Fn() -> Option<HostCall>,
    ) {
    }

    /// Whether everything has been heard that will ever be wanted: no more calls are decoded then.
    fn has_enough(&self) -> bool {
        false
    }

    /// A call has returned, or has ended the guest, of which only the sums are wanted.
    fn ends_briefly(&mut self, _brief: &Brief<'_>) {}

    /// Whether [`Self::ends`] looks at the guest's memory and stack pointer. Asked once.
    fn wants_state(&self) -> bool {
        false
    }

    /// A call that is wanted in full has returned, or has ended the guest.
    fn ends(&mut self, call: HostCall, guest: &dyn CallingGuest);
}
