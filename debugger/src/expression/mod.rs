//! Rust-like expressions on the values of a stopped guest.
//!
//! An [`Expression`] is parsed once. Its names mean something at a place in the code
//! ([`CodeContext`]), its value is that of a stopped guest's frame ([`Scope`]). The language is
//! Rust's as far as nothing has to be run for it: variables and statics, fields, indices, ranges,
//! pointers, operators, casts, comparisons, and tests for variants (`shape is Circle`). Numbers of
//! different types meet as the numbers they stand for.
//!
//! - [`evaluate`], [`type_of`], [`address_of`]: the value of an expression, its type, an address.
//! - [`assign`]: what is to be written so that a place holds a value.
//! - [`Condition`]: compiled once, decided in the handler of a breakpoint.
//! - [`LogMessage`]: text with values in it.
//! - [`Watch`]: a value whose changes are noticed.
//!
//! The text and the guest are a stranger's: everything is bounded, and whatever is wrong is an
//! [`ExpressionError`] that says where.

mod assign;
mod casts;
mod check;
mod compare;
mod compile;
mod condition;
mod encode;
mod error;
mod evaluate;
mod log_message;
mod matching;
mod names;
mod number;
mod operand;
mod parser;
mod patterns;
mod places;
mod postfix;
mod primary;
mod syntax;
mod token;
mod types;
mod watch;

#[cfg(test)]
mod tests;

pub use assign::{Write, assign};
pub use condition::Condition;
pub use error::{ErrorKind, ExpressionError};
pub use log_message::LogMessage;
pub use names::CodeContext;
pub use types::type_of;
pub use watch::{Change, Watch};

use crate::protocol::ValueFormat;
use crate::values::{Gone, Limits, Memory, Reader, Value};
use evaluate::Evaluator;
use names::Names;
use std::sync::Arc;
use syntax::{NodeKind, Parsed};
use wasmscope_symbols::FrameState;

/// A parsed expression.
#[derive(Clone, Debug)]
pub struct Expression {
    text: Arc<str>,
    parsed: Arc<Parsed>,
}

impl Expression {
    /// Parses an expression.
    ///
    /// # Errors
    /// When it is not written as one is, or is too long or nested too deeply.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        Ok(Expression {
            text: text.into(),
            parsed: Arc::new(parser::parse(text)?),
        })
    }

    /// The expression as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Where an expression is evaluated: a frame of a stopped guest.
#[derive(Clone, Copy)]
pub struct Scope<'s> {
    /// Where in the code the frame is: what names mean there.
    pub context: &'s CodeContext,
    /// What the frame holds.
    pub state: &'s dyn FrameState,
    /// The memory that the frame's code addresses.
    pub memory: &'s dyn Memory,
}

/// How a value is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Showing {
    /// How much of it.
    pub limits: Limits,
    /// In which format. `~` in front of an expression stands for [`ValueFormat::Raw`].
    pub format: ValueFormat,
}

/// The value of an expression.
///
/// # Errors
/// When a name in it means nothing, types do not fit, or a value that is needed is not to be had.
/// Parts of the value may be unavailable, and then say so themselves.
pub fn evaluate(
    expression: &Expression,
    scope: &Scope<'_>,
    showing: Showing,
) -> Result<Value, ExpressionError> {
    let names = Names::look_up(scope.context, &expression.parsed.names);
    show(expression, &names, scope.state, scope.memory, showing)
}

/// What can be written after an expression and a dot, sorted: the fields of the value behind it, and
/// `len` where it has a length. None where it has no value.
pub fn field_names(expression: &Expression, scope: &Scope<'_>) -> Vec<String> {
    let parsed = &*expression.parsed;
    let names = Names::look_up(scope.context, &parsed.names);
    let evaluator = Evaluator::new(parsed, &names, scope.state, scope.memory);
    let Ok(operand) = evaluator.root() else {
        return Vec::new();
    };
    let fields = evaluator.field_names(operand, &parsed.root.span);
    let mut fields: Vec<String> = fields.iter().map(|name| name.to_string()).collect();
    fields.sort();
    fields.dedup();
    fields
}

/// The value of an expression whose names have been looked up.
fn show(
    expression: &Expression,
    names: &Names,
    state: &dyn FrameState,
    memory: &dyn Memory,
    showing: Showing,
) -> Result<Value, ExpressionError> {
    let parsed = &*expression.parsed;
    let raw = matches!(parsed.root.kind, NodeKind::Raw(_));
    let format = if raw {
        ValueFormat::Raw
    } else {
        showing.format
    };
    let gone = Gone::default();
    let mut evaluator = Evaluator::new(parsed, names, state, memory);
    let mut reader =
        Reader::new(&names.context.symbols, memory, showing.limits).with_format(format);
    if !raw {
        evaluator = evaluator.heeding(&gone);
        reader = reader.heeding(&gone);
    }
    let operand = evaluator.root()?;
    evaluator.shown(&reader, expression.text.trim(), &operand, &parsed.root.span)
}

/// The address that an expression stands for: a number, what a pointer holds, or where a value is.
///
/// # Errors
/// As [`evaluate`]; also when the value has no place in memory.
pub fn address_of(expression: &Expression, scope: &Scope<'_>) -> Result<u64, ExpressionError> {
    let names = Names::look_up(scope.context, &expression.parsed.names);
    let evaluator = Evaluator::new(&expression.parsed, &names, scope.state, scope.memory);
    evaluator.meant_address()
}
