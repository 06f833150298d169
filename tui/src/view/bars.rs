//! The status line and the hint bar.

use super::{paint::Row, source};
use crate::actions::{Action, Scope, TABLE};
use crate::pane::Pane;
use crate::state::{Guest, NoticeKind, State};
use crate::text;
use crate::update::{describe, enabled};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use wasmscope_debugger::protocol::Exit;

/// Draws the status line: how the guest stands, where, why.
pub(super) fn status(state: &State, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    buf.set_style(area, theme.status);
    let mut out = Row::new(buf, area, 0);
    let (word, style) = match &state.guest {
        Guest::Preparing => ("PREPARING", theme.state_running),
        Guest::Failed(_) => ("CANNOT START", theme.state_failed),
        Guest::Ready => ("READY", theme.state_stopped),
        Guest::Running if state.pausing => ("PAUSING", theme.state_running),
        Guest::Running => ("RUNNING", theme.state_running),
        Guest::Stopped(_) if state.failed() => ("FAILED", theme.state_failed),
        Guest::Stopped(_) => ("STOPPED", theme.state_stopped),
        Guest::Exited(Exit::Failure { .. }) => ("FAILED", theme.state_failed),
        Guest::Exited(_) => ("EXITED", theme.state_stopped),
    };
    out.put(&format!(" {word} "), style).put(" ", theme.status);
    let target = text::fit_end(&text::clean(&state.target), 40).into_owned();
    let room = out.room();
    if room > 60 {
        out.right(&format!(" {target} "), theme.status);
    }
    let here = source::here(state);
    if !here.is_empty() {
        out.put_cut(&here, theme.status.patch(theme.strong))
            .put("  ", theme.status);
    }
    if state.guest.stop().is_some() && state.frame > 0 {
        out.put(&format!("frame {}  ", state.frame), theme.status);
    }
    out.put_cut(&reason(state), theme.status);
}

fn reason(state: &State) -> String {
    match &state.guest {
        Guest::Preparing | Guest::Ready | Guest::Running if !state.progress.is_empty() => {
            const WHEEL: [&str; 4] = ["◐", "◓", "◑", "◒"];
            let turn = usize::try_from(state.now.as_millis() / 200).unwrap_or(0);
            let sign = turn
                .checked_rem(4)
                .and_then(|at| WHEEL.get(at))
                .copied()
                .unwrap_or("…");
            let works: Vec<String> = state
                .progress
                .iter()
                .map(
                    |(what, since)| match state.now.saturating_sub(*since).as_secs() {
                        0 => what.clone(),
                        seconds => format!("{what} ({seconds} s)"),
                    },
                )
                .collect();
            format!("{sign} {}", works.join(", "))
        }
        Guest::Stopped(stop) => {
            let text = describe(stop);
            // Where it is, is said already.
            match text.rsplit_once(", at ") {
                Some((what, _)) => what.to_owned(),
                None => text,
            }
        }
        Guest::Exited(Exit::Code { code, results }) if results.is_empty() => {
            format!("exit code {code}")
        }
        Guest::Exited(Exit::Code { results, .. }) => format!("returned {}", results.join(", ")),
        Guest::Exited(Exit::Failure { code, headline }) => {
            format!(
                "exit code {code}: {}",
                headline.lines().next().unwrap_or_default()
            )
        }
        Guest::Exited(Exit::Killed) => "ended".to_owned(),
        Guest::Failed(message) => message.clone(),
        _ => String::new(),
    }
}

/// Draws the hint bar: what just happened, or what the keys of the pane in focus do.
pub(super) fn hints(state: &State, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let mut out = Row::new(buf, area, 0);
    if let Some(notice) = &state.notice {
        let style = match notice.kind {
            NoticeKind::Info => theme.own,
            NoticeKind::Error => theme.error,
        };
        out.put(" ", style).put_cut(&notice.text, style);
        return;
    }
    for (key, word) in keys(state) {
        let needed = text::width(&key)
            .saturating_add(text::width(&word))
            .saturating_add(3);
        if out.room() < needed {
            break;
        }
        out.put(" ", theme.dim)
            .put(&key, theme.key)
            .put(" ", theme.dim)
            .put(&word, theme.dim)
            .put(" ", theme.dim);
    }
}

/// Keys worth showing, the most useful first.
fn keys(state: &State) -> Vec<(String, String)> {
    let pane = state.focus();
    let fixed = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(key, word)| ((*key).to_owned(), (*word).to_owned()))
            .collect::<Vec<_>>()
    };
    if !state.popups.is_empty() {
        return fixed(&[("esc", "close"), ("enter", "choose")]);
    }
    if pane == Pane::Output && state.output.typing {
        return fixed(&[
            ("enter", "send"),
            ("ctrl-d", "end of input"),
            ("esc", "stop typing"),
        ]);
    }
    if pane == Pane::Console {
        return fixed(&[
            ("enter", "do it"),
            ("tab", "complete"),
            ("up", "earlier"),
            ("help", "commands"),
            ("esc", "leave"),
        ]);
    }
    let is_local = |scope: Scope| matches!(scope, Scope::In(_));
    let shown = TABLE
        .iter()
        .filter(|row| !row.hint.is_empty() && enabled(state, row.action));
    let mut found: Vec<(u8, String, String)> = Vec::new();
    for row in shown {
        let Some(key) = state.bindings.keys_in(pane, row.action).next() else {
            continue;
        };
        let is_last = matches!(
            row.action,
            Action::Quit | Action::Help | Action::Palette | Action::NextPane | Action::CommandLine
        );
        // Who waits long wants to know how not to.
        let gives_up = row.action == Action::Quit && matches!(state.guest, Guest::Preparing);
        let rank = match (pane, is_local(row.scope), is_last) {
            _ if gives_up => 0,
            (_, _, true) => 3,
            (Pane::Source, false, _) => 1,
            (Pane::Source, true, _) => 2,
            (_, true, _) => 1,
            (_, false, _) => 2,
        };
        let word = if gives_up { "give up" } else { row.hint };
        found.push((rank, key.to_string(), word.to_owned()));
    }
    if matches!(pane, Pane::Stack | Pane::Calls | Pane::Breakpoints) {
        found.push((1, "enter".to_owned(), "show".to_owned()));
    }
    found.sort_by_key(|(rank, ..)| *rank);
    // The help is always there to be found.
    let help = found.iter().position(|(.., word)| word == "help");
    if let Some(help) = help.filter(|_| found.len() > 8) {
        let help = found.remove(help);
        found.insert(6, help);
    }
    found
        .into_iter()
        .map(|(_, key, word)| (key, word))
        .collect()
}
