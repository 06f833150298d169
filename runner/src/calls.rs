//! Handing host calls on while the guest runs, to whoever traces it: records out of the tracer, with
//! the guest's stack in the words of [`Program`](crate::Program).
//!
//! What is done with them is the layer above's business.

use crate::debuggee::PausedGuest;
use crate::failure::{self, CodePlace, WasmFrame};
use crate::program::Program;
use crate::stdio::{Streams, TeedStderr};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use wasmscope_tracer::inject::Injection;
use wasmscope_tracer::{
    Arguments, Beginning, Brief, CallObserver, CallingGuest, ComponentRecording, Function,
    HostCall, Interest, Recording,
};

/// Hears of the host calls of a run, on the guest's thread.
pub trait CallSink: Send {
    /// The run starts: what the wall clock said when the time of calls was nought.
    fn starts(&mut self, _at: SystemTime, _stderr: GuestStderr) {}

    /// What is wanted of the calls of this function. Asked once for every function.
    fn interest(&self, _function: &'static Function) -> Interest {
        Interest::Calls
    }

    /// What is wanted of the calls of a component's function. Asked once for every function, at its
    /// first call.
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

    /// A call begins that may wait or show something, wanted or not. `call` makes a record of what is
    /// known yet.
    fn begins(
        &mut self,
        _function: &'static Function,
        _beginning: Beginning,
        _call: &dyn Fn() -> Option<HostCall>,
    ) {
    }

    /// Whether nothing more is wanted.
    fn has_enough(&self) -> bool {
        false
    }

    /// A call has returned, or has ended the guest, of which only the sums are wanted.
    fn ends_briefly(&mut self, _brief: &Brief<'_>) {}

    /// A call that is wanted has returned, or has ended the guest.
    fn ends(&mut self, call: HostCall, guest: &dyn GuestAtCall);
}

/// A guest's standard error, as whoever writes to the same place has to know it.
#[derive(Clone, Debug)]
pub struct GuestStderr(TeedStderr);

impl GuestStderr {
    /// How many bytes the guest has written, if they do not end with the end of a line.
    pub fn open_line(&self) -> Option<u64> {
        self.0.open_line()
    }
}

/// A guest whose call is over and that has not gone on yet.
pub trait GuestAtCall {
    /// Walks its stack, innermost frame first, which takes longer than most calls.
    fn frames(&self) -> Vec<WasmFrame>;

    /// As [`Self::frames`], without the names.
    fn places(&self) -> Vec<CodePlace>;

    /// Its memory, where that is within reach and [`CallTracing::with_state`].
    fn memory(&self) -> Option<&[u8]>;

    /// Its stack pointer, likewise, of a program that exports it
    /// ([`Program::exporting_stack_pointer`]).
    fn stack_pointer(&self) -> Option<u64>;

    /// Has `look` look at all of it, where it is of debuggable code and can be looked at:
    /// [`CallTracing::with_state`] of a component.
    fn look(&self, _look: &mut dyn FnMut(&mut dyn PausedGuest)) {}
}

/// A guest in the words of its program.
struct Translated<'g> {
    program: &'g Program,
    guest: &'g dyn CallingGuest,
}

impl GuestAtCall for Translated<'_> {
    fn frames(&self) -> Vec<WasmFrame> {
        failure::frames(self.program, self.guest.stack().frames())
    }

    fn places(&self) -> Vec<CodePlace> {
        failure::places(self.program, self.guest.stack().frames())
    }

    fn memory(&self) -> Option<&[u8]> {
        self.guest.memory()
    }

    fn stack_pointer(&self) -> Option<u64> {
        self.guest.stack_pointer()
    }
}

/// Someone who wants to hear of every host call.
#[derive(Clone)]
pub struct CallTracing {
    /// Who. Locked for the time of each call's telling.
    pub sink: Arc<Mutex<dyn CallSink>>,
    /// At most this many bytes of the buffers of a call are told.
    pub data_bytes: u32,
    /// Whether the sink looks at more than stacks: at the memory and the stack pointer of a core
    /// module, at all of a component that runs as debuggable code.
    pub with_state: bool,
    /// Whether any of the calls that the program can make is wanted: of a component, calls that are
    /// not cost its guest nothing then.
    pub wants_any: bool,
    /// What is done to calls on purpose.
    pub injection: Injection,
}

impl fmt::Debug for CallTracing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallTracing")
            .field("data_bytes", &self.data_bytes)
            .finish_non_exhaustive()
    }
}

/// Paths are told in full, up to what no system accepts.
const PATH_BYTES: u32 = 4096;

/// What Wasmtime formats of a call's arguments is told up to here: enough for two paths.
const TEXT_BYTES: usize = 2 * PATH_BYTES as usize + 1024;

impl CallTracing {
    /// What has to be recorded for this.
    pub(crate) fn record(&self, recording: &mut Recording) {
        recording.calls = recording.calls.max(1);
        recording.path_bytes = recording.path_bytes.max(PATH_BYTES);
        recording.data_bytes = recording.data_bytes.max(self.data_bytes);
        recording.time = true;
    }

    /// What of a component's calls has to be recorded for somebody who is told of each; `last` of them
    /// are kept for a report.
    pub fn component_recording(last: usize, data_bytes: u32) -> ComponentRecording {
        ComponentRecording {
            calls: last.max(1),
            arguments: Arguments::Always,
            text_bytes: TEXT_BYTES,
            data_bytes: usize::try_from(data_bytes).unwrap_or(usize::MAX),
            time: true,
        }
    }

    /// Whether anything is done with the guest's calls.
    pub(crate) fn is_heard(&self) -> bool {
        self.wants_any || !self.injection.is_empty()
    }

    /// What the tracer reports to.
    pub(crate) fn observer(&self, program: &Program, streams: &Streams) -> Box<dyn CallObserver> {
        Box::new(Adapter {
            stderr: GuestStderr(streams.stderr.clone()),
            sink: Arc::clone(&self.sink),
            program: program.clone(),
            with_state: self.with_state,
            is_heard: self.is_heard(),
        })
    }
}

/// Translates stacks.
struct Adapter {
    sink: Arc<Mutex<dyn CallSink>>,
    stderr: GuestStderr,
    program: Program,
    with_state: bool,
    is_heard: bool,
}

impl Adapter {
    fn sink(&self) -> MutexGuard<'_, dyn CallSink + 'static> {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CallObserver for Adapter {
    fn starts(&mut self, at: SystemTime) {
        let stderr = self.stderr.clone();
        self.sink().starts(at, stderr);
    }

    fn interest(&self, function: &'static Function) -> Interest {
        self.sink().interest(function)
    }

    fn interest_named(&self, module: &str, function: &str) -> Interest {
        self.sink().interest_named(module, function)
    }

    fn wants_resources(&self) -> bool {
        self.is_heard && self.sink().wants_resources()
    }

    fn hears_all_beginnings(&self) -> bool {
        self.is_heard && self.sink().hears_all_beginnings()
    }

    fn begins_named(&mut self, beginning: Beginning, call: Option<&HostCall>) {
        self.sink().begins_named(beginning, call);
    }

    fn begins(
        &mut self,
        function: &'static Function,
        beginning: Beginning,
        call: &dyn Fn() -> Option<HostCall>,
    ) {
        self.sink().begins(function, beginning, call);
    }

    fn has_enough(&self) -> bool {
        self.sink().has_enough()
    }

    fn ends_briefly(&mut self, brief: &Brief<'_>) {
        self.sink().ends_briefly(brief);
    }

    fn wants_state(&self) -> bool {
        self.with_state
    }

    fn ends(&mut self, call: HostCall, guest: &dyn CallingGuest) {
        let guest = Translated {
            program: &self.program,
            guest,
        };
        self.sink().ends(call, &guest);
    }
}
