//! Parsing what stands after `as` and `is`: names of types, and patterns.

use super::error::ExpressionError;
use super::parser::{MAX_DEPTH, Parser, too_deep};
use super::syntax::{
    Node, NodeKind, Path, Pattern, PatternKind, Primitive, TypeName, TypeNameKind,
};
use super::token::TokenKind;
use std::ops::Range;

/// Most patterns in one list.
const MAX_PATTERNS: usize = 256;

/// The pattern of a variant, whatever it carries.
pub(super) fn variant(name: &str, span: &Range<usize>) -> Pattern {
    Pattern {
        kind: PatternKind::Variant {
            path: Path {
                segments: vec![name.to_owned()],
                span: span.clone(),
            },
            fields: Vec::new(),
        },
        span: span.clone(),
    }
}

impl Parser<'_> {
    /// A type, as it stands after `as`.
    pub(super) fn type_name(&mut self) -> Result<TypeName, ExpressionError> {
        self.nested(Self::one_type)
    }

    fn one_type(&mut self) -> Result<TypeName, ExpressionError> {
        let start = self.token().span.start;
        let sign = match self.sign() {
            Some("*") => {
                self.advance();
                let sign = match (self.is_word("const"), self.is_word("mut")) {
                    (true, _) => "*const ",
                    (_, true) => "*mut ",
                    _ => return Err(self.unexpected("`const` or `mut` is due after `*`")),
                };
                self.advance();
                sign
            }
            Some("&") => {
                self.advance();
                match self.is_word("mut") {
                    true => {
                        self.advance();
                        "&mut "
                    }
                    false => "&",
                }
            }
            _ => return self.plain_type(start),
        };
        let to = Box::new(self.type_name()?);
        Ok(TypeName {
            kind: TypeNameKind::Pointer { sign, to },
            span: self.since(start),
        })
    }

    /// A type that is no pointer: its words, up to where it ends.
    fn plain_type(&mut self, start: usize) -> Result<TypeName, ExpressionError> {
        if let TokenKind::Name { name, raw: false } = self.token().kind
            && let Some(primitive) = Primitive::named(&name)
        {
            self.advance();
            return Ok(TypeName {
                kind: TypeNameKind::Primitive(primitive),
                span: self.since(start),
            });
        }
        match self.sign() {
            Some("[" | "(") => self.bracketed()?,
            _ => loop {
                let TokenKind::Name { .. } = self.token().kind else {
                    return Err(self.unexpected("a type is due"));
                };
                self.advance();
                if matches!(self.sign(), Some("<" | "<<")) {
                    self.bracketed()?;
                }
                if !self.take("::") {
                    break;
                }
                if self.sign() == Some("<") {
                    self.bracketed()?;
                    if !self.take("::") {
                        break;
                    }
                }
            },
        }
        let span = self.since(start);
        let text = self.text.get(span.clone()).unwrap_or("");
        Ok(TypeName {
            kind: TypeNameKind::Named(text.to_owned()),
            span,
        })
    }

    /// Skips a bracket and all that is in it.
    fn bracketed(&mut self) -> Result<(), ExpressionError> {
        let mut open = 0usize;
        loop {
            match self.token().kind {
                TokenKind::End => return Err(self.unexpected("the end of a type is due")),
                TokenKind::Sign("<" | "[" | "(" | "{") => open += 1,
                TokenKind::Sign(">" | "]" | ")" | "}") => open = open.saturating_sub(1),
                TokenKind::Sign("<<") => open += 2,
                TokenKind::Sign(">>") => open = open.saturating_sub(2),
                _ => {}
            }
            if open > MAX_DEPTH {
                return Err(too_deep(&self.token().span));
            }
            self.advance();
            if open == 0 {
                return Ok(());
            }
        }
    }

    /// A pattern, as it stands after `is`.
    pub(super) fn pattern(&mut self) -> Result<Pattern, ExpressionError> {
        self.alternatives(true)
    }

    /// Patterns with `|` between them. `outermost`: a plain name is that of a variant, and not one
    /// that would be bound.
    fn alternatives(&mut self, outermost: bool) -> Result<Pattern, ExpressionError> {
        let start = self.token().span.start;
        self.take("|");
        let first = self.one_pattern(outermost)?;
        if self.sign() != Some("|") {
            return Ok(first);
        }
        let mut alternatives = vec![first];
        while self.take("|") {
            if alternatives.len() >= MAX_PATTERNS {
                return Err(too_deep(&self.token().span));
            }
            alternatives.push(self.one_pattern(outermost)?);
        }
        Ok(Pattern {
            kind: PatternKind::Alternatives(alternatives),
            span: self.since(start),
        })
    }

    fn one_pattern(&mut self, outermost: bool) -> Result<Pattern, ExpressionError> {
        let token = self.token();
        let start = token.span.start;
        let kind = match token.kind {
            // What is lent is matched as it is.
            TokenKind::Sign("&" | "&&") => {
                self.advance();
                if self.is_word("mut") {
                    self.advance();
                }
                return self.nested(|parser| parser.one_pattern(outermost));
            }
            TokenKind::Sign("(") if self.begins_tuple() => {
                let (fields, open) = self.tuple_fields()?;
                PatternKind::Tuple { fields, open }
            }
            TokenKind::Sign("[") => self.elements()?,
            TokenKind::Sign("(") => {
                self.advance();
                let inside = self.nested(|parser| parser.alternatives(outermost))?;
                self.due(")")?;
                return Ok(inside);
            }
            TokenKind::Name { name, raw: false } if name == "_" => {
                self.advance();
                PatternKind::Anything
            }
            TokenKind::Name { name, raw } if raw || !matches!(name.as_str(), "true" | "false") => {
                let path = self.path()?;
                self.named(path, outermost)?
            }
            _ => self.constants()?,
        };
        Ok(Pattern {
            kind,
            span: self.since(start),
        })
    }

    /// A literal, or a range of them.
    fn constants(&mut self) -> Result<PatternKind, ExpressionError> {
        let range = |sign: Option<&str>| matches!(sign, Some(".." | "..="));
        let from = match range(self.sign()) {
            true => None,
            false => Some(self.constant()?),
        };
        if !range(self.sign()) {
            return match from {
                Some(constant) => Ok(PatternKind::Equal(Box::new(constant))),
                None => Err(self.unexpected("a pattern is due")),
            };
        }
        let inclusive = self.sign() == Some("..=");
        self.advance();
        let literal = !matches!(
            self.token().kind,
            TokenKind::End | TokenKind::Sign(")" | "," | "|" | "&&" | "||" | "}")
        );
        let to = match literal || inclusive {
            true => Some(Box::new(self.constant()?)),
            false => None,
        };
        Ok(PatternKind::Between {
            from: from.map(Box::new),
            to,
            inclusive,
        })
    }

    /// A literal with a sign.
    fn constant(&mut self) -> Result<Node, ExpressionError> {
        let start = self.token().span.start;
        let negative = self.take("-");
        let literal = match self.token().kind {
            TokenKind::Integer { .. }
            | TokenKind::Float { .. }
            | TokenKind::Char(_)
            | TokenKind::Byte(_)
            | TokenKind::Text(_)
            | TokenKind::ByteText(_)
            | TokenKind::Name { .. } => self.primary()?,
            _ => return Err(self.unexpected("a pattern is due (a variant, a literal or `_`)")),
        };
        match negative {
            true => self.unary_node(start, Box::new(literal), NodeKind::Negate),
            false => Ok(literal),
        }
    }

    /// What may follow the name of a variant.
    fn named(&mut self, path: Path, outermost: bool) -> Result<PatternKind, ExpressionError> {
        let binds = !outermost
            && path.segments.len() == 1
            && !path.last().starts_with(|c: char| c.is_uppercase());
        let fields = match self.sign() {
            Some("(") => self.tuple_fields()?.0,
            Some("{") => self.named_fields()?,
            _ if binds => {
                // `name @ pattern` is not there: a name stands for anything.
                return Ok(PatternKind::Anything);
            }
            _ => Vec::new(),
        };
        Ok(PatternKind::Variant { path, fields })
    }

    /// `[1, _, ..]`.
    fn elements(&mut self) -> Result<PatternKind, ExpressionError> {
        self.advance();
        let mut patterns = Vec::new();
        let mut open = false;
        while self.sign() != Some("]") {
            if patterns.len() >= MAX_PATTERNS {
                return Err(too_deep(&self.token().span));
            }
            if self.take("..") {
                open = true;
                break;
            }
            patterns.push(self.nested(|parser| parser.alternatives(false))?);
            if !self.take(",") {
                break;
            }
        }
        self.due("]")?;
        Ok(PatternKind::Elements { patterns, open })
    }

    /// The fields in brackets, and whether there may be more.
    fn tuple_fields(&mut self) -> Result<(Vec<(String, Pattern)>, bool), ExpressionError> {
        self.advance();
        let mut fields = Vec::new();
        let mut open = false;
        while self.sign() != Some(")") {
            if fields.len() >= MAX_PATTERNS {
                return Err(too_deep(&self.token().span));
            }
            // What follows `..` would be counted from the end, which nothing tells.
            if self.take("..") {
                open = true;
                break;
            }
            let pattern = self.nested(|parser| parser.alternatives(false))?;
            fields.push((fields.len().to_string(), pattern));
            if !self.take(",") {
                break;
            }
        }
        self.due(")")?;
        Ok((fields, open))
    }

    fn named_fields(&mut self) -> Result<Vec<(String, Pattern)>, ExpressionError> {
        self.advance();
        let mut fields = Vec::new();
        while self.sign() != Some("}") && !self.take("..") {
            if fields.len() >= MAX_PATTERNS {
                return Err(too_deep(&self.token().span));
            }
            let token = self.token();
            let TokenKind::Name { name, .. } = token.kind else {
                return Err(self.unexpected("the name of a field is due"));
            };
            self.advance();
            let pattern = match self.take(":") {
                true => self.nested(|parser| parser.alternatives(false))?,
                false => Pattern {
                    kind: PatternKind::Anything,
                    span: token.span,
                },
            };
            fields.push((name, pattern));
            if !self.take(",") {
                break;
            }
        }
        self.take("..");
        self.due("}")?;
        Ok(fields)
    }
}
