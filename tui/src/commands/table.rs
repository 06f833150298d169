//! The table itself: each command with its names, its help and what its arguments become.

use super::{
    Answer, Context, Parsed, Row, breakpoint_spec, find, hit_condition, needed, place, row,
};
use crate::actions::Action;
use wasmscope_debugger::protocol::{
    BreakpointChange, BreakpointId, BreakpointPlace, BreakpointSpec, Command, CompletionKind,
    ValueFormat, ValueLimits,
};

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

fn told(command: Command) -> Parsed {
    Parsed::Ask(command, Answer::Told)
}

pub(super) fn quiet(command: Command) -> Parsed {
    Parsed::Ask(command, Answer::Quiet)
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
