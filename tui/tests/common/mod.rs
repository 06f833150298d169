//! A session that answers from a script, and an app driven by keys: whole-app tests without a
//! terminal, a clock or a guest.

#![allow(dead_code, reason = "each test uses its part")]

use crossterm::event::{
    Event as Input, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::{Rect, Size};
use std::collections::VecDeque;
use std::time::Duration;
use wasmscope_debugger::explain::{
    Disassembly, DisassemblyLine, FrameKind, Place, Variable, VariableKind,
};
use wasmscope_debugger::protocol::*;
use wasmscope_debugger::values::Value;
use wasmscope_tracer::{Arg, CallResult, HostCall, Value as CallValue};
use wasmscope_tui::actions::{Bindings, Keymap};
use wasmscope_tui::highlight::Languages;
use wasmscope_tui::message::{Effect, Message};
use wasmscope_tui::theme::{Theme, ThemeName};
use wasmscope_tui::{State, Told, update, view};

pub const MAIN: &str = "src/main.rs";
pub const SOURCE: &str = "\
use std::collections::HashMap;

/// An order, as it came in.
struct Order {
    id: u32,
    items: Vec<Item>,
}

fn total(order: &Order) -> u64 {
\tlet mut sum = 0; // in cents — 日本語 🦀
    for item in &order.items {
        sum += item.price * u64::from(item.count);
    }
    sum
}

fn main() {
    let orders = read_orders(\"orders.csv\");
    for order in &orders {
        println!(\"{}: {}\", order.id, total(order));
    }
}
";

pub fn value(name: &str, type_name: &str, summary: &str) -> Value {
    Value {
        name: name.to_owned(),
        type_name: type_name.to_owned(),
        full_type: type_name.to_owned(),
        summary: Some(summary.to_owned()),
        ..Value::default()
    }
}

pub fn place(line: u32) -> Place {
    Place {
        file: MAIN.to_owned(),
        path: Some(format!("/home/me/app/{MAIN}")),
        line: Some(line),
        column: Some(9),
    }
}

pub fn frame(id: usize, function: &str, line: Option<u32>, kind: FrameKind) -> FrameInfo {
    FrameInfo {
        id,
        function: Some(function.to_owned()),
        place: line.map(place),
        inlined: function == "total",
        kind,
        module: 0,
        wasm_function: 40,
        wasm_frame: id,
        pc: 0x1234,
    }
}

pub fn stop(reason: StopReason, line: u32) -> Stop {
    Stop {
        reason,
        breakpoints: Vec::new(),
        frame: 0,
        info: Some(frame(0, "app::total", Some(line), FrameKind::User)),
        resumable: true,
        notes: Vec::new(),
    }
}

pub fn call(seq: u64, text: &str, fails: bool) -> HostCall {
    HostCall {
        seq,
        module: "wasi_snapshot_preview1".into(),
        function: "fd_write".into(),
        class: None,
        args: vec![
            Arg {
                name: "fd".into(),
                value: CallValue::Fd {
                    fd: 1,
                    path: Some("/dev/stdout".to_owned()),
                },
                detail: false,
            },
            Arg {
                name: "text".into(),
                value: CallValue::Text {
                    text: text.to_owned(),
                    cut: false,
                },
                detail: false,
            },
        ],
        result: match fails {
            true => CallResult::Errno {
                number: 8,
                name: Some("EBADF".into()),
                meaning: "bad file descriptor".into(),
            },
            false => CallResult::Ok(Vec::new()),
        },
        start: None,
        duration: None,
        tampering: None,
        hint: None,
    }
}

/// A guest of one file, stopped where the test says.
pub struct Fake {
    pub line: u32,
    pub sum: u64,
    pub breakpoints: Vec<Breakpoint>,
    next: u32,
    pub requests: Vec<Command>,
    pub running: bool,
    /// Whether there are more functions than are told.
    pub truncated: bool,
    /// Answers nothing, as a session does that hangs.
    pub mute: bool,
}

impl Fake {
    pub fn new() -> Self {
        Fake {
            line: 10,
            sum: 0,
            breakpoints: Vec::new(),
            next: 1,
            requests: Vec::new(),
            running: false,
            truncated: false,
            mute: false,
        }
    }

    fn frames(&self) -> Vec<FrameInfo> {
        vec![
            frame(0, "app::total", Some(self.line), FrameKind::User),
            frame(
                1,
                "core::iter::traits::iterator::Iterator::fold",
                None,
                FrameKind::Std,
            ),
            frame(2, "std::rt::lang_start", None, FrameKind::Std),
            frame(3, "app::main", Some(19), FrameKind::User),
            frame(4, "_start", None, FrameKind::Runtime),
        ]
    }

    fn variables(&self) -> Vec<Variable> {
        let mut order = value(
            "order",
            "&Order",
            "&Order { id: 7, items: [Item {…}, Item {…}] }",
        );
        let mut items = value("items", "Vec<Item>", "[Item {…}, Item {…}]");
        items.more_children = 2;
        order.children = vec![value("id", "u32", "7"), items];
        let lost = Value {
            name: "item".to_owned(),
            type_name: "&Item".to_owned(),
            unavailable: Some("because the loop has not begun".to_owned()),
            ..Value::default()
        };
        let local = |value| Variable {
            kind: VariableKind::Local,
            value,
        };
        vec![
            Variable {
                kind: VariableKind::Argument,
                value: order,
            },
            local(value("sum", "u64", &self.sum.to_string())),
            local(lost),
            local(value("note", "&str", "\"tabs \\t and 日本語 \\u{1b}[31m\"")),
        ]
    }

    /// The events that a request leads to.
    pub fn answer(&mut self, request: Request) -> Vec<Event> {
        self.requests.push(request.command.clone());
        if self.mute {
            return Vec::new();
        }
        let id = request.id;
        let reply = |body| Event::Reply {
            id,
            result: Ok(body),
        };
        let refuse = |kind, text: &str| Event::Reply {
            id,
            result: Err(CommandError::new(kind, text)),
        };
        match request.command {
            Command::Resolve { .. } => vec![reply(ReplyBody::Locations {
                locations: vec![BreakpointLocation {
                    module: 0,
                    pc: 0x1238,
                    function: Some("app::main".to_owned()),
                    place: Some(place(17)),
                    inlined: false,
                }],
                suggestions: Vec::new(),
            })],
            Command::Source { file, .. } if file.as_deref() == Some(MAIN) => {
                let lines: Vec<String> = SOURCE.lines().map(str::to_owned).collect();
                vec![reply(ReplyBody::Source(SourceLines {
                    file: MAIN.to_owned(),
                    path: format!("/home/me/app/{MAIN}"),
                    first_line: 1,
                    total: lines.len() as u32,
                    lines,
                    current: None,
                    with_code: vec![9, 10, 11, 12, 14, 15, 17, 18, 19, 20, 22],
                    changed: false,
                }))]
            }
            Command::Source { .. } => vec![refuse(
                CommandErrorKind::NotFound,
                "the file is not on this machine; --map tells where sources are",
            )],
            Command::Stack { from: 0, .. } => vec![reply(ReplyBody::Stack {
                frames: self.frames(),
                total: Some(5),
            })],
            Command::Variables { .. } => vec![reply(ReplyBody::Variables {
                variables: self.variables(),
                unavailable: None,
            })],
            Command::Evaluate { expression, .. } => match expression.as_str() {
                "order.items" => {
                    let mut items = value("order.items", "Vec<Item>", "[Item {…}, Item {…}]");
                    items.children = vec![
                        value("0", "Item", "Item { price: 250, count: 2 }"),
                        value("1", "Item", "Item { price: 99, count: 1 }"),
                    ];
                    vec![reply(ReplyBody::Value(items))]
                }
                "order" => vec![reply(ReplyBody::Value(self.variables()[0].value.clone()))],
                "sum" => vec![reply(ReplyBody::Value(value(
                    "sum",
                    "u64",
                    &self.sum.to_string(),
                )))],
                other => vec![refuse(
                    CommandErrorKind::NotFound,
                    &format!("there is no variable `{other}` here"),
                )],
            },
            Command::SetBreakpoint(spec) => {
                let line = match &spec.place {
                    BreakpointPlace::Line { line, .. } => Some(*line),
                    _ => Some(17),
                };
                let breakpoint = Breakpoint {
                    id: self.next,
                    locations: vec![BreakpointLocation {
                        module: 0,
                        pc: 0x1238,
                        function: None,
                        place: line.map(place),
                        inlined: false,
                    }],
                    spec,
                    truncated: false,
                    hits: 0,
                    notes: Vec::new(),
                    suggestions: Vec::new(),
                };
                self.next += 1;
                self.breakpoints.push(breakpoint.clone());
                vec![reply(ReplyBody::Breakpoint(breakpoint))]
            }
            Command::ChangeBreakpoint { id: wanted, change } => {
                let found = self.breakpoints.iter_mut().find(|known| known.id == wanted);
                let Some(found) = found else {
                    return vec![refuse(
                        CommandErrorKind::NotFound,
                        "there is no such breakpoint",
                    )];
                };
                if let Some(enabled) = change.enabled {
                    found.spec.enabled = enabled;
                }
                if let Some(condition) = change.condition {
                    found.spec.condition = condition;
                }
                vec![reply(ReplyBody::Breakpoint(found.clone()))]
            }
            Command::DeleteBreakpoint { id: wanted } => {
                self.breakpoints.retain(|known| known.id != wanted);
                vec![reply(ReplyBody::Done)]
            }
            Command::Breakpoints => vec![reply(ReplyBody::Breakpoints {
                breakpoints: self.breakpoints.clone(),
            })],
            Command::Modules => vec![reply(ReplyBody::Modules {
                modules: vec![ModuleInfo {
                    index: 0,
                    name: Some("app.wasm".to_owned()),
                    code_size: 123_456,
                    functions: 321,
                    debug_info: Some("in the module".to_owned()),
                    problems: Vec::new(),
                }],
            })],
            Command::Files { .. } => vec![reply(ReplyBody::Files {
                files: vec![
                    MAIN.to_owned(),
                    "src/lib.rs".to_owned(),
                    "src/items/mod.rs".to_owned(),
                ],
            })],
            Command::Functions { .. } => vec![reply(ReplyBody::Functions {
                functions: ["app::main", "app::total"]
                    .map(|name| FunctionInfo {
                        name: name.to_owned(),
                        declared: Some(place(9)),
                        copies: 1,
                    })
                    .to_vec(),
                truncated: self.truncated,
            })],
            Command::Disassemble { .. } => vec![reply(ReplyBody::Disassembly(Disassembly {
                function: "app::total".to_owned(),
                lines: [
                    (0x1230, 0, "local.get 0"),
                    (0x1232, 0, "block"),
                    (0x1234, 1, "i64.load offset=8"),
                    (0x1238, 1, "call 41"),
                    (0x123a, 0, "end"),
                ]
                .map(|(pc, depth, text)| DisassemblyLine {
                    pc,
                    depth,
                    text: text.to_owned(),
                })
                .to_vec(),
                failing: 2,
            }))],
            Command::WasmFrame { .. } => {
                let item = |index, name: &str, kind: &str, value: &str| WasmItem {
                    index,
                    name: Some(name.to_owned()),
                    value_type: kind.to_owned(),
                    value: Some(value.to_owned()),
                    bits: Some("0x2a".to_owned()),
                };
                vec![reply(ReplyBody::WasmFrame(WasmFrameInfo {
                    module: "app.wasm".to_owned(),
                    function: "app::total".to_owned(),
                    func_index: 40,
                    pc: 0x1234,
                    locals: vec![item(0, "order", "i32", "1048576")],
                    operands: vec![item(0, "", "i64", "42")],
                    globals: vec![item(0, "__stack_pointer", "i32", "1048500")],
                    memory_size: Some(1 << 20),
                    unavailable: None,
                }))]
            }
            Command::ReadMemory { length, .. } => vec![reply(ReplyBody::Memory {
                address: 0x10_0000,
                bytes: (0..length.min(256)).map(|n| n as u8).collect(),
                memory_size: 0x11_0000,
            })],
            Command::MemoryOwners { .. } => {
                let owner = |address, length, kind, name: &str, frame| MemoryOwner {
                    address,
                    length,
                    kind,
                    name: name.to_owned(),
                    frame,
                };
                vec![reply(ReplyBody::MemoryOwners {
                    address: 0x10_0000,
                    owners: vec![
                        owner(0xf_fff0, 64, MemoryOwnerKind::Frame, "app::total", Some(0)),
                        owner(0x10_0000, 12, MemoryOwnerKind::Variable, "order", Some(0)),
                        owner(0x10_0000, 4, MemoryOwnerKind::Variable, "order.id", Some(0)),
                        owner(0x10_0020, 8, MemoryOwnerKind::Static, "app::STOCK", None),
                    ],
                })]
            }
            Command::Complete { prefix, .. } => vec![reply(ReplyBody::Completions {
                words: ["order", "orders", "orderly"]
                    .map(str::to_owned)
                    .into_iter()
                    .filter(|word| word.starts_with(&prefix))
                    .collect(),
            })],
            Command::Run | Command::Continue => {
                self.running = true;
                vec![reply(ReplyBody::Done), Event::Running]
            }
            Command::Next { .. }
            | Command::Step { .. }
            | Command::Finish { .. }
            | Command::Until { .. }
            | Command::StepInstruction { .. } => {
                self.line = if self.line >= 14 { 10 } else { self.line + 1 };
                self.sum += 500;
                let stop = stop(StopReason::Step, self.line);
                vec![reply(ReplyBody::Done), Event::Running, Event::Stopped(stop)]
            }
            Command::Pause => vec![
                reply(ReplyBody::Done),
                Event::Stopped(stop(StopReason::Pause, 12)),
            ],
            Command::Kill => vec![reply(ReplyBody::Done), Event::Exited(Exit::Killed)],
            Command::Restart => vec![
                reply(ReplyBody::Done),
                Event::Exited(Exit::Killed),
                Event::Ready,
            ],
            Command::Input { bytes } => vec![
                reply(ReplyBody::Done),
                Event::Output {
                    stream: OutputStream::Stdout,
                    bytes,
                },
            ],
            Command::Report => vec![refuse(CommandErrorKind::Unavailable, "there is no report")],
            Command::Set { .. } => {
                self.sum = 4711;
                vec![reply(ReplyBody::Done)]
            }
            _ => vec![reply(ReplyBody::Done)],
        }
    }
}

/// The app, without a terminal.
pub struct App {
    pub state: State,
    pub fake: Fake,
    pub quit: bool,
    /// Lines that line mode was to carry out.
    pub lines_to_carry_out: Vec<String>,
    /// Lines that line mode was to complete.
    pub lines_to_complete: Vec<String>,
    pub copied: Option<String>,
    languages: Option<Languages>,
    now: Duration,
    size: Size,
}

impl App {
    pub fn new(width: u16, height: u16) -> Self {
        App::with(width, height, ThemeName::Dark, Keymap::Vs)
    }

    pub fn with(width: u16, height: u16, theme: ThemeName, keymap: Keymap) -> Self {
        let screen = Rect::new(0, 0, width, height);
        let state = State::new(
            screen,
            "target/app.wasm".to_owned(),
            Bindings::new(keymap, &[]),
            Theme::new(theme),
        );
        let mut app = App {
            state,
            fake: Fake::new(),
            quit: false,
            lines_to_carry_out: Vec::new(),
            lines_to_complete: Vec::new(),
            copied: None,
            languages: None,
            now: Duration::ZERO,
            size: Size::new(width, height),
        };
        app.send(Message::Start);
        app
    }

    /// Colours the source too.
    pub fn coloured(mut self) -> Self {
        self.languages = Some(Languages::load());
        self
    }

    /// Takes a message, and all that follows from it.
    pub fn send(&mut self, message: Message) {
        let mut waiting = VecDeque::from([message]);
        while let Some(message) = waiting.pop_front() {
            for effect in update(&mut self.state, message) {
                match effect {
                    Effect::Send(request) => {
                        let events = self.fake.answer(request);
                        waiting.extend(
                            events
                                .into_iter()
                                .map(|event| Message::Session(Box::new(event))),
                        );
                    }
                    Effect::Highlight(job) => {
                        if let Some(languages) = &self.languages {
                            languages.highlight(&job, |part| {
                                waiting.push_back(Message::Highlighted(part));
                                true
                            });
                        }
                    }
                    Effect::Copy(text) => self.copied = Some(text),
                    Effect::Redraw => {}
                    Effect::Line(line, _) => self.lines_to_carry_out.push(line),
                    Effect::Complete(line, _) => self.lines_to_complete.push(line),
                    Effect::Quit => self.quit = true,
                }
            }
        }
    }

    pub fn tell(&mut self, told: Told) {
        self.send(Message::Told(told));
    }

    pub fn event(&mut self, event: Event) -> &mut Self {
        self.send(Message::Session(Box::new(event)));
        self
    }

    /// Ready, run, stopped at a line.
    pub fn stopped(&mut self) -> &mut Self {
        self.event(Event::Ready).keys("c");
        let mut stop = stop(StopReason::Breakpoint, 10);
        stop.breakpoints = vec![1];
        self.event(Event::Stopped(stop))
    }

    pub fn output(&mut self, text: &str) -> &mut Self {
        self.event(Event::Output {
            stream: OutputStream::Stdout,
            bytes: text.as_bytes().to_vec(),
        })
    }

    /// Presses keys, given as in the configuration, with spaces between.
    pub fn keys(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            self.send(Message::Key(event(key)));
        }
        self
    }

    /// Types a text.
    pub fn types(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.send(Message::Key(KeyEvent::new(
                KeyCode::Char(c),
                KeyModifiers::empty(),
            )));
        }
        self
    }

    pub fn click(&mut self, x: u16, y: u16) -> &mut Self {
        self.mouse(MouseEventKind::Down(MouseButton::Left), x, y)
    }

    pub fn mouse(&mut self, kind: MouseEventKind, column: u16, row: u16) -> &mut Self {
        self.send(Message::Mouse(MouseEvent {
            kind,
            column,
            row,
            modifiers: KeyModifiers::empty(),
        }));
        self
    }

    pub fn resize(&mut self, width: u16, height: u16) -> &mut Self {
        self.size = Size::new(width, height);
        self.send(Message::Resize(self.size));
        self
    }

    pub fn wait(&mut self, time: Duration) -> &mut Self {
        self.now += time;
        self.send(Message::Tick(self.now));
        self
    }

    pub fn backend(&self) -> TestBackend {
        let mut terminal =
            Terminal::new(TestBackend::new(self.size.width, self.size.height)).unwrap();
        terminal.draw(|frame| view(&self.state, frame)).unwrap();
        terminal.backend().clone()
    }

    /// The screen as text.
    pub fn screen(&self) -> String {
        let backend = self.backend();
        // The test backend cannot write out what has no columns.
        if self.size.width == 0 {
            return String::new();
        }
        backend.to_string()
    }

    /// The screen, on one line for each of its own, without the quotes.
    pub fn lines(&self) -> Vec<String> {
        self.screen()
            .lines()
            .map(|line| line.trim_matches('"').to_owned())
            .collect()
    }

    pub fn sees(&self, text: &str) -> bool {
        self.lines().iter().any(|line| line.contains(text))
    }
}

/// A key as the configuration writes it, as a terminal sends it.
pub fn event(text: &str) -> KeyEvent {
    let mut modifiers = KeyModifiers::empty();
    let mut rest = text;
    for (prefix, modifier) in [
        ("ctrl-", KeyModifiers::CONTROL),
        ("alt-", KeyModifiers::ALT),
        ("shift-", KeyModifiers::SHIFT),
    ] {
        if let Some(after) = rest.strip_prefix(prefix) {
            modifiers |= modifier;
            rest = after;
        }
    }
    let code = match rest {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "backspace" => KeyCode::Backspace,
        "space" => KeyCode::Char(' '),
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "page-up" => KeyCode::PageUp,
        "page-down" => KeyCode::PageDown,
        "delete" => KeyCode::Delete,
        function if function.len() > 1 && function.starts_with('F') => {
            KeyCode::F(function[1..].parse().unwrap())
        }
        c => KeyCode::Char(c.chars().next().unwrap()),
    };
    KeyEvent::new(code, modifiers)
}

/// Any input.
pub fn input(event: Input) -> Option<Message> {
    Some(match event {
        Input::Key(key) => Message::Key(key),
        Input::Mouse(mouse) => Message::Mouse(mouse),
        Input::Paste(text) => Message::Paste(text),
        Input::Resize(width, height) => Message::Resize(Size::new(width, height)),
        _ => return None,
    })
}

/// The event that tells of a call, made by the program's own line 20.
pub fn told(call: HostCall) -> Event {
    Event::HostCall {
        call,
        frames: vec![frame(0, "app::report", Some(20), FrameKind::User)],
    }
}
