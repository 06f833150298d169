//! What can be said of an expression's types before it is evaluated, so that mistakes in conditions
//! and messages are told when they are set, and not at the first hit.
//!
//! Where only the guest's values would tell (what an enum carries, what a recogniser makes of a
//! type), nothing is said.

use super::error::{ErrorKind, ExpressionError};
use super::names::{Named, Names};
use super::number::Scalar;
use super::operand::primitive;
use super::syntax::{Node, NodeKind, Operator, Parsed, Path, Pattern, PatternKind, Primitive};
use super::syntax::{TypeName, TypeNameKind};
use crate::values::MAX_DEREFS;
use std::ops::Range;
use std::sync::Arc;
use wasmscope_symbols::types::Variant;
use wasmscope_symbols::{Symbols, Type, TypeId, TypeKind};

/// What is known of a part's type.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// A type of the program.
    Type(Arc<Type>),
    /// A type of the language.
    Primitive(Primitive),
    /// A literal that takes the type of what it meets.
    Number,
    /// A text literal.
    Text,
    /// A name that no value has.
    Unknown(usize),
    /// Nothing.
    Nothing,
}

/// Families of types that never compare with each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Number,
    Bool,
    Char,
    Text,
}

/// Looks for mistakes in expressions whose names have been looked up.
pub(super) struct Checker<'c> {
    pub parsed: &'c Parsed,
    pub names: &'c Names,
}

impl<'c> Checker<'c> {
    fn symbols(&self) -> &'c Symbols {
        &self.names.context.symbols
    }

    /// Checks that the whole is, or may be, a `bool`.
    pub fn condition(&self) -> Result<(), ExpressionError> {
        let root = &self.parsed.root;
        let known = self.value(root)?;
        self.truth(&known, root)
    }

    /// The type of a part that is to be a value.
    pub fn value(&self, node: &Node) -> Result<Known, ExpressionError> {
        match self.node(node)? {
            Known::Unknown(name) => Err(self.unknown(name)),
            known => Ok(known),
        }
    }

    fn unknown(&self, name: usize) -> ExpressionError {
        match self.parsed.names.get(name) {
            Some(path) => self.names.unknown(name, path),
            None => ExpressionError::new(ErrorKind::UnknownName, &(0..0), "an unknown name"),
        }
    }

    fn truth(&self, known: &Known, node: &Node) -> Result<(), ExpressionError> {
        match (self.family(known), known) {
            (Some(Family::Bool), _) | (None, Known::Nothing) => Ok(()),
            _ => Err(ExpressionError::new(
                ErrorKind::Mismatch,
                &node.span,
                format!(
                    "a `bool` is due here, and this is of type `{}`",
                    called(known)
                ),
            )),
        }
    }

    fn node(&self, node: &Node) -> Result<Known, ExpressionError> {
        Ok(match &node.kind {
            NodeKind::Integer { of, .. } | NodeKind::Float { of, .. } => {
                of.map_or(Known::Number, Known::Primitive)
            }
            NodeKind::Bool(_) => Known::Primitive(Primitive::Bool),
            NodeKind::Char(_) => Known::Primitive(Primitive::Char),
            NodeKind::Text { is_text: true, .. } => Known::Text,
            NodeKind::Text { .. } | NodeKind::Machine(_) => Known::Nothing,
            NodeKind::Name(name) => match self.names.get(*name) {
                Named::Ambiguous(_) => return Err(self.unknown(*name)),
                _ => self.name(*name),
            },
            NodeKind::Field { of, name } => {
                let known = self.value(of)?;
                self.field(known, name, &node.span)?
            }
            NodeKind::Index { of, index } => {
                self.value(index)?;
                let known = self.value(of)?;
                self.element(&known)
            }
            NodeKind::Slice { of, from, to, .. } => {
                for bound in [from, to].into_iter().flatten() {
                    self.value(bound)?;
                }
                self.value(of)?;
                Known::Nothing
            }
            NodeKind::Inside(of)
            | NodeKind::Unwrap(of)
            | NodeKind::Entry { of, .. }
            | NodeKind::Half { of, .. } => {
                self.value(of)?;
                Known::Nothing
            }
            NodeKind::Length(of) => {
                self.value(of)?;
                Known::Number
            }
            NodeKind::Negate(of) | NodeKind::Not(of) | NodeKind::Raw(of) => self.value(of)?,
            NodeKind::Deref(of) => match self.value(of)? {
                Known::Type(ty) => self.target(&ty).map_or(Known::Nothing, Known::Type),
                _ => Known::Nothing,
            },
            NodeKind::AddressOf(of) => {
                self.value(of)?;
                Known::Nothing
            }
            NodeKind::Binary {
                operator,
                left,
                right,
            } => self.binary(*operator, left, right, &node.span)?,
            NodeKind::All(parts) | NodeKind::Any(parts) => {
                for part in parts {
                    let known = self.value(part)?;
                    self.truth(&known, part)?;
                }
                Known::Primitive(Primitive::Bool)
            }
            NodeKind::Cast { value, to } => {
                self.value(value)?;
                cast(to)
            }
            NodeKind::Is { value, pattern } => {
                let known = self.value(value)?;
                self.pattern(&known, pattern)?;
                Known::Primitive(Primitive::Bool)
            }
            NodeKind::Build { name, arguments } => {
                for argument in arguments {
                    self.node(argument)?;
                }
                Known::Unknown(*name)
            }
        })
    }

    fn name(&self, name: usize) -> Known {
        match self.names.get(name) {
            Named::Value(value) => match value.type_id {
                Some(id) => Known::Type(self.resolved(id)),
                None => Known::Nothing,
            },
            Named::Constant(Scalar::Integer { of, .. } | Scalar::Float { of, .. }) => {
                of.map_or(Known::Number, Known::Primitive)
            }
            Named::Constant(_) => Known::Nothing,
            Named::Ambiguous(_) | Named::Unknown => Known::Unknown(name),
        }
    }

    /// The type without the aliases around it.
    fn resolved(&self, id: TypeId) -> Arc<Type> {
        resolved(self.symbols(), id)
    }

    /// What a thin pointer points to.
    fn target(&self, ty: &Type) -> Option<Arc<Type>> {
        match &ty.kind {
            TypeKind::Pointer(pointer) => Some(self.resolved(pointer.target?)),
            _ => None,
        }
    }

    fn field(&self, of: Known, name: &str, span: &Range<usize>) -> Result<Known, ExpressionError> {
        let Known::Type(mut ty) = of else {
            return Ok(Known::Nothing);
        };
        for _ in 0..MAX_DEREFS {
            match &ty.kind {
                TypeKind::Pointer(_) => match self.target(&ty) {
                    Some(target) => ty = target,
                    None => return Ok(Known::Nothing),
                },
                TypeKind::Struct(fields) | TypeKind::Union(fields) => {
                    if let Some(field) = fields.field(name) {
                        return Ok(Known::Type(self.resolved(field.type_id)));
                    }
                    // A recogniser may see through it; a type of the user's own is what it is.
                    let own = !["core::", "alloc::", "std::", "&", "*"]
                        .iter()
                        .any(|prefix| ty.full_name.starts_with(prefix));
                    if !own || fields.truncated || name == "len" {
                        return Ok(Known::Nothing);
                    }
                    let names = fields.fields.iter().map(|field| &*field.name);
                    let message = format!("`{}` has no field `{name}`", ty.name);
                    return Err(ExpressionError::no_field(span, message, name, names));
                }
                TypeKind::Base(_) | TypeKind::Enum(_) => {
                    let message = format!("`{}` has no field `{name}`", ty.name);
                    return Err(ExpressionError::no_field(span, message, name, []));
                }
                _ => return Ok(Known::Nothing),
            }
        }
        Ok(Known::Nothing)
    }

    fn element(&self, of: &Known) -> Known {
        match of {
            Known::Type(ty) => match &ty.kind {
                TypeKind::Array(array) => Known::Type(self.resolved(array.element)),
                _ => Known::Nothing,
            },
            _ => Known::Nothing,
        }
    }

    fn binary(
        &self,
        operator: Operator,
        left: &Node,
        right: &Node,
        span: &Range<usize>,
    ) -> Result<Known, ExpressionError> {
        let (a, b) = (self.node(left)?, self.node(right)?);
        if !operator.compares() {
            for known in [&a, &b] {
                if let Known::Unknown(name) = known {
                    return Err(self.unknown(*name));
                }
            }
            return Ok(match (self.primitive(&a), self.primitive(&b)) {
                (Some(a), Some(b)) if a == b => Known::Primitive(a),
                (Some(of), None) if matches!(b, Known::Number) => Known::Primitive(of),
                (None, Some(of)) if matches!(a, Known::Number) => Known::Primitive(of),
                (Some(_), Some(_)) => Known::Number,
                (None, None) if matches!((&a, &b), (Known::Number, Known::Number)) => Known::Number,
                _ => Known::Nothing,
            });
        }
        let equality = matches!(operator, Operator::Equal | Operator::NotEqual);
        match (&a, &b) {
            (Known::Unknown(name), other) | (other, Known::Unknown(name)) => {
                let path = self.parsed.names.get(*name);
                let (true, Some(path)) = (equality, path) else {
                    return Err(self.unknown(*name));
                };
                match other {
                    Known::Nothing => {}
                    Known::Type(ty) => match self.variants_of(ty) {
                        Some(ty) => has_variant(self.symbols(), &ty, path)?,
                        None if self.family(other).is_some() => return Err(self.unknown(*name)),
                        None => {}
                    },
                    _ => return Err(self.unknown(*name)),
                }
            }
            _ => {
                if let (Some(family), Some(other)) = (self.family(&a), self.family(&b))
                    && family != other
                {
                    let message = format!(
                        "`{}` cannot compare `{}` with `{}`",
                        operator.sign(),
                        called(&a),
                        called(&b)
                    );
                    return Err(ExpressionError::new(ErrorKind::Mismatch, span, message));
                }
            }
        }
        Ok(Known::Primitive(Primitive::Bool))
    }

    fn primitive(&self, known: &Known) -> Option<Primitive> {
        match known {
            Known::Primitive(of) => Some(*of),
            Known::Type(ty) => primitive(&self.behind(ty)),
            _ => None,
        }
    }

    /// The type that is left when thin references are looked through.
    fn behind(&self, ty: &Arc<Type>) -> Arc<Type> {
        let mut ty = Arc::clone(ty);
        for _ in 0..MAX_DEREFS {
            match (&ty.kind, self.target(&ty)) {
                (TypeKind::Pointer(pointer), Some(target)) if is_reference(pointer.kind) => {
                    ty = target;
                }
                _ => break,
            }
        }
        ty
    }

    fn family(&self, known: &Known) -> Option<Family> {
        if matches!(known, Known::Text) {
            return Some(Family::Text);
        }
        if matches!(known, Known::Number) {
            return Some(Family::Number);
        }
        Some(match self.primitive(known)? {
            Primitive::Bool => Family::Bool,
            Primitive::Char => Family::Char,
            _ => Family::Number,
        })
    }

    /// The enum that a type is, or refers to.
    fn variants_of(&self, ty: &Arc<Type>) -> Option<Arc<Type>> {
        let ty = self.behind(ty);
        matches!(ty.kind, TypeKind::Variants(_) | TypeKind::Enum(_)).then_some(ty)
    }

    fn pattern(&self, of: &Known, pattern: &Pattern) -> Result<(), ExpressionError> {
        match &pattern.kind {
            PatternKind::Anything => Ok(()),
            PatternKind::Equal(constant) => self.value(constant).map(drop),
            PatternKind::Between { from, to, .. } => {
                for bound in [from, to].into_iter().flatten() {
                    self.value(bound)?;
                }
                Ok(())
            }
            PatternKind::Alternatives(patterns) => {
                patterns.iter().try_for_each(|it| self.pattern(of, it))
            }
            PatternKind::Elements { patterns, .. } => patterns
                .iter()
                .try_for_each(|inner| self.pattern(&Known::Nothing, inner)),
            PatternKind::Tuple { fields, .. } => fields
                .iter()
                .try_for_each(|(_, inner)| self.pattern(&Known::Nothing, inner)),
            PatternKind::Variant { path, fields } => {
                if let Known::Type(ty) = of
                    && let Some(ty) = self.variants_of(ty)
                {
                    has_variant(self.symbols(), &ty, path)?;
                }
                fields
                    .iter()
                    .try_for_each(|(_, inner)| self.pattern(&Known::Nothing, inner))
            }
        }
    }
}

/// The type without the aliases around it.
pub(super) fn resolved(symbols: &Symbols, id: TypeId) -> Arc<Type> {
    let mut ty = symbols.describe_type(id);
    for _ in 0..MAX_DEREFS {
        match ty.kind {
            TypeKind::Alias(Some(target)) => ty = symbols.describe_type(target),
            _ => break,
        }
    }
    ty
}

/// Whether a pointer is one that Rust's operators look through.
pub(super) fn is_reference(kind: wasmscope_symbols::types::PointerKind) -> bool {
    use wasmscope_symbols::types::PointerKind::{Alias, Box, MutReference, Reference};
    matches!(kind, Reference | MutReference | Box | Alias)
}

fn cast(to: &TypeName) -> Known {
    match &to.kind {
        TypeNameKind::Primitive(of) => Known::Primitive(*of),
        _ => Known::Nothing,
    }
}

fn called(known: &Known) -> String {
    match known {
        Known::Type(ty) => ty.name.to_string(),
        Known::Primitive(of) => of.name(),
        Known::Number => "i32".to_owned(),
        Known::Text => "&str".to_owned(),
        Known::Unknown(_) | Known::Nothing => "?".to_owned(),
    }
}

/// The names of an enum's variants.
pub(super) fn variant_names(symbols: &Symbols, ty: &Type) -> Vec<Arc<str>> {
    match &ty.kind {
        TypeKind::Variants(variants) => {
            let name = |variant: &Variant| {
                // The states of coroutines are numbered, and their structs named.
                let numbered = variant.name.bytes().all(|byte| byte.is_ascii_digit());
                match &variant.body {
                    Some(body) if numbered => Arc::clone(&symbols.describe_type(body.type_id).name),
                    _ => Arc::clone(&variant.name),
                }
            };
            variants.variants.iter().map(name).collect()
        }
        TypeKind::Enum(enumeration) => {
            let names = enumeration.enumerators.iter();
            names.map(|(name, _)| Arc::clone(name)).collect()
        }
        _ => Vec::new(),
    }
}

/// Checks that `path` names a variant of an enum.
pub(super) fn has_variant(
    symbols: &Symbols,
    ty: &Type,
    path: &Path,
) -> Result<(), ExpressionError> {
    let known = variant_names(symbols, ty);
    let qualified = path
        .segments
        .split_last()
        .is_none_or(|(_, before)| is_named(ty, before));
    if qualified && known.iter().any(|name| **name == *path.last()) {
        return Ok(());
    }
    let message = format!("`{}` has no variant `{}`", ty.name, path.text());
    let error = ExpressionError::new(ErrorKind::UnknownVariant, &path.span, message);
    Err(error.suggest(path.last(), known.iter().map(|name| &**name)))
}

/// Whether a type has this name: the last parts of its path, generic arguments left out.
pub(super) fn is_named(ty: &Type, segments: &[String]) -> bool {
    let full = &*ty.full_name;
    let bare = full.find('<').and_then(|at| full.get(..at)).unwrap_or(full);
    let mut parts = bare.rsplit("::");
    let segments = match segments.split_first() {
        Some((first, rest)) if first == "crate" => rest,
        _ => segments,
    };
    segments
        .iter()
        .rev()
        .all(|segment| parts.next() == Some(segment))
}
