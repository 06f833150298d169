//! Steps by source lines: `next`, `step`, `until` without a place.
//!
//! Such a step is in one call of one Wasm function at a time. It arms the places where lines of that
//! function begin, and where the call returns to; `step` also the places where the user's functions
//! begin, whoever calls them: the standard library may call back into closures, `Drop`, `Display`.
//! All these sets depend on the function alone, so that steps within it need no change of what is
//! armed. Only when places that cannot end the step are hit again and again are they taken out.

use super::activation::{Activation, ReturnPoint};
use super::judge::{self, Line, Origin, Place, Wish};
use super::tables::{Reach, StepTables};
use super::{StepDone, StepEnd, StepError, StepSettings, StepState};
use crate::program::CodeFrame;
use crate::protocol::FrameId;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use wasmscope_runner::debuggee::{CodePlace, FramePlace, PausedGuest};

/// How often a place may be hit in vain before it is taken out.
const PATIENCE: u32 = 300;

/// Frames that are looked at for one that a step may return to.
const MAX_OUTWARDS: usize = 1 << 17;

/// A step by lines under way.
#[derive(Debug)]
pub(super) struct LineStep {
    wish: Wish,
    settings: StepSettings,
    done: StepDone,
    /// Where the step is now; `None` when the call it was in has returned to code that it passes
    /// over.
    inside: Option<Inside>,
    /// The next frame outwards that the step may end in.
    outside: Option<ReturnPoint>,
    reach: Reach,
    /// How often it was stopped in vain.
    vain: u32,
    places: Arc<[CodePlace]>,
}

/// One call of a Wasm function, while the step is in it.
#[derive(Debug)]
struct Inside {
    /// Its function, by any place in it.
    at: FramePlace,
    activation: Activation,
    origin: Origin,
    /// Where it returns to: its immediate caller.
    returns: Option<ReturnPoint>,
    /// How often places were hit in vain.
    vain: HashMap<CodePlace, u32>,
    /// Places that were taken out.
    out: HashSet<CodePlace>,
    /// How often deeper calls of the same function were met.
    deeper: u32,
    /// Where it goes on when the recursion below it has ended, while only that is waited for.
    resumes: Option<ReturnPoint>,
}

impl LineStep {
    /// Begins a step in source frame `from` of the innermost Wasm frame. `Err` of an end when the
    /// step is over without anything having run.
    pub fn begin(
        wish: Wish,
        from: FrameId,
        tables: &mut StepTables,
        guest: &mut dyn PausedGuest,
        settings: &StepSettings,
    ) -> Result<Result<LineStep, StepEnd>, StepError> {
        let at = guest.innermost().ok_or(StepError::NotInGuest)?;
        let frames = tables.frames(at.place);
        let from = if from < frames.len() { from } else { 0 };
        let own = frames.get(from);
        let reach = match own {
            _ if settings.step_into_std => Reach::All,
            Some(frame) => Reach::of(frame.kind),
            None => Reach::Users,
        };
        let mut step = LineStep {
            wish,
            settings: *settings,
            done: match wish {
                Wish::Forward => StepDone::Until,
                Wish::Next | Wish::Step(_) => StepDone::Step,
            },
            inside: None,
            outside: None,
            reach,
            vain: 0,
            places: Arc::new([]),
        };
        if let Wish::Step(_) = wish {
            let into = step.called_reach();
            step.wish = Wish::Step(into);
            if from > 0
                && let Some(inner) = step_in_place(tables, at, from, into)
            {
                return Ok(Err(step.end(inner)));
            }
        }
        let origin = Origin::new(&frames, from, reach);
        let lineless = origin.line.is_none() && tables.lines(at, Reach::All).is_empty();
        step.enter(tables, guest, at, origin);
        if lineless && step.outside.is_none() {
            // Without lines anywhere: the caller is the next best.
            step.reach = Reach::Any;
            step.outside = ReturnPoint::into(tables, guest, 1);
            step.choose_places(tables);
        }
        Ok(Ok(step))
    }

    pub fn places(&self) -> &Arc<[CodePlace]> {
        &self.places
    }

    fn end(&self, frame: FrameId) -> StepEnd {
        StepEnd {
            done: self.done.clone(),
            frame,
        }
    }

    /// Whose functions `step` goes into.
    fn called_reach(&self) -> Reach {
        match (self.settings.step_into_std, self.reach) {
            (true, _) => Reach::All,
            (false, Reach::Dependencies) => Reach::Dependencies,
            (false, _) => Reach::Users,
        }
    }

    /// Takes up the step in the innermost frame.
    fn enter(
        &mut self,
        tables: &mut StepTables,
        guest: &mut dyn PausedGuest,
        at: FramePlace,
        origin: Origin,
    ) {
        self.reach = origin.reach;
        let returns = ReturnPoint::into(tables, guest, 1);
        let outwards = outwards(tables, guest, 0, self.reach);
        self.outside = match outwards {
            Some(1) => returns,
            Some(frame) => ReturnPoint::into(tables, guest, frame),
            None => None,
        };
        self.inside = Activation::of(tables, guest, 0).map(|activation| Inside {
            at,
            activation,
            origin,
            returns,
            vain: HashMap::new(),
            out: HashSet::new(),
            deeper: 0,
            resumes: None,
        });
        self.choose_places(tables);
    }

    /// Works out what to arm.
    fn choose_places(&mut self, tables: &mut StepTables) {
        let mut lists = Vec::new();
        let mut more: Vec<CodePlace> = self.outside.iter().map(|point| point.place).collect();
        let mut calm = self.vain < PATIENCE;
        if let Some(inside) = &self.inside {
            more.extend(inside.returns.iter().map(|point| point.place));
            let lines = tables.lines(inside.at, inside.origin.reach);
            match &inside.resumes {
                Some(point) => {
                    more.push(point.place);
                    calm = false;
                }
                None if inside.out.is_empty() => lists.push(lines),
                None => {
                    more.extend(lines.iter().filter(|place| !inside.out.contains(place)));
                    calm = false;
                }
            }
        }
        let entries = match self.wish {
            Wish::Step(into) => Some(tables.entries(into)),
            Wish::Next | Wish::Forward => None,
        };
        self.places = if calm {
            more.sort_unstable();
            more.dedup();
            tables.union_with_kept(lists, &more, entries)
        } else {
            // What was kept may be in the way.
            tables.forget_kept();
            lists.extend(entries);
            tables.union(lists, more)
        };
    }

    /// The guest has stopped in `at`.
    pub fn stopped_at(
        &mut self,
        tables: &mut StepTables,
        guest: &mut dyn PausedGuest,
        at: FramePlace,
    ) -> StepState {
        let state = self.look(tables, guest, at);
        if state == StepState::GoOn {
            self.vain = self.vain.saturating_add(1);
            if self.vain == PATIENCE {
                self.choose_places(tables);
            }
        }
        state
    }

    fn look(
        &mut self,
        tables: &mut StepTables,
        guest: &mut dyn PausedGuest,
        at: FramePlace,
    ) -> StepState {
        if let Some(outside) = self.outside
            && outside.is_reached(tables, guest, at)
        {
            return self.arrived(tables, guest, at, outside);
        }
        let Some(mut inside) = self.inside.take() else {
            return self.stopped_outside(tables, at);
        };
        if let Some(returns) = inside.returns
            && returns.is_reached(tables, guest, at)
        {
            // Returned to code that is passed over: only what lies further out is waited for.
            self.choose_places(tables);
            return self.stopped_outside(tables, at);
        }
        let same =
            (at.place.module, at.func_index) == (inside.at.place.module, inside.at.func_index);
        let order = same.then(|| inside.activation.compare(tables, guest, at));
        match order {
            Some(Ordering::Equal) => {
                if inside.resumes.take().is_some() {
                    inside.deeper = 0;
                    self.inside = Some(inside);
                    self.choose_places(tables);
                } else {
                    self.inside = Some(inside);
                }
                self.stopped_inside(tables, at)
            }
            // It has returned in a way that was not noticed.
            Some(Ordering::Less) => {
                let frames = tables.frames(at.place);
                match wanted_frame(&frames, self.reach) {
                    Some(frame) if is_statement(tables, at) => StepState::Done(self.end(frame)),
                    _ => {
                        self.inside = Some(inside);
                        StepState::GoOn
                    }
                }
            }
            Some(Ordering::Greater) => {
                let entered = self.stopped_outside(tables, at);
                if entered == StepState::GoOn {
                    let found = Self::deeper(tables, guest, &mut inside);
                    self.inside = Some(inside);
                    if found {
                        self.choose_places(tables);
                    }
                }
                entered
            }
            None => {
                self.inside = Some(inside);
                self.stopped_outside(tables, at)
            }
        }
    }

    /// Stopped in the call that the step is in.
    fn stopped_inside(&mut self, tables: &mut StepTables, at: FramePlace) -> StepState {
        let Some(inside) = &mut self.inside else {
            return StepState::GoOn;
        };
        let found = with_place(tables, at.place, |place| {
            judge::judge(&inside.origin, self.wish, place)
        });
        if let Some(frame) = found.flatten() {
            return StepState::Done(self.end(frame));
        }
        let vain = inside.vain.entry(at.place).or_default();
        *vain = vain.saturating_add(1);
        if *vain == PATIENCE && inside.out.insert(at.place) {
            self.choose_places(tables);
        }
        StepState::GoOn
    }

    /// Stopped elsewhere: where `step` comes into a function.
    fn stopped_outside(&self, tables: &mut StepTables, at: FramePlace) -> StepState {
        let Wish::Step(into) = self.wish else {
            return StepState::GoOn;
        };
        if tables.entries(into).binary_search(&at.place).is_err() {
            return StepState::GoOn;
        }
        let frames = tables.frames(at.place);
        StepState::Done(self.end(judge::entered(&frames, into)))
    }

    /// A deeper call of the function was met. When that happens often, only the end of the
    /// recursion is waited for: the answer is whether that begins now.
    fn deeper(tables: &mut StepTables, guest: &mut dyn PausedGuest, inside: &mut Inside) -> bool {
        inside.deeper = inside.deeper.saturating_add(1);
        if inside.deeper != PATIENCE {
            return false;
        }
        let function = (inside.at.place.module, inside.at.func_index);
        let own = inside.activation;
        let frame = own.find(tables, guest, function, MAX_OUTWARDS);
        inside.resumes = frame.and_then(|frame| ReturnPoint::into(tables, guest, frame));
        inside.resumes.is_some()
    }

    /// The call that the step was in has returned to a frame that it may end in. It ends there if a
    /// statement begins; else it goes on to the next one, as in the middle of any line.
    fn arrived(
        &mut self,
        tables: &mut StepTables,
        guest: &mut dyn PausedGuest,
        at: FramePlace,
        from: ReturnPoint,
    ) -> StepState {
        let before = self.inside.take().and_then(|inside| inside.origin.line);
        if self.wish == Wish::Forward {
            self.wish = Wish::Next;
        }
        let frames = tables.frames(at.place);
        let frame = wanted_frame(&frames, self.reach);
        if self.reach == Reach::Any {
            return StepState::Done(self.end(0));
        }
        let here = frame.and_then(|frame| frames.get(frame)).and_then(Line::of);
        if let Some(frame) = frame
            && here.is_some()
            && here != before
            && with_place(tables, at.place, |place| place.begins(frame)) == Some(true)
            && (frame == 0 || here != self.line_of(tables, from.call))
        {
            return StepState::Done(self.end(frame));
        }
        let (frames, frame) = match frame {
            Some(frame) => (frames, frame),
            // Behind the call comes code of another kind: the call's own line is what counts.
            None => {
                let frames = tables.frames(from.call);
                let frame = wanted_frame(&frames, self.reach).unwrap_or(0);
                (frames, frame)
            }
        };
        let reach = match frames.get(frame) {
            Some(own) if !self.settings.step_into_std => Reach::of(own.kind),
            _ => self.reach,
        };
        let mut origin = Origin::new(&frames, frame, reach);
        if origin.line.is_none() {
            origin.line = self.line_of(tables, from.call);
        }
        self.enter(tables, guest, at, origin);
        StepState::GoOn
    }

    /// The line of a call, in the innermost frame that a step may end in.
    fn line_of(&self, tables: &StepTables, call: CodePlace) -> Option<Line> {
        let frames = tables.frames(call);
        let frame = wanted_frame(&frames, self.reach)?;
        Line::of(frames.get(frame)?)
    }
}

/// The innermost frame of a place that a step may end in.
pub(super) fn wanted_frame(frames: &[CodeFrame], reach: Reach) -> Option<FrameId> {
    frames.iter().position(|frame| reach.takes(frame))
}

/// The first Wasm frame further out than `frame` that a step may end in.
pub(super) fn outwards(
    tables: &StepTables,
    guest: &mut dyn PausedGuest,
    frame: usize,
    reach: Reach,
) -> Option<usize> {
    let first = frame.checked_add(1)?;
    let frames = first..first.saturating_add(MAX_OUTWARDS);
    for index in frames {
        let at = guest.frame(index)?;
        if wanted_frame(&tables.frames(at.place), reach).is_some() {
            return Some(index);
        }
    }
    None
}

/// Whether a statement begins at a place.
pub(super) fn is_statement(tables: &StepTables, at: FramePlace) -> bool {
    with_place(tables, at.place, |place| place.is_statement()) == Some(true)
}

fn step_in_place(
    tables: &StepTables,
    at: FramePlace,
    from: FrameId,
    into: Reach,
) -> Option<FrameId> {
    with_place(tables, at.place, |place| {
        judge::step_in_place(place, from, into)
    })?
}

fn with_place<T>(
    tables: &StepTables,
    place: CodePlace,
    question: impl FnOnce(&Place<'_>) -> T,
) -> Option<T> {
    let frames = tables.frames(place);
    let statements = tables.statements(place)?;
    let pc = tables.program().offset(place)?;
    Some(question(&Place {
        frames: &frames,
        pc,
        statements: &statements,
    }))
}
