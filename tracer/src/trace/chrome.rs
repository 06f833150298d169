//! A trace as Chrome trace events, which <https://ui.perfetto.dev> and `chrome://tracing` open: host
//! calls as spans on one track, the guest's own time between them on another.
//!
//! The array form of the [format] is written, whose closing bracket readers do without, so that a
//! trace whose process was killed opens too.
//!
//! [format]: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU

use super::view::{Named, Outcome, line};
use super::{End, Exporter, Subject, TracedCall, unix_ns};
use crate::call::CallResult;
use crate::render::LineStyle;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use std::io::{self, Write};
use std::time::SystemTime;

/// There is one process.
const PROCESS: u32 = 1;

/// The track of the guest's own time.
const GUEST: u32 = 1;

/// The track of host calls.
const CALLS: u32 = 2;

/// Writes trace events.
#[derive(Debug)]
pub struct Chrome {
    subject: Subject,
    style: LineStyle,
    /// How many events have been written.
    events: u64,
    /// Where the guest's own time goes on: nanoseconds from the start of the run.
    resumed: u64,
    /// The number of the call that comes next, when every call is shown.
    next: u64,
}

impl Chrome {
    /// A trace of a program; calls are named in a style.
    pub fn new(subject: Subject, style: LineStyle) -> Self {
        Chrome {
            subject,
            style,
            events: 0,
            resumed: 0,
            next: 0,
        }
    }

    /// Writes one element of the array.
    fn event(&mut self, out: &mut dyn Write, event: &Event<'_>) -> io::Result<()> {
        out.write_all(if self.events == 0 { b"[\n" } else { b",\n" })?;
        self.events = self.events.saturating_add(1);
        serde_json::to_writer(&mut *out, event)?;
        Ok(())
    }

    /// The time that the guest had to itself before a call.
    fn guest(&mut self, until: u64, seq: u64, out: &mut dyn Write) -> io::Result<()> {
        let Some(duration) = until.checked_sub(self.resumed).filter(|ns| *ns > 0) else {
            return Ok(());
        };
        let event = Event {
            // With calls left out by a filter, the time is not the guest's alone.
            name: if seq == self.next {
                "guest"
            } else {
                "guest, and calls not shown"
            },
            category: Some("guest"),
            start: Some(Micros(self.resumed)),
            duration: Some(Micros(duration)),
            ..Event::default()
        };
        self.event(out, &event)
    }

    fn metadata(
        &mut self,
        out: &mut dyn Write,
        name: &'static str,
        thread: u32,
        args: Args<'_>,
    ) -> io::Result<()> {
        let event = Event {
            name,
            phase: "M",
            thread,
            args,
            ..Event::default()
        };
        self.event(out, &event)
    }
}

/// Nanoseconds as the format has them: microseconds with a fraction.
struct Micros(u64);

impl Serialize for Micros {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0 as f64 / 1000.0)
    }
}

#[derive(Serialize)]
struct Event<'a> {
    name: &'a str,
    #[serde(rename = "ph")]
    phase: &'static str,
    #[serde(rename = "cat", skip_serializing_if = "Option::is_none")]
    category: Option<&'a str>,
    #[serde(rename = "ts", skip_serializing_if = "Option::is_none")]
    start: Option<Micros>,
    #[serde(rename = "dur", skip_serializing_if = "Option::is_none")]
    duration: Option<Micros>,
    #[serde(rename = "pid")]
    process: u32,
    #[serde(rename = "tid")]
    thread: u32,
    /// How far an instant event reaches.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    args: Args<'a>,
}

impl Default for Event<'_> {
    fn default() -> Self {
        Event {
            name: "",
            phase: "X",
            category: None,
            start: None,
            duration: None,
            process: PROCESS,
            thread: GUEST,
            scope: None,
            args: Args::None {},
        }
    }
}

/// What a viewer shows of an event on request.
#[derive(Serialize)]
#[serde(untagged)]
enum Args<'a> {
    None {},
    Name {
        name: &'a str,
    },
    Order {
        sort_index: u32,
    },
    Start {
        program: &'a str,
        arguments: &'a [String],
        unix_ns: u64,
    },
    Call(Call<'a>),
}

/// What is told of a call: the line of the text form, and its parts.
struct Call<'a> {
    line: String,
    traced: &'a TracedCall,
}

impl Serialize for Call<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let call = &self.traced.call;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("call", &self.line)?;
        map.serialize_entry("seq", &call.seq)?;
        if let Some(site) = &self.traced.site {
            map.serialize_entry("source", &site.to_string())?;
        }
        map.serialize_entry("args", &Named(&call.args))?;
        map.serialize_entry("result", &Outcome(&call.result))?;
        let moved = call.moved();
        if moved.read > 0 {
            map.serialize_entry("bytes_in", &moved.read)?;
        }
        if moved.written > 0 {
            map.serialize_entry("bytes_out", &moved.written)?;
        }
        if !self.traced.stack.is_empty() {
            let stack: Vec<String> = self.traced.stack.iter().map(ToString::to_string).collect();
            map.serialize_entry("stack", &stack)?;
        }
        if !self.traced.locals.is_empty() {
            map.serialize_entry("locals", &self.traced.locals)?;
        }
        map.end()
    }
}

impl Exporter for Chrome {
    fn start(&mut self, at: SystemTime, out: &mut dyn Write) -> io::Result<()> {
        let subject = std::mem::take(&mut self.subject);
        self.metadata(
            out,
            "process_name",
            GUEST,
            Args::Name {
                name: &subject.program,
            },
        )?;
        for (thread, name) in [(GUEST, "guest"), (CALLS, "host calls")] {
            self.metadata(out, "thread_name", thread, Args::Name { name })?;
            self.metadata(
                out,
                "thread_sort_index",
                thread,
                Args::Order { sort_index: thread },
            )?;
        }
        let start = Event {
            name: "start",
            phase: "i",
            category: Some("guest"),
            start: Some(Micros(0)),
            scope: Some("p"),
            args: Args::Start {
                program: &subject.program,
                arguments: &subject.args,
                unix_ns: unix_ns(at),
            },
            ..Event::default()
        };
        self.event(out, &start)
    }

    fn call(&mut self, traced: &TracedCall, out: &mut dyn Write) -> io::Result<()> {
        let call = &traced.call;
        let start = call.start.unwrap_or(self.resumed);
        self.guest(start, call.seq, out)?;
        self.next = call.seq.saturating_add(1);
        // A call that is not over has no end yet.
        let over = call.duration.is_some() || !matches!(call.result, CallResult::Unfinished);
        let duration = call.duration.unwrap_or(0);
        self.resumed = start.saturating_add(duration);
        let class = call.class.map_or("custom", |class| class.name());
        let failed = format!("{class},failed");
        let event = Event {
            name: &call.function,
            phase: if over { "X" } else { "B" },
            category: Some(if call.result.is_failure() {
                &failed
            } else {
                class
            }),
            start: Some(Micros(start)),
            duration: over.then_some(Micros(duration)),
            thread: CALLS,
            args: Args::Call(Call {
                line: line(call, &self.style),
                traced,
            }),
            ..Event::default()
        };
        self.event(out, &event)
    }

    fn end(&mut self, end: &End, out: &mut dyn Write) -> io::Result<()> {
        let event = Event {
            name: &end.to_string(),
            phase: "i",
            category: Some("guest"),
            start: Some(Micros(self.resumed)),
            scope: Some("p"),
            ..Event::default()
        };
        self.event(out, &event)?;
        out.write_all(b"\n]\n")
    }
}
