//! What a guest stops at: arming and disarming places, and single-stepping.
//!
//! Wasmtime 48 keeps one table for all core modules of a component, by offset: what is armed in one
//! module stops in every module that has an opcode at the same offset, and disarming it disarms all.
//! Here places are what they say: stops elsewhere are not told, and what is still wanted is armed
//! again.

use super::CodePlace;
use super::paused::Paused;
use crate::stopped::{self, Unavailable};
use std::collections::HashSet;
use wasmtime::{AsContext, AsContextMut};

impl<T: 'static> Paused<'_, T> {
    /// As [`super::PausedGuest::edit`].
    pub(super) fn change_places(
        &mut self,
        arm: &[CodePlace],
        disarm: &[CodePlace],
    ) -> Result<(), Unavailable> {
        self.refresh();
        let mut refused = self.patch(arm, disarm)?;
        let fresh: Vec<CodePlace> = arm
            .iter()
            .copied()
            .filter(|place| self.known.armed.contains(place) && !self.known.opcodes.contains(place))
            .collect();
        if !fresh.is_empty() {
            let slipped = self.slipped(&fresh).into_iter();
            refused.extend(slipped.map(|place| (place, "no opcode that can run".to_owned())));
        }
        match refused.last() {
            None => Ok(()),
            Some((place, reason)) => Err(Unavailable::because(format!(
                "{:#x} in core module {}: {reason}",
                place.pc, place.module
            ))),
        }
    }

    /// Changes the code in one go: what was not done, and why.
    fn patch(
        &mut self,
        arm: &[CodePlace],
        disarm: &[CodePlace],
    ) -> Result<Vec<(CodePlace, String)>, Unavailable> {
        let Some(mut edit) = self.store.as_context_mut().edit_breakpoints() else {
            return Err(Unavailable::because("the code is not debuggable"));
        };
        let known = &mut *self.known;
        let mut refused = Vec::new();
        for place in disarm {
            if !known.armed.remove(place) {
                continue;
            }
            let Some((module, pc)) = known.module_and_pc(place) else {
                continue;
            };
            if let Err(error) = edit.remove_breakpoint(module, pc) {
                refused.push((*place, format!("{error:#}")));
            }
            for other in known.armed_elsewhere(place) {
                let again = known.module_and_pc(&other).map(|(module, pc)| {
                    edit.remove_breakpoint(module, pc)
                        .and_then(|()| edit.add_breakpoint(module, pc))
                });
                if let Some(Err(error)) = again {
                    refused.push((other, format!("{error:#}")));
                }
            }
        }
        for place in arm {
            if known.armed.contains(place) {
                continue;
            }
            let Some((module, pc)) = known.module_and_pc(place) else {
                refused.push((*place, "the module is not there (yet)".into()));
                continue;
            };
            match edit.add_breakpoint(module, pc) {
                Ok(()) => {
                    known.armed.insert(*place);
                }
                Err(error) => refused.push((*place, format!("{error:#}"))),
            }
        }
        Ok(refused)
    }

    /// As [`super::PausedGuest::set_single_step`].
    pub(super) fn step_singly(&mut self, on: bool) {
        if self.store.as_context().is_single_step() == on {
            return;
        }
        if let Some(mut edit) = self.store.as_context_mut().edit_breakpoints()
            && let Err(error) = edit.single_step(on)
        {
            tracing::warn!("single-stepping: {error:#}");
        }
        if !on {
            self.arm_anew();
        }
    }

    /// Whether a stop is at a place that is armed, or single-stepping.
    pub(super) fn is_asked_for(&mut self) -> bool {
        if !self.known.may_stop_elsewhere() || self.store.as_context().is_single_step() {
            return true;
        }
        match self.walk_to(0).map(|walked| walked.place.place) {
            Some(place) => self.known.armed.contains(&place),
            // In an adapter between components.
            None => false,
        }
    }

    /// Puts all that is armed in place again. Wasmtime 48, when it leaves off single-stepping, goes
    /// through the places of all modules of a component once for each of them, and disarms those
    /// that are armed in another one.
    fn arm_anew(&mut self) {
        let armed: Vec<CodePlace> = self.known.armed.iter().copied().collect();
        if armed.is_empty() || self.known.modules.len() < 2 {
            return;
        }
        let again = self
            .change_places(&[], &armed)
            .and_then(|()| self.change_places(&armed, &[]));
        if let Err(error) = again {
            tracing::warn!("arming again after single-stepping: {error}");
        }
    }

    /// Takes places back that turned out to be no opcodes, and says which: Wasmtime arms the next
    /// opcode instead.
    fn slipped(&mut self, fresh: &[CodePlace]) -> Vec<CodePlace> {
        let mut armed = HashSet::new();
        let context = self.store.as_context();
        for breakpoint in context.breakpoints().into_iter().flatten() {
            if let Some(module) = stopped::module_index(&self.known.program, &breakpoint.module) {
                armed.insert((module, u64::from(breakpoint.pc.raw())));
            }
        }
        let known = &mut *self.known;
        let (good, bad): (Vec<_>, Vec<_>) = fresh.iter().copied().partition(|place| {
            armed.contains(&(place.module, place.pc)) && known.is_opcode(*place)
        });
        self.known.opcodes.extend(good);
        if !bad.is_empty()
            && let Err(error) = self.change_places(&[], &bad)
        {
            tracing::warn!("{error}");
        }
        bad
    }
}
