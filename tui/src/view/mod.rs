//! Drawing: the state as a screen. Nothing here changes anything.

pub(crate) mod bars;
pub(crate) mod help;
pub(crate) mod lists;
pub(crate) mod low;
mod paint;
pub(crate) mod popups;
pub(crate) mod report;
pub(crate) mod source;
pub(crate) mod values;

use crate::layout::Slot;
use crate::pane::Pane;
use crate::state::State;
use crate::text;
use crate::update::moving;
use paint::Row;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

/// Draws everything.
pub fn view(state: &State, frame: &mut Frame<'_>) {
    let arrangement = state.arrangement();
    let buf = frame.buffer_mut();
    buf.set_style(buf.area, state.theme.text);
    let mut cursor = None;
    for slot in &arrangement.slots {
        header(state, slot, buf);
        let found = pane(state, slot.shown, slot.body, buf);
        if slot.shown == state.focus() {
            cursor = found;
        }
    }
    for border in &arrangement.borders {
        for line in 0..border.height {
            Row::new(buf, *border, line).put("│", state.theme.border);
        }
    }
    bars::status(state, arrangement.status, buf);
    bars::hints(state, arrangement.hints, buf);
    if !state.popups.is_empty() {
        cursor = popups::draw(state, buf);
    }
    if let Some(at) = cursor {
        frame.set_cursor_position(at);
    }
}

/// Draws a pane; where the terminal's cursor belongs, when text is typed in it.
fn pane(state: &State, pane: Pane, area: Rect, buf: &mut Buffer) -> Option<Position> {
    match pane {
        Pane::Source => source::draw(state, area, buf),
        Pane::Disassembly => low::disassembly(state, area, buf),
        Pane::Variables => values::draw(state, Pane::Variables, &state.variables, area, buf),
        Pane::Watches => values::draw(state, Pane::Watches, &state.watches, area, buf),
        Pane::Stack => lists::stack(state, area, buf),
        Pane::Breakpoints => lists::breakpoints(state, area, buf),
        Pane::Wasm => low::wasm(state, area, buf),
        Pane::Output => return lists::output(state, area, buf),
        Pane::Calls => lists::calls(state, area, buf),
        Pane::Console => return lists::console(state, area, buf),
        Pane::Memory => low::memory(state, area, buf),
    }
    None
}

/// Where the tabs of a place are.
pub(crate) fn tabs(state: &State, slot: &Slot) -> Vec<(Pane, Rect)> {
    let is_focus = |pane: Pane| pane == state.focus() && pane == slot.shown;
    // Where not all titles fit, those that are not shown are digits.
    let width = |brief: bool| -> u16 {
        let widths = slot
            .panes
            .iter()
            .map(|pane| tab_text(*pane, brief && *pane != slot.shown));
        widths
            .map(|text| u16::try_from(text::width(&text)).unwrap_or(0))
            .sum()
    };
    let brief = width(false) > slot.header.width;
    let mut x = slot.header.x;
    let mut found = Vec::new();
    for pane in &slot.panes {
        let title = tab_text(*pane, brief && *pane != slot.shown && !is_focus(*pane));
        let width = u16::try_from(text::width(&title)).unwrap_or(0);
        let area = Rect::new(x, slot.header.y, width, slot.header.height);
        found.push((*pane, area.intersection(slot.header)));
        x = x.saturating_add(width);
    }
    found
}

fn tab_text(pane: Pane, brief: bool) -> String {
    match (pane.digit(), brief) {
        (Some(digit), true) => format!(" {digit} "),
        (Some(digit), false) => format!(" {digit} {} ", pane.title()),
        (None, true) => format!(" {} ", text::head(pane.title(), 1)),
        (None, false) => format!(" {} ", pane.title()),
    }
}

fn header(state: &State, slot: &Slot, buf: &mut Buffer) {
    let theme = &state.theme;
    buf.set_style(slot.header, theme.header);
    let mut end = slot.header.x;
    let tabs = tabs(state, slot);
    let brief = tabs
        .iter()
        .any(|(pane, area)| usize::from(area.width) < text::width(&tab_text(*pane, false)));
    for (pane, area) in tabs {
        let style = match (pane == slot.shown, pane == state.focus()) {
            (true, true) => theme.tab_focus,
            (true, false) => theme.tab_shown,
            _ => theme.tab,
        };
        let title = tab_text(pane, brief && pane != slot.shown);
        Row::new(buf, area, 0).put(&title, style);
        end = area.right();
    }
    let rest = Rect::new(
        end,
        slot.header.y,
        slot.header.right().saturating_sub(end),
        slot.header.height,
    );
    let about = about(state, slot.shown);
    let room = usize::from(rest.width).saturating_sub(2);
    // A few letters of it would say nothing.
    let about = match room {
        ..10 if text::width(&about) > room => String::new(),
        room => text::fit_end(&text::clean(&about), room).into_owned(),
    };
    Row::new(buf, rest, 0).right(&format!("{about} "), theme.header);
}

/// What a pane's header says at its end.
fn about(state: &State, pane: Pane) -> String {
    match pane {
        Pane::Source => source::title(state),
        Pane::Disassembly => match &state.code.listing {
            Some(listing) => listing.function.clone(),
            None => String::new(),
        },
        Pane::Variables => {
            let frame = state.frame_info().filter(|_| state.guest.stop().is_some());
            frame
                .and_then(|frame| frame.function.clone())
                .unwrap_or_default()
        }
        Pane::Stack => match state.stack.total {
            Some(total) if total > 0 => format!(
                "{} frames",
                text::grouped(u64::try_from(total).unwrap_or(u64::MAX))
            ),
            _ => String::new(),
        },
        Pane::Output => lists::output_about(state),
        Pane::Calls => lists::calls_about(state),
        Pane::Memory if state.memory.size > 0 => format!("of {}", text::size(state.memory.size)),
        _ => String::new(),
    }
}

/// The first line of the screen that shows a row of the pane.
pub(crate) fn first_row(state: &State, pane: Pane, body: Rect) -> u16 {
    let above = match pane {
        Pane::Source => source::banner_height(state, usize::from(body.height)),
        Pane::Memory => 1,
        _ => 0,
    };
    body.y.saturating_add(u16::try_from(above).unwrap_or(0))
}

/// A row of a pane as text, for searching and copying.
pub(crate) fn row_text(state: &State, pane: Pane, row: usize) -> Option<String> {
    match pane {
        Pane::Source => state.source.file()?.lines.get(row).cloned(),
        Pane::Disassembly => Some(state.code.listing.as_ref()?.lines.get(row)?.text.clone()),
        Pane::Variables => values::row_text(&state.variables, row),
        Pane::Watches => values::row_text(&state.watches, row),
        Pane::Stack => lists::stack_row_text(state, row),
        Pane::Breakpoints => state.breakpoints.list.get(row).map(lists::breakpoint_text),
        Pane::Wasm => state.wasm.rows().get(row).map(low::wasm_text),
        Pane::Output => state
            .output
            .lines
            .get(row)
            .map(|line| crate::state::output::text(&line.bytes)),
        Pane::Calls if state.calls.sums => state.calls.table().lines().nth(row).map(str::to_owned),
        Pane::Calls => state.calls.get(row).map(|call| call.call.to_string()),
        Pane::Console => state.console.lines.get(row).map(|(_, line)| line.clone()),
        Pane::Memory => low::memory_text(state, row),
    }
}

/// Rows of a list that are on the screen: the place of each, the line that it is on, and whether it
/// is selected.
fn visible(
    state: &State,
    pane: Pane,
    top: usize,
    at: usize,
    height: u16,
) -> impl Iterator<Item = (usize, u16, bool)> {
    let rows = moving::rows(state, pane);
    let lines = 0..height;
    lines
        .map(move |line| (top.saturating_add(usize::from(line)), line))
        .filter(move |(row, _)| *row < rows)
        .map(move |(row, line)| (row, line, row == at))
}

/// The style that a selected row gets.
fn selection(state: &State, pane: Pane) -> Style {
    match pane == state.focus() && state.popups.is_empty() {
        true => state.theme.selected,
        false => state.theme.selected_dim,
    }
}

/// Says something in an empty pane.
fn remark(state: &State, area: Rect, buf: &mut Buffer, text: &str) {
    let width = usize::from(area.width).saturating_sub(2);
    for (line, text) in (0..area.height).zip(text::wrap(text, width)) {
        Row::new(buf, area, line)
            .put(" ", state.theme.dim)
            .put(&text, state.theme.dim);
    }
}

/// Whether a row has what was searched for, to make it stand out.
fn is_found(state: &State, text: &str) -> bool {
    state
        .search
        .as_deref()
        .is_some_and(|wanted| crate::update::matches_text(text, wanted))
}
