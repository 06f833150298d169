//! `info`, and what it tells about.

use super::super::parse;
use super::super::shell::{Guest, Shell};
use super::super::table::{self, Call, Completes, Flow, Outcome, Row};
use crate::debug_text::{
    DIM, breakpoint_table, exit_line, frame_title, host_call_line, variables, wasm_frame,
};
use crate::report::{escape, grouped, place_text};
use wasmscope_debugger::explain::{Variable, VariableKind};
use wasmscope_debugger::protocol::*;

/// What `info` tells about.
pub(super) const ROWS: &[Row] = &[
    Row::new(
        "breakpoints",
        "All breakpoints, with their places and hits",
        breakpoints,
    )
    .aliases(&["b", "watchpoints"]),
    Row::new(
        "display",
        "Expressions that are shown at every stop",
        displays,
    ),
    Row::new("frame", "The frame that is looked at", frame)
        .aliases(&["f"])
        .paused(),
    Row::new("locals", "The variables of the frame", super::stack::locals).paused(),
    Row::new("args", "The arguments of the frame", super::stack::args).paused(),
    Row::new(
        "wasm",
        "The frame's Wasm locals, operands and globals",
        wasm,
    )
    .aliases(&["registers"])
    .paused(),
    Row::new(
        "statics",
        "Statics of the program, or those whose paths match",
        statics,
    )
    .aliases(&["globals", "variables"])
    .usage("[REGEX]")
    .paused(),
    Row::new(
        "symbol",
        "What lies at an address: a variable or a part of it, a static, a part of the stack",
        super::data::symbol,
    )
    .usage("EXPR")
    .completes(Completes::Expression)
    .paused(),
    Row::new("functions", "Functions whose names match", functions)
        .usage("[REGEX]")
        .completes(Completes::Function),
    Row::new("files", "Source files whose paths contain a text", files)
        .aliases(&["sources"])
        .usage("[TEXT]")
        .completes(Completes::SourceFile),
    Row::new("source", "The source file that is being looked at", source),
    Row::new("line", "Which opcodes a line or another place has", line)
        .usage("[LOC]")
        .completes(Completes::Place),
    Row::new(
        "modules",
        "Core modules of the program and their debug info",
        modules,
    )
    .aliases(&["sharedlibrary", "target"]),
    Row::new(
        "tasks",
        "The futures in the frames' variables, and what each of them awaits",
        super::tasks::tasks,
    )
    .aliases(&["futures", "awaits"])
    .usage("[all]")
    .paused(),
    Row::new("hostcalls", "The last calls to the host", hostcalls).usage("[N]"),
    Row::new("program", "How the program stands", program).aliases(&["status", "inferiors"]),
];

pub(super) fn info(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let (word, rest) = parse::first_word(call.rest);
    if word.is_empty() {
        let mut text = String::from("`info` tells about:\n");
        for row in ROWS {
            text.push_str(&super::super::help::summary(row));
        }
        shell.out.text(&text);
        return Ok(Flow::Next);
    }
    let row = table::find_in(&table::refs(ROWS), word, "thing to tell about")?;
    let below = Call {
        row,
        format: None,
        rest,
        repeated: call.repeated,
    };
    shell.call(row, &below)
}

pub(super) fn breakpoints(shell: &mut Shell, _: &Call<'_>) -> Outcome {
    if let ReplyBody::Breakpoints { breakpoints } = shell.ask(Command::Breakpoints)? {
        let text = breakpoint_table(breakpoints.iter(), |id| {
            shell.actions.get(&id).cloned().unwrap_or_default()
        });
        shell.breakpoints = breakpoints.into_iter().map(|b| (b.id, b)).collect();
        shell.out.text(&text);
    }
    Ok(Flow::Next)
}

fn displays(shell: &mut Shell, _: &Call<'_>) -> Outcome {
    if shell.displays.is_empty() {
        shell.out.line("Nothing is displayed: `display EXPR` does.");
    }
    for display in shell.displays.clone() {
        let text = escape::line(&display.expression);
        shell.out.line(&format!("{}: {text}", display.id));
    }
    Ok(Flow::Next)
}

fn frame(shell: &mut Shell, _: &Call<'_>) -> Outcome {
    let frame = shell.selected()?;
    let mut text = format!("frame {}: {}\n", frame.id, frame_title(&frame));
    if let Some(place) = &frame.place {
        text.push_str(&format!("  at {}\n", place_text(place)));
        if let Some(path) = &place.path {
            text.push_str(&format!("  file {}\n", escape::line(path)));
        }
    }
    text.push_str(&format!(
        "  Wasm frame {}, function {} of module {}, opcode at {:#x}\n",
        frame.wasm_frame, frame.wasm_function, frame.module, frame.pc
    ));
    if let Some(caller) = shell.frame_info(frame.id.saturating_add(1))? {
        let place = caller.place.as_ref().map(place_text).unwrap_or_default();
        text.push_str(&format!(
            "  called by {} at {place}\n",
            frame_title(&caller)
        ));
    }
    shell.out.text(&text);
    Ok(Flow::Next)
}

fn wasm(shell: &mut Shell, _: &Call<'_>) -> Outcome {
    let frame = shell.frame;
    if let ReplyBody::WasmFrame(info) = shell.ask(Command::WasmFrame { frame })? {
        let text = wasm_frame(&info, shell.out.look);
        shell.out.text(&text);
    }
    Ok(Flow::Next)
}

fn statics(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let pattern = (!call.rest.is_empty()).then(|| call.rest.to_owned());
    let asked = shell.ask(Command::Statics {
        pattern,
        limits: shell.settings.limits(),
    })?;
    if let ReplyBody::Statics { statics, more } = asked {
        let all: Vec<Variable> = statics
            .into_iter()
            .map(|value| Variable {
                kind: VariableKind::Local,
                value,
            })
            .collect();
        let text = match all.is_empty() {
            true => "No statics.\n".to_owned(),
            false => variables(all.iter(), 0, shell.out.look),
        };
        shell.out.text(&text);
        tell_more(shell, more);
    }
    Ok(Flow::Next)
}

fn tell_more(shell: &mut Shell, more: usize) {
    if more > 0 {
        shell.out.line(&format!("… and {} more", grouped(more)));
    }
}

fn functions(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    const MOST: usize = 200;
    let pattern = match call.rest {
        "" => ".".to_owned(),
        text => text
            .strip_prefix('/')
            .and_then(|text| text.strip_suffix('/'))
            .unwrap_or(text)
            .to_owned(),
    };
    let asked = shell.ask(Command::Functions {
        pattern,
        limit: MOST,
    })?;
    if let ReplyBody::Functions {
        functions,
        truncated,
    } = asked
    {
        if functions.is_empty() {
            shell.out.line("No functions match.");
        }
        let mut text = String::new();
        for function in &functions {
            text.push_str(&escape::line(&function.name));
            if let Some(place) = &function.declared {
                text.push_str(&format!("  {}", place_text(place)));
            }
            if function.copies > 1 {
                text.push_str(&format!("  ({} copies)", function.copies));
            }
            text.push('\n');
        }
        shell.out.text(&text);
        if truncated {
            shell.out.line("… and more: a pattern shows fewer");
        }
    }
    Ok(Flow::Next)
}

fn files(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    const MOST: usize = 1_000;
    let containing = (!call.rest.is_empty()).then(|| call.rest.to_owned());
    if let ReplyBody::Files { files } = shell.ask(Command::Files { containing })? {
        if files.is_empty() {
            shell.out.line("No source files.");
        }
        let mut text = String::new();
        for file in files.iter().take(MOST) {
            text.push_str(&format!("{}\n", escape::line(file)));
        }
        shell.out.text(&text);
        tell_more(shell, files.len().saturating_sub(MOST));
    }
    Ok(Flow::Next)
}

fn source(shell: &mut Shell, _: &Call<'_>) -> Outcome {
    shell.look_here()?;
    let here = shell
        .here()
        .ok_or("no source file is being looked at: `list FILE:LINE` does")?;
    let asked = shell.ask(Command::Source {
        file: Some(here.file),
        frame: shell.frame,
        line: Some(here.line),
        before: 0,
        after: 0,
    })?;
    if let ReplyBody::Source(source) = asked {
        let changed = match source.changed {
            true => ", changed after the program was built",
            false => "",
        };
        shell.out.line(&format!(
            "{}: {} lines, at {}{changed}",
            escape::line(&source.file),
            source.total,
            escape::line(&source.path)
        ));
    }
    Ok(Flow::Next)
}

fn line(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    shell.look_here()?;
    let here = shell.here();
    let place = match (call.rest, &here) {
        ("", Some(here)) => BreakpointPlace::Line {
            file: here.file.clone(),
            line: here.line,
            column: None,
        },
        (text, here) => super::super::location::place(text, here.as_ref())?,
    };
    let asked = shell.ask(Command::Resolve { place })?;
    if let ReplyBody::Locations {
        locations,
        suggestions,
    } = asked
    {
        if locations.is_empty() {
            let names: Vec<String> = suggestions
                .iter()
                .take(8)
                .map(|name| escape::line(name))
                .collect();
            shell.out.line(&match names.is_empty() {
                true => "No code.".to_owned(),
                false => format!("No code. Did you mean {}?", names.join(", ")),
            });
        }
        for at in locations {
            let place = at.place.as_ref().map(place_text).unwrap_or_default();
            let function = at.function.as_deref().map(escape::line).unwrap_or_default();
            let inlined = if at.inlined { " (inlined)" } else { "" };
            let module = match at.module {
                0 => String::new(),
                module => format!("{module}:"),
            };
            shell.out.line(&format!(
                "{place} in {function}{inlined} at *{module}{:#x}",
                at.pc
            ));
        }
    }
    Ok(Flow::Next)
}

fn modules(shell: &mut Shell, _: &Call<'_>) -> Outcome {
    if let ReplyBody::Modules { modules } = shell.ask(Command::Modules)? {
        for module in modules {
            let name = module
                .name
                .as_deref()
                .map_or(String::new(), |name| format!(" {}", escape::line(name)));
            let size = grouped(usize::try_from(module.code_size).unwrap_or(usize::MAX));
            let debug_info = match &module.debug_info {
                Some(from) => format!("debug info: {}", escape::line(from)),
                None => "no debug info".to_owned(),
            };
            shell.out.line(&format!(
                "{}{name}: {} functions, {size} bytes of code, {debug_info}",
                module.index, module.functions
            ));
            for problem in &module.problems {
                let text = format!("  note: {}", escape::line(problem));
                let text = shell.out.look.styled(DIM, &text);
                shell.out.line(&text);
            }
        }
    }
    Ok(Flow::Next)
}

fn hostcalls(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let count = match call.rest {
        "" => 10,
        text => parse::number_for(text, "a number of calls is expected")?,
    };
    let count = usize::try_from(count).unwrap_or(usize::MAX).min(10_000);
    if let ReplyBody::HostCalls { calls } = shell.ask(Command::HostCalls { count })? {
        if calls.is_empty() {
            shell.out.line("No calls to the host so far.");
        }
        for call in &calls {
            shell.out.line(&host_call_line(call));
        }
    }
    Ok(Flow::Next)
}

fn program(shell: &mut Shell, _: &Call<'_>) -> Outcome {
    shell
        .out
        .line(&format!("Program {}", escape::line(&shell.name.clone())));
    if let Guest::Stopped(stop) = &shell.guest {
        let stop = stop.clone();
        shell.shown = None;
        shell.tell_stop(&stop)?;
        return Ok(Flow::Next);
    }
    let text = match &shell.guest {
        Guest::Preparing => "is being compiled".to_owned(),
        Guest::Failed(message) => format!("cannot be run: {message}"),
        Guest::Ready => "has not been started: `run` starts it".to_owned(),
        Guest::Running => "runs".to_owned(),
        Guest::Stopped(_) => "is paused".to_owned(),
        Guest::Ended(exit) => exit_line(exit, shell.out.look).trim_end().to_owned(),
    };
    shell.out.line(&text);
    Ok(Flow::Next)
}
