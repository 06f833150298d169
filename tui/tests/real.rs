//! The UI on real sessions with samples, drawn without a terminal: stops, values, traps and panics as
//! people see them.

mod common;

use common::event;
use insta::assert_snapshot;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Rect;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};
use wasmscope_debugger::protocol::Event;
use wasmscope_debugger::session::{GuestStdio, Session, SessionOptions};
use wasmscope_runner::{Options, Program, World};
use wasmscope_test_support::{Build, Target, sample, workspace};
use wasmscope_tui::actions::{Bindings, Keymap};
use wasmscope_tui::message::{Effect, Message};
use wasmscope_tui::theme::{Theme, ThemeName};
use wasmscope_tui::{State, update, view};

/// Nothing in these tests takes as long, on however slow a machine.
const PATIENCE: Duration = Duration::from_secs(60);

struct App {
    state: State,
    session: Session,
    events: Receiver<Event>,
    size: (u16, u16),
}

impl App {
    fn sample(name: &str, target: Target, size: (u16, u16)) -> Self {
        // Places are told from here: so they are the same wherever the workspace is.
        std::env::set_current_dir(workspace()).unwrap();
        let path = sample(name, Build::Debug, target);
        let program = Program::load(&path).unwrap();
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
        let state = State::new(
            Rect::new(0, 0, size.0, size.1),
            format!("{name}.wasm"),
            Bindings::new(Keymap::Vs, &[]),
            Theme::new(ThemeName::Dark),
        );
        let mut app = App {
            state,
            session,
            events,
            size,
        };
        app.send(Message::Start);
        app.until("READY");
        app
    }

    fn send(&mut self, message: Message) {
        for effect in update(&mut self.state, message) {
            if let Effect::Send(request) = effect {
                self.session.send(request);
            }
        }
    }

    fn keys(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            self.send(Message::Key(event(key)));
        }
        self
    }

    /// Takes what the session tells until a text is on the screen and nothing is waited for.
    #[track_caller]
    fn until(&mut self, text: &str) -> &mut Self {
        let since = Instant::now();
        while self.state.waiting() > 0 || !self.screen().contains(text) {
            assert!(
                since.elapsed() < PATIENCE,
                "no `{text}` in:\n{}",
                self.screen()
            );
            if let Ok(event) = self.events.recv_timeout(Duration::from_millis(50)) {
                self.send(Message::Session(Box::new(event)));
            }
        }
        self
    }

    fn screen(&self) -> String {
        let mut terminal = Terminal::new(TestBackend::new(self.size.0, self.size.1)).unwrap();
        terminal.draw(|frame| view(&self.state, frame)).unwrap();
        terminal.backend().to_string()
    }
}

/// At the third line of `main`, by steps from its beginning.
fn stopped(target: Target, size: (u16, u16)) -> App {
    let mut app = App::sample("orders", target, size);
    app.keys("n").until("STOPPED");
    app.keys("n n").until("orders = [");
    app
}

#[test]
fn stops_on_all_sizes() {
    for size in [(80, 24), (120, 40), (200, 60)] {
        let mut app = stopped(Target::WasiP1, size);
        assert_snapshot!(format!("a_stop_{}x{}", size.0, size.1), app.screen());
        app.keys("c").until("FAILED");
        assert_snapshot!(format!("a_panic_{}x{}", size.0, size.1), app.screen());
    }
}

#[test]
fn a_component_looks_the_same() {
    let mut app = stopped(Target::WasiP2, (120, 40));
    let screen = app.screen();
    assert!(screen.contains("orders::main"), "{screen}");
    app.keys("c").until("FAILED");
    let screen = app.screen();
    assert!(
        screen.contains("4 orders, 3 shelves") && screen.contains("orders.rs:78"),
        "{screen}"
    );
}

#[test]
fn values_open_into_what_they_hold() {
    let mut app = stopped(Target::WasiP1, (160, 50));
    app.keys("2 right").until("shelves = [");
    app.keys("down right").until("article: \"bolt\"");
    app.keys("down right").until("article = \"bolt\"");
    // A value behind a path of its own.
    app.keys("down w 8").until("inventory.shelves[0].article");
    let screen = app.screen();
    assert!(!screen.contains("unavailable: there is no"), "{screen}");
}

#[test]
fn a_trap_is_explained() {
    let mut app = App::sample("indirect_call_null", Target::WasiP1, (120, 40));
    app.keys("c").until("FAILED").until("whole report");
    assert_snapshot!(app.screen());
    app.keys("!").until("stack, innermost first");
}

#[test]
fn memory_and_opcodes_are_there() {
    let mut app = stopped(Target::WasiP1, (160, 50));
    app.keys("2 m").until("0x").until("variable of frame");
    app.keys("1 v").until("i32.");
    app.keys("0").until("Wasm locals");
    app.keys("c").until("FAILED").keys("6 S").until("% time");
}

#[test]
fn a_running_guest_is_paused() {
    let mut app = App::sample("endless_loop", Target::WasiP1, (120, 40));
    app.keys("c").until("RUNNING");
    app.keys("p").until("STOPPED").until("endless_loop");
    app.keys("K")
        .until("End the program?")
        .keys("y")
        .until("EXITED");
    app.keys("r").until("READY");
}
