//! Comparing: scalars, text, variants, and whole values by what is in them.
//!
//! `==` on structs and enums compares field by field, as a derived `PartialEq` does; the program's
//! own `PartialEq` is not run.

use super::error::{ErrorKind, ExpressionError};
use super::evaluate::Evaluator;
use super::number::{self, Scalar};
use super::operand::Operand;
use super::syntax::{Node, Operator};
use crate::values::{ActiveVariant, Items, ItemsKind, MAX_DEREFS, Slot, Typed, View};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use wasmscope_symbols::types::{Encoding, Style};
use wasmscope_symbols::{PartialBytes, TypeKind, Unavailable};

/// Most values that one comparison looks at, and how deep it goes.
const MAX_NODES: usize = 100_000;
const MAX_DEPTH: usize = 64;

/// Bytes of text that are compared at once.
const CHUNK: usize = 4096;

/// Bytes of a text by which it is looked for.
const MAX_KEY: usize = 64;

/// The keys of a table by which they are looked for.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Number(u128),
    /// Its beginning, and its length.
    Text(Vec<u8>, u64),
}

/// An operand with the node it came from.
type Side<'s, 'n> = (&'s Operand<'n>, &'n Node);

impl<'n> Evaluator<'n> {
    /// Any comparison.
    pub fn compare(
        &self,
        operator: Operator,
        left: Side<'_, 'n>,
        right: Side<'_, 'n>,
        span: &Range<usize>,
    ) -> Result<bool, ExpressionError> {
        let equality = matches!(operator, Operator::Equal | Operator::NotEqual);
        // A name that no value has is a variant's, when there is a value to be one.
        for (side, other) in [(left, right), (right, left)] {
            let (name, arguments): (usize, &'n [Node]) = match side.0 {
                Operand::Unknown(name) => (*name, &[]),
                Operand::Built { name, arguments } => (*name, arguments),
                _ => continue,
            };
            if !equality || !matches!(other.0, Operand::Place(_)) {
                return Err(self.unknown(name));
            }
            let equal = self.is_variant(other.0, name, arguments, &other.1.span)?;
            return Ok(equal == (operator == Operator::Equal));
        }
        let ordering = match self.compared_text(left, right)? {
            Some(ordering) => Some(ordering),
            None => self.compared_scalars(left, right)?,
        };
        if let Some(ordering) = ordering {
            return Ok(number::holds(operator, ordering));
        }
        if equality
            && let (Some((a, a_type)), Some((b, b_type))) =
                (self.view_of(left)?, self.view_of(right)?)
            && (a_type == b_type || is_sequence(&a) && is_sequence(&b))
        {
            let mut nodes = MAX_NODES;
            let equal = self
                .equal(&a, &b, MAX_DEPTH, &mut nodes)
                .map_err(|reason| ExpressionError::unavailable(span, &reason))?;
            if let Some(equal) = equal {
                return Ok(equal == (operator == Operator::Equal));
            }
        }
        let message = format!(
            "`{}` cannot compare `{}` with `{}`",
            operator.sign(),
            self.type_name(left.0),
            self.type_name(right.0)
        );
        let mut error = ExpressionError::new(ErrorKind::Mismatch, span, message);
        if let Some(hint) = self.hint(left.0, right.0) {
            error.message.push_str(hint);
        }
        Err(error)
    }

    /// What to write where a character meets a byte.
    fn hint(&self, left: &Operand<'_>, right: &Operand<'_>) -> Option<&'static str> {
        let names = [self.type_name(left), self.type_name(right)];
        match names.each_ref().map(String::as_str) {
            ["u8", "char"] | ["char", "u8"] => Some(" (a byte is written `b'a'`)"),
            _ => None,
        }
    }

    fn compared_scalars(
        &self,
        left: Side<'_, 'n>,
        right: Side<'_, 'n>,
    ) -> Result<Option<Option<Ordering>>, ExpressionError> {
        let a = self.scalar(left.0, &left.1.span)?;
        let b = self.scalar(right.0, &right.1.span)?;
        match (a, b) {
            (Some(a), Some(b)) => Ok(number::compare(a, b)),
            _ => Ok(None),
        }
    }

    /// The order of two texts, byte by byte; `None` when one of them is no text.
    fn compared_text(
        &self,
        left: Side<'_, 'n>,
        right: Side<'_, 'n>,
    ) -> Result<Option<Option<Ordering>>, ExpressionError> {
        let literal_bytes = |side: Side<'_, 'n>| matches!(side.0, Operand::Text { .. });
        let is_literal = literal_bytes(left) || literal_bytes(right);
        let (Some(a), Some(b)) = (
            self.text_of(left, is_literal)?,
            self.text_of(right, is_literal)?,
        ) else {
            return Ok(None);
        };
        let compared = self.compare_bytes(&a, &b);
        compared
            .map(|ordering| Some(Some(ordering)))
            .map_err(|reason| ExpressionError::unavailable(&left.1.span, &reason))
    }

    /// Where the bytes of a text are, and how many; of a sequence of bytes too when it may be
    /// compared with a literal (`bytes`).
    fn text_of(
        &self,
        side: Side<'_, 'n>,
        bytes: bool,
    ) -> Result<Option<(Slot, u64)>, ExpressionError> {
        if let Operand::Text { bytes, .. } = side.0 {
            let slot = Slot::Bytes {
                bytes: Arc::new(PartialBytes {
                    bytes: bytes.to_vec(),
                    gaps: Vec::new(),
                }),
                offset: 0,
            };
            return Ok(Some((slot, bytes.len() as u64)));
        }
        if matches!(side.0, Operand::Scalar(_) | Operand::Pointer(_)) {
            return Ok(None);
        }
        Ok(match self.sequence(side.0, &side.1.span)? {
            Some(View::Text { first, len }) => Some((first, len)),
            Some(View::Sequence {
                element,
                first,
                stride: 1,
                count,
                ..
            }) if bytes => {
                let element = self.names.context.symbols.describe_type(element);
                (&*element.name == "u8").then_some((first, count))
            }
            _ => None,
        })
    }

    fn compare_bytes(&self, a: &(Slot, u64), b: &(Slot, u64)) -> Result<Ordering, Unavailable> {
        let common = a.1.min(b.1);
        let mut at = 0;
        let mut buffers = ([0; CHUNK], [0; CHUNK]);
        while at < common {
            let length = usize::try_from(common - at).unwrap_or(CHUNK).min(CHUNK);
            let (Some(first), Some(second)) =
                (buffers.0.get_mut(..length), buffers.1.get_mut(..length))
            else {
                break;
            };
            a.0.at(at)?.read(self.memory, first)?;
            b.0.at(at)?.read(self.memory, second)?;
            match first.cmp(&second) {
                Ordering::Equal => at = at.saturating_add(length as u64),
                other => return Ok(other),
            }
        }
        Ok(a.1.cmp(&b.1))
    }

    /// Whether an enum's value is a variant with these contents: `x == Some(5)`.
    fn is_variant(
        &self,
        operand: &Operand<'n>,
        name: usize,
        arguments: &'n [Node],
        span: &Range<usize>,
    ) -> Result<bool, ExpressionError> {
        let Some(path) = self.path(name) else {
            return Err(self.unknown(name));
        };
        let Some((typed, active)) = self.enum_value(operand, span)? else {
            return Err(self.unknown(name));
        };
        if !self.names_variant(&typed, &active, path)? {
            return Ok(false);
        }
        let fields = active.body.as_ref().map_or(0, |body| match &body.ty.kind {
            TypeKind::Struct(fields) => fields.fields.len(),
            _ => 0,
        });
        if fields != arguments.len() {
            let message = format!(
                "`{}` carries {fields} values, not {}",
                path.text(),
                arguments.len()
            );
            return Err(ExpressionError::new(
                ErrorKind::Mismatch,
                &path.span,
                message,
            ));
        }
        for (at, argument) in arguments.iter().enumerate() {
            let field = self.field(Operand::Place(typed.clone()), &at.to_string(), span)?;
            let wanted = self.node(argument)?;
            let equal = self.compare(
                Operator::Equal,
                (&field, argument),
                (&wanted, argument),
                &argument.span,
            )?;
            if !equal {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The enum that an operand is, or points to, and the variant it is.
    pub fn enum_value(
        &self,
        operand: &Operand<'n>,
        span: &Range<usize>,
    ) -> Result<Option<(Typed, ActiveVariant)>, ExpressionError> {
        let unavailable = |reason| ExpressionError::unavailable(span, &reason);
        let mut typed = match operand {
            Operand::Place(typed) => self.reader.resolve(typed).map_err(unavailable)?,
            Operand::Pointer(pointer) => self.pointee(pointer).map_err(unavailable)?,
            Operand::Unknown(name) => return Err(self.unknown(*name)),
            _ => return Ok(None),
        };
        for _ in 0..MAX_DEREFS {
            if let Some(active) = self.reader.active_variant(&typed).map_err(unavailable)? {
                return Ok(Some((typed, active)));
            }
            match self.reader.behind(&typed).map_err(unavailable)? {
                Some(target) => typed = self.reader.resolve(&target).map_err(unavailable)?,
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    /// What a value looks like, without the pointers to it, and its type's whole name.
    fn view_of(&self, side: Side<'_, 'n>) -> Result<Option<(View, Arc<str>)>, ExpressionError> {
        match side.0 {
            Operand::Part { view, type_name } => Ok(Some((view.clone(), (&**type_name).into()))),
            Operand::Place(typed) => self
                .unwrapped(typed)
                .map(Some)
                .map_err(|reason| ExpressionError::unavailable(&side.1.span, &reason)),
            _ => Ok(None),
        }
    }

    /// How many fields a tuple has; `None` when a value is none.
    pub fn tuple_length(&self, typed: &Typed) -> Result<Option<usize>, Unavailable> {
        Ok(match self.unwrapped(typed)?.0 {
            View::Record {
                style: Style::Tuple,
                fields,
                ..
            } => Some(fields.len()),
            View::Number {
                encoding: Encoding::Unit,
                ..
            } => Some(0),
            _ => None,
        })
    }

    fn unwrapped(&self, typed: &Typed) -> Result<(View, Arc<str>), Unavailable> {
        let mut typed = typed.clone();
        for _ in 0..MAX_DEREFS {
            match self.reader.view(&typed)? {
                View::Behind { target, .. } => typed = *target,
                view => return Ok((view, Arc::clone(&typed.ty.full_name))),
            }
        }
        Err(Unavailable::Other(
            "there are too many pointers to follow".into(),
        ))
    }

    /// Whether two values are alike in all they hold; `None` when they are of different kinds, or
    /// hold something that cannot be compared.
    fn equal(
        &self,
        a: &View,
        b: &View,
        depth: usize,
        nodes: &mut usize,
    ) -> Result<Option<bool>, Unavailable> {
        let too_large = || Unavailable::Other("the values are too large to be compared".into());
        *nodes = nodes.checked_sub(1).ok_or_else(too_large)?;
        let depth = depth.checked_sub(1).ok_or_else(too_large)?;
        match (a, b) {
            (View::Number { .. }, View::Number { .. }) => Ok(equal_numbers(a, b)),
            (
                View::Text { first, len },
                View::Text {
                    first: other,
                    len: other_len,
                },
            ) => {
                if len != other_len {
                    return Ok(Some(false));
                }
                let ordering =
                    self.compare_bytes(&(first.clone(), *len), &(other.clone(), *other_len))?;
                Ok(Some(ordering == Ordering::Equal))
            }
            (View::Word(a), View::Word(b)) if a != "MaybeUninit" => Ok(Some(a == b)),
            // Variants without contents among others of the same enum.
            (View::Word(_), View::Record { style, .. })
            | (View::Record { style, .. }, View::Word(_))
                if *style != Style::Tuple =>
            {
                Ok(Some(false))
            }
            (View::Pointer { address, .. }, View::Pointer { address: other, .. }) => {
                Ok(Some(address == other))
            }
            (View::Behind { target, .. }, View::Behind { target: other, .. }) => {
                let (a, b) = (self.reader.view(target)?, self.reader.view(other)?);
                self.equal(&a, &b, depth, nodes)
            }
            (View::Marked { view, .. }, View::Marked { view: other, .. }) => {
                self.equal(view, other, depth, nodes)
            }
            (View::Range { sign, .. }, View::Range { sign: other, .. }) if sign == other => {
                self.equal_children(a, b, depth, nodes)
            }
            (View::Items(a), View::Items(b)) if a.kind == b.kind => {
                self.equal_items(a, b, depth, nodes)
            }
            // A ring and a `Vec`.
            (View::Items(items), View::Sequence { count, .. })
            | (View::Sequence { count, .. }, View::Items(items))
                if items.kind == ItemsKind::List =>
            {
                if items.count != *count {
                    return Ok(Some(false));
                }
                self.equal_children(a, b, depth, nodes)
            }
            (View::Sequence { count, .. }, View::Sequence { count: other, .. }) => {
                if count != other {
                    return Ok(Some(false));
                }
                self.equal_children(a, b, depth, nodes)
            }
            (
                View::Record {
                    name, truncated, ..
                },
                View::Record {
                    name: other,
                    truncated: other_truncated,
                    ..
                },
            ) => {
                if *truncated || *other_truncated {
                    return Err(too_large());
                }
                if name != other {
                    return Ok(Some(false));
                }
                self.equal_children(a, b, depth, nodes)
            }
            _ => Ok(None),
        }
    }

    /// Whether collections hold the same: in the same order, where they have one.
    fn equal_items(
        &self,
        a: &Items,
        b: &Items,
        depth: usize,
        nodes: &mut usize,
    ) -> Result<Option<bool>, Unavailable> {
        if a.count != b.count {
            return Ok(Some(false));
        }
        if !(a.is_ordered() && b.is_ordered()) {
            return self.equal_tables(a, b, depth, nodes);
        }
        for at in 0..a.count {
            let (first, value) = a.get(&self.reader, at)?;
            let (second, other) = b.get(&self.reader, at)?;
            for (first, second) in [(Some(first), Some(second)), (value, other)] {
                let (Some(first), Some(second)) = (first, second) else {
                    continue;
                };
                let (first, second) = (self.reader.view(&first)?, self.reader.view(&second)?);
                match self.equal(&first, &second, depth, nodes)? {
                    Some(true) => {}
                    other => return Ok(other),
                }
            }
        }
        Ok(Some(true))
    }

    /// Whether as many entries without an order are the same: each of one is looked for among the
    /// other's, by its key.
    fn equal_tables(
        &self,
        a: &Items,
        b: &Items,
        depth: usize,
        nodes: &mut usize,
    ) -> Result<Option<bool>, Unavailable> {
        let entries = usize::try_from(b.count).unwrap_or(usize::MAX);
        *nodes = nodes
            .checked_sub(entries)
            .ok_or_else(|| Unavailable::Other("the tables are too large to be compared".into()))?;
        let mut others: HashMap<Option<Key>, Vec<u64>> = HashMap::new();
        for at in 0..b.count {
            let (key, _) = b.get(&self.reader, at)?;
            others.entry(self.key_of(&key)?).or_default().push(at);
        }
        for at in 0..a.count {
            let (key, value) = a.get(&self.reader, at)?;
            let candidates = others.get(&self.key_of(&key)?);
            let key = self.unwrapped(&key)?.0;
            let mut found = None;
            for other in candidates.into_iter().flatten() {
                let (other, other_value) = b.get(&self.reader, *other)?;
                match self.equal(&key, &self.unwrapped(&other)?.0, depth, nodes)? {
                    Some(true) => {
                        found = Some(other_value);
                        break;
                    }
                    Some(false) => {}
                    None => return Ok(None),
                }
            }
            let Some(other) = found else {
                return Ok(Some(false));
            };
            if let (Some(value), Some(other)) = (value, other) {
                let (value, other) = (self.reader.view(&value)?, self.reader.view(&other)?);
                match self.equal(&value, &other, depth, nodes)? {
                    Some(true) => {}
                    different => return Ok(different),
                }
            }
        }
        Ok(Some(true))
    }

    /// What equal keys have in common, and few others; `None` for those of several parts.
    fn key_of(&self, typed: &Typed) -> Result<Option<Key>, Unavailable> {
        Ok(match self.unwrapped(typed)?.0 {
            View::Number { bits, .. } => Some(Key::Number(bits)),
            View::Text { first, len } => {
                let mut bytes = vec![0; usize::try_from(len).unwrap_or(MAX_KEY).min(MAX_KEY)];
                first.read(self.memory, &mut bytes)?;
                Some(Key::Text(bytes, len))
            }
            _ => None,
        })
    }

    fn equal_children(
        &self,
        a: &View,
        b: &View,
        depth: usize,
        nodes: &mut usize,
    ) -> Result<Option<bool>, Unavailable> {
        if a.count() != b.count() {
            return Ok(None);
        }
        for at in 0..a.count() {
            let lost = || Unavailable::Other("a part of the value is not to be had".into());
            let (_, first) = a.child(&self.reader, at).ok_or_else(lost)?;
            let (_, second) = b.child(&self.reader, at).ok_or_else(lost)?;
            let (first, second) = (self.reader.view(&first)?, self.reader.view(&second)?);
            match self.equal(&first, &second, depth, nodes)? {
                Some(true) => {}
                other => return Ok(other),
            }
        }
        Ok(Some(true))
    }
}

fn is_sequence(view: &View) -> bool {
    match view {
        View::Sequence { .. } => true,
        View::Items(items) => items.kind == ItemsKind::List,
        _ => false,
    }
}

/// Whether two numbers of base types are equal, as their types compare.
fn equal_numbers(a: &View, b: &View) -> Option<bool> {
    let scalar = |view: &View| match view {
        View::Number {
            encoding,
            bits,
            size,
        } => super::operand::scalar_of_encoding(*encoding, *bits, *size),
        _ => None,
    };
    match (scalar(a), scalar(b)) {
        (Some(a), Some(b)) => {
            number::compare(a, b).map(|ordering| ordering == Some(Ordering::Equal))
        }
        // `()`.
        (None, None) => Some(true),
        _ => None,
    }
}

/// Whether a scalar lies between two others; `None` when they cannot be compared.
pub(super) fn between(
    value: Scalar,
    from: Option<Scalar>,
    to: Option<Scalar>,
    inclusive: bool,
) -> Option<bool> {
    let after = match from {
        Some(from) => number::holds(Operator::GreaterOrEqual, number::compare(value, from)?),
        None => true,
    };
    let before = match to {
        Some(to) => {
            let operator = match inclusive {
                true => Operator::LessOrEqual,
                false => Operator::Less,
            };
            number::holds(operator, number::compare(value, to)?)
        }
        None => true,
    };
    Some(after && before)
}
