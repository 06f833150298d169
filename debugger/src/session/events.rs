//! The way of events to the front end: bounded, so that a front end that does not read makes the
//! session wait instead of filling memory, and open at the end, so that nothing waits for a front
//! end that is gone.

use crate::protocol::Event;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::time::Duration;

/// Events that may wait to be read. The largest, output, hold up to 64 KiB each.
const MAX_WAITING: usize = 512;

/// How long to wait before trying again when the front end is behind.
const PATIENCE: Duration = Duration::from_millis(1);

/// Tells events to the front end.
#[derive(Clone, Debug)]
pub(super) struct Events {
    sender: SyncSender<Event>,
    closed: Arc<AtomicBool>,
}

impl Events {
    /// Events, and where they come out.
    pub fn new() -> (Self, Receiver<Event>) {
        let (sender, receiver) = mpsc::sync_channel(MAX_WAITING);
        let events = Events {
            sender,
            closed: Arc::default(),
        };
        (events, receiver)
    }

    /// Tells an event; waits while the front end is behind, unless the session was closed.
    pub fn tell(&self, mut event: Event) {
        loop {
            match self.sender.try_send(event) {
                Ok(()) | Err(TrySendError::Disconnected(_)) => return,
                Err(TrySendError::Full(_)) if self.closed.load(Ordering::Relaxed) => return,
                Err(TrySendError::Full(back)) => event = back,
            }
            std::thread::sleep(PATIENCE);
        }
    }

    /// Nobody is waited for any more.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}
