//! Questions that are answered by a line: asking them, and what the answers do.

use super::{actions, show};
use crate::actions::Action;
use crate::commands::{self, Context};
use crate::line_edit::LineEdit;
use crate::pane::Pane;
use crate::state::popup::{Ask, Popup};
use crate::state::{Purpose, State};
use wasmscope_debugger::protocol::{BreakpointChange, BreakpointPlace, BreakpointSpec, Command};

/// Asks.
pub(super) fn question(state: &mut State, purpose: Ask, text: String) {
    let (title, hint) = words(&purpose);
    state.popups.push(Popup::Ask {
        title,
        hint: hint.to_owned(),
        line: LineEdit::new(text),
        purpose,
        error: None,
    });
}

fn words(purpose: &Ask) -> (String, &'static str) {
    match purpose {
        Ask::NewBreakpoint => (
            "stop at".to_owned(),
            "FILE:LINE, FUNCTION, /REGEX/, *OFFSET, host:fd_write, panic; `if EXPRESSION` after it",
        ),
        Ask::Condition(id) => (
            format!("breakpoint {id}: only if"),
            "an expression; empty: always",
        ),
        Ask::Hits(id) => (
            format!("breakpoint {id}: only at hits"),
            "> 3, == 2, % 10; empty: at every hit",
        ),
        Ask::Log(id) => (
            format!("breakpoint {id}: tell"),
            "a text with {expressions}; empty: stop",
        ),
        Ask::ConditionAt(_, line) => (format!("stop at line {line} only if"), "an expression"),
        Ask::LogAt(_, line) => (format!("at line {line} tell"), "a text with {expressions}"),
        Ask::Watch(_) => ("watch".to_owned(), "an expression"),
        Ask::Assign(target) => (format!("{target} ="), "a value"),
        Ask::Memory => (
            "memory at".to_owned(),
            "an address such as 0x1000, or an expression",
        ),
        Ask::Filter => (
            "host calls".to_owned(),
            "%file,fd_write,!/clock/ status=failed fd=1 path=/data; empty: all",
        ),
        Ask::Search => (
            "search".to_owned(),
            "a text; capitals count when there are any",
        ),
        Ask::Line => ("line".to_owned(), "a number"),
    }
}

/// Asks about the selected breakpoint.
pub(super) fn breakpoint(state: &mut State, action: Action) {
    let Some(selected) = state.breakpoints.selected() else {
        return;
    };
    let (id, spec) = (selected.id, &selected.spec);
    let (purpose, text) = match action {
        Action::EditHits => (Ask::Hits(id), spec.hits.map(commands::hit_text)),
        Action::EditLog => (Ask::Log(id), spec.log.clone()),
        _ => (Ask::Condition(id), spec.condition.clone()),
    };
    question(state, purpose, text.unwrap_or_default());
}

/// Asks about the breakpoint at the line under the cursor, or a new one there.
pub(super) fn at_line(state: &mut State, action: Action) {
    let Some(BreakpointPlace::Line { file, line, .. }) = actions::here(state) else {
        return;
    };
    let known =
        actions::breakpoint_at(state, &file, line).map(|known| (known.id, known.spec.clone()));
    let (purpose, text) = match (action, known) {
        (Action::Logpoint, Some((id, spec))) => (Ask::Log(id), spec.log),
        (Action::Logpoint, None) => (Ask::LogAt(file, line), None),
        (_, Some((id, spec))) => (Ask::Condition(id), spec.condition),
        (_, None) => (Ask::ConditionAt(file, line), None),
    };
    question(state, purpose, text.unwrap_or_default());
}

/// Asks about the selected value.
pub(super) fn value(state: &mut State, action: Action) {
    let tree = match state.focus() {
        Pane::Watches => &state.watches,
        _ => &state.variables,
    };
    let selected = tree.selected().map(|node| {
        (
            node.path.clone(),
            node.expression.clone(),
            node.value.summary.clone(),
        )
    });
    match (action, selected) {
        (Action::EditValue, Some((_, expression, summary))) => {
            question(state, Ask::Assign(expression), summary.unwrap_or_default());
        }
        (Action::EditWatch, Some((path, ..))) => {
            let place = path
                .split(':')
                .next()
                .and_then(|place| place.parse::<usize>().ok());
            let text = place
                .and_then(|place| state.watched.get(place))
                .map(|watch| watch.expression.clone());
            question(state, Ask::Watch(place), text.unwrap_or_default());
        }
        (Action::AddWatch, _) => question(state, Ask::Watch(None), String::new()),
        _ => {}
    }
}

/// What questions understand places with.
pub(super) fn context(state: &State) -> Context {
    Context {
        file: state.source.shown.clone(),
        line: state.source.line(),
    }
}

/// Takes an answer.
///
/// # Errors
/// What is wrong with it: the question stays.
pub(super) fn answer(state: &mut State, purpose: &Ask, text: &str) -> Result<(), String> {
    let text = text.trim();
    let optional = || Some(text.to_owned()).filter(|text| !text.is_empty());
    let change = BreakpointChange::default();
    match purpose {
        Ask::NewBreakpoint => {
            let spec = commands::breakpoint_spec(text, &context(state))?;
            state.send(Command::SetBreakpoint(spec), Purpose::Breakpoint);
        }
        Ask::Condition(id) => {
            let condition = Some(optional());
            actions::change(
                state,
                *id,
                BreakpointChange {
                    condition,
                    ..change
                },
            );
        }
        Ask::Hits(id) => {
            let hits = Some(commands::hit_condition(text)?);
            actions::change(state, *id, BreakpointChange { hits, ..change });
        }
        Ask::Log(id) => {
            let log = Some(optional());
            actions::change(state, *id, BreakpointChange { log, ..change });
        }
        Ask::ConditionAt(file, line) | Ask::LogAt(file, line) => {
            let place = BreakpointPlace::Line {
                file: file.clone(),
                line: *line,
                column: None,
            };
            let mut spec = BreakpointSpec::new(place);
            match purpose {
                Ask::LogAt(..) => spec.log = Some(optional().ok_or("a text is needed")?),
                _ => spec.condition = optional(),
            }
            state.send(Command::SetBreakpoint(spec), Purpose::Breakpoint);
        }
        Ask::Watch(place) => {
            let expression = optional().ok_or("an expression is needed")?;
            match place.and_then(|place| state.watched.get_mut(place)) {
                Some(watch) => {
                    watch.expression = expression;
                    watch.value = None;
                    show::fill_watches(state);
                    show::watches(state);
                }
                None => super::values::watch(state, &expression),
            }
        }
        Ask::Assign(target) => {
            let command = Command::Set {
                target: target.clone(),
                value: optional().ok_or("a value is needed")?,
                frame: state.frame,
            };
            state.send(command, Purpose::Assigned);
        }
        Ask::Memory => show::memory(state, &optional().ok_or("an address is needed")?),
        Ask::Filter => state.calls.set_filter(text)?,
        Ask::Search => {
            if let Some(text) = optional() {
                state.search = Some(text);
            }
            actions::search(state, true);
        }
        Ask::Line => {
            let line = text
                .parse()
                .map_err(|_| format!("`{text}` is no line's number"))?;
            if let Some(file) = state.source.shown.clone() {
                show::line(state, &file, Some(line));
            }
        }
    }
    Ok(())
}
