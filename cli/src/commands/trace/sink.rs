//! The path of a host call from the guest's thread to the trace: find its source line, write it,
//! and hold back what need not be seen at once.

use super::sum::{Sum, sum};
use crate::args::{Format, TraceArgs};
use anyhow::Context as _;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::time::SystemTime;
use wasmscope_debugger::{CallSites, CallingGuest};
use wasmscope_runner::{CallSink, GuestAtCall, WasmFrame};
use wasmscope_tracer::filter::Filter;
use wasmscope_tracer::trace::{End, Exporter, Local, TracedCall};
use wasmscope_tracer::{Beginning, Function, HostCall};

/// The trace is written in pieces of this many bytes.
const PIECE: usize = 64 * 1024;

/// Where a trace goes.
pub(super) enum Destination {
    /// Standard error, where the guest's own goes too, and the user may be looking on.
    Stderr,
    /// A file.
    File(PathBuf, File),
}

/// Takes host calls and writes them down.
pub(super) struct TraceSink {
    exporter: Box<dyn Exporter>,
    out: BufWriter<Box<dyn Write + Send>>,
    /// Whether the trace is text, so that a table may stand in it.
    is_text: bool,
    /// The file's name, when it is no standard stream.
    file: Option<PathBuf>,
    filter: Filter,
    sum: Option<Sum>,
    /// Show no calls, only their sums.
    sum_only: bool,
    sites: CallSites,
    with_source: bool,
    /// Show stacks; all of their frames.
    stack: Option<bool>,
    /// Show variables, which are found by the stack pointer in this global.
    stack_pointer: Option<u32>,
    /// A call that has begun and may take long.
    waiting: Option<HostCall>,
    /// How many calls may still be shown.
    left: u64,
    broken: Option<io::Error>,
    finished: bool,
}

impl TraceSink {
    pub(super) fn new(
        exporter: Box<dyn Exporter>,
        to: Destination,
        filter: Filter,
        sites: CallSites,
        args: &TraceArgs,
    ) -> Self {
        let (file, out): (_, Box<dyn Write + Send>) = match to {
            Destination::Stderr => (None, Box::new(io::stderr())),
            Destination::File(path, file) => (Some(path), Box::new(file)),
        };
        TraceSink {
            exporter,
            out: BufWriter::with_capacity(PIECE, out),
            is_text: args.show.format == Format::Text,
            file,
            filter,
            sum: sum(&args.sum),
            sum_only: args.sum.summary_only,
            sites,
            with_source: !args.show.no_source,
            stack: (args.show.stack > 0).then_some(args.show.stack > 1),
            stack_pointer: None,
            waiting: None,
            left: args.show.limit.unwrap_or(u64::MAX),
            broken: None,
            finished: false,
        }
    }

    /// Shows variables, which are found by the stack pointer in this global.
    pub(super) fn with_locals(self, global: u32) -> Self {
        TraceSink {
            stack_pointer: Some(global),
            ..self
        }
    }

    /// Writes the end of the trace. What comes later is left out.
    ///
    /// # Errors
    /// When part of the trace could not be written to its file.
    pub(super) fn finish(&mut self, end: &End) -> anyhow::Result<()> {
        if self.finished {
            return Ok(());
        }
        if let Some(call) = self.waiting.take() {
            self.write(call, None);
        }
        self.finished = true;
        if !self.sum_only {
            let written = self.exporter.end(end, &mut self.out);
            self.note(written);
        }
        if let Some(sum) = &self.sum {
            let table = sum.summary.table(sum.order);
            if self.is_text {
                let written = self.out.write_all(table.as_bytes());
                self.note(written);
            } else {
                // With standard error closed there is nobody to tell.
                let _ = io::stderr().write_all(table.as_bytes());
            }
        }
        let flushed = self.out.flush();
        self.note(flushed);
        match (self.broken.take(), &self.file) {
            (Some(error), Some(file)) => Err(error)
                .with_context(|| format!("-o {}: the trace is not complete", file.display())),
            // With standard error closed there is nobody to tell.
            _ => Ok(()),
        }
    }

    /// Keeps the first thing that went wrong in writing.
    fn note(&mut self, written: io::Result<()>) {
        if let Err(error) = written {
            self.broken.get_or_insert(error);
        }
    }

    /// Writes and adds up a call, if it is one of those that are wanted.
    /// One that has not returned has no guest to look at.
    fn write(&mut self, call: HostCall, guest: Option<&dyn GuestAtCall>) {
        if !self.filter.accepts(&call) {
            return;
        }
        let shown = self.shows_calls();
        let wants_site = (shown && self.with_source)
            || self.filter.needs_site()
            || self
                .sum
                .as_ref()
                .is_some_and(|sum| sum.summary.needs_site());
        let wants_stack = self.stack.filter(|_| shown);
        let wants_locals = self.stack_pointer.filter(|_| shown);
        let frames = match wants_site || wants_stack.is_some() || wants_locals.is_some() {
            true => guest.map(|guest| guest.frames()).unwrap_or_default(),
            false => Vec::new(),
        };
        let site = match wants_site {
            true => self.sites.site(&frames),
            false => None,
        };
        if !self.filter.accepts_site(site.as_ref()) {
            return;
        }
        let stack = match wants_stack {
            Some(all) => self.sites.stack(&frames, all),
            None => Vec::new(),
        };
        let locals = match (wants_locals, guest) {
            (Some(global), Some(guest)) => self.locals(&frames, global, guest),
            _ => Vec::new(),
        };
        let mut traced = TracedCall {
            call,
            site,
            stack,
            locals,
        };
        if let Some(sum) = &mut self.sum {
            sum.summary.add(&traced);
        }
        if shown {
            if !self.with_source {
                traced.site = None;
            }
            self.left -= 1;
            let written = self.exporter.call(&traced, &mut self.out);
            self.note(written);
        }
    }

    /// A call begins: what has been held back is written where the user may be looking on.
    fn begin(
        &mut self,
        beginning: Beginning,
        is_wanted: bool,
        call: impl FnOnce() -> Option<HostCall>,
    ) {
        if self.finished {
            return;
        }
        // On standard error, lines stay in order with what the guest itself writes.
        if self.file.is_none() && (beginning.may_wait || beginning.may_show) {
            let flushed = self.out.flush();
            self.note(flushed);
        }
        if beginning.may_wait && is_wanted && !self.is_over() {
            self.waiting = call();
        }
    }

    /// The variables of the frame that calls.
    fn locals(&mut self, frames: &[WasmFrame], global: u32, guest: &dyn GuestAtCall) -> Vec<Local> {
        let (Some(memory), Some(pointer)) = (guest.memory(), guest.stack_pointer()) else {
            return Vec::new();
        };
        self.sites.locals(&CallingGuest {
            frames,
            memory,
            global,
            stack_pointer: pointer,
        })
    }

    /// Whether calls are written, rather than only added up.
    fn shows_calls(&self) -> bool {
        self.left > 0 && !self.sum_only
    }

    fn is_over(&self) -> bool {
        self.finished || (!self.shows_calls() && self.sum.is_none())
    }
}

impl CallSink for TraceSink {
    fn starts(&mut self, at: SystemTime) {
        if !self.sum_only {
            let written = self.exporter.start(at, &mut self.out);
            self.note(written);
        }
    }

    fn wants(&self, function: &'static Function) -> bool {
        self.filter.wants(function)
    }

    fn wants_named(&self, module: &str, function: &str) -> bool {
        self.filter.wants_named(module, function)
    }

    fn begins_named(&mut self, beginning: Beginning, call: &HostCall) {
        self.begin(beginning, true, || Some(call.clone()));
    }

    fn begins(
        &mut self,
        function: &'static Function,
        args: &[u64],
        call: &dyn Fn() -> Option<HostCall>,
    ) {
        let beginning = Beginning {
            may_wait: function.may_wait(args),
            may_show: function.may_show(args),
        };
        let wanted = beginning.may_wait && self.filter.wants(function);
        self.begin(beginning, wanted, call);
    }

    fn ends(&mut self, call: HostCall, guest: &dyn GuestAtCall) {
        self.waiting = None;
        if !self.is_over() {
            self.write(call, Some(guest));
        }
    }
}
