//! The seam to line mode: its commands are typed in the console and carried out by whoever has them.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use wasmscope_debugger::protocol::{Event, FrameId};

/// Line mode's commands. Nothing here may block: what comes of it is told later, as [`Told`].
pub trait CommandLine: Send + Sync {
    /// Takes notice of an event of the session. Whether it was for these commands alone, being the
    /// answer to a request of theirs.
    fn event(&self, event: &Event) -> bool;

    /// Carries a line out; an empty one repeats the last where that makes sense. Always ends with
    /// [`Told::Done`].
    fn carry_out(&self, line: &str, frame: FrameId);

    /// Looks for words that a line could go on with, which ends at the cursor. Ends with
    /// [`Told::Completions`].
    fn complete(&self, line: &str, frame: FrameId);
}

/// What line mode's commands tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A result, as lines.
    Text(String),
    /// What went wrong, as lines.
    Error(String),
    /// A line has been carried out.
    Done {
        /// The frame that is looked at now.
        frame: FrameId,
    },
    /// How a line could go on.
    Completions {
        /// Where the word begins that they replace, in bytes.
        start: usize,
        /// Whole words.
        words: Vec<String>,
    },
}

/// Line mode's commands, and what they tell.
pub struct Commands {
    /// The commands.
    pub line: Arc<dyn CommandLine>,
    /// What they tell.
    pub told: Receiver<Told>,
}
