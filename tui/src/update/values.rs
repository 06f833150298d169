//! What can be done with the values of a tree: opening, closing, showing them in another form,
//! watching them.

use super::actions::read;
use super::{moving, show};
use crate::pane::Pane;
use crate::state::tree::TreeRow;
use crate::state::{Purpose, State, Watched};
use wasmscope_debugger::protocol::{BreakpointPlace, BreakpointSpec, Command, ValueFormat};

/// The value that is selected in the pane in focus.
pub(super) fn selected_expression(state: &State) -> Option<String> {
    let tree = match state.focus() {
        Pane::Watches => &state.watches,
        _ => &state.variables,
    };
    tree.selected().map(|node| node.expression.clone())
}

pub(super) fn expand(state: &mut State) {
    let pane = state.focus();
    let tree = match pane {
        Pane::Watches => &mut state.watches,
        _ => &mut state.variables,
    };
    let (path, more, opens, open) = match tree.rows().get(tree.cursor.at) {
        Some(TreeRow::Value { node, open, .. }) => (node.path.clone(), false, node.opens(), *open),
        Some(TreeRow::More { parent, .. }) => (parent.path.clone(), true, true, true),
        None => return,
    };
    if more {
        tree.want_more(&path);
    } else if open {
        // Open already: into it.
        moving::step(state, pane, 1);
        return;
    } else if opens {
        tree.set_open(&path, true);
    } else {
        whole_value(state, pane, &path);
        return;
    }
    show::children(state, pane, &path);
}

/// Shows a value that has nothing in it to be opened, whole.
fn whole_value(state: &mut State, pane: Pane, path: &str) {
    let tree = match pane {
        Pane::Watches => &state.watches,
        _ => &state.variables,
    };
    if let Some(node) = tree.node(path) {
        let text = format!(
            "{}: {}\n\n{}",
            node.expression, node.value.full_type, node.value
        );
        read(state, "value", &text);
    }
}

pub(super) fn collapse(state: &mut State) {
    let tree = match state.focus() {
        Pane::Watches => &mut state.watches,
        _ => &mut state.variables,
    };
    let rows = tree.rows();
    let Some(row) = rows.get(tree.cursor.at) else {
        return;
    };
    let path = row.node().path.clone();
    let is_open = matches!(row, TreeRow::Value { open: true, .. });
    if is_open {
        tree.set_open(&path, false);
        return;
    }
    let outer = match row {
        TreeRow::More { .. } => Some(path.as_str()),
        TreeRow::Value { .. } => path.rsplit_once('/').map(|(outer, _)| outer),
    };
    let at = outer.and_then(|outer| rows.iter().position(|row| row.node().path == outer));
    if let Some(at) = at {
        tree.cursor.at = at;
    }
}

pub(super) fn reformat(state: &mut State, format: ValueFormat) {
    let pane = state.focus();
    let tree = match pane {
        Pane::Watches => &mut state.watches,
        _ => &mut state.variables,
    };
    if let Some(path) = tree.selected().map(|node| node.path.clone()) {
        tree.toggle_format(&path, format);
        show::children(state, pane, &path);
    }
}

/// Keeps an expression among the watches.
pub(super) fn watch(state: &mut State, expression: &str) {
    state.watched.push(Watched {
        expression: expression.to_owned(),
        value: None,
    });
    state.reveal(Pane::Watches);
    show::fill_watches(state);
    show::watch(state, state.watched.len().saturating_sub(1));
    if !state.is_visible(Pane::Watches) {
        state.tell("watched; 8 shows the watches");
    }
}

pub(super) fn remove_watch(state: &mut State) {
    let Some(path) = state.watches.selected().map(|node| node.path.clone()) else {
        return;
    };
    let place = path
        .split(':')
        .next()
        .and_then(|place| place.parse::<usize>().ok());
    if let Some(place) = place.filter(|place| *place < state.watched.len()) {
        state.watched.remove(place);
        show::fill_watches(state);
        // Answers that are on their way are about other places now.
        show::watches(state);
    }
}

pub(super) fn stop_on_change(state: &mut State) {
    let Some(expression) = selected_expression(state) else {
        return;
    };
    let mut spec = BreakpointSpec::new(BreakpointPlace::Watch { expression });
    spec.frame = state.frame;
    state.send(Command::SetBreakpoint(spec), Purpose::Breakpoint);
    state.reveal(Pane::Breakpoints);
}
