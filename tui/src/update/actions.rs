//! What the actions of the table do, and which of them can be done now.

use super::running::{confirm, go_on, restart, run, run_to, step};
use super::values::{
    collapse, expand, reformat, remove_watch, selected_expression, stop_on_change, watch,
};
use super::{ask, moving, show};
use crate::actions::Action;
use crate::layout::{Layout, Preset};
use crate::message::Effect;
use crate::pane::{PANES, Pane};
use crate::state::calls::site_text;
use crate::state::popup::{Ask, Choice, Chooser, Popup, Yes};
use crate::state::{Guest, Purpose, State};
use wasmscope_debugger::protocol::{
    BreakpointChange, BreakpointPlace, BreakpointSpec, Command, ValueFormat,
};
use wasmscope_tracer::render::Rounded;

/// Steps that can be typed ahead.
const MAX_STEPS: usize = 64;

/// Whether an action can be done now; hints show only those that can.
pub(crate) fn enabled(state: &State, action: Action) -> bool {
    let stopped = state.guest.stop().is_some();
    let resumable = state.guest.stop().is_some_and(|stop| stop.resumable);
    let fresh = matches!(state.guest, Guest::Preparing | Guest::Ready);
    match action {
        Action::Continue => stopped || fresh || matches!(state.guest, Guest::Exited(_)),
        Action::Next | Action::Step => resumable || fresh,
        Action::Finish | Action::Until | Action::StepInstruction | Action::NextInstruction => {
            resumable
        }
        Action::RunTo => resumable || fresh,
        Action::Pause => state.guest == Guest::Running,
        Action::Restart => state.guest.lives() || matches!(state.guest, Guest::Exited(_)),
        Action::Kill => state.guest.lives(),
        Action::ToggleBreakpoint | Action::Logpoint | Action::BreakpointCondition => {
            state.source.file().is_some() || state.code.listing.is_some()
        }
        Action::EnableBreakpoint
        | Action::EditCondition
        | Action::EditHits
        | Action::EditLog
        | Action::DeleteBreakpoint => state.breakpoints.selected().is_some(),
        Action::FrameUp | Action::FrameDown | Action::Unfold => !state.stack.frames.is_empty(),
        Action::Expand
        | Action::Collapse
        | Action::EditValue
        | Action::RawValue
        | Action::HexValue
        | Action::WatchValue
        | Action::StopOnChange
        | Action::ShowMemory => match state.focus() {
            Pane::Watches => !state.watches.is_empty(),
            _ => !state.variables.is_empty(),
        },
        Action::EditWatch | Action::RemoveWatch => !state.watched.is_empty(),
        Action::Report => state.report.is_some(),
        Action::SearchNext | Action::SearchPrevious => state.search.is_some(),
        Action::CurrentLine => state.frame_place().is_some(),
        Action::EndInput => !state.output.ended,
        _ => true,
    }
}

/// Does it.
pub(super) fn perform(state: &mut State, action: Action) {
    if state.stepping && is_step(action) {
        // Typed ahead: it is done when the step before it has come to its end.
        if state.steps.len() < MAX_STEPS {
            state.steps.push_back(action);
        }
        return;
    }
    if !enabled(state, action) {
        refuse(state, action);
        return;
    }
    match action {
        Action::Continue => go_on(state),
        Action::Next => step(state, Command::Next { count: 1 }),
        Action::Step => step(state, Command::Step { count: 1 }),
        Action::Finish => run(state, Command::Finish { frame: state.frame }),
        Action::Until => run(state, Command::Until { place: None }),
        Action::RunTo => run_to(state),
        Action::StepInstruction => run(
            state,
            Command::StepInstruction {
                over: false,
                count: 1,
            },
        ),
        Action::NextInstruction => run(
            state,
            Command::StepInstruction {
                over: true,
                count: 1,
            },
        ),
        Action::Pause => {
            state.pausing = true;
            state.send(Command::Pause, Purpose::Nothing);
        }
        Action::Restart => match state.guest.lives() {
            true => confirm(state, "Start the program anew?", Yes::Restart),
            false => restart(state),
        },
        Action::Kill => confirm(state, "End the program?", Yes::Kill),
        Action::ToggleBreakpoint => toggle_breakpoint(state),
        Action::BreakpointCondition | Action::Logpoint => ask::at_line(state, action),
        Action::NewBreakpoint => ask::question(state, Ask::NewBreakpoint, String::new()),
        Action::EnableBreakpoint => {
            if let Some((id, enabled)) =
                state.breakpoints.selected().map(|b| (b.id, b.spec.enabled))
            {
                enable(state, id, !enabled);
            }
        }
        Action::EditCondition | Action::EditHits | Action::EditLog => {
            ask::breakpoint(state, action)
        }
        Action::DeleteBreakpoint => {
            if let Some(id) = state.breakpoints.selected().map(|breakpoint| breakpoint.id) {
                delete(state, id);
            }
        }
        Action::FrameUp => neighbour(state, 1),
        Action::FrameDown => neighbour(state, -1),
        Action::Unfold => state.stack.unfolded = !state.stack.unfolded,
        Action::Expand => expand(state),
        Action::Collapse => collapse(state),
        Action::EditValue | Action::EditWatch | Action::AddWatch => ask::value(state, action),
        Action::RawValue => reformat(state, ValueFormat::Raw),
        Action::HexValue => reformat(state, ValueFormat::Hex),
        Action::WatchValue => {
            if let Some(expression) = selected_expression(state) {
                watch(state, &expression);
            }
        }
        Action::StopOnChange => stop_on_change(state),
        Action::ShowMemory => {
            if let Some(expression) = selected_expression(state) {
                show::memory(state, &expression);
            }
        }
        Action::RemoveWatch => remove_watch(state),
        Action::Input => {
            state.output.typing = true;
            state.output.follow = true;
        }
        Action::EndInput => {
            state.output.ended = true;
            state.output.typing = false;
            state.send(Command::EndInput, Purpose::Nothing);
            state.tell("the program's standard input has ended");
        }
        Action::Follow => follow(state),
        Action::Filter => {
            let text = state.calls.filter().unwrap_or_default().to_owned();
            ask::question(state, Ask::Filter, text);
        }
        Action::Summary => {
            state.calls.sums = !state.calls.sums;
            state.calls.cursor = Default::default();
        }
        Action::CallDetails => call_details(state),
        Action::StopAtCall => stop_at_call(state),
        Action::Goto => {
            let text = state.memory.expression.clone().unwrap_or_default();
            ask::question(state, Ask::Memory, text);
        }
        Action::FindFile => choose(state, Choice::File),
        Action::FindFunction => choose(state, Choice::Function),
        Action::CurrentLine => {
            if let Some(place) = state.frame_place().cloned() {
                show::line(state, &place.file, place.line);
            }
        }
        Action::Search => {
            let text = state.search.clone().unwrap_or_default();
            ask::question(state, Ask::Search, text);
        }
        Action::SearchNext => search(state, true),
        Action::SearchPrevious => search(state, false),
        Action::GotoLine => ask::question(state, Ask::Line, String::new()),
        Action::SplitCode => {
            state.layout.split = !state.layout.split;
            if !state.layout.split && state.focus() == Pane::Disassembly {
                state.set_focus(Pane::Source);
            } else if state.arrangement().slot_of(Pane::Disassembly).is_none() {
                // Too narrow for both: one instead of the other.
                state.set_focus(Pane::Disassembly);
            }
            show::align_code(state);
        }
        Action::Report => show_report(state),
        Action::Copy => copy(state),
        Action::CommandLine => state.set_focus(Pane::Console),
        Action::NextPane => turn(state, 1),
        Action::PreviousPane => turn(state, -1),
        Action::Maximise => state.layout.maximised = !state.layout.maximised,
        Action::HideSide => state.layout.side_hidden = !state.layout.side_hidden,
        Action::HideBottom => state.layout.bottom_hidden = !state.layout.bottom_hidden,
        Action::Wider => state.layout.widen(4),
        Action::Narrower => state.layout.widen(-4),
        Action::Taller => state.layout.heighten(5),
        Action::Lower => state.layout.heighten(-5),
        Action::Preset => {
            let preset = state.layout.preset.next();
            state.layout = Layout::new(preset);
            state.tell(match preset {
                Preset::Balanced => "layout: balanced",
                Preset::Code => "layout: much source",
                Preset::Calls => "layout: many host calls",
            });
        }
        Action::Redraw => state.effect(Effect::Redraw),
        Action::Palette => state.popups.push(Popup::Choose(Chooser::palette())),
        Action::Help => state.popups.push(Popup::Help(Default::default())),
        Action::Quit => match state.guest.lives() {
            true => confirm(state, "The program lives. End it and leave?", Yes::Quit),
            false => state.effect(Effect::Quit),
        },
    }
}

/// Whether an action is a step, of which several are typed in a row.
fn is_step(action: Action) -> bool {
    matches!(
        action,
        Action::Next
            | Action::Step
            | Action::Finish
            | Action::Until
            | Action::StepInstruction
            | Action::NextInstruction
    )
}

/// Says why an action cannot be done.
fn refuse(state: &mut State, action: Action) {
    let why = match (&state.guest, action) {
        (
            Guest::Running,
            Action::Continue | Action::Next | Action::Step | Action::Finish | Action::Until,
        ) => "the program runs; pause it first",
        (Guest::Failed(_), _) => "the program could not be started",
        (Guest::Exited(_), Action::Pause | Action::Kill) => "the program has ended",
        (Guest::Exited(_), _) => "the program has ended; restart it first",
        (Guest::Stopped(_), Action::Next | Action::Step | Action::Finish | Action::Until) => {
            "the program cannot go on from here; restart it"
        }
        (Guest::Preparing, _) => "the program is being prepared",
        (Guest::Ready, _) => "the program has not been started",
        _ => "there is nothing to do it with here",
    };
    state.tell(why);
}

pub(super) fn module(state: &State) -> Option<usize> {
    state.frame_info().map(|frame| frame.module)
}

/// The line under the cursor.
pub(super) fn here(state: &State) -> Option<BreakpointPlace> {
    Some(BreakpointPlace::Line {
        file: state.source.shown.clone()?,
        line: state.source.line()?,
        column: None,
    })
}

/// The breakpoint at a line, if there is one.
pub(crate) fn breakpoint_at<'s>(
    state: &'s State,
    file: &str,
    line: u32,
) -> Option<&'s wasmscope_debugger::protocol::Breakpoint> {
    state.breakpoints.list.iter().find(|breakpoint| {
        let asked = matches!(&breakpoint.spec.place,
            BreakpointPlace::Line { file: at, line: number, .. } if at == file && *number == line);
        let is_there = breakpoint.locations.iter().any(|location| {
            location
                .place
                .as_ref()
                .is_some_and(|place| place.file == file && place.line == Some(line))
        });
        is_there || (asked && breakpoint.locations.is_empty())
    })
}

/// Sets or takes away a breakpoint under the cursor.
pub(super) fn toggle_breakpoint(state: &mut State) {
    if state.focus() == Pane::Disassembly {
        let Some(pc) = state.code.selected() else {
            return;
        };
        let known = state.breakpoints.list.iter().find(|breakpoint| {
            matches!(breakpoint.spec.place, BreakpointPlace::Pc { pc: at, .. } if at == pc)
        });
        match known.map(|breakpoint| breakpoint.id) {
            Some(id) => delete(state, id),
            None => set(
                state,
                BreakpointPlace::Pc {
                    pc,
                    module: module(state),
                },
            ),
        }
        return;
    }
    let Some(BreakpointPlace::Line { file, line, column }) = here(state) else {
        return;
    };
    match breakpoint_at(state, &file, line).map(|breakpoint| breakpoint.id) {
        Some(id) => delete(state, id),
        None => set(state, BreakpointPlace::Line { file, line, column }),
    }
}

pub(super) fn set(state: &mut State, place: BreakpointPlace) {
    state.send(
        Command::SetBreakpoint(BreakpointSpec::new(place)),
        Purpose::Breakpoint,
    );
}

fn delete(state: &mut State, id: u32) {
    state.send(Command::DeleteBreakpoint { id }, Purpose::Nothing);
    state.send(Command::Breakpoints, Purpose::Breakpoints);
}

pub(super) fn change(state: &mut State, id: u32, change: BreakpointChange) {
    state.send(
        Command::ChangeBreakpoint { id, change },
        Purpose::Breakpoint,
    );
}

fn enable(state: &mut State, id: u32, enabled: bool) {
    let enabled = Some(enabled);
    change(
        state,
        id,
        BreakpointChange {
            enabled,
            ..BreakpointChange::default()
        },
    );
}

pub(super) fn neighbour(state: &mut State, by: isize) {
    match state.stack.neighbour(state.frame, by) {
        Some(id) => show::select(state, id),
        None => state.tell(if by > 0 {
            "this is the outermost frame"
        } else {
            "this is the innermost frame"
        }),
    }
}

fn follow(state: &mut State) {
    let follow = match state.focus() {
        Pane::Calls => &mut state.calls.follow,
        _ => &mut state.output.follow,
    };
    *follow = !*follow;
    if *follow {
        let pane = state.focus();
        let last = moving::rows(state, pane).saturating_sub(1);
        if let Some(cursor) = moving::cursor(state, pane) {
            cursor.at = last;
        }
    }
}

fn stop_at_call(state: &mut State) {
    let at = state.calls.cursor.at;
    let Some(filter) = state
        .calls
        .get(at)
        .map(|call| call.call.function.to_string())
    else {
        return;
    };
    set(state, BreakpointPlace::HostCall { filter });
    state.reveal(Pane::Breakpoints);
}

/// Shows the selected call whole, with its stack.
fn call_details(state: &mut State) {
    let at = state.calls.cursor.at;
    let Some(traced) = state.calls.get(at) else {
        return;
    };
    let mut text = format!("{}\n", traced.call);
    if let Some(took) = traced.call.duration {
        text.push_str(&format!("took {}\n", Rounded(took)));
    }
    text.push_str("\nfrom:\n");
    for site in &traced.stack {
        let function = site.function.as_deref().unwrap_or("(no name)");
        text.push_str(&format!("  {function}  {}\n", site_text(site)));
    }
    if traced.stack.is_empty() {
        text.push_str("  not known\n");
    }
    read(state, "host call", &text);
}

/// Shows a text to be read.
pub(super) fn read(state: &mut State, title: &str, text: &str) {
    let width = usize::from(state.screen.width).saturating_sub(8).min(94);
    state.popups.push(Popup::Text {
        title: title.to_owned(),
        lines: crate::text::wrap(text, width),
        cursor: Default::default(),
    });
}

fn choose(state: &mut State, choice: Choice) {
    state.popups.push(Popup::Choose(Chooser::new(choice)));
    match choice {
        Choice::File => state.send(Command::Files { containing: None }, Purpose::Files),
        Choice::Function => show::functions(state, ""),
        Choice::Action => {}
    }
}

fn turn(state: &mut State, by: isize) {
    let order: Vec<Pane> = PANES
        .into_iter()
        .filter(|pane| {
            let slots = state.arrangement().slots;
            slots.iter().any(|slot| slot.panes.contains(pane))
        })
        .collect();
    let count = isize::try_from(order.len()).unwrap_or(1).max(1);
    let at = order
        .iter()
        .position(|pane| *pane == state.focus())
        .unwrap_or(0);
    let next = isize::try_from(at)
        .unwrap_or(0)
        .saturating_add(by)
        .rem_euclid(count);
    let next = usize::try_from(next).unwrap_or(0);
    if let Some(pane) = order.get(next) {
        state.set_focus(*pane);
    }
}

fn show_report(state: &mut State) {
    let Some(report) = &state.report else {
        state.tell(match state.guest.stop() {
            Some(_) => "the report is made when the program has ended: c lets it go on",
            None => "there is no report: the program has not failed",
        });
        return;
    };
    let lines = crate::view::report::lines(report);
    state.popups.push(Popup::Text {
        title: "report".to_owned(),
        lines,
        cursor: Default::default(),
    });
}

/// Searches the pane in focus, or the source.
pub(super) fn search(state: &mut State, forward: bool) {
    let Some(wanted) = state.search.clone() else {
        return;
    };
    let pane = state.focus();
    let rows = moving::rows(state, pane);
    let at = moving::cursor(state, pane).map_or(0, |cursor| cursor.at);
    let found = (1..=rows).find_map(|by| {
        let row = match forward {
            true => at.saturating_add(by),
            false => at.saturating_add(rows).saturating_sub(by),
        };
        let row = row.checked_rem(rows)?;
        let text = crate::view::row_text(state, pane, row)?;
        matches_text(&text, &wanted).then_some(row)
    });
    match found {
        Some(row) => {
            let height = moving::list_height(state, pane, state.height_of(pane));
            if let Some(cursor) = moving::cursor(state, pane) {
                cursor.center(row, rows, height);
            }
            match pane {
                Pane::Output => state.output.follow = false,
                Pane::Calls => state.calls.follow = false,
                Pane::Stack => show::select_row(state),
                _ => {}
            }
        }
        None => state.tell(format!("`{wanted}` is not in this pane")),
    }
}

/// Whether a text has another in it; capitals matter when the other has any.
pub(crate) fn matches_text(text: &str, wanted: &str) -> bool {
    match wanted.chars().any(char::is_uppercase) {
        true => text.contains(wanted),
        false => text.to_lowercase().contains(wanted),
    }
}

fn copy(state: &mut State) {
    let pane = state.focus();
    let row = moving::cursor(state, pane).map_or(0, |cursor| cursor.at);
    let text = match pane {
        Pane::Variables | Pane::Watches => {
            let tree = if pane == Pane::Watches {
                &state.watches
            } else {
                &state.variables
            };
            tree.selected().map(|node| node.value.to_string())
        }
        pane => crate::view::row_text(state, pane, row),
    };
    match text {
        Some(text) => {
            state.tell("copied");
            state.effect(Effect::Copy(text));
        }
        None => state.tell("there is nothing to copy here"),
    }
}
