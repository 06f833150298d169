//! Conditions made ready to be decided at every hit of a breakpoint: names found, types known,
//! loads of scalars reduced to an address and a width.
//!
//! What is compiled gives what walking the expression gives, or nothing: at the first thing that
//! is out of the ordinary (a null reference, a bool that is none, an overflow) it gives up, and the
//! expression is walked, which tells what is wrong. Text, collections and what enums carry are
//! always walked.

use super::check::{has_variant, is_reference, resolved};
use super::names::{Named, NamedValue, Names};
use super::number::{self, Integer, Scalar};
use super::operand::{primitive, scalar_of_bits};
use super::syntax::TypeNameKind;
use super::syntax::{Node, NodeKind, Operator, Parsed, Pattern, PatternKind, Primitive};
use crate::values::{MAX_DEREFS, Memory, may_be_dropped, signed};
use std::sync::Arc;
use wasmscope_symbols::{FrameState, Place, Symbols, Type, TypeKind};

/// A part of an expression that gives a scalar.
#[derive(Clone, Debug)]
pub(super) enum Code {
    Constant(Scalar),
    /// A value of a base type.
    Load {
        from: Source,
        of: Primitive,
        size: usize,
    },
    /// Whether an enum's value is this variant.
    IsVariant {
        from: Source,
        ty: Arc<Type>,
        name: Arc<str>,
        /// The answer when it is.
        answer: bool,
    },
    Not(Box<Code>),
    Negate(Box<Code>),
    Binary {
        operator: Operator,
        left: Box<Code>,
        right: Box<Code>,
    },
    All(Vec<Part>),
    Any(Vec<Part>),
    Cast(Box<Code>, Primitive),
}

/// An operand of `&&` or `||`.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Code(Code),
    /// To be walked.
    Walked(Box<Parsed>),
}

/// Where a value is: from a variable's place over offsets and pointers.
#[derive(Clone, Debug)]
pub(super) struct Source {
    value: Box<NamedValue>,
    /// Offset into the variable, and then from what each pointer points to.
    offset: u64,
    pointers: Vec<Pointer>,
}

/// A pointer on the way.
#[derive(Clone, Copy, Debug)]
struct Pointer {
    /// Its own size.
    size: usize,
    /// Size and alignment of what it points to, which it must respect to be looked through.
    target_size: u64,
    target_align: u64,
    /// Offset from what it points to.
    offset: u64,
}

/// A frame and the memory of its module.
#[derive(Clone, Copy)]
pub(super) struct Frame<'f> {
    pub state: &'f dyn FrameState,
    pub memory: &'f dyn Memory,
    /// Evaluates a part that is walked.
    pub walk: &'f dyn Fn(&Parsed) -> Option<bool>,
}

/// Makes code of the root of an expression.
pub(super) fn compile(parsed: &Parsed, names: &Names) -> Option<Code> {
    Compiler { parsed, names }.scalar(&parsed.root)
}

/// What a part comes to before anything is loaded.
enum Compiled {
    Scalar(Code),
    Place(Source, Arc<Type>),
}

struct Compiler<'c> {
    parsed: &'c Parsed,
    names: &'c Names,
}

impl<'c> Compiler<'c> {
    fn symbols(&self) -> &'c Symbols {
        &self.names.context.symbols
    }

    /// Code that gives a part's value, folded to a constant where nothing is loaded.
    fn scalar(&self, node: &Node) -> Option<Code> {
        let code = match self.part(node)? {
            Compiled::Scalar(code) => code,
            Compiled::Place(source, ty) => self.load(source, ty)?,
        };
        Some(match code.folded() {
            Some(constant) => Code::Constant(constant),
            None => code,
        })
    }

    fn boxed(&self, node: &Node) -> Option<Box<Code>> {
        self.scalar(node).map(Box::new)
    }

    /// Loads a scalar, through references.
    fn load(&self, source: Source, ty: Arc<Type>) -> Option<Code> {
        let (from, ty) = self.behind(source, ty)?;
        let of = primitive(&ty)?;
        let size = usize::try_from(ty.size?).ok().filter(|size| *size <= 16)?;
        Some(Code::Load { from, of, size })
    }

    fn behind(&self, source: Source, ty: Arc<Type>) -> Option<(Source, Arc<Type>)> {
        let (mut source, mut ty) = (source, ty);
        for _ in 0..MAX_DEREFS {
            match &ty.kind {
                TypeKind::Pointer(pointer) if is_reference(pointer.kind) => {
                    (source, ty) = self.through(source, &ty)?;
                }
                _ => return Some((source, ty)),
            }
        }
        None
    }

    /// What a pointer points to.
    fn through(&self, source: Source, ty: &Type) -> Option<(Source, Arc<Type>)> {
        let TypeKind::Pointer(pointer) = &ty.kind else {
            return None;
        };
        let target = resolved(self.symbols(), pointer.target?);
        let align = match is_reference(pointer.kind) {
            true => target.align.unwrap_or(1).max(1),
            false => 1,
        };
        let mut source = source;
        source.pointers.push(Pointer {
            size: usize::try_from(ty.size?).ok().filter(|size| *size <= 8)?,
            target_size: target.size?,
            target_align: align,
            offset: 0,
        });
        Some((source, target))
    }

    fn part(&self, node: &Node) -> Option<Compiled> {
        let code = match &node.kind {
            NodeKind::Integer { value, of } => {
                let value = Integer::unsigned(*value);
                if of.is_some_and(|of| !value.fits(of)) {
                    return None;
                }
                Code::Constant(Scalar::Integer { value, of: *of })
            }
            NodeKind::Float { value, of } => Code::Constant(Scalar::Float {
                value: *value,
                of: *of,
            }),
            NodeKind::Bool(value) => Code::Constant(Scalar::Bool(*value)),
            NodeKind::Char(c) => Code::Constant(Scalar::Char(*c)),
            NodeKind::Name(name) => return self.name(*name),
            NodeKind::Field { of, name } => return self.field(self.part(of)?, name),
            NodeKind::Index { of, index } => return self.element(of, index),
            NodeKind::Deref(of) => {
                let Compiled::Place(source, ty) = self.part(of)? else {
                    return None;
                };
                let (source, ty) = self.through(source, &ty)?;
                return Some(Compiled::Place(source, ty));
            }
            NodeKind::Negate(of) => match of.kind {
                // The lowest number of a type is written as its negative.
                NodeKind::Integer { value, of } => {
                    let value = Integer::new(true, value);
                    if of.is_some_and(|of| !value.fits(of)) {
                        return None;
                    }
                    Code::Constant(Scalar::Integer { value, of })
                }
                _ => Code::Negate(self.boxed(of)?),
            },
            NodeKind::Not(of) => Code::Not(self.boxed(of)?),
            NodeKind::Binary {
                operator,
                left,
                right,
            } => self.binary(*operator, left, right)?,
            NodeKind::All(parts) => Code::All(self.parts(parts)?),
            NodeKind::Any(parts) => Code::Any(self.parts(parts)?),
            NodeKind::Cast { value, to } => match &to.kind {
                // How wide addresses are is the guest's to say.
                TypeNameKind::Primitive(
                    of @ (Primitive::Integer {
                        pointer_sized: false,
                        ..
                    }
                    | Primitive::F32
                    | Primitive::F64),
                ) => Code::Cast(self.boxed(value)?, *of),
                _ => return None,
            },
            NodeKind::Is { value, pattern } => self.is(value, pattern)?,
            NodeKind::Text { .. }
            | NodeKind::Machine(_)
            | NodeKind::Slice { .. }
            | NodeKind::Length(_)
            | NodeKind::Half { .. }
            | NodeKind::Inside(_)
            | NodeKind::Entry { .. }
            | NodeKind::Unwrap(_)
            | NodeKind::AddressOf(_)
            | NodeKind::Raw(_)
            | NodeKind::Build { .. } => return None,
        };
        Some(Compiled::Scalar(code))
    }

    /// Whether a variable has to be looked at each time, since it may have been moved out of.
    fn may_be_gone(&self, value: &NamedValue, ty: &Type) -> bool {
        let pc = self.names.context.pc;
        let symbols = self.symbols();
        let variable = value.variable.as_ref();
        // C gives structs their values field by field: that is for the walk to look at.
        let by_field = !ty.rust && matches!(ty.kind, TypeKind::Struct(_));
        let dropped = may_be_dropped(symbols, ty);
        variable.is_some_and(|it| by_field || symbols.may_lack_value(it, pc, dropped))
    }

    fn name(&self, name: usize) -> Option<Compiled> {
        match self.names.get(name) {
            Named::Constant(constant) => Some(Compiled::Scalar(Code::Constant(*constant))),
            Named::Value(value) => {
                // Why it has no value is for the walk to say.
                value.location.as_ref().ok()?;
                let ty = resolved(self.symbols(), value.type_id?);
                if self.may_be_gone(value, &ty) {
                    return None;
                }
                let source = Source {
                    value: value.clone(),
                    offset: 0,
                    pointers: Vec::new(),
                };
                Some(Compiled::Place(source, ty))
            }
            Named::Ambiguous(_) | Named::Unknown => None,
        }
    }

    fn field(&self, of: Compiled, name: &str) -> Option<Compiled> {
        let Compiled::Place(mut source, mut ty) = of else {
            return None;
        };
        for _ in 0..MAX_DEREFS {
            match &ty.kind {
                TypeKind::Struct(fields) | TypeKind::Union(fields) => {
                    let field = fields.field(name).filter(|field| field.bits.is_none())?;
                    source.advance(field.offset)?;
                    return Some(Compiled::Place(
                        source,
                        resolved(self.symbols(), field.type_id),
                    ));
                }
                TypeKind::Pointer(_) => (source, ty) = self.through(source, &ty)?,
                _ => return None,
            }
        }
        None
    }

    /// An element of an array, at an index that is known.
    fn element(&self, of: &Node, index: &Node) -> Option<Compiled> {
        let Compiled::Place(source, ty) = self.part(of)? else {
            return None;
        };
        let (mut source, ty) = self.behind(source, ty)?;
        let TypeKind::Array(array) = &ty.kind else {
            return None;
        };
        let Code::Constant(Scalar::Integer { value, .. }) = self.scalar(index)? else {
            return None;
        };
        let at = value.to_u64().filter(|at| Some(*at) < array.count)?;
        source.advance(at.checked_mul(array.stride?)?)?;
        Some(Compiled::Place(
            source,
            resolved(self.symbols(), array.element),
        ))
    }

    fn binary(&self, operator: Operator, left: &Node, right: &Node) -> Option<Code> {
        if matches!(operator, Operator::Equal | Operator::NotEqual) {
            for (side, other) in [(left, right), (right, left)] {
                if let NodeKind::Name(name) = side.kind
                    && let Named::Unknown = self.names.get(name)
                {
                    let path = self.parsed.names.get(name)?;
                    let answer = operator == Operator::Equal;
                    return self.is_variant(other, path, answer, true);
                }
            }
        }
        Some(Code::Binary {
            operator,
            left: self.boxed(left)?,
            right: self.boxed(right)?,
        })
    }

    fn is(&self, value: &Node, pattern: &Pattern) -> Option<Code> {
        match &pattern.kind {
            PatternKind::Variant { path, fields } if fields.is_empty() => {
                self.is_variant(value, path, true, false)
            }
            _ => None,
        }
    }

    /// Whether a value is a variant. `bare`: only of one that carries nothing.
    fn is_variant(
        &self,
        value: &Node,
        path: &super::syntax::Path,
        answer: bool,
        bare: bool,
    ) -> Option<Code> {
        let Compiled::Place(source, ty) = self.part(value)? else {
            return None;
        };
        let (from, ty) = self.behind(source, ty)?;
        has_variant(self.symbols(), &ty, path).ok()?;
        if bare && !self.is_bare(&ty, path.last()) {
            return None;
        }
        Some(Code::IsVariant {
            from,
            ty,
            name: path.last().into(),
            answer,
        })
    }

    fn is_bare(&self, ty: &Type, name: &str) -> bool {
        let TypeKind::Variants(variants) = &ty.kind else {
            return true;
        };
        let variant = variants.variants.iter().find(|it| *it.name == *name);
        variant.is_some_and(|variant| {
            variant.body.as_ref().is_none_or(|body| {
                let body = resolved(self.symbols(), body.type_id);
                matches!(&body.kind, TypeKind::Struct(fields) if fields.fields.is_empty())
            })
        })
    }

    fn parts(&self, parts: &[Node]) -> Option<Vec<Part>> {
        let compiled: Vec<Part> = parts
            .iter()
            .map(|node| match self.scalar(node) {
                Some(code) => Part::Code(code),
                None => Part::Walked(Box::new(Parsed {
                    root: node.clone(),
                    names: self.parsed.names.clone(),
                })),
            })
            .collect();
        // Walking all of it at once is as good.
        let any = compiled.iter().any(|part| matches!(part, Part::Code(_)));
        any.then_some(compiled)
    }
}

impl Source {
    fn advance(&mut self, by: u64) -> Option<()> {
        let offset = match self.pointers.last_mut() {
            Some(pointer) => &mut pointer.offset,
            None => &mut self.offset,
        };
        *offset = offset.checked_add(by)?;
        Some(())
    }

    /// Reads the value's bytes, all of `buffer`.
    fn read(&self, frame: Frame<'_>, buffer: &mut [u8]) -> Option<()> {
        let location = self.value.location.as_ref().ok()?;
        if self.offset == 0 && self.pointers.is_empty() {
            return location.read(frame.state, buffer).ok();
        }
        let mut address = match location.locate(frame.state) {
            Place::Memory(address) => address.checked_add(self.offset)?,
            Place::Bytes(bytes) => {
                return self.read_bytes(&bytes, frame, buffer);
            }
            Place::Unavailable(_) => return None,
        };
        for pointer in &self.pointers {
            let mut word = [0; 8];
            Memory::read(frame.memory, address, word.get_mut(..pointer.size)?).ok()?;
            address = pointer.follow(u64::from_le_bytes(word), frame.memory)?;
        }
        frame.memory.read(address, buffer).ok()
    }

    /// The same, of a variable that is not in memory.
    fn read_bytes(
        &self,
        bytes: &wasmscope_symbols::PartialBytes,
        frame: Frame<'_>,
        buffer: &mut [u8],
    ) -> Option<()> {
        let part = |len: usize| {
            let end = self.offset.checked_add(len as u64)?;
            bytes.get(self.offset..end).ok()
        };
        let Some((first, rest)) = self.pointers.split_first() else {
            buffer.copy_from_slice(part(buffer.len())?);
            return Some(());
        };
        let mut word = [0; 8];
        word.get_mut(..first.size)?
            .copy_from_slice(part(first.size)?);
        let mut address = first.follow(u64::from_le_bytes(word), frame.memory)?;
        for pointer in rest {
            let mut word = [0; 8];
            Memory::read(frame.memory, address, word.get_mut(..pointer.size)?).ok()?;
            address = pointer.follow(u64::from_le_bytes(word), frame.memory)?;
        }
        frame.memory.read(address, buffer).ok()
    }

    /// A number of so many bytes, at most 16.
    fn number(&self, frame: Frame<'_>, size: usize) -> Option<u128> {
        let mut bytes = [0; 16];
        self.read(frame, bytes.get_mut(..size)?)?;
        Some(u128::from_le_bytes(bytes))
    }
}

impl Pointer {
    /// The address that is meant, if the pointer is good.
    fn follow(self, address: u64, memory: &dyn Memory) -> Option<u64> {
        let end = address.checked_add(self.target_size)?;
        let good =
            address != 0 && address.is_multiple_of(self.target_align) && end <= memory.size();
        good.then_some(address)?.checked_add(self.offset)
    }
}

impl Code {
    /// The value, when nothing has to be loaded for it.
    fn folded(&self) -> Option<Scalar> {
        match self {
            Code::Constant(constant) => Some(*constant),
            Code::Not(of) => number::not(of.folded()?).ok(),
            Code::Negate(of) => number::negate(of.folded()?).ok(),
            Code::Binary {
                operator,
                left,
                right,
            } => number::binary(*operator, left.folded()?, right.folded()?).ok(),
            Code::Cast(of, to) => number::cast(of.folded()?, *to).ok(),
            Code::Load { .. } | Code::IsVariant { .. } | Code::All(_) | Code::Any(_) => None,
        }
    }

    /// The value in a frame; `None` when the expression has to be walked.
    pub fn run(&self, frame: Frame<'_>) -> Option<Scalar> {
        match self {
            Code::Constant(constant) => Some(*constant),
            Code::Load { from, of, size } => {
                let bits = from.number(frame, *size)?;
                scalar_of_bits(*of, bits, *size as u64).ok()
            }
            Code::IsVariant {
                from,
                ty,
                name,
                answer,
            } => is_variant(from, ty, name, frame).map(|is| Scalar::Bool(is == *answer)),
            Code::Not(of) => number::not(of.run(frame)?).ok(),
            Code::Negate(of) => number::negate(of.run(frame)?).ok(),
            Code::Binary {
                operator,
                left,
                right,
            } => number::binary(*operator, left.run(frame)?, right.run(frame)?).ok(),
            Code::All(parts) => {
                for part in parts {
                    if !part.truth(frame)? {
                        return Some(Scalar::Bool(false));
                    }
                }
                Some(Scalar::Bool(true))
            }
            Code::Any(parts) => {
                for part in parts {
                    if part.truth(frame)? {
                        return Some(Scalar::Bool(true));
                    }
                }
                Some(Scalar::Bool(false))
            }
            Code::Cast(of, to) => number::cast(of.run(frame)?, *to).ok(),
        }
    }

    /// The value as a condition's.
    pub fn truth(&self, frame: Frame<'_>) -> Option<bool> {
        match self.run(frame)? {
            Scalar::Bool(value) => Some(value),
            _ => None,
        }
    }
}

impl Part {
    fn truth(&self, frame: Frame<'_>) -> Option<bool> {
        match self {
            Part::Code(code) => code.truth(frame),
            Part::Walked(parsed) => (frame.walk)(parsed),
        }
    }
}

fn is_variant(from: &Source, ty: &Type, name: &str, frame: Frame<'_>) -> Option<bool> {
    match &ty.kind {
        TypeKind::Enum(enumeration) => {
            let size = usize::try_from(ty.size?).ok()?;
            let bits = from.number(frame, size)?;
            let bits = match enumeration.signed {
                true => signed(bits, size as u64) as u128,
                false => bits,
            };
            Some(&**enumeration.name_of(bits)? == name)
        }
        TypeKind::Variants(variants) => {
            let bits = match variants.discriminant {
                Some(discriminant) => {
                    let mut from = from.clone();
                    from.advance(discriminant.offset)?;
                    from.number(frame, usize::try_from(discriminant.size).ok()?)?
                }
                None => 0,
            };
            let active = &variants.select(bits)?.name;
            // The states of coroutines have other names than these.
            let numbered = active.bytes().all(|byte| byte.is_ascii_digit());
            (!numbered).then_some(&**active == name)
        }
        _ => None,
    }
}
