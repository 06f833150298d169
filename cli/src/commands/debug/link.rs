//! The line to a session: requests go out, answers and other events come in, and so does the
//! user's Ctrl-C. What line mode does with them is not decided here.

use super::out::Progress;
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use wasmscope_debugger::protocol::{
    Command, CommandError, CommandErrorKind, Event, FrameId, ReplyBody, Request,
};
use wasmscope_debugger::session::Session;

/// What line mode needs of a session: a test brings its own.
pub(super) trait Engine: Send {
    /// Sends a request; its answer comes as an event.
    fn send(&self, request: Request);
}

impl Engine for Session {
    fn send(&self, request: Request) {
        Session::send(self, request);
    }
}

/// Something that line mode has to react to.
#[derive(Debug)]
pub(super) enum Happening {
    /// The session tells something.
    Event(Box<Event>),
    /// The user pressed Ctrl-C.
    Interrupt,
    /// The user typed something for the guest; nothing says that it has ended.
    #[cfg_attr(not(unix), expect(dead_code, reason = "the guest reads by itself"))]
    Typed(Vec<u8>),
    /// Something was typed in the console of the screen.
    Console(Typed),
    /// Somebody wants the process to end, with this exit code.
    Terminate(i32),
    /// The session is gone, which only a bug does.
    Gone,
}

/// What was typed in a console.
#[derive(Debug)]
pub(super) enum Typed {
    /// A line to carry out, in a frame.
    Line(String, FrameId),
    /// A line to complete, in a frame.
    Complete(String, FrameId),
}

/// Why something that a user asked for was not done.
#[derive(Debug)]
pub(super) enum Failure {
    /// The session says why.
    Command(CommandError),
    /// Line mode says why.
    Said(String),
    /// The user interrupted it.
    Interrupted,
    /// The process is asked to end, with this exit code.
    Terminated(i32),
    /// The session is gone.
    Gone,
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Failure::Said(text)
    }
}

impl From<&str> for Failure {
    fn from(text: &str) -> Self {
        Failure::Said(text.to_owned())
    }
}

/// The line to a session.
pub(super) struct Link {
    engine: Box<dyn Engine>,
    happenings: Receiver<Happening>,
    /// What came while an answer was waited for.
    held: VecDeque<Happening>,
    last_id: u64,
    /// The frame the user looks at, in which names are completed.
    pub frame: FrameId,
    /// Where it is said what an answer waits for.
    pub progress: Progress,
}

impl Link {
    /// A line to the session that `events` come from, and the sender by which other happenings
    /// are put on the line.
    pub(super) fn new(
        engine: Box<dyn Engine>,
        events: Receiver<Event>,
    ) -> std::io::Result<(Link, Sender<Happening>)> {
        let (sender, happenings) = channel();
        let forward = sender.clone();
        std::thread::Builder::new()
            .name("session events".into())
            .spawn(move || {
                for event in events {
                    if forward.send(Happening::Event(Box::new(event))).is_err() {
                        return;
                    }
                }
                let _ = forward.send(Happening::Gone);
            })?;
        let link = Link {
            engine,
            happenings,
            held: VecDeque::new(),
            last_id: 0,
            frame: 0,
            progress: Progress::default(),
        };
        Ok((link, sender))
    }

    /// Sends a command whose answer nobody waits for.
    pub(super) fn post(&mut self, command: Command) -> u64 {
        self.last_id = self.last_id.wrapping_add(1);
        let id = self.last_id;
        self.engine.send(Request { id, command });
        id
    }

    /// Sends a command and waits for the answer. Ctrl-C ends the waiting; an answer that comes
    /// later is not taken for that of another command.
    pub(super) fn ask(&mut self, command: Command) -> Result<ReplyBody, Failure> {
        self.answer(command, None)
    }

    /// As [`Link::ask`], and waits no longer than this.
    pub(super) fn ask_within(
        &mut self,
        command: Command,
        patience: Duration,
    ) -> Result<ReplyBody, Failure> {
        self.answer(command, Some(patience))
    }

    fn answer(
        &mut self,
        command: Command,
        patience: Option<Duration>,
    ) -> Result<ReplyBody, Failure> {
        let wanted = self.post(command);
        // Who has little patience has a line of its own on the screen.
        let tells = patience.is_none();
        let given_up = patience.map(|patience| Instant::now() + patience);
        loop {
            match self.receive(given_up) {
                None => return Err("the answer takes too long".into()),
                Some(Happening::Event(event)) => match *event {
                    Event::Reply { id, result } if id == wanted => {
                        return result.map_err(Failure::Command);
                    }
                    Event::Reply { .. } => {}
                    Event::Progress { what, done: false } if tells => self.progress.tell(&what),
                    Event::Progress { done: true, .. } if tells => self.progress.end(),
                    other => self.held.push_back(Happening::Event(Box::new(other))),
                },
                Some(typed @ (Happening::Typed(_) | Happening::Console(_))) => {
                    self.held.push_back(typed);
                }
                Some(Happening::Interrupt) => return Err(Failure::Interrupted),
                Some(Happening::Gone) => {
                    self.held.push_back(Happening::Gone);
                    return Err(Failure::Gone);
                }
                Some(Happening::Terminate(code)) => return Err(Failure::Terminated(code)),
            }
        }
    }

    fn receive(&self, until: Option<Instant>) -> Option<Happening> {
        match until {
            None => Some(self.happenings.recv().unwrap_or(Happening::Gone)),
            Some(until) => {
                let left = until.saturating_duration_since(Instant::now());
                match self.happenings.recv_timeout(left) {
                    Ok(happening) => Some(happening),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => Some(Happening::Gone),
                }
            }
        }
    }

    /// The next thing that happens; waits for it.
    pub(super) fn next(&mut self) -> Happening {
        self.held
            .pop_front()
            .or_else(|| self.receive(None))
            .unwrap_or(Happening::Gone)
    }

    /// The next thing that happens, if it does so in time.
    pub(super) fn next_within(&mut self, patience: Duration) -> Option<Happening> {
        self.held
            .pop_front()
            .or_else(|| self.receive(Some(Instant::now() + patience)))
    }

    /// The next thing that has happened already.
    pub(super) fn try_next(&mut self) -> Option<Happening> {
        self.held
            .pop_front()
            .or_else(|| self.happenings.try_recv().ok())
    }
}

/// Whether an error only says that the guest's state does not allow the command.
pub(super) fn is_about_state(error: &CommandError) -> bool {
    matches!(
        error.kind,
        CommandErrorKind::Running | CommandErrorKind::NotRunning
    )
}
