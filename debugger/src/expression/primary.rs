//! What operators stand between: literals, names, brackets, and what is written like a call.

use super::error::{ErrorKind, ExpressionError};
use super::parser::{MAX_PARTS, Parser, too_deep};
use super::syntax::{Machine, Node, NodeKind, Path, Primitive};
use super::token::{Token, TokenKind};
use std::ops::Range;

impl Parser<'_> {
    pub(super) fn primary(&mut self) -> Result<Node, ExpressionError> {
        let Token { kind, span } = self.token();
        let kind = match kind {
            TokenKind::Integer { value, suffix } => integer(value, suffix.as_deref(), &span)?,
            TokenKind::Float { value, suffix } => float(value, suffix.as_deref(), &span)?,
            TokenKind::Char(c) => NodeKind::Char(c),
            TokenKind::Byte(byte) => NodeKind::Integer {
                value: u128::from(byte),
                of: Primitive::named("u8"),
            },
            TokenKind::Text(text) => NodeKind::Text {
                bytes: text.into_bytes(),
                is_text: true,
            },
            TokenKind::ByteText(bytes) => NodeKind::Text {
                bytes,
                is_text: false,
            },
            TokenKind::Machine(name) => NodeKind::Machine(machine(&name, &span)?),
            TokenKind::Sign("(") => {
                self.advance();
                let inside = self.expression()?;
                self.due(")")?;
                return Ok(inside);
            }
            TokenKind::Name { .. } => return self.name(span.start),
            _ => return Err(self.unexpected("a value is due")),
        };
        self.advance();
        self.node(kind, span.start, &[])
    }

    /// A name, or one of the words that look like one.
    fn name(&mut self, start: usize) -> Result<Node, ExpressionError> {
        for (word, value) in [("true", true), ("false", false)] {
            if self.is_word(word) {
                self.advance();
                return self.node(NodeKind::Bool(value), start, &[]);
            }
        }
        let path = self.path()?;
        let alone = path.segments.len() == 1;
        if alone && path.last() == "matches" && self.take("!") {
            self.due("(")?;
            let value = self.expression()?;
            self.due(",")?;
            let pattern = self.nested(Self::pattern)?;
            self.take(",");
            self.due(")")?;
            return self.unary_node(start, Box::new(value), |value| NodeKind::Is {
                value,
                pattern,
            });
        }
        let called = self.sign() == Some("(");
        if alone && called && path.last() == "len" {
            self.advance();
            let of = self.expression()?;
            self.due(")")?;
            return self.unary_node(start, Box::new(of), NodeKind::Length);
        }
        if self.names.len() >= MAX_PARTS {
            return Err(too_deep(&path.span));
        }
        let name = self.names.len();
        self.names.push(path);
        if called {
            return self.build(start, name);
        }
        self.node(NodeKind::Name(name), start, &[])
    }

    /// `Some(…)`. What is written like a call is a variant with what it carries.
    fn build(&mut self, start: usize, name: usize) -> Result<Node, ExpressionError> {
        let path = self.names.get(name);
        let is_variant = path.is_some_and(|path| path.last().starts_with(char::is_uppercase));
        if !is_variant {
            let span = self.token().span;
            let message = "functions of the program cannot be called";
            return Err(ExpressionError::new(ErrorKind::Unsupported, &span, message));
        }
        self.advance();
        let mut arguments: Vec<Node> = Vec::new();
        while self.sign() != Some(")") {
            if arguments.len() >= MAX_PARTS {
                return Err(too_deep(&self.token().span));
            }
            arguments.push(self.expression()?);
            if !self.take(",") {
                break;
            }
        }
        self.due(")")?;
        let below: Vec<&Node> = arguments.iter().collect();
        let node = self.node(NodeKind::Bool(false), start, &below)?;
        Ok(Node {
            kind: NodeKind::Build { name, arguments },
            ..node
        })
    }

    /// `a::b::c`.
    pub(super) fn path(&mut self) -> Result<Path, ExpressionError> {
        let start = self.token().span.start;
        let mut segments = Vec::new();
        loop {
            let TokenKind::Name { name, .. } = self.token().kind else {
                return Err(self.unexpected("a name is due"));
            };
            if segments.len() >= MAX_PARTS {
                return Err(too_deep(&self.token().span));
            }
            self.advance();
            segments.push(name);
            if !self.take("::") {
                let span = self.since(start);
                return Ok(Path { segments, span });
            }
        }
    }
}

fn integer(
    value: u128,
    suffix: Option<&str>,
    span: &Range<usize>,
) -> Result<NodeKind, ExpressionError> {
    let Some(suffix) = suffix else {
        return Ok(NodeKind::Integer { value, of: None });
    };
    match Primitive::named(suffix) {
        Some(of @ Primitive::Integer { .. }) => Ok(NodeKind::Integer {
            value,
            of: Some(of),
        }),
        _ => Err(no_suffix(suffix, span)),
    }
}

fn float(
    value: f64,
    suffix: Option<&str>,
    span: &Range<usize>,
) -> Result<NodeKind, ExpressionError> {
    let Some(suffix) = suffix else {
        return Ok(NodeKind::Float { value, of: None });
    };
    match Primitive::named(suffix) {
        Some(of @ (Primitive::F32 | Primitive::F64)) => Ok(NodeKind::Float {
            value,
            of: Some(of),
        }),
        _ => Err(no_suffix(suffix, span)),
    }
}

fn no_suffix(suffix: &str, span: &Range<usize>) -> ExpressionError {
    let message = format!("no type of number is called `{suffix}`");
    ExpressionError::new(ErrorKind::Syntax, span, message)
}

fn machine(name: &str, span: &Range<usize>) -> Result<Machine, ExpressionError> {
    let numbered = |prefix: &str| name.strip_prefix(prefix).and_then(|n| n.parse().ok());
    if name == "pc" {
        return Ok(Machine::Pc);
    }
    let found = numbered("local")
        .map(Machine::Local)
        .or_else(|| numbered("global").map(Machine::Global))
        .or_else(|| numbered("operand").map(Machine::Operand));
    found.ok_or_else(|| {
        let message = format!(
            "`${name}` is not known: there are `$local0`, `$global0`, `$operand0` and `$pc`"
        );
        ExpressionError::new(ErrorKind::UnknownName, span, message)
    })
}
