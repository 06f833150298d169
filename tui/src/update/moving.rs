//! Cursors of panes: how many rows a pane has, and moving among them.

use super::show;
use crate::cursor::Cursor;
use crate::keys::Key;
use crate::pane::Pane;
use crate::state::State;
use crossterm::event::KeyCode;

/// Columns that a step to the side takes.
const SIDEWAYS: usize = 8;

/// How many rows a pane has.
pub(crate) fn rows(state: &State, pane: Pane) -> usize {
    match pane {
        Pane::Source => state.source.file().map_or(0, |file| file.lines.len()),
        Pane::Disassembly => state.code.rows(),
        Pane::Variables => state.variables.rows().len(),
        Pane::Watches => state.watches.rows().len(),
        Pane::Stack => state.stack.rows(state.frame).len(),
        Pane::Breakpoints => state.breakpoints.list.len(),
        Pane::Wasm => state.wasm.rows().len(),
        Pane::Output => state.output.lines.len(),
        Pane::Calls if state.calls.sums => state.calls.table().lines().count(),
        Pane::Calls => state.calls.len(),
        // The line that is typed is a row too.
        Pane::Console => state.console.lines.len().saturating_add(1),
        Pane::Memory => state.memory.rows(),
    }
}

/// The rows of `height` that a pane's list has; the others are taken by lines of its own.
pub(crate) fn list_height(state: &State, pane: Pane, height: usize) -> usize {
    let taken = match pane {
        Pane::Output => usize::from(show_input(state)),
        Pane::Source => crate::view::source::banner_height(state, height),
        Pane::Memory => 1,
        _ => 0,
    };
    height.saturating_sub(taken).max(1)
}

/// Whether the line of input is on the screen.
pub(crate) fn show_input(state: &State) -> bool {
    state.output.typing || !state.output.input.text().is_empty()
}

/// The cursor of a pane.
pub(crate) fn cursor(state: &mut State, pane: Pane) -> Option<&mut Cursor> {
    Some(match pane {
        Pane::Source => &mut state.source.cursor,
        Pane::Disassembly => &mut state.code.cursor,
        Pane::Variables => &mut state.variables.cursor,
        Pane::Watches => &mut state.watches.cursor,
        Pane::Stack => &mut state.stack.cursor,
        Pane::Breakpoints => &mut state.breakpoints.cursor,
        Pane::Wasm => &mut state.wasm.cursor,
        Pane::Output => &mut state.output.cursor,
        Pane::Calls => &mut state.calls.cursor,
        Pane::Console => &mut state.console.cursor,
        Pane::Memory => &mut state.memory.cursor,
    })
}

/// Moves by a key that moves. Whether it was one.
pub(super) fn by_key(state: &mut State, pane: Pane, key: Key) -> bool {
    let page = isize::try_from(state.height_of(pane).saturating_sub(2).max(1)).unwrap_or(1);
    const FAR: isize = isize::MAX;
    let by = match (key.plain(), key.ctrl()) {
        (Some(KeyCode::Up | KeyCode::Char('k')), _) => -1,
        (Some(KeyCode::Down | KeyCode::Char('j')), _) => 1,
        (Some(KeyCode::PageUp), _) | (_, Some('u')) => page.saturating_neg(),
        (Some(KeyCode::PageDown), _) => page,
        (_, Some('d')) if pane != Pane::Output => page,
        (Some(KeyCode::Home | KeyCode::Char('g')), _) => FAR.saturating_neg(),
        (Some(KeyCode::End | KeyCode::Char('G')), _) => FAR,
        (Some(KeyCode::Left | KeyCode::Char('h')), _) if pane == Pane::Source => {
            state.source.left = state.source.left.saturating_sub(SIDEWAYS);
            return true;
        }
        (Some(KeyCode::Right | KeyCode::Char('l')), _) if pane == Pane::Source => {
            state.source.left = state.source.left.saturating_add(SIDEWAYS).min(10_000);
            return true;
        }
        (Some(KeyCode::Enter), _) if pane == Pane::Source => 1,
        _ => return false,
    };
    step(state, pane, by);
    true
}

/// Moves the selection.
pub(super) fn step(state: &mut State, pane: Pane, by: isize) {
    let rows = rows(state, pane);
    let before = cursor(state, pane).map(|cursor| cursor.at);
    if let Some(cursor) = cursor(state, pane) {
        cursor.step(by, rows);
    }
    if cursor(state, pane).map(|cursor| cursor.at) != before {
        moved(state, pane, by);
    } else if pane == Pane::Memory {
        show::memory_edge(state, by);
    }
}

/// Scrolls without moving the selection further than needed.
pub(super) fn scroll(state: &mut State, pane: Pane, by: isize) {
    let height = list_height(state, pane, state.height_of(pane));
    let rows = rows(state, pane);
    if let Some(cursor) = cursor(state, pane) {
        cursor.scroll(by, rows, height);
    }
    match pane {
        // Frames are selected by choice, not by scrolling past.
        Pane::Stack => {}
        Pane::Memory if by != 0 => {
            let at = state.memory.cursor;
            if at.top == 0 || at.top.saturating_add(height) >= rows {
                show::memory_edge(state, by);
            }
        }
        pane => moved(state, pane, by),
    }
}

/// The selection moved: what follows it.
fn moved(state: &mut State, pane: Pane, by: isize) {
    let is_last = |at: usize, rows: usize| at.saturating_add(1) >= rows;
    match pane {
        Pane::Output => {
            let rows = state.output.lines.len();
            state.output.follow = by > 0 && is_last(state.output.cursor.at, rows);
        }
        Pane::Calls if !state.calls.sums => {
            let rows = state.calls.len();
            state.calls.follow = by > 0 && is_last(state.calls.cursor.at, rows);
        }
        Pane::Stack => show::select_row(state),
        Pane::Source if state.layout.split => show::align_code(state),
        _ => {}
    }
}
