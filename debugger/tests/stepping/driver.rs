//! Drives a session as a front end does: sends a command, and waits for what comes of it.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;
use wasmscope_debugger::protocol::{
    BreakpointPlace, BreakpointSpec, Command, CommandError, Event, Exit, FrameInfo, OutputStream,
    ReplyBody, Request, Stop,
};
use wasmscope_debugger::session::{GuestStdio, Session, SessionOptions};
use wasmscope_runner::{Options, Program, World};
use wasmscope_test_support::target_dir;

/// How long anything may take before the test fails: compiling on a busy machine is the longest.
const PATIENCE: Duration = Duration::from_secs(180);

/// A session with its events.
pub struct Driver {
    session: Session,
    events: Receiver<Event>,
    next: u64,
    /// Stops and ends that nobody has asked for yet.
    waiting: Vec<Outcome>,
    /// What the guest wrote to its standard output.
    pub stdout: Vec<u8>,
    /// What the guest wrote to its standard error.
    pub stderr: Vec<u8>,
    /// How many times the guest began to run.
    pub runs: usize,
}

/// What came of letting the guest run.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Stopped(Box<Stop>),
    Exited(Exit),
}

impl Driver {
    /// A session on a sample, ready to run.
    pub fn new(wasm: &Path, args: &[&str]) -> Driver {
        let options = SessionOptions {
            program: Program::load(wasm).expect("the sample loads"),
            world: World {
                args: args.iter().map(|arg| (*arg).to_owned()).collect(),
                ..World::default()
            },
            run: Options {
                // Samples are stepped through again and again.
                cache: Some(target_dir().join("debuggees/compiled")),
                ..Options::default()
            },
            stdio: GuestStdio {
                feed_input: true,
                capture_output: true,
            },
            debug_file: None,
            maps: Vec::new(),
            built: None,
        };
        let (session, events) = Session::start(options);
        let mut driver = Driver {
            session,
            events,
            next: 1,
            waiting: Vec::new(),
            stdout: Vec::new(),
            stderr: Vec::new(),
            runs: 0,
        };
        driver.until(|event| matches!(event, Event::Ready).then_some(()));
        driver
    }

    /// Sends a command and waits for its reply.
    pub fn ask(&mut self, command: Command) -> Result<ReplyBody, CommandError> {
        let id = self.next;
        self.next += 1;
        self.session.send(Request { id, command });
        self.until(|event| match event {
            Event::Reply { id: of, result } if *of == id => Some(result.clone()),
            _ => None,
        })
    }

    /// Lets the guest run and waits for it to stop or end.
    pub fn go(&mut self, command: Command) -> Outcome {
        let what = format!("{command:?}");
        match self.try_to_go(command) {
            Ok(outcome) => outcome,
            Err(error) => panic!("{what}: {error}"),
        }
    }

    /// As [`Driver::go`], for a command that may be refused.
    pub fn try_to_go(&mut self, command: Command) -> Result<Outcome, CommandError> {
        self.ask(command)?;
        while self.waiting.is_empty() {
            let event = self.event();
            self.take(&event);
        }
        Ok(self.waiting.remove(0))
    }

    /// Lets the guest run, and expects it to stop.
    pub fn stop(&mut self, command: Command) -> Stop {
        let what = format!("{command:?}");
        match self.go(command) {
            Outcome::Stopped(stop) => *stop,
            Outcome::Exited(exit) => panic!("{what}: the guest ended: {exit:?}"),
        }
    }

    /// Sets a breakpoint that goes away when it was hit.
    pub fn break_once(&mut self, place: BreakpointPlace) {
        let spec = BreakpointSpec {
            temporary: true,
            ..BreakpointSpec::new(place)
        };
        match self.ask(Command::SetBreakpoint(spec)) {
            Ok(ReplyBody::Breakpoint(breakpoint)) => {
                assert!(!breakpoint.locations.is_empty(), "{breakpoint:?}");
            }
            other => panic!("a breakpoint was to be set: {other:?}"),
        }
    }

    /// How many breakpoints wait to be hit once.
    pub fn temporary_breakpoints(&mut self) -> usize {
        match self.ask(Command::Breakpoints) {
            Ok(ReplyBody::Breakpoints { breakpoints }) => {
                let temporary = breakpoints.iter().filter(|it| it.spec.temporary);
                temporary.count()
            }
            other => panic!("breakpoints were due: {other:?}"),
        }
    }

    /// The stack.
    pub fn stack(&mut self) -> Vec<FrameInfo> {
        let (from, count) = (0, 1000);
        match self.ask(Command::Stack { from, count }) {
            Ok(ReplyBody::Stack { frames, .. }) => frames,
            other => panic!("a stack was due: {other:?}"),
        }
    }

    /// Takes events until one is what is waited for.
    fn until<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>) -> T {
        loop {
            let event = self.event();
            if let Some(found) = wanted(&event) {
                return found;
            }
            self.take(&event);
        }
    }

    fn event(&mut self) -> Event {
        match self.events.recv_timeout(PATIENCE) {
            Ok(Event::Failed { message }) => panic!("the guest cannot be prepared: {message}"),
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => panic!("nothing happened for {PATIENCE:?}"),
            Err(RecvTimeoutError::Disconnected) => panic!("the session is gone"),
        }
    }

    fn take(&mut self, event: &Event) {
        match event {
            Event::Output { stream, bytes } => match stream {
                OutputStream::Stdout => self.stdout.extend(bytes),
                OutputStream::Stderr => self.stderr.extend(bytes),
            },
            Event::OutputLost { bytes } => panic!("{bytes} bytes of output were lost"),
            Event::Running => self.runs += 1,
            Event::Stopped(stop) => self.waiting.push(Outcome::Stopped(Box::new(stop.clone()))),
            Event::Exited(exit) => self.waiting.push(Outcome::Exited(exit.clone())),
            _ => {}
        }
    }
}
