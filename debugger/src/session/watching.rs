//! Watched values: compared after every opcode, on the guest's thread, and evaluated anew only when
//! something they were read from has changed.
//!
//! A value that lives in a frame is watched until that frame has returned. Frames are known by their
//! depth, which is counted only where it can have changed: in the watched function itself, and in the
//! one that called it.

use super::guest::GuestHalf;
use super::look::{FrameView, with_frame};
use super::shared::unavailable;
use crate::breakpoints::{Evaluate, Prepared};
use crate::expression::{CodeContext, Scope, Showing, Watch};
use crate::live::{LiveFrame, ModuleState};
use crate::protocol::{
    Breakpoint, BreakpointId, BreakpointPlace, BreakpointSpec, CommandError, Event, FrameId,
    ReplyBody, StopReason, ValueFormat,
};
use std::sync::Arc;
use wasmscope_runner::debuggee::{FramePlace, PausedGuest};
use wasmscope_symbols::{CodeOffset, DieId};

/// What every watchpoint's user has to know.
const SLOW: &str =
    "the program is run opcode by opcode while this is in force, which is much slower";

/// A watched value and the frame it lives in.
pub(super) struct Watching {
    id: BreakpointId,
    watch: Watch,
    /// The module whose memory it is in.
    module: usize,
    home: Option<Home>,
    context: CodeContext,
}

/// The frame of a watched value.
struct Home {
    /// Its Wasm frame, counted from the outermost, from 1.
    depth: usize,
    /// Its Wasm function, by module and index.
    function: (usize, u32),
    /// The function that called it.
    caller: Option<(usize, u32)>,
    /// The source frame among those of the Wasm frame.
    die: Option<DieId>,
}

/// What came of an opcode.
#[expect(clippy::large_enum_variant, reason = "there is one for each stop")]
pub(super) enum Seen {
    /// A value has changed.
    Changed(StopReason, BreakpointId),
    /// A value's frame has returned.
    Ended(StopReason, Breakpoint),
}

impl GuestHalf {
    /// Begins to watch a value.
    pub(super) fn watch(
        &mut self,
        guest: &mut dyn PausedGuest,
        spec: &BreakpointSpec,
    ) -> Result<ReplyBody, CommandError> {
        let BreakpointPlace::Watch { expression } = &spec.place else {
            return Err(unavailable("only values are watched"));
        };
        let showing = Showing {
            limits: self.shared.behaviour().limits(Default::default()),
            format: ValueFormat::Natural,
        };
        let (watch, context, place) = self.at_frame(guest, spec.frame, |view| {
            let watch = view.with_scope(|scope| Watch::set(expression, scope, showing));
            let frame = (view.frame.wasm, view.frame.place.module);
            watch.map(|watch| (watch, view.context(), frame))
        })??;
        let (wasm, module) = place;
        let home = match watch.is_in_frame() {
            true => Some(home(guest, wasm, context.frame)?),
            false => None,
        };
        let mut prepared = Prepared::new(&self.program, spec.clone())?;
        prepared.note(SLOW);
        if let Some(note) = watch.note() {
            prepared.note(note);
        }
        let set = self.shared.breakpoints().set(prepared)?;
        self.watches.push(Watching {
            id: set.id,
            watch,
            module,
            home,
            context,
        });
        Ok(ReplyBody::Breakpoint(set))
    }

    /// Whether anything is watched now. Watchpoints that were deleted are forgotten.
    pub(super) fn is_watching(&mut self) -> bool {
        if self.watches.is_empty() {
            return false;
        }
        let breakpoints = self.shared.breakpoints();
        self.watches
            .retain(|watching| breakpoints.get(watching.id).is_some());
        self.watches.iter().any(|watching| {
            let told = breakpoints.get(watching.id);
            told.is_some_and(|told| told.spec.enabled)
        })
    }

    /// Looks at the watched values after an opcode.
    pub(super) fn look_at_watches(
        &mut self,
        guest: &mut dyn PausedGuest,
        at: FramePlace,
    ) -> Option<Seen> {
        let mut watches = std::mem::take(&mut self.watches);
        let mut seen = None;
        let mut gone = None;
        for (nth, watching) in watches.iter_mut().enumerate() {
            let is_enabled = {
                let breakpoints = self.shared.breakpoints();
                let told = breakpoints.get(watching.id);
                told.is_some_and(|told| told.spec.enabled)
            };
            if !is_enabled {
                continue;
            }
            seen = self.look_at(guest, at, watching);
            if seen.is_some() {
                gone = matches!(seen, Some(Seen::Ended(..))).then_some(nth);
                break;
            }
        }
        if let Some(gone) = gone {
            watches.remove(gone);
        }
        self.watches = watches;
        seen
    }

    fn look_at(
        &mut self,
        guest: &mut dyn PausedGuest,
        at: FramePlace,
        watching: &mut Watching,
    ) -> Option<Seen> {
        let function = (at.place.module, at.func_index);
        let mut innermost = false;
        if let Some(home) = &watching.home {
            if home.caller == Some(function) && guest.depth(home.depth) < home.depth {
                return self.ended(watching);
            }
            innermost = home.function == function
                && guest.depth(home.depth.saturating_add(1)) == home.depth;
        }
        if !changed(
            guest,
            at,
            watching,
            innermost,
            self.program.offset(at.place),
        ) {
            return None;
        }
        self.take_stack_anew();
        let Some(change) = self.refresh(guest, watching)? else {
            return self.ended(watching);
        };
        let reason = StopReason::Watch {
            id: watching.id,
            expression: watching.watch.text().to_owned(),
            old: change.old,
            new: change.new,
        };
        Some(Seen::Changed(reason, watching.id))
    }

    /// Evaluates a watched value anew: `None` when it is the same, `Some(None)` when its frame is
    /// gone.
    fn refresh(
        &mut self,
        guest: &mut dyn PausedGuest,
        watching: &mut Watching,
    ) -> Option<Option<crate::expression::Change>> {
        let program = Arc::clone(&self.program);
        let Some(home) = &watching.home else {
            let view = guest.view();
            let state = ModuleState::new(&view, watching.module);
            let scope = Scope {
                context: &watching.context,
                state: &state,
                memory: &state,
            };
            return watching.watch.refresh(&scope).map(Some);
        };
        let wasm = guest.depth(usize::MAX).checked_sub(home.depth)?;
        let Some(frame) = self.frame_of(guest, wasm, home.die) else {
            return Some(None);
        };
        let watch = &mut watching.watch;
        let looked = with_frame(
            guest,
            &program,
            &mut self.stack,
            frame,
            |view: &FrameView<'_>| view.with_scope(|scope| watch.refresh(scope)),
        );
        looked.ok()?.map(Some)
    }

    /// The source frame with this DIE in a Wasm frame.
    fn frame_of(
        &mut self,
        guest: &mut dyn PausedGuest,
        wasm: usize,
        die: Option<DieId>,
    ) -> Option<FrameId> {
        let program = Arc::clone(&self.program);
        let mut id = 0;
        loop {
            let frame = self.stack.frame(guest, &program, id)?;
            if frame.wasm > wasm {
                return None;
            }
            let own = frame.code().and_then(|code| code.source.die);
            if frame.wasm == wasm && own == die {
                return Some(id);
            }
            id = id.saturating_add(1);
        }
    }

    fn ended(&mut self, watching: &Watching) -> Option<Seen> {
        let gone = self.shared.breakpoints().delete(watching.id).ok()?;
        let reason = StopReason::WatchEnded {
            id: watching.id,
            expression: watching.watch.text().to_owned(),
        };
        Some(Seen::Ended(reason, gone))
    }

    /// Puts a change of a watched value to its breakpoint: whether it stops, and with which notes.
    pub(super) fn watch_counts(
        &mut self,
        guest: &mut dyn PausedGuest,
        id: BreakpointId,
    ) -> (Vec<BreakpointId>, Vec<String>) {
        let shared = Arc::clone(&self.shared);
        let outcome = {
            let mut breakpoints = shared.breakpoints();
            let mut here = Innermost {
                guest: &mut *guest,
                half: self,
            };
            breakpoints.watched(id, &mut here)
        };
        self.tell_outcome(guest, outcome.unwrap_or_default())
    }

    /// Tells that a watchpoint is gone.
    pub(super) fn tell_gone(&self, breakpoint: Breakpoint) {
        self.shared.events.tell(Event::BreakpointChanged {
            breakpoint,
            gone: true,
        });
    }
}

/// Where a watched frame is on the stack.
fn home(
    guest: &mut dyn PausedGuest,
    wasm: usize,
    die: Option<DieId>,
) -> Result<Home, CommandError> {
    let lost = || unavailable("the frame cannot be found again");
    let function = |frame: FramePlace| (frame.place.module, frame.func_index);
    let own = guest.frame(wasm).ok_or_else(lost)?;
    let depth = guest.depth(usize::MAX).checked_sub(wasm).ok_or_else(lost)?;
    Ok(Home {
        depth,
        function: function(own),
        caller: guest.frame(wasm.saturating_add(1)).map(function),
        die,
    })
}

/// Whether something that a value was read from has changed.
fn changed(
    guest: &mut dyn PausedGuest,
    at: FramePlace,
    watching: &Watching,
    innermost: bool,
    offset: Option<CodeOffset>,
) -> bool {
    let memory = guest.memory(watching.module);
    if memory.is_ok_and(|memory| watching.watch.memory_changed(memory)) {
        return true;
    }
    let watched = innermost || watching.home.is_none() && at.place.module == watching.module;
    match offset {
        Some(offset) if watched => {
            let frame = LiveFrame::innermost(guest, watching.module);
            watching.watch.frame_changed(&frame, offset)
        }
        _ => false,
    }
}

/// The innermost frame, for conditions of watchpoints.
struct Innermost<'i> {
    guest: &'i mut dyn PausedGuest,
    half: &'i mut GuestHalf,
}

impl Evaluate for Innermost<'_> {
    fn holds(&mut self, condition: &str) -> Result<bool, String> {
        let held = self
            .half
            .at_frame(self.guest, 0, |view| view.holds(condition));
        held.and_then(|held| held).map_err(|error| error.message)
    }

    fn message(&mut self, log: &str) -> String {
        let message = self.half.at_frame(self.guest, 0, |view| view.message(log));
        message
            .and_then(|message| message)
            .unwrap_or_else(|error| format!("{log} <{}>", error.message))
    }
}
