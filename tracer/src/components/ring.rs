//! The last calls of components, as text. A slot's buffers are used again and again, and formatting
//! stops where they are full.

use super::resources::Resources;
use super::text::{exit_code, inside, value, write_bounded};
use super::{Arguments, ComponentRecording};
use crate::call::{Arg, Bytes, CallResult, HostCall, Moved, Tampering, Value, contents};
use crate::observe::{Brief, Interest};
use crate::table::components as table;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant, SystemTime};
use tracing::Metadata;
use tracing::field::{Field, Visit};

/// The field of the event that ends a call.
pub(super) const RESULT: &str = "result";

/// The name that an error goes by that Wasmtime leaves out of its text.
pub(super) const ERROR: &str = "error";

/// The start of the names of functions that drop resources.
pub(super) const DROP: &str = "[resource-drop]";

/// At most this many bytes of an interface's or a function's name.
const MAX_NAME: usize = 256;

#[derive(Debug)]
pub(super) struct Ring {
    recording: ComponentRecording,
    slots: Vec<Slot>,
    next: u64,
    cursor: usize,
    origin: Instant,
    /// The wall clock's reading at `origin`.
    wall_origin: SystemTime,
    /// What resources stand for, when somebody is told of each call.
    pub(super) resources: Option<Resources>,
    /// Whether somebody wants to hear when calls begin that are not wanted.
    hears_all: bool,
    /// The functions that have been called.
    functions: Vec<FunctionName>,
    /// Their positions, by the address of their span's metadata.
    positions: HashMap<usize, usize>,
    /// Some of `positions`, each where its address says.
    known: [(usize, usize); KNOWN],
    /// Whether calls are rare enough for their arguments to be formatted.
    rare: bool,
    /// When the last batch of calls began.
    batch: Instant,
}

/// How many calls are timed together to tell how many there are in a second.
const BATCH: u64 = 64;

/// With calls further apart than this on average, arguments are formatted.
const RARE: Duration = Duration::from_micros(20);

/// How many functions are found again at once. A power of two.
const KNOWN: usize = 64;

/// The names of a function.
#[derive(Debug, Default)]
struct FunctionName {
    /// The path of the bindings' Rust module, which has the namespace and package in it.
    path: &'static str,
    module: String,
    function: String,
    /// What an observer wants to hear of its calls; `None` before it has been asked.
    interest: Option<Interest>,
}

#[derive(Debug, Default)]
struct Slot {
    seq: u64,
    /// The position of the function's names.
    function: usize,
    /// What is recorded of arguments and result.
    detail: Detail,
    /// The arguments, one after the other.
    text: String,
    fields: Vec<TextField>,
    result: String,
    result_cut: bool,
    has_result: bool,
    /// What Wasmtime leaves out of its text: by the argument's name, or the result's.
    noted: Vec<(&'static str, Value)>,
    returned: bool,
    start: Option<u64>,
    duration: Option<u64>,
    tampering: Option<Tampering>,
    hint: Option<String>,
}

/// What is recorded of a call beside its function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Detail {
    #[default]
    Nothing,
    /// Whether it failed, and the contents it moved.
    Outcome,
    /// Arguments and result.
    All,
}

/// So much of a result says whether the call has failed.
const OUTCOME_BYTES: usize = 128;

/// An argument: up to where its text goes.
#[derive(Clone, Copy, Debug)]
struct TextField {
    name: &'static str,
    end: usize,
    cut: bool,
}

impl Ring {
    pub(super) fn new(recording: ComponentRecording) -> Self {
        Ring {
            recording,
            slots: Vec::new(),
            next: 0,
            cursor: 0,
            origin: Instant::now(),
            wall_origin: SystemTime::now(),
            resources: None,
            hears_all: false,
            functions: Vec::new(),
            positions: HashMap::new(),
            known: [(0, 0); KNOWN],
            rare: true,
            batch: Instant::now(),
        }
    }

    pub(super) fn recording(&self) -> &ComponentRecording {
        &self.recording
    }

    pub(super) fn total(&self) -> u64 {
        self.next
    }

    /// Starts counting time, and following resources, for somebody who is told of each call.
    pub(super) fn observe(&mut self, follow: bool, hears_all: bool) -> SystemTime {
        self.origin = Instant::now();
        self.wall_origin = SystemTime::now();
        self.resources = follow.then(Resources::default);
        self.hears_all = hears_all;
        self.wall_origin
    }

    fn now(&self) -> Option<u64> {
        self.recording
            .time
            .then(|| self.origin.elapsed().as_nanos() as u64)
    }

    /// A call begins: `record` hands out the names in the fields of its span. Its number is returned,
    /// and whether its arguments and result are wanted. `wants` is asked once for each function.
    pub(super) fn enter(
        &mut self,
        metadata: &'static Metadata<'static>,
        record: impl FnOnce(&mut dyn Visit),
        wants: impl FnOnce(&str, &str) -> Interest,
    ) -> (u64, bool) {
        let seq = self.next;
        let Some(index) = self.next_slot() else {
            return (seq, false);
        };
        let function = self.function(metadata, record);
        let has_text = match self.recording.arguments {
            Arguments::Never => false,
            Arguments::WhenCheap => self.is_rare(seq),
            Arguments::Always => true,
        };
        let interest = self.ask(function, wants);
        let detail = match interest {
            _ if !has_text => Detail::Nothing,
            Interest::Calls => Detail::All,
            Interest::Sums => Detail::Outcome,
            // Of what nobody is told, no text is needed, but for what says what resources are.
            Interest::Nothing if self.makes_resources(function) => Detail::All,
            Interest::Nothing => Detail::Nothing,
        };
        let start = self.start_of(interest);
        if let Some(slot) = self.slots.get_mut(index) {
            slot.begin(seq, function, start, detail);
        }
        (seq, detail != Detail::Nothing)
    }

    /// What is wanted of the calls of a function.
    fn ask(&mut self, function: usize, wants: impl FnOnce(&str, &str) -> Interest) -> Interest {
        let name = self.functions.get_mut(function);
        name.map_or(Interest::Calls, |name| {
            *name
                .interest
                .get_or_insert_with(|| wants(&interface(name.path, &name.module), &name.function))
        })
    }

    /// When a call begins, if somebody wants to know.
    fn start_of(&self, interest: Interest) -> Option<u64> {
        match interest {
            Interest::Nothing => None,
            Interest::Sums | Interest::Calls => self.now(),
        }
    }

    /// A call of a function that has no span begins, as Wasmtime makes them itself.
    pub(super) fn enter_own(
        &mut self,
        module: &'static str,
        function: &'static str,
        wants: impl FnOnce(&str, &str) -> Interest,
    ) -> Option<u64> {
        let seq = self.next;
        let index = self.next_slot()?;
        let found = self
            .functions
            .iter()
            .position(|name| name.path.is_empty() && name.function == function);
        let position = found.unwrap_or_else(|| {
            self.functions.push(FunctionName {
                path: "",
                module: module.to_owned(),
                function: function.to_owned(),
                interest: None,
            });
            self.functions.len() - 1
        });
        let interest = self.ask(position, wants);
        let start = self.start_of(interest);
        let slot = self.slots.get_mut(index)?;
        slot.begin(seq, position, start, Detail::All);
        Some(seq)
    }

    /// Takes the next number and its slot, if there are any.
    fn next_slot(&mut self) -> Option<usize> {
        self.next += 1;
        let index = self.cursor;
        self.cursor += 1;
        if self.cursor >= self.recording.calls {
            self.cursor = 0;
        }
        if index == self.slots.len() && index < self.recording.calls {
            self.slots.push(Slot::default());
        }
        (index < self.slots.len()).then_some(index)
    }

    fn makes_resources(&self, function: usize) -> bool {
        self.resources.is_some()
            && self
                .functions
                .get(function)
                .is_some_and(|name| table::makes(&name.function).is_some())
    }

    /// What somebody wants to hear of a call that is kept still.
    pub(super) fn interest(&mut self, seq: u64) -> Interest {
        let function = self.slot(seq).map(|slot| slot.function);
        let name = function.and_then(|function| self.functions.get(function));
        name.and_then(|name| name.interest).unwrap_or_default()
    }

    /// Whether somebody wants to hear that a call begins of which nothing else is wanted.
    pub(super) fn hears_unwanted(&mut self, seq: u64) -> bool {
        self.hears_all
            && self.interest(seq) == Interest::Nothing
            && self
                .slot(seq)
                .map(|slot| slot.function)
                .and_then(|function| self.functions.get(function))
                .is_some_and(|name| table::may_matter_at_start(&name.function))
    }

    /// What a call that is kept still comes to.
    pub(super) fn brief(&self, seq: u64) -> Option<Brief<'_>> {
        let slot = self.kept_slot(seq)?;
        let function = self.functions.get(slot.function)?.function.as_str();
        let failed = slot.has_failed();
        Some(Brief {
            function,
            row: None,
            failed,
            duration: slot.duration,
            moved: match failed || !table::moves_contents(function) {
                true => Moved::default(),
                false => slot.moved(),
            },
        })
    }

    /// Keeps what a call that nobody is told of did to resources.
    pub(super) fn follow(&mut self, seq: u64) {
        let Some(function) = self.kept_slot(seq).map(|slot| slot.function) else {
            return;
        };
        let drops = |name: &FunctionName| name.function.starts_with(DROP);
        if self.makes_resources(function)
            || (self.resources.is_some() && self.functions.get(function).is_some_and(drops))
        {
            self.ended(seq);
        }
    }

    /// Whether calls come slowly, judged by the batch of calls before this one.
    fn is_rare(&mut self, seq: u64) -> bool {
        if seq.is_multiple_of(BATCH) {
            let now = Instant::now();
            self.rare = seq == 0 || now.duration_since(self.batch) > RARE * BATCH as u32;
            self.batch = now;
        }
        self.rare
    }

    /// The position of the names in a span, which are the same for all spans of one place in the
    /// program.
    fn function(
        &mut self,
        metadata: &'static Metadata<'static>,
        record: impl FnOnce(&mut dyn Visit),
    ) -> usize {
        let address = std::ptr::from_ref(metadata).addr();
        // Metadata is larger than 64 bytes: neighbours go to different places.
        let place = self.known.get_mut((address >> 6) % KNOWN);
        if let Some((known, position)) = &place
            && *known == address
        {
            return *position;
        }
        let position = *self.positions.entry(address).or_insert_with(|| {
            let mut name = FunctionName {
                // The module's path, unless somebody says otherwise.
                path: metadata.target(),
                ..FunctionName::default()
            };
            record(&mut NameVisitor { name: &mut name });
            self.functions.push(name);
            self.functions.len() - 1
        });
        if let Some(place) = place {
            *place = (address, position);
        }
        position
    }

    /// The arguments or the result of a call, which `record` hands out.
    pub(super) fn text(&mut self, seq: u64, result: bool, record: impl FnOnce(&mut dyn Visit)) {
        let limit = self.recording.text_bytes;
        let Some(slot) = self.slot(seq) else { return };
        match (result, slot.detail) {
            (_, Detail::Nothing) | (false, Detail::Outcome) => {}
            (true, Detail::Outcome) => {
                let limit = limit.min(OUTCOME_BYTES);
                record(&mut ResultVisitor { slot, limit });
            }
            (true, Detail::All) => record(&mut ResultVisitor { slot, limit }),
            (false, Detail::All) => record(&mut ArgumentVisitor { slot, limit }),
        }
    }

    /// What Wasmtime leaves out of the text of a call: of the argument of that name, or of the result.
    pub(super) fn note(&mut self, seq: u64, name: &'static str, value: Value) {
        if let Some(slot) = self.slot(seq).filter(|slot| slot.detail != Detail::Nothing) {
            slot.noted.push((name, value));
        }
    }

    /// A call without a span has succeeded.
    pub(super) fn note_end(&mut self, seq: u64) {
        if let Some(slot) = self.slot(seq) {
            slot.result.push_str("Ok(())");
            slot.has_result = true;
        }
    }

    /// The first of some bytes, as many as are kept.
    pub(super) fn kept(&self, bytes: &[u8]) -> Bytes {
        let kept = bytes.get(..self.recording.data_bytes).unwrap_or(bytes);
        Bytes {
            kept: kept.to_vec(),
            length: bytes.len() as u64,
            unavailable: None,
        }
    }

    /// The record of a call that is kept still, with its resources named if those are followed.
    pub(super) fn call(&self, seq: u64) -> Option<HostCall> {
        let slot = self.kept_slot(seq)?;
        let mut call = slot.call(self.functions.get(slot.function)?);
        if let Some(resources) = &self.resources {
            resources.name_arguments(&mut call);
        }
        Some(call)
    }

    /// As [`Self::call`], for a call that has ended: what it did to resources is kept.
    pub(super) fn ended(&mut self, seq: u64) -> Option<HostCall> {
        let mut call = self.call(seq)?;
        if let Some(resources) = &mut self.resources {
            resources.name_results(&mut call);
            if call.function.starts_with(DROP)
                && let Some(Value::Resource { id, .. }) = call.args.first().map(|arg| &arg.value)
            {
                resources.forget(*id);
            }
        }
        Some(call)
    }

    /// A call has ended.
    pub(super) fn leave(&mut self, seq: u64) {
        let start = self.kept_slot(seq).and_then(|slot| slot.start);
        let duration = start.and_then(|start| Some(self.now()?.saturating_sub(start)));
        if let Some(slot) = self.slot(seq) {
            slot.returned = true;
            slot.duration = duration;
        }
    }

    /// What was done at the start of a call is over: its time counts from here.
    pub(super) fn restart(&mut self, seq: u64) {
        let start = self.now();
        if let Some(slot) = self.slot(seq).filter(|slot| slot.start.is_some()) {
            // A delay is part of the call.
            let delay = slot.tampering.and_then(|done| done.delay_enter);
            slot.start = start.map(|start| start.saturating_sub(delay.unwrap_or(0)));
        }
    }

    /// The names of the function of a call that is kept still.
    pub(super) fn names(&self, seq: u64) -> Option<(String, &str)> {
        let function = self.kept_slot(seq)?.function;
        let name = self.functions.get(function)?;
        Some((interface(name.path, &name.module), &name.function))
    }

    /// Notes how the user allows what a call is refused.
    pub(super) fn refused(&mut self, seq: u64, how: &str) {
        if let Some(slot) = self.slot(seq) {
            slot.hint = Some(how.to_owned());
        }
    }

    /// Notes what has been done to a call on purpose.
    pub(super) fn tampered(&mut self, seq: u64, tampering: Tampering) {
        if let Some(slot) = self.slot(seq) {
            slot.tampering = Some(tampering);
        }
    }

    /// Notes that the answer of a call has been made up.
    pub(super) fn made_up(&mut self, seq: u64) {
        if let Some(slot) = self.slot(seq) {
            slot.tampering.get_or_insert_default().result = true;
        }
    }

    fn kept_slot(&self, seq: u64) -> Option<&Slot> {
        let index = seq.checked_rem(self.recording.calls as u64)? as usize;
        self.slots.get(index).filter(|slot| slot.seq == seq)
    }

    fn slot(&mut self, seq: u64) -> Option<&mut Slot> {
        let index = seq.checked_rem(self.recording.calls as u64)? as usize;
        self.slots.get_mut(index).filter(|slot| slot.seq == seq)
    }

    /// The calls that are kept, oldest first. What resources stand for is only told as far as each
    /// call itself says it.
    pub(super) fn calls(&self) -> Vec<HostCall> {
        let mut slots: Vec<&Slot> = self.slots.iter().collect();
        slots.sort_by_key(|slot| slot.seq);
        slots
            .into_iter()
            .filter_map(|slot| {
                let mut call = slot.call(self.functions.get(slot.function)?);
                let mut resources = Resources::default();
                resources.name_arguments(&mut call);
                resources.name_results(&mut call);
                Some(call)
            })
            .collect()
    }

    /// Whether the start of a call may matter to an observer.
    pub(super) fn may_matter(&mut self, seq: u64) -> bool {
        let Some(function) = self.slot(seq).map(|slot| slot.function) else {
            return false;
        };
        let name = self.functions.get(function);
        name.is_some_and(|name| {
            name.interest.unwrap_or_default() == Interest::Calls
                && table::may_matter_at_start(&name.function)
        })
    }
}

impl Slot {
    /// Forgets the call that was here before.
    fn begin(&mut self, seq: u64, function: usize, start: Option<u64>, detail: Detail) {
        self.seq = seq;
        self.function = function;
        self.text.clear();
        self.fields.clear();
        self.result.clear();
        self.noted.clear();
        self.detail = detail;
        self.has_result = false;
        self.returned = false;
        self.start = start;
        self.duration = None;
        self.tampering = None;
        self.hint = None;
    }

    fn call(&self, name: &FunctionName) -> HostCall {
        let module = interface(name.path, &name.module);
        let mut call = HostCall {
            seq: self.seq,
            class: table::class(&module),
            args: self.args(),
            result: self.outcome(),
            module: Cow::Owned(module),
            function: Cow::Owned(name.function.clone()),
            start: self.start,
            duration: self.duration,
            tampering: self.tampering,
            hint: None,
        };
        if call.result.is_failure() {
            call.hint.clone_from(&self.hint);
        }
        if call.module.starts_with("wasi:clocks/monotonic") {
            in_nanoseconds(&mut call);
        }
        call
    }

    /// What has been noted of an argument, or of the result.
    fn noted(&self, name: &str) -> Option<&Value> {
        let found = self.noted.iter().find(|(noted, _)| *noted == name);
        found.map(|(_, value)| value)
    }

    fn args(&self) -> Vec<Arg> {
        let arg = |name, value| Arg {
            name,
            value,
            detail: false,
        };
        if self.detail != Detail::All {
            let text = String::new();
            return vec![arg(Cow::Borrowed(""), Value::Text { text, cut: true })];
        }
        if self.fields.is_empty() {
            // A call that Wasmtime has no span for.
            let noted = self.noted.iter().filter(|(name, _)| *name != RESULT);
            return noted
                .map(|(name, value)| arg(Cow::Borrowed(*name), value.clone()))
                .collect();
        }
        let mut start = 0;
        self.fields
            .iter()
            .map(|field| {
                let text = self.text.get(start..field.end).unwrap_or_default();
                start = field.end;
                let name = field.name.strip_suffix('_').unwrap_or(field.name);
                // The bindings have Rust's spelling, the interface has dashes.
                let name = name.replace('_', "-");
                let value = match (self.noted(&name), value(text, field.cut)) {
                    (Some(noted), _) => noted.clone(),
                    (None, Value::Bytes(bytes)) if table::is_path(&name) => Value::Path(bytes),
                    (None, value) => value,
                };
                arg(Cow::Owned(name), value)
            })
            .collect()
    }

    /// Whether the call told its guest of a failure, or ended it by one, as [`Self::outcome`] has it.
    fn has_failed(&self) -> bool {
        if self.noted(RESULT).is_some() && self.noted(ERROR).is_none() {
            return false;
        }
        let text = self.result.as_str();
        self.noted(ERROR).is_some()
            || match (inside(text, "Ok("), inside(text, "Err(")) {
                (Some(inner), _) => inner.starts_with("Err("),
                (None, Some(error)) => exit_code(error).is_none(),
                (None, None) => false,
            }
    }

    /// The contents that a call moved that has succeeded.
    fn moved(&self) -> Moved {
        let mut moved = Moved::default();
        let count = inside(&self.result, "Ok(").map(|inner| inside(inner, "Ok(").unwrap_or(inner));
        let count = count.and_then(|count| count.parse().ok()).unwrap_or(0);
        for (name, value) in &self.noted {
            match *name {
                RESULT => moved.read = moved.read.saturating_add(contents(value, u64::MAX)),
                _ => moved.written = moved.written.saturating_add(contents(value, count)),
            }
        }
        moved
    }

    fn outcome(&self) -> CallResult {
        if !self.has_result {
            return match self.returned {
                true => CallResult::Unknown,
                false => CallResult::Unfinished,
            };
        }
        let ok = |value| {
            CallResult::Ok(vec![Arg {
                name: Cow::Borrowed(""),
                value,
                detail: false,
            }])
        };
        if let Some(noted) = self.noted(ERROR) {
            return CallResult::Err(noted.clone());
        }
        if let Some(noted) = self.noted(RESULT) {
            return ok(noted.clone());
        }
        let (text, cut) = (self.result.as_str(), self.result_cut);
        match (inside(text, "Ok("), inside(text, "Err(")) {
            (Some("()"), _) => CallResult::Ok(Vec::new()),
            (Some(inner), _) => match inside(inner, "Err(") {
                Some(error) => CallResult::Err(value(error, cut)),
                None => ok(value(inside(inner, "Ok(").unwrap_or(inner), cut)),
            },
            (None, Some(error)) => match exit_code(error) {
                Some(code) => CallResult::Exit { code },
                None => CallResult::Err(value(error, cut)),
            },
            // A result with a list in it, which Wasmtime leaves out.
            (None, None) => ok(value(text, cut)),
        }
    }
}

/// The numbers of a monotonic clock are times.
fn in_nanoseconds(call: &mut HostCall) {
    let results = match &mut call.result {
        CallResult::Ok(results) => results.as_mut_slice(),
        _ => &mut [],
    };
    for arg in call.args.iter_mut().chain(results) {
        if let Value::Unsigned(ns) = arg.value {
            arg.value = Value::Nanoseconds(ns);
        }
    }
}

/// The interface's name: namespace and package are only in the path of the bindings,
/// `…::bindings::…::wasi::io::streams` for `wasi:io/streams`.
fn interface(path: &str, name: &str) -> String {
    let package = path
        .split_once("::wasi::")
        .and_then(|(_, rest)| rest.split("::").next())
        .map(|package| package.replace('_', "-"));
    match package {
        Some(package) => format!("wasi:{package}/{name}"),
        None => name.to_owned(),
    }
}

/// Takes the names out of the fields of a span.
struct NameVisitor<'a> {
    name: &'a mut FunctionName,
}

impl Visit for NameVisitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let name = match field.name() {
            "module" => &mut self.name.module,
            "function" => &mut self.name.function,
            _ => return,
        };
        name.push_str(value.get(..MAX_NAME).unwrap_or(value));
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn fmt::Debug) {}
}

/// Takes the arguments out of the fields of an event.
struct ArgumentVisitor<'a> {
    slot: &'a mut Slot,
    limit: usize,
}

impl Visit for ArgumentVisitor<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            return;
        }
        let cut = !write_bounded(&mut self.slot.text, self.limit, value);
        self.slot.fields.push(TextField {
            name: field.name(),
            end: self.slot.text.len(),
            cut,
        });
    }
}

/// Takes the result out of the fields of an event.
struct ResultVisitor<'a> {
    slot: &'a mut Slot,
    limit: usize,
}

impl Visit for ResultVisitor<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == RESULT {
            self.slot.result_cut = !write_bounded(&mut self.slot.result, self.limit, value);
            self.slot.has_result = true;
        }
    }
}
