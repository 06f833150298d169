//! Bringing things to the screen: frames, places, memory. What is not here yet is asked for.

use super::moving;
use crate::highlight::Job;
use crate::message::Effect;
use crate::pane::Pane;
use crate::state::code::{MEMORY_PAGE, MEMORY_ROW};
use crate::state::source::MAX_LINES;
use crate::state::stack::{PAGE, StackRow};
use crate::state::tree::PAGE as CHILDREN;
use crate::state::{Guest, Purpose, State, Watched};
use std::sync::Arc;
use wasmscope_debugger::explain::Place;
use wasmscope_debugger::protocol::{BreakpointPlace, Command, FrameId, ValueFormat, ValueLimits};
use wasmscope_debugger::values::Value;

/// A place as `file:line`.
pub(crate) fn place_text(place: &Place) -> String {
    match place.line {
        Some(line) => format!("{}:{line}", place.file),
        None => place.file.clone(),
    }
}

/// Looks for `main`, to have something on the screen before the start.
pub(super) fn main(state: &mut State) {
    let place = BreakpointPlace::Function {
        name: "main".to_owned(),
    };
    state.send(Command::Resolve { place }, Purpose::Main);
}

/// Looks for what a program without `main` begins with: one written in Wasm's own text, say.
pub(super) fn entry(state: &mut State) {
    let place = BreakpointPlace::Function {
        name: "_start".to_owned(),
    };
    state.send(Command::Resolve { place }, Purpose::Entry);
}

/// Shows a line of a file.
pub(super) fn line(state: &mut State, file: &str, line: Option<u32>) {
    let height = moving::list_height(state, Pane::Source, state.height_of(Pane::Source));
    if state.source.show(file, line, height) {
        request(state, file, line);
    }
}

fn request(state: &mut State, file: &str, line: Option<u32>) {
    let line = line.unwrap_or(1);
    // The whole file where it is not enormous; else the part around the line.
    let before = line.saturating_sub(1).min(MAX_LINES / 2);
    let command = Command::Source {
        file: Some(file.to_owned()),
        frame: state.frame,
        line: Some(line),
        before,
        after: MAX_LINES.saturating_sub(before),
    };
    state.send(command, Purpose::Source(file.to_owned()));
}

/// Has a file coloured.
pub(super) fn highlight(state: &mut State, name: &str) {
    let Some(file) = state.source.get(name) else {
        return;
    };
    let text = Arc::clone(&file.lines);
    state.effect(Effect::Highlight(Job {
        name: name.to_owned(),
        text,
    }));
}

/// Selects the frame of the selected row, or unfolds the row.
pub(super) fn select_row(state: &mut State) {
    let rows = state.stack.rows(state.frame);
    if let Some(StackRow::Frame(place)) = rows.get(state.stack.cursor.at)
        && let Some(frame) = state.stack.frames.get(*place)
    {
        let id = frame.id;
        select(state, id);
    }
}

/// Asks for more frames, or unfolds: what Enter does in the stack.
pub(super) fn open_row(state: &mut State) {
    let rows = state.stack.rows(state.frame);
    match rows.get(state.stack.cursor.at) {
        Some(StackRow::Folded { .. }) => state.stack.unfolded = true,
        Some(StackRow::More(_)) => more_frames(state),
        Some(StackRow::Frame(_)) => {
            select_row(state);
            state.set_focus(Pane::Source);
        }
        None => {}
    }
}

fn more_frames(state: &mut State) {
    let from = state.stack.frames.len();
    let count = PAGE.saturating_mul(4);
    state.send(Command::Stack { from, count }, Purpose::Stack(from));
}

/// Selects a frame: everything follows it.
pub(super) fn select(state: &mut State, id: FrameId) {
    if state.frame == id || state.stack.frame(id).is_none() {
        return;
    }
    state.frame = id;
    if let Some(row) = state.stack.row_of(id) {
        state.stack.cursor.at = row;
    }
    frame(state);
    watches(state);
}

/// Shows the selected frame: its line, its variables, its opcodes.
pub(super) fn frame(state: &mut State) {
    let place = state.frame_place().cloned();
    match &place {
        Some(place) => line(state, &place.file, place.line),
        None => state.source.shown = None,
    }
    values(state);
    state.code.current = state.frame_info().map(|frame| frame.pc);
    state.code.note = None;
    state.wasm.note = None;
    for pane in [Pane::Disassembly, Pane::Wasm, Pane::Memory] {
        reload(state, pane);
    }
}

/// Asks for the variables of the selected frame.
pub(super) fn values(state: &mut State) {
    let frame = state.frame;
    let limits = ValueLimits {
        elements: CHILDREN,
        children: 1,
        ..ValueLimits::default()
    };
    if state.guest.stop().is_some() {
        state.send(
            Command::Variables { frame, limits },
            Purpose::Variables(frame),
        );
    }
}

/// Asks for what a pane shows, if it is to be seen and has nothing.
pub(super) fn load(state: &mut State, pane: Pane) {
    let wants = match pane {
        Pane::Disassembly => state.code.listing.is_none() && state.code.note.is_none(),
        Pane::Wasm => state.wasm.frame.is_none() && state.wasm.note.is_none(),
        _ => false,
    };
    if wants {
        reload(state, pane);
    }
}

fn reload(state: &mut State, pane: Pane) {
    let is_seen =
        state.is_visible(pane) || (pane == Pane::Disassembly && state.source.shown.is_none());
    match pane {
        Pane::Disassembly => state.code.listing = None,
        Pane::Wasm => state.wasm.frame = None,
        _ => {}
    }
    if state.guest.stop().is_none() || !is_seen {
        return;
    }
    let frame = state.frame;
    match pane {
        Pane::Disassembly => {
            // Asked for once: the remark is taken away when the answer is there.
            state.code.note = Some("…".to_owned());
            let command = Command::Disassemble {
                place: None,
                frame,
                around: None,
            };
            state.send(command, Purpose::Disassembly);
        }
        Pane::Wasm => {
            state.wasm.note = Some("…".to_owned());
            state.send(Command::WasmFrame { frame }, Purpose::WasmFrame);
        }
        Pane::Memory if state.memory.expression.is_some() => {
            let address = state.memory.address;
            read_memory(state, address);
        }
        _ => {}
    }
}

/// Asks for the values of all watches.
pub(super) fn watches(state: &mut State) {
    for place in 0..state.watched.len() {
        watch(state, place);
    }
}

/// Asks for the value of one watch.
pub(super) fn watch(state: &mut State, place: usize) {
    let Some(expression) = state
        .watched
        .get(place)
        .map(|watch| watch.expression.clone())
    else {
        return;
    };
    if state.guest.stop().is_none() {
        return;
    }
    let limits = ValueLimits {
        elements: CHILDREN,
        children: 1,
        ..ValueLimits::default()
    };
    let command = Command::Evaluate {
        expression,
        frame: state.frame,
        format: ValueFormat::Natural,
        limits,
    };
    state.send(command, Purpose::Watch(place));
}

/// Puts the watches into their tree, those without a value with the reason.
pub(super) fn fill_watches(state: &mut State) {
    let value = |watch: &Watched| {
        let mut value = match &watch.value {
            Some(Ok(value)) => value.clone(),
            Some(Err(reason)) => Value {
                unavailable: Some(reason.clone()),
                ..Value::default()
            },
            None => Value {
                unavailable: Some("not evaluated yet".to_owned()),
                ..Value::default()
            },
        };
        value.name.clone_from(&watch.expression);
        (value, watch.expression.clone(), None)
    };
    let values: Vec<_> = state.watched.iter().map(value).collect();
    let open = state.watches.fill("watches", values);
    for path in open {
        children(state, Pane::Watches, &path);
    }
}

/// Asks for the children of a value.
pub(super) fn children(state: &mut State, pane: Pane, path: &str) {
    if state.guest.stop().is_none() {
        return;
    }
    let tree = match pane {
        Pane::Watches => &state.watches,
        _ => &state.variables,
    };
    let Some(node) = tree.node(path) else {
        return;
    };
    let command = Command::Evaluate {
        expression: node.expression.clone(),
        frame: state.frame,
        format: tree.format(path),
        limits: ValueLimits {
            elements: tree.wanted(path),
            children: 2,
            ..ValueLimits::default()
        },
    };
    let purpose = match pane {
        Pane::Watches => Purpose::WatchChild(path.to_owned()),
        _ => Purpose::Variable(path.to_owned()),
    };
    state.send(command, purpose);
}

/// Shows memory at an address or of a value.
pub(super) fn memory(state: &mut State, expression: &str) {
    state.memory.expression = Some(expression.to_owned());
    state.memory.note = None;
    state.memory.before = None;
    state.memory.wanted = None;
    state.set_focus(Pane::Memory);
    let command = Command::ReadMemory {
        address: expression.to_owned(),
        frame: state.frame,
        length: MEMORY_PAGE,
    };
    state.send(command, Purpose::Memory);
}

fn read_memory(state: &mut State, address: u64) {
    let command = Command::ReadMemory {
        address: format!("{address:#x}"),
        frame: state.frame,
        length: MEMORY_PAGE,
    };
    state.send(command, Purpose::Memory);
}

/// Asks what lies in the memory that is shown.
pub(super) fn memory_owners(state: &mut State) {
    let command = Command::MemoryOwners {
        address: format!("{:#x}", state.memory.address),
        frame: state.frame,
        length: u64::try_from(state.memory.bytes.len()).unwrap_or(u64::MAX),
    };
    state.send(command, Purpose::MemoryOwners);
}

/// The memory that is shown has been scrolled to its end: shows what lies beyond.
pub(super) fn memory_edge(state: &mut State, by: isize) {
    if state.memory.bytes.is_empty() || state.memory.wanted.is_some() {
        return;
    }
    let half = MEMORY_PAGE / 2;
    let length = u64::try_from(state.memory.bytes.len()).unwrap_or(u64::MAX);
    let end = state.memory.address.saturating_add(length);
    let address = if by < 0 && state.memory.address > 0 {
        state.memory.address.saturating_sub(half)
    } else if by > 0 && end < state.memory.size {
        state.memory.address.saturating_add(half)
    } else {
        return;
    };
    let row = u64::try_from(MEMORY_ROW).unwrap_or(16);
    let address = address.checked_div(row).unwrap_or(0).saturating_mul(row);
    state.memory.wanted = Some(state.memory.row_address(state.memory.cursor.at));
    read_memory(state, address);
}

/// Brings the opcodes to the line under the cursor.
pub(super) fn align_code(state: &mut State) {
    let (Some(file), Some(line)) = (state.source.shown.clone(), state.source.line()) else {
        return;
    };
    let has_code = state
        .source
        .file()
        .is_some_and(|file| file.has_code.get(state.source.cursor.at) == Some(&true));
    if has_code && matches!(state.guest, Guest::Stopped(_)) {
        let place = BreakpointPlace::Line {
            file,
            line,
            column: None,
        };
        state.send(Command::Resolve { place }, Purpose::Align);
    }
}

/// Asks for the functions that have a text in their names; for all when it is empty.
pub(super) fn functions(state: &mut State, query: &str) {
    let mut pattern = String::from("(?i)");
    for c in query.chars() {
        // Whatever means something in a regular expression means itself here.
        if matches!(
            c,
            '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$'
        ) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    let command = Command::Functions {
        pattern,
        limit: 5_000,
    };
    state.send(command, Purpose::Functions);
}
