//! Frames, and the stack they make.

use super::{DIM, FUNCTION, HERE, Look};
use crate::report::{columns, escape, folded_kinds, grouped, place_text};
use std::fmt::Write as _;
use wasmscope_debugger::explain::FrameKind;
use wasmscope_debugger::protocol::{FrameId, FrameInfo};

/// Names longer than this do not push the column of places to the right.
const MAX_NAME_COLUMN: usize = 44;

/// How to show a stack.
#[derive(Clone, Copy, Debug)]
pub struct StackLook {
    /// Colours and columns.
    pub look: Look,
    /// Whether frames that are not the program's own are counted rather than shown.
    pub fold: bool,
    /// The frame that is looked at.
    pub selected: FrameId,
}

/// A frame's function, and whether it was inlined.
pub fn frame_title(frame: &FrameInfo) -> String {
    let name = match &frame.function {
        Some(name) => escape::line(name),
        None => format!("function {}", frame.wasm_function),
    };
    match frame.inlined {
        true => format!("{name} (inlined)"),
        false => name,
    }
}

/// Where a frame is: its line, or its opcode where there is none.
fn frame_place(frame: &FrameInfo) -> String {
    match &frame.place {
        Some(place) => place_text(place),
        None => format!("{:#x}", frame.pc),
    }
}

/// A frame in a line: `orders::pick (order=…) at src/main.rs:127:31`.
pub fn frame_line(frame: &FrameInfo, arguments: Option<&str>, look: Look) -> String {
    let title = look.styled(FUNCTION, &frame_title(frame));
    let arguments = arguments.map_or(String::new(), |text| format!(" ({text})"));
    format!("{title}{arguments} at {}", frame_place(frame))
}

/// What is shown of a stretch of the stack.
enum Row<'f> {
    Frame(&'f FrameInfo),
    Folded(Vec<(FrameKind, usize)>),
}

/// The stack, innermost first. `more` frames follow that are not given; `below` is what to show
/// below a frame.
pub fn stack(
    frames: &[FrameInfo],
    more: Option<usize>,
    below: impl Fn(&FrameInfo) -> String,
    how: StackLook,
) -> String {
    let rows = rows(frames, how);
    let number = frames.last().map_or(1, |frame| frame.id.to_string().len());
    let longest = rows.iter().filter_map(|row| match row {
        Row::Frame(frame) => Some(columns(&frame_title(frame))),
        Row::Folded(_) => None,
    });
    let names = longest.max().unwrap_or(0).min(MAX_NAME_COLUMN);
    let mut out = String::new();
    let mut folded = false;
    for row in &rows {
        match row {
            Row::Frame(frame) => {
                let title = frame_title(frame);
                let padding = " ".repeat(names.saturating_sub(columns(&title)));
                let title = match frame.kind {
                    FrameKind::User => how.look.styled(FUNCTION, &title),
                    _ => title,
                };
                let mark = match frame.id == how.selected {
                    true => how.look.styled(HERE, "▶"),
                    false => " ".to_owned(),
                };
                let _ = writeln!(
                    out,
                    "{mark} {:>number$}  {title}{padding}  {}",
                    frame.id,
                    frame_place(frame)
                );
                out.push_str(&below(frame));
            }
            Row::Folded(kinds) => {
                let hint = if folded { "" } else { " (bt -a shows them)" };
                folded = true;
                let text = how
                    .look
                    .styled(DIM, &format!("{}{hint}", folded_kinds(kinds)));
                let _ = writeln!(out, "  {:number$}  {text}", "");
            }
        }
    }
    match more {
        Some(0) => {}
        Some(1) => {
            let _ = writeln!(out, "  {:number$}  … 1 more call", "");
        }
        Some(more) => {
            let _ = writeln!(out, "  {:number$}  … {} more calls", "", grouped(more));
        }
        None => {
            let _ = writeln!(out, "  {:number$}  … and more calls", "");
        }
    }
    out
}

fn rows(frames: &[FrameInfo], how: StackLook) -> Vec<Row<'_>> {
    let own = |frame: &FrameInfo| {
        matches!(
            frame.kind,
            FrameKind::User | FrameKind::Dependency | FrameKind::Unknown
        )
    };
    let fold = how.fold && frames.iter().any(own);
    let mut rows: Vec<Row<'_>> = Vec::new();
    for frame in frames {
        if !fold || own(frame) || frame.id == how.selected {
            rows.push(Row::Frame(frame));
            continue;
        }
        if !matches!(rows.last(), Some(Row::Folded(_))) {
            rows.push(Row::Folded(Vec::new()));
        }
        if let Some(Row::Folded(kinds)) = rows.last_mut() {
            match kinds.iter_mut().find(|(kind, _)| *kind == frame.kind) {
                Some((_, count)) => *count = count.saturating_add(1),
                None => kinds.push((frame.kind, 1)),
            }
        }
    }
    rows
}
