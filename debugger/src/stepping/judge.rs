//! Whether a place where the guest has stopped ends a step by lines: decided from the source frames
//! of the place and of where the step began, and from nothing else.
//!
//! Inlined calls are calls. Both places have a chain of them: the function, then the calls inlined
//! there, each within the one before. What the chains have in common is what has neither been left
//! nor entered since. The rules are gdb's (its manual, "Continuing and Stepping", and what it does):
//!
//! - in the same call, or in one around it: at the beginning of a statement on another line;
//! - where a call was inlined that the step did not begin in: at the call's line, if that is another
//!   one, as if nothing of the call had run; `step` then goes into it.

use super::tables::{Reach, enters};
use crate::program::CodeFrame;
use crate::protocol::FrameId;
use std::sync::Arc;
use wasmscope_symbols::{CodeOffset, DieId, FunctionStatements};

/// A line of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line {
    pub file: Arc<str>,
    pub line: u32,
}

impl Line {
    /// The line of a frame: being executed, or of the call it has made.
    pub fn of(frame: &CodeFrame) -> Option<Line> {
        let location = frame.source.location.as_ref()?;
        Some(Line {
            file: Arc::clone(&location.file),
            line: location.line?,
        })
    }

    fn is(&self, frame: &CodeFrame) -> bool {
        let location = frame.source.location.as_ref();
        location.is_some_and(|at| at.line == Some(self.line) && at.file == self.file)
    }
}

/// Where a step by lines began, or took up again after a return.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// The function and the calls inlined there, outermost first, up to the one stepped in.
    pub chain: Vec<Option<DieId>>,
    /// The line in that one.
    pub line: Option<Line>,
    /// Whose code counts.
    pub reach: Reach,
}

impl Origin {
    /// The origin in frame `from` of a place with these frames (innermost first).
    pub fn new(frames: &[CodeFrame], from: FrameId, reach: Reach) -> Self {
        let own = frames.get(from..).unwrap_or_default();
        Origin {
            chain: own.iter().rev().map(|frame| frame.source.die).collect(),
            line: own.first().and_then(Line::of),
            reach,
        }
    }

    fn is_elsewhere(&self, frame: &CodeFrame) -> bool {
        let known = Line::of(frame).is_some();
        known && self.line.as_ref().is_none_or(|line| !line.is(frame))
    }
}

/// What is asked of a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wish {
    /// Another line, not in calls.
    Next,
    /// Another line, in calls too of code that this takes.
    Step(Reach),
    /// A line further down.
    Forward,
}

/// A place where the guest stands.
pub(super) struct Place<'p> {
    /// Its frames, innermost first.
    pub frames: &'p [CodeFrame],
    /// Where it is.
    pub pc: CodeOffset,
    /// The statements of its function.
    pub statements: &'p FunctionStatements,
}

impl Place<'_> {
    /// Whether a statement begins here.
    pub fn is_statement(&self) -> bool {
        let begins = self.statements.starting_at(self.pc);
        begins.is_some_and(|place| {
            place.is_stmt || !self.statements.places.iter().any(|place| place.is_stmt)
        })
    }

    /// Whether something begins here in a frame: a statement of its own, or a call inlined in it.
    pub fn begins(&self, frame: FrameId) -> bool {
        match self.id(frame) {
            _ if frame == 0 => self.is_statement(),
            Some(position) => self.enters(position.saturating_add(1)),
            None => false,
        }
    }

    /// Whether the call at this position of the chain begins here.
    fn enters(&self, position: usize) -> bool {
        let die = self.level(position).and_then(|frame| frame.source.die);
        die.is_some_and(|die| enters(self.statements, self.pc, die))
    }

    /// The frame at a position of the chain.
    fn level(&self, position: usize) -> Option<&CodeFrame> {
        self.frames.get(self.id(position)?)
    }

    /// The frame's number at a position of the chain.
    fn id(&self, position: usize) -> Option<FrameId> {
        self.frames.len().checked_sub(1)?.checked_sub(position)
    }
}

/// The source frame that a step ends in at a place of the function it began in; `None` when it goes
/// on. `place` must be in the same call of the Wasm function as the origin.
pub(super) fn judge(origin: &Origin, wish: Wish, place: &Place<'_>) -> Option<FrameId> {
    let length = place.frames.len();
    let chain = place.frames.iter().rev().map(|frame| frame.source.die);
    let shared = chain
        .zip(&origin.chain)
        .take_while(|(here, there)| here == *there)
        .count()
        .max(1);
    if shared >= length {
        return own_statement(origin, wish, place, shared);
    }
    // In a call that the step did not begin in, made by the last frame that is shared.
    let caller = place.level(shared.checked_sub(1)?)?;
    if origin.reach.takes(caller) && is_wanted(origin, wish, caller, shared) && place.enters(shared)
    {
        return place.id(shared.checked_sub(1)?);
    }
    let Wish::Step(into) = wish else {
        return None;
    };
    first_inside(place, into, shared)
}

/// A statement in a call that the step began in.
fn own_statement(origin: &Origin, wish: Wish, place: &Place<'_>, shared: usize) -> Option<FrameId> {
    let frame = place.frames.first()?;
    let wanted = origin.reach.takes(frame) && is_wanted(origin, wish, frame, shared);
    (wanted && place.is_statement()).then_some(0)
}

/// Whether a frame's line is another one than the origin's, in the direction that is wished.
fn is_wanted(origin: &Origin, wish: Wish, frame: &CodeFrame, shared: usize) -> bool {
    let same_call = shared >= origin.chain.len();
    if wish == Wish::Forward
        && same_call
        && let (Some(began), Some(here)) = (&origin.line, Line::of(frame))
        && began.file == here.file
    {
        return here.line > began.line;
    }
    origin.is_elsewhere(frame)
}

/// The outermost call that may be stepped into, from a position of the chain on.
fn first_inside(place: &Place<'_>, into: Reach, from: usize) -> Option<FrameId> {
    let last = place.frames.len().checked_sub(1)?;
    let position = (from..=last).find(|position| {
        let frame = place.level(*position);
        frame.is_some_and(|frame| into.takes(frame) && Line::of(frame).is_some())
    })?;
    let begins = place.enters(position) || (position == last && place.is_statement());
    begins.then(|| place.id(position)).flatten()
}

/// The source frame that `step` goes into without executing anything: the place is where a call
/// inlined in frame `from` begins.
pub(super) fn step_in_place(place: &Place<'_>, from: FrameId, into: Reach) -> Option<FrameId> {
    let position = place.id(from)?;
    let next = position.checked_add(1)?;
    place
        .enters(next)
        .then(|| first_inside(place, into, next))
        .flatten()
}

/// The frame to look at first where a function was entered that `into` takes: the outermost one
/// that it takes.
pub(super) fn entered(frames: &[CodeFrame], into: Reach) -> FrameId {
    frames
        .iter()
        .rposition(|frame| into.takes(frame))
        .unwrap_or(0)
}
