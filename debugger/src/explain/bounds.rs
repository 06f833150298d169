//! How much text a report holds: honest debug info has names of a few dozen bytes, damaged or hostile
//! debug info can have long ones in each of thousands of frames.

use super::report::{Place, ReportFrame};
use crate::values::Value;

/// Bytes of names, types and values that are kept whole.
const MAX_TEXT: usize = 8 << 20;

/// What is kept of each text beyond that, in bytes.
const SHORT: usize = 100;

/// Cuts texts of frames and their variables where all together are too much; `…` marks where.
pub(super) fn keep_within_bounds(frames: &mut [ReportFrame]) {
    let mut budget = Budget { left: MAX_TEXT };
    for frame in frames {
        budget.take_optional(&mut frame.function);
        if let Some(place) = &mut frame.place {
            budget.take_place(place);
        }
        for variable in &mut frame.variables {
            budget.take_value(&mut variable.value);
        }
    }
}

struct Budget {
    left: usize,
}

impl Budget {
    fn take(&mut self, text: &mut String) {
        if text.len() > self.left && text.len() > SHORT {
            text.truncate(text.floor_char_boundary(SHORT));
            text.push('…');
        }
        self.left = self.left.saturating_sub(text.len());
    }

    fn take_optional(&mut self, text: &mut Option<String>) {
        if let Some(text) = text {
            self.take(text);
        }
    }

    fn take_place(&mut self, place: &mut Place) {
        self.take(&mut place.file);
        self.take_optional(&mut place.path);
    }

    /// A value and its children, which are no deeper than [`crate::values::Limits`] allows.
    fn take_value(&mut self, value: &mut Value) {
        self.take(&mut value.name);
        self.take(&mut value.type_name);
        self.take(&mut value.full_type);
        self.take_optional(&mut value.summary);
        self.take_optional(&mut value.unavailable);
        for child in &mut value.children {
            self.take_value(child);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_when_all_together_are_too_much() {
        let mut budget = Budget { left: 1000 };
        let mut texts = [
            "é".repeat(300),
            "short".to_owned(),
            "é".repeat(300),
            "short".to_owned(),
        ];
        for text in &mut texts {
            budget.take(text);
        }
        assert_eq!(texts[0].len(), 600);
        assert_eq!(texts[2], format!("{}…", "é".repeat(SHORT / 2)));
        assert_eq!((&*texts[1], &*texts[3]), ("short", "short"));
    }
}
