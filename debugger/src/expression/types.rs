//! The type of an expression, or of a name, with what it is made of.

use super::error::{ErrorKind, ExpressionError};
use super::evaluate::Evaluator;
use super::names::Names;
use super::operand::{Operand, Pointer};
use super::parser::Parser;
use super::{Expression, Scope};
use crate::protocol::{MemberInfo, TypeInfo};
use crate::values::{MAX_DEREFS, Slot, View};
use wasmscope_symbols::types::{Field, Fields, PointerKind, Variants};
use wasmscope_symbols::{Symbols, Type, TypeId, TypeKind};

/// Most fields, variants or enumerators told of one type.
const MAX_MEMBERS: usize = 4096;

/// The type of an expression, or the type of this name, with its fields or variants.
///
/// # Errors
/// As [`super::evaluate`], when the text is no name of a type either.
pub fn type_of(text: &str, scope: &Scope<'_>) -> Result<TypeInfo, ExpressionError> {
    let of_expression = Expression::parse(text).and_then(|expression| {
        let names = Names::look_up(scope.context, &expression.parsed.names);
        let evaluator = Evaluator::new(&expression.parsed, &names, scope.state, scope.memory);
        evaluator.type_info()
    });
    let error = match of_expression {
        Ok(info) => return Ok(info),
        Err(error) => error,
    };
    // A variable goes before a type of the same name; one without a value has a type still.
    if let Some(info) = of_variable(text, scope) {
        return Ok(info);
    }
    let is_type = Parser::new(text).is_ok_and(|mut parser| {
        parser.type_name().is_ok() && parser.rest_at() >= text.trim_end().len()
    });
    let symbols = &scope.context.symbols;
    let found = is_type.then(|| symbols.find_types(text.trim()));
    match found.unwrap_or_default().first() {
        Some(id) => Ok(info(symbols, *id)),
        None => Err(error),
    }
}

/// The type of a variable whose value is not to be had.
fn of_variable(text: &str, scope: &Scope<'_>) -> Option<TypeInfo> {
    let context = scope.context;
    let variables = context
        .symbols
        .variables(context.frame?, context.pc, context.line);
    let found = variables.iter().rev().find(|it| &*it.name == text.trim())?;
    Some(info(&context.symbols, found.type_id?))
}

impl<'n> Evaluator<'n> {
    /// The type of the whole expression.
    fn type_info(&self) -> Result<TypeInfo, ExpressionError> {
        let symbols = &self.names.context.symbols;
        match self.root()? {
            Operand::Place(typed) => Ok(info(symbols, typed.ty.id)),
            Operand::Unknown(name) => Err(self.unknown(name)),
            operand => Ok(TypeInfo {
                name: self.type_name(&operand),
                kind: match operand {
                    Operand::Pointer(_) => "pointer",
                    Operand::Part { .. } | Operand::Text { .. } => "sequence",
                    _ => "base",
                }
                .to_owned(),
                size: None,
                members: Vec::new(),
            }),
        }
    }

    /// The address that the whole expression stands for.
    pub fn meant_address(&self) -> Result<u64, ExpressionError> {
        let span = &self.parsed.root.span;
        let operand = self.root()?;
        let typed = match &operand {
            Operand::Pointer(Pointer { address, .. }) => return Ok(*address),
            Operand::Part { view, .. } => return self.first_address(view),
            Operand::Place(typed) => typed,
            _ => return self.address(&operand, span),
        };
        let mut at = self
            .reader
            .resolve(typed)
            .map_err(|reason| ExpressionError::unavailable(span, &reason))?;
        for _ in 0..MAX_DEREFS {
            match (&at.ty.kind, &at.slot) {
                // A number is an address itself, and a pointer holds one.
                (TypeKind::Base(_) | TypeKind::Pointer(_), _) => {
                    return self.address(&Operand::Place(at), span);
                }
                // What owns or refers to elements stands for them.
                _ => match self.reader.view(&at) {
                    Ok(view @ (View::Sequence { .. } | View::Text { .. })) => {
                        return self.first_address(&view);
                    }
                    Ok(View::Behind { target, .. }) => at = *target,
                    _ => break,
                },
            }
        }
        match at.slot {
            Slot::Memory(address) => Ok(address),
            Slot::Bytes { .. } => Err(self.not_in_memory()),
        }
    }

    fn first_address(&self, view: &View) -> Result<u64, ExpressionError> {
        match view {
            View::Sequence {
                first: Slot::Memory(address),
                ..
            }
            | View::Text {
                first: Slot::Memory(address),
                ..
            } => Ok(*address),
            _ => Err(self.not_in_memory()),
        }
    }

    fn not_in_memory(&self) -> ExpressionError {
        ExpressionError::new(
            ErrorKind::Mismatch,
            &self.parsed.root.span,
            "it has no address: the value is not in memory",
        )
    }
}

/// A type with what it is made of.
pub(super) fn info(symbols: &Symbols, id: TypeId) -> TypeInfo {
    let ty = resolved(symbols, id);
    TypeInfo {
        name: ty.full_name.to_string(),
        kind: kind(&ty).to_owned(),
        size: ty.size,
        members: members(symbols, &ty),
    }
}

/// The type without aliases around it.
fn resolved(symbols: &Symbols, id: TypeId) -> std::sync::Arc<Type> {
    let mut ty = symbols.describe_type(id);
    for _ in 0..MAX_DEREFS {
        match ty.kind {
            TypeKind::Alias(Some(target)) => ty = symbols.describe_type(target),
            _ => break,
        }
    }
    ty
}

fn kind(ty: &Type) -> &'static str {
    match &ty.kind {
        TypeKind::Base(_) => "base",
        TypeKind::Pointer(pointer) => match pointer.kind {
            PointerKind::Reference | PointerKind::MutReference | PointerKind::Alias => "reference",
            PointerKind::Box => "box",
            PointerKind::Function => "function pointer",
            PointerKind::Const | PointerKind::Mut | PointerKind::Plain => "pointer",
        },
        TypeKind::Struct(_) if ty.full_name.starts_with('(') => "tuple",
        TypeKind::Struct(_) => "struct",
        TypeKind::Union(_) => "union",
        TypeKind::Variants(_) | TypeKind::Enum(_) => "enum",
        TypeKind::Array(_) => "array",
        TypeKind::Function => "function",
        TypeKind::Alias(_) => "alias",
        TypeKind::Unknown(_) => "unknown",
    }
}

fn members(symbols: &Symbols, ty: &Type) -> Vec<MemberInfo> {
    match &ty.kind {
        TypeKind::Struct(fields) | TypeKind::Union(fields) => of_fields(symbols, fields, 0),
        TypeKind::Variants(variants) => of_variants(symbols, variants),
        TypeKind::Enum(enumeration) => {
            let enumerators = enumeration.enumerators.iter().take(MAX_MEMBERS);
            let member = |(name, _): &(std::sync::Arc<str>, u128)| MemberInfo {
                name: name.to_string(),
                type_name: None,
                offset: None,
                members: Vec::new(),
            };
            enumerators.map(member).collect()
        }
        _ => Vec::new(),
    }
}

fn of_fields(symbols: &Symbols, fields: &Fields, base: u64) -> Vec<MemberInfo> {
    let member = |field: &Field| MemberInfo {
        name: field.name.to_string(),
        type_name: Some(symbols.describe_type(field.type_id).name.to_string()),
        offset: base.checked_add(field.offset),
        members: Vec::new(),
    };
    let mut members: Vec<MemberInfo> = fields.fields.iter().take(MAX_MEMBERS).map(member).collect();
    // rustc reorders; people read in the order of memory only when they look at offsets.
    members.truncate(MAX_MEMBERS);
    members
}

fn of_variants(symbols: &Symbols, variants: &Variants) -> Vec<MemberInfo> {
    let variants = variants.variants.iter().take(MAX_MEMBERS);
    let member = |variant: &wasmscope_symbols::types::Variant| {
        let body = variant.body.as_ref();
        let body_type = body.map(|body| (body.offset, symbols.describe_type(body.type_id)));
        let numbered = variant.name.bytes().all(|byte| byte.is_ascii_digit());
        let name = match &body_type {
            Some((_, ty)) if numbered => ty.name.to_string(),
            _ => variant.name.to_string(),
        };
        let members = match &body_type {
            Some((offset, ty)) => match &ty.kind {
                TypeKind::Struct(fields) => of_fields(symbols, fields, *offset),
                _ => Vec::new(),
            },
            None => Vec::new(),
        };
        MemberInfo {
            name,
            type_name: None,
            offset: None,
            members,
        }
    };
    variants.map(member).collect()
}
