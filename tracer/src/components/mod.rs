//! Components: host calls out of the `tracing` spans and events that Wasmtime's WASI 0.2 and 0.3
//! bindings emit, one span per call with the interface and function, an event with the arguments and
//! an event with the result.
//!
//! A [`Tap`] is a `tracing` subscriber that takes these for itself and hands everything else to the
//! program's own subscriber. It is no layer of `tracing-subscriber`: a registry stores every span,
//! which costs several times as much as the recording. `ring` keeps the calls, `slot` is one of them,
//! `text` makes values of what Wasmtime formats.
//!
//! Who wants to be told of each call as it returns ([`ComponentCalls::observe`]) has the functions
//! watched besides that Wasmtime says too little about ([`Watched`]), and has the store's call hook say
//! when the guest is about to go on: only then can its stack be walked.

mod connections;
mod datagrams;
mod faults;
mod resources;
mod ring;
mod slot;
mod tap;
mod text;
mod watched;

use crate::call::{HostCall, Value};
use crate::inject::Injection;
use crate::observe::{Beginning, CallObserver, Interest};
use crate::table::components as table;
use ring::Ring;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tracing::Subscriber;
use tracing::subscriber::{NoSubscriber, SetGlobalDefaultError};
use wasmtime::component::Linker;
use wasmtime::{Result, WasmBacktrace};

pub use faults::{MadeUp, Number};
pub use tap::Tap;
pub use watched::{Watched, WatchedView};

/// What to keep of each call.
#[derive(Clone, Debug)]
pub struct ComponentRecording {
    /// How many calls to keep. The default is 64; 0 keeps none.
    pub calls: usize,
    /// Whether arguments and results are kept, besides interface and function.
    pub arguments: Arguments,
    /// At most this many bytes of all arguments of a call, and of its result. The default is 256.
    pub text_bytes: usize,
    /// At most this many bytes of the contents of each list of bytes, where those are known. The
    /// default is 64.
    pub data_bytes: usize,
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
            data_bytes: 64,
            time: false,
        }
    }
}

/// No call's number.
const NONE: u64 = u64::MAX;

thread_local! {
    /// The number of the call that this thread is in, when its arguments and result are wanted. Host
    /// calls do not nest.
    static CURRENT: Cell<u64> = const { Cell::new(NONE) };

    /// The number of the call that has returned last and that nobody has been told of.
    static RETURNED: Cell<u64> = const { Cell::new(NONE) };
}

/// The last host calls of the components that run in this process.
#[derive(Clone)]
pub struct ComponentCalls {
    shared: Arc<Shared>,
}

struct Shared {
    ring: Mutex<Ring>,
    /// Who is told of every call. Locked after `ring`, if both are.
    observer: Mutex<Option<Box<dyn CallObserver>>>,
    /// Whether there is one.
    is_observed: AtomicBool,
    /// What is done to calls on purpose. Locked after `ring`, if both are.
    injection: Mutex<Injection>,
    /// Whether there is anything.
    is_injected: AtomicBool,
}

impl std::fmt::Debug for ComponentCalls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ComponentCalls").finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn is_observed(&self) -> bool {
        self.is_observed.load(Ordering::Relaxed)
    }

    /// What the observer, if there is one, wants to hear of a function.
    fn interest(&self, module: &str, function: &str) -> Interest {
        if !self.is_observed() {
            return Interest::Calls;
        }
        let observer = lock(&self.observer);
        observer.as_deref().map_or(Interest::Calls, |observer| {
            observer.interest_named(module, function)
        })
    }

    /// Tells the observer that a call has begun that it does not want.
    fn begins_unwanted(&self) {
        let beginning = Beginning {
            may_wait: true,
            may_show: true,
        };
        if let Some(observer) = lock(&self.observer).as_mut() {
            observer.begins_named(beginning, None);
        }
    }

    /// Tells the observer that a call has begun whose arguments are known now.
    fn begins(&self, seq: u64) {
        let mut ring = lock(&self.ring);
        let call = ring.may_matter(seq).then(|| ring.call(seq)).flatten();
        drop(ring);
        let Some(call) = call else {
            return;
        };
        let label = match call.args.first().map(|arg| &arg.value) {
            Some(Value::Resource { label, .. }) => label.as_deref(),
            _ => None,
        };
        let beginning = Beginning {
            may_wait: table::may_wait(&call.function, label),
            may_show: table::may_show(&call.function, label),
        };
        if let Some(observer) = lock(&self.observer).as_mut() {
            observer.begins_named(beginning, Some(&call));
        }
        lock(&self.ring).restart(seq);
    }

    /// Notes that the call that this thread was in has returned.
    fn returns(&self, seq: u64) {
        self.tamper_at_exit(seq);
        lock(&self.ring).leave(seq);
        if self.is_observed() {
            RETURNED.set(seq);
        }
    }
}

impl ComponentCalls {
    /// An empty record. Nothing comes in before its [`tap`](Self::tap) is installed.
    pub fn new(recording: ComponentRecording) -> Self {
        ComponentCalls {
            shared: Arc::new(Shared {
                ring: Mutex::new(Ring::new(recording)),
                observer: Mutex::new(None),
                is_observed: AtomicBool::new(false),
                injection: Mutex::default(),
                is_injected: AtomicBool::new(false),
            }),
        }
    }

    /// A subscriber that records host calls here and passes everything else to `inner`, the
    /// program's own logging. Host calls reach `inner` too when it listens to the trace level.
    pub fn tap<S: Subscriber>(&self, inner: S) -> Tap<S> {
        let arguments = self.ring().recording().arguments;
        Tap::new(
            Arc::clone(&self.shared),
            arguments != Arguments::Never,
            inner,
        )
    }

    /// Records host calls from now on in all threads, for a program without logging of its own.
    ///
    /// # Errors
    /// When the process has a global subscriber already: give that to [`tap`](Self::tap) instead.
    pub fn install(&self) -> std::result::Result<(), SetGlobalDefaultError> {
        tracing::subscriber::set_global_default(self.tap(NoSubscriber::new()))
    }

    /// The calls that are kept, oldest first. A call that has not returned says so.
    pub fn calls(&self) -> Vec<HostCall> {
        self.ring().calls()
    }

    /// How many calls there were in all.
    pub fn total(&self) -> u64 {
        self.ring().total()
    }

    /// Has every call from now on told to `observer`. It is to be called before the guest runs, which
    /// is to have its functions [watched](Self::watch) and its store say when a call is over
    /// ([`Self::returned`]).
    pub fn observe(&self, mut observer: Box<dyn CallObserver>) {
        let follow = observer.wants_resources();
        let hears_all = observer.hears_all_beginnings();
        observer.starts(self.ring().observe(follow, hears_all));
        *lock(&self.shared.observer) = Some(observer);
        self.shared.is_observed.store(true, Ordering::Relaxed);
    }

    /// Has faults put into calls from now on, of a guest whose functions are [watched](Self::watch).
    pub fn inject(&self, injection: Injection) {
        let is_injected = !injection.is_empty();
        *lock(&self.shared.injection) = injection;
        self.shared
            .is_injected
            .store(is_injected, Ordering::Relaxed);
    }

    /// Puts the functions in a linker, which has WASI 0.2 in it, that hand on what Wasmtime leaves out
    /// of its events, and that faults can be put into.
    ///
    /// # Errors
    /// Those of the linker.
    pub fn watch<T: WatchedView + 'static>(linker: &mut Linker<T>) -> Result<()> {
        watched::add_to_linker(linker)
    }

    /// The guest is about to go on after a host call; its stack is as it was when it called. To be
    /// called from the store's call hook.
    pub fn returned(&self, stack: &dyn Fn() -> WasmBacktrace) {
        if let Some(call) = self.ended()
            && let Some(observer) = lock(&self.shared.observer).as_mut()
        {
            observer.ends(call, &stack);
        }
    }

    /// As [`Self::returned`], where a call that is wanted in full is told by whoever asks.
    pub fn ended(&self) -> Option<HostCall> {
        let seq = RETURNED.replace(NONE);
        if seq == NONE {
            return None;
        }
        let mut ring = self.ring();
        match ring.interest(seq) {
            Interest::Nothing => {
                ring.follow(seq);
                None
            }
            Interest::Sums => {
                if let (Some(brief), Some(observer)) =
                    (ring.brief(seq), lock(&self.shared.observer).as_mut())
                {
                    observer.ends_briefly(&brief);
                }
                None
            }
            Interest::Calls => ring.ended(seq),
        }
    }

    /// The call that this thread is in is refused: notes how the user allows it, if the call is wanted.
    pub fn refused(&self, how: &str) {
        let current = CURRENT.get();
        if current != NONE {
            self.ring().refused(current, how);
        }
    }

    /// Notes what the call that this thread is in passed or got, if that is wanted.
    fn note(&self, name: &'static str, value: impl FnOnce(&mut Ring) -> Value) {
        let current = CURRENT.get();
        if current != NONE {
            let mut ring = self.ring();
            let value = value(&mut ring);
            ring.note(current, name, value);
        }
    }

    /// Records `drop` as a call of a function about a resource.
    fn within<R>(
        &self,
        module: &'static str,
        function: &'static str,
        id: u32,
        drop: impl FnOnce() -> R,
    ) -> R {
        let entered = self.ring().enter_own(module, function, |module, function| {
            self.shared.interest(module, function)
        });
        let Some(seq) = entered else {
            return drop();
        };
        let value = Value::Resource {
            kind: "resource".into(),
            id,
            label: None,
        };
        self.ring().note(seq, "self", value);
        self.shared.tamper(seq);
        let result = drop();
        let mut ring = self.ring();
        ring.note_end(seq);
        std::mem::drop(ring);
        self.shared.returns(seq);
        result
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        lock(&self.shared.ring)
    }
}

impl Default for ComponentCalls {
    fn default() -> Self {
        ComponentCalls::new(ComponentRecording::default())
    }
}
