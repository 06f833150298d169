//! Expressions about a paused guest: values, types, addresses, assignments.

use super::guest::GuestHalf;
use super::look::{self, FrameView};
use super::shared::unavailable;
use super::statics;
use crate::expression::{
    self, CodeContext, Condition, Expression, LogMessage, Scope, Showing, Write,
};
use crate::protocol::{Command, CommandError, CompletionKind, FrameId, ReplyBody};
use wasmscope_runner::debuggee::PausedGuest;
use wasmscope_symbols::{Unavailable, WasmValue};

impl FrameView<'_> {
    /// What names mean in the frame.
    pub fn context(&self) -> CodeContext {
        let source = self.frame.code().map(|code| &code.source);
        CodeContext {
            symbols: self.symbols.clone(),
            frame: source.and_then(|source| source.die),
            pc: self.offset,
            line: source
                .and_then(|source| source.location.as_ref())
                .and_then(|location| location.line),
            doubt: self
                .doubt
                .as_ref()
                .map(|doubt| Unavailable::Other(doubt.as_str().into())),
        }
    }

    /// Lends the frame to an expression.
    pub fn with_scope<T>(&self, question: impl FnOnce(&Scope<'_>) -> T) -> T {
        let context = self.context();
        question(&Scope {
            context: &context,
            state: self.state,
            memory: self.state,
        })
    }

    /// The address that an expression stands for; a bare number is one itself.
    ///
    /// # Errors
    /// When it stands for none.
    pub fn address(&self, text: &str) -> Result<u64, CommandError> {
        let expression = Expression::parse(text)?;
        Ok(self.with_scope(|scope| expression::address_of(&expression, scope))?)
    }

    /// Whether a condition holds.
    ///
    /// # Errors
    /// When it cannot be evaluated.
    pub fn holds(&self, condition: &str) -> Result<bool, CommandError> {
        let condition = Condition::compile(condition, &self.context())?;
        Ok(condition.holds(self.state, self.state)?)
    }

    /// A log message with its values.
    ///
    /// # Errors
    /// When it is not written as one is.
    pub fn message(&self, log: &str) -> Result<String, CommandError> {
        let message = LogMessage::compile(log, &self.context())?;
        Ok(message.render(self.state, self.state))
    }
}

impl GuestHalf {
    /// Answers requests with an expression in them.
    pub(super) fn with_expression(
        &mut self,
        guest: &mut dyn PausedGuest,
        command: &Command,
    ) -> Result<ReplyBody, CommandError> {
        let behaviour = self.shared.behaviour();
        match command {
            Command::Evaluate {
                expression,
                frame,
                format,
                limits,
            } => {
                let expression = Expression::parse(expression)?;
                let showing = Showing {
                    limits: behaviour.limits(*limits),
                    format: *format,
                };
                let value = self.at_frame(guest, *frame, |view| {
                    view.with_scope(|scope| expression::evaluate(&expression, scope, showing))
                })??;
                Ok(ReplyBody::Value(value))
            }
            Command::TypeOf { expression, frame } => {
                let ty = self.at_frame(guest, *frame, |view| {
                    view.with_scope(|scope| expression::type_of(expression, scope))
                })??;
                Ok(ReplyBody::Type(ty))
            }
            Command::Set {
                target,
                value,
                frame,
            } => self.assign(guest, target, value, *frame),
            Command::Statics { pattern, limits } => {
                let limits = behaviour.limits(*limits);
                statics::of(&self.program, guest, pattern.as_deref(), limits)
            }
            Command::SetBreakpoint(spec) => self.watch(guest, spec),
            Command::Complete {
                what: CompletionKind::Variable,
                prefix,
                frame,
                limit,
            } => {
                let mut words =
                    self.at_frame(guest, *frame, |view| variable_words(view, prefix))?;
                words.truncate(*limit);
                Ok(ReplyBody::Completions { words })
            }
            _ => Err(unavailable("this is not known to the session")),
        }
    }
}

impl GuestHalf {
    fn assign(
        &mut self,
        guest: &mut dyn PausedGuest,
        target: &str,
        value: &str,
        frame: FrameId,
    ) -> Result<ReplyBody, CommandError> {
        let (module, write) = self.at_frame(guest, frame, |view| {
            let write = view.with_scope(|scope| expression::assign(target, value, scope));
            write.map(|write| (view.frame.place.module, write))
        })??;
        match write {
            Write::Memory { address, bytes } => look::write(guest, module, address, &bytes)?,
            Write::Global { index, value } => guest
                .set_global(module, index, runner_value(value))
                .map_err(|reason| unavailable(format!("the global cannot be set: {reason}")))?,
        }
        Ok(ReplyBody::Done)
    }
}

/// A value as the runner knows it.
fn runner_value(value: WasmValue) -> wasmscope_runner::WasmValue {
    use wasmscope_runner::WasmValue as Runner;
    match value {
        WasmValue::I32(value) => Runner::I32(value.cast_signed()),
        WasmValue::I64(value) => Runner::I64(value.cast_signed()),
        WasmValue::F32(bits) => Runner::F32(bits),
        WasmValue::F64(bits) => Runner::F64(bits),
        WasmValue::V128(bytes) => Runner::V128(u128::from_le_bytes(bytes)),
    }
}

/// Variables in scope whose names begin so, or fields of what stands before the last dot.
fn variable_words(view: &FrameView<'_>, prefix: &str) -> Vec<String> {
    if let Some((of, begun)) = prefix.rsplit_once('.') {
        let Ok(expression) = Expression::parse(of) else {
            return Vec::new();
        };
        let fields = view.with_scope(|scope| expression::field_names(&expression, scope));
        return fields
            .into_iter()
            .filter(|field| field.starts_with(begun))
            .map(|field| format!("{of}.{field}"))
            .collect();
    }
    let context = view.context();
    let Some(die) = context.frame else {
        return Vec::new();
    };
    let variables = view.symbols.variables(die, view.offset, context.line);
    let mut words: Vec<String> = variables
        .iter()
        .filter(|variable| !variable.artificial && variable.name.starts_with(prefix))
        .map(|variable| variable.name.to_string())
        .collect();
    words.sort();
    words.dedup();
    words
}
