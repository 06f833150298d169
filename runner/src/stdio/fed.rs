//! Standard input that somebody feeds while the guest runs.

use super::Wakers;
use bytes::Bytes;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, ReadBuf};
use wasmtime_wasi::cli::{IsTerminal, StdinStream};
use wasmtime_wasi::p2::{InputStream, Pollable, StreamError, StreamResult};

/// Most bytes that wait to be read.
const MAX_WAITING: usize = 16 << 20;

/// Makes a standard input: the end that is fed, and the guest's.
pub fn fed_input() -> (InputFeed, FedInput) {
    let shared: Arc<Mutex<Fed>> = Arc::default();
    let feed = InputFeed {
        shared: Arc::clone(&shared),
    };
    let input = FedInput {
        shared,
        is_terminal: false,
    };
    (feed, input)
}

/// Feeds a guest's standard input. When the last of these is dropped, the input ends.
#[derive(Debug)]
pub struct InputFeed {
    shared: Arc<Mutex<Fed>>,
}

/// The guest's end of a fed standard input.
#[derive(Clone, Debug)]
pub struct FedInput {
    shared: Arc<Mutex<Fed>>,
    is_terminal: bool,
}

/// Input that was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    /// The guest reads too slowly, or not at all.
    #[error("the guest has {waiting} bytes of input left to read: more is not kept for it")]
    Full {
        /// Bytes that wait.
        waiting: usize,
    },
    /// The input was ended before.
    #[error("standard input was closed before")]
    Closed,
}

#[derive(Default)]
struct Fed {
    bytes: VecDeque<u8>,
    closed: bool,
    readers: Wakers,
    /// Who is told that the guest waits.
    tell: Option<Arc<dyn Fn() + Send + Sync>>,
    /// Whether that was told since something was fed.
    told: bool,
}

impl fmt::Debug for Fed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fed")
            .field("bytes", &self.bytes.len())
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

fn lock(shared: &Mutex<Fed>) -> MutexGuard<'_, Fed> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl InputFeed {
    /// Hands bytes to the guest, all of them or none.
    ///
    /// # Errors
    /// When the guest does not read what it has got already, or the input was ended.
    pub fn feed(&self, bytes: &[u8]) -> Result<(), FeedError> {
        let mut fed = lock(&self.shared);
        if fed.closed {
            return Err(FeedError::Closed);
        }
        let waiting = fed.bytes.len();
        if bytes.len() > MAX_WAITING.saturating_sub(waiting) {
            return Err(FeedError::Full { waiting });
        }
        fed.bytes.extend(bytes);
        fed.told = false;
        fed.readers.wake();
        Ok(())
    }

    /// Ends the input: the guest reads what is left, and then its end.
    pub fn close(&self) {
        let mut fed = lock(&self.shared);
        fed.closed = true;
        fed.readers.wake();
    }

    /// Has `tell` called when the guest comes to wait for input that it has not got: on the guest's
    /// thread, and once until it is fed again.
    pub fn when_wanted(&self, tell: impl Fn() + Send + Sync + 'static) {
        lock(&self.shared).tell = Some(Arc::new(tell));
    }

    /// Whether the guest waits for input that it has not got.
    pub fn is_waited_for(&self) -> bool {
        let fed = lock(&self.shared);
        fed.bytes.is_empty() && !fed.closed && !fed.readers.is_empty()
    }
}

impl Drop for InputFeed {
    fn drop(&mut self) {
        self.close();
    }
}

impl FedInput {
    /// The same input, as a terminal or not in the guest's eyes.
    pub fn as_terminal(self, is_terminal: bool) -> Self {
        FedInput {
            is_terminal,
            ..self
        }
    }

    fn poll(&self, context: &Context<'_>) -> Poll<()> {
        let mut fed = lock(&self.shared);
        if !fed.bytes.is_empty() || fed.closed {
            return Poll::Ready(());
        }
        fed.readers.add(context);
        let tell = match mem::replace(&mut fed.told, true) {
            true => None,
            false => fed.tell.clone(),
        };
        // Whoever is told may feed it at once.
        drop(fed);
        if let Some(tell) = tell {
            tell();
        }
        Poll::Pending
    }

    /// At most `size` bytes of what is there; `None` at the end.
    fn take(&self, size: usize) -> Option<Vec<u8>> {
        let mut fed = lock(&self.shared);
        if fed.bytes.is_empty() && fed.closed {
            return None;
        }
        let size = size.min(fed.bytes.len());
        Some(fed.bytes.drain(..size).collect())
    }
}

impl IsTerminal for FedInput {
    fn is_terminal(&self) -> bool {
        self.is_terminal
    }
}

impl StdinStream for FedInput {
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for FedInput {
    async fn ready(&mut self) {
        std::future::poll_fn(|context| self.poll(context)).await;
    }
}

impl InputStream for FedInput {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.take(size).map(Bytes::from).ok_or(StreamError::Closed)
    }
}

impl AsyncRead for FedInput {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.poll(context).is_pending() {
            return Poll::Pending;
        }
        if let Some(bytes) = self.take(buffer.remaining()) {
            buffer.put_slice(&bytes);
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hands_over_what_was_fed_and_then_the_end() {
        let (feed, mut input) = fed_input();
        feed.feed(b"hello").expect("there is room");
        assert_eq!(input.read(3).expect("bytes"), "hel");
        assert_eq!(input.read(100).expect("bytes"), "lo");
        assert!(input.read(100).expect("nothing yet").is_empty());
        feed.close();
        assert!(matches!(input.read(1), Err(StreamError::Closed)));
        assert_eq!(feed.feed(b"x"), Err(FeedError::Closed));
    }

    #[test]
    fn keeps_no_more_than_its_bound() {
        let (feed, _input) = fed_input();
        feed.feed(&vec![b'x'; MAX_WAITING]).expect("there is room");
        let waiting = MAX_WAITING;
        assert_eq!(feed.feed(b"y"), Err(FeedError::Full { waiting }));
    }
}
