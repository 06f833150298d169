//! From value to value: fields, elements, parts of sequences, what pointers point to.

use super::error::{ErrorKind, ExpressionError};
use super::evaluate::Evaluator;
use super::number::{Integer, Scalar};
use super::operand::{Operand, Pointer};
use super::syntax::{Node, Operator, Pattern, Primitive};
use crate::values::{Items, ItemsKind, NoField, Slot, View};
use std::ops::Range;
use std::sync::Arc;
use wasmscope_symbols::types::PointerKind;
use wasmscope_symbols::{TypeId, TypeKind};

/// How many keys of a map are compared with the one that is asked for.
const MAX_KEYS: u64 = 200_000;

impl<'n> Evaluator<'n> {
    /// `x.name`, through as many pointers as there are.
    pub fn field(
        &self,
        of: Operand<'n>,
        name: &str,
        span: &Range<usize>,
    ) -> Result<Operand<'n>, ExpressionError> {
        let typed = match &of {
            Operand::Place(typed) => typed.clone(),
            Operand::Pointer(pointer) => self
                .pointee(pointer)
                .map_err(|reason| ExpressionError::unavailable(span, &reason))?,
            Operand::Unknown(unknown) => return Err(self.unknown(*unknown)),
            Operand::Part { .. } | Operand::Text { .. } if name == "len" => {
                return self.length(&of, span);
            }
            _ => {
                let message = format!("`{}` has no fields", self.type_name(&of));
                return Err(ExpressionError::no_field(span, message, name, []));
            }
        };
        match self.reader.field(&typed, name) {
            Ok(field) => Ok(Operand::Place(field)),
            Err(NoField::Unavailable(reason)) => Err(ExpressionError::unavailable(span, &reason)),
            Err(NoField::Missing {
                ty,
                names,
                variants,
            }) => {
                if name == "len"
                    && let Ok(length) = self.length(&of, span)
                {
                    return Ok(length);
                }
                let message = match variants {
                    Some((active, Some(other))) => format!(
                        "the value is `{}::{active}` now, which has no field `{name}` (`{other}` \
                         has)",
                        ty.name
                    ),
                    Some((active, None)) => {
                        format!(
                            "no variant of `{}` has a field `{name}` (the value is `{active}`)",
                            ty.name
                        )
                    }
                    None if ty.name.contains("dyn ") => format!(
                        "`{}` has no field `{name}`: which type is behind it is not known",
                        ty.name
                    ),
                    None => format!("`{}` has no field `{name}`", ty.name),
                };
                let names = names.iter().map(|name| &**name);
                Err(ExpressionError::no_field(span, message, name, names))
            }
        }
    }

    /// What can follow `of.`: the fields of the value behind it, or `len`.
    pub fn field_names(&self, of: Operand<'n>, span: &Range<usize>) -> Vec<Arc<str>> {
        let typed = match &of {
            Operand::Place(typed) => Some(typed.clone()),
            Operand::Pointer(pointer) => self.pointee(pointer).ok(),
            _ => None,
        };
        // No field is called so.
        let missing = typed.map(|typed| self.reader.field(&typed, ""));
        let mut names = match missing {
            Some(Err(NoField::Missing { names, .. })) => names,
            _ => Vec::new(),
        };
        if self.length(&of, span).is_ok() {
            names.push("len".into());
        }
        names
    }

    /// `*x`.
    pub fn deref(
        &self,
        of: Operand<'n>,
        span: &Range<usize>,
    ) -> Result<Operand<'n>, ExpressionError> {
        let unavailable = |reason| ExpressionError::unavailable(span, &reason);
        match &of {
            Operand::Pointer(pointer) => {
                Ok(Operand::Place(self.pointee(pointer).map_err(unavailable)?))
            }
            Operand::Place(typed) => {
                if let Some(target) = self.reader.behind(typed).map_err(unavailable)? {
                    return Ok(Operand::Place(target));
                }
                match self.reader.view(typed).map_err(unavailable)? {
                    // A fat pointer, or what owns such a thing, stands for what it points to.
                    View::Sequence { .. } | View::Text { .. }
                        if !matches!(typed.ty.kind, TypeKind::Array(_)) =>
                    {
                        Ok(of)
                    }
                    _ => Err(self.no_pointer(&of, span)),
                }
            }
            Operand::Unknown(name) => Err(self.unknown(*name)),
            Operand::Scalar(Scalar::Address(_)) => Err(ExpressionError::new(
                ErrorKind::Mismatch,
                span,
                "the type of what is there is not known: write `*(address as *const T)`",
            )),
            _ => Err(self.no_pointer(&of, span)),
        }
    }

    fn no_pointer(&self, of: &Operand<'_>, span: &Range<usize>) -> ExpressionError {
        let message = format!("`{}` is no pointer", self.type_name(of));
        ExpressionError::new(ErrorKind::Mismatch, span, message)
    }

    /// `x[i]`.
    pub fn index(
        &self,
        of: &'n Node,
        index: &'n Node,
        span: &Range<usize>,
    ) -> Result<Operand<'n>, ExpressionError> {
        let operand = self.node(of)?;
        let unavailable = |reason| ExpressionError::unavailable(span, &reason);
        let view = self.sequence(&operand, span)?;
        let index_operand = self.node(index)?;
        let Some(view) = view else {
            if let Some((address, target)) = self.raw_pointer(&operand, span)? {
                let at = self.index_of(&index_operand, &index.span)?;
                return self.element_at(address, target, at, span);
            }
            return Err(self.no_sequence(&operand, span));
        };
        if matches!(view, View::Text { .. }) {
            return Err(ExpressionError::new(
                ErrorKind::Mismatch,
                span,
                "text has no elements: take a part of it by its bytes (`x[0..1]`)",
            ));
        }
        if let View::Items(items) = &view
            && items.kind == ItemsKind::Map
        {
            return self.entry(items, (of, &operand), (index, &index_operand), span);
        }
        let at = self.index_of(&index_operand, &index.span)?;
        let count = view_length(&view);
        if at >= count {
            let message = format!("index {at} is out of range: there are {count} elements");
            return Err(ExpressionError::new(
                ErrorKind::OutOfRange,
                &index.span,
                message,
            ));
        }
        let element = match &view {
            View::Items(items) => items.get(&self.reader, at).map(|(element, _)| element),
            view => view.element(&self.reader, at),
        };
        Ok(Operand::Place(element.map_err(unavailable)?))
    }

    /// `map[key]`: the value of the key that is equal to `key`, as values compare.
    fn entry(
        &self,
        items: &Items,
        (of, map): (&'n Node, &Operand<'n>),
        (index, wanted): (&'n Node, &Operand<'n>),
        span: &Range<usize>,
    ) -> Result<Operand<'n>, ExpressionError> {
        for at in 0..items.count.min(MAX_KEYS) {
            let (key, value) = items
                .get(&self.reader, at)
                .map_err(|reason| ExpressionError::unavailable(span, &reason))?;
            let key = Operand::Place(key);
            let sides = ((&key, of), (wanted, index));
            if self.compare(Operator::Equal, sides.0, sides.1, &index.span)?
                && let Some(value) = value
            {
                return Ok(Operand::Place(value));
            }
        }
        let message = match items.count > MAX_KEYS {
            true => format!(
                "the key is not among the first {MAX_KEYS} of {}, and no more are looked at",
                items.count
            ),
            false => format!(
                "there is no such key in the {} of `{}`",
                items.count,
                self.type_name(map)
            ),
        };
        Err(ExpressionError::new(
            ErrorKind::OutOfRange,
            &index.span,
            message,
        ))
    }

    /// `map[Point { x: 1 }]`: the value of the first key that matches.
    pub fn entry_like(
        &self,
        of: &'n Node,
        key: &'n Pattern,
        span: &Range<usize>,
    ) -> Result<Operand<'n>, ExpressionError> {
        let operand = self.node(of)?;
        let Some(View::Items(items)) = self.sequence(&operand, span)? else {
            return Err(self.no_sequence(&operand, span));
        };
        for at in 0..items.count.min(MAX_KEYS) {
            let (found, value) = items
                .get(&self.reader, at)
                .map_err(|reason| ExpressionError::unavailable(span, &reason))?;
            let found = Operand::Place(found);
            if self.matches(&found, key, &of.span)?
                && let Some(value) = value
            {
                return Ok(Operand::Place(value));
            }
        }
        let message = format!(
            "no key of `{}` matches, among the first {MAX_KEYS} at least",
            self.type_name(&operand)
        );
        Err(ExpressionError::new(
            ErrorKind::OutOfRange,
            &key.span,
            message,
        ))
    }

    /// `x.borrow()` and its kin: what is in a cell or behind a lock.
    pub fn inside(
        &self,
        of: Operand<'n>,
        span: &Range<usize>,
    ) -> Result<Operand<'n>, ExpressionError> {
        let typed = match &of {
            Operand::Place(typed) => Some(typed.clone()),
            Operand::Pointer(pointer) => self.pointee(pointer).ok(),
            Operand::Unknown(name) => return Err(self.unknown(*name)),
            _ => None,
        };
        let inside = match typed {
            Some(typed) => self
                .reader
                .inside(&typed)
                .map_err(|reason| ExpressionError::unavailable(span, &reason))?,
            None => None,
        };
        inside.map(Operand::Place).ok_or_else(|| {
            let message = format!("`{}` is no cell and no lock", self.type_name(&of));
            ExpressionError::new(ErrorKind::Mismatch, span, message)
        })
    }

    /// `x?`, `x.unwrap()`: what the variant carries that has a value.
    pub fn unwrap(
        &self,
        of: Operand<'n>,
        span: &Range<usize>,
    ) -> Result<Operand<'n>, ExpressionError> {
        let Some((_, active)) = self.enum_value(&of, span)? else {
            let message = format!(
                "`{}` is neither an Option nor a Result",
                self.type_name(&of)
            );
            return Err(ExpressionError::new(ErrorKind::Mismatch, span, message));
        };
        let carried = match (&*active.name, &active.body) {
            ("Some" | "Ok" | "Ready" | "Continue", Some(body)) => self.reader.field(body, "0").ok(),
            _ => None,
        };
        carried.map(Operand::Place).ok_or_else(|| {
            let message = format!("the value is `{}` now, which has none inside", active.name);
            ExpressionError::new(ErrorKind::Unavailable, span, message)
        })
    }

    /// `x[from..to]`.
    pub fn slice(
        &self,
        of: &'n Node,
        from: Option<&'n Node>,
        to: Option<&'n Node>,
        inclusive: bool,
        span: &Range<usize>,
    ) -> Result<Operand<'n>, ExpressionError> {
        let operand = self.node(of)?;
        let bound = |node: Option<&'n Node>| match node {
            Some(node) => self.index_of(&self.node(node)?, &node.span).map(Some),
            None => Ok(None),
        };
        let from = bound(from)?.unwrap_or(0);
        let to = match (bound(to)?, inclusive) {
            (Some(to), true) => Some(to.saturating_add(1)),
            (to, _) => to,
        };
        let (view, type_name) = match self.sequence(&operand, span)? {
            Some(view) => {
                let type_name = self.part_name(&view);
                (view, type_name)
            }
            None => match (self.raw_pointer(&operand, span)?, to) {
                (Some((address, target)), Some(to)) => {
                    let view = self.elements_at(address, target, to, span)?;
                    let type_name = self.part_name(&view);
                    (view, type_name)
                }
                (Some(_), None) => {
                    let message = "how many elements there are is not known: give the end \
                                   (`x[0..8]`)";
                    return Err(ExpressionError::new(ErrorKind::OutOfRange, span, message));
                }
                (None, _) => return Err(self.no_sequence(&operand, span)),
            },
        };
        let count = view_length(&view);
        let to = to.unwrap_or(count);
        if from > to || to > count {
            let message = format!("{from}..{to} is out of range: there are {count} elements");
            return Err(ExpressionError::new(ErrorKind::OutOfRange, span, message));
        }
        let view =
            part(&view, from, to).map_err(|reason| ExpressionError::unavailable(span, &reason))?;
        Ok(Operand::Part { view, type_name })
    }

    /// `len(x)`, `x.len`.
    pub fn length(
        &self,
        of: &Operand<'n>,
        span: &Range<usize>,
    ) -> Result<Operand<'n>, ExpressionError> {
        let length = match of {
            Operand::Text { bytes, .. } => bytes.len() as u64,
            _ => match self.sequence(of, span)? {
                Some(view) => view_length(&view),
                None => {
                    let message = format!("`{}` has no length", self.type_name(of));
                    return Err(ExpressionError::new(ErrorKind::Mismatch, span, message));
                }
            },
        };
        Ok(Operand::Scalar(Scalar::Integer {
            value: Integer::unsigned(u128::from(length)),
            of: Primitive::named("usize").map(|of| of.for_module(self.is_wide())),
        }))
    }

    /// `map.keys()`, `map.values()`.
    pub fn half(
        &self,
        of: &Operand<'n>,
        keys: bool,
        span: &Range<usize>,
    ) -> Result<Operand<'n>, ExpressionError> {
        if let Some(View::Items(items)) = self.sequence(of, span)?
            && let Some(half) = items.half(keys)
        {
            let view = View::Items(Box::new(half));
            let type_name = self.part_name(&view);
            return Ok(Operand::Part { view, type_name });
        }
        let message = format!("`{}` is no map", self.type_name(of));
        Err(ExpressionError::new(ErrorKind::Mismatch, span, message))
    }

    /// The elements or the text that an operand is, or points to.
    pub fn sequence(
        &self,
        operand: &Operand<'_>,
        span: &Range<usize>,
    ) -> Result<Option<View>, ExpressionError> {
        let unavailable = |reason| ExpressionError::unavailable(span, &reason);
        match operand {
            Operand::Part { view, .. } => Ok(Some(view.clone())),
            Operand::Place(typed) => self.reader.elements(typed).map_err(unavailable),
            Operand::Pointer(pointer) => {
                let target = self.pointee(pointer).map_err(unavailable)?;
                self.reader.elements(&target).map_err(unavailable)
            }
            Operand::Unknown(name) => Err(self.unknown(*name)),
            _ => Ok(None),
        }
    }

    fn no_sequence(&self, operand: &Operand<'_>, span: &Range<usize>) -> ExpressionError {
        let message = format!(
            "`{}` cannot be indexed, or what is in it is not known here",
            self.type_name(operand)
        );
        ExpressionError::new(ErrorKind::Mismatch, span, message)
    }

    /// The name of the type of a part of a sequence.
    fn part_name(&self, view: &View) -> String {
        match view {
            View::Sequence { element, .. } => {
                let element = self.names.context.symbols.describe_type(*element);
                format!("[{}]", element.name)
            }
            View::Items(items) => {
                let element = self.names.context.symbols.describe_type(items.element);
                format!("[{}]", element.name)
            }
            _ => "str".to_owned(),
        }
    }

    /// The address in a raw pointer, and the type that is there.
    fn raw_pointer(
        &self,
        operand: &Operand<'_>,
        span: &Range<usize>,
    ) -> Result<Option<(u64, TypeId)>, ExpressionError> {
        match operand {
            Operand::Pointer(Pointer {
                address,
                target: Some(target),
                ..
            }) => Ok(Some((*address, *target))),
            Operand::Place(typed) => {
                let unavailable = |reason| ExpressionError::unavailable(span, &reason);
                let typed = self.reader.resolve(typed).map_err(unavailable)?;
                let TypeKind::Pointer(pointer) = &typed.ty.kind else {
                    return Ok(None);
                };
                let raw = matches!(
                    pointer.kind,
                    PointerKind::Const | PointerKind::Mut | PointerKind::Plain
                );
                let (Some(target), true) = (pointer.target, raw) else {
                    return Ok(None);
                };
                match self.scalar(operand, span)? {
                    Some(Scalar::Address(address)) => Ok(Some((address, target))),
                    _ => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }

    fn element_at(
        &self,
        address: u64,
        target: TypeId,
        at: u64,
        span: &Range<usize>,
    ) -> Result<Operand<'n>, ExpressionError> {
        let unavailable = |reason| ExpressionError::unavailable(span, &reason);
        let size = self.names.context.symbols.describe_type(target).size;
        let offset = size.and_then(|size| size.checked_mul(at));
        let place = offset.and_then(|offset| address.checked_add(offset));
        let Some(address) = place else {
            let message = format!("element {at} lies beyond all addresses");
            return Err(ExpressionError::new(ErrorKind::OutOfRange, span, message));
        };
        let pointer = Pointer {
            address,
            target: Some(target),
            type_name: String::new(),
        };
        self.pointee(&pointer)
            .map(Operand::Place)
            .map_err(unavailable)
    }

    /// So many elements from an address on.
    fn elements_at(
        &self,
        address: u64,
        element: TypeId,
        count: u64,
        span: &Range<usize>,
    ) -> Result<View, ExpressionError> {
        let stride = self.names.context.symbols.describe_type(element).size;
        let bytes = stride.and_then(|stride| stride.checked_mul(count));
        let end = bytes.and_then(|bytes| address.checked_add(bytes));
        match (stride, end) {
            (Some(stride), Some(end)) if end <= self.memory.size() => Ok(View::Sequence {
                element,
                first: Slot::Memory(address),
                stride,
                count,
                start: 0,
            }),
            _ => {
                let message = format!("{count} elements at {address:#x} are not in memory");
                Err(ExpressionError::new(ErrorKind::OutOfRange, span, message))
            }
        }
    }

    /// Whether addresses have 64 bits.
    pub fn is_wide(&self) -> bool {
        self.memory.size() > 1 << 32
    }
}

/// How many elements, or bytes of text.
fn view_length(view: &View) -> u64 {
    match view {
        View::Sequence { count, .. } => *count,
        View::Items(items) => items.count,
        View::Text { len, .. } => *len,
        _ => 0,
    }
}

/// The elements, or the bytes of text, from one to another.
fn part(view: &View, from: u64, to: u64) -> Result<View, wasmscope_symbols::Unavailable> {
    let taken = to.saturating_sub(from);
    Ok(match view {
        View::Sequence {
            element,
            first,
            stride,
            start,
            ..
        } => View::Sequence {
            element: *element,
            first: first.at(from.saturating_mul(*stride))?,
            stride: *stride,
            count: taken,
            start: start.saturating_add(from),
        },
        View::Items(items) => View::Items(Box::new(items.part(from, taken))),
        View::Text { first, .. } => View::Text {
            first: first.at(from)?,
            len: taken,
        },
        other => other.clone(),
    })
}
