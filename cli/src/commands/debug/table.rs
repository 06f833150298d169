//! The table of commands: [`Row`] and how a word finds its row. The rows themselves stand with the
//! functions that carry them out, in `words/`; help, completion and the documentation's page are
//! all made from them.

use super::link::Failure;
use super::shell::Shell;
use super::words;

/// A command, all of it.
#[derive(Debug)]
pub(super) struct Row {
    /// Its name.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// What comes after it.
    pub usage: &'static str,
    /// What it does, in a line without a full stop.
    pub summary: &'static str,
    /// What more there is to say: Markdown, one line a paragraph; examples are indented by four.
    pub help: &'static str,
    /// What it needs of the guest.
    pub needs: Needs,
    /// What an empty line after it does.
    pub repeat: Repeat,
    /// What its arguments are.
    pub completes: Completes,
    /// The commands below it.
    pub below: &'static [Row],
    /// Carries it out.
    pub run: fn(&mut Shell, &Call<'_>) -> Outcome,
}

/// How a command is called.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// Its row.
    pub row: &'static Row,
    /// What came after a `/` at its name: `16xb` of `x/16xb`.
    pub format: Option<&'a str>,
    /// The rest of the line, without blanks at its ends.
    pub rest: &'a str,
    /// Whether an empty line has repeated it.
    pub repeated: bool,
}

/// What comes of a command.
pub(super) type Outcome = Result<Flow, Failure>;

/// What is done after a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Flow {
    /// The next command.
    Next,
    /// The end, with an exit code if the user gave one.
    Quit(Option<i32>),
}

/// What a command needs of the guest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Needs {
    /// Nothing.
    Nothing,
    /// A paused guest.
    Paused,
}

/// What an empty line does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Repeat {
    /// Nothing.
    No,
    /// The same again.
    Same,
    /// The same without its arguments: it goes on from where it was.
    Bare,
}

/// What arguments are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Completes {
    /// Nothing that is known beforehand.
    Nothing,
    /// A place to stop.
    Place,
    /// A function.
    Function,
    /// An expression: variables.
    Expression,
    /// A source file of the program.
    SourceFile,
    /// A file of this machine.
    Path,
    /// The name of a command.
    Command,
    /// A setting.
    Setting,
    /// The name of a command below this one.
    Below,
}

impl Row {
    /// A command that needs nothing and is not repeated.
    pub(super) const fn new(
        name: &'static str,
        summary: &'static str,
        run: fn(&mut Shell, &Call<'_>) -> Outcome,
    ) -> Self {
        Row {
            name,
            aliases: &[],
            usage: "",
            summary,
            help: "",
            needs: Needs::Nothing,
            repeat: Repeat::No,
            completes: Completes::Nothing,
            below: &[],
            run,
        }
    }

    pub(super) const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    pub(super) const fn usage(mut self, usage: &'static str) -> Self {
        self.usage = usage;
        self
    }

    pub(super) const fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    pub(super) const fn paused(mut self) -> Self {
        self.needs = Needs::Paused;
        self
    }

    pub(super) const fn repeats(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }

    pub(super) const fn completes(mut self, completes: Completes) -> Self {
        self.completes = completes;
        self
    }

    pub(super) const fn below(mut self, rows: &'static [Row]) -> Self {
        self.below = rows;
        self.completes = Completes::Below;
        self
    }

    /// Its names, the proper one first.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

/// Commands that belong together.
#[derive(Debug)]
pub(super) struct Group {
    /// Its name, a word that `help` takes.
    pub name: &'static str,
    /// What its commands are for, in a line without a full stop.
    pub summary: &'static str,
    /// The commands.
    pub rows: &'static [Row],
}

/// All commands.
pub(super) const GROUPS: &[Group] = &[
    words::running::GROUP,
    words::breaking::GROUP,
    words::stack::GROUP,
    words::data::GROUP,
    words::source::GROUP,
    words::program::GROUP,
    words::session::GROUP,
];

/// All commands, in the order of their groups.
pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    GROUPS.iter().flat_map(|group| group.rows)
}

/// References to rows, as [`find_in`] takes them.
pub(super) fn refs(rows: &'static [Row]) -> Vec<&'static Row> {
    rows.iter().collect()
}

/// The command that `word` names, whole or by its beginning.
pub(super) fn find(word: &str) -> Result<&'static Row, String> {
    find_in(&rows().collect::<Vec<_>>(), word, "command")
}

/// The row that `word` names among `rows`, whole or by its beginning. `what` the rows are is for
/// the message.
pub(super) fn find_in(
    rows: &[&'static Row],
    word: &str,
    what: &str,
) -> Result<&'static Row, String> {
    if let Some(row) = rows.iter().find(|row| row.names().any(|name| name == word)) {
        return Ok(row);
    }
    let begins = |row: &&&Row| !word.is_empty() && row.names().any(|name| name.starts_with(word));
    let matching: Vec<&'static Row> = rows.iter().filter(begins).copied().collect();
    match matching.as_slice() {
        [row] => Ok(row),
        [_, _, ..] => {
            let names: Vec<&str> = matching.iter().map(|row| row.name).collect();
            Err(format!(
                "`{}` may be {}: type more of it",
                shown(word),
                in_words(&names, "or")
            ))
        }
        [] => {
            let names = rows.iter().flat_map(|row| row.names());
            let help = match what {
                "command" => "`help` lists them".to_owned(),
                _ => "`help info` lists them".to_owned(),
            };
            Err(match nearest(word, names) {
                Some(near) => format!("no such {what} `{}`: did you mean `{near}`?", shown(word)),
                None => format!("no such {what} `{}`: {help}", shown(word)),
            })
        }
    }
}

/// The name that `word` probably was to be.
pub(super) fn nearest<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let word: String = word.chars().take(40).collect::<String>().to_lowercase();
    names
        .filter(|name| name.len() > 2)
        .map(|name| (strsim::jaro_winkler(&word, name), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

/// A word of the user's in a message: as long as it need be, and harmless.
pub(super) fn shown(word: &str) -> String {
    const LONGEST: usize = 60;
    let mut text: String = word.chars().take(LONGEST).collect();
    if text.len() < word.len() {
        text.push('…');
    }
    crate::report::escape::line(&text)
}

/// `a, b or c`.
pub(super) fn in_words(names: &[&str], conjunction: &str) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [others @ .., last] => format!("{} {conjunction} {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn name(word: &str) -> Result<&'static str, String> {
        find(word).map(|row| row.name)
    }

    #[test]
    fn single_letters_are_those_of_gdb() {
        for (letter, expected) in [
            ("b", "break"),
            ("c", "continue"),
            ("d", "delete"),
            ("f", "frame"),
            ("h", "help"),
            ("i", "info"),
            ("l", "list"),
            ("n", "next"),
            ("p", "print"),
            ("q", "quit"),
            ("r", "run"),
            ("s", "step"),
            ("u", "until"),
            ("x", "x"),
        ] {
            assert_eq!(name(letter), Ok(expected), "{letter}");
        }
    }

    #[test]
    fn words_find_their_row() {
        for (word, expected) in [
            ("bt", "backtrace"),
            ("where", "backtrace"),
            ("disas", "disassemble"),
            ("stepout", "finish"),
            ("so", "finish"),
            ("si", "stepi"),
            ("ni", "nexti"),
            ("cond", "condition"),
            ("tb", "tbreak"),
            ("wat", "watch"),
            ("backt", "backtrace"),
        ] {
            assert_eq!(name(word), Ok(expected), "{word}");
        }
        let error = |word| name(word).expect_err(word);
        assert_eq!(
            error("brek"),
            "no such command `brek`: did you mean `break`?"
        );
        assert_eq!(error("zzz"), "no such command `zzz`: `help` lists them");
        assert!(
            error("co").starts_with("`co` may be continue"),
            "{}",
            error("co")
        );
        assert!(error("\x1b[2J").contains("\\u{1b}"));
        assert!(error(&"x".repeat(1 << 20)).len() < 200);
    }

    #[test]
    fn names_are_used_once_and_rows_are_whole() {
        let mut seen = HashSet::new();
        let below = rows().flat_map(|row| row.below);
        for row in rows() {
            for name in row.names() {
                assert!(seen.insert(name), "{name} is there twice");
            }
        }
        for row in rows().chain(below) {
            assert!(
                !row.summary.is_empty() && !row.summary.ends_with('.'),
                "{}",
                row.name
            );
            assert!(row.summary.len() < 90, "{}", row.name);
        }
    }
}
