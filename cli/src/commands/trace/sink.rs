//! The path of a host call from the guest's thread to the trace: what has to be decided and looked at
//! while the guest stands still. The rest is done elsewhere ([`super::desk`]).

use super::desk::Desk;
use super::scribe::{Entry, Scribe};
use std::sync::Arc;
use std::time::{Instant, SystemTime};
use wasmscope_debugger::{CallSites, CallingGuest};
use wasmscope_runner::{CallSink, GuestAtCall, GuestStderr, WasmFrame};
use wasmscope_tracer::filter::Filter;
use wasmscope_tracer::summary::{By, Summary};
use wasmscope_tracer::trace::{End, Local};
use wasmscope_tracer::{Beginning, Brief, Function, HostCall, Interest};

/// How variables are found.
#[derive(Clone, Copy, Debug)]
pub(super) enum LocalsBy {
    /// In memory, by the stack pointer in this global.
    StackPointer(u32),
    /// Debuggable code tells them all.
    Engine,
}

/// Takes host calls on the guest's thread.
pub(super) struct TraceSink {
    desk: Arc<Desk>,
    filter: Arc<Filter>,
    /// Whether the trace goes where the guest's own output may go too.
    on_stderr: bool,
    /// Whether stacks are wanted of calls that are shown.
    walks_for_calls: bool,
    /// Whether stacks are wanted in any case.
    walks_for_sums: bool,
    /// Show variables.
    locals: Option<LocalsBy>,
    /// Sums by function, when nothing else of calls is wanted.
    sums: Option<Summary>,
    /// The guest's standard error, and the end of what it had written there when it left a line open.
    stderr: Option<GuestStderr>,
    open_line: Option<u64>,
    /// A call that has begun and may take long, and when it began.
    waiting: Option<(HostCall, Instant)>,
    finished: bool,
}

impl TraceSink {
    /// A sink before a scribe who has not begun.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(super) fn new(scribe: Scribe, filter: Arc<Filter>) -> anyhow::Result<Self> {
        let is_brief = scribe.only_adds_up_functions() && filter.is_by_function();
        Ok(TraceSink {
            on_stderr: scribe.is_on_stderr(),
            walks_for_calls: scribe.calls_need_sites(),
            walks_for_sums: scribe.sums_need_sites(),
            sums: is_brief.then(|| Summary::new(By::Function)),
            desk: Desk::new(scribe)?,
            filter,
            locals: None,
            stderr: None,
            open_line: None,
            waiting: None,
            finished: false,
        })
    }

    /// Shows variables.
    pub(super) fn with_locals(self, locals: Option<LocalsBy>) -> Self {
        TraceSink { locals, ..self }
    }

    /// Writes the end of the trace. What comes later is left out; so is the rest when it cannot be
    /// written up to an instant.
    ///
    /// # Errors
    /// When part of the trace could not be written to its file.
    pub(super) fn finish(&mut self, end: &End, until: Option<Instant>) -> anyhow::Result<()> {
        if std::mem::replace(&mut self.finished, true) {
            return Ok(());
        }
        let Some(mut scribe) = self.desk.close(until) else {
            return Ok(());
        };
        if is_open(&self.stderr, &mut self.open_line) {
            scribe.after_open_line();
        }
        if let Some((call, since)) = self.waiting.take()
            && self.filter.accepts(&call)
        {
            // One that has not returned has no guest to look at.
            let mut entry = Entry::unfinished(call, since.elapsed());
            scribe.write(&mut entry, |_| Vec::new());
        }
        if let Some(sums) = &self.sums {
            scribe.add(sums);
        }
        scribe.finish(end)
    }

    /// What is wanted of the calls of a function that is, or is not.
    fn interest_in(&self, is_wanted: bool) -> Interest {
        match (is_wanted, &self.sums) {
            (false, _) => Interest::Nothing,
            (true, Some(_)) => Interest::Sums,
            (true, None) => Interest::Calls,
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
        if self.on_stderr && (beginning.may_wait || beginning.may_show) {
            self.desk.clear().flush();
        }
        if beginning.may_wait && is_wanted && !self.desk.has_enough() {
            self.waiting = call().map(|call| (call, Instant::now()));
        }
    }

    /// Writes a call while its guest stands still, with its variables.
    fn write_with_locals(&mut self, call: HostCall, by: LocalsBy, guest: &dyn GuestAtCall) {
        let frames = guest.frames();
        let mut entry = Entry {
            stack: frames.iter().map(WasmFrame::place).collect(),
            after_open_line: is_open(&self.stderr, &mut self.open_line),
            call: Some(call),
            so_far: None,
        };
        let mut scribe = self.desk.clear();
        scribe.write(&mut entry, |sites| match by {
            LocalsBy::StackPointer(global) => locals_in_memory(sites, &frames, global, guest),
            LocalsBy::Engine => {
                let mut locals = Vec::new();
                guest.look(&mut |paused| locals = sites.locals_of_paused(paused));
                locals
            }
        });
        self.desk.note(&scribe);
    }
}

/// The variables of a core module of plain code.
fn locals_in_memory(
    sites: &mut CallSites,
    frames: &[WasmFrame],
    global: u32,
    guest: &dyn GuestAtCall,
) -> Vec<Local> {
    let (Some(memory), Some(stack_pointer)) = (guest.memory(), guest.stack_pointer()) else {
        return Vec::new();
    };
    sites.locals(&CallingGuest {
        frames,
        memory,
        global,
        stack_pointer,
    })
}

impl CallSink for TraceSink {
    fn starts(&mut self, at: SystemTime, stderr: GuestStderr) {
        self.stderr = self.on_stderr.then_some(stderr);
        self.desk.clear().start(at);
    }

    fn interest(&self, function: &'static Function) -> Interest {
        self.interest_in(self.filter.wants(function))
    }

    fn interest_named(&self, module: &str, function: &str) -> Interest {
        self.interest_in(self.filter.wants_named(module, function))
    }

    fn wants_resources(&self) -> bool {
        // They are not counted.
        self.sums.is_none()
    }

    fn hears_all_beginnings(&self) -> bool {
        self.on_stderr && self.sums.is_none()
    }

    fn begins_named(&mut self, beginning: Beginning, call: Option<&HostCall>) {
        self.begin(beginning, call.is_some(), || call.cloned());
    }

    fn begins(
        &mut self,
        function: &'static Function,
        beginning: Beginning,
        call: &dyn Fn() -> Option<HostCall>,
    ) {
        let wanted = beginning.may_wait && self.filter.wants(function);
        self.begin(beginning, wanted, call);
    }

    fn has_enough(&self) -> bool {
        self.desk.has_enough()
    }

    fn ends_briefly(&mut self, brief: &Brief<'_>) {
        self.waiting = None;
        if let Some(sums) = self.sums.as_mut().filter(|_| !self.finished) {
            sums.add_brief(brief);
        }
    }

    fn ends(&mut self, call: HostCall, guest: &dyn GuestAtCall) {
        self.waiting = None;
        if self.desk.has_enough() || !self.filter.accepts(&call) {
            return;
        }
        let shown = self.desk.shows_calls();
        if let Some(locals) = self.locals.filter(|_| shown) {
            return self.write_with_locals(call, locals, guest);
        }
        let stack = match self.walks_for_sums || (shown && self.walks_for_calls) {
            true => guest.places(),
            false => Vec::new(),
        };
        self.desk.put(Entry {
            call: Some(call),
            stack,
            after_open_line: is_open(&self.stderr, &mut self.open_line),
            so_far: None,
        });
    }
}

/// Whether the guest has left a line open where the trace goes, since `before`.
fn is_open(stderr: &Option<GuestStderr>, before: &mut Option<u64>) -> bool {
    let open = stderr.as_ref().and_then(GuestStderr::open_line);
    let is_new = open.is_some() && open != *before;
    *before = open;
    is_new
}
