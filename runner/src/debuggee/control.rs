//! What reaches a running guest from other threads: asking it to stop soon, and ending it.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;
use wasmtime::Engine;

/// How long a guest is given to notice that it is asked for, at first and at last.
const FIRST_PAUSE: Duration = Duration::from_micros(500);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// A handle to a running guest, for any thread.
#[derive(Clone)]
pub struct Control {
    shared: Arc<Shared>,
}

struct Shared {
    engine: Engine,
    interrupt: AtomicBool,
    killed: AtomicBool,
    /// Nothing of the guest runs any more.
    ended: AtomicBool,
    /// Whether a thread of [`Control::insist`] is at work.
    insisting: AtomicBool,
    /// The host call that the guest is in.
    host_call: Mutex<Option<HostCallName>>,
    /// Whom to wake when something has been asked for: the guest's thread, while it drives a guest.
    waker: Mutex<Option<Waker>>,
}

/// The name of a host function.
#[derive(Clone, Debug)]
pub(super) enum HostCallName {
    Table(&'static str),
    Found(Arc<str>),
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control")
            .field("killed", &self.is_killed())
            .finish_non_exhaustive()
    }
}

impl Control {
    pub(super) fn new(engine: &Engine) -> Self {
        let shared = Shared {
            engine: engine.clone(),
            interrupt: AtomicBool::new(false),
            killed: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            insisting: AtomicBool::new(false),
            host_call: Mutex::default(),
            waker: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Makes the guest stop soon with [`super::Interruption::Interrupted`]: at its next loop or
    /// call, or when the host call it is in returns. A guest that is stopped already may stop once
    /// more after it has gone on, so that no request is ever lost.
    pub fn interrupt(&self) {
        self.shared.interrupt.store(true, Ordering::SeqCst);
        self.wake();
        self.insist();
    }

    /// Ends the guest. Nothing of it runs once this has been noticed: at once in a loop, a call or
    /// a host call that waits; when the supervisor returns, if the guest is stopped.
    pub fn kill(&self) {
        self.shared.killed.store(true, Ordering::SeqCst);
        self.wake();
        self.insist();
    }

    /// Whether [`Control::kill`] was called, or the supervisor answered with
    /// [`super::Resume::Kill`].
    pub fn is_killed(&self) -> bool {
        self.shared.killed.load(Ordering::SeqCst)
    }

    /// The host call that the guest is in at the moment, if it is in one. While that lasts, a
    /// request to stop may have to wait.
    pub fn host_call(&self) -> Option<String> {
        let call = self.shared.host_call.lock();
        let call = call.unwrap_or_else(PoisonError::into_inner);
        call.as_ref().map(|name| match name {
            HostCallName::Table(name) => (*name).to_owned(),
            HostCallName::Found(name) => (**name).to_owned(),
        })
    }

    pub(super) fn set_host_call(&self, name: Option<HostCallName>) {
        let mut call = self
            .shared
            .host_call
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *call = name;
    }

    /// Whether somebody has something to ask of the guest.
    pub(super) fn is_wanted(&self) -> bool {
        self.shared.interrupt.load(Ordering::SeqCst) || self.is_killed()
    }

    /// Notes that the guest is to end; for the guest's own thread.
    pub(super) fn killed(&self) {
        self.shared.killed.store(true, Ordering::SeqCst);
    }

    /// Whether the guest was asked to stop since this was called last.
    pub(super) fn take_interrupt(&self) -> bool {
        self.shared.interrupt.swap(false, Ordering::SeqCst)
    }

    /// Notes that nothing of the guest runs any more.
    pub(super) fn ended(&self) {
        self.shared.ended.store(true, Ordering::SeqCst);
    }

    /// Whether a request waits to be noticed.
    fn is_unheard(&self) -> bool {
        self.is_wanted() && !self.shared.ended.load(Ordering::SeqCst)
    }

    /// Wakes the guest again and again until it has noticed. Once is not enough: a guest that is
    /// about to go on sets its next deadline after whatever the epoch is by then.
    fn insist(&self) {
        if self.shared.insisting.swap(true, Ordering::SeqCst) {
            return;
        }
        let control = self.clone();
        let insist = move || {
            let mut pause = FIRST_PAUSE;
            loop {
                thread::sleep(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
                if control.is_unheard() {
                    control.wake();
                    continue;
                }
                control.shared.insisting.store(false, Ordering::SeqCst);
                // A request may have come in between, and relied on this thread.
                if !control.is_unheard() || control.shared.insisting.swap(true, Ordering::SeqCst) {
                    return;
                }
                pause = FIRST_PAUSE;
            }
        };
        let thread = thread::Builder::new().name("interrupt".into());
        if let Err(error) = thread.spawn(insist) {
            tracing::warn!("no thread to interrupt the guest with: {error}");
            self.shared.insisting.store(false, Ordering::SeqCst);
        }
    }

    fn wake(&self) {
        self.shared.engine.increment_epoch();
        let waker = self.shared.waker.lock();
        if let Some(waker) = &*waker.unwrap_or_else(PoisonError::into_inner) {
            waker.wake_by_ref();
        }
    }

    /// Runs a guest's future on this thread to its end; `None` when the guest was killed, in which
    /// case the future has been dropped.
    pub(super) fn drive<F: Future>(&self, future: F) -> Option<F::Output> {
        struct Unpark(thread::Thread);
        impl Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        *self
            .shared
            .waker
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(waker.clone());
        let mut context = Context::from_waker(&waker);
        let mut future = pin!(future);
        loop {
            if self.is_killed() {
                return None;
            }
            match future.as_mut().poll(&mut context) {
                Poll::Ready(_) if self.is_killed() => return None,
                Poll::Ready(output) => return Some(output),
                Poll::Pending if self.is_killed() => return None,
                Poll::Pending => thread::park(),
            }
        }
    }
}
