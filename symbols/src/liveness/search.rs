//! The ways through a function from a place on, and whether one of them leaves it without another
//! look at a variable.

use super::uses::{At, FlagBranch, Use, Uses};
use crate::wasm::FunctionCode;
use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

/// How many branches backwards are looked past where a function does not return.
const MAX_BACK: usize = 32;

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
    fn is_touched_by(&self, found: &Use) -> bool {
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

    fn base(&self) -> u32 {
        match self {
            Sought::Memory { part, .. } => part.start.base,
            Sought::Locals { seen_at, .. } => seen_at.start.base,
        }
    }

    /// The bytes that are written when it is given another value; none for what is not in memory.
    fn bytes(&self) -> Range<i64> {
        match self {
            Sought::Memory { part, .. } => part.start.offset..part.end.offset,
            Sought::Locals { .. } => i64::MIN..i64::MAX,
        }
    }

    /// Whether that may be what gives it its value.
    fn is_set_by(&self, found: &Use) -> bool {
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

/// What is left of a stretch of bytes when another one is taken away. One in the middle leaves all:
/// compilers write values from one end to the other.
fn without(bytes: Range<i64>, taken: Range<i64>) -> Range<i64> {
    if taken.start <= bytes.start && taken.end > bytes.start {
        taken.end.min(bytes.end)..bytes.end
    } else if taken.end >= bytes.end && taken.start < bytes.end {
        bytes.start..taken.start.max(bytes.start)
    } else {
        bytes
    }
}

/// What opcodes on the way do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Passed {
    /// They look at what is sought.
    LookedAt,
    /// They write all of it anew, and have not looked at it before: had it been there, it would have
    /// been dropped first.
    Overwritten,
    /// There is nothing left for it.
    TooMuch,
    /// None of that; with the flags after them.
    Untouched(Set),
}

/// What the ways from a place on have in common.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ways {
    /// One of them returns without a look at it.
    OneWithout,
    /// All that return look at it.
    AllWith,
    /// None returns, and none looks at it.
    NoneReturns,
    /// There are too many.
    TooMany,
}

/// Whether a variable was given a value on the way to a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Given {
    /// On no way.
    Never,
    /// On some.
    Perhaps,
    /// On every one.
    Surely,
}

/// A stretch of opcodes that control only enters at its first and leaves at its last.
#[derive(Debug)]
struct Stretch {
    positions: Range<u32>,
    /// `None` is the caller.
    next: Vec<Option<u32>>,
    /// The stretches that lead here, by their numbers.
    from: BTreeSet<u32>,
    branch: Option<FlagBranch>,
}

/// The flags that are set, one bit for each of [`Graph::flags`]; `None` where that is not known, and
/// every way is open.
pub(super) type Set = Option<u64>;

/// A function's code as the ways through it.
#[derive(Debug)]
pub(super) struct Graph {
    uses: Uses,
    stretches: Vec<Stretch>,
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

    /// Whether a way leads from the opcode at `position` out of the function on which nothing looks at
    /// what is `sought` any more; `set` are the flags that are set there. `called` says that the opcode
    /// is a call that has not returned: it has its operands.
    ///
    /// Where no way returns (a panic follows), the last branch that might have gone elsewhere tells.
    /// `left` is how much may still be passed on the way: stretches, and what is done in them. When it is
    /// used up the answer is no.
    pub fn is_over(
        &self,
        sought: &Sought,
        position: u32,
        called: bool,
        set: Set,
        left: &mut usize,
    ) -> bool {
        let Some(number) = self.stretch_at(position) else {
            return false;
        };
        let first = position.saturating_add(u32::from(called));
        match self.ways_on(sought, number, first, set, left) {
            Ways::OneWithout => true,
            Ways::AllWith | Ways::TooMany => false,
            Ways::NoneReturns => self.was_over(sought, number, position, set, left),
        }
    }

    /// Whether what is `sought` was given a value before the opcode at `position` is executed, or by it
    /// if it is a call that has not returned.
    pub fn is_given(
        &self,
        sought: &Sought,
        position: u32,
        called: bool,
        left: &mut usize,
    ) -> Given {
        let end = position.saturating_add(u32::from(called));
        let number = self.stretch_at(position);
        let given = number.and_then(|number| self.given_before(sought, number, end, left));
        given.unwrap_or(Given::Perhaps)
    }

    /// The same, before a position of a stretch; `None` when there are too many ways.
    fn given_before(
        &self,
        sought: &Sought,
        number: u32,
        end: u32,
        left: &mut usize,
    ) -> Option<Given> {
        let (mut found, mut missed) = (false, false);
        let mut seen: HashSet<u32> = HashSet::new();
        let mut open = vec![(number, end)];
        while let Some((number, end)) = open.pop() {
            let stretch = self.stretches.get(number as usize)?;
            let mut passed = 0usize;
            let gives = (self.uses.within(stretch.positions.start..end))
                .inspect(|_| passed = passed.saturating_add(1))
                .any(|it| sought.is_set_by(it));
            *left = left.checked_sub(passed.saturating_add(1))?;
            if gives {
                found = true;
                continue;
            }
            missed |= stretch.positions.start == 0;
            for before in &stretch.from {
                if seen.insert(*before) {
                    let stretch = self.stretches.get(*before as usize)?;
                    open.push((*before, stretch.positions.end));
                }
            }
        }
        Some(match (found, missed) {
            (false, _) => Given::Never,
            (true, true) => Given::Perhaps,
            (true, false) => Given::Surely,
        })
    }

    fn stretch_at(&self, position: u32) -> Option<u32> {
        let after = self
            .stretches
            .partition_point(|stretch| stretch.positions.start <= position);
        u32::try_from(after.checked_sub(1)?).ok()
    }

    /// The ways on from a position of a stretch.
    fn ways_on(
        &self,
        sought: &Sought,
        number: u32,
        first: u32,
        set: Set,
        left: &mut usize,
    ) -> Ways {
        let mut seen: HashSet<(u32, Set)> = HashSet::new();
        let mut open = vec![(number, first, set)];
        let mut touched = false;
        while let Some((number, first, set)) = open.pop() {
            let Some(stretch) = self.stretches.get(number as usize) else {
                continue;
            };
            let set = match self.pass(sought, first..stretch.positions.end, set, left) {
                Passed::LookedAt => {
                    touched = true;
                    continue;
                }
                Passed::Overwritten => return Ways::OneWithout,
                Passed::TooMuch => return Ways::TooMany,
                Passed::Untouched(set) => set,
            };
            for next in self.next_of(stretch, set) {
                let Some(next) = next else {
                    return Ways::OneWithout;
                };
                let Some(positions) = self.stretches.get(*next as usize) else {
                    continue;
                };
                if seen.insert((*next, set)) {
                    open.push((*next, positions.positions.start, set));
                }
            }
        }
        match touched {
            true => Ways::AllWith,
            false => Ways::NoneReturns,
        }
    }

    /// What some opcodes do with what is sought, and with the flags.
    fn pass(
        &self,
        sought: &Sought,
        positions: Range<u32>,
        mut set: Set,
        left: &mut usize,
    ) -> Passed {
        *left = left.saturating_sub(1);
        let mut missing = sought.bytes();
        for found in self.uses.within(positions) {
            *left = left.saturating_sub(1);
            if sought.is_touched_by(found) {
                return Passed::LookedAt;
            }
            if let Use::Write { at, size } = found
                && at.base == sought.base()
            {
                let end = at.offset.saturating_add_unsigned(*size);
                missing = without(missing, at.offset..end);
                if missing.is_empty() {
                    return Passed::Overwritten;
                }
            }
            if let Use::SetByte { at, value } = found
                && let Ok(flag) = self.flags.binary_search(at)
            {
                let bit = 1 << flag;
                set = set.map(|set| match value & 1 {
                    1 => set | bit,
                    _ => set & !bit,
                });
            }
        }
        match *left {
            0 => Passed::TooMuch,
            _ => Passed::Untouched(set),
        }
    }

    /// Where control goes after a stretch, its flag being as it is.
    fn next_of<'s>(&self, stretch: &'s Stretch, set: Set) -> &'s [Option<u32>] {
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

    /// Whether what is sought was over at the last branch before `position`, nothing having looked at
    /// it since.
    fn was_over(
        &self,
        sought: &Sought,
        number: u32,
        position: u32,
        set: Set,
        left: &mut usize,
    ) -> bool {
        let mut number = number;
        // The opcode itself may be a call that was given it.
        let mut end = position.saturating_add(1);
        for _ in 0..MAX_BACK {
            let Some(stretch) = self.stretches.get(number as usize) else {
                return false;
            };
            // What it was before it got its value says nothing. Where a flag changed, what that was
            // before is not known.
            let stays = |found: &Use| {
                let flag = matches!(found, Use::SetByte { at, .. } if self.flags.contains(at));
                !flag && !sought.is_set_by(found) && !sought.is_touched_by(found)
            };
            if !self.uses.within(stretch.positions.start..end).all(stays) {
                return false;
            }
            let mut from = stretch.from.iter();
            let (Some(before), None) = (from.next(), from.next()) else {
                return false;
            };
            let Some(stretch) = self.stretches.get(*before as usize) else {
                return false;
            };
            match self.ways_on(sought, *before, stretch.positions.end, set, left) {
                Ways::OneWithout => return true,
                Ways::AllWith | Ways::TooMany => return false,
                Ways::NoneReturns => {}
            }
            number = *before;
            end = stretch.positions.end;
        }
        false
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
