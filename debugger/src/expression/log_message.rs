//! [`LogMessage`]: text with the values of expressions in it.

use super::check::Checker;
use super::error::{ErrorKind, ExpressionError};
use super::names::Names;
use super::parser::Parser;
use super::syntax::Parsed;
use super::{CodeContext, Expression, Showing, show};
use crate::protocol::ValueFormat;
use crate::values::{Limits, Memory};
use std::sync::Arc;
use wasmscope_symbols::FrameState;

/// Longest message that is taken, in bytes, and most expressions in it.
const MAX_LENGTH: usize = 16 * 1024;
const MAX_PARTS: usize = 256;

/// How much of each value a message shows: it is one line.
const LIMITS: Limits = Limits {
    depth: 5,
    elements: 16,
    text: 200,
    nodes: 60,
    children: 0,
};

/// A message at one place in the code, made ready to be told there again and again.
///
/// `{expression}` stands for a value, `{expression:x}` for it in another format (`x`, `d`, `o`,
/// `b`, `c`, `s`, `?` for none), `{{` and `}}` for braces.
#[derive(Clone, Debug)]
pub struct LogMessage {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Value {
        expression: Expression,
        names: Names,
        format: ValueFormat,
    },
}

impl LogMessage {
    /// Makes a message ready for a place in the code.
    ///
    /// # Errors
    /// When a brace has no counterpart, or an expression cannot be understood there.
    pub fn compile(text: &str, context: &CodeContext) -> Result<Self, ExpressionError> {
        let prepare = |piece| match piece {
            Piece::Text(text) => Ok(Part::Text(text)),
            Piece::Value {
                expression,
                format,
                at,
            } => {
                let names = Names::look_up(context, &expression.parsed.names);
                let checker = Checker {
                    parsed: &expression.parsed,
                    names: &names,
                };
                checker
                    .value(&expression.parsed.root)
                    .map_err(|error| error.moved(at))?;
                Ok(Part::Value {
                    expression,
                    names,
                    format,
                })
            }
        };
        let parts = pieces(text)?.into_iter().map(prepare);
        Ok(LogMessage {
            parts: parts.collect::<Result<_, _>>()?,
        })
    }

    /// Whether a message is written as it must be, wherever it will be told.
    ///
    /// # Errors
    /// When a brace has no counterpart, or what is between two is no expression.
    pub fn check(text: &str) -> Result<(), ExpressionError> {
        pieces(text).map(drop)
    }

    /// The message in a frame that stands at the place it was made for. A value that is not to be
    /// had says so in its place.
    pub fn render(&self, state: &dyn FrameState, memory: &dyn Memory) -> String {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Value {
                    expression,
                    names,
                    format,
                } => {
                    let showing = Showing {
                        limits: LIMITS,
                        format: *format,
                    };
                    match show(expression, names, state, memory, showing) {
                        Ok(value) => out.push_str(&value.to_string()),
                        Err(error) => {
                            out.push('<');
                            out.push_str(&error.message);
                            out.push('>');
                        }
                    }
                }
            }
        }
        out
    }
}

/// A part of a message before anything is looked up.
enum Piece {
    Text(String),
    Value {
        expression: Expression,
        format: ValueFormat,
        /// Where it begins.
        at: usize,
    },
}

/// Cuts a message at its braces.
fn pieces(text: &str) -> Result<Vec<Piece>, ExpressionError> {
    let too_large =
        |message: String, span| Err(ExpressionError::new(ErrorKind::TooLarge, &span, message));
    if text.len() > MAX_LENGTH {
        let message = format!("a message has at most {MAX_LENGTH} bytes");
        return too_large(message, MAX_LENGTH..text.len());
    }
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("{{") || rest.starts_with("}}") {
            plain.push_str(rest.get(..1).unwrap_or(""));
            at += 2;
        } else if rest.starts_with('{') {
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            if pieces.len() >= MAX_PARTS {
                let message = format!("a message has at most {MAX_PARTS} parts");
                return too_large(message, at..at + 1);
            }
            let (piece, end) = value(text, at + 1)?;
            pieces.push(piece);
            at = end;
        } else if rest.starts_with('}') {
            let message = "a `}` without its `{` (write `}}` for the character)";
            let span = at..at + 1;
            return Err(ExpressionError::new(ErrorKind::Syntax, &span, message));
        } else {
            let length = rest.find(['{', '}']).unwrap_or(rest.len());
            plain.push_str(rest.get(..length).unwrap_or(""));
            at += length;
        }
    }
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}

/// The value that begins at `start`, and where the text goes on behind its brace.
fn value(text: &str, start: usize) -> Result<(Piece, usize), ExpressionError> {
    let rest = text.get(start..).unwrap_or("");
    let end = closing(rest).ok_or_else(|| {
        let span = start.saturating_sub(1)..start;
        let message = "a `{` without its `}` (write `{{` for the character)";
        ExpressionError::new(ErrorKind::Syntax, &span, message)
    })?;
    let inside = rest.get(..end).unwrap_or("");
    let (parsed, format) = parse(inside).map_err(|error| error.moved(start))?;
    let piece = Piece::Value {
        expression: Expression {
            text: inside.into(),
            parsed: Arc::new(parsed),
        },
        format,
        at: start,
    };
    Ok((piece, start + end + 1))
}

/// Where the brace is that closes what an open one began, literals passed over.
fn closing(text: &str) -> Option<usize> {
    let mut open = 0usize;
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(mark), c) if mark == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '{') => open += 1,
            (None, '}') if open == 0 => return Some(at),
            (None, '}') => open -= 1,
            _ => {}
        }
    }
    None
}

/// An expression and the format behind it.
fn parse(text: &str) -> Result<(Parsed, ValueFormat), ExpressionError> {
    let mut parser = Parser::new(text)?;
    let root = parser.expression()?;
    let mut format = ValueFormat::Natural;
    if parser.take(":") {
        let at = parser.rest_at();
        let word = text.get(at..).unwrap_or("").trim();
        format = match word.trim_start_matches('#') {
            "x" | "X" => ValueFormat::Hex,
            "d" => ValueFormat::Decimal,
            "o" => ValueFormat::Octal,
            "b" | "t" => ValueFormat::Binary,
            "c" => ValueFormat::Char,
            "s" => ValueFormat::Text,
            "?" | "" => ValueFormat::Natural,
            _ => {
                let message = format!("`{word}` is no format: there are x, d, o, b, c and s");
                return Err(ExpressionError::new(
                    ErrorKind::Syntax,
                    &(at..text.len()),
                    message,
                ));
            }
        };
    } else {
        parser.end()?;
    }
    let names = std::mem::take(&mut parser.names);
    Ok((Parsed { root, names }, format))
}
