//! Putting text on the screen: one row at a time, made harmless, cut to the room there is.

use crate::text;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// A row of an area that is being written from left to right.
pub(crate) struct Row<'b> {
    buf: &'b mut Buffer,
    x: u16,
    y: u16,
    end: u16,
    /// Columns of the text so far, those that are scrolled off too: tabs count from here.
    column: usize,
    /// Columns that are still to be left out.
    skip: usize,
}

impl<'b> Row<'b> {
    /// The row `line` of an area, empty; nothing is drawn when it has no such row.
    pub fn new(buf: &'b mut Buffer, area: Rect, line: u16) -> Self {
        let area = area.intersection(buf.area);
        let y = area.y.saturating_add(line);
        let end = match line < area.height {
            true => area.right(),
            false => area.x,
        };
        Row {
            buf,
            x: area.x,
            y,
            end,
            column: 0,
            skip: 0,
        }
    }

    /// Columns that are left.
    pub fn room(&self) -> usize {
        usize::from(self.end.saturating_sub(self.x))
    }

    /// What is put from here on is scrolled to the side by so many columns.
    pub fn scrolled(mut self, columns: usize) -> Self {
        self.skip = columns;
        self.column = 0;
        self
    }

    /// Puts text.
    pub fn put(&mut self, text: &str, style: Style) -> &mut Self {
        let clean = text::clean(text);
        let expanded = text::expand(&clean, self.column);
        let width = text::width(&expanded);
        self.column = self.column.saturating_add(width);
        let shown = text::skip(&expanded, self.skip);
        self.skip = self.skip.saturating_sub(width);
        let room = self.room();
        if room == 0 || shown.is_empty() {
            return self;
        }
        let (x, _) = self.buf.set_stringn(self.x, self.y, &shown, room, style);
        self.x = x.min(self.end);
        self
    }

    /// Puts text that is cut with `…` when there is no room for it.
    pub fn put_cut(&mut self, text: &str, style: Style) -> &mut Self {
        let clean = text::clean(text);
        let expanded = text::expand(&clean, self.column);
        let fitting = text::fit(&expanded, self.room()).into_owned();
        self.put(&fitting, style)
    }

    /// Puts text at the row's end, if what is there already leaves room for it.
    pub fn right(&mut self, text: &str, style: Style) -> &mut Self {
        let clean = text::clean(text);
        let width = text::width(&clean);
        if width > 0 && width < self.room() {
            let x = self.end.saturating_sub(u16::try_from(width).unwrap_or(0));
            self.buf.set_stringn(x, self.y, &clean, width, style);
            self.end = x;
        }
        self
    }

    /// The column of the screen that is written next.
    pub fn x(&self) -> u16 {
        self.x
    }
}

/// Gives a row a style, whatever is on it.
pub(crate) fn tint(buf: &mut Buffer, area: Rect, line: u16, style: Style) {
    if line < area.height {
        let row = Rect::new(area.x, area.y.saturating_add(line), area.width, 1);
        buf.set_style(row.intersection(buf.area), style);
    }
}

/// Empties an area.
pub(crate) fn clear(buf: &mut Buffer, area: Rect, style: Style) {
    let area = area.intersection(buf.area);
    for y in area.y..area.bottom() {
        for x in area.x..area.right() {
            if let Some(cell) = buf.cell_mut((x, y)) {
                cell.reset();
                cell.set_style(style);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(columns: usize, put: impl Fn(&mut Row<'_>)) -> String {
        let area = Rect::new(0, 0, 10, 1);
        let mut buf = Buffer::empty(area);
        let mut row = Row::new(&mut buf, area, 0).scrolled(columns);
        put(&mut row);
        (0..10).map(|x| buf[(x, 0)].symbol().to_owned()).collect()
    }

    #[test]
    fn rows_are_cut_and_scrolled() {
        let style = Style::new();
        assert_eq!(
            row(0, |row| {
                row.put("ab\tc", style).put("\x1b[2J!!!", style);
            }),
            "ab  c\\u{1b"
        );
        assert_eq!(
            row(3, |row| {
                row.put("ab", style).put("\tcd", style);
            }),
            " cd       "
        );
        assert_eq!(
            row(0, |row| {
                row.put_cut("0123456789ab", style);
            }),
            "012345678…"
        );
        assert_eq!(
            row(0, |row| {
                row.put("left", style).right("right", style);
            }),
            "left right"
        );
        assert_eq!(
            row(0, |row| {
                row.put("left12", style).right("right", style);
            }),
            "left12    "
        );
    }

    #[test]
    fn nothing_is_drawn_outside() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 4, 1));
        Row::new(&mut buf, Rect::new(2, 0, 50, 1), 0).put("abcdef", Style::new());
        Row::new(&mut buf, Rect::new(0, 5, 4, 1), 0).put("abcdef", Style::new());
        Row::new(&mut buf, Rect::new(0, 0, 4, 1), 3).put("abcdef", Style::new());
        assert_eq!(buf[(2, 0)].symbol(), "a");
        assert_eq!(buf[(0, 0)].symbol(), " ");
    }
}
