//! What can be wrong with an expression, and where in it.

use crate::protocol::{CommandError, CommandErrorKind};
use std::ops::Range;
use wasmscope_symbols::Unavailable;

/// Most names that are offered in place of one that is not known.
const MAX_SUGGESTIONS: usize = 3;

/// Most fields that are told when none is like the one asked for.
const MAX_TOLD: usize = 8;

/// An expression that cannot be understood, or has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// What kind of thing is wrong.
    pub kind: ErrorKind,
    /// What and why, and what to do where something can be done.
    pub message: String,
    /// The part of the text that is meant, in bytes.
    pub span: Range<usize>,
    /// Names like the one that is not known, the most alike first.
    pub suggestions: Vec<String>,
}

/// What kind of thing is wrong with an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// It is not written as an expression is.
    Syntax,
    /// It is longer or more deeply nested than any that is evaluated.
    TooLarge,
    /// Nothing in scope has this name.
    UnknownName,
    /// The value has no such field.
    UnknownField,
    /// The program has no such type.
    UnknownType,
    /// The enum has no such variant.
    UnknownVariant,
    /// The types do not fit what is to be done with them.
    Mismatch,
    /// An index or a range beyond the end.
    OutOfRange,
    /// A number that its type cannot hold.
    Overflow,
    /// A division by zero.
    DivisionByZero,
    /// The value cannot be known here.
    Unavailable,
    /// It has no place in memory, or none that can be written to.
    NotWritable,
    /// Rust has it, and expressions do not.
    Unsupported,
}

impl ExpressionError {
    /// An error of a part of the text.
    pub(super) fn new(kind: ErrorKind, span: &Range<usize>, message: impl Into<String>) -> Self {
        ExpressionError {
            kind,
            message: message.into(),
            span: span.clone(),
            suggestions: Vec::new(),
        }
    }

    /// The value of a part of the text cannot be known.
    pub(super) fn unavailable(span: &Range<usize>, reason: &Unavailable) -> Self {
        Self::new(
            ErrorKind::Unavailable,
            span,
            format!("unavailable: {reason}"),
        )
    }

    /// `of.name`, which ends at the end of `span`, where there is no such field. `fields` are those
    /// there are: the ones like it are offered, or else they are told.
    pub(super) fn no_field<'n>(
        span: &Range<usize>,
        message: String,
        name: &str,
        fields: impl IntoIterator<Item = &'n str> + Clone,
    ) -> Self {
        let start = span.end.saturating_sub(name.len()).max(span.start);
        let error = Self::new(ErrorKind::UnknownField, &(start..span.end), message);
        let mut error = error.suggest(name, fields.clone());
        if error.suggestions.is_empty() {
            let mut fields = fields.into_iter();
            let told: Vec<String> = fields
                .by_ref()
                .take(MAX_TOLD)
                .map(|field| format!("`{field}`"))
                .collect();
            let more = if fields.next().is_some() { ", …" } else { "" };
            if !told.is_empty() {
                error.message += &format!(": it has {}{more}", told.join(", "));
            }
        }
        error
    }

    /// Adds those of `names` that are like `wanted`.
    pub(super) fn suggest<'n>(
        mut self,
        wanted: &str,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Self {
        let mut alike: Vec<(f64, &str)> = names
            .into_iter()
            .map(|name| (strsim::jaro_winkler(wanted, name), name))
            .filter(|(likeness, name)| *likeness > 0.7 || name.eq_ignore_ascii_case(wanted))
            .collect();
        alike.sort_by(|(a, name), (b, other)| b.total_cmp(a).then_with(|| name.cmp(other)));
        alike.dedup_by_key(|(_, name)| *name);
        let alike = alike.into_iter().take(MAX_SUGGESTIONS);
        self.suggestions = alike.map(|(_, name)| name.to_owned()).collect();
        self
    }

    /// The same error of an expression that stands `offset` bytes into a longer text.
    pub(super) fn moved(mut self, offset: usize) -> Self {
        self.span = self.span.start.saturating_add(offset)..self.span.end.saturating_add(offset);
        self
    }
}

impl From<ExpressionError> for CommandError {
    fn from(error: ExpressionError) -> Self {
        CommandError {
            kind: match error.kind {
                ErrorKind::UnknownName | ErrorKind::UnknownField | ErrorKind::UnknownType => {
                    CommandErrorKind::NotFound
                }
                ErrorKind::Unavailable | ErrorKind::NotWritable => CommandErrorKind::Unavailable,
                _ => CommandErrorKind::Invalid,
            },
            message: error.message,
            position: Some(error.span.start),
            suggestions: error.suggestions,
        }
    }
}
