//! The ways through a function from a place on, and whether one of them leaves it without another
//! look at a variable.

use super::graph::{Graph, Set, Sought};
use super::uses::{About, Use};
use std::collections::HashSet;
use std::ops::Range;

/// How many branches backwards are looked past where a function does not return.
const MAX_BACK: usize = 32;

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

/// A question about a variable, and what is done with it.
pub(super) struct Question<'g> {
    graph: &'g Graph,
    sought: Sought,
    about: About,
    /// How much may still be passed on the way: stretches, and what is done in them. When it is used up
    /// nothing is said to be over.
    left: usize,
}

impl<'g> Question<'g> {
    pub fn new(graph: &'g Graph, sought: Sought, left: usize) -> Self {
        let (places, locals) = match &sought {
            Sought::Memory { whole, .. } => (whole.clone(), &[][..]),
            Sought::Locals { locals, seen_at } => (seen_at.clone(), &**locals),
        };
        Question {
            graph,
            about: graph.uses().about(places, locals, graph.flags()),
            sought,
            left,
        }
    }

    /// How much may still be passed.
    pub fn left(&self) -> usize {
        self.left
    }

    /// Whether a way leads from the opcode at `position` out of the function on which nothing looks at
    /// what is sought any more; `set` are the flags that are set there. `called` says that the opcode
    /// is a call that has not returned: it has its operands.
    ///
    /// Where no way returns (a panic follows), the last branch that might have gone elsewhere tells.
    pub fn is_over(&mut self, position: u32, called: bool, set: Set) -> bool {
        let Some(number) = self.graph.stretch_at(position) else {
            return false;
        };
        let first = position.saturating_add(u32::from(called));
        match self.ways_on(number, first, set) {
            Ways::OneWithout => true,
            Ways::AllWith | Ways::TooMany => false,
            Ways::NoneReturns => self.was_over(number, position, set),
        }
    }

    /// Whether what is sought was given a value before the opcode at `position` is executed, or by it
    /// if it is a call that has not returned.
    pub fn is_given(&mut self, position: u32, called: bool) -> Given {
        let end = position.saturating_add(u32::from(called));
        let number = self.graph.stretch_at(position);
        let given = number.and_then(|number| self.given_before(number, end));
        given.unwrap_or(Given::Perhaps)
    }

    /// The same, before a position of a stretch; `None` when there are too many ways.
    fn given_before(&mut self, number: u32, end: u32) -> Option<Given> {
        let (mut found, mut missed) = (false, false);
        let mut seen: HashSet<u32> = HashSet::new();
        let mut open = vec![(number, end)];
        while let Some((number, end)) = open.pop() {
            let stretch = self.graph.stretches.get(number as usize)?;
            let mut uses = self.about.within(stretch.positions.start..end);
            let work = uses.len().saturating_add(stretch.from.len());
            self.left = self.left.checked_sub(work.saturating_add(1))?;
            let gives = uses.any(|it| self.sought.is_set_by(it));
            if gives {
                found = true;
                continue;
            }
            missed |= stretch.positions.start == 0;
            for before in &stretch.from {
                if seen.insert(*before) {
                    let stretch = self.graph.stretches.get(*before as usize)?;
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

    /// The ways on from a position of a stretch.
    fn ways_on(&mut self, number: u32, first: u32, set: Set) -> Ways {
        let mut seen: HashSet<(u32, Set)> = HashSet::new();
        let mut open = vec![(number, first, set)];
        let mut touched = false;
        while let Some((number, first, set)) = open.pop() {
            let Some(stretch) = self.graph.stretches.get(number as usize) else {
                continue;
            };
            let set = match self.pass(first..stretch.positions.end, set) {
                Passed::LookedAt => {
                    touched = true;
                    continue;
                }
                Passed::Overwritten => return Ways::OneWithout,
                Passed::TooMuch => return Ways::TooMany,
                Passed::Untouched(set) => set,
            };
            let next = self.graph.next_of(stretch, set);
            self.left = self.left.saturating_sub(next.len());
            for next in next {
                let Some(next) = next else {
                    return Ways::OneWithout;
                };
                let Some(positions) = self.graph.stretches.get(*next as usize) else {
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
    fn pass(&mut self, positions: Range<u32>, mut set: Set) -> Passed {
        let uses = self.about.within(positions);
        self.left = self.left.saturating_sub(uses.len().saturating_add(1));
        let mut missing = self.sought.bytes();
        for found in uses {
            if self.sought.is_touched_by(found) {
                return Passed::LookedAt;
            }
            if let Use::Write { at, size } = found
                && at.base == self.sought.base()
            {
                let end = at.offset.saturating_add_unsigned(*size);
                missing = without(missing, at.offset..end);
                if missing.is_empty() {
                    return Passed::Overwritten;
                }
            }
            if let Use::SetByte { at, value } = found
                && let Ok(flag) = self.graph.flags().binary_search(at)
            {
                let bit = 1 << flag;
                set = set.map(|set| match value & 1 {
                    1 => set | bit,
                    _ => set & !bit,
                });
            }
        }
        match self.left {
            0 => Passed::TooMuch,
            _ => Passed::Untouched(set),
        }
    }

    /// Whether what is sought was over at the last branch before `position`, nothing having looked at
    /// it since.
    fn was_over(&mut self, number: u32, position: u32, set: Set) -> bool {
        let mut number = number;
        // The opcode itself may be a call that was given it.
        let mut end = position.saturating_add(1);
        for _ in 0..MAX_BACK {
            let Some(stretch) = self.graph.stretches.get(number as usize) else {
                return false;
            };
            // What it was before it got its value says nothing. Where a flag changed, what that was
            // before is not known.
            let stays = |found: &Use| {
                let flag =
                    matches!(found, Use::SetByte { at, .. } if self.graph.flags().contains(at));
                !flag && !self.sought.is_set_by(found) && !self.sought.is_touched_by(found)
            };
            let stays = self.about.within(stretch.positions.start..end).all(stays);
            if !stays {
                return false;
            }
            let mut from = stretch.from.iter();
            let (Some(before), None) = (from.next(), from.next()) else {
                return false;
            };
            let Some(stretch) = self.graph.stretches.get(*before as usize) else {
                return false;
            };
            end = stretch.positions.end;
            match self.ways_on(*before, end, set) {
                Ways::OneWithout => return true,
                Ways::AllWith | Ways::TooMany => return false,
                Ways::NoneReturns => {}
            }
            number = *before;
        }
        false
    }
}
