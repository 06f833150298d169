//! The prompt, and questions at the terminal. Where the terminal can do it, the prompt is a line
//! editor ([`super::editor`]).

#[cfg(feature = "prompt")]
use super::editor::Editor;
use super::input::{Line, Next};
use super::link::{Failure, Link};
use std::io::{self, Write as _};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

/// A prompt at a terminal.
pub(super) enum Prompt {
    /// A line editor.
    #[cfg(feature = "prompt")]
    Editor(Box<Editor>),
    /// The terminal's own line editing.
    Plain,
}

impl Prompt {
    /// A prompt; `give_up` makes it return while it waits for a line.
    #[cfg(feature = "prompt")]
    pub(super) fn new(link: Arc<Mutex<Link>>, color: bool, give_up: Arc<AtomicBool>) -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty());
        match dumb && cfg!(unix) {
            true => Prompt::Plain,
            false => Prompt::Editor(Box::new(Editor::new(link, color, give_up))),
        }
    }

    /// A prompt.
    #[cfg(not(feature = "prompt"))]
    pub(super) fn new(_: Arc<Mutex<Link>>, _: bool, _: Arc<AtomicBool>) -> Self {
        Prompt::Plain
    }

    /// Reads a line; `continued` says that it belongs to the command before.
    pub(super) fn read(&mut self, continued: bool) -> Result<Next, Failure> {
        match self {
            #[cfg(feature = "prompt")]
            Prompt::Editor(editor) => editor.read(continued),
            Prompt::Plain => Ok(plain(continued)),
        }
    }
}

/// What stands before a line.
pub(super) fn mark(continued: bool) -> &'static str {
    if continued { "> " } else { "(wasmscope) " }
}

fn plain(continued: bool) -> Next {
    let mut stdout = io::stdout();
    let _ = write!(stdout, "{}", mark(continued));
    let _ = stdout.flush();
    let mut text = String::new();
    match io::stdin().read_line(&mut text) {
        Ok(0) => {
            let _ = writeln!(stdout);
            Next::Line(Line {
                text: "quit".into(),
                place: None,
            })
        }
        Ok(_) => Next::Line(Line { text, place: None }),
        Err(error) => {
            tracing::warn!(%error, "the terminal cannot be read");
            Next::End
        }
    }
}

/// Asks a question that is answered with y or n.
pub(super) fn confirm(question: &str) -> bool {
    let mut stdout = io::stdout();
    for _ in 0..3 {
        let _ = write!(stdout, "{question}");
        let _ = stdout.flush();
        let mut answer = String::new();
        match io::stdin().read_line(&mut answer) {
            Ok(0) | Err(_) => return true,
            Ok(_) => {}
        }
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => return true,
            "n" | "no" => return false,
            _ => {}
        }
    }
    false
}

/// Gives the terminal back as it was found.
pub(super) fn restore_terminal() {
    #[cfg(feature = "prompt")]
    super::editor::restore_terminal();
}

/// Does so also when wasmscope itself panics.
pub(super) fn restore_terminal_on_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        restore_terminal();
        before(info);
    }));
}
