//! The texts of breakpoints, conditions and log messages, made ready once for each location, so that
//! a hit costs no more than evaluating them.

use super::Location;
use crate::explain::variables_doubt;
use crate::expression::{CodeContext, Condition, Expression, LogMessage};
use crate::live::LiveFrame;
use crate::program::ProgramSymbols;
use crate::protocol::{BreakpointSpec, CommandError};
use wasmscope_symbols::{CodeOffset, DieId, Unavailable};

/// A condition and a log message for one location.
#[derive(Debug, Default)]
pub(super) struct Texts {
    /// Or why it cannot be decided at this location, though it can be at others.
    condition: Option<Result<Condition, String>>,
    log: Option<Result<LogMessage, String>>,
}

impl Texts {
    /// Makes the texts of a breakpoint ready for all its locations. Copies of a function differ: what
    /// was optimised out of one may be there in the others.
    ///
    /// # Errors
    /// When a text is wrong everywhere.
    pub fn of(
        program: &ProgramSymbols,
        spec: &BreakpointSpec,
        locations: &[Location],
    ) -> Result<Vec<Self>, CommandError> {
        let contexts = || {
            locations
                .iter()
                .filter_map(|at| context(program, at.place.module, at.offset, at.die))
        };
        let mut texts: Vec<Texts> = locations.iter().map(|_| Texts::default()).collect();
        if let Some(condition) = &spec.condition {
            let made = contexts().map(|context| Condition::compile(condition, &context));
            for (texts, condition) in texts.iter_mut().zip(unless_all_fail(made)?) {
                texts.condition = Some(condition);
            }
        }
        if let Some(log) = &spec.log {
            let made = contexts().map(|context| LogMessage::compile(log, &context));
            for (texts, log) in texts.iter_mut().zip(unless_all_fail(made)?) {
                texts.log = Some(log);
            }
        }
        Ok(texts)
    }

    /// Whether the texts of a breakpoint without locations are written as they must be.
    ///
    /// # Errors
    /// When they are not.
    pub fn check(spec: &BreakpointSpec) -> Result<(), CommandError> {
        if let Some(condition) = &spec.condition {
            Expression::parse(condition)?;
        }
        Ok(())
    }

    /// Whether the condition holds; it does when there is none.
    ///
    /// # Errors
    /// When it cannot be evaluated.
    pub fn holds(&self, frame: &LiveFrame<'_>) -> Result<bool, String> {
        match &self.condition {
            None => Ok(true),
            Some(Ok(condition)) => condition.holds(frame, frame).map_err(|error| error.message),
            Some(Err(reason)) => Err(reason.clone()),
        }
    }

    /// The log message, if there is one.
    pub fn log(&self, frame: &LiveFrame<'_>) -> Option<String> {
        Some(match self.log.as_ref()? {
            Ok(log) => log.render(frame, frame),
            Err(reason) => format!("<{reason}>"),
        })
    }
}

/// What was made for each location; the first error if nothing could be made for any.
fn unless_all_fail<T>(
    made: impl Iterator<Item = Result<T, crate::expression::ExpressionError>>,
) -> Result<Vec<Result<T, String>>, CommandError> {
    let (mut all, mut first) = (Vec::new(), None);
    for result in made {
        all.push(result.map_err(|error| {
            let reason = error.message.clone();
            first.get_or_insert(error);
            reason
        }));
    }
    match first {
        Some(error) if all.iter().all(Result::is_err) => Err(error.into()),
        _ => Ok(all),
    }
}

/// What names mean at an opcode, in the frame of `die` among those it belongs to (the innermost, if
/// none is named).
pub(crate) fn context(
    program: &ProgramSymbols,
    module: usize,
    offset: CodeOffset,
    die: Option<DieId>,
) -> Option<CodeContext> {
    let symbols = program.module(module)?.clone();
    let frames = program.frames(module, offset);
    let frame = frames
        .iter()
        .find(|frame| die.is_some() && frame.source.die == die)
        .or_else(|| frames.first());
    let place = program.place(module, offset)?;
    let doubt = variables_doubt(&symbols, program.is_rewritten(module), place.pc, true);
    Some(CodeContext {
        frame: frame.and_then(|frame| frame.source.die),
        pc: offset,
        line: frame
            .and_then(|frame| frame.source.location.as_ref())
            .and_then(|location| location.line),
        doubt: doubt.map(|doubt| Unavailable::Other(doubt.into())),
        symbols,
    })
}
