//! The built command under test: how it is started, and what it answers. Which binary that is, a test
//! knows: `env!("CARGO_BIN_EXE_wasmscope")`.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// What a command answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// Its exit code; `None` when a signal has ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

/// A command in a folder that gets nothing on standard input, and takes nothing from the environment
/// that would change what it says.
pub fn command(binary: &str, folder: &Path) -> Command {
    let mut command = Command::new(binary);
    command.current_dir(folder).stdin(Stdio::null());
    for variable in ["WASMSCOPE_LOG", "NO_COLOR", "CLICOLOR_FORCE"] {
        command.env_remove(variable);
    }
    command
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Answer {
    /// Runs a command to its end.
    #[track_caller]
    pub fn of(command: &mut Command) -> Self {
        match command.output() {
            Ok(output) => output.into(),
            Err(error) => panic!("{command:?} does not start: {error}"),
        }
    }

    /// Holds it to an exit code, and to parts of what it wrote, on either stream.
    #[track_caller]
    pub fn says(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for part in parts {
            let found = self.stdout.contains(part) || self.stderr.contains(part);
            assert!(found, "no {part:?} in {self:#?}");
        }
    }

    /// Holds it to an exit code, and to parts of its standard error.
    #[track_caller]
    pub fn fails(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for part in parts {
            assert!(self.stderr.contains(part), "no {part:?} in {self:#?}");
        }
    }

    /// Holds it to an exit code, to its standard output, and to having had nothing to complain about.
    #[track_caller]
    pub fn silent(&self, code: i32, stdout: &str) {
        let said = (self.code, &*self.stdout, &*self.stderr);
        assert_eq!(said, (Some(code), stdout, ""));
    }
}
