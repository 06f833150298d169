//! Where execution comes into a line.
//!
//! A line's code is often in several stretches, and which one runs first is not told by their
//! order. So control is followed from the function's beginning: what it comes to before any other
//! stretch of the line is where the line begins.

use super::LinePlace;
use super::stretches::Found;
use crate::dwarf::{DebugInfo, DieId};
use crate::offsets::CodeOffset;
use crate::wasm::FunctionCode;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many opcodes are looked at for one question; beyond that every stretch counts.
const MAX_OPCODES: usize = 20_000_000;

/// Marks the places where the line is entered, each function or inlined call by itself, and adds
/// those that are in the middle of a stretch.
pub(super) fn mark(info: &DebugInfo<'_>, found: Vec<Found>) -> Vec<LinePlace> {
    let mut left = MAX_OPCODES;
    let mut instances: BTreeMap<(u32, Option<DieId>), Vec<Found>> = BTreeMap::new();
    for found in found {
        if let Some(body) = info.module.body_at(found.place.pc) {
            let instance = (body.index, found.place.die);
            instances.entry(instance).or_default().push(found);
        }
    }
    let mut places = Vec::new();
    for ((function, _), mut stretches) in instances {
        let code = info
            .module
            .body(function)
            .map(|body| info.module.code_of(body));
        match code {
            Some(code) if code.len() <= left && !code.catches_exceptions() => {
                if stretches.len() > 1 {
                    left -= code.len();
                }
                enter(&code, &mut stretches);
            }
            _ => {
                for stretch in &mut stretches {
                    stretch.place.primary = true;
                }
            }
        }
        places.extend(stretches.into_iter().map(|stretch| stretch.place));
    }
    places
}

fn enter(code: &Arc<FunctionCode>, stretches: &mut Vec<Found>) {
    if let [only] = &mut **stretches {
        only.place.primary = true;
        return;
    }
    stretches.sort_by_key(|found| found.place.pc);
    let ranges: Vec<_> = stretches
        .iter()
        .map(|found| found.place.pc..found.place.end)
        .collect();
    let inside = |pc: CodeOffset| {
        let at = ranges.partition_point(|range| range.start <= pc);
        let at = at.checked_sub(1)?;
        ranges.get(at)?.contains(&pc).then_some(at)
    };
    let mut entries = Vec::new();
    if let Some(first) = code.opcodes().next() {
        match inside(first) {
            Some(_) => entries.push(first),
            None => entries = code.first_reached(first, |pc| inside(pc).is_some()).stops,
        }
    }
    for entry in entries {
        let Some(found) = inside(entry).and_then(|at| stretches.get_mut(at)) else {
            continue;
        };
        let Some(stop) = code.stop_in(entry..found.place.end) else {
            continue;
        };
        let stop = stop.max(found.earliest);
        if stop <= found.place.stop {
            found.place.primary = true;
            continue;
        }
        // The beginning of the stretch is reached by other ways, or by none.
        let extra = Found {
            place: LinePlace {
                pc: entry,
                stop,
                primary: true,
                ..found.place.clone()
            },
            earliest: found.earliest,
        };
        found.place.end = entry;
        stretches.push(extra);
    }
    // Whatever the opcodes say, a line that has code can be stopped at.
    if !stretches.iter().any(|found| found.place.primary)
        && let Some(first) = stretches.first_mut()
    {
        first.place.primary = true;
    }
}
