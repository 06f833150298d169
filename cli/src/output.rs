//! Writing to the user: colour or not, and nothing from a stranger's file that could steer the
//! terminal.

use clap::ValueEnum;
use std::io::IsTerminal as _;

/// When to use colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether standard error gets colour.
    pub fn on_stderr(self) -> bool {
        self.on(std::io::stderr().is_terminal())
    }

    /// Whether standard output gets colour.
    pub fn on_stdout(self) -> bool {
        self.on(std::io::stdout().is_terminal())
    }

    fn on(self, terminal: bool) -> bool {
        match self {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
                !is_set("NO_COLOR") && !dumb && terminal
            }
        }
    }
}

/// Whether standard error is a terminal that is known to open links (OSC 8).
pub fn stderr_has_links() -> bool {
    let program = std::env::var("TERM_PROGRAM").unwrap_or_default();
    let term = std::env::var("TERM").unwrap_or_default();
    let known = [
        "iTerm.app",
        "WezTerm",
        "vscode",
        "ghostty",
        "Hyper",
        "Tabby",
        "rio",
    ];
    std::io::stderr().is_terminal()
        && (known.contains(&program.as_str())
            || ["xterm-kitty", "alacritty", "foot", "xterm-ghostty"].contains(&term.as_str())
            || ["VTE_VERSION", "WT_SESSION", "KONSOLE_VERSION", "DOMTERM"]
                .into_iter()
                .any(is_set))
}

/// Columns of standard error, if it is a terminal.
pub fn stderr_width() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(std::io::stderr())?;
    Some(usize::from(width.0))
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// `text` with control characters made visible, line breaks kept.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => safe.push(c),
            c if c.is_control() => safe.extend(c.escape_default()),
            // These reorder or hide text on a terminal without being control characters.
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                safe.extend(c.escape_unicode());
            }
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(
            escaped("a\x1b[31mb\nc\u{202e}d\u{9b}"),
            "a\\u{1b}[31mb\nc\\u{202e}d\\u{9b}"
        );
    }
}
