//! Source files as far as they were asked for, and the one that is shown.

use crate::cursor::Cursor;
use crate::highlight::Spans;
use std::collections::HashMap;
use std::sync::Arc;
use wasmscope_debugger::protocol::SourceLines;

/// Lines of a file that are kept; a file with more is shown around the line that matters.
pub(crate) const MAX_LINES: u32 = 60_000;
/// Bytes of a line that are kept.
const MAX_LINE: usize = 8 * 1024;
/// Files that are kept.
const MAX_FILES: usize = 48;

/// A source file.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// Number of the first line that is here.
    pub first: u32,
    /// The lines.
    pub lines: Arc<Vec<String>>,
    /// How many lines the file has.
    pub total: u32,
    /// Whether each of the lines has code.
    pub has_code: Vec<bool>,
    /// Whether the file was changed after the program was built.
    pub changed: bool,
    /// What the highlighter made of the lines, as far as it has come.
    pub spans: Vec<Spans>,
    /// When it was last shown.
    used: u64,
}

impl File {
    fn new(source: SourceLines) -> Self {
        let mut has_code = vec![false; source.lines.len()];
        for line in &source.with_code {
            let place = line
                .checked_sub(source.first_line)
                .and_then(|n| usize::try_from(n).ok());
            if let Some(flag) = place.and_then(|place| has_code.get_mut(place)) {
                *flag = true;
            }
        }
        let cut = |mut line: String| {
            if line.len() > MAX_LINE {
                line.truncate(line.floor_char_boundary(MAX_LINE));
                line.push('…');
            }
            line
        };
        File {
            first: source.first_line.max(1),
            lines: Arc::new(source.lines.into_iter().map(cut).collect()),
            total: source.total,
            has_code,
            changed: source.changed,
            spans: Vec::new(),
            used: 0,
        }
    }

    /// Place of a line among those that are here.
    pub fn place(&self, line: u32) -> Option<usize> {
        let place = usize::try_from(line.checked_sub(self.first)?).ok()?;
        (place < self.lines.len()).then_some(place)
    }

    /// Number of the line at a place.
    pub fn line(&self, place: usize) -> u32 {
        self.first
            .saturating_add(u32::try_from(place).unwrap_or(u32::MAX))
    }
}

/// Source files and the view of one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    files: HashMap<String, File>,
    /// Why a file cannot be shown.
    pub missing: HashMap<String, String>,
    /// The file that is shown, as places name it.
    pub shown: Option<String>,
    /// The line, and the first one shown, as places in the file.
    pub cursor: Cursor,
    /// Columns that are scrolled off.
    pub left: usize,
    /// The line to go to when the file comes.
    pub wanted: Option<u32>,
    /// Where other files were left.
    left_at: HashMap<String, Cursor>,
    clock: u64,
}

impl Source {
    /// The file that is shown, when it is here.
    pub fn file(&self) -> Option<&File> {
        self.files.get(self.shown.as_deref()?)
    }

    /// A file that is here.
    pub fn get(&self, name: &str) -> Option<&File> {
        self.files.get(name)
    }

    /// The line under the cursor.
    pub fn line(&self) -> Option<u32> {
        let file = self.file()?;
        (self.cursor.at < file.lines.len()).then(|| file.line(self.cursor.at))
    }

    /// Shows a file at a line. Whether it must be asked for.
    pub fn show(&mut self, name: &str, line: Option<u32>, height: usize) -> bool {
        if self.shown.as_deref() != Some(name) {
            if let Some(old) = self.shown.replace(name.to_owned()) {
                self.left_at.insert(old, self.cursor);
            }
            self.cursor = self.left_at.get(name).copied().unwrap_or_default();
            self.left = 0;
        }
        self.clock = self.clock.saturating_add(1);
        let clock = self.clock;
        let Some(file) = self.files.get_mut(name) else {
            self.wanted = line;
            return !self.missing.contains_key(name);
        };
        file.used = clock;
        let Some(line) = line else {
            return false;
        };
        match file.place(line) {
            Some(place) => {
                let rows = file.lines.len();
                self.cursor.center(place, rows, height);
                false
            }
            // Beyond the part that is here, or beyond the file's end.
            None => {
                self.wanted = Some(line);
                line <= file.total
            }
        }
    }

    /// Takes a file in.
    pub fn insert(&mut self, name: &str, source: SourceLines, height: usize) {
        self.missing.remove(name);
        let mut file = File::new(source);
        self.clock = self.clock.saturating_add(1);
        file.used = self.clock;
        let is_shown = self.shown.as_deref() == Some(name);
        if is_shown {
            let rows = file.lines.len();
            let wanted = self.wanted.take();
            let at = match wanted {
                Some(line) => file.place(line).unwrap_or(rows.saturating_sub(1)),
                None => self.cursor.at,
            };
            self.cursor.center(at, rows, height);
        }
        self.files.insert(name.to_owned(), file);
        while self.files.len() > MAX_FILES {
            let oldest = self.files.iter().min_by_key(|(_, file)| file.used);
            let Some(name) = oldest.map(|(name, _)| name.clone()) else {
                break;
            };
            self.files.remove(&name);
        }
    }

    /// Takes in what the highlighter made of some lines.
    pub fn highlight(
        &mut self,
        name: &str,
        text: &Arc<Vec<String>>,
        from: usize,
        spans: Vec<Spans>,
    ) {
        if let Some(file) = self.files.get_mut(name)
            && Arc::ptr_eq(&file.lines, text)
            && file.spans.len() == from
        {
            file.spans.extend(spans);
            file.spans.truncate(file.lines.len());
        }
    }
}
