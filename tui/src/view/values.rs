//! Values as a tree: variables and watches.

use super::{
    is_found,
    paint::{Row, tint},
    remark, selection, visible,
};
use crate::pane::Pane;
use crate::state::tree::{Node, Tree, TreeRow};
use crate::state::{Guest, State};
use crate::text;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use wasmscope_debugger::explain::VariableKind;
use wasmscope_debugger::protocol::ValueFormat;

/// Columns of a nesting.
const INDENT: usize = 2;

/// Draws a tree.
pub(super) fn draw(state: &State, pane: Pane, tree: &Tree, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let rows = tree.rows();
    if rows.is_empty() {
        let note = match (pane, &tree.note, &state.guest) {
            (_, Some(note), _) => note.clone(),
            (Pane::Watches, ..) => "a watches an expression.".to_owned(),
            (_, None, Guest::Stopped(_)) => "no variables here".to_owned(),
            (_, None, Guest::Running) => "the program runs".to_owned(),
            _ => String::new(),
        };
        remark(state, area, buf, &note);
        return;
    }
    // What was seen last stays to be read while the guest runs, and is marked as old.
    let is_old = state.guest.stop().is_none();
    for (place, line, is_selected) in
        visible(state, pane, tree.cursor.top, tree.cursor.at, area.height)
    {
        let Some(row) = rows.get(place) else {
            continue;
        };
        if is_selected {
            tint(buf, area, line, selection(state, pane));
        }
        let mut out = Row::new(buf, area, line);
        match row {
            TreeRow::More { depth, count, .. } => {
                let indent = " ".repeat(depth.saturating_mul(INDENT).min(60));
                let more = text::grouped(*count);
                out.put(&indent, theme.dim)
                    .put(&format!("  … {more} more (enter)"), theme.dim);
            }
            TreeRow::Value { depth, node, open } => {
                value(state, tree, node, *depth, *open, is_old, &mut out);
                if is_found(state, &node_text(node)) {
                    tint(buf, area, line, theme.found);
                }
            }
        }
    }
}

fn value(
    state: &State,
    tree: &Tree,
    node: &Node,
    depth: usize,
    open: bool,
    is_old: bool,
    out: &mut Row<'_>,
) {
    let theme = &state.theme;
    out.put(
        &" ".repeat(depth.saturating_mul(INDENT).min(60)),
        theme.text,
    );
    let sign = match (open, node.opens()) {
        (true, _) => "▾ ",
        (false, true) => "▸ ",
        (false, false) => "  ",
    };
    out.put(sign, theme.dim);
    let name = if is_old { theme.dim } else { theme.name };
    out.put(&node.value.name, name);
    if node.kind == Some(VariableKind::Argument) {
        out.put("ᵃ", theme.dim);
    }
    let form = match tree.format(&node.path) {
        ValueFormat::Raw => " raw",
        ValueFormat::Hex => " hex",
        _ => "",
    };
    out.put(form, theme.warning);
    match (&node.value.summary, &node.value.unavailable) {
        (Some(summary), _) => {
            let style = match (is_old, node.changed) {
                (true, _) => theme.dim,
                (false, true) => theme.changed,
                (false, false) => theme.text,
            };
            let sign = if node.changed { " ≠ " } else { " = " };
            out.put(sign, theme.dim);
            if let Some(doubt) = &node.value.doubt {
                // The doubt itself, in front, where it is not cut off; why is behind the colon.
                let doubt = doubt.split(':').next().unwrap_or_default();
                out.put(doubt, theme.warning).put(": ", theme.dim);
            }
            out.put_cut(summary, style);
        }
        (None, reason) => {
            let reason = reason.as_deref().unwrap_or("not known");
            out.put(" unavailable: ", theme.dim)
                .put_cut(reason, theme.dim);
        }
    }
    let type_name = &node.value.type_name;
    if !type_name.is_empty() && out.room() > text::width(type_name).saturating_add(4) {
        out.right(&format!(" {type_name}"), theme.type_name);
    }
}

fn node_text(node: &Node) -> String {
    format!("{} = {}", node.value.name, node.value)
}

/// A row as text.
pub(super) fn row_text(tree: &Tree, row: usize) -> Option<String> {
    match tree.rows().get(row)? {
        TreeRow::Value { node, .. } => Some(node_text(node)),
        TreeRow::More { .. } => None,
    }
}
