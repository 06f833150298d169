//! Asks gdb: the same steps in a native build of the same source.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use wasmscope_test_support::target_dir;

/// Where gdb stood: the function's last part, and the line; only in the sample's own source.
pub type Visit = (String, u32);

/// What gdb is asked for.
pub struct Question<'q> {
    /// The sample.
    pub sample: &'q str,
    /// Its native build.
    pub program: &'q Path,
    /// The line to stop at first.
    pub line: u32,
    /// The command, and how often.
    pub command: &'q str,
    pub count: usize,
}

/// Why gdb cannot be asked here; `None` when it can.
pub fn missing() -> Option<String> {
    let version = Command::new("gdb").arg("--version").output();
    match version {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!("gdb --version: {}", output.status)),
        Err(error) => Some(format!("gdb: {error}")),
    }
}

impl Question<'_> {
    /// The places in the sample's source where gdb stands, the first one at the breakpoint.
    pub fn visits(&self) -> Vec<Visit> {
        let mut commands = self.opening();
        for _ in 0..self.count {
            commands.push(self.command.into());
            commands.push("frame".into());
        }
        let said = self.ask(&commands);
        let stops = said.lines().filter(|line| line.starts_with("#0 "));
        // `frame` says it after every command; other stops are told in other words.
        stops.filter_map(|line| self.visit(line)).collect()
    }

    /// The frames of the sample's own source at the breakpoint, innermost first.
    pub fn stack(&self) -> Vec<Visit> {
        let mut commands = self.opening();
        // The opening has told frame 0 already.
        commands.push("printf \"the stack:\\n\"".into());
        commands.push("backtrace".into());
        let said = self.ask(&commands);
        let (_, stack) = said.split_once("the stack:\n").expect("gdb got there");
        let frames = stack.lines().filter(|line| line.starts_with('#'));
        frames.filter_map(|line| self.visit(line)).collect()
    }

    /// Commands up to the first stop.
    fn opening(&self) -> Vec<String> {
        [
            "set pagination off",
            "set confirm off",
            "set width 0",
            "set print frame-arguments none",
            "set debuginfod enabled off",
            // What is not the user's is stepped over, as wasmscope does.
            "skip -rfu ^(core|alloc|std|hashbrown)::",
            &format!("tbreak {}.rs:{}", self.sample, self.line),
            "run > /dev/null 2>&1",
            "frame",
        ]
        .map(str::to_owned)
        .into()
    }

    fn ask(&self, commands: &[String]) -> String {
        let name = format!("{}-{}-{}.gdb", self.sample, self.line, self.command);
        let folder = target_dir().join("debuggees/gdb");
        fs::create_dir_all(&folder).expect("a folder in the target directory");
        let script = folder.join(name.replace(' ', "-"));
        fs::write(&script, commands.join("\n")).expect("a file in the target directory");
        let output = Command::new("gdb")
            .args(["--batch", "--nx", "-x"])
            .arg(&script)
            .arg(self.program)
            .stdin(Stdio::null())
            .output()
            .expect("gdb starts: it told its version");
        text(&output)
    }

    /// Reads `#1  0x… in stepping_loops::count (limit=…) at src/bin/stepping_loops.rs:9`.
    fn visit(&self, line: &str) -> Option<Visit> {
        let (before, line_number) = line.rsplit_once(&format!("/{}.rs:", self.sample))?;
        let (before, _) = before.rsplit_once(" at ")?;
        let (_, before) = before.split_once(' ')?;
        let function = match before.split_once(" in ") {
            Some((_, function)) => function,
            None => before.trim_start(),
        };
        let (function, _) = function.rsplit_once(" (")?;
        Some((function.to_owned(), line_number.trim().parse().ok()?))
    }
}

fn text(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        !said.is_empty(),
        "gdb said nothing but: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}
