//! Standard output and error that somebody reads while the guest runs: one queue for both, so that
//! their order is kept. Nothing is lost: a guest whose reader is slow waits for it. It does not wait
//! while it is asked to stop; what the write at hand has left then goes into the queue at once.

use super::Wakers;
use bytes::Bytes;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream as WasiOutputStream, Pollable, StreamResult};

/// Bytes that may wait to be read before the guest has to.
const MAX_WAITING: usize = 1 << 20;

/// What one write of a guest may hand over at once, in bytes: as much as Wasmtime's own streams
/// allow, since the guest can see it. It is also the size that chunks grow to.
const WRITE_BUDGET: usize = 64 * 1024;

/// Where the guest wrote to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Something that the guest wrote.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutputChunk {
    /// Where to.
    pub stream: OutputStream,
    /// The bytes: of one write or of several in a row.
    pub bytes: Vec<u8>,
}

/// Makes a standard output and error: the end that is read, and the guest's.
pub fn captured_output() -> (OutputReader, CapturedOutput) {
    let shared: Arc<Shared> = Arc::default();
    let reader = OutputReader {
        shared: Arc::clone(&shared),
    };
    let output = CapturedOutput {
        shared,
        is_wanted: Arc::new(|| false),
    };
    (reader, output)
}

/// Reads what a guest writes. When this is dropped, the guest's output goes nowhere.
#[derive(Debug)]
pub struct OutputReader {
    shared: Arc<Shared>,
}

/// The guest's end of its captured output.
#[derive(Clone)]
pub struct CapturedOutput {
    shared: Arc<Shared>,
    /// Whether the guest is asked to stop.
    is_wanted: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl std::fmt::Debug for CapturedOutput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CapturedOutput").finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    written: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    chunks: VecDeque<OutputChunk>,
    /// Bytes in all chunks.
    waiting: usize,
    /// Whether the guest has ended.
    ended: bool,
    /// Whether nobody reads.
    unread: bool,
    writers: Wakers,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OutputReader {
    /// The next chunk; waits for it. `None` when the guest has ended and all has been read.
    pub fn next(&self) -> Option<OutputChunk> {
        let mut queue = self.shared.lock();
        while queue.chunks.is_empty() && !queue.ended {
            queue = self
                .shared
                .written
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
        queue.take()
    }

    /// As [`OutputReader::next`], and `None` also when nothing has come after `timeout`.
    pub fn next_within(&self, timeout: Duration) -> Option<OutputChunk> {
        let queue = self.shared.lock();
        let (mut queue, _) = self
            .shared
            .written
            .wait_timeout_while(queue, timeout, |queue| {
                queue.chunks.is_empty() && !queue.ended
            })
            .unwrap_or_else(PoisonError::into_inner);
        queue.take()
    }

    /// Waits until there is something to read or the guest has ended, at most for so long. Whether
    /// there is something to read.
    pub fn wait(&self, timeout: Duration) -> bool {
        let queue = self.shared.lock();
        let (queue, _) = self
            .shared
            .written
            .wait_timeout_while(queue, timeout, |queue| {
                queue.chunks.is_empty() && !queue.ended
            })
            .unwrap_or_else(PoisonError::into_inner);
        !queue.chunks.is_empty()
    }

    /// Whether the guest has ended and all has been read.
    pub fn is_at_end(&self) -> bool {
        let queue = self.shared.lock();
        queue.ended && queue.chunks.is_empty()
    }
}

impl Drop for OutputReader {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.unread = true;
        queue.chunks.clear();
        queue.waiting = 0;
        queue.writers.wake();
    }
}

impl Queue {
    fn take(&mut self) -> Option<OutputChunk> {
        let chunk = self.chunks.pop_front()?;
        self.waiting = self.waiting.saturating_sub(chunk.bytes.len());
        if self.waiting < MAX_WAITING {
            self.writers.wake();
        }
        Some(chunk)
    }

    fn put(&mut self, stream: OutputStream, bytes: &[u8]) {
        if self.unread || bytes.is_empty() {
            return;
        }
        self.waiting = self.waiting.saturating_add(bytes.len());
        match self.chunks.back_mut() {
            Some(last)
                if last.stream == stream
                    && last.bytes.len().saturating_add(bytes.len()) <= WRITE_BUDGET =>
            {
                last.bytes.extend_from_slice(bytes);
            }
            _ => self.chunks.push_back(OutputChunk {
                stream,
                bytes: bytes.to_vec(),
            }),
        }
    }
}

impl CapturedOutput {
    /// Has writes not wait while the guest is asked to stop. Whoever asks wakes the guest's task.
    pub(crate) fn watch(&mut self, is_wanted: impl Fn() -> bool + Send + Sync + 'static) {
        self.is_wanted = Arc::new(is_wanted);
    }

    /// The guest has ended.
    pub(crate) fn end(&self) {
        self.shared.lock().ended = true;
        self.shared.written.notify_all();
    }

    /// One of the two streams.
    pub(crate) fn stream(&self, stream: OutputStream) -> CapturedStream {
        CapturedStream {
            output: self.clone(),
            stream,
        }
    }
}

/// A guest's standard output or error.
#[derive(Clone, Debug)]
pub(crate) struct CapturedStream {
    output: CapturedOutput,
    stream: OutputStream,
}

impl CapturedStream {
    /// Writes without waiting.
    pub(crate) fn put(&self, bytes: &[u8]) {
        self.output.shared.lock().put(self.stream, bytes);
        self.output.shared.written.notify_one();
    }

    /// Whether there is room.
    pub(crate) fn has_room(&self) -> bool {
        let queue = self.output.shared.lock();
        queue.waiting < MAX_WAITING || queue.unread || (self.output.is_wanted)()
    }

    /// Whether there is room; whoever asks is woken when there is.
    pub(crate) fn poll_room(&self, context: &Context<'_>) -> Poll<()> {
        if self.has_room() {
            return Poll::Ready(());
        }
        self.output.shared.lock().writers.add(context);
        // It may have been made in between.
        if self.has_room() {
            return Poll::Ready(());
        }
        Poll::Pending
    }

    /// Bytes that may be written now.
    pub(crate) fn budget(&self) -> usize {
        if self.has_room() { WRITE_BUDGET } else { 0 }
    }
}

impl IsTerminal for CapturedStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for CapturedStream {
    fn p2_stream(&self) -> Box<dyn WasiOutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for CapturedStream {
    async fn ready(&mut self) {
        std::future::poll_fn(|context| self.poll_room(context)).await;
    }
}

impl WasiOutputStream for CapturedStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.put(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(self.budget())
    }
}

impl AsyncWrite for CapturedStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.poll_room(context).is_pending() {
            return Poll::Pending;
        }
        let bytes = bytes.get(..WRITE_BUDGET).unwrap_or(bytes);
        self.put(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(stream: OutputStream, bytes: &[u8]) -> OutputChunk {
        OutputChunk {
            stream,
            bytes: bytes.to_vec(),
        }
    }

    #[test]
    fn keeps_the_order_of_both_streams() {
        let (reader, output) = captured_output();
        let stdout = output.stream(OutputStream::Stdout);
        let stderr = output.stream(OutputStream::Stderr);
        stdout.put(b"a");
        stdout.put(b"b");
        stderr.put(b"c");
        stdout.put(b"d");
        output.end();
        assert_eq!(reader.next(), Some(chunk(OutputStream::Stdout, b"ab")));
        assert_eq!(reader.next(), Some(chunk(OutputStream::Stderr, b"c")));
        assert_eq!(reader.next(), Some(chunk(OutputStream::Stdout, b"d")));
        assert_eq!(reader.next(), None);
    }

    #[test]
    fn makes_the_guest_wait_for_its_reader() {
        let (reader, output) = captured_output();
        let stdout = output.stream(OutputStream::Stdout);
        let mut written = 0;
        while stdout.has_room() {
            stdout.put(&[b'x'; 4096]);
            written += 4096;
        }
        assert_eq!(written, MAX_WAITING);
        reader.next().expect("a chunk");
        assert!(stdout.has_room());
        drop(reader);
        stdout.put(&[b'x'; 4096]);
        assert!(stdout.has_room());
    }
}
