//! What the guest writes, as events. A thread passes it on as it comes; at a stop and at the end what
//! is left is told at once, so that it comes before the stop.

use super::events::Events;
use crate::protocol::{Event, OutputStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wasmscope_runner::debuggee::{self, CapturedOutput, OutputReader, captured_output};

/// How long the thread waits for output at a time; it then looks whether the guest has ended.
const WAIT: Duration = Duration::from_millis(500);

/// The captured output of one launch.
pub(super) struct Output {
    reader: OutputReader,
    events: Events,
    /// Held while a piece of output is on its way from the reader to the events.
    telling: Mutex<()>,
}

impl Output {
    /// The guest's end of it, and ours.
    pub fn new(events: Events) -> (CapturedOutput, Arc<Self>) {
        let (reader, captured) = captured_output();
        let output = Arc::new(Output {
            reader,
            events,
            telling: Mutex::default(),
        });
        let passed_on = Arc::clone(&output);
        let thread = std::thread::Builder::new().name("guest's output".into());
        // Without the thread output is told at stops and at the end.
        let _ = thread.spawn(move || passed_on.pass_on());
        (captured, output)
    }

    fn pass_on(&self) {
        while !self.reader.is_at_end() {
            if self.reader.wait(WAIT) {
                self.flush();
            }
        }
    }

    /// Tells everything that has been written so far.
    pub fn flush(&self) {
        let _telling = self.telling.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(chunk) = self.reader.next_within(Duration::ZERO) {
            self.events.tell(Event::Output {
                stream: match chunk.stream {
                    debuggee::OutputStream::Stdout => OutputStream::Stdout,
                    debuggee::OutputStream::Stderr => OutputStream::Stderr,
                },
                bytes: chunk.bytes,
            });
        }
    }
}
