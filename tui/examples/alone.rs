//! The terminal UI on a program, without the command line around it: what the tests in a
//! pseudo-terminal drive.
//!
//! `alone PROGRAM [ARGS…]`; `STATE_FILE` names where breakpoints are kept, `CONFIG` the configuration.

use std::error::Error;
use std::path::PathBuf;
use wasmscope_debugger::session::{GuestStdio, Session, SessionOptions};
use wasmscope_runner::{Dir, Options, Program, World};
use wasmscope_tui::{Config, Project, TuiOptions};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let target = args.next().ok_or("usage: alone PROGRAM [ARGS…]")?;
    let program = Program::load(&PathBuf::from(&target))?;
    let here = Dir {
        host: PathBuf::from("."),
        guest: ".".to_owned(),
    };
    let world = World {
        args: args.collect(),
        dirs: vec![here],
        ..World::default()
    };
    let (session, events) = Session::start(SessionOptions {
        built: std::fs::metadata(program.path())
            .and_then(|file| file.modified())
            .ok(),
        program,
        world,
        run: Options::default(),
        stdio: GuestStdio {
            feed_input: true,
            capture_output: true,
        },
        debug_file: None,
        maps: Vec::new(),
    });
    let config = match std::env::var_os("CONFIG") {
        Some(path) => Config::load(&PathBuf::from(path))?,
        None => Config::default(),
    };
    let summary = wasmscope_tui::run(
        session,
        events,
        TuiOptions {
            target: target.clone(),
            config,
            project: Some(Project {
                target,
                build_id: None,
            }),
            state_file: std::env::var_os("STATE_FILE").map(PathBuf::from),
            no_color: std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
        },
    )?;
    println!("{summary:?}");
    Ok(())
}
