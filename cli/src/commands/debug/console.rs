//! Line mode behind the console of the screen: the same commands, with a channel for a terminal.

use super::input::{Input, Last};
use super::interrupt::Presses;
use super::link::{Engine, Happening, Link, Typed};
use super::out::Out;
use super::shell::Shell;
use std::io::{self, Write};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use wasmscope_debugger::protocol::{Event, FrameId, Request};
use wasmscope_debugger::session::Session;
use wasmscope_tui::{CommandLine, Commands, Told};

/// What tells the requests of the console from those of the screen.
const OURS: u64 = 1 << 63;
/// Longer lines are told in pieces.
const LONGEST: usize = 64 << 10;

/// Starts line mode as the console of a screen on the same session.
pub(super) fn start(session: Arc<Session>, name: &str) -> io::Result<Commands> {
    let (tell, told) = channel();
    // Events come from the screen, which has them first.
    let (events, passed_on) = channel();
    let (link, happenings) = Link::new(Box::new(Numbered(session)), passed_on)?;
    let writer = |error| {
        Box::new(Teller {
            to: tell.clone(),
            error,
            line: Vec::new(),
        })
    };
    let out = Out::new(writer(false), writer(true));
    let look = crate::report::Look {
        color: false,
        links: false,
        width: None,
    };
    let link = Arc::new(Mutex::new(link));
    let mut shell = Shell::new(
        link,
        out,
        Input::new(Last::Nothing),
        Presses::default(),
        look,
    );
    shell.name = name.to_owned();
    std::thread::Builder::new()
        .name("console".into())
        .spawn(move || {
            shell.serve(&|told| {
                // A screen that is gone wants no answers.
                let _ = tell.send(told);
            });
        })?;
    Ok(Commands {
        line: Arc::new(Console(Mutex::new((events, happenings)))),
        told,
    })
}

/// The session, with requests that are told from the screen's.
struct Numbered(Arc<Session>);

impl Engine for Numbered {
    fn send(&self, request: Request) {
        let id = request.id | OURS;
        self.0.send(Request { id, ..request });
    }
}

/// What the screen knows of line mode.
struct Console(Mutex<(Sender<Event>, Sender<Happening>)>);

impl Console {
    fn pass_on(&self, event: Event) {
        let to = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = to.0.send(event);
    }

    fn put(&self, typed: Typed) {
        let to = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = to.1.send(Happening::Console(typed));
    }
}

impl CommandLine for Console {
    fn event(&self, event: &Event) -> bool {
        match event {
            Event::Reply { id, result } if id & OURS != 0 => {
                self.pass_on(Event::Reply {
                    id: id & !OURS,
                    result: result.clone(),
                });
                return true;
            }
            // What the screen shows by itself, some of it without end.
            Event::Reply { .. }
            | Event::Progress { .. }
            | Event::Output { .. }
            | Event::OutputLost { .. }
            | Event::InputWanted
            | Event::Log { .. }
            | Event::HostCall { .. } => {}
            event => self.pass_on(event.clone()),
        }
        false
    }

    fn carry_out(&self, line: &str, frame: FrameId) {
        self.put(Typed::Line(line.to_owned(), frame));
    }

    fn complete(&self, line: &str, frame: FrameId) {
        self.put(Typed::Complete(line.to_owned(), frame));
    }
}

/// Tells what is written, by whole lines.
struct Teller {
    to: Sender<Told>,
    error: bool,
    line: Vec<u8>,
}

impl Teller {
    fn tell(&mut self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let _ = self.to.send(match self.error {
            true => Told::Error(text),
            false => Told::Text(text),
        });
    }
}

impl Write for Teller {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        let whole = match self.line.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => end + 1,
            None if self.line.len() > LONGEST => self.line.len(),
            None => return Ok(bytes.len()),
        };
        let rest = self.line.split_off(whole);
        let lines = std::mem::replace(&mut self.line, rest);
        self.tell(&lines);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.line.is_empty() {
            let rest = std::mem::take(&mut self.line);
            self.tell(&rest);
        }
        Ok(())
    }
}
