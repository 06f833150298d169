//! The line editor of the prompt, with history, completion and search.

use super::complete::complete;
use super::input::{Line, Next};
use super::link::{Failure, Link};
use reedline::{
    ColumnarMenu, Emacs, FileBackedHistory, History, KeyCode, KeyModifiers, MenuBuilder as _,
    PromptEditMode, PromptHistorySearch, PromptHistorySearchStatus, Reedline, ReedlineEvent,
    ReedlineMenu, Signal, default_emacs_keybindings,
};
use std::borrow::Cow;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

/// Lines that are kept over sessions.
const HISTORY: usize = 2_000;
const MENU: &str = "completion";

/// A line editor at a terminal.
pub(super) struct Editor {
    editor: Reedline,
}

impl Editor {
    /// A line editor; `give_up` makes it return while it waits for a line.
    pub(super) fn new(link: Arc<Mutex<Link>>, color: bool, give_up: Arc<AtomicBool>) -> Self {
        let mut keys = default_emacs_keybindings();
        keys.add_binding(
            KeyModifiers::NONE,
            KeyCode::Tab,
            ReedlineEvent::UntilFound(vec![
                ReedlineEvent::Menu(MENU.into()),
                ReedlineEvent::MenuNext,
            ]),
        );
        keys.add_binding(
            KeyModifiers::SHIFT,
            KeyCode::BackTab,
            ReedlineEvent::MenuPrevious,
        );
        // A line that was typed ahead ends as the terminal itself ends lines.
        keys.add_binding(
            KeyModifiers::CONTROL,
            KeyCode::Char('j'),
            ReedlineEvent::Enter,
        );
        let menu = ColumnarMenu::default().with_name(MENU).with_marker("");
        let mut editor = Reedline::create()
            .with_ansi_colors(color)
            .with_completer(Box::new(Words::new(link)))
            .with_quick_completions(true)
            .with_partial_completions(true)
            .with_menu(ReedlineMenu::EngineCompleter(Box::new(menu)))
            .with_edit_mode(Box::new(Emacs::new(keys)))
            .with_break_signal(give_up);
        if let Some(history) = history() {
            editor = editor.with_history(history);
        }
        Editor { editor }
    }

    /// Reads a line.
    pub(super) fn read(&mut self, continued: bool) -> Result<Next, Failure> {
        let signal = self.editor.read_line(&Mark { continued });
        Ok(match signal {
            Ok(Signal::Success(text)) => Next::Line(Line { text, place: None }),
            Ok(Signal::CtrlC) => Next::Cancelled,
            Ok(Signal::CtrlD) => Next::Line(Line {
                text: "quit".into(),
                place: None,
            }),
            Ok(_) => Next::NotYet,
            Err(error) => {
                tracing::warn!(%error, "the terminal cannot be read");
                Next::End
            }
        })
    }
}

/// What stands before a line.
struct Mark {
    continued: bool,
}

impl reedline::Prompt for Mark {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        super::prompt::mark(self.continued).into()
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        "".into()
    }

    fn render_prompt_indicator(&self, _: PromptEditMode) -> Cow<'_, str> {
        "".into()
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        super::prompt::mark(true).into()
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        let failing = match search.status {
            PromptHistorySearchStatus::Passing => "",
            PromptHistorySearchStatus::Failing => "failing ",
        };
        format!("({failing}search: {}) ", search.term).into()
    }
}

/// The lines of earlier sessions; `None` where they cannot be kept.
fn history() -> Option<Box<dyn History>> {
    let path = history_file()?;
    let opened = private(&path)
        .map_err(|error| error.to_string())
        .and_then(|()| {
            FileBackedHistory::with_file(HISTORY, path.clone()).map_err(|error| error.to_string())
        });
    match opened {
        Ok(history) => Some(Box::new(history)),
        Err(error) => {
            tracing::warn!(path = %path.display(), error, "there is no history of earlier sessions");
            None
        }
    }
}

fn history_file() -> Option<PathBuf> {
    let folder = dirs::state_dir().or_else(dirs::data_local_dir)?;
    Some(folder.join("wasmscope").join("history"))
}

/// Makes a file that nobody else can read, if there is none.
fn private(path: &std::path::Path) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    let mut folders = std::fs::DirBuilder::new();
    folders.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        options.mode(0o600);
        folders.mode(0o700);
    }
    if let Some(folder) = path.parent() {
        folders.create(folder)?;
    }
    options.open(path).map(drop)
}

/// Ends what the line editor has made of the terminal.
pub(super) fn restore_terminal() {
    let _ = crossterm::terminal::disable_raw_mode();
}

/// What the line editor asks.
pub(super) struct Words {
    link: Arc<Mutex<Link>>,
}

impl Words {
    pub(super) fn new(link: Arc<Mutex<Link>>) -> Self {
        Words { link }
    }
}

impl reedline::Completer for Words {
    fn complete(&mut self, line: &str, position: usize) -> reedline::CompletionResult {
        let line = line.get(..position).unwrap_or(line);
        let found = complete(line, &self.link);
        let span = reedline::Span {
            start: found.start.min(line.len()),
            end: line.len(),
        };
        let suggestion = |value: String| reedline::Suggestion {
            append_whitespace: !value.ends_with(['/', ':']),
            // A guest's names are a stranger's.
            display_override: Some(crate::report::escape::line(&value)),
            value,
            span,
            ..Default::default()
        };
        let all: Vec<reedline::Suggestion> = found.words.into_iter().map(suggestion).collect();
        reedline::CompletionResult::fresh(all)
    }
}
