//! What the coordinator and the guest's thread both look at: the program, the breakpoints, and how
//! the session is to behave.

use super::events::Events;
use crate::breakpoints::Breakpoints;
use crate::explain::{ExplainOptions, Report};
use crate::program::ProgramSymbols;
use crate::protocol::{CommandError, CommandErrorKind, Exit, Request, Settings, Stop, ValueLimits};
use crate::values::Limits;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wasmscope_runner::RunError;
use wasmscope_runner::debuggee::{Debuggee, End};

/// What reaches the coordinator.
pub(super) enum Message {
    /// The front end asks for something.
    Request(Request),
    /// The front end is gone.
    Close,
    /// The debug info was opened, or could not be.
    Symbols(Result<Arc<ProgramSymbols>, String>),
    /// The program was compiled, or could not be.
    Compiled(Box<Result<Debuggee, RunError>>),
    /// Something about the guest of this launch.
    Guest(u64, FromGuest),
}

/// What the guest's thread tells the coordinator.
pub(super) enum FromGuest {
    /// It waits to be started.
    Ready,
    /// It goes on.
    Running,
    /// It is paused.
    Stopped(Box<Stop>),
    /// The request it was given has been answered.
    Answered,
    /// It has failed, or is about to end by a failure: the report's first line.
    Failed {
        /// The report.
        report: Box<Report>,
    },
    /// It has ended.
    Ended(Box<End>),
}

/// What the coordinator tells the guest's thread while that waits.
pub(super) enum ToGuest {
    /// A request to carry out and to answer.
    Do(Request),
    /// To end.
    Kill,
}

/// What both look at.
pub(super) struct Shared {
    /// The program's symbols.
    pub program: Arc<ProgramSymbols>,
    /// The way to the front end.
    pub events: Events,
    /// Whether somebody has asked for a pause.
    pub pause: AtomicBool,
    /// How failures are explained.
    pub explain: ExplainOptions,
    tell_host_calls: AtomicBool,
    breakpoints: Mutex<Breakpoints>,
    behaviour: Mutex<Behaviour>,
}

/// How the session behaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Behaviour {
    pub step_into_std: bool,
    pub stop_on_panic: bool,
    pub limits: ValueLimits,
}

impl Default for Behaviour {
    fn default() -> Self {
        Behaviour {
            step_into_std: false,
            stop_on_panic: true,
            limits: ValueLimits::default(),
        }
    }
}

/// The most that may be asked of one value, so that no answer takes for ever.
const MOST: Limits = Limits {
    depth: 32,
    elements: 100_000,
    text: 1 << 20,
    nodes: 200_000,
    children: 8,
};

impl Behaviour {
    /// Takes over what `settings` say.
    pub fn change(&mut self, settings: &Settings) {
        let Settings {
            step_into_std,
            stop_on_panic,
            limits,
            ..
        } = settings;
        self.step_into_std = step_into_std.unwrap_or(self.step_into_std);
        self.stop_on_panic = stop_on_panic.unwrap_or(self.stop_on_panic);
        if let Some(limits) = limits {
            self.limits = *limits;
        }
    }

    /// How much of values to give: what is asked for, or else the session's default, or else what
    /// fits a line.
    pub fn limits(&self, asked: ValueLimits) -> Limits {
        let usual = Limits::default();
        let own = self.limits;
        let choose = |asked: usize, own: usize, usual: usize, most: usize| {
            let first = [asked, own].into_iter().find(|wish| *wish > 0);
            first.unwrap_or(usual).min(most)
        };
        let elements = choose(asked.elements, own.elements, usual.elements, MOST.elements);
        Limits {
            depth: choose(asked.depth, own.depth, usual.depth, MOST.depth),
            elements,
            text: choose(asked.text, own.text, usual.text, MOST.text),
            nodes: elements.saturating_mul(4).clamp(usual.nodes, MOST.nodes),
            children: choose(asked.children, own.children, usual.children, MOST.children),
        }
    }
}

impl Shared {
    pub fn new(
        program: Arc<ProgramSymbols>,
        events: Events,
        behaviour: Behaviour,
        explain: ExplainOptions,
    ) -> Self {
        Shared {
            explain,
            program,
            events,
            pause: AtomicBool::new(false),
            tell_host_calls: AtomicBool::new(false),
            breakpoints: Mutex::default(),
            behaviour: Mutex::new(behaviour),
        }
    }

    /// The breakpoints. Held for moments only: the guest's thread asks at every hit.
    pub fn breakpoints(&self) -> MutexGuard<'_, Breakpoints> {
        self.breakpoints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// How the session behaves now.
    pub fn behaviour(&self) -> Behaviour {
        *self
            .behaviour
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether finished calls to the host are told. Asked at every one of them.
    pub fn tells_host_calls(&self) -> bool {
        self.tell_host_calls.load(Ordering::Relaxed)
    }

    /// Changes how the session behaves.
    pub fn configure(&self, settings: &Settings) {
        self.behaviour
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .change(settings);
        if let Some(told) = settings.tell_host_calls {
            self.tell_host_calls.store(told, Ordering::Relaxed);
        }
    }
}

/// That a command needs a guest, and why there is none.
pub(super) fn not_running(message: impl Into<String>) -> CommandError {
    CommandError::new(CommandErrorKind::NotRunning, message)
}

/// That something asked for is wrong.
pub(super) fn invalid(message: impl Into<String>) -> CommandError {
    CommandError::new(CommandErrorKind::Invalid, message)
}

/// That something does not exist.
pub(super) fn not_found(message: impl Into<String>) -> CommandError {
    CommandError::new(CommandErrorKind::NotFound, message)
}

/// That something cannot be known or done.
pub(super) fn unavailable(message: impl std::fmt::Display) -> CommandError {
    CommandError::new(CommandErrorKind::Unavailable, message.to_string())
}

/// How a guest ended, as front ends see it; `None` for one of which nothing has run.
pub(super) fn exit_of(end: &End, failure: Option<&Report>) -> Option<Exit> {
    Some(match end {
        End::Exited { code, results, .. } => Exit::Code {
            code: *code,
            results: results.clone(),
        },
        End::Killed { .. } => Exit::Killed,
        End::Failed(failed) => Exit::Failure {
            code: failed.exit_code(),
            headline: failure.map_or_else(
                || "the guest failed".to_owned(),
                |report| report.headline.clone(),
            ),
        },
        End::NotRun(_) => return None,
    })
}
