//! Hears what Wasmtime tells of a store of debuggable code and puts it to the supervisor, with the
//! guest at hand. Everything here runs on the guest's thread.

use super::control::Control;
use super::known::Known;
use super::paused::Paused;
use super::walk::Innermost;
use super::{Interruption, Resume, Supervisor};
use crate::exact::Captured;
use crate::failure::messages;
use crate::program::Program;
use crate::stdio::TeedStderr;
use std::marker::PhantomData;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wasmscope_tracer::{ComponentCalls, HostCall};
use wasmtime::{
    AsContextMut, DebugEvent, DebugHandler, Module, Store, StoreContextMut, Trap, UpdateDeadline,
};
use wasmtime_wasi::I32Exit;

/// A guest under supervision.
pub(crate) struct Supervision {
    pub(super) control: Control,
    watched: Mutex<Watched>,
    /// How many calls to the host have not returned.
    pub(super) host_depth: AtomicUsize,
}

/// Who supervises, and what is known of the store.
pub(super) struct Watched {
    pub(super) supervisor: Box<dyn Supervisor>,
    pub(super) known: Known,
}

impl Watched {
    /// Tells of a call that has returned.
    pub(super) fn returned<T: 'static>(&mut self, store: StoreContextMut<'_, T>, call: HostCall) {
        let mut guest = Paused::new(store, &mut self.known, Innermost::Call);
        self.supervisor.host_call_returned(&mut guest, call);
    }
}

impl Supervision {
    /// `modules` are the program's core modules, as far as they can be told before instantiation.
    /// `stderr` and `component_calls` remember what a stopped guest is asked about.
    pub(super) fn new(
        program: &Program,
        modules: Vec<Module>,
        control: Control,
        supervisor: Box<dyn Supervisor>,
        stderr: TeedStderr,
        component_calls: Option<ComponentCalls>,
    ) -> Self {
        let known = Known::new(program, modules, stderr, component_calls);
        Self {
            control,
            watched: Mutex::new(Watched { supervisor, known }),
            host_depth: AtomicUsize::new(0),
        }
    }

    /// Has a store report here.
    pub(crate) fn install<T: Send + 'static>(
        self: &Arc<Self>,
        captured: &Captured,
        store: &mut Store<T>,
    ) {
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Continue(1)));
        store.set_debug_handler(Handler {
            supervision: Arc::clone(self),
            captured: captured.clone(),
            state: PhantomData,
        });
    }

    /// The guest is about to run.
    ///
    /// # Errors
    /// When the supervisor does not want it to.
    pub(crate) fn starts<T: 'static>(&self, store: StoreContextMut<'_, T>) -> wasmtime::Result<()> {
        self.lock().known.instantiated();
        match self.tell(store, Interruption::Start, Innermost::Exact) {
            Resume::Continue => Ok(()),
            Resume::Kill => Err(wasmtime::Error::msg("the guest was ended before it began")),
        }
    }

    /// Whether the stack can be walked of a guest that its host has failed.
    fn can_walk<T: 'static>(&self, store: StoreContextMut<'_, T>) -> bool {
        Paused::new(store, &mut self.lock().known, Innermost::Unknown).is_walkable()
    }

    /// Puts an interruption to the supervisor.
    pub(super) fn tell<T: 'static>(
        &self,
        store: StoreContextMut<'_, T>,
        why: Interruption<'_>,
        innermost: Innermost,
    ) -> Resume {
        if self.control.is_killed() {
            return Resume::Kill;
        }
        if matches!(why, Interruption::Interrupted) {
            // Whoever asks from now on is heard after this.
            self.control.take_interrupt();
        }
        let mut watched = self.lock();
        let Watched { supervisor, known } = &mut *watched;
        let mut guest = Paused::new(store, known, innermost);
        if matches!(why, Interruption::Interrupted) {
            guest.host_call = self.control.host_call();
        }
        if matches!(why, Interruption::Breakpoint) && !guest.is_asked_for() {
            return Resume::Continue;
        }
        let answer = supervisor.interrupted(&mut guest, why);
        if answer == Resume::Kill {
            self.control.killed();
        }
        if self.control.is_killed() {
            Resume::Kill
        } else {
            Resume::Continue
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What Wasmtime calls.
struct Handler<T> {
    supervision: Arc<Supervision>,
    captured: Captured,
    state: PhantomData<fn(T)>,
}

impl<T> Clone for Handler<T> {
    fn clone(&self) -> Self {
        Self {
            supervision: Arc::clone(&self.supervision),
            captured: self.captured.clone(),
            state: PhantomData,
        }
    }
}

impl<T: Send + 'static> DebugHandler for Handler<T> {
    type Data = T;

    async fn handle(&self, mut store: StoreContextMut<'_, T>, event: DebugEvent<'_>) {
        if self.supervision.control.is_killed() {
            return killed().await;
        }
        let is_walkable = match event {
            DebugEvent::HostcallError(_) => self.supervision.can_walk(store.as_context_mut()),
            _ => true,
        };
        if is_walkable {
            self.captured.hear(store.as_context_mut(), &event);
        }
        let mut innermost = Innermost::Exact;
        let why = match event {
            DebugEvent::Breakpoint => Interruption::Breakpoint,
            DebugEvent::EpochYield if self.supervision.control.take_interrupt() => {
                innermost = Innermost::Between;
                Interruption::Interrupted
            }
            DebugEvent::EpochYield => return,
            DebugEvent::Trap(trap) => {
                if trap == Trap::StackOverflow {
                    innermost = Innermost::Broken;
                }
                Interruption::Trap(trap)
            }
            DebugEvent::HostcallError(error) => {
                innermost = if is_walkable {
                    Innermost::Host
                } else {
                    Innermost::Unknown
                };
                match error.downcast_ref::<I32Exit>() {
                    Some(exit) => Interruption::Exit(exit.0),
                    None => Interruption::HostError(messages(error)),
                }
            }
            DebugEvent::Exception(_) => Interruption::Exception,
        };
        if self.supervision.tell(store, why, innermost) == Resume::Kill {
            killed().await;
        }
    }
}

/// Never goes on: whoever drives the guest sees that it was killed, and drops it here, so that not
/// one more of its opcodes runs.
async fn killed() {
    std::future::pending::<()>().await;
}
