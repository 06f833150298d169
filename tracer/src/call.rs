//! The host call record: what front ends, filters and reports see of one call from guest to host.
//!
//! Plain owned data, the same for WASI preview 1, components and custom imports. How a record comes
//! about lives in [`crate::recent`] (core modules) and [`crate::components`]; how it is written as
//! one line lives in `render`.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

use crate::table::{self, Class, Function};

/// Text that is usually a name out of a table, and owned when it comes from the guest's imports.
pub type Name = Cow<'static, str>;

/// One call from guest to host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostCall {
    /// Position among all host calls of the run, from 0. Numbers grow; gaps are calls not recorded.
    pub seq: u64,
    /// The import module (`wasi_snapshot_preview1`) or interface (`wasi:io/streams@0.2.6`).
    pub module: Name,
    /// The function's name as the guest imports it.
    pub function: Name,
    /// What the function is mainly about; `None` when no table knows it.
    pub class: Option<Class>,
    /// The arguments, in the order of the function's signature.
    pub args: Vec<Arg>,
    /// How the call ended, if it did.
    pub result: CallResult,
    /// Nanoseconds from the start of the run to the start of the call, when time was recorded.
    pub start: Option<u64>,
    /// Nanoseconds spent in the call, when time was recorded and the call has returned.
    pub duration: Option<u64>,
    /// What was done to the call on purpose, to see what the guest makes of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tampering: Option<Tampering>,
    /// How the user allows what the call was refused, where its result has no room for that: of a
    /// component's function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// What fault injection did to a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tampering {
    /// The result was made up: the host was never asked.
    pub result: bool,
    /// Nanoseconds that the call was held up before it was made.
    pub delay_enter: Option<u64>,
    /// Nanoseconds that the call was held up before it returned.
    pub delay_exit: Option<u64>,
}

impl Tampering {
    /// The mark in a line of text, in strace's words.
    pub fn mark(&self) -> &'static str {
        let delayed = self.delay_enter.is_some() || self.delay_exit.is_some();
        match (self.result, delayed) {
            (true, true) => " (INJECTED) (DELAYED)",
            (true, false) => " (INJECTED)",
            (false, true) => " (DELAYED)",
            (false, false) => "",
        }
    }
}

/// How many bytes a call moved between guest and host: contents of files, streams and buffers, not
/// the paths and structures around them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Bytes that the guest got.
    pub read: u64,
    /// Bytes that the guest gave.
    pub written: u64,
}

impl HostCall {
    /// The bytes that the call moved: none if it failed.
    pub fn moved(&self) -> Moved {
        let mut moved = Moved::default();
        let CallResult::Ok(results) = &self.result else {
            return moved;
        };
        if self.tampering.is_some_and(|done| done.result) {
            return moved;
        }
        // A component's arguments go to the host and its results come from there; the arguments of
        // preview 1 say where contents are, in either direction.
        let of_component = self.module.contains(':');
        if of_component && !table::components::moves_contents(&self.function) {
            return moved;
        }
        let row = match of_component {
            true => None,
            false => table::find(&self.module, &self.function),
        };
        let count = results.iter().find_map(|result| match &result.value {
            Value::Unsigned(count) => Some(*count),
            _ => None,
        });
        let count = count.unwrap_or(0);
        for arg in &self.args {
            match &arg.value {
                // As many as the call says, which may be fewer than there was room for.
                Value::Buffers { .. } => match row.is_some_and(Function::gives) {
                    true => moved.written = moved.written.saturating_add(count),
                    false => moved.read = moved.read.saturating_add(count),
                },
                Value::Entries { length, .. } => moved.read = moved.read.saturating_add(*length),
                // What is no path.
                Value::Bytes(bytes) if row.is_some_and(Function::fills) => {
                    moved.read = moved.read.saturating_add(bytes.length);
                }
                value if of_component => {
                    moved.written = moved.written.saturating_add(contents(value, count));
                }
                _ => {}
            }
        }
        for result in results.iter().filter(|_| of_component) {
            moved.read = moved.read.saturating_add(contents(&result.value, u64::MAX));
        }
        moved
    }
}

/// The bytes of contents in a component's value: of itself, or of the first `count` datagrams.
pub(crate) fn contents(value: &Value, count: u64) -> u64 {
    let of_datagram = |item: &Value| match item {
        Value::Record(fields) => match fields.first().map(|field| &field.value) {
            Some(Value::Bytes(data)) => data.length,
            _ => 0,
        },
        _ => 0,
    };
    match value {
        Value::Bytes(bytes) => bytes.length,
        Value::List { items, .. } => {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            let lengths = items.iter().take(count).map(of_datagram);
            lengths.fold(0, u64::saturating_add)
        }
        _ => 0,
    }
}

/// A named argument, structure field or result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arg {
    /// The name out of the function's signature; empty when it has none.
    pub name: Name,
    /// What was passed.
    pub value: Value,
    /// Left out of the one-line form: rights masks, addresses of results.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub detail: bool,
}

/// A value that crossed the boundary between guest and host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// An unsigned number: a size, an offset, a count.
    Unsigned(u64),
    /// A signed number: a seek distance.
    Signed(i64),
    /// A floating point number (custom imports only).
    Float(f64),
    /// An address in the guest's linear memory.
    Address(u64),
    /// A length of time in nanoseconds, or an instant of a clock with an unknown origin.
    Nanoseconds(u64),
    /// An instant of the wall clock: nanoseconds since 1970-01-01T00:00:00Z.
    WallClock(u64),
    /// A file descriptor, with the path behind it at the time of the call.
    Fd {
        /// The number.
        fd: u32,
        /// The path in the guest's world, when known.
        path: Option<String>,
    },
    /// A resource of a component's: a handle to something of the host's.
    Resource {
        /// What it is, `descriptor`.
        kind: Name,
        /// The host's number for it.
        id: u32,
        /// What it stands for, when that is known: a path, a stream, what it was made from.
        label: Option<String>,
    },
    /// A path as the guest passed it.
    Path(Bytes),
    /// The contents of a buffer.
    Bytes(Bytes),
    /// The contents of a list of buffers (scatter/gather), in order.
    Buffers {
        /// The first few buffers.
        buffers: Vec<Bytes>,
        /// How many buffers the guest passed.
        count: u64,
        /// The bytes of all of them together; `None` when the list itself could not be read.
        length: Option<u64>,
    },
    /// A set of flags.
    Flags {
        /// The raw number.
        bits: u64,
        /// The names of the bits that have one.
        names: Vec<Name>,
        /// The bits that have none.
        unknown: u64,
    },
    /// One of a fixed set of names.
    Enum {
        /// The raw number.
        number: u64,
        /// Its name; `None` when the number has no meaning.
        name: Option<Name>,
    },
    /// A structure, field by field.
    Record(Vec<Arg>),
    /// A list of values.
    List {
        /// The first few values.
        items: Vec<Value>,
        /// How many there are in all.
        count: u64,
    },
    /// Directory entries; how many there are in all is not known without reading all of them.
    Entries {
        /// The first few, as records.
        items: Vec<Value>,
        /// The bytes of all of them.
        length: u64,
        /// Whether `items` is all of them.
        complete: bool,
    },
    /// Text that the host formatted already (components).
    Text {
        /// The text, cut when it was long.
        text: String,
        /// Whether it was cut.
        cut: bool,
    },
    /// The value could not be had.
    Unavailable {
        /// Why not.
        because: Name,
        /// The address that was passed, for a pointer that does not point into memory.
        address: Option<u64>,
    },
}

/// Bytes out of guest memory, as many as were kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bytes {
    /// The first bytes.
    pub kept: Vec<u8>,
    /// How many there were.
    pub length: u64,
    /// Why `kept` is shorter than it would otherwise be: the address lies outside the memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<Name>,
}

/// How a host call ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallResult {
    /// It succeeded, with these results (none for a function that only succeeds or fails).
    Ok(Vec<Arg>),
    /// It failed in a way that the guest was told.
    Errno {
        /// The number that the guest received.
        number: u32,
        /// Its name, `ENOENT`; `None` for a number without one.
        name: Option<Name>,
        /// What it means.
        meaning: Name,
    },
    /// It failed with a value of the function's own error type (components).
    Err(Value),
    /// It ended the guest, as asked.
    Exit {
        /// The exit code.
        code: i32,
    },
    /// It ended the guest with an error (a trap).
    Trap {
        /// What the host said.
        message: String,
    },
    /// It had not returned when the record was taken.
    Unfinished,
    /// It returned, but what is not known (components whose results are not recorded).
    Unknown,
}

impl CallResult {
    /// Whether the guest was told of a failure, or ended by one.
    pub fn is_failure(&self) -> bool {
        matches!(
            self,
            CallResult::Errno { .. } | CallResult::Err(_) | CallResult::Trap { .. }
        )
    }
}

/// At most this many bytes of an error's message are kept.
const MAX_ERROR_TEXT: usize = 512;

/// The message of an error of the host with its causes, outermost first, cut when it is long.
pub(crate) fn error_text(error: &wasmtime::Error) -> String {
    let mut text = format!("{error:#}");
    if text.len() > MAX_ERROR_TEXT {
        let end = text.floor_char_boundary(MAX_ERROR_TEXT);
        text.truncate(end);
        text.push('…');
    }
    text
}
