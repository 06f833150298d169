//! What the guest wrote: its last lines, bounded, as bytes. They are made fit for a terminal when
//! they are drawn.

use crate::cursor::Cursor;
use crate::line_edit::LineEdit;
use std::collections::VecDeque;
use wasmscope_debugger::protocol::OutputStream;

/// Lines that are kept.
pub(crate) const MAX_LINES: usize = 20_000;
/// Bytes that are kept.
pub(crate) const MAX_BYTES: usize = 8 << 20;
/// A longer line goes on in another one.
const MAX_LINE: usize = 16 << 10;

/// Who wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writer {
    /// The guest.
    Guest(OutputStream),
    /// The user, as the guest's input.
    Input,
    /// wasmscope: how the guest stands.
    Own,
    /// A log breakpoint.
    Log,
}

/// A line of output.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Who wrote it.
    pub writer: Writer,
    /// What was written, without its end.
    pub bytes: Vec<u8>,
}

/// The output, and the line of input.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    /// The lines.
    pub lines: VecDeque<Line>,
    bytes: usize,
    /// Whether the last line has not ended.
    open: bool,
    /// Lines that were dropped to stay within bounds.
    pub dropped: u64,
    /// Bytes that the session could not keep for us.
    pub lost: u64,
    /// Bytes written in all.
    pub total: u64,
    /// The selected row.
    pub cursor: Cursor,
    /// Whether the newest line is to be seen.
    pub follow: bool,
    /// The line of input.
    pub input: LineEdit,
    /// Whether it is being typed.
    pub typing: bool,
    /// Whether the input was ended.
    pub ended: bool,
}

impl Default for Output {
    fn default() -> Self {
        Output {
            lines: VecDeque::new(),
            bytes: 0,
            open: false,
            dropped: 0,
            lost: 0,
            total: 0,
            cursor: Cursor::default(),
            follow: true,
            input: LineEdit::default(),
            typing: false,
            ended: false,
        }
    }
}

impl Output {
    /// The guest wrote.
    pub fn write(&mut self, stream: OutputStream, bytes: &[u8]) {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.total = self.total.saturating_add(length);
        let writer = Writer::Guest(stream);
        let mut rest = bytes;
        // Of a flood only the end can be kept: what is before it is counted and not looked at.
        if let Some(skipped) = rest
            .len()
            .checked_sub(MAX_BYTES)
            .filter(|skipped| *skipped > 0)
        {
            let (gone, kept) = rest.split_at_checked(skipped).unwrap_or((&[], rest));
            let ends = gone.iter().filter(|byte| **byte == b'\n').count();
            self.dropped = self
                .dropped
                .saturating_add(u64::try_from(ends).unwrap_or(u64::MAX));
            self.open = false;
            rest = kept;
        }
        for part in rest.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = match part.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (part, false),
            };
            self.append(writer, text.strip_suffix(b"\r").unwrap_or(text));
            self.open = !ends;
        }
        self.bound();
    }

    fn append(&mut self, writer: Writer, text: &[u8]) {
        let goes_on = self.open && self.lines.back().is_some_and(|line| line.writer == writer);
        if !goes_on {
            self.push(writer, Vec::new());
        }
        // A lone carriage return goes back to the line's beginning: what was there is written over.
        let (fresh, text) = match text.iter().rposition(|byte| *byte == b'\r') {
            Some(at) => (true, text.get(at.saturating_add(1)..).unwrap_or_default()),
            None => (false, text),
        };
        if let Some(line) = self.lines.back_mut().filter(|_| fresh) {
            self.bytes = self.bytes.saturating_sub(line.bytes.len());
            line.bytes.clear();
        }
        let mut rest = text;
        loop {
            let used = self.lines.back().map_or(0, |line| line.bytes.len());
            let room = MAX_LINE.saturating_sub(used).min(rest.len());
            let (now, later) = rest.split_at_checked(room).unwrap_or((rest, &[]));
            if let Some(line) = self.lines.back_mut() {
                line.bytes.extend_from_slice(now);
                self.bytes = self.bytes.saturating_add(now.len());
            }
            if later.is_empty() {
                return;
            }
            self.push(writer, Vec::new());
            rest = later;
        }
    }

    fn push(&mut self, writer: Writer, bytes: Vec<u8>) {
        self.bytes = self.bytes.saturating_add(bytes.len());
        self.lines.push_back(Line { writer, bytes });
    }

    /// A line that is not the guest's.
    pub fn say(&mut self, writer: Writer, text: &str) {
        for line in text.lines() {
            let end = line.floor_char_boundary(MAX_LINE.min(line.len()));
            self.push(
                writer,
                line.get(..end).unwrap_or_default().as_bytes().to_vec(),
            );
        }
        self.open = false;
        self.bound();
    }

    fn bound(&mut self) {
        while self.lines.len() > MAX_LINES || self.bytes > MAX_BYTES {
            let Some(line) = self.lines.pop_front() else {
                break;
            };
            self.bytes = self.bytes.saturating_sub(line.bytes.len());
            self.dropped = self.dropped.saturating_add(1);
            if !self.follow {
                // What is looked at stays where it is.
                self.cursor.at = self.cursor.at.saturating_sub(1);
                self.cursor.top = self.cursor.top.saturating_sub(1);
            }
        }
        if self.follow {
            self.cursor.at = self.lines.len().saturating_sub(1);
        }
    }

    /// Bytes that the lines take.
    #[cfg(test)]
    fn kept(&self) -> usize {
        self.lines.iter().map(|line| line.bytes.len()).sum()
    }
}

/// A line's bytes as text, without the sequences that only set colours.
pub(crate) fn text(bytes: &[u8]) -> String {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(2).position(|two| two == b"\x1b[") {
        let (before, sequence) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        plain.extend_from_slice(before);
        let body = sequence.get(2..).unwrap_or_default();
        let is_parameter = |byte: &u8| byte.is_ascii_digit() || *byte == b';' || *byte == b':';
        let parameters = body
            .iter()
            .take(32)
            .take_while(|byte| is_parameter(byte))
            .count();
        rest = match body.get(parameters) {
            Some(b'm' | b'K') => body.get(parameters.saturating_add(1)..).unwrap_or_default(),
            // Anything else is shown for what it is.
            _ => {
                plain.extend_from_slice(b"\x1b[");
                body
            }
        };
    }
    plain.extend_from_slice(rest);
    crate::text::from_bytes(&plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use OutputStream::{Stderr, Stdout};

    fn lines(output: &Output) -> Vec<String> {
        output.lines.iter().map(|line| text(&line.bytes)).collect()
    }

    #[test]
    fn lines_come_together_from_parts() {
        let mut output = Output::default();
        output.write(Stdout, b"on");
        output.write(Stdout, b"e\r\ntwo \xe2\x82");
        output.write(Stdout, b"\xac");
        output.write(Stderr, b"oops\n");
        output.write(Stdout, b"10%\r20%");
        output.write(Stdout, b"\r100%\n");
        assert_eq!(lines(&output), ["one", "two €", "oops", "100%"]);
    }

    #[test]
    fn colours_go_and_the_rest_is_shown() {
        assert_eq!(
            text(b"\x1b[1;31mred\x1b[0m \x1b[2Jx\x1b]0;t\x07"),
            "red \\u{1b}[2Jx\\u{1b}]0;t\\u{7}"
        );
        assert_eq!(text(b"\x1b["), "\\u{1b}[");
    }

    #[test]
    fn a_flood_is_bounded_and_counted() {
        let mut output = Output::default();
        for _ in 0..100 {
            output.write(Stdout, &b"0123456789abcde\n".repeat(10_000));
        }
        assert!(output.lines.len() <= MAX_LINES);
        assert_eq!(output.dropped + output.lines.len() as u64, 1_000_000);
        assert_eq!(output.total, 16_000_000);
        output.write(Stdout, &vec![b'x'; 20 << 20]);
        assert!(output.kept() <= MAX_BYTES);
        assert!(output.lines.iter().all(|line| line.bytes.len() <= MAX_LINE));
        assert_eq!(output.kept(), output.bytes);
    }
}
