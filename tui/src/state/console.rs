//! The console: what was typed and what was answered, bounded.

use crate::cursor::Cursor;
use crate::line_edit::LineEdit;
use std::collections::VecDeque;

/// Lines that are kept.
const MAX_LINES: usize = 5_000;
/// Bytes of a line that are kept.
const MAX_LINE: usize = 8 << 10;

/// How a line of the console is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// A command of the user's.
    Command,
    /// An answer.
    Answer,
    /// An answer that something cannot be done.
    Error,
    /// Something that happened.
    Event,
}

/// The console.
#[derive(Clone, Debug, Default)]
pub(crate) struct Console {
    /// The lines, oldest first.
    pub lines: VecDeque<(Said, String)>,
    /// The command that is being typed.
    pub line: LineEdit,
    /// The selected row; the line that is typed is the row after the last.
    pub cursor: Cursor,
    /// How the word under the cursor could go on, and which one was put there last.
    pub completions: Option<Completions>,
    /// The last command, which an empty line says again.
    pub last: Option<String>,
}

/// How a word could go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Completions {
    /// The line before the word.
    pub head: String,
    /// The line after the word.
    pub tail: String,
    /// Whole words.
    pub words: Vec<String>,
    /// The word that is in the line now.
    pub at: Option<usize>,
}

impl Console {
    /// Adds lines.
    pub fn say(&mut self, how: Said, text: &str) {
        for line in text.split('\n') {
            let end = line.floor_char_boundary(MAX_LINE.min(line.len()));
            self.lines
                .push_back((how, line.get(..end).unwrap_or_default().to_owned()));
        }
        while self.lines.len() > MAX_LINES {
            self.lines.pop_front();
        }
        self.cursor.at = self.lines.len();
    }

    /// Puts the next completion there.
    pub fn cycle(&mut self, by: isize) {
        let Some(completions) = &mut self.completions else {
            return;
        };
        let count = completions.words.len();
        if count == 0 {
            return;
        }
        let next = match completions.at {
            None => 0,
            Some(at) => {
                let at = isize::try_from(at).unwrap_or(0).saturating_add(by);
                usize::try_from(at.rem_euclid(isize::try_from(count).unwrap_or(1))).unwrap_or(0)
            }
        };
        completions.at = Some(next);
        if let Some(word) = completions.words.get(next) {
            self.line
                .set(format!("{}{word}{}", completions.head, completions.tail));
        }
    }
}
