//! Between the guest's thread and the trace: calls are put on a desk, and a thread of its own takes
//! them from there, so that the guest waits for no source line to be found and for no file to be
//! written.
//!
//! The desk is of a fixed size: whoever puts a call on a full one writes first. Whoever needs the
//! trace to be up to date clears the desk himself ([`Desk::clear`]); calls stay in order, since only
//! he who holds the scribe takes from the desk.

use super::scribe::{Entry, Scribe};
use anyhow::Context as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

/// The thread is woken when this many calls lie there.
const PILE: usize = 256;

/// No more calls than these lie there.
const FULL: usize = 4096;

/// What lies there is written at least this often, for a user who looks on.
const PAUSE: Duration = Duration::from_millis(100);

/// The desk.
pub(super) struct Desk {
    papers: Mutex<Papers>,
    piled: Condvar,
    scribe: Mutex<Scribe>,
    /// Whether calls are still shown.
    shows: AtomicBool,
    /// Whether nothing more is wanted.
    has_enough: AtomicBool,
}

/// What lies on the desk.
#[derive(Default)]
struct Papers {
    entries: Vec<Entry>,
    /// Those that have been written, for the guest's thread to throw away: what one thread has
    /// allocated and another one frees, both wait for.
    spent: Vec<Entry>,
    closed: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for a lock, not for longer than up to an instant.
pub(super) fn lock_until<T: ?Sized>(
    mutex: &Mutex<T>,
    until: Option<Instant>,
) -> Option<MutexGuard<'_, T>> {
    let Some(until) = until else {
        return Some(mutex.lock().unwrap_or_else(PoisonError::into_inner));
    };
    loop {
        match mutex.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) if Instant::now() < until => {
                thread::sleep(Duration::from_millis(1));
            }
            Err(TryLockError::WouldBlock) => return None,
        }
    }
}

impl Desk {
    /// A desk with a scribe who sits down at it.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(super) fn new(scribe: Scribe) -> anyhow::Result<Arc<Self>> {
        let desk = Arc::new(Desk {
            shows: AtomicBool::new(scribe.shows_calls()),
            has_enough: AtomicBool::new(scribe.has_enough()),
            papers: Mutex::default(),
            piled: Condvar::new(),
            scribe: Mutex::new(scribe),
        });
        let worked_at = Arc::clone(&desk);
        thread::Builder::new()
            .name("trace".into())
            .spawn(move || worked_at.work())
            .context("cannot start a thread for the trace")?;
        Ok(desk)
    }

    /// Whether calls are still shown.
    pub(super) fn shows_calls(&self) -> bool {
        self.shows.load(Ordering::Relaxed)
    }

    /// Whether nothing more is wanted.
    pub(super) fn has_enough(&self) -> bool {
        self.has_enough.load(Ordering::Relaxed)
    }

    /// Puts a call on the desk.
    pub(super) fn put(&self, entry: Entry) {
        let (count, spent) = {
            let mut papers = lock(&self.papers);
            if papers.closed {
                return;
            }
            papers.entries.push(entry);
            (papers.entries.len(), std::mem::take(&mut papers.spent))
        };
        drop(spent);
        if count == PILE {
            self.piled.notify_one();
        } else if count >= FULL {
            drop(self.clear());
        }
    }

    /// Writes everything that lies there, and gives the scribe out.
    pub(super) fn clear(&self) -> MutexGuard<'_, Scribe> {
        let mut scribe = lock(&self.scribe);
        self.clear_with(&mut scribe);
        scribe
    }

    /// Takes no more calls, and writes everything that lies there; `None` when the scribe cannot be
    /// had up to an instant, since nobody reads what he writes.
    pub(super) fn close(&self, until: Option<Instant>) -> Option<MutexGuard<'_, Scribe>> {
        lock(&self.papers).closed = true;
        self.has_enough.store(true, Ordering::Relaxed);
        self.piled.notify_one();
        let mut scribe = lock_until(&self.scribe, until)?;
        self.clear_with(&mut scribe);
        Some(scribe)
    }

    fn clear_with(&self, scribe: &mut Scribe) {
        let mut entries = std::mem::take(&mut lock(&self.papers).entries);
        for entry in &mut entries {
            scribe.write(entry, |_| Vec::new());
        }
        let left_over = std::mem::replace(&mut lock(&self.papers).spent, entries);
        drop(left_over);
        self.note(scribe);
    }

    /// Notes what the scribe wants to know from now on.
    pub(super) fn note(&self, scribe: &Scribe) {
        self.shows.store(scribe.shows_calls(), Ordering::Relaxed);
        if scribe.has_enough() {
            self.has_enough.store(true, Ordering::Relaxed);
        }
    }

    /// Writes until the desk is closed.
    fn work(&self) {
        loop {
            let papers = lock(&self.papers);
            let waited = self.piled.wait_timeout_while(papers, PAUSE, |papers| {
                papers.entries.len() < PILE && !papers.closed
            });
            let (papers, pause) = waited.unwrap_or_else(PoisonError::into_inner);
            if papers.closed {
                return;
            }
            drop(papers);
            let mut scribe = self.clear();
            if pause.timed_out() {
                scribe.flush();
            }
        }
    }
}
