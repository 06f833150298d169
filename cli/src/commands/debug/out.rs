//! Where line mode writes: results on standard output, errors and progress on standard error, in
//! the order in which they come about.

use crate::debug_text::{Look, WRONG};
use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The two streams, and how text on them looks.
pub(super) struct Out {
    stdout: Box<dyn Write + Send>,
    stderr: Box<dyn Write + Send>,
    /// How results look.
    pub look: Look,
    /// How errors look.
    error_look: Look,
    /// Where progress is shown.
    pub progress: Progress,
    /// Whether nobody reads any more.
    closed: bool,
}

impl Out {
    /// The process's own streams.
    pub(super) fn of_process(color: crate::output::Color) -> Self {
        let width = terminal_size::terminal_size_of(io::stdout());
        Out {
            stdout: Box::new(io::stdout()),
            stderr: Box::new(io::stderr()),
            look: Look {
                color: color.on_stdout(),
                width: width.map(|(width, _)| usize::from(width.0)),
            },
            error_look: Look {
                color: color.on_stderr(),
                width: None,
            },
            progress: Progress {
                shown: io::stderr().is_terminal(),
                line_open: Arc::default(),
            },
            closed: false,
        }
    }

    /// Streams that are no terminal's.
    pub(super) fn new(stdout: Box<dyn Write + Send>, stderr: Box<dyn Write + Send>) -> Self {
        Out {
            stdout,
            stderr,
            look: Look::default(),
            error_look: Look::default(),
            progress: Progress::default(),
            closed: false,
        }
    }

    /// Writes a result, which ends its own line.
    pub(super) fn text(&mut self, text: &str) {
        self.end_progress();
        let written = self.stdout.write_all(text.as_bytes());
        self.note(written);
        let flushed = self.stdout.flush();
        self.note(flushed);
    }

    /// Writes a result as a line.
    pub(super) fn line(&mut self, text: &str) {
        self.text(&format!("{text}\n"));
    }

    /// Writes bytes of the guest's.
    pub(super) fn raw(&mut self, to_stderr: bool, bytes: &[u8]) {
        self.end_progress();
        if to_stderr {
            let _ = self.stderr.write_all(bytes);
        } else {
            let written = self
                .stdout
                .write_all(bytes)
                .and_then(|()| self.stdout.flush());
            self.note(written);
        }
    }

    /// Writes an error: `text` may have several lines.
    pub(super) fn error(&mut self, text: &str) {
        self.end_progress();
        let word = self.error_look.styled(WRONG, "error:");
        // With standard error closed there is nobody to tell.
        let _ = self.stderr.write_all(format!("{word} {text}\n").as_bytes());
    }

    /// Writes a text to standard error as it is.
    pub(super) fn report(&mut self, text: &str) {
        self.end_progress();
        let _ = self.stderr.write_all(text.as_bytes());
    }

    /// Takes progress off the screen.
    pub(super) fn end_progress(&mut self) {
        self.progress.end();
    }

    /// Writes what has been held back for the end of its line.
    pub(super) fn end(&mut self) {
        let _ = self.stdout.flush();
        let _ = self.stderr.flush();
    }

    /// Whether nobody reads results any more.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    fn note(&mut self, written: io::Result<()>) {
        if written.is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            self.closed = true;
        }
    }
}

/// The line on standard error that says which long work goes on; nothing where nobody looks on.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    shown: bool,
    /// Whether something stands on the line.
    line_open: Arc<AtomicBool>,
}

impl Progress {
    /// Says what goes on.
    pub(super) fn tell(&self, what: &str) {
        if self.shown {
            let text = crate::report::escape::line(what);
            let mut stderr = io::stderr();
            let _ = stderr.write_all(format!("\r\x1b[K{text}…").as_bytes());
            let _ = stderr.flush();
            self.line_open.store(true, Ordering::Relaxed);
        }
    }

    /// Takes the line off the screen.
    pub(super) fn end(&self) {
        if self.line_open.swap(false, Ordering::Relaxed) {
            let mut stderr = io::stderr();
            let _ = stderr.write_all(b"\r\x1b[K");
            let _ = stderr.flush();
        }
    }
}
