//! Methods of the standard library whose meaning is known without running them: those that only
//! lead from a value to what is in it.

use super::error::ExpressionError;
use super::parser::Parser;
use super::syntax::{Node, NodeKind};

/// What a method without arguments gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Meaning {
    /// The value itself, as another type.
    Itself,
    /// What is in a cell or behind a lock.
    Inside,
    /// What `Some` or `Ok` carries.
    Unwrap,
}

/// What the method `name` gives.
pub(super) fn meaning(name: &str) -> Option<Meaning> {
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
    /// `map[Point { x: 1, y: 2 }]`, behind the opening bracket.
    pub(super) fn record_key(&mut self, start: usize, of: Node) -> Result<Node, ExpressionError> {
        let key = self.nested(Self::pattern)?;
        self.due("]")?;
        self.unary_node(start, Box::new(of), |of| NodeKind::Entry { of, key })
    }

    /// `map.get(key)`, `list.get(3)`: an element or nothing has to be said of both, so it is the
    /// element; behind the opening bracket.
    pub(super) fn lookup(&mut self, start: usize, of: Node) -> Result<Node, ExpressionError> {
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
