//! [`Condition`]: whether a breakpoint's hit counts, decided where it is hit.

use super::check::Checker;
use super::compile::{self, Code, Frame};
use super::error::{ErrorKind, ExpressionError};
use super::evaluate::Evaluator;
use super::names::Names;
use super::syntax::Parsed;
use super::{CodeContext, Expression};
use crate::values::{Gone, Memory};
use wasmscope_symbols::FrameState;

/// A condition at one place in the code, made ready to be decided there again and again.
#[derive(Clone, Debug)]
pub struct Condition {
    expression: Expression,
    names: Names,
    code: Option<Code>,
}

impl Condition {
    /// Makes a condition ready for a place in the code.
    ///
    /// # Errors
    /// When it cannot be understood, when a name in it means nothing at that place, or when its
    /// types show that it is no `bool`.
    pub fn compile(text: &str, context: &CodeContext) -> Result<Self, ExpressionError> {
        let expression = Expression::parse(text)?;
        let names = Names::look_up(context, &expression.parsed.names);
        let checker = Checker {
            parsed: &expression.parsed,
            names: &names,
        };
        checker.condition()?;
        let code = compile::compile(&expression.parsed, &names);
        Ok(Condition {
            expression,
            names,
            code,
        })
    }

    /// The condition as it was written.
    pub fn text(&self) -> &str {
        self.expression.text()
    }

    /// Whether it is decided without walking the expression.
    pub fn is_compiled(&self) -> bool {
        self.code.is_some()
    }

    /// Whether it is true in a frame that stands at the place it was made for.
    ///
    /// # Errors
    /// When a value that it needs is not to be had, or an operation has no result.
    pub fn holds(
        &self,
        state: &dyn FrameState,
        memory: &dyn Memory,
    ) -> Result<bool, ExpressionError> {
        if let Some(code) = &self.code {
            let walk = |part: &Parsed| self.walk(part, state, memory).ok();
            let frame = Frame {
                state,
                memory,
                walk: &walk,
            };
            if let Some(truth) = code.truth(frame) {
                return Ok(truth);
            }
        }
        self.walk(&self.expression.parsed, state, memory)
    }

    /// The same, always by walking the expression.
    ///
    /// # Errors
    /// As [`holds`](Self::holds).
    pub fn holds_by_walking(
        &self,
        state: &dyn FrameState,
        memory: &dyn Memory,
    ) -> Result<bool, ExpressionError> {
        self.walk(&self.expression.parsed, state, memory)
    }

    fn walk(
        &self,
        parsed: &Parsed,
        state: &dyn FrameState,
        memory: &dyn Memory,
    ) -> Result<bool, ExpressionError> {
        let gone = Gone::default();
        let evaluator = Evaluator::new(parsed, &self.names, state, memory).heeding(&gone);
        let operand = evaluator.root()?;
        evaluator
            .truth(&operand, &parsed.root.span)
            .map_err(|error| match error.kind {
                ErrorKind::Mismatch => ExpressionError {
                    message: format!("a condition is a `bool`: {}", error.message),
                    ..error
                },
                _ => error,
            })
    }
}
