//! The UI in a real (pseudo-)terminal, on a real session: opened, run, stepped, looked at, restarted,
//! left; and the terminal as it was found, however it ends.

#![cfg(unix)]

use pty_process::blocking::{Command, Pty};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use wasmscope_debugger::session::{GuestStdio, Session, SessionOptions};
use wasmscope_runner::{Options, Program, World};
use wasmscope_test_support::{Build, Target, sample};
use wasmscope_tui::{Project, TuiOptions};

/// Nothing in these tests takes as long, on however slow a machine.
const PATIENCE: Duration = Duration::from_secs(120);
const PROGRAM: &str = "WASMSCOPE_TUI_TEST_PROGRAM";
const STATE: &str = "WASMSCOPE_TUI_TEST_STATE";
const PANICS: &str = "WASMSCOPE_TUI_TEST_PANICS";

/// What runs in the pseudo-terminal: this very binary, with only this test.
#[test]
#[ignore = "run by the other tests, in a terminal of its own"]
fn the_app() {
    let Some(path) = std::env::var_os(PROGRAM) else {
        return;
    };
    let program = Program::load(Path::new(&path)).unwrap();
    let (session, events) = Session::start(SessionOptions {
        program,
        world: World::default(),
        run: Options::default(),
        stdio: GuestStdio {
            feed_input: true,
            capture_output: true,
        },
        debug_file: None,
        maps: Vec::new(),
        built: None,
    });
    if std::env::var_os(PANICS).is_some() {
        let _guard = wasmscope_tui::terminal::Guard::take(true).unwrap();
        panic!("a mistake of ours");
    }
    let target = path.to_string_lossy().into_owned();
    let summary = wasmscope_tui::run(
        session,
        events,
        TuiOptions {
            target: target.clone(),
            project: Some(Project {
                target,
                build_id: None,
            }),
            state_file: std::env::var_os(STATE).map(PathBuf::from),
            ..TuiOptions::default()
        },
    );
    println!("{summary:?}");
}

/// The app in a pseudo-terminal, and what is on its screen.
struct Screen {
    pty: Arc<Pty>,
    child: Child,
    parser: Arc<Mutex<vt100::Parser>>,
    all: Arc<Mutex<Vec<u8>>>,
}

impl Screen {
    fn open(state: &Path, envs: &[(&str, &str)]) -> Self {
        let pty = Pty::new().unwrap();
        pty.resize(pty_process::Size::new(40, 120)).unwrap();
        let pts = pty.pts().unwrap();
        let program = sample("orders", Build::Debug, Target::WasiP1);
        // The terminal's modes are told before and after by somebody else.
        let script = "stty -a; \"$0\" --exact the_app --ignored --nocapture; stty -a; echo THE-END";
        let child = Command::new("sh")
            .args(["-c", script])
            .arg(std::env::current_exe().unwrap())
            .env("TERM", "xterm-256color")
            .env(PROGRAM, program)
            .env(STATE, state)
            .envs(envs.iter().copied())
            .spawn(&pts)
            .unwrap();
        let pty = Arc::new(pty);
        let parser = Arc::new(Mutex::new(vt100::Parser::new(40, 120, 0)));
        let all = Arc::new(Mutex::new(Vec::new()));
        let (reader, screen, bytes) = (Arc::clone(&pty), Arc::clone(&parser), Arc::clone(&all));
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = (&*reader).read(&mut buffer) {
                screen.lock().unwrap().process(&buffer[..count]);
                bytes.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        Screen {
            pty,
            child,
            parser,
            all,
        }
    }

    fn keys(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).unwrap();
    }

    fn text(&self) -> String {
        self.parser.lock().unwrap().screen().contents()
    }

    #[track_caller]
    fn wait_for(&self, text: &str) {
        let since = Instant::now();
        while !self.text().contains(text) {
            assert!(
                since.elapsed() < PATIENCE,
                "no `{text}` in:\n{}",
                self.text()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends a key again and again until a text is there.
    #[track_caller]
    fn until(&self, key: &str, text: &str) {
        let since = Instant::now();
        while !self.text().contains(text) {
            assert!(
                since.elapsed() < PATIENCE,
                "no `{text}` in:\n{}",
                self.text()
            );
            self.keys(key);
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    /// Waits for the end: how it ended, and all that was written.
    fn end(mut self) -> (ExitStatus, String) {
        self.wait_for("THE-END");
        let status = self.child.wait().unwrap();
        let parser = self.parser.lock().unwrap();
        let screen = parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen was left");
        assert!(!screen.hide_cursor(), "the cursor is visible");
        assert!(!screen.bracketed_paste(), "pastes are plain");
        assert_eq!(
            screen.mouse_protocol_mode(),
            vt100::MouseProtocolMode::None,
            "the mouse is the terminal's"
        );
        drop(parser);
        let all = String::from_utf8_lossy(&self.all.lock().unwrap()).into_owned();
        let modes: Vec<&str> = all.split("speed ").skip(1).collect();
        assert_eq!(modes.len(), 2, "{all}");
        let settings = |text: &str| {
            text.split("\r\n")
                .take(8)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let end = |lines: Vec<String>| {
            lines
                .into_iter()
                .take_while(|line| {
                    line.contains(';') || line.starts_with(['-', 'i', 'o', 'b', 'c', 'e', 'p', 't'])
                })
                .filter(|line| {
                    !line.contains("THE-END") && !line.contains("running") && !line.is_empty()
                })
                .take(6)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            end(settings(modes[0])),
            end(settings(modes[1])),
            "the modes are as they were"
        );
        (status, all)
    }
}

#[test]
fn a_session_from_the_first_key_to_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let screen = Screen::open(&state, &[]);
    screen.wait_for("READY");
    screen.wait_for("fn main()");
    // A step before the start goes to main.
    screen.keys("n");
    screen.wait_for("STOPPED");
    screen.wait_for("orders::main");
    // Typed ahead, and done one after the other.
    screen.keys("nn");
    screen.wait_for("▸ orders = [");
    // A breakpoint where the cursor is, then a value from inside.
    screen.keys("b");
    screen.wait_for("● ");
    screen.keys("2\x1b[C");
    screen.wait_for("▾ inventory");
    screen.wait_for("shelves = ");
    // Function keys, as a terminal sends them.
    screen.until("\x1b[21~", "4 orders, 3 shelves");
    screen.keys("6");
    screen.wait_for("fd_write(fd=1");
    // Restart: the breakpoint stays and is hit.
    screen.keys("1r");
    screen.wait_for("Start the program anew?");
    screen.keys("y");
    screen.wait_for("READY");
    screen.keys("c");
    screen.wait_for("STOPPED");
    screen.wait_for("breakpoint");
    screen.keys(":p 1 + 1\r");
    screen.wait_for("› p 1 + 1");
    screen.keys("\x1b");
    std::thread::sleep(Duration::from_millis(100));
    screen.keys("q");
    screen.wait_for("The program lives");
    screen.keys("y");
    let (status, all) = screen.end();
    assert!(status.success());
    assert!(all.contains("ExitSummary"), "{all}");
    let kept = std::fs::read_to_string(&state).unwrap();
    assert!(kept.contains("orders.rs"), "{kept}");
    // The next session has the breakpoint again.
    let screen = Screen::open(&state, &[]);
    screen.wait_for("READY");
    screen.wait_for("orders.rs:");
    screen.keys("c");
    screen.wait_for("STOPPED");
    screen.keys("qy");
    assert!(screen.end().0.success());
}

#[test]
fn the_terminal_is_given_back_after_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let screen = Screen::open(&folder.path().join("state.json"), &[]);
    screen.wait_for("READY");
    let found = std::process::Command::new("pkill")
        .args(["-TERM", "-P", &screen.child.id().to_string()])
        .status()
        .unwrap();
    assert!(found.success());
    let (_, all) = screen.end();
    assert!(all.contains("terminated: true"), "{all}");
}

#[test]
fn the_terminal_is_given_back_after_a_panic_of_ours() {
    let folder = tempfile::tempdir().unwrap();
    let screen = Screen::open(&folder.path().join("state.json"), &[(PANICS, "1")]);
    let (_, all) = screen.end();
    assert!(all.contains("a mistake of ours"), "{all}");
}
