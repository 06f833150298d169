//! The debugger itself: help, settings, scripts, the end.

use super::super::settings::{self, SETTINGS};
use super::super::shell::{Guest, Shell};
use super::super::table::{Call, Completes, Flow, Group, Outcome, Row};
use super::super::{help, parse};
use crate::report::escape;
use std::path::Path;

pub(in super::super) const GROUP: Group = Group {
    name: "session",
    summary: "The debugger itself",
    rows: &[
        Row::new("help", "Lists commands, or tells all about one", help)
            .aliases(&["h"])
            .usage("[COMMAND | GROUP | locations | expressions | settings | all]")
            .completes(Completes::Command),
        Row::new("show", "Shows settings", show)
            .usage("[SETTING]")
            .completes(Completes::Setting),
        Row::new("source", "Carries out the commands in a file", source)
            .usage("FILE")
            .help("One command a line; `#` begins a comment. A command that fails ends it.")
            .completes(Completes::Path),
        Row::new("history", "Shows the commands typed so far", history)
            .usage("[N]")
            .help("With N, the last N. Ctrl-R searches them, those of earlier sessions too."),
        Row::new("echo", "Shows a text", echo).usage("TEXT"),
        Row::new("quit", "Ends the program and the debugger", quit)
            .aliases(&["q", "exit"])
            .usage("[CODE]")
            .help("CODE is the exit code of wasmscope."),
    ],
};

fn help(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let text = help::text(call.rest)?;
    shell.out.text(&text);
    Ok(Flow::Next)
}

fn show(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let wanted = call.rest;
    let matching = || {
        SETTINGS.iter().filter(|setting| {
            let name = setting.name;
            name == wanted
                || wanted.is_empty()
                || name
                    .strip_prefix(wanted)
                    .is_some_and(|rest| rest.starts_with(' '))
        })
    };
    if matching().next().is_none() {
        return Err(settings::unknown(wanted).into());
    }
    for setting in matching() {
        let value = setting.value(&shell.settings);
        shell
            .out
            .line(&format!("{} {value}  ({})", setting.name, setting.summary));
    }
    Ok(Flow::Next)
}

fn source(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    match call.rest {
        "" => Err("the name of a file is expected".into()),
        path => {
            shell.input.push_file(Path::new(path))?;
            Ok(Flow::Next)
        }
    }
}

fn history(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let count = match call.rest {
        "" => usize::MAX,
        text => {
            let number = parse::number_for(text, "a number of commands is expected")?;
            usize::try_from(number).unwrap_or(usize::MAX)
        }
    };
    let first = shell.history.len().saturating_sub(count);
    let mut text = String::new();
    for (number, line) in (1..).zip(&shell.history).skip(first) {
        text.push_str(&format!("{number:>5}  {}\n", escape::line(line)));
    }
    shell.out.text(&text);
    Ok(Flow::Next)
}

fn echo(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let text = parse::text(call.rest)?;
    shell.out.line(&escape::lines(&text));
    Ok(Flow::Next)
}

fn quit(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let code = match call.rest {
        "" => None,
        text => {
            let code = parse::number_for(text, "an exit code is expected")?;
            let code = u8::try_from(code).map_err(|_| "an exit code from 0 to 255 is expected")?;
            Some(i32::from(code))
        }
    };
    let alive = matches!(shell.guest, Guest::Running | Guest::Stopped(_));
    if alive && !shell.may_end("The program has not ended. End it and quit?") {
        return Ok(Flow::Next);
    }
    Ok(Flow::Quit(code))
}
