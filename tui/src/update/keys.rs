//! Where a key goes: to the topmost popup, to a line that is typed, or through the table of actions
//! to the pane in focus.

use super::{actions, ask, console, moving, show};
use crate::actions::Action;
use crate::keys::Key;
use crate::line_edit::Edited;
use crate::pane::Pane;
use crate::state::popup::{Choice, Popup};
use crate::state::{Purpose, State};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind};
use wasmscope_debugger::protocol::{BreakpointPlace, Command};

/// Takes a key.
pub(super) fn key(state: &mut State, event: &KeyEvent) {
    if event.kind == KeyEventKind::Release {
        return;
    }
    state.notice = None;
    let key = Key::of(event);
    if let Some(popup) = state.popups.pop() {
        popup_key(state, popup, key);
    } else if state.output.typing && state.focus() == Pane::Output {
        input_key(state, key);
    } else if state.focus() == Pane::Console {
        console_key(state, key);
    } else {
        pane_key(state, key);
    }
}

/// Takes pasted text: it is typed where text is typed, and nowhere else.
pub(super) fn paste(state: &mut State, text: &str) {
    let focus = state.focus();
    match state.popups.last_mut() {
        Some(Popup::Ask { line, .. }) => line.insert(text),
        Some(Popup::Choose(chooser)) => {
            chooser.line.insert(text);
            chooser.search();
        }
        Some(_) => {}
        None if focus == Pane::Console => state.console.line.insert(text),
        None if focus == Pane::Output => {
            state.output.typing = true;
            state.output.input.insert(text);
        }
        None => {}
    }
}

fn pane_key(state: &mut State, key: Key) {
    let pane = state.focus();
    if let Some(action) = state.bindings.action(pane, key) {
        open_or(state, pane, action);
        return;
    }
    if let Some(pane) = key.types().and_then(Pane::of_digit) {
        state.set_focus(pane);
        return;
    }
    match (key.plain(), pane) {
        (Some(KeyCode::Esc), _) => {
            state.layout.maximised = false;
        }
        (Some(KeyCode::Enter), Pane::Stack) => show::open_row(state),
        (Some(KeyCode::Enter), Pane::Calls) => open_call(state),
        (Some(KeyCode::Enter), Pane::Breakpoints) => open_breakpoint(state),
        _ => {
            moving::by_key(state, pane, key);
        }
    }
}

fn open_or(state: &mut State, _pane: Pane, action: Action) {
    actions::perform(state, action);
}

/// Shows where the selected breakpoint is.
pub(super) fn open_breakpoint(state: &mut State) {
    let Some(selected) = state.breakpoints.selected() else {
        return;
    };
    let place = selected
        .locations
        .iter()
        .find_map(|location| location.place.clone());
    let asked = match &selected.spec.place {
        BreakpointPlace::Line { file, line, .. } => Some((file.clone(), Some(*line))),
        _ => None,
    };
    match place.map(|place| (place.file, place.line)).or(asked) {
        Some((file, line)) => {
            show::line(state, &file, line);
            state.set_focus(Pane::Source);
        }
        None => state.tell("this breakpoint has no place in the source"),
    }
}

/// Shows the source line that made the selected call.
pub(super) fn open_call(state: &mut State) {
    if state.calls.sums {
        state.calls.sums = false;
        return;
    }
    let at = state.calls.cursor.at;
    let Some(call) = state.calls.get(at) else {
        return;
    };
    match call
        .site
        .as_ref()
        .and_then(|site| Some((site.file.clone()?, site.line)))
    {
        Some((file, line)) => {
            show::line(state, &file, line);
            state.reveal(Pane::Source);
        }
        None => state.tell("which line made this call is not known"),
    }
}

fn input_key(state: &mut State, key: Key) {
    match (key.plain(), key.ctrl()) {
        (Some(KeyCode::Enter), _) => {
            let line = state.output.input.take();
            state
                .output
                .say(crate::state::output::Writer::Input, &format!("{line}\n"));
            let mut bytes = line.into_bytes();
            bytes.push(b'\n');
            state.send(Command::Input { bytes }, Purpose::Nothing);
        }
        (Some(KeyCode::Esc), _) => state.output.typing = false,
        (Some(KeyCode::Tab), _) => {
            state.output.typing = false;
            actions::perform(state, Action::NextPane);
        }
        (_, Some('d')) if state.output.input.text().is_empty() => {
            actions::perform(state, Action::EndInput)
        }
        (_, Some('c')) => actions::perform(state, Action::Pause),
        _ => {
            if state.output.input.key(key) == Edited::No {
                everywhere(state, key);
            }
        }
    }
}

fn console_key(state: &mut State, key: Key) {
    let is_tab = matches!(key.plain(), Some(KeyCode::Tab));
    let is_back_tab = key.to_string() == "shift-tab";
    if (is_tab || is_back_tab) && !state.console.line.text().is_empty() {
        console::complete(state, if is_tab { 1 } else { -1 });
        return;
    }
    state.console.completions = None;
    match (key.plain(), key.ctrl()) {
        (Some(KeyCode::Enter), _) => console::submit(state),
        (Some(KeyCode::Esc), _) if state.console.line.text().is_empty() => {
            // Back to where the focus came from.
            if let Some(before) = state.recent.get(1).copied() {
                state.set_focus(before);
            }
        }
        (Some(KeyCode::Esc), _) => state.console.line.set(""),
        (Some(KeyCode::PageUp), _) => moving::step(state, Pane::Console, -8),
        (Some(KeyCode::PageDown), _) => moving::step(state, Pane::Console, 8),
        (_, Some('c')) => match state.console.line.text().is_empty() {
            true => actions::perform(state, Action::Pause),
            false => state.console.line.set(""),
        },
        (_, Some('d')) if state.console.line.text().is_empty() => {
            actions::perform(state, Action::Quit)
        }
        _ => {
            if state.console.line.key(key) == Edited::Yes {
                state.console.cursor.at = state.console.lines.len();
            } else {
                everywhere(state, key);
            }
        }
    }
}

/// What a key that types nothing does wherever text is typed: function keys, for one.
fn everywhere(state: &mut State, key: Key) {
    if key.types().is_none()
        && let Some(action) = state.bindings.action(state.focus(), key)
    {
        actions::perform(state, action);
    }
}

fn popup_key(state: &mut State, popup: Popup, key: Key) {
    if matches!(key.plain(), Some(KeyCode::Esc)) || key.ctrl() == Some('c') {
        return;
    }
    match popup {
        Popup::Help(mut cursor) => {
            let is_closed = key.types().is_some_and(|c| matches!(c, '?' | 'q'));
            if !is_closed {
                let rows = crate::view::help::lines(state).len();
                scroll_text(state, &mut cursor, rows, key);
                state.popups.push(Popup::Help(cursor));
            }
        }
        Popup::Text {
            title,
            lines,
            mut cursor,
        } => {
            if key.types() != Some('q') {
                scroll_text(state, &mut cursor, lines.len(), key);
                state.popups.push(Popup::Text {
                    title,
                    lines,
                    cursor,
                });
            }
        }
        Popup::Confirm { question, yes } => match (key.plain(), key.types()) {
            (Some(KeyCode::Enter), _) | (_, Some('y' | 'Y')) => {
                super::running::confirmed(state, yes)
            }
            (_, Some('n' | 'N' | 'q')) => {}
            _ => state.popups.push(Popup::Confirm { question, yes }),
        },
        Popup::Ask {
            title,
            hint,
            mut line,
            purpose,
            ..
        } => {
            if matches!(key.plain(), Some(KeyCode::Enter)) {
                let text = line.text().to_owned();
                if let Err(error) = ask::answer(state, &purpose, &text) {
                    let error = Some(error);
                    state.popups.push(Popup::Ask {
                        title,
                        hint,
                        line,
                        purpose,
                        error,
                    });
                }
                return;
            }
            line.key(key);
            state.popups.push(Popup::Ask {
                title,
                hint,
                line,
                purpose,
                error: None,
            });
        }
        Popup::Choose(mut chooser) => {
            let rows = chooser.found.len();
            match (key.plain(), key.ctrl()) {
                (Some(KeyCode::Enter), _) => {
                    chosen(state, &chooser);
                    return;
                }
                (Some(KeyCode::Up), _) | (_, Some('p')) => chooser.cursor.step(-1, rows),
                (Some(KeyCode::Down), _) | (_, Some('n')) => chooser.cursor.step(1, rows),
                (Some(KeyCode::PageUp), _) => chooser.cursor.step(-10, rows),
                (Some(KeyCode::PageDown), _) => chooser.cursor.step(10, rows),
                _ => {
                    let before = chooser.line.text().to_owned();
                    chooser.line.key(key);
                    if chooser.line.text() != before {
                        chooser.search();
                        if let Some(query) = chooser.asks_anew() {
                            show::functions(state, &query);
                        }
                    }
                }
            }
            state.popups.push(Popup::Choose(chooser));
        }
    }
}

fn chosen(state: &mut State, chooser: &crate::state::popup::Chooser) {
    let item = chooser.item(chooser.cursor.at).map(str::to_owned);
    match (chooser.choice, item) {
        (Choice::Action, _) => {
            if let Some(action) = chooser.action() {
                actions::perform(state, action);
            }
        }
        (Choice::File, Some(file)) => {
            show::line(state, &file, None);
            state.set_focus(Pane::Source);
        }
        (Choice::Function, Some(name)) => {
            let place = BreakpointPlace::Function { name: name.clone() };
            state.send(Command::Resolve { place }, Purpose::Show(name));
        }
        (_, None) => {}
    }
}

fn scroll_text(state: &State, cursor: &mut crate::cursor::Cursor, rows: usize, key: Key) {
    let height = usize::from(state.screen.height).saturating_sub(6).max(1);
    let page = isize::try_from(height).unwrap_or(1);
    let by = match (key.plain(), key.types()) {
        (Some(KeyCode::Up), _) | (_, Some('k')) => -1,
        (Some(KeyCode::Down), _) | (_, Some('j')) => 1,
        (Some(KeyCode::PageUp), _) => page.saturating_neg(),
        (Some(KeyCode::PageDown), _) | (_, Some(' ')) => page,
        (Some(KeyCode::Home), _) | (_, Some('g')) => isize::MAX.saturating_neg(),
        (Some(KeyCode::End), _) | (_, Some('G')) => isize::MAX,
        _ => 0,
    };
    cursor.scroll(by, rows, height);
}

/// Brings the topmost popup's cursor back to where there is something.
pub(super) fn settle_popup(state: &mut State) {
    let area = crate::view::popups::list_height(state);
    if let Some(Popup::Choose(chooser)) = state.popups.last_mut() {
        let rows = chooser.found.len();
        chooser.cursor.settle(rows, area);
    }
}
