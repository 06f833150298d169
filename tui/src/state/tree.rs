//! Values as a tree that opens on demand: variables and watches.

use crate::cursor::Cursor;
use std::collections::{BTreeSet, HashMap};
use wasmscope_debugger::explain::VariableKind;
use wasmscope_debugger::protocol::ValueFormat;
use wasmscope_debugger::values::{Value, leads_back};

/// Children that are asked for at once.
pub(crate) const PAGE: usize = 50;
/// Rows that a tree shows at most.
const MAX_ROWS: usize = 20_000;
/// The deepest level that can be opened.
const MAX_DEPTH: usize = 60;
/// Functions whose values are remembered to mark changes.
const MAX_FUNCTIONS: usize = 64;

/// A value with what the tree knows about it.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The value; its children are in `children`.
    pub value: Value,
    /// The expression that gives it.
    pub expression: String,
    /// What tells it from all others: the places on the way to it.
    pub path: String,
    /// Argument or local.
    pub kind: Option<VariableKind>,
    /// Its children, as far as they are known.
    pub children: Vec<Node>,
    /// Whether its children were asked for and have come.
    pub complete: bool,
    /// Whether it differs from what it was at the last stop.
    pub changed: bool,
}

impl Node {
    fn new(
        mut value: Value,
        expression: String,
        path: String,
        kind: Option<VariableKind>,
        depth: usize,
    ) -> Self {
        let children = std::mem::take(&mut value.children);
        let mut node = Node {
            value,
            expression,
            path,
            kind,
            children: Vec::new(),
            complete: false,
            changed: false,
        };
        if depth < MAX_DEPTH {
            node.children = children
                .into_iter()
                .enumerate()
                .map(|(place, child)| node.child(child, place, depth.saturating_add(1)))
                .collect();
        }
        node
    }

    fn child(&self, value: Value, place: usize, depth: usize) -> Node {
        let expression = child_expression(&self.expression, &self.value, &value.name, place);
        let path = format!("{}/{place}", self.path);
        Node::new(value, expression, path, None, depth)
    }

    /// Whether it has children, as far as that can be told.
    pub fn opens(&self) -> bool {
        if !self.children.is_empty() || self.value.more_children > 0 {
            return true;
        }
        // Its children have not been looked for yet: the summary tells.
        let summary = self.value.summary.as_deref().unwrap_or_default();
        !self.complete
            && summary.len() > 2
            && (summary.ends_with(['}', ']', ')', '…']) || summary.starts_with('&'))
            && !summary.ends_with("()")
    }
}

/// The expression for the child of a value at a place among its children.
pub(crate) fn child_expression(parent: &str, value: &Value, name: &str, place: usize) -> String {
    let is_simple = !parent.starts_with(['*', '&', '-', '!']) && !parent.contains(" as ");
    let base = match is_simple {
        true => parent.to_owned(),
        false => format!("({parent})"),
    };
    let is_number = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
    let is_sequence = value.summary.as_deref().is_some_and(|summary| {
        summary
            .trim_start_matches("&mut ")
            .trim_start_matches(['&', '*'])
            .starts_with('[')
    });
    // A set's elements, and a map's that have a key which cannot be written, go by their place.
    let is_map = value.summary.as_deref().is_some_and(|summary| {
        summary
            .trim_start_matches("&mut ")
            .trim_start_matches('&')
            .starts_with('{')
    });
    let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    match name {
        "*" => format!("*{base}"),
        _ if is_number && is_sequence => format!("{base}[{name}]"),
        _ if is_number || is_name => format!("{base}.{name}"),
        _ if is_map && name.starts_with('[') && !leads_back(name) => {
            format!("{base}.values()[{place}]")
        }
        _ if name.starts_with('[') => format!("{base}{name}"),
        _ => format!("{base}[{name}]"),
    }
}

/// One line of a tree.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TreeRow<'t> {
    /// A value.
    Value {
        /// Its nesting.
        depth: usize,
        /// The value.
        node: &'t Node,
        /// Whether its children are shown.
        open: bool,
    },
    /// Children that were not asked for.
    More {
        /// Their nesting.
        depth: usize,
        /// The value whose children they are.
        parent: &'t Node,
        /// How many.
        count: u64,
    },
}

impl<'t> TreeRow<'t> {
    /// The value of the row, or the one that it continues.
    pub fn node(self) -> &'t Node {
        match self {
            TreeRow::Value { node, .. } | TreeRow::More { parent: node, .. } => node,
        }
    }
}

/// A tree of values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    roots: Vec<Node>,
    /// The selected row.
    pub cursor: Cursor,
    /// Why there are no values.
    pub note: Option<String>,
    /// The function whose values these are.
    pub function: String,
    /// Values that are open, by function and path.
    open: BTreeSet<(String, String)>,
    /// Forms that were chosen, by function and path.
    formats: HashMap<(String, String), ValueFormat>,
    /// Children wanted, where it is more than a page, by path.
    wanted: HashMap<String, usize>,
    before: Seen,
    now: Seen,
}

type Seen = HashMap<String, HashMap<String, String>>;

impl Tree {
    /// Whether there is anything in it.
    pub fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }

    /// A new stop: what is known now is what changes are told against.
    pub fn new_stop(&mut self) {
        for (function, values) in self.now.drain() {
            self.before.insert(function, values);
        }
        if self.before.len() > MAX_FUNCTIONS {
            let current = self.function.clone();
            self.before.retain(|function, _| *function == current);
        }
    }

    /// Forgets the values, and keeps what is open.
    pub fn clear(&mut self, note: Option<String>) {
        self.roots.clear();
        self.note = note;
    }

    /// Puts the values of a function in. Gives the paths of open values whose children are to be
    /// asked for.
    pub fn fill(
        &mut self,
        function: &str,
        values: impl IntoIterator<Item = (Value, String, Option<VariableKind>)>,
    ) -> Vec<String> {
        if self.function != function {
            function.clone_into(&mut self.function);
            self.cursor = Cursor::default();
            self.wanted.clear();
        }
        self.note = None;
        self.roots = values
            .into_iter()
            .enumerate()
            .map(|(place, (value, expression, kind))| {
                let path = format!("{place}:{}", value.name);
                Node::new(value, expression, path, kind, 0)
            })
            .collect();
        for place in 0..self.roots.len() {
            self.mark(place);
        }
        self.open_paths()
    }

    /// Paths of open values, outer ones first, and of those in another form.
    fn open_paths(&self) -> Vec<String> {
        let rows = self.rows();
        let is_special = |node: &Node| self.format(&node.path) != ValueFormat::Natural;
        rows.iter()
            .filter_map(|row| match row {
                TreeRow::Value { node, open, .. } if *open || is_special(node) => {
                    Some(node.path.clone())
                }
                _ => None,
            })
            .take(200)
            .collect()
    }

    fn mark(&mut self, root: usize) {
        let before = self.before.get(&self.function);
        let now = self.now.entry(self.function.clone()).or_default();
        if let Some(root) = self.roots.get_mut(root) {
            mark(root, before, now);
        }
    }

    /// The rows, as far as they are open.
    pub fn rows(&self) -> Vec<TreeRow<'_>> {
        let mut rows = Vec::new();
        for node in &self.roots {
            self.add_rows(node, 0, &mut rows);
        }
        rows
    }

    fn add_rows<'t>(&'t self, node: &'t Node, depth: usize, rows: &mut Vec<TreeRow<'t>>) {
        if rows.len() >= MAX_ROWS || depth > MAX_DEPTH {
            return;
        }
        let open = self.is_open(&node.path) && node.opens();
        rows.push(TreeRow::Value { depth, node, open });
        if !open {
            return;
        }
        let inner = depth.saturating_add(1);
        for child in &node.children {
            self.add_rows(child, inner, rows);
        }
        if node.value.more_children > 0 {
            rows.push(TreeRow::More {
                depth: inner,
                parent: node,
                count: node.value.more_children,
            });
        }
    }

    /// Whether a value is open.
    pub fn is_open(&self, path: &str) -> bool {
        self.open
            .contains(&(self.function.clone(), path.to_owned()))
    }

    /// Opens or closes a value.
    pub fn set_open(&mut self, path: &str, open: bool) {
        let key = (self.function.clone(), path.to_owned());
        match open {
            true => self.open.insert(key),
            false => self.open.remove(&key),
        };
        if self.open.len() > 4_000 {
            self.open.clear();
        }
    }

    /// The form that was chosen for a value.
    pub fn format(&self, path: &str) -> ValueFormat {
        let key = (self.function.clone(), path.to_owned());
        self.formats.get(&key).copied().unwrap_or_default()
    }

    /// Chooses a form, or the natural one if it was chosen already.
    pub fn toggle_format(&mut self, path: &str, format: ValueFormat) {
        let key = (self.function.clone(), path.to_owned());
        if self.formats.remove(&key) != Some(format) && self.formats.len() < 1_000 {
            self.formats.insert(key, format);
        }
    }

    /// How many children of a value are wanted.
    pub fn wanted(&self, path: &str) -> usize {
        self.wanted.get(path).copied().unwrap_or(PAGE)
    }

    /// Wants another page of a value's children.
    pub fn want_more(&mut self, path: &str) {
        let more = self.wanted(path).saturating_mul(2);
        self.wanted.insert(path.to_owned(), more.min(10_000));
    }

    /// The value of a path.
    pub fn node(&self, path: &str) -> Option<&Node> {
        let mut nodes = &self.roots;
        loop {
            let node = nodes.iter().find(|node| {
                path.strip_prefix(node.path.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })?;
            if node.path.len() == path.len() {
                return Some(node);
            }
            nodes = &node.children;
        }
    }

    /// Takes in what an expression of the tree has become.
    pub fn update(&mut self, path: &str, mut value: Value) {
        let depth = path.matches('/').count();
        let Some(node) = node_mut(&mut self.roots, path) else {
            return;
        };
        value.name.clone_from(&node.value.name);
        let mut new = Node::new(
            value,
            node.expression.clone(),
            node.path.clone(),
            node.kind,
            depth,
        );
        new.complete = true;
        *node = new;
        let place = path.split(':').next().and_then(|place| place.parse().ok());
        if let Some(place) = place {
            self.mark(place);
        }
    }

    /// The selected value.
    pub fn selected(&self) -> Option<&Node> {
        self.rows().get(self.cursor.at).map(|row| row.node())
    }
}

fn node_mut<'t>(mut nodes: &'t mut Vec<Node>, path: &str) -> Option<&'t mut Node> {
    loop {
        let place = nodes.iter().position(|node| {
            path.strip_prefix(node.path.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })?;
        let node = nodes.get_mut(place)?;
        if node.path.len() == path.len() {
            return Some(node);
        }
        nodes = &mut node.children;
    }
}

/// Tells what changed, and remembers what there is.
fn mark(
    node: &mut Node,
    before: Option<&HashMap<String, String>>,
    now: &mut HashMap<String, String>,
) {
    if let Some(summary) = &node.value.summary {
        let old = before.and_then(|before| before.get(&node.path));
        node.changed = old.is_some_and(|old| old != summary);
        if now.len() < 20_000 {
            now.insert(node.path.clone(), summary.clone());
        }
    }
    for child in &mut node.children {
        mark(child, before, now);
    }
}

#[cfg(test)]
mod tests;
