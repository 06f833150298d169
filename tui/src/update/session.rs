//! What the session tells: how the guest stands, output, calls, breakpoints.

use super::{replies, show};
use crate::pane::Pane;
use crate::state::console::Said;
use crate::state::output::Writer;
use crate::state::{Guest, Purpose, State};
use crate::text;
use wasmscope_debugger::explain::FrameKind;
use wasmscope_debugger::protocol::{Command, Event, Exit, FrameInfo, Stop, StopReason};
use wasmscope_tracer::HostCall;
use wasmscope_tracer::trace::{Site, TracedCall};

/// Lines of the last progress that are kept.
const MAX_PROGRESS: usize = 8;

/// Takes an event in.
pub(super) fn event(state: &mut State, event: Event) {
    match event {
        Event::Reply { id, result } => replies::reply(state, id, result),
        Event::Progress { what, done } => progress(state, what, done),
        Event::Ready => ready(state),
        Event::Failed { message } => {
            state.announce(&format!("cannot be started: {message}"));
            state.guest = Guest::Failed(message);
            state.progress.clear();
        }
        Event::Running => running(state),
        Event::Stopped(stop) => stopped(state, stop),
        Event::Output { stream, bytes } => state.output.write(stream, &bytes),
        Event::OutputLost { bytes } => {
            state.output.lost = state.output.lost.saturating_add(bytes);
            let text = format!("… {} of output left out …", text::size(bytes));
            state.output.say(Writer::Own, &text);
        }
        Event::InputWanted => state.announce("the program waits for input: i types a line of it"),
        Event::Log { id, text, frame } => {
            let place = frame
                .and_then(|frame| frame.place)
                .map(|place| show::place_text(&place));
            let line = match place {
                Some(place) => format!("{text}  ({place}, breakpoint {id})"),
                None => format!("{text}  (breakpoint {id})"),
            };
            state.output.say(Writer::Log, &line);
            state.console.say(Said::Event, &line);
        }
        Event::BreakpointChanged { breakpoint, gone } => {
            state.breakpoints.update(breakpoint, gone);
        }
        Event::HostCall { call, frames } => state.calls.push(traced(call, &frames)),
        Event::Exited(exit) => exited(state, exit),
    }
}

/// A call with the line that it came from: the program's own, else a library's.
fn traced(call: HostCall, frames: &[FrameInfo]) -> TracedCall {
    let site = |frame: &FrameInfo| Site {
        file: frame.place.as_ref().map(|place| place.file.clone()),
        line: frame.place.as_ref().and_then(|place| place.line),
        column: frame.place.as_ref().and_then(|place| place.column),
        function: frame.function.clone(),
    };
    let of_kind = |kind| frames.iter().find(|frame| frame.kind == kind);
    let users = of_kind(FrameKind::User).or_else(|| of_kind(FrameKind::Dependency));
    TracedCall {
        call,
        site: users.or(frames.first()).map(site),
        stack: frames.iter().map(site).collect(),
        locals: Vec::new(),
    }
}

/// Nothing more will come.
pub(super) fn closed(state: &mut State) {
    state.closed = true;
    if !matches!(state.guest, Guest::Exited(_) | Guest::Failed(_)) {
        state.guest = Guest::Failed("the session has ended".to_owned());
        state.complain("the session has ended");
    }
}

fn progress(state: &mut State, what: String, done: bool) {
    let known = state.progress.iter().any(|(known, _)| *known == what);
    if done {
        state.progress.retain(|(known, _)| *known != what);
    } else if !known && state.progress.len() < MAX_PROGRESS {
        state.progress.push((what, state.now));
    }
}

fn ready(state: &mut State) {
    state.guest = Guest::Ready;
    state.progress.clear();
    state.send(Command::Modules, Purpose::Modules);
    state.send(Command::Breakpoints, Purpose::Breakpoints);
    if state.source.shown.is_none() {
        show::main(state);
    }
    if let Some(start) = state.start_when_ready.take() {
        super::running::start(state, start);
    }
}

fn running(state: &mut State) {
    state.guest = Guest::Running;
    state.report = None;
    state.progress.clear();
}

fn stopped(state: &mut State, stop: Stop) {
    state.stop_count = state.stop_count.saturating_add(1);
    state.pausing = false;
    state.stepping = false;
    state.report = None;
    state.variables.new_stop();
    state.watches.new_stop();
    state.memory.before = Some((state.memory.address, state.memory.bytes.clone()));
    let text = describe(&stop);
    if !matches!(stop.reason, StopReason::Step) {
        state.console.say(Said::Event, &text);
    }
    for note in &stop.notes {
        state.console.say(Said::Event, &format!("note: {note}"));
    }
    if let Some(note) = stop.notes.first() {
        state.tell(note.clone());
    }
    let frame = stop.frame;
    let failed = matches!(
        stop.reason,
        StopReason::Trap { .. } | StopReason::Panic { .. }
    );
    state.guest = Guest::Stopped(Box::new(stop));
    state.frame = frame;
    state.stack.clear();
    state.send(
        Command::Stack {
            from: 0,
            count: crate::state::stack::PAGE,
        },
        Purpose::Stack(0),
    );
    show::frame(state);
    show::watches(state);
    if failed {
        state.send(Command::Report, Purpose::Report);
    }
    // The next of the steps that were typed ahead, unless something else stopped the guest.
    let is_step = matches!(
        state.guest.stop().map(|stop| &stop.reason),
        Some(StopReason::Step | StopReason::Until | StopReason::Finished { .. })
    );
    if !is_step || failed {
        state.steps.clear();
    } else if let Some(next) = state.steps.pop_front() {
        super::actions::perform(state, next);
    }
    // Whoever was looking at the source, or at what the guest wrote, wants to see the line.
    if !matches!(state.focus(), Pane::Disassembly) {
        state.reveal(Pane::Source);
    }
}

fn exited(state: &mut State, exit: Exit) {
    state.stepping = false;
    state.steps.clear();
    let text = match &exit {
        Exit::Code { code, results } if results.is_empty() => {
            format!("the program exited with {code}")
        }
        Exit::Code { results, .. } => format!("the program returned {}", results.join(", ")),
        Exit::Failure { code, headline } => {
            let first = headline.lines().next().unwrap_or_default();
            format!("the program failed: {first} (exit code {code})")
        }
        Exit::Killed => "the program was ended".to_owned(),
    };
    state.announce(&text);
    let failed = matches!(exit, Exit::Failure { .. });
    state.guest = Guest::Exited(exit);
    state.pausing = false;
    // What was seen last stays to be looked at; it is not asked for any more.
    if failed && state.report.is_none() {
        state.send(Command::Report, Purpose::Report);
    }
}

/// A stop in words.
pub(crate) fn describe(stop: &Stop) -> String {
    let numbers = || {
        let numbers: Vec<String> = stop.breakpoints.iter().map(u32::to_string).collect();
        numbers.join(", ")
    };
    let what = match &stop.reason {
        StopReason::Breakpoint => format!("breakpoint {}", numbers()),
        StopReason::Step if stop.breakpoints.is_empty() => "step".to_owned(),
        StopReason::Step => format!("step, at breakpoint {}", numbers()),
        StopReason::Finished { function, value } => {
            let function = function.as_deref().unwrap_or("the function");
            match value {
                Some(value) => format!("{function} returned {value}"),
                None => format!("{function} returned"),
            }
        }
        StopReason::Until => "arrived".to_owned(),
        StopReason::Panic {
            message: Some(message),
        } => format!("panic: {message}"),
        StopReason::Panic { message: None } => "panic".to_owned(),
        StopReason::Trap { headline } => headline.lines().next().unwrap_or_default().to_owned(),
        StopReason::Pause => "paused".to_owned(),
        StopReason::HostCall {
            call: Some(call), ..
        } => format!("about to call {call}"),
        StopReason::HostCall {
            function,
            call: None,
        } => format!("about to call {function}"),
        StopReason::Watch {
            expression,
            old,
            new,
            ..
        } => {
            format!("{expression} changed from {old} to {new}")
        }
        StopReason::WatchEnded { expression, .. } => {
            format!("the function of {expression} has returned: no longer watched")
        }
        StopReason::Exit { code } => format!("about to exit with {code}"),
    };
    match stop.info.as_ref().and_then(|info| info.place.as_ref()) {
        Some(place) => format!("{what}, at {}", show::place_text(place)),
        None => what,
    }
}
