//! Completion: of commands from the table, of the program's names by asking the session.

use super::link::Link;
use super::settings::SETTINGS;
use super::table::{self, Completes, GROUPS, Row};
use std::sync::Mutex;
use std::time::Duration;
use wasmscope_debugger::protocol::{Command, CompletionKind, ReplyBody};

/// How long the session may think about a completion.
const PATIENCE: Duration = Duration::from_millis(400);
/// Words offered at most.
const MOST: usize = 100;

/// Words that a line could go on with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Completions {
    /// Where the word begins that they replace, in bytes.
    pub start: usize,
    pub words: Vec<String>,
}

/// What is to be completed.
#[derive(Debug, PartialEq, Eq)]
enum Wanted<'l> {
    /// The name of a command.
    Commands(Vec<&'static str>),
    /// Something that the session knows.
    Session(CompletionKind, &'l str),
    /// A file of this machine.
    Path(&'l str),
    /// Words that are known.
    Words(Vec<&'static str>),
    Nothing,
}

/// Finds words that `line`, which ends at the cursor, could go on with.
pub(super) fn complete(line: &str, link: &Mutex<Link>) -> Completions {
    let (start, wanted) = wanted(line);
    let prefix = line.get(start..).unwrap_or_default();
    let mut words: Vec<String> = match wanted {
        Wanted::Commands(names) | Wanted::Words(names) => names
            .into_iter()
            .filter(|name| name.starts_with(prefix))
            .map(str::to_owned)
            .collect(),
        Wanted::Session(what, prefix) => ask(link, what, prefix),
        Wanted::Path(prefix) => paths(prefix),
        Wanted::Nothing => Vec::new(),
    };
    words.truncate(MOST);
    Completions { start, words }
}

/// What the end of a line is, and where it begins.
fn wanted(line: &str) -> (usize, Wanted<'_>) {
    let begin = line.len() - line.trim_start().len();
    let text = line.get(begin..).unwrap_or_default();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let Some(end) = text.find(|c: char| !is_name(c)) else {
        let names = table::rows()
            .flat_map(Row::names)
            .filter(|name| name.len() > 2);
        return (begin, Wanted::Commands(names.collect()));
    };
    let Ok(row) = table::find(text.get(..end).unwrap_or_default()) else {
        return (line.len(), Wanted::Nothing);
    };
    of_row(row, line, begin + end)
}

/// What the rest of a line, from `from`, is for a command.
fn of_row<'l>(row: &'static Row, line: &'l str, from: usize) -> (usize, Wanted<'l>) {
    let rest = line.get(from..).unwrap_or_default();
    let argument = from + (rest.len() - rest.trim_start().len());
    let text = line.get(argument..).unwrap_or_default();
    let last_word =
        line.len() - text.len() + text.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    match row.completes {
        Completes::Nothing => (line.len(), Wanted::Nothing),
        Completes::Place => place(line, argument),
        Completes::Function => (argument, Wanted::Session(CompletionKind::Function, text)),
        Completes::SourceFile => (argument, Wanted::Session(CompletionKind::File, text)),
        Completes::Expression => expression(line, argument),
        Completes::Path => (argument, Wanted::Path(text)),
        Completes::Command => {
            let groups = GROUPS.iter().map(|group| group.name);
            let topics = ["locations", "expressions", "settings", "all"];
            let names = table::rows()
                .map(|row| row.name)
                .chain(groups)
                .chain(topics);
            (argument, Wanted::Words(names.collect()))
        }
        Completes::Setting => {
            let names = SETTINGS.iter().map(|setting| setting.name);
            (argument, Wanted::Words(names.collect()))
        }
        Completes::Below => match text.split_once(char::is_whitespace) {
            Some((word, _)) => {
                match table::find_in(&table::refs(row.below), word, "thing to tell about") {
                    Ok(below) => of_row(below, line, argument + word.len()),
                    Err(_) => (last_word, Wanted::Nothing),
                }
            }
            None => {
                let names = row.below.iter().map(|row| row.name);
                (argument, Wanted::Words(names.collect()))
            }
        },
    }
}

/// A place, or the condition behind it.
fn place(line: &str, argument: usize) -> (usize, Wanted<'_>) {
    let text = line.get(argument..).unwrap_or_default();
    if let Some(at) = text.find(" if ") {
        return expression(line, argument + at + 4);
    }
    if let Some(filter) = text.strip_prefix("host:") {
        let at = filter.rfind(',').map_or(0, |at| at + 1);
        let start = line.len() - filter.len() + at;
        let prefix = line.get(start..).unwrap_or_default();
        return (start, Wanted::Session(CompletionKind::HostFunction, prefix));
    }
    match text.starts_with(['/', '*', '+', '-']) {
        true => (line.len(), Wanted::Nothing),
        false => (argument, Wanted::Session(CompletionKind::Place, text)),
    }
}

/// The name that an expression ends in.
fn expression(line: &str, from: usize) -> (usize, Wanted<'_>) {
    let text = line.get(from..).unwrap_or_default();
    // A name, or the way to a field: `order.lines[0].qu`. Within brackets anything goes.
    let mut brackets = 0usize;
    let belongs = |(_, c): &(usize, char)| {
        match c {
            ']' => brackets = brackets.saturating_add(1),
            '[' if brackets == 0 => return false,
            '[' => brackets = brackets.saturating_sub(1),
            _ => {}
        }
        brackets > 0 || c.is_alphanumeric() || matches!(c, '_' | ':' | '.' | '[')
    };
    let start = text
        .char_indices()
        .rev()
        .take_while(belongs)
        .last()
        .map_or(text.len(), |(at, _)| at);
    let prefix = text.get(start..).unwrap_or_default();
    (
        from + start,
        Wanted::Session(CompletionKind::Variable, prefix),
    )
}

fn ask(link: &Mutex<Link>, what: CompletionKind, prefix: &str) -> Vec<String> {
    let Ok(mut link) = link.try_lock() else {
        return Vec::new();
    };
    let frame = link.frame;
    let command = Command::Complete {
        what,
        prefix: prefix.to_owned(),
        frame,
        limit: MOST,
    };
    match link.ask_within(command, PATIENCE) {
        Ok(ReplyBody::Completions { words }) => words,
        _ => Vec::new(),
    }
}

/// Files of this machine.
fn paths(prefix: &str) -> Vec<String> {
    let (folder, begin) = match prefix.rfind('/') {
        Some(at) => prefix.split_at(at + 1),
        None => ("", prefix),
    };
    let place = if folder.is_empty() { "." } else { folder };
    let Ok(entries) = std::fs::read_dir(place) else {
        return Vec::new();
    };
    let mut found: Vec<String> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let slash = if entry.path().is_dir() { "/" } else { "" };
            name.starts_with(begin)
                .then(|| format!("{folder}{name}{slash}"))
        })
        .filter(|path| !path.chars().any(char::is_control))
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: &str) -> (&str, Wanted<'_>) {
        let (start, wanted) = wanted(line);
        (line.get(start..).expect("a boundary"), wanted)
    }

    #[test]
    fn words_are_completed_for_what_they_are() {
        use CompletionKind::*;
        assert!(matches!(at("  bre"), ("bre", Wanted::Commands(_))));
        assert_eq!(at("b ord"), ("ord", Wanted::Session(Place, "ord")));
        assert_eq!(
            at("b ord if n.x > to"),
            ("to", Wanted::Session(Variable, "to"))
        );
        assert_eq!(
            at("b host:fd_read,fd_w"),
            ("fd_w", Wanted::Session(HostFunction, "fd_w"))
        );
        assert_eq!(at("p &or"), ("or", Wanted::Session(Variable, "or")));
        assert_eq!(
            at("p/x orders::LI"),
            ("orders::LI", Wanted::Session(Variable, "orders::LI"))
        );
        for way in ["order.nu", "order.", "x.y[i + 1].z"] {
            let line = format!("p 1 + {way}");
            assert_eq!(at(&line), (way, Wanted::Session(Variable, way)));
        }
        assert_eq!(at("p a[or"), ("or", Wanted::Session(Variable, "or")));
        assert_eq!(
            at("info functions pi"),
            ("pi", Wanted::Session(Function, "pi"))
        );
        assert!(matches!(at("info fun"), ("fun", Wanted::Words(_))));
        assert!(matches!(at("set print el"), ("print el", Wanted::Words(_))));
        assert_eq!(at("source sc"), ("sc", Wanted::Path("sc")));
        for nothing in ["", "zzz x", "next ", "b /x", "é", "p é"] {
            let _ = at(nothing);
        }
    }
}
