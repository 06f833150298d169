//! From text to [`Parsed`]: operators by their precedence (Rust's), everything bounded.

use super::error::{ErrorKind, ExpressionError};
use super::methods::{self, Meaning};
use super::syntax::{Machine, Node, NodeKind, Operator, Parsed, Path, Primitive};
use super::token::{self, Token, TokenKind};
use std::ops::Range;

/// How deep the parts of an expression nest: they are evaluated by recursion, perhaps on the
/// guest's stack.
pub(super) const MAX_DEPTH: usize = 64;

/// Most names and most operands of one `&&` or `||`.
const MAX_PARTS: usize = 1024;

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

    /// `.field`, `[index]`, `.len()` after an operand.
    fn postfix(&mut self, start: usize, first: Node) -> Result<Node, ExpressionError> {
        let mut node = first;
        loop {
            node = match self.sign() {
                Some(".") => {
                    self.advance();
                    self.member(start, node)?
                }
                Some("[") => {
                    self.advance();
                    self.index(start, node)?
                }
                Some("?") => {
                    self.advance();
                    self.unary_node(start, Box::new(node), NodeKind::Unwrap)?
                }
                Some("(") => {
                    let message = "functions of the program cannot be called";
                    let span = self.token().span;
                    return Err(ExpressionError::new(ErrorKind::Unsupported, &span, message));
                }
                _ => return Ok(node),
            };
        }
    }

    fn member(&mut self, start: usize, of: Node) -> Result<Node, ExpressionError> {
        let token = self.token();
        let name = match token.kind {
            TokenKind::Name { name, .. } => name,
            TokenKind::Integer {
                value,
                suffix: None,
            } => value.to_string(),
            _ => return Err(self.unexpected("the name of a field is due")),
        };
        self.advance();
        if self.sign() == Some("(") {
            return self.method(start, of, &name, &token.span);
        }
        let of = Box::new(of);
        self.unary_node(start, of, |of| NodeKind::Field { of, name })
    }

    /// The few methods whose meaning is known without calling anything.
    fn method(
        &mut self,
        start: usize,
        of: Node,
        name: &str,
        span: &Range<usize>,
    ) -> Result<Node, ExpressionError> {
        self.due("(")?;
        if name == "get" && self.sign() != Some(")") {
            return self.lookup(start, of);
        }
        if let Some(meaning) = methods::meaning(name)
            && self.take(")")
        {
            return match meaning {
                Meaning::Itself => Ok(of),
                // What a lock gives is wrapped once, whatever is in it.
                Meaning::Unwrap if matches!(of.kind, NodeKind::Inside(_)) => Ok(of),
                Meaning::Unwrap => self.unary_node(start, Box::new(of), NodeKind::Unwrap),
                Meaning::Inside => self.unary_node(start, Box::new(of), NodeKind::Inside),
            };
        }
        let known = ["len", "is_empty", "is_some", "is_none", "is_ok", "is_err"];
        if !known.contains(&name) || !self.take(")") {
            return Err(ExpressionError::new(
                ErrorKind::Unsupported,
                span,
                format!(
                    "`{name}` cannot be called: functions of the program are not run (known are {}, \
                     and those that lead to what is inside, as `unwrap`, `borrow` and `lock`, \
                     without arguments)",
                    known.join(", ")
                ),
            ));
        }
        let variant = match name {
            "is_some" => "Some",
            "is_none" => "None",
            "is_ok" => "Ok",
            "is_err" => "Err",
            _ => {
                let length = self.unary_node(start, Box::new(of), NodeKind::Length)?;
                if name == "len" {
                    return Ok(length);
                }
                let zero = self.node(NodeKind::Integer { value: 0, of: None }, start, &[])?;
                return self.unary_node(start, Box::new(length), |left| NodeKind::Binary {
                    operator: Operator::Equal,
                    left,
                    right: Box::new(zero),
                });
            }
        };
        let pattern = super::patterns::variant(variant, span);
        self.unary_node(start, Box::new(of), |value| NodeKind::Is { value, pattern })
    }

    fn index(&mut self, start: usize, of: Node) -> Result<Node, ExpressionError> {
        if self.begins_record() {
            return self.record_key(start, of);
        }
        let range = |sign: Option<&str>| matches!(sign, Some(".." | "..="));
        let from = match range(self.sign()) {
            true => None,
            false => Some(self.expression()?),
        };
        let deepest = of.depth.max(from.as_ref().map_or(0, |node| node.depth));
        if !range(self.sign()) {
            self.due("]")?;
            let Some(index) = from else {
                return Err(self.unexpected("an index is due"));
            };
            let node = self.unary_node(start, Box::new(of), |of| NodeKind::Index {
                of,
                index: Box::new(index),
            })?;
            return self.deepened(node, deepest);
        }
        let inclusive = self.sign() == Some("..=");
        self.advance();
        let to = match self.sign() {
            Some("]") if !inclusive => None,
            _ => Some(self.expression()?),
        };
        self.due("]")?;
        let deepest = deepest.max(to.as_ref().map_or(0, |node| node.depth));
        let node = self.unary_node(start, Box::new(of), |of| NodeKind::Slice {
            of,
            from: from.map(Box::new),
            to: to.map(Box::new),
            inclusive,
        })?;
        self.deepened(node, deepest)
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

pub(super) fn too_deep(span: &Range<usize>) -> ExpressionError {
    ExpressionError::new(
        ErrorKind::TooLarge,
        span,
        format!("the expression is too long or nested too deeply (at most {MAX_DEPTH} levels)"),
    )
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
