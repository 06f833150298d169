//! `x as T`: numbers, characters, enums without data, and pointers to the program's types.

use super::error::{ErrorKind, ExpressionError};
use super::evaluate::Evaluator;
use super::number::{self, Integer, Scalar};
use super::operand::{Operand, Pointer};
use super::syntax::{Node, TypeName, TypeNameKind};
use std::ops::Range;
use wasmscope_symbols::{TypeId, TypeKind, Unavailable};

impl<'n> Evaluator<'n> {
    /// `value as to`.
    pub fn cast(
        &self,
        value: &'n Node,
        to: &TypeName,
        span: &Range<usize>,
    ) -> Result<Operand<'n>, ExpressionError> {
        let operand = self.node(value)?;
        match &to.kind {
            TypeNameKind::Primitive(primitive) => {
                let primitive = primitive.for_module(self.is_wide());
                let scalar = match self.discriminant(&operand, &value.span)? {
                    Some(discriminant) => discriminant,
                    None => self.needed_scalar(&operand, &value.span, "a number")?,
                };
                self.settled(number::cast(scalar, primitive), span, || {
                    format!(
                        "`{}` cannot become `{}`",
                        self.type_name(&operand),
                        primitive.name()
                    )
                })
            }
            TypeNameKind::Pointer { to: pointee, .. } => {
                let address = self.address(&operand, &value.span)?;
                let target = self.type_named(pointee)?;
                Ok(Operand::Pointer(Pointer {
                    address,
                    target: Some(target),
                    type_name: to.to_string(),
                }))
            }
            TypeNameKind::Named(name) => Err(ExpressionError::new(
                ErrorKind::Unsupported,
                span,
                format!("only numbers and pointers can be cast to; `{name}` is none"),
            )),
        }
    }

    /// The number behind a value of an enum without data.
    fn discriminant(
        &self,
        operand: &Operand<'n>,
        span: &Range<usize>,
    ) -> Result<Option<Scalar>, ExpressionError> {
        let Operand::Place(typed) = operand else {
            return Ok(None);
        };
        let read = || -> Result<Option<Scalar>, Unavailable> {
            let typed = self.reader.resolve(typed)?;
            let TypeKind::Enum(enumeration) = &typed.ty.kind else {
                return Ok(None);
            };
            let size = typed.ty.size.unwrap_or(0);
            let bits = typed.slot.number(self.memory, size)?;
            let width = u32::try_from(size.saturating_mul(8)).unwrap_or(128);
            Ok(Some(Scalar::literal(Integer::from_bits(
                bits,
                enumeration.signed,
                width,
            ))))
        };
        read().map_err(|reason| ExpressionError::unavailable(span, &reason))
    }

    /// The address that an operand is, or holds: of a reference and a box too.
    pub fn address(
        &self,
        operand: &Operand<'n>,
        span: &Range<usize>,
    ) -> Result<u64, ExpressionError> {
        let mismatch = || {
            let message = format!(
                "an address is due here, and this is {}",
                self.called(operand)
            );
            ExpressionError::new(ErrorKind::Mismatch, span, message)
        };
        if let Operand::Place(typed) = operand {
            let unavailable = |reason| ExpressionError::unavailable(span, &reason);
            let typed = self.reader.resolve(typed).map_err(unavailable)?;
            let size = typed.ty.size.unwrap_or(0);
            if let TypeKind::Pointer(_) = typed.ty.kind {
                let bits = typed.slot.number(self.memory, size).map_err(unavailable)?;
                return u64::try_from(bits).map_err(|_| mismatch());
            }
        }
        match self.scalar(operand, span)? {
            Some(Scalar::Address(address)) => Ok(address),
            Some(Scalar::Integer { value, .. }) => value.to_u64().ok_or_else(mismatch),
            _ => Err(mismatch()),
        }
    }

    /// The type of the program that a name means.
    pub fn type_named(&self, name: &TypeName) -> Result<TypeId, ExpressionError> {
        let wanted = name.to_string();
        let symbols = &self.names.context.symbols;
        let found = symbols.find_types(&wanted);
        let sized = |id: &&TypeId| symbols.describe_type(**id).size.is_some();
        match found.iter().find(sized).or(found.first()) {
            Some(id) => Ok(*id),
            None => Err(ExpressionError::new(
                ErrorKind::UnknownType,
                &name.span,
                format!(
                    "the program has no type `{wanted}`, or its debug info does not tell of it"
                ),
            )),
        }
    }
}
