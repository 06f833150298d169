//! A function's code as stretches that lead to one another, and what of a variable its opcodes may
//! touch.

use super::uses::{At, FlagBranch, Use, Uses};
use crate::wasm::FunctionCode;
use std::collections::BTreeSet;
use std::ops::Range;

/// Flags of one function that are followed.
const MAX_FLAGS: usize = 64;

/// What a question is about.
#[derive(Clone, Debug)]
pub(super) enum Sought {
    /// A part of a variable in memory, and where the variable ends before it and after.
    Memory { whole: Range<At>, part: Range<At> },
    /// A variable in Wasm locals, which is also written to memory for debuggers to see.
    Locals {
        locals: Vec<u32>,
        seen_at: Range<At>,
    },
}

impl Sought {
    /// Whether that is a look at it.
    pub fn is_touched_by(&self, found: &Use) -> bool {
        match (self, found) {
            (_, Use::Anywhere) => true,
            (Sought::Memory { part, .. }, Use::Read { at, size }) => {
                let end = at.offset.saturating_add_unsigned(*size);
                at.base == part.start.base && at.offset < part.end.offset && end > part.start.offset
            }
            // How far it is used from there on is not known; not beyond the variable.
            (Sought::Memory { whole, part }, Use::Address(at)) => {
                at.base == whole.start.base
                    && at.offset >= whole.start.offset
                    && at.offset < part.end.offset
            }
            (Sought::Locals { locals, .. }, Use::Local(used)) => locals.contains(used),
            (Sought::Locals { locals, .. }, Use::Read { at, .. } | Use::Address(at)) => {
                locals.contains(&at.base)
            }
            (Sought::Locals { locals, seen_at }, Use::Kept { local: used, at }) => {
                locals.contains(used) && !seen_at.contains(at)
            }
            _ => false,
        }
    }

    /// What its place counts from.
    pub fn base(&self) -> u32 {
        match self {
            Sought::Memory { part, .. } => part.start.base,
            Sought::Locals { seen_at, .. } => seen_at.start.base,
        }
    }

    /// The bytes that are written when it is given another value; none for what is not in memory.
    pub fn bytes(&self) -> Range<i64> {
        match self {
            Sought::Memory { part, .. } => part.start.offset..part.end.offset,
            Sought::Locals { .. } => i64::MIN..i64::MAX,
        }
    }

    /// Whether that may be what gives it its value.
    pub fn is_set_by(&self, found: &Use) -> bool {
        let (at, size) = match found {
            Use::Write { at, size } => (at, *size),
            Use::SetByte { at, .. } => (at, 1),
            Use::Address(_) => return self.is_touched_by(found),
            Use::Anywhere => return true,
            _ => return false,
        };
        let end = at.offset.saturating_add_unsigned(size);
        match self {
            Sought::Memory { part, .. } => {
                at.base == part.start.base && at.offset < part.end.offset && end > part.start.offset
            }
            Sought::Locals { seen_at, .. } => seen_at.contains(at),
        }
    }
}

/// A stretch of opcodes that control only enters at its first and leaves at its last.
#[derive(Debug)]
pub(super) struct Stretch {
    pub positions: Range<u32>,
    /// `None` is the caller.
    pub next: Vec<Option<u32>>,
    /// The stretches that lead here, by their numbers.
    pub from: BTreeSet<u32>,
    branch: Option<FlagBranch>,
}

/// The flags that are set, one bit for each of [`Graph::flags`]; `None` where that is not known, and
/// every way is open.
pub(super) type Set = Option<u64>;

/// A function's code as the ways through it.
#[derive(Debug)]
pub(super) struct Graph {
    uses: Uses,
    pub stretches: Vec<Stretch>,
    flags: Vec<At>,
}

impl Graph {
    /// `None` when the function has more flags than are followed.
    pub fn new(code: &FunctionCode, uses: Uses) -> Option<Self> {
        let flags: Vec<At> = uses.flags().into_iter().collect();
        if flags.len() > MAX_FLAGS {
            return None;
        }
        let end = u32::try_from(code.len()).ok()?;
        let leaders = leaders(code, end);
        let mut stretches: Vec<Stretch> = Vec::with_capacity(leaders.len());
        for (number, first) in leaders.iter().enumerate() {
            let after = leaders
                .get(number.saturating_add(1))
                .copied()
                .unwrap_or(end);
            let last = after.saturating_sub(1);
            let mut next = Vec::new();
            code.next_positions(last, |to| {
                next.push(to.and_then(|to| {
                    let number = leaders.binary_search(&to).ok()?;
                    u32::try_from(number).ok()
                }));
            });
            stretches.push(Stretch {
                positions: *first..after,
                next,
                from: BTreeSet::new(),
                branch: uses.branch(last),
            });
        }
        let mut graph = Graph {
            uses,
            stretches,
            flags,
        };
        graph.link();
        Some(graph)
    }

    /// Notes where one comes to each stretch from; what is never executed leads nowhere.
    fn link(&mut self) {
        let mut reached = BTreeSet::from([0]);
        let mut open = vec![0u32];
        while let Some(from) = open.pop() {
            let stretch = self.stretches.get(from as usize);
            let next = stretch.map(|stretch| stretch.next.clone());
            for to in next.into_iter().flatten().flatten() {
                if let Some(stretch) = self.stretches.get_mut(to as usize) {
                    stretch.from.insert(from);
                }
                if reached.insert(to) {
                    open.push(to);
                }
            }
        }
    }

    /// What the function does.
    pub fn uses(&self) -> &Uses {
        &self.uses
    }

    /// The bytes that decide branches.
    pub fn flags(&self) -> &[At] {
        &self.flags
    }

    /// The number of the stretch that a position is in.
    pub fn stretch_at(&self, position: u32) -> Option<u32> {
        let after = self
            .stretches
            .partition_point(|stretch| stretch.positions.start <= position);
        u32::try_from(after.checked_sub(1)?).ok()
    }

    /// Where control goes after a stretch, its flag being as it is.
    pub fn next_of<'s>(&self, stretch: &'s Stretch, set: Set) -> &'s [Option<u32>] {
        let (Some(branch), Some(set)) = (stretch.branch, set) else {
            return &stretch.next;
        };
        let Ok(flag) = self.flags.binary_search(&branch.flag) else {
            return &stretch.next;
        };
        let to_target = (set >> flag & 1 == 1) == branch.when_set;
        let chosen = stretch.next.get(usize::from(to_target)..);
        chosen
            .and_then(|next| next.get(..1))
            .unwrap_or(&stretch.next)
    }
}

/// The positions of opcodes where a stretch begins, rising.
fn leaders(code: &FunctionCode, end: u32) -> Vec<u32> {
    let mut leaders = BTreeSet::from([0]);
    for position in 0..end {
        if !code.is_straight(position) {
            leaders.insert(position.saturating_add(1));
            code.next_positions(position, |next| leaders.extend(next));
        }
    }
    leaders.into_iter().filter(|leader| *leader < end).collect()
}
