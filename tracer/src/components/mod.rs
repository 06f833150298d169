//! Components: host calls out of the `tracing` spans and events that Wasmtime's WASI 0.2 and 0.3
//! bindings emit, one span per call with the interface and function, an event with the arguments and
//! an event with the result.
//!
//! A [`Tap`] is a `tracing` subscriber that takes these for itself and hands everything else to the
//! program's own subscriber. It is no layer of `tracing-subscriber`: a registry stores every span,
//! which costs several times as much as the recording. `ring` keeps the calls.

mod ring;
mod tap;

use crate::call::HostCall;
use ring::Ring;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tracing::Subscriber;
use tracing::subscriber::{NoSubscriber, SetGlobalDefaultError};

pub use tap::Tap;

/// What to keep of each call.
#[derive(Clone, Debug)]
pub struct ComponentRecording {
    /// How many calls to keep. The default is 64; 0 keeps none.
    pub calls: usize,
    /// Whether arguments and results are kept, besides interface and function.
    pub arguments: Arguments,
    /// At most this many bytes of all arguments of a call, and of its result. The default is 256.
    pub text_bytes: usize,
    /// Read a clock before and after each call.
    pub time: bool,
}

/// When the arguments and results of calls are kept. Wasmtime hands them out as text only, and
/// formatting that takes about as long as a simple call itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arguments {
    /// Not at all.
    Never,
    /// While the guest makes few enough calls that formatting is lost in the rest: below a few ten
    /// thousand a second. A guest that does nothing but call gets along without.
    WhenCheap,
    /// For every call.
    Always,
}

impl Default for ComponentRecording {
    fn default() -> Self {
        ComponentRecording {
            calls: 64,
            arguments: Arguments::WhenCheap,
            text_bytes: 256,
            time: false,
        }
    }
}

/// The last host calls of the components that run in this process.
#[derive(Clone, Debug)]
pub struct ComponentCalls {
    ring: Arc<Mutex<Ring>>,
}

impl ComponentCalls {
    /// An empty record. Nothing comes in before its [`tap`](Self::tap) is installed.
    pub fn new(recording: ComponentRecording) -> Self {
        ComponentCalls {
            ring: Arc::new(Mutex::new(Ring::new(recording))),
        }
    }

    /// A subscriber that records host calls here and passes everything else to `inner`, the
    /// program's own logging. Host calls reach `inner` too when it listens to the trace level.
    pub fn tap<S: Subscriber>(&self, inner: S) -> Tap<S> {
        let arguments = self.lock().recording().arguments;
        Tap::new(Arc::clone(&self.ring), arguments != Arguments::Never, inner)
    }

    /// Records host calls from now on in all threads, for a program without logging of its own.
    ///
    /// # Errors
    /// When the process has a global subscriber already: give that to [`tap`](Self::tap) instead.
    pub fn install(&self) -> Result<(), SetGlobalDefaultError> {
        tracing::subscriber::set_global_default(self.tap(NoSubscriber::new()))
    }

    /// The calls that are kept, oldest first. A call that has not returned says so.
    pub fn calls(&self) -> Vec<HostCall> {
        self.lock().calls()
    }

    /// How many calls there were in all.
    pub fn total(&self) -> u64 {
        self.lock().total()
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ComponentCalls {
    fn default() -> Self {
        ComponentCalls::new(ComponentRecording::default())
    }
}
