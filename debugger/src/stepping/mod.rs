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

pub(crate) mod activation;
mod finish;
mod instructions;
mod judge;
mod lines;
mod returned;
mod tables;

pub use tables::StepTables;

use crate::protocol::FrameId;
use crate::values::{Limits, Value};
use finish::{FinishStep, UntilStep};
use instructions::InstructionStep;
use judge::Wish;
use lines::LineStep;
use std::sync::Arc;
use tables::Reach;
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
pub struct Stepper(Under);

#[derive(Debug)]
enum Under {
    Lines(Box<LineStep>),
    Finish(Box<FinishStep>),
    Until(UntilStep),
    Instruction(InstructionStep),
}

impl Stepper {
    /// Begins a step. `from` is the source frame that steps by lines are meant in: the one that the
    /// last stop said to look at first ([`StepEnd::frame`]), when it belongs to the innermost Wasm
    /// frame.
    ///
    /// # Errors
    /// When there is nothing to step in.
    pub fn begin(
        kind: StepKind,
        from: FrameId,
        tables: &mut StepTables,
        guest: &mut dyn PausedGuest,
        settings: &StepSettings,
    ) -> Result<Begun, StepError> {
        tables.opcodes = match kind {
            StepKind::Instruction { .. } => tables.opcodes.saturating_add(1),
            _ => 0,
        };
        let wish = match kind {
            StepKind::Next => Wish::Next,
            StepKind::Step => Wish::Step(Reach::Users),
            StepKind::Until { places } if places.is_empty() => Wish::Forward,
            StepKind::Until { places } => {
                let step = UntilStep::begin(places, tables, guest, settings)?;
                return Ok(Begun::Stepping(Stepper(Under::Until(step))));
            }
            StepKind::Finish { frame } => {
                let step = FinishStep::begin(frame, tables, guest, settings)?;
                return Ok(Begun::Stepping(Stepper(Under::Finish(Box::new(step)))));
            }
            StepKind::Instruction { over } => {
                let step = InstructionStep::begin(over, tables, guest)?;
                return Ok(Begun::Stepping(Stepper(Under::Instruction(step))));
            }
        };
        Ok(
            match LineStep::begin(wish, from, tables, guest, settings)? {
                Ok(step) => Begun::Stepping(Stepper(Under::Lines(Box::new(step)))),
                Err(end) => Begun::Done(end),
            },
        )
    }

    /// The places to arm now, rising. Armed places of the step before may stay armed if they are
    /// among them; the same list is given again as the same allocation as long as nothing changes,
    /// from one step to the next as well.
    ///
    /// Code that is never executed has no machine code: arming a place there fails, and that is no
    /// matter.
    pub fn places(&self) -> &Arc<[CodePlace]> {
        match &self.0 {
            Under::Lines(step) => step.places(),
            Under::Finish(step) => step.places(),
            Under::Until(step) => step.places(),
            Under::Instruction(step) => step.places(),
        }
    }

    /// Whether to stop at every opcode, since it is not known which one is next.
    pub fn wants_single_step(&self) -> bool {
        match &self.0 {
            Under::Instruction(step) => step.wants_single_step(),
            Under::Lines(_) | Under::Finish(_) | Under::Until(_) => false,
        }
    }

    /// Tells that the guest has stopped at one of the places (or at the next opcode, when every one
    /// was wanted), which `at` says: its innermost frame.
    pub fn stopped_at(
        &mut self,
        tables: &mut StepTables,
        guest: &mut dyn PausedGuest,
        at: FramePlace,
    ) -> StepState {
        match &mut self.0 {
            Under::Lines(step) => step.stopped_at(tables, guest, at),
            Under::Finish(step) => step.stopped_at(tables, guest, at),
            Under::Until(step) => step.stopped_at(tables, guest, at),
            Under::Instruction(step) => step.stopped_at(tables, guest, at),
        }
    }
}
