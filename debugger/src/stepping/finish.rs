//! Running out of a function (`finish`), and to places (`until` with places), which ends where the
//! function returns at the latest.

use super::activation::{Activation, ReturnPoint};
use super::lines::{outwards, wanted_frame};
use super::returned::{self, Returning};
use super::tables::{Reach, StepTables};
use super::{StepDone, StepEnd, StepError, StepSettings, StepState};
use crate::frames::Stack;
use crate::protocol::FrameId;
use crate::values::Value;
use std::cmp::Ordering;
use std::sync::Arc;
use wasmscope_runner::debuggee::{CodePlace, FramePlace, PausedGuest};
use wasmscope_symbols::{CodeOffset, DieId, Unavailable};

/// `finish` under way.
#[derive(Debug)]
pub(super) struct FinishStep {
    function: Option<String>,
    leaves: Leaves,
    /// The next frame outwards that a step may end in.
    outside: Option<ReturnPoint>,
    reach: Reach,
    /// What was returned, when the function has returned to code that is passed over.
    value: Option<Value>,
    places: Arc<[CodePlace]>,
}

/// What is waited for.
#[derive(Debug)]
enum Leaves {
    /// A Wasm function returns.
    Returns {
        to: ReturnPoint,
        value: Box<Returning>,
    },
    /// A call that was inlined ends.
    Inlined(Inlined),
    /// It has been left.
    Left,
}

#[derive(Debug)]
struct Inlined {
    call: DieId,
    /// How many calls there are around it, the function included.
    depth: usize,
    at: FramePlace,
    activation: Activation,
    /// Where the function around it returns to.
    returns: Option<ReturnPoint>,
}

impl FinishStep {
    pub fn begin(
        frame: FrameId,
        tables: &mut StepTables,
        guest: &mut dyn PausedGuest,
        settings: &StepSettings,
    ) -> Result<FinishStep, StepError> {
        let program = Arc::clone(tables.program());
        let mut stack = Stack::new();
        let found = stack.frame(guest, &program, frame);
        let found = found.ok_or(StepError::NoSuchFrame(frame))?.clone();
        let wasm = found.wasm;
        let code = found.code();
        let reach = match settings.step_into_std {
            true => Reach::All,
            false => code.map_or(Reach::Users, |code| Reach::of(code.kind)),
        };
        let returns = wasm.checked_add(1);
        let returns = returns.and_then(|caller| ReturnPoint::into(tables, guest, caller));
        let at = FramePlace {
            place: found.place,
            func_index: found.wasm_function,
        };
        let inlined = code.filter(|code| code.source.inlined);
        let leaves = match inlined.and_then(|code| code.source.die) {
            Some(call) => Leaves::Inlined(Inlined {
                call,
                depth: tables
                    .frames(found.place)
                    .len()
                    .saturating_sub(found.level + 1),
                at,
                activation: Activation::of(tables, guest, wasm)
                    .ok_or(StepError::NoSuchFrame(frame))?,
                returns,
            }),
            None => Leaves::Returns {
                to: returns.ok_or(StepError::Outermost(frame))?,
                value: Box::new(Returning::of(tables, guest, wasm, at, settings.limits)),
            },
        };
        let outside = outwards(tables, guest, wasm, reach);
        let mut step = FinishStep {
            function: code.and_then(|code| code.function.clone()),
            leaves,
            outside: outside.and_then(|outside| ReturnPoint::into(tables, guest, outside)),
            reach,
            value: None,
            places: Arc::new([]),
        };
        step.choose_places(tables);
        Ok(step)
    }

    pub fn places(&self) -> &Arc<[CodePlace]> {
        &self.places
    }

    fn choose_places(&mut self, tables: &mut StepTables) {
        let mut more: Vec<CodePlace> = self.outside.iter().map(|point| point.place).collect();
        match &self.leaves {
            Leaves::Returns { to, .. } => more.push(to.place),
            Leaves::Inlined(inlined) => {
                more.extend(inlined.returns.iter().map(|point| point.place));
                more.extend(exits(tables, inlined));
            }
            Leaves::Left => {}
        }
        self.places = tables.union(Vec::new(), more);
    }

    pub fn stopped_at(
        &mut self,
        tables: &mut StepTables,
        guest: &mut dyn PausedGuest,
        at: FramePlace,
    ) -> StepState {
        match std::mem::replace(&mut self.leaves, Leaves::Left) {
            Leaves::Returns { to, value } if to.is_reached(tables, guest, at) => {
                self.value = value.take(tables, guest);
            }
            Leaves::Inlined(inlined) => match inlined.is_left(tables, guest, at) {
                Some(frame) => {
                    self.value = Some(inlined.value(tables));
                    if let Some(frame) = frame {
                        return StepState::Done(self.end(frame));
                    }
                }
                None => {
                    self.leaves = Leaves::Inlined(inlined);
                    return StepState::GoOn;
                }
            },
            Leaves::Left => {
                let reached = self
                    .outside
                    .is_some_and(|outside| outside.is_reached(tables, guest, at));
                if !reached {
                    return StepState::GoOn;
                }
            }
            waiting => {
                self.leaves = waiting;
                return StepState::GoOn;
            }
        }
        // In the caller, or further out: if that is code to stop in, the step is over.
        let frames = tables.frames(at.place);
        match wanted_frame(&frames, self.reach) {
            Some(frame) => StepState::Done(self.end(frame)),
            None if self
                .outside
                .is_none_or(|outside| outside.is_reached(tables, guest, at)) =>
            {
                StepState::Done(self.end(0))
            }
            None => {
                self.choose_places(tables);
                StepState::GoOn
            }
        }
    }

    fn end(&mut self, frame: FrameId) -> StepEnd {
        StepEnd {
            done: StepDone::Finished {
                function: self.function.clone(),
                value: self.value.take(),
            },
            frame,
        }
    }
}

impl Inlined {
    /// Whether the guest has left the call; and the frame that made it, when it still stands in the
    /// same function.
    fn is_left(
        &self,
        tables: &mut StepTables,
        guest: &mut dyn PausedGuest,
        at: FramePlace,
    ) -> Option<Option<FrameId>> {
        if let Some(returns) = self.returns
            && returns.is_reached(tables, guest, at)
        {
            return Some(None);
        }
        let same = (at.place.module, at.func_index) == (self.at.place.module, self.at.func_index);
        if !same || self.activation.compare(tables, guest, at) != Ordering::Equal {
            return None;
        }
        let pc = tables.program().offset(at.place)?;
        let statements = tables.statements(at.place)?;
        if statements.is_in(pc, self.call) {
            return None;
        }
        let frames = tables.frames(at.place).len();
        // The call's own caller, or what is left of the calls around it.
        Some(Some(frames.saturating_sub(self.depth.max(1))))
    }

    fn value(&self, tables: &StepTables) -> Value {
        let reason = Unavailable::Other(
            "the call was inlined into its caller, so nothing was returned".into(),
        );
        let symbols = tables.symbols(self.at.place.module);
        let ty = symbols
            .and_then(|symbols| Some(symbols.describe_type(symbols.return_type(self.call)?)));
        match ty {
            Some(ty) => returned::unavailable(&ty.name, &ty.full_name, &reason),
            None => returned::unavailable("()", "()", &reason),
        }
    }
}

/// Where an inlined call may end: the statements around it, and the opcodes behind its code.
fn exits(tables: &StepTables, inlined: &Inlined) -> Vec<CodePlace> {
    let module = inlined.at.place.module;
    let Some(statements) = tables.statements(inlined.at.place) else {
        return Vec::new();
    };
    let mut exits: Vec<CodeOffset> = statements.places.iter().map(|place| place.pc).collect();
    if let Some(call) = statements.inlined_call(inlined.call) {
        let ends = call.ranges.iter();
        let ends =
            ends.filter_map(|range| statements.code.stop_in(range.end..statements.range.end));
        exits.extend(ends);
    }
    exits.retain(|pc| !statements.is_in(*pc, inlined.call));
    let places = exits.into_iter();
    places
        .filter_map(|offset| tables.program().place(module, offset))
        .collect()
}

/// `until` with places under way.
#[derive(Debug)]
pub(super) struct UntilStep {
    wanted: Vec<CodePlace>,
    at: FramePlace,
    activation: Activation,
    outside: Option<ReturnPoint>,
    reach: Reach,
    places: Arc<[CodePlace]>,
}

impl UntilStep {
    pub fn begin(
        wanted: Vec<CodePlace>,
        tables: &mut StepTables,
        guest: &mut dyn PausedGuest,
        settings: &StepSettings,
    ) -> Result<UntilStep, StepError> {
        let at = guest.innermost().ok_or(StepError::NotInGuest)?;
        let activation = Activation::of(tables, guest, 0).ok_or(StepError::NotInGuest)?;
        let frames = tables.frames(at.place);
        let reach = match settings.step_into_std {
            true => Reach::All,
            false => frames
                .first()
                .map_or(Reach::Users, |frame| Reach::of(frame.kind)),
        };
        let outside = outwards(tables, guest, 0, reach);
        let outside = outside.and_then(|outside| ReturnPoint::into(tables, guest, outside));
        let mut more = wanted.clone();
        more.extend(outside.iter().map(|point| point.place));
        Ok(UntilStep {
            wanted,
            at,
            activation,
            outside,
            reach,
            places: tables.union(Vec::new(), more),
        })
    }

    pub fn places(&self) -> &Arc<[CodePlace]> {
        &self.places
    }

    pub fn stopped_at(
        &mut self,
        tables: &mut StepTables,
        guest: &mut dyn PausedGuest,
        at: FramePlace,
    ) -> StepState {
        let end = |frame| {
            StepState::Done(StepEnd {
                done: StepDone::Until,
                frame,
            })
        };
        if self.wanted.contains(&at.place) {
            // Deeper calls of the current function are not what is meant: so `until` passes over a
            // recursion.
            let same =
                (at.place.module, at.func_index) == (self.at.place.module, self.at.func_index);
            if !same || self.activation.compare(tables, guest, at) != Ordering::Greater {
                return end(0);
            }
        }
        if let Some(outside) = self.outside
            && outside.is_reached(tables, guest, at)
        {
            return end(wanted_frame(&tables.frames(at.place), self.reach).unwrap_or(0));
        }
        StepState::GoOn
    }
}
