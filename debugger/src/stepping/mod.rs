//! Steps by source lines and by opcodes: which places to arm, and when a step is over.
//!
//! A step never walks from opcode to opcode: it names the places where it may end or has to look
//! again ([`Stepper::places`]), whoever owns the guest arms them, and asks at each hit
//! ([`Stepper::stopped_at`]). So a call of a billion opcodes costs what running it costs.
//!
//! - [`StepTables`] keeps what was worked out, from one step to the next.
//! - `lines`: `next`, `step`, `until`; `finish`: running out of a function, and `returned`: what it
//!   returned; `instructions`: single opcodes.
//! - `judge` decides from source frames alone whether a place ends a step; `activation` tells calls
//!   of one function from one another; `returns` finds where a call comes back to.
//!
//! What a stop means to the user, breakpoints, panics and traps are the session's.

mod tables;

pub use tables::StepTables;

use crate::protocol::FrameId;
use crate::values::{Limits, Value};
use std::sync::Arc;
use wasmscope_runner::debuggee::{CodePlace, FramePlace, PausedGuest};

/// What to do until it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// To another line of the same function, over calls; at the function's end, to its caller.
    Next,
    /// As `Next`, but into calls of functions with the user's source.
    Step,
    /// Until the function of a frame has returned.
    Finish {
        /// The frame.
        frame: FrameId,
    },
    /// Until one of these places is reached, or the current function has returned. Without places:
    /// to a line further down in the same function, which leaves a loop.
    Until {
        /// The places.
        places: Vec<CodePlace>,
    },
    /// One opcode.
    Instruction {
        /// Whether a call counts as one opcode.
        over: bool,
    },
}

/// How steps behave.
#[derive(Clone, Copy, Debug, Default)]
pub struct StepSettings {
    /// Whether `Step` goes into functions whose source is not the user's own, and whether steps
    /// may end there.
    pub step_into_std: bool,
    /// How much of a returned value is told.
    pub limits: Limits,
}

/// Why a step is over.
#[derive(Clone, Debug, PartialEq)]
pub enum StepDone {
    /// A line, or an opcode, was reached.
    Step,
    /// A function has returned, after [`StepKind::Finish`].
    Finished {
        /// The function.
        function: Option<String>,
        /// What it returned, or why that is not known; `None` when it returns nothing.
        value: Option<Value>,
    },
    /// A place of [`StepKind::Until`] was reached, or the function it was asked for in returned.
    Until,
}

/// The end of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct StepEnd {
    /// Why.
    pub done: StepDone,
    /// The source frame to look at first. It is not the innermost one when the line that was
    /// reached begins with a call that the compiler inlined: nothing of the call has run yet.
    pub frame: FrameId,
}

/// Whether a step goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum StepState {
    /// It does: [`Stepper::places`] may have changed.
    GoOn,
    /// It is over.
    Done(StepEnd),
}

/// A step that was begun.
#[derive(Debug)]
pub enum Begun {
    /// It is under way.
    Stepping(Stepper),
    /// It is over already: the guest stands where it is to stand, and must not run.
    Done(StepEnd),
}

/// Why a step cannot be begun.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// No Wasm is on the stack.
    #[error("the guest is in none of its functions, so there is nothing to step")]
    NotInGuest,
    /// There is no such frame.
    #[error("there is no frame {0}")]
    NoSuchFrame(FrameId),
    /// Nothing called the frame.
    #[error("frame {0} is the outermost one: nothing called it; `continue` runs to the end")]
    Outermost(FrameId),
}

/// One step under way.
#[derive(Debug)]
pub struct Stepper {
    places: Arc<[CodePlace]>,
}

impl Stepper {
    /// Begins a step. `from` is the source frame that steps by lines are meant in: the one that the
    /// last stop said to look at first ([`StepEnd::frame`]), when it belongs to the innermost Wasm
    /// frame.
    ///
    /// # Errors
    /// When there is nothing to step in.
    pub fn begin(
        _kind: StepKind,
        _from: FrameId,
        _tables: &mut StepTables,
        _guest: &mut dyn PausedGuest,
        _settings: &StepSettings,
    ) -> Result<Begun, StepError> {
        todo!("in the works")
    }

    /// The places to arm now, rising. Armed places of the step before may stay armed if they are
    /// among them; the same list is given again as the same allocation as long as nothing changes.
    pub fn places(&self) -> &Arc<[CodePlace]> {
        &self.places
    }

    /// Whether to stop at every opcode, since it is not known which one is next.
    pub fn wants_single_step(&self) -> bool {
        false
    }

    /// Tells that the guest has stopped at one of the places (or at the next opcode, when every one
    /// was wanted), which `at` says: its innermost frame.
    pub fn stopped_at(
        &mut self,
        _tables: &mut StepTables,
        _guest: &mut dyn PausedGuest,
        _at: FramePlace,
    ) -> StepState {
        todo!("in the works")
    }
}
