//! The place to point at, and the lines around it.

use super::report::{Cause, Excerpt, Place, ReportFrame};
use crate::sources;
use std::path::Path;
use std::time::SystemTime;

/// Lines shown before and after the marked one.
const CONTEXT: u32 = 2;

/// Where it happened in the user's eyes.
pub(super) fn place(
    frames: &[ReportFrame],
    user_frame: Option<usize>,
    cause: &Cause,
) -> Option<Place> {
    let has_line = |place: &&Place| place.line.is_some();
    let user = user_frame
        .and_then(|frame| frames.get(frame))
        .and_then(|frame| frame.place.as_ref());
    let panic = match cause {
        Cause::Panic { location, .. } => location.as_ref(),
        _ => None,
    };
    let any = || {
        frames
            .iter()
            .filter_map(|frame| frame.place.as_ref())
            .find(has_line)
    };
    user.filter(has_line).or(panic).or_else(any).cloned()
}

/// The lines around a place, and whether the file has been changed since `built`.
pub(super) fn around(
    place: &Place,
    label: Option<String>,
    built: Option<SystemTime>,
) -> Option<(Excerpt, bool)> {
    let (path, line) = (place.path.as_ref()?, place.line?);
    let found = sources::lines_around(Path::new(path), line, CONTEXT)?;
    let marked = usize::try_from(line.checked_sub(found.first)?).ok()?;
    let mark = mark(found.lines.get(marked)?, place.column);
    let changed = built
        .zip(found.modified)
        .is_some_and(|(built, modified)| sources::is_later(modified, built));
    let excerpt = Excerpt {
        file: place.file.clone(),
        first_line: found.first,
        lines: found.lines,
        line,
        mark,
        label,
    };
    Some((excerpt, changed))
}

/// What to mark in a line: the word or the brackets that begin at `column` (from 1, in bytes), a
/// single character where neither does, the whole line without a column.
fn mark(line: &str, column: Option<u32>) -> std::ops::Range<usize> {
    let start = column.and_then(|column| usize::try_from(column).ok()?.checked_sub(1));
    let rest = start
        .and_then(|start| line.get(start..))
        .filter(|rest| !rest.is_empty());
    let (Some(start), Some(rest)) = (start, rest) else {
        let indent = line.len() - line.trim_start().len();
        return indent..line.trim_end().len().max(indent);
    };
    let word = rest
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(rest.len());
    let first = rest.chars().next().map_or(0, char::len_utf8);
    start..start + word.max(bracketed(rest)).max(first)
}

/// The length of the bracketed part that a text begins with, its brackets included; 0 when it
/// begins with none or does not end on this line.
fn bracketed(text: &str) -> usize {
    let mut depth = 0usize;
    for (at, character) in text.char_indices() {
        match character {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return if at == 0 {
                0
            } else {
                at + character.len_utf8()
            };
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::mark;

    #[test]
    fn a_word_a_character_or_the_line() {
        let line = "    total += été[7]; ";
        assert_eq!(&line[mark(line, Some(14))], "été");
        assert_eq!(&line[mark(line, Some(11))], "+");
        assert_eq!(&line[mark(line, Some(19))], "[7]");
        assert_eq!(&line[mark(line, None)], "total += été[7];");
        // Inside of a character, behind the line, far away: columns may lie.
        for column in [15, 0, 100, u32::MAX] {
            assert_eq!(
                &line[mark(line, Some(column))],
                "total += été[7];",
                "{column}"
            );
        }
        assert_eq!(mark("", None), 0..0);
        assert_eq!(mark("   ", Some(9)), 3..3);
    }
}
