//! What happens when something happens: changes the state, and says what is to be done outside. No
//! clock, no terminal, no session is touched here.

pub(crate) mod actions;
mod ask;
mod console;
mod keys;
mod mouse;
pub(crate) mod moving;
mod replies;
mod running;
mod session;
mod show;
mod values;

pub(crate) use actions::{enabled, matches_text};
pub(crate) use session::describe;
pub(crate) use show::place_text;

use crate::message::{Effect, Message};
use crate::pane::Pane;
use crate::state::{Purpose, State};
use ratatui::layout::Rect;
use wasmscope_debugger::protocol::{Command, Settings};

/// Takes a message in.
pub fn update(state: &mut State, message: Message) -> Vec<Effect> {
    match message {
        Message::Start => start(state),
        Message::Key(event) => keys::key(state, &event),
        Message::Mouse(event) => mouse::mouse(state, event),
        Message::Paste(text) => keys::paste(state, &text),
        Message::Resize(size) => state.screen = Rect::new(0, 0, size.width, size.height),
        Message::Session(event) => session::event(state, *event),
        Message::SessionClosed => session::closed(state),
        Message::Told(told) => console::told(state, told),
        Message::Highlighted(part) => {
            state
                .source
                .highlight(&part.name, &part.text, part.from, part.spans);
        }
        Message::Tick(now) => {
            state.now = now;
            state.expire();
        }
        Message::Terminate => state.effect(Effect::Quit),
    }
    settle(state);
    state.take_effects()
}

fn start(state: &mut State) {
    let settings = Settings {
        tell_host_calls: Some(true),
        ..Settings::default()
    };
    state.send(Command::Configure(settings), Purpose::Nothing);
    for spec in std::mem::take(&mut state.restored) {
        state.send(Command::SetBreakpoint(spec), Purpose::Breakpoint);
    }
    if !state.watched.is_empty() {
        show::fill_watches(state);
    }
    state.send(Command::Modules, Purpose::Modules);
    // A look at the program while it is being compiled.
    show::main(state);
}

/// Brings every cursor back to where there is something.
fn settle(state: &mut State) {
    for slot in state.arrangement().slots {
        let height = usize::from(slot.body.height);
        let rows = moving::rows(state, slot.shown);
        let height = moving::list_height(state, slot.shown, height);
        if let Some(cursor) = moving::cursor(state, slot.shown) {
            cursor.settle(rows, height);
        }
    }
    let visible = state.recent.clone();
    for pane in [Pane::Memory, Pane::Disassembly, Pane::Wasm] {
        if visible.contains(&pane) {
            show::load(state, pane);
        }
    }
    keys::settle_popup(state);
}
