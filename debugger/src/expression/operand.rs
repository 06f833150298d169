//! What the parts of an expression come to while it is evaluated, and how that is brought to
//! numbers and to what is shown.

use super::error::{ErrorKind, ExpressionError};
use super::evaluate::Evaluator;
use super::number::{Integer, Scalar, default_type};
use super::syntax::{Node, Primitive};
use crate::values::{self, MAX_DEREFS, Slot, Typed, Value, View, half};
use std::ops::Range;
use std::sync::Arc;
use wasmscope_symbols::types::{Encoding, PointerKind};
use wasmscope_symbols::{PartialBytes, Type, TypeId, TypeKind, Unavailable};

/// What a part of an expression comes to.
#[derive(Clone, Debug)]
pub(super) enum Operand<'n> {
    /// A value of the guest, with its type.
    Place(Typed),
    /// A number, `bool`, `char` or address that was computed.
    Scalar(Scalar),
    /// A text literal, or one of bytes.
    Text { bytes: &'n [u8], is_text: bool },
    /// Some elements of a sequence, or a part of a text.
    Part { view: View, type_name: String },
    /// An address that was taken or computed, and what is there.
    Pointer(Pointer),
    /// A name that no value has: perhaps a variant's.
    Unknown(usize),
    /// A variant with what it carries.
    Built { name: usize, arguments: &'n [Node] },
}

/// An address with the type of what is there.
#[derive(Clone, Debug)]
pub(super) struct Pointer {
    pub address: u64,
    pub target: Option<TypeId>,
    /// The pointer's own type.
    pub type_name: String,
}

/// A base type, in an expression's terms; `None` for `()`, `!` and what is not known.
pub(super) fn primitive(ty: &Type) -> Option<Primitive> {
    let TypeKind::Base(encoding) = ty.kind else {
        return None;
    };
    let pointer_sized = ty.rust && matches!(&*ty.name, "usize" | "isize");
    primitive_of(encoding, ty.size?, pointer_sized)
}

fn primitive_of(encoding: Encoding, size: u64, pointer_sized: bool) -> Option<Primitive> {
    let integer = |signed| {
        let size = u32::try_from(size)
            .ok()
            .filter(|size| (1..=16).contains(size))?;
        Some(Primitive::Integer {
            signed,
            bits: size * 8,
            pointer_sized,
        })
    };
    match encoding {
        Encoding::Signed => integer(true),
        Encoding::Unsigned => integer(false),
        Encoding::CChar { signed } => integer(signed),
        Encoding::Bool => Some(Primitive::Bool),
        Encoding::Char => Some(Primitive::Char),
        Encoding::Float => match size {
            2 | 4 => Some(Primitive::F32),
            8 => Some(Primitive::F64),
            _ => None,
        },
        Encoding::Unit | Encoding::Never | Encoding::Other(_) => None,
    }
}

/// The scalar that the bits of a base type of this encoding stand for, if they stand for one.
pub(super) fn scalar_of_encoding(encoding: Encoding, bits: u128, size: u64) -> Option<Scalar> {
    scalar_of_bits(primitive_of(encoding, size, false)?, bits, size).ok()
}

/// The scalar that the bits of a base type stand for.
pub(super) fn scalar_of_bits(of: Primitive, bits: u128, size: u64) -> Result<Scalar, Unavailable> {
    let no =
        |what: &str| Unavailable::Other(format!("the bytes here are no {what}: {bits:#x}").into());
    Ok(match of {
        Primitive::Integer {
            signed,
            bits: width,
            ..
        } => Scalar::Integer {
            value: Integer::from_bits(bits, signed, width),
            of: Some(of),
        },
        Primitive::Bool => match bits {
            0 => Scalar::Bool(false),
            1 => Scalar::Bool(true),
            _ => return Err(no("bool")),
        },
        Primitive::Char => {
            let c = u32::try_from(bits).ok().and_then(char::from_u32);
            Scalar::Char(c.ok_or_else(|| no("char"))?)
        }
        Primitive::F32 | Primitive::F64 => Scalar::Float {
            value: match size {
                2 => f64::from(half(bits as u16)),
                4 => f64::from(f32::from_bits(bits as u32)),
                _ => f64::from_bits(bits as u64),
            },
            of: Some(of),
        },
    })
}

/// The bits of a scalar in so many bytes, if it is of that type.
pub(super) fn bits_of_scalar(scalar: Scalar) -> (Encoding, u128, u64) {
    match scalar {
        Scalar::Integer { value, of } => {
            let of = of.unwrap_or_else(|| default_type(value));
            let (signed, bits) = match of {
                Primitive::Integer { signed, bits, .. } => (signed, bits),
                _ => (true, 128),
            };
            let encoding = match signed {
                true => Encoding::Signed,
                false => Encoding::Unsigned,
            };
            let kept = Integer::from_bits(value.bits(), false, bits).bits();
            (encoding, kept, u64::from(bits / 8))
        }
        Scalar::Float { value, of } => match of {
            Some(Primitive::F32) => (Encoding::Float, u128::from((value as f32).to_bits()), 4),
            _ => (Encoding::Float, u128::from(value.to_bits()), 8),
        },
        Scalar::Bool(value) => (Encoding::Bool, u128::from(value), 1),
        Scalar::Char(c) => (Encoding::Char, u128::from(u32::from(c)), 4),
        Scalar::Address(address) => (Encoding::Unsigned, u128::from(address), 8),
    }
}

impl<'n> Evaluator<'n> {
    /// The type of an operand, for messages.
    pub fn type_name(&self, operand: &Operand<'_>) -> String {
        match operand {
            Operand::Place(typed) => typed.ty.name.to_string(),
            Operand::Scalar(scalar) => scalar.type_name(),
            Operand::Text { is_text: true, .. } => "&str".to_owned(),
            Operand::Text { bytes, .. } => format!("&[u8; {}]", bytes.len()),
            Operand::Part { type_name, .. } => type_name.clone(),
            Operand::Pointer(pointer) => pointer.type_name.clone(),
            Operand::Unknown(name) | Operand::Built { name, .. } => {
                self.path(*name).map_or(String::new(), |path| path.text())
            }
        }
    }

    /// A number, `bool`, `char` or address, also behind references; `None` when the operand is
    /// something else.
    pub fn scalar(
        &self,
        operand: &Operand<'_>,
        span: &Range<usize>,
    ) -> Result<Option<Scalar>, ExpressionError> {
        match operand {
            Operand::Scalar(scalar) => Ok(Some(*scalar)),
            Operand::Pointer(pointer) => Ok(Some(Scalar::Address(pointer.address))),
            Operand::Place(typed) => self
                .scalar_at(typed)
                .map_err(|reason| ExpressionError::unavailable(span, &reason)),
            Operand::Unknown(name) => Err(self.unknown(*name)),
            Operand::Text { .. } | Operand::Part { .. } | Operand::Built { .. } => Ok(None),
        }
    }

    fn scalar_at(&self, typed: &Typed) -> Result<Option<Scalar>, Unavailable> {
        let mut typed = self.reader.resolve(typed)?;
        for _ in 0..MAX_DEREFS {
            self.reader.there(&typed)?;
            match &typed.ty.kind {
                TypeKind::Base(_) => {
                    let Some(of) = primitive(&typed.ty) else {
                        return Ok(None);
                    };
                    let size = typed.ty.size.unwrap_or(0);
                    let bits = typed.slot.number(self.memory, size)?;
                    return scalar_of_bits(of, bits, size).map(Some);
                }
                TypeKind::Pointer(pointer) => match pointer.kind {
                    PointerKind::Reference
                    | PointerKind::MutReference
                    | PointerKind::Box
                    | PointerKind::Alias => match self.reader.behind(&typed)? {
                        Some(target) => typed = self.reader.resolve(&target)?,
                        None => return Ok(None),
                    },
                    _ => {
                        let size = typed.ty.size.unwrap_or(0);
                        let bits = typed.slot.number(self.memory, size)?;
                        let address = u64::try_from(bits).ok();
                        return Ok(address.map(Scalar::Address));
                    }
                },
                TypeKind::Struct(_) => match self.reader.recognised(&typed).transpose()? {
                    Some(View::Behind { target, .. }) => typed = self.reader.resolve(&target)?,
                    Some(View::Number {
                        encoding,
                        bits,
                        size,
                    }) => return Ok(scalar_of_encoding(encoding, bits, size)),
                    _ => return Ok(None),
                },
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// As [`Self::scalar`], for where nothing else will do.
    pub fn needed_scalar(
        &self,
        operand: &Operand<'_>,
        span: &Range<usize>,
        wanted: &str,
    ) -> Result<Scalar, ExpressionError> {
        self.scalar(operand, span)?.ok_or_else(|| {
            let message = format!("{wanted} is due here, and this is {}", self.called(operand));
            ExpressionError::new(ErrorKind::Mismatch, span, message)
        })
    }

    /// A type's name with an article, for messages.
    pub fn called(&self, operand: &Operand<'_>) -> String {
        format!("of type `{}`", self.type_name(operand))
    }

    /// A number that indexes something.
    pub fn index_of(
        &self,
        operand: &Operand<'_>,
        span: &Range<usize>,
    ) -> Result<u64, ExpressionError> {
        let scalar = self.needed_scalar(operand, span, "an index")?;
        let Scalar::Integer { value, .. } = scalar else {
            return Err(ExpressionError::new(
                ErrorKind::Mismatch,
                span,
                format!(
                    "an index is a whole number, and this is {}",
                    self.called(operand)
                ),
            ));
        };
        value.to_u64().ok_or_else(|| {
            let message = format!("{value} is no index: it is negative or too large");
            ExpressionError::new(ErrorKind::OutOfRange, span, message)
        })
    }

    /// A condition's value.
    pub fn truth(
        &self,
        operand: &Operand<'_>,
        span: &Range<usize>,
    ) -> Result<bool, ExpressionError> {
        match self.scalar(operand, span)? {
            Some(Scalar::Bool(value)) => Ok(value),
            _ => Err(ExpressionError::new(
                ErrorKind::Mismatch,
                span,
                format!("a `bool` is due here, and this is {}", self.called(operand)),
            )),
        }
    }

    /// What a user sees of an operand, under `name`.
    pub fn shown(
        &self,
        reader: &values::Reader<'_>,
        name: &str,
        operand: &Operand<'_>,
        span: &Range<usize>,
    ) -> Result<Value, ExpressionError> {
        let type_name = self.type_name(operand);
        let view = match operand {
            Operand::Place(typed) => return Ok(reader.typed_value(name, typed)),
            Operand::Unknown(unknown) => return Err(self.unknown(*unknown)),
            Operand::Built { .. } => {
                let message = "a value cannot be made, only compared with (or assigned by `set`)";
                return Err(ExpressionError::new(ErrorKind::Unsupported, span, message));
            }
            Operand::Scalar(Scalar::Address(address)) => View::Pointer {
                address: *address,
                target: None,
            },
            Operand::Scalar(scalar) => {
                let (encoding, bits, size) = bits_of_scalar(*scalar);
                View::Number {
                    encoding,
                    bits,
                    size,
                }
            }
            Operand::Text { bytes, .. } => View::Text {
                first: Slot::Bytes {
                    bytes: Arc::new(PartialBytes {
                        bytes: bytes.to_vec(),
                        gaps: Vec::new(),
                    }),
                    offset: 0,
                },
                len: bytes.len() as u64,
            },
            Operand::Part { view, .. } => view.clone(),
            Operand::Pointer(pointer) => View::Pointer {
                address: pointer.address,
                target: self.pointee(pointer).ok().map(Box::new),
            },
        };
        Ok(reader.view_value(name, &type_name, &view))
    }

    /// What an address that was computed points to.
    pub fn pointee(&self, pointer: &Pointer) -> Result<Typed, Unavailable> {
        let Some(target) = pointer.target else {
            return Err(Unavailable::Other(
                "the type of what the pointer points to is not known".into(),
            ));
        };
        let typed = self.reader.typed(target, Slot::Memory(pointer.address));
        let Some(size) = typed.ty.size else {
            return Err(Unavailable::Other(
                format!("the size of `{}` is not known", typed.ty.name).into(),
            ));
        };
        let end = pointer.address.checked_add(size);
        match end.is_some_and(|end| end <= self.memory.size()) {
            true => Ok(typed),
            false => Err(Unavailable::out_of_bounds(
                pointer.address,
                size,
                self.memory.size(),
            )),
        }
    }
}
