//! The commands of the console: one table, from which parsing, help and completion come. A command
//! becomes a request to the session, or something that the UI does itself.

mod places;
mod table;

pub(crate) use places::{breakpoint_spec, hit_condition, hit_text, place};
pub(crate) use table::TABLE;

use crate::actions::Action;
use wasmscope_debugger::protocol::{BreakpointPlace, Command, CompletionKind, FrameId};

/// How an answer in the console is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Only when it went wrong.
    Quiet,
    /// What it is.
    Told,
}

/// What a line means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Parsed {
    /// A request.
    Ask(Command, Answer),
    /// What a key would do.
    Do(Action),
    /// Select a frame.
    Frame(FrameId),
    /// Select a frame so many further out (or in).
    Move(isize),
    /// Show a place in the source.
    Show(BreakpointPlace),
    /// Keep an expression among the watches.
    Display(String),
    /// Show memory.
    Memory(String),
    /// Filter host calls.
    Filter(String),
    /// Text to tell.
    Say(String),
}

/// What lines are about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    /// The file that is shown.
    pub file: Option<String>,
    /// The line under the cursor.
    pub line: Option<u32>,
    /// The selected frame.
    pub frame: FrameId,
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
    parse: fn(&str, &Context) -> Result<Parsed, String>,
}

const fn row(
    names: &'static [&'static str],
    usage: &'static str,
    help: &'static str,
    completes: Option<CompletionKind>,
    parse: fn(&str, &Context) -> Result<Parsed, String>,
) -> Row {
    Row {
        names,
        usage,
        help,
        completes,
        parse,
    }
}

/// What a line means.
pub(crate) fn parse(line: &str, context: &Context) -> Result<Parsed, String> {
    let line = line.trim();
    let end = line
        .find(|c: char| !c.is_alphanumeric())
        .unwrap_or(line.len());
    let (word, rest) = line.split_at_checked(end).unwrap_or((line, ""));
    if word.is_empty() {
        return Err(format!("`{line}` is no command; `help` lists them"));
    }
    (find(word)?.parse)(rest, context)
}

/// Whether a line is the screen's own affair even where there are line mode's commands: what is
/// looked at, whether the program runs, what keys do as well.
pub(crate) fn is_of_screen(line: &str) -> bool {
    const OWN: [&str; 14] = [
        "calls", "continue", "display", "down", "frame", "input", "kill", "next", "pause", "quit",
        "report", "restart", "step", "up",
    ];
    let line = line.trim();
    let end = line
        .find(|c: char| !c.is_alphanumeric())
        .unwrap_or(line.len());
    let word = line.get(..end).unwrap_or_default();
    let row = TABLE.iter().find(|row| row.names.contains(&word));
    row.is_some_and(|row| row.names.iter().any(|name| OWN.contains(name)))
}

/// The command that a word means.
pub(crate) fn find(word: &str) -> Result<&'static Row, String> {
    let exact = TABLE.iter().find(|row| row.names.contains(&word));
    let begun = || {
        TABLE.iter().find(|row| {
            row.names
                .iter()
                .any(|name| name.starts_with(word) && !word.is_empty())
        })
    };
    exact.or_else(begun).ok_or_else(|| {
        let near = TABLE
            .iter()
            .flat_map(|row| row.names)
            .filter(|name| name.len() > 2)
            .find(|name| differ_little(name, word));
        match near {
            Some(near) => format!("there is no command `{word}`; did you mean `{near}`?"),
            None => format!("there is no command `{word}`; `help` lists them"),
        }
    })
}

/// Whether two words differ by one letter, or by two that changed places.
fn differ_little(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > 1 {
        return false;
    }
    let same = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let one_rest = one.get(same..).unwrap_or_default();
    let other_rest = other.get(same..).unwrap_or_default();
    let without = |rest: &[char], by: usize| rest.get(by..).unwrap_or_default().to_vec();
    without(one_rest, 1) == without(other_rest, 1)
        || without(one_rest, 1) == other_rest
        || one_rest == without(other_rest, 1)
        || (one_rest.len() >= 2
            && without(one_rest, 2) == without(other_rest, 2)
            && one_rest.first() == other_rest.get(1)
            && one_rest.get(1) == other_rest.first())
}

fn needed(text: &str, what: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err(format!("this needs {what}")),
        text => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::table::quiet;
    use super::*;
    use wasmscope_debugger::protocol::ValueFormat;

    fn context() -> Context {
        Context {
            file: Some("src/main.rs".to_owned()),
            line: Some(10),
            frame: 2,
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
    fn commands_can_be_abbreviated() {
        let parse = |line| parse(line, &context());
        assert_eq!(parse("n").unwrap(), quiet(Command::Next { count: 1 }));
        assert_eq!(parse("next 3").unwrap(), quiet(Command::Next { count: 3 }));
        assert_eq!(parse("cont").unwrap(), Parsed::Do(Action::Continue));
        assert!(matches!(
            parse("p/x a.b").unwrap(),
            Parsed::Ask(
                Command::Evaluate {
                    format: ValueFormat::Hex,
                    ..
                },
                _
            )
        ));
        assert_eq!(
            parse("brek main").unwrap_err(),
            "there is no command `brek`; did you mean `break`?"
        );
        assert_eq!(
            parse("xyzzy").unwrap_err(),
            "there is no command `xyzzy`; `help` lists them"
        );
        let Parsed::Ask(Command::SetBreakpoint(spec), _) = parse("b 12 if n > 3").unwrap() else {
            panic!()
        };
        assert_eq!(spec.condition.as_deref(), Some("n > 3"));
        assert!(parse("next 0").is_err() && parse("").is_err() && parse("!!").is_err());
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
