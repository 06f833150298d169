//! A front end for tests: sends a command, waits for its answer, and keeps everything else that is
//! told meanwhile.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use wasmscope_debugger::protocol::{
    Breakpoint, BreakpointPlace, BreakpointSpec, Command, CommandError, Event, Exit, FrameInfo,
    OutputStream, ReplyBody, Request, Stop, StopReason, ValueFormat, ValueLimits,
};
use wasmscope_debugger::session::{GuestStdio, Session, SessionOptions};
use wasmscope_debugger::values::Value;
use wasmscope_runner::{Options, Program, World};
use wasmscope_test_support::{Build, Target, marked_line, sample};

/// Nothing in these tests takes as long, on however slow a machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// All ways in which samples are built.
pub const BUILDS: [(Build, Target); 4] = [
    (Build::Debug, Target::WasiP1),
    (Build::Debug, Target::WasiP2),
    (Build::ReleaseWithDebug, Target::WasiP1),
    (Build::ReleaseWithDebug, Target::WasiP2),
];

/// The unoptimised ones.
pub const DEBUG: [(Build, Target); 2] = [
    (Build::Debug, Target::WasiP1),
    (Build::Debug, Target::WasiP2),
];

/// A session and what it has told.
pub struct Debug {
    session: Session,
    events: Receiver<Event>,
    /// Told, and not looked at yet.
    told: VecDeque<Event>,
    /// All that the guest wrote.
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    next: u64,
}

impl Debug {
    /// A session with a sample, ready to run.
    pub fn sample(name: &str, (build, target): (Build, Target)) -> Self {
        Self::file(&sample(name, build, target), World::default())
    }

    /// A session with a file.
    pub fn file(path: &Path, world: World) -> Self {
        let program = Program::load(path).expect("the program loads");
        let mut debug = Self::start(program, world);
        debug.wait_for(|event| matches!(event, Event::Ready));
        debug
    }

    /// A session that is just beginning.
    pub fn start(program: Program, world: World) -> Self {
        let (session, events) = Session::start(SessionOptions {
            program,
            world,
            run: Options::default(),
            stdio: GuestStdio {
                feed_input: true,
                capture_output: true,
            },
            debug_file: None,
            maps: Vec::new(),
            built: None,
        });
        Debug {
            session,
            events,
            told: VecDeque::new(),
            stdout: Vec::new(),
            stderr: Vec::new(),
            next: 0,
        }
    }

    /// Ends the session: what is still told.
    pub fn close(self) -> Receiver<Event> {
        self.events
    }

    /// Sends a command, and does not wait for its answer: its number.
    pub fn send(&mut self, command: Command) -> u64 {
        self.next += 1;
        let request = Request {
            id: self.next,
            command,
        };
        // Everything goes over a wire just as well.
        let text = serde_json::to_string(&request).expect("requests are JSON");
        let request: Request = serde_json::from_str(&text).expect("and come back");
        self.session.send(request);
        self.next
    }

    /// The answer to a command.
    pub fn ask(&mut self, command: Command) -> Result<ReplyBody, CommandError> {
        let id = self.send(command);
        self.answer(id)
    }

    /// The answer to the request of this number.
    pub fn answer(&mut self, id: u64) -> Result<ReplyBody, CommandError> {
        let is_it = |event: &Event| matches!(event, Event::Reply { id: of, .. } if *of == id);
        match self.wait_for(is_it) {
            Event::Reply { result, .. } => result,
            other => unreachable!("{other:?}"),
        }
    }

    /// The answer to a command that must succeed.
    #[track_caller]
    pub fn told(&mut self, command: Command) -> ReplyBody {
        match self.ask(command.clone()) {
            Ok(body) => body,
            Err(error) => panic!("{command:?}: {error:?}"),
        }
    }

    /// The first event for which `wanted` holds; those before it are kept.
    #[track_caller]
    pub fn wait_for(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        if let Some(at) = self.told.iter().position(&wanted) {
            return self.told.remove(at).expect("it was just found");
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.events.recv_timeout(left) {
                Ok(event) => {
                    let text = serde_json::to_string(&event).expect("events are JSON");
                    let back: Event = serde_json::from_str(&text).expect("and come back");
                    assert_eq!(back, event, "{text}");
                    if let Event::Output { stream, bytes } = &event {
                        match stream {
                            OutputStream::Stdout => self.stdout.extend(bytes),
                            OutputStream::Stderr => self.stderr.extend(bytes),
                        }
                    }
                    if wanted(&event) {
                        return event;
                    }
                    self.told.push_back(event);
                }
                Err(RecvTimeoutError::Timeout) => panic!("nothing came; before: {:#?}", self.told),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("the session is gone; before: {:#?}", self.told)
                }
            }
        }
    }

    /// Sends a run-control command and waits until the guest stops or ends.
    #[track_caller]
    pub fn go(&mut self, command: Command) -> Came {
        self.told(command);
        self.came()
    }

    /// The next stop or the end.
    #[track_caller]
    pub fn came(&mut self) -> Came {
        let event = self.wait_for(|event| {
            matches!(
                event,
                Event::Stopped(_) | Event::Exited(_) | Event::Failed { .. }
            )
        });
        match event {
            Event::Stopped(stop) => Came::Stopped(Box::new(stop)),
            Event::Exited(exit) => Came::Exited(exit),
            other => panic!("{other:?}"),
        }
    }

    /// Begins anew, and waits until the guest is ready.
    #[track_caller]
    pub fn restart(&mut self) {
        self.told(Command::Restart);
        self.wait_for(|event| matches!(event, Event::Ready));
        self.taken(|event| matches!(event, Event::Exited(Exit::Killed)));
    }

    /// Runs to the next stop.
    #[track_caller]
    pub fn stop(&mut self, command: Command) -> Stop {
        match self.go(command.clone()) {
            Came::Stopped(stop) => *stop,
            Came::Exited(exit) => panic!("{command:?}: it ended: {exit:?}"),
        }
    }

    /// Runs to the end.
    #[track_caller]
    pub fn exit(&mut self, command: Command) -> Exit {
        match self.go(command.clone()) {
            Came::Exited(exit) => exit,
            Came::Stopped(stop) => panic!("{command:?}: it stopped: {stop:#?}"),
        }
    }

    /// Sets a breakpoint.
    #[track_caller]
    pub fn set(&mut self, spec: BreakpointSpec) -> Breakpoint {
        match self.told(Command::SetBreakpoint(spec)) {
            ReplyBody::Breakpoint(breakpoint) => breakpoint,
            other => panic!("{other:?}"),
        }
    }

    /// Sets a plain breakpoint at a marked line of a sample.
    #[track_caller]
    pub fn at(&mut self, sample: &str, mark: &str) -> Breakpoint {
        self.set(BreakpointSpec::new(line(sample, mark)))
    }

    /// The breakpoints as they are.
    #[track_caller]
    pub fn breakpoints(&mut self) -> Vec<Breakpoint> {
        match self.told(Command::Breakpoints) {
            ReplyBody::Breakpoints { breakpoints } => breakpoints,
            other => panic!("{other:?}"),
        }
    }

    /// The whole stack.
    #[track_caller]
    pub fn stack(&mut self) -> Vec<FrameInfo> {
        let command = Command::Stack {
            from: 0,
            count: 10_000,
        };
        match self.told(command) {
            ReplyBody::Stack { frames, .. } => frames,
            other => panic!("{other:?}"),
        }
    }

    /// The value of a variable of a frame, as a summary.
    #[track_caller]
    pub fn variable(&mut self, frame: usize, name: &str) -> Value {
        let command = Command::Variables {
            frame,
            limits: ValueLimits::default(),
        };
        let ReplyBody::Variables {
            variables,
            unavailable,
        } = self.told(command)
        else {
            panic!("no variables");
        };
        let found = variables.iter().find(|it| it.value.name == name);
        match found {
            Some(variable) => variable.value.clone(),
            None => panic!("no `{name}` in {variables:#?} ({unavailable:?})"),
        }
    }

    /// The value of an expression in a frame.
    pub fn evaluate(&mut self, frame: usize, expression: &str) -> Result<Value, CommandError> {
        let body = self.ask(Command::Evaluate {
            expression: expression.into(),
            frame,
            format: ValueFormat::Natural,
            limits: ValueLimits::default(),
        })?;
        match body {
            ReplyBody::Value(value) => Ok(value),
            other => panic!("{other:?}"),
        }
    }

    /// Events of this kind that were told and not looked at.
    pub fn taken(&mut self, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
        let (found, left) = self.told.drain(..).partition(|event| wanted(event));
        self.told = left;
        found.into()
    }
}

/// What a guest that was let go came to.
#[derive(Debug)]
pub enum Came {
    Stopped(Box<Stop>),
    Exited(Exit),
}

/// A marked line of a sample.
pub fn line(sample: &str, mark: &str) -> BreakpointPlace {
    BreakpointPlace::Line {
        file: format!("{sample}.rs"),
        line: marked_line(sample, mark),
        column: None,
    }
}

/// A function.
pub fn function(name: &str) -> BreakpointPlace {
    BreakpointPlace::Function { name: name.into() }
}

/// The line at which a stop is.
#[track_caller]
pub fn line_of(stop: &Stop) -> u32 {
    let place = stop.info.as_ref().and_then(|info| info.place.as_ref());
    place
        .and_then(|place| place.line)
        .unwrap_or_else(|| panic!("no line: {stop:#?}"))
}

/// The function in which a stop is.
pub fn function_of(stop: &Stop) -> &str {
    let info = stop.info.as_ref();
    info.and_then(|info| info.function.as_deref())
        .unwrap_or("?")
}

/// Whether a stop is a breakpoint's.
pub fn is_breakpoint(stop: &Stop) -> bool {
    stop.reason == StopReason::Breakpoint
}
