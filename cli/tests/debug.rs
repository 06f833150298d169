//! `wasmscope debug` in line mode as a user meets it: whole scripts and what they write, exit
//! codes, standard input, Ctrl-C, mistakes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;
use wasmscope_test_support::{Answer, Build, Target, command, marked_line, sample, workspace};

/// Compiling a guest and waiting for its turn on a busy machine take their time.
const PATIENCE: Duration = Duration::from_secs(120);

/// `wasmscope debug`, in the workspace: places are shown relative to it.
fn debug(options: &[&str], program: &Path, args: &[&str]) -> Command {
    let mut command = command(env!("CARGO_BIN_EXE_wasmscope"), workspace());
    command.arg("debug").args(options).arg(program).args(args);
    command
}

/// Plays a script to its end, as a batch.
fn play(script: &str, program: &Path) -> Answer {
    let mut options = vec!["--batch"];
    for line in script.lines() {
        options.extend(["-e", line]);
    }
    Answer::of(&mut debug(&options, program, &[]))
}

fn orders(build: Build, target: Target) -> PathBuf {
    sample("orders", build, target)
}

/// What both targets must show alike, of what a build shows.
fn golden(script: &str, build: Build, name: &str) {
    let [p1, p2] = Target::ALL.map(|target| play(script, &orders(build, target)));
    assert_eq!(
        p1.stdout, p2.stdout,
        "components are debugged as core modules are"
    );
    assert_eq!(p1.code, p2.code);
    let page = format!("{}\n--- exit code {:?}", p1.stdout, p1.code);
    insta::assert_snapshot!(name, page);
}

#[test]
fn a_debug_build_is_stepped_through() {
    let script = "\
break pick if order.number == 1002
run
backtrace
args
next
next
step
next 3
locals
print line.quantity * 2
print/x shelf.stock
ptype shelf
up
print total
finish
info breakpoints
delete
continue
backtrace
print line.shelf
continue";
    golden(script, Build::Debug, "orders_debug");
}

#[test]
fn a_release_build_is_stepped_through() {
    let script = "\
tbreak orders.rs:127
run
backtrace
next
list
continue
frame";
    golden(script, Build::ReleaseWithDebug, "orders_release");
}

#[test]
fn codes_say_how_it_ended() {
    let exit = sample("exit_code", Build::Debug, Target::WasiP1);
    let failing = orders(Build::Debug, Target::WasiP1);
    let good = sample("success", Build::Debug, Target::WasiP2);
    for (program, script, code) in [
        (&exit, "run", 3),
        (&good, "run", 0),
        (&good, "break main\nrun", 124),
        (&good, "break main\nrun\nkill", 124),
        (&good, "break main\nrun\nquit 7", 7),
        (&good, "break main\nrun\ncontinue", 0),
        (&good, "run\nprint 1", 123),
        (&good, "nonsense\nrun", 123),
        (&good, "", 124),
        // At the panic, and after it has trapped.
        (&failing, "run", 134),
        (&failing, "run\ncontinue", 134),
        (&failing, "set stop-on-panic off\nrun", 134),
    ] {
        let answer = play(script, program);
        assert_eq!(answer.code, Some(code), "{script}: {answer:?}");
    }
}

#[test]
fn a_failure_is_reported_as_by_run() {
    let program = orders(Build::Debug, Target::WasiP1);
    let answer = play("run\ncontinue", &program);
    let line = marked_line("orders", "fails");
    let place = format!("samples/src/bin/orders.rs:{line}:");
    let message = "index out of bounds: the len is 3 but the index is 7";
    assert!(
        answer.stdout.contains(&format!("Panic: {message}\n")),
        "{answer:?}"
    );
    assert!(answer.stdout.contains(&place), "{answer:?}");
    let end = format!("Program failed: panicked: {message} (exit code 134)\n");
    assert!(answer.stdout.ends_with(&end), "{answer:?}");
    assert!(
        answer
            .stderr
            .contains(&format!("error: panicked: {message}")),
        "{answer:?}"
    );
    assert!(answer.stderr.contains(&place), "{answer:?}");
    assert!(
        answer.stderr.contains("stack (innermost first):"),
        "{answer:?}"
    );
}

#[test]
fn a_trap_stops_with_the_words_of_its_report() {
    let program = sample("trap_divide_by_zero", Build::Debug, Target::WasiP1);
    let answer = play("run\nbacktrace\nreport", &program);
    let headline = answer
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("Trap: "))
        .unwrap_or_else(|| panic!("{answer:?}"));
    assert!(headline.contains("division by zero"), "{answer:?}");
    let error = format!("error: {headline}\n");
    // Asked for, and at the end.
    assert!(answer.stdout.contains(&error), "{answer:?}");
    assert!(answer.stderr.contains(&error), "{answer:?}");
    assert_eq!(answer.code, Some(134));
}

/// What the guest writes and how it ends is the same, however often it is stopped on the way.
#[test]
fn futures_are_listed_with_what_they_await() {
    let program = sample("async_tasks", Build::Debug, Target::WasiP1);
    let fails = marked_line("async_tasks", "fails");
    let awaits = marked_line("async_tasks", "awaits");
    let answer = play("run\ninfo tasks", &program);
    let listed = answer
        .stdout
        .split_once("async_tasks::run\n")
        .map_or("", |(_, after)| after);
    let expected = format!(
        "  tasks[0]  async fn crawl (at line {awaits})\n            \
         awaits async fn summarise (at line {})\n            \
         awaits async fn fetch (at line 40)\n            \
         awaits Turns {{ left: 7 }}\n",
        fails - 1
    );
    assert!(listed.starts_with(&expected), "{}", answer.stdout);
    assert!(answer.stdout.contains("when it last waited"));
    let answer = play(
        "break main\nrun\ninfo tasks",
        &orders(Build::Debug, Target::WasiP1),
    );
    assert!(
        answer.stdout.contains("No variable of these frames"),
        "{}",
        answer.stdout
    );
    let answer = play(
        "break main\nrun\ninfo tasks 3",
        &orders(Build::Debug, Target::WasiP1),
    );
    assert!(
        answer.stderr.contains("`all` or nothing"),
        "{}",
        answer.stderr
    );
}

#[test]
fn debugging_changes_nothing_for_the_guest() {
    for (name, target) in [
        ("success", Target::WasiP1),
        ("success", Target::WasiP2),
        ("exit_code", Target::WasiP1),
    ] {
        let program = sample(name, Build::Debug, target);
        let plain: Answer = Command::new(env!("CARGO_BIN_EXE_wasmscope"))
            .arg("run")
            .arg(&program)
            .output()
            .expect("it starts")
            .into();
        let script =
            "start\nnext\nstep\nnext 2\nbt\nset stop-on-panic off\nbreak host:fd_write log \"\"\nc";
        let answer = play(script, &program);
        assert_eq!(answer.code, plain.code, "{name}: {answer:?}");
        let mut rest = answer.stdout.lines();
        for line in plain.stdout.lines() {
            assert!(
                rest.any(|said| said == line),
                "{name}: {line} is missing: {answer:?}"
            );
        }
    }
}

/// A session that is fed commands line by line.
struct Fed {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    seen: String,
}

impl Fed {
    fn start(options: &[&str], program: &Path) -> Self {
        let mut child = debug(options, program, &[])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("it starts");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Fed {
            stdin: child.stdin.take(),
            child,
            lines,
            seen: String::new(),
        }
    }

    fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("open");
        stdin
            .write_all(format!("{line}\n").as_bytes())
            .expect("it reads");
    }

    /// Waits for a line with a text in it.
    #[track_caller]
    fn expect(&mut self, text: &str) -> String {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    self.seen.push_str(&line);
                    self.seen.push('\n');
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("no {text:?} in time in:\n{}", self.seen),
                Err(RecvTimeoutError::Disconnected) => panic!("no {text:?} in:\n{}", self.seen),
            }
        }
    }

    #[cfg(unix)]
    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args([name, &id]).status();
        assert!(status.expect("kill is there").success());
    }

    fn end(mut self) -> Option<i32> {
        drop(self.stdin.take());
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Fed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn commands_come_from_standard_input() {
    let program = orders(Build::Debug, Target::WasiP1);
    let mut fed = Fed::start(&["-e", "break orders::ship"], &program);
    fed.expect("Breakpoint 1 at ");
    fed.say("run");
    fed.expect("Breakpoint 1, orders::ship (");
    // A mistake is told, and ends nothing.
    fed.say("prnt x");
    fed.say("echo still here");
    fed.expect("still here");
    fed.say("");
    fed.say("quit 5");
    assert_eq!(fed.end(), Some(5));
}

/// Says what it reads on standard input.
fn reader() -> PathBuf {
    sample("hostcalls", Build::Debug, Target::WasiP1)
}

#[test]
fn the_guest_reads_what_it_is_given() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let letter = folder.path().join("letter");
    std::fs::write(&letter, "a letter from a file\n").expect("writable");
    let letter = letter.to_str().expect("UTF-8");
    let dir = format!("{}::.", folder.path().display());
    let said = |options: &[&str], commands: &str| {
        let options = [&["--dir", &dir], options].concat();
        let mut fed = Fed::start(&options, &reader());
        for line in commands.lines() {
            fed.say(line);
        }
        let line = fed.expect("stdin: ");
        fed.end();
        line
    };
    let from_file = said(&["--stdin", letter], "run");
    let by_command = said(&["--feed"], "input a letter from a file\neof\nrun");
    // Commands are no input for the guest.
    let empty = said(&[], "run\ninfo program");
    assert!(from_file.contains("letter"), "{from_file}");
    assert_eq!(from_file, by_command);
    assert_ne!(from_file, empty);
}

#[cfg(unix)]
#[test]
fn ctrl_c_pauses_a_tight_loop() {
    for target in Target::ALL {
        let program = sample("endless_loop", Build::Debug, target);
        let mut fed = Fed::start(&[], &program);
        fed.say("run");
        fed.expect("searching");
        fed.signal("-INT");
        fed.expect("Paused");
        fed.say("backtrace");
        fed.expect("endless_loop::main");
        fed.say("info statics");
        fed.say("continue");
        std::thread::sleep(Duration::from_millis(300));
        fed.signal("-INT");
        fed.expect("Paused");
        fed.say("kill");
        fed.expect("Program was ended.");
        fed.say("break step");
        fed.say("run");
        fed.expect("endless_loop::step (value=1)");
        fed.say("print value");
        fed.expect("1");
        assert_eq!(fed.end(), Some(124));
    }
}

#[cfg(unix)]
#[test]
fn a_batch_is_interrupted() {
    let program = sample("endless_loop", Build::Debug, Target::WasiP1);
    let mut fed = Fed::start(&["--batch", "-e", "run", "-e", "echo not here"], &program);
    fed.expect("searching");
    fed.signal("-INT");
    fed.expect("Paused");
    // Where it was is told without being asked for.
    fed.expect("endless_loop::main");
    assert_eq!(fed.child.wait().expect("it ends").code(), Some(130));
    assert!(fed.lines.iter().all(|line| !line.contains("not here")));
}

#[cfg(unix)]
#[test]
fn a_request_to_end_is_obeyed() {
    let program = sample("endless_loop", Build::Debug, Target::WasiP1);
    let mut fed = Fed::start(&[], &program);
    fed.say("run");
    fed.expect("searching");
    fed.signal("-TERM");
    assert_eq!(fed.child.wait().expect("it ends").code(), Some(143));
    // While nothing runs as well.
    let mut fed = Fed::start(&["-e", "echo here"], &program);
    fed.expect("here");
    fed.signal("-TERM");
    assert_eq!(fed.child.wait().expect("it ends").code(), Some(143));
}

#[test]
fn what_cannot_begin_says_why() {
    let program = orders(Build::Debug, Target::WasiP1);
    let nowhere = Path::new("no/such/program.wasm");
    let text = &workspace().join("README.md");
    for (options, program, code, said) in [
        (&["--batch"][..], nowhere, 127, "no/such/program.wasm"),
        (&["--batch"], text, 126, "README.md"),
        (&["-x", "no/such/script"], &program, 125, "no/such/script"),
        (
            &["--stdin", "no/such/input"],
            &program,
            125,
            "--stdin no/such/input",
        ),
        (
            &["--debug-file", "no/such/file"],
            &program,
            125,
            "--debug-file no/such/file",
        ),
        (
            &["--batch", "--dir", "no/such/folder", "-e", "run"],
            &program,
            126,
            "no/such/folder",
        ),
    ] {
        let answer: Answer = debug(options, program, &[])
            .output()
            .expect("it starts")
            .into();
        assert_eq!(answer.code, Some(code), "{answer:?}");
        assert!(answer.stderr.contains(said), "{answer:?}");
    }
}

/// Scripts of every kind in one order, with comments, one reading another.
#[test]
fn scripts_are_carried_out_in_their_order() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("writable");
        path.to_str().expect("UTF-8").to_owned()
    };
    let inner = write("inner", "echo two\n");
    let outer = write(
        "outer",
        &format!("# a comment\n\nsource {inner}\necho three\n"),
    );
    let program = orders(Build::Debug, Target::WasiP1);
    let options = [
        "--batch",
        "-e",
        "echo one",
        "-x",
        &outer,
        "-e",
        "echo four",
        "-e",
        "brek",
        "-e",
        "echo five",
    ];
    let answer: Answer = debug(&options, &program, &[])
        .output()
        .expect("it starts")
        .into();
    assert_eq!(answer.stdout, "one\ntwo\nthree\nfour\n");
    assert!(
        answer.stderr.contains("-e:1: no such command `brek`"),
        "{answer:?}"
    );
    assert_eq!(answer.code, Some(123));
}

/// The prompt on a terminal, which the `script` command of util-linux makes.
#[cfg(all(target_os = "linux", feature = "prompt"))]
mod terminal {
    use super::*;
    use std::io::Read as _;
    use std::time::Instant;

    struct Terminal {
        child: Child,
        stdin: ChildStdin,
        output: Receiver<Vec<u8>>,
        seen: String,
    }

    impl Terminal {
        /// A terminal with wasmscope on it; none where there is no `script`.
        fn start(program: &Path, home: &Path) -> Option<Self> {
            let line = format!(
                "exec {} debug --line --color never {}",
                env!("CARGO_BIN_EXE_wasmscope"),
                program.display()
            );
            let child = Command::new("script")
                .args(["-qec", &line, "/dev/null"])
                .current_dir(workspace())
                .env("TERM", "xterm")
                .env("SHELL", "/bin/sh")
                .env("XDG_STATE_HOME", home)
                .env_remove("WASMSCOPE_LOG")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn();
            let mut child = match child {
                Ok(child) => child,
                Err(error) if std::env::var_os("CI").is_none() => {
                    eprintln!("skipped: there is no `script` to make a terminal: {error}");
                    return None;
                }
                Err(error) => panic!("there is no `script`: {error}"),
            };
            let mut stdout = child.stdout.take().expect("piped");
            let (sender, output) = channel();
            std::thread::spawn(move || {
                let mut piece = [0; 4096];
                while let Ok(length @ 1..) = stdout.read(&mut piece) {
                    if sender.send(piece[..length].to_vec()).is_err() {
                        return;
                    }
                }
            });
            Some(Terminal {
                stdin: child.stdin.take().expect("piped"),
                child,
                output,
                seen: String::new(),
            })
        }

        fn type_in(&mut self, keys: &str) {
            self.stdin.write_all(keys.as_bytes()).expect("it reads");
            self.stdin.flush().expect("it reads");
        }

        /// Waits until a text has appeared since the last that was waited for.
        #[track_caller]
        fn expect(&mut self, text: &str) {
            let given_up = Instant::now() + PATIENCE;
            loop {
                if let Some(at) = self.seen.find(text) {
                    self.seen.drain(..at + text.len());
                    return;
                }
                let left = given_up.saturating_duration_since(Instant::now());
                let Ok(piece) = self.output.recv_timeout(left) else {
                    panic!("no {text:?} in {:?}", self.seen);
                };
                let piece = String::from_utf8_lossy(&piece).into_owned();
                // Where the cursor is: what a terminal answers by itself.
                for _ in piece.matches("\x1b[6n") {
                    self.type_in("\x1b[1;1R");
                }
                self.seen.push_str(&piece);
            }
        }
    }

    impl Drop for Terminal {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    #[test]
    fn the_prompt_completes_repeats_pauses_and_remembers() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let program = sample("endless_loop", Build::Debug, Target::WasiP1);
        let Some(mut terminal) = Terminal::start(&program, home.path()) else {
            return;
        };
        terminal.expect("Debugging ");
        // The source is there while the program is being compiled.
        terminal.expect("fn main() {");
        terminal.expect("(wasmscope) ");
        terminal.type_in("break endless_loop::st\t");
        terminal.expect("endless_loop::step");
        terminal.type_in("\r");
        terminal.expect("Breakpoint 1 at samples/src/bin/endless_loop.rs:");
        terminal.expect("(wasmscope) ");
        terminal.type_in("run\r");
        terminal.expect("endless_loop::step (value=1)");
        terminal.type_in("finish\r");
        terminal.expect("Returned from endless_loop::step: u64 = ");
        // An empty line does it again.
        terminal.type_in("next\r");
        terminal.expect("┃");
        terminal.expect("(wasmscope) ");
        terminal.type_in("\r");
        terminal.expect("┃");
        terminal.expect("(wasmscope) ");
        terminal.type_in("delete\r");
        terminal.expect("(y or n)");
        terminal.type_in("y\r");
        terminal.expect("(wasmscope) ");
        terminal.type_in("continue\r");
        std::thread::sleep(Duration::from_millis(500));
        terminal.type_in("\x03");
        terminal.expect("Paused");
        terminal.expect("(wasmscope) ");
        // The end of input ends it, when the user says so.
        terminal.type_in("\x04");
        terminal.expect("End it and quit? (y or n)");
        terminal.type_in("n\r");
        terminal.expect("(wasmscope) ");
        terminal.type_in("quit\r");
        terminal.expect("(y or n)");
        terminal.type_in("y\r");
        assert_eq!(terminal.child.wait().expect("it ends").code(), Some(0));
        let history = home.path().join("wasmscope/history");
        let text = std::fs::read_to_string(&history).expect("it is kept");
        assert!(text.starts_with("break endless_loop::step"), "{text}");
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&history)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "others can read it");
    }
}
