//! A line of text that is being typed: cursor, words, history.

use crate::keys::Key;
use crate::text;
use crossterm::event::KeyCode;
use std::collections::VecDeque;
use unicode_segmentation::UnicodeSegmentation;

/// The longest line that can be typed or pasted, in bytes.
const MAX_BYTES: usize = 16 * 1024;
/// Lines kept in a history.
const MAX_HISTORY: usize = 500;

/// A line and the cursor in it.
#[derive(Clone, Debug, Default)]
pub struct LineEdit {
    text: String,
    /// In bytes, at a grapheme's boundary.
    cursor: usize,
    history: VecDeque<String>,
    /// Place in the history that is shown, counted from its end; 0 is the line itself.
    back: usize,
    /// The line itself while the history is shown.
    own: String,
}

/// What became of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edited {
    /// The text or the cursor changed.
    Yes,
    /// The key means nothing here.
    No,
}

impl LineEdit {
    /// A line with a text in it, the cursor at its end.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        LineEdit {
            cursor: text.len(),
            text,
            ..LineEdit::default()
        }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text before the cursor.
    pub fn before(&self) -> &str {
        self.text.get(..self.cursor).unwrap_or(&self.text)
    }

    fn after(&self) -> &str {
        self.text.get(self.cursor..).unwrap_or_default()
    }

    /// Puts another text there.
    pub fn set(&mut self, text: impl Into<String>) {
        self.text = text.into();
        self.cursor = self.text.len();
    }

    /// Takes the text out, and keeps it in the history.
    pub fn take(&mut self) -> String {
        let text = std::mem::take(&mut self.text);
        self.cursor = 0;
        self.back = 0;
        self.remember(&text);
        text
    }

    /// Adds a line to the history.
    pub fn remember(&mut self, line: &str) {
        if line.trim().is_empty() || self.history.back().is_some_and(|last| last == line) {
            return;
        }
        self.history.push_back(line.to_owned());
        while self.history.len() > MAX_HISTORY {
            self.history.pop_front();
        }
    }

    /// The history, oldest first.
    pub fn history(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.history.iter().map(String::as_str)
    }

    /// Types a text; line ends and other control characters are spaces.
    pub fn insert(&mut self, text: &str) {
        let room = MAX_BYTES.saturating_sub(self.text.len());
        let end = text.floor_char_boundary(room.min(text.len()));
        let typed: String = text
            .get(..end)
            .unwrap_or_default()
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let rest = self.after().to_owned();
        self.text.truncate(self.cursor);
        self.text.push_str(&typed);
        self.cursor = self.text.len();
        self.text.push_str(&rest);
        self.settle();
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key) -> Edited {
        if let Some(c) = key.types() {
            self.insert(c.encode_utf8(&mut [0; 4]));
            return Edited::Yes;
        }
        match (key.plain(), key.ctrl(), key.alt()) {
            (Some(KeyCode::Backspace), ..) | (_, Some('h'), _) => {
                self.delete(self.left(), self.cursor)
            }
            (Some(KeyCode::Delete), ..) => self.delete(self.cursor, self.right()),
            (Some(KeyCode::Left), ..) | (_, Some('b'), _) => self.cursor = self.left(),
            (Some(KeyCode::Right), ..) | (_, Some('f'), _) => self.cursor = self.right(),
            (Some(KeyCode::Home), ..) | (_, Some('a'), _) => self.cursor = 0,
            (Some(KeyCode::End), ..) | (_, Some('e'), _) => self.cursor = self.text.len(),
            (_, Some('w'), _) | (_, _, Some(KeyCode::Backspace)) => {
                self.delete(self.word_left(), self.cursor);
            }
            (_, Some('u'), _) => self.delete(0, self.cursor),
            (_, Some('k'), _) => self.delete(self.cursor, self.text.len()),
            (_, _, Some(KeyCode::Char('b'))) => self.cursor = self.word_left(),
            (Some(KeyCode::Up), ..) => self.recall(1),
            (Some(KeyCode::Down), ..) => self.recall(-1),
            _ => return Edited::No,
        }
        Edited::Yes
    }

    fn delete(&mut self, from: usize, to: usize) {
        if self.text.is_char_boundary(from) && self.text.is_char_boundary(to) && from <= to {
            self.text.replace_range(from..to, "");
            self.cursor = from;
            self.settle();
        }
    }

    /// Puts the cursor back to a grapheme's boundary: what was typed may have joined two.
    fn settle(&mut self) {
        let mut at = self.cursor.min(self.text.len());
        let is_boundary = |at: usize| {
            at == self.text.len()
                || self
                    .text
                    .grapheme_indices(true)
                    .any(|(start, _)| start == at)
        };
        while !is_boundary(at) {
            at = self.text.ceil_char_boundary(at.saturating_add(1));
        }
        self.cursor = at;
    }

    fn left(&self) -> usize {
        let before = self.before();
        before
            .grapheme_indices(true)
            .next_back()
            .map_or(0, |(at, _)| at)
    }

    fn right(&self) -> usize {
        let step = self.after().graphemes(true).next().map_or(0, str::len);
        self.cursor.saturating_add(step)
    }

    fn word_left(&self) -> usize {
        let before = self.before().trim_end();
        before
            .char_indices()
            .rev()
            .find(|(_, c)| !c.is_alphanumeric() && *c != '_')
            .map_or(0, |(at, c)| match at.saturating_add(c.len_utf8()) {
                end if end == before.len() => at,
                end => end,
            })
    }

    /// Goes back in the history, or forward.
    fn recall(&mut self, by: isize) {
        let back = self.back.saturating_add_signed(by).min(self.history.len());
        if back == self.back {
            return;
        }
        if self.back == 0 {
            self.own = std::mem::take(&mut self.text);
        }
        self.back = back;
        let place = self.history.len().checked_sub(back);
        let line = match back {
            0 => std::mem::take(&mut self.own),
            _ => place
                .and_then(|place| self.history.get(place))
                .cloned()
                .unwrap_or_default(),
        };
        self.set(line);
    }

    /// What to draw in so many columns: the part of the text around the cursor, and the cursor's
    /// column in it.
    pub fn window(&self, columns: usize) -> (String, usize) {
        let columns = columns.max(1);
        let before = text::clean(self.before());
        let at = text::width(&before);
        let off = at.saturating_add(1).saturating_sub(columns);
        let line = format!("{before}{}", text::clean(self.after()));
        let shown = text::skip(&line, off);
        (
            text::head(&shown, columns).to_owned(),
            at.saturating_sub(off),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(line: &mut LineEdit, keys: &[&str]) {
        for key in keys {
            line.key(key.parse().unwrap());
        }
    }

    #[test]
    fn typing_moves_and_deletes_whole_characters() {
        let mut line = LineEdit::default();
        line.insert("a👩‍🚀é\n");
        assert_eq!(line.text(), "a👩‍🚀é ");
        press(&mut line, &["left", "left", "backspace"]);
        assert_eq!(line.text(), "aé ");
        press(&mut line, &["home", "x", "space", "end", "ctrl-w"]);
        assert_eq!(line.text(), "x ");
    }

    #[test]
    fn the_history_keeps_what_was_typed() {
        let mut line = LineEdit::default();
        for text in ["one", "two", "two"] {
            line.set(text);
            line.take();
        }
        line.set("own");
        press(&mut line, &["up", "up", "up"]);
        assert_eq!(line.text(), "one");
        press(&mut line, &["down", "down", "down"]);
        assert_eq!(line.text(), "own");
    }

    #[test]
    fn a_long_line_is_shown_around_its_cursor() {
        let mut line = LineEdit::new("0123456789");
        assert_eq!(line.window(5), ("6789".to_owned(), 4));
        press(&mut line, &["home"]);
        assert_eq!(line.window(5), ("01234".to_owned(), 0));
    }
}
