//! The source: gutter, coloured lines, the line that the guest is at, and the banner on a failure.

use super::{
    is_found, low,
    paint::{Row, tint},
    remark, selection, visible,
};
use crate::highlight::{Spans, Token};
use crate::pane::Pane;
use crate::state::source::File;
use crate::state::{Guest, State};
use crate::text;
use crate::update::{describe, place_text};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::collections::HashMap;
use wasmscope_debugger::protocol::{Breakpoint, BreakpointPlace, Exit, StopReason};

/// What a pane's header says.
pub(super) fn title(state: &State) -> String {
    let Some(name) = &state.source.shown else {
        return String::new();
    };
    match state.source.file() {
        Some(file) if file.changed => format!("{name} (changed since it was built)"),
        _ => name.clone(),
    }
}

/// The message of a failure, whole.
fn failure(state: &State) -> Option<String> {
    match &state.guest {
        Guest::Stopped(stop) => match &stop.reason {
            StopReason::Trap { headline } => Some(headline.clone()),
            StopReason::Panic { message } => {
                let headline = state.report.as_ref().map(|report| report.headline.clone());
                headline.or_else(|| match message {
                    Some(message) => Some(format!("panicked: {message}")),
                    None => Some("panicked".to_owned()),
                })
            }
            _ => None,
        },
        Guest::Exited(Exit::Failure { headline, .. }) => Some(headline.clone()),
        Guest::Failed(message) => Some(message.clone()),
        _ => None,
    }
}

fn banner_lines(state: &State, width: usize) -> Vec<String> {
    let Some(failure) = failure(state) else {
        return Vec::new();
    };
    let mut lines = text::wrap(failure.trim(), width);
    let more = lines.len() > 3;
    lines.truncate(3);
    if let Some(last) = lines.last_mut().filter(|_| more) {
        last.push_str(" …");
    }
    if matches!(state.guest, Guest::Failed(_)) {
        return lines;
    }
    let mut ways = Vec::new();
    if !state.stack.frames.is_empty() {
        ways.push("3 stack".to_owned());
    }
    if state.calls.total > 0 {
        ways.push("6 last host calls".to_owned());
    }
    if state.report.is_some() {
        ways.push("! whole report".to_owned());
    }
    ways.push("r restart".to_owned());
    lines.push(ways.join("   "));
    lines
}

fn pane_width(state: &State) -> usize {
    let arrangement = state.arrangement();
    arrangement
        .slot_of(Pane::Source)
        .map_or(60, |slot| usize::from(slot.body.width))
        .saturating_sub(4)
        .max(10)
}

/// Lines that the banner takes of so many.
pub(crate) fn banner_height(state: &State, height: usize) -> usize {
    banner_lines(state, pane_width(state)).len().min(height / 2)
}

/// Columns before the source.
pub(crate) fn gutter_width(state: &State) -> u16 {
    let last = state
        .source
        .file()
        .map_or(0, |file| file.line(file.lines.len()));
    let digits = last.to_string().len().max(3);
    u16::try_from(digits.saturating_add(4)).unwrap_or(8)
}

/// Draws the source.
pub(super) fn draw(state: &State, area: Rect, buf: &mut Buffer) {
    let banner = u16::try_from(banner_height(state, usize::from(area.height))).unwrap_or(0);
    for (line, text) in (0..banner).zip(banner_lines(state, pane_width(state))) {
        tint(buf, area, line, state.theme.banner);
        let sign = if line == 0 { " ✖ " } else { "   " };
        Row::new(buf, area, line)
            .put(sign, state.theme.banner)
            .put_cut(&text, state.theme.banner);
    }
    let body = Rect::new(
        area.x,
        area.y.saturating_add(banner),
        area.width,
        area.height.saturating_sub(banner),
    );
    match (state.source.file(), &state.source.shown) {
        (Some(file), Some(name)) => lines(state, name, file, body, buf),
        (None, Some(name)) => match state.source.missing.get(name) {
            Some(reason) => without(state, reason, body, buf),
            None => remark(state, body, buf, &format!("reading {name} …")),
        },
        _ => nothing(state, body, buf),
    }
}

/// Without a source the opcodes are the next best thing.
fn without(state: &State, reason: &str, area: Rect, buf: &mut Buffer) {
    remark(state, area, buf, reason);
    let used = text::wrap(reason, usize::from(area.width).saturating_sub(2))
        .len()
        .saturating_add(1);
    let used = u16::try_from(used).unwrap_or(u16::MAX).min(area.height);
    let rest = Rect::new(
        area.x,
        area.y.saturating_add(used),
        area.width,
        area.height.saturating_sub(used),
    );
    if state.code.listing.is_some() {
        low::disassembly(state, rest, buf);
    }
}

fn nothing(state: &State, area: Rect, buf: &mut Buffer) {
    match &state.guest {
        Guest::Preparing => remark(
            state,
            area,
            buf,
            "The program is being compiled. You can look at its files (o) and set breakpoints already.",
        ),
        Guest::Ready => remark(
            state,
            area,
            buf,
            "Ready. c starts the program, n starts it and stops at main, o opens a file.",
        ),
        Guest::Stopped(_) => without(
            state,
            "There is no line for this place: the code has no debug info.",
            area,
            buf,
        ),
        Guest::Failed(_) => {}
        _ => remark(state, area, buf, "o opens a source file."),
    }
}

fn lines(state: &State, name: &str, file: &File, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let signs = signs(state, name);
    let here = marks(state, name);
    let digits = usize::from(gutter_width(state)).saturating_sub(4);
    let cursor = state.source.cursor;
    for (place, row, is_selected) in
        visible(state, Pane::Source, cursor.top, cursor.at, area.height)
    {
        let number = file.line(place);
        let text = file.lines.get(place).map_or("", String::as_str);
        let has_code = file.has_code.get(place) == Some(&true);
        let mark = here.get(&number).copied();
        match mark {
            Some(Mark::Current) => tint(buf, area, row, theme.current),
            Some(Mark::Outer) => tint(buf, area, row, theme.outer),
            None => {}
        }
        if is_selected && mark.is_none() {
            tint(buf, area, row, selection(state, Pane::Source));
        }
        let mut line = Row::new(buf, area, row);
        let (sign, style) = signs.get(&number).copied().unwrap_or((" ", theme.text));
        line.put(sign, style);
        let number_style = if has_code { theme.text } else { theme.dim };
        let is_here = is_selected && state.focus() == Pane::Source;
        let number_style = if is_here { theme.strong } else { number_style };
        line.put(&format!("{number:>digits$}"), number_style);
        let sign = match mark {
            Some(Mark::Current) => " ▶ ",
            Some(Mark::Outer) => " ▷ ",
            None if is_selected => " › ",
            None => "   ",
        };
        line.put(sign, theme.strong);
        let mut line = line.scrolled(state.source.left);
        let spans = file.spans.get(place);
        let on_colour = mark.is_some() && theme.current.fg.is_some();
        code(state, &mut line, text, spans, !on_colour);
        if is_found(state, text) {
            found(state, buf, area, row, text);
        }
        if mark == Some(Mark::Current) {
            aside(state, area, row, text, buf);
        }
    }
}

/// A line with its words in their colours.
fn code(state: &State, line: &mut Row<'_>, text: &str, spans: Option<&Spans>, coloured: bool) {
    let mut from = 0usize;
    for (end, token) in spans.into_iter().flatten() {
        let end = usize::try_from(*end).unwrap_or(usize::MAX).min(text.len());
        let style = if coloured {
            state.theme.token(*token)
        } else {
            Style::new()
        };
        line.put(text.get(from..end).unwrap_or_default(), style);
        from = end.max(from);
    }
    let rest = text.get(from..).unwrap_or_default();
    let style = if coloured {
        state.theme.token(Token::Plain)
    } else {
        Style::new()
    };
    line.put(rest, style);
}

/// Marks what was searched for in a line.
fn found(state: &State, buf: &mut Buffer, area: Rect, row: u16, text: &str) {
    let Some(wanted) = state.search.as_deref().filter(|wanted| !wanted.is_empty()) else {
        return;
    };
    let fold = !wanted.chars().any(char::is_uppercase);
    let hay = if fold {
        text.to_lowercase()
    } else {
        text.to_owned()
    };
    // Lower case may be longer or shorter: then only the line is known, not the place.
    if hay.len() != text.len() {
        return;
    }
    let start = area.x.saturating_add(gutter_width(state));
    for (at, _) in hay.match_indices(wanted).take(50) {
        let columns = |end: usize| {
            let before = text::clean(text.get(..end).unwrap_or_default()).into_owned();
            text::width(&text::expand(&before, 0)).checked_sub(state.source.left)
        };
        if let (Some(from), Some(to)) = (columns(at), columns(at.saturating_add(wanted.len()))) {
            let x = start.saturating_add(u16::try_from(from).unwrap_or(u16::MAX));
            let width = u16::try_from(to.saturating_sub(from)).unwrap_or(0);
            let mark = Rect::new(x, area.y.saturating_add(row), width, 1).intersection(area);
            buf.set_style(mark, state.theme.found);
        }
    }
}

/// What is said at the end of the current line: that the call is inlined, or why the guest stopped.
fn aside(state: &State, area: Rect, row: u16, line: &str, buf: &mut Buffer) {
    let Some(stop) = state.guest.stop() else {
        return;
    };
    let mut words = Vec::new();
    if state.frame_info().is_some_and(|frame| frame.inlined) {
        words.push("inlined call".to_owned());
    }
    if let StopReason::Finished { .. } | StopReason::Watch { .. } = stop.reason {
        let text = describe(stop);
        words.push(text.split(", at ").next().unwrap_or_default().to_owned());
    }
    if words.is_empty() {
        return;
    }
    let used = text::width(&text::expand(&text::clean(line), 0)).saturating_sub(state.source.left);
    let start = usize::from(gutter_width(state))
        .saturating_add(used)
        .saturating_add(2);
    let start = u16::try_from(start).unwrap_or(u16::MAX);
    if start < area.width {
        let rest = Rect::new(
            area.x.saturating_add(start),
            area.y,
            area.width.saturating_sub(start),
            area.height,
        );
        Row::new(buf, rest, row).put_cut(&format!("⟵ {}", words.join(", ")), state.theme.own);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// The line that the innermost shown frame is at.
    Current,
    /// The line of a frame further out.
    Outer,
}

/// Lines of the file that frames are at.
fn marks(state: &State, name: &str) -> HashMap<u32, Mark> {
    let mut marks = HashMap::new();
    let Some(stop) = state.guest.stop() else {
        return marks;
    };
    let mut add = |place: Option<&wasmscope_debugger::explain::Place>, mark| {
        if let Some(place) = place
            && place.file == name
            && let Some(line) = place.line
        {
            marks.insert(line, mark);
        }
    };
    if let Some(selected) = state.frame_info() {
        let is_outer = selected.id != stop.frame;
        add(
            selected.place.as_ref(),
            if is_outer { Mark::Outer } else { Mark::Current },
        );
    }
    add(
        stop.info.as_ref().and_then(|info| info.place.as_ref()),
        Mark::Current,
    );
    marks
}

/// The sign of each line with a breakpoint.
fn signs(state: &State, name: &str) -> HashMap<u32, (&'static str, Style)> {
    let mut signs = HashMap::new();
    for breakpoint in &state.breakpoints.list {
        let sign = sign(state, breakpoint);
        let mut any = false;
        for location in breakpoint.locations.iter().take(2_000) {
            if let Some(place) = &location.place
                && place.file == name
                && let Some(line) = place.line
            {
                signs.insert(line, sign);
                any = true;
            }
        }
        if let BreakpointPlace::Line { file, line, .. } = &breakpoint.spec.place
            && !any
            && breakpoint.locations.is_empty()
            && file == name
        {
            signs.insert(*line, sign);
        }
    }
    signs
}

/// A breakpoint's sign: filled when it stops, hollow when it does not.
pub(super) fn sign(state: &State, breakpoint: &Breakpoint) -> (&'static str, Style) {
    let spec = &breakpoint.spec;
    let has_place = !breakpoint.locations.is_empty()
        || matches!(
            spec.place,
            BreakpointPlace::Panic
                | BreakpointPlace::HostCall { .. }
                | BreakpointPlace::Watch { .. }
        );
    let conditional = spec.condition.is_some() || spec.hits.is_some() || spec.ignore > 0;
    let sign = match (spec.enabled && has_place, spec.log.is_some(), conditional) {
        (false, _, _) => "○",
        (true, true, _) => "◇",
        (true, false, true) => "◆",
        (true, false, false) => "●",
    };
    let style = if spec.enabled {
        state.theme.breakpoint
    } else {
        state.theme.dim
    };
    (sign, style)
}

/// Where the selected frame is, for the status line.
pub(super) fn here(state: &State) -> String {
    match state.frame_place() {
        Some(place) => place_text(place),
        None => match state.frame_info() {
            Some(frame) => format!("{:#x}", frame.pc),
            None => String::new(),
        },
    }
}
