//! The console: commands that are typed, their answers, completion.

use super::{actions, ask, replies, show};
use crate::command_line::Told;
use crate::commands::{self, Answer, Parsed};
use crate::message::Effect;
use crate::pane::Pane;
use crate::state::console::{Completions, Said};
use crate::state::{Purpose, State};
use wasmscope_debugger::protocol::{
    Breakpoint, Command, CommandError, CompletionKind, FrameInfo, MemberInfo, ReplyBody,
};

/// Words that are asked for.
const MAX_WORDS: usize = 200;

/// Carries out the line that was typed; an empty one says the last again.
pub(super) fn submit(state: &mut State) {
    let typed = state.console.line.take();
    state.console.completions = None;
    if state.has_line_mode && !of_screen(state, &typed) {
        let line = typed.trim();
        if !line.is_empty() {
            state.console.say(Said::Command, line);
        }
        // What an empty line repeats, line mode knows.
        state.console.last = None;
        state.effect(Effect::Line(line.to_owned(), state.frame));
        return;
    }
    let line = match typed.trim() {
        "" => match state.console.last.clone() {
            Some(last) => last,
            None => return,
        },
        line => line.to_owned(),
    };
    state.console.say(Said::Command, &line);
    state.console.last = Some(line.clone());
    match commands::parse(&line, &ask::context(state)) {
        Ok(parsed) => carry_out(state, parsed),
        Err(error) => state.console.say(Said::Error, &error),
    }
}

/// Whether a line is carried out here: the screen's own commands, and what repeats them.
fn of_screen(state: &State, line: &str) -> bool {
    match line.trim() {
        "" => state.console.last.is_some(),
        line => commands::is_of_screen(line),
    }
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
        Parsed::Ask(command, answer) => {
            let changes = matches!(
                command,
                Command::DeleteBreakpoint { .. } | Command::Set { .. }
            );
            state.send(command, Purpose::Console(answer));
            if changes {
                state.send(Command::Breakpoints, Purpose::Breakpoints);
                show::frame(state);
            }
        }
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
        Parsed::Show(place) => {
            use wasmscope_debugger::protocol::BreakpointPlace as P;
            let name = match &place {
                P::Line { file, line, .. } => format!("{file}:{line}"),
                P::Function { name } => name.clone(),
                P::FunctionRegex { pattern } => format!("/{pattern}/"),
                P::Pc { pc, .. } => format!("*{pc:#x}"),
                P::Panic => "panic".to_owned(),
                P::HostCall { filter } => format!("host:{filter}"),
                P::Watch { expression } => expression.clone(),
            };
            state.send(Command::Resolve { place }, Purpose::Show(name));
        }
        Parsed::Display(expression) => super::values::watch(state, &expression),
        Parsed::Memory(expression) => {
            show::memory(state, &expression);
        }
        Parsed::Filter(text) => {
            if let Err(error) = state.calls.set_filter(&text) {
                state.console.say(Said::Error, &error);
            } else {
                state.reveal(Pane::Calls);
            }
        }
        Parsed::Say(text) => state.console.say(Said::Answer, &text),
    }
}

/// Writes an answer.
pub(super) fn answer(state: &mut State, how: Answer, body: ReplyBody) {
    if how == Answer::Quiet {
        return;
    }
    let lines = text(&body);
    match body {
        ReplyBody::Breakpoint(breakpoint) => state.breakpoints.update(breakpoint, false),
        ReplyBody::Breakpoints { breakpoints } => state.breakpoints.list = breakpoints,
        _ => {}
    }
    if !lines.is_empty() {
        state.console.say(Said::Answer, &lines.join("\n"));
    }
}

/// Writes why there is no answer, and points at the place in the expression.
pub(super) fn refusal(state: &mut State, error: &CommandError) {
    state
        .console
        .say(Said::Error, &replies::with_suggestions(error));
}

/// An answer as lines.
fn text(body: &ReplyBody) -> Vec<String> {
    match body {
        ReplyBody::Value(value) => vec![format!("{value}")],
        ReplyBody::Breakpoint(breakpoint) => breakpoint_lines(breakpoint),
        ReplyBody::Type(info) => {
            let size = info
                .size
                .map(|size| format!("  // {size} bytes"))
                .unwrap_or_default();
            let mut lines = vec![format!("{} {}{size}", info.kind, info.name)];
            members(&info.members, 1, &mut lines);
            lines
        }
        ReplyBody::Statics { statics, more } => {
            let mut lines: Vec<String> = statics
                .iter()
                .map(|value| format!("{} = {value}", value.name))
                .collect();
            if *more > 0 {
                lines.push(format!("… {more} more"));
            }
            lines
        }
        ReplyBody::Stack { frames, total } => {
            let mut lines: Vec<String> = frames.iter().map(frame_line).collect();
            if let Some(more) = total
                .map(|total| total.saturating_sub(frames.len()))
                .filter(|more| *more > 0)
            {
                lines.push(format!("… {more} more frames"));
            }
            lines
        }
        ReplyBody::Functions {
            functions,
            truncated,
        } => {
            let mut lines: Vec<String> = functions
                .iter()
                .map(|function| match &function.declared {
                    Some(place) => format!("{}  {}", function.name, show::place_text(place)),
                    None => function.name.clone(),
                })
                .collect();
            if *truncated {
                lines.push("… and more".to_owned());
            }
            lines
        }
        ReplyBody::Files { files } => {
            let mut lines: Vec<String> = files.iter().take(200).cloned().collect();
            if let Some(more) = files.len().checked_sub(200).filter(|more| *more > 0) {
                lines.push(format!("… {more} more"));
            }
            lines
        }
        ReplyBody::Modules { modules } => modules
            .iter()
            .map(|module| {
                let name = module.name.as_deref().unwrap_or("(no name)");
                let info = module.debug_info.as_deref().unwrap_or("none");
                format!(
                    "{}: {name}, {} functions, debug info: {info}",
                    module.index, module.functions
                )
            })
            .collect(),
        ReplyBody::Done => Vec::new(),
        _ => Vec::new(),
    }
}

fn breakpoint_lines(breakpoint: &Breakpoint) -> Vec<String> {
    let places: Vec<String> = breakpoint
        .locations
        .iter()
        .take(8)
        .map(|location| match &location.place {
            Some(place) => show::place_text(place),
            None => format!("{:#x}", location.pc),
        })
        .collect();
    let more = breakpoint.locations.len().saturating_sub(places.len());
    let mut line = format!("breakpoint {}", breakpoint.id);
    if !places.is_empty() {
        line.push_str(&format!(" at {}", places.join(", ")));
    }
    if more > 0 {
        line.push_str(&format!(" and {more} more"));
    }
    let mut lines = vec![line];
    lines.extend(breakpoint.notes.iter().map(|note| format!("note: {note}")));
    if !breakpoint.suggestions.is_empty() {
        lines.push(format!(
            "did you mean `{}`?",
            breakpoint.suggestions.join("`, `")
        ));
    }
    lines
}

fn frame_line(frame: &FrameInfo) -> String {
    let name = frame
        .function
        .clone()
        .unwrap_or_else(|| format!("function {}", frame.wasm_function));
    let place = match &frame.place {
        Some(place) => show::place_text(place),
        None => format!("{:#x}", frame.pc),
    };
    let inlined = if frame.inlined { " (inlined)" } else { "" };
    format!("{:>3}  {name}{inlined}  {place}", frame.id)
}

fn members(of: &[MemberInfo], depth: usize, lines: &mut Vec<String>) {
    if depth > 8 {
        return;
    }
    let indent = "    ".repeat(depth);
    for member in of.iter().take(500) {
        let mut line = format!("{indent}{}", member.name);
        if let Some(type_name) = &member.type_name {
            line.push_str(&format!(": {type_name}"));
        }
        if let Some(offset) = member.offset {
            line.push_str(&format!("  // at {offset}"));
        }
        lines.push(line);
        members(&member.members, depth.saturating_add(1), lines);
    }
}

/// Completes the word before the cursor: asks how it could go on, or goes to the next word.
pub(super) fn complete(state: &mut State, by: isize) {
    if state.console.completions.is_some() {
        state.console.cycle(by);
        return;
    }
    let before = state.console.line.before().to_owned();
    if state.has_line_mode && (before.trim().is_empty() || !of_screen(state, &before)) {
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
    let words = |words: Vec<String>| Completions {
        head: head.to_owned(),
        tail: tail.clone(),
        words,
        at: None,
    };
    if head.trim().is_empty() {
        let names = commands::TABLE.iter().flat_map(|row| row.names);
        let fitting = names.filter(|name| name.starts_with(prefix) && name.len() > 1);
        let fitting = fitting.map(|name| format!("{name} ")).collect();
        state.console.completions = Some(words(fitting));
        state.console.cycle(1);
        return;
    }
    let command = head
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default();
    let kind = commands::find(command).ok().and_then(|row| row.completes);
    // After `if` an expression follows.
    let kind = match kind {
        Some(_) if head.contains(" if ") => Some(CompletionKind::Variable),
        kind => kind,
    };
    if let Some(what) = kind {
        let command = Command::Complete {
            what,
            prefix: prefix.to_owned(),
            frame: state.frame,
            limit: MAX_WORDS,
        };
        state.console.completions = Some(words(Vec::new()));
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
        let own = names.filter(|name| name.starts_with(prefix) && commands::is_of_screen(name));
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
