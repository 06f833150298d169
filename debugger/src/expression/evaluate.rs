//! Evaluating an expression on a stopped guest, by walking it.

use super::error::{ErrorKind, ExpressionError};
use super::names::{Named, Names};
use super::number::{self, Fault, Integer, Scalar};
use super::operand::{Operand, Pointer};
use super::syntax::{Machine, Node, NodeKind, Operator, Parsed, Path};
use crate::values::{Gone, Limits, Memory, Reader, Slot, Typed};
use std::ops::Range;
use std::sync::Arc;
use wasmscope_symbols::{FrameState, Place, Unavailable, WasmValue};

/// Walks an expression on a stopped guest.
pub(super) struct Evaluator<'n> {
    pub parsed: &'n Parsed,
    pub names: &'n Names,
    pub state: &'n dyn FrameState,
    pub memory: &'n dyn Memory,
    /// Goes through values: as their types say, whatever format is asked for.
    pub reader: Reader<'n>,
    /// Where is noted which variables have no value any more, if that is to be heeded.
    gone: Option<&'n Gone>,
}

impl<'n> Evaluator<'n> {
    pub fn new(
        parsed: &'n Parsed,
        names: &'n Names,
        state: &'n dyn FrameState,
        memory: &'n dyn Memory,
    ) -> Self {
        Evaluator {
            parsed,
            names,
            state,
            memory,
            reader: Reader::new(&names.context.symbols, memory, Limits::default()),
            gone: None,
        }
    }

    /// The same, for which variables that were moved out of or dropped have no value; `gone` takes
    /// them down.
    pub fn heeding(self, gone: &'n Gone) -> Self {
        Evaluator {
            reader: self.reader.heeding(gone),
            gone: Some(gone),
            ..self
        }
    }

    /// The name that a node refers to.
    pub fn path(&self, name: usize) -> Option<&'n Path> {
        self.parsed.names.get(name)
    }

    /// That a name means nothing.
    pub fn unknown(&self, name: usize) -> ExpressionError {
        match self.path(name) {
            Some(path) => self.names.unknown(name, path),
            None => ExpressionError::new(ErrorKind::UnknownName, &(0..0), "an unknown name"),
        }
    }

    /// The whole expression.
    pub fn root(&self) -> Result<Operand<'n>, ExpressionError> {
        self.node(&self.parsed.root)
    }

    /// A part of it.
    pub fn node(&self, node: &'n Node) -> Result<Operand<'n>, ExpressionError> {
        let span = &node.span;
        match &node.kind {
            NodeKind::Integer { value, of } => {
                let value = Integer::unsigned(*value);
                self.literal(value, *of, span)
            }
            NodeKind::Float { value, of } => Ok(Operand::Scalar(Scalar::Float {
                value: *value,
                of: *of,
            })),
            NodeKind::Bool(value) => Ok(Operand::Scalar(Scalar::Bool(*value))),
            NodeKind::Char(c) => Ok(Operand::Scalar(Scalar::Char(*c))),
            NodeKind::Text { bytes, is_text } => Ok(Operand::Text {
                bytes,
                is_text: *is_text,
            }),
            NodeKind::Name(name) => self.name(*name, span),
            NodeKind::Machine(machine) => self.machine(*machine, span),
            NodeKind::Field { of, name } => self.field(self.node(of)?, name, span),
            NodeKind::Index { of, index } => self.index(of, index, span),
            NodeKind::Slice {
                of,
                from,
                to,
                inclusive,
            } => self.slice(of, from.as_deref(), to.as_deref(), *inclusive, span),
            NodeKind::Entry { of, key } => self.entry_like(of, key, span),
            NodeKind::Inside(of) => self.inside(self.node(of)?, span),
            NodeKind::Unwrap(of) => self.unwrap(self.node(of)?, span),
            NodeKind::Half { of, keys } => self.half(&self.node(of)?, *keys, span),
            NodeKind::Length(of) => self.length(&self.node(of)?, span),
            NodeKind::Negate(of) => self.negate(of, span),
            NodeKind::Not(of) => {
                let scalar =
                    self.needed_scalar(&self.node(of)?, &of.span, "a `bool` or a number")?;
                self.settled(number::not(scalar), span, || {
                    format!("`!` is not for `{}`", scalar.type_name())
                })
            }
            NodeKind::Deref(of) => self.deref(self.node(of)?, span),
            NodeKind::AddressOf(of) => self.address_of(self.node(of)?, span),
            NodeKind::Raw(of) => self.node(of),
            NodeKind::Binary {
                operator,
                left,
                right,
            } => self.binary(*operator, left, right, span),
            NodeKind::All(parts) => {
                for part in parts {
                    if !self.truth(&self.node(part)?, &part.span)? {
                        return Ok(Operand::Scalar(Scalar::Bool(false)));
                    }
                }
                Ok(Operand::Scalar(Scalar::Bool(true)))
            }
            NodeKind::Any(parts) => {
                for part in parts {
                    if self.truth(&self.node(part)?, &part.span)? {
                        return Ok(Operand::Scalar(Scalar::Bool(true)));
                    }
                }
                Ok(Operand::Scalar(Scalar::Bool(false)))
            }
            NodeKind::Cast { value, to } => self.cast(value, to, span),
            NodeKind::Is { value, pattern } => {
                let operand = self.node(value)?;
                let found = self.matches(&operand, pattern, &value.span)?;
                Ok(Operand::Scalar(Scalar::Bool(found)))
            }
            NodeKind::Build { name, arguments } => Ok(Operand::Built {
                name: *name,
                arguments,
            }),
        }
    }

    fn literal(
        &self,
        value: Integer,
        of: Option<super::syntax::Primitive>,
        span: &Range<usize>,
    ) -> Result<Operand<'n>, ExpressionError> {
        match of {
            Some(of) if !value.fits(of) => Err(ExpressionError::new(
                ErrorKind::Overflow,
                span,
                format!("{value} does not fit into `{}`", of.name()),
            )),
            _ => Ok(Operand::Scalar(Scalar::Integer { value, of })),
        }
    }

    fn name(&self, name: usize, span: &Range<usize>) -> Result<Operand<'n>, ExpressionError> {
        let (value, type_id, place) = match self.names.get(name) {
            Named::Value(value) => (value, value.type_id, value.place(self.state)),
            Named::Constant(constant) => return Ok(Operand::Scalar(*constant)),
            Named::Ambiguous(_) => return Err(self.unknown(name)),
            Named::Unknown => return Ok(Operand::Unknown(name)),
        };
        let unavailable = |reason: &Unavailable| {
            let mut error = ExpressionError::unavailable(span, reason);
            if let Some(path) = self.path(name) {
                error.message = format!("`{}` is {}", path.text(), error.message);
            }
            error
        };
        let Some(type_id) = type_id else {
            let reason = Unavailable::malformed("its debug info does not say its type");
            return Err(unavailable(&reason));
        };
        let slot = match place {
            Place::Memory(address) => Slot::Memory(address),
            Place::Bytes(bytes) => Slot::Bytes {
                bytes: Arc::new(bytes),
                offset: 0,
            },
            Place::Unavailable(reason) => return Err(unavailable(&reason)),
        };
        let typed = self.reader.typed(type_id, slot);
        if let (Some(gone), Some(variable)) = (self.gone, &value.variable) {
            let pc = self.names.context.pc;
            gone.note(&self.reader, variable, &typed, pc, self.state);
        }
        Ok(Operand::Place(typed))
    }

    fn machine(
        &self,
        machine: Machine,
        span: &Range<usize>,
    ) -> Result<Operand<'n>, ExpressionError> {
        let value = match machine {
            Machine::Local(index) => self.state.wasm_local(index),
            Machine::Global(index) => self.state.wasm_global(index),
            Machine::Operand(index) => self.state.operand(index),
            Machine::Pc => {
                let context = &self.names.context;
                let pc = context.symbols.module().code.to_module(context.pc);
                let pc = pc.map_or(0, |pc| pc.0);
                return Ok(Operand::Scalar(Scalar::literal(Integer::unsigned(
                    u128::from(pc),
                ))));
            }
        };
        let value = value.map_err(|reason| ExpressionError::unavailable(span, &reason))?;
        let whole = |value: u128, name: &str| Scalar::Integer {
            value: Integer::unsigned(value),
            of: super::syntax::Primitive::named(name),
        };
        let float = |value: f64, name: &str| Scalar::Float {
            value,
            of: super::syntax::Primitive::named(name),
        };
        Ok(Operand::Scalar(match value {
            WasmValue::I32(bits) => whole(u128::from(bits), "u32"),
            WasmValue::I64(bits) => whole(u128::from(bits), "u64"),
            WasmValue::F32(bits) => float(f64::from(f32::from_bits(bits)), "f32"),
            WasmValue::F64(bits) => float(f64::from_bits(bits), "f64"),
            WasmValue::V128(bytes) => whole(u128::from_le_bytes(bytes), "u128"),
        }))
    }

    fn negate(&self, of: &'n Node, span: &Range<usize>) -> Result<Operand<'n>, ExpressionError> {
        // The lowest number of a type is written as its negative, which the type does not hold.
        if let NodeKind::Integer { value, of } = of.kind {
            return self.literal(Integer::new(true, value), of, span);
        }
        let scalar = self.needed_scalar(&self.node(of)?, &of.span, "a number")?;
        self.settled(number::negate(scalar), span, || {
            format!("`-` is not for `{}`", scalar.type_name())
        })
    }

    fn binary(
        &self,
        operator: Operator,
        left: &'n Node,
        right: &'n Node,
        span: &Range<usize>,
    ) -> Result<Operand<'n>, ExpressionError> {
        let first = self.node(left)?;
        let second = self.node(right)?;
        if operator.compares() {
            let truth = self.compare(operator, (&first, left), (&second, right), span)?;
            return Ok(Operand::Scalar(Scalar::Bool(truth)));
        }
        let wanted = "a number";
        let a = self.needed_scalar(&first, &left.span, wanted)?;
        let b = self.needed_scalar(&second, &right.span, wanted)?;
        let described = || {
            format!(
                "`{}` is not for `{}` and `{}`",
                operator.sign(),
                self.type_name(&first),
                self.type_name(&second)
            )
        };
        match number::binary(operator, a, b) {
            Err(Fault::Overflow(of)) => Err(ExpressionError::new(
                ErrorKind::Overflow,
                span,
                format!(
                    "{} {} {} does not fit into `{of}`",
                    a.word(),
                    operator.sign(),
                    b.word()
                ),
            )),
            result => self.settled(result, span, described),
        }
    }

    /// The result of an operation, or what is wrong with it.
    pub fn settled(
        &self,
        result: Result<Scalar, Fault>,
        span: &Range<usize>,
        mismatch: impl FnOnce() -> String,
    ) -> Result<Operand<'n>, ExpressionError> {
        let fault = match result {
            Ok(scalar) => return Ok(Operand::Scalar(scalar)),
            Err(fault) => fault,
        };
        let (kind, message) = match fault {
            Fault::Mismatch => (ErrorKind::Mismatch, mismatch()),
            Fault::Overflow(of) => (
                ErrorKind::Overflow,
                format!("the result does not fit into `{of}`"),
            ),
            Fault::DivisionByZero => (ErrorKind::DivisionByZero, "division by zero".to_owned()),
            Fault::Shift => (
                ErrorKind::Overflow,
                "a shift by more bits than the number has".to_owned(),
            ),
        };
        Err(ExpressionError::new(kind, span, message))
    }

    fn address_of(
        &self,
        operand: Operand<'n>,
        span: &Range<usize>,
    ) -> Result<Operand<'n>, ExpressionError> {
        let no_address = |why: &str| {
            let message = format!("it has no address: {why}");
            ExpressionError::new(ErrorKind::NotWritable, span, message)
        };
        match operand {
            Operand::Place(Typed {
                ty,
                slot: Slot::Memory(address),
            }) => Ok(Operand::Pointer(Pointer {
                address,
                target: Some(ty.id),
                type_name: format!("&{}", ty.name),
            })),
            Operand::Place(_) => Err(no_address("the value is not in memory as a whole")),
            Operand::Unknown(name) => Err(self.unknown(name)),
            _ => Err(no_address("it was computed")),
        }
    }
}
