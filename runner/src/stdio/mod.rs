//! The guest's standard streams: the process's own, or ones that somebody feeds and reads.
//!
//! Standard error is passed on at once, and its end kept, because that is where a Rust guest leaves
//! its panic message.

mod captured;
mod fed;
mod shared;

use bytes::Bytes;
use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::io::AsyncWrite;
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream as WasiOutputStream, Pollable, StreamError, StreamResult};

pub use captured::{CapturedOutput, OutputChunk, OutputReader, OutputStream, captured_output};
pub use fed::{FedInput, FeedError, InputFeed, fed_input};

use captured::CapturedStream;
use shared::{Line, NotedStdout};

/// How much of the end of standard error is kept, in bytes.
const KEPT: usize = 64 * 1024;

/// What one write of a guest may hand over at once, in bytes: as much as Wasmtime's own streams
/// allow, since the guest can see it.
const WRITE_BUDGET: usize = 64 * 1024;

/// Where a guest's standard streams lead.
#[derive(Debug, Default)]
pub struct GuestStdio {
    /// Standard input; `None`: the process's own.
    pub input: Option<FedInput>,
    /// Standard output and error; `None`: the process's own.
    pub output: Option<CapturedOutput>,
}

/// A guest's standard streams, and the end of its standard error.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    pub stdio: GuestStdio,
    pub stderr: TeedStderr,
}

impl Streams {
    pub(crate) fn new(stdio: GuestStdio) -> Self {
        let captured = stdio.output.as_ref();
        let stderr = TeedStderr {
            written: Arc::default(),
            line: Arc::default(),
            captured: captured.map(|output| output.stream(OutputStream::Stderr)),
        };
        Self { stdio, stderr }
    }

    /// Hands the streams to a guest.
    pub(crate) fn attach(&self, wasi: &mut WasiCtxBuilder) {
        match &self.stdio.input {
            Some(input) => wasi.stdin(input.clone()),
            None => wasi.inherit_stdin(),
        };
        match &self.stdio.output {
            Some(output) => wasi.stdout(output.stream(OutputStream::Stdout)),
            None if shared::is_one_place() => {
                wasi.stdout(NotedStdout(Arc::clone(&self.stderr.line)))
            }
            None => wasi.inherit_stdout(),
        };
        wasi.stderr(self.stderr.clone());
    }
}

/// Tasks that wait for something.
#[derive(Debug, Default)]
struct Wakers {
    wakers: Vec<Waker>,
}

/// Most tasks that wait for one thing; a guest has one. More are woken at once, to ask again.
const MAX_WAKERS: usize = 64;

impl Wakers {
    fn add(&mut self, context: &Context<'_>) {
        let waker = context.waker();
        if self.wakers.iter().any(|known| known.will_wake(waker)) {
            return;
        }
        if self.wakers.len() >= MAX_WAKERS {
            self.wake();
        }
        self.wakers.push(waker.clone());
    }

    fn wake(&mut self) {
        self.wakers.drain(..).for_each(Waker::wake);
    }

    fn is_empty(&self) -> bool {
        self.wakers.is_empty()
    }
}

/// What a guest has written.
#[derive(Debug, Default)]
struct Written {
    /// The end of it.
    tail: VecDeque<u8>,
}

/// A guest's standard error that passes everything on to ours, or to whoever captures it.
#[derive(Clone, Debug, Default)]
pub(crate) struct TeedStderr {
    written: Arc<Mutex<Written>>,
    /// What was written to the same place, standard output included if that goes there.
    line: Arc<Line>,
    captured: Option<CapturedStream>,
}

impl TeedStderr {
    /// The last bytes the guest wrote, at most 64 KiB.
    pub(crate) fn tail(&self) -> Vec<u8> {
        self.lock().tail.iter().copied().collect()
    }

    /// How many bytes the guest has written to where this goes, if they do not end with the end of a
    /// line.
    pub(crate) fn open_line(&self) -> Option<u64> {
        self.line.open()
    }

    /// Puts in a word of ours, which is not the guest's and not kept.
    pub(crate) fn remark(&self, text: &str) {
        // An open line of the guest's stays its own.
        let text = match self.open_line() {
            Some(_) => format!("\n{text}"),
            None => text.to_owned(),
        };
        match &self.captured {
            Some(captured) => captured.put(text.as_bytes()),
            // Nobody can be told that nobody can be told.
            None => drop(io::stderr().write_all(text.as_bytes())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, bytes: &[u8]) {
        self.line.note(bytes);
        let mut written = self.lock();
        let tail = &mut written.tail;
        let new = bytes
            .get(bytes.len().saturating_sub(KEPT)..)
            .unwrap_or(bytes);
        let excess = (tail.len() + new.len())
            .saturating_sub(KEPT)
            .min(tail.len());
        tail.drain(..excess);
        tail.extend(new);
    }
}

impl IsTerminal for TeedStderr {
    fn is_terminal(&self) -> bool {
        self.captured.is_none() && io::IsTerminal::is_terminal(&io::stderr())
    }
}

impl StdoutStream for TeedStderr {
    fn p2_stream(&self) -> Box<dyn WasiOutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl WasiOutputStream for TeedStderr {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.keep(&bytes);
        match &self.captured {
            Some(captured) => {
                captured.put(&bytes);
                Ok(())
            }
            None => io::stderr().write_all(&bytes).map_err(stream_error),
        }
    }

    fn flush(&mut self) -> StreamResult<()> {
        match &self.captured {
            Some(_) => Ok(()),
            None => io::stderr().flush().map_err(stream_error),
        }
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(match &self.captured {
            Some(captured) => captured.budget(),
            None => WRITE_BUDGET,
        })
    }
}

#[async_trait::async_trait]
impl Pollable for TeedStderr {
    async fn ready(&mut self) {
        if let Some(captured) = &self.captured {
            std::future::poll_fn(|context| captured.poll_room(context)).await;
        }
    }
}

impl AsyncWrite for TeedStderr {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(captured) = &self.captured {
            if captured.poll_room(context).is_pending() {
                return Poll::Pending;
            }
            let bytes = bytes.get(..WRITE_BUDGET).unwrap_or(bytes);
            self.keep(bytes);
            captured.put(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = io::stderr().write(bytes);
        if let Ok(count) = &written {
            self.keep(bytes.get(..*count).unwrap_or(bytes));
        }
        Poll::Ready(written)
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(match &self.captured {
            Some(_) => Ok(()),
            None => io::stderr().flush(),
        })
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A reader that went away closes the stream; anything else keeps its system error, from which
/// the guest's errno is made.
fn stream_error(error: io::Error) -> StreamError {
    if error.kind() == io::ErrorKind::BrokenPipe {
        StreamError::Closed
    } else {
        StreamError::LastOperationFailed(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_end() {
        let stderr = TeedStderr::default();
        stderr.keep(b"beginning");
        assert_eq!(stderr.tail(), b"beginning");
        assert_eq!(stderr.open_line(), Some(9));
        stderr.keep(b"!\n");
        assert_eq!(stderr.open_line(), None);
        let stderr = TeedStderr::default();
        assert_eq!(stderr.open_line(), None);
        stderr.keep(b"beginning");
        stderr.keep(&vec![b'x'; KEPT - 4]);
        let tail = stderr.tail();
        assert_eq!(tail.len(), KEPT);
        assert!(tail.starts_with(b"ningx"));
        stderr.keep(&vec![b'y'; 3 * KEPT]);
        assert_eq!(stderr.tail(), vec![b'y'; KEPT]);
    }
}
