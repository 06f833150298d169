//! A terminal's screen as an SVG picture: the same picture for the same screen, on every machine.

use std::fmt::Write as _;
use vt100::{Cell, Color, Screen};

/// A character's place, in pixels.
const WIDTH: u32 = 8;
const HEIGHT: u32 = 17;
/// Around it all.
const MARGIN: u32 = 10;

/// What characters on a row look like that stand in one piece.
#[derive(Clone, PartialEq, Eq)]
struct Look {
    colour: String,
    behind: Option<String>,
    bold: bool,
    italic: bool,
    underline: bool,
}

/// What a terminal's own colours are.
pub struct Paper {
    pub text: &'static str,
    pub ground: &'static str,
}

/// Light on dark, and the other way round.
pub const DARK: Paper = Paper {
    text: "#d4d4d4",
    ground: "#1b1d23",
};
pub const LIGHT: Paper = Paper {
    text: "#24292f",
    ground: "#ffffff",
};

/// Draws a screen.
pub fn draw(screen: &Screen, paper: &Paper) -> String {
    let (rows, columns) = screen.size();
    let (width, height) = (
        u32::from(columns) * WIDTH + 2 * MARGIN,
        u32::from(rows) * HEIGHT + 2 * MARGIN,
    );
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"ui-monospace,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace\" \
         font-size=\"13\">\n<rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{}\"/>\n",
        paper.ground
    );
    for row in 0..rows {
        draw_row(screen, row, paper, &mut out);
    }
    out.push_str("</svg>\n");
    out
}

fn draw_row(screen: &Screen, row: u16, paper: &Paper, out: &mut String) {
    let (_, columns) = screen.size();
    let mut column = 0;
    while column < columns {
        let Some(cell) = screen.cell(row, column) else {
            return;
        };
        let from = column;
        let look = look(cell, paper);
        let mut text = String::new();
        while let Some(cell) = screen.cell(row, column).filter(|cell| {
            column < columns && (cell.is_wide_continuation() || self::look(cell, paper) == look)
        }) {
            match cell.contents() {
                "" if cell.is_wide_continuation() => {}
                "" => text.push(' '),
                contents => text.push_str(contents),
            }
            column += 1;
        }
        run(&text, &look, (row, from, column), out);
    }
}

/// Draws characters of one look: row, first column, the column behind the last.
fn run(text: &str, look: &Look, (row, from, to): (u16, u16, u16), out: &mut String) {
    let x = MARGIN + u32::from(from) * WIDTH;
    let y = MARGIN + u32::from(row) * HEIGHT;
    let width = u32::from(to - from) * WIDTH;
    if let Some(behind) = &look.behind {
        let _ = writeln!(
            out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{HEIGHT}\" fill=\"{behind}\"/>"
        );
    }
    if text.trim().is_empty() && !look.underline {
        return;
    }
    // Blanks at the ends are left out: the text begins where its first character does.
    let before = text.chars().take_while(|c| *c == ' ').count() as u32;
    let after = text.chars().rev().take_while(|c| *c == ' ').count() as u32;
    let escaped = text
        .trim_matches(' ')
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let mut style = String::new();
    for (is_so, attribute) in [
        (look.bold, " font-weight=\"bold\""),
        (look.italic, " font-style=\"italic\""),
        (look.underline, " text-decoration=\"underline\""),
    ] {
        if is_so {
            style.push_str(attribute);
        }
    }
    let _ = writeln!(
        out,
        "<text x=\"{}\" y=\"{}\" textLength=\"{}\" fill=\"{}\"{style} xml:space=\"preserve\">{escaped}</text>",
        x + before * WIDTH,
        y + 13,
        width.saturating_sub((before + after) * WIDTH),
        look.colour,
    );
}

fn look(cell: &Cell, paper: &Paper) -> Look {
    let text = colour(cell.fgcolor()).unwrap_or_else(|| paper.text.to_owned());
    let behind = colour(cell.bgcolor());
    let (colour, behind) = match cell.inverse() {
        true => (
            behind.unwrap_or_else(|| paper.ground.to_owned()),
            Some(text),
        ),
        false => (text, behind),
    };
    Look {
        colour,
        behind,
        bold: cell.bold(),
        italic: cell.italic(),
        underline: cell.underline(),
    }
}

fn colour(colour: Color) -> Option<String> {
    const SIXTEEN: [&str; 16] = [
        "#2e3436", "#cc4040", "#4e9a06", "#c4a000", "#4a80c0", "#905090", "#06989a", "#d3d7cf",
        "#707570", "#ef5050", "#8ae234", "#fce94f", "#729fcf", "#ad7fa8", "#34e2e2", "#eeeeec",
    ];
    match colour {
        Color::Default => None,
        Color::Idx(index) => Some(match SIXTEEN.get(usize::from(index)) {
            Some(colour) => (*colour).to_owned(),
            None => cube(index),
        }),
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
    }
}

/// A colour of xterm's table of 256.
fn cube(index: u8) -> String {
    if index >= 232 {
        let grey = 8 + (u32::from(index) - 232) * 10;
        return format!("#{grey:02x}{grey:02x}{grey:02x}");
    }
    let index = u32::from(index) - 16;
    let level = |step: u32| if step == 0 { 0 } else { 55 + step * 40 };
    format!(
        "#{:02x}{:02x}{:02x}",
        level(index / 36),
        level(index / 6 % 6),
        level(index % 6)
    )
}
