//! What follows an operand: fields, elements, parts, `?`, and the methods of the standard library whose
//! meaning is known without running them, as they only lead from a value to what is in it.

use super::error::{ErrorKind, ExpressionError};
use super::parser::Parser;
use super::syntax::{Node, NodeKind, Operator};
use super::token::TokenKind;
use std::ops::Range;

/// What a method without arguments gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Meaning {
    /// The value itself, as another type.
    Itself,
    /// What is in a cell or behind a lock.
    Inside,
    /// What `Some` or `Ok` carries.
    Unwrap,
}

/// What the method `name` gives.
fn meaning(name: &str) -> Option<Meaning> {
    Some(match name {
        "as_ref" | "as_mut" | "as_deref" | "as_deref_mut" | "as_str" | "as_slice" | "as_path"
        | "as_os_str" | "as_bytes" | "clone" | "cloned" | "to_owned" => Meaning::Itself,
        "borrow" | "borrow_mut" | "get" | "get_mut" | "into_inner" | "load" | "lock" | "read"
        | "try_borrow" | "try_lock" | "write" => Meaning::Inside,
        "unwrap" => Meaning::Unwrap,
        _ => return None,
    })
}

impl Parser<'_> {
    /// `.field`, `[index]`, `.len()` after an operand.
    pub(super) fn postfix(&mut self, start: usize, first: Node) -> Result<Node, ExpressionError> {
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
        if let Some(meaning) = meaning(name)
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
        if matches!(name, "keys" | "values") && self.take(")") {
            let keys = name == "keys";
            return self.unary_node(start, Box::new(of), |of| NodeKind::Half { of, keys });
        }
        let known = [
            "len", "is_empty", "keys", "values", "is_some", "is_none", "is_ok", "is_err",
        ];
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
        if self.begins_key() {
            return self.key(start, of, "]");
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

    /// Whether what follows is no expression but a key of several parts: a struct, a tuple, an array.
    fn begins_key(&self) -> bool {
        self.begins_record() || self.begins_tuple() || self.sign() == Some("[")
    }

    /// `map[Point { x: 1, y: 2 }]`, `map[(1, "a")]`, behind the opening bracket.
    fn key(&mut self, start: usize, of: Node, closing: &str) -> Result<Node, ExpressionError> {
        let key = self.nested(Self::pattern)?;
        self.due(closing)?;
        self.unary_node(start, Box::new(of), |of| NodeKind::Entry { of, key })
    }

    /// `map.get(key)`, `list.get(3)`: an element or nothing has to be said of both, so it is the
    /// element; behind the opening bracket.
    fn lookup(&mut self, start: usize, of: Node) -> Result<Node, ExpressionError> {
        if self.begins_key() {
            return self.key(start, of, ")");
        }
        let index = self.expression()?;
        self.due(")")?;
        let depth = index.depth;
        let node = self.unary_node(start, Box::new(of), |of| NodeKind::Index {
            of,
            index: Box::new(index),
        })?;
        self.deepened(node, depth)
    }
}
