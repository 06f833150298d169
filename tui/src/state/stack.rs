//! The stack as rows: frames, and stretches of frames that are not the user's, folded.

use crate::cursor::Cursor;
use wasmscope_debugger::explain::FrameKind;
use wasmscope_debugger::protocol::{FrameId, FrameInfo};

/// Frames that are asked for at once.
pub(crate) const PAGE: usize = 120;

/// A row of the stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StackRow {
    /// A frame, by its place among those that are here.
    Frame(usize),
    /// Frames that are folded: the first's place, and how many of each kind.
    Folded {
        /// The first one's place.
        first: usize,
        /// How many, by kind, in order of appearance.
        kinds: Vec<(FrameKind, usize)>,
    },
    /// Frames that were not asked for.
    More(Option<usize>),
}

/// The stack.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stack {
    /// The frames, innermost first.
    pub frames: Vec<FrameInfo>,
    /// How many there are, when that is known.
    pub total: Option<usize>,
    /// Whether more may be asked for.
    pub has_more: bool,
    /// Whether all frames are shown.
    pub unfolded: bool,
    /// The selected row.
    pub cursor: Cursor,
}

impl Stack {
    /// Forgets the frames.
    pub fn clear(&mut self) {
        self.frames.clear();
        self.total = None;
        self.has_more = false;
        self.cursor = Cursor::default();
    }

    /// Takes a page of frames in.
    pub fn extend(&mut self, from: FrameId, frames: Vec<FrameInfo>, total: Option<usize>) {
        if from == 0 {
            self.frames.clear();
        } else if from != self.frames.len() {
            return;
        }
        let came = frames.len();
        self.frames.extend(frames);
        self.total = total;
        self.has_more = match total {
            Some(total) => self.frames.len() < total && came > 0,
            None => came >= PAGE,
        };
    }

    /// The frame with a number.
    pub fn frame(&self, id: FrameId) -> Option<&FrameInfo> {
        self.frames.iter().find(|frame| frame.id == id)
    }

    /// The rows; the frame `selected` is never folded.
    pub fn rows(&self, selected: FrameId) -> Vec<StackRow> {
        let is_shown =
            |frame: &FrameInfo| self.unfolded || frame.id == selected || is_interesting(frame.kind);
        let folds = self.frames.iter().any(|frame| is_interesting(frame.kind));
        let mut rows = Vec::new();
        for (place, frame) in self.frames.iter().enumerate() {
            if !folds || is_shown(frame) {
                rows.push(StackRow::Frame(place));
                continue;
            }
            match rows.last_mut() {
                Some(StackRow::Folded { kinds, .. }) => {
                    match kinds.iter_mut().find(|(kind, _)| *kind == frame.kind) {
                        Some((_, count)) => *count = count.saturating_add(1),
                        None => kinds.push((frame.kind, 1)),
                    }
                }
                _ => rows.push(StackRow::Folded {
                    first: place,
                    kinds: vec![(frame.kind, 1)],
                }),
            }
        }
        if self.has_more {
            let more = self
                .total
                .map(|total| total.saturating_sub(self.frames.len()));
            rows.push(StackRow::More(more));
        }
        rows
    }

    /// The row of a frame.
    pub fn row_of(&self, id: FrameId) -> Option<usize> {
        self.rows(id).iter().position(
            |row| matches!(row, StackRow::Frame(place) if self.frames.get(*place).is_some_and(|frame| frame.id == id)),
        )
    }

    /// The next frame that is shown, outwards (1) or inwards (-1).
    pub fn neighbour(&self, id: FrameId, by: isize) -> Option<FrameId> {
        let rows = self.rows(id);
        let mut at = self.row_of(id)?;
        loop {
            at = at.checked_add_signed(by)?;
            if let StackRow::Frame(place) = rows.get(at)? {
                return self.frames.get(*place).map(|frame| frame.id);
            }
        }
    }
}

fn is_interesting(kind: FrameKind) -> bool {
    matches!(
        kind,
        FrameKind::User | FrameKind::Dependency | FrameKind::Unknown
    )
}

/// "3 frames of std and 2 of the runtime".
pub(crate) fn folded_text(kinds: &[(FrameKind, usize)]) -> String {
    let mut text = String::new();
    for (place, (kind, count)) in kinds.iter().enumerate() {
        let of = match kind {
            FrameKind::User => "your own code",
            FrameKind::Dependency => "libraries",
            FrameKind::Std => "std",
            FrameKind::Panic => "the panic machinery",
            FrameKind::Runtime => "the runtime",
            FrameKind::Unknown => "unknown code",
        };
        let part = match (place, place.saturating_add(1) == kinds.len()) {
            (0, _) if *count == 1 => format!("1 frame of {of}"),
            (0, _) => format!("{count} frames of {of}"),
            (_, true) => format!(" and {count} of {of}"),
            (_, false) => format!(", {count} of {of}"),
        };
        text.push_str(&part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(kinds: &[FrameKind]) -> Stack {
        let frames = kinds.iter().enumerate().map(|(id, kind)| FrameInfo {
            id,
            function: None,
            place: None,
            inlined: false,
            kind: *kind,
            module: 0,
            wasm_function: 0,
            wasm_frame: id,
            pc: 0,
        });
        let mut stack = Stack::default();
        stack.extend(0, frames.collect(), Some(kinds.len()));
        stack
    }

    #[test]
    fn frames_of_others_are_folded_but_the_selected_one() {
        use FrameKind::{Panic, Runtime, Std, User};
        let stack = stack(&[Panic, Std, Std, User, Std, Runtime]);
        assert_eq!(stack.rows(3).len(), 3);
        assert_eq!(stack.rows(1).len(), 5);
        assert_eq!(stack.row_of(3), Some(1));
        assert_eq!(stack.neighbour(3, 1), None);
        let StackRow::Folded { kinds, .. } = &stack.rows(3)[0] else {
            panic!()
        };
        assert_eq!(
            folded_text(kinds),
            "1 frame of the panic machinery and 2 of std"
        );
    }

    #[test]
    fn a_stack_of_only_others_is_shown() {
        let stack = stack(&[FrameKind::Runtime, FrameKind::Std]);
        assert_eq!(stack.rows(0).len(), 2);
    }
}
