//! Hears what Wasmtime tells of a store of debuggable code and puts it to the supervisor, with the
//! guest at hand. Everything here runs on the guest's thread.

use super::control::Control;
use super::paused::{Known, Paused};
use super::{Interruption, Resume, Supervisor};
use crate::exact::Captured;
use crate::failure::messages;
use crate::program::Program;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wasmtime::{
    AsContextMut, DebugEvent, DebugHandler, Module, Store, StoreContextMut, Trap, UpdateDeadline,
};
use wasmtime_wasi::I32Exit;

/// A guest under supervision.
pub(crate) struct Supervision {
    control: Control,
    watched: Mutex<Watched>,
}

/// Who supervises, and what is known of the store.
struct Watched {
    supervisor: Box<dyn Supervisor>,
    known: Known,
}

impl Supervision {
    /// `modules` are the program's core modules, as far as they can be told before instantiation.
    pub(super) fn new(
        program: &Program,
        modules: Vec<Module>,
        control: Control,
        supervisor: Box<dyn Supervisor>,
    ) -> Self {
        let known = Known::new(program, modules);
        Self {
            control,
            watched: Mutex::new(Watched { supervisor, known }),
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
        match self.tell(store, Interruption::Start, false) {
            Resume::Continue => Ok(()),
            Resume::Kill => Err(wasmtime::Error::msg("the guest was ended before it began")),
        }
    }

    /// Puts an interruption to the supervisor.
    fn tell<T: 'static>(
        &self,
        store: StoreContextMut<'_, T>,
        why: Interruption<'_>,
        innermost_is_broken: bool,
    ) -> Resume {
        if self.control.is_killed() {
            return Resume::Kill;
        }
        // Whoever asks the guest to stop from now on is heard after this.
        if !matches!(why, Interruption::Breakpoint) {
            self.control.take_interrupt();
        }
        let mut watched = self.lock();
        let Watched { supervisor, known } = &mut *watched;
        let mut guest = Paused::new(store, known, innermost_is_broken);
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

    fn lock(&self) -> MutexGuard<'_, Watched> {
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
        self.captured.hear(store.as_context_mut(), &event);
        let mut broken = false;
        let why = match event {
            DebugEvent::Breakpoint => Interruption::Breakpoint,
            DebugEvent::EpochYield if self.supervision.control.take_interrupt() => {
                Interruption::Interrupted
            }
            DebugEvent::EpochYield => return,
            DebugEvent::Trap(trap) => {
                broken = trap == Trap::StackOverflow;
                Interruption::Trap(trap)
            }
            DebugEvent::HostcallError(error) => match error.downcast_ref::<I32Exit>() {
                Some(exit) => Interruption::Exit(exit.0),
                None => Interruption::HostError(messages(error)),
            },
            DebugEvent::Exception(_) => Interruption::Exception,
        };
        if self.supervision.tell(store, why, broken) == Resume::Kill {
            killed().await;
        }
    }
}

/// Never goes on: whoever drives the guest sees that it was killed, and drops it here, so that not
/// one more of its opcodes runs.
async fn killed() {
    std::future::pending::<()>().await;
}
