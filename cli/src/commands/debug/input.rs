//! Where command lines come from: scripts one within another, then a prompt, standard input, or
//! nothing more.

use super::link::Failure;
use super::prompt::Prompt;
use anyhow::Context as _;
use std::collections::VecDeque;
use std::io::{BufRead as _, Read as _};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

/// A script is no longer than this.
const LONGEST_SCRIPT: u64 = 16 << 20;
/// Scripts that are read by scripts, one within another.
const DEEPEST: usize = 16;
/// How long a wait for a line keeps others waiting.
const PATIENCE: Duration = Duration::from_millis(50);

/// A command line, and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line {
    /// The text.
    pub text: String,
    /// The script and the line's number, for messages; `None` where the user sees what was typed.
    pub place: Option<(String, usize)>,
}

/// What comes when a line is asked for.
#[derive(Debug)]
pub(super) enum Next {
    /// A line.
    Line(Line),
    /// Nothing more, ever.
    End,
    /// The user pressed Ctrl-C at the prompt: the line is given up.
    #[cfg_attr(
        not(feature = "prompt"),
        expect(dead_code, reason = "only the line editor sees it")
    )]
    Cancelled,
    /// Nothing yet: look whether something else has happened.
    NotYet,
}

/// What is left of a script.
#[derive(Debug)]
struct Script {
    name: String,
    lines: VecDeque<(usize, String)>,
    /// Whether a command reads it.
    nested: bool,
}

impl Script {
    fn new(name: &str, text: &str) -> Self {
        Script {
            name: name.to_owned(),
            lines: (1..).zip(text.lines().map(str::to_owned)).collect(),
            nested: false,
        }
    }
}

/// Where lines come from when the scripts have ended.
pub(super) enum Last {
    /// Nowhere.
    Nothing,
    /// Standard input, which is no terminal: one command a line.
    Stdin(Receiver<String>),
    /// A prompt.
    Prompt(Box<Prompt>),
}

/// All sources of lines.
pub(super) struct Input {
    scripts: Vec<Script>,
    last: Last,
}

impl Input {
    pub(super) fn new(last: Last) -> Self {
        Input {
            scripts: Vec::new(),
            last,
        }
    }

    /// Puts a script before everything else.
    pub(super) fn push_file(&mut self, path: &Path) -> Result<(), String> {
        let text = read(path).map_err(|error| format!("{error:#}"))?;
        self.push_text(&path.display().to_string(), &text)
    }

    /// Puts lines before everything else.
    pub(super) fn push_text(&mut self, name: &str, text: &str) -> Result<(), String> {
        let nested = self.scripts.iter().filter(|script| script.nested).count();
        if nested >= DEEPEST {
            return Err(format!(
                "{name}: scripts read each other more than {DEEPEST} deep"
            ));
        }
        self.scripts.push(Script {
            nested: true,
            ..Script::new(name, text)
        });
        Ok(())
    }

    /// Puts a script of the command line before those that are there; call with the last first.
    pub(super) fn push_first(&mut self, name: &str, text: &str) {
        self.scripts.push(Script::new(name, text));
    }

    /// Forgets what is left of scripts; whether there was anything.
    pub(super) fn drop_scripts(&mut self) -> bool {
        let any = self.scripts.iter().any(|script| !script.lines.is_empty());
        self.scripts.clear();
        any
    }

    /// Forgets what is left of the innermost script.
    pub(super) fn drop_script(&mut self) {
        self.scripts.pop();
    }

    /// Whether the next line comes from a script.
    pub(super) fn in_script(&self) -> bool {
        self.scripts.iter().any(|script| !script.lines.is_empty())
    }

    /// Whether the user types the lines that come last.
    pub(super) fn has_prompt(&self) -> bool {
        matches!(self.last, Last::Prompt(_))
    }

    /// Whether there are none but scripts.
    pub(super) fn is_batch(&self) -> bool {
        matches!(self.last, Last::Nothing)
    }

    /// The next line. `continued` says that it belongs to the command before.
    pub(super) fn next(&mut self, continued: bool) -> Result<Next, Failure> {
        while let Some(script) = self.scripts.last_mut() {
            if let Some((number, text)) = script.lines.pop_front() {
                let place = (script.name.clone(), number);
                return Ok(Next::Line(Line {
                    text,
                    place: (!script.name.is_empty()).then_some(place),
                }));
            }
            self.scripts.pop();
        }
        match &mut self.last {
            Last::Nothing => Ok(Next::End),
            Last::Stdin(lines) => Ok(match lines.recv_timeout(PATIENCE) {
                Ok(text) => Next::Line(Line { text, place: None }),
                Err(RecvTimeoutError::Timeout) => Next::NotYet,
                Err(RecvTimeoutError::Disconnected) => Next::End,
            }),
            Last::Prompt(prompt) => prompt.read(continued),
        }
    }

    /// Asks the user a question at the terminal; `None` when there is none.
    pub(super) fn confirm(&mut self, question: &str) -> Option<bool> {
        match &self.last {
            Last::Prompt(_) if !self.in_script() => Some(super::prompt::confirm(question)),
            _ => None,
        }
    }
}

/// A script's text.
pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    let name = path.display();
    let file = std::fs::File::open(path).with_context(|| format!("{name}: cannot be read"))?;
    let mut text = String::new();
    file.take(LONGEST_SCRIPT)
        .read_to_string(&mut text)
        .with_context(|| format!("{name}: cannot be read as text"))?;
    if u64::try_from(text.len()).is_ok_and(|length| length >= LONGEST_SCRIPT) {
        anyhow::bail!("{name}: is longer than {} MiB", LONGEST_SCRIPT >> 20);
    }
    Ok(text)
}

/// The lines of standard input, read by a thread of their own: who waits for one can be
/// interrupted.
pub(super) fn stdin_lines() -> std::io::Result<Receiver<String>> {
    let (sender, lines) = sync_channel(16);
    std::thread::Builder::new()
        .name("commands".into())
        .spawn(move || {
            let mut stdin = std::io::stdin().lock();
            loop {
                let mut line = Vec::new();
                let most = super::parse::LONGEST_LINE as u64 + 2;
                match (&mut stdin).take(most).read_until(b'\n', &mut line) {
                    Ok(0) | Err(_) => return,
                    Ok(_) => {}
                }
                let text = String::from_utf8_lossy(&line);
                if sender
                    .send(text.trim_end_matches(['\n', '\r']).to_owned())
                    .is_err()
                {
                    return;
                }
            }
        })?;
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(input: &mut Input) -> Vec<String> {
        let mut texts = Vec::new();
        while let Ok(Next::Line(line)) = input.next(false) {
            let place = line
                .place
                .map_or(String::new(), |(name, line)| format!("{name}:{line} "));
            texts.push(format!("{place}{}", line.text));
        }
        texts
    }

    #[test]
    fn scripts_nest() {
        let mut input = Input::new(Last::Nothing);
        input.push_first("", "3");
        input.push_first("a", "1\n2");
        assert!(matches!(input.next(false), Ok(Next::Line(_))));
        input.push_text("b", "x\ny").expect("not deep");
        assert_eq!(texts(&mut input), ["b:1 x", "b:2 y", "a:2 2", "3"]);
        assert!(matches!(input.next(false), Ok(Next::End)));
    }

    #[test]
    fn a_script_that_reads_itself_comes_to_an_end() {
        let mut input = Input::new(Last::Nothing);
        let mut depth = 0;
        while input.push_text("self", "source self\nx").is_ok() {
            depth += 1;
            assert!(depth < 100);
        }
        assert_eq!(depth, DEEPEST);
    }
}
