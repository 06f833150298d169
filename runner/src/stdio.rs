//! The guest's standard error: written through to ours at once, and its end kept, because that is
//! where a Rust guest leaves its panic message. Standard input and output are Wasmtime's own
//! inherited ones.

use bytes::Bytes;
use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

/// How much of the end of standard error is kept, in bytes.
const KEPT: usize = 64 * 1024;

/// What one write of a guest may hand over at once, in bytes: as much as Wasmtime's own streams
/// allow, since the guest can see it.
const WRITE_BUDGET: usize = 64 * 1024;

/// A guest's standard error that passes everything on to ours.
#[derive(Clone, Debug, Default)]
pub(crate) struct TeedStderr {
    tail: Arc<Mutex<VecDeque<u8>>>,
}

impl TeedStderr {
    /// The last bytes the guest wrote, at most 64 KiB.
    pub(crate) fn tail(&self) -> Vec<u8> {
        self.lock().iter().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<u8>> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, bytes: &[u8]) {
        let mut tail = self.lock();
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
        io::IsTerminal::is_terminal(&io::stderr())
    }
}

impl StdoutStream for TeedStderr {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl OutputStream for TeedStderr {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.keep(&bytes);
        io::stderr().write_all(&bytes).map_err(stream_error)
    }

    fn flush(&mut self) -> StreamResult<()> {
        io::stderr().flush().map_err(stream_error)
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BUDGET)
    }
}

#[async_trait::async_trait]
impl Pollable for TeedStderr {
    async fn ready(&mut self) {}
}

impl AsyncWrite for TeedStderr {
    fn poll_write(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = io::stderr().write(bytes);
        if let Ok(count) = &written {
            self.keep(bytes.get(..*count).unwrap_or(bytes));
        }
        Poll::Ready(written)
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(io::stderr().flush())
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
        stderr.keep(&vec![b'x'; KEPT - 4]);
        let tail = stderr.tail();
        assert_eq!(tail.len(), KEPT);
        assert!(tail.starts_with(b"ningx"));
        stderr.keep(&vec![b'y'; 3 * KEPT]);
        assert_eq!(stderr.tail(), vec![b'y'; KEPT]);
    }
}
