//! The half of a session that lives on the guest's thread: it is told of every interruption, decides
//! at once what that means, and only when the user has to know does it pause the guest and serve
//! requests until it is told to go on.
//!
//! What is answered while the guest is paused is in [`super::look`] and its neighbours; what a panic
//! or a trap means in [`super::failures`].

use super::arming::Arming;
use super::calling::callers;
use super::failures::users_frame;
use super::shared::{FromGuest, Message, Shared, ToGuest, invalid, unavailable};
use super::watching::{Seen, Watching};
use crate::breakpoints::{HostFunction, Outcome};
use crate::explain::Report;
use crate::frames::Stack;
use crate::program::ProgramSymbols;
use crate::protocol::{Command, CommandError, Event, FrameId, ReplyBody, Stop, StopReason};
use crate::stepping::{
    Begun, StepDone, StepEnd, StepKind, StepSettings, StepState, StepTables, Stepper,
};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender};
use wasmscope_runner::FailureCause;
use wasmscope_runner::debuggee::{
    CodePlace, FramePlace, Interruption, PausedGuest, Resume, Supervisor,
};
use wasmscope_symbols::DieId;
use wasmscope_tracer::HostCall;

/// Supervises one launch of the guest.
pub(super) struct GuestHalf {
    pub(super) shared: Arc<Shared>,
    pub(super) program: Arc<ProgramSymbols>,
    /// The stack of the stop that is being served.
    pub(super) stack: Stack,
    /// Whether a panic was told already, so that the trap it ends in is not told again.
    pub(super) panic_told: bool,
    pub(super) max_wasm_stack: usize,
    /// Values that are watched.
    pub(super) watches: Vec<Watching>,
    launch: u64,
    inbox: Receiver<ToGuest>,
    coordinator: Sender<Message>,
    arming: Arming,
    panic_places: Arc<[CodePlace]>,
    tables: StepTables,
    step: Option<UnderWay>,
    /// The frame that the last stop said to look at first.
    looked_at: FrameId,
    flush: Box<dyn Fn() + Send>,
}

/// What a launch's supervisor is made of.
pub(super) struct Launch {
    /// Its number.
    pub number: u64,
    pub shared: Arc<Shared>,
    pub inbox: Receiver<ToGuest>,
    pub coordinator: Sender<Message>,
    pub arming: Arming,
    pub panic_places: Arc<[CodePlace]>,
    /// Tells what the guest has written so far, so that it comes before a stop.
    pub flush: Box<dyn Fn() + Send>,
    /// The stack that Wasm frames can take up, in bytes.
    pub max_wasm_stack: usize,
}

/// A step that was asked for.
pub(super) struct UnderWay {
    stepper: Stepper,
    kind: StepKind,
    /// How many times it is still to be done, this one included.
    left: u32,
}

/// How a run-control command goes on.
enum Going {
    /// The guest runs.
    On,
    /// It is to stop right here again, for this reason.
    Stays(StepEnd),
}

impl Supervisor for GuestHalf {
    fn interrupted(&mut self, guest: &mut dyn PausedGuest, why: Interruption<'_>) -> Resume {
        match why {
            Interruption::Start => self.wait_for_start(guest),
            Interruption::Breakpoint => self.reached(guest),
            Interruption::Trap(trap) => {
                let cause = FailureCause::Trap {
                    trap,
                    memory_fault: None,
                    message: trap.to_string(),
                };
                self.failed(guest, cause)
            }
            Interruption::HostError(chain) => self.failed(guest, FailureCause::HostError { chain }),
            Interruption::Interrupted => self.asked_to_stop(guest),
            Interruption::HostCall(call) => self.calls_host(guest, call.function, call.call),
            // The end is told when it has come; an exception may still be caught.
            Interruption::Exit(_) | Interruption::Exception => Resume::Continue,
            _ => Resume::Continue,
        }
    }

    fn wants_host_call(&mut self, function: &str) -> bool {
        let function = HostFunction::of(function);
        self.shared.breakpoints().waits_for(&function)
    }

    fn wants_host_calls(&mut self) -> bool {
        self.shared.breakpoints().wants_host_calls()
    }

    fn hears_host_calls(&mut self) -> bool {
        self.shared.tells_host_calls()
    }

    fn host_call_returned(&mut self, guest: &mut dyn PausedGuest, call: HostCall) {
        let frames = callers(guest, &self.program);
        self.flush_output();
        self.shared.events.tell(Event::HostCall { call, frames });
    }
}

impl GuestHalf {
    pub fn new(launch: Launch) -> Self {
        let program = Arc::clone(&launch.shared.program);
        GuestHalf {
            tables: StepTables::new(Arc::clone(&program)),
            program,
            shared: launch.shared,
            stack: Stack::new(),
            panic_told: false,
            max_wasm_stack: launch.max_wasm_stack,
            watches: Vec::new(),
            launch: launch.number,
            inbox: launch.inbox,
            coordinator: launch.coordinator,
            arming: launch.arming,
            panic_places: launch.panic_places,
            step: None,
            looked_at: 0,
            flush: launch.flush,
        }
    }

    /// Nothing has run yet: waits until it may.
    fn wait_for_start(&mut self, guest: &mut dyn PausedGuest) -> Resume {
        self.tell(FromGuest::Ready);
        self.shared.events.tell(Event::Ready);
        loop {
            match self.inbox.recv() {
                Ok(ToGuest::Do(request)) if request.command == Command::Run => {
                    self.arm(guest);
                    return self.go_on(request.id);
                }
                Ok(ToGuest::Do(request)) => {
                    let error = invalid("the guest has not been started: `run` starts it");
                    self.reply(request.id, Err(error));
                }
                Ok(ToGuest::Kill) | Err(_) => return Resume::Kill,
            }
        }
    }

    /// The guest has come to an armed place, or to the next opcode while it goes from one to the
    /// next.
    fn reached(&mut self, guest: &mut dyn PausedGuest) -> Resume {
        let Some(at) = guest.innermost() else {
            return Resume::Continue;
        };
        let ended = self.step_reached(guest, at);
        let outcome = self.shared.breakpoints().hit(at.place, guest);
        if self.panic_places.binary_search(&at.place).is_ok()
            && let Some(answer) = self.panicking(guest)
        {
            return answer;
        }
        let seen = match self.watches.is_empty() {
            true => None,
            false => self.look_at_watches(guest, at),
        };
        if ended.is_none() && outcome.is_none() && seen.is_none() {
            return Resume::Continue;
        }
        self.take_stack_anew();
        let outcome = outcome.unwrap_or_default();
        let die = outcome.die;
        let (mut stops, mut notes) = self.tell_outcome(guest, outcome);
        let watched = self.watched(guest, seen, &mut stops, &mut notes);
        let (reason, frame) = match (watched, ended) {
            (Some(reason), _) => (reason, 0),
            (None, Some(end)) => (reason_of(end.done), end.frame),
            (None, None) if stops.is_empty() => return Resume::Continue,
            (None, None) => (StopReason::Breakpoint, self.level_of(at.place, die)),
        };
        self.pause(guest, reason, stops, frame, notes, true)
    }

    /// What is to be told of a watched value, if that stops the guest.
    fn watched(
        &mut self,
        guest: &mut dyn PausedGuest,
        seen: Option<Seen>,
        stops: &mut Vec<u32>,
        notes: &mut Vec<String>,
    ) -> Option<StopReason> {
        match seen? {
            Seen::Ended(reason, gone) => {
                self.tell_gone(gone);
                Some(reason)
            }
            Seen::Changed(reason, id) => {
                let (counted, more) = self.watch_counts(guest, id);
                notes.extend(more);
                if counted.is_empty() {
                    return None;
                }
                stops.extend(counted);
                Some(reason)
            }
        }
    }

    /// Tells what breakpoints have to tell; the answer is those that stop the guest, and what to know
    /// about that.
    pub(super) fn tell_outcome(
        &mut self,
        guest: &mut dyn PausedGuest,
        outcome: Outcome,
    ) -> (Vec<u32>, Vec<String>) {
        let program = Arc::clone(&self.program);
        for (id, text) in outcome.logs {
            let frame = self.stack.frame(guest, &program, 0);
            let frame = frame.map(|frame| frame.info(0));
            self.flush_output();
            self.shared.events.tell(Event::Log { id, text, frame });
        }
        for breakpoint in outcome.gone {
            self.shared.events.tell(Event::BreakpointChanged {
                breakpoint,
                gone: true,
            });
        }
        (outcome.stops, outcome.notes)
    }

    /// Puts a hit to the step that is under way. The answer is its end, if this is it.
    fn step_reached(&mut self, guest: &mut dyn PausedGuest, at: FramePlace) -> Option<StepEnd> {
        let mut under = self.step.take()?;
        let waits = under.stepper.wants_single_step()
            || under.stepper.places().binary_search(&at.place).is_ok();
        if !waits {
            self.step = Some(under);
            return None;
        }
        match under.stepper.stopped_at(&mut self.tables, guest, at) {
            StepState::GoOn => {
                self.step = Some(under);
                self.arm(guest);
                None
            }
            StepState::Done(end) => self.step_again(guest, under.kind, under.left, end),
        }
    }

    /// Begins the next of several steps. The answer is the end of the last one.
    fn step_again(
        &mut self,
        guest: &mut dyn PausedGuest,
        kind: StepKind,
        mut left: u32,
        mut end: StepEnd,
    ) -> Option<StepEnd> {
        loop {
            left = left.saturating_sub(1);
            if left == 0 {
                return Some(end);
            }
            match self.begin_step(guest, &kind, end.frame) {
                Ok(Begun::Stepping(stepper)) => {
                    self.step = Some(UnderWay {
                        stepper,
                        kind,
                        left,
                    });
                    self.arm(guest);
                    return None;
                }
                Ok(Begun::Done(done)) => end = done,
                Err(_) => return Some(end),
            }
        }
    }

    fn begin_step(
        &mut self,
        guest: &mut dyn PausedGuest,
        kind: &StepKind,
        from: FrameId,
    ) -> Result<Begun, CommandError> {
        let behaviour = self.shared.behaviour();
        let settings = StepSettings {
            step_into_std: behaviour.step_into_std,
            limits: behaviour.limits(crate::protocol::ValueLimits::default()),
        };
        Stepper::begin(kind.clone(), from, &mut self.tables, guest, &settings).map_err(unavailable)
    }

    /// Somebody wants the guest to stop: to pause it, or only to have breakpoints changed.
    fn asked_to_stop(&mut self, guest: &mut dyn PausedGuest) -> Resume {
        if !self.shared.pause.swap(false, Ordering::SeqCst) {
            self.arm(guest);
            return Resume::Continue;
        }
        self.take_stack_anew();
        let program = Arc::clone(&self.program);
        let frame = users_frame(guest, &program, &mut self.stack);
        let waits = |call: String| format!("the program waits in the host call {call}");
        let notes = guest.host_call().map(waits).into_iter().collect();
        self.pause(guest, StopReason::Pause, Vec::new(), frame, notes, true)
    }

    /// The place among inlined calls of the one with this DIE.
    fn level_of(&self, place: CodePlace, die: Option<DieId>) -> FrameId {
        let frames = self.program.frames_at(place);
        let level = frames
            .iter()
            .position(|frame| die.is_some() && frame.source.die == die);
        level.unwrap_or(0)
    }

    /// What was known of the stack belongs to an earlier stop.
    pub(super) fn take_stack_anew(&mut self) {
        self.stack = Stack::new();
    }

    /// Pauses the guest and serves requests until it is to go on.
    pub(super) fn pause(
        &mut self,
        guest: &mut dyn PausedGuest,
        reason: StopReason,
        breakpoints: Vec<u32>,
        frame: FrameId,
        notes: Vec<String>,
        resumable: bool,
    ) -> Resume {
        self.step = None;
        self.shared.pause.store(false, Ordering::SeqCst);
        let program = Arc::clone(&self.program);
        let info = self.stack.frame(guest, &program, frame);
        let info = info.map(|found| found.info(frame));
        self.looked_at = frame;
        let stop = Stop {
            reason,
            breakpoints,
            frame,
            info,
            resumable,
            notes,
        };
        self.flush_output();
        self.tell(FromGuest::Stopped(Box::new(stop.clone())));
        self.shared.events.tell(Event::Stopped(stop));
        self.serve(guest, resumable)
    }

    fn serve(&mut self, guest: &mut dyn PausedGuest, resumable: bool) -> Resume {
        loop {
            let request = match self.inbox.recv() {
                Ok(ToGuest::Do(request)) => request,
                Ok(ToGuest::Kill) | Err(_) => return Resume::Kill,
            };
            let Some(wish) = Wish::of(&request.command) else {
                let answer = self.answer(guest, &request.command);
                self.reply(request.id, answer);
                continue;
            };
            let going = match wish {
                Ok(Wish::Continue) => Ok(Going::On),
                _ if !resumable => Err(invalid(
                    "the guest cannot go on after this: `continue` lets it end, `restart` begins \
                     anew",
                )),
                Ok(Wish::Step(kind, count)) => self.step(guest, kind, count),
                Err(place) => self.until(guest, &place),
            };
            match going {
                Err(error) => self.reply(request.id, Err(error)),
                Ok(Going::On) => {
                    self.arm(guest);
                    return self.go_on(request.id);
                }
                Ok(Going::Stays(end)) => {
                    self.reply(request.id, Ok(ReplyBody::Done));
                    let reason = reason_of(end.done);
                    return self.pause(guest, reason, Vec::new(), end.frame, Vec::new(), true);
                }
            }
        }
    }

    fn step(
        &mut self,
        guest: &mut dyn PausedGuest,
        kind: StepKind,
        count: u32,
    ) -> Result<Going, CommandError> {
        let count = count.max(1);
        match self.begin_step(guest, &kind, self.looked_at)? {
            Begun::Stepping(stepper) => {
                self.step = Some(UnderWay {
                    stepper,
                    kind,
                    left: count,
                });
                Ok(Going::On)
            }
            Begun::Done(end) => Ok(match self.step_again(guest, kind, count, end) {
                Some(end) => Going::Stays(end),
                None => Going::On,
            }),
        }
    }

    fn until(
        &mut self,
        guest: &mut dyn PausedGuest,
        place: &crate::protocol::BreakpointPlace,
    ) -> Result<Going, CommandError> {
        let resolved = crate::breakpoints::resolve(&self.program, place)?;
        let places: Vec<CodePlace> = resolved.locations.iter().map(|at| at.place).collect();
        if places.is_empty() {
            return Err(super::answers::nothing_there(&resolved));
        }
        self.step(guest, StepKind::Until { places }, 1)
    }

    /// Makes armed places and single-stepping what they must be for what is under way.
    pub(super) fn arm(&mut self, guest: &mut dyn PausedGuest) {
        let behaviour = self.shared.behaviour();
        let (breakpoints, panics) = {
            let breakpoints = self.shared.breakpoints();
            let panics = behaviour.stop_on_panic || breakpoints.wants_panics();
            (Arc::clone(breakpoints.places()), panics)
        };
        let step = self.step.as_ref().map(|under| under.stepper.places());
        self.arming.set(
            guest,
            [
                Some(&breakpoints),
                step,
                panics.then_some(&self.panic_places),
            ],
        );
        let steps = self
            .step
            .as_ref()
            .is_some_and(|under| under.stepper.wants_single_step());
        let single = self.is_watching() || steps;
        self.arming.single_step(guest, single);
    }

    /// Answers a request by which the guest goes on.
    fn go_on(&mut self, request: u64) -> Resume {
        // A pause that was asked for before this has been had.
        self.shared.pause.store(false, Ordering::SeqCst);
        self.tell(FromGuest::Running);
        self.reply(request, Ok(ReplyBody::Done));
        self.shared.events.tell(Event::Running);
        Resume::Continue
    }

    pub(super) fn reply(&self, id: u64, result: Result<ReplyBody, CommandError>) {
        self.shared.events.tell(Event::Reply { id, result });
        self.tell(FromGuest::Answered);
    }

    pub(super) fn tell(&self, message: FromGuest) {
        // A coordinator that is gone has killed the guest, which will see that.
        let _ = self.coordinator.send(Message::Guest(self.launch, message));
    }

    pub(super) fn tell_report(&self, report: Report) {
        self.tell(FromGuest::Failed {
            report: Box::new(report),
        });
    }

    fn flush_output(&self) {
        (self.flush)();
    }
}

/// A command by which the guest goes on; one that needs a place in the program found is an error.
enum Wish {
    Continue,
    Step(StepKind, u32),
}

impl Wish {
    fn of(command: &Command) -> Option<Result<Self, crate::protocol::BreakpointPlace>> {
        Some(Ok(match command {
            Command::Continue => Wish::Continue,
            Command::Next { count } => Wish::Step(StepKind::Next, *count),
            Command::Step { count } => Wish::Step(StepKind::Step, *count),
            Command::Finish { frame } => Wish::Step(StepKind::Finish { frame: *frame }, 1),
            Command::Until { place: Some(place) } => return Some(Err(place.clone())),
            Command::Until { place: None } => Wish::Step(StepKind::Until { places: Vec::new() }, 1),
            Command::StepInstruction { over, count } => {
                Wish::Step(StepKind::Instruction { over: *over }, *count)
            }
            _ => return None,
        }))
    }
}

fn reason_of(done: StepDone) -> StopReason {
    match done {
        StepDone::Step => StopReason::Step,
        StepDone::Finished { function, value } => StopReason::Finished { function, value },
        StepDone::Until => StopReason::Until,
    }
}
