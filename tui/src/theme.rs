//! What things look like: one style for each meaning, and the themes that give them colours.

use crate::highlight::Token;
use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

/// Which theme is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThemeName {
    /// For a dark background.
    #[default]
    Dark,
    /// For a light background.
    Light,
    /// The terminal's own sixteen colours.
    Ansi,
    /// No colours: bold, dim, underlined and reversed only.
    Mono,
}

/// A style for each meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Plain text.
    pub text: Style,
    /// What matters less: line numbers, units, reasons.
    pub dim: Style,
    /// What matters more.
    pub strong: Style,
    /// Names of variables and fields.
    pub name: Style,
    /// Types.
    pub type_name: Style,
    /// A value that changed since the last stop.
    pub changed: Style,
    /// What went wrong.
    pub error: Style,
    /// What to be careful about.
    pub warning: Style,
    /// What went well.
    pub good: Style,
    /// A breakpoint's sign.
    pub breakpoint: Style,
    /// The line or opcode that the guest is at.
    pub current: Style,
    /// The line of an outer frame.
    pub outer: Style,
    /// The selected row of the pane in focus.
    pub selected: Style,
    /// The selected row of another pane.
    pub selected_dim: Style,
    /// A match of the search.
    pub found: Style,
    /// A tab in a pane's header.
    pub tab: Style,
    /// The tab of the pane that is shown.
    pub tab_shown: Style,
    /// The tab of the pane in focus.
    pub tab_focus: Style,
    /// A pane's header.
    pub header: Style,
    /// The line between panes.
    pub border: Style,
    /// The status line.
    pub status: Style,
    /// The state in the status line while the guest is stopped.
    pub state_stopped: Style,
    /// The state while the guest runs.
    pub state_running: Style,
    /// The state when the guest failed.
    pub state_failed: Style,
    /// A key in a hint.
    pub key: Style,
    /// The banner on a failure.
    pub banner: Style,
    /// A popup's background.
    pub popup: Style,
    /// Standard error in the output.
    pub stderr: Style,
    /// Words of wasmscope's own between those of the guest.
    pub own: Style,
    comment: Style,
    keyword: Style,
    string: Style,
    number: Style,
    function: Style,
    type_token: Style,
    macro_name: Style,
    attribute: Style,
}

const fn fg(color: Color) -> Style {
    Style::new().fg(color)
}

const fn rgb(hex: u32) -> Color {
    Color::Rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

/// The colours that a theme of true colours is made of.
struct Palette {
    text: u32,
    dim: u32,
    red: u32,
    orange: u32,
    yellow: u32,
    green: u32,
    cyan: u32,
    blue: u32,
    purple: u32,
    /// Backgrounds: of headers, of the status line, of selections, of the current line.
    header: u32,
    status: u32,
    selected: u32,
    selected_dim: u32,
    current: u32,
    outer: u32,
    popup: u32,
    /// Text on strong backgrounds.
    inverse: u32,
}

const DARK: Palette = Palette {
    text: 0xd4d4d4,
    dim: 0x7d8590,
    red: 0xf4736b,
    orange: 0xe0915a,
    yellow: 0xe3c765,
    green: 0x8cc570,
    cyan: 0x62bfc0,
    blue: 0x6ea8e6,
    purple: 0xc48ae0,
    header: 0x2a2f38,
    status: 0x22262e,
    selected: 0x34465c,
    selected_dim: 0x2b313b,
    current: 0x4a4420,
    outer: 0x2c3a2c,
    popup: 0x22262e,
    inverse: 0x14171c,
};

const LIGHT: Palette = Palette {
    text: 0x24292f,
    dim: 0x6e7781,
    red: 0xb3261e,
    orange: 0xa1480b,
    yellow: 0x7d5a00,
    green: 0x1a6f37,
    cyan: 0x0b6a72,
    blue: 0x0a57b5,
    purple: 0x7233b0,
    header: 0xe4e8ed,
    status: 0xdfe3e8,
    selected: 0xc7def7,
    selected_dim: 0xe6ebf1,
    current: 0xfff0b3,
    outer: 0xddf3de,
    popup: 0xf2f4f7,
    inverse: 0xffffff,
};

impl Theme {
    /// The theme of a name.
    pub fn new(name: ThemeName) -> Self {
        match name {
            ThemeName::Dark => Theme::of(&DARK),
            ThemeName::Light => Theme::of(&LIGHT),
            ThemeName::Ansi => Theme::ansi(),
            ThemeName::Mono => Theme::mono(),
        }
    }

    fn of(p: &Palette) -> Self {
        let ink = |hex| fg(rgb(hex));
        let on = |hex| Style::new().bg(rgb(hex));
        Theme {
            text: ink(p.text),
            dim: ink(p.dim),
            strong: ink(p.text).add_modifier(Modifier::BOLD),
            name: ink(p.cyan),
            type_name: ink(p.dim),
            changed: ink(p.yellow).add_modifier(Modifier::BOLD),
            error: ink(p.red),
            warning: ink(p.orange),
            good: ink(p.green),
            breakpoint: ink(p.red).add_modifier(Modifier::BOLD),
            current: on(p.current),
            outer: on(p.outer),
            selected: on(p.selected),
            selected_dim: on(p.selected_dim),
            found: ink(p.inverse).bg(rgb(p.yellow)),
            tab: ink(p.dim).bg(rgb(p.header)),
            tab_shown: ink(p.text).bg(rgb(p.header)).add_modifier(Modifier::BOLD),
            tab_focus: ink(p.inverse).bg(rgb(p.blue)).add_modifier(Modifier::BOLD),
            header: ink(p.dim).bg(rgb(p.header)),
            border: ink(p.header),
            status: ink(p.text).bg(rgb(p.status)),
            state_stopped: ink(p.inverse)
                .bg(rgb(p.yellow))
                .add_modifier(Modifier::BOLD),
            state_running: ink(p.inverse).bg(rgb(p.green)).add_modifier(Modifier::BOLD),
            state_failed: ink(p.inverse).bg(rgb(p.red)).add_modifier(Modifier::BOLD),
            key: ink(p.blue).add_modifier(Modifier::BOLD),
            banner: ink(p.inverse).bg(rgb(p.red)),
            popup: ink(p.text).bg(rgb(p.popup)),
            stderr: ink(p.orange),
            own: ink(p.blue),
            comment: ink(p.dim).add_modifier(Modifier::ITALIC),
            keyword: ink(p.purple),
            string: ink(p.green),
            number: ink(p.orange),
            function: ink(p.blue),
            type_token: ink(p.yellow),
            macro_name: ink(p.cyan),
            attribute: ink(p.dim),
        }
    }

    fn ansi() -> Self {
        use Color::{Black, Blue, Cyan, DarkGray, Green, Magenta, Red, Yellow};
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        Theme {
            type_name: fg(DarkGray),
            dim: fg(DarkGray),
            name: fg(Cyan),
            changed: fg(Yellow).add_modifier(Modifier::BOLD),
            error: fg(Red),
            warning: fg(Yellow),
            good: fg(Green),
            breakpoint: fg(Red).add_modifier(Modifier::BOLD),
            current: fg(Black).bg(Yellow),
            outer: fg(Black).bg(Green),
            selected: fg(Black).bg(Cyan),
            selected_dim: plain.add_modifier(Modifier::UNDERLINED),
            found: fg(Black).bg(Magenta),
            tab_focus: fg(Black).bg(Cyan).add_modifier(Modifier::BOLD),
            border: fg(DarkGray),
            state_stopped: fg(Black).bg(Yellow).add_modifier(Modifier::BOLD),
            state_running: fg(Black).bg(Green).add_modifier(Modifier::BOLD),
            state_failed: fg(Black).bg(Red).add_modifier(Modifier::BOLD),
            key: fg(Blue).add_modifier(Modifier::BOLD),
            banner: fg(Black).bg(Red),
            stderr: fg(Yellow),
            own: fg(Blue),
            comment: fg(DarkGray),
            keyword: fg(Magenta),
            string: fg(Green),
            number: fg(Red),
            function: fg(Blue),
            type_token: fg(Yellow),
            macro_name: fg(Cyan),
            attribute: fg(DarkGray),
            strong: bold,
            ..Theme::mono()
        }
    }

    fn mono() -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let dim = plain.add_modifier(Modifier::DIM);
        let reversed = plain.add_modifier(Modifier::REVERSED);
        let underlined = plain.add_modifier(Modifier::UNDERLINED);
        Theme {
            text: plain,
            dim,
            strong: bold,
            name: plain,
            type_name: dim,
            changed: bold.add_modifier(Modifier::UNDERLINED),
            error: bold,
            warning: bold,
            good: plain,
            breakpoint: bold,
            current: reversed,
            outer: underlined,
            selected: reversed,
            selected_dim: underlined,
            found: reversed.add_modifier(Modifier::BOLD),
            tab: dim,
            tab_shown: bold,
            tab_focus: reversed.add_modifier(Modifier::BOLD),
            header: plain,
            border: dim,
            status: plain,
            state_stopped: reversed,
            state_running: reversed,
            state_failed: reversed.add_modifier(Modifier::BOLD),
            key: bold,
            banner: reversed.add_modifier(Modifier::BOLD),
            popup: plain,
            stderr: plain,
            own: bold,
            comment: dim,
            keyword: bold,
            string: plain,
            number: plain,
            function: plain,
            type_token: plain,
            macro_name: plain,
            attribute: dim,
        }
    }

    /// The style of a token of source.
    pub fn token(&self, token: Token) -> Style {
        match token {
            Token::Plain => self.text,
            Token::Comment => self.comment,
            Token::Keyword => self.keyword,
            Token::String => self.string,
            Token::Number => self.number,
            Token::Function => self.function,
            Token::Type => self.type_token,
            Token::Macro => self.macro_name,
            Token::Attribute => self.attribute,
        }
    }
}
