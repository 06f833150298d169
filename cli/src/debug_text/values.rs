//! Values and variables.

use super::{DIM, Look, NAME};
use crate::report::{columns, cut, escape, reservations};
use std::fmt::Write as _;
use wasmscope_debugger::explain::{Variable, VariableKind};
use wasmscope_debugger::values::Value;

/// Lines of a tree at most.
const MAX_LINES: usize = 2_000;
/// Columns of one argument in a frame's line.
const ARGUMENT: usize = 60;

/// The arguments among `variables`, as they stand in a frame's line: `order=&Order {…}, n=3`.
pub fn arguments(variables: &[Variable], look: Look) -> String {
    let argument = |variable: &Variable| {
        let name = look.styled(NAME, &escape::line(&variable.value.name));
        match &variable.value.summary {
            Some(summary) => format!("{name}={}", cut(&escape::line(summary), ARGUMENT)),
            None => format!("{name}=<unavailable>"),
        }
    };
    let arguments: Vec<String> = variables
        .iter()
        .filter(|variable| variable.kind == VariableKind::Argument)
        .map(argument)
        .collect();
    arguments.join(", ")
}

/// Variables, one a line, those without a value together; `indent` columns to the right.
pub fn variables<'v>(
    variables: impl Iterator<Item = &'v Variable>,
    indent: usize,
    look: Look,
) -> String {
    let variables: Vec<Variable> = variables.cloned().collect();
    let space = " ".repeat(indent);
    let mut out = String::new();
    for variable in &variables {
        let Some(summary) = &variable.value.summary else {
            continue;
        };
        let name = escape::line(&variable.value.name);
        let room = look
            .columns()
            .saturating_sub(indent + columns(&name) + 3)
            .max(20);
        // A script's lines are as long as they are.
        let summary = escape::line(summary);
        let value = match look.width {
            Some(_) => cut(&summary, room),
            None => summary,
        };
        let _ = writeln!(out, "{space}{} = {value}", look.styled(NAME, &name));
    }
    for (names, reason) in reservations(&variables) {
        let text = look.styled(DIM, &format!("{names}: {reason}"));
        let _ = writeln!(out, "{space}{text}");
    }
    out
}

/// A value with its children, a line each.
pub fn tree(value: &Value, look: Look) -> String {
    let mut out = String::new();
    let mut left = MAX_LINES;
    // Depth first, without recursion: the data may come from elsewhere.
    let mut stack = vec![(value, 0usize, false)];
    while let Some((value, depth, named)) = stack.pop() {
        if left == 0 {
            let _ = writeln!(out, "…");
            break;
        }
        left -= 1;
        let space = "    ".repeat(depth.min(32));
        let name = match named {
            true => format!("{} = ", look.styled(NAME, &escape::line(&value.name))),
            false => String::new(),
        };
        let shown = value.to_string();
        if value.children.is_empty() {
            let _ = writeln!(out, "{space}{name}{}", escape::line(&shown));
            continue;
        }
        let _ = writeln!(out, "{space}{name}{}", escape::line(&value.type_name));
        for (place, child) in value.children.iter().enumerate().rev() {
            if value.more_children > 0 && place + 1 == value.children.len() {
                // Said below the last child, before what the stack holds from further up.
                stack.push((&*MORE, depth + 1, false));
            }
            stack.push((child, depth + 1, true));
        }
    }
    out
}

/// Stands for children that are not told.
static MORE: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| Value {
    summary: Some("…".into()),
    ..Value::default()
});
