//! The report on a failure, as lines to read.

use crate::state::stack::folded_text;
use crate::update::place_text;
use wasmscope_debugger::explain::{NoteKind, Report, ReportFrame, StackEntry};

/// The report as lines.
pub(crate) fn lines(report: &Report) -> Vec<String> {
    let mut lines: Vec<String> = report.headline.lines().map(str::to_owned).collect();
    if let Some(place) = &report.place {
        lines.push(format!("  at {}", place_text(place)));
    }
    lines.push(String::new());
    lines.push("stack, innermost first:".to_owned());
    for entry in &report.layout {
        match entry {
            StackEntry::Frame { frame } => {
                if let Some(frame) = report.frames.get(*frame) {
                    add_frame(frame, &mut lines);
                }
            }
            StackEntry::Folded { kinds, .. } => {
                lines.push(format!("     … {}", folded_text(kinds)))
            }
            StackEntry::Repeated {
                times, functions, ..
            } => {
                lines.push(format!(
                    "     … {times} more rounds of {}",
                    functions.join(" → ")
                ));
            }
            StackEntry::Omitted {
                frames: Some(frames),
            } => lines.push(format!("     … {frames} more calls")),
            StackEntry::Omitted { frames: None } => lines.push("     … and more calls".to_owned()),
        }
    }
    if !report.host_calls.is_empty() {
        lines.push(String::new());
        lines.push("last host calls, oldest first:".to_owned());
        lines.extend(report.host_calls.iter().map(|call| format!("  {call}")));
    }
    for note in &report.notes {
        lines.push(String::new());
        let word = match note.kind {
            NoteKind::Note => "note",
            NoteKind::Help => "help",
        };
        for (place, line) in note.text.lines().enumerate() {
            let lead = if place == 0 {
                format!("{word}: ")
            } else {
                "      ".to_owned()
            };
            lines.push(format!("{lead}{line}"));
        }
    }
    lines
}

fn add_frame(frame: &ReportFrame, lines: &mut Vec<String>) {
    let name = match &frame.function {
        Some(name) => name.clone(),
        None => format!("function {}", frame.wasm_function),
    };
    let inlined = if frame.inlined { " (inlined)" } else { "" };
    let place = frame.place.as_ref().map(place_text).unwrap_or_default();
    lines.push(format!("{:>4} {name}{inlined}  {place}", frame.index));
    for variable in frame
        .variables
        .iter()
        .filter(|variable| variable.value.summary.is_some())
    {
        lines.push(format!(
            "         {} = {}",
            variable.value.name, variable.value
        ));
    }
}
