//! The mouse: clicks choose, the wheel scrolls. Nothing can be done with it alone.

use super::{actions, keys, moving, show};
use crate::layout::Slot;
use crate::pane::Pane;
use crate::state::State;
use crate::state::popup::Popup;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

/// Rows that a turn of the wheel scrolls.
const WHEEL: isize = 3;

/// Takes what the mouse did.
pub(super) fn mouse(state: &mut State, event: MouseEvent) {
    let at = Position::new(event.column, event.row);
    if !state.popups.is_empty() {
        popup(state, event.kind, at);
        return;
    }
    let arrangement = state.arrangement();
    let contains = |area: Rect| area.contains(at);
    let Some(slot) = arrangement
        .slots
        .into_iter()
        .find(|slot| contains(slot.header) || contains(slot.body))
    else {
        return;
    };
    match event.kind {
        MouseEventKind::ScrollUp => moving::scroll(state, slot.shown, -WHEEL),
        MouseEventKind::ScrollDown => {
            moving::scroll(state, slot.shown, WHEEL);
            follow_at_end(state, slot.shown);
        }
        MouseEventKind::ScrollLeft if slot.shown == Pane::Source => {
            state.source.left = state.source.left.saturating_sub(4);
        }
        MouseEventKind::ScrollRight if slot.shown == Pane::Source => {
            state.source.left = state.source.left.saturating_add(4).min(10_000);
        }
        MouseEventKind::Down(MouseButton::Left) if contains(slot.header) => {
            let tab = crate::view::tabs(state, &slot)
                .into_iter()
                .find(|(_, area)| contains(*area));
            state.set_focus(tab.map_or(slot.shown, |(pane, _)| pane));
        }
        MouseEventKind::Down(MouseButton::Left) => click(state, &slot, at),
        _ => {}
    }
}

/// Scrolled to the end: the newest line is to be seen again.
fn follow_at_end(state: &mut State, pane: Pane) {
    let rows = moving::rows(state, pane);
    let height = moving::list_height(state, pane, state.height_of(pane));
    let is_end =
        moving::cursor(state, pane).is_some_and(|cursor| cursor.top.saturating_add(height) >= rows);
    match pane {
        Pane::Output if is_end => state.output.follow = true,
        Pane::Calls if is_end => state.calls.follow = true,
        _ => {}
    }
}

fn click(state: &mut State, slot: &Slot, at: Position) {
    let pane = slot.shown;
    state.set_focus(pane);
    let first = crate::view::first_row(state, pane, slot.body);
    let Some(line) = at.y.checked_sub(first) else {
        return;
    };
    let rows = moving::rows(state, pane);
    let Some(cursor) = moving::cursor(state, pane) else {
        return;
    };
    let row = cursor.top.saturating_add(usize::from(line));
    if row >= rows {
        return;
    }
    let was_selected = cursor.at == row;
    cursor.at = row;
    let in_gutter = at.x
        < slot
            .body
            .x
            .saturating_add(crate::view::source::gutter_width(state));
    match pane {
        Pane::Source if in_gutter => actions::toggle_breakpoint(state),
        Pane::Disassembly if at.x < slot.body.x.saturating_add(2) => {
            actions::toggle_breakpoint(state)
        }
        Pane::Stack if was_selected => show::open_row(state),
        Pane::Stack => show::select_row(state),
        Pane::Variables | Pane::Watches if was_selected => toggle(state),
        Pane::Breakpoints if was_selected => keys::open_breakpoint(state),
        Pane::Calls => {
            state.calls.follow = false;
            keys::open_call(state);
        }
        Pane::Output => state.output.follow = false,
        _ => {}
    }
}

/// Opens the selected value, or closes it.
fn toggle(state: &mut State) {
    use crate::actions::Action;
    use crate::state::tree::TreeRow;
    let tree = match state.focus() {
        Pane::Watches => &state.watches,
        _ => &state.variables,
    };
    let is_open = matches!(
        tree.rows().get(tree.cursor.at),
        Some(TreeRow::Value { open: true, .. })
    );
    let action = if is_open {
        Action::Collapse
    } else {
        Action::Expand
    };
    actions::perform(state, action);
}

fn popup(state: &mut State, kind: MouseEventKind, at: Position) {
    let area = crate::view::popups::area(state);
    let by = match kind {
        MouseEventKind::ScrollUp => WHEEL.saturating_neg(),
        MouseEventKind::ScrollDown => WHEEL,
        MouseEventKind::Down(MouseButton::Left) if !area.contains(at) => {
            state.popups.pop();
            return;
        }
        MouseEventKind::Down(MouseButton::Left) => {
            let first = crate::view::popups::first_row(state);
            if let Some(Popup::Choose(chooser)) = state.popups.last_mut()
                && let Some(line) = at.y.checked_sub(first)
            {
                let row = chooser.cursor.top.saturating_add(usize::from(line));
                if row < chooser.found.len() {
                    chooser.cursor.at = row;
                }
            }
            return;
        }
        _ => return,
    };
    let height = usize::from(state.screen.height).saturating_sub(6).max(1);
    let help_rows = crate::view::help::lines(state).len();
    match state.popups.last_mut() {
        Some(Popup::Help(cursor)) => cursor.scroll(by, help_rows, height),
        Some(Popup::Text { lines, cursor, .. }) => cursor.scroll(by, lines.len(), height),
        Some(Popup::Choose(chooser)) => {
            let rows = chooser.found.len();
            chooser.cursor.step(by, rows);
        }
        _ => {}
    }
}
