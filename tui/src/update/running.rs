//! Running the guest: starting it, letting it go on, stepping it, ending it.

use super::actions::{here, module};
use crate::message::Effect;
use crate::pane::Pane;
use crate::state::popup::{Popup, Yes};
use crate::state::{Guest, Purpose, Start, State};
use wasmscope_debugger::protocol::{BreakpointPlace, BreakpointSpec, Command, Exit};

/// Answers a confirmed question.
pub(super) fn confirmed(state: &mut State, yes: Yes) {
    match yes {
        Yes::Quit => state.effect(Effect::Quit),
        Yes::Kill => state.send(Command::Kill, Purpose::Nothing),
        Yes::Restart => restart(state),
    }
}

pub(super) fn confirm(state: &mut State, question: &str, yes: Yes) {
    state.popups.push(Popup::Confirm {
        question: question.to_owned(),
        yes,
    });
}

pub(super) fn run(state: &mut State, command: Command) {
    state.stepping = !matches!(command, Command::Continue);
    state.send(command, Purpose::Run);
}

pub(super) fn go_on(state: &mut State) {
    match &state.guest {
        Guest::Stopped(_) => run(state, Command::Continue),
        Guest::Exited(_) => {
            state.start_when_ready = Some(Start::Run);
            restart(state);
        }
        _ => start(state, Start::Run),
    }
}

/// Steps; from the very beginning a step goes to `main`.
pub(super) fn step(state: &mut State, command: Command) {
    match state.guest {
        Guest::Stopped(_) => run(state, command),
        _ => start(state, Start::AtMain),
    }
}

/// Starts the guest, now or when it is ready.
pub(super) fn start(state: &mut State, start: Start) {
    if state.guest == Guest::Preparing {
        state.start_when_ready = Some(start);
        state.tell("starts when it is compiled");
        return;
    }
    if start == Start::AtMain {
        let place = BreakpointPlace::Function {
            name: "main".to_owned(),
        };
        let mut spec = BreakpointSpec::new(place);
        spec.temporary = true;
        state.send(Command::SetBreakpoint(spec), Purpose::Breakpoint);
    }
    state.send(Command::Run, Purpose::Nothing);
}

pub(super) fn restart(state: &mut State) {
    state.calls.restart();
    state.output.ended = false;
    state.stack.clear();
    state.variables.clear(None);
    state.code.listing = None;
    state.wasm.frame = None;
    state.report = None;
    if !matches!(state.guest, Guest::Exited(Exit::Killed)) {
        state.announce("restart");
    }
    state.send(Command::Restart, Purpose::Nothing);
}

pub(super) fn run_to(state: &mut State) {
    let place = match state.focus() {
        Pane::Disassembly => state.code.selected().map(|pc| BreakpointPlace::Pc {
            pc,
            module: module(state),
        }),
        _ => here(state),
    };
    let Some(place) = place else {
        state.tell("there is no line under the cursor");
        return;
    };
    if state.guest.stop().is_some() {
        run(state, Command::Until { place: Some(place) });
    } else {
        let mut spec = BreakpointSpec::new(place);
        spec.temporary = true;
        state.send(Command::SetBreakpoint(spec), Purpose::Breakpoint);
        start(state, Start::Run);
    }
}
