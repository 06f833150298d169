//! A failure's report as a reader sees it ([`text()`]) or as a program does ([`json()`]).
//!
//! What a report says is decided in `wasmscope_debugger::explain`; here is only how it looks.

pub mod escape;
mod text;

#[cfg(test)]
mod tests;

pub use text::{Look, columns, cut, folded_kinds, grouped, place_text, reservations, text};

use wasmscope_debugger::Report;

/// The report as JSON, with a final newline. Its form is that of [`Report`], whose `schema` field
/// numbers it.
pub fn json(report: &Report) -> serde_json::Result<String> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    Ok(text)
}
