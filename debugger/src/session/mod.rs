//! A guest under the debugger: driven by [`Request`]s, answering with [`Event`]s.
//!
//! [`Session::start`] returns at once; preparing the guest (compiling it, reading its debug info)
//! goes on in the background and is told by events. Nothing a front end calls here blocks.
//!
//! Two threads share the work. The *coordinator* takes requests in their order and answers what needs
//! no guest. The guest's own thread decides at every interruption what it means ([`guest`]), and
//! while the guest is paused, answers what is asked about it ([`look`] and its neighbours).

mod answers;
mod arming;
mod calling;
mod coordinator;
mod events;
mod expressions;
mod failures;
mod guest;
mod listing;
mod look;
mod output;
mod owners;
mod panics;
mod shared;
mod source;
mod statics;
mod wasm_view;
mod watching;

use crate::explain::{ExplainOptions, LocalsMode};
use crate::program::{DebugFile, ProgramSymbols};
use crate::protocol::{Event, Request};
use crate::sources::PathMap;
use coordinator::Coordinator;
use events::Events;
use shared::Message;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::SystemTime;
use wasmscope_runner::debuggee::Debuggee;
use wasmscope_runner::{Options, Program, World};

/// What to debug, and how.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// The program.
    pub program: Program,
    /// What it sees of the world.
    pub world: World,
    /// What to call, and the limits.
    pub run: Options,
    /// Where its standard streams lead.
    pub stdio: GuestStdio,
    /// A file the user names as the program's debug info.
    pub debug_file: Option<Arc<[u8]>>,
    /// Sources that have moved since the program was built.
    pub maps: Vec<PathMap>,
    /// When the program was built, if that is known: sources changed since are pointed out.
    pub built: Option<SystemTime>,
}

impl SessionOptions {
    /// How failures are explained.
    fn explain_options(&self) -> ExplainOptions {
        ExplainOptions {
            program: self.program.path().display().to_string(),
            built: self.built,
            locals: LocalsMode::All,
            full: false,
            host_calls: 0,
            maps: self.maps.clone(),
        }
    }
}

/// Where the guest's standard streams lead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GuestStdio {
    /// Whether standard input is fed by [`crate::protocol::Command::Input`], and is not the
    /// process's own.
    pub feed_input: bool,
    /// Whether standard output and error come as events, and do not go to the process's own.
    pub capture_output: bool,
}

/// A session. Dropping it ends the guest.
#[derive(Debug)]
pub struct Session {
    coordinator: Sender<Message>,
    events: Events,
}

impl Session {
    /// Begins a session. The first events are about preparing the guest; when
    /// [`Event::Ready`] comes it waits for [`crate::protocol::Command::Run`].
    ///
    /// Requests are taken from the beginning on: those that need the program's symbols, or a guest
    /// that is ready, wait for them. Events have to be read: a session whose front end does not read
    /// them waits when a few hundred are waiting.
    pub fn start(options: SessionOptions) -> (Session, Receiver<Event>) {
        let (events, receiver) = Events::new();
        let (sender, inbox) = mpsc::channel();
        prepare(&options, &events, &sender);
        let coordinator = Coordinator::new(options, events.clone(), inbox, sender.clone());
        spawn("session", &events, move || coordinator.run());
        let session = Session {
            coordinator: sender,
            events,
        };
        (session, receiver)
    }

    /// Sends a request. Its answer comes as [`Event::Reply`].
    pub fn send(&self, request: Request) {
        // A coordinator that is gone has told why: it could not be started.
        let _ = self.coordinator.send(Message::Request(request));
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.events.close();
        let _ = self.coordinator.send(Message::Close);
    }
}

/// Compiles the program and opens its debug info, side by side.
fn prepare(options: &SessionOptions, events: &Events, coordinator: &Sender<Message>) {
    for what in ["reading debug info", "compiling"] {
        events.tell(Event::Progress {
            what: what.into(),
            done: false,
        });
    }
    let (program, maps) = (options.program.clone(), options.maps.clone());
    let debug_file = options.debug_file.clone();
    let answer = coordinator.clone();
    spawn("symbols", events, move || {
        let debug_file = debug_file.map(DebugFile::new);
        let opened = ProgramSymbols::open(&program, debug_file.as_ref(), maps);
        let opened = opened.map(Arc::new).map_err(|error| error.to_string());
        let _ = answer.send(Message::Symbols(opened));
    });
    let (program, run) = (options.program.clone(), options.run.clone());
    let answer = coordinator.clone();
    spawn("compiler", events, move || {
        let compiled = Debuggee::compile(&program, &run);
        let _ = answer.send(Message::Compiled(Box::new(compiled)));
    });
}

fn spawn(name: &str, events: &Events, work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().name(name.into()).spawn(work);
    if let Err(error) = thread {
        events.tell(Event::Failed {
            message: format!("no thread can be started: {error}"),
        });
    }
}
