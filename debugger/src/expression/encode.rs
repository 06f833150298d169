//! From the value of an expression to the bytes of a type: only bytes that are a value of it.

use super::check::{has_variant, resolved};
use super::error::{ErrorKind, ExpressionError};
use super::evaluate::Evaluator;
use super::number::{self, Integer, Scalar};
use super::operand::{Operand, primitive};
use super::syntax::{Node, Primitive};
use crate::values::Typed;
use std::ops::Range;
use wasmscope_symbols::types::{Field, Pointer, PointerKind, Style, Variant, Variants};
use wasmscope_symbols::{Type, TypeId, TypeKind};

/// Largest value that is written, in bytes.
const MAX_SIZE: u64 = 64 * 1024;

/// How deep types nest whose values are copied.
const MAX_DEPTH: usize = 16;

/// A value that is to be written, and where it stands in the text.
#[derive(Clone, Copy)]
pub(super) struct NewValue<'v, 'n> {
    pub operand: &'v Operand<'n>,
    pub span: &'v Range<usize>,
}

impl<'n> Evaluator<'n> {
    /// The bytes that make the value at `at` the new one.
    pub fn encode(&self, at: &Typed, value: NewValue<'_, 'n>) -> Result<Vec<u8>, ExpressionError> {
        let at = self
            .reader
            .resolve(at)
            .map_err(|reason| ExpressionError::unavailable(value.span, &reason))?;
        let ty = &at.ty;
        match &ty.kind {
            TypeKind::Base(_) => self.encode_base(ty, value),
            TypeKind::Pointer(pointer) => self.encode_pointer(ty, pointer, value),
            TypeKind::Enum(enumeration) => {
                if let Operand::Unknown(name) = value.operand {
                    let path = self.path(*name).ok_or_else(|| self.unknown(*name))?;
                    has_variant(&self.names.context.symbols, ty, path)?;
                    let variants = enumeration.enumerators.iter();
                    let found = variants.rev().find(|(name, _)| **name == *path.last());
                    let bits = found.map_or(0, |(_, bits)| *bits);
                    return sized(bits, ty.size, value.span);
                }
                match self.scalar(value.operand, value.span)? {
                    // In C an enum is a number.
                    Some(Scalar::Integer { value: number, .. }) if !ty.rust => {
                        self.whole(number, ty, enumeration.signed, value.span)
                    }
                    _ => self.copied(ty, value),
                }
            }
            TypeKind::Variants(variants) => match value.operand {
                Operand::Unknown(name) => self.encode_variant(&at, variants, *name, &[], value),
                Operand::Built { name, arguments } => {
                    self.encode_variant(&at, variants, *name, arguments, value)
                }
                _ => self.copied(ty, value),
            },
            TypeKind::Array(_) => match value.operand {
                Operand::Text { bytes, .. } if self.is_bytes(ty) => {
                    if ty.size != Some(bytes.len() as u64) {
                        return Err(other_length(ty.size.unwrap_or(0), bytes.len(), value.span));
                    }
                    Ok(bytes.to_vec())
                }
                _ => self.copied(ty, value),
            },
            _ => self.copied(ty, value),
        }
    }

    fn is_bytes(&self, ty: &Type) -> bool {
        match &ty.kind {
            TypeKind::Array(array) => self.is_byte(array.element),
            _ => false,
        }
    }

    /// Whether a type is a number of one byte, which holds any byte.
    pub fn is_byte(&self, id: TypeId) -> bool {
        let ty = resolved(&self.names.context.symbols, id);
        matches!(primitive(&ty), Some(Primitive::Integer { bits: 8, .. }))
    }

    fn encode_base(&self, ty: &Type, value: NewValue<'_, 'n>) -> Result<Vec<u8>, ExpressionError> {
        let mismatch = || self.mismatch(ty, value);
        let of = primitive(ty).ok_or_else(mismatch)?;
        let scalar = self.scalar(value.operand, value.span)?;
        match (of, scalar.ok_or_else(mismatch)?) {
            (Primitive::Integer { signed, .. }, Scalar::Integer { value: number, .. }) => {
                self.whole(number, ty, signed, value.span)
            }
            (
                Primitive::F32 | Primitive::F64,
                number @ (Scalar::Float { .. } | Scalar::Integer { .. }),
            ) => {
                let Ok(Scalar::Float { value: number, .. }) = number::cast(number, of) else {
                    return Err(mismatch());
                };
                match ty.size {
                    Some(4) => Ok((number as f32).to_bits().to_le_bytes().to_vec()),
                    Some(8) => Ok(number.to_bits().to_le_bytes().to_vec()),
                    _ => Err(mismatch()),
                }
            }
            (Primitive::Bool, Scalar::Bool(truth)) => sized(u128::from(truth), ty.size, value.span),
            (Primitive::Char, Scalar::Char(c)) => {
                sized(u128::from(u32::from(c)), ty.size, value.span)
            }
            _ => Err(mismatch()),
        }
    }

    /// A whole number, if the type holds it.
    fn whole(
        &self,
        number: Integer,
        ty: &Type,
        signed: bool,
        span: &Range<usize>,
    ) -> Result<Vec<u8>, ExpressionError> {
        let bits = u32::try_from(ty.size.unwrap_or(0).saturating_mul(8)).unwrap_or(0);
        let of = Primitive::Integer {
            signed,
            bits,
            pointer_sized: false,
        };
        if !number.fits(of) {
            let message = format!("{number} does not fit into `{}`", ty.name);
            return Err(ExpressionError::new(ErrorKind::Overflow, span, message));
        }
        sized(number.bits(), ty.size, span)
    }

    fn encode_pointer(
        &self,
        ty: &Type,
        pointer: &Pointer,
        value: NewValue<'_, 'n>,
    ) -> Result<Vec<u8>, ExpressionError> {
        let address = match pointer.kind {
            PointerKind::Const | PointerKind::Mut | PointerKind::Plain => {
                match value.operand {
                    // A reference becomes a raw pointer by itself.
                    Operand::Place(typed) if matches!(typed.ty.kind, TypeKind::Pointer(_)) => {
                        self.address(value.operand, value.span)?
                    }
                    _ => match self.scalar(value.operand, value.span)? {
                        Some(Scalar::Address(address)) => address,
                        Some(Scalar::Integer { value: number, .. }) => {
                            number.to_u64().ok_or_else(|| self.mismatch(ty, value))?
                        }
                        _ => return Err(self.mismatch(ty, value)),
                    },
                }
            }
            PointerKind::Reference | PointerKind::MutReference => match value.operand {
                // To a value of the right type, which an address that was taken is.
                Operand::Pointer(taken)
                    if taken.type_name.starts_with('&')
                        && self.same_type(taken.target, pointer.target) =>
                {
                    self.pointee(taken)
                        .map_err(|reason| ExpressionError::unavailable(value.span, &reason))?;
                    taken.address
                }
                Operand::Place(typed) if typed.ty.full_name == ty.full_name => {
                    self.address(value.operand, value.span)?
                }
                _ => {
                    let mut error = self.mismatch(ty, value);
                    error.message.push_str(
                        " (it is a reference: write `*` in front of it for what it points to)",
                    );
                    return Err(error);
                }
            },
            PointerKind::Box | PointerKind::Function | PointerKind::Alias => {
                return Err(self.refused(ty, value.span));
            }
        };
        let size = ty.size.unwrap_or(0);
        if size < 8 && address >> (size.saturating_mul(8)).min(63) != 0 {
            let message = format!("{address:#x} does not fit into `{}`", ty.name);
            return Err(ExpressionError::new(
                ErrorKind::Overflow,
                value.span,
                message,
            ));
        }
        sized(u128::from(address), ty.size, value.span)
    }

    fn same_type(&self, a: Option<TypeId>, b: Option<TypeId>) -> bool {
        let symbols = &self.names.context.symbols;
        let name = |id: TypeId| resolved(symbols, id).full_name.clone();
        match (a, b) {
            (Some(a), Some(b)) => a == b || name(a) == name(b),
            _ => false,
        }
    }

    /// An enum's variant, with scalars for what it carries.
    fn encode_variant(
        &self,
        at: &Typed,
        variants: &Variants,
        name: usize,
        arguments: &'n [Node],
        value: NewValue<'_, 'n>,
    ) -> Result<Vec<u8>, ExpressionError> {
        let path = self.path(name).ok_or_else(|| self.unknown(name))?;
        let symbols = &self.names.context.symbols;
        has_variant(symbols, &at.ty, path)?;
        let found = variants.variants.iter().find(|it| *it.name == *path.last());
        let (Some(variant), None) = (found, variants.problem) else {
            return Err(self.refused(&at.ty, value.span));
        };
        let mut bytes = self.old_bytes(at, value.span)?;
        let fields = self.payload(variant);
        if fields.len() != arguments.len() {
            let message = format!(
                "`{}` carries {} values, not {}",
                path.text(),
                fields.len(),
                arguments.len()
            );
            return Err(ExpressionError::new(
                ErrorKind::Mismatch,
                value.span,
                message,
            ));
        }
        for (field, argument) in fields.iter().zip(arguments) {
            let place = at
                .slot
                .at(field.offset)
                .map_err(|reason| ExpressionError::unavailable(value.span, &reason))?;
            let operand = self.node(argument)?;
            let new = NewValue {
                operand: &operand,
                span: &argument.span,
            };
            let part = self.encode(&self.reader.typed(field.type_id, place), new)?;
            put(&mut bytes, field.offset, &part).ok_or_else(|| self.refused(&at.ty, value.span))?;
        }
        // The tag last: of a niche it may lie in what other variants carry.
        if let (Some(discriminant), Some(range)) =
            (variants.discriminant, variant.discriminants.first())
        {
            let tag = range.first.to_le_bytes();
            let size = usize::try_from(discriminant.size).unwrap_or(0);
            tag.get(..size)
                .and_then(|tag| put(&mut bytes, discriminant.offset, tag))
                .ok_or_else(|| self.refused(&at.ty, value.span))?;
        }
        match active(variants, &bytes) {
            Some(now) if now.name == variant.name => Ok(bytes),
            _ => Err(self.refused(&at.ty, value.span)),
        }
    }

    /// The fields that a variant carries, by their offsets in the enum.
    fn payload(&self, variant: &Variant) -> Vec<Field> {
        let Some(body) = &variant.body else {
            return Vec::new();
        };
        let ty = resolved(&self.names.context.symbols, body.type_id);
        match &ty.kind {
            TypeKind::Struct(fields) => fields
                .fields
                .iter()
                .map(|field| Field {
                    offset: field.offset.saturating_add(body.offset),
                    ..field.clone()
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    fn old_bytes(&self, at: &Typed, span: &Range<usize>) -> Result<Vec<u8>, ExpressionError> {
        let size = at.ty.size.filter(|size| *size <= MAX_SIZE);
        let size = size.and_then(|size| usize::try_from(size).ok());
        let Some(size) = size else {
            return Err(self.refused(&at.ty, span));
        };
        let mut bytes = vec![0; size];
        at.slot
            .read(self.memory, &mut bytes)
            .map_err(|reason| ExpressionError::unavailable(span, &reason))?;
        Ok(bytes)
    }

    /// The bytes of another value of the same type, when copying them makes another such value:
    /// nothing in it is owned.
    fn copied(&self, ty: &Type, value: NewValue<'_, 'n>) -> Result<Vec<u8>, ExpressionError> {
        match value.operand {
            Operand::Unknown(name) | Operand::Built { name, .. } => Err(self.unknown(*name)),
            Operand::Place(typed) if typed.ty.full_name == ty.full_name => {
                if !self.is_plain(ty, MAX_DEPTH) {
                    return Err(self.refused(ty, value.span));
                }
                self.old_bytes(typed, value.span)
            }
            _ if matches!(
                ty.kind,
                TypeKind::Variants(_) | TypeKind::Enum(_) | TypeKind::Base(_)
            ) =>
            {
                Err(self.mismatch(ty, value))
            }
            _ => Err(self.refused(ty, value.span)),
        }
    }

    /// Whether values of a type own nothing, as far as debug info tells.
    fn is_plain(&self, ty: &Type, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        let symbols = &self.names.context.symbols;
        let plain = |id: TypeId| self.is_plain(&resolved(symbols, id), depth);
        match &ty.kind {
            TypeKind::Base(_) | TypeKind::Enum(_) => true,
            TypeKind::Pointer(pointer) => {
                !matches!(pointer.kind, PointerKind::Box | PointerKind::MutReference)
            }
            TypeKind::Array(array) => plain(array.element),
            // A struct may do something when it is dropped; a tuple does not.
            TypeKind::Struct(fields) if fields.style == Style::Tuple => {
                fields.fields.iter().all(|field| plain(field.type_id))
            }
            TypeKind::Variants(variants) => {
                variants.common.is_empty()
                    && variants.variants.iter().all(|variant| {
                        self.payload(variant)
                            .iter()
                            .all(|field| plain(field.type_id))
                    })
                    && ty.full_name.starts_with("core::")
            }
            _ => false,
        }
    }

    fn mismatch(&self, ty: &Type, value: NewValue<'_, 'n>) -> ExpressionError {
        let message = match value.operand {
            Operand::Unknown(name) => return self.unknown(*name),
            _ => format!(
                "`{}` cannot hold `{}`",
                ty.name,
                self.type_name(value.operand)
            ),
        };
        ExpressionError::new(ErrorKind::Mismatch, value.span, message)
    }

    fn refused(&self, ty: &Type, span: &Range<usize>) -> ExpressionError {
        let message = format!(
            "a `{}` cannot be assigned as a whole: assign to its parts",
            ty.name
        );
        ExpressionError::new(ErrorKind::Unsupported, span, message)
    }
}

/// The variant that these bytes are.
fn active<'v>(variants: &'v Variants, bytes: &[u8]) -> Option<&'v Variant> {
    let bits = match variants.discriminant {
        Some(discriminant) => {
            let start = usize::try_from(discriminant.offset).ok()?;
            let size = usize::try_from(discriminant.size).ok()?;
            let mut bits = [0; 16];
            bits.get_mut(..size)?
                .copy_from_slice(bytes.get(start..start.checked_add(size)?)?);
            u128::from_le_bytes(bits)
        }
        None => 0,
    };
    variants.select(bits)
}

/// Puts a part into the bytes of the whole.
fn put(bytes: &mut [u8], offset: u64, part: &[u8]) -> Option<()> {
    let start = usize::try_from(offset).ok()?;
    bytes
        .get_mut(start..start.checked_add(part.len())?)?
        .copy_from_slice(part);
    Some(())
}

/// The low bytes of a number.
fn sized(bits: u128, size: Option<u64>, span: &Range<usize>) -> Result<Vec<u8>, ExpressionError> {
    let size = size.and_then(|size| usize::try_from(size).ok());
    match size.and_then(|size| bits.to_le_bytes().get(..size).map(<[u8]>::to_vec)) {
        Some(bytes) => Ok(bytes),
        None => {
            let message = "its debug info does not say how large it is";
            Err(ExpressionError::new(ErrorKind::Unsupported, span, message))
        }
    }
}

/// Text that is longer or shorter than what it is to replace.
pub(super) fn other_length(old: u64, new: usize, span: &Range<usize>) -> ExpressionError {
    let message = format!(
        "the new text has {new} bytes and the old one {old}: only text of the same length can be put \
         in its place"
    );
    ExpressionError::new(ErrorKind::Mismatch, span, message)
}
