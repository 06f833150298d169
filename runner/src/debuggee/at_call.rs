//! A guest of debuggable code that nobody debugs, looked at when one of its host calls is over: by
//! whoever traces its calls and wants to know more than its stack.

use super::PausedGuest;
use super::known::Known;
use super::paused::Paused;
use super::walk::Innermost;
use crate::calls::{CallTracing, GuestAtCall};
use crate::component::ComponentState;
use crate::failure::{self, CodePlace, WasmFrame};
use crate::program::Program;
use crate::stdio::Streams;
use std::cell::RefCell;
use std::sync::PoisonError;
use wasmscope_tracer::ComponentCalls;
use wasmtime::{CallHook, Store, WasmBacktrace};

/// A guest between a host's answer and its own next opcode.
struct AtCall<'a> {
    program: Program,
    paused: RefCell<Paused<'a, ComponentState>>,
}

impl AtCall<'_> {
    fn backtrace(&self) -> WasmBacktrace {
        WasmBacktrace::force_capture(&self.paused.borrow().store)
    }
}

impl GuestAtCall for AtCall<'_> {
    fn frames(&self) -> Vec<WasmFrame> {
        failure::frames(&self.program, self.backtrace().frames())
    }

    fn places(&self) -> Vec<CodePlace> {
        failure::places(&self.program, self.backtrace().frames())
    }

    fn memory(&self) -> Option<&[u8]> {
        None
    }

    fn stack_pointer(&self) -> Option<u64> {
        None
    }

    fn look(&self, look: &mut dyn FnMut(&mut dyn PausedGuest)) {
        if let Ok(mut paused) = self.paused.try_borrow_mut()
            && paused.is_walkable()
        {
            look(&mut *paused);
        }
    }
}

/// Has a store of debuggable code tell of each call that is over, while it can be looked at. What is
/// recorded in `calls` and wanted in full goes to the sink of `tracing`.
pub(crate) fn tell_when_over(
    store: &mut Store<ComponentState>,
    calls: ComponentCalls,
    tracing: &CallTracing,
    program: &Program,
    streams: &Streams,
) {
    let sink = tracing.sink.clone();
    let program = program.clone();
    let stderr = streams.stderr.clone();
    let mut known = Known::new(&program, Vec::new(), stderr, None);
    store.call_hook(move |store, hook| {
        if matches!(hook, CallHook::ReturningFromHost)
            && let Some(call) = calls.ended()
        {
            let guest = AtCall {
                program: program.clone(),
                paused: RefCell::new(Paused::new(store, &mut known, Innermost::Call)),
            };
            let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
            sink.ends(call, &guest);
        }
        Ok(())
    });
}
