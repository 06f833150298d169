//! A pseudo-terminal with `wasmscope` in it. Whoever waits here waits long: these tests also run on
//! machines that have much else to do. When something does not come, the whole screen is shown.

use crate::svg::{self, Paper};
use pty_process::blocking::{Command, Pty};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use wasmscope_test_support::workspace;

/// Nothing in these tests takes as long, on however slow a machine.
const PATIENCE: Duration = Duration::from_secs(150);

/// What the shell runs: the terminal's modes are told before and after by somebody else.
const SCRIPT: &str = r#"stty -a >"$KEPT/before"
sh -c 'echo $$ >"$KEPT/pid.new"; mv "$KEPT/pid.new" "$KEPT/pid"; exec "$@"' wasmscope "$@"
echo $? >"$KEPT/code"
stty -a >"$KEPT/after"
echo THE-END"#;

/// Folders of a user of our own: configuration, state, and what the shell notes.
pub struct Home(tempfile::TempDir);

impl Home {
    pub fn new() -> Self {
        let home = Home(tempfile::tempdir().unwrap());
        for folder in ["config", "state", "kept"] {
            std::fs::create_dir(home.path(folder)).unwrap();
        }
        home
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes the user's configuration.
    pub fn configure(&self, text: &str) {
        let folder = self.path("config").join("wasmscope");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), text).unwrap();
    }

    /// What is kept about the one program that was debugged.
    pub fn state(&self) -> String {
        let folder = self.path("state").join("wasmscope").join("projects");
        let files: Vec<_> = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(files.len(), 1, "{files:?}");
        std::fs::read_to_string(&files[0]).unwrap()
    }

    fn kept(&self, name: &str) -> String {
        let path = self.path("kept").join(name);
        std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
            .trim()
            .to_owned()
    }
}

/// What is started, and in which terminal.
pub struct Setup<'a> {
    pub home: &'a Home,
    pub columns: u16,
    pub rows: u16,
    pub envs: &'a [(&'a str, &'a str)],
}

impl<'a> Setup<'a> {
    pub fn new(home: &'a Home) -> Self {
        Setup {
            home,
            columns: 120,
            rows: 40,
            envs: &[],
        }
    }

    /// `wasmscope debug` on a program, in a shell that outlives it.
    pub fn debug(&self, program: &Path) -> Screen<'a> {
        self.debug_with(program, &[])
    }

    /// The same, with arguments for the program.
    pub fn debug_with(&self, program: &Path, arguments: &[&str]) -> Screen<'a> {
        let (pty, child) = self.start(&["sh", "-c", SCRIPT, "sh"], program, arguments);
        Screen::of(pty, child, self)
    }

    /// `wasmscope debug` on a program, with nothing between it and the terminal, as soon as it is
    /// ready. Nobody reads what it writes from then on.
    pub fn debug_alone(&self, program: &Path) -> (Pty, Child) {
        let (pty, child) = self.start(&[], program, &[]);
        let mut parser = self.parser();
        let since = Instant::now();
        let mut buffer = [0; 4096];
        while !parser.screen().contents().contains("READY") {
            assert!(since.elapsed() < PATIENCE, "{}", parser.screen().contents());
            let count = (&pty).read(&mut buffer).unwrap();
            parser.process(&buffer[..count]);
        }
        (pty, child)
    }

    fn parser(&self) -> vt100::Parser {
        vt100::Parser::new(self.rows, self.columns, 0)
    }

    fn start(&self, before: &[&str], program: &Path, arguments: &[&str]) -> (Pty, Child) {
        let pty = Pty::new().unwrap();
        pty.resize(pty_process::Size::new(self.rows, self.columns))
            .unwrap();
        let pts = pty.pts().unwrap();
        let mut words: Vec<&str> = before.to_vec();
        words.extend([env!("CARGO_BIN_EXE_wasmscope"), "debug"]);
        let child = Command::new(words[0])
            .args(&words[1..])
            .arg(program)
            .args(arguments)
            // Sources are found from here.
            .current_dir(workspace())
            .env("TERM", "xterm-256color")
            .env("COLORTERM", "truecolor")
            .env("XDG_CONFIG_HOME", self.home.path("config"))
            .env("XDG_STATE_HOME", self.home.path("state"))
            .env("KEPT", self.home.path("kept"))
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .envs(self.envs.iter().copied())
            .spawn(&pts)
            .unwrap();
        (pty, child)
    }
}

/// Waits for a process that is about to end.
#[track_caller]
pub fn wait_for_end(child: &mut Child) -> ExitStatus {
    let since = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(since.elapsed() < PATIENCE, "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The terminal, and what is on its screen.
pub struct Screen<'a> {
    pty: Arc<Pty>,
    child: Mutex<Child>,
    parser: Arc<Mutex<vt100::Parser>>,
    home: &'a Home,
}

impl<'a> Screen<'a> {
    fn of(pty: Pty, child: Child, setup: &Setup<'a>) -> Self {
        let pty = Arc::new(pty);
        let parser = Arc::new(Mutex::new(setup.parser()));
        let (reader, screen) = (Arc::clone(&pty), Arc::clone(&parser));
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = (&*reader).read(&mut buffer) {
                screen.lock().unwrap().process(&buffer[..count]);
            }
        });
        Screen {
            pty,
            child: Mutex::new(child),
            parser,
            home: setup.home,
        }
    }

    /// Types keys, as a terminal sends them.
    pub fn keys(&self, keys: &str) -> &Self {
        (&*self.pty).write_all(keys.as_bytes()).unwrap();
        self
    }

    /// Presses Escape, which is a key of its own only when nothing follows at once.
    pub fn escape(&self, gone: &str) -> &Self {
        self.keys("\x1b").wait_until_gone(gone)
    }

    /// What is on the screen.
    pub fn text(&self) -> String {
        self.parser.lock().unwrap().screen().contents()
    }

    /// Waits until a text is on the screen.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> &Self {
        self.wait(&format!("no `{text}`"), |screen| screen.contains(text))
    }

    /// Waits until a text is on the screen no more.
    #[track_caller]
    pub fn wait_until_gone(&self, text: &str) -> &Self {
        self.wait(&format!("still `{text}`"), |screen| !screen.contains(text))
    }

    /// Waits until the screen is as it should be.
    #[track_caller]
    pub fn wait(&self, otherwise: &str, is_so: impl Fn(&str) -> bool) -> &Self {
        let since = Instant::now();
        loop {
            let screen = self.text();
            if is_so(&screen) {
                return self;
            }
            assert!(since.elapsed() < PATIENCE, "{otherwise} on:\n{screen}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A picture of the screen.
    fn picture(&self, paper: &Paper) -> String {
        svg::draw(self.parser.lock().unwrap().screen(), paper)
    }

    /// A picture of the screen when nothing on it changes any more. For making pictures: whether
    /// something comes later nobody knows.
    pub fn settled_picture(&self, paper: &Paper) -> String {
        let mut picture = self.picture(paper);
        loop {
            std::thread::sleep(Duration::from_secs(2));
            let now = self.picture(paper);
            if now == picture {
                return now;
            }
            picture = now;
        }
    }

    /// Waits until the screen is as in a picture.
    #[track_caller]
    pub fn comes_to(&self, picture: &str, paper: &Paper, otherwise: &str) {
        let since = Instant::now();
        while self.picture(paper) != picture {
            assert!(
                since.elapsed() < PATIENCE,
                "{otherwise}; the screen is:\n{}",
                self.text()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Gives the terminal another size, as a window manager does.
    pub fn resize(&self, columns: u16, rows: u16) -> &Self {
        self.parser
            .lock()
            .unwrap()
            .screen_mut()
            .set_size(rows, columns);
        self.pty
            .resize(pty_process::Size::new(rows, columns))
            .unwrap();
        self
    }

    /// Sends a signal to `wasmscope`.
    pub fn signal(&self, name: &str) -> &Self {
        let sent = std::process::Command::new("kill")
            .args(["-s", name, &self.home.kept("pid")])
            .status()
            .unwrap();
        assert!(sent.success());
        self
    }

    /// Waits for the end: the exit code, and what is on the screen. Everything about the terminal
    /// must be as it was.
    #[track_caller]
    pub fn end(&self) -> (i32, String) {
        self.wait_for("THE-END");
        wait_for_end(&mut self.child.lock().unwrap());
        let text = self.text();
        let parser = self.parser.lock().unwrap();
        let screen = parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen was left");
        assert!(!screen.hide_cursor(), "the cursor is visible");
        assert!(!screen.bracketed_paste(), "pastes are plain");
        assert!(!screen.application_cursor(), "arrows are plain");
        let mouse = screen.mouse_protocol_mode();
        assert_eq!(mouse, vt100::MouseProtocolMode::None, "the mouse is free");
        assert_eq!(self.home.kept("before"), self.home.kept("after"), "{text}");
        (self.home.kept("code").parse().unwrap(), text)
    }
}
