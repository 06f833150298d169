//! Bounded copies of guest memory, taken at the time of a call: the pieces that its arguments point
//! to, before it, and those that it wrote, after it. Decoding reads these instead of the memory,
//! which the guest has changed since.

use std::borrow::Cow;
use wiggle::{GuestMemory, GuestPtr};

/// Pieces of guest memory as they were before and after one call. Reused from call to call, so that
/// recording allocates nothing once it is warm.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    pieces: Vec<Piece>,
    bytes: Vec<u8>,
    /// How many of the pieces were copied before the call; `None` until it has returned.
    before: Option<usize>,
    /// The size of the memory, in bytes, when the call began.
    memory_size: u64,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    address: u32,
    start: u32,
    kept: u32,
}

/// Why a piece of memory is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It lies outside the memory, at least partly.
    Outside {
        /// The size of the memory in bytes.
        memory_size: u64,
    },
    /// It was not copied, or not all of it: too long.
    NotKept,
}

impl Missing {
    pub(crate) fn because(self) -> Cow<'static, str> {
        match self {
            Missing::Outside { memory_size } => {
                Cow::Owned(format!("outside of the memory of {memory_size} bytes"))
            }
            Missing::NotKept => Cow::Borrowed("not recorded"),
        }
    }
}

/// Which side of a call the memory is wanted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Before,
    After,
}

/// Reads guest memory; `None` when any of the bytes lies outside of it.
#[inline]
pub(crate) fn read<'m>(
    memory: &'m GuestMemory<'_>,
    address: u32,
    length: u32,
) -> Option<Cow<'m, [u8]>> {
    match memory {
        GuestMemory::Unshared(bytes) => {
            let start = address as usize;
            let end = start.checked_add(length as usize)?;
            bytes.get(start..end).map(Cow::Borrowed)
        }
        GuestMemory::Shared(_) => memory.as_cow(GuestPtr::<[u8]>::new((address, length))).ok(),
    }
}

/// Writes guest memory; `false`, and nothing written, when any of the bytes lies outside of it.
pub(crate) fn write(memory: &mut GuestMemory<'_>, address: u32, bytes: &[u8]) -> bool {
    let Ok(length) = u32::try_from(bytes.len()) else {
        return false;
    };
    memory
        .copy_from_slice(bytes, GuestPtr::<[u8]>::new((address, length)))
        .is_ok()
}

/// Reads a little-endian `u32` from guest memory.
pub(crate) fn read_u32(memory: &GuestMemory<'_>, address: u32) -> Option<u32> {
    little_u32(&read(memory, address, 4)?)
}

/// The little-endian `u32` at the start of some bytes.
pub(crate) fn little_u32(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().copied().map(u32::from_le_bytes)
}

fn size(memory: &GuestMemory<'_>) -> u64 {
    let bytes = match memory {
        GuestMemory::Unshared(bytes) => bytes.len(),
        GuestMemory::Shared(bytes) => bytes.len(),
    };
    bytes as u64
}

impl Copies {
    /// Forgets everything and starts with the pieces from before a call.
    pub(crate) fn begin(&mut self, memory: &GuestMemory<'_>) {
        self.pieces.clear();
        self.bytes.clear();
        self.before = None;
        self.memory_size = size(memory);
    }

    /// From now on, pieces are from after the call.
    pub(crate) fn returned(&mut self, memory: &GuestMemory<'_>) {
        self.before = Some(self.pieces.len());
        // A custom host function may have grown the memory.
        self.memory_size = self.memory_size.max(size(memory));
    }

    /// Copies `length` bytes, as far as they lie in the memory.
    pub(crate) fn copy(&mut self, memory: &GuestMemory<'_>, address: u32, length: u32) {
        if length == 0 {
            return;
        }
        let available = self.memory_size.saturating_sub(u64::from(address));
        let length = u64::from(length).min(available) as u32;
        let Some(bytes) = read(memory, address, length) else {
            return;
        };
        // Limits on what is copied keep the total far below 4 GiB.
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(&bytes);
        self.pieces.push(Piece {
            address,
            start,
            kept: length,
        });
    }

    /// All of `length` bytes at `address`.
    pub(crate) fn get(&self, when: When, address: u32, length: u32) -> Result<&[u8], Missing> {
        let (bytes, missing) = self.prefix(when, address, length);
        match missing {
            Some(missing) => Err(missing),
            None if bytes.len() == length as usize => Ok(bytes),
            None => Err(Missing::NotKept),
        }
    }

    /// As many of `length` bytes at `address` as were copied; and, when some of the rest lies outside
    /// of the memory, that.
    pub(crate) fn prefix(&self, when: When, address: u32, length: u32) -> (&[u8], Option<Missing>) {
        let outside = (u64::from(address) + u64::from(length) > self.memory_size).then_some(
            Missing::Outside {
                memory_size: self.memory_size,
            },
        );
        if length == 0 {
            return (&[], outside);
        }
        let before = self.before.unwrap_or(self.pieces.len());
        let (before, after) = self.pieces.split_at(before.min(self.pieces.len()));
        let pieces = match when {
            When::Before => before,
            When::After => after,
        };
        // Several pieces may hold the address; the longest answer is the best.
        let best = pieces
            .iter()
            .filter_map(|piece| self.part(piece, address, length))
            .max_by_key(|bytes| bytes.len());
        (best.unwrap_or(&[]), outside)
    }

    fn part(&self, piece: &Piece, address: u32, length: u32) -> Option<&[u8]> {
        let skip = address.checked_sub(piece.address)?;
        let here = piece.kept.checked_sub(skip)?.min(length);
        let start = piece.start as usize + skip as usize;
        self.bytes.get(start..start + here as usize)
    }
}
