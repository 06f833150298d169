//! The panes that are lists: stack, breakpoints, output, host calls, console.

use super::{
    is_found,
    paint::{Row, tint},
    remark, selection, source, visible,
};
use crate::commands;
use crate::pane::Pane;
use crate::state::calls::site_text;
use crate::state::console::Said;
use crate::state::output::{self, Writer};
use crate::state::stack::{StackRow, folded_text};
use crate::state::{Guest, State};
use crate::text;
use crate::update::{moving, place_text};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use wasmscope_debugger::explain::FrameKind;
use wasmscope_debugger::protocol::{Breakpoint, BreakpointPlace, FrameInfo, OutputStream};

/// Draws the stack.
pub(super) fn stack(state: &State, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let rows = state.stack.rows(state.frame);
    if rows.is_empty() {
        let text = match state.guest {
            Guest::Running => "the program runs",
            _ => "",
        };
        remark(state, area, buf, text);
        return;
    }
    let cursor = state.stack.cursor;
    let is_old = state.guest.stop().is_none();
    for (place, line, is_selected) in
        visible(state, Pane::Stack, cursor.top, cursor.at, area.height)
    {
        if is_selected {
            tint(buf, area, line, selection(state, Pane::Stack));
        }
        let mut out = Row::new(buf, area, line);
        match rows.get(place) {
            Some(StackRow::Frame(frame)) => {
                let Some(frame) = state.stack.frames.get(*frame) else {
                    continue;
                };
                let is_chosen = frame.id == state.frame;
                let sign = if is_chosen { "▶" } else { " " };
                let style = match (is_old, frame.kind) {
                    (true, _) => theme.dim,
                    (_, FrameKind::User) => theme.strong,
                    (_, FrameKind::Dependency | FrameKind::Unknown) => theme.text,
                    _ => theme.dim,
                };
                out.put(sign, theme.strong)
                    .put(&format!("{:>2} ", frame.id), theme.dim);
                let at = frame_place(frame);
                let room = out.room();
                let title = frame_title(frame);
                // The place matters as much as the name: the name gives way.
                let for_place = text::width(&at).saturating_add(2).min(room / 2);
                let name =
                    text::fit(&text::clean(&title), room.saturating_sub(for_place)).into_owned();
                out.put(&name, style);
                let left = out.room().saturating_sub(2);
                let at = text::fit_end(&text::clean(&at), left).into_owned();
                out.right(&format!(" {at}"), theme.dim);
            }
            Some(StackRow::Folded { kinds, .. }) => {
                out.put("    … ", theme.dim)
                    .put_cut(&folded_text(kinds), theme.dim);
            }
            Some(StackRow::More(more)) => {
                let text = match more {
                    Some(more) => format!(
                        "    … {} more frames (enter)",
                        text::grouped(u64::try_from(*more).unwrap_or(u64::MAX))
                    ),
                    None => "    … more frames (enter)".to_owned(),
                };
                out.put_cut(&text, theme.dim);
            }
            None => {}
        }
    }
}

fn frame_title(frame: &FrameInfo) -> String {
    let name = match &frame.function {
        Some(name) => name.clone(),
        None => format!("function {}", frame.wasm_function),
    };
    match frame.inlined {
        true => format!("{name} (inlined)"),
        false => name,
    }
}

fn frame_place(frame: &FrameInfo) -> String {
    match &frame.place {
        Some(place) => place_text(place),
        None => format!("{:#x}", frame.pc),
    }
}

/// A row of the stack as text.
pub(super) fn stack_row_text(state: &State, row: usize) -> Option<String> {
    match state.stack.rows(state.frame).get(row)? {
        StackRow::Frame(frame) => {
            let frame = state.stack.frames.get(*frame)?;
            Some(format!(
                "{} {} {}",
                frame.id,
                frame_title(frame),
                frame_place(frame)
            ))
        }
        StackRow::Folded { kinds, .. } => Some(folded_text(kinds)),
        StackRow::More(_) => None,
    }
}

/// Draws the breakpoints.
pub(super) fn breakpoints(state: &State, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let list = &state.breakpoints;
    if list.list.is_empty() {
        remark(
            state,
            area,
            buf,
            "b in the source sets a breakpoint, a here sets one by name.",
        );
        return;
    }
    for (place, line, is_selected) in visible(
        state,
        Pane::Breakpoints,
        list.cursor.top,
        list.cursor.at,
        area.height,
    ) {
        let Some(breakpoint) = list.list.get(place) else {
            continue;
        };
        if is_selected {
            tint(buf, area, line, selection(state, Pane::Breakpoints));
        }
        let is_hit = state
            .guest
            .stop()
            .is_some_and(|stop| stop.breakpoints.contains(&breakpoint.id));
        let mut out = Row::new(buf, area, line);
        let (sign, style) = source::sign(state, breakpoint);
        out.put(sign, style)
            .put(&format!(" {} ", breakpoint.id), theme.dim);
        let style = match (breakpoint.spec.enabled, is_hit) {
            (false, _) => theme.dim,
            (true, true) => theme.changed,
            (true, false) => theme.text,
        };
        out.put_cut(&breakpoint_place(breakpoint), style);
        out.put_cut(&breakpoint_rest(breakpoint), theme.dim);
        if breakpoint.hits > 0 {
            out.right(&format!(" {}×", text::grouped(breakpoint.hits)), theme.dim);
        }
    }
}

fn breakpoint_place(breakpoint: &Breakpoint) -> String {
    let place = breakpoint
        .locations
        .first()
        .and_then(|location| location.place.as_ref());
    let first = place.map(place_text);
    match (&breakpoint.spec.place, first) {
        (BreakpointPlace::Line { .. }, Some(first)) => first,
        (BreakpointPlace::Line { file, line, .. }, None) => format!("{file}:{line}"),
        (BreakpointPlace::Function { name }, Some(first)) => format!("{name} {first}"),
        (BreakpointPlace::Function { name }, None) => name.clone(),
        (BreakpointPlace::FunctionRegex { pattern }, _) => format!("/{pattern}/"),
        (BreakpointPlace::Pc { pc, .. }, Some(first)) => format!("*{pc:#x} {first}"),
        (BreakpointPlace::Pc { pc, .. }, None) => format!("*{pc:#x}"),
        (BreakpointPlace::Panic, _) => "panic".to_owned(),
        (BreakpointPlace::HostCall { filter }, _) => format!("host:{filter}"),
        (BreakpointPlace::Watch { expression }, _) => format!("{expression} changes"),
    }
}

fn breakpoint_rest(breakpoint: &Breakpoint) -> String {
    let spec = &breakpoint.spec;
    let mut text = String::new();
    if breakpoint.locations.len() > 1 {
        let more = if breakpoint.truncated { "+" } else { "" };
        text.push_str(&format!(" ({}{more} places)", breakpoint.locations.len()));
    }
    if let Some(condition) = &spec.condition {
        text.push_str(&format!(" if {condition}"));
    }
    if let Some(hits) = spec.hits {
        text.push_str(&format!(" at hits {}", commands::hit_text(hits)));
    }
    if spec.ignore > 0 {
        text.push_str(&format!(" after {}", spec.ignore));
    }
    if let Some(log) = &spec.log {
        text.push_str(&format!(" tells \"{log}\""));
    }
    if spec.temporary {
        text.push_str(" once");
    }
    if let Some(note) = breakpoint.notes.first() {
        text.push_str(&format!(" — {note}"));
    }
    text
}

/// A breakpoint as text.
pub(super) fn breakpoint_text(breakpoint: &Breakpoint) -> String {
    format!(
        "{} {}{}",
        breakpoint.id,
        breakpoint_place(breakpoint),
        breakpoint_rest(breakpoint)
    )
}

/// What the output's header says: what is not there, and whether it is followed.
pub(super) fn output_about(state: &State) -> String {
    let output = &state.output;
    let mut parts = Vec::new();
    if output.lost > 0 {
        parts.push(format!("{} lost", text::size(output.lost)));
    }
    if output.dropped > 0 {
        parts.push(format!(
            "{} older lines dropped",
            text::grouped(output.dropped)
        ));
    }
    if output.total > 0 {
        parts.push(text::size(output.total));
    }
    if !output.follow {
        parts.push("not following".to_owned());
    }
    parts.join(", ")
}

/// Draws the output; gives the cursor's place while input is typed.
pub(super) fn output(state: &State, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let theme = &state.theme;
    let output = &state.output;
    let typed = moving::show_input(state);
    let body = Rect::new(
        area.x,
        area.y,
        area.width,
        area.height.saturating_sub(u16::from(typed)),
    );
    if output.lines.is_empty() {
        let hint = match output.ended {
            true => "nothing was written yet; the input has ended",
            false => "nothing was written yet; i types a line of input",
        };
        remark(state, body, buf, hint);
    }
    for (place, line, is_selected) in visible(
        state,
        Pane::Output,
        output.cursor.top,
        output.cursor.at,
        body.height,
    ) {
        let Some(row) = output.lines.get(place) else {
            continue;
        };
        if is_selected && !output.follow {
            tint(buf, body, line, selection(state, Pane::Output));
        }
        let text = output::text(&row.bytes);
        let (sign, style) = match row.writer {
            Writer::Guest(OutputStream::Stdout) => ("", theme.text),
            Writer::Guest(OutputStream::Stderr) => ("", theme.stderr),
            Writer::Input => ("› ", theme.good),
            Writer::Own => ("── ", theme.own),
            Writer::Log => ("◇ ", theme.warning),
        };
        Row::new(buf, body, line)
            .put(sign, style)
            .put_cut(&text, style);
        if is_found(state, &text) {
            tint(buf, body, line, theme.found);
        }
    }
    if !typed {
        return None;
    }
    let line = body.height;
    let mut out = Row::new(buf, area, line);
    out.put("input› ", theme.key);
    let (shown, column) = output.input.window(out.room());
    let x = out.x().saturating_add(u16::try_from(column).unwrap_or(0));
    out.put(&shown, theme.text);
    output
        .typing
        .then_some(Position::new(x, area.y.saturating_add(line)))
}

/// What the host calls' header says.
pub(super) fn calls_about(state: &State) -> String {
    let calls = &state.calls;
    let mut parts = Vec::new();
    if let Some(filter) = calls.filter() {
        parts.push(format!(
            "{filter}: {} of",
            text::grouped(u64::try_from(calls.len()).unwrap_or(u64::MAX))
        ));
    }
    if calls.total > 0 {
        parts.push(text::grouped(calls.total));
    }
    if calls.dropped() > 0 {
        parts.push(format!(
            "({} no longer kept)",
            text::grouped(calls.dropped())
        ));
    }
    if calls.untold > 0 {
        parts.push(format!("({} not told)", text::grouped(calls.untold)));
    }
    if !calls.follow && !calls.sums {
        parts.push("not following".to_owned());
    }
    parts.join(" ")
}

/// Draws the host calls.
pub(super) fn calls(state: &State, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let calls = &state.calls;
    if calls.total == 0 {
        remark(state, area, buf, "no host calls yet");
        return;
    }
    let cursor = calls.cursor;
    if calls.sums {
        let table = calls.table();
        let lines: Vec<&str> = table.lines().collect();
        for (place, line, is_selected) in
            visible(state, Pane::Calls, cursor.top, cursor.at, area.height)
        {
            if is_selected {
                tint(buf, area, line, selection(state, Pane::Calls));
            }
            let style = if place == 0 { theme.dim } else { theme.text };
            let text = lines.get(place).copied().unwrap_or_default();
            Row::new(buf, area, line).put_cut(text, style);
        }
        return;
    }
    for (place, line, is_selected) in
        visible(state, Pane::Calls, cursor.top, cursor.at, area.height)
    {
        let Some(traced) = calls.get(place) else {
            continue;
        };
        if is_selected && !calls.follow {
            tint(buf, area, line, selection(state, Pane::Calls));
        }
        let text = traced.call.to_string();
        let style = match traced.call.result.is_failure() {
            true => theme.error,
            false => theme.text,
        };
        let mut out = Row::new(buf, area, line);
        let site = traced.site.as_ref().map(site_text).unwrap_or_default();
        // The end of a path is what tells files apart.
        let most = (out.room() / 4).max(20);
        let site = text::fit_end(&text::clean(&site), most).into_owned();
        let site_width = text::width(&text::clean(&site)).saturating_add(2);
        if !site.is_empty() && out.room() > site_width.saturating_add(24) {
            out.right(&format!(" {site}"), theme.dim);
        }
        out.put_cut(&text, style);
        if is_found(state, &text) {
            tint(buf, area, line, theme.found);
        }
    }
}

/// Draws the console; gives the cursor's place.
pub(super) fn console(state: &State, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let theme = &state.theme;
    let console = &state.console;
    let input = console.lines.len();
    let mut cursor = None;
    for (place, line, is_selected) in visible(
        state,
        Pane::Console,
        console.cursor.top,
        console.cursor.at,
        area.height,
    ) {
        let mut out = Row::new(buf, area, line);
        if place == input {
            out.put("› ", theme.key);
            let (shown, column) = console.line.window(out.room());
            let x = out.x().saturating_add(u16::try_from(column).unwrap_or(0));
            out.put(&shown, theme.text);
            candidates(state, &mut out);
            cursor = Some(Position::new(x, area.y.saturating_add(line)));
            continue;
        }
        let Some((said, text)) = console.lines.get(place) else {
            continue;
        };
        let (sign, style) = match said {
            Said::Command => ("› ", theme.strong),
            Said::Answer => ("", theme.text),
            Said::Error => ("", theme.error),
            Said::Event => ("── ", theme.own),
        };
        out.put(sign, theme.dim).put_cut(text, style);
        if is_selected && place != input {
            tint(buf, area, line, theme.selected_dim);
        }
    }
    cursor
}

/// How the typed word could go on, after it.
fn candidates(state: &State, out: &mut Row<'_>) {
    let Some(completions) = &state.console.completions else {
        return;
    };
    if completions.words.len() < 2 {
        return;
    }
    out.put("   ", state.theme.dim);
    let at = completions.at.unwrap_or(0);
    for (place, word) in completions
        .words
        .iter()
        .enumerate()
        .skip(at.saturating_sub(1))
        .take(12)
    {
        let style = if Some(place) == completions.at {
            state.theme.strong
        } else {
            state.theme.dim
        };
        out.put(word.trim_end(), style).put(" ", style);
    }
    let more = completions.words.len();
    out.right(&format!(" {more} words"), state.theme.dim);
}
