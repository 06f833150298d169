//! Guests in the text format, and a supervisor that is a closure.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use wasmscope_runner::debuggee::{
    CodePlace, Debuggee, End, GuestStdio, Interruption, PausedGuest, Resume, Running, Supervisor,
};
use wasmscope_runner::{Options, Program, World};
use wasmscope_tracer::HostCall;

/// Long enough for anything that happens at all, on a busy machine too.
pub const SOON: Duration = Duration::from_secs(60);

/// Options that leave no traces on this machine.
pub fn options() -> Options {
    Options {
        cache: None,
        ..Options::default()
    }
}

pub fn program(text: &str) -> Program {
    Program::from_bytes(Path::new("test.wat"), text.as_bytes().to_vec()).expect("valid text")
}

pub fn compile(text: &str) -> Debuggee {
    Debuggee::compile(&program(text), &options()).expect("it compiles")
}

/// A supervisor made of closures.
pub struct Closures<F> {
    pub interrupted: F,
    /// The functions whose calls are wanted.
    pub wanted: Vec<&'static str>,
    /// Where finished calls go.
    pub finished: Option<Sender<HostCall>>,
}

impl<F> Supervisor for Closures<F>
where
    F: FnMut(&mut dyn PausedGuest, &Interruption<'_>) -> Resume + Send + 'static,
{
    fn interrupted(&mut self, guest: &mut dyn PausedGuest, why: Interruption<'_>) -> Resume {
        (self.interrupted)(guest, &why)
    }

    fn wants_host_call(&mut self, function: &str) -> bool {
        self.wanted.iter().any(|wanted| function.contains(wanted))
    }

    fn hears_host_calls(&mut self) -> bool {
        self.finished.is_some()
    }

    fn host_call_returned(&mut self, _guest: &mut dyn PausedGuest, call: HostCall) {
        if let Some(finished) = &self.finished {
            finished.send(call).expect("the test listens");
        }
    }
}

pub fn launch<F>(debuggee: &Debuggee, interrupted: F) -> Running
where
    F: FnMut(&mut dyn PausedGuest, &Interruption<'_>) -> Resume + Send + 'static,
{
    launch_with(debuggee, GuestStdio::default(), interrupted)
}

pub fn launch_with<F>(debuggee: &Debuggee, stdio: GuestStdio, interrupted: F) -> Running
where
    F: FnMut(&mut dyn PausedGuest, &Interruption<'_>) -> Resume + Send + 'static,
{
    let supervisor = Closures {
        interrupted,
        wanted: Vec::new(),
        finished: None,
    };
    debuggee
        .launch(&World::default(), stdio, Box::new(supervisor))
        .expect("it starts")
}

/// The exit code of a guest that ended by itself.
pub fn exit_code(end: End) -> i32 {
    match end {
        End::Exited { code, .. } => code,
        other => panic!("expected an exit, got {other:?}"),
    }
}

/// The opcodes of a module's functions, each with the name that the text format gives it.
pub fn opcodes(debuggee: &Debuggee) -> Vec<(CodePlace, String)> {
    let bytes = debuggee.program().bytes();
    let mut found = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(bytes) {
        if let wasmparser::Payload::CodeSectionEntry(body) = payload.expect("valid") {
            let mut reader = body.get_operators_reader().expect("valid");
            while !reader.eof() {
                let pc = reader.original_position() as u64;
                let operator = reader.read().expect("valid");
                let text = format!("{operator:?}");
                let name = text.split([' ', '(', '{']).next().unwrap_or_default();
                found.push((CodePlace { module: 0, pc }, name.to_owned()));
            }
        }
    }
    found
}

/// The places of all opcodes of a name, in order.
pub fn places_of(debuggee: &Debuggee, name: &str) -> Vec<CodePlace> {
    let all = opcodes(debuggee).into_iter();
    all.filter(|(_, found)| found == name)
        .map(|(place, _)| place)
        .collect()
}

/// Two ends of a conversation between a test and the supervisor in the guest's thread: the guest
/// stays stopped until the test answers.
pub fn conversation<T>() -> (Asking<T>, Answering<T>) {
    let (tell, told) = channel();
    let (answer, answered) = channel();
    (Asking { tell, answered }, Answering { told, answer })
}

pub struct Asking<T> {
    tell: Sender<T>,
    answered: Receiver<Resume>,
}

impl<T> Asking<T> {
    /// Tells the test something and waits for its answer; ends the guest if the test is gone.
    pub fn ask(&self, what: T) -> Resume {
        if self.tell.send(what).is_err() {
            return Resume::Kill;
        }
        self.answered.recv().unwrap_or(Resume::Kill)
    }
}

pub struct Answering<T> {
    told: Receiver<T>,
    answer: Sender<Resume>,
}

impl<T> Answering<T> {
    pub fn told(&self) -> T {
        self.told.recv_timeout(SOON).expect("the guest stops")
    }

    pub fn answer(&self, resume: Resume) {
        self.answer.send(resume).expect("the guest waits");
    }
}
