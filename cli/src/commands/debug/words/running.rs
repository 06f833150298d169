//! Running and stepping.

use super::super::link::Failure;
use super::super::shell::{Guest, Shell};
use super::super::table::{Call, Completes, Flow, Group, Outcome, Repeat, Row};
use super::super::{location, parse};
use wasmscope_debugger::protocol::*;

pub(in super::super) const GROUP: Group = Group {
    name: "running",
    summary: "Starting, stepping and ending the program",
    rows: &[
        Row::new("run", "Starts the program, from its beginning if it runs already", run)
            .aliases(&["r"])
            .help(
                "Breakpoints stay. The program's arguments, folders and environment are those of the command line that started wasmscope.",
            ),
        Row::new("start", "Starts the program and stops it in main", start).help(
            "Sets a temporary breakpoint on the program's `main`, then does as `run`.",
        ),
        Row::new("continue", "Lets the program go on to the next breakpoint", continue_)
            .aliases(&["c", "cont", "fg"])
            .usage("[N]")
            .help(
                "With N, the breakpoint that the program stands at is passed over N - 1 times.\n\nBefore the program was started it does as `run`.",
            )
            .repeats(Repeat::Same),
        Row::new("next", "Goes to the next line, over calls", next)
            .aliases(&["n"])
            .usage("[N]")
            .help(
                "Inlined calls are calls. At the end of a function it goes to the caller. With N, it does so N times; a breakpoint, a panic or the program's end ends it before.",
            )
            .paused()
            .repeats(Repeat::Same),
        Row::new("step", "Goes to the next line, into calls", step)
            .aliases(&["s"])
            .usage("[N]")
            .help(
                "Goes into functions of the program and of libraries that it was built with, and over those of std; `set step-std on` makes it go into those as well.",
            )
            .paused()
            .repeats(Repeat::Same),
        Row::new("finish", "Runs until the function returns, and shows what it returned", finish)
            .aliases(&["fin", "stepout", "so"])
            .help("The function is that of the frame that is looked at: `up` and `finish` leave two.")
            .paused()
            .repeats(Repeat::Same),
        Row::new("until", "Runs until a line after this one, or a place, is reached", until)
            .aliases(&["u", "advance"])
            .usage("[LOC]")
            .help(
                "Without LOC it does as `next`, but not backwards: at the end of a loop's body it runs the loop to its end. With LOC it runs until that place is reached or the function has returned.\n\n    until 140\n    until ship",
            )
            .paused()
            .completes(Completes::Place)
            .repeats(Repeat::Bare),
        Row::new("stepi", "Executes one opcode", stepi)
            .aliases(&["si"])
            .usage("[N]")
            .help("With N, so many. `disassemble` shows those around it.")
            .paused()
            .repeats(Repeat::Same),
        Row::new("nexti", "Executes one opcode, calls as a whole", nexti)
            .aliases(&["ni"])
            .usage("[N]")
            .paused()
            .repeats(Repeat::Same),
        Row::new("restart", "Ends the program and goes back to before its start", restart)
            .help("Breakpoints stay. `run` starts it."),
        Row::new("kill", "Ends the program", kill).aliases(&["k"]),
        Row::new("input", "Gives the program a line of standard input", input)
            .usage("TEXT")
            .help(
                "Only with `--feed`. The text is given with a line break; one in double quotes may have Rust's escapes, and gets no line break.\n\n    input 42\n    input \"no newline\"",
            ),
        Row::new("eof", "Ends the program's standard input", eof).help("Only with `--feed`."),
    ],
};

fn no_arguments(call: &Call<'_>, instead: &str) -> Result<(), Failure> {
    match call.rest {
        "" => Ok(()),
        _ => Err(format!("`{}` takes no arguments{instead}", call.row.name).into()),
    }
}

fn run(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    no_arguments(
        call,
        ": those of the program come after it on the command line of wasmscope",
    )?;
    if !begin(shell)? {
        return Ok(Flow::Next);
    }
    shell.feed()?;
    shell.resume(Command::Run)
}

/// Brings the guest to its beginning; no when the user does not want that.
fn begin(shell: &mut Shell) -> Result<bool, Failure> {
    shell.wait_prepared()?;
    match shell.guest {
        Guest::Running | Guest::Stopped(_) => {
            if !shell.may_end("The program has been started already. Start it from the beginning?")
            {
                return Ok(false);
            }
            shell.restart()?;
        }
        Guest::Ended(_) => shell.restart()?,
        Guest::Preparing | Guest::Ready | Guest::Failed(_) => {}
    }
    Ok(true)
}

fn start(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    no_arguments(call, "")?;
    if !begin(shell)? {
        return Ok(Flow::Next);
    }
    let main = shell.main_place()?;
    let spec = BreakpointSpec {
        temporary: true,
        ..BreakpointSpec::new(main)
    };
    shell.set_breakpoint(spec)?;
    shell.feed()?;
    shell.resume(Command::Run)
}

fn continue_(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let times = parse::count(call.rest)?;
    if matches!(shell.guest, Guest::Ready | Guest::Preparing) && times == 1 {
        let bare = Call { rest: "", ..*call };
        return run(shell, &bare);
    }
    let stop = shell.need_paused()?.clone();
    if times > 1 {
        let id = stop
            .breakpoints
            .first()
            .copied()
            .ok_or("the program does not stand at a breakpoint that could be passed over")?;
        let change = BreakpointChange {
            ignore: Some(u64::from(times - 1)),
            ..Default::default()
        };
        shell.change_breakpoint(id, change)?;
    }
    shell.resume(Command::Continue)
}

fn next(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let count = parse::count(call.rest)?;
    shell.resume(Command::Next { count })
}

fn step(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let count = parse::count(call.rest)?;
    shell.resume(Command::Step { count })
}

fn finish(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    no_arguments(call, ": `up` chooses a frame")?;
    let frame = shell.frame;
    shell.resume(Command::Finish { frame })
}

fn until(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let place = match call.rest {
        "" => None,
        text => {
            shell.look_here()?;
            Some(location::place(text, shell.here().as_ref())?)
        }
    };
    shell.resume(Command::Until { place })
}

fn stepi(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    instructions(shell, call, false)
}

fn nexti(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    instructions(shell, call, true)
}

fn instructions(shell: &mut Shell, call: &Call<'_>, over: bool) -> Outcome {
    let count = parse::count(call.rest)?;
    shell.resume(Command::StepInstruction { over, count })?;
    if let Guest::Stopped(stop) = &shell.guest
        && stop.reason == StopReason::Step
        && let Some(info) = stop.info.clone()
        && info.place.is_some()
    {
        shell.tell_opcode(&info)?;
    }
    Ok(Flow::Next)
}

fn restart(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    no_arguments(call, "")?;
    shell.wait_prepared()?;
    let alive = matches!(shell.guest, Guest::Running | Guest::Stopped(_));
    if alive && !shell.may_end("End the program and go back to its beginning?") {
        return Ok(Flow::Next);
    }
    shell.restart()?;
    shell.out.line("Ready: `run` starts the program.");
    Ok(Flow::Next)
}

fn kill(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    no_arguments(call, "")?;
    shell.need_paused()?;
    if shell.may_end("End the program?") {
        shell.kill()?;
    }
    Ok(Flow::Next)
}

fn input(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    let mut text = parse::text(call.rest)?;
    if !call.rest.starts_with('"') {
        text.push('\n');
    }
    shell.need_fed()?;
    shell.ask(Command::Input {
        bytes: text.into_bytes(),
    })?;
    Ok(Flow::Next)
}

fn eof(shell: &mut Shell, call: &Call<'_>) -> Outcome {
    no_arguments(call, "")?;
    shell.need_fed()?;
    shell.ask(Command::EndInput)?;
    Ok(Flow::Next)
}

impl Shell {
    /// Whether the guest may be ended: asks where somebody can answer.
    pub(in super::super) fn may_end(&mut self, question: &str) -> bool {
        if !self.settings.confirm {
            return true;
        }
        let question = format!("{question} (y or n) ");
        self.input.confirm(&question).unwrap_or(true)
    }

    fn need_fed(&mut self) -> Result<(), Failure> {
        match self.fed {
            true => Ok(()),
            false => Err(
                "the program's standard input is not fed: `wasmscope debug --feed` makes it so"
                    .into(),
            ),
        }
    }
}
