//! The commands that are the screen's own affair: what is looked at, whether the program runs, what
//! keys do as well. All others are line mode's ([`crate::command_line`]).

mod places;
mod table;

pub(crate) use places::{breakpoint_spec, hit_condition, hit_text};
pub(crate) use table::TABLE;

use crate::actions::Action;
use wasmscope_debugger::protocol::{Command, CompletionKind, FrameId};

/// What a line means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Parsed {
    /// A request, whose answer is only told when it went wrong.
    Ask(Command),
    /// What a key would do.
    Do(Action),
    /// Select a frame.
    Frame(FrameId),
    /// Select a frame so many further out (or in).
    Move(isize),
    /// Keep an expression among the watches.
    Display(String),
    /// Filter host calls.
    Filter(String),
}

/// What lines are about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    /// The file that is shown.
    pub file: Option<String>,
    /// The line under the cursor.
    pub line: Option<u32>,
}

/// A command.
pub(crate) struct Row {
    /// Its names, the first one the whole word.
    pub names: &'static [&'static str],
    /// What follows it.
    pub usage: &'static str,
    /// What it does.
    pub help: &'static str,
    /// What its argument is completed with.
    pub completes: Option<CompletionKind>,
    /// Whether line mode has no such command.
    pub only_here: bool,
    parse: fn(&str) -> Result<Parsed, String>,
}

/// A command that line mode has too, and that means the same there.
const fn row(
    names: &'static [&'static str],
    usage: &'static str,
    help: &'static str,
    completes: Option<CompletionKind>,
    parse: fn(&str) -> Result<Parsed, String>,
) -> Row {
    Row {
        names,
        usage,
        help,
        completes,
        only_here: false,
        parse,
    }
}

impl Row {
    /// A command that there is only here.
    const fn only_here(self) -> Self {
        Row {
            only_here: true,
            ..self
        }
    }
}

/// What a line means; `None` for one that is line mode's.
pub(crate) fn parse(line: &str) -> Option<Result<Parsed, String>> {
    let (row, rest) = split(line)?;
    Some((row.parse)(rest))
}

/// The command that a line says.
pub(crate) fn find(line: &str) -> Option<&'static Row> {
    split(line).map(|(row, _)| row)
}

/// The command that a line says, by its whole name, and the rest of the line.
fn split(line: &str) -> Option<(&'static Row, &str)> {
    let line = line.trim();
    let end = line
        .find(|c: char| !c.is_alphanumeric())
        .unwrap_or(line.len());
    let (word, rest) = line.split_at_checked(end)?;
    let row = TABLE.iter().find(|row| row.names.contains(&word))?;
    Some((row, rest))
}

/// The commands that line mode does not have, for those who ask for help.
pub(crate) fn help() -> String {
    let own = TABLE.iter().filter(|row| row.only_here);
    let lines = own.map(|row| {
        let names = row.names.join(", ");
        format!("  {:<22}{}", format!("{names} {}", row.usage), row.help)
    });
    let lines: Vec<String> = lines.collect();
    format!("Of this screen:\n{}", lines.join("\n"))
}

fn needed(text: &str, what: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err(format!("this needs {what}")),
        text => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::places::place;
    use super::*;
    use wasmscope_debugger::protocol::BreakpointPlace;

    fn context() -> Context {
        Context {
            file: Some("src/main.rs".to_owned()),
            line: Some(10),
        }
    }

    fn line(file: &str, line: u32, column: Option<u32>) -> BreakpointPlace {
        BreakpointPlace::Line {
            file: file.to_owned(),
            line,
            column,
        }
    }

    #[test]
    fn places_are_what_debuggers_call_them() {
        let at = |text| place(text, &context()).unwrap();
        assert_eq!(at("lib.rs:3"), line("lib.rs", 3, None));
        assert_eq!(at("lib.rs:3:7"), line("lib.rs", 3, Some(7)));
        assert_eq!(at("C:\\a.rs:3"), line("C:\\a.rs", 3, None));
        assert_eq!(at("12"), line("src/main.rs", 12, None));
        assert_eq!(at("+2"), line("src/main.rs", 12, None));
        assert_eq!(at("-99"), line("src/main.rs", 1, None));
        assert_eq!(at(""), line("src/main.rs", 10, None));
        assert_eq!(
            at("a::b"),
            BreakpointPlace::Function {
                name: "a::b".to_owned()
            }
        );
        assert_eq!(
            at("*0x1f"),
            BreakpointPlace::Pc {
                pc: 31,
                module: None
            }
        );
        assert_eq!(
            at("/^ab/"),
            BreakpointPlace::FunctionRegex {
                pattern: "^ab".to_owned()
            }
        );
        assert_eq!(
            at("host:%file"),
            BreakpointPlace::HostCall {
                filter: "%file".to_owned()
            }
        );
        assert!(place("*zz", &context()).is_err());
        assert!(place("12", &Context::default()).is_err());
    }

    #[test]
    fn lines_are_of_the_screen_or_of_line_mode() {
        assert_eq!(
            parse("next 3"),
            Some(Ok(Parsed::Ask(Command::Next { count: 3 })))
        );
        assert_eq!(parse(" c "), Some(Ok(Parsed::Do(Action::Continue))));
        assert_eq!(parse("up 2"), Some(Ok(Parsed::Move(2))));
        assert!(matches!(parse("next 0"), Some(Err(_))));
        for line in ["break 12", "cont", "p order", "", "!!", "nextt", "help"] {
            assert_eq!(parse(line), None, "{line}");
        }
    }

    #[test]
    fn hits_are_read_as_they_are_written() {
        for text in ["< 1", "<= 2", "== 3", ">= 4", "> 5", "% 6"] {
            assert_eq!(hit_text(hit_condition(text).unwrap().unwrap()), text);
        }
        assert_eq!(hit_condition(" ").unwrap(), None);
        assert!(hit_condition("> many").is_err());
    }

    #[test]
    fn names_mean_one_command() {
        let mut names: Vec<_> = TABLE.iter().flat_map(|row| row.names).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
