//! A trace for OpenTelemetry collectors: one span for the run, and below it one for each host call,
//! as OTLP/JSON.
//!
//! The file is what the specification calls an [OTLP file]: each line an export request of its own,
//! so that nothing has to be kept and a trace that breaks off is whole up to there. Names of
//! attributes are those of the [semantic conventions] where there are such names.
//!
//! [OTLP file]: https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/
//! [semantic conventions]: https://opentelemetry.io/docs/specs/semconv/

use super::view::line;
use super::{End, Exporter, Subject, TracedCall, unix_ns};
use crate::call::{CallResult, HostCall};
use crate::filter::paths;
use crate::render::{LineStyle, plain};
use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::time::SystemTime;

/// Spans in a line.
const BATCH: usize = 64;

/// `SPAN_KIND_INTERNAL`: the call stays in this process.
const INTERNAL: u8 = 1;

/// `STATUS_CODE_ERROR`.
const ERROR: u8 = 2;

/// Writes export requests.
#[derive(Debug)]
pub struct Otlp {
    subject: Subject,
    style: LineStyle,
    trace: u128,
    /// The span of the run.
    root: u64,
    /// Nanoseconds from 1970 to the start of the run.
    origin: u64,
    /// The latest instant that a call has told of, from the start of the run.
    latest: u64,
    /// Serialised spans that wait for their line to be full, with commas between them.
    batch: Vec<u8>,
    batched: usize,
}

impl Otlp {
    /// A trace of a program; the text of calls is in a style. Its identifiers are random.
    pub fn new(subject: Subject, style: LineStyle) -> Self {
        // The keys of a fresh hasher are random.
        let random = || RandomState::new().hash_one(std::process::id());
        Otlp {
            subject,
            style,
            trace: (u128::from(random()) << 64 | u128::from(random())).max(1),
            root: random().max(1),
            origin: 0,
            latest: 0,
            batch: Vec::new(),
            batched: 0,
        }
    }

    fn span(&mut self, span: &Span<'_>, out: &mut dyn Write) -> io::Result<()> {
        if self.batched > 0 {
            self.batch.push(b',');
        }
        serde_json::to_writer(&mut self.batch, span)?;
        self.batched += 1;
        match self.batched < BATCH {
            true => Ok(()),
            false => self.flush(out),
        }
    }

    /// Writes the spans that wait, as one line.
    fn flush(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.batched == 0 {
            return Ok(());
        }
        out.write_all(b"{\"resourceSpans\":[{\"resource\":")?;
        serde_json::to_writer(&mut *out, &self.resource())?;
        out.write_all(b",\"scopeSpans\":[{\"scope\":{\"name\":\"wasmscope\",\"version\":\"")?;
        out.write_all(env!("CARGO_PKG_VERSION").as_bytes())?;
        out.write_all(b"\"},\"spans\":[")?;
        out.write_all(&self.batch)?;
        out.write_all(b"]}]}]}\n")?;
        self.batch.clear();
        self.batched = 0;
        Ok(())
    }

    fn resource(&self) -> Resource {
        let program = &self.subject.program;
        let file = program.rsplit(['/', '\\']).next().unwrap_or(program);
        let name = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let mut attributes = vec![
            text("service.name", name),
            text("process.executable.name", file),
            text("process.executable.path", program.as_str()),
            text("process.runtime.name", "wasmtime"),
        ];
        let args = std::iter::once(program.clone()).chain(self.subject.args.iter().cloned());
        attributes.push(Attribute {
            key: "process.command_args".into(),
            value: Any::Array {
                values: args.map(|value| Any::String { value }).collect(),
            },
        });
        Resource { attributes }
    }

    /// The identifier of a call's span: never nought, and no two alike.
    fn id(&self, seq: u64) -> u64 {
        // An odd factor makes different numbers of different numbers.
        let id = seq
            .wrapping_add(1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .wrapping_add(self.root);
        if id == 0 {
            self.root.wrapping_add(1).max(1)
        } else {
            id
        }
    }

    fn attributes(&self, traced: &TracedCall) -> Vec<Attribute> {
        let call = &traced.call;
        let mut found = vec![
            text("wasi.module", &*call.module),
            text("wasi.function", &*call.function),
            number("wasi.seq", call.seq),
            text("wasi.call", line(call, &self.style)),
        ];
        if let Some(class) = call.class {
            found.push(text("wasi.class", class.name()));
        }
        let named = call.args.iter().filter(|arg| !arg.name.is_empty());
        for arg in named {
            let value = plain(&arg.value, &self.style);
            found.push(text(format!("wasi.arg.{}", arg.name), value));
        }
        if let Some(path) = paths(call).pop() {
            found.push(text("file.path", path));
        }
        let moved = call.moved();
        if moved.read > 0 {
            found.push(number("wasi.bytes_in", moved.read));
        }
        if moved.written > 0 {
            found.push(number("wasi.bytes_out", moved.written));
        }
        if let Some(error) = error(call) {
            found.push(text("error.type", error));
        }
        if call.tampering.is_some_and(|tampering| tampering.result) {
            found.push(Attribute {
                key: "wasi.injected".into(),
                value: Any::Bool { value: true },
            });
        }
        place(traced, &mut found);
        found
    }
}

/// Where the call was made from.
fn place(traced: &TracedCall, found: &mut Vec<Attribute>) {
    if let Some(site) = &traced.site {
        if let Some(function) = &site.function {
            found.push(text("code.function.name", function.as_str()));
        }
        if let Some(file) = &site.file {
            found.push(text("code.file.path", file.as_str()));
        }
        if let Some(line) = site.line {
            found.push(number("code.line.number", line.into()));
        }
        if let Some(column) = site.column {
            found.push(number("code.column.number", column.into()));
        }
    }
    if !traced.stack.is_empty() {
        let lines: Vec<String> = traced.stack.iter().map(ToString::to_string).collect();
        found.push(text("code.stacktrace", lines.join("\n")));
    }
    for local in &traced.locals {
        if let Some(value) = &local.value {
            found.push(text(
                format!("wasmscope.local.{}", local.name),
                value.as_str(),
            ));
        }
    }
}

/// The kind of error that a call failed with.
fn error(call: &HostCall) -> Option<String> {
    match &call.result {
        CallResult::Errno {
            name: Some(name), ..
        } => Some(name.to_string()),
        CallResult::Errno { number, .. } => Some(format!("errno {number}")),
        CallResult::Err(value) => Some(plain(value, &LineStyle::default())),
        CallResult::Trap { .. } => Some("trap".to_owned()),
        _ => None,
    }
}

/// What went wrong, in words.
fn message(call: &HostCall) -> String {
    match &call.result {
        CallResult::Errno { meaning, .. } => meaning.to_string(),
        CallResult::Err(value) => {
            let error = plain(value, &LineStyle::default());
            match &call.hint {
                Some(hint) => format!("{error}: {hint}"),
                None => error,
            }
        }
        CallResult::Trap { message } => message.clone(),
        _ => String::new(),
    }
}

#[derive(Serialize)]
struct Resource {
    attributes: Vec<Attribute>,
}

#[derive(Serialize)]
struct Attribute {
    key: String,
    value: Any,
}

/// `AnyValue`.
enum Any {
    String { value: String },
    Number { value: i64 },
    Bool { value: bool },
    Array { values: Vec<Any> },
}

impl Serialize for Any {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Values<'a> {
            values: &'a [Any],
        }
        let mut any = serializer.serialize_struct("AnyValue", 1)?;
        match self {
            Any::String { value } => any.serialize_field("stringValue", value)?,
            // Numbers of 64 bits are strings in the JSON form of protocol buffers.
            Any::Number { value } => any.serialize_field("intValue", &value.to_string())?,
            Any::Bool { value } => any.serialize_field("boolValue", value)?,
            Any::Array { values } => any.serialize_field("arrayValue", &Values { values })?,
        }
        any.end()
    }
}

fn text(key: impl Into<String>, value: impl Into<String>) -> Attribute {
    Attribute {
        key: key.into(),
        value: Any::String {
            value: value.into(),
        },
    }
}

fn number(key: &str, value: u64) -> Attribute {
    Attribute {
        key: key.to_owned(),
        value: Any::Number {
            value: i64::try_from(value).unwrap_or(i64::MAX),
        },
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Span<'a> {
    trace_id: String,
    span_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_span_id: Option<String>,
    name: &'a str,
    kind: u8,
    start_time_unix_nano: String,
    end_time_unix_nano: String,
    attributes: Vec<Attribute>,
    status: Status,
}

#[derive(Default, Serialize)]
struct Status {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u8>,
    #[serde(skip_serializing_if = "String::is_empty")]
    message: String,
}

impl Exporter for Otlp {
    fn start(&mut self, at: SystemTime, _out: &mut dyn Write) -> io::Result<()> {
        self.origin = unix_ns(at);
        Ok(())
    }

    fn call(&mut self, traced: &TracedCall, out: &mut dyn Write) -> io::Result<()> {
        let call = &traced.call;
        let start = call.start.unwrap_or(self.latest);
        let end = start.saturating_add(call.duration.unwrap_or(0));
        self.latest = self.latest.max(end);
        let span = Span {
            trace_id: format!("{:032x}", self.trace),
            span_id: format!("{:016x}", self.id(call.seq)),
            parent_span_id: Some(format!("{:016x}", self.root)),
            name: &call.function,
            kind: INTERNAL,
            start_time_unix_nano: self.origin.saturating_add(start).to_string(),
            end_time_unix_nano: self.origin.saturating_add(end).to_string(),
            attributes: self.attributes(traced),
            status: match call.result.is_failure() {
                true => Status {
                    code: Some(ERROR),
                    message: message(call),
                },
                false => Status::default(),
            },
        };
        self.span(&span, out)
    }

    fn end(&mut self, end: &End, out: &mut dyn Write) -> io::Result<()> {
        let now = unix_ns(SystemTime::now());
        let failed = !matches!(end, End::Exited { code: 0 });
        let mut attributes = Vec::new();
        if let End::Exited { code } = end {
            attributes.push(Attribute {
                key: "process.exit.code".to_owned(),
                value: Any::Number {
                    value: (*code).into(),
                },
            });
        }
        let program = self.subject.program.clone();
        let span = Span {
            trace_id: format!("{:032x}", self.trace),
            span_id: format!("{:016x}", self.root),
            parent_span_id: None,
            name: &format!("run {program}"),
            kind: INTERNAL,
            start_time_unix_nano: self.origin.to_string(),
            // No earlier than its children's, should the clock have been set.
            end_time_unix_nano: now.max(self.origin.saturating_add(self.latest)).to_string(),
            attributes,
            status: match failed {
                true => Status {
                    code: Some(ERROR),
                    message: end.to_string(),
                },
                false => Status::default(),
            },
        };
        self.span(&span, out)?;
        self.flush(out)
    }
}
