//! `x is PATTERN`: which variant a value is, and what it carries.

use super::check::{has_variant, is_named};
use super::compare::between;
use super::error::{ErrorKind, ExpressionError};
use super::evaluate::Evaluator;
use super::operand::Operand;
use super::syntax::{Node, Operator, Path, Pattern, PatternKind};
use crate::values::{ActiveVariant, Typed, View};
use std::ops::Range;

impl<'n> Evaluator<'n> {
    /// Whether an operand, written at `span`, matches.
    pub fn matches(
        &self,
        operand: &Operand<'n>,
        pattern: &'n Pattern,
        span: &Range<usize>,
    ) -> Result<bool, ExpressionError> {
        match &pattern.kind {
            PatternKind::Anything => match operand {
                Operand::Unknown(name) => Err(self.unknown(*name)),
                _ => Ok(true),
            },
            PatternKind::Equal(constant) => {
                let wanted = self.node(constant)?;
                self.compare(
                    Operator::Equal,
                    (operand, constant),
                    (&wanted, constant),
                    &pattern.span,
                )
            }
            PatternKind::Between {
                from,
                to,
                inclusive,
            } => self.is_between(operand, from.as_deref(), to.as_deref(), *inclusive, pattern),
            PatternKind::Alternatives(patterns) => {
                for pattern in patterns {
                    if self.matches(operand, pattern, span)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            PatternKind::Variant { path, fields } => {
                self.matches_variant(operand, path, fields, span)
            }
            PatternKind::Tuple { fields, open } => {
                self.matches_tuple(operand, fields, *open, pattern, span)
            }
            PatternKind::Elements { patterns, open } => {
                self.matches_elements(operand, patterns, *open, pattern)
            }
        }
    }

    fn matches_tuple(
        &self,
        operand: &Operand<'n>,
        fields: &'n [(String, Pattern)],
        open: bool,
        pattern: &Pattern,
        span: &Range<usize>,
    ) -> Result<bool, ExpressionError> {
        let has = match operand {
            Operand::Place(typed) => self
                .tuple_length(typed)
                .map_err(|reason| ExpressionError::unavailable(span, &reason))?,
            _ => None,
        };
        let fits = has.is_some_and(|has| has == fields.len() || open && has > fields.len());
        if !fits {
            let message = format!(
                "`{}` is no tuple of {} fields",
                self.type_name(operand),
                fields.len()
            );
            return Err(ExpressionError::new(
                ErrorKind::Mismatch,
                &pattern.span,
                message,
            ));
        }
        for (name, pattern) in fields {
            let field = self.field(operand.clone(), name, &pattern.span)?;
            if !self.matches(&field, pattern, &pattern.span)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn matches_elements(
        &self,
        operand: &Operand<'n>,
        patterns: &'n [Pattern],
        open: bool,
        pattern: &Pattern,
    ) -> Result<bool, ExpressionError> {
        let elements = self.sequence(operand, &pattern.span)?;
        let Some(view @ (View::Sequence { .. } | View::Items(_))) = elements else {
            let message = format!("`{}` has no elements", self.type_name(operand));
            return Err(ExpressionError::new(
                ErrorKind::Mismatch,
                &pattern.span,
                message,
            ));
        };
        let wanted = patterns.len() as u64;
        if view.count() != wanted && !(open && view.count() > wanted) {
            return Ok(false);
        }
        for (at, pattern) in (0..).zip(patterns) {
            let element = match &view {
                View::Items(items) => items.get(&self.reader, at).map(|(element, _)| element),
                view => view.element(&self.reader, at),
            };
            let element =
                element.map_err(|reason| ExpressionError::unavailable(&pattern.span, &reason))?;
            if !self.matches(&Operand::Place(element), pattern, &pattern.span)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn is_between(
        &self,
        operand: &Operand<'n>,
        from: Option<&'n Node>,
        to: Option<&'n Node>,
        inclusive: bool,
        pattern: &Pattern,
    ) -> Result<bool, ExpressionError> {
        let bound = |node: Option<&'n Node>| match node {
            Some(node) => {
                let operand = self.node(node)?;
                self.needed_scalar(&operand, &node.span, "a number or a character")
                    .map(Some)
            }
            None => Ok(None),
        };
        let value = self.needed_scalar(operand, &pattern.span, "a number or a character")?;
        between(value, bound(from)?, bound(to)?, inclusive).ok_or_else(|| {
            let message = format!("`{}` is no value of this range", self.type_name(operand));
            ExpressionError::new(ErrorKind::Mismatch, &pattern.span, message)
        })
    }

    fn matches_variant(
        &self,
        operand: &Operand<'n>,
        path: &Path,
        fields: &'n [(String, Pattern)],
        span: &Range<usize>,
    ) -> Result<bool, ExpressionError> {
        let of = match self.enum_value(operand, span)? {
            Some((typed, active)) => {
                if !self.names_variant(&typed, &active, path)? {
                    return Ok(false);
                }
                Operand::Place(typed)
            }
            None => {
                self.names_struct(operand, path)?;
                operand.clone()
            }
        };
        for (name, pattern) in fields {
            let field = self.field(of.clone(), name, &pattern.span)?;
            if !self.matches(&field, pattern, &pattern.span)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether `path` names the variant that a value is; an error when it names none of its type.
    pub fn names_variant(
        &self,
        typed: &Typed,
        active: &ActiveVariant,
        path: &Path,
    ) -> Result<bool, ExpressionError> {
        has_variant(&self.names.context.symbols, &typed.ty, path)?;
        Ok(*active.name == *path.last())
    }

    /// A struct's own name is no question, and another is a mistake.
    fn names_struct(&self, operand: &Operand<'n>, path: &Path) -> Result<(), ExpressionError> {
        if let Operand::Place(typed) = operand {
            let typed = self
                .reader
                .resolve(typed)
                .map_err(|reason| ExpressionError::unavailable(&path.span, &reason))?;
            if is_named(&typed.ty, &path.segments) {
                return Ok(());
            }
        }
        let message = format!(
            "`{}` is no enum, so it cannot be `{}`",
            self.type_name(operand),
            path.text()
        );
        Err(ExpressionError::new(
            ErrorKind::Mismatch,
            &path.span,
            message,
        ))
    }
}
