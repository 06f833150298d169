//! One line per call, in strace's manner: `path_open(dirfd=3</data>, path="in.csv", oflags=CREAT,
//! fdflags=0) = -1 ENOENT (no such file or directory)`.
//!
//! Everything a guest can influence is escaped, so that a line never moves a terminal's cursor, and
//! bounded, so that it stays a line. Structured output is serde's business, on [`HostCall`] itself.

use crate::call::{Arg, Bytes, CallResult, HostCall, Tampering, Value};
use std::fmt;
use std::time::Duration;

/// How a line is written.
#[derive(Clone, Copy, Debug)]
pub struct LineStyle {
    /// At most this many bytes of a buffer; paths are not cut. The default is 32.
    pub string_bytes: usize,
    /// Write also what is left out otherwise: rights, addresses of results, more fields.
    pub details: bool,
    /// At most this many elements of a list. The default is 8.
    pub items: usize,
}

impl Default for LineStyle {
    fn default() -> Self {
        LineStyle {
            string_bytes: 32,
            details: false,
            items: 8,
        }
    }
}

/// A number of nanoseconds as a measured time is told: in a fitting unit, with three digits at most.
#[derive(Clone, Copy, Debug)]
pub struct Rounded(pub u64);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, size) = match self.0 {
            0..1_000 => return f.pad(&format!("{}ns", self.0)),
            1_000..999_500 => ("µs", 1e3),
            999_500..999_500_000 => ("ms", 1e6),
            _ => ("s", 1e9),
        };
        let number = self.0 as f64 / size;
        let digits = match number {
            ..9.995 => 2,
            ..99.95 => 1,
            _ => 0,
        };
        let mut text = format!("{number:.digits$}");
        if digits > 0 {
            text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
        }
        f.pad(&(text + unit))
    }
}

impl fmt::Display for HostCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        LineStyle::default().call(self, f)
    }
}

impl HostCall {
    /// The call as one line, in a style.
    pub fn line(&self, style: &LineStyle) -> String {
        let mut line = String::new();
        // Writing to a string does not fail.
        let _ = style.call(self, &mut line);
        line
    }
}

impl LineStyle {
    /// Writes a call as one line without an end of line.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn call(&self, call: &HostCall, out: &mut dyn fmt::Write) -> fmt::Result {
        self.call_without_time(call, out)?;
        match call.duration {
            Some(ns) => write!(out, " <{}>", Rounded(ns)),
            None => Ok(()),
        }
    }

    /// As [`Self::call`], without how long it took.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn call_without_time(&self, call: &HostCall, out: &mut dyn fmt::Write) -> fmt::Result {
        self.function(call, out)?;
        self.arguments(call, out)?;
        self.result(&call.result, out)?;
        if let Some(hint) = &call.hint {
            write!(out, " ({hint})")?;
        }
        out.write_str(call.tampering.as_ref().map_or("", Tampering::mark))
    }

    /// Writes the name of the function that is called, as much of it as is needed.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn function(&self, call: &HostCall, out: &mut dyn fmt::Write) -> fmt::Result {
        if call.class.is_none() && !call.module.is_empty() {
            // Without a table, the name alone may mean anything.
            text(&call.module, out)?;
            out.write_char('.')?;
        }
        // What a method is of, its name says; that it is one, its first argument.
        text(
            call.function
                .strip_prefix("[method]")
                .unwrap_or(&call.function),
            out,
        )
    }

    /// Writes the arguments of a call in parentheses.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn arguments(&self, call: &HostCall, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_char('(')?;
        self.args(&call.args, out)?;
        out.write_char(')')
    }

    /// Writes how a call ended: ` = 6`.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn result(&self, result: &CallResult, out: &mut dyn fmt::Write) -> fmt::Result {
        match result {
            CallResult::Ok(values) => {
                out.write_str(" = ")?;
                let mut shown = values.iter().filter(|value| self.details || !value.detail);
                match (shown.next(), shown.next()) {
                    (None, _) => out.write_char('0'),
                    (Some(one), None) => self.value(&one.value, out),
                    _ => {
                        out.write_char('(')?;
                        self.args(values, out)?;
                        out.write_char(')')
                    }
                }
            }
            CallResult::Errno {
                number,
                name,
                meaning,
            } => match name {
                Some(name) => write!(out, " = -1 {name} ({meaning})"),
                None => write!(out, " = -1 errno {number} ({meaning})"),
            },
            CallResult::Err(value) => {
                out.write_str(" = error ")?;
                self.value(value, out)
            }
            CallResult::Exit { code } => write!(out, " = ? (exited with {code})"),
            CallResult::Trap { message } => {
                out.write_str(" = ? (trapped: ")?;
                text(message, out)?;
                out.write_char(')')
            }
            CallResult::Unfinished => out.write_str(" <unfinished ...>"),
            CallResult::Unknown => Ok(()),
        }
    }

    fn args(&self, args: &[Arg], out: &mut dyn fmt::Write) -> fmt::Result {
        let shown = args.iter().filter(|arg| self.details || !arg.detail);
        for (index, arg) in shown.enumerate() {
            if index > 0 {
                out.write_str(", ")?;
            }
            if !arg.name.is_empty() {
                text(&arg.name, out)?;
                out.write_char('=')?;
            }
            self.value(&arg.value, out)?;
        }
        Ok(())
    }

    /// Writes a value.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn value(&self, value: &Value, out: &mut dyn fmt::Write) -> fmt::Result {
        match value {
            Value::Unsigned(number) => write!(out, "{number}"),
            Value::Signed(number) => write!(out, "{number}"),
            Value::Float(number) => write!(out, "{number:?}"),
            Value::Address(address) => write!(out, "{address:#x}"),
            Value::Nanoseconds(ns) => write!(out, "{:?}", Duration::from_nanos(*ns)),
            Value::WallClock(ns) => wall_clock(*ns, out),
            Value::Fd { fd, path } => {
                write!(out, "{fd}")?;
                match path {
                    Some(path) => {
                        out.write_char('<')?;
                        text(path, out)?;
                        out.write_char('>')
                    }
                    None => Ok(()),
                }
            }
            Value::Resource { kind, id, label } => {
                text(kind, out)?;
                write!(out, "#{id}")?;
                match label {
                    Some(label) => {
                        out.write_str(" <")?;
                        text(label, out)?;
                        out.write_char('>')
                    }
                    None => Ok(()),
                }
            }
            Value::Path(bytes) => quoted(bytes, usize::MAX, out),
            Value::Bytes(bytes) => quoted(bytes, self.string_bytes, out),
            Value::Buffers {
                buffers,
                count,
                length,
            } => self.buffers(buffers, *count, *length, out),
            Value::Flags {
                bits,
                names,
                unknown,
            } => {
                if *bits == 0 {
                    return out.write_char('0');
                }
                out.write_str(&names.join("|"))?;
                match (names.is_empty(), unknown) {
                    (_, 0) => Ok(()),
                    (true, unknown) => write!(out, "{unknown:#x}"),
                    (false, unknown) => write!(out, "|{unknown:#x}"),
                }
            }
            Value::Enum {
                name: Some(name), ..
            } => out.write_str(name),
            Value::Enum { number, name: None } => write!(out, "{number} (no such value)"),
            Value::Record(fields) => {
                out.write_char('{')?;
                self.args(fields, out)?;
                out.write_char('}')
            }
            Value::List { items, count } => {
                let more = *count > items.len().min(self.items) as u64;
                self.list(items, more, *count, out)
            }
            Value::Entries {
                items,
                length,
                complete,
            } => {
                self.list(items, !complete || items.len() > self.items, 0, out)?;
                write!(out, ", {length}")
            }
            Value::Text { text: shown, cut } => {
                text(shown, out)?;
                if *cut {
                    out.write_str("...")?;
                }
                Ok(())
            }
            Value::Unavailable { because, address } => {
                if let Some(address) = address {
                    write!(out, "{address:#x} ")?;
                }
                write!(out, "(unavailable: {because})")
            }
        }
    }

    fn buffers(
        &self,
        buffers: &[Bytes],
        count: u64,
        length: Option<u64>,
        out: &mut dyn fmt::Write,
    ) -> fmt::Result {
        out.write_char('[')?;
        for (index, buffer) in buffers.iter().take(self.items).enumerate() {
            if index > 0 {
                out.write_str(", ")?;
            }
            quoted(buffer, self.string_bytes, out)?;
        }
        if buffers.len() > self.items || (length.is_none() && count > buffers.len() as u64) {
            out.write_str(", ...")?;
        }
        out.write_char(']')?;
        match length {
            Some(length) => write!(out, ", {length}"),
            None => write!(out, ", {count} buffers"),
        }
    }

    fn list(
        &self,
        items: &[Value],
        more: bool,
        count: u64,
        out: &mut dyn fmt::Write,
    ) -> fmt::Result {
        out.write_char('[')?;
        for (index, item) in items.iter().take(self.items).enumerate() {
            if index > 0 {
                out.write_str(", ")?;
            }
            self.value(item, out)?;
        }
        if more {
            if !items.is_empty() {
                out.write_str(", ")?;
            }
            match count {
                0 => out.write_str("...")?,
                count => write!(out, "... {count} in all")?,
            }
        }
        out.write_char(']')
    }
}

/// Writes bytes as a string in quotes: UTF-8 as it is, the rest escaped, `...` when cut.
fn quoted(bytes: &Bytes, limit: usize, out: &mut dyn fmt::Write) -> fmt::Result {
    if bytes.kept.is_empty()
        && let Some(because) = &bytes.unavailable
    {
        return write!(out, "(unavailable: {because})");
    }
    let shown = bytes.kept.get(..limit).unwrap_or(&bytes.kept);
    let cut = (shown.len() as u64) < bytes.length;
    out.write_char('"')?;
    let mut chunks = shown.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        chars(chunk.valid(), true, out)?;
        // A character that the cut goes through is left out, not shown as garbage.
        let last = chunks.peek().is_none();
        let invalid = chunk.invalid();
        if cut && last && std::str::from_utf8(invalid).is_err_and(|e| e.error_len().is_none()) {
            break;
        }
        for byte in invalid {
            write!(out, "\\x{byte:02x}")?;
        }
    }
    out.write_char('"')?;
    match (&bytes.unavailable, cut) {
        (Some(because), _) => write!(out, "... ({because})"),
        (None, true) => out.write_str("..."),
        (None, false) => Ok(()),
    }
}

/// Writes text without quotes, with what could disturb a terminal escaped.
pub(crate) fn text(text: &str, out: &mut dyn fmt::Write) -> fmt::Result {
    chars(text, false, out)
}

fn chars(text: &str, in_quotes: bool, out: &mut dyn fmt::Write) -> fmt::Result {
    for c in text.chars() {
        match c {
            '"' if in_quotes => out.write_str("\\\"")?,
            '\\' if in_quotes => out.write_str("\\\\")?,
            '"' | '\'' | '\\' => out.write_char(c)?,
            c if c.is_ascii() && !c.is_ascii_control() => out.write_char(c)?,
            c => write!(out, "{}", c.escape_debug())?,
        }
    }
    Ok(())
}

/// A value as it stands in a line.
pub(crate) fn plain(value: &Value, style: &LineStyle) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = style.value(value, &mut text);
    text
}

/// Nanoseconds since 1970 as RFC 3339 in UTC.
pub(crate) fn time(ns: u64) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = wall_clock(ns, &mut text);
    text
}

/// Writes nanoseconds since 1970 as RFC 3339 in UTC, with as many digits of the second as needed.
fn wall_clock(ns: u64, out: &mut dyn fmt::Write) -> fmt::Result {
    let (seconds, ns) = (ns / 1_000_000_000, ns % 1_000_000_000);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    write!(
        out,
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60
    )?;
    if ns != 0 {
        let digits = format!("{ns:09}");
        write!(out, ".{}", digits.trim_end_matches('0'))?;
    }
    out.write_char('Z')
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar. The year is
/// taken to begin in March, so that the leap day is its last.
fn civil(days: u64) -> (u64, u64, u64) {
    // Days from 0000-03-01, of which 400 years have 146,097.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}
