//! The last calls of components: which of them are kept, what is wanted of each, and how long they took.
//! A slot's buffers are used again and again, and formatting stops where they are full; what is in one is
//! [`super::slot`]'s business.

use super::resources::Resources;
use super::slot::{
    ArgumentVisitor, Detail, FunctionName, NameVisitor, ResultVisitor, Slot, interface,
};
use super::{Arguments, ComponentRecording};
use crate::call::{Bytes, HostCall, Moved, Tampering, Value};
use crate::observe::{Brief, Interest};
use crate::table::components as table;
use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};
use tracing::Metadata;
use tracing::field::Visit;

/// The start of the names of functions that drop resources.
pub(super) const DROP: &str = "[resource-drop]";

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

/// So much of a result says whether the call has failed.
const OUTCOME_BYTES: usize = 128;

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
