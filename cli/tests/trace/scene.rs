//! A folder to run in, and the command in it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tempfile::TempDir;
use wasmscope_test_support::{Answer, command as wasmscope};

/// A folder in which wasmscope is run.
pub struct Scene {
    pub folder: TempDir,
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
        let mut child = wasmscope(env!("CARGO_BIN_EXE_wasmscope"), self.folder.path())
            .arg(command)
            .args(options)
            .args(["--dir", "."])
            .arg(program)
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
