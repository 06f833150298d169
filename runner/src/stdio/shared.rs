//! The guest's standard output where it goes to the same place as standard error: a terminal, or one
//! file for both. Whoever writes there too has to know where the guest has left a line open.

use bytes::Bytes;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// How far what was written to one place has come.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// All bytes.
    count: AtomicU64,
    /// Whether they do not end with the end of a line.
    open: AtomicBool,
}

impl Line {
    /// Something is written there.
    pub(super) fn note(&self, bytes: &[u8]) {
        if let Some(last) = bytes.last() {
            self.count.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            self.open.store(*last != b'\n', Ordering::Relaxed);
        }
    }

    /// How many bytes there are, if they do not end with the end of a line.
    pub(super) fn open(&self) -> Option<u64> {
        self.open
            .load(Ordering::Relaxed)
            .then(|| self.count.load(Ordering::Relaxed))
    }
}

/// Whether the process's standard output and standard error go to the same place.
pub(super) fn is_one_place() -> bool {
    match (same_file::Handle::stdout(), same_file::Handle::stderr()) {
        (Ok(stdout), Ok(stderr)) => stdout == stderr,
        _ => false,
    }
}

/// The process's standard output, with what passes noted.
#[derive(Clone, Debug)]
pub(super) struct NotedStdout(pub(super) Arc<Line>);

impl IsTerminal for NotedStdout {
    fn is_terminal(&self) -> bool {
        io::IsTerminal::is_terminal(&io::stdout())
    }
}

impl StdoutStream for NotedStdout {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(NotedStream {
            line: Arc::clone(&self.0),
            inner: io::stdout().p2_stream(),
        })
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        io::stdout().async_stream()
    }
}

/// A stream to standard output. All else about it is Wasmtime's.
struct NotedStream {
    line: Arc<Line>,
    inner: Box<dyn OutputStream>,
}

impl OutputStream for NotedStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.line.note(&bytes);
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.inner.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.inner.check_write()
    }
}

#[async_trait::async_trait]
impl Pollable for NotedStream {
    async fn ready(&mut self) {
        self.inner.ready().await;
    }
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn a_line_is_open_until_it_ends() {
        let line = Line::default();
        assert_eq!(line.open(), None);
        line.note(b"half");
        assert_eq!(line.open(), Some(4));
        line.note(b"");
        assert_eq!(line.open(), Some(4));
        line.note(b" a line\n");
        assert_eq!(line.open(), None);
    }
}
