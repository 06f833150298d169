//! What the words of a source file are: comments, keywords, strings. A thread does it, a part at a
//! time, so that a large file is readable at once and coloured soon.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

/// Lines that are told at once.
const PART: usize = 500;
/// Longer lines are left plain: the patterns take too long.
const MAX_LINE: usize = 1_000;
/// Files with more lines are coloured up to here.
const MAX_LINES: usize = 30_000;

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// Nothing special.
    Plain,
    /// A comment.
    Comment,
    /// A word of the language.
    Keyword,
    /// Text, characters.
    String,
    /// Numbers, constants of the language.
    Number,
    /// A function where it is declared or called.
    Function,
    /// A type.
    Type,
    /// A macro that is used.
    Macro,
    /// An attribute, a preprocessor's line.
    Attribute,
}

/// A line's words: where each ends, in bytes, and what it is.
pub type Spans = Box<[(u32, Token)]>;

/// Lines of a file that were looked at.
#[derive(Clone, Debug)]
pub struct Highlighted {
    /// The file.
    pub name: String,
    /// Its lines, as they were given.
    pub text: Arc<Vec<String>>,
    /// Place of the first line that was looked at.
    pub from: usize,
    /// The words of the lines.
    pub spans: Vec<Spans>,
}

/// A file to look at.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its name; the end says the language.
    pub name: String,
    /// Its lines.
    pub text: Arc<Vec<String>>,
}

/// The languages, read once: that takes some ten milliseconds.
pub struct Languages {
    set: SyntaxSet,
    classes: Vec<(Scope, Token)>,
}

impl std::fmt::Debug for Languages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Languages").finish_non_exhaustive()
    }
}

/// Beginnings of scopes, as TextMate's grammars name them; the first that fits counts.
const CLASSES: [(&str, Token); 22] = [
    ("comment", Token::Comment),
    ("punctuation.definition.comment", Token::Comment),
    ("string", Token::String),
    ("punctuation.definition.string", Token::String),
    ("constant.character", Token::String),
    ("constant", Token::Number),
    ("support.macro", Token::Macro),
    ("entity.name.macro", Token::Macro),
    ("entity.name.function", Token::Function),
    ("support.function", Token::Function),
    ("variable.function", Token::Function),
    ("entity.name.type", Token::Type),
    ("entity.name.struct", Token::Type),
    ("entity.name.enum", Token::Type),
    ("entity.name.trait", Token::Type),
    ("entity.name.impl", Token::Type),
    ("support.type", Token::Type),
    ("storage.modifier.lifetime", Token::Type),
    ("meta.annotation", Token::Attribute),
    ("meta.preprocessor", Token::Attribute),
    ("storage", Token::Keyword),
    ("keyword", Token::Keyword),
];

impl Languages {
    /// Those that come with the highlighter.
    pub fn load() -> Self {
        let class = |(scope, token): (&str, Token)| Some((Scope::new(scope).ok()?, token));
        Languages {
            set: SyntaxSet::load_defaults_newlines(),
            classes: CLASSES.into_iter().filter_map(class).collect(),
        }
    }

    /// The language of a file, by its name.
    fn of(&self, name: &str) -> Option<&SyntaxReference> {
        let (_, end) = name.rsplit_once('.')?;
        let end = match end {
            // Near enough to a language that is known.
            "mbt" => "rs",
            "cc" | "cxx" | "hh" | "inc" => "cpp",
            "ts" | "mts" | "mjs" => "js",
            end => end,
        };
        self.set.find_syntax_by_extension(end)
    }

    /// Looks at a file, and tells part after part to `tell` until that says to stop.
    pub fn highlight(&self, job: &Job, mut tell: impl FnMut(Highlighted) -> bool) {
        let Some(language) = self.of(&job.name) else {
            return;
        };
        let mut state = ParseState::new(language);
        let mut stack = ScopeStack::new();
        let lines = job.text.iter().take(MAX_LINES).collect::<Vec<_>>();
        for (part, lines) in lines.chunks(PART).enumerate() {
            let mut spans = Vec::with_capacity(lines.len());
            for line in lines {
                spans.push(self.line(line, &mut state, &mut stack).unwrap_or_default());
            }
            let part = Highlighted {
                name: job.name.clone(),
                text: Arc::clone(&job.text),
                from: part.saturating_mul(PART),
                spans,
            };
            if !tell(part) {
                return;
            }
        }
    }

    fn line(&self, line: &str, state: &mut ParseState, stack: &mut ScopeStack) -> Option<Spans> {
        if line.len() > MAX_LINE {
            return None;
        }
        let with_end = format!("{line}\n");
        let mut spans: Vec<(u32, Token)> = Vec::new();
        let mut add = |end: usize, token| {
            let end = u32::try_from(end.min(line.len())).unwrap_or(u32::MAX);
            match spans.last_mut() {
                Some(last) if last.1 == token => last.0 = end,
                _ => spans.push((end, token)),
            }
        };
        for (at, op) in state.parse_line(&with_end, &self.set).ok()? {
            add(at, self.token(stack));
            stack.apply(&op).ok()?;
        }
        add(line.len(), self.token(stack));
        Some(spans.into_boxed_slice())
    }

    fn token(&self, stack: &ScopeStack) -> Token {
        // The innermost scope that says something.
        let scopes = stack.as_slice().iter().rev();
        scopes
            .filter_map(|scope| {
                let fits = |(class, _): &&(Scope, Token)| class.is_prefix_of(*scope);
                self.classes.iter().find(fits).map(|(_, token)| *token)
            })
            .next()
            .unwrap_or(Token::Plain)
    }
}

/// Starts the thread. Jobs that wait are looked at newest first, since that is what is on the
/// screen; the thread ends when either channel is closed.
pub fn start(mut tell: impl FnMut(Highlighted) -> bool + Send + 'static) -> Sender<Job> {
    let (sender, receiver): (Sender<Job>, Receiver<Job>) = channel();
    let work = move || {
        let mut waiting = Vec::new();
        let mut languages = None;
        while let Some(job) = waiting.pop().or_else(|| receiver.recv().ok()) {
            let languages = languages.get_or_insert_with(Languages::load);
            let mut goes_on = true;
            languages.highlight(&job, |part| {
                goes_on = tell(part);
                waiting.extend(receiver.try_iter());
                goes_on
            });
            waiting.extend(receiver.try_iter());
            if !goes_on {
                return;
            }
        }
    };
    // Without the thread, source is plain: nothing to stop for.
    let _ = std::thread::Builder::new()
        .name("highlight".to_owned())
        .spawn(work);
    sender
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(name: &str, text: &str) -> Vec<(String, Token)> {
        let text = Arc::new(text.lines().map(str::to_owned).collect::<Vec<_>>());
        let job = Job {
            name: name.to_owned(),
            text: Arc::clone(&text),
        };
        let mut found = Vec::new();
        Languages::load().highlight(&job, |part| {
            for (line, spans) in part.text.iter().zip(part.spans) {
                let mut from = 0;
                for (end, token) in spans {
                    let end = end as usize;
                    found.push((line[from..end].to_owned(), token));
                    from = end;
                }
            }
            true
        });
        found
    }

    #[test]
    fn words_of_rust_are_known() {
        let found = tokens(
            "src/main.rs",
            "fn main() { // says\n    let x = \"text\";\n    let n = 12;\n}",
        );
        for (word, token) in [
            ("fn", Token::Keyword),
            ("main", Token::Function),
            ("\"text\"", Token::String),
            ("12", Token::Number),
        ] {
            assert!(
                found
                    .iter()
                    .any(|(text, known)| text.trim() == word && *known == token),
                "{word}: {found:?}"
            );
        }
        assert!(
            found
                .iter()
                .any(|(text, token)| text.contains("// says") && *token == Token::Comment)
        );
    }

    #[test]
    fn what_is_unknown_or_too_long_stays_plain() {
        assert!(tokens("notes.unheard", "fn main() {}").is_empty());
        let long = format!("let x = \"{}\";", "y".repeat(5_000));
        assert!(tokens("a.rs", &long).is_empty());
    }
}
