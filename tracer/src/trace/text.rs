//! A trace for reading: one line per call in strace's manner, then the source line that made it.
//!
//! `fd_write(fd=1</dev/stdout>, iovs=["hello\n"], 6) = 6 <21µs> at src/main.rs:12 in orders::report`

use super::{End, Exporter, Local, Site, TracedCall, unix_ns};
use crate::render::{LineStyle, Rounded, text};
use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::SystemTime;

/// What stands in a line besides the call.
#[derive(Clone, Copy, Debug, Default)]
pub struct TextStyle {
    /// How the call itself is written.
    pub line: LineStyle,
    /// The time that stands before it.
    pub time: TimeStyle,
    /// Put the time since the call before began in front of all.
    pub relative: bool,
    /// Leave out how long calls took.
    pub no_duration: bool,
    /// Leave out how the run ended.
    pub quiet: bool,
    /// Use a terminal's colours.
    pub color: bool,
}

/// The time that a call began, at the start of its line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeStyle {
    /// None.
    #[default]
    None,
    /// The time of day in UTC, in seconds.
    Seconds,
    /// The time of day in UTC, in microseconds.
    Microseconds,
    /// Seconds since 1970 with microseconds.
    Epoch,
}

/// Writes lines of text.
#[derive(Debug)]
pub struct Text {
    style: TextStyle,
    line: String,
    /// Nanoseconds from 1970 to the start of the run.
    origin: u64,
    /// The start of the call before, in nanoseconds from the start of the run.
    before: Option<u64>,
}

const NAME: &str = "\x1b[1m";
const FAILURE: &str = "\x1b[31m";
const DIM: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

impl Text {
    /// Lines in a style.
    pub fn new(style: TextStyle) -> Self {
        Text {
            style,
            line: String::new(),
            origin: 0,
            before: None,
        }
    }

    /// Opens a colour, if there are any.
    fn color(&mut self, color: &str) {
        if self.style.color {
            self.line.push_str(color);
        }
    }

    fn times(&mut self, start: Option<u64>) {
        let Some(start) = start else { return };
        // Writing to a string does not fail.
        if self.style.relative {
            let since = start.saturating_sub(self.before.replace(start).unwrap_or(start));
            let _ = write!(
                self.line,
                "{:6}.{:06} ",
                since / 1_000_000_000,
                since / 1000 % 1_000_000
            );
        }
        let at = self.origin.saturating_add(start);
        let (seconds, micros) = (at / 1_000_000_000, at / 1000 % 1_000_000);
        let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        let _ = match self.style.time {
            TimeStyle::None => Ok(()),
            TimeStyle::Seconds => write!(self.line, "{hour:02}:{minute:02}:{second:02} "),
            TimeStyle::Microseconds => {
                write!(self.line, "{hour:02}:{minute:02}:{second:02}.{micros:06} ")
            }
            TimeStyle::Epoch => write!(self.line, "{seconds}.{micros:06} "),
        };
    }

    fn write_call(&mut self, traced: &TracedCall) -> std::fmt::Result {
        let style = self.style.line;
        let call = &traced.call;
        self.line.clear();
        self.times(call.start);
        self.color(NAME);
        style.function(call, &mut self.line)?;
        self.color(RESET);
        style.arguments(call, &mut self.line)?;
        let failed = call.result.is_failure();
        if failed {
            self.color(FAILURE);
        }
        style.result(&call.result, &mut self.line)?;
        if failed {
            self.color(RESET);
        }
        if let Some(hint) = &call.hint {
            write!(self.line, " ({hint})")?;
        }
        if let Some(tampering) = &call.tampering {
            self.line.push_str(tampering.mark());
        }
        self.color(DIM);
        if let Some(ns) = call.duration.filter(|_| !self.style.no_duration) {
            write!(self.line, " <{}>", Rounded(ns))?;
        }
        if let Some(site) = traced.site.as_ref().filter(|site| is_known(site)) {
            write!(self.line, " {site}")?;
        }
        for local in &traced.locals {
            self.line.push_str("\n   ");
            self.write_local(local)?;
        }
        for frame in traced.stack.iter().filter(|site| is_known(site)) {
            write!(self.line, "\n > {frame}")?;
        }
        self.color(RESET);
        self.line.push('\n');
        Ok(())
    }
}

impl Text {
    /// `name: Type = value`.
    fn write_local(&mut self, local: &Local) -> std::fmt::Result {
        text(&local.name, &mut self.line)?;
        if let Some(name) = &local.type_name {
            self.line.push_str(": ");
            text(name, &mut self.line)?;
        }
        match (&local.value, &local.unavailable) {
            (Some(value), _) => {
                self.line.push_str(" = ");
                text(value, &mut self.line)
            }
            (None, Some(because)) => {
                self.line.push_str(" is unavailable: ");
                text(because, &mut self.line)
            }
            (None, None) => Ok(()),
        }
    }
}

fn is_known(site: &Site) -> bool {
    site.file.is_some() || site.function.is_some()
}

impl Exporter for Text {
    fn start(&mut self, at: SystemTime, _out: &mut dyn Write) -> io::Result<()> {
        self.origin = unix_ns(at);
        Ok(())
    }

    fn call(&mut self, call: &TracedCall, out: &mut dyn Write) -> io::Result<()> {
        self.write_call(call).map_err(io::Error::other)?;
        out.write_all(self.line.as_bytes())
    }

    fn end(&mut self, end: &End, out: &mut dyn Write) -> io::Result<()> {
        if self.style.quiet {
            return Ok(());
        }
        writeln!(out, "+++ {end} +++")
    }
}
