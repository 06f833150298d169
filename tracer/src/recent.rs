//! The last calls of a run, kept in a ring that costs next to nothing: raw arguments and bounded
//! copies of what they point to, decoded only when somebody asks.
//!
//! What is copied is decided by the table alone ([`crate::table::Kind`]); `decode` turns a slot of
//! the ring into a [`HostCall`].

use crate::call::{CallResult, HostCall, Tampering};
use crate::capture::{self, Limits, Words};
use crate::copies::{Copies, When};
use crate::decode;
use crate::fds::FdPaths;
use crate::observe::Brief;
use crate::table::{FdEffect, Function, MAX_WASM_ARGS, Strings};
use std::time::{Instant, SystemTime};
use wiggle::GuestMemory;

/// What to keep of each call.
#[derive(Clone, Debug)]
pub struct Recording {
    /// How many calls to keep. The default is 64; 0 keeps none.
    pub calls: usize,
    /// At most this many bytes of each path. The default is 256.
    pub path_bytes: u32,
    /// At most this many bytes of the buffers of a call. The default is 64.
    pub data_bytes: u32,
    /// Read a clock before and after each call. Off by default: it costs more than all the rest.
    pub time: bool,
}

impl Default for Recording {
    fn default() -> Self {
        Recording {
            calls: 64,
            path_bytes: 256,
            data_bytes: 64,
            time: false,
        }
    }
}

/// More than this of one path or of one call's buffers is never kept.
const MAX_KEPT_BYTES: u32 = 1 << 20;

/// The last host calls of a run.
#[derive(Debug)]
pub struct RecentCalls {
    recording: Recording,
    slots: Vec<Slot>,
    /// The number of the next call.
    next: u64,
    /// The slot of the next call.
    cursor: usize,
    fds: FdPaths,
    strings: StringSizes,
    origin: Instant,
    /// The wall clock's reading at `origin`.
    wall_origin: SystemTime,
}

/// How many arguments and environment variables there are, and in how many bytes; constant for a
/// run. `None` when not known.
#[derive(Clone, Copy, Debug, Default)]
pub struct StringSizes {
    /// The command line: how many arguments, and their bytes with a NUL after each.
    pub arguments: Option<(u32, u32)>,
    /// The environment: how many variables, and their bytes as `NAME=value` with a NUL after each.
    pub environment: Option<(u32, u32)>,
}

impl StringSizes {
    pub(crate) fn of(&self, which: Strings) -> Option<(u32, u32)> {
        match which {
            Strings::Arguments => self.arguments,
            Strings::Environment => self.environment,
        }
    }
}

/// A call of the ring.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    pub(crate) seq: u64,
    pub(crate) what: What,
    pub(crate) args: [u64; MAX_WASM_ARGS],
    pub(crate) ended: Ended,
    /// The paths of the descriptors among the parameters, in order, and last of the one opened.
    pub(crate) fds: SlotPaths,
    pub(crate) copies: Copies,
    /// Nanoseconds since the origin.
    pub(crate) start: Option<u64>,
    pub(crate) duration: Option<u64>,
    pub(crate) tampering: Option<Tampering>,
    /// How the user allows what was refused.
    pub(crate) refusal: Option<Box<str>>,
}

/// A few paths in one buffer, which is used again for the next call.
#[derive(Debug, Default)]
pub(crate) struct SlotPaths {
    text: String,
    /// Where each path ends; it begins where the one before it ends.
    ends: [usize; 3],
    count: usize,
}

impl SlotPaths {
    #[inline]
    fn clear(&mut self) {
        self.text.clear();
        self.count = 0;
    }

    #[inline]
    fn push(&mut self, path: &str) {
        if let Some(end) = self.ends.get_mut(self.count) {
            self.text.push_str(path);
            *end = self.text.len();
            self.count += 1;
        }
    }

    /// The path at a position, when there is one.
    pub(crate) fn get(&self, index: usize) -> Option<&str> {
        let ends = self.ends.get(..self.count)?;
        let end = *ends.get(index)?;
        let start = index
            .checked_sub(1)
            .map_or(Some(0), |i| ends.get(i).copied())?;
        self.text.get(start..end).filter(|path| !path.is_empty())
    }
}

#[derive(Debug, Default)]
pub(crate) enum What {
    #[default]
    Empty,
    Row(&'static Function),
    Custom(Box<HostCall>),
}

#[derive(Debug, Default)]
pub(crate) enum Ended {
    #[default]
    NotYet,
    Errno(u32),
    Exit(i32),
    Trap(Box<str>),
}

/// Identifies a call in progress.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallId {
    seq: u64,
    slot: usize,
}

impl RecentCalls {
    /// An empty ring.
    pub fn new(mut recording: Recording) -> Self {
        recording.path_bytes = recording.path_bytes.min(MAX_KEPT_BYTES);
        recording.data_bytes = recording.data_bytes.min(MAX_KEPT_BYTES);
        RecentCalls {
            slots: Vec::new(),
            recording,
            next: 0,
            cursor: 0,
            fds: FdPaths::new(),
            strings: StringSizes::default(),
            origin: Instant::now(),
            wall_origin: SystemTime::now(),
        }
    }

    /// How much is kept of each call.
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// The calls that are kept, oldest first. A call that has not returned says so.
    pub fn calls(&self) -> Vec<HostCall> {
        let mut slots: Vec<&Slot> = self.slots.iter().collect();
        slots.sort_by_key(|slot| slot.seq);
        slots
            .into_iter()
            .filter_map(|slot| self.decoded(slot))
            .collect()
    }

    /// The record of a call that is kept still.
    pub(crate) fn call(&self, id: CallId) -> Option<HostCall> {
        let slot = self.slots.get(id.slot)?;
        (slot.seq == id.seq).then(|| self.decoded(slot)).flatten()
    }

    /// What a call that is kept still comes to; `None` for one of a function without a row.
    pub(crate) fn brief(&self, id: CallId) -> Option<Brief<'static>> {
        let slot = self.slots.get(id.slot).filter(|slot| slot.seq == id.seq)?;
        let What::Row(row) = slot.what else {
            return None;
        };
        Some(Brief {
            function: row.name,
            row: Some(row),
            failed: !matches!(slot.ended, Ended::Errno(0) | Ended::Exit(_) | Ended::NotYet),
            duration: slot.duration,
            moved: decode::moved(slot, row),
        })
    }

    /// The wall clock's reading at the start of the run, from which calls count their time.
    pub fn started(&self) -> SystemTime {
        self.wall_origin
    }

    fn decoded(&self, slot: &Slot) -> Option<HostCall> {
        match &slot.what {
            What::Empty => None,
            What::Row(row) => Some(decode::call(slot, row, &self.strings)),
            What::Custom(call) => Some(HostCall {
                start: slot.start,
                duration: slot.duration,
                tampering: slot.tampering,
                ..(**call).clone()
            }),
        }
    }

    /// How many calls the guest has made in all.
    pub fn total(&self) -> u64 {
        self.next
    }

    /// Names a descriptor that the guest has from the start: a preopened directory.
    pub fn name_fd(&mut self, fd: u32, path: &str) {
        self.fds.set(fd, path);
    }

    /// How many strings `args_get` and `environ_get` copy.
    pub fn string_sizes(&self) -> &StringSizes {
        &self.strings
    }

    pub(crate) fn set_strings(&mut self, sizes: StringSizes) {
        self.strings = sizes;
    }

    #[inline]
    fn now(&self) -> u64 {
        // 2^64 nanoseconds are 584 years.
        self.origin.elapsed().as_nanos() as u64
    }

    /// The time at the end of a call, if it was told at its start.
    #[inline]
    fn end_of(&self, id: CallId) -> Option<u64> {
        let slot = self.slots.get(id.slot)?;
        (slot.seq == id.seq && slot.start.is_some()).then(|| self.now())
    }

    /// Takes the next number and its slot, the oldest one, which is emptied but for what it holds of its
    /// call's kind.
    #[inline]
    fn next_slot(&mut self, timed: bool) -> CallId {
        let id = CallId {
            seq: self.next,
            slot: self.cursor,
        };
        self.next += 1;
        self.cursor += 1;
        if self.cursor >= self.recording.calls {
            self.cursor = 0;
        }
        if id.slot == self.slots.len() && id.slot < self.recording.calls {
            self.slots.push(Slot::default());
        }
        let start = (timed && self.recording.time).then(|| self.now());
        if let Some(slot) = self.slots.get_mut(id.slot) {
            slot.seq = id.seq;
            slot.ended = Ended::NotYet;
            slot.start = start;
            slot.duration = None;
            slot.tampering = None;
            slot.refusal = None;
        }
        id
    }

    /// The slot of a call, unless it has been given to a later one.
    #[inline]
    fn slot(&mut self, id: CallId) -> Option<&mut Slot> {
        self.slots
            .get_mut(id.slot)
            .filter(|slot| slot.seq == id.seq)
    }

    /// A call of a function of the table begins. Its time is only told if somebody wants it.
    pub(crate) fn enter(
        &mut self,
        row: &'static Function,
        args: &[u64],
        memory: &GuestMemory<'_>,
        timed: bool,
    ) -> CallId {
        let id = self.next_slot(timed);
        let limits = self.limits();
        let Some(slot) = self.slots.get_mut(id.slot) else {
            return id;
        };
        slot.what = What::Row(row);
        for (to, from) in slot.args.iter_mut().zip(args) {
            *to = *from;
        }
        slot.fds.clear();
        for step in row.plan.fds.iter() {
            let fd = args
                .get(usize::from(step.word))
                .copied()
                .unwrap_or(u64::MAX);
            slot.fds.push(self.fds.get(fd as u32).unwrap_or_default());
        }
        slot.copies.begin(memory);
        capture::inputs(row, slot, memory, limits);
        id
    }

    /// What was done at the start of a call is over: its time counts from here.
    pub(crate) fn restart(&mut self, id: CallId) {
        let start = self.end_of(id);
        if let Some(slot) = self.slot(id) {
            slot.start = start;
        }
    }

    /// A call of a function of the table has returned, or ended the guest.
    pub(crate) fn leave(
        &mut self,
        id: CallId,
        row: &'static Function,
        args: &[u64],
        memory: &GuestMemory<'_>,
        ended: Ended,
    ) {
        let succeeded = matches!(ended, Ended::Errno(0));
        if succeeded && row.fds != FdEffect::None {
            self.follow_fds(id, row, args, memory);
        }
        let end = self.end_of(id);
        let (limits, strings) = (self.limits(), self.strings);
        let Some(slot) = self.slot(id) else { return };
        slot.ended = ended;
        slot.duration = duration(slot.start, end);
        slot.copies.returned(memory);
        if succeeded {
            capture::outputs(row, slot, memory, limits, &strings);
        }
    }

    /// A call of a function of the table has been given a result that is not the host's, which has
    /// written nothing.
    pub(crate) fn leave_injected(&mut self, id: CallId, ended: Ended) {
        let end = self.end_of(id);
        if let Some(slot) = self.slot(id) {
            slot.ended = ended;
            slot.duration = duration(slot.start, end);
        }
    }

    /// Notes what was done to a call.
    pub(crate) fn tampered(&mut self, id: CallId, tampering: Tampering) {
        if let Some(slot) = self.slot(id) {
            slot.tampering = Some(tampering);
        }
    }

    /// Notes how the user allows what a call was refused.
    pub(crate) fn refused(&mut self, id: CallId, how: String) {
        if let Some(slot) = self.slot(id) {
            slot.refusal = Some(how.into_boxed_str());
        }
    }

    /// Names a descriptor of a call that has returned: one that it has opened, or changed.
    pub(crate) fn label(&mut self, id: CallId, fd: u32, label: &str, opened: bool) {
        self.fds.set(fd, label);
        if let Some(slot) = self.slot(id).filter(|_| opened) {
            slot.fds.push(label);
        }
    }

    fn limits(&self) -> Limits {
        Limits {
            path: self.recording.path_bytes,
            data: self.recording.data_bytes,
        }
    }

    /// A call of a function without a row begins; `call` says what is known of it.
    pub(crate) fn enter_custom(&mut self, mut call: HostCall) -> CallId {
        let id = self.next_slot(true);
        call.seq = id.seq;
        if let Some(slot) = self.slots.get_mut(id.slot) {
            slot.what = What::Custom(Box::new(call));
        }
        id
    }

    /// A call of a function without a row has ended.
    pub(crate) fn leave_custom(&mut self, id: CallId, result: CallResult) {
        let end = self.end_of(id);
        if let Some(slot) = self.slot(id) {
            slot.duration = duration(slot.start, end);
            if let What::Custom(call) = &mut slot.what {
                call.result = result;
            }
        }
    }

    /// Applies what a successful call does to the descriptors.
    fn follow_fds(
        &mut self,
        id: CallId,
        row: &'static Function,
        args: &[u64],
        memory: &GuestMemory<'_>,
    ) {
        let mut fds = row
            .plan
            .fds
            .iter()
            .filter_map(|step| args.get(usize::from(step.word)))
            .map(|fd| *fd as u32);
        let Some(first) = fds.next() else { return };
        match row.fds {
            FdEffect::None => {}
            FdEffect::Closes => self.fds.clear(first),
            FdEffect::Renumbers => {
                if let Some(second) = fds.next() {
                    self.fds.renumber(first, second);
                }
            }
            FdEffect::Accepts => {
                if let Some(fd) = capture::first_result(row, args, memory) {
                    self.fds.clear(fd);
                }
            }
            FdEffect::Opens => {
                let path = row.plan.inputs.iter().next();
                let path = path.and_then(|step| capture::resolve(row, args, *step));
                let fd = capture::first_result(row, args, memory);
                if let (Some(fd), Some((_, words))) = (fd, path) {
                    self.opened(id, fd, first, words);
                }
            }
        }
    }

    /// A call has opened `fd`, a path below the descriptor `dir`.
    fn opened(&mut self, id: CallId, fd: u32, dir: u32, path: Words) {
        let slot = self
            .slots
            .get_mut(id.slot)
            .filter(|slot| slot.seq == id.seq);
        let Some(slot) = slot else {
            self.fds.clear(fd);
            return;
        };
        // As it was before the call, which may have overwritten it.
        let (kept, _) = slot.copies.prefix(When::Before, path.first, path.second);
        let cut = kept.len() < path.second as usize;
        let path = self.fds.open(fd, dir, kept, cut);
        slot.fds.push(path);
    }
}

/// The time between two readings of the clock.
fn duration(start: Option<u64>, end: Option<u64>) -> Option<u64> {
    Some(end?.saturating_sub(start?))
}

impl Default for RecentCalls {
    fn default() -> Self {
        RecentCalls::new(Recording::default())
    }
}
