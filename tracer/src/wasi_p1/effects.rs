//! What a call writes into guest memory, as the table has it.
//!
//! The places are found in two steps, since a call may overwrite the very arrays that say where it
//! writes: [`Outputs::announced`] before the call, [`Outputs::written`] after it.

use crate::addresses;
use crate::capture::{Values, first_result};
use crate::copies::read_u32;
use crate::recent::StringSizes;
use crate::table::{Filled, Function, Kind};
use std::ops::Range;
use wiggle::GuestMemory;

/// At most this many buffers of one call are followed. Wasmtime fills only the first one that is not
/// empty.
const MAX_BUFFERS: u32 = 1024;

/// An address takes no more, nor an option of a socket, nor does a chain of addresses have more nodes.
const MAX_ADDRESS: u32 = 128;
const MAX_OPTION: u32 = 64;
const MAX_NODES: u32 = 256;

/// A part of guest memory.
pub type Region = Range<u64>;

/// The places where a call may write, known before it is made.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    places: Vec<Place>,
}

#[derive(Clone, Debug)]
struct Place {
    start: u32,
    length: u32,
    extent: Extent,
}

/// How much of a place a successful call writes.
#[derive(Clone, Copy, Debug)]
enum Extent {
    /// All of it, or what of it the host has to say.
    Whole,
    /// As many bytes as the first result says, over all places of this extent in order.
    Bytes,
    /// As many elements of this size as the first result says.
    Elements(u32),
}

impl Outputs {
    /// The places that a call with these raw arguments names.
    ///
    /// `strings` gives number and bytes of the command line and of the environment.
    pub fn announced(
        row: &'static Function,
        args: &[u64],
        memory: &GuestMemory<'_>,
        strings: &StringSizes,
    ) -> Self {
        let mut outputs = Outputs::default();
        for (kind, words) in Values::new(row, args) {
            let (start, length) = (words.first, words.second);
            match kind {
                Kind::Result(ty) => outputs.push(start, ty.size(), Extent::Whole),
                Kind::BufferOut(Filled::ByResult) | Kind::EntriesOut => {
                    outputs.push(start, length, Extent::Bytes);
                }
                Kind::BufferOut(Filled::Whole | Filled::UpTo) => {
                    outputs.push(start, length, Extent::Whole);
                }
                Kind::BuffersOut => outputs.push_buffers(memory, start, length),
                Kind::ArrayOut(ty) => {
                    // As many as there are subscriptions, the last number before the result.
                    let count = Values::new(row, args)
                        .filter(|(kind, _)| matches!(kind, Kind::Value(_)))
                        .last()
                        .map_or(0, |(_, words)| words.first);
                    let length = count.saturating_mul(ty.size());
                    outputs.push(start, length, Extent::Elements(ty.size()));
                }
                Kind::StringsOut(which) => outputs.push_strings(strings.of(*which), start, length),
                Kind::PartOut(ty) => outputs.push(start, ty.size(), Extent::Whole),
                Kind::AddressOut(_) => {
                    if let Some((start, length)) = addresses::place(memory, start) {
                        outputs.push(start, length.min(MAX_ADDRESS), Extent::Whole);
                    }
                }
                Kind::OptionOut => {
                    let room = read_u32(memory, length).unwrap_or(0);
                    outputs.push(start, room.min(MAX_OPTION), Extent::Whole);
                    outputs.push(length, 4, Extent::Whole);
                }
                Kind::AddressesOut => outputs.push_chain(memory, start),
                Kind::Value(_)
                | Kind::Path
                | Kind::BuffersIn
                | Kind::AddressIn(_)
                | Kind::OptionIn
                | Kind::TextIn
                | Kind::RecordIn(_)
                | Kind::ArrayIn(..) => {}
            }
        }
        outputs
    }

    /// The parts of memory that the call has written. After success these are exact, up to bytes of
    /// padding; after a failure they are all that it may have touched.
    pub fn written(
        &self,
        row: &'static Function,
        args: &[u64],
        memory: &GuestMemory<'_>,
        succeeded: bool,
    ) -> Vec<Region> {
        let result = first_result(row, args, memory).filter(|_| succeeded);
        let mut bytes_left = result.unwrap_or(u32::MAX);
        let mut regions = Vec::new();
        for place in &self.places {
            let length = match place.extent {
                Extent::Whole => place.length,
                Extent::Bytes => {
                    let length = place.length.min(bytes_left);
                    bytes_left -= length;
                    length
                }
                Extent::Elements(size) => result
                    .map_or(u32::MAX, |count| count.saturating_mul(size))
                    .min(place.length),
            };
            let start = u64::from(place.start);
            if length > 0 {
                regions.push(start..start + u64::from(length));
            }
        }
        regions
    }

    fn push(&mut self, start: u32, length: u32, extent: Extent) {
        self.places.push(Place {
            start,
            length,
            extent,
        });
    }

    fn push_buffers(&mut self, memory: &GuestMemory<'_>, array: u32, count: u32) {
        for index in 0..count.min(MAX_BUFFERS) {
            let Some(at) = array.checked_add(index * 8) else {
                return;
            };
            let (Some(start), Some(length)) = (
                read_u32(memory, at),
                at.checked_add(4).and_then(|at| read_u32(memory, at)),
            ) else {
                return;
            };
            self.push(start, length, Extent::Bytes);
        }
    }

    /// The nodes of a chain that may be filled, their addresses and names.
    fn push_chain(&mut self, memory: &GuestMemory<'_>, at: u32) {
        let mut node = read_u32(memory, at);
        for _ in 0..MAX_NODES {
            let Some(at) = node.filter(|at| *at != 0) else {
                return;
            };
            let word = |at: u32, offset: u32| read_u32(memory, at.checked_add(offset)?);
            self.push(at, 12, Extent::Whole);
            if let Some(address) = word(at, 12) {
                self.push(address, 8, Extent::Whole);
                if let Some(data) = word(address, 8) {
                    self.push(data, 26, Extent::Whole);
                }
            }
            if let (Some(name), Some(length)) = (word(at, 16), word(at, 20)) {
                self.push(name, length.min(256), Extent::Whole);
            }
            node = word(at, 24);
        }
    }

    fn push_strings(&mut self, sizes: Option<(u32, u32)>, table: u32, buffer: u32) {
        let (count, bytes) = sizes.unwrap_or((0, 0));
        self.push(table, count.saturating_mul(4), Extent::Whole);
        self.push(buffer, bytes, Extent::Whole);
    }
}
