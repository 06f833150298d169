//! The commands of the console: one table, from which parsing, help and completion come. A command
//! becomes a request to the session, or something that the UI does itself.

use crate::actions::Action;
use wasmscope_debugger::protocol::{
    BreakpointChange, BreakpointId, BreakpointPlace, BreakpointSpec, Command, CompletionKind,
    FrameId, HitCondition, ValueFormat, ValueLimits,
};

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

const PLACE: Option<CompletionKind> = Some(CompletionKind::Place);
const VARIABLE: Option<CompletionKind> = Some(CompletionKind::Variable);

/// Every command. A beginning of a name will do; of several, the first in the table is meant.
pub(crate) const TABLE: &[Row] = &[
    row(
        &["break", "b"],
        "PLACE [if CONDITION]",
        "set a breakpoint: FILE:LINE, LINE, FUNCTION, /REGEX/, *OFFSET, host:SET, panic",
        PLACE,
        |rest, context| set_breakpoint(rest, context, false, None),
    ),
    row(
        &["tbreak"],
        "PLACE [if CONDITION]",
        "set a breakpoint that goes away at its first stop",
        PLACE,
        |rest, context| set_breakpoint(rest, context, true, None),
    ),
    row(
        &["logpoint", "dprintf"],
        "PLACE, TEXT {EXPRESSION}…",
        "tell a message at a place instead of stopping",
        PLACE,
        logpoint,
    ),
    row(
        &["watch"],
        "EXPRESSION",
        "stop when the value of an expression changes",
        VARIABLE,
        |rest, context| {
            let mut spec = BreakpointSpec::new(BreakpointPlace::Watch {
                expression: needed(rest, "an expression")?,
            });
            spec.frame = context.frame;
            Ok(told(Command::SetBreakpoint(spec)))
        },
    ),
    row(
        &["delete", "d", "clear"],
        "NUMBER",
        "take a breakpoint away",
        None,
        |rest, _| {
            Ok(told(Command::DeleteBreakpoint {
                id: breakpoint(rest)?.0,
            }))
        },
    ),
    row(
        &["enable"],
        "NUMBER",
        "switch a breakpoint on",
        None,
        |rest, _| switch(rest, true),
    ),
    row(
        &["disable"],
        "NUMBER",
        "switch a breakpoint off",
        None,
        |rest, _| switch(rest, false),
    ),
    row(
        &["condition", "cond"],
        "NUMBER [EXPRESSION]",
        "stop at a breakpoint only when an expression is true",
        None,
        |rest, _| {
            let (id, text) = breakpoint(rest)?;
            let change = BreakpointChange {
                condition: Some(optional(text)),
                ..BreakpointChange::default()
            };
            Ok(told(Command::ChangeBreakpoint { id, change }))
        },
    ),
    row(
        &["hits"],
        "NUMBER [OPERATOR COUNT]",
        "stop only at some hits: `> 3`, `== 2`, `% 10`",
        None,
        |rest, _| {
            let (id, text) = breakpoint(rest)?;
            let change = BreakpointChange {
                hits: Some(hit_condition(text)?),
                ..BreakpointChange::default()
            };
            Ok(told(Command::ChangeBreakpoint { id, change }))
        },
    ),
    row(
        &["ignore"],
        "NUMBER COUNT",
        "pass over so many hits of a breakpoint",
        None,
        |rest, _| {
            let (id, text) = breakpoint(rest)?;
            let count = text
                .trim()
                .parse()
                .map_err(|_| format!("`{}` is no number of hits", text.trim()))?;
            let change = BreakpointChange {
                ignore: Some(count),
                ..BreakpointChange::default()
            };
            Ok(told(Command::ChangeBreakpoint { id, change }))
        },
    ),
    row(&["continue", "c"], "", "go on", None, |_, _| {
        Ok(Parsed::Do(Action::Continue))
    }),
    row(&["run", "start"], "", "start the program", None, |_, _| {
        Ok(Parsed::Do(Action::Continue))
    }),
    row(
        &["next", "n"],
        "[COUNT]",
        "to the next line, over calls",
        None,
        |rest, _| {
            Ok(quiet(Command::Next {
                count: count(rest)?,
            }))
        },
    ),
    row(
        &["step", "s"],
        "[COUNT]",
        "to the next line, into calls",
        None,
        |rest, _| {
            Ok(quiet(Command::Step {
                count: count(rest)?,
            }))
        },
    ),
    row(
        &["finish", "stepout", "so"],
        "",
        "until the selected function has returned",
        None,
        |_, context| {
            Ok(quiet(Command::Finish {
                frame: context.frame,
            }))
        },
    ),
    row(
        &["until", "advance", "u"],
        "[PLACE]",
        "until a place, or a later line of the function",
        PLACE,
        |rest, context| {
            let place = match rest.trim() {
                "" => None,
                text => Some(place(text, context)?),
            };
            Ok(quiet(Command::Until { place }))
        },
    ),
    row(
        &["stepi", "si"],
        "[COUNT]",
        "one opcode",
        None,
        |rest, _| {
            Ok(quiet(Command::StepInstruction {
                over: false,
                count: count(rest)?,
            }))
        },
    ),
    row(
        &["nexti", "ni"],
        "[COUNT]",
        "one opcode, over calls",
        None,
        |rest, _| {
            Ok(quiet(Command::StepInstruction {
                over: true,
                count: count(rest)?,
            }))
        },
    ),
    row(
        &["pause", "interrupt"],
        "",
        "stop the running program",
        None,
        |_, _| Ok(Parsed::Do(Action::Pause)),
    ),
    row(&["restart"], "", "start the program anew", None, |_, _| {
        Ok(Parsed::Do(Action::Restart))
    }),
    row(&["kill"], "", "end the program", None, |_, _| {
        Ok(Parsed::Do(Action::Kill))
    }),
    row(
        &["print", "p"],
        "[/x/d/o/t/c/s/r] EXPRESSION",
        "the value of an expression; /r by its fields, /x in hexadecimal",
        VARIABLE,
        print,
    ),
    row(
        &["display", "w"],
        "EXPRESSION",
        "keep an expression among the watches",
        VARIABLE,
        |rest, _| Ok(Parsed::Display(needed(rest, "an expression")?)),
    ),
    row(
        &["set"],
        "PLACE = VALUE",
        "assign",
        VARIABLE,
        |rest, context| {
            let rest = rest.trim().strip_prefix("var ").unwrap_or(rest);
            let (target, value) = rest
                .split_once('=')
                .ok_or("`set` needs a place and a value: `set count = 3`")?;
            Ok(told(Command::Set {
                target: needed(target, "a place")?,
                value: needed(value, "a value")?,
                frame: context.frame,
            }))
        },
    ),
    row(
        &["ptype", "whatis"],
        "EXPRESSION",
        "the type of an expression, or what a type consists of",
        VARIABLE,
        |rest, context| {
            let expression = needed(rest, "an expression or the name of a type")?;
            Ok(told(Command::TypeOf {
                expression,
                frame: context.frame,
            }))
        },
    ),
    row(
        &["statics", "globals"],
        "[REGEX]",
        "statics of the program",
        None,
        |rest, _| {
            Ok(told(Command::Statics {
                pattern: optional(rest),
                limits: ValueLimits::default(),
            }))
        },
    ),
    row(
        &["x"],
        "ADDRESS",
        "memory at an address or of a value",
        VARIABLE,
        |rest, _| Ok(Parsed::Memory(needed(rest, "an address or an expression")?)),
    ),
    row(
        &["backtrace", "bt", "where"],
        "",
        "the stack",
        None,
        |_, _| Ok(told(Command::Stack { from: 0, count: 60 })),
    ),
    row(
        &["frame", "fr"],
        "NUMBER",
        "select a frame",
        None,
        |rest, _| {
            let text = rest.trim();
            Ok(Parsed::Frame(
                text.parse()
                    .map_err(|_| format!("`{text}` is no frame's number"))?,
            ))
        },
    ),
    row(&["up"], "[COUNT]", "select a caller", None, |rest, _| {
        Ok(Parsed::Move(isize::try_from(count(rest)?).unwrap_or(1)))
    }),
    row(&["down"], "[COUNT]", "select a callee", None, |rest, _| {
        Ok(Parsed::Move(
            isize::try_from(count(rest)?).unwrap_or(1).saturating_neg(),
        ))
    }),
    row(
        &["list", "l", "edit"],
        "PLACE",
        "show a place in the source",
        PLACE,
        |rest, context| Ok(Parsed::Show(place(rest, context)?)),
    ),
    row(
        &["functions"],
        "REGEX",
        "functions of the program",
        Some(CompletionKind::Function),
        |rest, _| {
            Ok(told(Command::Functions {
                pattern: rest.trim().to_owned(),
                limit: 100,
            }))
        },
    ),
    row(
        &["files", "sources"],
        "[PART]",
        "source files of the program",
        Some(CompletionKind::File),
        |rest, _| {
            Ok(told(Command::Files {
                containing: optional(rest),
            }))
        },
    ),
    row(
        &["modules"],
        "",
        "core modules, and how well they can be debugged",
        None,
        |_, _| Ok(told(Command::Modules)),
    ),
    row(
        &["calls"],
        "[SET]",
        "show only some host calls: the sets of `trace -e`",
        Some(CompletionKind::HostFunction),
        |rest, _| Ok(Parsed::Filter(rest.trim().to_owned())),
    ),
    row(
        &["input"],
        "TEXT",
        "a line of standard input",
        None,
        |rest, _| {
            let mut bytes = rest.as_bytes().to_vec();
            bytes.push(b'\n');
            Ok(quiet(Command::Input { bytes }))
        },
    ),
    row(&["eof"], "", "end the standard input", None, |_, _| {
        Ok(quiet(Command::EndInput))
    }),
    row(
        &["report"],
        "",
        "the report on the failure",
        None,
        |_, _| Ok(Parsed::Do(Action::Report)),
    ),
    row(&["help", "h"], "[COMMAND]", "commands", None, |rest, _| {
        help(rest.trim())
    }),
    row(&["quit", "q", "exit"], "", "leave", None, |_, _| {
        Ok(Parsed::Do(Action::Quit))
    }),
];

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

fn told(command: Command) -> Parsed {
    Parsed::Ask(command, Answer::Told)
}

fn quiet(command: Command) -> Parsed {
    Parsed::Ask(command, Answer::Quiet)
}

fn needed(text: &str, what: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err(format!("this needs {what}")),
        text => Ok(text.to_owned()),
    }
}

fn optional(text: &str) -> Option<String> {
    Some(text.trim())
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

fn count(text: &str) -> Result<u32, String> {
    match text.trim() {
        "" => Ok(1),
        text => match text.parse() {
            Ok(0) | Err(_) => Err(format!("`{text}` is no number of times")),
            Ok(count) => Ok(count),
        },
    }
}

fn breakpoint(text: &str) -> Result<(BreakpointId, &str), String> {
    let text = text.trim();
    let (number, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let id = number.parse().map_err(|_| match number {
        "" => "this needs the number of a breakpoint".to_owned(),
        number => format!("`{number}` is no breakpoint's number"),
    })?;
    Ok((id, rest))
}

fn switch(rest: &str, enabled: bool) -> Result<Parsed, String> {
    let change = BreakpointChange {
        enabled: Some(enabled),
        ..BreakpointChange::default()
    };
    Ok(told(Command::ChangeBreakpoint {
        id: breakpoint(rest)?.0,
        change,
    }))
}

/// `> 3`, `== 2`, `% 10`, or a number alone for "from this hit on"; empty for every hit.
pub(crate) fn hit_condition(text: &str) -> Result<Option<HitCondition>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    type Make = fn(u64) -> HitCondition;
    const OPERATORS: [(&str, Make); 7] = [
        ("<=", HitCondition::LessOrEqual),
        (">=", HitCondition::GreaterOrEqual),
        ("==", HitCondition::Equal),
        ("<", HitCondition::Less),
        (">", HitCondition::Greater),
        ("=", HitCondition::Equal),
        ("%", HitCondition::Multiple),
    ];
    let split = |(operator, make): &(&str, Make)| Some((*make, text.strip_prefix(operator)?));
    let (make, number) = OPERATORS
        .iter()
        .find_map(split)
        .unwrap_or((HitCondition::GreaterOrEqual, text));
    let number = number.trim();
    let number = number
        .parse()
        .map_err(|_| format!("`{text}` is no condition on hits: write `> 3`, `== 2` or `% 10`"))?;
    Ok(Some(make(number)))
}

/// A condition on hits as it is written.
pub(crate) fn hit_text(hits: HitCondition) -> String {
    match hits {
        HitCondition::Less(n) => format!("< {n}"),
        HitCondition::LessOrEqual(n) => format!("<= {n}"),
        HitCondition::Equal(n) => format!("== {n}"),
        HitCondition::GreaterOrEqual(n) => format!(">= {n}"),
        HitCondition::Greater(n) => format!("> {n}"),
        HitCondition::Multiple(n) => format!("% {n}"),
    }
}

/// A place: `FILE:LINE[:COLUMN]`, `LINE`, `+N`, `-N`, `FUNCTION`, `/REGEX/`, `*OFFSET`, `host:SET`,
/// `panic`.
pub(crate) fn place(text: &str, context: &Context) -> Result<BreakpointPlace, String> {
    let text = text.trim();
    let here = || {
        context
            .file
            .clone()
            .ok_or("a line alone needs a file that is shown; write FILE:LINE")
    };
    if text.is_empty() {
        let line = context
            .line
            .ok_or("this needs a place, such as src/main.rs:12 or a function")?;
        return Ok(BreakpointPlace::Line {
            file: here()?,
            line,
            column: None,
        });
    }
    if text == "panic" {
        return Ok(BreakpointPlace::Panic);
    }
    if let Some(filter) = text.strip_prefix("host:") {
        return Ok(BreakpointPlace::HostCall {
            filter: needed(filter, "host functions after `host:`")?,
        });
    }
    if let Some(pattern) = text.strip_prefix('/') {
        let pattern = pattern.strip_suffix('/').unwrap_or(pattern).to_owned();
        return Ok(BreakpointPlace::FunctionRegex { pattern });
    }
    if let Some(offset) = text.strip_prefix('*') {
        let pc = number(offset.trim())
            .ok_or_else(|| format!("`{offset}` is no offset in the module"))?;
        return Ok(BreakpointPlace::Pc { pc, module: None });
    }
    let at = context.line.unwrap_or(1);
    let line = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(by), _) => by.parse::<u32>().ok().map(|by| at.saturating_add(by)),
        (_, Some(by)) => by
            .parse::<u32>()
            .ok()
            .map(|by| at.saturating_sub(by).max(1)),
        _ => text.parse::<u32>().ok(),
    };
    if let Some(line) = line {
        return Ok(BreakpointPlace::Line {
            file: here()?,
            line,
            column: None,
        });
    }
    Ok(
        file_and_line(text).unwrap_or_else(|| BreakpointPlace::Function {
            name: text.to_owned(),
        }),
    )
}

fn file_and_line(text: &str) -> Option<BreakpointPlace> {
    let (before, last) = text.rsplit_once(':')?;
    let last: u32 = last.trim().parse().ok()?;
    if let Some((file, line)) = before.rsplit_once(':')
        && let Ok(line) = line.parse()
        && !file.is_empty()
    {
        return Some(BreakpointPlace::Line {
            file: file.to_owned(),
            line,
            column: Some(last),
        });
    }
    // `a::b::3` is no file.
    if before.is_empty() || before.ends_with(':') {
        return None;
    }
    Some(BreakpointPlace::Line {
        file: before.trim().to_owned(),
        line: last,
        column: None,
    })
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn set_breakpoint(
    rest: &str,
    context: &Context,
    temporary: bool,
    log: Option<String>,
) -> Result<Parsed, String> {
    let mut spec = breakpoint_spec(rest, context)?;
    spec.temporary = temporary;
    spec.log = log;
    Ok(told(Command::SetBreakpoint(spec)))
}

/// `PLACE [if CONDITION]`.
pub(crate) fn breakpoint_spec(text: &str, context: &Context) -> Result<BreakpointSpec, String> {
    let text = text.trim();
    let (at, condition) = match text.strip_prefix("if ") {
        Some(condition) => ("", Some(condition)),
        None => match text.split_once(" if ") {
            Some((at, condition)) => (at, Some(condition)),
            None => (text, None),
        },
    };
    let mut spec = BreakpointSpec::new(place(at, context)?);
    spec.condition = condition
        .map(|text| needed(text, "a condition after `if`"))
        .transpose()?;
    Ok(spec)
}

fn logpoint(rest: &str, context: &Context) -> Result<Parsed, String> {
    let (at, text) = rest
        .split_once(',')
        .ok_or("a log point needs a place and a text: `logpoint main.rs:12, n is {n}`")?;
    set_breakpoint(
        at,
        context,
        false,
        Some(needed(text, "a text after the comma")?),
    )
}

fn print(rest: &str, context: &Context) -> Result<Parsed, String> {
    let rest = rest.trim();
    let (format, expression) = match rest.strip_prefix('/') {
        None => (ValueFormat::Natural, rest),
        Some(rest) => {
            let (letter, expression) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            let format = match letter {
                "x" => ValueFormat::Hex,
                "d" => ValueFormat::Decimal,
                "o" => ValueFormat::Octal,
                "t" => ValueFormat::Binary,
                "c" => ValueFormat::Char,
                "s" => ValueFormat::Text,
                "r" => ValueFormat::Raw,
                _ => {
                    return Err(format!(
                        "there is no form `/{letter}`: there are /x /d /o /t /c /s /r"
                    ));
                }
            };
            (format, expression)
        }
    };
    let expression = needed(expression, "an expression")?;
    Ok(told(Command::Evaluate {
        expression,
        frame: context.frame,
        format,
        limits: ValueLimits {
            children: 0,
            ..ValueLimits::default()
        },
    }))
}

fn help(word: &str) -> Result<Parsed, String> {
    let line = |row: &Row| {
        let names = row.names.join(", ");
        format!("{names} {}\n    {}", row.usage, row.help)
    };
    if !word.is_empty() {
        return Ok(Parsed::Say(line(find(word)?)));
    }
    let lines: Vec<String> = TABLE.iter().map(line).collect();
    Ok(Parsed::Say(lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

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
