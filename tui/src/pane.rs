//! The panes there are.

use serde::{Deserialize, Serialize};

/// A part of the screen that shows one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pane {
    /// A source file.
    Source,
    /// Opcodes in Wasm's text format.
    Disassembly,
    /// Arguments and locals of the selected frame.
    Variables,
    /// Expressions that the user keeps.
    Watches,
    /// Frames.
    Stack,
    /// Breakpoints.
    Breakpoints,
    /// The Wasm view: locals, operands, globals, modules.
    Wasm,
    /// What the guest wrote, and the line that it reads.
    Output,
    /// Calls from guest to host.
    Calls,
    /// Commands and their answers.
    Console,
    /// Bytes of linear memory.
    Memory,
}

/// Every pane, in the order in which Tab goes through them.
pub const PANES: [Pane; 11] = [
    Pane::Source,
    Pane::Disassembly,
    Pane::Variables,
    Pane::Watches,
    Pane::Stack,
    Pane::Breakpoints,
    Pane::Wasm,
    Pane::Output,
    Pane::Calls,
    Pane::Console,
    Pane::Memory,
];

impl Pane {
    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Pane::Source => "Source",
            Pane::Disassembly => "Opcodes",
            Pane::Variables => "Variables",
            Pane::Watches => "Watches",
            Pane::Stack => "Stack",
            Pane::Breakpoints => "Breakpoints",
            Pane::Wasm => "Wasm",
            Pane::Output => "Output",
            Pane::Calls => "Host calls",
            Pane::Console => "Console",
            Pane::Memory => "Memory",
        }
    }

    /// The digit that leads to it.
    pub fn digit(self) -> Option<char> {
        match self {
            Pane::Source => Some('1'),
            Pane::Variables => Some('2'),
            Pane::Stack => Some('3'),
            Pane::Breakpoints => Some('4'),
            Pane::Output => Some('5'),
            Pane::Calls => Some('6'),
            Pane::Console => Some('7'),
            Pane::Watches => Some('8'),
            Pane::Memory => Some('9'),
            Pane::Wasm => Some('0'),
            Pane::Disassembly => None,
        }
    }

    /// The pane that a digit leads to.
    pub fn of_digit(digit: char) -> Option<Pane> {
        PANES.into_iter().find(|pane| pane.digit() == Some(digit))
    }
}
