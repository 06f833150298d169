//! What a session tells, as lines of text: stops, stacks, values, listings, memory. Pure functions
//! from the protocol's data to text; nothing here asks a session anything.
//!
//! Everything that comes from the guest or its debug info is made harmless for a terminal on the
//! way.

mod breakpoints;
mod memory;
mod source;
mod stack;
mod stops;
mod types;
mod values;
mod wasm;

#[cfg(test)]
mod tests;

pub use breakpoints::{breakpoint_table, breakpoint_told, hits_text};
pub use memory::{Examine, Unit, UnitFormat, examined, owner_line};
pub use source::{Mark, listing, source_line};
pub use stack::{StackLook, frame_line, frame_title, stack};
pub use stops::{exit_line, hit, host_call_line, stop_headline};
pub use types::type_text;
pub use values::{arguments, tree, variables};
pub use wasm::{disassembly, wasm_frame};

use anstyle::{AnsiColor, Style};

/// How text looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// Whether colours may be used.
    pub color: bool,
    /// Columns of the terminal; `None` when it is none.
    pub width: Option<usize>,
}

/// Columns of a text that no terminal shows.
const DEFAULT_WIDTH: usize = 110;

/// A function's name.
pub const FUNCTION: Style = Style::new().bold();
/// What is there for completeness.
pub const DIM: Style = Style::new().dimmed();
/// A variable's name.
pub const NAME: Style = AnsiColor::Cyan.on_default();
/// Where the guest is.
pub const HERE: Style = AnsiColor::BrightGreen.on_default().bold();
/// Why it stopped.
pub const REASON: Style = Style::new().bold();
/// What went wrong.
pub const WRONG: Style = AnsiColor::BrightRed.on_default().bold();

impl Look {
    /// `text` in a style, where the look allows it.
    pub fn styled(self, style: Style, text: &str) -> String {
        match self.color {
            true => format!("{style}{text}{style:#}"),
            false => text.to_owned(),
        }
    }

    /// Columns to fill.
    pub fn columns(self) -> usize {
        self.width.unwrap_or(DEFAULT_WIDTH).max(40)
    }
}
