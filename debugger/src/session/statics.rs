//! Statics of a paused guest.

use crate::breakpoints::regex;
use crate::explain::FrameKind;
use crate::live::ModuleState;
use crate::program::ProgramSymbols;
use crate::protocol::{CommandError, ReplyBody};
use crate::values::{Limits, Reader};
use std::sync::Arc;
use wasmscope_runner::debuggee::PausedGuest;
use wasmscope_symbols::statics::{Static, StaticQuery};

/// Statics that one reply gives at most.
const MAX_STATICS: usize = 1_000;

/// The statics whose paths match `pattern`, or else those of the user's own code, with their values.
pub(super) fn of(
    program: &Arc<ProgramSymbols>,
    guest: &mut dyn PausedGuest,
    pattern: Option<&str>,
    limits: Limits,
) -> Result<ReplyBody, CommandError> {
    let pattern = pattern.map(regex).transpose()?;
    let view = guest.view();
    let (mut statics, mut more) = (Vec::new(), 0usize);
    for (module, symbols) in program.modules().iter().enumerate() {
        let query = match &pattern {
            Some(pattern) => StaticQuery::Regex(pattern.clone()),
            None => users(program, module),
        };
        let state = ModuleState::new(&view, module);
        let reader = Reader::new(symbols, &state, limits);
        let known = symbols.statics(&query);
        let with_type = |found: &Static| found.type_id.map(|type_id| (found.clone(), type_id));
        let linked = known.iter().filter(|found| found.linked);
        for (found, type_id) in linked.filter_map(with_type) {
            if statics.len() >= MAX_STATICS {
                more = more.saturating_add(1);
                continue;
            }
            let place = symbols.locate_static(&found, &state);
            statics.push(reader.value(&found.path, type_id, place));
        }
    }
    Ok(ReplyBody::Statics { statics, more })
}

/// The statics of the user's own files.
fn users(program: &Arc<ProgramSymbols>, module: usize) -> StaticQuery {
    let program = Arc::clone(program);
    StaticQuery::DeclaredIn(Arc::new(move |file: &str| {
        program.kind(module, Some(file), None) == FrameKind::User
    }))
}
