//! The last calls of a run, kept in a ring that costs next to nothing: raw arguments and bounded
//! copies of what they point to, decoded only when somebody asks.
//!
//! What is copied is decided by the table alone ([`crate::table::Kind`]); `decode` turns a slot of
//! the ring into a [`HostCall`].

use crate::call::{CallResult, HostCall};
use crate::copies::{Copies, When, little_u32, read, read_u32};
use crate::decode;
use crate::fds::FdPaths;
use crate::table::{FdEffect, Filled, Function, Kind, MAX_WASM_ARGS, Strings, Type};
use std::sync::Arc;
use std::time::Instant;
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

/// At most this many entries of an array of buffers are kept.
pub(crate) const MAX_BUFFERS: u32 = 16;

/// At most this many bytes of an array of structures, or of a table of strings, are kept.
const MAX_ARRAY_BYTES: u32 = 256;

/// The last host calls of a run.
#[derive(Debug)]
pub struct RecentCalls {
    recording: Recording,
    slots: Vec<Slot>,
    /// The number of the next call.
    next: u64,
    fds: FdPaths,
    strings: StringSizes,
    origin: Instant,
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
    pub(crate) fds: [Option<Arc<str>>; 3],
    pub(crate) copies: Copies,
    /// Nanoseconds since the origin.
    pub(crate) start: Option<u64>,
    pub(crate) duration: Option<u64>,
}

/// Where in [`Slot::fds`] the path of an opened descriptor is.
pub(crate) const OPENED: usize = 2;

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
    Trap(String),
}

/// Identifies a call in progress.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallId(u64);

impl RecentCalls {
    /// An empty ring.
    pub fn new(mut recording: Recording) -> Self {
        recording.path_bytes = recording.path_bytes.min(MAX_KEPT_BYTES);
        recording.data_bytes = recording.data_bytes.min(MAX_KEPT_BYTES);
        RecentCalls {
            slots: Vec::new(),
            recording,
            next: 0,
            fds: FdPaths::new(),
            strings: StringSizes::default(),
            origin: Instant::now(),
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
            .filter_map(|slot| match &slot.what {
                What::Empty => None,
                What::Row(row) => Some(decode::call(slot, row, &self.strings)),
                What::Custom(call) => Some(HostCall {
                    start: slot.start,
                    duration: slot.duration,
                    ..(**call).clone()
                }),
            })
            .collect()
    }

    /// How many calls the guest has made in all.
    pub fn total(&self) -> u64 {
        self.next
    }

    /// Names a descriptor that the guest has from the start: a preopened directory.
    pub fn name_fd(&mut self, fd: u32, path: &str) {
        self.fds.set(fd, Some(Arc::from(path)));
    }

    /// How many strings `args_get` and `environ_get` copy.
    pub fn string_sizes(&self) -> &StringSizes {
        &self.strings
    }

    pub(crate) fn set_strings(&mut self, sizes: StringSizes) {
        self.strings = sizes;
    }

    fn now(&self) -> Option<u64> {
        // 2^64 nanoseconds are 584 years.
        self.recording
            .time
            .then(|| self.origin.elapsed().as_nanos() as u64)
    }

    /// Takes the next number and empties its slot, whose index is returned; `None` when no calls are
    /// kept.
    fn next_slot(&mut self) -> Option<usize> {
        let start = self.now();
        let seq = self.next;
        self.next += 1;
        if self.slots.len() < self.recording.calls {
            self.slots.push(Slot::default());
        }
        let index = seq.checked_rem(self.recording.calls as u64)? as usize;
        let slot = self.slots.get_mut(index)?;
        slot.seq = seq;
        slot.ended = Ended::NotYet;
        slot.fds = [None, None, None];
        slot.start = start;
        slot.duration = None;
        Some(index)
    }

    fn slot(&mut self, id: CallId) -> Option<&mut Slot> {
        let index = id.0.checked_rem(self.recording.calls as u64)? as usize;
        self.slots.get_mut(index).filter(|slot| slot.seq == id.0)
    }

    /// A call of a function of the table begins.
    pub(crate) fn enter(
        &mut self,
        row: &'static Function,
        args: &[u64],
        memory: &GuestMemory<'_>,
    ) -> CallId {
        let id = CallId(self.next);
        let limits = (self.recording.path_bytes, self.recording.data_bytes);
        if let Some(index) = self.next_slot()
            && let Some(slot) = self.slots.get_mut(index)
        {
            slot.what = What::Row(row);
            for (to, from) in slot.args.iter_mut().zip(args) {
                *to = *from;
            }
            slot.copies.begin(memory);
            copy_inputs(row, slot, &self.fds, memory, limits);
        }
        id
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
        let end = self.now();
        let succeeded = matches!(ended, Ended::Errno(0));
        let opened = if succeeded && row.fds != FdEffect::None {
            self.follow_fds(row, args, memory)
        } else {
            None
        };
        let (limit, strings) = (self.recording.data_bytes, self.strings);
        let Some(slot) = self.slot(id) else { return };
        slot.ended = ended;
        if let (Some(start), Some(end)) = (slot.start, end) {
            slot.duration = Some(end.saturating_sub(start));
        }
        slot.copies.returned(memory);
        if succeeded {
            if let (Some(to), Some(_)) = (slot.fds.get_mut(OPENED), &opened) {
                *to = opened;
            }
            copy_outputs(row, slot, memory, limit, &strings);
        }
    }

    /// A call of a function without a row begins; `call` says what is known of it.
    pub(crate) fn enter_custom(&mut self, mut call: HostCall) -> CallId {
        let id = CallId(self.next);
        call.seq = id.0;
        if let Some(index) = self.next_slot()
            && let Some(slot) = self.slots.get_mut(index)
        {
            slot.what = What::Custom(Box::new(call));
        }
        id
    }

    /// A call of a function without a row has ended.
    pub(crate) fn leave_custom(&mut self, id: CallId, result: CallResult) {
        let end = self.now();
        if let Some(slot) = self.slot(id) {
            if let (Some(start), Some(end)) = (slot.start, end) {
                slot.duration = Some(end.saturating_sub(start));
            }
            if let What::Custom(call) = &mut slot.what {
                call.result = result;
            }
        }
    }

    /// Applies what a successful call does to the descriptors. The path of an opened one is returned.
    fn follow_fds(
        &mut self,
        row: &'static Function,
        args: &[u64],
        memory: &GuestMemory<'_>,
    ) -> Option<Arc<str>> {
        let mut fds = Values::new(row, args)
            .filter_map(|(kind, at)| matches!(kind, Kind::Value(Type::Fd)).then(|| at.first));
        let (first, second) = (fds.next()?, fds.next());
        match row.fds {
            FdEffect::None => None,
            FdEffect::Closes => {
                self.fds.set(first, None);
                None
            }
            FdEffect::Renumbers => {
                self.fds.renumber(first, second?);
                None
            }
            FdEffect::Opens | FdEffect::Accepts => {
                let fd = first_result(row, args, memory)?;
                let dir = self.fds.get(first).cloned();
                let path = match find(row, args, |kind| matches!(kind, Kind::Path)) {
                    Some(path) => {
                        let kept = path.second.min(self.recording.path_bytes);
                        let bytes = read(memory, path.first, kept)?;
                        self.fds.join(dir.as_deref(), &bytes, kept < path.second)
                    }
                    None => Arc::from(format!(
                        "connection of {}",
                        dir.as_deref().unwrap_or("an unknown socket")
                    )),
                };
                self.fds.set(fd, Some(Arc::clone(&path)));
                Some(path)
            }
        }
    }
}

impl Default for RecentCalls {
    fn default() -> Self {
        RecentCalls::new(Recording::default())
    }
}

/// The Wasm values of one parameter: an address and perhaps a length, or a number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    pub(crate) first: u32,
    pub(crate) second: u32,
    /// The first one in full.
    pub(crate) whole: u64,
}

/// Walks a row's parameters along with the raw arguments.
pub(crate) struct Values<'a> {
    params: std::slice::Iter<'static, crate::table::Param>,
    args: &'a [u64],
}

impl<'a> Values<'a> {
    pub(crate) fn new(row: &'static Function, args: &'a [u64]) -> Self {
        Values {
            params: row.params.iter(),
            args,
        }
    }
}

impl Iterator for Values<'_> {
    type Item = (&'static Kind, Words);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let kind = &self.params.next()?.kind;
        let (first, rest) = self.args.split_first()?;
        let (second, rest) = match kind.words() {
            1 => (0, rest),
            _ => rest.split_first().map(|(second, rest)| (*second, rest))?,
        };
        self.args = rest;
        let words = Words {
            first: *first as u32,
            second: second as u32,
            whole: *first,
        };
        Some((kind, words))
    }
}

pub(crate) fn find(
    row: &'static Function,
    args: &[u64],
    wanted: impl Fn(&Kind) -> bool,
) -> Option<Words> {
    Values::new(row, args).find_map(|(kind, words)| wanted(kind).then_some(words))
}

/// The first result of a successful call, as a 32-bit number.
pub(crate) fn first_result(
    row: &'static Function,
    args: &[u64],
    memory: &GuestMemory<'_>,
) -> Option<u32> {
    let at = find(row, args, |kind| matches!(kind, Kind::Result(_)))?;
    read_u32(memory, at.first)
}

/// Before a call: copies what the arguments point to, and the paths of descriptors.
fn copy_inputs(
    row: &'static Function,
    slot: &mut Slot,
    fds: &FdPaths,
    memory: &GuestMemory<'_>,
    (path_bytes, data_bytes): (u32, u32),
) {
    let Slot {
        args,
        copies,
        fds: paths,
        ..
    } = slot;
    let mut paths = paths.iter_mut();
    for (kind, words) in Values::new(row, args) {
        match kind {
            Kind::Value(Type::Fd) => {
                if let Some(path) = paths.next() {
                    *path = fds.get(words.first).cloned();
                }
            }
            Kind::Path => copies.copy(memory, words.first, words.second.min(path_bytes)),
            Kind::BuffersIn => {
                let count = words.second.min(MAX_BUFFERS);
                copies.copy(memory, words.first, count * 8);
                copy_buffers(copies, memory, words, data_bytes);
            }
            Kind::BuffersOut => {
                copies.copy(memory, words.first, words.second.min(MAX_BUFFERS) * 8);
            }
            Kind::ArrayIn(ty, count) => {
                let count = count_argument(row, args, *count);
                let length = count.saturating_mul(ty.size());
                copies.copy(memory, words.first, length.min(MAX_ARRAY_BYTES));
            }
            Kind::Value(_)
            | Kind::BufferOut(_)
            | Kind::EntriesOut
            | Kind::ArrayOut(_)
            | Kind::StringsOut(_)
            | Kind::Result(_) => {}
        }
    }
}

/// The value of the parameter at an index of the row.
pub(crate) fn count_argument(row: &'static Function, args: &[u64], index: u8) -> u32 {
    Values::new(row, args)
        .nth(usize::from(index))
        .map_or(0, |(_, words)| words.first)
}

/// Copies the first bytes of an array of buffers whose addresses have been copied already.
fn copy_buffers(copies: &mut Copies, memory: &GuestMemory<'_>, array: Words, mut limit: u32) {
    for index in 0..array.second.min(MAX_BUFFERS) {
        let Some((address, length)) = buffer(copies, array, index) else {
            return;
        };
        let kept = length.min(limit);
        copies.copy(memory, address, kept);
        limit -= kept;
        if limit == 0 {
            return;
        }
    }
}

/// The address and length of a buffer out of a copied array of buffers.
pub(crate) fn buffer(copies: &Copies, array: Words, index: u32) -> Option<(u32, u32)> {
    let at = array.first.checked_add(index.checked_mul(8)?)?;
    let bytes = copies.get(When::Before, at, 8).ok()?;
    Some((little_u32(bytes)?, little_u32(bytes.get(4..)?)?))
}

/// After a successful call: copies what it wrote.
fn copy_outputs(
    row: &'static Function,
    slot: &mut Slot,
    memory: &GuestMemory<'_>,
    limit: u32,
    strings: &StringSizes,
) {
    let Slot { args, copies, .. } = slot;
    for (kind, words) in Values::new(row, args) {
        match kind {
            Kind::Result(ty) => copies.copy(memory, words.first, ty.size()),
            Kind::BuffersOut => {
                let written = first_result(row, args, memory).unwrap_or(0);
                copy_buffers(copies, memory, words, limit.min(written));
            }
            Kind::BufferOut(Filled::Whole | Filled::UpTo) => {
                copies.copy(memory, words.first, words.second.min(limit));
            }
            Kind::BufferOut(Filled::ByResult) => {
                let written = first_result(row, args, memory).unwrap_or(0);
                copies.copy(memory, words.first, words.second.min(written).min(limit));
            }
            Kind::EntriesOut => {
                let written = first_result(row, args, memory).unwrap_or(0);
                let kept = words.second.min(written).min(MAX_ARRAY_BYTES.max(limit));
                copies.copy(memory, words.first, kept);
            }
            Kind::ArrayOut(ty) => {
                let count = first_result(row, args, memory).unwrap_or(0);
                let length = count.saturating_mul(ty.size());
                copies.copy(memory, words.first, length.min(MAX_ARRAY_BYTES));
            }
            Kind::StringsOut(Strings::Arguments) => {
                let length = strings.arguments.map_or(0, |(_, bytes)| bytes);
                copies.copy(memory, words.second, length.min(MAX_ARRAY_BYTES.max(limit)));
            }
            // The environment holds secrets: its contents stay out of records.
            Kind::StringsOut(Strings::Environment) => {}
            Kind::Value(_) | Kind::Path | Kind::BuffersIn | Kind::ArrayIn(..) => {}
        }
    }
}
