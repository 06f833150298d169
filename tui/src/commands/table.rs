//! The table itself: the screen's own commands, each with its names and what its arguments become.

use super::{Parsed, Row, needed, row};
use crate::actions::Action;
use wasmscope_debugger::protocol::{Command, CompletionKind};

const VARIABLE: Option<CompletionKind> = Some(CompletionKind::Variable);

/// Every one. All others are line mode's.
pub(crate) const TABLE: &[Row] = &[
    row(&["continue", "c"], "", "go on", None, |_| {
        Ok(Parsed::Do(Action::Continue))
    }),
    row(
        &["next", "n"],
        "[COUNT]",
        "to the next line, over calls",
        None,
        |rest| {
            Ok(Parsed::Ask(Command::Next {
                count: count(rest)?,
            }))
        },
    ),
    row(
        &["step", "s"],
        "[COUNT]",
        "to the next line, into calls",
        None,
        |rest| {
            Ok(Parsed::Ask(Command::Step {
                count: count(rest)?,
            }))
        },
    ),
    row(
        &["pause", "interrupt"],
        "",
        "stop the running program",
        None,
        |_| Ok(Parsed::Do(Action::Pause)),
    )
    .only_here(),
    row(&["restart"], "", "start the program anew", None, |_| {
        Ok(Parsed::Do(Action::Restart))
    }),
    row(&["kill"], "", "end the program", None, |_| {
        Ok(Parsed::Do(Action::Kill))
    }),
    row(
        &["display", "w"],
        "EXPRESSION",
        "keep an expression among the watches",
        VARIABLE,
        |rest| Ok(Parsed::Display(needed(rest, "an expression")?)),
    ),
    row(&["frame", "fr"], "NUMBER", "select a frame", None, |rest| {
        let text = rest.trim();
        Ok(Parsed::Frame(
            text.parse()
                .map_err(|_| format!("`{text}` is no frame's number"))?,
        ))
    }),
    row(&["up"], "[COUNT]", "select a caller", None, |rest| {
        Ok(Parsed::Move(isize::try_from(count(rest)?).unwrap_or(1)))
    }),
    row(&["down"], "[COUNT]", "select a callee", None, |rest| {
        Ok(Parsed::Move(
            isize::try_from(count(rest)?).unwrap_or(1).saturating_neg(),
        ))
    }),
    row(
        &["calls"],
        "[SET]",
        "show only some host calls: the sets of `trace -e`",
        Some(CompletionKind::HostFunction),
        |rest| Ok(Parsed::Filter(rest.trim().to_owned())),
    )
    .only_here(),
    row(
        &["input"],
        "TEXT",
        "a line of standard input",
        None,
        |rest| {
            let mut bytes = rest.as_bytes().to_vec();
            bytes.push(b'\n');
            Ok(Parsed::Ask(Command::Input { bytes }))
        },
    )
    .only_here(),
    row(&["report"], "", "the report on the failure", None, |_| {
        Ok(Parsed::Do(Action::Report))
    })
    .only_here(),
    row(&["quit", "q", "exit"], "", "leave", None, |_| {
        Ok(Parsed::Do(Action::Quit))
    }),
];

fn count(text: &str) -> Result<u32, String> {
    match text.trim() {
        "" => Ok(1),
        text => match text.parse() {
            Ok(0) | Err(_) => Err(format!("`{text}` is no number of times")),
            Ok(count) => Ok(count),
        },
    }
}
