//! Lines of source.

use super::{DIM, HERE, Look};
use crate::report::escape;
use std::fmt::Write as _;
use wasmscope_debugger::protocol::SourceLines;

/// What is at a line besides its text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// A breakpoint in force.
    Enabled,
    /// One that is switched off.
    Disabled,
}

/// One line, as a stop shows it: `127 ┃     for line in &order.lines {`.
pub fn source_line(number: u32, text: &str, look: Look) -> String {
    let number = look.styled(HERE, &number.to_string());
    format!("{number} ┃ {}\n", source_text(text))
}

/// Lines, with the one the frame is at and those with breakpoints marked.
pub fn listing(source: &SourceLines, mark: impl Fn(u32) -> Option<Mark>, look: Look) -> String {
    let mut out = String::new();
    let last = source
        .first_line
        .saturating_add(u32::try_from(source.lines.len()).unwrap_or(u32::MAX));
    let width = last.to_string().len();
    for (number, line) in (source.first_line..=u32::MAX).zip(&source.lines) {
        let mark = match mark(number) {
            Some(Mark::Enabled) => '●',
            Some(Mark::Disabled) => '○',
            None => ' ',
        };
        let is_here = source.current == Some(number);
        let arrow = if is_here { '▶' } else { ' ' };
        let gutter = format!("{mark}{arrow}{number:>width$}");
        let gutter = match is_here {
            true => look.styled(HERE, &gutter),
            false if source.with_code.contains(&number) => gutter,
            false => look.styled(DIM, &gutter),
        };
        let text = source_text(line);
        let _ = match text.is_empty() {
            true => writeln!(out, "{gutter} ┃"),
            false => writeln!(out, "{gutter} ┃ {text}"),
        };
    }
    out
}

fn source_text(text: &str) -> String {
    escape::source(text).trim_end().replace('\t', "    ")
}
