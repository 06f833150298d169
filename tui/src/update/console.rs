//! The console: commands that are typed, their answers, completion.

use super::{actions, replies, show};
use crate::command_line::Told;
use crate::commands::{self, Parsed};
use crate::message::Effect;
use crate::pane::Pane;
use crate::state::console::{Completions, Said};
use crate::state::{Purpose, State};
use wasmscope_debugger::protocol::{Command, CommandError};

/// Words that are asked for.
const MAX_WORDS: usize = 200;

/// Carries out the line that was typed; an empty one says the last again.
pub(super) fn submit(state: &mut State) {
    let typed = state.console.line.take();
    state.console.completions = None;
    let line = match (typed.trim(), state.console.last.clone()) {
        ("", Some(last)) => last,
        (line, _) => line.to_owned(),
    };
    if !line.is_empty() {
        state.console.say(Said::Command, &line);
    }
    if let Some(parsed) = commands::parse(&line) {
        state.console.last = Some(line);
        match parsed {
            Ok(parsed) => carry_out(state, parsed),
            Err(error) => state.console.say(Said::Error, &error),
        }
        return;
    }
    // What an empty line repeats, line mode knows.
    state.console.last = None;
    if !state.has_line_mode {
        let text = format!(
            "{}\n{}",
            "there are no other commands here",
            commands::help()
        );
        return state.console.say(Said::Error, &text);
    }
    if matches!(line.as_str(), "help" | "h") {
        state.console.say(Said::Answer, &commands::help());
    }
    state.effect(Effect::Line(line, state.frame));
}

/// Line mode tells something.
pub(super) fn told(state: &mut State, told: Told) {
    match told {
        Told::Text(text) => state.console.say(Said::Answer, text.trim_end_matches('\n')),
        Told::Error(text) => state.console.say(Said::Error, text.trim_end_matches('\n')),
        Told::Completions { start, words } => line_completions(state, start, words),
        Told::Done { frame } => {
            state.send(Command::Breakpoints, Purpose::Breakpoints);
            if state.guest.stop().is_none() {
                return;
            }
            if frame != state.frame {
                show::select(state, frame);
            }
            // Whatever it was, it may have changed something.
            show::values(state);
            show::watches(state);
        }
    }
}

fn carry_out(state: &mut State, parsed: Parsed) {
    match parsed {
        Parsed::Ask(command) => state.send(command, Purpose::Console),
        Parsed::Do(action) => actions::perform(state, action),
        Parsed::Frame(id) => match state.stack.frame(id) {
            Some(_) => show::select(state, id),
            None => state.console.say(
                Said::Error,
                &format!("there is no frame {id} among those that were read"),
            ),
        },
        Parsed::Move(by) => {
            for _ in 0..by.unsigned_abs().min(10_000) {
                let before = state.frame;
                actions::neighbour(state, by.signum());
                if state.frame == before {
                    break;
                }
            }
        }
        Parsed::Display(expression) => super::values::watch(state, &expression),
        Parsed::Filter(text) => {
            if let Err(error) = state.calls.set_filter(&text) {
                state.console.say(Said::Error, &error);
            } else {
                state.reveal(Pane::Calls);
            }
        }
    }
}

/// Writes why there is no answer, and points at the place in the expression.
pub(super) fn refusal(state: &mut State, error: &CommandError) {
    state
        .console
        .say(Said::Error, &replies::with_suggestions(error));
}

/// Completes the word before the cursor: asks how it could go on, or goes to the next word.
pub(super) fn complete(state: &mut State, by: isize) {
    if state.console.completions.is_some() {
        state.console.cycle(by);
        return;
    }
    let before = state.console.line.before().to_owned();
    let own = commands::find(&before).filter(|_| before.contains(char::is_whitespace));
    if state.has_line_mode && own.is_none() {
        state.console.completions = Some(Completions::default());
        state.effect(Effect::Complete(before, state.frame));
        return;
    }
    let whole = state.console.line.text().to_owned();
    let tail = whole.get(before.len()..).unwrap_or_default().to_owned();
    let start = before
        .rfind(char::is_whitespace)
        .map_or(0, |at| at.saturating_add(1));
    let (head, prefix) = before.split_at_checked(start).unwrap_or(("", &before));
    let kind = own.and_then(|row| row.completes);
    if let Some(what) = kind {
        let command = Command::Complete {
            what,
            prefix: prefix.to_owned(),
            frame: state.frame,
            limit: MAX_WORDS,
        };
        state.console.completions = Some(Completions {
            head: head.to_owned(),
            tail,
            words: Vec::new(),
            at: None,
        });
        state.send(command, Purpose::Completions);
    }
}

/// Words that line mode has for the line, and the screen's own commands.
fn line_completions(state: &mut State, start: usize, mut words: Vec<String>) {
    if state.console.completions.is_none() {
        // Something else was typed meanwhile.
        return;
    }
    let before = state.console.line.before().to_owned();
    let whole = state.console.line.text().to_owned();
    let Some((head, prefix)) = before.split_at_checked(start) else {
        return;
    };
    if head.trim().is_empty() && !prefix.is_empty() {
        let names = commands::TABLE.iter().flat_map(|row| row.names);
        let own = names.filter(|name| name.starts_with(prefix));
        let own: Vec<String> = own
            .map(|name| (*name).to_owned())
            .filter(|name| !words.contains(name))
            .collect();
        words.extend(own);
    }
    // What is there already is no news.
    words.retain(|word| word != prefix);
    state.console.completions = Some(Completions {
        head: head.to_owned(),
        tail: whole.get(before.len()..).unwrap_or_default().to_owned(),
        words: Vec::new(),
        at: None,
    });
    completions(state, words);
}

/// Words that were asked for have come.
pub(super) fn completions(state: &mut State, words: Vec<String>) {
    let Some(completions) = &mut state.console.completions else {
        return;
    };
    if words.is_empty() {
        state.console.completions = None;
        return;
    }
    completions.words = words;
    completions.at = None;
    state.console.cycle(1);
}
