//! Places as users write them: `orders.rs:68`, `+3`, `orders::pick`, `/pick|ship/`, `*0x1f3`,
//! `host:fd_write`, `panic`; and what may follow them, `if EXPR` and `log TEXT`.

use super::parse;
use super::table::shown;
use wasmscope_debugger::protocol::BreakpointPlace;

/// The grammar, for help.
pub(super) const HELP: &str = "\
- `FILE:LINE` or `FILE:LINE:COLUMN`: a line of a source file, named by its path or the end of it: `orders.rs:68`
- `LINE`: a line of the file that is being looked at
- `+N`, `-N`: so many lines after or before the one that is being looked at
- `FUNCTION`: a function, past its prologue, by its whole name or the last parts of it: `pick`, `Inventory::remove`; generic functions in all their copies
- `/REGEX/`: all functions whose names match
- `*PC`: an opcode, by its offset in the module: `*0x1f3`; `*1:0x1f3` in module 1 of a component
- `host:SET`: calls to the host, before they are carried out: `host:fd_write`, `host:%file`, `host:/^clock_/`, several with commas
- `panic`: a Rust panic, in the user's frame that panicked";

/// Where the user looks, which `LINE` and `+N` start from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Here {
    /// The file as places name it.
    pub file: String,
    /// The line.
    pub line: u32,
}

/// A place with what follows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Location {
    /// The place; `None` when none is named, which is where the guest is.
    pub place: Option<BreakpointPlace>,
    /// The expression after `if`.
    pub condition: Option<String>,
    /// The text after `log`.
    pub log: Option<String>,
}

/// Reads a place with what follows it.
pub(super) fn location(text: &str, here: Option<&Here>) -> Result<Location, String> {
    let (place, mut rest) = split(text.trim())?;
    let (mut condition, mut log) = (None, None);
    if let Some(after) = word(rest, "if") {
        // An expression may have such a text in it.
        let mut logs = after.match_indices(" log \"").map(|(at, _)| at);
        let log_at = logs.find(|at| after.get(at + 5..).is_some_and(parse::is_quoted));
        let (expression, logged) = match log_at {
            Some(at) => after.split_at(at),
            None => (after, ""),
        };
        if expression.trim().is_empty() {
            return Err("after `if`, an expression is expected".into());
        }
        condition = Some(expression.trim().to_owned());
        rest = logged.trim();
    }
    if let Some(after) = word(rest, "log") {
        if after.is_empty() {
            return Err("after `log`, a text such as \"total is {total}\" is expected".into());
        }
        log = Some(parse::text(after)?);
        rest = "";
    }
    if !rest.is_empty() {
        return Err(format!(
            "`{}` is not understood: `if EXPR` or `log TEXT` may follow a place",
            shown(rest)
        ));
    }
    let place = match place {
        "" => None,
        place => Some(place_of(place, here)?),
    };
    Ok(Location {
        place,
        condition,
        log,
    })
}

/// Reads a place alone.
pub(super) fn place(text: &str, here: Option<&Here>) -> Result<BreakpointPlace, String> {
    let (place, rest) = split(text.trim())?;
    if !rest.is_empty() {
        return Err(format!(
            "`{}` is not understood after the place",
            shown(rest)
        ));
    }
    place_of(place, here)
}

/// The place, and what follows it.
fn split(text: &str) -> Result<(&str, &str), String> {
    if text.starts_with('/') || text.starts_with("host:/") {
        let open = text.find('/').unwrap_or(0);
        let close = closing_slash(text, open)
            .ok_or_else(|| format!("the pattern `{}` has no closing `/`", shown(text)))?;
        let (place, rest) = text.split_at(close + 1);
        // `host:/a/,fd_write` goes on.
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        if !rest.is_empty() && place.starts_with("host:") {
            let (more, rest) = rest.split_at(end);
            return Ok((
                text.get(..place.len() + more.len()).unwrap_or(place),
                rest.trim(),
            ));
        }
        return Ok((place, rest.trim()));
    }
    // `<Foo as Bar>::baz` has blanks; only these words end a place.
    let ends = |at: usize| {
        let rest = text.get(at..).unwrap_or_default();
        let starts = text
            .get(..at)
            .is_none_or(|before| before.is_empty() || before.ends_with(char::is_whitespace));
        starts && (word(rest, "if").is_some() || word(rest, "log").is_some())
    };
    let end = text
        .char_indices()
        .map(|(at, _)| at)
        .find(|at| ends(*at))
        .unwrap_or(text.len());
    let (place, rest) = text.split_at(end);
    Ok((place.trim(), rest.trim()))
}

/// The slash that ends the pattern which one begins; `\/` does not.
fn closing_slash(text: &str, open: usize) -> Option<usize> {
    let mut escaped = false;
    text.char_indices()
        .filter(|(at, _)| *at > open)
        .find(|(_, c)| {
            let closes = *c == '/' && !escaped;
            escaped = *c == '\\' && !escaped;
            closes
        })
        .map(|(at, _)| at)
}

/// What comes after the word that `text` begins with.
fn word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let rest = text.strip_prefix(word)?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| rest.trim())
}

fn place_of(text: &str, here: Option<&Here>) -> Result<BreakpointPlace, String> {
    if let Some(filter) = text.strip_prefix("host:") {
        return match filter.trim() {
            "" => Err("after `host:`, calls are expected: host:fd_write, host:%file".into()),
            filter => Ok(BreakpointPlace::HostCall {
                filter: filter.to_owned(),
            }),
        };
    }
    if let Some(address) = text.strip_prefix('*') {
        return pc(address);
    }
    if let Some(pattern) = text.strip_prefix('/') {
        let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
        return match pattern {
            "" => Err("an empty pattern matches everything: `/./` if that is meant".into()),
            pattern => Ok(BreakpointPlace::FunctionRegex {
                pattern: pattern.replace("\\/", "/"),
            }),
        };
    }
    if text == "panic" {
        return Ok(BreakpointPlace::Panic);
    }
    if let Some(line) = relative(text, here)? {
        return Ok(line);
    }
    if let Some((file, line, column)) = file_and_line(text)? {
        return Ok(BreakpointPlace::Line { file, line, column });
    }
    match text.trim() {
        "" => Err("a place is expected: `help locations` says how to name one".into()),
        name => Ok(BreakpointPlace::Function {
            name: name.to_owned(),
        }),
    }
}

/// `*0x1f3` or `*1:0x1f3`, its asterisk taken away.
fn pc(text: &str) -> Result<BreakpointPlace, String> {
    let (module, address) = match text.split_once(':') {
        Some((module, address)) => {
            let module = parse::number_for(module, "the number of a module is expected")?;
            let module = usize::try_from(module).map_err(|_| "there is no such module")?;
            (Some(module), address)
        }
        None => (None, text),
    };
    let pc = parse::number_for(
        address,
        "after `*`, the offset of an opcode is expected, such as *0x1f3",
    )?;
    Ok(BreakpointPlace::Pc { pc, module })
}

/// `LINE`, `+N` or `-N`.
fn relative(text: &str, here: Option<&Here>) -> Result<Option<BreakpointPlace>, String> {
    let (sign, digits) = match text.split_at_checked(1) {
        Some((sign @ ("+" | "-"), digits)) => (sign, digits.trim()),
        _ => ("", text),
    };
    if sign.is_empty() && !text.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(None);
    }
    let number = match (sign, digits) {
        ("", digits) => match parse::number(digits) {
            Some(number) => number,
            // A file's name may begin with a digit.
            None if digits.contains(':') => return Ok(None),
            None => return Err(format!("`{}` is neither a line nor a place", shown(text))),
        },
        (_, "") => 1,
        (_, digits) => parse::number_for(digits, "a number of lines is expected")?,
    };
    let here = here.ok_or(
        "there is no source file that is being looked at: say FILE:LINE, or `list` something first",
    )?;
    let current = u64::from(here.line);
    let line = match sign {
        "+" => current.saturating_add(number),
        "-" => current.saturating_sub(number),
        _ => number,
    };
    let line = u32::try_from(line)
        .ok()
        .filter(|line| *line > 0)
        .ok_or_else(|| format!("{} has no line {line}", shown(&here.file)))?;
    Ok(Some(BreakpointPlace::Line {
        file: here.file.clone(),
        line,
        column: None,
    }))
}

/// `FILE:LINE[:COLUMN]`.
fn file_and_line(text: &str) -> Result<Option<(String, u32, Option<u32>)>, String> {
    let Some((before, last)) = split_number(text) else {
        return Ok(None);
    };
    let (file, line, column) = match split_number(before) {
        Some((file, line)) => (file, line, Some(last)),
        None => (before, last, None),
    };
    let small = |number: u64, what: &str| {
        u32::try_from(number)
            .ok()
            .filter(|number| *number > 0)
            .ok_or_else(|| {
                format!(
                    "`{}`: there is no such {what}, they are counted from 1",
                    shown(text)
                )
            })
    };
    let column = column.map(|column| small(column, "column")).transpose()?;
    Ok(Some((file.to_owned(), small(line, "line")?, column)))
}

/// A text and the number after its last colon.
fn split_number(text: &str) -> Option<(&str, u64)> {
    let (before, digits) = text.rsplit_once(':')?;
    let is_path = before.ends_with(':') || before.is_empty();
    let number = parse::number(digits).filter(|_| !is_path)?;
    Some((before, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> Here {
        Here {
            file: "src/main.rs".into(),
            line: 10,
        }
    }

    fn line(file: &str, line: u32, column: Option<u32>) -> BreakpointPlace {
        BreakpointPlace::Line {
            file: file.into(),
            line,
            column,
        }
    }

    fn function(name: &str) -> BreakpointPlace {
        BreakpointPlace::Function { name: name.into() }
    }

    #[test]
    fn places_are_read() {
        let read = |text: &str| place(text, Some(&here())).expect(text);
        assert_eq!(read("orders.rs:68"), line("orders.rs", 68, None));
        assert_eq!(read("a/b c.rs:68:5"), line("a/b c.rs", 68, Some(5)));
        assert_eq!(read("C:\\x\\a.rs:0x10"), line("C:\\x\\a.rs", 16, None));
        assert_eq!(read("7.rs:3"), line("7.rs", 3, None));
        assert_eq!(read("12"), line("src/main.rs", 12, None));
        assert_eq!(read("+3"), line("src/main.rs", 13, None));
        assert_eq!(read("-9"), line("src/main.rs", 1, None));
        assert_eq!(read("pick"), function("pick"));
        assert_eq!(
            read("<Foo<T> as Bar>::baz"),
            function("<Foo<T> as Bar>::baz")
        );
        assert_eq!(read("panicking::begin"), function("panicking::begin"));
        assert_eq!(read("panic"), BreakpointPlace::Panic);
        assert_eq!(
            read("*1:0x1f3"),
            BreakpointPlace::Pc {
                pc: 0x1f3,
                module: Some(1)
            }
        );
        assert_eq!(
            read("/a\\/b c/"),
            BreakpointPlace::FunctionRegex {
                pattern: "a/b c".into()
            }
        );
        assert_eq!(
            read("host:/a b/,%file"),
            BreakpointPlace::HostCall {
                filter: "/a b/,%file".into()
            }
        );
    }

    #[test]
    fn conditions_and_messages_follow() {
        let read = |text: &str| location(text, Some(&here())).expect(text);
        let all = read("orders.rs:68 if x == \"a if b\" && y log \"x is {x}\\n\"");
        assert_eq!(all.place, Some(line("orders.rs", 68, None)));
        assert_eq!(all.condition.as_deref(), Some("x == \"a if b\" && y"));
        assert_eq!(all.log.as_deref(), Some("x is {x}\n"));
        let regex = read("/a if b/ if n > 1");
        assert_eq!(
            regex.place,
            Some(BreakpointPlace::FunctionRegex {
                pattern: "a if b".into()
            })
        );
        assert_eq!(regex.condition.as_deref(), Some("n > 1"));
        let log = read("pick log total is {total}");
        assert_eq!(log.log.as_deref(), Some("total is {total}"));
        let text = read("pick if name == \" log \"");
        assert_eq!(text.condition.as_deref(), Some("name == \" log \""));
        let here = read("if x == 3");
        assert_eq!((here.place, here.condition), (None, Some("x == 3".into())));
    }

    #[test]
    fn mistakes_are_named() {
        let error = |text: &str| location(text, Some(&here())).expect_err(text);
        for (text, said) in [
            ("*", "offset of an opcode"),
            ("*x", "offset of an opcode"),
            ("/open", "no closing `/`"),
            ("//", "matches everything"),
            ("host:", "after `host:`"),
            ("-10", "has no line 0"),
            ("a.rs:0", "counted from 1"),
            ("a.rs:99999999999", "counted from 1"),
            ("12x", "neither a line nor a place"),
            ("pick if ", "an expression is expected"),
            ("pick log", "after `log`"),
        ] {
            assert!(error(text).contains(said), "{text}: {}", error(text));
        }
        assert!(
            place("", None)
                .expect_err("nothing")
                .contains("a place is expected")
        );
        assert!(error("/a/ whatever").contains("is not understood"));
        assert!(
            location("12", None)
                .expect_err("nowhere")
                .contains("FILE:LINE")
        );
        for text in [
            ":",
            "::",
            ":1",
            "a::1",
            "\u{1b}[2J:1",
            "é:1",
            "+",
            "/",
            "*:",
            "host:/",
        ] {
            let _ = location(text, None);
        }
    }
}
