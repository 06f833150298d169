//! What a hit means: whether the guest stops, goes on, or tells something and goes on.
//!
//! In this order: the condition; whether this hit is one of those that count; the hits to pass over;
//! then a log message, or a stop. This runs on the guest's thread at every hit, so nothing is looked
//! up or copied until it is certain that there is something to tell.

use super::{BreakpointId, Breakpoints, Entry, HostFunction};
use crate::live::LiveFrame;
use crate::protocol::{Breakpoint, BreakpointPlace, HitCondition};
use wasmscope_runner::debuggee::{CodePlace, PausedGuest};
use wasmscope_symbols::DieId;

/// What came of a hit.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The breakpoints that stop the guest here.
    pub stops: Vec<BreakpointId>,
    /// The function or inlined call that the first of them is in.
    pub die: Option<DieId>,
    /// Messages to tell, without stopping.
    pub logs: Vec<(BreakpointId, String)>,
    /// What to know about the stop.
    pub notes: Vec<String>,
    /// Breakpoints that are gone now, having stopped the guest once.
    pub gone: Vec<Breakpoint>,
}

/// Evaluates conditions and log messages where they could not be made ready beforehand.
pub trait Evaluate {
    /// Whether a condition holds.
    ///
    /// # Errors
    /// When it cannot be evaluated: why.
    fn holds(&mut self, condition: &str) -> Result<bool, String>;

    /// A log message with its values.
    fn message(&mut self, log: &str) -> String;
}

impl Breakpoints {
    /// What it means that the guest has come to an opcode; `None` when nothing is to be told and the
    /// guest goes on.
    pub fn hit(&mut self, place: CodePlace, guest: &mut dyn PausedGuest) -> Option<Outcome> {
        let here = self.at.get(&place)?;
        let frame = LiveFrame::innermost(guest, place.module);
        let mut outcome = Outcome::default();
        for (id, nth) in here {
            let Some(entry) = self.list.get_mut(id) else {
                continue;
            };
            let texts = entry.texts.get(*nth);
            let holds = texts.map_or(Ok(true), |texts| texts.holds(&frame));
            let log = || texts.and_then(|texts| texts.log(&frame));
            let Some(counts) = count(
                &mut entry.told,
                &mut entry.ignore,
                holds,
                &mut outcome.notes,
            ) else {
                continue;
            };
            if counts == Counts::Logs
                && let Some(text) = log()
            {
                outcome.logs.push((*id, text));
            } else {
                if outcome.stops.is_empty() {
                    outcome.die = entry.locations.get(*nth).and_then(|at| at.die);
                }
                outcome.stops.push(*id);
            }
        }
        self.finish(outcome)
    }

    /// What a panic means for the breakpoints that wait for panics.
    pub fn panicked(&mut self, evaluate: &mut dyn Evaluate) -> Option<Outcome> {
        self.elsewhere(evaluate, |entry| {
            entry.told.spec.place == BreakpointPlace::Panic
        })
    }

    /// What a call of a function of the host means for the breakpoints that wait for it.
    pub fn host_call(
        &mut self,
        function: &HostFunction<'_>,
        evaluate: &mut dyn Evaluate,
    ) -> Option<Outcome> {
        self.elsewhere(evaluate, |entry| entry.waits_for(function))
    }

    /// What a change of a watched value means.
    pub fn watched(&mut self, id: BreakpointId, evaluate: &mut dyn Evaluate) -> Option<Outcome> {
        self.elsewhere(evaluate, |entry| entry.told.id == id)
    }

    fn elsewhere(
        &mut self,
        evaluate: &mut dyn Evaluate,
        waits: impl Fn(&Entry) -> bool,
    ) -> Option<Outcome> {
        let mut outcome = Outcome::default();
        for (id, entry) in &mut self.list {
            if !entry.told.spec.enabled || !waits(entry) {
                continue;
            }
            let condition = entry.told.spec.condition.as_deref();
            let holds = condition.map_or(Ok(true), |condition| evaluate.holds(condition));
            let Some(counts) = count(
                &mut entry.told,
                &mut entry.ignore,
                holds,
                &mut outcome.notes,
            ) else {
                continue;
            };
            match &entry.told.spec.log {
                Some(log) if counts == Counts::Logs => {
                    outcome.logs.push((*id, evaluate.message(log)));
                }
                _ => outcome.stops.push(*id),
            }
        }
        self.finish(outcome)
    }

    /// Takes temporary breakpoints that have stopped the guest away.
    fn finish(&mut self, mut outcome: Outcome) -> Option<Outcome> {
        for id in &outcome.stops {
            let temporary = |entry: &Entry| entry.told.spec.temporary;
            if self.list.get(id).is_some_and(temporary)
                && let Ok(gone) = self.delete(*id)
            {
                outcome.gone.push(gone);
            }
        }
        (!outcome.stops.is_empty() || !outcome.logs.is_empty()).then_some(outcome)
    }
}

/// What a hit that counts leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counts {
    Stops,
    Logs,
}

/// Counts a hit; `None` when it is passed over.
fn count(
    told: &mut Breakpoint,
    ignore: &mut u64,
    holds: Result<bool, String>,
    notes: &mut Vec<String>,
) -> Option<Counts> {
    let failed = match holds {
        Ok(true) => None,
        Ok(false) => return None,
        Err(reason) => Some(reason),
    };
    told.hits = told.hits.saturating_add(1);
    if let Some(reason) = failed {
        // Passing over it would be to say that it is false, which nobody knows.
        notes.push(format!(
            "the condition of breakpoint {} could not be evaluated: {reason}",
            told.id
        ));
        return Some(Counts::Stops);
    }
    if told
        .spec
        .hits
        .is_some_and(|wanted| !wanted.takes(told.hits))
    {
        return None;
    }
    if *ignore > 0 {
        *ignore = ignore.saturating_sub(1);
        return None;
    }
    Some(match told.spec.log {
        Some(_) => Counts::Logs,
        None => Counts::Stops,
    })
}

impl HitCondition {
    /// Whether the so-and-so-manieth hit is one of those that count.
    fn takes(self, hits: u64) -> bool {
        match self {
            HitCondition::Less(limit) => hits < limit,
            HitCondition::LessOrEqual(limit) => hits <= limit,
            HitCondition::Equal(wanted) => hits == wanted,
            HitCondition::GreaterOrEqual(limit) => hits >= limit,
            HitCondition::Greater(limit) => hits > limit,
            HitCondition::Multiple(of) => of != 0 && hits.is_multiple_of(of),
        }
    }
}
