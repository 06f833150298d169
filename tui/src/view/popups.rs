//! Popups: help, lists to choose from, questions, text.

use super::{
    help,
    paint::{Row, clear, tint},
};
use crate::actions::TABLE;
use crate::state::State;
use crate::state::popup::{Choice, Chooser, Popup};
use crate::text;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Where the topmost popup is.
pub(crate) fn area(state: &State) -> Rect {
    let screen = state.screen;
    let (width, height) = match state.popups.last() {
        Some(Popup::Help(_)) => (100, screen.height.saturating_sub(2)),
        // As high as what is to be read, and not a box of nothing.
        Some(Popup::Text { lines, .. }) => (
            100,
            u16::try_from(lines.len())
                .unwrap_or(u16::MAX)
                .saturating_add(2),
        ),
        Some(Popup::Choose(_)) => (90, 24),
        Some(Popup::Ask { error, .. }) => (76, if error.is_some() { 6 } else { 5 }),
        Some(Popup::Confirm { .. }) => (56, 5),
        None => (0, 0),
    };
    let width = width.min(screen.width.saturating_sub(2));
    let height = height.min(screen.height.saturating_sub(2));
    let x = screen.width.saturating_sub(width) / 2;
    // A list and a question are found where the eye is: above the middle.
    let y = match state.popups.last() {
        Some(Popup::Help(_) | Popup::Text { .. }) => 1,
        _ => screen.height.saturating_sub(height) / 4,
    };
    Rect::new(
        screen.x.saturating_add(x),
        screen.y.saturating_add(y.max(1)),
        width,
        height,
    )
    .intersection(screen)
}

fn inner(state: &State) -> Rect {
    let area = area(state);
    Rect::new(
        area.x.saturating_add(1),
        area.y.saturating_add(1),
        area.width.saturating_sub(2),
        area.height.saturating_sub(2),
    )
}

/// The first line of the screen with a row of the topmost list.
pub(crate) fn first_row(state: &State) -> u16 {
    inner(state).y.saturating_add(2)
}

/// Rows that the topmost list has.
pub(crate) fn list_height(state: &State) -> usize {
    usize::from(inner(state).height.saturating_sub(2)).max(1)
}

/// Draws the topmost popup; gives the cursor's place where text is typed.
pub(super) fn draw(state: &State, buf: &mut Buffer) -> Option<Position> {
    let popup = state.popups.last()?;
    let outer = area(state);
    frame(state, outer, &title(popup), buf);
    let area = inner(state);
    match popup {
        Popup::Help(cursor) => {
            page(state, &help::lines(state), cursor.top, area, buf);
            None
        }
        Popup::Text { lines, cursor, .. } => {
            page(state, lines, cursor.top, area, buf);
            None
        }
        Popup::Confirm { question, .. } => {
            Row::new(buf, area, 0)
                .put(" ", state.theme.text)
                .put_cut(question, state.theme.strong);
            let mut keys = Row::new(buf, area, 2);
            keys.put(" y ", state.theme.key)
                .put("yes   ", state.theme.text);
            keys.put("n ", state.theme.key).put("no", state.theme.text);
            None
        }
        Popup::Ask {
            hint, line, error, ..
        } => {
            let mut out = Row::new(buf, area, 0);
            out.put(" › ", state.theme.key);
            let (shown, column) = line.window(out.room().saturating_sub(1));
            let x = out.x().saturating_add(u16::try_from(column).unwrap_or(0));
            out.put(&shown, state.theme.text);
            Row::new(buf, area, 2)
                .put("   ", state.theme.dim)
                .put_cut(hint, state.theme.dim);
            if let Some(error) = error {
                Row::new(buf, area, 3)
                    .put("   ", state.theme.error)
                    .put_cut(error, state.theme.error);
            }
            Some(Position::new(x, area.y))
        }
        Popup::Choose(chooser) => Some(choose(state, chooser, area, buf)),
    }
}

fn title(popup: &Popup) -> String {
    match popup {
        Popup::Help(_) => "help".to_owned(),
        Popup::Choose(chooser) => match chooser.choice {
            Choice::Action => "everything there is to do".to_owned(),
            Choice::File => "source files".to_owned(),
            Choice::Function => "functions".to_owned(),
        },
        Popup::Ask { title, .. } | Popup::Text { title, .. } => title.clone(),
        Popup::Confirm { .. } => "sure?".to_owned(),
    }
}

fn frame(state: &State, area: Rect, title: &str, buf: &mut Buffer) {
    clear(buf, area, state.theme.popup);
    let style = state.theme.popup.patch(state.theme.dim);
    let width = usize::from(area.width.saturating_sub(2));
    let last = area.height.saturating_sub(1);
    for line in 0..area.height {
        let mut out = Row::new(buf, area, line);
        match line {
            0 => {
                let title = text::fit(&text::clean(title), width.saturating_sub(4)).into_owned();
                let rest = width.saturating_sub(text::width(&title).saturating_add(3));
                out.put("╭─ ", style)
                    .put(&title, state.theme.popup.patch(state.theme.strong));
                out.put(" ", style)
                    .put(&"─".repeat(rest), style)
                    .put("╮", style);
            }
            line if line == last => {
                out.put("╰", style)
                    .put(&"─".repeat(width), style)
                    .put("╯", style);
            }
            _ => {
                out.put("│", style).right("│", style);
            }
        }
    }
}

fn page(state: &State, lines: &[String], top: usize, area: Rect, buf: &mut Buffer) {
    for (line, text) in (0..area.height).zip(lines.iter().skip(top)) {
        let style = match text.starts_with(' ') {
            true => state.theme.text,
            false => state.theme.strong,
        };
        Row::new(buf, area, line)
            .put(" ", style)
            .put_cut(text, style);
    }
    let shown = top.saturating_add(usize::from(area.height));
    if shown < lines.len() {
        let last = area.height.saturating_sub(1);
        Row::new(buf, area, last).right(" ▼ more ", state.theme.key);
    }
}

fn choose(state: &State, chooser: &Chooser, area: Rect, buf: &mut Buffer) -> Position {
    let theme = &state.theme;
    let mut out = Row::new(buf, area, 0);
    out.put(" › ", theme.key);
    let count = match (chooser.waiting, chooser.truncated) {
        (true, _) => " … ".to_owned(),
        (false, true) => format!(" {} of the first {} ", chooser.found.len(), chooser.len()),
        (false, false) => format!(" {} of {} ", chooser.found.len(), chooser.len()),
    };
    out.right(&count, theme.dim);
    let (shown, column) = chooser.line.window(out.room().saturating_sub(1));
    let x = out.x().saturating_add(u16::try_from(column).unwrap_or(0));
    out.put(&shown, theme.text);
    let list = Rect::new(
        area.x,
        area.y.saturating_add(2),
        area.width,
        area.height.saturating_sub(2),
    );
    for line in 0..list.height {
        let row = chooser.cursor.top.saturating_add(usize::from(line));
        let Some(item) = chooser.item(row) else {
            break;
        };
        if row == chooser.cursor.at {
            tint(buf, list, line, theme.selected);
        }
        let mut out = Row::new(buf, list, line);
        out.put("   ", theme.text);
        let place = chooser.found.get(row).copied();
        if chooser.choice == Choice::Action
            && let Some(action) = place.and_then(|place| TABLE.get(place))
        {
            let keys: Vec<String> = state
                .bindings
                .keys(action.action)
                .iter()
                .map(ToString::to_string)
                .collect();
            out.right(&format!("{}  ", keys.join(" ")), theme.key);
        }
        match chooser.choice {
            Choice::File => {
                let room = out.room();
                let path = text::fit_end(&text::clean(item), room).into_owned();
                out.put(&path, theme.text)
            }
            _ => out.put_cut(item, theme.text),
        };
    }
    Position::new(x, area.y)
}
