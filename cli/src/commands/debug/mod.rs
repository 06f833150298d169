//! `wasmscope debug` in line mode: a client of a session that reads commands and writes lines.
//!
//! - [`table`]: the commands, and how a word finds one; [`words`]: what they do.
//! - [`shell`]: reads, carries out, waits, tells.
//! - [`console`]: the same behind a screen.
//! - [`link`]: the line to the session; [`interrupt`]: signals on it.
//! - [`input`], [`prompt`], `editor`, [`complete`]: where command lines come from; [`typed`]: what
//!   is typed for the guest.
//!
//! How things look is in `crate::debug_text`.

#[cfg_attr(
    not(feature = "prompt"),
    allow(dead_code, reason = "only the line editor asks")
)]
mod complete;
mod console;
#[cfg(feature = "prompt")]
mod editor;
mod help;
mod input;
mod interrupt;
mod link;
mod location;
mod out;
mod parse;
mod prompt;
mod screen;
mod settings;
mod shell;
mod table;
mod telling;
mod typed;
mod words;

#[cfg(test)]
mod tests;

use crate::args::{CommandArgs, DebugArgs, LogArgs, PathMapping, ScriptArg};
use crate::target::{self, Guest};
use crate::{logging, output};
use anyhow::Context as _;
use input::{Input, Last};
use interrupt::Presses;
use link::Link;
use out::Out;
use prompt::Prompt;
use shell::Shell;
use std::io::{self, IsTerminal as _};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use wasmscope_debugger::session::{GuestStdio, Session, SessionOptions};
use wasmscope_debugger::sources::PathMap;
use wasmscope_runner::{Options, ProgramKind};
use wasmscope_tracer::ComponentCalls;

/// Debugs the target; the exit code says how a script came out.
pub fn run(log: &LogArgs, args: &DebugArgs) -> anyhow::Result<i32> {
    let (target, guest_args) = args.target()?;
    // Asked for before anything else: mistakes in scripts and files must come out at once.
    let scripts = scripts(&args.commands)?;
    let from_stdin = target::is_stdin(&target, &args.world.image.pick);
    let mut guest = target::load(&target, guest_args, &args.world, args.invoke.as_deref())?;
    // Its filesystem stays until the session is over.
    let _image = guest.image.take();
    let program = &guest.program;
    let name = program.path().display().to_string();
    let component_calls = (program.kind() == ProgramKind::Component).then(ComponentCalls::default);
    logging::init(log, component_calls.as_ref())?;
    let last = last(&args.commands, from_stdin);
    if last == Source::Prompt && scripts.is_empty() && has_screen(log, args) {
        let stdio = GuestStdio {
            feed_input: true,
            capture_output: true,
        };
        let session = session(args, guest, component_calls, stdio)?;
        return screen::run(args, session, name);
    }
    let stdin = match (&args.stdin, last) {
        (Some(path), _) => {
            let read = std::fs::read(path);
            Some(read.with_context(|| format!("--stdin {}: cannot be read", path.display()))?)
        }
        // What is there is commands.
        (None, Source::Stdin) if !args.feed => Some(Vec::new()),
        // It has brought the program.
        (None, _) if from_stdin && !args.feed => Some(Vec::new()),
        (None, _) => None,
    };
    // Typed by the user while the guest runs.
    let typed = cfg!(unix) && last == Source::Prompt && !args.feed && stdin.is_none();
    let stdio = GuestStdio {
        feed_input: args.feed || typed || stdin.is_some(),
        capture_output: false,
    };
    let mut session = session(args, guest, component_calls, stdio)?;
    session.run.fed_input_is_terminal = typed;
    let (engine, events) = Session::start(session);
    let (link, happenings) =
        Link::new(Box::new(engine), events).context("the session cannot be listened to")?;
    let link = Arc::new(Mutex::new(link));
    let give_up = Arc::new(AtomicBool::new(false));
    let presses = Presses::default();
    let typing = typed.then(typed::Typing::default);
    #[cfg(unix)]
    if let Some(typing) = &typing {
        typed::read(typing.clone(), happenings.clone()).context("the terminal cannot be read")?;
    }
    interrupt::listen(happenings, presses.clone(), Arc::clone(&give_up))?;
    let last = match last {
        Source::Nothing => Last::Nothing,
        Source::Stdin => {
            Last::Stdin(input::stdin_lines().context("standard input cannot be read")?)
        }
        Source::Prompt => {
            prompt::restore_terminal_on_panic();
            let color = args.color.on_stdout();
            Last::Prompt(Box::new(Prompt::new(Arc::clone(&link), color, give_up)))
        }
    };
    let mut input = Input::new(last);
    for (name, text) in scripts.iter().rev() {
        input.push_first(name, text);
    }
    let out = Out::of_process(args.color);
    let look = crate::report::Look {
        color: args.color.on_stderr(),
        links: args.color.on_stderr() && output::stderr_has_links(),
        width: output::stderr_width(),
    };
    let mut shell = Shell::new(link, out, input, presses, look);
    shell.stdin = stdin;
    shell.typing = typing;
    shell.fed = args.feed;
    shell.name = name;
    shell.greet();
    let code = shell.run();
    // The guest goes with the session.
    drop(shell);
    Ok(code)
}

/// Where commands come from after the scripts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Source {
    Nothing,
    Stdin,
    Prompt,
}

fn last(args: &CommandArgs, from_stdin: bool) -> Source {
    if args.batch {
        Source::Nothing
    } else if from_stdin {
        // What is left is the terminal, by its own name.
        let terminal = cfg!(unix) && std::fs::File::open("/dev/tty").is_ok();
        match terminal && io::stdout().is_terminal() {
            true => Source::Prompt,
            false => Source::Nothing,
        }
    } else if io::stdin().is_terminal() && io::stdout().is_terminal() {
        Source::Prompt
    } else {
        Source::Stdin
    }
}

/// Whether a session that a user leads from a terminal can have the whole screen: nothing else may
/// write there, and the guest's input has to come from the screen too.
fn has_screen(log: &LogArgs, args: &DebugArgs) -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    let logs = log.verbose > 0 || log.log.is_some();
    !dumb && !logs && !args.commands.line && !args.feed && args.stdin.is_none()
}

/// The scripts of the command line, with what to call them in messages.
fn scripts(args: &CommandArgs) -> anyhow::Result<Vec<(String, String)>> {
    let read = |script: &ScriptArg| match script {
        ScriptArg::Command(text) => Ok(("-e".to_owned(), text.clone())),
        ScriptArg::File(path) => {
            let text = input::read(path).with_context(|| format!("-x {}", path.display()))?;
            Ok((path.display().to_string(), text))
        }
    };
    args.scripts.iter().map(read).collect()
}

fn session(
    args: &DebugArgs,
    guest: Guest,
    component_calls: Option<ComponentCalls>,
    stdio: GuestStdio,
) -> anyhow::Result<SessionOptions> {
    let mut run = Options {
        invoke: guest.invoke,
        component_calls,
        ..Options::default()
    };
    args.world.limit(&mut run);
    let read = |path| super::failure::debug_file_bytes(path, &guest.program);
    let debug_file = args.debug_file.as_deref().map(read).transpose()?;
    let map = |map: &PathMapping| PathMap {
        from: map.from.clone(),
        to: map.to.clone(),
    };
    Ok(SessionOptions {
        world: guest.world,
        run,
        stdio,
        debug_file,
        maps: args.map.iter().map(map).collect(),
        built: super::failure::built(&guest.program),
        program: guest.program,
    })
}
