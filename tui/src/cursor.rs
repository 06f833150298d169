//! A cursor in a list that is longer than the screen.

/// The selected row, and the first row shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The selected row.
    pub at: usize,
    /// The first row shown.
    pub top: usize,
}

impl Cursor {
    /// Moves the selection, within so many rows.
    pub fn step(&mut self, by: isize, rows: usize) {
        self.at = self
            .at
            .saturating_add_signed(by)
            .min(rows.saturating_sub(1));
    }

    /// Moves what is shown, and the selection only as far as it must to stay visible.
    pub fn scroll(&mut self, by: isize, rows: usize, height: usize) {
        let last = rows.saturating_sub(height);
        self.top = self.top.saturating_add_signed(by).min(last);
        let bottom = self.top.saturating_add(height.saturating_sub(1));
        self.at = self
            .at
            .clamp(self.top, bottom.max(self.top))
            .min(rows.saturating_sub(1));
    }

    /// Brings both back into so many rows, the selection visible in `height` of them.
    pub fn settle(&mut self, rows: usize, height: usize) {
        self.at = self.at.min(rows.saturating_sub(1));
        self.top = self.top.min(rows.saturating_sub(height)).min(self.at);
        if self.at >= self.top.saturating_add(height) {
            self.top = self.at.saturating_add(1).saturating_sub(height);
        }
    }

    /// Puts the selection somewhere, with some rows around it visible if that needs scrolling.
    pub fn center(&mut self, at: usize, rows: usize, height: usize) {
        // What comes next is looked at most: some of it has to be there.
        let below = (height / 8).clamp(1, 4);
        let is_visible =
            at >= self.top && at < self.top.saturating_add(height.saturating_sub(below));
        self.at = at;
        if !is_visible {
            self.top = at.saturating_sub(height / 3);
        }
        self.settle(rows, height);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selection_stays_visible() {
        let mut cursor = Cursor::default();
        cursor.step(12, 100);
        cursor.settle(100, 10);
        assert_eq!(cursor, Cursor { at: 12, top: 3 });
        cursor.step(-5, 100);
        cursor.settle(100, 10);
        assert_eq!(cursor, Cursor { at: 7, top: 3 });
        cursor.scroll(50, 100, 10);
        assert_eq!(cursor, Cursor { at: 53, top: 53 });
        cursor.settle(20, 10);
        assert_eq!(cursor, Cursor { at: 19, top: 10 });
        cursor.settle(0, 10);
        assert_eq!(cursor, Cursor::default());
    }
}
