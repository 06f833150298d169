//! The debugger on a screen: hands the session to the terminal UI, and answers with an exit code when
//! the user has left.

use super::console;
use crate::args::DebugArgs;
use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use wasmscope_debugger::session::{Session, SessionOptions};
use wasmscope_tui::{Config, Project, TuiOptions};

/// Runs the UI until the user leaves.
pub fn run(args: &DebugArgs, session: SessionOptions, name: String) -> anyhow::Result<i32> {
    let config = match Config::default_path() {
        Some(path) => Config::load(&path)?,
        None => Config::default(),
    };
    let absolute = std::path::absolute(Path::new(&name));
    let target = absolute.map_or_else(|_| name.clone(), |path| path.display().to_string());
    let build_id = build_id(session.program.bytes());
    let (engine, events) = Session::start(session);
    let engine = Arc::new(engine);
    let commands =
        console::start(Arc::clone(&engine), &name).context("a thread cannot be started")?;
    let options = TuiOptions {
        target: name,
        config,
        project: Some(Project {
            target,
            build_id: Some(build_id),
        }),
        state_file: None,
        no_color: !args.color.on_stdout(),
    };
    let summary = wasmscope_tui::run(engine, events, options, Some(commands))?;
    if let Some(warning) = &summary.warning {
        tell("warning", warning);
    }
    if let Some(signal) = summary.signal {
        // As a shell tells it.
        return Ok(signal.saturating_add(128));
    }
    Ok(match &summary.failed {
        Some(failure) => {
            tell("error", failure);
            crate::exit::CANNOT_RUN
        }
        // The user has seen how it ended.
        None => 0,
    })
}

/// What tells one build of a program from another: a hash of all of it.
fn build_id(program: &[u8]) -> String {
    let hash = Sha256::digest(program);
    hash.iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Whoever closed standard error does not want to know.
fn tell(kind: &str, message: &str) {
    let _ = writeln!(io::stderr(), "{kind}: {}", crate::output::escaped(message));
}
