//! What the names in an expression mean at a place in the code: variables in scope, statics,
//! constants of the language. They are looked up once, however often the expression is evaluated.

use super::error::{ErrorKind, ExpressionError};
use super::number::{self, Integer, Scalar};
use super::syntax::{Path, Primitive};
use std::sync::Arc;
use wasmscope_symbols::statics::{Static, StaticQuery};
use wasmscope_symbols::{
    CodeOffset, CompiledLocation, DieId, FrameState, Place, Symbols, TypeId, Unavailable, Variable,
};

/// A place in the code of one core module: names are looked up from there.
#[derive(Clone, Debug)]
pub struct CodeContext {
    /// The module's symbols.
    pub symbols: Symbols,
    /// The DIE of the source frame (of its function, or of the inlined call); `None` where debug
    /// info knows none: there are no variables then.
    pub frame: Option<DieId>,
    /// The opcode: of a caller, its call.
    pub pc: CodeOffset,
    /// The line being executed, if it is known.
    pub line: Option<u32>,
    /// Why the frame's variables cannot be told, if that is so: the code was written anew after
    /// linking, or the function has only been entered.
    pub doubt: Option<Unavailable>,
}

/// What a name means.
#[derive(Clone, Debug)]
pub(super) enum Named {
    /// A variable or a static.
    Value(Box<NamedValue>),
    Constant(Scalar),
    /// Several statics have it: these.
    Ambiguous(Vec<Arc<str>>),
    /// No value has this name; it may be a variant's.
    Unknown,
}

/// Something with a value and a place.
#[derive(Clone, Debug)]
pub(super) struct NamedValue {
    pub type_id: Option<TypeId>,
    /// Where it is, or why that is not to be told.
    pub location: Result<CompiledLocation, Unavailable>,
    /// The variable of the frame that it is; `None` of a static.
    pub variable: Option<Variable>,
}

impl NamedValue {
    /// Where it is in a frame.
    pub fn place(&self, state: &dyn FrameState) -> Place {
        match &self.location {
            Ok(location) => location.locate(state),
            Err(reason) => Place::Unavailable(reason.clone()),
        }
    }
}

/// What all names of an expression mean at one place in the code.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub context: CodeContext,
    /// In the order of [`super::syntax::Parsed::names`].
    named: Vec<Named>,
    /// Names of the variables in scope, to be offered.
    known: Vec<Arc<str>>,
}

impl Names {
    /// Looks up `paths`.
    pub fn look_up(context: &CodeContext, paths: &[Path]) -> Self {
        let variables = match context.frame {
            Some(frame) if !paths.is_empty() => {
                context.symbols.variables(frame, context.pc, context.line)
            }
            _ => Vec::new(),
        };
        Names {
            context: context.clone(),
            named: paths
                .iter()
                .map(|path| look_up(context, &variables, path))
                .collect(),
            known: variables
                .iter()
                .filter(|variable| !variable.artificial)
                .map(|variable| Arc::clone(&variable.name))
                .collect(),
        }
    }

    /// What the name at this place means.
    pub fn get(&self, name: usize) -> &Named {
        self.named.get(name).unwrap_or(&Named::Unknown)
    }

    /// That a name means nothing, or too much, with the names that may be meant.
    pub fn unknown(&self, name: usize, path: &Path) -> ExpressionError {
        let text = path.text();
        if let Named::Ambiguous(paths) = self.get(name) {
            let paths: Vec<String> = paths.iter().take(8).map(ToString::to_string).collect();
            let message = format!(
                "several statics are called `{text}`: write more of the path ({})",
                paths.join(", ")
            );
            let mut error = ExpressionError::new(ErrorKind::UnknownName, &path.span, message);
            error.suggestions = paths;
            return error;
        }
        let statics = self.context.symbols.statics(&StaticQuery::All);
        let statics = statics.iter().filter(|it| it.linked);
        let statics = statics.flat_map(|it| [&*it.name, &*it.path]);
        let known = self.known.iter().map(|name| &**name).chain(statics);
        let message = match (self.context.frame, path.segments.len()) {
            (None, 1) => format!(
                "there is no `{text}`: debug info knows no variables here, and no such static"
            ),
            _ => format!("there is no `{text}` in scope"),
        };
        ExpressionError::new(ErrorKind::UnknownName, &path.span, message).suggest(&text, known)
    }
}

fn look_up(context: &CodeContext, variables: &[Variable], path: &Path) -> Named {
    if let [name] = &*path.segments {
        // A variable that is declared later hides those of the same name.
        let found = variables.iter().rev().find(|it| *it.name == **name);
        if let Some(variable) = found {
            return Named::Value(Box::new(NamedValue {
                type_id: variable.type_id,
                location: locate(context, variable),
                variable: Some(variable.clone()),
            }));
        }
    }
    if let Some(constant) = constant(path) {
        return Named::Constant(constant);
    }
    match find_static(context, path) {
        Found::One(found) => Named::Value(Box::new(NamedValue {
            type_id: found.type_id,
            location: Ok(context.symbols.compile_static(&found)),
            variable: None,
        })),
        Found::Several(paths) => Named::Ambiguous(paths),
        Found::None => Named::Unknown,
    }
}

fn locate(context: &CodeContext, variable: &Variable) -> Result<CompiledLocation, Unavailable> {
    if let Some(reason) = &context.doubt {
        return Err(reason.clone());
    }
    if variable.declared_later {
        return Err(Unavailable::Other(
            "declared on a later line, so perhaps not initialised yet".into(),
        ));
    }
    Ok(context.symbols.compile_location(variable, context.pc))
}

/// Statics of a name.
enum Found {
    None,
    One(Box<Static>),
    Several(Vec<Arc<str>>),
}

/// The static of this name: the one whose whole path it is; or the one that shares most of its path
/// with the function that it is asked in.
fn find_static(context: &CodeContext, path: &Path) -> Found {
    let text = match path.segments.split_first() {
        Some((first, rest)) if first == "crate" && !rest.is_empty() => rest.join("::"),
        _ => path.text(),
    };
    let mut found = context.symbols.statics(&StaticQuery::Suffix(text.clone()));
    // What the linker dropped is only worth naming when there is nothing else.
    if found.iter().any(|it| it.linked) {
        found.retain(|it| it.linked);
    }
    if let [_] | [] = &*found {
        return match found.pop() {
            Some(only) => Found::One(Box::new(only)),
            None => Found::None,
        };
    }
    let function = function_path(context);
    let nearness = |it: &Static| {
        let shared = it.path.split("::").zip(function.split("::"));
        let shared = shared.take_while(|(a, b)| a == b).count();
        (*it.path == *text, shared)
    };
    let nearest = found.iter().map(nearness).max();
    let mut near = found.iter().filter(|it| Some(nearness(it)) == nearest);
    match (near.next(), near.next()) {
        (Some(one), None) => Found::One(Box::new(one.clone())),
        _ => Found::Several(found.iter().map(|it| Arc::clone(&it.path)).collect()),
    }
}

/// The path of the function that a frame is in.
fn function_path(context: &CodeContext) -> String {
    let frames = context.symbols.frames(context.pc);
    let frame = frames.into_iter().find(|frame| frame.die == context.frame);
    let name = frame.and_then(|frame| frame.function);
    name.map_or(String::new(), |name| name.pretty().to_owned())
}

/// `u32::MAX`, `f64::NAN`.
fn constant(path: &Path) -> Option<Scalar> {
    let [of, name] = &*path.segments else {
        return None;
    };
    let of = Primitive::named(of)?;
    let whole = |value: Integer| {
        Some(Scalar::Integer {
            value,
            of: Some(of),
        })
    };
    let float = |value: f64| {
        Some(Scalar::Float {
            value,
            of: Some(of),
        })
    };
    match (of, &**name) {
        (Primitive::Integer { .. }, "MAX") => whole(number::limit(of, false)),
        (Primitive::Integer { .. }, "MIN") => whole(number::limit(of, true)),
        (Primitive::Char, "MAX") => Some(Scalar::Char(char::MAX)),
        (Primitive::F32, "MAX") => float(f64::from(f32::MAX)),
        (Primitive::F32, "MIN") => float(f64::from(f32::MIN)),
        (Primitive::F32, "EPSILON") => float(f64::from(f32::EPSILON)),
        (Primitive::F64, "MAX") => float(f64::MAX),
        (Primitive::F64, "MIN") => float(f64::MIN),
        (Primitive::F64, "EPSILON") => float(f64::EPSILON),
        (Primitive::F32 | Primitive::F64, "NAN") => float(f64::NAN),
        (Primitive::F32 | Primitive::F64, "INFINITY") => float(f64::INFINITY),
        (Primitive::F32 | Primitive::F64, "NEG_INFINITY") => float(f64::NEG_INFINITY),
        _ => None,
    }
}
