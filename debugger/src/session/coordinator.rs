//! The thread that takes requests, one after the other and in their order, and never waits for the
//! guest: it answers what can be answered without one, hands the rest to the guest's thread while
//! that is paused, and refuses what makes no sense as things stand.

use super::answers::{self, refused};
use super::arming::Arming;
use super::events::Events;
use super::guest::{GuestHalf, Launch};
use super::output::Output;
use super::shared::{
    Behaviour, FromGuest, Message, Shared, ToGuest, exit_of, invalid, not_found, not_running,
    unavailable,
};
use super::{SessionOptions, panics, source};
use crate::breakpoints::{Prepared, Ready};
use crate::explain::{Report, explain_with};
use crate::program::ProgramSymbols;
use crate::protocol::{
    Breakpoint, BreakpointChange, BreakpointId, BreakpointPlace, BreakpointSpec, Command,
    CommandError, Event, Exit, ReplyBody, Request, Status, Stop,
};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, Sender};
use wasmscope_runner::debuggee::{
    CodePlace, Control, Debuggee, End, FeedError, GuestStdio, InputFeed, fed_input,
};

/// Requests that may wait for something; a front end that sends more is told so.
const MAX_QUEUED: usize = 100_000;

/// How things stand.
enum State {
    /// The program is being compiled, or launched.
    Preparing,
    Failed(String),
    Ready,
    Running,
    Stopped(Box<Stop>),
    /// The guest was told to end and has not yet.
    Ending,
    Exited(Exit),
}

/// What becomes of a request.
#[expect(clippy::large_enum_variant, reason = "there is one for each request")]
enum Handled {
    /// This is the answer.
    Answer(Result<ReplyBody, CommandError>),
    /// The guest's thread answers it.
    Delegated,
    /// It cannot be answered yet.
    Wait,
    /// It will be answered when what it began has come to its end, and before all others.
    Later,
}

/// The guest that was launched last.
struct Guest {
    inbox: Sender<ToGuest>,
    control: Control,
    input: Option<InputFeed>,
    output: Option<Arc<Output>>,
}

/// The coordinator.
pub(super) struct Coordinator {
    options: SessionOptions,
    events: Events,
    inbox: Receiver<Message>,
    own: Sender<Message>,
    state: State,
    shared: Option<Arc<Shared>>,
    debuggee: Option<Debuggee>,
    panic_places: Arc<[CodePlace]>,
    guest: Option<Guest>,
    /// Number of the launch; messages of earlier ones are stale.
    launch: u64,
    /// The request by which the guest is to begin anew when it has ended.
    restart: Option<u64>,
    report: Option<Box<Report>>,
    queue: VecDeque<Request>,
    /// The request that the guest's thread is answering.
    delegated: Option<u64>,
}

impl Coordinator {
    pub fn new(
        options: SessionOptions,
        events: Events,
        inbox: Receiver<Message>,
        own: Sender<Message>,
    ) -> Self {
        Coordinator {
            options,
            events,
            inbox,
            own,
            state: State::Preparing,
            shared: None,
            debuggee: None,
            panic_places: Arc::new([]),
            guest: None,
            launch: 0,
            restart: None,
            report: None,
            queue: VecDeque::new(),
            delegated: None,
        }
    }

    /// Takes messages until the front end is gone.
    pub fn run(mut self) {
        while let Ok(message) = self.inbox.recv() {
            match message {
                Message::Close => break,
                Message::Request(request) => self.enqueue(request),
                Message::Symbols(symbols) => self.symbols_opened(symbols),
                Message::Compiled(result) => self.compiled(*result),
                Message::Guest(launch, message) if launch == self.launch => self.heard(message),
                Message::Guest(..) => {}
            }
            self.work();
        }
        if let Some(guest) = &self.guest {
            guest.control.kill();
        }
    }

    fn enqueue(&mut self, request: Request) {
        if self.queue.len() >= MAX_QUEUED {
            let error = unavailable(format!("{MAX_QUEUED} requests wait already"));
            self.reply(request.id, Err(error));
        } else {
            self.queue.push_back(request);
        }
    }

    /// Answers requests in their order, as far as that can be done now.
    fn work(&mut self) {
        while self.delegated.is_none() && self.restart.is_none() {
            let Some(request) = self.queue.pop_front() else {
                return;
            };
            match self.handle(&request) {
                Handled::Answer(result) => self.reply(request.id, result),
                Handled::Wait => {
                    self.queue.push_front(request);
                    return;
                }
                Handled::Later => return,
                Handled::Delegated => {
                    let id = request.id;
                    let sent = self
                        .guest
                        .as_ref()
                        .is_some_and(|guest| guest.inbox.send(ToGuest::Do(request)).is_ok());
                    match sent {
                        true => self.delegated = Some(id),
                        false => self.reply(id, Err(not_running("the guest has ended"))),
                    }
                }
            }
        }
    }

    fn reply(&self, id: u64, result: Result<ReplyBody, CommandError>) {
        self.events.tell(Event::Reply { id, result });
    }

    fn symbols_opened(&mut self, symbols: Result<Arc<ProgramSymbols>, String>) {
        self.events.tell(Event::Progress {
            what: "reading debug info".into(),
            done: true,
        });
        match symbols {
            Ok(program) => {
                self.panic_places = panics::places(&program);
                self.shared = Some(Arc::new(Shared::new(
                    program,
                    self.events.clone(),
                    Behaviour::default(),
                    self.options.explain_options(),
                )));
                self.launch_if_ready();
            }
            Err(message) => self.fail(message),
        }
    }

    fn compiled(&mut self, result: Result<Debuggee, wasmscope_runner::RunError>) {
        self.events.tell(Event::Progress {
            what: "compiling".into(),
            done: true,
        });
        match result {
            Ok(debuggee) => {
                self.debuggee = Some(debuggee);
                self.launch_if_ready();
            }
            Err(error) => self.fail(error.to_string()),
        }
    }

    fn fail(&mut self, message: String) {
        if matches!(self.state, State::Failed(_)) {
            return;
        }
        self.state = State::Failed(message.clone());
        self.events.tell(Event::Failed { message });
    }

    /// Launches the guest when everything it needs is there. It then waits to be started.
    fn launch_if_ready(&mut self) {
        let (Some(debuggee), Some(shared), State::Preparing) =
            (&self.debuggee, &self.shared, &self.state)
        else {
            return;
        };
        self.launch = self.launch.wrapping_add(1);
        let (mut stdio, mut input, mut output) = (GuestStdio::default(), None, None);
        if self.options.stdio.feed_input {
            let (feed, fed) = fed_input();
            let events = self.events.clone();
            feed.when_wanted(move || events.tell(Event::InputWanted));
            let is_terminal = self.options.run.fed_input_is_terminal;
            stdio.input = Some(fed.as_terminal(is_terminal));
            input = Some(feed);
        }
        if self.options.stdio.capture_output {
            let (captured, told) = Output::new(self.events.clone());
            stdio.output = Some(captured);
            output = Some(told);
        }
        let (inbox, commands) = mpsc::channel();
        let flush = output.clone();
        let supervisor = GuestHalf::new(Launch {
            number: self.launch,
            shared: Arc::clone(shared),
            inbox: commands,
            coordinator: self.own.clone(),
            arming: Arming::default(),
            panic_places: Arc::clone(&self.panic_places),
            flush: Box::new(move || {
                if let Some(output) = &flush {
                    output.flush();
                }
            }),
            max_wasm_stack: debuggee.max_wasm_stack(),
        });
        let launched = debuggee.launch(&self.options.world, stdio, Box::new(supervisor));
        let running = match launched {
            Ok(running) => running,
            Err(error) => return self.fail(error.to_string()),
        };
        self.guest = Some(Guest {
            inbox,
            control: running.control(),
            input,
            output,
        });
        let (launch, coordinator) = (self.launch, self.own.clone());
        let waiter = std::thread::Builder::new().name("guest's end".into());
        let waiter = waiter.spawn(move || {
            let end = Box::new(running.wait());
            // A coordinator that is gone does not want to know.
            let _ = coordinator.send(Message::Guest(launch, FromGuest::Ended(end)));
        });
        if let Err(error) = waiter {
            self.fail(format!("no thread can be started: {error}"));
        }
    }

    fn heard(&mut self, message: FromGuest) {
        match message {
            FromGuest::Ready => self.state = State::Ready,
            FromGuest::Running => self.state = State::Running,
            FromGuest::Stopped(stop) => self.state = State::Stopped(stop),
            FromGuest::Answered => self.delegated = None,
            FromGuest::Failed { report } => self.report = Some(report),
            FromGuest::Ended(end) => self.ended(*end),
        }
    }

    fn ended(&mut self, end: End) {
        if let Some(id) = self.delegated.take() {
            self.reply(id, Err(not_running("the guest has ended")));
        }
        let output = self.guest.take().and_then(|guest| guest.output);
        if let Some(output) = output {
            output.flush();
        }
        self.end_watches();
        let never_ran = matches!(self.state, State::Ready | State::Preparing);
        if let (End::Failed(failure), None, Some(shared)) = (&end, &self.report, &self.shared) {
            let program = &shared.program;
            let report = explain_with(
                failure,
                program.modules(),
                &shared.explain,
                program.sources(),
            );
            self.report = Some(Box::new(report));
        }
        if let End::NotRun(error) = &end
            && self.restart.is_none()
        {
            return self.fail(error.to_string());
        }
        let exit = exit_of(&end, self.report.as_deref()).unwrap_or(Exit::Killed);
        if !(self.restart.is_some() && never_ran) {
            self.events.tell(Event::Exited(exit.clone()));
        }
        self.state = State::Exited(exit);
        if let Some(request) = self.restart.take() {
            self.reply(request, Ok(ReplyBody::Done));
            self.launch_anew();
        }
    }

    /// Watched values end with the guest that holds them.
    fn end_watches(&self) {
        let Some(shared) = &self.shared else {
            return;
        };
        let mut breakpoints = shared.breakpoints();
        let is_watch = |told: &Breakpoint| matches!(told.spec.place, BreakpointPlace::Watch { .. });
        let watches: Vec<_> = breakpoints.all().into_iter().filter(is_watch).collect();
        for watch in watches {
            if let Ok(breakpoint) = breakpoints.delete(watch.id) {
                let gone = true;
                self.events
                    .tell(Event::BreakpointChanged { breakpoint, gone });
            }
        }
    }

    fn launch_anew(&mut self) {
        self.report = None;
        if let Some(shared) = &self.shared {
            shared.breakpoints().restart();
            shared.pause.store(false, Ordering::SeqCst);
        }
        self.state = State::Preparing;
        self.launch_if_ready();
    }

    fn handle(&mut self, request: &Request) -> Handled {
        use Handled::{Answer, Wait};
        match &request.command {
            Command::Status => return Answer(Ok(ReplyBody::Status(self.status()))),
            Command::Report => return Answer(self.report()),
            Command::Input { bytes } => return self.input(Some(bytes)),
            Command::EndInput => return self.input(None),
            command if is_run_control(command) => return self.run_control(request.id, command),
            _ => {}
        }
        let Some(shared) = self.shared.clone() else {
            return match &self.state {
                State::Failed(message) => Answer(Err(not_running(message.clone()))),
                _ => Wait,
            };
        };
        let at = match &self.state {
            State::Stopped(stop) => stop.info.as_ref().and_then(|info| info.place.as_ref()),
            _ => None,
        };
        if let Some(answer) = answers::answer(&shared, &request.command, at) {
            return Answer(answer);
        }
        match &request.command {
            Command::Configure(settings) => {
                shared.configure(settings);
                self.rearm();
                Answer(Ok(ReplyBody::Done))
            }
            Command::SetBreakpoint(spec)
                if !matches!(spec.place, BreakpointPlace::Watch { .. }) =>
            {
                Answer(self.set(&shared, spec.clone()))
            }
            Command::ChangeBreakpoint { id, change } => Answer(self.change(&shared, *id, change)),
            Command::DeleteBreakpoint { id } => {
                let deleted = shared.breakpoints().delete(*id);
                self.rearm();
                Answer(deleted.map(ReplyBody::Breakpoint))
            }
            Command::Source {
                file: None,
                line,
                before,
                after,
                ..
            } if !matches!(self.state, State::Stopped(_) | State::Running) => Answer(
                source::of_main(&shared.program, &shared.explain, *line, *before, *after),
            ),
            Command::Complete { .. } if !matches!(self.state, State::Stopped(_)) => {
                Answer(Ok(ReplyBody::Completions { words: Vec::new() }))
            }
            _ => self.needs_pause("look at it"),
        }
    }

    /// A request for a paused guest.
    fn needs_pause(&self, what: &str) -> Handled {
        use Handled::{Answer, Delegated, Wait};
        match &self.state {
            State::Stopped(_) => Delegated,
            State::Running => Answer(Err(refused(what))),
            State::Preparing | State::Ending => Wait,
            State::Ready => Answer(Err(not_running(
                "the guest has not been started: `run` starts it",
            ))),
            State::Failed(message) => Answer(Err(not_running(message.clone()))),
            State::Exited(_) => Answer(Err(not_running(
                "the guest has ended: `restart` begins anew",
            ))),
        }
    }

    fn run_control(&mut self, id: u64, command: &Command) -> Handled {
        use Handled::{Answer, Delegated, Wait};
        match (command, &self.state) {
            (_, State::Ending) => Wait,
            (_, State::Failed(message)) => Answer(Err(not_running(message.clone()))),
            (Command::Run | Command::Restart | Command::Kill, State::Preparing) => Wait,
            (Command::Run, State::Ready) => Delegated,
            (Command::Run, State::Running | State::Stopped(_)) => Answer(Err(invalid(
                "the guest has been started already: `restart` begins anew",
            ))),
            (Command::Run, State::Exited(_)) => Answer(Err(not_running(
                "the guest has ended: `restart` begins anew",
            ))),
            (Command::Pause, State::Running) => {
                if let (Some(shared), Some(guest)) = (&self.shared, &self.guest) {
                    shared.pause.store(true, Ordering::SeqCst);
                    guest.control.interrupt();
                }
                Answer(Ok(ReplyBody::Done))
            }
            // It has stopped in the meantime, for another reason.
            (Command::Pause, State::Stopped(_)) => Answer(Ok(ReplyBody::Done)),
            (Command::Kill, State::Exited(_)) => {
                Answer(Err(not_running("there is no guest: it has ended already")))
            }
            (Command::Kill, _) => {
                self.kill();
                Answer(Ok(ReplyBody::Done))
            }
            (Command::Restart, State::Exited(_)) => {
                self.launch_anew();
                Answer(Ok(ReplyBody::Done))
            }
            (Command::Restart, _) => {
                if let Some(shared) = &self.shared {
                    shared.breakpoints().restart();
                }
                let ready = matches!(self.state, State::Ready);
                self.kill();
                if ready {
                    // Nothing of it has run, so that its end is not worth telling.
                    self.state = State::Preparing;
                }
                self.restart = Some(id);
                Handled::Later
            }
            (_, State::Running) => Answer(Err(refused("let it go on in another way"))),
            _ => self.needs_pause("let it go on in another way"),
        }
    }

    fn kill(&mut self) {
        if let Some(guest) = &self.guest {
            guest.control.kill();
            // One that is not waiting does not hear it, and need not.
            let _ = guest.inbox.send(ToGuest::Kill);
        }
        self.state = State::Ending;
    }

    fn status(&self) -> Status {
        match &self.state {
            State::Preparing => Status::Preparing,
            State::Failed(message) => Status::Failed {
                message: message.clone(),
            },
            State::Ready => Status::Ready,
            State::Running | State::Ending => Status::Running {
                host_call: self
                    .guest
                    .as_ref()
                    .and_then(|guest| guest.control.host_call()),
            },
            State::Stopped(stop) => Status::Stopped((**stop).clone()),
            State::Exited(exit) => Status::Exited(exit.clone()),
        }
    }

    fn report(&self) -> Result<ReplyBody, CommandError> {
        match &self.report {
            Some(report) => Ok(ReplyBody::Report(report.clone())),
            None => Err(not_found("the guest has not failed: there is no report")),
        }
    }

    fn input(&self, bytes: Option<&[u8]>) -> Handled {
        use Handled::{Answer, Wait};
        if !self.options.stdio.feed_input {
            return Answer(Err(invalid(
                "the guest's standard input is this process's own: the session does not feed it",
            )));
        }
        let feed = self.guest.as_ref().and_then(|guest| guest.input.as_ref());
        let Some(feed) = feed else {
            return match &self.state {
                State::Preparing => Wait,
                _ => Answer(Err(not_running("there is no guest to feed"))),
            };
        };
        let fed = match bytes {
            Some(bytes) => feed.feed(bytes),
            None => {
                feed.close();
                Ok(())
            }
        };
        Answer(match fed {
            Ok(()) => Ok(ReplyBody::Done),
            Err(error @ FeedError::Closed) => Err(invalid(error.to_string())),
            Err(error) => Err(unavailable(error)),
        })
    }

    fn set(&mut self, shared: &Shared, spec: BreakpointSpec) -> Result<ReplyBody, CommandError> {
        let prepared = Prepared::new(&shared.program, spec)?;
        let set = shared.breakpoints().set(prepared)?;
        self.rearm();
        Ok(ReplyBody::Breakpoint(set))
    }

    fn change(
        &mut self,
        shared: &Shared,
        id: BreakpointId,
        change: &BreakpointChange,
    ) -> Result<ReplyBody, CommandError> {
        let (spec, locations) = shared.breakpoints().changed(id, change)?;
        let ready = Ready::new(&shared.program, &spec, &locations)?;
        let changed = shared.breakpoints().put(id, spec, ready, change.ignore)?;
        self.rearm();
        Ok(ReplyBody::Breakpoint(changed))
    }

    /// Has a running guest arm what has changed; a paused one does when it goes on.
    fn rearm(&self) {
        if let (State::Running, Some(guest)) = (&self.state, &self.guest) {
            guest.control.interrupt();
        }
    }
}

fn is_run_control(command: &Command) -> bool {
    matches!(
        command,
        Command::Run
            | Command::Continue
            | Command::Next { .. }
            | Command::Step { .. }
            | Command::Finish { .. }
            | Command::Until { .. }
            | Command::StepInstruction { .. }
            | Command::Pause
            | Command::Kill
            | Command::Restart
    )
}
