//! Where line mode writes: results on standard output, errors and progress on standard error, in
//! the order in which they come about.

use crate::debug_text::{Look, WRONG};
use std::io::{self, IsTerminal as _, Write};

/// The two streams, and how text on them looks.
pub(super) struct Out {
    stdout: Box<dyn Write + Send>,
    stderr: Box<dyn Write + Send>,
    /// How results look.
    pub look: Look,
    /// How errors look.
    error_look: Look,
    /// Whether progress is shown.
    progress: bool,
    /// Whether progress stands on the current line of standard error.
    line_open: bool,
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
            progress: io::stderr().is_terminal(),
            line_open: false,
            closed: false,
        }
    }

    /// Streams of a test's.
    #[cfg(test)]
    pub(super) fn new(stdout: Box<dyn Write + Send>, stderr: Box<dyn Write + Send>) -> Self {
        Out {
            stdout,
            stderr,
            look: Look::default(),
            error_look: Look::default(),
            progress: false,
            line_open: false,
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

    /// Shows that long work goes on; nothing where nobody looks on.
    pub(super) fn progress(&mut self, what: &str) {
        if self.progress {
            let text = crate::report::escape::line(what);
            let _ = self.stderr.write_all(format!("\r\x1b[K{text}…").as_bytes());
            let _ = self.stderr.flush();
            self.line_open = true;
        }
    }

    /// Takes progress off the screen.
    pub(super) fn end_progress(&mut self) {
        if self.line_open {
            let _ = self.stderr.write_all(b"\r\x1b[K");
            let _ = self.stderr.flush();
            self.line_open = false;
        }
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
