//! The one place that every WASI preview 1 call passes on its way to the host and back.
//!
//! All that a call does to its guest is visible here: the result, the memory it wrote (see
//! [`super::effects`]) and whether the guest goes on. Recording happens here; a journal that plays
//! calls back, or faults put in on purpose, belong here too, instead of `call`.

use super::P1Host;
use crate::recent::{CallId, Ended};
use crate::table::wasi_p1::Row;
use wasmtime::{AsContextMut, Caller, Error, Extern, Result, WasmBacktrace};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p1::wasi_snapshot_preview1::WasiSnapshotPreview1;
use wiggle::GuestMemory;

/// What a wrapped function returns to the guest.
pub(super) trait Returned: Copy {
    /// The error number, 0 when there is none.
    fn errno(self) -> u32;
}

impl Returned for i32 {
    fn errno(self) -> u32 {
        self as u32
    }
}

impl Returned for () {
    fn errno(self) -> u32 {
        0
    }
}

/// Carries out one call: `call` is Wasmtime's implementation with the arguments bound.
///
/// The guest's memory is found and the host's fuel set as Wasmtime's own linker does it.
pub(super) fn cross<T: 'static, R: Returned>(
    mut caller: Caller<'_, T>,
    get: impl Fn(&mut T) -> &mut P1Host,
    row: Row,
    args: &[u64],
    call: impl FnOnce(&mut WasiP1Ctx, &mut GuestMemory<'_>) -> Result<R>,
) -> Result<R> {
    let export = match get(caller.data_mut()).memory {
        Some(place) => caller.get_module_export(&place),
        None => None,
    };
    let export = export.or_else(|| caller.get_export("memory"));
    let fuel = caller.as_context_mut().hostcall_fuel();
    let (mut memory, host) = match &export {
        Some(Extern::Memory(memory)) => {
            let (bytes, data) = memory.data_and_store_mut(&mut caller);
            (GuestMemory::Unshared(bytes), get(data))
        }
        Some(Extern::SharedMemory(memory)) => {
            (GuestMemory::Shared(memory.data()), get(caller.data_mut()))
        }
        _ => return Err(Error::msg("missing required memory export")),
    };
    host.wasi.set_hostcall_fuel(fuel);

    let function = row.function();
    let id = host.recent.enter(function, args, &memory);
    if let Some(observed) = &mut host.observed {
        let recent = &host.recent;
        let call = || recent.call(id);
        observed.observer.begins(function, args, &call);
    }
    let result = call(&mut host.wasi, &mut memory);
    let ended = match &result {
        Ok(returned) => Ended::Errno(returned.errno()),
        Err(error) => ended_by(error),
    };
    host.recent.leave(id, function, args, &memory, ended);
    if host.observed.is_some() {
        tell(&mut caller, get, row, id);
    }
    result
}

/// Tells the observer of a call that has returned. The guest's stack is as it was when the guest
/// called.
fn tell<T: 'static>(
    caller: &mut Caller<'_, T>,
    get: impl Fn(&mut T) -> &mut P1Host,
    row: Row,
    id: CallId,
) {
    let host = get(caller.data_mut());
    // Out of the store while it is told, since it may look at the store.
    let Some(mut observed) = host.observed.take() else {
        return;
    };
    if observed.wanted.get(row as usize) == Some(&true)
        && let Some(call) = host.recent.call(id)
    {
        let stack = || WasmBacktrace::force_capture(&*caller);
        observed.observer.ends(call, &stack);
    }
    get(caller.data_mut()).observed = Some(observed);
}

/// How the guest ended, when the host ended it.
#[cold]
fn ended_by(error: &Error) -> Ended {
    match error.downcast_ref::<I32Exit>() {
        Some(I32Exit(code)) => Ended::Exit(*code),
        None => Ended::Trap(crate::call::error_text(error).into_boxed_str()),
    }
}
