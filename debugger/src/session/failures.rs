//! Stops that are no breakpoints: panics, traps, calls to the host. Words and user frames come from
//! the same place as in the reports of `run`.

use super::guest::GuestHalf;
use super::look::with_frame;
use crate::breakpoints::{Evaluate, HostFunction};
use crate::explain::{
    Cause, ExplainOptions, FailedState, FrameKind, LocalsMode, RanAs, Report, explain_state,
};
use crate::frames::{Frame, Stack};
use crate::live::LiveTarget;
use crate::program::ProgramSymbols;
use crate::protocol::{FrameId, StopReason};
use std::sync::Arc;
use wasmscope_runner::FailureCause;
use wasmscope_runner::Trap;
use wasmscope_runner::debuggee::{PausedGuest, Resume};
use wasmscope_tracer::HostCall;

/// Source frames among which the user's is looked for.
const MAX_SEARCHED: usize = 4096;

/// Wasm frames of which locals are read for a report; it shows those of fewer.
const MAX_WITH_LOCALS: usize = 256;

/// Host calls in a report.
const HOST_CALLS: usize = 10;

impl GuestHalf {
    /// A panic was told by its hook, and goes on to unwind or to abort. `None` when that is not to
    /// stop the guest.
    pub(super) fn panicking(&mut self, guest: &mut dyn PausedGuest) -> Option<Resume> {
        let shared = Arc::clone(&self.shared);
        let program = Arc::clone(&self.program);
        self.take_stack_anew();
        let frame = users_frame(guest, &program, &mut self.stack);
        let waited_for = {
            let mut breakpoints = shared.breakpoints();
            let mut here = Here {
                guest: &mut *guest,
                program: &program,
                stack: &mut self.stack,
                frame,
            };
            breakpoints.panicked(&mut here)
        };
        let (stops, notes) = self.tell_outcome(guest, waited_for.unwrap_or_default());
        if stops.is_empty() && !shared.behaviour().stop_on_panic {
            return None;
        }
        // What it is by its stack: the trap that a panic ends in would say the same.
        let trap = Trap::UnreachableCodeReached;
        let cause = FailureCause::Trap {
            trap,
            memory_fault: None,
            message: trap.to_string(),
        };
        let options = ExplainOptions {
            locals: LocalsMode::None,
            ..self.shared.explain.clone()
        };
        let message = match self.explain(guest, &cause, &options).cause {
            Cause::Panic { message, .. } => message,
            _ => None,
        };
        self.panic_told = true;
        let reason = StopReason::Panic { message };
        Some(self.pause(guest, reason, stops, frame, notes, true))
    }

    /// The guest has failed, and ends when it goes on.
    pub(super) fn failed(&mut self, guest: &mut dyn PausedGuest, cause: FailureCause) -> Resume {
        let program = Arc::clone(&self.program);
        self.take_stack_anew();
        self.stack.walk_all(guest);
        let options = ExplainOptions {
            host_calls: HOST_CALLS,
            ..self.shared.explain.clone()
        };
        let report = self.explain(guest, &cause, &options);
        let headline = report.headline.clone();
        let told = self.panic_told && matches!(report.cause, Cause::Panic { .. });
        let frame = match report.cause {
            Cause::StackOverflow { .. } => {
                let wanted = report.user_frame.and_then(|at| report.frames.get(at));
                let wanted = wanted.map_or(0, |frame| frame.index);
                self.stack
                    .frame(guest, &program, wanted)
                    .map_or(0, |_| wanted)
            }
            _ => users_frame(guest, &program, &mut self.stack),
        };
        self.tell_report(report);
        if told {
            return Resume::Continue;
        }
        let reason = StopReason::Trap { headline };
        self.pause(guest, reason, Vec::new(), frame, Vec::new(), false)
    }

    /// The guest calls its host, which has not done anything yet.
    pub(super) fn calls_host(
        &mut self,
        guest: &mut dyn PausedGuest,
        function: &str,
        call: Option<&HostCall>,
    ) -> Resume {
        let shared = Arc::clone(&self.shared);
        let program = Arc::clone(&self.program);
        let called = HostFunction::of(function);
        self.take_stack_anew();
        let (outcome, frame) = {
            let mut breakpoints = shared.breakpoints();
            if !breakpoints.waits_for(&called) {
                return Resume::Continue;
            }
            let frame = users_frame(guest, &program, &mut self.stack);
            let mut here = Here {
                guest: &mut *guest,
                program: &program,
                stack: &mut self.stack,
                frame,
            };
            (breakpoints.host_call(&called, &mut here), frame)
        };
        let (stops, notes) = self.tell_outcome(guest, outcome.unwrap_or_default());
        if stops.is_empty() {
            return Resume::Continue;
        }
        let reason = StopReason::HostCall {
            function: function.to_owned(),
            call: call.cloned(),
        };
        self.pause(guest, reason, stops, frame, notes, true)
    }

    /// The report on the guest as it stands, `cause` being why it does.
    fn explain(
        &mut self,
        guest: &mut dyn PausedGuest,
        cause: &FailureCause,
        options: &ExplainOptions,
    ) -> Report {
        let recent_calls = recent_calls(guest);
        let stderr_tail = guest.stderr_tail();
        let memory_refusal = guest.memory_refusal();
        let frames = match options.locals {
            LocalsMode::None => 1,
            _ => MAX_WITH_LOCALS,
        };
        let wasm = self.stack.wasm();
        let target = LiveTarget::new(guest, wasm, self.stack.is_cut(), 0..wasm.len().min(frames));
        let state = FailedState {
            cause,
            target: &target,
            recent_calls: &recent_calls,
            stderr_tail: &stderr_tail,
            memory_refusal,
            max_wasm_stack: self.max_wasm_stack,
            code: RanAs::Debugged,
        };
        explain_state(
            &state,
            self.program.modules(),
            options,
            self.program.sources(),
        )
    }
}

/// The frame to look at first where the innermost ones are not the user's: the first that is, or else
/// a library's, or one that nothing is known of.
pub(super) fn users_frame(
    guest: &mut dyn PausedGuest,
    program: &ProgramSymbols,
    stack: &mut Stack,
) -> FrameId {
    let mut second = None;
    let mut id = 0;
    while id < MAX_SEARCHED {
        let kind = stack
            .frame(guest, program, id)
            .map(|frame: &Frame| frame.kind);
        match (kind, second) {
            (Some(FrameKind::User), _) => return id,
            (Some(FrameKind::Dependency), None | Some((FrameKind::Unknown, _))) => {
                second = Some((FrameKind::Dependency, id));
            }
            (Some(FrameKind::Unknown), None) => second = Some((FrameKind::Unknown, id)),
            (None, _) => break,
            _ => {}
        }
        id += 1;
    }
    second.map_or(0, |(_, id)| id)
}

/// A frame of a stopped guest, for conditions and messages of breakpoints without a place of their
/// own.
struct Here<'h> {
    guest: &'h mut dyn PausedGuest,
    program: &'h ProgramSymbols,
    stack: &'h mut Stack,
    frame: FrameId,
}

impl Evaluate for Here<'_> {
    fn holds(&mut self, condition: &str) -> Result<bool, String> {
        let evaluated = with_frame(self.guest, self.program, self.stack, self.frame, |view| {
            view.holds(condition)
        });
        evaluated
            .and_then(|holds| holds)
            .map_err(|error| error.message)
    }

    fn message(&mut self, log: &str) -> String {
        let message = with_frame(self.guest, self.program, self.stack, self.frame, |view| {
            view.message(log)
        });
        message
            .and_then(|message| message)
            .unwrap_or_else(|error| format!("{log} <{}>", error.message))
    }
}

/// The last calls to the host, oldest first.
pub(super) fn recent_calls(guest: &mut dyn PausedGuest) -> Vec<HostCall> {
    guest.recent_calls()
}
