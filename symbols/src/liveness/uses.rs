//! What the opcodes of one function do with the memory that its variables are in: each place where
//! it reads there, or gives the address away, and which of its branches a drop flag decides. How that
//! is found out is in [`super::walk`].

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;

/// An address in the memory of variables: so many bytes from what a Wasm local holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct At {
    /// The local: it is a parameter that nothing writes, or holds the function's frame.
    pub base: u32,
    pub offset: i64,
}

/// Something that is done with a variable's memory or its value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Use {
    /// These bytes are read.
    Read { at: At, size: u64 },
    /// The address goes elsewhere, or what is done there has no fixed size.
    Address(At),
    /// Something is done at an address that is not known, and may be any.
    Anywhere,
    /// The value of a Wasm local is used.
    Local(u32),
    /// The value of a Wasm local is written there.
    Kept { local: u32, at: At },
    /// These bytes are written, with something else than one constant byte.
    Write { at: At, size: u64 },
    /// A constant is written to this byte.
    SetByte { at: At, value: u8 },
}

/// A branch that one byte in memory decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct FlagBranch {
    pub flag: At,
    /// The branch goes to its target when the byte is set, and on to the next opcode otherwise;
    /// `false` says the opposite.
    pub when_set: bool,
}

/// What one function does.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// With the positions of their opcodes, rising.
    uses: Vec<(u32, Use)>,
    /// Which of those are about a place, by where it begins.
    by_place: BTreeMap<At, Vec<u32>>,
    /// Which are about a Wasm local's value.
    by_local: HashMap<u32, Vec<u32>>,
    anywhere: Vec<u32>,
    branches: HashMap<u32, FlagBranch>,
    /// Bytes of each place that are written from a Wasm local, and from which.
    spills: BTreeMap<At, Spill>,
    /// Places that are read, or whose address is taken, somewhere.
    looked_at: BTreeSet<At>,
    copied: HashSet<u32>,
    /// Whether the code has opcodes that only optimising back ends write.
    pub optimised: bool,
}

/// What one function does with one variable, in the order of its opcodes.
pub(super) struct About(Vec<(u32, Use)>);

impl About {
    /// What the opcodes of a range do.
    pub fn within(&self, range: Range<u32>) -> impl ExactSizeIterator<Item = &Use> {
        let before = |end: u32| self.0.partition_point(|(position, _)| *position < end);
        let range = before(range.start)..before(range.end.max(range.start));
        let uses = self.0.get(range).unwrap_or_default();
        uses.iter().map(|(_, found)| found)
    }
}

/// What a function writes to a place out of a Wasm local.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Spill {
    local: u32,
    size: u64,
    /// Written once, and nothing else ever is.
    only: bool,
}

impl Uses {
    /// Notes what the opcode at a position does.
    pub fn note(&mut self, position: u32, found: Use) {
        // A function has fewer opcodes than 2³², and few uses each.
        let number = u32::try_from(self.uses.len()).unwrap_or(u32::MAX);
        self.uses.push((position, found));
        match found {
            Use::Read { at, .. } | Use::Address(at) => {
                self.looked_at.insert(at);
                self.by_place.entry(at).or_default().push(number);
            }
            Use::Write { at, .. } | Use::SetByte { at, .. } => {
                self.by_place.entry(at).or_default().push(number);
            }
            Use::Local(local) | Use::Kept { local, .. } => {
                self.by_local.entry(local).or_default().push(number);
            }
            Use::Anywhere => self.anywhere.push(number),
        }
    }

    /// Notes which flag decides the branch at a position.
    pub fn decide(&mut self, position: u32, branch: FlagBranch) {
        self.branches.insert(position, branch);
    }

    /// Notes that a local's value is in another local as well.
    pub fn copy(&mut self, local: u32) {
        self.copied.insert(local);
    }

    /// Notes what is written to a place: so many bytes of a local, or something else.
    pub fn spill(&mut self, at: At, from: Option<(u32, u64)>) {
        let (local, size) = from.unwrap_or_default();
        let only = from.is_some() && !self.spills.contains_key(&at);
        self.spills.insert(at, Spill { local, size, only });
    }

    /// All that may be done with what is in these places, with the values of these Wasm locals or what
    /// they point to, and with these bytes.
    pub fn about(&self, places: Range<At>, locals: &[u32], bytes: &[At]) -> About {
        // The longest reads and writes reach so far from where they begin.
        let longest = At {
            offset: places.start.offset.saturating_sub(15),
            ..places.start
        };
        let all_of = |base: u32| {
            let at = |offset| At { base, offset };
            at(i64::MIN)..at(i64::MAX)
        };
        let mut numbers = self.anywhere.clone();
        let ranges = locals.iter().map(|local| all_of(*local));
        for range in ranges.chain([longest..places.end.max(longest)]) {
            numbers.extend(self.by_place.range(range).flat_map(|(_, numbers)| numbers));
        }
        let of_bytes = bytes.iter().filter_map(|at| self.by_place.get(at));
        let of_locals = locals.iter().filter_map(|local| self.by_local.get(local));
        numbers.extend(of_bytes.chain(of_locals).flatten());
        numbers.sort_unstable();
        numbers.dedup();
        let uses = numbers
            .iter()
            .filter_map(|number| self.uses.get(*number as usize));
        About(uses.copied().collect())
    }

    /// The flag that decides the branch at a position.
    pub fn branch(&self, position: u32) -> Option<FlagBranch> {
        self.branches.get(&position).copied()
    }

    /// The flags that decide branches.
    pub fn flags(&self) -> BTreeSet<At> {
        self.branches.values().map(|branch| branch.flag).collect()
    }

    /// Whether the function ever looks at what is in `size` bytes from `at` on, rather than only
    /// writing there.
    pub fn ever_looks_at(&self, at: At, size: u64) -> bool {
        let end = At {
            offset: at.offset.saturating_add_unsigned(size),
            ..at
        };
        !self.anywhere.is_empty() || self.looked_at.range(at..end).next().is_some()
    }

    /// The Wasm locals that a variable is in whose place is only written, once, as debuggers want it;
    /// fat pointers are in two. None when it is not so.
    pub fn spilled_from(&self, at: At, size: u64) -> Vec<u32> {
        let end = At {
            offset: at.offset.saturating_add_unsigned(size),
            ..at
        };
        let mut locals = Vec::new();
        let mut covered = 0u64;
        for spill in self.spills.range(at..end).map(|(_, spill)| spill) {
            if !spill.only || self.copied.contains(&spill.local) {
                return Vec::new();
            }
            covered = covered.saturating_add(spill.size);
            locals.push(spill.local);
        }
        match covered == size {
            true => locals,
            false => Vec::new(),
        }
    }
}
