//! From text to [`Parsed`]: operators by their precedence (Rust's), everything bounded. What stands
//! between them is in `primary`, and what follows that in `postfix`.

use super::error::{ErrorKind, ExpressionError};
use super::syntax::{Node, NodeKind, Operator, Parsed, Path};
use super::token::{self, Token, TokenKind};
use std::ops::Range;

/// How deep the parts of an expression nest: they are evaluated by recursion, perhaps on the
/// guest's stack.
pub(super) const MAX_DEPTH: usize = 64;

/// Most names and most operands of one `&&` or `||`.
pub(super) const MAX_PARTS: usize = 1024;

/// Parses a whole text.
pub(super) fn parse(text: &str) -> Result<Parsed, ExpressionError> {
    let mut parser = Parser::new(text)?;
    let root = parser.expression()?;
    parser.end()?;
    Ok(Parsed {
        root,
        names: parser.names,
    })
}

/// How tightly operators bind, loosest first.
mod binding {
    pub const ANY: u8 = 0;
    pub const ALL: u8 = 1;
    pub const COMPARE: u8 = 2;
    pub const OR: u8 = 3;
    pub const XOR: u8 = 4;
    pub const AND: u8 = 5;
    pub const SHIFT: u8 = 6;
    pub const ADD: u8 = 7;
    pub const MULTIPLY: u8 = 8;
    pub const CAST: u8 = 9;
}

pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    nesting: usize,
    pub(super) names: Vec<Path>,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str) -> Result<Self, ExpressionError> {
        Ok(Parser {
            text,
            tokens: token::tokens(text)?,
            at: 0,
            nesting: 0,
            names: Vec::new(),
        })
    }

    // Words.

    pub(super) fn token(&self) -> Token {
        let end = || Token {
            kind: TokenKind::End,
            span: self.text.len()..self.text.len(),
        };
        self.tokens.get(self.at).cloned().unwrap_or_else(end)
    }

    /// Whether what follows is written as a struct is: `a::Point {`.
    pub(super) fn begins_record(&self) -> bool {
        let mut kinds = self.tokens.get(self.at..).unwrap_or_default().iter();
        while let Some(TokenKind::Name { .. }) = kinds.next().map(|token| &token.kind) {
            match kinds.next().map(|token| &token.kind) {
                Some(TokenKind::Sign("::")) => {}
                Some(TokenKind::Sign("{")) => return true,
                _ => return false,
            }
        }
        false
    }

    /// Whether what follows is written as a tuple is: brackets with a comma in them, or nothing.
    pub(super) fn begins_tuple(&self) -> bool {
        let mut kinds = self.tokens.get(self.at..).unwrap_or_default().iter();
        let mut next = || kinds.next().map(|token| &token.kind);
        if let (Some(TokenKind::Sign("(")), Some(TokenKind::Sign(")"))) = (next(), next()) {
            return true;
        }
        let mut depth = 0usize;
        for token in self.tokens.get(self.at..).unwrap_or_default() {
            match token.kind {
                TokenKind::Sign("(" | "[" | "{") => depth = depth.saturating_add(1),
                TokenKind::Sign(")" | "]" | "}") => depth = depth.saturating_sub(1),
                TokenKind::Sign(",") if depth == 1 => return self.sign() == Some("("),
                _ => {}
            }
            if depth == 0 {
                return false;
            }
        }
        false
    }

    pub(super) fn advance(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    pub(super) fn sign(&self) -> Option<&'static str> {
        match self.tokens.get(self.at).map(|token| &token.kind) {
            Some(TokenKind::Sign(sign)) => Some(sign),
            _ => None,
        }
    }

    pub(super) fn take(&mut self, sign: &str) -> bool {
        let found = self.sign() == Some(sign);
        if found {
            self.advance();
        }
        found
    }

    /// Whether a word that is no raw name comes next.
    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(
            self.tokens.get(self.at).map(|token| &token.kind),
            Some(TokenKind::Name { name, raw: false }) if name == word
        )
    }

    pub(super) fn due(&mut self, sign: &str) -> Result<(), ExpressionError> {
        match self.take(sign) {
            true => Ok(()),
            false => Err(self.unexpected(&format!("`{sign}` is due"))),
        }
    }

    /// The span from `start` to the last word that was read.
    pub(super) fn since(&self, start: usize) -> Range<usize> {
        let last = self
            .at
            .checked_sub(1)
            .and_then(|last| self.tokens.get(last));
        start..last.map_or(start, |token| token.span.end).max(start)
    }

    pub(super) fn unexpected(&self, wanted: &str) -> ExpressionError {
        let Token { kind, span } = self.token();
        let found = match kind {
            TokenKind::End => "the expression ends here".to_owned(),
            TokenKind::Sign("=") => {
                "`=` does not compare (`==` does), and only `set` assigns".to_owned()
            }
            _ => format!("found `{}`", self.text.get(span.clone()).unwrap_or("")),
        };
        ExpressionError::new(ErrorKind::Syntax, &span, format!("{wanted}, but {found}"))
    }

    pub(super) fn end(&self) -> Result<(), ExpressionError> {
        match self.token().kind {
            TokenKind::End => Ok(()),
            _ => Err(self.unexpected("an operator or the end is due")),
        }
    }

    /// Where the word at which parsing stopped begins, unless that is the end.
    pub(super) fn rest_at(&self) -> usize {
        self.token().span.start
    }

    // Nodes.

    pub(super) fn node(
        &self,
        kind: NodeKind,
        start: usize,
        below: &[&Node],
    ) -> Result<Node, ExpressionError> {
        let depth = below.iter().map(|node| node.depth + 1).max().unwrap_or(0);
        let span = self.since(start);
        if depth > MAX_DEPTH {
            return Err(too_deep(&span));
        }
        Ok(Node { kind, span, depth })
    }

    /// Runs a rule one level deeper.
    pub(super) fn nested<T>(
        &mut self,
        rule: impl FnOnce(&mut Self) -> Result<T, ExpressionError>,
    ) -> Result<T, ExpressionError> {
        if self.nesting >= MAX_DEPTH {
            return Err(too_deep(&self.token().span));
        }
        self.nesting += 1;
        let result = rule(self);
        self.nesting -= 1;
        result
    }

    pub(super) fn expression(&mut self) -> Result<Node, ExpressionError> {
        self.nested(|parser| parser.operators(binding::ANY))
    }

    /// Operators that bind at least as tightly as `loosest`.
    fn operators(&mut self, loosest: u8) -> Result<Node, ExpressionError> {
        let start = self.token().span.start;
        let mut left = self.prefix()?;
        loop {
            if self.is_word("as") && loosest <= binding::CAST {
                self.advance();
                let to = self.type_name()?;
                let value = Box::new(left);
                left = self.unary_node(start, value, |value| NodeKind::Cast { value, to })?;
                continue;
            }
            if self.is_word("is") && loosest <= binding::COMPARE {
                self.advance();
                let pattern = self.nested(Self::pattern)?;
                let value = Box::new(left);
                left = self.unary_node(start, value, |value| NodeKind::Is { value, pattern })?;
                continue;
            }
            let Some((binds, operator)) = self.operator() else {
                return Ok(left);
            };
            if binds < loosest {
                return Ok(left);
            }
            left = match operator {
                Some(operator) => self.binary(start, left, binds, operator)?,
                None => self.logical(start, left, binds)?,
            };
        }
    }

    fn binary(
        &mut self,
        start: usize,
        left: Node,
        binds: u8,
        operator: Operator,
    ) -> Result<Node, ExpressionError> {
        self.advance();
        let right = self.nested(|parser| parser.operators(binds + 1))?;
        if operator.compares()
            && let Some((binding::COMPARE, Some(_))) = self.operator()
        {
            return Err(self.unexpected(
                "comparisons cannot be chained (write `a < b && b < c`): an operator is due",
            ));
        }
        let depth = left.depth.max(right.depth) + 1;
        let span = self.since(start);
        if depth > MAX_DEPTH {
            return Err(too_deep(&span));
        }
        let kind = NodeKind::Binary {
            operator,
            left: Box::new(left),
            right: Box::new(right),
        };
        Ok(Node { kind, span, depth })
    }

    /// All operands of a chain of `&&`, or of one of `||`.
    fn logical(&mut self, start: usize, first: Node, binds: u8) -> Result<Node, ExpressionError> {
        let sign = if binds == binding::ALL { "&&" } else { "||" };
        let mut parts = vec![first];
        while self.take(sign) {
            if parts.len() >= MAX_PARTS {
                return Err(too_deep(&self.token().span));
            }
            parts.push(self.nested(|parser| parser.operators(binds + 1))?);
        }
        let below: Vec<&Node> = parts.iter().collect();
        let node = self.node(NodeKind::Bool(false), start, &below)?;
        let kind = match binds {
            binding::ALL => NodeKind::All(parts),
            _ => NodeKind::Any(parts),
        };
        Ok(Node { kind, ..node })
    }

    /// The operator that comes next; `None` in it for the two that short-cut.
    fn operator(&self) -> Option<(u8, Option<Operator>)> {
        use Operator::*;
        let (binds, operator) = match self.sign()? {
            "||" => return Some((binding::ANY, None)),
            "&&" => return Some((binding::ALL, None)),
            "==" => (binding::COMPARE, Equal),
            "!=" => (binding::COMPARE, NotEqual),
            "<" => (binding::COMPARE, Less),
            "<=" => (binding::COMPARE, LessOrEqual),
            ">" => (binding::COMPARE, Greater),
            ">=" => (binding::COMPARE, GreaterOrEqual),
            "|" => (binding::OR, Or),
            "^" => (binding::XOR, Xor),
            "&" => (binding::AND, And),
            "<<" => (binding::SHIFT, ShiftLeft),
            ">>" => (binding::SHIFT, ShiftRight),
            "+" => (binding::ADD, Add),
            "-" => (binding::ADD, Subtract),
            "*" => (binding::MULTIPLY, Multiply),
            "/" => (binding::MULTIPLY, Divide),
            "%" => (binding::MULTIPLY, Remainder),
            _ => return None,
        };
        Some((binds, Some(operator)))
    }

    pub(super) fn unary_node(
        &self,
        start: usize,
        operand: Box<Node>,
        kind: impl FnOnce(Box<Node>) -> NodeKind,
    ) -> Result<Node, ExpressionError> {
        let depth = operand.depth + 1;
        let span = self.since(start);
        if depth > MAX_DEPTH {
            return Err(too_deep(&span));
        }
        Ok(Node {
            kind: kind(operand),
            span,
            depth,
        })
    }

    fn prefix(&mut self) -> Result<Node, ExpressionError> {
        let start = self.token().span.start;
        let kind: fn(Box<Node>) -> NodeKind = match self.sign() {
            Some("-") => NodeKind::Negate,
            Some("!") => NodeKind::Not,
            Some("*") => NodeKind::Deref,
            Some("&" | "&&") => NodeKind::AddressOf,
            Some("~") => NodeKind::Raw,
            _ => {
                let first = self.primary()?;
                return self.postfix(start, first);
            }
        };
        let twice = self.sign() == Some("&&");
        let refers = twice || self.sign() == Some("&");
        self.advance();
        if refers && self.is_word("mut") {
            self.advance();
        }
        let operand = self.nested(Self::prefix)?;
        let node = self.unary_node(start, Box::new(operand), kind)?;
        match twice {
            true => self.unary_node(start, Box::new(node), kind),
            false => Ok(node),
        }
    }

    /// A node below which nodes go down to `deepest`.
    pub(super) fn deepened(&self, node: Node, deepest: usize) -> Result<Node, ExpressionError> {
        if deepest >= MAX_DEPTH {
            return Err(too_deep(&node.span));
        }
        Ok(Node {
            depth: node.depth.max(deepest + 1),
            ..node
        })
    }
}

pub(super) fn too_deep(span: &Range<usize>) -> ExpressionError {
    ExpressionError::new(
        ErrorKind::TooLarge,
        span,
        format!("the expression is too long or nested too deeply (at most {MAX_DEPTH} levels)"),
    )
}
