//! A trace as JSON lines: one object for the start, one for each call, one for the end. The schema
//! is described in `docs/trace-json.md` and has a number, which goes up when a reader of the old form
//! would be misled; fields may be added without.

use super::view::call_fields;
use super::{End, Exporter, Subject, TracedCall, unix_ns};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use std::io::{self, Write};
use std::time::SystemTime;

/// The number of the schema.
pub const VERSION: u32 = 1;

/// The schema's name, in the first line.
pub const SCHEMA: &str = "wasmscope-trace";

/// Writes JSON lines.
#[derive(Debug)]
pub struct Json {
    subject: Subject,
    /// How many calls have been written.
    calls: u64,
}

impl Json {
    /// A trace of a program.
    pub fn new(subject: Subject) -> Self {
        Json { subject, calls: 0 }
    }
}

/// Writes one line.
fn line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Start<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    schema: &'static str,
    version: u32,
    wasmscope: &'static str,
    #[serde(flatten)]
    subject: &'a Subject,
    unix_ns: u64,
    time: String,
}

struct Call<'a>(&'a TracedCall);

impl Serialize for Call<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", "call")?;
        call_fields(&mut map, self.0)?;
        map.end()
    }
}

#[derive(Serialize)]
struct Ended<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    end: &'a End,
    calls: u64,
}

impl Exporter for Json {
    fn start(&mut self, at: SystemTime, out: &mut dyn Write) -> io::Result<()> {
        let unix_ns = unix_ns(at);
        line(
            out,
            &Start {
                kind: "start",
                schema: SCHEMA,
                version: VERSION,
                wasmscope: env!("CARGO_PKG_VERSION"),
                subject: &self.subject,
                unix_ns,
                time: crate::render::time(unix_ns),
            },
        )
    }

    fn call(&mut self, call: &TracedCall, out: &mut dyn Write) -> io::Result<()> {
        self.calls = self.calls.saturating_add(1);
        line(out, &Call(call))
    }

    fn end(&mut self, end: &End, out: &mut dyn Write) -> io::Result<()> {
        line(
            out,
            &Ended {
                kind: "end",
                end,
                calls: self.calls,
            },
        )
    }
}
