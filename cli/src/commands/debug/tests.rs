//! Line mode against a session that is written by hand: what is asked of it, and what is said.

use super::input::{Input, Last};
use super::interrupt::Presses;
use super::link::{Engine, Link};
use super::out::Out;
use super::shell::Shell;
use std::io::{self, Write};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use wasmscope_debugger::explain::{FrameKind, Place, Variable, VariableKind};
use wasmscope_debugger::protocol::*;
use wasmscope_debugger::values::Value;

/// Answers requests by a function; remembers them.
struct Fake {
    events: Sender<Event>,
    asked: Arc<Mutex<Vec<Command>>>,
    answer: Mutex<Box<Answer>>,
}

/// The answer to a command, and what happens besides.
type Answer = dyn FnMut(&Command) -> (Result<ReplyBody, CommandError>, Vec<Event>) + Send;

impl Engine for Fake {
    fn send(&self, request: Request) {
        let (result, events) = (self.answer.lock().expect("unpoisoned"))(&request.command);
        self.asked.lock().expect("unpoisoned").push(request.command);
        let reply = Event::Reply {
            id: request.id,
            result,
        };
        for event in std::iter::once(reply).chain(events) {
            let _ = self.events.send(event);
        }
    }
}

/// Bytes that a test reads.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("unpoisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Played {
    text: String,
    asked: Vec<Command>,
    code: i32,
}

/// Plays a script against `answer`.
fn play(
    script: &str,
    answer: impl FnMut(&Command) -> (Result<ReplyBody, CommandError>, Vec<Event>) + Send + 'static,
) -> Played {
    let (events, receiver) = channel();
    let asked = Arc::default();
    let fake = Fake {
        events: events.clone(),
        asked: Arc::clone(&asked),
        answer: Mutex::new(Box::new(answer)),
    };
    events.send(Event::Ready).expect("somebody listens");
    let (link, _happenings) = Link::new(Box::new(fake), receiver).expect("a thread");
    let page = Page::default();
    let out = Out::new(Box::new(page.clone()), Box::new(page.clone()));
    let mut input = Input::new(Last::Nothing);
    input.push_first("script", script);
    let look = crate::report::Look {
        color: false,
        links: false,
        width: None,
    };
    let link = Arc::new(Mutex::new(link));
    let mut shell = Shell::new(link, out, input, Presses::default(), look);
    let code = shell.run();
    let text = String::from_utf8(page.0.lock().expect("unpoisoned").clone()).expect("UTF-8");
    let asked = asked.lock().expect("unpoisoned").clone();
    Played { text, asked, code }
}

fn frame(id: usize, function: &str, line: u32) -> FrameInfo {
    FrameInfo {
        id,
        function: Some(function.into()),
        place: Some(Place {
            file: "src/main.rs".into(),
            path: None,
            line: Some(line),
            column: Some(5),
        }),
        inlined: false,
        kind: FrameKind::User,
        module: 0,
        wasm_function: 7,
        wasm_frame: id,
        pc: 0x100 + u64::from(line),
    }
}

fn stop(reason: StopReason, function: &str, line: u32, breakpoints: &[u32]) -> Event {
    Event::Stopped(Stop {
        reason,
        breakpoints: breakpoints.to_vec(),
        frame: 0,
        info: Some(frame(0, function, line)),
        resumable: true,
        notes: Vec::new(),
    })
}

fn variable(name: &str, kind: VariableKind, value: Result<&str, &str>) -> Variable {
    Variable {
        kind,
        value: Value {
            name: name.into(),
            type_name: "T".into(),
            summary: value.ok().map(str::to_owned),
            unavailable: value.err().map(str::to_owned),
            ..Value::default()
        },
    }
}

/// A program of a few lines: `main` calls `work`, which panics when it is let go on.
fn program(command: &Command) -> (Result<ReplyBody, CommandError>, Vec<Event>) {
    let done = Ok(ReplyBody::Done);
    let none = Vec::new;
    match command {
        Command::Run => (
            done,
            vec![
                Event::Running,
                stop(StopReason::Breakpoint, "app::work", 12, &[1]),
            ],
        ),
        Command::Next { .. } => (done, vec![stop(StopReason::Step, "app::work", 13, &[])]),
        Command::Finish { .. } => {
            let value = Value {
                type_name: "u32".into(),
                summary: Some("7".into()),
                ..Value::default()
            };
            let reason = StopReason::Finished {
                function: Some("app::work".into()),
                value: Some(value),
            };
            (done, vec![stop(reason, "app::main", 20, &[])])
        }
        Command::Continue => (
            done,
            vec![Event::Exited(Exit::Code {
                code: 3,
                results: vec![],
            })],
        ),
        Command::Kill => (done, vec![Event::Exited(Exit::Killed)]),
        Command::Restart => (done, vec![Event::Exited(Exit::Killed), Event::Ready]),
        Command::SetBreakpoint(spec) => {
            let location = |function: &str| BreakpointLocation {
                module: 0,
                pc: 0x10c,
                function: Some(function.into()),
                place: frame(0, "", 12).place,
                inlined: false,
            };
            let found =
                !matches!(&spec.place, BreakpointPlace::Function { name } if name == "wrok");
            let breakpoint = Breakpoint {
                id: 1,
                spec: spec.clone(),
                locations: if found {
                    vec![location("app::work")]
                } else {
                    vec![]
                },
                truncated: false,
                hits: 0,
                notes: vec![],
                suggestions: if found {
                    vec![]
                } else {
                    vec!["app::work".into()]
                },
            };
            (Ok(ReplyBody::Breakpoint(breakpoint)), none())
        }
        Command::Variables { .. } => {
            let variables = vec![
                variable("n", VariableKind::Argument, Ok("7")),
                variable("total", VariableKind::Local, Ok("\"\\u{1b}\"")),
                variable("gone", VariableKind::Local, Err("optimised out")),
            ];
            (
                Ok(ReplyBody::Variables {
                    variables,
                    unavailable: None,
                }),
                none(),
            )
        }
        Command::Source { line, after, .. } => {
            let first_line = line.unwrap_or(12);
            let source = SourceLines {
                file: "src/main.rs".into(),
                path: "/app/src/main.rs".into(),
                first_line,
                lines: (first_line..=first_line + after)
                    .map(|n| format!("    line {n};"))
                    .collect(),
                total: 40,
                current: Some(12),
                with_code: vec![12],
                changed: false,
            };
            (Ok(ReplyBody::Source(source)), none())
        }
        Command::Evaluate { expression, .. } if expression.contains('?') => {
            let error = CommandError {
                position: Some(2),
                ..CommandError::new(CommandErrorKind::Invalid, "`?` is not understood")
            };
            (Err(error), none())
        }
        Command::Evaluate { expression, .. } => {
            let value = Value {
                summary: Some(format!("<{expression}>")),
                ..Value::default()
            };
            (Ok(ReplyBody::Value(value)), none())
        }
        Command::Stack { from, count } => {
            let all = [frame(0, "app::work", 12), frame(1, "app::main", 20)];
            let frames = all.into_iter().skip(*from).take(*count).collect();
            (
                Ok(ReplyBody::Stack {
                    frames,
                    total: None,
                }),
                none(),
            )
        }
        _ => (done, none()),
    }
}

#[test]
fn a_session_reads_like_one() {
    let script = "\
b work if n > 3
run
next
bt
p n + 1
locals
finish
c";
    let played = play(script, program);
    insta::assert_snapshot!(played.text, @r#"
    Breakpoint 1 at src/main.rs:12:5 in app::work
    Breakpoint 1, app::work (n=7) at src/main.rs:12:5
    12 ┃     line 12;
    13 ┃     line 13;
    ▶ 0  app::work  src/main.rs:12:5
      1  app::main  src/main.rs:20:5
    <n + 1>
    total = "\u{1b}"
    gone: unavailable, optimised out
    Returned from app::work: u32 = 7
    app::main (n=7) at src/main.rs:20:5
    20 ┃     line 20;
    Program exited with code 3.
    "#);
    assert_eq!(played.code, 3);
    assert!(played.asked.contains(&Command::Next { count: 1 }));
}

#[test]
fn mistakes_are_told_with_their_place() {
    let cases = [
        (
            "\n\nbrek",
            "error: script:3: no such command `brek`: did you mean `break`?\n",
        ),
        (
            "next",
            "error: script:1: the program has not been started: `run` starts it, `start` stops it in main\n",
        ),
        (
            "run\np a ? b",
            "error: script:2: `?` is not understood\n  a ? b\n    ^\n",
        ),
        (
            "run\nnext 0",
            "error: script:2: a count from 1 to 4294967295 is expected\n",
        ),
        (
            "delete 9",
            "error: script:1: there is no breakpoint 9: `breakpoints` lists them\n",
        ),
        (
            "set prin elements 3",
            "no such setting `prin elements 3`: did you mean `print elements`?",
        ),
        ("input x", "`wasmscope debug --feed` makes it so"),
        ("on 3", "there is no breakpoint 3"),
        ("b work\non 1", "the commands have no `end`"),
        ("source nowhere.txt", "nowhere.txt: cannot be read"),
        ("x/3z 0", "neither a format"),
        ("info nonsense", "no such thing to tell about `nonsense`"),
    ];
    for (script, expected) in cases {
        let script = match script.starts_with("x/") {
            true => format!("run\n{script}"),
            false => script.to_owned(),
        };
        let played = play(&script, program);
        assert!(
            played.text.ends_with(expected) || played.text.contains(expected.trim_end()),
            "{script}:\n{}",
            played.text
        );
        assert_eq!(played.code, crate::exit::COMMAND_FAILED, "{script}");
    }
}

#[test]
fn the_code_says_how_a_script_came_out() {
    for (script, code) in [
        ("run\ncontinue", 3),
        ("run", 124),
        ("run\nkill", 124),
        ("run\nquit 9", 9),
        ("run\nquit", 124),
        ("", 124),
        ("run\nc\nrun\nc", 3),
        ("run\nnonsense\nc", 123),
    ] {
        assert_eq!(play(script, program).code, code, "{script}");
    }
}

#[test]
fn a_breakpoint_that_matches_nothing_says_so() {
    let played = play("b wrok", program);
    assert_eq!(
        played.text,
        "Breakpoint 1 at wrok matches nothing yet\n  did you mean app::work?\n"
    );
}

#[test]
fn commands_at_a_stop_are_carried_out() {
    let script = "b work\non 1 echo here; p n; c\nrun";
    let played = play(script, program);
    assert!(
        played
            .text
            .contains("here\n<n>\nProgram exited with code 3.\n"),
        "{}",
        played.text
    );
    let block = "b work\non\n  echo here\n  c\nend\nrun";
    assert!(play(block, program).text.contains("here\nProgram exited"));
}

#[test]
fn displays_are_shown_at_every_stop() {
    let played = play("display n\ndisplay/x m\nrun\nundisplay 1\nnext", program);
    let shown = played
        .text
        .lines()
        .filter(|line| line.contains(": "))
        .collect::<Vec<_>>();
    assert_eq!(shown, ["1: n = <n>", "2: m = <m>", "2: m = <m>"]);
}

/// A million stops that each go on by themselves nest nothing.
#[test]
fn stops_that_go_on_by_themselves_nest_nothing() {
    let mut left = 20_000;
    let played = play("b work\non 1 c\nrun", move |command| match command {
        Command::Continue if left > 0 => {
            left -= 1;
            let again = stop(StopReason::Breakpoint, "app::work", 12, &[1]);
            (Ok(ReplyBody::Done), vec![again])
        }
        other => program(other),
    });
    assert_eq!(played.code, 3);
}
