//! Answers of the session, each to where it was asked for.

use super::{console, show};
use crate::pane::Pane;
use crate::state::popup::{Choice, Popup};
use crate::state::{Purpose, State};
use wasmscope_debugger::protocol::{
    BreakpointLocation, Command, CommandError, CommandErrorKind, ReplyBody, ValueLimits,
};

/// Takes an answer in.
pub(super) fn reply(state: &mut State, id: u64, result: Result<ReplyBody, CommandError>) {
    let Some(purpose) = state.answered(id) else {
        return;
    };
    match result {
        Ok(body) => answer(state, purpose, body),
        Err(error) => refusal(state, purpose, error),
    }
}

fn answer(state: &mut State, purpose: Purpose, body: ReplyBody) {
    match (purpose, body) {
        (Purpose::Console, _) => {}
        (Purpose::Stack(from), ReplyBody::Stack { frames, total }) => {
            state.stack.extend(from, frames, total);
            if let Some(row) = state.stack.row_of(state.frame).filter(|_| from == 0) {
                state.stack.cursor.at = row;
            }
            // The session may not have said where the stop is.
            if from == 0 && state.source.shown.is_none() && state.frame_place().is_some() {
                show::frame(state);
            }
        }
        (
            Purpose::Variables(frame),
            ReplyBody::Variables {
                variables,
                unavailable,
            },
        ) if frame == state.frame => {
            let function = state.frame_info().and_then(|frame| frame.function.clone());
            let values = variables.into_iter().map(|variable| {
                let name = variable.value.name.clone();
                (variable.value, name, Some(variable.kind))
            });
            let open = state.variables.fill(&function.unwrap_or_default(), values);
            state.variables.note = unavailable;
            for path in open {
                show::children(state, Pane::Variables, &path);
            }
        }
        (Purpose::Variable(path), ReplyBody::Value(value)) => state.variables.update(&path, value),
        (Purpose::WatchChild(path), ReplyBody::Value(value)) => state.watches.update(&path, value),
        (Purpose::Watch(place), ReplyBody::Value(value)) => {
            if let Some(watch) = state.watched.get_mut(place) {
                watch.value = Some(Ok(value));
            }
            show::fill_watches(state);
        }
        (Purpose::Source(name), ReplyBody::Source(lines)) => {
            let height = state.height_of(Pane::Source);
            state.source.insert(&name, lines, height);
            show::highlight(state, &name);
        }
        (purpose @ (Purpose::Main | Purpose::Entry), ReplyBody::Locations { locations, .. }) => {
            let known = locations.into_iter().find_map(|location| location.place);
            match known {
                _ if state.source.shown.is_some() => {}
                Some(place) => show::line(state, &place.file, place.line),
                None if purpose == Purpose::Main => show::entry(state),
                None => {}
            }
        }
        (
            Purpose::Show(name),
            ReplyBody::Locations {
                locations,
                suggestions,
            },
        ) => {
            show_locations(state, &name, &locations, &suggestions);
        }
        (Purpose::Align, ReplyBody::Locations { locations, .. }) => {
            let rows = locations
                .iter()
                .filter_map(|location| state.code.row_of(location.pc));
            let height = state.height_of(Pane::Disassembly);
            if let Some(row) = rows.min() {
                let all = state.code.rows();
                state.code.cursor.center(row, all, height);
            }
        }
        (Purpose::Breakpoints, ReplyBody::Breakpoints { breakpoints }) => {
            state.breakpoints.list = breakpoints;
        }
        (Purpose::Breakpoint, ReplyBody::Breakpoint(breakpoint)) => {
            let note = match breakpoint.locations.is_empty() {
                true => breakpoint.notes.first().cloned(),
                false => None,
            };
            state.breakpoints.update(breakpoint, false);
            if let Some(note) = note {
                state.tell(note);
            }
        }
        (Purpose::Disassembly, ReplyBody::Disassembly(listing)) => {
            let height = state.height_of(Pane::Disassembly);
            state.code.note = None;
            state.code.listing = Some(listing);
            let row = state.code.current.and_then(|pc| state.code.row_of(pc));
            let rows = state.code.rows();
            state.code.cursor.center(row.unwrap_or(0), rows, height);
        }
        (Purpose::WasmFrame, ReplyBody::WasmFrame(frame)) => {
            state.wasm.note = None;
            state.wasm.frame = Some(frame);
        }
        (Purpose::Modules, ReplyBody::Modules { modules }) => state.wasm.modules = modules,
        (
            Purpose::Memory,
            ReplyBody::Memory {
                address,
                bytes,
                memory_size,
            },
        ) => {
            let moved = state.memory.address != address || state.memory.bytes.len() != bytes.len();
            state.memory.address = address;
            state.memory.bytes = bytes;
            if moved {
                state.memory.set_owners(Vec::new());
            }
            state.memory.size = memory_size;
            state.memory.note = None;
            let wanted = state.memory.wanted.take();
            let offset = wanted.and_then(|wanted| wanted.checked_sub(address));
            let row = offset.and_then(|offset| usize::try_from(offset / 16).ok());
            if let Some(row) = row {
                state.memory.cursor.at = row;
            } else if state.memory.cursor.at >= state.memory.rows() {
                state.memory.cursor = Default::default();
            }
            show::memory_owners(state);
        }
        (Purpose::MemoryOwners, ReplyBody::MemoryOwners { owners, .. }) => {
            state.memory.set_owners(owners);
        }
        (Purpose::Files, ReplyBody::Files { files }) => {
            fill_chooser(state, Choice::File, files, false);
        }
        (
            Purpose::Functions,
            ReplyBody::Functions {
                functions,
                truncated,
            },
        ) => {
            let names = functions
                .into_iter()
                .map(|function| function.name)
                .collect();
            fill_chooser(state, Choice::Function, names, truncated);
        }
        (Purpose::Report, ReplyBody::Report(report)) => state.report = Some(report),
        (Purpose::Assigned, _) => {
            state.tell("assigned");
            refresh(state);
        }
        (Purpose::Completions, ReplyBody::Completions { words }) => {
            console::completions(state, words);
        }
        // Done, or an answer that nobody has a use for.
        _ => {}
    }
}

/// Asks again for what depends on the guest's memory.
fn refresh(state: &mut State) {
    let frame = state.frame;
    let limits = ValueLimits {
        elements: crate::state::tree::PAGE,
        children: 1,
        ..ValueLimits::default()
    };
    state.send(
        Command::Variables { frame, limits },
        Purpose::Variables(frame),
    );
    show::watches(state);
}

fn fill_chooser(state: &mut State, choice: Choice, items: Vec<String>, truncated: bool) {
    for popup in &mut state.popups {
        if let Popup::Choose(chooser) = popup
            && chooser.choice == choice
        {
            chooser.truncated = truncated;
            chooser.fill(items);
            // More may have been typed since.
            if let Some(query) = chooser.asks_anew() {
                show::functions(state, &query);
            }
            return;
        }
    }
}

fn show_locations(
    state: &mut State,
    name: &str,
    locations: &[BreakpointLocation],
    suggestions: &[String],
) {
    let place = locations.iter().find_map(|location| location.place.clone());
    match (place, suggestions) {
        (Some(place), _) => {
            show::line(state, &place.file, place.line);
            state.set_focus(Pane::Source);
        }
        (None, []) if locations.is_empty() => state.complain(format!("there is no `{name}`")),
        (None, []) => state.complain(format!("`{name}` has no line in the source")),
        (None, near) => {
            let near = near.join("`, `");
            state.complain(format!("there is no `{name}`; did you mean `{near}`?"));
        }
    }
}

fn refusal(state: &mut State, purpose: Purpose, error: CommandError) {
    if purpose == Purpose::Run {
        // It does not run: what was typed ahead is about nothing.
        state.stepping = false;
        state.steps.clear();
    }
    // While the guest runs nothing can be shown: that is seen in the status line.
    let is_moot = matches!(
        error.kind,
        CommandErrorKind::Running | CommandErrorKind::NotRunning
    );
    let text = with_suggestions(&error);
    match purpose {
        Purpose::Align | Purpose::Completions => {}
        Purpose::Console => console::refusal(state, &error),
        Purpose::Variables(_) => state.variables.clear(Some(text)),
        Purpose::Variable(_) | Purpose::WatchChild(_) if !is_moot => state.complain(text),
        Purpose::Watch(place) => {
            if let Some(watch) = state.watched.get_mut(place) {
                watch.value = Some(Err(text));
            }
            show::fill_watches(state);
        }
        Purpose::Source(name) => {
            state.source.missing.insert(name, text);
        }
        Purpose::Disassembly => state.code.note = Some(text),
        Purpose::WasmFrame => state.wasm.note = Some(text),
        Purpose::Memory => {
            state.memory.wanted = None;
            if state.memory.bytes.is_empty() {
                state.memory.note = Some(text);
            } else {
                state.complain(text);
            }
        }
        Purpose::Files => fill_chooser(state, Choice::File, Vec::new(), false),
        Purpose::Functions => fill_chooser(state, Choice::Function, Vec::new(), false),
        Purpose::Modules | Purpose::Stack(_) if is_moot => {}
        Purpose::Main if state.source.shown.is_none() => show::entry(state),
        // The bytes are shown all the same.
        Purpose::MemoryOwners => state.memory.set_owners(Vec::new()),
        Purpose::Main | Purpose::Entry | Purpose::Report => {}
        _ => state.complain(text),
    }
}

/// An error's message, and the names that may have been meant.
pub(super) fn with_suggestions(error: &CommandError) -> String {
    match error.suggestions.as_slice() {
        [] => error.message.clone(),
        near if error.message.contains("did you mean") => {
            let _ = near;
            error.message.clone()
        }
        near => format!("{}; did you mean `{}`?", error.message, near.join("`, `")),
    }
}
