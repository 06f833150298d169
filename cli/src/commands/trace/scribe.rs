//! Writes a trace down: finds the source line of a call, decides by it, adds up and formats. All that
//! is done to a call once its guest has gone on.

use super::sum::{Sum, sum};
use crate::args::{Format, TraceArgs};
use anyhow::Context as _;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use wasmscope_debugger::CallSites;
use wasmscope_runner::CodePlace;
use wasmscope_tracer::HostCall;
use wasmscope_tracer::filter::Filter;
use wasmscope_tracer::summary::Summary;
use wasmscope_tracer::trace::{End, Exporter, Local, TracedCall};

/// The trace is written in pieces of this many bytes.
const PIECE: usize = 64 * 1024;

/// Where a trace goes.
pub(super) enum Destination {
    /// Standard error, where the guest's own goes too, and the user may be looking on.
    Stderr,
    /// A file.
    File(PathBuf, File),
}

/// A call whose function, result and arguments are wanted, and the guest's stack if that matters.
pub(super) struct Entry {
    /// The call; `None` while it is written.
    pub(super) call: Option<HostCall>,
    pub(super) stack: Vec<CodePlace>,
    /// Whether the guest has left a line open where the trace goes.
    pub(super) after_open_line: bool,
    /// How long a call has taken so far that has not returned.
    pub(super) so_far: Option<Duration>,
}

impl Entry {
    /// A call that has not returned.
    pub(super) fn unfinished(call: HostCall, so_far: Duration) -> Self {
        Entry {
            call: Some(call),
            stack: Vec::new(),
            after_open_line: false,
            so_far: Some(so_far),
        }
    }
}

/// Writes calls down.
pub(super) struct Scribe {
    exporter: Box<dyn Exporter>,
    out: BufWriter<Box<dyn Write + Send>>,
    /// Whether the trace is text, so that a table may stand in it.
    is_text: bool,
    /// The file's name, when it is no standard stream.
    file: Option<PathBuf>,
    filter: Arc<Filter>,
    sum: Option<Sum>,
    /// Show no calls, only their sums.
    sum_only: bool,
    sites: CallSites,
    with_source: bool,
    /// Show stacks; all of their frames.
    stack: Option<bool>,
    /// How many calls may still be shown.
    left: u64,
    /// Whether the guest has left a line open where the trace goes on.
    open_line: bool,
    broken: Option<io::Error>,
    finished: bool,
}

impl Scribe {
    pub(super) fn new(
        exporter: Box<dyn Exporter>,
        to: Destination,
        filter: Arc<Filter>,
        sites: CallSites,
        args: &TraceArgs,
    ) -> Self {
        let (file, out): (_, Box<dyn Write + Send>) = match to {
            Destination::Stderr => (None, Box::new(io::stderr())),
            Destination::File(path, file) => (Some(path), Box::new(file)),
        };
        Scribe {
            exporter,
            out: BufWriter::with_capacity(PIECE, out),
            is_text: args.show.format == Format::Text,
            file,
            filter,
            sum: sum(&args.sum, args.world.summary_order()),
            sum_only: args.sum.summary_only,
            sites,
            with_source: !args.show.no_source,
            stack: (args.show.stack > 0).then_some(args.show.stack > 1),
            left: args.show.limit.unwrap_or(u64::MAX),
            open_line: false,
            broken: None,
            finished: false,
        }
    }

    /// Whether the trace goes where the guest's own output may go too.
    pub(super) fn is_on_stderr(&self) -> bool {
        self.file.is_none()
    }

    /// Whether calls are written, rather than only added up.
    pub(super) fn shows_calls(&self) -> bool {
        // Nobody reads on where writing has failed; a file that is full gets no better.
        self.left > 0 && !self.sum_only && self.broken.is_none()
    }

    /// Whether stacks are wanted when calls are not shown.
    pub(super) fn sums_need_sites(&self) -> bool {
        let sum = self.sum.as_ref();
        sum.is_some_and(|sum| self.filter.needs_site() || sum.summary.needs_site())
    }

    /// Whether stacks are wanted as long as calls are shown.
    pub(super) fn calls_need_sites(&self) -> bool {
        self.with_source || self.stack.is_some() || self.filter.needs_site()
    }

    /// Whether it is enough to know what calls come to, by function.
    pub(super) fn only_adds_up_functions(&self) -> bool {
        let sum = self.sum.as_ref();
        self.sum_only && sum.is_some_and(|sum| sum.summary.is_brief())
    }

    /// Whether nothing is done with any more calls.
    pub(super) fn has_enough(&self) -> bool {
        self.finished || (!self.shows_calls() && self.sum.is_none())
    }

    /// Writes the start of the trace.
    pub(super) fn start(&mut self, at: SystemTime) {
        if !self.sum_only {
            let written = self.exporter.start(at, &mut self.out);
            self.note(written);
        }
    }

    /// Writes and adds up a call, if its source line is one of those that are wanted; `locals` finds
    /// the variables of a call that is shown. The entry stays whole: whoever made it is to drop it.
    pub(super) fn write(
        &mut self,
        entry: &mut Entry,
        locals: impl FnOnce(&mut CallSites) -> Vec<Local>,
    ) {
        self.open_line |= entry.after_open_line;
        if self.has_enough() {
            return;
        }
        let (stack, so_far) = (&entry.stack, entry.so_far);
        let shown = self.shows_calls();
        let site =
            match (shown && self.with_source) || self.sums_need_sites() || self.filter.needs_site()
            {
                true => self.sites.site(stack),
                false => None,
            };
        if !self.filter.accepts_site(site.as_ref()) {
            return;
        }
        let stack = match self.stack.filter(|_| shown) {
            Some(all) => self.sites.stack(stack, all),
            None => Vec::new(),
        };
        let locals = match shown {
            true => locals(&mut self.sites),
            false => Vec::new(),
        };
        let Some(call) = entry.call.take() else {
            return;
        };
        let mut traced = TracedCall {
            call,
            site,
            stack,
            locals,
        };
        if let Some(sum) = &mut self.sum {
            let so_far = so_far.map(|so_far| u64::try_from(so_far.as_nanos()).unwrap_or(u64::MAX));
            let duration = traced.call.duration;
            traced.call.duration = duration.or(so_far);
            sum.summary.add(&traced);
            traced.call.duration = duration;
        }
        if shown {
            if !self.with_source {
                traced.site = None;
            }
            self.left -= 1;
            self.end_open_line();
            let written = self.exporter.call(&traced, &mut self.out);
            self.note(written);
        }
        entry.call = Some(traced.call);
    }

    /// The guest has left a line open where the trace goes on.
    pub(super) fn after_open_line(&mut self) {
        self.open_line = true;
    }

    /// Has the trace begin on a line of its own.
    fn end_open_line(&mut self) {
        if std::mem::take(&mut self.open_line) {
            let written = self.out.write_all(b"\n");
            self.note(written);
        }
    }

    /// Takes sums over that somebody else has made.
    pub(super) fn add(&mut self, more: &Summary) {
        if let Some(sum) = &mut self.sum {
            sum.summary.join(more);
        }
    }

    /// Writes what has been held back.
    pub(super) fn flush(&mut self) {
        let flushed = self.out.flush();
        self.note(flushed);
    }

    /// Writes the end of the trace. What comes later is left out.
    ///
    /// # Errors
    /// When part of the trace could not be written to its file.
    pub(super) fn finish(&mut self, end: &End) -> anyhow::Result<()> {
        if self.finished {
            return Ok(());
        }
        self.finished = true;
        self.end_open_line();
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
        self.flush();
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
}
