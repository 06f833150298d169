//! Who made a host call: the program's own part of the stack at the call, looked up while the guest is
//! on its way back. Places are looked up once each by [`ProgramSymbols`]; what is left is a walk.

use crate::explain::FrameKind;
use crate::frames::Stack;
use crate::program::ProgramSymbols;
use crate::protocol::FrameInfo;
use wasmscope_runner::debuggee::PausedGuest;

/// Frames that are told.
const MAX_TOLD: usize = 12;
/// Frames that are looked at: between a program's line and a host call are a few of the runtime's.
const MAX_LOOKED_AT: usize = 64;

/// The frames that are the program's, a library's or unknown, innermost first.
pub(super) fn callers(guest: &mut dyn PausedGuest, program: &ProgramSymbols) -> Vec<FrameInfo> {
    let mut stack = Stack::new();
    let mut told = Vec::new();
    for id in 0..MAX_LOOKED_AT {
        let Some(frame) = stack.frame(guest, program, id) else {
            break;
        };
        let is_own = matches!(
            frame.kind,
            FrameKind::User | FrameKind::Dependency | FrameKind::Unknown
        );
        if is_own {
            told.push(frame.info(id));
        }
        if told.len() >= MAX_TOLD {
            break;
        }
    }
    told
}
