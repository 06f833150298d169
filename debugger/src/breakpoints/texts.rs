//! The texts of breakpoints, conditions and log messages, made ready once for each location, so that
//! a hit costs no more than evaluating them.

use super::Location;
use crate::live::LiveFrame;
use crate::program::ProgramSymbols;
use crate::protocol::{BreakpointSpec, CommandError};

/// A condition and a log message for one location.
#[derive(Debug, Default)]
pub(super) struct Texts {
    condition: Option<String>,
    log: Option<String>,
}

impl Texts {
    /// Makes the texts of a breakpoint ready for a location.
    ///
    /// # Errors
    /// When a text is wrong there.
    pub fn new(
        _program: &ProgramSymbols,
        spec: &BreakpointSpec,
        _location: &Location,
    ) -> Result<Self, CommandError> {
        Ok(Texts {
            condition: spec.condition.clone(),
            log: spec.log.clone(),
        })
    }

    /// Whether the texts of a breakpoint without locations are written as they must be.
    ///
    /// # Errors
    /// When they are not.
    pub fn check(_spec: &BreakpointSpec) -> Result<(), CommandError> {
        Ok(())
    }

    /// Whether the condition holds; it does when there is none.
    ///
    /// # Errors
    /// When it cannot be evaluated.
    pub fn holds(&self, _frame: &LiveFrame<'_>) -> Result<bool, String> {
        match self.condition {
            None => Ok(true),
            Some(_) => Err("conditions cannot be evaluated yet".into()),
        }
    }

    /// The log message, if there is one.
    pub fn log(&self, _frame: &LiveFrame<'_>) -> Option<String> {
        self.log.clone()
    }
}
