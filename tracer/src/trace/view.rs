//! Host calls as JSON: the one form that the schema in `docs/trace-json.md` describes, for every
//! format that has JSON in it.
//!
//! It is not the derived form of the records, which mirrors their Rust types: here arguments are
//! found by name, text is text, and what a reader does not know it can skip.

use super::{Local, Site, TracedCall};
use crate::call::{Arg, Bytes, CallResult, HostCall, Tampering, Value};
use crate::render;
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};

/// A call with its place, as the fields of an object that has begun.
pub(super) fn call_fields<M: SerializeMap>(
    map: &mut M,
    traced: &TracedCall,
) -> Result<(), M::Error> {
    let call = &traced.call;
    map.serialize_entry("seq", &call.seq)?;
    map.serialize_entry("module", &*call.module)?;
    map.serialize_entry("function", &*call.function)?;
    if let Some(class) = call.class {
        map.serialize_entry("class", class.name())?;
    }
    map.serialize_entry("args", &Named(&call.args))?;
    map.serialize_entry("result", &Outcome(&call.result))?;
    if let Some(start) = call.start {
        map.serialize_entry("start_ns", &start)?;
    }
    if let Some(duration) = call.duration {
        map.serialize_entry("duration_ns", &duration)?;
    }
    let moved = call.moved();
    if moved.read > 0 {
        map.serialize_entry("bytes_in", &moved.read)?;
    }
    if moved.written > 0 {
        map.serialize_entry("bytes_out", &moved.written)?;
    }
    if let Some(hint) = &call.hint {
        map.serialize_entry("hint", hint)?;
    }
    if let Some(tampering) = &call.tampering {
        map.serialize_entry("injected", &Tampered(tampering))?;
    }
    if let Some(site) = &traced.site {
        map.serialize_entry("site", &Place(site))?;
    }
    if !traced.stack.is_empty() {
        map.serialize_entry("stack", &Places(&traced.stack))?;
    }
    if !traced.locals.is_empty() {
        map.serialize_entry("locals", &Locals(&traced.locals))?;
    }
    Ok(())
}

/// Named values as an object. Those without a name go by their position.
pub(super) struct Named<'a>(pub(super) &'a [Arg]);

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (position, arg) in self.0.iter().enumerate() {
            if arg.name.is_empty() {
                map.serialize_entry(&position.to_string(), &Shown(&arg.value))?;
            } else {
                map.serialize_entry(&*arg.name, &Shown(&arg.value))?;
            }
        }
        map.end()
    }
}

/// A value.
struct Shown<'a>(&'a Value);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Unsigned(number) => return serializer.serialize_u64(*number),
            Value::Signed(number) => return serializer.serialize_i64(*number),
            Value::Float(number) if number.is_finite() => return serializer.serialize_f64(*number),
            // JSON has no word for these.
            Value::Float(number) => return serializer.serialize_str(&number.to_string()),
            Value::Record(fields) => return Named(fields).serialize(serializer),
            Value::Path(bytes) | Value::Bytes(bytes) => {
                return Content(bytes).serialize(serializer);
            }
            _ => {}
        }
        let mut map = serializer.serialize_map(None)?;
        self.object(&mut map)?;
        map.end()
    }
}

impl Shown<'_> {
    /// The fields of a value that is an object.
    fn object<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        match self.0 {
            // Written by `serialize`.
            Value::Unsigned(_) | Value::Signed(_) | Value::Float(_) | Value::Record(_) => {}
            Value::Path(_) | Value::Bytes(_) => {}
            Value::Address(address) => map.serialize_entry("address", address)?,
            Value::Nanoseconds(ns) => map.serialize_entry("ns", ns)?,
            Value::WallClock(ns) => {
                map.serialize_entry("unix_ns", ns)?;
                map.serialize_entry("time", &render::time(*ns))?;
            }
            Value::Fd { fd, path } => {
                map.serialize_entry("fd", fd)?;
                if let Some(path) = path {
                    map.serialize_entry("path", path)?;
                }
            }
            Value::Resource { kind, id, label } => {
                map.serialize_entry("resource", &**kind)?;
                map.serialize_entry("id", id)?;
                if let Some(label) = label {
                    map.serialize_entry("label", label)?;
                }
            }
            Value::Buffers {
                buffers,
                count,
                length,
            } => {
                map.serialize_entry("buffers", &Contents(buffers))?;
                map.serialize_entry("count", count)?;
                map.serialize_entry("length", length)?;
            }
            Value::Flags {
                bits,
                names,
                unknown,
            } => {
                map.serialize_entry("flags", names)?;
                map.serialize_entry("bits", bits)?;
                if *unknown != 0 {
                    map.serialize_entry("unknown", unknown)?;
                }
            }
            Value::Enum { number, name } => {
                map.serialize_entry("name", name)?;
                map.serialize_entry("number", number)?;
            }
            Value::List { items, count } => {
                map.serialize_entry("items", &Values(items))?;
                map.serialize_entry("count", count)?;
            }
            Value::Entries {
                items,
                length,
                complete,
            } => {
                map.serialize_entry("entries", &Values(items))?;
                map.serialize_entry("length", length)?;
                map.serialize_entry("complete", complete)?;
            }
            Value::Text { text, cut } => {
                map.serialize_entry("text", text)?;
                if *cut {
                    map.serialize_entry("cut", cut)?;
                }
            }
            Value::Unavailable { because, address } => {
                map.serialize_entry("unavailable", &**because)?;
                if let Some(address) = address {
                    map.serialize_entry("address", address)?;
                }
            }
        }
        Ok(())
    }
}

/// Bytes: text where they are, hexadecimal digits otherwise.
struct Content<'a>(&'a Bytes);

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = self.0;
        let mut map = serializer.serialize_map(None)?;
        match text(bytes) {
            Some(text) => map.serialize_entry("text", text)?,
            None => map.serialize_entry("hex", &hex(&bytes.kept))?,
        }
        map.serialize_entry("length", &bytes.length)?;
        if let Some(because) = &bytes.unavailable {
            map.serialize_entry("unavailable", &**because)?;
        }
        map.end()
    }
}

/// The kept bytes as text, when they are. A character that the cut goes through is left out.
fn text(bytes: &Bytes) -> Option<&str> {
    match std::str::from_utf8(&bytes.kept) {
        Ok(text) => Some(text),
        Err(error) => {
            let cut = error.error_len().is_none() && (bytes.kept.len() as u64) < bytes.length;
            let valid = bytes.kept.get(..error.valid_up_to())?;
            cut.then(|| std::str::from_utf8(valid).ok())?
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |four: u8| char::from_digit(four.into(), 16).unwrap_or('?');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// How a call ended.
pub(super) struct Outcome<'a>(pub(super) &'a CallResult);

impl Serialize for Outcome<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.0 {
            CallResult::Ok(values) => map.serialize_entry("ok", &Named(values))?,
            CallResult::Errno {
                number,
                name,
                meaning,
            } => {
                map.serialize_entry("errno", name)?;
                map.serialize_entry("number", number)?;
                map.serialize_entry("meaning", &**meaning)?;
            }
            CallResult::Err(value) => map.serialize_entry("err", &Shown(value))?,
            CallResult::Exit { code } => map.serialize_entry("exit", code)?,
            CallResult::Trap { message } => map.serialize_entry("trap", message)?,
            CallResult::Unfinished => map.serialize_entry("unfinished", &true)?,
            CallResult::Unknown => map.serialize_entry("unknown", &true)?,
        }
        map.end()
    }
}

struct Tampered<'a>(&'a Tampering);

impl Serialize for Tampered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("result", &self.0.result)?;
        if let Some(ns) = self.0.delay_enter {
            map.serialize_entry("delay_enter_ns", &ns)?;
        }
        if let Some(ns) = self.0.delay_exit {
            map.serialize_entry("delay_exit_ns", &ns)?;
        }
        map.end()
    }
}

/// A place in the source, without what is not known.
pub(super) struct Place<'a>(pub(super) &'a Site);

impl Serialize for Place<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(file) = &self.0.file {
            map.serialize_entry("file", file)?;
        }
        if let Some(line) = self.0.line {
            map.serialize_entry("line", &line)?;
        }
        if let Some(column) = self.0.column {
            map.serialize_entry("column", &column)?;
        }
        if let Some(function) = &self.0.function {
            map.serialize_entry("function", function)?;
        }
        map.end()
    }
}

struct Locals<'a>(&'a [Local]);

impl Serialize for Locals<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        sequence(serializer, self.0)
    }
}

/// A type whose slices are sequences of some view of it.
macro_rules! sequences {
    ($($name:ident of $item:ty as $view:ident;)*) => {
        $(struct $name<'a>(&'a [$item]);

        impl Serialize for $name<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut seq = serializer.serialize_seq(Some(self.0.len()))?;
                for item in self.0 {
                    seq.serialize_element(&$view(item))?;
                }
                seq.end()
            }
        })*
    };
}

sequences! {
    Values of Value as Shown;
    Contents of Bytes as Content;
    Places of Site as Place;
}

fn sequence<S: Serializer>(serializer: S, items: &[impl Serialize]) -> Result<S::Ok, S::Error> {
    let mut seq = serializer.serialize_seq(Some(items.len()))?;
    for item in items {
        seq.serialize_element(item)?;
    }
    seq.end()
}

/// What of a call one line tells.
pub(super) fn line(call: &HostCall, style: &render::LineStyle) -> String {
    let mut line = String::new();
    // Writing to a string does not fail.
    let _ = style.call_without_time(call, &mut line);
    line
}
