//! A folder to run in, and the command in it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A folder in which wasmscope is run.
pub struct Scene {
    pub folder: TempDir,
}

/// How a run ended, and what it wrote.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Scene {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs `wasmscope COMMAND OPTIONS… --dir . PROGRAM` with a line on standard input.
    pub fn run(&self, command: &str, options: &[&str], program: &Path) -> Answer {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wasmscope"))
            .arg(command)
            .args(options)
            .args(["--dir", "."])
            .arg(program)
            .current_dir(self.folder.path())
            .env_remove("WASMSCOPE_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut stdin = child.stdin.take().expect("piped");
        // A guest that does not read is no failure of the test.
        let _ = stdin.write_all(b"a letter\n");
        drop(stdin);
        Answer::from(child.wait_with_output().expect("it ends"))
    }

    /// The lines that `wasmscope trace -o` writes.
    pub fn trace(&self, options: &[&str], program: &Path) -> Vec<String> {
        let options = [options, &["-o", "trace.txt"]].concat();
        self.run("trace", &options, program);
        let text = std::fs::read_to_string(self.path("trace.txt")).expect("there is a trace");
        text.lines().map(str::to_owned).collect()
    }
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Answer {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
