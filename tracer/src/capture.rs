//! What is copied out of guest memory at a call, parameter by parameter as the table's plan says, and
//! how raw arguments are told apart.

use crate::addresses;
use crate::copies::{Copies, When, little_u32, read, read_u32};
use crate::recent::{Slot, StringSizes};
use crate::table::plan::Step;
use crate::table::{Filled, Function, Kind, Strings};
use wiggle::GuestMemory;

/// At most this many entries of an array of buffers are kept.
pub(crate) const MAX_BUFFERS: u32 = 16;

/// At most this many bytes of an array of structures, or of a table of strings, are kept.
const MAX_ARRAY_BYTES: u32 = 256;

/// How many bytes are copied at most: of each path, and of the buffers of one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) path: u32,
    pub(crate) data: u32,
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

/// The first result of a successful call, as a 32-bit number.
pub(crate) fn first_result(
    row: &'static Function,
    args: &[u64],
    memory: &GuestMemory<'_>,
) -> Option<u32> {
    let at = args.get(usize::from(row.plan.first_result?))?;
    read_u32(memory, *at as u32)
}

/// The kind and the Wasm values of the parameter of a step.
#[inline]
pub(crate) fn resolve(
    row: &'static Function,
    args: &[u64],
    step: Step,
) -> Option<(&'static Kind, Words)> {
    let kind = &row.params.get(usize::from(step.param))?.kind;
    let at = usize::from(step.word);
    let whole = *args.get(at)?;
    let second = match kind.words() {
        2 => *args.get(at + 1)?,
        _ => 0,
    };
    let words = Words {
        first: whole as u32,
        second: second as u32,
        whole,
    };
    Some((kind, words))
}

/// Before a call: copies what the arguments point to.
#[inline]
pub(crate) fn inputs(
    row: &'static Function,
    slot: &mut Slot,
    memory: &GuestMemory<'_>,
    limits: Limits,
) {
    for step in row.plan.inputs.iter() {
        if let Some((kind, words)) = resolve(row, &slot.args, *step) {
            input(row, slot, memory, limits, kind, words);
        }
    }
}

fn input(
    row: &'static Function,
    slot: &mut Slot,
    memory: &GuestMemory<'_>,
    limits: Limits,
    kind: &Kind,
    words: Words,
) {
    let Slot { args, copies, .. } = slot;
    match kind {
        Kind::Path => copies.copy(memory, words.first, words.second.min(limits.path)),
        Kind::BuffersIn => {
            copies.copy(memory, words.first, words.second.min(MAX_BUFFERS) * 8);
            copy_buffers(copies, memory, words, limits.data, |_, index| {
                buffer_in(memory, words, index)
            });
        }
        Kind::BuffersOut => {
            copies.copy(memory, words.first, words.second.min(MAX_BUFFERS) * 8);
        }
        Kind::ArrayIn(ty, count) => {
            let count = count_argument(row, args, *count);
            let length = count.saturating_mul(ty.size());
            copies.copy(memory, words.first, length.min(MAX_ARRAY_BYTES));
        }
        Kind::AddressIn(_) => addresses::copy_in(copies, memory, words.first),
        Kind::AddressOut(_) => addresses::copy_place(copies, memory, words.first),
        Kind::OptionIn => addresses::copy_option(copies, memory, words.first, words.second),
        Kind::TextIn => copies.copy(memory, words.first, words.second.min(limits.path)),
        Kind::RecordIn(ty) if words.first != 0 => copies.copy(memory, words.first, ty.size()),
        Kind::Value(_)
        | Kind::BufferOut(_)
        | Kind::EntriesOut
        | Kind::ArrayOut(_)
        | Kind::StringsOut(_)
        | Kind::PartOut(_)
        | Kind::OptionOut
        | Kind::RecordIn(_)
        | Kind::AddressesOut
        | Kind::Result(_) => {}
    }
}

/// The value of the parameter at an index of the row.
pub(crate) fn count_argument(row: &'static Function, args: &[u64], index: u8) -> u32 {
    Values::new(row, args)
        .nth(usize::from(index))
        .map_or(0, |(_, words)| words.first)
}

/// Copies the first bytes of an array of buffers, which are found with `find`.
fn copy_buffers(
    copies: &mut Copies,
    memory: &GuestMemory<'_>,
    array: Words,
    mut limit: u32,
    find: impl Fn(&Copies, u32) -> Option<(u32, u32)>,
) {
    for index in 0..array.second.min(MAX_BUFFERS) {
        if limit == 0 {
            return;
        }
        let Some((address, length)) = find(copies, index) else {
            return;
        };
        let kept = length.min(limit);
        copies.copy(memory, address, kept);
        limit -= kept;
    }
}

/// The address and length of a buffer out of an array in guest memory.
fn buffer_in(memory: &GuestMemory<'_>, array: Words, index: u32) -> Option<(u32, u32)> {
    let at = array.first.checked_add(index.checked_mul(8)?)?;
    let bytes = read(memory, at, 8)?;
    Some((little_u32(&bytes)?, little_u32(bytes.get(4..)?)?))
}

/// The address and length of a buffer out of a copied array of buffers.
pub(crate) fn buffer(copies: &Copies, array: Words, index: u32) -> Option<(u32, u32)> {
    let at = array.first.checked_add(index.checked_mul(8)?)?;
    let bytes = copies.get(When::Before, at, 8).ok()?;
    Some((little_u32(bytes)?, little_u32(bytes.get(4..)?)?))
}

/// After a successful call: copies what it wrote.
#[inline]
pub(crate) fn outputs(
    row: &'static Function,
    slot: &mut Slot,
    memory: &GuestMemory<'_>,
    limits: Limits,
    strings: &StringSizes,
) {
    for step in row.plan.outputs.iter() {
        match resolve(row, &slot.args, *step) {
            Some((Kind::Result(ty), words)) => slot.copies.copy(memory, words.first, ty.size()),
            Some((kind, words)) => {
                let written = first_result(row, &slot.args, memory).unwrap_or(0);
                output(
                    &mut slot.copies,
                    memory,
                    limits.data,
                    strings,
                    kind,
                    words,
                    written,
                );
            }
            None => {}
        }
    }
}

/// Copies an output other than a plain result; `written` is the first result of the call.
fn output(
    copies: &mut Copies,
    memory: &GuestMemory<'_>,
    limit: u32,
    strings: &StringSizes,
    kind: &Kind,
    Words { first, second, .. }: Words,
    written: u32,
) {
    match kind {
        Kind::BuffersOut => {
            let array = Words {
                first,
                second,
                whole: 0,
            };
            // The call may have overwritten the array: its copy counts.
            let written = limit.min(written);
            copy_buffers(copies, memory, array, written, |copies, index| {
                buffer(copies, array, index)
            });
        }
        Kind::BufferOut(Filled::Whole | Filled::UpTo) => {
            copies.copy(memory, first, second.min(limit));
        }
        Kind::BufferOut(Filled::ByResult) => {
            copies.copy(memory, first, second.min(written).min(limit));
        }
        Kind::EntriesOut => {
            let kept = second.min(written).min(MAX_ARRAY_BYTES.max(limit));
            copies.copy(memory, first, kept);
        }
        Kind::ArrayOut(ty) => {
            let length = written.saturating_mul(ty.size());
            copies.copy(memory, first, length.min(MAX_ARRAY_BYTES));
        }
        Kind::StringsOut(Strings::Arguments) => {
            let length = strings.arguments.map_or(0, |(_, bytes)| bytes);
            copies.copy(memory, second, length.min(MAX_ARRAY_BYTES.max(limit)));
        }
        Kind::AddressOut(_) => addresses::copy_out(copies, memory, first),
        Kind::PartOut(ty) => copies.copy(memory, first, ty.size()),
        Kind::OptionOut => addresses::copy_option_out(copies, memory, first, second),
        Kind::AddressesOut => addresses::copy_chain(copies, memory, first, written),
        // The environment holds secrets: its contents stay out of records.
        Kind::StringsOut(Strings::Environment)
        | Kind::AddressIn(_)
        | Kind::OptionIn
        | Kind::TextIn
        | Kind::RecordIn(_)
        | Kind::Value(_)
        | Kind::Path
        | Kind::BuffersIn
        | Kind::ArrayIn(..)
        | Kind::Result(_) => {}
    }
}
